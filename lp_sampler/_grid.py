"""The lattice that a uniform format is."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import SamplerError
from ._numfmt import Format
from ._rounding import range_of

Array = npt.NDArray[Any]

SINGLE_PRECISION = 24


@dataclasses.dataclass(frozen=True)
class Grid:
    """The points low, low + gap, ..., high of a fixed-point format, all of them float32 numbers.

    >>> from lp_sampler._numfmt import parse
    >>> Grid.of(parse("fixed<8,3>"), "accumulator")
    Grid(gap=0.125, low=-16.0, high=15.875)
    """

    gap: float
    low: float
    high: float

    @classmethod
    def of(cls, format: Format, role: str) -> Grid:
        """The grid of a role's format; SamplerError where it is no fixed point of up to 25 bits."""
        if format.family != "fixed" or format.precision > SINGLE_PRECISION:
            raise SamplerError(
                f"machine: a lattice needs fixed point of at most {SINGLE_PRECISION} bits and a "
                f"sign as {role}; got {format.bare()}"
            )
        return cls(float(format.smallest_positive), *range_of(format))

    def symmetric(self, role: str) -> Grid:
        """The part that x and -x both lie in; SamplerError where that is 0 alone."""
        end = min(-self.low, self.high)
        if end <= 0:
            raise SamplerError(f"machine: the format of {role} must be signed")
        return Grid(self.gap, -end, end)

    def nearest(self, values: Array) -> Array:
        """Multiples of the gap nearest to `values`, the even one in the middle, in float64; also
        beyond the ends.
        """
        return np.asarray(np.rint(values / np.float64(self.gap)) * self.gap)

    def holds(self, values: Array) -> npt.NDArray[np.bool_]:
        """Which multiples of the gap lie in the range?"""
        return np.asarray((values >= self.low) & (values <= self.high))
