"""E7, E10, E14 and E15 in their short forms, the exact laws behind them, and that checks fail."""

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler._numfmt import parse, variance_corrected
from lp_sampler.experiments import (
    _chain_laws,
    e07_quartic,
    e10_mixture,
    e14_lattice_mala,
    e15_sparse_codes,
)
from numfmt import Key, quantize


def silent(steps):
    """Progress that nobody hears of."""


EXPERIMENTS = [e07_quartic, e10_mixture, e14_lattice_mala, e15_sparse_codes]


@pytest.mark.parametrize(
    "experiment", [one.EXPERIMENT for one in EXPERIMENTS], ids=lambda experiment: experiment.number
)
def test_every_check_passes(experiment):
    """In the short form, with thresholds as much wider."""
    checks = experiment.run(True, silent)
    assert [check for check in checks if not check.passed] == []
    assert len(checks) > 5


QUARTIC = lps.targets.Quartic()


@pytest.mark.parametrize(("bits", "step"), [(1, 2e-3), (3, 2e-3), (3, 0.1), (4, 2e-2)])
@pytest.mark.parametrize("accumulator", ["naive", "vc"])
def test_transition_matrices_have_the_moments_and_the_frequencies(bits, step, accumulator):
    """Mean exact, variance exact where vc is feasible, and numfmt's own draws have these
    frequencies.
    """
    chain = _chain_laws.GridChain(QUARTIC, parse(f"fixed<{4 + bits},{bits}>"), step)
    matrix, grid = chain.transition(accumulator), chain.grid
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-12)
    row = len(grid) // 2 + 3
    mean = grid[row] + step * QUARTIC.gradient(grid[row : row + 1, None])[0, 0]
    assert matrix[row] @ grid == pytest.approx(mean, abs=1e-8)
    variance = matrix[row] @ (grid - mean) ** 2
    share = (mean / chain.gap) % 1
    if accumulator == "vc":
        expected = max(2 * step, share * (1 - share) * chain.gap**2)
        assert variance == pytest.approx(expected, rel=1e-6)
    else:
        assert 2 * step < variance <= 2 * step + chain.gap**2 / 4
    count, key = 100_000, Key(5)
    means = np.full(count, mean)
    if accumulator == "vc":
        drawn = variance_corrected(means, 2 * step, chain.format, key=key)
    else:
        noisy = means + np.sqrt(2 * step) * np.random.default_rng(0).normal(size=count)
        drawn = quantize(noisy, chain.format, "stochastic", key=key)
    counts = (drawn[:, None] == grid).sum(axis=0)
    expected = matrix[row] * count
    seen = expected > 5
    scores = (counts - expected)[seen] / np.sqrt(expected * (1 - matrix[row]))[seen]
    assert np.abs(scores).max() < 4.5
    assert counts[matrix[row] == 0].sum() == 0


def test_distances_are_those_of_known_laws():
    """Of shifted and widened Gaussians, on the line and on a lattice."""
    nodes = np.arange(-1200, 1201) / 128
    one, other = (np.exp(-((nodes - m) ** 2) / 2 / s**2) for m, s in ((0.0, 1.0), (0.05, 1.02)))
    expected = np.hypot(0.05, 0.02)
    assert _chain_laws.w2_of_densities(nodes, one, other) == pytest.approx(expected, rel=2e-3)
    points = np.arange(-40, 41) / 4
    law = np.diff(np.clip(np.vectorize(lambda x: float(_cdf(x)))(np.arange(-40.5, 41) / 4), 0, 1))
    gaussian, fine = lps.targets.Gaussian(), np.arange(-9, 9, 1e-3)
    found = _chain_laws.w2_of_lattice(points, law / law.sum(), gaussian, fine)
    assert found == pytest.approx(0.25 / np.sqrt(12), rel=2e-3)


def _cdf(x):
    """Of the standard normal law."""
    return _chain_laws.normal_powers(np.array([x]))[0][0]


def test_a_chain_that_accepts_everything_would_be_seen(monkeypatch):
    """E14 with every proposal accepted fails its variances."""
    monkeypatch.setattr(
        lps.kernels.LatticeMALA, "accepts", lambda self, evaluate, *rest: np.isfinite(rest[2])
    )
    monkeypatch.setattr(e14_lattice_mala, "_diabetes", lambda short, advance: [])
    failed = [c.what for c in e14_lattice_mala.EXPERIMENT.run(True, silent) if not c.passed]
    assert any("variance" in what for what in failed)


def test_another_law_would_be_seen():
    """Draws of a chain that is too hot are many standard errors off the law of the right one."""
    chain = _chain_laws.GridChain(QUARTIC, parse("fixed<7,3>"), 2e-3)
    laws = {name: _chain_laws.stationary(chain.transition(name)) for name in ("naive", "vc")}
    random = np.random.default_rng(2)
    for name, law in laws.items():
        chances = np.clip(law, 0, None)
        draws = random.choice(chain.grid, 4000, p=chances / chances.sum())
        score = _chain_laws.moment_z(draws, laws["vc"], chain.grid, lambda x: x * x)
        assert (abs(score) > 10) == (name == "naive")
