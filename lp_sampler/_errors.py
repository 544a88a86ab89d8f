"""The errors and warnings of the samplers."""

import difflib
from collections.abc import Iterable

from ._numfmt import NumfmtError


class SamplerError(NumfmtError, ValueError):
    """A wrong argument of a sampler: the message names it, what it was and what is allowed."""


class StoreError(SamplerError):
    """A stored run cannot be made, read or gone on with; `__cause__` is an OSError where the system
    refused.
    """


class Interrupted(KeyboardInterrupt):
    """Ctrl-C stopped a run at a step boundary; the message says how it goes on."""


class ShortRunWarning(UserWarning):
    """A run was too short for its slowest parameter: the start may still show in its draws."""


class PrecisionWarning(UserWarning):
    """The machine's arithmetic cannot give the law that a run asks for: updates were infeasible or
    saturated, or coordinates frozen.  The text names remedies.
    """


class MissingPackage(NumfmtError, ImportError):
    """An optional package is not installed."""

    def __init__(self, what: str, package: str, extra: str = "sampler") -> None:
        super().__init__(f"{what}: needs {package}; pip install 'numfmt-hw[{extra}]' brings it")


class Cancelled(Exception):
    """A run was stopped from outside before its last step."""


def unknown(kind: str, given: object, known: Iterable[str]) -> SamplerError:
    """The error for a name that is none of the known ones; it suggests the nearest."""
    names = list(known)
    nearest = difflib.get_close_matches(str(given), names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return SamplerError(f"{kind}: unknown {given!r}; {hint}allowed: {', '.join(names)}")
