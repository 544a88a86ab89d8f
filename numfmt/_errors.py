"""The exceptions: each message names the argument, what it was and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NumfmtError(Exception):
    """Base class of every error that this library raises on purpose."""


class FormatError(NumfmtError, ValueError):
    """A format that does not exist, or a mode that has no meaning for it."""


class RoundingError(NumfmtError, ValueError):
    """An unknown rounding or overflow mode, or parameters that it does not take."""


class RandomError(NumfmtError, ValueError):
    """A missing, superfluous or malformed source of random bits."""


class ShapeError(NumfmtError, ValueError):
    """Arrays whose shapes, memory or sizes do not fit together."""


class NanError(NumfmtError, ValueError):
    """A NaN that meets a format without NaN."""


class MachineError(NumfmtError, ValueError):
    """A machine description that cannot be read, or asks for what is not supported."""


class AssumedWarning(UserWarning):
    """A machine whose description has fields that nobody outside knows."""


class DtypeError(NumfmtError, TypeError):
    """An element type that is not supported, or cannot hold every result."""


class RangeError(NumfmtError, OverflowError):
    """A value out of range where the caller asked for an error."""


for _error in (NumfmtError, AssumedWarning, *NumfmtError.__subclasses__()):
    _error.__module__ = "numfmt"  # a traceback says the name that users catch


def unknown(argument: str, given: object, known: Iterable[str], aliases: Iterable[str] = ()) -> str:
    """The message for a spelling that is not known: what it was, and the nearest ones that are.

    `aliases` are suggested where they are near, and not listed otherwise.

    >>> unknown("rounding", "nearest_evn", ["nearest_even", "up"])
    "rounding='nearest_evn' is not known; did you mean 'nearest_even'?"
    """
    names = list(known)
    text, all_names = str(given), [*names, *aliases]
    near = difflib.get_close_matches(text, all_names, n=3, cutoff=0.5)
    if not near:
        lower = {name.lower(): name for name in all_names}
        near = [lower[name] for name in difflib.get_close_matches(text.lower(), lower, n=3)]
    if near:
        return f"{argument}={text!r} is not known; did you mean {' or '.join(map(repr, near))}?"
    return f"{argument}={text!r} is not known; known are {', '.join(names)}"
