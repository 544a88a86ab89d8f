"""Elementary functions of arrays: by name and by NumPy's, each code evaluated once or each element,
by any number of threads; what is refused."""

import numpy as np
import pytest
from arithmetic_cases import operate
from oracle_formats import Float
from oracle_functions import NAMES

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib

RANDOM = np.random.default_rng(7)
E5M2, BINARY16 = nf.parse("e5m2"), nf.parse("binary16")
SHORT = 50  # elements that are not worth a table
BY_NUMPY = ["exp", "exp2", "expm1", "log", "log2", "log1p", "tanh", "sin", "cos", "cbrt"]


def in_parts(call, codes, *modes, key=None):
    """The codes, flags and reports of short arrays, one after the other."""
    found, raised, total = [], [], nf.Report()
    for start in range(0, len(codes), SHORT):
        part = codes[start : start + SHORT]
        flags = np.empty(len(part), np.uint8)
        own = {} if key is None else {"key": key.at(0, first=start)}
        found.append(call(part, *modes, element_flags=flags, report=total, **own).codes)
        raised.append(flags)
    return np.concatenate(found), np.concatenate(raised), total


@pytest.mark.parametrize("name", [*NAMES, "power"])
@pytest.mark.parametrize("source", ["e5m2", "posit<6,1>", "binary16", "float16 numbers"])
def test_a_table_gives_what_each_element_gives(name, source):
    """Codes and flags, with a report and without, in a stochastic rounding and others."""
    n = 700
    is_plain = source == "float16 numbers"
    codes = nf.parse("binary16" if is_plain else source).all_codes()[
        RANDOM.integers(0, 64, n) * 3 % 64
    ]
    codes = codes if codes.itemsize == 1 else RANDOM.integers(0, 1 << 16, n).astype(np.uint16)

    def call(part, *modes, **options):
        x = part.view(np.float16) if is_plain else nf.from_codes(part, source)
        exponent = [-3] if name == "power" else []
        return getattr(nf, name)(x, *exponent, "e4m3fn", *modes, **options)

    for modes, key in (
        (("up",), None),
        (("nearest_even", "nan"), None),
        (("stochastic",), nf.Key(5)),
    ):
        found, raised, total = in_parts(call, codes, *modes, key=key)
        own = {} if key is None else {"key": key}
        for report in (None, nf.Report()):
            flags = np.empty(n, np.uint8)
            got = call(codes, *modes, element_flags=flags, report=report, **own)
            assert np.array_equal(got.codes, found)
            assert np.array_equal(flags, raised)
        assert (report.count, report.inexact, report.flags) == (n, total.inexact, total.flags)
        assert (report.saturated, report.nan) == (total.saturated, total.nan)
        assert report.max_error == total.max_error


def test_exponents_of_each_element_have_no_table():
    """Though the other operand is of few bits."""
    codes, exponents = RANDOM.integers(0, 128, 500).astype(np.uint8), RANDOM.integers(-4, 5, 500)
    whole = nf.power(nf.from_codes(codes, "e5m2"), exponents).codes
    parts = [
        nf.power(nf.from_codes(codes[i : i + SHORT], "e5m2"), exponents[i : i + SHORT]).codes
        for i in range(0, 500, SHORT)
    ]
    assert np.array_equal(whole, np.concatenate(parts))


def test_threads_change_nothing():
    """Of codes that are known, rounded, and of elements one by one."""
    codes = RANDOM.integers(0, 1 << 16, 300_000).astype(np.uint16)
    x = nf.from_codes(codes, BINARY16)
    wide = RANDOM.standard_normal(3_000)
    calls = [
        lambda: nf.exp(x).codes,
        lambda: nf.log(x, rounding="stochastic", key=nf.Key(1)).codes,
        lambda: nf.tanh(wide, "binary32").codes,
    ]
    before, found = nf.get_num_threads(), []
    try:
        for threads in (1, 4):
            nf.set_num_threads(threads)
            found.append([call() for call in calls])
    finally:
        nf.set_num_threads(before)
    for one, four in zip(*found, strict=True):
        assert np.array_equal(one, four)


def test_the_first_element_that_fails_is_named():
    """Whichever code is evaluated first; nothing is written."""
    x = np.full(500, 1.0, np.float16)
    x[[300, 400]] = [20, 10]
    with pytest.raises(nf.RangeError, match=r"exp\(20.0\), element \[300\], is out of range"):
        nf.exp(x, "int8", overflow="error")
    x[200] = np.nan
    with pytest.raises(nf.NanError, match=r"exp\(nan\), element \[200\], is NaN"):
        nf.exp(x, "int8", overflow="error")
    out = np.full(500, 77, np.uint8)
    refused = _core.operate(
        "exp", nf.parse("int8")._descriptor(), ffi.NULL, [_core.Operand(x)], out
    )
    assert refused == (nf.NanError, 200)
    assert np.all(out == 77)


def test_results_may_replace_their_operands():
    """In an array of codes of the same size, with a table and without."""
    for n in (SHORT, 1000):
        codes = RANDOM.integers(0, 256, n).astype(np.uint8)
        wanted, flags = nf.exp(nf.from_codes(codes, "e5m2")).codes, np.zeros(n, np.uint8)
        source = _core.Operand(codes, E5M2._descriptor())
        plan = ffi.new("nf_options *")
        assert _core.operate("exp", E5M2._descriptor(), plan, [source], codes, flags=flags) is None
        assert np.array_equal(codes, wanted)


def test_numpys_functions_are_the_operations():
    """And `**` is power; an exponent for all elements, or one for each."""
    a = nf.array([1.5, 2.0, 0.75], "e4m3fn")
    for name in BY_NUMPY:
        assert np.array_equal(getattr(np, name)(a).codes, getattr(nf, name)(a).codes)
    for exponent in (3, -2, 0, np.int8(2), [1, 2, -1], np.uint64(2), nf.array(3, "int8")):
        got = a**exponent
        assert np.array_equal(got.codes, np.power(a, exponent).codes)
        numbers = np.asarray(exponent.values if isinstance(exponent, nf.Array) else exponent)
        wanted = nf.array(a.values ** numbers.astype(float), "e4m3fn")
        assert np.array_equal(got.codes, wanted.codes)
    b = a.copy()
    b **= 2
    assert np.array_equal(b.codes, (a**2).codes)


def test_formats_follow_those_of_other_operations():
    """The operand's own, fixed point too; contexts; plain numbers need one."""
    x = nf.array([0.5, -0.25], "fixed<8,4>")
    assert nf.exp(x).format == x.format
    with nf.context(rounding="up"):
        assert nf.exp(x).values.tolist() == [1.6875, 0.8125]
    assert nf.power(x, 4).values.tolist() == [0.0625, 0.0]
    with pytest.raises(nf.FormatError, match="format=None"):
        nf.exp(1.0)
    with pytest.raises(nf.FormatError, match="name a format"):
        nf.exp(nf.array(np.ones(32), "mxfp4"))
    assert nf.exp(nf.array(np.ones(32), "mxfp4"), "e5m2").values[0] == 2.5


def test_affine_scales_along_an_axis_are_each_elements_own():
    """Neither an operand's nor a result's table is taken."""
    format = nf.Affine(8, [0.5, 0.25], channel_axis=0)
    x = nf.array(np.tile(np.arange(4.0), (2, 50)), format)
    assert nf.exp2(x, "binary32").values[:, :4].tolist() == [[1, 2, 4, 8]] * 2
    got = nf.tanh(nf.array(np.ones((2, 100)), "e5m2"), format).values
    assert got[:, 0].tolist() == [1.0, 0.75]


REFUSED = [
    (lambda: nf.sin(nf.array(1, "float<16,40>")), nf.FormatError, "too large for angles"),
    (lambda: nf.cos(nf.array(1, "lns<32,16>")), nf.FormatError, "irrational"),
    (lambda: nf.power(1, 0.5, "e5m2"), nf.DtypeError, "b, an exponent, has dtype float64"),
    (lambda: nf.power(1, 1 << 63, "e5m2"), nf.DtypeError, "uint64"),
    (lambda: nf.power(1, 1 << 70, "e5m2"), nf.DtypeError, "object"),
    (lambda: nf.power(1, nf.array(1, "e5m2"), "e5m2"), nf.FormatError, "an exponent, is of e5m2"),
    (lambda: nf.power(1, nf.array(1, "q7"), "e5m2"), nf.FormatError, "an exponent"),
    (lambda: nf.power(1, nf.array(1, "uint64"), "e5m2"), nf.FormatError, "an exponent"),
    (lambda: nf.exp(1, "e5m2", "stochastic"), nf.RandomError, "key"),
]


@pytest.mark.parametrize(("call", "error", "says"), REFUSED)
def test_what_is_refused_is_named(call, error, says):
    """One clear error."""
    with pytest.raises(error, match=says):
        call()


def test_exponents_in_c_are_integers():
    """NF_I64 or codes without fraction bits; other ones are NF_BAD_ARGUMENT."""
    one, out = np.ones(1), np.zeros(1, np.uint8)
    for source, is_right in (
        (_core.Operand(np.ones(1, np.int64)), True),
        (_core.Operand(np.ones(1, np.uint8), nf.parse("int8")._descriptor()), True),
        (_core.Operand(one), False),
        (_core.Operand(np.ones(1, np.uint64)), False),
        (_core.Operand(np.ones(1, np.uint8), nf.parse("q7")._descriptor()), False),
        (_core.Operand(np.ones(1, np.uint8), E5M2._descriptor()), False),
    ):
        operands = _core.operands_of([_core.Operand(one), source], 1)
        call = lib.nf_operate(
            lib.NF_OP_power, E5M2._descriptor(), ffi.NULL, operands, _core.pointer(out), 1, ffi.NULL
        )
        assert call == (lib.NF_OK if is_right else lib.NF_BAD_ARGUMENT)


def test_wrappers_in_c_are_the_operations():
    """nf_exp and the others by name; a NULL is refused."""
    x, out = np.full(1, 0.75), np.zeros(1, np.uint16)
    a = _core.operands_of([_core.Operand(x)], 1)
    b = _core.operands_of([_core.Operand(np.full(1, 3, np.int64))], 1)
    target, rest = BINARY16._descriptor(), (_core.pointer(out), 1, ffi.NULL)
    for name in NAMES:
        call = getattr(lib, f"nf_{name}")
        assert call(target, ffi.NULL, a, *rest) == lib.NF_OK
        assert out[0] == operate(name, Float(5, 10), [(x, None)])[0]
        assert call(target, ffi.NULL, ffi.NULL, *rest) == lib.NF_BAD_ARGUMENT
    assert lib.nf_pow(target, ffi.NULL, a, b, *rest) == lib.NF_OK
    assert nf.decode(out, BINARY16)[0] == 0.75**3
