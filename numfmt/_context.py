"""Modes for a block of code: what calls and formats leave open."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from . import _modes
from ._errors import NumfmtError, unknown
from ._random import Generator, Key, take_key
from .formats import Format

GROWTHS = ("exact", "same")


@dataclass(frozen=True)
class Settings:
    """What the contexts around a call say; None where they leave it open.  `outer` holds before and
    after the innermost."""

    rounding: str | None = None
    overflow: str | None = None
    nan: str | None = None
    calls: Generator | None = None
    growth: str = "exact"
    outer: Settings | None = None

    def modes_for(
        self, format: Format, rounding: Any, overflow: Any, nan: Any
    ) -> tuple[Any, Any, Any]:
        """The modes of a call: argument, else what the format carries, else these."""
        rounding = rounding or format.rounding or self.rounding
        overflow = overflow or format.overflow or self.overflow
        if nan is None and not format.has_nan:
            nan = self.nan
        return rounding, overflow, nan


OPEN = Settings()
_active: ContextVar[Settings | None] = ContextVar("numfmt_context", default=None)
active = _active.get  # None outside every context


def growth() -> str:
    """How far results of fixed point grow here."""
    return (active() or OPEN).growth


def calls() -> Generator | None:
    """Where stochastic roundings without a key of their own take it."""
    return (active() or OPEN).calls


def modes_alone() -> Settings:
    """The modes that hold here, without what differs from call to call: equal where they are."""
    settings = active()
    if settings is None:
        return OPEN
    return Settings(settings.rounding, settings.overflow, settings.nan)


class context(contextlib.ContextDecorator):
    """Modes for the calls in a ``with`` block, where neither an argument nor the format says more.

    It holds for `quantize`, `encode`, `convert`, arrays, operations and `sampler_update`, in this
    thread or asynchronous task (a new thread begins without any).  Blocks within blocks: the inner
    one changes what it names.

    Args:
        rounding, overflow: modes, as in `quantize`; one without a meaning for a format is an error
            where it is used with that format.
        nan: what a NaN becomes in formats without NaN: ``"zero"``, ``"max"``, ``"min"``, or
            ``"error"``, as outside every context.
        key: a `Key` or `Generator`: each call whose rounding is stochastic takes its next call
            number, beginning at the key's.  A loop wants one context around it, or a `Generator`,
            or ``key.fold_in(step)``: ``key.at(step)`` would use numbers again.
        growth: of operations on fixed point, ``"exact"`` (the default): sums and products take as
            many bits as they need; ``"same"``: they keep their operands' format.

    Raises:
        RoundingError, RandomError, NumfmtError: a wrong argument.

    >>> import numfmt as nf
    >>> with nf.context(rounding="toward_zero", overflow="saturate"):
    ...     nf.quantize([1.99, 1e9], "e5m2")
    array([1.7500e+00, 5.7344e+04])
    >>> with nf.context(rounding="stochastic", key=nf.Key(7)):
    ...     nf.quantize([0.5, 0.5], "fixed<8,0>"), nf.quantize([0.5, 0.5], "fixed<8,0>")
    (array([1., 0.]), array([0., 1.]))
    """

    def __init__(
        self,
        *,
        rounding: str | None = None,
        overflow: str | None = None,
        nan: str | None = None,
        key: Key | Generator | None = None,
        growth: str | None = None,
    ) -> None:
        named: dict[str, Any] = {}
        if rounding is not None:
            named["rounding"] = str(_modes.parse_rounding(rounding))
        if overflow is not None:
            named["overflow"] = str(_modes.parse_overflow(overflow))
        if nan is not None:
            _modes.parse_nan(nan)
            named["nan"] = nan
        if growth is not None:
            if growth not in GROWTHS:
                raise NumfmtError(unknown("growth", growth, GROWTHS))
            named["growth"] = growth
        if key is not None:
            named["calls"] = key if isinstance(key, Generator) else Generator._from(take_key(key))
        self._named = named

    def __enter__(self) -> None:
        outer = active()
        _active.set(replace(outer or OPEN, **self._named, outer=outer))

    def __exit__(self, *_: object) -> None:
        settings = active()
        assert settings is not None
        _active.set(settings.outer)

    def __repr__(self) -> str:
        said = ", ".join(
            f"key={value!r}" if name == "calls" else f"{name}={value!r}"
            for name, value in self._named.items()
        )
        return f"context({said})"
