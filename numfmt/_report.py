"""Counters of what rounding did, summed over calls."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from ._core import ffi, lib
from ._errors import NumfmtError

_COUNTS = (
    "count",
    "inexact",
    "overflowed",
    "underflowed",
    "saturated",
    "nan",
    "infeasible",
    "finite",
)
_FLAGS = {
    "invalid": lib.NF_INVALID,
    "divide_by_zero": lib.NF_DIVIDE_BY_ZERO,
    "overflow": lib.NF_OVERFLOW,
    "underflow": lib.NF_UNDERFLOW,
    "inexact": lib.NF_INEXACT,
}

_active: ContextVar[tuple[Report, ...]] = ContextVar("numfmt_reports", default=())


class Report:
    """What rounding did, summed over the calls that are given it as ``report=`` or run in its
    ``with`` block.

    ``count`` elements, of which ``inexact`` changed, ``overflowed`` (the rounded value was outside
    the finite range), ``underflowed`` (inexact, and tiny after rounding), ``saturated`` (became a
    finite end), ``nan`` (NaN in or out), ``infeasible`` (a variance that no lattice law has);
    errors of the finite ones in ulps (the gap of the format around the value), absolute, and as
    signal to quantization noise in dB.  ``path`` says how the last `matmul` was computed; counting
    takes its scalar reference, so with ``counts=False`` nothing is counted and ``path`` is all.

    >>> import numfmt as nf
    >>> with nf.Report() as report:
    ...     y = nf.quantize([1.0, 1.1, 300.0, 1000.0], "e4m3fn")
    >>> report.count, report.inexact, report.saturated, report.max_ulp
    (4, 3, 1, 8.625)
    """

    path: str | None = None

    def __init__(self, *, counts: bool = True) -> None:
        self._c = ffi.new("nf_report *")
        self._counts = counts

    def __enter__(self) -> Report:
        self._token = _active.set((*_active.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        _active.reset(self._token)

    def __getattr__(self, name: str) -> int:
        if name in _COUNTS:
            return int(getattr(self._c, name))
        raise AttributeError(name)

    count: int
    inexact: int
    overflowed: int
    underflowed: int
    saturated: int
    nan: int
    infeasible: int
    finite: int

    @property
    def max_ulp(self) -> float:
        return float(self._c.max_ulp)

    @property
    def rms_ulp(self) -> float:
        return math.sqrt(self._c.sum_squared_ulp / self._c.finite) if self._c.finite else 0.0

    @property
    def max_error(self) -> float:
        return float(self._c.max_error)

    @property
    def rms_error(self) -> float:
        return math.sqrt(self._c.sum_squared_error / self._c.finite) if self._c.finite else 0.0

    @property
    def sqnr_db(self) -> float:
        """10 log10(sum of squared values / sum of squared errors); infinity where nothing
        changed."""
        if self._c.sum_squared_error == 0:
            return math.inf
        return 10 * math.log10(self._c.sum_squared_value / self._c.sum_squared_error)

    @property
    def flags(self) -> frozenset[str]:
        """Those raised of IEEE 754's invalid, divide_by_zero, overflow, underflow (tiny after
        rounding) and inexact."""
        return frozenset(name for name, bit in _FLAGS.items() if self._c.flags & bit)

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{name}={getattr(self, name)}" for name in _COUNTS if getattr(self, name)
        )
        return (
            f"Report({counts or 'empty'}, max_ulp={self.max_ulp:.4g}, sqnr_db={self.sqnr_db:.4g})"
        )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Calls in the block are counted by their own ``report=`` alone."""
    token = _active.set(())
    try:
        yield
    finally:
        _active.reset(token)


_adding = threading.Lock()


def receivers(report: Report | None) -> tuple[Report, ...]:
    """Who counts a call: every report around it, and `report`."""
    every = listeners(report)
    return every if all(one._counts for one in every) else tuple(r for r in every if r._counts)


def listeners(report: Report | None) -> tuple[Report, ...]:
    """The same, and those that count nothing."""
    if report is not None and not isinstance(report, Report):
        raise NumfmtError(f"report={report!r} must be a numfmt.Report")
    around = _active.get()
    return around if report is None or report in around else (*around, report)


def add(receivers: tuple[Report, ...], fresh: Any) -> None:
    """Add an ``nf_report`` to each; threads may share a receiver."""
    with _adding:
        for receiver in receivers:
            lib.nf_report_add(receiver._c, fresh)


class collecting:
    """The ``nf_report`` to give the core, or NULL; added on success to `report` and to every report
    around."""

    __slots__ = ("_fresh", "_receivers")

    def __init__(self, report: Report | None) -> None:
        self._receivers = receivers(report)
        self._fresh = ffi.new("nf_report *") if self._receivers else ffi.NULL

    def __enter__(self) -> Any:
        return self._fresh

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:
            add(self._receivers, self._fresh)
