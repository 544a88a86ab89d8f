"""Distances between laws against SciPy, closed forms and brute force."""

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

import lp_sampler as lps
import numfmt as nf
from lp_sampler import diagnostics
from lp_sampler.diagnostics import _stein

RANDOM = np.random.default_rng(62)
FIXED = nf.parse("fixed<8,3>")


@pytest.mark.parametrize("sizes", [(40, 40), (40, 120), (37, 101)], ids=str)
def test_wasserstein1_is_scipys(sizes):
    """Equal, multiple and coprime numbers of draws."""
    a, b = RANDOM.normal(size=sizes[0]), 1 + 2 * RANDOM.normal(size=sizes[1])
    expected = stats.wasserstein_distance(a, b)
    assert diagnostics.wasserstein1(a, b) == pytest.approx(expected, rel=1e-12)
    assert diagnostics.wasserstein1(b, a) == pytest.approx(expected, rel=1e-12)


def test_wasserstein2_is_the_best_pairing():
    """Of all pairings of five numbers with five others none is nearer."""
    a, b = RANDOM.normal(size=5), RANDOM.normal(size=5)
    best = min(np.mean((a - b[list(order)]) ** 2) for order in itertools.permutations(range(5)))
    assert diagnostics.wasserstein2(a, b) == pytest.approx(np.sqrt(best), rel=1e-12)


def test_a_set_without_numbers_is_an_error():
    """There is no law of nothing."""
    with pytest.raises(lps.SamplerError, match="draws"):
        diagnostics.wasserstein2([], [1.0])


def test_sliced_distance_of_a_shift_and_of_a_lost_correlation():
    """A shift's mean square over directions is |shift|^2 / size; equal marginals do not hide a
    wrong correlation, whose closed form for a direction is |s1 - s2|."""
    draws = RANDOM.normal(size=(2, 3000, 3))
    shift = np.array([3.0, 0.0, -1.0])
    found = diagnostics.sliced_wasserstein2(draws, draws + shift, directions=400)
    projections = RANDOM.normal(size=(100_000, 3))
    projections /= np.linalg.norm(projections, axis=1, keepdims=True)
    spread = np.std((projections @ shift) ** 2) / np.sqrt(400)
    assert abs(found**2 - shift @ shift / 3) < 4 * spread
    twins = np.repeat(draws[:, :, :1], 3, axis=2)
    deviations = np.abs(projections.sum(axis=1))  # of the projected twins; of the draws it is 1
    expected = np.sqrt(np.mean((deviations - 1) ** 2))
    found = diagnostics.sliced_wasserstein2(twins, draws, directions=400)
    assert found == pytest.approx(expected, rel=0.1)  # 400 directions, 6,000 draws
    assert found == diagnostics.sliced_wasserstein2(twins, draws, directions=400)


def test_sliced_distance_of_one_parameter_is_the_distance():
    """In one dimension every direction is the same."""
    a, b = RANDOM.normal(size=(1, 30, 1)), RANDOM.normal(size=(1, 50, 1))
    assert diagnostics.sliced_wasserstein2(a, b, directions=3) == pytest.approx(
        diagnostics.wasserstein2(a, b), rel=1e-12
    )


def test_lattice_divergence_is_scipys():
    """Of draws from a distribution function, and of two sets of draws, on the cells by hand."""
    draws = nf.quantize(RANDOM.normal(size=(1, 5000, 1)), FIXED)
    points = diagnostics.grid_points(FIXED)
    counts = (draws.ravel()[:, None] == points).sum(axis=0)
    masses = stats.norm.cdf(points + 1 / 16) - stats.norm.cdf(points - 1 / 16)
    expected = stats.entropy(counts, masses)
    assert diagnostics.lattice_kl(draws, stats.norm.cdf, FIXED)[0] == pytest.approx(expected)
    others = nf.quantize(1.2 * RANDOM.normal(size=(2, 3000, 1)), FIXED)
    theirs = (others.ravel()[:, None] == points).sum(axis=0)
    more = 0.5 * (counts + theirs > 0)
    expected = stats.entropy(counts + more, theirs + more)
    assert diagnostics.lattice_kl(draws, others, FIXED)[0] == pytest.approx(expected)


def test_lattice_divergence_of_the_target_is_its_noise():
    """(cells - 1) / (2 draws) within 30%, and far more for a law that is 20% too wide."""
    draws = nf.quantize(RANDOM.normal(size=(40, 2000, 1)), FIXED)
    found = np.mean([diagnostics.lattice_kl(one[None], stats.norm.cdf, FIXED) for one in draws])
    cells = np.mean([len(np.unique(one)) for one in draws])
    assert found == pytest.approx((cells - 1) / 4000, rel=0.3)
    wide = nf.quantize(1.2 * RANDOM.normal(size=(1, 2000, 1)), FIXED)
    assert diagnostics.lattice_kl(wide, stats.norm.cdf, FIXED) > 3 * found


def test_occupancy_counts_points():
    """Used and visited points and the entropy, by counting values."""
    draws = nf.quantize(RANDOM.normal(size=(3, 400, 2)) * [0.2, 1.0], FIXED)
    found = diagnostics.grid_occupancy(draws, FIXED)
    for i in range(2):
        values, counts = np.unique(draws[:, :, i], return_counts=True)
        assert found.used[i] == len(values)
        assert found.visited[i] == round((values.max() - values.min()) * 8) + 1
        assert found.entropy[i] == pytest.approx(stats.entropy(counts, base=2))


@pytest.mark.parametrize("format", ["binary32", "bfp<8,4>"])
def test_a_grid_that_cannot_be_listed_is_an_error(format):
    """Wide formats and blocks are refused by name."""
    with pytest.raises(lps.SamplerError, match=r"at most 16 bits.*" + format.split("<")[0]):
        diagnostics.grid_occupancy(np.zeros((1, 4, 2)), nf.parse(format))


def test_lattice_floor():
    """gap / sqrt(12) / sigma on a uniform grid, 0 in binary32, NaN on others."""
    reference = RANDOM.normal(size=(4, 100, 2)) * [1, 2]
    expected = np.mean(0.125 / np.sqrt(12) / reference.std(axis=(0, 1)))
    assert diagnostics.lattice_floor(FIXED, reference) == pytest.approx(expected)
    assert diagnostics.lattice_floor(nf.parse("binary32"), reference) == 0
    assert np.isnan(diagnostics.lattice_floor(nf.parse("e4m3fn"), reference))
    assert np.isnan(diagnostics.lattice_floor(nf.parse("bfp<8,4>"), reference))


def kernel(x, y):
    """The inverse multiquadric kernel of two points."""
    return (1 + np.sum((x - y) ** 2)) ** -0.5


def test_stein_kernel_is_the_operator_by_differences():
    """Both derivatives of the kernel, taken numerically, pair by pair."""
    x, y = RANDOM.normal(size=(3, 2)), RANDOM.normal(size=(4, 2))
    x_slopes, y_slopes = RANDOM.normal(size=(3, 2)), RANDOM.normal(size=(4, 2))
    found, step = _stein.stein_kernel(x, x_slopes, y, y_slopes), 1e-4
    for i, j in itertools.product(range(3), range(4)):
        a, b, p, q = x[i], y[j], x_slopes[i], y_slopes[j]
        expected = p @ q * kernel(a, b)
        for unit in step * np.eye(2):
            along_a = (kernel(a + unit, b) - kernel(a - unit, b)) / (2 * step)
            along_b = (kernel(a, b + unit) - kernel(a, b - unit)) / (2 * step)
            mixed = kernel(a + unit, b + unit) - kernel(a + unit, b - unit)
            mixed += kernel(a - unit, b - unit) - kernel(a - unit, b + unit)
            expected += unit @ p / step * along_b + unit @ q / step * along_a
            expected += mixed / (4 * step**2)
        assert found[i, j] == pytest.approx(expected, abs=1e-6)


def test_the_target_has_no_discrepancy():
    """Stein's identity: the kernel's mean over the target is 0 at any point, by quadrature."""
    at = np.array([[0.7]])

    def weighted(y):
        other = np.array([[y]])
        return stats.norm.pdf(y) * _stein.stein_kernel(at, -at, other, -other).item()

    assert abs(quad(weighted, -12, 12)[0]) < 1e-8


def test_ksd_sees_what_is_wrong():
    """A wrong width or place shows against exact draws; pieces and units do not change it."""
    target = lps.targets.Gaussian([0.0, 0.0], [1.0, 10.0])
    exact = RANDOM.normal(size=(2, 600, 2)) * [1.0, 10.0]
    right = diagnostics.ksd(exact, target, scale=[1.0, 10.0])
    assert right < 3 * np.sqrt(2 / 1200)
    for wrong in (1.5 * exact, exact + np.array([0.5, 0.0])):
        assert diagnostics.ksd(wrong, target, scale=[1.0, 10.0]) > 3 * right
    same = diagnostics.ksd(exact / [1, 10], lps.targets.Gaussian(size=2))
    assert right == pytest.approx(same, rel=1e-9)
    with pytest.raises(lps.SamplerError, match="scale"):
        diagnostics.ksd(exact, target, scale=0.0)


def test_ksd_takes_draws_evenly():
    """At most `most` of them, the first and the last among them."""
    draws = RANDOM.normal(size=(1, 101, 1))
    target = lps.targets.Gaussian()
    assert diagnostics.ksd(draws, target, most=11) == pytest.approx(
        diagnostics.ksd(draws[:, ::10], target), rel=1e-12
    )
