"""Experiment E1: the Gaussian toy, whose 256-state chain has an exactly known law."""

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler.experiments import _gaussian_toy as toy

EXACT = {  # (step size, accumulator): standard deviation, distance W2 to N(0, 1)
    (1e-2, "naive"): (1.0658, 0.0745),
    (1e-2, "naive_nearest"): (1.0347, 0.0496),
    (1e-2, "vc"): (1.0025, 0.0361),
    (2e-3, "naive"): (1.2846, 0.2864),
    (2e-3, "naive_nearest"): (1.1470, 0.1508),
    (2e-3, "vc"): (1.0005, 0.0361),
    (1e-3, "naive"): (1.4967, 0.4976),
    (1e-3, "naive_nearest"): (1.2290, 0.2313),
    (1e-3, "vc"): (1.0003, 0.0361),
    (1e-4, "naive"): (2.6559, 1.6560),
    (1e-4, "naive_nearest"): (1.3822, 0.3834),
    (1e-4, "vc"): (1.0000, 0.0361),
    (1e-5, "naive"): (4.7020, 3.7021),
    (1e-5, "vc"): (1.0000, 0.0361),
}
LAST_DIGIT = 0.00005 * 1.001
STEPS = {1e-2: 400, 2e-3: 1000, 1e-3: 1000, 1e-4: 2000, 1e-5: 2000}
CHAINS = 4096
MACHINE = "fixed<8,3>"


def sample(step_size, accumulator, steps, **keywords):
    """The toy's chains after that many steps."""
    kernel = lps.kernels.SGLD(step_size=step_size, accumulator=accumulator)
    target = lps.targets.Gaussian(gradient_noise=toy.GRADIENT_NOISE)
    keywords = {"chains": CHAINS, "draws": 1, "warmup": steps - 1, "thin": 1, **keywords}
    return lps.sample(kernel, target, MACHINE, seed=1, progress=False, **keywords)


@pytest.mark.parametrize(("step_size", "accumulator"), EXACT)
def test_stationary_law_is_the_published_one(step_size, accumulator):
    """The exact stationary law has the known standard deviation and distance, digit for digit."""
    law = toy.stationary(toy.transition(step_size, accumulator))
    found = toy.standard_deviation(law), toy.distance_to_standard_normal(law)
    np.testing.assert_allclose(found, EXACT[step_size, accumulator], rtol=0, atol=LAST_DIGIT)


@pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)
@pytest.mark.parametrize(("step_size", "accumulator"), EXACT)
def test_simulation_agrees_with_the_exact_law(step_size, accumulator):
    """4,096 chains after n steps from 0 have the mean and second moment of the n-step law."""
    steps = STEPS[step_size]
    draws = sample(step_size, accumulator, steps).draws.ravel().astype(float)
    start = (toy.GRID == 0).astype(float)
    law = start @ np.linalg.matrix_power(toy.transition(step_size, accumulator), steps)
    for power in (1, 2):
        moment, square = law @ toy.GRID**power, law @ toy.GRID ** (2 * power)
        z = (np.mean(draws**power) - moment) / np.sqrt((square - moment**2) / CHAINS)
        assert abs(z) < 4


def test_naive_rounding_to_nearest_freezes():
    """With steps far below the gap nothing ever moves, and the run says so."""
    with pytest.warns(lps.PrecisionWarning, match="never moved"):
        run = sample(1e-5, "naive_nearest", 100, draws=100, init=1.0)
    assert run.summary()["std"] == 0
    assert run.frozen.all()
    assert np.isnan(run.summary()["ess"]).all()
    assert run.stats["frozen"].min() == 1
