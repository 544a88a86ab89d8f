"""An emulated model's random bits, and its layers' places in it."""

from __future__ import annotations

import torch

from .._call import Plan
from .._errors import NumfmtError
from .._random import Key
from ._arithmetic import Arithmetic
from ._operand import SINGLE
from ._quantize import Quantize, Rounding
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
    call folded in after the purpose, from its second call in a pass on.
    """

    def __init__(self, key: Key | None) -> None:
        self.key = key
        self.time = torch.tensor([-1, 0])
        self.calls: dict[str, int] = {}
        self.is_training = True

    def set_step(self, step: int) -> None:
        """The next pass in training is that of `step`."""
        self.time = torch.tensor([step - 1, 0])
        self.calls.clear()

    def advance(self, is_training: bool) -> None:
        """A pass begins."""
        self.is_training = is_training
        self.calls.clear()
        if is_training:
            self.time += torch.tensor([1, 0])
        else:
            self.time += torch.tensor([0, 1])

    def bits(self, name: str) -> Bits:
        """Those of the next call of a layer."""
        if self.key is None:
            return Bits(None)
        number = self.calls.get(name, 0)
        self.calls[name] = number + 1
        step, passed = self.time.tolist()
        if self.is_training:
            key = self.key.at(max(step, 0))
        else:
            key = self.key.fold_in("evaluation", max(step, 0)).at(max(passed - 1, 0))
        named = (name, "call", number) if number else (name,)
        return Bits(key.fold_in(*named))


class Site:
    """Where a layer stands in an emulated model, and how it computes."""

    def __init__(self, name: str, clock: Clock, arithmetic: Arithmetic) -> None:
        self.name, self.clock, self.arithmetic = name, clock, arithmetic

    def bits(self) -> Bits:
        """The random bits of the layer's next call."""
        return self.clock.bits(self.name)

    def store(self, x: torch.Tensor, rounds_errors: bool = True) -> torch.Tensor:
        """An output as the machine keeps it, and its error on the way back."""
        return stored(x, self.arithmetic, "activation", self.bits(), rounds_errors)


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


def stored_by(plan: Plan, x: torch.Tensor, key: Key | None) -> torch.Tensor:
    """A tensor rounded by a plan, with no rounding of what comes back."""
    if plan.format.bare() == SINGLE and x.dtype != torch.float64:
        return x
    rounding = Rounding(plan, key if plan.is_random else None)
    found: torch.Tensor = Quantize.apply(x, rounding, None, None, None)
    _remember(found, plan)
    return found


def mark(x: torch.Tensor, arithmetic: Arithmetic, role: str) -> None:
    """Remember that a tensor is stored in the format of a role, until it is changed."""
    if (plan := arithmetic.plan_of(role)) is not None:
        _remember(x, plan)


def _remember(x: torch.Tensor, plan: Plan) -> None:
    """Not of blocks: rounding a block again can choose another scale."""
    if not plan.is_block and not torch.compiler.is_compiling():
        x._numfmt_stored = (plan.format.bare(), x._version)


def is_stored(x: torch.Tensor, arithmetic: Arithmetic, role: str) -> bool:
    """Is a tensor known to be stored in the format of a role, so that rounding changes nothing?"""
    if torch.compiler.is_compiling():
        return False
    plan, known = arithmetic.plan_of(role), getattr(x, "_numfmt_stored", None)
    return plan is not None and known is not None and known == (plan.format.bare(), x._version)


def site_of(module: torch.nn.Module) -> Site:
    """The place of an emulated layer."""
    site = module.__dict__.get("numfmt_site")
    if site is None:
        raise NumfmtError(
            f"{type(module).__name__} of numfmt.torch.layers is made by emulate(model, machine)"
        )
    assert isinstance(site, Site)
    return site
