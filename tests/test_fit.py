"""Calibration: each method against its definition, tried on every candidate in exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

import numfmt as nf

METHODS = ["absmax", "percentile", "mse", "kl"]
rng = np.random.default_rng(4)
SAMPLES = {
    "normal": rng.normal(size=1200),
    "heavy": rng.standard_t(2, 1200),
    "one outlier": np.r_[rng.normal(size=1200), 60.0],
    "relu": np.maximum(rng.normal(size=1200), 0),
    "sparse": np.where(rng.random(1200) < 0.9, 0, rng.normal(size=1200)),
    "constant": np.full(5, 0.3),
    "small": 1e-30 * rng.normal(size=500),
    "large": 1e30 * rng.normal(size=500),
    "float16": rng.normal(size=500).astype(np.float16),
    "integers": rng.integers(-1000, 400, 500),
    "uint64": rng.integers(0, 2**64, 300, np.uint64),
    "the most negative": np.array([-(2**63), 5]),
    "a tie at the end": np.array([127.5, 1.0]),
    "below the tie": np.array([-128.5, 127.4999]),
}
FAMILIES = ["fixed<8>", "ufixed<8>", "fixed<4>", "fixed<2>", "float<4,3>", "e4m3fn", "e2m1", "e5m2"]


def exact(x, f):
    """The numbers as fractions, negative ones as 0 for an unsigned format."""
    return [Fraction(v) if f.signed else max(Fraction(v), 0) for v in np.ravel(x).tolist()]


def scaled(f, k):
    """The format with another exponent of its scale."""
    name = "fraction_bits" if isinstance(f, nf.Fixed) else "bias"
    return f.replace(**{name: k})


def scale(f):
    """The exponent of a format's scale."""
    return f.fraction_bits if isinstance(f, nf.Fixed) else f.bias


def values(f):
    """Every finite value, as fractions, ascending."""
    return sorted({Fraction(v) for v in f.all_values(dtype=object) if math.isfinite(v)})


def holds(f, numbers):
    """Does no number, rounded to nearest even with no end to the range, leave it?"""
    low, high = values(f)[0], values(f)[-1]
    gaps = values(f)[1] - low, high - values(f)[-2]
    # The ends' codes: a tie beyond goes to the even neighbour.
    even = [int(nf.encode(float(end), f)) % 2 == 0 for end in (low, high)]
    below, above = (Fraction(g) / 2 for g in gaps)
    return all(
        (n > low - below or (n == low - below and even[0]) or low == 0)
        and (n < high + above or (n == high + above and even[1]))
        for n in numbers
    )


def brute_widest(f, numbers):
    """The largest exponent that holds the numbers, tried from fine to coarse."""
    ends = min(numbers), max(numbers)
    reach = max(abs(end) for end in ends)
    start = scale(f) + math.ceil(math.log2(values(f)[-1]) - math.log2(float(reach))) + 3
    return next(k for k in range(start, start - 12, -1) if holds(scaled(f, k), ends))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("x", SAMPLES.values(), ids=SAMPLES)
def test_absmax_is_the_finest_scale_that_holds_all(x, family):
    """One more would overflow by the definition; rounding decides before overflow does."""
    f = nf.fit(x, family)
    assert scale(f) == brute_widest(f, exact(x, f))
    report = nf.Report()
    nf.encode(np.maximum(x, 0) if not f.signed else x, f, overflow="saturate", report=report)
    assert report.overflowed == 0


@pytest.mark.parametrize("percentile", [0.01, 37.5, 99, 99.99, 100])
@pytest.mark.parametrize("x", ["heavy", "one outlier", "integers", "sparse"])
def test_percentile_is_absmax_of_the_clipped(x, percentile):
    """The clip is NumPy's inverted_cdf percentile of the magnitudes."""
    x = SAMPLES[x]
    t = np.percentile(np.abs(x), percentile, method="inverted_cdf")
    clipped = np.clip(x, -t, t)
    expected = nf.fit(clipped, "fixed<8>") if t > 0 else None
    found = nf.fit(x, "fixed<8>", method="percentile", percentile=percentile)
    assert expected is None or found == expected
    assert nf.fit(x, "fixed<8>", method="percentile", percentile=100) == nf.fit(x, "fixed<8>")


def error_of(numbers, f):
    """The exact mean squared error of rounding to the nearest value."""
    grid = np.array(values(f))
    total = Fraction(0)
    for number in numbers:
        place = int(np.searchsorted(grid, number))
        total += min(abs(number - v) for v in grid[max(place - 1, 0) : place + 1]) ** 2
    return total / len(numbers)


@pytest.mark.parametrize(
    "family", ["fixed<5>", "ufixed<4>", "fixed<2>", "e2m1", "e3m2", "float<3,2>"]
)
@pytest.mark.parametrize("x", ["normal", "heavy", "one outlier", "relu", "constant", "integers"])
def test_mse_is_the_best_of_all_scales(x, family):
    """No scale, far beyond the candidates either, has a smaller error in exact fractions."""
    x = SAMPLES[x][-50:]
    f = nf.fit(x, family, method="mse")
    numbers = exact(x, f)
    errors = {k: error_of(numbers, scaled(f, k)) for k in range(scale(f) - 9, scale(f) + 12)}
    best = min(errors.values())
    first = scale(nf.fit(x, family))
    assert scale(f) == min(k for k, error in errors.items() if error == best and k >= first)


def divergence(numbers, f):
    """The docstring's definition of "kl", bin by bin."""
    largest = max(map(abs, numbers))
    counts = [0] * 2048
    for number in numbers:
        counts[min(int(abs(number) / largest * 2048), 2047)] += 1
    inside = max(1, min(2048, int(Fraction(f.max) / largest * 2048)))
    if inside < sum(v >= 0 for v in values(f)):
        return math.inf
    p = counts[:inside]
    p[-1] += sum(counts[inside:])
    groups = {}
    for j in range(inside):
        value = float(
            nf.quantize(float((Fraction(2 * j + 1, 4096)) * largest), f, overflow="saturate")
        )
        groups.setdefault(value, []).append(j)
    q = [Fraction(0)] * inside
    for bins in groups.values():
        filled = [j for j in bins if counts[j]]
        for j in filled:
            q[j] = Fraction(sum(counts[k] for k in bins), len(filled))
    if any(a and not b for a, b in zip(p, q, strict=True)):
        return math.inf
    scale_p, scale_q = sum(p), sum(q)
    return math.fsum(
        a / scale_p * math.log(Fraction(a, scale_p) / (b / scale_q))
        for a, b in zip(p, q, strict=True)
        if a
    )


@pytest.mark.parametrize("family", ["fixed<8>", "ufixed<6>", "e3m2"])
@pytest.mark.parametrize("x", ["normal", "one outlier", "relu", "constant"])
def test_kl_is_the_least_divergence(x, family):
    """Of the candidates from absmax on, the first with the least divergence of histograms."""
    f = nf.fit(SAMPLES[x], family, method="kl")
    first = scale(nf.fit(SAMPLES[x], family))
    found = {k: divergence(exact(SAMPLES[x], f), scaled(f, k)) for k in range(first, first + 8)}
    least = min(found.values())
    assert least < math.inf
    assert found[scale(f)] <= least + 1e-12
    assert all(found[k] > least for k in range(first, scale(f)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", ["fixed<8>", "ufixed<6>", "e4m3fn"])
def test_the_scale_follows_the_numbers(family, method):
    """Twice the numbers: one bit less.  Order, shape, dtype and copies of them do not matter."""
    x = SAMPLES["heavy"].astype(np.float32)
    f = nf.fit(x, family, method=method)
    assert scale(nf.fit(4 * x, family, method=method)) == scale(f) - 2
    assert nf.fit(np.sort(x)[::-1].reshape(60, 20).T, family, method=method) == f
    assert nf.fit(x.astype(np.float64), family, method=method) == f
    assert nf.fit(np.r_[x, x], family, method=method) == f


def test_families_have_several_spellings():
    """A class with a width, a bare name, a width alone, a whole format: modes are kept."""
    x = [0.3, -1.7]
    expected = nf.Fixed(8, 6)
    for family, more in (("fixed<8>", {}), ("fixed:8", {}), (nf.Fixed, {"width": 8}), ("q7", {})):
        assert nf.fit(x, family, **more) == expected
    assert nf.fit(x, "fixed", width=8, signed=False) == nf.fit(x, "ufixed<8>")
    assert nf.fit(x, "ap_fixed<8,4>") == nf.parse("ap_fixed<8,2>")
    assert nf.fit(x, nf.Float(2, 3)).bias == nf.fit(x, "float<2,3>").bias


def test_zeros_leave_the_family_as_it_is():
    """Nothing to choose by: fixed point gets no fraction bits, a format stays."""
    for method in METHODS:
        assert nf.fit([0.0, -0.0], "fixed<8>", method=method) == nf.Fixed(8, 0)
        assert nf.fit([-1.0, 0.0], "ufixed<8>", method=method) == nf.Fixed(8, 0, signed=False)
        assert nf.fit(0, "e4m3fn", method=method) == nf.parse("e4m3fn")


def test_numbers_beyond_every_scale_take_the_last_one():
    """The range of fraction bits ends; so does the choice."""
    assert nf.fit(5e-324, "fixed<8>").fraction_bits == 1074
    assert nf.fit(1.7e308, "fixed<2>").fraction_bits == -1023
    assert nf.fit(1e308, "float<2,1>").max >= 1e308


WRONG = {
    "NaN": (([1, math.nan], "fixed<8>"), {}, nf.NanError, r"x\[1\] = nan"),
    "infinity": (([[1, -math.inf]], "fixed<8>"), {}, nf.RangeError, r"x\[0, 1\] = -inf"),
    "empty": (([], "fixed<8>"), {}, nf.ShapeError, "no number"),
    "complex": (([1j], "fixed<8>"), {}, nf.DtypeError, "complex"),
    "no scale": (([1], "posit<8,2>"), {}, nf.FormatError, "posit.*scale"),
    "a class without scale": (([1], nf.Posit), {}, nf.FormatError, "Posit.*scale"),
    "a class without fields": (([1], nf.Float), {}, nf.FormatError, "Float.*scale"),
    "no width": (([1], nf.Fixed), {}, nf.FormatError, "width"),
    "two widths": (([1], "fixed<8>"), {"width": 8}, nf.FormatError, "width"),
    "width twice": (([1], "e4m3fn"), {"width": 8}, nf.FormatError, "says it already"),
    "width 65": (([1], "fixed<65>"), {}, nf.FormatError, "64"),
    "sign twice": (([1], "ufixed<8>"), {"signed": True}, nf.FormatError, "signed"),
    "unknown method": (([1], "fixed<8>"), {"method": "mean"}, nf.NumfmtError, "mse"),
    "percentile 0": (
        ([1], "fixed<8>"),
        {"method": "percentile", "percentile": 0},
        nf.NumfmtError,
        "100",
    ),
    "idle percentile": (([1], "fixed<8>"), {"percentile": 50}, nf.NumfmtError, "method"),
}


@pytest.mark.parametrize(("given", "more", "error", "named"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named(given, more, error, named):
    """Each is an error that says what it was and what is allowed."""
    with pytest.raises(error, match=named):
        nf.fit(*given, **more)


def test_scales_beyond_float64_are_candidates_too():
    """A format whose largest value is no double does not stop the search."""
    assert float(nf.fit([1e308], "fixed<8>", method="mse").max) >= 1e308


def test_a_format_without_zero_is_refused():
    """E8M0 has nothing that a zero could become."""
    with pytest.raises(nf.FormatError, match="zero"):
        nf.fit([0.0, 1.0], "e8m0")
