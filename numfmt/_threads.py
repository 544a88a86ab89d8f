"""How many threads work on a large array: a setting of the process, given to the core with every
call."""

from __future__ import annotations

import operator
import os

from ._errors import NumfmtError

HIGHEST = 256
OURS = "NUMFMT_NUM_THREADS"
OTHERS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

_number = 0  # 0: not known before the first call


def count() -> int:
    """The number to give the core; the environment is read the first time."""
    return _number or _first_count()


def set_num_threads(n: int) -> None:
    """Set how many threads may work on one large array: no bit of any result depends on it.

    Before it is called the number is ``NUMFMT_NUM_THREADS``, if set; else the number of CPUs that
    this process may use, or fewer where ``OMP_NUM_THREADS``, ``OPENBLAS_NUM_THREADS``,
    ``MKL_NUM_THREADS``, ``BLIS_NUM_THREADS``, ``VECLIB_MAXIMUM_THREADS`` or ``NUMEXPR_NUM_THREADS``
    says so (the first of them that is a number).  Joblib and Dask set these in the processes they
    start.  They are read once, at the first call that needs the number.

    Args:
        n: 1 .. 256; 1 leaves all work to the thread that calls.

    Raises:
        NumfmtError: anything else.

    >>> import numfmt as nf
    >>> nf.set_num_threads(2)
    >>> nf.get_num_threads()
    2
    """
    global _number
    try:
        number = operator.index(n)
    except TypeError:
        number = 0
    if type(n).__name__ in ("bool", "bool_") or not 1 <= number <= HIGHEST:
        raise NumfmtError(f"n={n!r} must be an integer from 1 to {HIGHEST}")
    _number = number


def get_num_threads() -> int:
    """How many threads may work on one large array: see `set_num_threads`.

    Raises:
        NumfmtError: ``NUMFMT_NUM_THREADS`` is set, but is no integer from 1 to 256.

    >>> import numfmt as nf
    >>> nf.get_num_threads() >= 1
    True
    """
    return count()


def _first_count() -> int:
    global _number
    _number = _from_environment()
    return _number


def _from_environment() -> int:
    ours = os.environ.get(OURS, "").strip()
    if ours:
        number = _whole(ours)
        if not 1 <= number <= HIGHEST:
            raise NumfmtError(
                f"the environment variable {OURS}={ours!r} must be an integer from 1 to {HIGHEST}"
            )
        return number
    limits = (_whole(os.environ.get(name, "").split(",")[0]) for name in OTHERS)
    limit = next((limit for limit in limits if limit > 0), HIGHEST)
    return min(limit, _cpus(), HIGHEST)


def _whole(text: str) -> int:
    """The number that a text spells; 0 where it is none."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _cpus() -> int:
    """The CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
