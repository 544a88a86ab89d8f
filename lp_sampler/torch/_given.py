"""A step of a kernel on one tensor whose gradient is there already."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy.typing as npt

from .._evaluate import Evaluation
from .._numfmt import Format, Key, Machine, Report
from .._unit import VectorUnit
from ..targets import Target

Array = npt.NDArray[Any]


class Tensor(Target):
    """Parameters of a network, as far as a kernel needs to know."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.names = ()


@dataclasses.dataclass(frozen=True)
class Given(Evaluation):
    """The evaluation of one tensor (rows, numbers of a row), seen as that many chains.

    `slope` is the log density's gradient where the kernel asks for it.
    """

    slope: Array | None = None

    @classmethod
    def of(cls, machine: Machine, key: Key, columns: int, slope: Array | None = None) -> Given:
        """At a step: `key` carries it as its call, and the number of the tensor's first element."""
        return cls(_tensor(columns), machine, key, slope=slope)

    @functools.cached_property
    def unit(self) -> VectorUnit:
        """The machine's vector unit at this step, with bits of the tensor's own."""
        return VectorUnit(self.machine, self.key.fold_in("unit", self.key.first))

    def gradient(
        self, params: Array, stored_in: Format | None = None, report: Report | None = None
    ) -> Array:
        """The one that was given: it was taken at the weights that the step before left."""
        assert self.slope is not None
        return self.slope


@functools.lru_cache(maxsize=1024)
def _tensor(columns: int) -> Tensor:
    return Tensor(columns)
