"""Formats as objects: facts, values, spellings, equality."""

import copy
import pickle
from fractions import Fraction

import cases
import numpy as np
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_p3109 import Exponents
from subjects import library
from test_float16 import NAMED

import numfmt as nf
from numfmt import _core

everything = pytest.mark.parametrize("format", cases.NARROW + cases.WIDE, ids=cases.spelled)


@everything
def test_facts_follow_from_the_definition(format):
    """min, max, smallest_positive, smallest_normal, has_nan, has_infinity, width."""
    target = library(format)
    signed = getattr(format, "signed", True)
    assert target.width == format.width
    assert target.max == format.value(format.highest)
    lowest = format.value(format.lowest) if isinstance(format, Fixed) else format.value(0)
    assert target.min == (-target.max if signed and not isinstance(format, Fixed) else lowest)
    flushed = isinstance(format, Float) and format.subnormals != "on"
    first = format.normal if flushed else not isinstance(format, Exponents)
    assert target.smallest_positive == format.value(first) or format.highest == 0
    assert target.has_infinity == getattr(format, "has_infinity", False)
    assert target.has_nan == (isinstance(format, Posit) or getattr(format, "has_nan", False))


@pytest.mark.parametrize("name", [n for n, f in NAMED.items() if type(f) is Float and n != "tf32"])
def test_facts_agree_with_finfo(name):
    """The names and meanings are those of numpy.finfo and ml_dtypes.finfo."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    types = {"binary16": "float16", "binary32": "float32", "binary64": "float64"}
    types |= {"e3m2": "float6_e3m2fn", "e2m3": "float6_e2m3fn", "e2m1": "float4_e2m1fn"}
    types |= {"bfloat16": "bfloat16"}
    dtype = types.get(name, f"float8_{name}")
    dtype = np.dtype(dtype) if name.startswith("binary") else getattr(ml_dtypes, dtype)
    info, format = ml_dtypes.finfo(dtype), nf.parse(name)
    assert format.max == float(info.max)
    assert format.min == float(info.min)
    assert format.smallest_positive == float(info.smallest_subnormal)
    assert format.smallest_normal == float(info.smallest_normal)
    assert format.eps == float(info.eps)
    assert format.precision == info.nmant + 1


@pytest.mark.parametrize("format", cases.NARROW, ids=cases.spelled)
def test_all_values_and_codes(format):
    """all_codes() runs through every code; all_values() gives what each is worth."""
    target = library(format)
    codes = np.asarray(target.all_codes())
    assert codes.tolist() == list(range(1 << format.width))
    values = np.asarray(target.all_values())
    assert np.array_equal(values, nf.decode(codes, target), equal_nan=True)


@everything
def test_formats_are_values(format):
    """Equal, hashed alike, copied and pickled; a spelling parses back; they cannot change."""
    target = library(format)
    again = library(format)
    assert target == again
    assert hash(target) == hash(again)
    assert nf.parse(str(target)) == target
    assert pickle.loads(pickle.dumps(target)) == target
    assert copy.deepcopy(target) == target
    assert nf.parse(target) is target
    with pytest.raises(AttributeError):
        target.width = 3


@pytest.mark.parametrize("name", NAMED)
def test_named_formats_are_what_they_are_called(name):
    """Each name, and each alias, is the format of the table."""
    target = library(NAMED[name])
    assert nf.parse(name) == target
    row = next(row for row in _core.named_formats() if row[0] == name)
    for alias in row[1]:
        assert nf.parse(alias) == target


@pytest.mark.parametrize(
    ("spelling", "format"),
    [
        ("fixed<8,3>", nf.Fixed(8, 3)),
        ("fixed:8,3", nf.Fixed(8, 3)),
        (" fixed< 8 , 3 > ", nf.Fixed(8, 3)),
        ("fixed<8,-3>", nf.Fixed(8, -3)),
        ("ufixed<8,3>", nf.Fixed(8, 3, signed=False)),
        ("float<4,3,bias=7>", nf.Float(4, 3)),
        ("float<4,3,special=fn>", nf.parse("e4m3fn")),
        ("posit<8>", nf.Posit(8, 2)),
        ("posit:8,1", nf.Posit(8, 1)),
        ("ap_fixed<8,4>", nf.Fixed(8, 4, rounding="down", overflow="wrap")),
        ("ap_fixed<8,4,AP_RND,AP_SAT>", nf.Fixed(8, 4, rounding="nearest_up", overflow="saturate")),
        ("ap_ufixed<8,9>", nf.Fixed(8, -1, signed=False, rounding="down", overflow="wrap")),
        (
            "fixed<8,3,rounding=stochastic,overflow=wrap(2)>",
            nf.Fixed(8, 3, rounding="stochastic", overflow="wrap(2)"),
        ),
        (np.float32, nf.Float(8, 23)),
        (np.dtype(">f8"), nf.Float(11, 52)),
        (np.int8, nf.Fixed(8, 0)),
    ],
)
def test_spellings(spelling, format):
    """Names, families with parameters, carried modes, dtypes."""
    assert nf.parse(spelling) == format


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2fnuz", "float4_e2m1fn"])
def test_dtypes_of_ml_dtypes_are_formats(name):
    """A dtype object is understood wherever a format is."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(getattr(ml_dtypes, name))
    assert nf.parse(dtype) == nf.parse(name)


def test_carried_modes_belong_to_equality_and_not_to_the_codes():
    """They decide where the caller says nothing; the argument wins."""
    plain, down = nf.Fixed(8, 0), nf.Fixed(8, 0, rounding="down", overflow="wrap")
    assert down != plain
    assert down.bare() == plain
    assert nf.quantize([1.5, 300.0], down).tolist() == [1.0, 44.0]
    assert nf.quantize([1.5, 300.0], down, "up", "saturate").tolist() == [2.0, 127.0]
    assert np.array_equal(nf.decode([200], down), nf.decode([200], plain))
    assert nf.Fixed(8, 0, rounding="rne") == nf.Fixed(8, 0, rounding="nearest_even")


def test_repr_shows_the_active_policy():
    """Nobody has to guess what overflow does."""
    assert "overflow saturate" in repr(nf.parse("fixed<8,3>"))
    assert "overflow infinity" in repr(nf.parse("e5m2"))
    assert "overflow wrap" in repr(nf.parse("ap_fixed<8,4>"))


def test_values_beyond_double_are_fractions():
    """posit<64,5> reaches far beyond what a float can say."""
    largest = nf.Posit(64, 5).max
    assert isinstance(largest, Fraction)
    assert largest == Fraction(2) ** (62 * 32)


def test_replace_gives_a_changed_copy():
    """The original stays."""
    format = nf.Fixed(8, 3)
    assert format.replace(fraction_bits=4) == nf.Fixed(8, 4)
    assert format == nf.Fixed(8, 3)
