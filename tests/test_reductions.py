"""Sums and dot products: exact ones by the oracle, and those in a named order step by step."""

import itertools

import numpy as np
import oracle_arithmetic as arithmetic
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded, number
from subjects import library

import numfmt as nf

RANDOM = np.random.default_rng(7)
FORMATS = [Float(5, 2), Float(4, 3, special="fn"), Posit(8, 2), Posit(16, 2), Fixed(12, 5)]
WIDE = [Float(11, 52), Fixed(64, 20), Float(13, 3), Posit(64, 2)]
MODES = ("nearest_even", "down", "to_odd")


def policy(format):
    """The default one."""
    return "infinity" if getattr(format, "special", "") == "ieee" else "saturate"


def some(format, *shape):
    """Random codes, few of them special, many around zero and with their negatives."""
    codes = RANDOM.integers(0, 1 << format.width, shape, np.uint64, endpoint=False)
    small = RANDOM.integers(0, 4, shape, np.uint64) | (codes & np.uint64(1 << (format.width - 1)))
    return np.where(RANDOM.random(shape) < 0.3, small, codes)


def by_oracle(format, found, rounding):
    """The code of an exact result."""
    return coded(format, found, rounding, policy(format))


@pytest.mark.parametrize("format", [*FORMATS, *WIDE], ids=str)
def test_sums_are_exact_and_rounded_once(format, tally):
    """Along an axis, of few and many terms, infinities and NaNs among them; -0 too."""
    with nf.context(growth="same"):
        for n, rounding in itertools.product((1, 2, 3, 40), MODES):
            codes = some(format, 30, n)
            a = nf.from_codes(codes.astype(library(format)._code_dtype), library(format))
            got = nf.sum(a, rounding=rounding, axis=1)
            wanted = []
            for row in codes.tolist():
                terms = [number(format, code) for code in row]
                wanted.append(by_oracle(format, arithmetic.total(terms, rounding)[0], rounding))
            tally.same(got.codes, np.array(wanted, np.uint64), codes, f"{format} {n} {rounding}")
    tally.check()


@pytest.mark.parametrize("format", [*FORMATS, Float(11, 52), Fixed(64, 20)], ids=str)
def test_dot_products_are_exact_and_rounded_once(format, tally):
    """Matrices with infinities, NaNs and zeros of both signs."""
    with nf.context(growth="same"):
        for n, rounding in itertools.product((1, 3, 20), MODES):
            p, q = some(format, 4, n), some(format, n, 5)
            dtype, own = library(format)._code_dtype, library(format)
            a, b = nf.from_codes(p.astype(dtype), own), nf.from_codes(q.astype(dtype), own)
            got = nf.dot(a, b, rounding=rounding)
            wanted = []
            for row, column in itertools.product(p.tolist(), q.T.tolist()):
                x, y = ([number(format, code) for code in part] for part in (row, column))
                wanted.append(by_oracle(format, arithmetic.dot(x, y, rounding)[0], rounding))
            codes = np.array(wanted, np.uint64)
            tally.same(got.codes.ravel(), codes, codes, f"{format} {n} {rounding}")
    tally.check()


def test_what_cancels_leaves_the_rest():
    """Numbers 2**2000 apart; integers beyond float64; in any order."""
    format = nf.Float(13, 3)
    big = nf.from_codes(nf.next_up(nf.ones(1, format)).codes + np.uint32(2000 << 3), format)
    terms = np.concatenate([big, nf.ones(1, format), -big])
    assert nf.sum(terms).item() == 1
    assert nf.dot(terms, nf.ones(3, format)).item() == 1
    assert nf.sum([2**62, 1, -(2**62)], "fixed<8,0>").item() == 1
    assert nf.sum([1e300, 1, -1e300], "e4m3fn").item() == 1
    assert nf.dot([1e300, 1e-300, -1e300], [1e300, 1e-300, 1e300], "float<13,3>", "up").item() > 0
    assert nf.sum([1.0, 2.0**-300], "e4m3fn", "up").item() == 1.125


def test_the_smallest_term_decides_what_few_random_bits_leave_open():
    """Variant C rounds the tail to 32 bits, ties to even: 97 bits and a hair 2**-200 are above."""
    whole, tail = (1 << 63) - 3, 0xFFFFFFFE
    low = whole & ((1 << 20) - 1)
    terms = [float(whole - low), float(low), tail * 2.0**-32, 2.0**-33]
    words = np.array((1 << 32) - tail - 1, np.uint32)
    for hair, wanted in ((0.0, whole), (2.0**-200, whole + 1)):
        how = {"rounding": "stochastic(bits=32,variant=C)", "random_bits": words}
        assert nf.sum([*terms, hair], "fixed<64,0>", **how).item() == wanted


def test_axes_and_shapes_are_numpys():
    """axis, keepdims; vectors, matrices and stacks; @ numpy; all sums fit."""
    x = RANDOM.integers(-3, 4, (2, 3, 4)).astype(float)
    a = nf.array(x, "bfloat16")
    for axis, keepdims in itertools.product((None, 0, -1, (0, 2), ()), (False, True)):
        got = nf.sum(a, axis=axis, keepdims=keepdims)
        assert np.array_equal(got.values, x.sum(axis=axis, keepdims=keepdims))
        assert got.shape == x.sum(axis=axis, keepdims=keepdims).shape
    b = nf.array(RANDOM.integers(-3, 4, (4, 2)), "bfloat16")
    pairs = [(a, b), (a[0], b), (a[0, 0], b), (a, b[:, 0]), (a[0, 0], b[:, 0])]
    for p, q in pairs:
        wanted = np.matmul(p.values, q.values)
        for got in (nf.dot(p, q), p @ q, np.matmul(p, q), nf.dot(p.values, q, "bfloat16")):
            assert np.array_equal(got.values, wanted)
        for order in ("sequential", "pairwise"):
            got = nf.dot(p, q, accumulator="binary32", order=order)
            assert np.array_equal(got.values, wanted)
            assert got.shape == wanted.shape
    assert np.sum(a, axis=0).shape == (3, 4)
    assert np.array_equal(np.dot(a[0], b).values, x[0] @ b.values)
    assert (x[0] @ b).format == b.format
    for empty in (nf.sum(a[:, :0], axis=1), nf.dot(a[0, :, :0], b[:0])):
        assert np.all(empty.values == 0)
    assert nf.sum(a[:, :0], accumulator="bfloat16").item() == 0
    with pytest.raises(nf.ShapeError, match="matrix product"):
        a @ a
    with pytest.raises(nf.ShapeError, match="axis"):
        nf.sum(a, axis=3)


def test_fixed_point_grows_as_sums_need():
    """A bit for each doubling; products grow before."""
    a = nf.from_codes(np.full(5, 0x80, np.uint8), "fixed<8,3>")
    assert (str(nf.sum(a).format), nf.sum(a).item()) == ("fixed<11,3>", -80.0)
    assert (str((a @ a).format), (a @ a).item()) == ("fixed<19,6>", 1280.0)
    assert str(nf.sum(a[:1]).format) == "fixed<8,3>"
    with nf.context(growth="same"):
        assert nf.sum(a).item() == -16
        assert (a @ a).item() == 15.875


@pytest.mark.parametrize("rounding", ["nearest_even", "toward_zero"])
def test_a_named_order_rounds_each_step(rounding):
    """Sequential and pairwise, in the accumulator; then once more to the result."""
    a = nf.array(RANDOM.normal(size=(7, 3)), "e5m2")
    b = nf.array(RANDOM.normal(size=(7, 3)), "e5m2")
    acc, modes = nf.parse("bfloat16"), {"rounding": rounding}
    found = nf.add(a[0], -0.0, acc, **modes)
    for row in a[1:]:
        found = nf.add(found, row, acc, **modes)
    wanted = nf.multiply(found, 1, "e5m2", **modes)
    got = nf.sum(a, accumulator="bfloat16", axis=0, **modes)
    assert np.array_equal(got.codes, wanted.codes)
    found = nf.multiply(a[0], b[0], acc, **modes)
    for p, q in zip(a[1:], b[1:], strict=True):
        found = nf.fma(p, q, found, acc, **modes)
    got = nf.dot(a.T, b, acc, accumulator=acc, order="sequential", **modes)
    assert np.array_equal(np.diagonal(got).codes, found.codes)

    def pairs(rows):
        if len(rows) == 1:
            return rows[0]
        paired = [nf.add(p, q, acc, **modes) for p, q in zip(rows[::2], rows[1::2], strict=False)]
        return pairs(paired + rows[len(paired) * 2 :])

    rows = [nf.multiply(row, 1, acc, **modes) for row in a]
    got = nf.sum(a, acc, accumulator=acc, order="pairwise", axis=0, **modes)
    assert np.array_equal(got.codes, pairs(rows).codes)
    rows = [nf.multiply(p, q, acc, **modes) for p, q in zip(a, b, strict=True)]
    got = nf.dot(a.T, b, acc, accumulator=acc, order="pairwise", **modes)
    assert np.array_equal(np.diagonal(got).codes, pairs(rows).codes)


def test_an_accumulator_follows_the_modes_it_carries():
    """Others the call's; wrapping accumulators wrap."""
    a = nf.array([100, 100, 100], "int8")
    wraps = "fixed<8,0,overflow=wrap>"
    assert nf.sum(a, "int16", accumulator=wraps).item() == 300 - 256
    assert nf.sum(a, "int16", accumulator="int8").item() == 127
    assert nf.sum(a, "int16", None, "wrap", accumulator="int8").item() == 300 - 256


def test_each_step_takes_the_next_call_of_a_key():
    """From the key's own on; and of the context's."""
    a, key = nf.array([0.25, 0.25, 0.25], "fixed<8,2>"), nf.Key(5).at(3)
    acc = "fixed<8,0>"
    found = nf.multiply(a[0], 1, acc, "stochastic", key=key)
    for step, term in enumerate(a[1:]):
        found = nf.add(found, term, acc, "stochastic", key=key.at(4 + step))
    got = nf.sum(a, acc, "stochastic", accumulator=acc, key=key)
    assert got.codes == found.codes
    with nf.context(rounding="stochastic", key=key):
        assert nf.sum(a, acc, accumulator=acc).codes == found.codes
    exactly = nf.sum(a, "fixed<8,0>", "stochastic", key=key)
    assert exactly.item() == nf.quantize(0.75, "fixed<8,0>", "stochastic", key=key)


def test_flags_and_counts_are_of_the_rounding():
    """infinity - infinity is invalid, a sum that is cut inexact."""
    report = nf.Report()
    nf.sum(nf.array([[np.inf, -np.inf], [1, 1]], "e5m2"), axis=1, report=report)
    assert report.flags == {"invalid"}
    raised = np.empty((), np.uint8)
    nf.dot([np.inf, 1], [0, 1], "e5m2", element_flags=raised)
    assert raised == 1
    nf.dot([np.nan, 1], [0, 1], "e5m2", element_flags=raised)
    assert raised == 0
    nf.sum([1, 2.0**-30], "e5m2", element_flags=raised)
    assert raised == 16


def test_blocks_and_scales_have_exact_sums():
    """Of their values, where a format of single numbers is named."""
    x = RANDOM.normal(size=(4, 64))
    a = nf.array(x, "mxfp8_e4m3")
    total = nf.sum(a, "binary64", axis=1)
    assert np.allclose(total.values, a.values.sum(axis=1), rtol=1e-12)
    assert nf.dot(a, a.T, "binary32").shape == (4, 4)
    with pytest.raises(nf.FormatError, match="sum: format=None"):
        nf.sum(a)
    b = nf.array(x[:2], nf.Affine(8, [0.5, 0.25], channel_axis=0))
    assert nf.sum(b, "binary64").item() == b.values.sum()


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda a: nf.sum([1, 2]), nf.FormatError, "format=None"),
        (lambda a: nf.sum(a, order="sequential"), nf.NumfmtError, "no meaning"),
        (lambda a: nf.sum(a, order="seqential", accumulator="int8"), nf.NumfmtError, "sequential"),
        (lambda a: nf.sum(a, accumulator="exat"), nf.FormatError, "exat"),
        (lambda a: nf.sum(a, "mxfp4"), nf.FormatError, "blocks"),
        (lambda a: nf.dot(a, nf.ones(2, "e5m2")), nf.FormatError, "mixed"),
        (lambda a: nf.dot(a, [0.1, 1]), nf.FormatError, "no value of e4m3fn"),
        (lambda a: nf.sum(a.astype("lns<9,4>")), nf.FormatError, "irrational"),
        (lambda a: nf.sum(a, keydims=True), TypeError, "keydims"),
        (lambda a: np.sum(a, where=True), nf.DtypeError, "numpy.sum"),
        (
            lambda a: nf.sum(a, None, "sr", accumulator="int8", random_bits=np.zeros(2, "u4")),
            nf.RandomError,
            "random_bits",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, error, says):
    """Each by name."""
    with pytest.raises(error, match=says):
        call(nf.ones(2, "e4m3fn"))


def test_an_exact_sum_of_zeros_keeps_their_sign():
    """-0 alone gives -0; with +0 it is +0, rounding down -0."""
    a = nf.array([[-0.0, -0.0], [0.0, -0.0], [0.0, 0.0]], "e5m2")
    for rounding, signs in (("up", [True, False, False]), ("down", [True, True, False])):
        assert nf.signbit(nf.sum(a, rounding=rounding, axis=1)).tolist() == signs
        assert nf.signbit(nf.dot(a, nf.ones(2, "e5m2"), None, rounding)).tolist() == signs
