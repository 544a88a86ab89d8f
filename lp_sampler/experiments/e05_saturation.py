"""E5: means beyond the range; the two ends are mirror images."""

from __future__ import annotations

import numpy as np

from .._numfmt import Key, variance_corrected
from .._progress import Advance
from ._experiment import Check, Experiment

LOW, HIGH, GAP = -16.0, 15.875, 0.125
FORMAT = "fixed<8,3>"


def run(short: bool, advance: Advance) -> list[Check]:
    """The paper's method pulls the mean inside by v / (2 D), nested pairs give the end."""
    draws, variance, checks = 100_000 if short else 2_000_000, 0.2 * GAP**2, []
    for end, mean, sign in ((HIGH, HIGH + 2 * GAP, -1), (LOW, LOW - 2 * GAP, 1)):
        found = variance_corrected(
            np.full(draws, mean), variance, FORMAT, key=Key(5), method="paper"
        )
        distance = sign * (found - end) / GAP  # D with probability v / (2 D**2), else 0
        p = variance / (2 * GAP**2)
        z = (float(distance.mean()) - p) / np.sqrt(p * (1 - p) / draws)
        checks.append(Check.z(f"paper, beyond {end}: mean, against v / (2 D)", float(z)))
        for method, format in (("one_shot", FORMAT), ("paper", "posit<8,1>")):
            stop = end if format == FORMAT else np.copysign(4096.0, end)
            beyond = np.full(1000, stop * 1.5)
            held = variance_corrected(beyond, variance, format, key=Key(6), method=method)
            what = f"{method}, {format}, beyond {stop}: fraction at the end"
            checks.append(Check(what, float((held == stop).mean()), 1, 1))
    inside = np.full(draws, HIGH - 0.3 * GAP)
    found = variance_corrected(inside, variance, FORMAT, key=Key(7), method="one_shot")
    spread = float(found.std()) / np.sqrt(draws)
    checks.append(
        Check.z("one_shot, 0.3 D below the end: mean", float((found - inside).mean()) / spread)
    )
    return checks


EXPERIMENT = Experiment("E5", "saturation: no end attracts more than the other", run)
