"""The oracle of requantisation beside the sources' own shifts and masks, and known results."""

import math

import numpy as np
import oracle_requantize as oracle
import pytest
from requantize_cases import accumulators

X = [x for x in accumulators().tolist() if abs(x) < 2**20 or x in (-(2**31), 2**31 - 1)]


def srdhm(a, b):
    """SaturatingRoundingDoublingHighMul, with C's division."""
    if a == b == -(2**31):
        return 2**31 - 1
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    total = a * b + nudge
    return total // 2**31 if total >= 0 else -(-total // 2**31)


def rounding_divide(x, exponent):
    """RoundingDivideByPOT."""
    mask = (1 << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def tosa(x, q, shift):
    """apply_scale_32 with double_round, shift from 2 to 62."""
    rounding = 1 << (shift - 1)
    if shift > 31:
        rounding += 2**30 if x >= 0 else -(2**30)
    return (x * q + rounding) >> shift


@pytest.mark.parametrize("q", [2**30, 2**30 + 12345, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("s", [0, -1, -2, -8, -31])
def test_two_roundings_are_gemmlowps_and_tosas(q, s):
    """gemmlowp's masks and TOSA's one shift give the same as the two exact roundings."""
    for x in X:
        wanted = oracle.gemmlowp_double(x, q, s)
        assert wanted == rounding_divide(srdhm(x, q), -s)
        if q >= 0:
            assert wanted == tosa(x, q, 31 - s)


def test_single_is_the_shift():
    """(x * q + 2**(30 - s)) >> (31 - s), and the 15-bit form."""
    for x in X:
        for q in (2**30 + 12345, 0x7FFEFFFF, 0x7FFF0000, 2**31 - 1):
            for s in (-31, -8, 0, 5):
                assert oracle.single(x, q, s) == (x * q + (1 << (30 - s))) >> (31 - s)
                short = (q + (1 << 15)) >> 16 if q < 0x7FFF0000 else 0x7FFF
                assert oracle.int16x8(x, q, s) == (x * short + (1 << (14 - s))) >> (15 - s)


def test_ties():
    """.5, -.5, 1.5 and -1.5: what each rounding makes of them."""
    ties = [1, -1, 3, -3]
    assert [oracle.scaled("single", x, (2**30, 0)) for x in ties] == [1, 0, 2, -1]
    assert [oracle.scaled("shift_rhu", x, 1) for x in ties] == [1, 0, 2, -1]
    assert [oracle.scaled("gemmlowp_double", 2 * x, (2**30, -1)) for x in ties] == [1, -1, 2, -2]
    assert [oracle.scaled("ruy_avx512", 2 * x, (2**30, -1)) for x in ties] == [1, 0, 2, -1]
    assert [oracle.scaled("f64_half_away", x, 0.5) for x in ties] == [1, -1, 2, -2]
    assert [oracle.scaled("f32_rne", x, 0.5) for x in ties] == [0, 0, 2, -2]
    assert [oracle.scaled("shift_rne", x, 1) for x in ties] == [0, 0, 2, -2]
    assert [oracle.scaled("shift_rha", x, 1) for x in ties] == [1, -1, 2, -2]
    assert [oracle.scaled("shift_trn", x, 1) for x in ties] == [0, -1, 1, -2]
    assert [oracle.scaled("ethos_u_truncate", x, (2**30, 0)) for x in ties] == [0, 0, 1, -1]


def test_floats_are_rounded_as_numpy_rounds_them():
    """Products of float32 and of float64 numbers."""
    x = np.array(X)
    for m in (0.1, 3e-5, 1 / 3, 2.0**-149, 1.5e-45):
        short = np.float32(m)
        wanted = (x.astype(np.float32) * short).tolist()
        products = [
            oracle.binary32(oracle.binary32(oracle.Fraction(v)) * oracle.Fraction(float(short)))
            for v in X
        ]
        assert [float(p) for p in products] == wanted
        wide = [float(oracle.binary64(oracle.Fraction(v) * oracle.Fraction(m))) for v in X]
        assert wide == (x.astype(np.float64) * m).tolist()


def test_quantized_multiplier():
    """TFLite's QuantizeMultiplier by math.frexp."""
    rng = np.random.default_rng(3)
    some = [0.0, 0.5, 1.0, 1 - 2.0**-33, 1 - 2.0**-32, 2.0**-32, 2.0**-33, 0.75 * 2.0**-32, 2.0**29]
    for m in [*some, *(rng.uniform(0, 1, 300) * 2.0 ** rng.integers(-40, 30, 300)).tolist()]:
        fraction, shift = math.frexp(m)
        q = math.floor(oracle.Fraction(fraction) * 2**31 + oracle.HALF)
        q, shift = (q // 2, shift + 1) if q == 2**31 else (q, shift)
        assert oracle.quantized_multiplier(m) == ((0, 0) if shift < -31 or not m else (q, shift))
