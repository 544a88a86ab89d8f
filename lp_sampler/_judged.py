"""Warnings about a run that has ended."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from . import diagnostics
from ._blocks import spread
from ._errors import PrecisionWarning, ShortRunWarning
from ._run import Run

PARAMETERS_LOOKED_AT = 256
"""Of how many a run's length is judged when it ends."""


def judged(run: Run, stacklevel: int) -> Run:
    """The run; warns where it is short, or where its arithmetic cannot be right."""
    message = too_short(spread(run.draws, PARAMETERS_LOOKED_AT))
    if message:
        warnings.warn(message, ShortRunWarning, stacklevel=stacklevel + 1)
    for text in run.warnings():
        warnings.warn(text, PrecisionWarning, stacklevel=stacklevel + 1)
    return run


def too_short(draws: npt.NDArray[Any]) -> str | None:
    """Why the draws are too few for their slowest parameter, or None; more do not help a frozen
    one.
    """
    if diagnostics.frozen(draws).any():
        return None
    length = diagnostics.relaxations(draws)
    if np.isnan(length):
        return f"{draws.shape[1]} draws are too few to judge the length of the run"
    if not length >= diagnostics.RELAXATIONS:
        return (
            f"the run is {length:.1f} relaxation times long, fewer than {diagnostics.RELAXATIONS}"
        )
    return None
