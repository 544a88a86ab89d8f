"""Binary floats against packages that nobody here wrote."""

import cases
import numpy as np
import pytest
from oracle_formats import Float
from sheet import to_float, value_table
from subjects import SUBJECTS, library

import numfmt as nf

subjects = pytest.mark.parametrize("codes_of", SUBJECTS)

E4M3FN = Float(4, 3, special="fn")
ML_DTYPES = {
    "bfloat16": (Float(8, 7), "infinity"),
    "float8_e5m2": (Float(5, 2), "infinity"),
    "float8_e4m3": (Float(4, 3), "infinity"),
    "float8_e3m4": (Float(3, 4), "infinity"),
    "float8_e4m3fn": (E4M3FN, "nan"),
    "float8_e4m3fnuz": (Float(4, 3, special="fnuz"), "nan"),
    "float8_e5m2fnuz": (Float(5, 2, special="fnuz"), "nan"),
    "float8_e4m3b11fnuz": (Float(4, 3, bias=11, special="fnuz"), "nan"),
    "float6_e2m3fn": (Float(2, 3, special="finite"), "saturate"),
    "float6_e3m2fn": (Float(3, 2, special="finite"), "saturate"),
    "float4_e2m1fn": (Float(2, 1, special="finite"), "saturate"),
}
GFLOAT_MODES = {
    "toward_zero": "TowardZero",
    "down": "TowardNegative",
    "up": "TowardPositive",
    "nearest_even": "TiesToEven",
    "nearest_away": "TiesToAway",
}
APYTYPES_MODES = {
    "toward_zero": "TO_ZERO",
    "away_from_zero": "TO_AWAY",
    "down": "TO_NEG",
    "up": "TO_POS",
    "nearest_even": "TIES_EVEN",
    "nearest_odd": "TIES_ODD",
    "nearest_away": "TIES_AWAY",
    "nearest_zero": "TIES_ZERO",
    "nearest_up": "TIES_POS",
    "nearest_down": "TIES_NEG",
    "jam": "JAM",
    "to_odd": "JAM_UNBIASED",
}


def finite_halves():
    """All 63,488 finite float16 numbers, as float64."""
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64)
    return x[np.isfinite(x)]


def gfloat_format(format):
    """The same format in gfloat's words."""
    import gfloat

    nans = {"ieee": (1 << format.fraction_bits) - 1, "fn": 1, "fnuz": 0, "finite": 0}
    extended = gfloat.Domain.Extended if format.has_infinity else gfloat.Domain.Finite
    return gfloat.FormatInfo(
        name="x",
        k=format.width,
        precision=format.fraction_bits + 1,
        bias=format.b,
        is_signed=True,
        domain=extended,
        has_nz=format.special != "fnuz",
        num_high_nans=nans[format.special],
        has_subnormals=True,
        is_twos_complement=False,
    )


def gfloat_cases():
    """Signed formats with subnormals, less the one that gfloat misreads, and their policies.

    With one exponent bit and `ieee`, gfloat takes 1.75 for the largest number, a NaN code.
    """
    floats = [f for f in cases.FLOATS if type(f) is Float]
    signed = [f for f in floats if f.signed and f.subnormals == "on"]
    found = [(f, "saturate") for f in signed if f != Float(1, 2)]
    for f, _ in found[:]:
        if f.has_infinity or f.has_nan:
            found.append((f, "infinity" if f.has_infinity else "nan"))
    return found


def case_name(value):
    """A test id."""
    return value if isinstance(value, str) else cases.spelled(value)


@subjects
@pytest.mark.parametrize("name", ML_DTYPES)
def test_every_half_number_agrees_with_ml_dtypes(codes_of, name):
    """Nearest-even from float32, exactly: ml_dtypes rounds twice from anything wider."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    format, overflow = ML_DTYPES[name]
    x = finite_halves()
    theirs = x.astype(np.float32).astype(getattr(ml_dtypes, name))
    codes = theirs.view(np.uint8 if format.width <= 8 else np.uint16)
    assert np.array_equal(codes_of(format, x, "nearest_even", overflow), codes)


@pytest.mark.parametrize("name", ML_DTYPES)
def test_every_code_is_worth_what_ml_dtypes_says(name):
    """Decoding agrees on every code, NaNs and infinities included."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    format, _ = ML_DTYPES[name]
    codes = np.arange(1 << format.width, dtype=np.uint8 if format.width <= 8 else np.uint16)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        theirs = codes.view(getattr(ml_dtypes, name)).astype(np.float64)
    ours = value_table(format)
    assert np.array_equal(ours, theirs, equal_nan=True)
    numbers = ~np.isnan(ours)
    assert np.array_equal(np.signbit(ours[numbers]), np.signbit(theirs[numbers]))


@subjects
@pytest.mark.parametrize("mode", GFLOAT_MODES)
@pytest.mark.parametrize(("format", "overflow"), gfloat_cases(), ids=case_name)
def test_rounding_agrees_with_gfloat(codes_of, format, overflow, mode):
    """Values, midpoints and their neighbours round as gfloat rounds them.

    Left out: float64 subnormals, which gfloat scales to 0, and overflow of formats that have
    neither infinity nor NaN, which gfloat refuses.
    """
    gfloat = pytest.importorskip("gfloat")
    saturates = overflow == "saturate"
    x = cases.interesting(format)
    x = x[(x == 0) | (abs(x) > np.finfo(float).tiny)]
    ours = value_table(format)[codes_of(format, x, mode, overflow).astype(np.intp)]
    rounding = getattr(gfloat.RoundMode, GFLOAT_MODES[mode])
    with np.errstate(over="ignore"):  # it scales far numbers out of range
        theirs = gfloat.round_ndarray(gfloat_format(format), x, rounding, saturates)
    numbers = ~np.isnan(theirs)
    assert np.array_equal(ours, theirs, equal_nan=True)
    assert np.array_equal(np.signbit(ours[numbers]), np.signbit(theirs[numbers]))


@subjects
@pytest.mark.parametrize("mode", APYTYPES_MODES)
@pytest.mark.parametrize(
    "format", [Float(5, 2), Float(4, 3), Float(3, 4), Float(5, 5)], ids=cases.spelled
)
def test_rounding_agrees_with_apytypes(codes_of, format, mode):
    """Every deterministic mode, by APyTypes's cast from binary64.

    Left out: precision 1, where APyTypes does not go by the parity of the code, and its
    `from_float`, which always rounds to nearest even.
    """
    apytypes = pytest.importorskip("apytypes")
    x = cases.interesting(format)
    wide = apytypes.APyFloatArray.from_float(x, exp_bits=11, man_bits=52)
    quantization = getattr(apytypes.QuantizationMode, APYTYPES_MODES[mode])
    cast = wide.cast(format.exponent_bits, format.fraction_bits, quantization=quantization)
    assert codes_of(format, x, mode, "infinity").tolist() == cast.to_bits()


@subjects
@pytest.mark.parametrize(
    ("format", "dtype"), [(Float(5, 10), np.float16), (Float(8, 23), np.float32)]
)
def test_nearest_even_from_double_agrees_with_the_hardware(codes_of, format, dtype):
    """float64 to float16 and float32, at values, midpoints and random numbers."""
    random = np.random.default_rng(7)
    indices = sorted({*range(40), *random.integers(0, format.highest, 300).tolist()})
    indices += range(format.highest - 20, format.highest + 1)
    x = cases.around(cases.landmarks(format, indices) | cases.far(format))
    x = x[np.isfinite(x)]
    with np.errstate(over="ignore"):
        theirs = x.astype(dtype).view(f"u{np.dtype(dtype).itemsize}")
    assert np.array_equal(codes_of(format, x, "nearest_even", "infinity"), theirs)


def test_to_float_refuses_what_no_float_holds():
    """The comparison itself never rounds."""
    from fractions import Fraction

    with pytest.raises(AssertionError):
        to_float(Fraction(1, 3))


@pytest.mark.parametrize(
    ("variant", "name"), [("A", "StochasticFastest"), ("B", "StochasticFast"), ("C", "Stochastic")]
)
@pytest.mark.parametrize("format", [Float(4, 3), Float(5, 2), Float(2, 1, special="finite")])
def test_few_random_bits_agree_with_gfloat(format, variant, name):
    """The three few-bit variants, with the same bits given to both.

    float32 numbers only: with longer tails gfloat's sum of tail and bits rounds up to 1.
    """
    gfloat = pytest.importorskip("gfloat")
    x = cases.interesting_single(format).astype(np.float64)
    x = x[abs(x) <= to_float(format.value(format.highest))]
    x = x[(x == 0) | (abs(x) > np.finfo(float).tiny)]
    for bits in (1, 3, 8):
        random = np.random.default_rng(bits).integers(0, 1 << bits, len(x)).astype(np.uint32)
        mode = getattr(gfloat.RoundMode, name)
        theirs = gfloat.round_ndarray(gfloat_format(format), x, mode, True, random, bits)
        rounding = f"stochastic(bits={bits},variant={variant})"
        ours = nf.quantize(x, library(format), rounding, "saturate", random_bits=random)
        assert np.array_equal(ours, theirs)
