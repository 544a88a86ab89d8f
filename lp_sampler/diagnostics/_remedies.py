"""Where a run cannot be right, and what to do about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

INFEASIBLE = 0.01
SATURATED = 0.001
WRONG_TEMPERATURE = 0.1
ERRORS_ALLOWED = 4


@dataclasses.dataclass(frozen=True)
class Reason:
    """One thing that cannot be right: how often it happens, of what, what it means, what to do."""

    share: float
    what: str
    meaning: str
    remedies: str

    def __str__(self) -> str:
        return f"{percent(self.share)} of {self.what}: {self.meaning}. Remedies: {self.remedies}"


def reasons(infeasible: float, saturated: float, frozen: float) -> list[Reason]:
    """The shares that are beyond their limits."""
    found = []
    if infeasible > INFEASIBLE:
        found.append(
            Reason(
                infeasible,
                "the coordinate updates are infeasible",
                "their noise needs less variance than any law on this grid has, so that they are "
                "rounded stochastically and the draws are too wide",
                "a finer gap (more fraction bits), scales for blocks, rescaled parameters, "
                "accumulator='error_feedback', or a larger temperature",
            )
        )
    if saturated > SATURATED:
        found.append(
            Reason(
                saturated,
                "the coordinate updates end at the end of the range",
                "draws or gradients pile up there",
                "fewer fraction bits or a wider word, scales for blocks, or rescaled parameters",
            )
        )
    if frozen > 0:
        found.append(
            Reason(
                frozen,
                "the coordinates never moved",
                "a step is lost in rounding",
                "an accumulator that keeps the variance ('vc', 'error_feedback') or rounds "
                "stochastically, a finer gap (more fraction bits), a larger step size, or more "
                "draws",
            )
        )
    return found


def cannot_be_right(
    stats: Mapping[str, npt.ArrayLike], *, frozen: float = 0.0, temperature: float | None = None
) -> list[str]:
    """Why the arithmetic cannot give the law that a run asks for: one text for each reason, with
    its remedies; empty where there is none.

    `stats` are those of a `Run` (arrays over its draws, or their means); `frozen` is the fraction
    of coordinates that never moved; `temperature`, where given, is what the noise was asked to
    have.  Limits: 1% of the updates infeasible, 0.1% saturated, any coordinate frozen, 10% of the
    temperature.  No text does not mean that the draws are right.

    >>> cannot_be_right({"saturated": 0.0, "infeasible": 0.005, "effective_temperature": 1.0})
    []
    >>> print(cannot_be_right({"infeasible": 0.35})[0][:60])
    35% of the coordinate updates are infeasible: their noise ne
    """
    means = {name: float(np.mean(np.asarray(values))) for name, values in stats.items()}
    found = reasons(means.get("infeasible", 0.0), means.get("saturated", 0.0), frozen)
    texts = [str(reason) for reason in found]
    if temperature:
        texts += _wrong_noise(stats.get("effective_temperature"), temperature)
    return texts


def _wrong_noise(effective: npt.ArrayLike | None, temperature: float) -> list[str]:
    """A text where the noise that was added is not what was asked for, beyond its own spread."""
    values = np.atleast_1d(np.asarray(np.nan if effective is None else effective, np.float64))
    ratio, count = values.mean() / temperature, len(values)
    spread = values.std(ddof=1) / temperature / np.sqrt(count) if count > 1 else 0.0
    if not abs(ratio - 1) > WRONG_TEMPERATURE + ERRORS_ALLOWED * spread:
        return []
    return [
        f"the steps' noise has {ratio:.3g} times the variance that was asked for (effective "
        f"temperature {values.mean():.3g}, not {temperature:.3g}): rounding "
        f"{'adds to' if ratio > 1 else 'swallows'} it. Remedies: accumulator='vc' or "
        "'error_feedback', a finer gap (more fraction bits), or a larger step size"
    ]


def percent(fraction: float) -> str:
    """A fraction as a percentage; a nonzero one never reads as 0, and one below 1 never as 100.

    >>> percent(0.35), percent(0.00004), percent(0.0)
    ('35%', '<0.1%', '0%')
    """
    if fraction in (0, 1):
        return f"{fraction:.0%}"
    if fraction < 0.001:
        return "<0.1%"
    return f"{fraction:.0%}" if 0.1 <= fraction < 0.995 else f"{fraction:.1%}"
