"""Emulated layers under torch.compile: one operator that PyTorch does not look into.

Its inputs are a layer's tensors, the model's time and where the layer stands; its gradient computes
the layer again, with the same random bits, and differentiates that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from ._functions import COMPUTED_AS, SHAPED_AS
from ._site import SITES, Site, bits_at

Numbers = list[int]


def compute(site: Site, kind: str, numbers: Numbers, inputs: list[Tensor]) -> Tensor:
    """What a layer's function of that kind gives, with the bits of the layer's next call."""
    if torch.compiler.is_compiling():
        call = site.clock.next_call(site.name)
        time, is_training = site.clock.time, site.clock.is_training
        said = " ".join(map(str, numbers))
        found: Tensor = _layer(inputs, time, is_training, site.handle, call, kind, said)
        return found
    return COMPUTED_AS[kind](site.arithmetic, site.bits(), numbers, *inputs)


def store(site: Site, x: Tensor, rounds_errors: bool = True) -> Tensor:
    """An output as the machine keeps it, and its error on the way back."""
    if site.keeps:
        return x
    return compute(site, "store", [int(rounds_errors)], [x])


def _run(
    inputs: Sequence[Tensor],
    time: Tensor,
    is_training: bool,
    handle: int,
    call: int,
    kind: str,
    numbers: str,
) -> Tensor:
    site = SITES[handle]
    bits = bits_at(site.clock.key, site.name, time, is_training, call)
    return COMPUTED_AS[kind](site.arithmetic, bits, _read(numbers), *inputs)


def _read(numbers: str) -> Numbers:
    return [int(number) for number in numbers.split()]


@torch.library.custom_op("numfmt::layer", mutates_args=())
def _layer(
    inputs: Sequence[Tensor],
    time: Tensor,
    is_training: bool,
    handle: int,
    call: int,
    kind: str,
    numbers: str,
) -> Tensor:
    found = _run([x.detach() for x in inputs], time, is_training, handle, call, kind, numbers)
    shares = any(found.data_ptr() == x.data_ptr() for x in inputs)
    return found.clone(memory_format=torch.contiguous_format) if shares else found.contiguous()


@_layer.register_fake
def _(
    inputs: Sequence[Tensor],
    time: Tensor,
    is_training: bool,
    handle: int,
    call: int,
    kind: str,
    numbers: str,
) -> Tensor:
    shaped = SHAPED_AS[kind](_read(numbers), *inputs)
    return torch.empty(shaped.shape, dtype=shaped.dtype, device=shaped.device)


@torch.library.custom_op("numfmt::layer_backward", mutates_args=())
def _layer_backward(
    error: Tensor,
    inputs: Sequence[Tensor],
    wanted: Sequence[bool],
    time: Tensor,
    is_training: bool,
    handle: int,
    call: int,
    kind: str,
    numbers: str,
) -> list[Tensor]:
    def differentiate() -> list[Tensor]:
        held = [x.detach().requires_grad_(w) for x, w in zip(inputs, wanted, strict=True)]
        found = _run(held, time, is_training, handle, call, kind, numbers)
        asked = [x for x, w in zip(held, wanted, strict=True) if w]
        return list(torch.autograd.grad(found, asked, error))

    gradients = apart(differentiate)
    return [gradients.pop(0).clone() if w else error.new_empty(0) for w in wanted]


def apart(function: Callable[[], list[Tensor]]) -> list[Tensor]:
    """What a function gives in a thread of its own: within an operator PyTorch records no
    gradients, and that is a state of the thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function).result()


@_layer_backward.register_fake
def _(error: Tensor, inputs: Sequence[Tensor], wanted: Sequence[bool], *_: Any) -> list[Tensor]:
    return [
        torch.empty(x.shape, dtype=x.dtype, device=x.device) if w else error.new_empty(0)
        for x, w in zip(inputs, wanted, strict=True)
    ]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    tensors, time, *ctx.where = inputs
    ctx.wanted = [x.requires_grad for x in tensors]
    ctx.save_for_backward(*tensors, time)


def _gradients(ctx: Any, error: Tensor) -> tuple[Any, ...]:
    *tensors, time = ctx.saved_tensors
    found = _layer_backward(error, tensors, ctx.wanted, time, *ctx.where)
    kept = [one if w else None for one, w in zip(found, ctx.wanted, strict=True)]
    return kept, None, None, None, None, None, None


_layer.register_autograd(_gradients, setup_context=_keep)
