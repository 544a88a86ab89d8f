"""The fast loops give the scalar bits: every mode, kind of format, dtype, length and place."""

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import oracle
import oracle_random
import pytest

import numfmt as nf
from numfmt import _core

FORMATS = (
    *("fixed<8,3>", "fixed<1,0>", "ufixed<6,-2>", "fixed<16,8>", "fixed<20,40>", "fixed<30,20>"),
    *("e4m3fn", "e5m2", "e2m1", "e2m3", "e4m3fnuz", "e5m2fnuz", "binary16", "bfloat16", "tf32"),
    *("float<1,2>", "float<2,1>", "float<4,3,bias=120>", "float<3,8,special=finite>"),
    *("float<6,1,bias=-9>", "float<8,0>", "float<5,22>", "float<11,20>", "float<5,0>"),
    *("ufloat<4,4>", "ufloat<5,3,special=fn>", "ufloat<8,7>", "ufloat<3,3,special=finite>", "e8m0"),
    *("binary8p4se", "binary8p3sf", "binary8p3ue", "binary8p5uf", "binary8p1se", "binary3p2se"),
    *("binary8p1uf", "binary9p1se", "binary6p1ue"),
    *("binary16p11ue", "binary16p8sf", "binary32p24se"),
    *("posit<3,1>", "posit<8,2>", "posit<8,0>", "posit<12,3>", "posit<16,2>", "posit<32,2>"),
    *("posit<6,4>", "posit<30,1>", "takum8", "takum12", "takum16", "takum<29>", "takum32"),
)
POLICIES = (None, "saturate", "infinity", "infinity_or_nan", "nan", "saturate_propagate")
SOME = ("fixed<8,3>", "e4m3fn", "e4m3fnuz", "bfloat16", "binary16", "posit<8,2>", "posit<16,2>")
MODES = [row.name for row in _core.ROUNDINGS]
POSIT_MODES = [
    "stochastic(probability=code)",
    "stochastic(underflow=minpos)",
    "stochastic_equal(underflow=minpos)",
]
FAST = [isa for isa in _core.available_isas() if isa != "scalar"]


def bit_patterns(dtype: type, n: int) -> np.ndarray:
    """Numbers with any bits: NaN payloads, infinities, subnormals, the largest exponents."""
    raw = np.random.default_rng(0).integers(0, 256, n * np.dtype(dtype).itemsize, dtype=np.uint8)
    ends = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan], dtype)
    info = np.finfo(dtype)
    edges = np.array([info.max, info.tiny, info.smallest_subnormal], dtype)
    return np.concatenate([raw.view(dtype), ends, edges, -edges])


def around(format: str, dtype: type, n: int) -> np.ndarray:
    """The format's values and midpoints near ordinary numbers, and the neighbours of those."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal(n) * np.exp2(rng.integers(-12, 12, n))
    values = nf.quantize(x, format)
    halves = (values + nf.quantize(values * 1.1, format)) / 2
    bits = np.concatenate([values, halves, x]).astype(dtype).view(f"u{np.dtype(dtype).itemsize}")
    return (bits + rng.integers(-2, 3, bits.size).astype(bits.dtype)).view(dtype)


def options(format: str, mode: str, first: int) -> dict:
    """A key where the mode wants one, and a NaN policy where the format does."""
    found: dict = {} if nf.parse(format).has_nan else {"nan": "zero"}
    if mode.startswith("stochastic"):
        found["key"] = nf.Key(3).at(1, first=first)
    return found


def assert_same_bits(got: np.ndarray, expected: np.ndarray) -> None:
    """Equal, -0 and NaN payloads too."""
    np.testing.assert_array_equal(got.view(np.uint8), expected.view(np.uint8))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("format", FORMATS)
def test_no_bit_differs_from_the_scalar_loop(format, dtype):
    """Values and codes, in every mode and policy of the fast loops; blocks of one sign, and with
    zeros and infinities but no NaN, too."""
    near, far = around(format, dtype, 700), bit_patterns(dtype, 1200)
    numbers = far[~np.isnan(far)]
    x = np.concatenate([near, far, numbers, numbers[::-1], np.abs(near)[:1100], np.abs(numbers)])
    modes = MODES + (POSIT_MODES if format.startswith(("posit", "takum")) else [])
    for mode in modes:
        for overflow in POLICIES:
            for function in (nf.quantize, nf.encode):
                try:
                    with _core.forced_isa("scalar"):
                        expected = function(x, format, mode, overflow, **options(format, mode, 5))
                except (nf.RoundingError, nf.DtypeError, nf.RangeError):
                    continue
                for isa in FAST:
                    with _core.forced_isa(isa):
                        got = function(x, format, mode, overflow, **options(format, mode, 5))
                    assert_same_bits(got, expected)


@pytest.mark.parametrize("format", [*SOME, "takum16", "takum12", "takum<29>"])
@pytest.mark.parametrize("mode", ["nearest_even", "down", "to_odd", "stochastic"])
def test_float32_numbers_to_float64_values_are_the_scalar_ones(format, mode):
    """Ordinary numbers, and every binade in blocks of neighbouring bit patterns."""
    binades = np.arange(0, 1 << 32, 1 << 15, dtype=np.uint64).astype(np.uint32).view(np.float32)
    x = np.concatenate([around(format, np.float32, 700), binades])
    chosen = {**options(format, mode, 5), "dtype": np.float64}
    with _core.forced_isa("scalar"):
        expected = nf.quantize(x, format, mode, **chosen)
    for isa in FAST:
        with _core.forced_isa(isa):
            assert_same_bits(nf.quantize(x, format, mode, **chosen), expected)


@pytest.mark.parametrize("format", ["takum16", "takum12", "takum<29>"])
def test_float32_values_of_a_wider_range_are_the_scalar_ones(format):
    """Every binade up to float32's largest, where some mode leaves it."""
    x = np.arange(0, 0x7F00_0000, 1 << 14, dtype=np.uint32).view(np.float32)
    x = np.concatenate([x, -x, around(format, np.float32, 700), [np.inf, np.nan]])
    for mode in MODES:
        with _core.forced_isa("scalar"):
            expected = nf.quantize(x, format, mode, **options(format, mode, 5))
        for isa in FAST:
            with _core.forced_isa(isa):
                got = nf.quantize(x, format, mode, **options(format, mode, 5))
            assert_same_bits(got, expected)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("format", FORMATS)
def test_blocks_up_to_the_largest_value_are_the_scalar_ones(format, dtype):
    """The largest value alone in a block: an even one leaves the range by jam."""
    x = np.full(2_100, dtype(nf.parse(format).max))
    for mode in MODES:
        for function in (nf.quantize, nf.encode):
            chosen = options(format, mode, 5)
            try:
                with _core.forced_isa("scalar"):
                    expected = function(x, format, mode, "saturate", **chosen)
            except (nf.DtypeError, nf.RangeError):
                continue
            for isa in FAST:
                with _core.forced_isa(isa):
                    got = function(x, format, mode, "saturate", **chosen)
                assert_same_bits(got, expected)


@pytest.mark.parametrize("isa", FAST)
@pytest.mark.parametrize("format", FORMATS)
def test_decoding_gives_the_scalar_bits(isa, format):
    """Every code up to 16 bits, many beyond; in blocks with and without NaN."""
    parsed = nf.parse(format)
    many = np.random.default_rng(2).integers(0, 1 << parsed.width, 70_000, dtype=np.uint64)
    codes = np.arange(1 << parsed.width, dtype=np.uint64) if parsed.width <= 16 else many
    codes = np.resize(codes, 9_001 + codes.size).astype(nf.encode([0.0], format).dtype)
    for dtype in (np.float32, np.float64):
        try:
            with _core.forced_isa("scalar"):
                expected = nf.decode(codes, format, dtype=dtype)
        except nf.DtypeError:
            continue
        with _core.forced_isa(isa):
            assert_same_bits(nf.decode(codes, format, dtype=dtype), expected)


@pytest.mark.parametrize("isa", FAST)
@pytest.mark.parametrize("offset", [0, 1, 7])
@pytest.mark.parametrize("format", ["e4m3fn", "posit<8,2>", "posit<6,1>", "fixed<8,3>"])
def test_decoding_many_bytes_gives_the_scalar_bits(isa, offset, format):
    """Enough codes that a table of the 256 values pays, from any place to any place."""
    n = 3 * 4096 + 77
    raw = np.random.default_rng(7).integers(0, 256, n + offset, dtype=np.uint8)
    raw = np.concatenate([np.arange(256, dtype=np.uint8), raw]) & (
        (1 << nf.parse(format).width) - 1
    )
    codes = raw.astype(nf.encode([0.0], format).dtype)[offset:]
    out = np.full(codes.size + offset + 1, 77, np.float32)
    with _core.forced_isa("scalar"):
        expected = nf.decode(codes, format, dtype=np.float32)
    with _core.forced_isa(isa):
        nf.decode(codes, format, dtype=np.float32, out=out[offset:-1])
    assert_same_bits(out[offset:-1], expected)
    assert (out[:offset] == 77).all()
    assert out[-1] == 77


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("isa", FAST)
@pytest.mark.parametrize("es", range(6))
@pytest.mark.parametrize("width", range(3, 9))
def test_every_upper_half_of_a_float32_gives_the_scalar_code_of_a_posit(isa, width, es):
    """With lower halves that are 0, the least above it, on both sides of a half, the largest."""
    lower = np.array([0, 1, 0x7FFF, 0x8000, 0xFFFF], np.uint32)
    upper = np.arange(1 << 16, dtype=np.uint32) << 16
    x = (upper[:, None] | lower).ravel().view(np.float32)
    with _core.forced_isa("scalar"):
        expected = nf.encode(x, f"posit<{width},{es}>")
    with _core.forced_isa(isa):
        np.testing.assert_array_equal(nf.encode(x, f"posit<{width},{es}>"), expected)


@pytest.mark.parametrize("isa", FAST)
@pytest.mark.parametrize("format", SOME)
@pytest.mark.parametrize("mode", ["nearest_even", "up", "stochastic"])
def test_lengths_and_places_do_not_matter(isa, format, mode):
    """Lengths 0 to 130 at unaligned starts, in place and not: the whole's bits, and none beyond."""
    x = (np.random.default_rng(4).standard_normal(300) * 9).astype(np.float32)
    with _core.forced_isa("scalar"):
        whole = nf.quantize(x, format, mode, **options(format, mode, 0))
        whole_codes = nf.encode(x, format, mode, **options(format, mode, 0))
    for n in range(131):
        start = (n * 7) % 67
        piece = slice(start, start + n)
        with _core.forced_isa(isa):
            there = x.copy()
            nf.quantize(
                there[piece], format, mode, **options(format, mode, start), out=there[piece]
            )
            codes = np.full(300, 77, whole_codes.dtype)
            nf.encode(x[piece], format, mode, **options(format, mode, start), out=codes[piece])
            values = np.full(300, 77, np.float32)
            nf.decode(codes[piece], format, dtype=np.float32, out=values[piece])
        expected = x.copy()
        expected[piece] = whole[piece]
        assert_same_bits(there, expected)
        np.testing.assert_array_equal(codes[piece], whole_codes[piece])
        np.testing.assert_array_equal(values[piece], whole[piece])
        outside = np.r_[0:start, start + n : 300]
        assert (codes[outside] == 77).all()
        assert (values[outside] == 77).all()


@pytest.mark.parametrize("isa", FAST)
@pytest.mark.parametrize("offset", [0, 3])
@pytest.mark.parametrize("first", [0, 37])
def test_output_past_the_caches_has_the_same_bits(isa, offset, first):
    """Large enough that the stores bypass the caches; any alignment; with a NaN here and there."""
    n = (1 << 22) + 5
    x = np.random.default_rng(5).standard_normal(n + offset).astype(np.float32)[offset:]
    x[::100_003] = np.nan
    for format, mode in (
        *(("fixed<8,3>", "stochastic"), ("e4m3fn", "nearest_even")),
        *(("bfloat16", "stochastic"), ("e4m3fnuz", "stochastic"), ("binary8p4se", "stochastic")),
    ):
        out = np.empty(n + offset, np.float32)[offset:]
        with _core.forced_isa(isa):
            nf.quantize(x, format, mode, **options(format, mode, first), out=out)
            codes = nf.encode(x, format, mode, **options(format, mode, first))
            decoded = np.empty(n + offset, np.float32)[offset:]
            nf.decode(codes, format, dtype=np.float32, out=decoded)
        for start in (*range(0, n, 1 << 19), n - 1000):
            piece = slice(start, start + (1 << 14))
            with _core.forced_isa("scalar"):
                expected = nf.quantize(
                    x[piece], format, mode, **options(format, mode, first + start)
                )
            assert_same_bits(out[piece], expected)
            assert_same_bits(decoded[piece], expected)


def holds(format: str, dtype: type) -> bool:
    """Has the dtype room for every value of the format?"""
    try:
        return nf.quantize(np.ones(1, dtype), format).size == 1
    except nf.DtypeError:
        return False


@pytest.mark.parametrize(
    ("format", "dtype"),
    [pair for pair in itertools.product(FORMATS, (np.float32, np.float64)) if holds(*pair)],
)
def test_arrays_far_larger_than_the_caches_have_the_same_bits(format, dtype):
    """Repeated numbers of every kind, unaligned: values that stay in the caches, that bypass them,
    and that take the place of the input."""
    far = bit_patterns(dtype, 1200)
    far[np.abs(far) > 1e30] = np.inf if nf.parse(format).has_nan else 1
    base = np.concatenate(
        [around(format, dtype, 700), far, far[~np.isnan(far)], np.ones(2000, dtype)]
    )
    sizes = dict.fromkeys(oracle.DETERMINISTIC, (1 << 18) + 1029)
    if format in SOME:
        sizes |= dict.fromkeys(("nearest_even", "up"), (1 << 22) + 1029)
    for isa, (mode, n) in itertools.product(FAST, sizes.items()):
        try:
            with _core.forced_isa("scalar"):
                values = nf.quantize(base, format, mode, **options(format, mode, 0))
        except nf.DtypeError:  # some modes need a wider one
            continue
        x, expected = np.resize(base, n + 3)[3:], np.resize(values, n + 3)[3:]
        out = np.empty(n + 5, dtype)[5:]
        with _core.forced_isa(isa):
            nf.quantize(x, format, mode, **options(format, mode, 0), out=out)
            nf.quantize(x, format, mode, **options(format, mode, 0), out=x)
        assert_same_bits(out, expected)
        assert_same_bits(x, expected)


def words_of(element: int) -> Iterator[int]:
    """The words of one element under seed 11, draw after draw."""
    for draw in itertools.count():
        yield int(oracle_random.words(11, 0, 1, first=element, draw=draw)[0])


def far_from_0(format: str, sign: int, tail: Fraction, element: int) -> bool:
    """Does sign * tail * ulp, tail < 1, go to sign * ulp with the element's words?"""
    if sign < 0 and format.startswith("fixed"):
        return not oracle.takes_upper_all_bits(1 - tail, words_of(element))
    return oracle.takes_upper_all_bits(tail, words_of(element))


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("format", ["e4m3fn", "fixed<8,3>", "posit<8,2>"])
@pytest.mark.parametrize("before", [0, 256])
def test_a_tie_with_the_first_word_is_decided_by_the_next(isa, sign, format, before):
    """Numbers below the smallest value whose first 32 digits are the element's word: the cold
    branch, for float32 where the number fits, for float64 always; in tails and in whole blocks."""
    key, ulp = nf.Key(11), Fraction(nf.parse(format).smallest_positive)
    words = nf.random_bits(key, 20_000).astype(np.int64)
    is_below_0 = sign < 0 and format.startswith("fixed")
    decisive = words if is_below_0 else (1 << 32) - 1 - words
    found: set[bool] = set()
    for dtype, limit in ((np.float32, 1 << 22), (np.float64, 1 << 32)):
        for element in np.flatnonzero(decisive < limit)[:40].tolist():
            for below in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)):
                tail = (int(decisive[element]) + below) / (1 << 32)
                place = element % 128 if element >= before else element
                x = np.zeros(place + 1 + before, dtype)
                x[place] = sign * float(tail * ulp)
                assert Fraction(float(x[place])) == sign * tail * ulp
                with _core.forced_isa(isa):
                    got = nf.quantize(
                        x, format, "stochastic", key=key.at(0, first=element - place)
                    )[place]
                far = far_from_0(format, sign, tail, element)
                found.add(far)
                assert Fraction(float(got)) == (sign * ulp if far else 0)
    assert found == {False, True}


@pytest.mark.parametrize("isa", FAST)
def test_the_upper_half_of_the_block_index_counts(isa):
    """Elements on both sides of the first block index that needs 33 bits."""
    x = np.random.default_rng(6).standard_normal(4_000).astype(np.float32)
    key = nf.Key(9).at(3, first=(1 << 34) - 2_000)
    with _core.forced_isa("scalar"):
        expected = nf.quantize(x, "e4m3fn", "stochastic", key=key)
    with _core.forced_isa(isa):
        assert_same_bits(nf.quantize(x, "e4m3fn", "stochastic", key=key), expected)
