"""Quartic energy: what storing weights costs full-precision accumulators, and vc.

Gradients at stochastically rounded weights bend the drift by the square of the gap, so that the
distance to the target falls by about 4 with each fraction bit; the variance-corrected chain is as
near as a lattice can be, gap / sqrt(12).  Both laws are solved exactly at a step of 2e-3, and at
two others; the sampler must agree with them.
"""

from __future__ import annotations

import itertools

import numpy as np

from .._numfmt import Format, machine, parse
from .._progress import Advance
from ..kernels import SGLD
from ..targets import Quartic
from ._chain_laws import (
    GridChain,
    LineChain,
    after,
    moment_z,
    stationary,
    tabulated,
    w2_of_densities,
    w2_of_lattice,
)
from ._experiment import Check, Experiment
from ._gaussian import last_draws

STEP, OTHER_STEPS = 2e-3, (5e-4, 4e-3)
RATIOS = {(0, 1): (2.8, 4.5), (1, 2): (2.3, 4.2)}
"""Fraction bits -> W2 with the first over W2 with the second."""
WITHIN = 0.03
WHOLE_BITS = 4
CHAINS, SHORT_CHAINS = 20_000, 4000
STEPS, SHORT_STEPS = 1000, 200


def run(short: bool, advance: Advance) -> list[Check]:
    """Slopes and distances of the exact laws, and simulations' z-scores."""
    steps = (STEP,) if short else (STEP, *OTHER_STEPS)
    checks = []
    for step in steps:
        distances = {bits: _full_distance(bits, step) for bits in (0, 1, 2)}
        if step == STEP:
            for pair, limits in RATIOS.items():
                ratio = distances[pair[0]] / distances[pair[1]]
                checks.append(Check(f"full: W2(FL{pair[0]}) / W2(FL{pair[1]})", ratio, *limits))
        checks += [_vc_distance(bits, step) for bits in (1, 2, 3, 4)]
    for bits, accumulator in itertools.product((0, 2) if short else (0, 1, 2), ("full", "vc")):
        checks.append(_agreement(bits + (accumulator == "vc"), accumulator, short, advance))
    return checks


def _full_distance(bits: int, step: float) -> float:
    """W2 of the chain kept in full precision, gradients at weights of so many fraction bits."""
    chain = LineChain(Quartic(), 2.0**-bits, step)
    law = stationary(chain.transition())
    return w2_of_densities(chain.nodes, law, tabulated(Quartic(), chain.nodes))


def _vc_distance(bits: int, step: float) -> Check:
    """W2 of the variance-corrected chain, in units of the lattice's own distance."""
    chain = GridChain(Quartic(), _format(bits), step)
    law = stationary(chain.transition("vc"))
    distance = w2_of_lattice(chain.grid, law, Quartic(), np.arange(-6, 6, 1e-3))
    ratio = distance / (chain.gap / np.sqrt(12))
    return Check(f"vc FL{bits}, step {step:g}: W2 / (gap / sqrt 12)", ratio, 0.9, 1 + WITHIN)


def _agreement(bits: int, accumulator: str, short: bool, advance: Advance) -> Check:
    """Mean square of independent chains from 0 against their exact law after as many steps."""
    chains, steps = (SHORT_CHAINS, SHORT_STEPS) if short else (CHAINS, STEPS)
    format = str(_format(bits).replace(rounding="stochastic"))
    on = machine("fixed8").replace(weight=format, accumulator=format, gradient="binary32")
    draws = last_draws(SGLD(STEP, 1.0, accumulator), Quartic(), on, chains, steps, advance)
    if accumulator == "full":
        line = LineChain(Quartic(), 2.0**-bits, STEP)
        states, matrix = line.nodes, line.transition()
    else:
        grid = GridChain(Quartic(), _format(bits), STEP)
        states, matrix = grid.grid, grid.transition(accumulator)
    law = after(matrix, int(np.argmin(np.abs(states))), steps)
    score = moment_z(draws, law, states, lambda x: x * x)
    return Check.z(f"{accumulator} FL{bits}: simulated mean square", score)


def _format(bits: int) -> Format:
    return parse(f"fixed<{WHOLE_BITS + bits},{bits}>")


EXPERIMENT = Experiment("E7", "Quartic energy: F's error falls with the squared gap", run)
