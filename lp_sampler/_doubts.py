"""What a comparison says of its reference: that it may be wrong, and how far it can be trusted."""

from __future__ import annotations

import numpy as np

from . import diagnostics
from .reference import Reference

LEAST_ACCEPTED, REFERENCE_RHAT = 0.2, 1.05
BETTER = "reference=lps.curvature(target).mala(chains, seed) fits most targets"


def doubts(reference: Reference) -> list[str]:
    """Sentences on its proposals, and on chains that have not forgotten their start or are short.

    R-hat of many chains that sample one law is about sqrt(1 + 1 / n), where n is what half a chain
    is worth in independent draws: it is above 1.05 for n below 10, also where all chains together
    are worth thousands.
    """
    texts = []
    if reference.acceptance < LEAST_ACCEPTED:
        texts.append(
            f"the reference accepted {reference.acceptance:.1%} of its proposals and may not have "
            f"moved: {BETTER}"
        )
    apart = float(np.nanmax(diagnostics.rhat(reference.draws), initial=0))
    if apart > REFERENCE_RHAT:
        texts.append(_of_chains(reference, apart))
    return texts


def _of_chains(reference: Reference, apart: float) -> str:
    draws = reference.draws
    if diagnostics.relaxations(draws) < diagnostics.RELAXATIONS:
        return (
            f"the reference's chains do not agree, R-hat {apart:.2f}: it needs more steps, or "
            f"others; {BETTER}"
        )
    worth = float(np.nanmin(diagnostics.effective_sample_size(draws)))
    noise = diagnostics.w2_sigma_noise(draws, draws)
    return (
        f"the reference's chains are short: R-hat {apart:.2f}, as each of the {len(draws)} is "
        f"worth {worth / len(draws):.0f} independent draws of the slowest parameter. All together "
        f"are worth {worth:,.0f}: its means are right to {worth**-0.5:.3f} sigma, and its own "
        f"Monte Carlo error shows as a W2/sigma near {noise:.3f}; MALA(steps=...) makes it smaller"
    )
