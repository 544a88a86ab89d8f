"""The rules lt and ge of few random bits: exact laws, machines' own models, and their bias."""

from fractions import Fraction
from math import floor, sqrt

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib

FLOATS = ["e4m3fn", "binary16", "bfloat16", "float<4,3,subnormals=false>", "binary8p3se"]
RANDOM = np.random.default_rng(3)


def cell(x: float, spelling: str) -> tuple[Fraction, Fraction, Fraction]:
    """The neighbours of a magnitude in a format, and how far x is between them, by all values."""
    values = [v for v in nf.parse(spelling).all_values() if np.isfinite(v) and v >= 0]
    grid = sorted({Fraction(v) for v in values})
    below = max(v for v in grid if v <= abs(Fraction(x)))
    above = min((v for v in grid if v > abs(Fraction(x))), default=below)
    gap = above - below
    return below, above, (abs(Fraction(x)) - below) / gap if gap else Fraction(0)


@pytest.mark.parametrize("bits", [1, 3, 8])
@pytest.mark.parametrize("variant", ["lt", "ge"])
@pytest.mark.parametrize("spelling", ["e4m3fn", "binary8p3se", "e5m2", "float<4,3>"])
def test_the_law_of_floats(spelling, variant, bits):
    """Every R: up iff R < D, or D >= R, of magnitudes; exact values go up under ge, 0 does not."""
    x = [1.0, 1.1, -1.1, 2.0, -2.0, 3.9, 0.013, -0.3, 0.0, 11.03, -7.99, 1.125]
    draws = np.arange(1 << bits, dtype=np.uint32)
    mode = f"stochastic(bits={bits},variant={variant})"
    for value in x:
        low, high, nu = cell(value, spelling)
        kept = floor(nu * 2**bits)
        up = draws < kept if variant == "lt" else (kept >= draws) & (value != 0)
        expected = np.copysign(np.where(up, float(high), float(low)), value)
        got = nf.quantize(np.full(draws.size, value), spelling, mode, random_bits=draws)
        assert np.array_equal(got, expected), value


@pytest.mark.parametrize("spelling", ["fixed<8,3>", "fixed<9,-1>", "int8", "ufixed<8,2>"])
def test_the_law_of_fixed_point(spelling):
    """lt goes by the two's complement tail, as A; ge by magnitudes."""
    draws = np.arange(16, dtype=np.uint32)
    ulp = Fraction(nf.parse(spelling).eps) if spelling != "fixed<9,-1>" else Fraction(2)
    signs = (1,) if spelling.startswith("u") else (1, -1)
    for scaled in (Fraction(51, 16), Fraction(3), Fraction(11, 32), Fraction(0), Fraction(177, 64)):
        for sign in signs:
            x = float(sign * scaled * ulp)
            number = Fraction(x) / ulp
            got = {}
            for variant in ("lt", "ge"):
                mode = f"stochastic(bits=4,variant={variant})"
                given = np.full(16, x)
                got[variant] = nf.quantize(given, spelling, mode, random_bits=draws)
            down = floor(number)
            up = draws < floor((number - down) * 16)
            assert np.array_equal(got["lt"], [float((down + int(u)) * ulp) for u in up])
            size = floor(abs(number))
            away = (floor((abs(number) - size) * 16) >= draws) & (x != 0)
            assert np.array_equal(got["ge"], [float(sign * (size + int(a)) * ulp) for a in away])


OTHERS = ["fixed<8,3>", "int8<overflow=wrap>", "posit<16,1>", "takum16", "nf4", "lns<16,8>"]


@pytest.mark.parametrize("spelling", [*FLOATS, *OTHERS, "mxfp4", "pow2<4>", "takum_log16"])
def test_lt_is_a_of_the_complement(spelling):
    """The same law on every format: R < D iff D + (2**N - 1 - R) carries."""
    x = RANDOM.normal(size=4096) * 3
    words = RANDOM.integers(0, 2**32, x.size, np.uint32)
    overflow = "saturate" if "wrap" not in spelling else None
    for bits in (1, 5, 12, 32):
        how = {"overflow": overflow}
        lt = nf.quantize(x, spelling, f"sr_lt{bits}", random_bits=words, **how)
        a = nf.quantize(x, spelling, f"sr_a{bits}", random_bits=~words, **how)
        assert np.array_equal(lt, a)
        assert bits == 32 or not np.array_equal(
            lt, nf.quantize(x, spelling, f"sr_a{bits}", random_bits=words, **how)
        )


def test_tenstorrent_from_float32_to_16_bits():
    """SFPSTOCHRND's functional model, its own register as the source: discarded >= PRNG's top."""
    bits = RANDOM.integers(1 << 23, 255 << 23, 20000, np.uint32)
    bits[::7] &= np.uint32(0xFFFF0000)  # values of bfloat16, which can go up too
    bits |= RANDOM.integers(0, 2, bits.size, np.uint32) << np.uint32(31)
    stream = nf.Generator(11, kind="tenstorrent", lanes=32)
    words = stream.words(bits.size)
    words[::14] &= np.uint32(0x7F)  # R = 0
    for layout, spelling, cut in (
        ("tenstorrent.fp16", "float<8,10>", 13),
        ("tenstorrent.bf16", "bfloat16", 16),
    ):
        discarded = bits & np.uint32((1 << cut) - 1)
        up = discarded >= (words & np.uint32(0x7FFFFF)) >> np.uint32(23 - cut)
        expected = bits - discarded + (up.astype(np.uint32) << np.uint32(cut))
        assert up[(discarded == 0)].any()
        got = nf.quantize(
            bits.view(np.float32),
            spelling,
            f"stochastic(bits={cut},variant=ge)",
            random_bits=nf.lane_words(words, layout),
        )
        assert np.array_equal(got.view(np.uint32), expected)


def test_tenstorrent_from_float32_to_integers():
    """The same instruction to signed 16 bits, of 0.5 and more: sign and magnitude."""
    x = (RANDOM.normal(size=20000) * 100).astype(np.float32)
    x[::5] = np.round(x[::5])
    x = x[np.abs(x) >= 0.5]
    words = nf.Generator(5, kind="tenstorrent", lanes=32).words(x.size)
    expected = []
    for value, word in zip(x.view(np.uint32).tolist(), words.tolist(), strict=True):
        exponent = (value >> 23 & 0xFF) - 127
        size = 0x800000 | value & 0x7FFFFF
        size = size << exponent if exponent >= 0 else size >> -exponent
        size = (size >> 23) + ((size & 0x7FFFFF) >= word & 0x7FFFFF)
        expected.append(-size if value >> 31 else size)
    bits = nf.lane_words(words, "tenstorrent.integer")
    got = nf.quantize(x, "fixed<16,0>", "stochastic(bits=23,variant=ge)", random_bits=bits)
    assert np.array_equal(got, expected)


def test_cvfpu_rounds_by_its_register():
    """Up iff lfsr[11:0] is below the first 12 discarded bits, one step an operation."""
    a, b = (RANDOM.normal(size=5000).astype(np.float32) for _ in range(2))
    stream = nf.Rng("lfsr", width=32, mask=0x80000EA6, seed_rule="complement").stream(3)
    register, expected = 2**32 - 1 - 3, []
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        exact = abs(Fraction(x) * Fraction(y))
        exponent = max(floor(np.log2(float(exact))), -14)
        significand = exact / Fraction(2) ** (exponent - 10)
        if significand >= 2048:
            exponent, significand = exponent + 1, significand / 2
        kept = floor(significand)
        up = register % 4096 < floor((significand - kept) * 4096)
        size = float((kept + up) * Fraction(2) ** (exponent - 10))
        expected.append(np.copysign(size, x * y))
        register = register >> 1 ^ (0x80000EA6 if register & 1 else 0)
    got = nf.multiply(a, b, "binary16", "stochastic(bits=12,variant=lt)", key=stream)
    assert np.array_equal(got.values, expected)


@pytest.mark.parametrize(("variant", "probability"), [("lt", 4 / 16), ("ge", 5 / 16)])
def test_frequencies_under_a_key(variant, probability):
    """The law of the words' first bits, within five standard deviations."""
    n = 200_000
    x = np.full(n, 1 + 0.3 * 2**-3)  # of e4m3fn: D = floor(0.3 * 16)
    ups = nf.quantize(x, "e4m3fn", f"stochastic(bits=4,variant={variant})", key=nf.Key(8)) > 1
    z = (ups.sum() - n * probability) / sqrt(n * probability * (1 - probability))
    assert abs(z) < 5


@pytest.mark.parametrize(("r", "n"), [(4, 8), (8, 4), (5, 5), (3, 9)])
def test_biases(r, n):
    """Mean over all n discarded bits: A and lt -(1 - 2**(r - n)) / 2**(r + 1) where n > r, else 0;
    ge 2**-r more; C 0 but for its ties."""
    tails = np.arange(1 << n) / 2**n
    x = np.repeat(1 + tails / 8, 1 << r)  # of e4m3fn, one unit 1/8
    draws = np.tile(np.arange(1 << r, dtype=np.uint32), 1 << n)
    below = -(1 - 2.0 ** (r - n)) / 2 ** (r + 1) if n > r else 0
    for variant, bias in (("A", below), ("lt", below), ("ge", below + 2.0**-r)):
        mode = f"stochastic(bits={r},variant={variant})"
        got = nf.quantize(x, "e4m3fn", mode, random_bits=draws)
        assert np.mean((got - x) * 8) == bias


def test_ge_at_the_ends():
    """0 stays, infinities and NaN too; the largest number overflows, and is reported."""
    zero = np.zeros(7, np.uint32)
    x = [0.0, -0.0, np.inf, -np.inf, np.nan, 65504.0, -65504.0]
    report = nf.Report()
    got = nf.quantize(x, "binary16", "sr_ge4", random_bits=zero, report=report)
    assert np.array_equal(got, [0, -0.0, np.inf, -np.inf, np.nan, np.inf, -np.inf], equal_nan=True)
    assert (report.overflowed, report.inexact) == (2, 2)
    report = nf.Report()
    got = nf.quantize([15.875, -16.0], "fixed<8,3>", "sr_ge4", random_bits=zero[:2], report=report)
    assert np.array_equal(got, [15.875, -16])
    assert (report.saturated, report.inexact) == (2, 2)
    got = nf.quantize([1.0, -1.0], "int8", "sr_ge4", random_bits=zero[:2])
    assert np.array_equal(got, [2, -2])


def test_spellings():
    """The core reads what Python reads."""
    for spelling, mode in (
        ("stochastic(bits=12,variant=lt)", ("lt", 12)),
        ("sr_lt12", ("lt", 12)),
        ("sr_ge23", ("ge", 23)),
        ("stochastic(variant=ge,bits=1)", ("ge", 1)),
        ("sr_a8", ("A", 8)),
    ):
        options = ffi.new("nf_options *")
        assert lib.nf_parse_rounding(spelling.encode(), options) == lib.NF_OK
        variant = getattr(lib, f"NF_VARIANT_{mode[0].upper()}")
        assert (options.variant, options.random_bits_per_element) == (variant, mode[1])
        format = nf.parse(f"fixed<8,3,rounding={spelling}>")
        assert format.rounding == f"stochastic(bits={mode[1]},variant={mode[0]})"
        assert nf.parse(str(format)) == format


def test_what_has_no_meaning_is_refused():
    """ge where an exact value has no sure neighbour; a rule without its bits."""
    for spelling in ("posit<16,1>", "takum16", "nf4", "lns<16,8>"):
        with pytest.raises(nf.RoundingError, match="floats, fixed point and affine integers only"):
            nf.quantize(1.0, spelling, "sr_ge4", key=nf.Key(0))
    with pytest.raises(nf.RoundingError, match="variant needs bits"):
        nf.quantize(1.0, "e5m2", "stochastic(variant=lt)", key=nf.Key(0))
    with pytest.raises(nf.RoundingError, match=r"variant=A\|B\|C\|lt\|ge"):
        nf.quantize(1.0, "e5m2", "stochastic(bits=3,variant=le)", key=nf.Key(0))
    options = ffi.new("nf_options *", {"rounding": 12, "random_bits_per_element": 4})
    options.variant = lib.NF_VARIANT_COUNT
    word = ffi.new("uint32_t *")
    options.random_bits = word
    x = ffi.new("float *", 1)
    float32 = nf.parse("e5m2")._descriptor()
    call = (float32, options, lib.NF_F32, x, ffi.new("uint8_t *"), 1, ffi.NULL)
    assert lib.nf_encode(*call) == lib.NF_BAD_ROUNDING


def numbers(dtype: type) -> np.ndarray:
    """Of all sizes, exact values of short formats, ends and specials among them."""
    x = RANDOM.normal(size=3001) * 2.0 ** RANDOM.integers(-30, 12, 3001)
    x[::3] = RANDOM.normal(size=x[::3].size) * 3
    x[1::7] = np.round(x[1::7] * 8) / 8
    x[5:11] = [0.0, -0.0, np.inf, -np.inf, 3e38, -70000]
    with np.errstate(over="ignore"):
        return x.astype(dtype)


@pytest.mark.parametrize("isa", [name for name in _core.available_isas() if name != "scalar"])
@pytest.mark.parametrize("variant", ["a", "lt"])
@pytest.mark.parametrize("spelling", [*FLOATS, "fixed<8,3>", "fixed<16,9>", "ufixed<8,2>", "e8m0"])
def test_every_loop_gives_the_same_bits(spelling, variant, isa):
    """Loops of an instruction set and the general one, of keys and of the caller's words."""
    overflow = None if nf.parse(spelling).has_infinity else "saturate"
    for dtype in (np.float16, np.float32, np.float64):
        x = np.abs(numbers(dtype)) if spelling == "e8m0" else numbers(dtype)
        words = RANDOM.integers(0, 2**32, x.size, np.uint32)
        for bits in (1, 8, 13, 23, 32):
            for draws in ({"key": nf.Key(7).at(bits, first=5)}, {"random_bits": words}):
                how = (spelling, f"sr_{variant}{bits}", overflow)
                found = {}
                for name in ("scalar", isa):
                    with _core.forced_isa(name):
                        found[name] = nf.encode(x, *how, **draws)
                assert np.array_equal(found[isa], found["scalar"]), (dtype, bits, draws)


@pytest.mark.parametrize("isa", [name for name in _core.available_isas() if name != "scalar"])
@pytest.mark.parametrize("variant", ["a", "lt"])
def test_every_loop_of_operations_and_codes_gives_the_same_bits(variant, isa):
    """Sums, products and conversions of codes, values in float32."""
    x, y = (nf.array(numbers(np.float32)[11:], "bfloat16") for _ in range(2))
    words = RANDOM.integers(0, 2**32, x.size, np.uint32)
    for bits in (5, 12, 32):
        mode, found = f"sr_{variant}{bits}", {}
        for name in ("scalar", isa):
            with _core.forced_isa(name):
                found[name] = [
                    nf.add(x, y, "binary16", mode, random_bits=words).codes,
                    nf.multiply(x, y, "fixed<16,8>", mode, random_bits=words).codes,
                    nf.convert(x.codes, "bfloat16", "e5m2", mode, random_bits=words),
                    nf.quantize(x.values, "e4m3fn", mode, random_bits=words),
                    nf.encode(x.values, "mxfp8_e4m3", mode, random_bits=words).codes,
                ]
        for one, other in zip(*found.values(), strict=True):
            assert np.array_equal(one, other)
