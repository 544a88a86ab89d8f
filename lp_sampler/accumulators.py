"""Accumulator policies: how the step's result is stored."""

from __future__ import annotations

import dataclasses

from ._errors import unknown
from ._numfmt import Format, Machine
from ._rounding import BINARY32, is_binary32


@dataclasses.dataclass(frozen=True)
class Accumulator:
    """One policy: the update that does it, and the rounding it takes instead of the accumulator
    format's.
    """

    name: str
    policy: str
    meaning: str
    rounding: str | None = None

    def formats(self, machine: Machine) -> dict[str, Format]:
        """The formats of the step: of the gradient, and of the parameters that it returns."""
        stored = BINARY32 if self.policy == "full" else machine.accumulator
        if self.rounding is not None:
            stored = stored.replace(rounding=self.rounding)
        return {"gradient": machine.gradient, "accumulator": stored}


ACCUMULATORS = {
    accumulator.name: accumulator
    for accumulator in (
        Accumulator("full", "full", "parameters kept in float32"),
        Accumulator("naive", "naive", "rounded after the noise is added, by the format's rounding"),
        Accumulator("naive_nearest", "naive", "the same, to nearest even", rounding="nearest_even"),
        Accumulator("vc", "vc", "variance corrected: rounding is part of the noise"),
        Accumulator("one_shot", "one_shot", "variance corrected with a single ternary draw"),
    )
}


def accumulator(name: str) -> Accumulator:
    """The policy of that name; SamplerError, with the nearest name, where there is none."""
    if name not in ACCUMULATORS:
        raise unknown("accumulator", name, ACCUMULATORS)
    return ACCUMULATORS[name]


def has_meaning(name: str, machine: Machine) -> bool:
    """Does the policy differ from `full` on this machine?  `full` itself always has a meaning."""
    return accumulator(name).policy == "full" or not is_binary32(machine.accumulator)
