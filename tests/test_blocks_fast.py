"""The fast loops of blocks give the scalar bits: formats, modes, policies, axes, lengths."""

import itertools
from typing import Any

import numpy as np
import pytest
from block_cases import RULES

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib

NAMES = [ffi.string(lib.nf_named_block_at(i).name).decode() for i in range(13)]
FORMATS = [*NAMES, "bfp<8,16>", "bfp<12,8>", "lp_sgld<8,16>", "lp_sgld<5,24,6>"]
SOME = ("mxfp8_e4m3", "mxint8", "lp_sgld<8,16>")
ODD = (
    *("block<float<3,4,special=finite>,5>", "block<fixed<22,3>,32>", "block<ufixed<8,4>,32>"),
    *("block<e4m3fnuz,32>", "block<binary16,32>", "block<bfloat16,32>", "block<posit<8,1>,32>"),
    *("block<float<4,0>,32>", "block<e5m2,32,scale_format=exponent<4>>"),
    *("block<e4m3fn,32,scale_format=exponent<20>>", "block<e2m1,32,scale_format=e4m3fn>"),
    *("block<e4m3fn,32,scale_format=ufloat<4,0,special=fnu>>", "block<e2m1,32,scale_format=None>"),
)
POLICIES = ("saturate", "saturate_propagate", "saturate_symmetric", "infinity", "nan", "wrap")
MODES = [row.name for row in _core.ROUNDINGS]
FAST = [isa for isa in _core.available_isas() if isa != "scalar"]
SHAPES = [(4, 33, 40), (2, 70, 3), (1030, 5), (3, 2100), (1, 31, 1), (5, 1, 7)]


def blocks(width: int) -> np.ndarray:
    """Blocks all equal, one-hot, near powers of two, subnormal, zero, of few bits, of any bits."""
    rng = np.random.default_rng(5)
    ends = [np.zeros(width), np.full(width, -0.0), np.full(width, 1e-42)]
    for power in (-149, -127, -126, -100, -80, -20, 0, 7, 90, 104, 127):
        for nudge in (-1, 0, 1):
            largest = np.float32(2.0**power)
            largest = np.nextafter(largest, np.float32(nudge * np.inf)) if nudge else largest
            one_hot = np.zeros(width)
            one_hot[width // 2] = -largest
            ends += [np.full(width, largest), one_hot, largest * np.linspace(-1, 0.97, width)]
    few = np.round(rng.standard_normal((40, width)) * 16) / 16
    wide = rng.standard_normal((40, width)) * np.exp2(rng.integers(-40, 3, (40, width)))
    scales = np.exp2(rng.integers(-110, 100, (80, 1)))
    return np.concatenate([ends, np.concatenate([few, wide]) * scales]).astype(np.float32)


def any_bits(n: int) -> np.ndarray:
    """Finite float32 of any bits, some of them small."""
    bits = np.random.default_rng(6).integers(0, 1 << 32, n, np.uint64).astype(np.uint32)
    bits[(bits & 0x7F800000) == 0x7F800000] ^= 0x40000000
    return bits.view(np.float32)


def special() -> np.ndarray:
    """Ordinary numbers with a NaN, an infinity, zeros and subnormals here and there."""
    x = np.random.default_rng(7).standard_normal(6000).astype(np.float32)
    x[[700, 2900, 5999]] = np.nan, np.inf, -np.inf
    x[3100:3300] = 0
    x[4200:4300] = 1e-41
    return x


def options(format: Any, mode: str, first: int = 5) -> dict:
    """A key where the mode wants one, and a NaN policy where the format does."""
    found: dict = {} if nf.parse(format).has_nan else {"nan": "zero"}
    if mode.startswith("stochastic"):
        found["key"] = nf.Key(3).at(1, first=first)
    return found


def results(x: np.ndarray, format: Any, *modes: Any, **chosen: Any) -> list[np.ndarray]:
    """Values, codes and scales; none where the call is refused."""
    try:
        codes = nf.encode(x, format, *modes, **chosen)
        values = nf.quantize(x, format, *modes, **chosen)
    except (nf.NumfmtError, OverflowError) as error:
        return [np.frombuffer(str(error).encode(), np.uint8)]
    out = x.copy()
    nf.quantize(out, format, *modes, out=out, **chosen)
    scales = np.empty(0) if codes.scales is None else codes.scales
    return [values, codes.codes, scales, out]


def same_as_scalar(x: np.ndarray, format: Any, *modes: Any, **chosen: Any) -> None:
    """Every instruction set gives the general loop's bits."""
    with _core.forced_isa("scalar"):
        expected = results(x, format, *modes, **chosen)
    for isa in FAST:
        with _core.forced_isa(isa):
            got = results(x, format, *modes, **chosen)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(
                np.ascontiguousarray(a).view(np.uint8), np.ascontiguousarray(b).view(np.uint8)
            )


@pytest.mark.parametrize("format", [*FORMATS, *ODD])
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_gives_the_scalar_bits(format, mode):
    """Blocks one at a time among ordinary ones, so that each comes to the loops; and many."""
    size = nf.parse(format).size
    ends = blocks(size)
    calm = np.random.default_rng(8).standard_normal((80, size)).astype(np.float32)
    same_as_scalar(ends.ravel(), format, mode, **options(format, mode))
    for start in range(0, len(ends), 40):
        some = ends[start : start + 40]
        normal = (np.abs(some).max(axis=1) == 0) | (np.abs(some).max(axis=1) > 2.0**-60)
        x = np.concatenate([calm[: len(some)], some[normal & (np.abs(some).max(axis=1) < 2.0**95)]])
        same_as_scalar(x.ravel(), format, mode, **options(format, mode))


@pytest.mark.parametrize("format", SOME)
@pytest.mark.parametrize("mode", ["nearest_even", "up", "stochastic"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_gives_the_scalar_scales(format, mode, rule):
    """Largest magnitudes at the turns of the rules, zeros by every choice."""
    for zero in ("smallest", "one"):
        block = nf.parse(format).replace(scale_rule=rule, zero_scale=zero)
        turns = np.linspace(1, 2, 129, dtype=np.float32)[:-1]
        turns = np.concatenate([turns, np.nextafter(turns, np.float32(9)), np.zeros(16)])
        turns = np.concatenate([turns, np.nextafter(turns, np.float32(0))])
        x = np.repeat(turns.astype(np.float32), block.size)
        x[1 :: block.size] *= np.float32(-0.37)
        same_as_scalar(x, block, mode, **options(block, mode))


@pytest.mark.parametrize("format", [*SOME, "mxfp8_e5m2", "bfp<8,16>"])
@pytest.mark.parametrize("overflow", POLICIES)
def test_every_policy_gives_the_scalar_bits(format, overflow):
    """Where overflow does not saturate, too."""
    for mode in ("nearest_even", "up", "jam", "stochastic"):
        same_as_scalar(blocks(32).ravel(), format, mode, overflow, **options(format, mode))


@pytest.mark.parametrize("format", FORMATS)
def test_special_blocks_give_the_scalar_bits(format):
    """NaNs and infinities by every choice, in arrays whose other blocks are ordinary."""
    choices = itertools.product(("block", "element"), ("nan", "sat"), ("nan", "clamp"))
    for nan, inf, large in choices:
        block = nf.parse(format)
        if block.tensor_scale is None:
            block = block.replace(nan=nan, inf=inf, too_large=large)
        for mode in ("nearest_even", "down", "stochastic"):
            same_as_scalar(special(), block, mode, **options(block, mode))
            same_as_scalar(any_bits(3000), block, mode, **options(block, mode))


@pytest.mark.parametrize("format", SOME)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("size", [1, 3, 16, 32, 1000, 1025, None])
def test_every_axis_and_size_gives_the_scalar_bits(format, shape, size):
    """Ragged ends of an axis, blocks longer than a strip, the whole array."""
    rng = np.random.default_rng(9)
    x = (rng.standard_normal(shape) * np.exp2(rng.integers(-9, 9, shape))).astype(np.float32)
    axes = range(len(shape))
    for mode in ("nearest_even", "nearest_up", "stochastic"):
        chosen = options(format, mode, 77)
        for axis in axes if size else [*axes, None]:
            same_as_scalar(x, nf.parse(format).replace(size=size, axis=axis), mode, **chosen)


@pytest.mark.parametrize("format", [*SOME, "mxfp4", "block<int8,16,scale_format=exponent<32>>"])
@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("rule", ["floor", "given"])
def test_given_scales_give_the_scalar_bits(format, axis, rule):
    """Exponents near the numbers, far from them, beyond the loops, and E8M0's NaN."""
    block = nf.parse(format).replace(axis=axis, scale_rule=rule)
    rng = np.random.default_rng(16)
    x = rng.standard_normal((64, 1200)).astype(np.float32)
    shape = nf.encode(x, nf.parse(format).replace(axis=axis), **options(format, "up")).scales.shape
    middle = 127 if "e8m0" in str(block.scale_format) else 0
    dtype = np.uint32 if block.scale_width > 8 else np.uint8
    near = (rng.integers(-12, 12, shape) + middle).astype(dtype)
    far = rng.integers(0, 256, shape).astype(dtype)
    far[0, 0] = 255
    for scales in (near, far):
        for mode in ("nearest_even", "up", "stochastic"):
            for numbers in (x, np.zeros_like(x), special()[:1200].reshape(1, -1).repeat(64, 0)):
                same_as_scalar(numbers, block, mode, scales=scales, **options(format, mode))


@pytest.mark.parametrize("format", SOME)
@pytest.mark.parametrize("sizes", [(2, 3), (16, 16), (5, 1100), (None, 4), (3, None)], ids=str)
def test_tiles_give_the_scalar_bits(format, sizes):
    """Blocks along two axes, next to each other or apart."""
    rng = np.random.default_rng(10)
    for shape, axes in (((40, 70), (0, 1)), ((7, 2300), (0, 1)), ((6, 5, 33), (0, 2))):
        x = rng.standard_normal(shape).astype(np.float32)
        block = nf.parse(format).replace(size=sizes, axis=axes)
        for mode in ("nearest_even", "stochastic"):
            same_as_scalar(x, block, mode, **options(block, mode))


@pytest.mark.parametrize("format", [*SOME, "mxfp4"])
def test_any_length_and_place_gives_the_scalar_bits(format):
    """Short arrays, tails, arrays that begin anywhere."""
    x = np.random.default_rng(11).standard_normal(2300).astype(np.float32)
    for n in (0, 1, 2, 15, 16, 17, 31, 33, 63, 100, 1023, 1024, 1025, 1087, 2049):
        for start in (0, 1, 7):
            for mode in ("nearest_even", "stochastic"):
                same_as_scalar(x[start : start + n], format, mode, **options(format, mode, start))


@pytest.mark.parametrize("words", [0, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF])
@pytest.mark.parametrize("axis", [-1, 0])
def test_words_that_do_not_decide_give_the_scalar_bits(words, axis):
    """31 digits that leave it open send the strip through the general loop, in place too."""
    x = np.random.default_rng(12).standard_normal((64, 130)).astype(np.float32)
    x[::7] = np.round(x[::7] * 2) / 3
    drawn = np.random.default_rng(13).integers(0, 1 << 32, x.shape, np.uint64).astype(np.uint32)
    drawn[5::9, ::3] = words
    for format in SOME:
        chosen = options(format, "up")
        block = nf.parse(format).replace(axis=axis)
        same_as_scalar(x, block, "stochastic", random_bits=drawn, **chosen)


@pytest.mark.parametrize("size", [5, 16, 32, 48, 128, 1000, 1100, 2048])
def test_words_made_on_the_way_give_the_scalar_bits(size):
    """Lengths around the pairs of tiles whose words are made together, from any first element."""
    x = np.random.default_rng(17).standard_normal(5000, np.float32)
    for format in ("mxfp8_e4m3", "mxint8"):
        block = nf.parse(format).replace(size=size)
        for n in (127, 128, 129, 300, 1024, 1151, 2049, 3 * 1024 + 128, 5000):
            for first in (0, 5, 64, 127, 128, 2**38 - 700):
                same_as_scalar(x[:n], block, "stochastic", **options(block, "stochastic", first))
        square = x[:4992].reshape(-1, 208)
        same_as_scalar(square, block, "stochastic_equal", **options(block, "stochastic", 3))


def undecided(key: nf.Key, n: int, every: int) -> np.ndarray:
    """Numbers below their ulp 1/64, after a 1, of which 31 digits agree with the word's and more
    would not let it go the same way: one in `every`."""
    words = nf.random_bits(key, n) >> 1
    x = np.random.default_rng(18).standard_normal(n) / 8
    for sign, digits in ((1, 0x7FFFFFFF - words), (-1, words)):
        able = np.flatnonzero(digits < 1 << 16)[::every]
        able = able[able % 32 > 0]
        x[able], x[able - 1] = sign * (digits[able] + 0.99) / 2.0**37, 1.0
    return x.astype(np.float32)


@pytest.mark.parametrize("format", ["mxint8", "bfp<8,16>", "mxfp8_e4m3"])
def test_words_made_on_the_way_that_do_not_decide_give_the_scalar_bits(format):
    """The strip of one that is open goes through the general loop; its neighbours do not."""
    for first in (0, 77):
        chosen = options(format, "stochastic", first)
        x = undecided(chosen["key"], 1 << 19, 1)
        same_as_scalar(x, format, "stochastic", **chosen)


@pytest.mark.parametrize("format", ["mxfp8_e4m3", "mxint8"])
@pytest.mark.parametrize("size", [5, 32])
def test_words_made_on_the_way_are_streamed(format, size):
    """Lines of a long output go past the caches, or its parts of lines do not: the same bits."""
    n = (1 << 22) + 160
    chosen = options(format, "stochastic", 9)
    x, block = undecided(chosen["key"], n, 5), nf.parse(format).replace(size=size)
    memory = np.zeros(n + 32, np.float32)
    start = -memory.ctypes.data % 64 // 4
    found = []
    for place in (start, start + 1):
        out = memory[place : place + n]
        found.append(nf.quantize(x, block, "stochastic", out=out, **chosen).copy())
        assert not memory[:place].any()
        assert not memory[place + n :].any()
        memory[:] = 0
    np.testing.assert_array_equal(found[0].view(np.uint32), found[1].view(np.uint32))
    for begin in (0, 1 << 20, n - 160_000):
        part = slice(begin - begin % 160, begin - begin % 160 + 160_000)
        own = options(format, "stochastic", 9 + part.start)
        with _core.forced_isa("scalar"):
            expected = nf.quantize(x[part], block, "stochastic", **own)
        np.testing.assert_array_equal(found[0][part].view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("mode", ["nearest_even", "stochastic"])
def test_large_arrays_give_the_same_bits_with_any_number_of_threads(axis, mode):
    """Streamed past the caches, and with a block here and there for the general loop."""
    x = np.random.default_rng(14).standard_normal((3, 500, 3001), np.float32)
    x[1, 77, 5] = np.nan
    x[2, 300:330] *= np.float32(1e-38)
    for format in SOME:
        block = nf.parse(format).replace(axis=axis)
        chosen = options(format, mode)
        before = nf.get_num_threads()
        found = []
        for threads in (1, 2, 3):
            nf.set_num_threads(threads)
            found.append(results(x, block, mode, **chosen))
        nf.set_num_threads(before)
        with _core.forced_isa("scalar"):
            expected = results(x[1, 70:80], block, mode, **options(format, mode, 5 + 570 * 3001))
        for other in found[1:]:
            for a, b in zip(other, found[0], strict=True):
                np.testing.assert_array_equal(a.view(np.uint8), b.view(np.uint8))
        if axis == -1:
            np.testing.assert_array_equal(found[0][0][1, 70:80], expected[0])


def test_streamed_values_and_codes_are_the_scalar_ones():
    """Output beyond the size from which on it bypasses the caches, cut into rows or not."""
    x = np.random.default_rng(15).standard_normal(4_300_032, np.float32)
    for start, row in ((0, None), (3, 1000), (1, 32 * 1021)):
        part = x[start:] if row is None else x[start : start + len(x[start:]) // row * row]
        part = part if row is None else part.reshape(-1, row)
        got = nf.quantize(
            part, "mxfp4", out=np.empty(part.size + 1, np.float32)[1:].reshape(part.shape)
        )
        pieces = slice(100), slice(-100, None)
        with _core.forced_isa("scalar"):
            for piece in pieces if row else [slice(3200), slice(-32_000, None)]:
                expected = nf.quantize(part[piece], "mxfp4")
                np.testing.assert_array_equal(got[piece], expected)
