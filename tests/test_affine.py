"""Affine integers of one scale against the oracle: every mode and policy, reports, refusals."""

import pickle
from fractions import Fraction

import numpy as np
import oracle
import oracle_random
import pytest
from oracle_formats import Cell
from oracle_tables import affine, reciprocal_quotient
from sheet import Sheet, exact_cell
from subjects import compare_every_policy, compare_rounding, library, with_neighbours

import numfmt as nf
from numfmt import _core

THIRD = float(np.float32(1 / 3))
SHAPES = {
    "int8": affine(8, THIRD, 0),
    "int8 at 10": affine(8, 0.1, 10),
    "uint8 at 128": affine(8, Fraction(3, 64), 128, signed=False),
    "a power of two": affine(4, 0.25, -3),
    "zero point at the top": affine(3, 0.7, 3),
    "zero point at the bottom": affine(3, 5e-324, -4),
    "unsigned from 0": affine(5, 1e30, 0, signed=False),
    "one bit": affine(1, 1.5, -1),
    "one bit, signed": affine(1, 3.0, 0),
}
WIDE = {
    "int16": affine(16, 0.001, -20000),
    "int32": affine(32, 1e-5, 12345),
    "uint32": affine(32, THIRD, 2**31, signed=False),
    "int64": affine(64, 0.3, -(2**63)),
    "uint64": affine(64, 7.0, 2**62 + 1, signed=False),
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
ISAS = _core.available_isas()
KEY = 31


def places(shape, dtype=np.float64) -> np.ndarray:
    """Values, middles and quarter points in and around the range, their neighbours, far numbers."""
    low, high = shape.lowest - shape.zero_point, shape.highest - shape.zero_point
    near = {*range(low - 3, low + 4), *range(-3, 4), *range(high - 3, high + 4)}
    if shape.width <= 5:
        near |= set(range(low - 40, high + 40))
    near |= {2 * high + 9, 17 * low - 5, 1000001}
    points = [(n + Fraction(k, 4)) * shape.scale for n in sorted(near) for k in range(4)]
    limits = [1e-30, 5e-324, 2.0**-60, 3e38, 1e39, 1.7e308]
    return with_neighbours([*points, *limits], dtype)


@shapes
def test_every_deterministic_rounding_under_every_policy(shape, tally):
    """Values, middles, quarter points, all neighbours and the outside: exact codes."""
    compare_every_policy(tally, shape, places)


@pytest.mark.parametrize("shape", WIDE.values(), ids=WIDE)
def test_wide_integers_under_every_policy(shape, tally):
    """16 to 64 bits, zero points at the ends: quotients of any size, and their low bits."""
    x = places(shape)
    sheet = Sheet(shape, x)
    policies = ["saturate", "saturate_zero", "error", "drop_bits", "wrap(0)", "wrap(1)", "wrap(9)"]
    policies += [f"wrap_sign_magnitude({n})" for n in (0, 1, 7)] if shape.signed else []
    for mode in oracle.DETERMINISTIC:
        for overflow in policies:
            coded = sheet.codes(sheet.rounded(mode), overflow, mode)
            compare_rounding(tally, shape, x, coded, mode, overflow, ISAS)
    tally.check()


@pytest.mark.parametrize("name", ["int8 at 10", "uint8 at 128"])
def test_every_float16_number(name, tally):
    """All 63488 finite ones, in every deterministic mode."""
    shape = SHAPES[name]
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x)]
    sheet = Sheet(shape, x + np.float16(0))
    for mode in oracle.DETERMINISTIC:
        coded = sheet.codes(sheet.rounded(mode), "saturate", mode)
        compare_rounding(tally, shape, x, coded, mode, "saturate", ISAS)
    tally.check()


@shapes
def test_every_stochastic_rounding_is_twos_complement(shape, tally):
    """All bits, few bits and either neighbour: up where the words of a known key say so."""
    x = np.repeat(places(shape), 3)
    sheet, words = Sheet(shape, x), oracle_random.words(KEY, 0, len(x))
    few = [f"stochastic(bits={bits},variant={v})" for v in "ABC" for bits in (1, 7, 32)]
    for rounding in ("stochastic", "stochastic_equal", *few):
        coded = sheet.codes(sheet.drawn(sheet.goes_up(rounding, words)), "saturate", "stochastic")
        compare_rounding(tally, shape, x, coded, rounding, "saturate", ISAS, key=nf.Key(KEY))
    tally.check()


@pytest.mark.parametrize("scale", [1.0, 3.0, THIRD, 0.1])
def test_further_words_decide_where_the_first_does_not(scale):
    """Tails whose first 32 digits are the word's complement: further digits of the quotient."""
    n, shape = 200, affine(4, scale, 2)
    words = [oracle_random.words(KEY, 0, n, draw=draw).astype(object) for draw in range(4)]
    tails = [Fraction(4294967295 - int(w), 1 << 32) + Fraction(1, 1 << 33) for w in words[0]]
    x = np.array([float(tail * Fraction(scale)) for tail in tails])
    cells = [exact_cell(shape, v) for v in x.tolist()]
    near = [
        abs(cell.tail - tail) < Fraction(1, 1 << 34)
        for cell, tail in zip(cells, tails, strict=True)
    ]
    assert sum(near) > 100
    expected = [
        (cell.upper if cell.tail and oracle.takes_upper_all_bits(cell.tail, chosen) else cell.lower)
        % 16
        for cell, *chosen in zip(cells, *words, strict=True)
    ]
    assert nf.encode(x, library(shape), "stochastic", key=nf.Key(KEY)).tolist() == expected


@pytest.mark.parametrize("scale", [THIRD, float(np.float32(0.1)), 2.0**-20])
def test_a_float32_reciprocal_is_that_of_the_peers(scale, tally):
    """divide="fl32_reciprocal": the float32 product is what is rounded, in every mode."""
    shape = affine(8, scale, 5)
    x = places(shape, np.float32)
    x = x[np.abs(x) < 1e30]
    sheet = Sheet(shape, x)
    sheet.cells = [shape.cell_of(reciprocal_quotient(Fraction(float(v)), shape.scale)) for v in x]
    for name in ("lower", "upper", "jam"):
        setattr(sheet, name, sheet._numbers([getattr(c, name) for c in sheet.cells]))
    target = library(shape).replace(divide="fl32_reciprocal")
    for mode in oracle.DETERMINISTIC:
        codes, _ = sheet.codes(sheet.rounded(mode), "saturate", mode)
        tally.same(nf.encode(x, target, mode).astype(np.uint64), codes, x, mode)
    tally.check()
    assert isinstance(sheet.cells[0], Cell)


def test_float32_products_leave_the_range():
    """Infinite or zero products: overflow and 0, and no exact zero."""
    f = nf.Affine(8, 2.0**-100, 3, divide="fl32_reciprocal")
    assert nf.encode([1e38, -1e38], f).tolist() == [127, 128]
    with pytest.raises(nf.RangeError):
        nf.encode([1e38], f, overflow="wrap")
    report = nf.Report()
    tiny = nf.Affine(8, 2.0**100, 3, divide="fl32_reciprocal")
    assert nf.encode([1e-30, 0.0], tiny, report=report).tolist() == [3, 3]
    assert report.inexact == 1


@pytest.mark.parametrize("shape", [*SHAPES.values(), WIDE["int16"]], ids=[*SHAPES, "int16"])
def test_codes_values_and_facts(shape):
    """Each code is worth its value and the nearest double of it; values encode to their codes."""
    target = library(shape)
    exact = [shape.decode(code) for code in range(1 << shape.width)]
    assert target.all_values(object).tolist() == exact
    assert target.all_values().tolist() == [float(v) for v in exact]
    assert (target.min, target.max) == (min(exact), max(exact))
    held = [Fraction(float(v)) == v for v in exact]
    codes = target.all_codes()[held]
    for mode in (*oracle.TIES, *oracle.DIRECTED):
        assert np.array_equal(nf.encode(target.all_values()[held], target, mode), codes)
    assert (target.has_zero, target.has_nan, target.has_infinity) == (True, False, False)
    packed = nf.pack(codes, target)
    assert np.array_equal(nf.unpack(packed, target, len(codes)), codes)


def test_values_are_the_nearest_of_the_dtype():
    """quantize rounds twice only where the dtype cannot hold the value, and then to nearest."""
    f, x = nf.Affine(8, 0.1, 10), np.linspace(-20, 20, 999)
    exact = nf.decode(nf.encode(x, f), f, dtype=object)
    assert nf.quantize(x, f).tolist() == [float(v) for v in exact]
    single = nf.quantize(x.astype(np.float32), f)
    exact = nf.quantize(x.astype(np.float32), f, dtype=object)
    by_double = np.array([float(v) for v in exact]).astype(np.float32)
    assert np.array_equal(single, by_double)
    assert nf.decode(nf.encode(x, f), f, dtype=np.float16).dtype == np.float16


def test_a_dtype_must_have_the_range():
    """Neither 0 for a small scale nor infinity for a large value."""
    with pytest.raises(nf.DtypeError, match="float32 can"):
        nf.quantize(np.float16([1]), nf.Affine(8, 1000.0))
    with pytest.raises(nf.DtypeError, match="float64 can"):
        nf.decode(np.uint8([1]), nf.Affine(8, 1e-60), dtype=np.float32)


def test_conversions_round_once():
    """Exact values of one format are divided by the other's scale; wide values are refused."""
    f, g = nf.Affine(8, THIRD, 3), nf.Affine(6, 2 * THIRD, -1)
    codes = f.all_codes()
    values = f.all_values(object)
    oracle_g = affine(6, 2 * THIRD, -1)
    for mode in oracle.DETERMINISTIC:
        sheet = Sheet(oracle_g, list(values))
        expected, _ = sheet.codes(sheet.rounded(mode), "saturate", mode)
        assert np.array_equal(nf.convert(codes, f, g, mode), expected)
    assert nf.convert(
        nf.encode([0.5, 100], "lns<16,8>"), "lns<16,8>", nf.Affine(8, 0.25)
    ).tolist() == [2, 127]
    assert nf.convert(np.uint8([13]), nf.Affine(8, 0.25, 1), "fixed<8,2>").tolist() == [12]
    with pytest.raises(nf.FormatError, match="64 significant bits"):
        nf.convert(np.uint32([1]), nf.Affine(32, 0.1), "binary64")
    with pytest.raises(nf.FormatError, match="decides by"):
        nf.convert(np.uint16([1]), "lns<16,8>", nf.Affine(32, 0.1))
    with pytest.raises(nf.DtypeError, match="no float64"):
        nf.convert(np.uint8([1] * 32), nf.Affine(8, 0.1), "mxfp8_e4m3")
    assert nf.convert(np.uint8([4] * 32), nf.Affine(8, 0.5), "mxfp8_e4m3").codes[0] == 120


def test_infinities_and_nan():
    """Infinities go to the ends; a NaN is refused, or what nan= says."""
    f = nf.Affine(8, 0.1, 10)
    assert nf.encode([-np.inf, np.inf], f).tolist() == [128, 127]
    assert nf.encode([np.inf], f, overflow="saturate_zero").tolist() == [10]
    for overflow in ("error", "wrap", "drop_bits"):
        with pytest.raises(nf.RangeError, match="inf"):
            nf.encode([np.inf], f, overflow=overflow)
    with pytest.raises(nf.NanError):
        nf.encode([0.5, np.nan], f)
    named = {"max": 127, "min": 128, "zero": 10}
    assert {name: int(nf.encode(np.nan, f, nan=name)) for name in named} == named


def test_reports_count_in_units_of_the_scale():
    """An ulp is the scale; errors and underflow are of the values."""
    report = nf.Report()
    nf.quantize([0.5, 0.125, 0.7, 1000.0, -0.01], nf.Affine(8, 0.25, 4), report=report)
    assert (report.count, report.inexact, report.overflowed, report.saturated) == (5, 4, 1, 1)
    assert (report.underflowed, report.max_error) == (2, 1000 - 0.25 * 123)
    report = nf.Report()
    nf.encode([0.05, 0.35], nf.Affine(8, 0.1), report=report)
    assert report.max_ulp == pytest.approx(0.5)


@pytest.mark.parametrize("zero_point", [0, -3])
def test_onnx_and_tflite_formulas(zero_point):
    """QuantizeLinear: rint(x / scale) + zero point in range; TFLite: half away from zero."""
    x = np.random.default_rng(3).normal(scale=20, size=4000)
    x = np.concatenate([x, np.arange(-300, 300) / 8])
    f = nf.Affine(8, 0.25, zero_point)
    onnx = np.clip(np.rint(x / 0.25) + zero_point, -128, 127).astype(np.int8)
    away = np.trunc(x / 0.25 + np.copysign(0.5, x))
    tflite = np.clip(away + zero_point, -128, 127).astype(np.int8)
    assert np.array_equal(nf.encode(x, f).view(np.int8), onnx)
    assert np.array_equal(nf.encode(x, f, "nearest_away").view(np.int8), tflite)


@pytest.mark.filterwarnings("ignore")
def test_torch_quantize_per_tensor():
    """PyTorch multiplies by the float32 reciprocal; a zero point is added before it rounds."""
    torch = pytest.importorskip("torch")
    for scale in map(float, np.float32([0.1, 1 / 3, 0.0625])):
        x = np.r_[
            np.random.default_rng(4).normal(scale=9, size=20000), np.arange(-900, 900) * scale / 8
        ]
        x = x.astype(np.float32)
        for zero_point in (0, 7):
            f = nf.Affine(8, scale, zero_point, divide="fl32_reciprocal")
            theirs = torch.quantize_per_tensor(torch.from_numpy(x), scale, zero_point, torch.qint8)
            differ = nf.encode(x, f).view(np.int8) != theirs.int_repr().numpy()
            tie = np.abs(np.abs(x / scale - np.floor(x / scale)) - 0.5) < 1e-4
            assert not np.any(differ & ~tie)
            assert zero_point or not np.any(differ)


@pytest.mark.parametrize(
    "f",
    [
        *map(library, SHAPES.values()),
        nf.Affine(8, 0.1, 3, rounding="nearest_away", overflow="wrap(2)"),
        nf.Affine(8, THIRD, divide="fl32_reciprocal", signed=False),
    ],
    ids=str,
)
def test_spellings_and_pickles_give_the_same_format(f):
    """parse(str(f)) == f, and hashes agree."""
    for again in (nf.parse(str(f)), pickle.loads(pickle.dumps(f)), f.replace()):
        assert (again, hash(again), str(again)) == (f, hash(f), str(f))
