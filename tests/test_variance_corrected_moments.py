"""E3 and E4 on blocks: means and variances that were asked for, by long runs."""

import block_laws
import laws
import numpy as np
import pytest
from test_variance_corrected import z_scores
from test_variance_corrected_blocks import KEY, LATTICES, NESTED

import numfmt as nf

ANCHOR, GAP = 2.0, 1 / 32  # a mean of 2 gives bfp<8,8> the exponent 1


@pytest.mark.parametrize("method", ["paper", "one_shot"])
def test_draws_have_the_mean_and_variance_asked_for(method):
    """E3 on blocks: mean exact, variance the larger of v and f (1 - f) D**2, by z-score."""
    fractions, draws = np.arange(7) / 7, 300_000
    mean = np.append(ANCHOR, 1.25 + GAP * fractions)
    for call, scale in enumerate((0.02, 0.1, 0.2, 0.24, 0.5, 3, 100)):
        variance = np.append(0, np.full(7, scale * GAP**2))
        assert block_laws.bfp(8).exponent(mean, variance) == 1
        means = np.broadcast_to(mean, (draws, 8))
        report = nf.Report()
        drawn = nf.variance_corrected(
            means, variance, "bfp<8,8>", key=KEY.at(call), method=method, report=report
        )
        assert (drawn[:, 0] == ANCHOR).all()
        least = fractions * (1 - fractions) * GAP**2
        assert report.infeasible == draws * int((least > scale * GAP**2 * (1 + 1e-9)).sum())
        for f in range(7):
            values, wanted = drawn[:, f + 1], max(scale * GAP**2, least[f])
            fourth = np.mean((values - mean[f + 1]) ** 4)
            assert np.max(np.abs(z_scores(values, mean[f + 1], wanted, fourth))) < 4, (f, scale)


@pytest.mark.parametrize(
    ("name", "anchor", "start", "gap"),
    [("mxfp8_e4m3", 256.0, 1.25, 1 / 8), ("mxfp4", 3.0, 1.0, 0.5), ("block<nf4,8>", 0.4, 0.1, 0.1)],
)
def test_draws_of_other_elements_have_mean_and_variance(name, anchor, start, gap):
    """E3 on blocks whose gaps differ: mean and, from what the grid allows, variance, by z-score."""
    draws, means = 200_000, start + gap * np.arange(7) / 7
    law = {**NESTED, **LATTICES}[name][0]
    for call, scale in enumerate((0.26, 0.5, 1, 3)):
        mean, variance = np.append(anchor, means), np.append(0, np.full(7, scale * gap**2))
        grid = law.of(mean, variance)
        key = KEY.at(100 + call)
        block = nf.parse(name).replace(size=8)
        drawn = nf.variance_corrected(np.broadcast_to(mean, (draws, 8)), variance, block, key=key)
        for f in range(7):
            least = float(laws.moments(grid.law(means[f], 0))[1])
            values, wanted = drawn[:, f + 1], max(scale * gap**2, least)
            fourth = np.mean((values - means[f]) ** 4)
            assert np.max(np.abs(z_scores(values, means[f], wanted, fourth))) < 4, (f, scale)


def test_the_top_up_is_there():
    """E4 (a): v = 0.3 D**2 / 4 at means on the grid gives v; the published code gives 0."""
    mean = np.broadcast_to(np.append(1.5, np.arange(-7, 8) / 64), (200_000, 16))
    v = 0.3 / 64**2 / 4
    drawn = nf.variance_corrected(mean, v, "bfp<8,16>", key=KEY)[:, 1:]
    assert 0.98 < ((drawn - mean[:, 1:]) ** 2).mean() / v < 1.02
    assert (np.abs(drawn * 64 - np.rint(drawn * 64)) == 0).all()


@pytest.mark.parametrize("top", [0.999, 1.001])
def test_one_gap_serves_a_block_that_crosses_a_power_of_two(top):
    """E4 (b): the row's largest mean beside 1, v = D**2: the published code is off by D / 4."""
    random = np.random.default_rng(2)
    mean = np.broadcast_to(np.append(top, random.uniform(-0.9, 0.9, 15)), (200_000, 16))
    gap = float(block_laws.bfp(8).of(mean[0], [1 / 64**2]).gap)
    v = gap**2
    drawn = nf.variance_corrected(mean, v, "bfp<8,16>", key=KEY)
    for error in ((drawn - mean)[:, 0], drawn - mean):
        assert abs(error.mean()) < 0.01 * gap
        assert 0.97 < (error**2).mean() / v < 1.03


def stationary_std(steps: int, coordinates: int, step_size: float) -> float:
    """Of a chain on the standard normal in rows of 16: every 1,000 steps of its last half."""
    theta = np.random.default_rng(5).normal(size=(coordinates // 16, 16))
    theta = nf.quantize(theta, "bfp<8,16>")
    kept = []
    for step in range(steps):
        mean = theta - step_size * theta
        theta = nf.variance_corrected(mean, 2 * step_size, "bfp<8,16>", key=KEY.at(step))
        if 2 * step >= steps and step % 1000 == 0:
            kept.append(theta)
    return float(np.sqrt(np.mean(np.square(kept))))


def test_a_chain_keeps_its_standard_deviation():
    """E4 (c), a quarter of its chains: the published code gives 0.83, rounding alone 1.18."""
    assert abs(stationary_std(60_000, 800, 1e-4) - 1) < 0.06
