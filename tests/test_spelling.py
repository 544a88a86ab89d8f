"""The spellings that C reads are those that Python reads, and mean the same."""

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core, _modes
from numfmt._core import ffi, lib

NAMES = [spelling for name, aliases, _ in _core.named_formats() for spelling in (name, *aliases)]
FAMILIES = [
    *(
        "fixed<8,3>",
        "fixed:8,3",
        "ufixed<8,-3>",
        " fixed < 8 , 3 > ",
        "fixed<64,1074>",
        "fixed<1,0>",
    ),
    *("float<4,3>", "float<4,3,bias=7>", "float<5,2,special=finite>", "float<4,3,bias=-9>"),
    *(
        "float<5,10,subnormals=off>",
        "float<5,10,subnormals=ftz_after>",
        "ufloat<4,4>",
        "float<8,0>",
    ),
    *("float<5,10,subnormals=False>", "float<5,10,subnormals=on>", "float<5,2,special=fnuz>"),
    *(
        "ufloat<8,0,special=fnu>",
        "posit<16,1>",
        "posit<16>",
        "posit:32,2",
        "posit<2,0>",
        "lns<8,3>",
    ),
    *("takum<16>", "takum16", "takum_log<16>", "takum_log12", "pow2<4>", "pow2<4,geometric>"),
    *("pow2<geometric,4>", "pow2<5,arithmetic>", "binary8p4se", "binary3p2uf", "Binary8P3SF"),
    *("binary16p11ue", "binary64p53se", "e4m3fn", "e5m2fnuz", "ue5m3fn", "e8m0fnu", "e10m5fn"),
]
WRONG = [
    *(
        "",
        " ",
        "fixed",
        "fixed<>",
        "fixed<8>",
        "fixed<8,3",
        "fixed<8,3>>",
        "fixed<8,3,1>",
        "fixed<a,3>",
    ),
    *(
        "fixed<8,3,bias=1>",
        "fixed<0,0>",
        "fixed<65,0>",
        "fixed<8,1e3>",
        "fixed<99999999999999999999,0>",
    ),
    *("float<4>", "float<4,3,special=none>", "float<4,3,bias=>", "float<4,3,bias=1,bias=1>"),
    *(
        "float<4,3,subnormals=maybe>",
        "float<64,0>",
        "posit<65,2>",
        "posit<16,6>",
        "posit<16,geometric>",
    ),
    *(
        "pow2<4,other>",
        "pow2<1>",
        "e4m3",
        "q4.3",
        "binary8p4s",
        "binary8p9se",
        "binary8p4xx",
        "takum",
        "takum1",
    ),
    *(
        "e4m3fnu4",
        "E4M3FN",
        "nosuch",
        "fixed<8,,3>",
        "fixed<8,3,>",
        "lns<8,7>",
        "float<256,0>",
        "float<-1,3>",
    ),
]
ROUNDINGS = [spelling for row in _core.ROUNDINGS for spelling in (row.name, *row.aliases)]
PARAMETERS = [
    *(
        "stochastic(bits=8)",
        "stochastic(bits=8,variant=B)",
        "sr_a8",
        "sr_C32",
        "StochasticB(16)",
        "sr_b(4)",
    ),
    *(
        "stochastic( probability=code )",
        "sr(underflow=minpos,probability=value)",
        "sr(bits=1,variant=c)",
    ),
    *("stochastic_equal(underflow=minpos)", "stochastic_equal(underflow=zero)"),
]
WRONG_ROUNDINGS = [
    *(
        "",
        "nearest",
        "nearest_even(1)",
        "stochastic(bits=0)",
        "stochastic(bits=33)",
        "stochastic(variant=B)",
    ),
    *(
        "stochastic(bits=8",
        "stochastic(what=1)",
        "sr_d8",
        "sr_a",
        "sr_a33",
        "stochastic_equal(bits=3)",
    ),
    *("stochastic_equal(probability=code)", "stochastic(bits=8,variant=D)", "down(bits=3)"),
]


WEIGHTS = np.array([9, 9, 9, 3, 3, 2] + [1] * 14)  # of the parts below: most are numbers


def c_format(spelling: str) -> object:
    """The descriptor that C reads, or the status."""
    descriptor = ffi.new("nf_format *")
    status = lib.nf_parse_format(spelling.encode(), descriptor)
    return status or descriptor


def fields(descriptor: object) -> dict:
    """Each field by its name."""
    names = [name for name, _ in ffi.typeof("nf_format").fields]
    return {name: getattr(descriptor, name) for name in names}


@pytest.mark.parametrize("spelling", NAMES + FAMILIES)
def test_a_format_is_the_same_in_both(spelling):
    """Each field of the descriptor; a codebook is the table's."""
    mine, theirs = fields(c_format(spelling)), fields(nf.parse(spelling)._descriptor())
    if mine["codebook"] != ffi.NULL:
        books = mine.pop("codebook"), theirs.pop("codebook")
        values = [list(book.values[0 : book.count]) for book in books]
        assert values[0] == values[1]
    assert mine == theirs


@pytest.mark.parametrize("spelling", WRONG)
def test_what_is_no_format_is_none_in_both(spelling):
    """The status, and the descriptor stays as it was."""
    with pytest.raises(nf.FormatError):
        nf.parse(spelling)
    assert c_format(spelling) == lib.NF_BAD_FORMAT


@pytest.mark.parametrize(
    "spelling", ["codebook<-1,0,1>", "affine<8,0.1>", "mxfp8_e4m3", "fixed<8,3,rounding=down>"]
)
def test_what_needs_more_than_a_descriptor_is_refused(spelling):
    """Python reads these; C says that it does not."""
    assert nf.parse(spelling)
    assert c_format(spelling) == lib.NF_BAD_FORMAT


def test_any_text_is_read_alike():
    """Pieces of spellings in any order: C takes what Python takes, and nothing crashes."""
    names = ["fixed", "ufixed", "float", "ufloat", "posit", "takum", "lns", "pow2", "e4m3fn", "x"]
    parts = [
        "8",
        "3",
        "16",
        "-2",
        "0",
        "+4",
        "",
        " 5 ",
        "bias=3",
        "special=fn",
        "special=fnuz",
        "9",
    ]
    parts += ["subnormals=off", "geometric", "bias = 7", "bias=", "3.0", "(2)", "=", "12a"]
    random = np.random.default_rng(0)
    taken = 0
    for _ in range(4000):
        inside = ",".join(random.choice(parts, random.integers(0, 4), p=WEIGHTS / WEIGHTS.sum()))
        begin, end = random.choice([("<", ">"), (":", ""), ("<", ""), ("", ">"), (" <", "> ")])
        spelling = f"{random.choice(names)}{begin}{inside}{end}"
        try:
            expected = fields(nf.parse(spelling)._descriptor())
        except nf.FormatError:
            assert c_format(spelling) == lib.NF_BAD_FORMAT, spelling
            continue
        assert fields(c_format(spelling)) == expected, spelling
        taken += 1
    assert taken > 100


@pytest.mark.parametrize("spelling", ROUNDINGS + PARAMETERS)
def test_a_rounding_is_the_same_in_both(spelling):
    """The fields that it sets, and no other."""
    options = ffi.new("nf_options *", {"wrap_bits": 3, "by_code": 1, "variant": 2})
    assert lib.nf_parse_rounding(spelling.encode(), options) == lib.NF_OK
    expected = _modes.parse_rounding(spelling)
    assert options.rounding == expected.number
    assert options.random_bits_per_element == expected.bits
    assert options.variant == _modes._VARIANTS.get(expected.variant, 0)
    assert (options.by_code, options.keep_minpos) == (expected.by_code, expected.keep_minpos)
    assert options.wrap_bits == 3


@pytest.mark.parametrize("spelling", WRONG_ROUNDINGS)
def test_what_is_no_rounding_is_none_in_both(spelling):
    """And the options stay as they were."""
    options = ffi.new("nf_options *", {"rounding": 5})
    with pytest.raises(nf.RoundingError):
        _modes.parse_rounding(spelling)
    assert lib.nf_parse_rounding(spelling.encode(), options) == lib.NF_BAD_ROUNDING
    assert options.rounding == 5


def test_policies_are_the_same_in_both():
    """Overflow policies with their counts, and NaN policies."""
    options = ffi.new("nf_options *")
    for row in _core.OVERFLOWS[1:]:
        for spelling in (row.name, *row.aliases, *[f"{row.name}(3)"] * row.takes_count):
            assert lib.nf_parse_overflow(spelling.encode(), options) == lib.NF_OK
            expected = _modes.parse_overflow(spelling)
            assert (options.overflow, options.wrap_bits) == (expected.number, expected.count)
    for wrong in (
        "default",
        "",
        "saturate(1)",
        "wrap(65)",
        "wrap(-1)",
        "wrap(x)",
        "wrap(1",
    ):
        assert lib.nf_parse_overflow(wrong.encode(), options) == lib.NF_BAD_OVERFLOW
        with pytest.raises(nf.RoundingError):
            _modes.parse_overflow(wrong)
    for row in _core.NAN_POLICIES:
        assert lib.nf_parse_nan(row.name.encode(), options) == lib.NF_OK
        assert options.nan == row.number
    assert lib.nf_parse_nan(b"", options) == lib.NF_BAD_NAN


def test_null_is_refused():
    """Neither spelling nor place may be NULL."""
    options, descriptor = ffi.new("nf_options *"), ffi.new("nf_format *")
    for read, place in (
        (lib.nf_parse_format, descriptor),
        *((lib.nf_parse_rounding, options), (lib.nf_parse_overflow, options)),
        (lib.nf_parse_nan, options),
    ):
        assert read(ffi.NULL, place) == lib.NF_BAD_ARGUMENT
        assert read(b"x", ffi.NULL) == lib.NF_BAD_ARGUMENT
