"""The public functions of requantisation: what they take, give and refuse."""

from pathlib import Path

import numpy as np
import oracle_requantize as oracle
import pytest
from requantize_cases import MODES, SHIFT

import numfmt as nf
from numfmt import _core, _requantize
from numfmt._core import ffi, lib

X = np.array([[1000, -1000], [250, -50]], np.int32)


def test_multipliers_are_tflites():
    """QuantizeMultiplier, at its turns and for random numbers of every size."""
    rng = np.random.default_rng(2)
    some = [0.0, 0.5, 1.0, 1 - 2.0**-33, 1 - 2.0**-32, 2.0**-32, 2.0**-33, 1.99 * 2.0**-33, 5e-324]
    some += (rng.uniform(0, 1, 500) * 2.0 ** rng.integers(-40, 30, 500)).tolist()
    exact = [oracle.quantized_multiplier(m) for m in some]
    assert [nf.quantize_multiplier(m) for m in some] == exact
    q, shift = nf.quantize_multiplier(np.array(some))
    assert list(zip(q.tolist(), shift.tolist(), strict=True)) == exact
    assert q.dtype == shift.dtype == np.int32


def test_scales_are_rounded_as_each_rule_says():
    """float64 throughout; a float32 product; float32 throughout: for random scales."""
    rng = np.random.default_rng(4)
    x, w, y = rng.uniform(1e-4, 1, (3, 200)).astype(np.float32)
    b32, b64 = oracle.binary32, oracle.binary64
    triples = [[oracle.Fraction(float(v)) for v in t] for t in zip(x, w, y, strict=True)]
    exact = {
        "float64": [b64(b64(a * b) / c) for a, b, c in triples],
        "float32_product": [b64(b32(a * b) / c) for a, b, c in triples],
        "float32": [b32(b32(a * b) / c) for a, b, c in triples],
    }
    for rule, wanted in exact.items():
        assert nf.requantization_scale(x, w, y, rule=rule).tolist() == [float(v) for v in wanted]
    assert len({tuple(v) for v in exact.values()}) == 3
    assert isinstance(nf.requantization_scale(x[0], w[0], y[0]), float)
    assert isinstance(nf.requantization_scale(x[0], w[0], y[0], rule="float32"), np.float32)


@pytest.mark.parametrize(
    ("activation", "scale", "zero", "format", "bounds"),
    [
        ("none", 0.5, 3, "int8", (-128, 127)),
        ("RELU", 0.5, 3, "int8", (3, 127)),
        ("relu6", 0.5, 3, "int8", (3, 15)),
        ("RELU6", 4.0, 0, "int8", (0, 2)),  # 1.5 goes away from zero
        ("RELU_N1_TO_1", 2.0, 10, "uint8", (9, 11)),
        ("RELU_N1_TO_1", 2.0**-9, 0, "int8", (-128, 127)),
        ("relu6", 2.0**-20, 0, "int16", (0, 32767)),
    ],
)
def test_activation_bounds(activation, scale, zero, format, bounds):
    """Within the format, ties away from zero."""
    assert nf.activation_bounds(activation, scale, zero, format) == bounds


@pytest.mark.parametrize("mode", MODES)
def test_layouts_and_dtypes_do_not_matter(mode):
    """Lists, views, other byte orders and wider dtypes are the same accumulators."""
    m = 3 if mode in SHIFT else 2.0**-3
    wanted = nf.requantize(X, m, mode)
    assert wanted.dtype == np.int8
    for same in (X.tolist(), X.astype(np.int64), X.astype(">i4"), X.astype(np.int16), X.T.copy().T):
        assert np.array_equal(nf.requantize(same, m, mode), wanted)
    assert nf.requantize(1000, m, mode) == wanted[0, 0]
    assert nf.requantize(np.zeros((0, 3), np.int32), m, mode).shape == (0, 3)
    assert np.array_equal(nf.requantize(X[:, ::-1], m, mode), wanted[:, ::-1])


@pytest.mark.parametrize(
    ("format", "dtype", "ends"),
    [
        ("int8", "i1", (-128, 127)),
        ("uint8", "u1", (0, 255)),
        ("int4", "i1", (-8, 7)),
        ("int16", "i2", (-32768, 32767)),
        ("uint16", "u2", (0, 65535)),
        ("int32", "i4", (-(2**31), 2**31 - 1)),
        ("int8<overflow=saturate_symmetric>", "i1", (-127, 127)),
        ("affine<8,0.5,10>", "i1", (-128, 127)),
    ],
)
def test_formats_have_ends_and_dtypes(format, dtype, ends):
    """The smallest of NumPy's dtypes; a format's own zero point is the default."""
    x = np.array([-(2**31), -3, 2**31 - 1], np.int32)
    found = nf.requantize(x, 0, "shift_trn", format=format)
    assert found.dtype == np.dtype(dtype)
    zero = 10 if format.startswith("affine") else 0
    assert found.tolist() == [min(max(v + zero, ends[0]), ends[1]) for v in x.tolist()]
    assert nf.requantize([5], 0, "shift_trn", format=format, zero_point=1) == 6


def test_out_and_the_pair():
    """`out` is filled and given back; a pair is what its real number becomes."""
    out = np.zeros((2, 2), np.int8)
    pair = nf.quantize_multiplier(0.01)
    assert nf.requantize(X, pair, "single", out=out) is out
    assert np.array_equal(out, nf.requantize(X, 0.01, "single"))
    per_row = ([2**30, 2**30 + 5], -3)
    rows = [nf.requantize(row, (q, -3), "single") for row, q in zip(X, per_row[0], strict=True)]
    assert np.array_equal(nf.requantize(X, per_row, "single", channel_axis=0), rows)
    assert np.array_equal(nf.requantize(X, per_row, "single", channel_axis=-2), rows)


def test_aliases_name_the_same_modes():
    """Ethos-U's and TOSA's names."""
    for alias, mode in {
        "ethos_u_tfl": "gemmlowp_double",
        "ethos_u_natural": "single",
        "tosa_double_round": "gemmlowp_double",
        "ruy_avx2": "ruy_avx512",
    }.items():
        assert np.array_equal(nf.requantize(X, 0.01, alias), nf.requantize(X, 0.01, mode))


def test_every_mode_is_explained():
    """The page and the docstring have each name of the core's table, and say where it is from."""
    page = Path(__file__).parents[1] / "docs" / "requantization.md"
    for text, sign in ((page.read_text(), "`"), (nf.requantize.__doc__, "``")):
        assert not [name for name in _requantize.MODES if f"{sign}{name}{sign}" not in text]
    assert set(_requantize.MODES) == set(MODES)
    assert all(row.meaning and row.source for row in _requantize.MODES.values())


REFUSALS = [
    (lambda: nf.requantize(X, 0.1, "singel"), nf.NumfmtError, "mode='singel'.*'single'"),
    (lambda: nf.requantize(X, 0.1, None), nf.NumfmtError, "mode='None'"),
    (lambda: nf.requantize([0.5], 0.1, "single"), nf.DtypeError, "acc has dtype float64"),
    (lambda: nf.requantize([2**31], 0.1, "single"), nf.RangeError, r"acc\[0\] = 2147483648"),
    (lambda: nf.requantize([0, 2**47], 0.1, "int16x8"), nf.RangeError, r"acc\[1\] = .*48 bits"),
    (lambda: nf.requantize(X, (2**31, 0), "single"), nf.RangeError, "q=2147483648"),
    (lambda: nf.requantize(X, (2**30, 31), "single"), nf.RangeError, "shift=31 .*-31 to 30"),
    (lambda: nf.requantize(X, (2**30, -32), "single"), nf.RangeError, "shift=-32"),
    (lambda: nf.requantize(X, (2**30, 8), "int16x8"), nf.RangeError, "shift=8 .*-31 to 7"),
    (lambda: nf.requantize(X, (0.5, 1), "single"), nf.DtypeError, "q has dtype float64"),
    (lambda: nf.requantize(X, (1, 2, 3), "single"), nf.ShapeError, "one number"),
    (lambda: nf.requantize(X, 2.0**30, "single"), nf.RangeError, "multiplier=.*2\\*\\*30"),
    (lambda: nf.requantize(X, -0.1, "single"), nf.RangeError, "multiplier=-0.1"),
    (lambda: nf.requantize(X, np.nan, "f64_half_away"), nf.RangeError, "multiplier=nan"),
    (lambda: nf.requantize(X, np.inf, "f64_half_away"), nf.RangeError, "multiplier=inf"),
    (lambda: nf.requantize(X, (2**30, 0), "f64_half_away"), nf.NumfmtError, "a pair"),
    (lambda: nf.requantize(X, 0.1, "f32_rne"), nf.NumfmtError, "no float32.*rule='float32'"),
    (lambda: nf.requantize(X, 0.5, "shift_rne"), nf.DtypeError, "multiplier has dtype float64"),
    (lambda: nf.requantize(X, 32, "shift_rne"), nf.RangeError, "multiplier=32 .*0 to 31"),
    (lambda: nf.requantize(X.astype("i8"), 64, "shift_rne"), nf.RangeError, "multiplier=64.*63"),
    (lambda: nf.requantize(X, [0.1, 0.2], "single"), nf.ShapeError, "one number"),
    (lambda: nf.requantize(X, [1.0] * 3, "single", channel_axis=1), nf.ShapeError, "2 channels"),
    (lambda: nf.requantize(X, 0.1, "single", channel_axis=2), nf.ShapeError, "channel_axis=2"),
    (lambda: nf.requantize(X, 0.1, "single", format="e4m3fn"), nf.FormatError, "no integers"),
    (lambda: nf.requantize(X, 0.1, "single", format="uint32"), nf.FormatError, "32 bits"),
    (lambda: nf.requantize(X, 0.1, "single", format="ap_fixed<8,8>"), nf.FormatError, "mode says"),
    (lambda: nf.requantize(X, 0.1, "single", minimum=-129), nf.RangeError, "minimum=-129"),
    (lambda: nf.requantize(X, 0.1, "single", maximum=True), nf.RangeError, "maximum=True"),
    (lambda: nf.requantize(X, 0.1, "single", minimum=5, maximum=4), nf.RangeError, "minimum=5"),
    (lambda: nf.requantize(X, 0.1, "single", zero_point=2**31), nf.RangeError, "zero_point"),
    (lambda: nf.requantize(X, 0.1, "single", zero_point=0.5), nf.RangeError, "zero_point=0.5"),
    (lambda: nf.requantize(X, 0.1, "single", out=X), nf.DtypeError, "out has dtype int32"),
    (lambda: nf.quantize_multiplier("x"), nf.DtypeError, "multiplier"),
    (lambda: nf.requantization_scale(0.1, 1, 1), nf.NumfmtError, r"input_scale.*np.float32\(0.1\)"),
    (lambda: nf.requantization_scale(1, 0, 1), nf.RangeError, "weight_scale must be positive"),
    (lambda: nf.requantization_scale(1, 1, 1, rule="f32"), nf.NumfmtError, "rule='f32'"),
    (lambda: nf.activation_bounds("tanh", 0.5), nf.NumfmtError, "activation='tanh'"),
    (lambda: nf.activation_bounds("relu", 0.5, 128), nf.RangeError, "zero_point=128"),
]


@pytest.mark.parametrize(("call", "error", "says"), REFUSALS)
def test_wrong_arguments_are_named(call, error, says):
    """One error each, which says what it was."""
    with pytest.raises(error, match=says):
        call()


def c_call(x=X, bits=32, n=4, results=True, options=None, **changes):
    """The core's status, and whether it left the results alone."""
    numbers = ffi.new("int32_t[]", [2**30] * 4), ffi.new("int32_t[]", [-3] * 4)
    fields = {"multipliers": numbers[0], "shifts": numbers[1], "channels": 1, "inner": 1}
    fields |= {"maximum": 127, "minimum": -128, "mode": lib.NF_REQUANT_single}
    fields |= {"accumulator_bits": bits, "result_bits": 8, "result_is_signed": 1} | changes
    out = np.full(8, 99, np.int8)
    how = ffi.new("nf_requantization *", fields)
    given = ffi.NULL if x is None else _core.pointer(np.resize(x, 8).astype(f"i{bits // 8}"))
    room = _core.pointer(out) if results else ffi.NULL
    options = ffi.new("nf_options *", options or {})
    return lib.nf_requantize(how, given, room, n, options), bool((out == 99).all())


WRONG = [
    {"mode": lib.NF_REQUANT_MODE_COUNT},
    {"multipliers": ffi.NULL},
    {"shifts": ffi.NULL},
    {"channels": 0},
    {"inner": 0},
    {"channels": 3},
    {"channels": 2**33, "inner": 2**33},
    {"minimum": 5, "maximum": 4},
    {"minimum": -129},
    {"maximum": 128},
    {"minimum": 0, "maximum": 256, "result_is_signed": 0},
    {"minimum": -1, "result_is_signed": 0},
    {"result_bits": 12},
    {"result_bits": 32, "result_is_signed": 0},
    {"result_is_signed": 2},
    {"bits": 64, "accumulator_bits": 48},
    {"x": None},
    {"results": False},
    {"n": 2**62},
    {"options": {"rounding": 1}},
    {"options": {"isa": 77}},
    {"options": {"first": 1}},
    {"mode": lib.NF_REQUANT_shift_rne},
    {"mode": lib.NF_REQUANT_f64_half_away},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_the_core_refuses_nonsense(changes):
    """NF_BAD_ARGUMENT, and nothing is written."""
    assert c_call() == (lib.NF_OK, False)
    assert c_call(**changes) == (lib.NF_BAD_ARGUMENT, True)


@pytest.mark.parametrize("scale", [-1.0, float("nan"), float("inf"), 0.1, 1e300, 2.0**-150])
def test_the_core_refuses_scales_that_are_none(scale):
    """Not negative, finite, and for f32_rne numbers of binary32."""
    numbers = ffi.new("double[]", [scale])
    fields = {"multipliers": ffi.NULL, "shifts": ffi.NULL, "scales": numbers}
    assert c_call(mode=lib.NF_REQUANT_f32_rne, **fields)[0] == lib.NF_BAD_ARGUMENT
    is_real = 0 <= scale < float("inf")
    wanted = lib.NF_OK if is_real else lib.NF_BAD_ARGUMENT
    assert c_call(mode=lib.NF_REQUANT_f64_half_away, **fields)[0] == wanted


def test_the_core_refuses_long_accumulators_where_the_mode_has_none():
    """NF_BAD_TYPE for 64 bits."""
    assert c_call(bits=64) == (lib.NF_BAD_TYPE, True)
    assert c_call(bits=64, mode=lib.NF_REQUANT_int16x8) == (lib.NF_OK, False)


@pytest.mark.parametrize("r", [1, 2, 4, 8])
def test_the_second_rounding_shows_with_its_law(r):
    """gemmlowp_double and single differ with probability 2**-(r + 1) for a right shift of r."""
    rng, n, p = np.random.default_rng(r), 2**20, 2.0 ** -(r + 1)
    x = rng.integers(-(2**24), 2**24, n).astype(np.int32)
    pair = int(rng.integers(2**30, 2**31)) | 1, -r
    double, single = (
        nf.requantize(x, pair, mode, format="int32") for mode in ("gemmlowp_double", "single")
    )
    z = (np.count_nonzero(double != single) - n * p) / np.sqrt(n * p * (1 - p))
    assert abs(z) < 5
    assert set(np.unique(double - single)) == {-1, 0, 1}
