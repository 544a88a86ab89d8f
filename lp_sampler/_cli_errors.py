"""How commands fail: one line on stderr, and the exit status."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator

import typer

from ._errors import MissingPackage, StoreError
from ._numfmt import NumfmtError

WRONG_INPUT, FAILURE, INTERRUPTED = 2, 1, 130


@contextlib.contextmanager
def reported_errors() -> Iterator[None]:
    """Turn an exception into one line on stderr and an exit status."""
    try:
        yield
    except MissingPackage as error:
        leave(error, FAILURE)
    except NumfmtError as error:
        refused = isinstance(error, StoreError) and isinstance(error.__cause__, OSError)
        leave(error, FAILURE if refused else WRONG_INPUT)
    except OSError as error:
        leave(f"{error.filename}: {error.strerror}", FAILURE)
    except KeyboardInterrupt as error:
        leave(str(error) or "interrupted; no file was written", INTERRUPTED)


@contextlib.contextmanager
def told_warnings() -> Iterator[None]:
    """Tell warnings, when all is done, as lines on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for one in caught:
        print(f"lp-sampler: warning: {one.message}", file=sys.stderr)


def leave(reason: object, status: int) -> None:
    """Say why on stderr, and exit with the status."""
    print(f"lp-sampler: {reason}", file=sys.stderr)
    raise typer.Exit(status)
