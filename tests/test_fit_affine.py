"""Scales and zero points chosen by numbers, each method against its definition."""

from fractions import Fraction

import numpy as np
import pytest

import numfmt as nf

rng = np.random.default_rng(9)
X = rng.normal(loc=0.7, size=(4, 30)) * np.array([[1], [10], [0.01], [0]])
HEAVY = np.r_[rng.standard_t(2, 3000), 90.0]


def minmax(row, lowest, highest):
    """PyTorch's min-max observer, in fractions but for the last roundings."""
    low, high = min(Fraction(0), Fraction(min(row))), max(Fraction(0), Fraction(max(row)))
    scale = np.float32(float((high - low) / (highest - lowest))) or np.float32(1)
    return float(scale), lowest - round(low / Fraction(float(scale)))


@pytest.mark.parametrize("method", ["absmax", "minmax"])
@pytest.mark.parametrize("family", ["affine<8>", "uaffine<8>", "affine<4>"])
def test_minmax_is_that_of_an_observer(family, method):
    """For the tensor and each row; 0 is exact, and at most half a step is clipped."""
    for axis, rows in ((None, X.reshape(1, -1)), (0, X)):
        f = nf.fit(X, family, method=method, channel_axis=axis)
        lowest, highest = f._integers
        wanted = [minmax(row, lowest, highest) for row in rows.tolist()]
        assert f.scales.reshape(-1).tolist() == pytest.approx([s for s, _ in wanted], rel=1e-7)
        assert f.zero_points.reshape(-1).tolist() == [z for _, z in wanted]
        error = np.abs(nf.quantize(X, f) - X)
        steps = f.scales.reshape(-1, 1) if axis == 0 else f.scales
        assert np.all(error <= steps * 1.001)


@pytest.mark.parametrize("family", ["affine<8>", "uaffine<8>"])
def test_symmetric_scales_have_a_fixed_zero_point(family):
    """absmax over the largest integer; the zero point is that of 0."""
    f = nf.fit(X, family, symmetric=True, channel_axis=0)
    assert set(f.zero_points.tolist()) == ({0} if family == "affine<8>" else {128})
    wanted = np.float32(np.abs(X).max(axis=1) / 127)
    assert np.array_equal(f.scales, np.where(wanted == 0, 1, wanted))


def test_powers_of_two_are_the_smallest_that_hold():
    """Half of one would clip more than half a step."""
    f = nf.fit(X[:3], "affine<8>", symmetric=True, power_of_two=True, channel_axis=0)
    wide = np.abs(X[:3]).max(axis=1) / 127
    assert np.all(np.frexp(f.scales)[0] == 0.5)
    assert np.all((f.scales >= wide) & (f.scales / 2 < wide))
    assert nf.fit([127 * 0.25], "affine<8>", symmetric=True, power_of_two=True).scale == 0.25


def test_groups_have_scales_of_their_own():
    """Shaped like the array; a shorter last group, and an axis that is not the last."""
    for axis in (0, 1, -1):
        f = nf.fit(X, "affine<8>", channel_axis=axis, group_size=7)
        assert f.scales.shape == ((1, 30) if axis == 0 else (4, 5))
        assert (f.channel_axis, f.group_size) == (axis, 7)
    last = nf.fit(X[1, 28:], "affine<8>")
    assert (f.scales[1, 4], f.zero_points[1, 4]) == (last.scale, last.zero_point)


@pytest.mark.parametrize("percentile", [50, 99, 100])
def test_percentile_is_absmax_of_the_clipped(percentile):
    """By rank of the magnitude, each row by its own."""
    f = nf.fit(X, "affine<8>", method="percentile", percentile=percentile, channel_axis=0)
    limit = np.percentile(np.abs(X), percentile, method="inverted_cdf", axis=1, keepdims=True)
    assert f == nf.fit(np.clip(X, -limit, limit), "affine<8>", channel_axis=0)


@pytest.mark.parametrize("options", [{}, {"symmetric": True}, {"power_of_two": True}], ids=str)
def test_mse_is_the_best_of_the_shrunken_ranges(options):
    """Every candidate is tried here again, one by one."""
    f = nf.fit(HEAVY, "affine<6>", method="mse", **options)
    low, high = min(HEAVY.min(), 0), max(HEAVY.max(), 0)
    parts = [2.0**-j for j in range(32)] if "power_of_two" in options else np.arange(64, 0, -1) / 64
    tried = [nf.fit([low * part, high * part], "affine<6>", **options) for part in parts]
    errors = [np.mean((nf.quantize(HEAVY, g) - HEAVY) ** 2) for g in tried]
    assert f == tried[int(np.argmin(errors))]
    assert f.scale < nf.fit(HEAVY, "affine<6>", **options).scale or "power_of_two" in options
    both = nf.fit(
        np.stack([HEAVY, HEAVY / 3]), "affine<6>", method="mse", channel_axis=0, **options
    )
    assert both.scales[0] == f.scale


def test_kl_clips_an_outlier():
    """As for fixed point, of a symmetric range; each row by its own numbers."""
    x = np.random.default_rng(1).standard_t(3, 100_000)
    f = nf.fit(x, "affine<8>", method="kl", symmetric=True)
    assert f.scale < nf.fit(x, "affine<8>", symmetric=True).scale / 2
    rows = nf.fit(np.stack([x, 0 * x]), "affine<8>", method="kl", symmetric=True, channel_axis=0)
    assert rows.scales.tolist() == [f.scale, 1.0]
    assert nf.fit(x, "uaffine<8>", method="kl", symmetric=True).scale == f.scale


def test_a_format_keeps_all_but_its_scales():
    """Modes, places and the way to divide."""
    given = nf.Affine(8, [1.0], channel_axis=0, divide="fl32_reciprocal", rounding="nearest_away")
    f = nf.fit(X[:2], given, symmetric=True)
    assert (f.divide, f.rounding, f.channel_axis) == ("fl32_reciprocal", "nearest_away", 0)
    assert nf.fit(X, "affine<8,0.5,3>") == nf.fit(X, nf.Affine, width=8)
    assert nf.fit(X, "affine", width=8, signed=False) == nf.fit(X, "uaffine:8")


def test_small_large_and_integer_numbers():
    """Scales that float32 has not the size for are doubles; integers are numbers too."""
    assert nf.fit([1e-300, 0], "affine<8>").scale == 1e-300 / 255
    assert nf.fit([1e308, -1e308], "affine<8>").max >= 0.98e308
    assert nf.fit([0, 510], "uaffine<8>") == nf.Affine(8, 2.0, 0, signed=False)
    assert nf.fit([0.0, 0.0], "affine<8>", symmetric=True) == nf.Affine(8, 1.0)


WRONG = {
    "symmetric fixed": (([1], "fixed<8>"), {"symmetric": True}, nf.NumfmtError, "symmetric=True"),
    "axis of fixed": (([1], "fixed<8>"), {"channel_axis": 0}, nf.NumfmtError, "channel_axis=0"),
    "no width": (([1], "affine"), {}, nf.FormatError, "width"),
    "two widths": (([1], "affine<8>"), {"width": 8}, nf.FormatError, "width"),
    "sign twice": (([1], "uaffine<8>"), {"signed": True}, nf.FormatError, "signed"),
    "axis twice": (([1], "affine<8,1>"), {"channel_axis": 0}, nf.FormatError, "says it already"),
    "no axis": (([1], "affine<8>"), {"channel_axis": 1}, nf.ShapeError, "no axis 1"),
    "group": (([1], "affine<8>"), {"group_size": 2}, nf.FormatError, "channel_axis"),
    "switch": (([1], "affine<8>"), {"symmetric": "no"}, nf.FormatError, "symmetric='no'"),
    "axis": (([1], "affine<8>"), {"channel_axis": "a"}, nf.FormatError, "channel_axis='a'"),
    "no group": (
        ([1], "affine<8>"),
        {"channel_axis": 0, "group_size": 0},
        nf.FormatError,
        "group_size=0",
    ),
    "kl": (([1], "affine<8>"), {"method": "kl"}, nf.NumfmtError, "symmetric=True"),
    "method": (([1], "affine<8>"), {"method": "best"}, nf.NumfmtError, "mse"),
    "NaN": (([1, float("nan")], "affine<8>"), {}, nf.NanError, r"x\[1\]"),
    "empty": (([], "affine<8>"), {}, nf.ShapeError, "no number"),
}


@pytest.mark.parametrize(("given", "more", "error", "named"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named(given, more, error, named):
    """Each is an error that says what it was and what is allowed."""
    with pytest.raises(error, match=named):
        nf.fit(*given, **more)
