"""Many random blocks: an independent check in NumPy, itself checked against the oracle."""

import numpy as np
import pytest
from block_cases import RULES, expected
from oracle_blocks import E4M3, NAMED, Block, bfp, msfp
from oracle_formats import Fixed
from oracle_scales import largest_value, precision
from sheet import value_table

import numfmt as nf

EVERY = {
    **NAMED,
    **{f"msfp{width}": msfp(width) for width in range(11, 17)},
    "bfp<8,16>": bfp(8, 16),
}
SIZE = 16


def exponents(element, rule: str, largest: np.ndarray) -> np.ndarray:
    """The exponents of scales from the bits of the largest magnitudes, clamped."""
    significand, e = np.frexp(largest)  # significand in [1/2, 1)
    top = float(largest_value(element))
    top_significand, emax = np.frexp(top)
    limits = {
        "ceil": 0.5,
        "rceil": top_significand,
        "midmax": (top_significand + 1) / 2,
        "even": np.nextafter(1 - 0.5 ** (precision(element) + 1), 0),
    }
    up = significand > limits.get(rule, 2.0)
    return np.where(largest > 0, np.clip(e - emax + up, -127, 127), -127)


def nearest_codes(element, scaled: np.ndarray) -> np.ndarray:
    """Codes of float64 numbers, ties to even, saturating symmetrically."""
    if isinstance(element, Fixed):
        most = (1 << (element.width - 1)) - 1
        steps = np.clip(np.rint(scaled * 2.0**element.fraction_bits), -most, most)
        return steps.astype(np.int64) & ((1 << element.width) - 1)
    table = value_table(element)[: element.highest + 1]
    middles = (table[:-1] + table[1:]) / 2
    x = np.abs(scaled)
    at = np.searchsorted(middles, x, side="left")
    at += (at < middles.size) & (x == middles[np.minimum(at, middles.size - 1)]) & (at % 2 == 1)
    return at | (np.signbit(scaled) * element.sign_bit)


def in_numpy(block: Block, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and scale codes of whole blocks along the last axis."""
    blocks = x.reshape(-1, block.size).astype(np.float64)
    e = exponents(block.element, block.scale_rule, np.abs(blocks).max(axis=1))
    return nearest_codes(block.element, np.ldexp(blocks, -e[:, None])), e + 127


def blocks_of(seed: int, count: int, size: int) -> np.ndarray:
    """Normal, uniform and few-bit numbers of many magnitudes, float32."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, size)).astype(np.float32)
    x[::3] = np.round(x[::3] * 8) / 8
    x[1::7] = np.sign(x[1::7]) * random.choice(
        np.float32([0, 0.5, 1, 1.5, 1.75, 1.984375]), x[1::7].shape
    )
    return np.ldexp(x, random.integers(-140, 120, (count, 1)).astype(np.int32)).astype(np.float32)


def check(tally, name: str, rule: str, seed: int, count: int) -> None:
    """The library against NumPy."""
    block = EVERY[name]
    block = Block(block.element, block.size, scale_rule=rule)
    x = blocks_of(seed, count, block.size)
    codes, scales = in_numpy(block, x)
    got = nf.encode(x, nf.parse(name).replace(scale_rule=rule))
    tally.same(got.scales.ravel(), scales, scales, f"{name} {rule} scales")
    tally.same(got.codes.ravel(), codes.ravel(), x.ravel(), f"{name} {rule}")


@pytest.mark.parametrize("rule", RULES)
def test_numpy_agrees_with_the_oracle(rule, tally):
    """The independent check is right on a sample of what it is used for."""
    for name in ("mxfp8_e4m3", "mxfp4", "mxint8", "msfp12"):
        block = Block(EVERY[name].element, SIZE, scale_rule=rule)
        x = blocks_of(1, 30, SIZE)
        want = expected(block, x)
        codes, scales = in_numpy(block, x)
        tally.same(scales, want.scales.ravel(), scales, f"{name} scales")
        tally.same(codes.ravel(), want.codes.ravel(), x.ravel(), name)
    tally.check()


@pytest.mark.parametrize("name", EVERY)
def test_random_blocks(name, tally):
    """16,000 blocks by every rule; a million in all."""
    for seed, rule in enumerate(RULES):
        check(tally, name, rule, seed, 16_000)
    tally.check()


def divided_in_numpy(block: Block, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and e4m3fn scale codes by absmax.  float64 quotients are on the exact ones' side of
    every turn: those are products of a few bits, which 24-bit numbers equal or miss by 2**-24."""
    blocks = x.reshape(-1, block.size).astype(np.float64)
    largest = np.abs(blocks).max(axis=1)
    scales = nearest_codes(E4M3, largest / float(largest_value(block.element)))
    scales = np.where((scales == 0) & (largest > 0), 1, scales)
    values = value_table(E4M3)[scales]
    scaled = np.divide(blocks, values[:, None], out=0 * blocks, where=values[:, None] > 0)
    return nearest_codes(block.element, scaled), scales


@pytest.mark.parametrize("name", EVERY)
def test_random_blocks_under_scales_that_are_no_powers(name, tally):
    """16,000 blocks by absmax, a sample of them by the oracle too."""
    block = Block(EVERY[name].element, SIZE, E4M3, "absmax")
    x = blocks_of(7, 16_000, SIZE)
    x[::2] = np.ldexp(x[::2], -np.frexp(np.abs(x[::2]).max(axis=1, keepdims=True))[1])
    codes, scales = divided_in_numpy(block, x)
    target = nf.parse(name).replace(size=SIZE, scale_format="e4m3fn", scale_rule="absmax")
    if target.tensor_scale:
        target = target.replace(tensor_scale=None)
    got = nf.encode(x, target)
    tally.same(got.scales.ravel(), scales, scales, f"{name} scales")
    tally.same(got.codes.ravel(), codes.ravel(), x.ravel(), name)
    want = expected(block, x[:20])
    tally.same(codes[:20].ravel(), want.codes.ravel(), x[:20].ravel(), f"{name} oracle")
    tally.same(scales[:20], want.scales.ravel(), scales[:20], f"{name} oracle scales")
    tally.check()
