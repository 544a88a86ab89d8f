"""Experiment E1: the Gaussian toy, whose 256-state chain has an exactly known law."""

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler.experiments import _gaussian_toy as toy
from lp_sampler.experiments import e01_gaussian_toy as e01
from lp_sampler.experiments._chain_laws import stationary


@pytest.mark.parametrize(("step_size", "accumulator"), e01.EXACT)
def test_stationary_law_is_the_published_one(step_size, accumulator):
    """The exact stationary law has the known standard deviation and distance, digit for digit."""
    law = stationary(toy.transition(step_size, accumulator))
    found = toy.standard_deviation(law), toy.distance_to_standard_normal(law)
    np.testing.assert_allclose(
        found, e01.EXACT[step_size, accumulator], rtol=0, atol=e01.LAST_DIGIT
    )


@pytest.mark.parametrize(("step_size", "accumulator"), e01.EXACT)
def test_simulation_agrees_with_the_exact_law(step_size, accumulator):
    """4,096 chains after n steps from 0 have the mean and second moment of the n-step law."""
    matrix = toy.transition(step_size, accumulator)
    checks = e01.moments("toy", matrix, step_size, accumulator)
    assert len(checks) == 2
    assert all(check.passed for check in checks)


def test_naive_rounding_to_nearest_freezes():
    """With steps far below the gap nothing ever moves, and the run says so."""
    kernel = lps.kernels.SGLD(step_size=1e-5, accumulator="naive_nearest")
    target = lps.targets.Gaussian(gradient_noise=toy.GRADIENT_NOISE)
    settings = {"chains": 4096, "draws": 100, "warmup": 99, "thin": 1, "init": 1.0}
    with pytest.warns(lps.PrecisionWarning, match="never moved"):
        run = lps.sample(kernel, target, e01.MACHINE, progress=False, **settings)
    assert run.summary()["std"] == 0
    assert run.frozen.all()
    assert np.isnan(run.summary()["ess"]).all()
    assert run.stats["frozen"].min() == 1
