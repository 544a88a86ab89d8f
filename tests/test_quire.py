"""Quires against exact fractions, the standard's bit patterns, and SoftPosit."""

import copy
import itertools
import pickle
import random
from fractions import Fraction

import numpy as np
import oracle_arithmetic as arithmetic
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded
from quire_cases import FORMATS, POSITS, array, model, pattern, size_of, some_codes, values
from subjects import library

import numfmt as nf

formats = pytest.mark.parametrize("format", FORMATS, ids=str)
GUARD = 31


def policy(format):
    """The default one."""
    return "infinity" if getattr(format, "special", "") == "ieee" else "saturate"


def made(format, steps):
    """A quire after steps, and their terms by the oracle."""
    q = nf.Quire(library(format))
    for sign, *factors in steps:
        name = ("add" if sign > 0 else "subtract") + ("_product" if len(factors) > 1 else "")
        getattr(q, name)(*(array(format, codes) for codes in factors))
    return q, *model(format, steps)


def some_steps(format, seed, special=False, count=12):
    """Numbers and products, added and subtracted."""
    parts = [some_codes(format, count, 100 * seed + i, special) for i in range(6)]
    n = min(len(part) for part in parts)
    a, b, c, d, e, f = (part[:n] for part in parts)
    return [(1, a), (1, b, c), (-1, d), (-1, e, f)]


@formats
def test_sizes_are_those_of_the_formats(format):
    """16 n bits of posits with es = 2; twice the format's own elsewhere, and 32."""
    q = nf.Quire(library(format))
    if size_of(format) is not None:
        assert (q.width, q.lowest) == size_of(format)
    codes = some_codes(format, 100, 1)
    for v in values(format, codes):
        assert (v * Fraction(2) ** -(q.lowest // 2)).denominator == 1
        assert v * v * 2**GUARD <= Fraction(2) ** (q.width - 1 + q.lowest)
    standard = {8: 128, 16: 256, 32: 512, 64: 1024}
    assert {n: nf.Quire(nf.Posit(n, 2)).width for n in standard} == standard


@formats
def test_sums_are_exact(format, tally):
    """Values and products, plus and minus, corners among them."""
    for seed in range(20):
        q, terms, _ = made(format, some_steps(format, seed))
        tally.same([q.value], [sum(term.value for term in terms)], [seed], f"{format}")
    tally.check()


@formats
def test_rounds_once_in_every_mode(format, tally):
    """As the oracle rounds the exact sum; specials too, and the flags of what was invalid."""
    modes = ["nearest_even", "nearest_away", "toward_zero", "up", "down", "to_odd", "jam"]
    target = library(format)
    for seed, rounding in itertools.product(range(12), modes):
        q, terms, _ = made(format, some_steps(format, seed, count=1 + seed % 4))
        wanted = coded(format, arithmetic.total(terms, rounding)[0], rounding, policy(format))
        got = q.round(rounding=rounding)
        assert got.format == target
        tally.same([int(got.codes)], [wanted], [seed], f"{format} {rounding}")
    tally.check()


@pytest.mark.parametrize("format", [f for f in FORMATS if not isinstance(f, Fixed)], ids=str)
def test_specials_stay_and_are_told(format, tally):
    """NaR, NaN, infinities of both signs, infinity * 0: value, code and the invalid flag."""
    for seed in range(30):
        q, terms, raised = made(format, some_steps(format, seed, True, count=1 + seed % 5))
        found, flags = arithmetic.total(terms, "nearest_even")
        report = nf.Report()
        got = int(q.round(report=report).codes)
        tally.same([got], [coded(format, found, "nearest_even", policy(format))], [seed], "codes")
        tally.same(["invalid" in report.flags], ["invalid" in flags | raised], [seed], "flags")
        if found.kind == "infinity":
            assert q.value == (-np.inf if found.negative else np.inf)
        assert (q.value != q.value) == found.is_nan
    tally.check()


@pytest.mark.parametrize("format", POSITS, ids=str)
def test_bits_are_the_standards(format, tally):
    """Two's complement of the sum in units of minpos**2; 10..0 once NaR came."""
    for seed in range(20):
        q, terms, _ = made(format, some_steps(format, seed))
        tally.same([q.bits], [pattern(format, sum(t.value for t in terms))], [seed], "bits")
        q.negate()
        tally.same([q.bits], [pattern(format, -sum(t.value for t in terms))], [seed], "negated")
    nar = array(format, [1 << (format.width - 1)])
    assert q.add(nar).add(array(format, [1])).bits == pattern(format, None)
    assert q.negate().subtract_quire(q).bits == pattern(format, None)
    assert q.clear().bits == 0
    tally.check()


@formats
def test_the_order_does_not_matter(format):
    """Of terms, of pieces, of quires that are added: not one bit, of the specials' state either."""
    codes = [some_codes(format, 60, seed, True) for seed in (1, 2)]
    n = min(map(len, codes))
    pairs = list(zip(codes[0][:n], codes[1][:n], strict=True))
    first = None
    for seed in range(6):
        random.Random(seed).shuffle(pairs)
        cut = 10 * seed
        halves = [zip(*part, strict=True) for part in (pairs[:cut], pairs[cut:]) if part]
        quires = [
            nf.Quire(library(format)).add_product(*(array(format, list(c)) for c in half))
            for half in halves
        ]
        total = quires[0] if len(quires) == 1 else quires[1].add_quire(quires[0])
        memory = total._data.tobytes()
        first = first or memory
        assert memory == first


def test_posits_beyond_the_quire_are_nar():
    """maxpos**2 fits 2**31 - 1 times, and not once more."""
    top = nf.from_codes(np.uint8(127), "posit<8,2>")
    q = nf.Quire("posit<8,2>").add_product(top, top)
    power = q.copy()
    for _ in range(1, GUARD):
        q.add_quire(power.add_quire(power))
    assert q.value == (2**GUARD - 1) * Fraction(2) ** 48
    q.subtract_product(top, -top)
    assert q.bits == 1 << 127
    assert q.overflowed
    assert q.subtract_product(top, top).bits == 1 << 127
    assert int(q.round().codes) == 128


@pytest.mark.parametrize("name", ["e4m3fn", "fixed<8,3>", "binary16", "takum8"])
@pytest.mark.parametrize("guard", [1, 5, 40])
def test_other_quires_tell_that_they_overflowed(name, guard):
    """2**guard_bits - 1 products are held; then reading is an error, until it is cleared."""
    format = nf.parse(name)
    q = nf.Quire(format, guard_bits=guard)
    ends = nf.array([format.min], format)
    q.add_product(ends, ends)
    power = q.copy()
    for _ in range(1, guard):
        q.add_quire(power.add_quire(power))
    assert q.value == (2**guard - 1) * Fraction(format.min) ** 2
    for _ in range(40):
        q.add_quire(q)
    assert q.overflowed
    if format.has_nan and name == "takum8":
        assert int(q.round().codes) == 128
        return
    for read in (lambda: q.value, lambda: q.bits, lambda: q.round("binary64")):
        with pytest.raises(nf.RangeError, match="overflowed its"):
            read()
    assert "overflowed" in repr(q)
    assert q.clear().value == 0


def test_minus_two_to_the_last_bit_is_held_where_it_is_not_nar():
    """Two's complement has one number more below 0."""
    q = nf.Quire("ufixed<1,0>", guard_bits=1)
    assert q.width == 4
    one = nf.array([1], "ufixed<1,0>")
    for _ in range(8):
        q.subtract(one)
    assert (q.value, q.bits, q.overflowed) == (-8, 8, False)
    assert q.subtract(one).overflowed
    q = nf.Quire("posit<2,0>", guard_bits=1)
    assert (q.width, q.lowest) == (2, 0)
    assert q.subtract(1).value == -1
    assert q.subtract(1).bits == 2


@pytest.mark.parametrize("width", [8, 16, 32])
def test_softposit_rounds_the_same_sums(width, tally):
    """Its pX2 quire of products, to posit<width,2>; at 32 bits but for sums from 2**112 on, whose
    exponent bits no code has all: there it cuts, where the standard (and the oracle) rounds."""
    softposit = pytest.importorskip("softposit")
    format = Posit(width, 2)
    for seed in range(60):
        n = 1 + seed % 17
        a, b = some_codes(format, n, seed), some_codes(format, n, seed + 1000)
        n = min(len(a), len(b))
        theirs = softposit.qX2Clr()
        for x, y in zip(a[:n], b[:n], strict=True):
            theirs = softposit.qX2_fdp_add(theirs, *(_their(softposit, c, width) for c in (x, y)))
        wanted = softposit.qX2_to_pX2(theirs, width).v >> (32 - width)
        q = nf.Quire(library(format)).add_product(array(format, a[:n]), array(format, b[:n]))
        if width < 32 or 2**-112 < abs(q.value) < 2**112:
            tally.same([int(q.round().codes)], [wanted], [seed], f"{format}")
    tally.check()
    assert tally.cases >= 30


def _their(softposit, code, width):
    made = softposit.posit_2_t()
    made.v = code << (32 - width)
    return made


def test_a_quire_rounds_to_any_format():
    """Wider than 64 bits of sum: exact in every one of them, with fractions and stochastic bits."""
    format = Float(5, 10)
    for seed in range(5):
        q, terms, _ = made(format, some_steps(format, seed))
        exact = sum(term.value for term in terms)
        assert Fraction(q.round("binary64").item()) == Fraction(float(exact))
        for target in (Fixed(64, 40), Posit(64, 2), Float(11, 52)):
            wanted = coded(target, arithmetic.total(terms, "up")[0], "up", policy(target))
            assert int(q.round(library(target), "up").codes) == wanted
    q = nf.Quire("binary16").add([1024, 2**-24])
    found = [q.round("fixed<16,0>", "stochastic", key=nf.Key(s)).item() for s in range(200)]
    assert set(found) == {1024}
    q = nf.Quire("binary16").add([1024, 0.5])
    found = [q.round("fixed<16,0>", "stochastic", key=nf.Key(s)).item() for s in range(200)]
    assert 60 < found.count(1025) < 140


def test_mixed_formats_go_where_the_quire_can_hold_them():
    """Products of other formats are exact; what may be too fine or too large is refused."""
    q = nf.Quire("binary32").add_product(nf.array([1.5, 3], "e5m2"), nf.array([2, 5], "posit<8,2>"))
    assert q.value == 18
    q.add(nf.array([0.125], "fixed<8,3>"))
    assert q.value == Fraction(145, 8)
    with pytest.raises(nf.FormatError, match="finer or larger"):
        nf.Quire("e4m3fn").add(nf.array([1.0], "binary64"))
    with pytest.raises(nf.FormatError, match="finer or larger"):
        nf.Quire("e4m3fn").add_product(nf.array([1.0], "binary16"), nf.array([1.0], "binary16"))
    with pytest.raises(nf.FormatError, match="no value of e4m3fn"):
        nf.Quire("e4m3fn").add(0.1)


def test_arrays_of_quires_take_their_axes_first():
    """Broadcast over them, summed behind them; views share memory, copies do not."""
    x = np.arange(24.0).reshape(2, 3, 4)
    q = nf.Quire("binary32", (2, 3))
    q.add(nf.array(x, "binary32"))
    assert q.value.tolist() == x.sum(-1).tolist()
    q.clear().add(nf.array(x[0, :, 0], "binary32")).add(1)
    assert q.value.tolist() == (np.stack([x[0, :, 0]] * 2) + 1).tolist()
    q.clear().add_product(nf.array(x, "binary32"), nf.array([1, 2, 3, 4], "binary32"))
    assert q.round().values.tolist() == (x @ [1, 2, 3, 4]).tolist()
    part = q[1, ::2]
    assert part.shape == (2,)
    part.negate()
    assert q[1, 0].value == -(x[1, 0] @ [1, 2, 3, 4])
    one = q[0, 1]
    one.add(5)
    assert q.value[0, 1] == x[0, 1] @ [1, 2, 3, 4] + 5
    other = q.copy()
    other.clear()
    assert q.value[0, 1] != 0
    assert nf.Quire("binary32", 0).add(nf.zeros((0, 5), "binary32")).value.shape == (0,)
    assert nf.Quire("binary32", 3).add(nf.zeros((3, 0), "binary32")).value.tolist() == [0] * 3
    assert q.add_quire(nf.Quire("binary32").add(1)).value[0, 1] == x[0, 1] @ [1, 2, 3, 4] + 6
    with pytest.raises(nf.ShapeError, match="the first axes are theirs"):
        q.add(nf.array(x.T, "binary32"))


def test_rounding_takes_modes_keys_and_reports():
    """As operations do; the quire stays as it is."""
    q = nf.Quire("fixed<8,4>", 2).add_product([1.0625, 3], 1.0625)
    exactly = q.value.tolist()
    key = nf.Key(1)
    got = q.round("fixed<8,2>", "stochastic", key=key)
    wanted = nf.quantize([float(v) for v in exactly], "fixed<8,2>", "stochastic", key=key)
    assert got.values.tolist() == wanted.tolist()
    raised = np.empty(2, np.uint8)
    with nf.Report() as report:
        q.round("fixed<8,2>", element_flags=raised)
    assert (report.count, report.inexact, raised.tolist()) == (2, 2, [16, 16])
    assert q.value.tolist() == exactly
    with pytest.raises(nf.RangeError, match=r"sum, element \[1\]"):
        q.round("fixed<4,2>", overflow="error")


def test_quires_are_pickled_and_copied():
    """With all that they hold."""
    q = nf.Quire("posit<16,2>", 2, guard_bits=40).add([1.5, -2])
    for made in (pickle.loads(pickle.dumps(q)), copy.copy(q), copy.deepcopy(q)):
        assert (made.format, made.guard_bits, made.shape) == (q.format, 40, (2,))
        assert made.value.tolist() == q.value.tolist()
        made.clear()
        assert q.value.tolist() == [Fraction(3, 2), -2]
    assert repr(q) == "<numfmt quire of posit<16,2>, 265 bits, shape (2,)>"


def test_a_sum_of_zeros_keeps_a_sign_that_all_have():
    """Of products and numbers; negated; rounding down where both signs came."""
    q = nf.Quire("binary16").add(nf.array([-0.0, -0.0], "binary16"))
    assert np.signbit(q.round().item())
    assert not np.signbit(q.negate().round().item())
    q.add(nf.array([-0.0], "binary16"))
    assert not np.signbit(q.round().item())
    assert np.signbit(q.round(rounding="down").item())
    assert not np.signbit(nf.Quire("binary16").round(rounding="down").item())


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: nf.Quire("lns<8,3>"), nf.FormatError, "irrational"),
        (lambda: nf.Quire("takum_log16"), nf.FormatError, "irrational"),
        (lambda: nf.Quire("mxfp4"), nf.FormatError, "blocks"),
        (lambda: nf.Quire(nf.Float(15, 3)), nf.FormatError, "65536 bits"),
        (lambda: nf.Quire(nf.Float(60, 3)), nf.FormatError, "65536 bits"),
        (lambda: nf.Quire("e4m3fn", guard_bits=0), nf.NumfmtError, "guard_bits=0"),
        (lambda: nf.Quire("e4m3fn", guard_bits=5000), nf.NumfmtError, "guard_bits=5000"),
        (lambda: nf.Quire("e4m3fn", -1), nf.ShapeError, "shape=-1"),
        (lambda: nf.Quire("e4m3fn").add_quire(nf.Quire("e5m2")), nf.FormatError, "e5m2"),
        (lambda: nf.Quire("e4m3fn").add_quire(3), nf.FormatError, "other=3"),
        (lambda: nf.Quire("e4m3fn").add(np.nan).bits, nf.NanError, "no bits"),
        (lambda: nf.Quire("e4m3fn").add(np.nan).round("fixed<8,3>"), nf.NanError, "nan='zero'"),
        (lambda: nf.Quire("e4m3fn").add(1).round("fixed<8,3>", "sr"), nf.RandomError, "key"),
        (lambda: nf.Quire("e4m3fn").add("x"), nf.DtypeError, "x has dtype"),
    ],
)
def test_wrong_arguments_are_refused(call, error, says):
    """Each by name."""
    with pytest.raises(error, match=says):
        call()
