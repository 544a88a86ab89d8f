"""Codebooks in the library: named and small ones against the oracle, tails, spellings, refusals."""

import pickle
from fractions import Fraction

import numpy as np
import oracle
import oracle_random
import pytest
from grids import assert_moments
from oracle_tables import BINARY, NF4, TERNARY, codebook
from sheet import Sheet, exact_cell
from subjects import compare_every_policy, compare_rounding, library, with_neighbours

import numfmt as nf
from numfmt import _core

NAMED = {"nf4": NF4, "binary": BINARY, "ternary": TERNARY}
OWN = [Fraction(1, 8), Fraction(15, 8), 3, 5]
TABLES = {
    **NAMED,
    "uneven": codebook([-7, -2.5, -1, 0.5, 0.75, 4, 9]),
    "geometric": codebook([-8, -3, 0, 1, 5, 6], "geometric"),
    "two_signs": codebook([-3, -0.1, 0.3, 1], "geometric"),
    "own": codebook([0, 1, 2, 4, 8], OWN),
    "above": codebook([1, 3, 4.75]),
    "below": codebook([-1e300, -5e-324]),
    "far_apart": codebook([-1, 2.0**-70, 1 + 2.0**-50, 3e38]),
    "long": codebook(np.round(np.linspace(-4, 9, 300), 3)),
}
tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
ISAS = _core.available_isas()
KEY = 31


def places(table, dtype=np.float64) -> np.ndarray:
    """Values, turns, quarter points, their neighbours, and numbers far outside; 0 but not -0."""
    points = set(table.values) | {Fraction(0)}
    for a, b in zip(table.values, table.values[1:], strict=False):
        points |= {a + (b - a) * Fraction(k, 4) for k in range(1, 4)}
        points |= {Fraction(float(a * b) ** 0.5)} if 0 < a * b < 2**100 else set()
    points |= set(table.turns) if isinstance(table.turns, tuple) else set()
    return with_neighbours([*points, 1e-30, 5e-324, 2.0**-60, 1e307], dtype)


@tables
def test_every_deterministic_rounding_under_every_policy(table, tally):
    """Values, turns, quarter points, all neighbours and the outside: exact codes."""
    compare_every_policy(tally, table, places)


@tables
def test_every_stochastic_rounding_goes_by_value(table, tally):
    """All bits, few bits and either neighbour: what the words of a known key call for."""
    x = np.repeat(places(table), 3)
    sheet, words = Sheet(table, x), oracle_random.words(KEY, 0, len(x))
    few = [f"stochastic(bits={bits},variant={v})" for v in "ABC" for bits in (1, 7, 32)]
    for rounding in ("stochastic", "stochastic_equal", *few):
        coded = sheet.codes(sheet.drawn(sheet.goes_up(rounding, words)), "saturate", "stochastic")
        compare_rounding(tally, table, x, coded, rounding, "saturate", ISAS, key=nf.Key(KEY))
    tally.check()


@pytest.mark.parametrize("values", [[0, 1], [-1, 2.0**-70]], ids=["narrow", "wide"])
def test_further_words_decide_where_the_first_does_not(values):
    """Tails whose first 32 digits are the word's complement: the second word and the third."""
    n, table = 64, codebook(values)
    words = [oracle_random.words(KEY, 0, n, draw=draw).astype(object) for draw in range(3)]
    tails = (4294967295 - words[0]).astype(np.float64) * 2.0**-32
    tails += np.random.default_rng(1).integers(1, 1 << 20, n) * 2.0**-53
    x = tails if values[0] == 0 else -tails
    expected = [
        cell.upper if oracle.takes_upper_all_bits(cell.tail, chosen) else cell.lower
        for cell, *chosen in zip([exact_cell(table, v) for v in x.tolist()], *words, strict=True)
    ]
    assert 5 < sum(expected) < n - 5
    assert nf.encode(x, library(table), "stochastic", key=nf.Key(KEY)).tolist() == expected


@tables
def test_codes_values_and_facts(table):
    """Each index is worth its value, each value encodes to its index in every mode; -0 is 0."""
    target = library(table)
    values = np.array([float(v) for v in table.values])
    assert np.array_equal(target.all_values(), values)
    for mode in oracle.DETERMINISTIC:
        assert np.array_equal(nf.encode(values, target, mode), target.all_codes())
        assert nf.encode(-0.0, target, mode) == nf.encode(0.0, target, mode)
    assert (target.min, target.max, target.width) == (values[0], values[-1], table.width)
    assert target.has_zero == (0 in values)
    assert not target.has_nan
    assert not target.has_infinity
    packed = nf.pack(target.all_codes(), target)
    assert np.array_equal(nf.unpack(packed, target, len(values)), target.all_codes())
    assert np.array_equal(
        nf.convert(target.all_codes(), target, "binary64").view(np.float64), values
    )
    exact = nf.decode(target.all_codes(), target, dtype=object)
    assert exact.tolist() == list(table.values)


@tables
def test_spellings_and_pickles_give_the_same_codebook(table):
    """parse(str(f)) == f, with and without a name and carried modes."""
    plain = library(table)
    for f in (plain, plain.replace(name="mine"), plain.replace(rounding="up", overflow="error")):
        for again in (nf.parse(str(f)), pickle.loads(pickle.dumps(f))):
            assert (again, hash(again), str(again)) == (f, hash(f), str(f))


@pytest.mark.parametrize("name", NAMED)
def test_named_codebooks_are_the_published_ones(name):
    """The core's table holds what the oracle has, under one spelling."""
    assert nf.parse(name) == library(NAMED[name])
    assert str(library(NAMED[name])) == name == str(nf.parse(name).replace(name=name))


@tables
def test_infinities_and_nan(table):
    """Infinities go to the ends; a NaN is refused, or what nan= says."""
    target = library(table)
    assert nf.encode([-np.inf, np.inf], target).tolist() == [0, table.highest]
    with pytest.raises(nf.RangeError, match="inf"):
        nf.encode([np.inf], target, overflow="error")
    with pytest.raises(nf.NanError):
        nf.encode([0.5, np.nan], target)
    assert nf.encode([np.nan], target, nan="max") == table.highest
    if table.zero is not None:
        assert nf.encode([np.nan], target, nan="zero") == table.zero
        return
    for wrong in ({"nan": "zero"}, {"overflow": "saturate_zero"}):
        with pytest.raises(nf.RoundingError, match="no meaning"):
            nf.encode([np.nan], target, **wrong)


def test_what_no_code_is_is_refused():
    """Codes from the number of values on, whatever the dtype."""
    for codes in (np.array([3], np.uint8), np.array([0, 200], np.uint8), np.array([-1])):
        for call in (nf.decode, nf.pack, lambda c, f: nf.convert(c, f, "binary16")):
            with pytest.raises(nf.FormatError, match="no code of ternary"):
                call(codes, "ternary")
    with pytest.raises(nf.FormatError, match="no code"):
        nf.decode(np.array([3], np.uint8), "ternary", out=np.empty(1))


def test_a_dtype_must_hold_every_value():
    """NF4's values are float32 numbers; 1/10 is none."""
    with pytest.raises(nf.DtypeError, match="float32 can"):
        nf.quantize(np.float16([1]), "nf4")
    with pytest.raises(nf.DtypeError, match="float64 can"):
        nf.quantize(np.float32([1]), "codebook<0.1,1>")


def test_reports_count_by_value():
    """An error in gaps of the table; below the smallest magnitude is an underflow."""
    report = nf.Report()
    nf.quantize([-0.04, 0.05, 0.97, 1.5, -1.0], "nf4", report=report)
    assert (report.inexact, report.underflowed, report.overflowed) == (4, 2, 1)
    gap = 1 - 0.7229568362236023
    assert report.max_ulp == pytest.approx(0.5 / gap)


@pytest.mark.parametrize("name", ["nf4", "binary", "codebook<1,3,4.75>"])
def test_variance_corrected_draws_have_their_mean_and_variance(name):
    """Q^vc on a table: both within four standard errors."""
    n, target = 1 << 16, nf.parse(name)
    mean = float(np.mean(target.values)) + 0.1
    variance = {"nf4": 0.02, "binary": 1 - mean**2}.get(name, 1.0)
    drawn = nf.variance_corrected(np.full(n, mean), variance, target, key=nf.Key(4))
    assert set(np.unique(drawn)) <= set(target.values)
    assert_moments(drawn, mean, variance)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nf.Codebook([1]), "holds 1 numbers"),
        (lambda: nf.Codebook(range(65537)), "65537"),
        (lambda: nf.Codebook([0, 2, 1]), "1.0 stands after 2.0"),
        (lambda: nf.Codebook([0, 1, 1]), "all different"),
        (lambda: nf.Codebook([-0.0, 1]), "-0.0"),
        (lambda: nf.Codebook([0, float("nan")]), "nan"),
        (lambda: nf.Codebook([0, float("inf")]), "inf"),
        (lambda: nf.Codebook([0, Fraction(1, 3)]), "Fraction(1, 3)"),
        (lambda: nf.Codebook([0, 2**53 + 1]), "9007199254740993"),
        (lambda: nf.Codebook("nf4"), "sequence"),
        (lambda: nf.Codebook([0, 1], name="a b"), "name='a b'"),
        (lambda: nf.Codebook([0, 1], thresholds="log"), "thresholds='log'"),
        (lambda: nf.Codebook([0, 1], thresholds=[1, 2]), "holds 2 numbers"),
        (lambda: nf.Codebook([0, 1], thresholds=[2]), "from 0.0 to 1.0"),
        (lambda: nf.parse("codebook<1,x>"), "'x' must be a number"),
        (lambda: nf.parse("codebook"), "needs parameters"),
        (lambda: nf.Codebook([-2, -1]).smallest_positive, "no positive value"),
        (lambda: nf.Codebook([0, 1], overflow="wrap"), "no meaning"),
    ],
)
def test_what_is_no_codebook_is_refused(make, argument):
    """The error names the argument, its value and what is allowed."""
    with pytest.raises(nf.NumfmtError) as caught:
        make()
    assert argument in str(caught.value)


def test_the_core_refuses_descriptors_that_are_no_codebook():
    """NULL, too few values, a wrong width, values out of order, and a table where none belongs."""
    ffi, lib = _core.ffi, _core.lib
    values = ffi.new("double[]", [0.0, 1.0, 3.0])
    swapped = ffi.new("double[]", [1.0, 0.0, 3.0])

    def status(width=2, family=lib.NF_CODEBOOK, **fields):
        table = ffi.new("nf_codebook *", {"values": values, "count": 3, **fields})
        row = {"family": family, "width": width, "codebook": table}
        return lib.nf_format_check(ffi.new("nf_format *", row))

    assert status() == lib.NF_OK
    wrong = [{"values": ffi.NULL}, {"values": swapped}, {"count": 0}, {"count": 1}, {"width": 3}]
    wrong += [{"turns": 3}, {"turns": lib.NF_TURN_OWN}, {"thresholds": values}]
    wrong += [{"family": lib.NF_FIXED}]
    assert {status(**fields) for fields in wrong} == {lib.NF_BAD_FORMAT}
    bare = ffi.new("nf_format *", {"family": lib.NF_CODEBOOK, "width": 2})
    assert lib.nf_format_check(bare) == lib.NF_BAD_FORMAT


@pytest.mark.parametrize("size", [1e-100, 1e-170, 5e-324])
def test_no_mode_crosses_a_zero_that_the_table_has_not(size):
    """toward_zero stays at x's own sign, however small the values are."""
    table = nf.Codebook([-size, size])
    x = np.array([size / 2, -size / 2])
    x = x[x != 0]
    assert np.array_equal(np.sign(nf.quantize(x, table, "toward_zero")), np.sign(x))
