"""Products under autograd: forward and both backward ones through a machine's datapaths."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._arrays import Array
from .._code_array import Array as CodeArray
from .._errors import FormatError, NumfmtError
from ._arithmetic import Arithmetic
from ._operand import Choices, Operand, one_of
from ._site import Bits
from ._tensors import as_numpy, check_tensor

SERVES = {"forward": "fprop", "input_gradient": "dgrad", "weight_gradient": "wgrad"}


class Job:
    """One call of a layer: how it computes, which matrices it multiplies, its random bits.

    `roles` are those of the operands; the gradient of a weight is rounded to the format of
    gradients, any other is an error, which is rounded where it is used.
    """

    def __init__(
        self,
        arithmetic: Arithmetic,
        geometry: Any,
        bits: Bits,
        roles: tuple[str, str] = ("activation", "weight"),
    ) -> None:
        self.arithmetic, self.geometry, self.bits, self.roles = arithmetic, geometry, bits, roles

    def read(self, x: Array, place: int) -> Operand:
        """The first operand of the forward product, or the second."""
        choices, role = self.arithmetic.choices["fprop"][place], self.roles[place]
        bits = Bits(self.bits("second")) if place and role == "activation" else self.bits
        return self.arithmetic.operand(x, role, choices, bits(role))

    def read_errors(self, e: Array) -> Operand:
        """What comes back."""
        choices = self.arithmetic.choices["dgrad"][0]
        return self.arithmetic.operand(e, "error", choices, self.bits("error"))

    def run(self, what: str, a: Operand, b: Operand, dtype: Any, **more: Any) -> Any:
        """One of the geometry's products, through the datapath of its pass."""
        role = SERVES[what]
        choices, key = self.arithmetic.choices[role], self.bits(role)

        def times(left: CodeArray, right: CodeArray) -> Array:
            return self.arithmetic.product(left, right, role, key, dtype)

        first, second = a.read_as(choices[0], "a"), b.read_as(choices[1], "b")
        return getattr(self.geometry, what)(times, first, second, **more)

    def parameter_gradients(
        self, x: Operand, e: Operand, dtype: Any, has_bias: bool
    ) -> tuple[Array, Array | None]:
        """Of the second operand and of the bias: one product where the ones whose product with the
        errors is the bias's can stand beside x and no random bits count rows."""
        path, one = self.arithmetic.paths["wgrad"], None
        first = x.read_as(self.arithmetic.choices["wgrad"][0], "a")
        if has_bias and self.geometry.takes_one and not path.is_random:
            one = one_of(first.format)
        more = {} if one is None else {"one": one}
        weights, bias = self.run("weight_gradient", first, e, dtype, **more)
        if has_bias and bias is None:
            bias = self.bias_gradient(e, dtype)
        return weights, bias

    def bias_gradient(self, e: Operand, dtype: Any) -> Array:
        """The sum of the errors of each output: ones by errors, through the weights' datapath."""
        choices = self.arithmetic.choices["wgrad"]
        held = e.read_as(choices[1], "b")
        rows = np.moveaxis(held.codes, self.geometry.channel_axis, -1)
        matrix = held.array(np.ascontiguousarray(rows).reshape(-1, rows.shape[-1]))
        ones = _ones(choices[0], matrix.shape[0])
        sums = self.arithmetic.product(ones, matrix, "wgrad", self.bits("bias", "sum"), dtype)
        return np.ascontiguousarray(sums[0])

    def gradient(self, x: Array | None, bits: Bits) -> Array | None:
        """A parameter's gradient as the machine keeps it."""
        if x is None:
            return None
        is_double = x.dtype == np.float64
        rounding = self.arithmetic.rounding("gradient", bits("gradient"), is_double)
        return x if rounding is None else rounding.of_array(x)


def _ones(formats: Choices, count: int) -> CodeArray:
    """A row of ones in the first format that has 1."""
    for format in formats:
        if (code := one_of(format)) is not None:
            return CodeArray._of(np.full((1, count), code), format)
    raise FormatError(f"the gradient of a bias is a sum by ones; no format of {formats} has 1")


class Product(torch.autograd.Function):
    """a by b as a job's geometry says, and a bias added in the vector unit."""

    @staticmethod
    def forward(
        ctx: Any, a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor | None, job: Job
    ) -> torch.Tensor:
        """The product."""
        x, y = as_numpy(a), as_numpy(b)
        ctx.job, ctx.dtype = job, _computed(x.dtype)
        first, second = ctx.operands = job.read(x, 0), job.read(y, 1)
        ctx.likes = [(one.dtype, one.device) for one in (a, b)]
        found = job.run("forward", first, second, ctx.dtype)
        if bias is not None:
            found = _with_bias(job, found, as_numpy(bias), ctx)
        return _like(found, *ctx.likes[0])

    @staticmethod
    def backward(ctx: Any, error: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients of a, b and bias."""
        job, (x, y) = ctx.job, ctx.operands
        wanted = ctx.needs_input_grad
        e = job.read_errors(as_numpy(error))
        found: list[Any] = [None, None, None]
        if wanted[0]:
            found[0] = job.run("input_gradient", e, y, ctx.dtype)
        if wanted[1]:
            found[1], found[2] = job.parameter_gradients(x, e, ctx.dtype, wanted[2])
        elif wanted[2]:
            found[2] = job.bias_gradient(e, ctx.dtype)
        if job.roles[1] == "weight":
            found[1] = job.gradient(found[1], job.bits)
            found[2] = job.gradient(found[2], Bits(job.bits("bias")))
        likes = [*ctx.likes, ctx.likes[1]]
        tensors = [
            None if one is None else _once(_like(one, *like), error)
            for one, like in zip(found, likes, strict=True)
        ]
        return *tensors, None


def _with_bias(job: Job, sums: Array, bias: Array, ctx: Any) -> Array:
    rounding = job.arithmetic.rounding(
        "weight", job.bits("bias", "weight"), bias.dtype == np.float64
    )
    held = bias if rounding is None else rounding.of_array(bias)
    shape = [1] * sums.ndim
    shape[job.geometry.channel_axis] = -1
    return job.arithmetic.add(sums, held.astype(ctx.dtype, copy=False).reshape(shape))


def _computed(dtype: Any) -> Any:
    """The dtype of results before they become those of the tensor's."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def _like(x: Array, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(x).to(dtype=dtype, device=device)


class _Once(torch.autograd.Function):
    """Passes a gradient on, and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, found: torch.Tensor, error: torch.Tensor) -> torch.Tensor:
        """The gradient."""
        return found.view_as(found)

    @staticmethod
    def backward(ctx: Any, *_: torch.Tensor) -> Any:
        """An error."""
        raise NumfmtError(
            "a product through a machine's datapath cannot be differentiated twice; with "
            "plan='host', where products are PyTorch's own, it can"
        )


def _once(found: torch.Tensor, error: torch.Tensor) -> torch.Tensor:
    if not torch.is_grad_enabled():
        return found
    refusing: torch.Tensor = _Once.apply(found, error)
    return refusing


def product(a: torch.Tensor, b: torch.Tensor, bias: torch.Tensor | None, job: Job) -> torch.Tensor:
    """The job's product of tensors of one dtype."""
    check_tensor(a, "input")
    check_tensor(b, job.roles[1] if job.roles[1] == "weight" else "other")
    if a.dtype != b.dtype:
        raise NumfmtError(f"the operands have dtypes {a.dtype} and {b.dtype}; one is needed")
    found: torch.Tensor = Product.apply(a, b, bias, job)
    return found
