"""Where the variance is large on grids whose gaps differ: how much of it a Gaussian brings."""

import numpy as np
import pytest
from grids import IRRATIONAL, TABLE, UNEVEN, nested_of

import numfmt as nf


@pytest.mark.parametrize("format", [*UNEVEN, *IRRATIONAL, TABLE])
def test_the_gaussian_leaves_what_the_widest_gap_gives(format):
    """Beyond a quarter of the squared widest gap within 8 standard deviations a Gaussian comes."""
    grid, rng = nested_of(format), np.random.default_rng(5)
    points = np.array([float(value) for value in grid.values])
    places = np.r_[rng.integers(0, points.size - 1, 120), np.flatnonzero(points == 0)]
    places = np.minimum(places, points.size - 2)
    gap = points[places + 1] - points[places]
    mean = points[places] + gap * rng.choice([0.1, 0.45, 0.8], places.size)
    variance = gap**2 * rng.choice([0.2, 0.26, 1, 30], places.size)
    values, probabilities = nf.variance_corrected_law(mean, variance, format)
    for i in range(mean.size):
        own = variance[i]
        if grid.takes_a_gaussian(mean[i], variance[i]):
            own = float(grid.widest_gap(mean[i], variance[i])) ** 2 / 4
        law = grid.law(mean[i], own)
        got = {float(v): p for v, p in zip(values[i], probabilities[i], strict=True) if p > 0}
        expected = {float(v): float(p) for v, p in law.items()}
        assert all(abs(got.get(v, 0) - p) < 1e-9 for v, p in expected.items()), (mean[i], own)


@pytest.mark.parametrize("width", [62, 63, 64])
def test_the_widest_takums_have_a_law(width):
    """Regimes are counted without leaving 64 bits."""
    got = nf.variance_corrected([1.3], [1.0], f"takum_log{width}", key=nf.Key(1))
    assert abs(got[0] - 1.3) < 8
