"""Takums in the library: every width that can be listed, the cells that span binades, names, peers.

The exhaustive tests of all narrow and wide formats go through takums too (cases.py).
"""

import pickle
import warnings
from fractions import Fraction

import cases
import numpy as np
import oracle
import oracle_random
import pytest
from oracle_takum import Takum
from sheet import Sheet
from subjects import SUBJECTS, compare_codes, library

import numfmt as nf
from numfmt import _core

ISAS = [*dict.fromkeys((_core.available_isas()[0], "scalar"))]
UNIVERSAL = {"takum8": 8, "takum16": 16, "takum32": 32, "takum64": 64}
KEY = 31


@pytest.mark.parametrize("width", range(2, 17))
def test_every_code_and_its_value(width, tally):
    """Each code of up to 16 bits is worth what the definition says, and goes back to itself."""
    for mode in ("nearest_even", "up", "stochastic"):
        key = nf.Key(KEY) if mode == "stochastic" else None
        compare_codes(tally, Takum(width), nf.Takum(width), mode, key=key)
    tally.check()


@pytest.mark.parametrize("width", [6, 7, 9, 10, 11, 12])
def test_every_deterministic_rounding_of_every_cell(width, tally):
    """Values, both midpoints, quarter points, their neighbours, the ends and beyond."""
    format, target = Takum(width), nf.Takum(width)
    x = cases.interesting(format)[:: 1 if width < 9 else 7]
    sheet = Sheet(format, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in oracle.policies(format):
            codes, raises = sheet.codes(sheet.rounded(mode), overflow, mode)
            for isa in ISAS:
                with _core.forced_isa(isa):
                    got = nf.encode(x[~raises], target, mode, overflow).astype(np.uint64)
                what = f"{isa} {target} {mode} {overflow}"
                tally.same(got, codes[~raises], x[~raises], what)
    tally.check()


def test_an_undecided_word_in_a_cell_that_spans_binades(tally):
    """Where 32 digits of an odd denominator do not decide, further words of the element do.

    The numbers are float64's nearest to a tail that begins like the word: from 2**15 to 2**31 in
    takum8 a tail has 2**16 - 1 below, and below the smallest takum16 an odd significand.
    """
    words = oracle_random.words(KEY, 0, 300)
    for format, index in ((Takum(8), 96), (Takum(6), 30), (Takum(16), 0)):
        low, high = format.value(index), format.value(index + 1)
        tails = [1 - (Fraction(int(w)) + Fraction(k, 301)) / 2**32 for k, w in enumerate(words)]
        x = np.array([float(low + t * (high - low)) for t in tails])
        x = np.clip(x, float(low), np.nextafter(float(high), 0))
        sheet = Sheet(format, x)
        up = [
            t != 0 and oracle.takes_upper_all_bits(t, further(int(w), i))
            for i, (t, w) in enumerate(zip(sheet.tails(), words, strict=True))
        ]
        codes = sheet.codes(sheet.drawn(np.array(up)), "saturate", "stochastic")[0]
        for isa in ISAS:
            with _core.forced_isa(isa):
                got = nf.encode(x, library(format), "stochastic", key=nf.Key(KEY))
            tally.same(got.astype(np.uint64), codes, x, f"{isa} takum{format.width}")
    tally.check()


def further(word, element):
    """The first word of an element, then those of its further draws."""
    yield word
    for draw in range(1, 100):
        yield int(oracle_random.words(KEY, 0, 1, first=element, draw=draw)[0])


@pytest.mark.parametrize("probability", ["value", "code"])
def test_a_cell_of_64_binades_has_the_mean_it_should(probability):
    """Between 2**63 and 2**127 in takum5: by value the mean is the number, by code it is not."""
    n, x = 1 << 18, 2.0**125
    mode = f"stochastic(probability={probability})"
    drawn = nf.quantize(np.full(n, x), "takum5", mode, key=nf.Key(8))
    share = {"value": (x - 2.0**63) / (2.0**127 - 2.0**63), "code": 62 / 64}[probability]
    assert set(np.unique(drawn)) == {2.0**63, 2.0**127}
    assert abs((drawn == 2.0**127).mean() - share) < 4 * (share * (1 - share) / n) ** 0.5


def test_nothing_rounds_to_zero_or_nar_but_by_chance():
    """The ends take what lies beyond; `underflow=minpos` takes chance away too."""
    x = [1e-300, -1e-300, 1e300, -1e300]
    f = nf.Takum(12)
    ends = [f.smallest_positive, -f.smallest_positive, f.max, f.min]
    for mode in oracle.DETERMINISTIC:
        assert nf.quantize(x, f, mode).tolist() == ends
    key = nf.Key(5)
    assert nf.quantize(x, f, "stochastic", key=key).tolist() == [0.0, 0.0, f.max, f.min]
    assert nf.quantize(x, f, "stochastic(underflow=minpos)", key=key).tolist() == ends
    special = nf.encode([np.inf, -np.inf, np.nan, 0.0, -0.0], f)
    assert special.tolist() == [0x800] * 3 + [0, 0]


@pytest.mark.parametrize("width", [*range(2, 17), 31, 32, 33, 64])
def test_spellings_and_facts(width):
    """takum16 and takum<16>, carried modes, pickled; facts follow from the width."""
    f, format = nf.Takum(width), Takum(width)
    assert str(f) == f"takum{width}"
    assert nf.parse(f"takum<{width}>") == nf.parse(f"takum:{width}") == nf.parse(str(f)) == f
    assert pickle.loads(pickle.dumps(f)) == f
    carried = nf.parse(f"takum{width}<rounding=up,overflow=nan>")
    assert carried == nf.parse(f"takum<{width},rounding=up,overflow=nan>")
    assert nf.parse(str(carried)) == carried == f.replace(rounding="up", overflow="nan")
    assert (f.max, f.min) == (format.value(format.highest), -format.value(format.highest))
    assert f.smallest_positive == f.smallest_normal == format.value(1)
    one = 1 << (width - 2)
    assert f.eps == (format.value(one + 1) - 1 if width > 2 else float("inf"))
    assert f.precision == max(1, width - 4)
    assert (f.has_nan, f.has_infinity, f.default_overflow) == (True, False, "saturate")


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nf.Takum(1), "width=1"),
        (lambda: nf.Takum(65), "width=65"),
        (lambda: nf.Takum(8, log=1), "log=1"),
        (lambda: nf.parse("takum"), "takum<16>"),
        (lambda: nf.parse("takum1"), "width=1"),
        (lambda: nf.parse("takum<8,2>"), "takum<width>"),
        (lambda: nf.quantize(1.0, "takum8", overflow="infinity"), "overflow='infinity'"),
        (lambda: nf.quantize(1.0, "takum8", overflow="unbounded"), "overflow='unbounded'"),
        (lambda: nf.quantize(1.0, "takum8", "up", nan="zero"), "nan='zero'"),
        (lambda: nf.quantize(np.float32(3.4028e38), "takum16"), "dtype=float64 holds it"),
        (lambda: nf.decode(np.uint64([1]), "takum64"), "dtype=object can"),
    ],
)
def test_what_has_no_meaning_is_refused(make, argument):
    """The error names the argument, what it was, and what is allowed."""
    with pytest.raises(nf.NumfmtError) as caught:
        make()
    assert argument in str(caught.value)


def test_a_result_beyond_float32_is_an_error_that_names_the_element():
    """takum16 cut toward zero stays in float32's range, and takum8 to nearest; others leave it."""
    x = np.array([-1.5, 1e-45, 3.4028234663852886e38], np.float32)
    for format, mode in (("takum16", "toward_zero"), ("takum8", "nearest_even")):
        wide = nf.quantize(x.astype(np.float64), format, mode)
        assert np.array_equal(nf.quantize(x, format, mode), wide)
    for format, mode in (
        ("takum8", "away_from_zero"),
        ("takum16", "nearest_even"),
        ("takum16", "to_odd"),
    ):
        expected = nf.quantize(x, format, mode, dtype=np.float64)
        out = np.full(3, 7, np.float32)
        if expected[2] < 2.0**128:
            assert np.array_equal(nf.quantize(x, format, mode, out=out), expected)
            continue
        says = r"x\[2\] = 3\.4.*beyond dtype float32; dtype=float64 holds it"
        for keywords in ({}, {"out": out}, {"report": nf.Report()}):
            with pytest.raises(nf.RangeError, match=says):
                nf.quantize(x, format, mode, **keywords)
        assert (out == 7).all()
        assert np.array_equal(nf.quantize(x[:2], format, mode, out=out[:2]), expected[:2])
    assert nf.quantize(x, "takum8", "away_from_zero", dtype=np.float64)[2] == 2.0**143
    with pytest.raises(nf.DtypeError):  # -1e-45 goes to -2**-159
        nf.quantize(x, "takum8", "up")


@pytest.mark.parametrize("isa", [isa for isa in _core.available_isas() if isa != "scalar"])
@pytest.mark.parametrize("format", ["takum16", "takum12", "takum<29>", "takum8"])
def test_what_is_near_the_end_of_float32_is_looked_at_first(isa, format):
    """One such number in a long array: refused where its value in float64 is too large, and then
    streaming stores have written nothing; else the float64 values."""
    x = np.random.default_rng(2).standard_normal(1 << 22).astype(np.float32)
    out, refused = np.full_like(x, 7), set()
    for mode in ("nearest_even", "away_from_zero"):
        for size in (2.0**97, 2.0**113, 2.0**126 * 1.99, 2.0**127 * 1.5, 3.4028234663852886e38):
            x[3_000_001] = size
            value = nf.quantize(size, format, mode)
            with _core.forced_isa(isa):
                if value < 2.0**128:
                    part = nf.quantize(x[-(1 << 21) :], format, mode)
                    assert part[3_000_001 - (1 << 21)] == value
                    continue
                refused.add(mode)
                with pytest.raises(nf.RangeError, match=r"x\[3000001\]"):
                    nf.quantize(x, format, mode, out=out)
        assert (out == 7).all()
    assert "away_from_zero" in refused


@pytest.mark.parametrize("size", [300, 40_000])
def test_cells_of_many_binades_are_looked_at_too(size):
    """posit<5,5> has 2**8 and 2**16: what lies between goes up, out of float16."""
    x, out = np.ones(5_000, np.float16), np.full(5_000, 7, np.float16)
    x[4_000] = size
    with pytest.raises(nf.RangeError, match=r"x\[4000\].*dtype=float32"):
        nf.quantize(x, "posit<5,5>", "up", out=out)
    assert (out == 7).all()
    assert nf.quantize(x, "posit<5,5>", "down", out=out)[4_000] == 256


def test_the_sampler_refuses_what_may_leave_float32():
    """There a gradient is no place for an error: the format is refused."""
    formats, key = {"gradient": "takum16", "accumulator": "fixed<16,8>"}, nf.Key(1)
    x = np.zeros(3, np.float32)
    with pytest.raises(nf.DtypeError, match="float32 cannot hold every value"):
        nf.sampler_update(x, x, 0.1, 0.1, formats, "full", key=key)


def numbers(format):
    """Doubles at values, both kinds of midpoints, their neighbours and beyond the ends."""
    if format.width <= 8:
        x = cases.interesting(format)
        return np.array([v for v in x.tolist() if not is_misjudged(format, v)])
    random = np.random.default_rng(1)
    indices = {*range(40), *range(format.highest - 40, format.highest)}
    indices |= set(random.integers(0, format.highest, 200).tolist())
    x = cases.around(cases.landmarks(format, sorted(indices)) | {Fraction(2) ** 300})
    return x[np.isfinite(x)]


def is_misjudged(format, x):
    """Next to a midpoint of two codes, but not on it: universal_dtypes takes that for a tie."""
    cell = format.cell(Fraction(x))
    if x == 0 or cell.half == 0 or cell.lower == cell.upper:
        return False
    return abs(abs(Fraction(x)) / format._middle(cell.lower) - 1) < Fraction(1, 1 << 45)


@pytest.mark.parametrize("codes_of", SUBJECTS)
@pytest.mark.parametrize("name", UNIVERSAL)
def test_nearest_even_agrees_with_universal_dtypes(codes_of, name):
    """Every takum that universal_dtypes compiles in, from doubles."""
    universal = pytest.importorskip("universal_dtypes")
    format = Takum(UNIVERSAL[name])
    x = numbers(format)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it announces saturation
        theirs = x.astype(getattr(universal, name)).view(f"u{format.width // 8}")
    assert np.array_equal(codes_of(format, x, "nearest_even", "saturate"), theirs)


def test_decoding_agrees_with_universal_dtypes():
    """All codes of takum16, as doubles."""
    universal = pytest.importorskip("universal_dtypes")
    codes = np.arange(1 << 16, dtype=np.uint16)
    theirs = codes.view(universal.takum16).astype(np.float64)
    assert np.array_equal(nf.decode(codes, "takum16"), theirs, equal_nan=True)
