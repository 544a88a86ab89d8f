"""Quires: exact sums by the oracle, sizes by the standard, arrays, specials, refusals."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import oracle_arithmetic as arithmetic
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded, number
from subjects import library

import numfmt as nf

RANDOM = np.random.default_rng(3)
FORMATS = [Posit(8, 2), Posit(16, 2), Posit(8, 0), Float(5, 2), Float(8, 7), Fixed(12, 5)]


def some(format, *shape):
    """Random codes, all kinds among them, as an Array and as integers."""
    codes = RANDOM.integers(0, 1 << format.width, shape, np.uint64)
    own = library(format)
    return nf.from_codes(codes.astype(nf.zeros(1, own).codes.dtype), own), codes.tolist()


@pytest.mark.parametrize(
    ("format", "width", "lowest"),
    [
        ("posit<8,2>", 128, -48),
        ("posit<16,2>", 256, -112),
        ("posit<32,2>", 512, -240),
        ("posit<64,2>", 1024, -496),
        ("posit<8,0>", 32 + 4 * 6, -12),
        ("binary16", 1 + 31 + 2 * 16 + 2 * 24, -48),
        ("int8", 1 + 31 + 14, 0),
    ],
)
def test_sizes_are_those_of_the_posit_standard_and_of_kulisch(format, width, lowest):
    """16 n bits for posit<n,2>; twice the format's own range else, guard bits and a sign."""
    q = nf.Quire(format)
    assert (q.width, q.lowest) == (width, lowest)
    assert nf.Quire(format, guard_bits=3).width == width - 28
    assert str(q.width) in repr(q)


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_sums_of_products_and_terms_are_exact(format, tally):
    """Added and subtracted, in steps and at once, then rounded in several modes."""
    overflow = "infinity" if getattr(format, "special", "") == "ieee" else "saturate"
    for n in (1, 3, 20):
        (a, p), (b, q), (c, r) = (some(format, 40, n) for _ in range(3))
        sums = nf.Quire(a.format, 40)
        sums.add_product(a, b)
        sums -= c
        for i in range(n):
            sums.subtract_product(a[:, i], c[:, i])
        for rounding in ("nearest_even", "down", "to_odd"):
            wanted = []
            for rows in zip(p, q, r, strict=True):
                x, y, z = ([number(format, code) for code in row] for row in rows)
                terms = [arithmetic.product(u, v)[0] for u, v in zip(x, y, strict=True)]
                less = [arithmetic.product(u, v)[0] for u, v in zip(x, z, strict=True)] + z
                terms += [term.with_sign(not term.negative) for term in less]
                found = arithmetic.total(terms, rounding)[0]
                wanted.append(coded(format, found, rounding, overflow))
            got = sums.round(rounding=rounding)
            tally.same(got.codes, np.array(wanted), np.arange(40), f"{format} {n} {rounding}")
    tally.check()


def test_values_are_exact_fractions():
    """Before any rounding; NaN and infinities are floats."""
    q = nf.Quire("binary16", 3)
    smallest = nf.from_codes(1, "binary16")
    q.add_product(smallest, smallest)
    q.add([60000, 0, 0])
    assert q.values[0] == 60000 + Fraction(1, 2**48)
    assert q.values[1] == Fraction(1, 2**48)
    q.add([np.inf, -np.inf, np.nan])
    assert str(q.values[:2].tolist()) == "[inf, -inf]"
    assert np.isnan(q.values[2])
    q.subtract([np.inf, 1, 1])
    assert np.isnan(q.values[0])
    q.clear()
    assert q.values.tolist() == [0, 0, 0]
    n = nf.Quire("posit<8,2>")
    n.subtract(3)
    assert n.values[()] == -3
    n.add(nf.array(np.nan, "posit<8,2>"))
    assert np.isnan(n.round().item())


def test_operands_are_spread_over_the_quires():
    """One for each, one for all, or all elements of further axes."""
    x = RANDOM.integers(-4, 5, (3, 4, 5)).astype(float)
    a = nf.array(x, "fixed<8,2>")
    q = nf.Quire("fixed<8,2>", (3, 4))
    q.add(a)
    q.add(a[0, 0, 0])
    q.add(a[..., 0])
    q.add_product(a[..., 0], 2)
    q.add(a[0, :, 0])
    wanted = x.sum(-1) + x[0, 0, 0] + 3 * x[..., 0] + x[0, :, 0]
    assert np.array_equal(q.values, wanted)
    single = nf.Quire("fixed<8,2>")
    single += a
    assert single.values[()] == x.sum()
    mixed = nf.Quire("fixed<8,2>")
    mixed.add_product(nf.array([1.5], "e2m1"), a[0, 0])
    assert mixed.values[()] == 1.5 * x[0, 0].sum()
    for shape in ((4,), (3, 3), (2, 4, 5)):
        with pytest.raises(nf.ShapeError, match="do not fit"):
            q.add(nf.zeros((*shape, 1) if len(shape) < 2 else shape, "fixed<8,2>"))
    empty = nf.Quire("fixed<8,2>", 0)
    empty.add(3)
    assert empty.round().shape == (0,)


def test_quires_are_added_negated_and_copied():
    """Of the same kind; a copy goes its own way."""
    q, r = nf.Quire("posit<16,2>", 2), nf.Quire("posit<16,2>")
    q.add([1, 2])
    r.add(5)
    q += r
    q -= q.copy()
    assert q.values.tolist() == [0, 0]
    q.subtract_quire(r)
    q.negate()
    others = [copy.copy(q), copy.deepcopy(q), pickle.loads(pickle.dumps(q))]
    q.add(1)
    assert q.round().values.tolist() == [6, 6]
    for other in others:
        assert other.values.tolist() == [5, 5]
        assert other.width == q.width
    with pytest.raises(nf.FormatError, match="another kind"):
        q.add_quire(nf.Quire("posit<8,2>"))
    with pytest.raises(nf.ShapeError):
        q.add_quire(nf.Quire("posit<16,2>", 3))
    with pytest.raises(nf.NumfmtError, match="no Quire"):
        q.subtract_quire(3)


def test_rounding_takes_formats_modes_keys_and_reports():
    """As operations do; the quire stays as it is."""
    q = nf.Quire("fixed<8,4>", 2)
    q.add_product([1.0625, 3], 1.0625)
    exactly = [Fraction(q.values[0]), Fraction(q.values[1])]
    assert q.round("fixed<4,0>", "up").values.tolist() == [2, 4]
    key = nf.Key(1)
    got = q.round("fixed<8,2>", "stochastic", key=key)
    wanted = nf.quantize([float(v) for v in exactly], "fixed<8,2>", "stochastic", key=key)
    assert got.values.tolist() == wanted.tolist()
    with nf.Report() as report:
        q.round("fixed<8,2>")
    assert (report.count, report.inexact) == (2, 2)
    assert list(q.values) == exactly
    with pytest.raises(nf.RangeError, match="element"):
        q.round("fixed<3,2>", overflow="error")
    with pytest.raises(nf.FormatError, match="blocks"):
        q.round("mxfp4")


def test_what_goes_beyond_the_guard_bits_is_never_a_wrong_number():
    """NaR of posits; an error of others."""
    for format in ("posit<8,0>", "int8"):
        q = nf.Quire(format, guard_bits=1)
        end = nf.array(nf.parse(format).min, format)
        for _ in range(64):
            q.add_product(end, end)
        assert np.isnan(q.values[()])
        if format == "int8":
            with pytest.raises(nf.RangeError):
                q.round()
        else:
            assert np.isnan(q.round().item())


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda q: nf.Quire("lns<8,3>"), nf.FormatError, "no quire"),
        (lambda q: nf.Quire("mxfp4"), nf.FormatError, "block"),
        (lambda q: nf.Quire("float<20,3>"), nf.FormatError, "no quire"),
        (lambda q: nf.Quire("posit<8,2>", guard_bits=0), nf.FormatError, "guard_bits=0"),
        (lambda q: nf.Quire("posit<8,2>", -1), nf.ShapeError, "shape=-1"),
        (lambda q: q.add(0.3), nf.FormatError, "no value of posit<8,2>"),
        (lambda q: q.add(nf.ones(1, "binary32")), nf.FormatError, "finer or larger"),
        (lambda q: q.add("x"), nf.DtypeError, "a has dtype"),
    ],
)
def test_wrong_arguments_are_refused(call, error, says):
    """And leave the quire as it was."""
    q = nf.Quire("posit<8,2>")
    q.add(2)
    with pytest.raises(error, match=says):
        call(q)
    assert q.values[()] == 2


@pytest.mark.parametrize("width", [8, 16])
def test_the_order_does_not_matter(width):
    """Any order of terms gives the same bits."""
    a, _ = some(Posit(width, 2), 200)
    a, b = a[~nf.isnan(a)], nf.ones(200, a.format)
    found = set()
    for _ in range(3):
        order, q = RANDOM.permutation(a.size), nf.Quire(a.format)
        q.add_product(a[order], a[order])
        q.subtract_product(a[order[::2]], b[: len(order[::2])])
        q.add(a[order[::2]])
        found.add(q.round().codes.item())
        assert q.values[()] == sum(Fraction(v) ** 2 for v in a.values.tolist())
    assert len(found) == 1
