"""Variance-corrected rounding: the exact law, element by element, and the moments it promises."""

from __future__ import annotations

import itertools
from fractions import Fraction

import laws
import numpy as np
import pytest
from grids import E3_GRIDS, IRRATIONAL, LATTICES, TABLE, UNEVEN, lattice_of, nested_of

import numfmt as nf
from numfmt import _core

KEY = nf.Key(20)


def grid_cases(format):
    """Means and variances that cover E3's 7 x 7 grid, grid points, ends and beyond."""
    f = nf.parse(format)
    gap, low, high = float(f.smallest_positive), float(f.min), float(f.max)
    fractions = np.array([0, 1 / 64, 0.2, 0.5, 0.7, 15 / 16, 1])
    starts = [low, high - gap, high, 0, low - 3 * gap, high + 2 * gap, gap * 2]
    means = np.add.outer(starts, fractions * gap).ravel()
    variances = np.array([0, 1e-4, 0.03, 0.1, 0.2, 0.25, 0.3, 1, 40]) * gap**2
    return tuple(np.array(list(itertools.product(means, variances))).T)


def words_of(key, n):
    """For uniform number 0 and 1: the words of each element, first to last."""
    draws = [(0, 4, 6), (1, 5, 7)]
    return [np.array([nf.random_bits(key, n, draw=d) for d in which]).T for which in draws]


def lattice_outcomes(format, mean, variance, key):
    """What the definition gives for each element's words."""
    grid, n = lattice_of(format), mean.size
    own = float(grid.own)
    gaussian = nf.gaussian(key, n, draw=2)
    inside = np.clip(mean, float(grid.low), float(grid.high))
    x = inside + np.sqrt(np.maximum(variance - own, 0)) * gaussian
    first, second = words_of(key, n)
    return [grid.draw(*case) for case in zip(mean, variance, x, first, second, strict=True)]


def nested_outcomes(format, mean, variance, key):
    """What the definition gives for each element's words."""
    grid = nested_of(format)
    first, second = words_of(key, mean.size)
    return [grid.draw(*case) for case in zip(mean, variance, first, second, strict=True)]


def assert_outcomes(format, mean, variance, key, method, expected):
    """Values and counters equal those expected."""
    report = nf.Report()
    got = nf.variance_corrected(mean, variance, format, key=key, method=method, report=report)
    wanted = np.array([float(value) for value, _, _ in expected])
    wrong = np.flatnonzero(got != wanted)
    assert wrong.size == 0, [(mean[i], variance[i], got[i], wanted[i]) for i in wrong[:5]]
    assert report.count == mean.size
    assert report.saturated == sum(saturated for _, saturated, _ in expected)
    assert report.infeasible == sum(infeasible for _, _, infeasible in expected)


@pytest.mark.parametrize("format", LATTICES)
def test_paper_method_draws_what_its_definition_gives(format):
    """On uniform grids every outcome is the one that the element's words decide, exactly."""
    mean, variance = (np.repeat(part, 12) for part in grid_cases(format))
    expected = lattice_outcomes(format, mean, variance, KEY)
    assert_outcomes(format, mean, variance, KEY, "paper", expected)


def nested_cases(format):
    """Means all over the range, and variances below what brings a Gaussian in."""
    f, rng = nf.parse(format), np.random.default_rng(3)
    values = nested_of(format).values
    points = np.array([float(v) for v in values])
    mean = np.concatenate([points, rng.choice(points, 800) * rng.uniform(0.2, 1.1, 800)])
    mean = np.concatenate([mean, [float(f.max) * 1.5, float(f.min) - 1]])
    cell = np.clip(np.searchsorted(points, mean, side="right") - 1, 0, points.size - 2)
    gap = points[cell + 1] - points[cell]
    return mean, (gap**2 / 4) * rng.choice([0, 1e-3, 0.2, 0.7, 0.999, 1], mean.size)


@pytest.mark.parametrize("format", [*UNEVEN, *IRRATIONAL])
@pytest.mark.parametrize("method", ["paper", "one_shot"])
def test_nested_pairs_draw_what_their_definition_gives(format, method):
    """On other grids every outcome is the one that the element's words decide, exactly."""
    mean, variance = nested_cases(format)
    expected = nested_outcomes(format, mean, variance, KEY)
    assert_outcomes(format, mean, variance, KEY, method, expected)


@pytest.mark.parametrize("format", LATTICES)
def test_one_shot_is_the_nested_pair_law_on_a_uniform_grid(format):
    """Without a Gaussian (variance up to a quarter of the squared gap) one_shot is nested pairs."""
    mean, variance = (np.repeat(part, 4) for part in grid_cases(format))
    few = variance <= float(lattice_of(format).own)
    expected = nested_outcomes(format, mean[few], variance[few], KEY)
    assert_outcomes(format, mean[few], variance[few], KEY, "one_shot", expected)


def undecided(words, near):
    """Probabilities that agree with each word's 32 bits and then have `near` of the next cell."""
    return (words.astype(np.float64) + near) / 2.0**32


@pytest.mark.parametrize("near", [0.0, 2**-20, 0.3, 0.999, 1.0])
def test_undecided_first_words_are_settled_exactly(near):
    """Means made from the element's own word, so that it alone never decides, are exact too."""
    n, format, gap = 300, "fixed<8,3>", 0.125
    first, second = (words[:, 0] for words in words_of(KEY, n))
    mean = gap * (1 - undecided(first, near))
    assert_outcomes(
        format, mean, zero := np.zeros(n), KEY, "paper", lattice_outcomes(format, mean, zero, KEY)
    )
    variance = gap**2 * np.minimum(2 * undecided(second, near), 0.25)
    variance = np.where(second < 2**29, variance, gap**2 / 8)
    mean = np.zeros(n)
    assert_outcomes(
        format, mean, variance, KEY, "paper", lattice_outcomes(format, mean, variance, KEY)
    )


@pytest.mark.parametrize("near", [2**-10, 0.3, 0.999])
def test_undecided_words_after_a_gaussian_are_settled_exactly(near):
    """The same where the Gaussian comes first."""
    n, format, gap = 300, "fixed<8,3>", 0.125
    first = words_of(KEY, n)[0][:, 0]
    variance = np.full(n, gap**2)
    rest = 0.5 - np.sqrt(np.minimum(2 * undecided(first, near), 1))
    x = gap * np.where(first < 2**31, rest, -rest)
    mean = x - np.sqrt(variance - gap**2 / 4) * nf.gaussian(KEY, n, draw=2)
    assert_outcomes(
        format, mean, variance, KEY, "paper", lattice_outcomes(format, mean, variance, KEY)
    )


@pytest.mark.parametrize("near", [0.0, 2**-20, 0.3, 0.999])
def test_undecided_words_of_nested_pairs_are_settled_exactly(near):
    """Pairs and ends whose probabilities agree with the element's words are chosen exactly."""
    n, format = 300, "e4m3fn"
    first, second = (words[:, 0] for words in words_of(KEY, n))
    mean = 1 + 0.125 * undecided(second, near)
    variance = np.full(n, 0.125**2 / 4)
    assert_outcomes(
        format, mean, variance, KEY, "paper", nested_outcomes(format, mean, variance, KEY)
    )
    mean, inner, outer = np.full(n, 1.03125), 0.03125 * 0.09375, 0.09375**2
    variance = inner + (outer - inner) * undecided(first, near)
    few = variance < 0.125**2 / 4
    wanted = nested_outcomes(format, mean[few], variance[few], KEY)
    assert_outcomes(format, mean[few], variance[few], KEY, "paper", wanted)


def test_extreme_magnitudes_follow_the_definition():
    """Numbers whose scaling would underflow or overflow double still give the exact law."""
    tiny, n = 5e-324, 64
    mean = np.repeat([0.0, tiny, -tiny, 1e300, -1e300, 1e-200], n)
    variance = np.tile([0.0, tiny, 1e-310, 1e-3], mean.size // 4)
    for format in ("fixed<8,3>", "fixed<30,-20>", "fixed<16,380>"):
        expected = lattice_outcomes(format, mean, variance, KEY)
        assert_outcomes(format, mean, variance, KEY, "paper", expected)


@pytest.mark.parametrize("format", ["fixed<52,40>", "fixed<53,-300>", "fixed<20,1000>"])
def test_grids_beyond_the_fast_loop_follow_the_definition(format):
    """Wide words and extreme scales, which the vector loop leaves alone, give the exact law."""
    mean, variance = grid_cases(format)
    variance = np.minimum(variance, float(lattice_of(format).own))
    expected = lattice_outcomes(format, mean, variance, KEY)
    assert_outcomes(format, mean, variance, KEY, "paper", expected)


@pytest.mark.parametrize("format", ["fixed<8,3>", "e4m3fn", "posit<8,1>", *E3_GRIDS])
def test_law_has_the_mean_and_variance_asked_for(format):
    """E3: enumerated as fractions the probabilities lie in [0, 1] and give mean and variance."""
    grid = lattice_of(format) if format.startswith("fixed") else nested_of(format)
    means = [0.1 + 0.125 * k / 7 for k in range(7)]
    variances = [Fraction(k, 7) / 256 for k in range(7)]
    for mean, variance in itertools.product(means, variances):
        law = grid.law(mean, variance)
        got_mean, got_variance = laws.moments(law)
        least = laws.moments(grid.law(mean, 0))[1]
        assert all(0 <= p <= 1 for p in law.values())
        assert got_mean == Fraction(mean)
        assert got_variance == max(variance, least)


@pytest.mark.parametrize("format", ["fixed<8,3>", "ufixed<6,2>", *UNEVEN, *IRRATIONAL])
def test_reported_law_is_the_law(format):
    """variance_corrected_law gives the definition's values and, in double, probabilities."""
    is_lattice = "fixed" in format
    mean, variance = grid_cases(format) if is_lattice else nested_cases(format)
    grid = lattice_of(format) if is_lattice else nested_of(format)
    keep = variance <= float(grid.own) if is_lattice else np.ones(mean.size, bool)
    mean, variance = mean[keep], variance[keep]
    values, probabilities = nf.variance_corrected_law(mean, variance, format)
    for i in range(mean.size):
        law = grid.law(mean[i], variance[i])
        got = {float(v): p for v, p in zip(values[i], probabilities[i], strict=True) if p > 0}
        expected = {float(v): float(p) for v, p in law.items() if p > 2**-52}
        assert all(abs(got.get(v, 0) - p) < 2**-48 for v, p in expected.items())
        assert abs(sum(got.values()) - 1) < 2**-50


def z_scores(values, mean, variance, fourth):
    """How many standard errors the sample's mean and second moment about `mean` are off."""
    n = values.size
    error = np.mean((values - mean) ** 2) - variance
    spread = np.sqrt(max(fourth - variance**2, 0) / n)
    return (values.mean() - mean) / np.sqrt(variance / n), error / spread if error else 0.0


@pytest.mark.parametrize(
    ("format", "method", "draws", "start", "gap"),
    [
        ("fixed<8,3>", "paper", 500_000, 1.25, 0.125),
        ("fixed<8,3>", "one_shot", 500_000, 1.25, 0.125),
        ("e4m3fn", "paper", 500_000, 1.25, 0.125),
        ("posit<8,1>", "paper", 500_000, 1.25, 0.125),
        ("takum8", "paper", 200_000, 1.25, 0.125),
        ("pow2<6>", "paper", 100_000, 1, 1),
        (TABLE, "paper", 200_000, 1, 0.5),
    ],
)
def test_draws_have_the_mean_and_variance_asked_for(format, method, draws, start, gap):
    """E3: mean and variance agree by z-score, for 7 variances and 7 means; `lp-sampler reproduce`
    draws 2,000,000 a cell."""
    call = 0
    for f, scale in itertools.product(range(7), (0.26, 0.28, 0.5, 1, 3, 10, 100)):
        mean, variance = start + gap * f / 7, scale * gap**2
        key = KEY.at(call := call + 1)
        values = nf.variance_corrected(
            np.full(draws, mean), variance, format, key=key, method=method
        )
        fourth = np.mean((values - mean) ** 4)
        assert np.max(np.abs(z_scores(values, mean, variance, fourth))) < 4, (f, scale)


@pytest.mark.parametrize("scale", [1 / 8, 1 / 4])
def test_mean_beyond_an_end_is_pulled_inside_symmetrically(scale):
    """E5: E[theta] - U = -v / (2 D) above the range, the mirror image below (method paper)."""
    gap, draws, f = 0.125, 2_000_000, nf.parse("fixed<8,3>")
    variance = scale * gap**2
    p = variance / (2 * gap**2)
    for side, mean in ((-1, f.max + 2 * gap), (1, f.min - 2 * gap)):
        values = nf.variance_corrected(np.full(draws, mean), variance, f, key=KEY.at(side + 7))
        moved = np.mean(values - (f.max if side < 0 else f.min))
        assert abs(moved - side * variance / (2 * gap)) / (gap * np.sqrt(p * (1 - p) / draws)) < 4


@pytest.mark.parametrize("format", ["fixed<8,3>", "e4m3fn", "posit<8,1>"])
def test_nested_pairs_give_the_end_surely_beyond_it(format):
    """E5: one_shot and nested pairs map a mean at or beyond an end to that end, and count it."""
    f, report = nf.parse(format), nf.Report()
    for mean, end in ((f.max, f.max), (f.max * 1.1, f.max), (f.min * 1.1, f.min)):
        values = nf.variance_corrected(
            np.full(500, float(mean)), 1e-3, f, key=KEY, method="one_shot", report=report
        )
        assert (values == end).all()
    assert report.saturated == report.count == 1500


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("format", ["fixed<8,3>", "fixed<12,-3>", "e4m3fn", "posit<16,1>"])
def test_instruction_set_never_changes_a_draw(isa, format):
    """Every kernel gives the bits of the scalar one, whatever the piece it starts at."""
    rng = np.random.default_rng(8)
    mean = rng.normal(0, 3, 1000).astype(np.float32)
    variance = rng.choice([1e-5, 4e-3, 1.0, 50.0], 1000)
    with _core.forced_isa("scalar"):
        expected = nf.variance_corrected(mean, variance, format, key=KEY)
    with _core.forced_isa(isa):
        got = nf.variance_corrected(mean, variance, format, key=KEY)
        piece = nf.variance_corrected(
            mean[37:500], variance[37:500], format, key=KEY.at(0, first=37)
        )
    assert got.dtype == np.float32
    assert (got == expected).all()
    assert (piece == expected[37:500]).all()


def test_wide_formats_finish_quickly_near_zero():
    """Where millions of values lie between mean and pair, the search skips them."""
    mean = np.array([1e-10, -1e-10, 3e-7, 1e-3, 0.0, -1e-38])
    for format in ("binary32", "posit<32,2>", nf.Float(8, 23, signed=False)):
        for variance in (1e-9, 1e-12, 1e-20):
            values, probabilities = nf.variance_corrected_law(np.abs(mean), variance, format)
            assert (np.abs(probabilities.sum(-1) - 1) < 2**-50).all()
            got = (values * probabilities).sum(-1)
            assert (np.abs(got - np.abs(mean)) <= 2**-40 * np.maximum(np.abs(mean), variance)).all()


REFUSED = [
    ({"mean": [np.nan], "variance": 0.1}, nf.NanError, r"mean\[0\] = nan"),
    ({"mean": [np.inf], "variance": 0.1}, nf.RangeError, r"mean\[0\] = inf"),
    ({"mean": [0.0, 1.0], "variance": [0.1, -0.1]}, nf.RangeError, r"variance\[1\] = -0.1"),
    ({"mean": [0.0], "variance": np.nan}, nf.NanError, "variance = nan"),
    ({"mean": [0.0, 1.0], "variance": [0.1, 0.2, 0.3]}, nf.ShapeError, "broadcast"),
    ({"mean": [0.0], "variance": 0.1, "key": 3}, nf.RandomError, "numfmt.Key"),
    ({"mean": [0.0], "variance": 0.1, "method": "papre"}, nf.NumfmtError, "paper"),
    ({"mean": [0.0], "variance": 0.1, "format": "posit<64,5>"}, nf.DtypeError, "float64"),
    (
        {"mean": [0.0], "variance": 0.1, "format": "fixed<32,3>", "dtype": "f4"},
        nf.DtypeError,
        "float64 can",
    ),
    ({"mean": np.zeros(2, np.float16), "variance": 0.1}, nf.DtypeError, "float16"),
    ({"mean": ["x"], "variance": 0.1}, nf.DtypeError, "mean"),
]


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED)
def test_wrong_arguments_are_refused(changes, error, message):
    """Each wrong argument gives one error that names it."""
    arguments = {"format": "fixed<8,3>", "key": KEY, **changes}
    with pytest.raises(error, match=message):
        nf.variance_corrected(**arguments)


def test_scalars_and_empty_arrays_work():
    """Scalars give a scalar, empty arrays an empty array, and shapes broadcast."""
    assert isinstance(nf.variance_corrected(0.25, 0.0, "fixed<8,3>", key=KEY), np.float64)
    assert nf.variance_corrected(np.empty((0, 3)), 0.1, "fixed<8,3>", key=KEY).shape == (0, 3)
    wide = nf.variance_corrected(np.zeros((3, 1)), np.full(4, 0.01), "fixed<8,3>", key=KEY)
    assert wide.shape == (3, 4)
