"""What emulated layers compute, as functions of tensors, an arithmetic and random bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .._errors import ShapeError
from ._arithmetic import Arithmetic
from ._geometry import Batches, Convolution, Rows, Transposed
from ._products import Job, product
from ._site import Bits, stored

Numbers = list[int]


def _parameter(x: Tensor | None, arithmetic: Arithmetic, bits: Bits) -> Tensor | None:
    return None if x is None else stored(x, arithmetic, "weight", bits)


def _errors(x: Tensor, arithmetic: Arithmetic, bits: Bits) -> Tensor:
    """x itself, whose gradient is rounded as errors are."""
    return stored(x, arithmetic, "", bits, rounds_errors=True)


def _on_host(
    function: Any, x: Tensor, weight: Tensor, bias: Tensor | None, how: Arithmetic, bits: Bits
) -> Tensor:
    """PyTorch's own function of rounded operands."""
    held = stored(x, how, "activation", bits)
    own = Bits(bits("bias"))
    found = function(held, _parameter(weight, how, bits), _parameter(bias, how, own))
    return _errors(found, how, bits)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None, how: Arithmetic, bits: Bits) -> Tensor:
    """x weight^T + bias."""
    if how.is_host:
        return _on_host(F.linear, x, weight, bias, how, bits)
    return product(x, weight, bias, Job(how, Rows(), bits))


def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    how: Arithmetic,
    bits: Bits,
    *,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Tensor:
    """A convolution along one or two axes; `padding` before and after each."""
    if how.is_host:
        return _on_host(
            _host_convolution(stride, padding, dilation, groups), x, weight, bias, how, bits
        )
    axes = weight.dim() - 2
    image, kernels = _as_images(x, axes), weight.unsqueeze(2) if axes == 1 else weight
    more = 2 - axes
    stride, dilation = (1,) * more + stride, (1,) * more + dilation
    padding = ((0, 0),) * more + padding
    outputs = tuple(
        (n + sum(p) - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(
            image.shape[2:], padding, dilation, kernels.shape[2:], stride, strict=True
        )
    )
    if min(outputs) < 1:
        raise ShapeError(f"input of shape {tuple(x.shape)} is smaller than the kernel")
    before = tuple(p[0] for p in padding)
    geometry = Convolution(
        tuple(image.shape[2:]), outputs, tuple(kernels.shape[2:]), stride, before, dilation, groups
    )
    return _shaped(product(image, kernels, bias, Job(how, geometry, bits)), x, axes)


def _host_convolution(
    stride: tuple[int, ...], padding: tuple[tuple[int, int], ...], dilation: Any, groups: int
) -> Any:
    """PyTorch's convolution; one whose padding differs before and after pads the image first."""
    run = (F.conv1d, F.conv2d)[len(stride) - 1]
    even = all(low == high for low, high in padding)
    around = [low for low, _ in padding] if even else 0
    wide = [n for low_high in reversed(padding) for n in low_high]

    def convolve(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        image = x if even else F.pad(x, wide)
        found: Tensor = run(image, weight, bias, stride, around, dilation, groups)
        return found

    return convolve


def transposed_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    how: Arithmetic,
    bits: Bits,
    *,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    output_padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Tensor:
    """A transposed convolution along two axes."""
    if how.is_host:

        def run(image: Tensor, kernels: Tensor, added: Tensor | None) -> Tensor:
            found: Tensor = F.conv_transpose2d(
                image, kernels, added, stride, padding, output_padding, groups, dilation
            )
            return found

        return _on_host(run, x, weight, bias, how, bits)
    image, kernel = _as_images(x, 2), tuple(weight.shape[2:])
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + more + 1
        for n, s, p, d, k, more in zip(
            image.shape[2:], stride, padding, dilation, kernel, output_padding, strict=True
        )
    )
    if min(size) < 1:
        raise ShapeError(f"input of shape {tuple(x.shape)} is smaller than its padding")
    of = Convolution(size, tuple(image.shape[2:]), kernel, stride, padding, dilation, groups)
    return _shaped(product(image, weight, bias, Job(how, Transposed(of), bits)), x, 2)


def _as_images(x: Tensor, axes: int) -> Tensor:
    """(batch, channels, height, width) of an image with or without a batch, of one or two axes."""
    if x.dim() not in (axes + 1, axes + 2):
        raise ShapeError(f"input of {x.dim()} dimensions; {axes + 1} or {axes + 2} are allowed")
    batch = x if x.dim() == axes + 2 else x.unsqueeze(0)
    return batch.unsqueeze(2) if axes == 1 else batch


def _shaped(found: Tensor, x: Tensor, axes: int) -> Tensor:
    """Without the axes that `_as_images` added."""
    flat = found.squeeze(2) if axes == 1 else found
    return flat if x.dim() == axes + 2 else flat.squeeze(0)


def matmul(a: Tensor, b: Tensor, how: Arithmetic, bits: Bits) -> Tensor:
    """torch.matmul of two activations."""
    if how.is_host:
        left = stored(a, how, "activation", bits)
        right = stored(b, how, "activation", Bits(bits("second")))
        return _errors(torch.matmul(left, right), how, bits)
    if a.dim() == 0 or b.dim() == 0:
        raise ShapeError("matmul takes tensors of at least one dimension")
    left = a.unsqueeze(0) if a.dim() == 1 else a
    right = b.unsqueeze(1) if b.dim() == 1 else b
    found = _batched(left, right, Job(how, Batches(), bits, ("activation", "activation")))
    if a.dim() == 1:
        found = found.squeeze(-2)
    return found.squeeze(-1) if b.dim() == 1 else found


def _batched(a: Tensor, b: Tensor, job: Job) -> Tensor:
    """Matrices, each product of its own; PyTorch adds up the gradients of one that serves many."""
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(f"a has shape {tuple(a.shape)} and b {tuple(b.shape)}: k differs")
    if b.dim() == 2:
        flat = a.reshape(1, -1, a.shape[-1])
        return product(flat, b.unsqueeze(0), None, job).reshape(*a.shape[:-1], b.shape[-1])
    batches = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left = a.expand(*batches, *a.shape[-2:]).reshape(-1, *a.shape[-2:])
    right = b.expand(*batches, *b.shape[-2:]).reshape(-1, *b.shape[-2:])
    return product(left, right, None, job).reshape(*batches, a.shape[-2], b.shape[-1])


def convolution_of(axes: int, numbers: Numbers) -> dict[str, Any]:
    """What `convolution` takes: the groups, then of each axis stride, dilation, zeros before and
    after."""
    groups, *rest = numbers
    stride, dilation, around = rest[:axes], rest[axes : 2 * axes], rest[2 * axes :]
    pairs = tuple((around[2 * i], around[2 * i + 1]) for i in range(axes))
    named = {"stride": tuple(stride), "dilation": tuple(dilation), "padding": pairs}
    return {**named, "groups": groups}


def transposed_of(numbers: Numbers) -> dict[str, Any]:
    """What `transposed_convolution` takes: the groups, then of both axes stride, padding, output
    padding and dilation."""
    groups, *rest = numbers
    names = ("stride", "padding", "output_padding", "dilation")
    pairs = {name: tuple(rest[2 * i : 2 * i + 2]) for i, name in enumerate(names)}
    return {**pairs, "groups": groups}


def _run_linear(
    how: Arithmetic, bits: Bits, _: Numbers, x: Tensor, w: Tensor, b: Tensor | None = None
) -> Tensor:
    return linear(x, w, b, how, bits)


def _run_convolution(
    how: Arithmetic, bits: Bits, numbers: Numbers, x: Tensor, w: Tensor, b: Tensor | None = None
) -> Tensor:
    return convolution(x, w, b, how, bits, **convolution_of(w.dim() - 2, numbers))


def _run_transposed(
    how: Arithmetic, bits: Bits, numbers: Numbers, x: Tensor, w: Tensor, b: Tensor | None = None
) -> Tensor:
    return transposed_convolution(x, w, b, how, bits, **transposed_of(numbers))


def _run_matmul(how: Arithmetic, bits: Bits, _: Numbers, a: Tensor, b: Tensor) -> Tensor:
    return matmul(a, b, how, bits)


def _run_store(how: Arithmetic, bits: Bits, numbers: Numbers, x: Tensor) -> Tensor:
    return stored(x, how, "activation", bits, rounds_errors=bool(numbers[0]))


def _run_weight(how: Arithmetic, bits: Bits, _: Numbers, x: Tensor) -> Tensor:
    return stored(x, how, "weight", bits)


def _run_errors(how: Arithmetic, bits: Bits, _: Numbers, x: Tensor) -> Tensor:
    return _errors(x, how, bits)


def _convolution_shape(numbers: Numbers, x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    of = convolution_of(w.dim() - 2, numbers)
    run = _host_convolution(of["stride"], of["padding"], of["dilation"], of["groups"])
    found: Tensor = run(x, w, b)
    return found


def _transposed_shape(numbers: Numbers, x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    found: Tensor = F.conv_transpose2d(x, w, b, **transposed_of(numbers))
    return found


def _itself(_: Numbers, x: Tensor) -> Tensor:
    return x


COMPUTED_AS: dict[str, Callable[..., Tensor]] = {
    "linear": _run_linear,
    "convolution": _run_convolution,
    "transposed": _run_transposed,
    "matmul": _run_matmul,
    "store": _run_store,
    "weight": _run_weight,
    "errors": _run_errors,
}
SHAPED_AS: dict[str, Callable[..., Tensor]] = {
    "linear": lambda _, *inputs: F.linear(*inputs),
    "convolution": _convolution_shape,
    "transposed": _transposed_shape,
    "matmul": lambda _, a, b: torch.matmul(a, b),
    **dict.fromkeys(("store", "weight", "errors"), _itself),
}
