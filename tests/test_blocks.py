"""Block formats in the library: every rule, element, scale and special block as the oracle."""

import numpy as np
import oracle
import oracle_random
import pytest
from block_cases import RULES, expected, library_block, rows, special_rows
from oracle_blocks import E2M1, E4M3, E5M2, NAMED, Block, bfp, lp_sgld, msfp
from oracle_formats import Fixed, Float, Posit
from oracle_p3109 import Exponents, p3109
from oracle_scales import E8M0, SignedExponent
from oracle_tables import NF4

import numfmt as nf
from numfmt import _core

ISAS = [*dict.fromkeys((_core.available_isas()[0], "scalar"))]
E3M2, E2M3 = NAMED["mxfp6_e3m2"].element, NAMED["mxfp6_e2m3"].element
UE5M3 = Float(5, 3, special="fn", signed=False)
ELEMENTS = [E5M2, E4M3, E3M2, E2M3, E2M1, Fixed(8, 6), Fixed(4, 2), Float(0, 3, 0, "finite")]
OTHERS = [Posit(8, 1), p3109(6, 3), NF4, Fixed(5, 2, signed=False), Float(4, 3, subnormals="round")]
SCALES = [E8M0, Exponents(5), SignedExponent(8), SignedExponent(4)]
KEY = 2029


def compare(tally, block, x, mode="nearest_even", what="", pick=None, scales=None, **source):
    """Codes, scales and both ways to values, by the best and the scalar loops."""
    target, want = library_block(block), expected(block, x, mode, pick, scales)
    given = {} if scales is None else {"scales": scales}
    rounding = source.pop("rounding", mode)
    for isa in ISAS:
        with _core.forced_isa(isa):
            got = nf.encode(x, target, rounding, **given, **source)
            values = nf.quantize(x, target, rounding, dtype=np.float64, **given, **source)
            decoded = nf.decode(got, target)
        name = f"{isa} {target} {mode} {what}"
        assert np.shape(got.codes) == np.shape(values) == np.shape(decoded) == x.shape
        flat, exact = np.ravel(x), want.values.ravel()
        tally.same(np.ravel(got.codes).astype(np.uint64), want.codes.ravel(), flat, name)
        if got.scales is not None:
            assert got.scales.shape == want.scales.shape
            scales_got = got.scales.ravel().astype(np.uint64)
            tally.same(scales_got, want.scales.ravel(), scales_got, f"{name} scales")
        tally.same(np.ravel(decoded), exact, flat, f"{name} decoded")
        tally.same(np.ravel(values), exact, flat, f"{name} values")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("element", ELEMENTS, ids=str)
def test_every_rule_and_element(element, rule, tally):
    """Equal, one-hot, near powers of two, subnormal, zero and clipped blocks, all scale formats."""
    for scale in SCALES:
        block = Block(element, 8, scale, rule)
        compare(tally, block, rows(block))
    tally.check()


@pytest.mark.parametrize("rule", ["absmax", "floor", "rceil"])
@pytest.mark.parametrize("element", [E2M1, E4M3, Fixed(8, 6), Float(0, 3, 0, "finite")], ids=str)
def test_scales_that_are_floats(element, rule, tally):
    """Exact quotients by scales that are no powers of two, saturated and underflowing ones too."""
    for scale in (E4M3, UE5M3, E5M2, E8M0, Exponents(5)):
        for zero_scale in ("smallest", "zero"):
            block = Block(element, 8, scale, rule, zero_scale=zero_scale)
            compare(tally, block, rows(block))
    tally.check()


@pytest.mark.parametrize("element", OTHERS, ids=str)
def test_elements_of_any_family(element, tally):
    """Posits, P3109, codebooks, unsigned and flushing elements under every kind of scale."""
    for scale in (E8M0, SignedExponent(6), E4M3):
        block = Block(element, 8, scale, "rceil")
        compare(tally, block, rows(block))
    block = Block(element, 8, E4M3, "absmax")
    compare(tally, block, rows(block))
    tally.check()


@pytest.mark.parametrize(
    "element", [E5M2, E4M3, E2M1, Fixed(6, 4), Float(0, 3, 0, "finite")], ids=str
)
def test_every_deterministic_rounding(element, tally):
    """All modes of the rounding table, under powers of two and under other scales."""
    for scale, rule in ((E8M0, "floor"), (E4M3, "absmax")):
        block = Block(element, 8, scale, rule)
        x = rows(block)[::3]
        for mode in oracle.DETERMINISTIC:
            compare(tally, block, x, mode)
    tally.check()


def picks(words, rounding):
    """The oracle's decision for the words of a rounding."""

    def pick(cell, i):
        word = int(words[i])
        if rounding == "stochastic":
            bits = [word, 0]
            return cell.tail != 0 and oracle.takes_upper_all_bits(cell.tail, bits)
        if rounding == "stochastic_equal":
            return cell.tail != 0 and word >> 31 == 1
        scaled = (cell.tail * 8).__floor__() + (word >> 29)
        return scaled >= 8

    return pick


@pytest.mark.parametrize(
    "rounding", ["stochastic", "stochastic_equal", "stochastic(bits=3,variant=A)"]
)
def test_stochastic_elements(rounding, tally):
    """The word of an element's number decides, along any axis; scales take none."""
    for element in (E2M1, E4M3, Fixed(6, 4)):
        for scale, rule in ((E8M0, "floor"), (E4M3, "absmax")):
            for axis in (-1, 0):
                block = Block(element, 8, scale, rule, axis=axis)
                x = rows(block)[::2]
                words = oracle_random.words(KEY, 0, x.size)
                key = {"key": nf.Key(KEY), "rounding": rounding}
                compare(tally, block, x, "stochastic", rounding, picks(words, rounding), **key)
    tally.check()


def test_own_random_bits_and_pieces(tally):
    """random_bits are shaped like x; a piece of an array has the bits it has in the whole."""
    block = Block(E2M1, 4, axis=0)
    x = np.random.default_rng(1).normal(size=(8, 30))
    words = np.random.default_rng(2).integers(0, 1 << 32, x.shape, dtype=np.uint32)
    own = {"random_bits": words, "rounding": "stochastic"}
    compare(tally, block, x, "stochastic", "own", picks(words.ravel(), "stochastic"), **own)
    key = nf.Key(3)
    whole = nf.quantize(x, library_block(block), "stochastic", key=key)
    piece = nf.quantize(x[4:], library_block(block), "stochastic", key=key.at(0, first=4 * 30))
    assert np.array_equal(whole[4:], piece)
    tally.check()


SHAPES = [
    ((7,), 3, -1),
    ((2, 40), 32, -1),
    ((5, 3), 2, 0),
    ((3, 4, 5), 2, 1),
    ((3, 4, 5), None, 1),
    ((3, 4, 5), None, 0),
    ((3, 4), None, None),
    ((), None, None),
    ((), 4, -1),
    ((33, 20), (16, 16), (0, 1)),
    ((9, 2, 7), (4, 3), (0, 2)),
    ((9, 2, 7), (4, 3), (2, 0)),
    ((4, 3, 2, 5), (None, None, None), (0, 2, 3)),
    ((4, 3, 2, 5), (None, None), (2, 3)),
    ((4, 3, 2, 5), (2, None, 1), (1, 2, -1)),
    ((1, 1, 6), (4, 4), (0, 2)),
    ((3, 1), 1, 0),
]


@pytest.mark.parametrize(("shape", "size", "axis"), SHAPES)
def test_blocks_lie_along_any_axes(shape, size, axis, tally):
    """Ragged ends, whole axes, tiles, the whole array, single numbers and empty arrays."""
    random = np.random.default_rng(5)
    x = np.asarray(random.normal(size=shape) * 2.0 ** random.integers(-4, 5, shape))
    for scale, rule in ((E8M0, "floor"), (E4M3, "absmax")):
        block = Block(E2M1, size, scale, rule, axis=axis)
        if shape == () and axis == -1:
            block = Block(E2M1, None, scale, rule, axis=None)
        compare(tally, block, x)
    tally.check()


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.int8, np.uint16, np.int64, np.uint64, bool]
)
def test_every_dtype_is_read_exactly(dtype, tally):
    """Halves, singles and integers up to 64 bits, in arrays of any layout."""
    random = np.random.default_rng(7)
    if np.dtype(dtype).kind == "f":
        x = (random.normal(size=(6, 16)) * 2.0 ** random.integers(-14, 12, (6, 1))).astype(dtype)
    else:
        low = 0 if np.dtype(dtype).kind in "ub" else np.iinfo(dtype).min
        high = 2 if dtype is bool else np.iinfo(dtype).max
        x = random.integers(low, high, (6, 16), dtype=np.int64 if dtype is bool else dtype).astype(
            dtype
        )
    for block in (Block(E4M3, 8), Block(Fixed(8, 6), 8, axis=0), Block(E2M1, 8, E4M3, "absmax")):
        compare(tally, block, x)
        compare(tally, block, x.T)
        compare(tally, block, x[::2, ::-1])
    tally.check()


@pytest.mark.parametrize("element", [E4M3, E5M2, p3109(6, 3), E2M1, Fixed(8, 6)], ids=str)
@pytest.mark.parametrize("scale", [E8M0, E4M3, SignedExponent(8), None], ids=str)
def test_nan_and_infinity_blocks(element, scale, tally):
    """Every choice of nan= and inf=, where there is a scale: the oracle's codes, or an error where
    no NaN is."""
    choices = [("block", "nan"), ("block", "sat"), ("element", "nan"), ("element", "sat")]
    for nan, inf in choices if scale is not None else choices[:1]:
        block = Block(element, 4, scale, "floor", nan=nan, inf=inf)
        for row in special_rows():
            want = expected(block, row)
            if want.codes.dtype == object:
                with pytest.raises(nf.NanError, match=r"x\[\d\] = "):
                    nf.encode(row, library_block(block))
            else:
                compare(tally, block, row)
    tally.check()


def test_other_choices(tally):
    """zero_scale, too_large and the overflow policies of elements."""
    for block in (
        Block(E4M3, 8, zero_scale="one"),
        Block(E4M3, 8, too_large="clamp"),
        Block(E4M3, 8, Exponents(5), too_large="clamp"),
        Block(E5M2, 8, overflow="infinity"),
        Block(E5M2, 8, overflow="saturate_zero"),
        Block(Fixed(8, 6), 8, overflow="saturate"),
        Block(Fixed(8, 6), 8, overflow="wrap"),
        Block(E2M1, 8, E4M3, "absmax", zero_scale="one"),
        lp_sgld(8, 8),
        lp_sgld(4, None, 3),
        Block(E4M3, 32, None),
        bfp(5, 3),
        *(msfp(width) for width in range(11, 17)),
    ):
        compare(tally, block, rows(block))
    tally.check()


def test_scales_of_the_caller(tally):
    """Given codes are used as they are, negative ones and NaN too, and a NaN replaces its own."""
    random = np.random.default_rng(11)
    for scale in (E8M0, E4M3, SignedExponent(8)):
        block = Block(E2M1, 4, scale)
        x = random.normal(size=(40, 10))
        codes = random.integers(0, 256, (40, 3)).astype(np.uint8)
        if scale is E8M0:
            codes[:10] = 127
        if isinstance(scale, Float):
            codes &= 0x7F
        if scale is not SignedExponent(8) and scale.has_nan:
            x[3, 5] = np.nan
        kept = codes.copy()
        compare(tally, block, x, scales=codes)
        assert np.array_equal(codes, kept), "the caller's array stays"
    tally.check()
    minus = nf.encode([1.0, -2.0], "block<e2m1,4,scale_format=e4m3fn>", scales=[0xB8])
    assert minus.codes.tolist() == [10, 4]
    assert nf.decode(minus, "block<e2m1,4,scale_format=e4m3fn>").tolist() == [1.0, -2.0]


@pytest.mark.parametrize("name", NAMED)
def test_named_formats(name, tally):
    """Names stand for the standard's elements, sizes and scales."""
    target = library_block(NAMED[name])
    assert str(target) == name
    assert nf.parse(name) == target
    x = np.random.default_rng(13).normal(size=(20, 75))
    compare(tally, NAMED[name], x)
    tally.check()


def test_a_nan_needs_a_place():
    """nan= of the call says what becomes of one where neither scale nor element has a NaN."""
    block = nf.parse("block<e2m1,4,scale_format=exponent<8>>")
    x = [1.0, np.nan, np.inf, 6.0]
    assert nf.quantize(x, block, nan="zero").tolist() == [1, 0, 0, 6]
    assert nf.quantize(x, block, nan="max").tolist() == [1, 6, 6, 6]
    with pytest.raises(nf.RoundingError, match="has a NaN"):
        nf.quantize(x, "mxfp4", nan="zero")


def test_any_number_of_threads_gives_the_same_bits():
    """Large arrays, either axis, with a report and with random bits."""
    x = np.random.default_rng(17).normal(size=(1024, 600)).astype(np.float32)
    before = nf.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            nf.set_num_threads(threads)
            with nf.Report() as report:
                last = nf.quantize(x, "mxfp4", "stochastic", key=nf.Key(1))
                first = nf.quantize(x, "nvfp4<axis=0>")
            counted = (report.count, report.inexact, report.rms_error, report.rms_ulp)
            found.append((last.tobytes(), first.tobytes(), counted))
    finally:
        nf.set_num_threads(before)
    assert found[0] == found[1]


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_empty_arrays_have_no_blocks(shape):
    """Values and codes of the array's shape, scales of none or of blocks without elements."""
    found = nf.encode(np.empty(shape), "mxfp4")
    assert found.codes.shape == shape
    assert found.scales.shape == (*shape[:-1], -(-shape[-1] // 32))
    assert nf.decode(found, "mxfp4").shape == nf.quantize(np.empty(shape), "nvfp4").shape == shape
