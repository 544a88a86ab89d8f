"""An emulated model's random bits, and its layers' places in it."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import torch

from .._call import Plan
from .._errors import NumfmtError
from .._random import Key
from ._arithmetic import Arithmetic
from ._quantize import Quantize
from ._tensors import check_tensor


class Bits:
    """The random bits of one call of a layer: each purpose has its own."""

    __slots__ = ("key",)

    def __init__(self, key: Key | None) -> None:
        self.key = key

    def __call__(self, *purpose: int | str) -> Key | None:
        return None if self.key is None else self.key.fold_in(*purpose)


class Clock:
    """A model's key and time: which training step it is at, and which pass without training since.

    Bits of a layer are those of ``key.fold_in(name, purpose)`` at the step's number, or of
    ``key.fold_in("evaluation", step, name, purpose)`` at the pass's; with the number of the layer's
    call folded in after its name, from its second call in a pass on.
    """

    def __init__(self, key: Key | None) -> None:
        self.key = key
        self.time = torch.tensor([-1, 0])
        self.calls: dict[str, int] = {}
        self.is_training = True

    def set_step(self, step: int) -> None:
        """The next pass in training is that of `step`."""
        self.time = torch.tensor([step - 1, 0])
        self.calls = {}

    def advance(self, is_training: bool) -> None:
        """A pass begins."""
        self.is_training = is_training
        self.calls = {}
        self.time = self.time + (torch.tensor([1, 0]) if is_training else torch.tensor([0, 1]))

    def next_call(self, name: str) -> int:
        """Which call of a layer in this pass it is."""
        number = self.calls.get(name, 0)
        self.calls[name] = number + 1
        return number

    def bits(self, name: str) -> Bits:
        """Those of the next call of a layer."""
        if self.key is None:
            return Bits(None)
        return bits_at(self.key, name, self.time, self.is_training, self.next_call(name))


def bits_at(key: Key | None, name: str, time: torch.Tensor, is_training: bool, call: int) -> Bits:
    """The bits of a layer's call."""
    if key is None:
        return Bits(None)
    step, passed = (max(number, 0) for number in time.tolist())
    at = key.at(step) if is_training else key.fold_in("evaluation", step).at(max(passed - 1, 0))
    return Bits(at.fold_in(*((name, "call", call) if call else (name,))))


_HANDLES = itertools.count()
SITES: weakref.WeakValueDictionary[int, Site] = weakref.WeakValueDictionary()


class Site:
    """Where a layer stands in an emulated model, and how it computes; `parts` are those of its
    products, where it has several."""

    def __init__(
        self, name: str, clock: Clock, arithmetic: Arithmetic, parts: tuple[str, ...] = ()
    ) -> None:
        self.name, self.clock, self.arithmetic = name, clock, arithmetic
        self.parts = {part: Site(f"{name}.{part}", clock, arithmetic) for part in parts}
        self.keeps = arithmetic.activation is None and arithmetic.error is None
        self.handle = next(_HANDLES)
        SITES[self.handle] = self

    def __reduce__(self) -> Any:
        return Site, (self.name, self.clock, self.arithmetic, tuple(self.parts))

    def bits(self) -> Bits:
        """The random bits of the layer's next call."""
        return self.clock.bits(self.name)


def stored(
    x: torch.Tensor,
    arithmetic: Arithmetic,
    role: str,
    bits: Bits,
    rounds_errors: bool = False,
) -> torch.Tensor:
    """A tensor rounded to the format of its role; what comes back to that of errors, or, of
    weights, of gradients."""
    is_double = x.dtype == torch.float64
    ahead = (
        None if is_stored(x, arithmetic, role) else arithmetic.rounding(role, bits(role), is_double)
    )
    behind = "gradient" if role == "weight" else "error" if rounds_errors else None
    back = behind and arithmetic.rounding(behind, bits(behind), is_double)
    if ahead is None and not back:
        return x
    check_tensor(x)
    found: torch.Tensor = Quantize.apply(x, ahead, back or None, None, None)
    if ahead is not None:
        mark(found, arithmetic, role)
    return found


def mark(x: torch.Tensor, arithmetic: Arithmetic, role: str) -> None:
    """Remember that a tensor is stored in the format of a role, until it is changed."""
    if (plan := arithmetic.plan_of(role)) is not None:
        _remember(x, plan)


def _remember(x: torch.Tensor, plan: Plan) -> None:
    """Not of blocks: rounding a block again can choose another scale."""
    if not (plan.is_block or torch.compiler.is_compiling() or x.is_inference()):
        x._numfmt_stored = (plan.format.bare(), id(x), x._version)  # copies carry attributes on


def is_stored(x: torch.Tensor, arithmetic: Arithmetic, role: str) -> bool:
    """Is a tensor known to be stored in the format of a role, so that rounding changes nothing?"""
    if torch.compiler.is_compiling() or x.is_inference():
        return False
    plan, known = arithmetic.plan_of(role), getattr(x, "_numfmt_stored", None)
    if plan is None or known is None:
        return False
    return bool(known == (plan.format.bare(), id(x), x._version))


def site_of(module: torch.nn.Module) -> Site:
    """The place of an emulated layer."""
    site: Site | None = getattr(module, "numfmt_site", None)
    if site is None:
        raise NumfmtError(
            f"{type(module).__name__} of numfmt.torch.layers is made by emulate(model, machine)"
        )
    return site
