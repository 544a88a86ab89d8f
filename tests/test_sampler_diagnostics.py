"""Diagnostics against laws that are known."""

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler import diagnostics

RANDOM = np.random.default_rng(21)


def autoregressive(correlation, chains, draws):
    """Stationary chains x' = correlation x + noise with unit variance, one parameter."""
    x = RANDOM.normal(size=chains)
    kept = np.empty((chains, draws, 1))
    for i in range(draws):
        noise = RANDOM.normal(size=chains)
        x = correlation * x + np.sqrt(1 - correlation**2) * noise
        kept[:, i, 0] = x
    return kept


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_effective_sample_size_of_an_autoregression(correlation):
    """The mean of many estimates is N (1 - rho) / (1 + rho), by z-score of their spread."""
    chains, draws = 8, 2000
    exact = chains * draws * (1 - correlation) / (1 + correlation)
    repeats = autoregressive(correlation, chains * 25, draws).reshape(25, chains, draws)
    sizes = diagnostics.effective_sample_size(np.ascontiguousarray(repeats.transpose(1, 2, 0)))
    bias = 0.02 * exact  # the truncated sum leaves out a little of the tail
    assert abs(sizes.mean() - exact) < 4 * sizes.std(ddof=1) / 5 + bias


def test_frozen_and_single_draws_have_no_effective_size():
    """A chain that never moves gives NaN, as do fewer than four draws."""
    draws = RANDOM.normal(size=(3, 50, 2))
    draws[1, :, 0] = 7
    assert np.isnan(diagnostics.effective_sample_size(draws)).tolist() == [True, False]
    assert diagnostics.frozen(draws).tolist() == [[False] * 2, [True, False], [False] * 2]
    assert np.isnan(diagnostics.effective_sample_size(draws[:, :3])).all()


def test_wasserstein_is_exact_for_unequal_sizes():
    """Repeating every number changes nothing, and a shift is its size."""
    a = RANDOM.normal(size=37)
    assert diagnostics.wasserstein2(a, np.repeat(a, 3)) == 0
    assert diagnostics.wasserstein2(a, a + 0.5) == pytest.approx(0.5, rel=1e-12)
    assert diagnostics.wasserstein2([0.0, 1.0, 2.0], [0.0, 2.0]) == pytest.approx(
        np.sqrt(1 / 6 + 1 / 6), rel=1e-12
    )


def test_wasserstein_is_quantile_by_quantile():
    """It equals the distance of both quantile functions on a common refinement."""
    a, b = RANDOM.normal(size=12), RANDOM.normal(size=20)
    common = np.sort(np.repeat(a, 5)), np.sort(np.repeat(b, 3))
    expected = np.sqrt(np.mean((common[0] - common[1]) ** 2))
    assert diagnostics.wasserstein2(a, b) == pytest.approx(expected, rel=1e-12)


def test_std_ratio_error_is_the_spread_of_the_ratio():
    """The jackknife's mean square is the variance of std_ratio over repetitions, by z-score."""
    reference = RANDOM.normal(size=(200, 500, 4))
    ratios, squares = [], []
    for _ in range(200):
        draws = RANDOM.normal(size=(16, 50, 4)) + RANDOM.normal(size=(16, 1, 4))
        ratios.append(diagnostics.std_ratio(draws, reference))
        squares.append(diagnostics.std_ratio_error(draws, reference) ** 2)
    variance, estimate = np.var(ratios, ddof=1), np.mean(squares)
    error = variance * np.sqrt(2 / 199) + np.std(squares) / np.sqrt(200)
    bias = 2 * variance / 16  # of a jackknife with 16 groups
    assert abs(variance - estimate) < 4 * error + bias


def test_mala_samples_the_target():
    """The reference's mean and variance are a Gaussian's, by z-score with the effective size."""
    target = lps.targets.Gaussian([1.0, -2.0], [0.5, 2.0])
    mala = lps.MALA(
        step_size=0.1,
        steps=3000,
        warmup=500,
        thin=1,
        langevin_steps=2000,
        langevin_step_size=0.02,
        chains=32,
    )
    result = mala.run(target)
    assert 0.5 < result.acceptance <= 1
    for i, (mean, deviation) in enumerate(zip([1.0, -2.0], [0.5, 2.0], strict=True)):
        draws = (result.draws[:, :, i : i + 1].astype(float) - mean) / deviation
        size = diagnostics.effective_sample_size(draws).item()
        assert abs(draws.mean()) < 4 / np.sqrt(size)
        size = diagnostics.effective_sample_size(draws**2).item()
        assert abs(np.mean(draws**2) - 1) < 4 * np.sqrt(2 / size)


def test_mala_settings_are_checked():
    """Wrong settings are SamplerErrors."""
    for wrong in ({"steps": 10, "warmup": 10}, {"thin": 0}, {"step_size": 0.0}, {"chains": 0}):
        with pytest.raises(lps.SamplerError, match="reference"):
            lps.MALA(**wrong)
