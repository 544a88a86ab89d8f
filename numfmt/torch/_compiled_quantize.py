"""Rounding without random bits under torch.compile: an operator that PyTorch does not look into.

It is told how to round in one string, the spellings of `quantize`'s arguments.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._compiled import apart
from ._quantize import quantize

NAMES = ("format", "rounding", "overflow", "nan", "backward", "gradient")
BETWEEN = "\n"  # stands in no spelling


def spelled(*given: Any) -> str | None:
    """Arguments, in the order of `NAMES`, as the operators take them; None where one is neither a
    spelling nor None."""
    if not all(one is None or isinstance(one, str) for one in given):
        return None
    return BETWEEN.join("" if one is None else one for one in given)


def _run(x: Tensor, how: str) -> Tensor:
    given = zip(NAMES, how.split(BETWEEN), strict=True)
    named: dict[str, Any] = {name: said for name, said in given if said}
    return quantize(x, **named)


@torch.library.custom_op("numfmt::quantize", mutates_args=())
def rounded(x: Tensor, how: str) -> Tensor:
    """x rounded."""
    return _run(x.detach(), how)


@rounded.register_fake
def _rounded_shape(x: Tensor, how: str) -> Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device=x.device)


@torch.library.custom_op("numfmt::quantize_backward", mutates_args=())
def _backward(error: Tensor, x: Tensor, how: str) -> Tensor:
    def differentiate() -> list[Tensor]:
        held = x.detach().requires_grad_()
        return list(torch.autograd.grad(_run(held, how), held, error))

    return apart(differentiate)[0].clone()


@_backward.register_fake
def _backward_shape(error: Tensor, x: Tensor, how: str) -> Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device=x.device)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, ctx.how = inputs
    ctx.save_for_backward(x)


def _gradient(ctx: Any, error: Tensor) -> tuple[Tensor, None]:
    found: Tensor = _backward(error, *ctx.saved_tensors, ctx.how)
    return found, None


rounded.register_autograd(_gradient, setup_context=_keep)
