"""Rounding under autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import _quantize as arrays
from .._arrays import Array
from .._call import Plan, plan_of
from .._errors import FormatError, NumfmtError, RandomError, unknown
from .._random import Generator, Key
from .._report import Report
from ._random import key_of
from ._tensors import as_numpy, as_tensor, check_tensor

GRADIENTS = ("straight_through", "clipped")
Gradient = str | Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def quantize(
    x: torch.Tensor,
    format: object,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    nan: str | None = None,
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    backward: object = None,
    gradient: Gradient = "straight_through",
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Round each number of a tensor to one that the format holds, and say what its gradient is.

    Args:
        x: float16, bfloat16, float32 or float64, of any shape; on the CPU it is read where it lies.
        format, rounding, overflow, nan, key, random_bits, report: as `numfmt.quantize` has them;
            axes of block formats are those of the tensor.
        backward: None, or a format to which the gradient is rounded on its way back, by the modes
            that it carries (a stochastic one takes ``key.fold_in("backward")``).
        gradient: ``"straight_through"``: as if nothing had been rounded; ``"clipped"``: the same,
            and 0 where x lies outside the format's range; or a function of (x, the result's
            gradient) that gives x's.
        generator: a `torch.Generator` in the key's place: a call that rounds stochastically draws
            one number of it.

    Returns:
        A tensor of x's shape, dtype and device.  It can be differentiated twice.  Without random
        bits, and with spellings as arguments, `torch.compile` has it in one graph.

    Raises:
        DtypeError: no tensor of floats, or a dtype that cannot hold a result.
        NumfmtError: as `numfmt.quantize`, and an unknown `gradient`.

    >>> import torch
    >>> from numfmt.torch import quantize
    >>> x = torch.tensor([0.3, -2.7, 50.0], requires_grad=True)
    >>> y = quantize(x, "fixed<8,3>", gradient="clipped")
    >>> y.sum().backward()
    >>> y.detach(), x.grad
    (tensor([ 0.2500, -2.7500, 15.8750]), tensor([1., 1., 0.]))
    """
    if torch.compiler.is_compiling() and key is random_bits is report is generator is None:
        from ._compiled_quantize import rounded, spelled

        how = spelled(format, rounding, overflow, nan, backward, gradient)
        if how is not None:
            traced: torch.Tensor = rounded(x, how)
            return traced
    check_tensor(x)
    plan = plan_of(format, rounding, overflow, nan)
    back = None if backward is None else plan_of(backward)
    ends = _ends(plan, gradient)
    is_random = plan.is_random or (back is not None and back.is_random)
    if generator is not None and not is_random:
        raise RandomError("generator was given, but no rounding draws random bits")
    taken = key_of(key, generator)
    if taken is not None and random_bits is not None:
        raise RandomError("random_bits excludes key and generator")
    behind = None
    if back is not None and back.is_random:
        if taken is None:
            raise RandomError(f"backward={str(back.format)!r} rounds stochastically: give a key")
        behind = taken.fold_in("backward").at(taken.call)
    ahead = taken if plan.is_random or behind is None else None
    forward = Rounding(plan, ahead, random_bits, report)
    back_rounding = None if back is None else Rounding(back, behind)
    custom = gradient if callable(gradient) else None
    result: torch.Tensor = Quantize.apply(x, forward, back_rounding, ends, custom)
    return result


def _ends(plan: Plan, gradient: Gradient) -> tuple[float, float] | None:
    """The range outside which a clipped gradient is 0."""
    if callable(gradient) or gradient == "straight_through":
        return None
    if gradient not in GRADIENTS:
        raise NumfmtError(unknown("gradient", gradient, GRADIENTS) + ", or a function")
    if plan.is_block or plan.varies:
        raise FormatError(
            f"gradient='clipped' needs a format with one range; {plan.format.bare()} has none"
        )
    return float(plan.format.min), float(plan.format.max)


class Rounding:
    """One rounding of a tensor: a plan and its random bits."""

    __slots__ = ("key", "plan", "random_bits", "report")

    def __init__(
        self,
        plan: Plan,
        key: Key | None = None,
        random_bits: Any = None,
        report: Report | None = None,
    ) -> None:
        self.plan, self.key, self.random_bits, self.report = plan, key, random_bits, report

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The rounded tensor, without a gradient."""
        return as_tensor(self.of_array(as_numpy(x)), x)

    def of_array(self, x: Array) -> Array:
        """The rounded array."""
        bits = self.random_bits
        words = as_numpy(bits) if isinstance(bits, torch.Tensor) else bits
        found: Array = arrays.quantize_by(
            self.plan, x, key=self.key, random_bits=words, report=self.report
        )
        return found


class Quantize(torch.autograd.Function):
    """`forward` rounds, where it is not None; what comes back is masked or changed, then rounded by
    `backward`."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        forward: Rounding | None,
        backward: Rounding | None,
        ends: tuple[float, float] | None,
        custom: Any,
    ) -> torch.Tensor:
        """x rounded."""
        ctx.behind, ctx.ends, ctx.custom = backward, ends, custom
        if ends is not None or custom is not None:
            ctx.save_for_backward(x)
        return x.view_as(x) if forward is None else forward(x)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradient of x."""
        if ctx.ends is not None:
            (x,) = ctx.saved_tensors
            low, high = ctx.ends
            gradient = gradient.where((x >= low) & (x <= high), 0.0)
        elif ctx.custom is not None:
            gradient = ctx.custom(*ctx.saved_tensors, gradient)
        if ctx.behind is not None:
            gradient = Quantize.apply(gradient, ctx.behind, None, None, None)
        return gradient, None, None, None, None
