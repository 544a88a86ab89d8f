"""The oracle of P3109, E8M0 and the OFP8 conversion modes against tables and peers."""

from dataclasses import replace
from fractions import Fraction

import cases
import numpy as np
import oracle
import pytest
from oracle_formats import Float
from oracle_p3109 import Exponents, every_p3109, named, p3109
from sheet import Sheet, to_float, values_of

E4M3, E5M2 = Float(4, 3, special="fn"), Float(5, 2)
SMALL = every_p3109(range(3, 9))
PYCHOP_MODES = {
    "toward_zero": "toward_zero",
    "down": "toward_negative",
    "up": "toward_positive",
    "nearest_even": "nearest_even",
    "nearest_away": "nearest_away",
    "to_odd": "to_odd",
}
PYCHOP_POLICIES = {"saturate": "finite", "saturate_propagate": "propagate", "infinity": "none"}


def standard_name(f):
    """A P3109 format as the standard spells it."""
    sign, domain = "s" if f.signed else "u", "e" if f.extended else "f"
    return f"Binary{f.width}p{f.fraction_bits + 1}{sign}{domain}"


def code(format, x, mode="nearest_even", overflow="saturate"):
    """One number, infinities included, through the oracle."""
    if x in (float("inf"), float("-inf")):
        return oracle.settle_infinity(format, x < 0, overflow)
    cell = format.cell(Fraction(x))
    upper = mode != "jam" and oracle.takes_upper(cell, mode)
    index = cell.jam if mode == "jam" else cell.upper if upper else cell.lower
    return oracle.settle(format, cell, index, overflow, mode)


def value(format, x, mode="nearest_even", overflow="saturate"):
    """The value of that code."""
    return format.decode(code(format, x, mode, overflow))


@pytest.mark.parametrize("format", every_p3109(range(3, 10)), ids=standard_name)
def test_p3109_codes_are_those_of_the_standard(format):
    """One zero, one NaN, infinities where extended, 1.0 in the middle of the positive codes."""
    values = [format.decode(c) for c in range(1 << format.width)]
    assert values.count(0) == values.count("nan") == 1
    assert values.count("inf") == format.extended
    assert values.count("-inf") == (format.extended and format.signed)
    assert values.index(1) == 1 << (format.width - 1 - format.signed)
    assert values.index("nan") == (1 << (format.width - 1) if format.signed else len(values) - 1)
    positive = values[: format.highest + 1]
    assert positive == sorted(set(positive))
    assert named(standard_name(format)) == format


@pytest.mark.parametrize(
    ("name", "highest", "normal", "smallest"),
    [
        ("Binary8p4se", 224, 2**-7, 2**-10),
        ("Binary8p4sf", 240, 2**-7, 2**-10),
        ("Binary8p3se", 49152, 2**-15, 2**-17),
        ("Binary8p1uf", 2.0**126, 2.0**-127, 2.0**-127),
        ("Binary4p2sf", 3, 0.5, 0.25),
        ("Binary3p1se", 1, 1 / 2, 1 / 2),
    ],
)
def test_p3109_ends_are_those_of_the_definition(name, highest, normal, smallest):
    """Largest, smallest normal and smallest number, worked out by hand from K, P and the bias."""
    format = named(name)
    indices = (format.highest, format.normal, 1)
    assert [format.value(i) for i in indices] == [Fraction(v) for v in (highest, normal, smallest)]


def test_every_p3109_code_is_worth_what_gfloat_says():
    """All formats of 3 to 8 bits, all codes."""
    gfloat = pytest.importorskip("gfloat")
    from gfloat.formats import Domain, Signedness, format_info_p3109

    for f in every_p3109(range(3, 9)):
        signed = Signedness.Signed if f.signed else Signedness.Unsigned
        domain = Domain.Extended if f.extended else Domain.Finite
        info = format_info_p3109(f.width, f.fraction_bits + 1, signed, domain)
        for c in range(1 << f.width):
            theirs = gfloat.decode_float(info, c).fval
            assert np.array_equal(to_float(f.decode(c)), theirs, equal_nan=True), (f, c)


def p3109_numbers(format):
    """Landmarks and their neighbours, and numbers beyond both ends."""
    points = cases.landmarks(format, range(format.highest + 2)) | cases.far(format)
    return cases.around(points)


def pychop_values(format, x, mode, policy):
    """What pychop rounds x to."""
    from pychop.p3109 import P3109Format, p3109_quantize

    domain = "extended" if format.extended else "finite"
    theirs = P3109Format(format.width, format.fraction_bits + 1, format.signed, domain)
    return p3109_quantize(x, theirs, rounding=mode, saturate=policy)


@pytest.mark.parametrize("format", SMALL, ids=standard_name)
def test_p3109_rounding_and_saturation_agree_with_pychop(format):
    """Six modes, three saturations, of all formats of 3 to 8 bits.

    Left out: infinite inputs, and ToOdd above an unsigned extended format, which pychop sends to
    infinity.  Finite domains are compared with `finite_overflow="nan"`, as pychop has them.
    """
    pytest.importorskip("pychop")
    format = replace(format, finite_overflow="nan")
    x = p3109_numbers(format)
    x = x[np.isfinite(x)]
    sheet = Sheet(format, x)
    for mode, their_mode in PYCHOP_MODES.items():
        for overflow, their_policy in PYCHOP_POLICIES.items():
            ours = values_of(format, sheet.codes(sheet.rounded(mode), overflow, mode)[0])
            theirs = pychop_values(format, x, their_mode, their_policy)
            if mode == "to_odd" and overflow == "infinity" and not format.signed:
                ours, theirs = (
                    v[x <= to_float(format.value(format.highest))] for v in (ours, theirs)
                )
            assert np.array_equal(ours, theirs, equal_nan=True), (mode, overflow)


SAT_NONE = [  # name, mode, X, result
    ("Binary8p4se", "nearest_even", 1e9, "inf"),
    ("Binary8p4se", "nearest_even", -1e9, "-inf"),
    ("Binary8p4se", "to_odd", 1e9, "inf"),
    ("Binary8p4se", "jam", -1e9, "-inf"),
    ("Binary8p4se", "toward_zero", 1e9, 224),
    ("Binary8p4se", "down", 1e9, 224),
    ("Binary8p4se", "up", 1e9, "inf"),
    ("Binary8p4se", "up", -1e9, -224),
    ("Binary8p4se", "down", -1e9, "-inf"),
    ("Binary8p4sf", "nearest_even", 1e9, 240),
    ("Binary8p4sf", "nearest_even", -1e9, -240),
    ("Binary8p4ue", "to_odd", 1e9, 53248),
    ("Binary8p4ue", "nearest_even", 1e9, "inf"),
    ("Binary8p4uf", "nearest_even", 1e9, 57344),
    ("Binary8p4ue", "nearest_even", -1e9, "nan"),
    ("Binary8p4ue", "toward_zero", -1e9, 0),
    ("Binary8p4ue", "up", -1e9, 0),
    ("Binary8p4ue", "down", -1e-9, "nan"),
    ("Binary8p4ue", "nearest_even", -1e-9, 0),
    ("Binary8p4se", "down", float("inf"), "inf"),
    ("Binary8p4sf", "down", float("inf"), 240),
    ("Binary8p4ue", "down", float("-inf"), "nan"),
    ("Binary8p4uf", "up", float("-inf"), "nan"),
    ("Binary8p4sf", "up", float("-inf"), -240),
]


@pytest.mark.parametrize(("name", "mode", "x", "expected"), SAT_NONE)
def test_sat_none_follows_the_printed_table(name, mode, x, expected):
    """First match wins, line by line of the standard's Saturate."""
    assert value(named(name), x, mode, "infinity") == expected


def test_the_other_saturations_clamp_and_keep_infinities():
    """SatFinite clamps everything; SatPropagate keeps the infinities that exist."""
    infinity = float("inf")
    signed, unsigned = named("Binary8p4se"), named("Binary8p4ue")
    assert value(signed, -infinity, overflow="saturate") == -224
    assert value(signed, -infinity, overflow="saturate_propagate") == "-inf"
    assert value(signed, -1e9, overflow="saturate_propagate") == -224
    assert value(unsigned, -infinity, overflow="saturate_propagate") == 0
    assert value(unsigned, infinity, overflow="saturate_propagate") == "inf"
    assert value(named("Binary8p4sf"), infinity, overflow="saturate_propagate") == 240
    assert value(signed, 1e9, "toward_zero", "nan") == 224
    assert value(signed, 1e9, "nearest_even", "nan") == "nan"
    assert value(signed, infinity, "toward_zero", "nan") == "nan"
    assert value(named("Binary8p4sf"), 1e9, overflow="nan") == "nan"


@pytest.mark.parametrize(
    ("format", "x", "saturating", "not_saturating"),
    [
        (E4M3, 464, 448, 448),
        (E4M3, 464.0000001, 448, "nan"),
        (E4M3, -1e9, -448, "nan"),
        (E4M3, float("-inf"), -448, "nan"),
        (E5M2, 61439.99, 57344, 57344),
        (E5M2, 61440, 57344, "inf"),
        (E5M2, -61440, -57344, "-inf"),
        (E5M2, float("inf"), 57344, "inf"),
    ],
)
def test_ofp8_conversion_modes_decide_after_rounding(format, x, saturating, not_saturating):
    """OCP's SAT is `saturate`; NONSAT is `nan` for E4M3 and `infinity` for E5M2."""
    assert value(format, x, overflow="saturate") == saturating
    overflow = "infinity" if format.has_infinity else "nan"
    assert value(format, x, overflow=overflow) == not_saturating


def test_ofp8_overflow_to_nan_keeps_the_sign():
    """E4M3 has a NaN of either sign."""
    assert code(E4M3, -1e9, overflow="nan") == 0xFF
    assert code(E4M3, float("inf"), overflow="nan") == 0x7F


def test_every_e8m0_code_is_worth_what_ml_dtypes_says():
    """256 codes: 2**-127 .. 2**127 and NaN."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    codes = np.arange(256, dtype=np.uint8)
    theirs = codes.view(ml_dtypes.float8_e8m0fnu).astype(np.float64)
    assert np.array_equal(values_of(Exponents(), codes), theirs, equal_nan=True)


def test_e8m0_rounding_agrees_with_gfloat_inside_the_range():
    """Ties go to the even code: 3.0 to 2.0 or 4.0 by parity, in five modes."""
    gfloat = pytest.importorskip("gfloat")
    from gfloat.formats import format_info_ocp_e8m0
    from test_peers_float import GFLOAT_MODES

    format = Exponents()
    x = np.array([v for v in cases.around(cases.landmarks(format, range(254))) if v >= 2.0**-127])
    sheet = Sheet(format, x)
    for mode, name in GFLOAT_MODES.items():
        ours = values_of(format, sheet.codes(sheet.rounded(mode), "saturate", mode)[0])
        rounding = getattr(gfloat.RoundMode, name)
        theirs = gfloat.round_ndarray(format_info_ocp_e8m0, x, rounding, True)
        assert np.array_equal(ours, theirs), mode


@pytest.mark.parametrize(
    ("x", "mode", "overflow", "expected"),
    [
        (0, "nearest_even", "saturate", 0),
        (-5, "up", "saturate", 0),
        (2.0**-128, "nearest_even", "nan", 255),
        (2.0**-128, "nearest_away", "nan", 0),
        (2.0**-140, "up", "nan", 0),
        (2.0**-140, "toward_zero", "nan", 255),
        (2.0**-140, "jam", "nan", 0),
        (0, "jam", "nan", 255),
        (2.0**-140, "nearest_even", "error", oracle.RANGE),
        (float("inf"), "nearest_even", "saturate", 254),
        (float("-inf"), "nearest_even", "saturate", 0),
        (2.0**128, "nearest_even", "nan", 255),
        (2.0**128, "toward_zero", "nan", 254),
        (1.5, "nearest_even", "saturate", 128),
        (3, "nearest_even", "saturate", 128),
        (3, "nearest_odd", "saturate", 129),
        (6, "nearest_even", "saturate", 130),
    ],
)
def test_e8m0_underflow_goes_to_the_lower_end(x, mode, overflow, expected):
    """There is no zero: what rounds below 2**-127 leaves the range, by the policy."""
    assert code(Exponents(), x, mode, overflow) == expected


def test_unsigned_p3109_may_have_all_bits_in_the_significand():
    """K = P: two binades, with values spaced evenly up to the end."""
    format = p3109(5, 5, signed=False, extended=False)
    assert [format.value(i) for i in range(31)] == [Fraction(i, 16) for i in range(31)]
