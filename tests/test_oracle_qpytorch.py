"""The oracle of QPyTorch's block floating point: against numpy's float32 and QPyTorch itself."""

from fractions import Fraction
from math import inf, isnan, nan

import numpy as np
import oracle_qpytorch as qpytorch
import pytest
from oracle_blocks import bfp
from qtorch_peer import WIDTHS


def rows():
    """Blocks of float32 numbers at several scales, with values near steps and half steps."""
    random = np.random.default_rng(11)
    for power in (-100, -8, 0, 60):
        x = random.normal(size=24)
        x[:8] = np.round(x[:8] * 64) / 64
        yield (x * 2.0**power).astype(np.float32)
    yield np.float32([2 - 2**-23, -(2 - 2**-23), 1, -1, 2**-20, -(2**-20), 0, -0.0])


def in_numpy(x, width, words=None):
    """The published steps in float32 and uint32."""
    e = int(np.abs(x).max().view(np.uint32) >> 23)
    base = np.float32(6) * np.uint32(e << 23).view(np.float32)
    bits = (x + base).view(np.uint32)
    low = np.uint32((1 << (23 - width)) - 1)
    bits = bits + (np.uint32(1 << (22 - width)) if words is None else words & low)
    z = (bits & ~low).view(np.float32) - base
    end = np.uint32(e << 23).view(np.float32) * np.float32(2 - 2.0 ** (2 - width))
    clipped = np.where(np.signbit(z), -end, end)
    return np.where(z.view(np.uint32) << 1 >> 24 > e, clipped, z)


@pytest.mark.parametrize("width", WIDTHS)
def test_blocks_are_the_published_float32_steps(width):
    """Nearest and stochastic, value for value."""
    for x in rows():
        words = np.random.default_rng(12).integers(0, 1 << 32, len(x), dtype=np.uint32)
        numbers = x.tolist()
        expected = [Fraction(v) for v in in_numpy(x, width).tolist()]
        assert qpytorch.quantize(numbers, width) == expected
        expected = [Fraction(v) for v in in_numpy(x, width, words).tolist()]
        assert qpytorch.quantize(numbers, width, words.tolist()) == expected


@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_bfp_with_ties_up_where_nothing_is_rounded_twice(width):
    """Numbers that float32 holds relative to the base: step 2**(E + 2 - wl), symmetric."""
    random = np.random.default_rng(width)
    x = np.round(random.uniform(-2, 2, 200) * 2**20) / 2**20
    x[0] = 1.5
    block = bfp(width, None)
    expected = block.decode(block.encode(x.tolist(), (200,), "nearest_up"), (200,))
    assert qpytorch.quantize(x.tolist(), width) == expected


def test_double_rounding_is_kept():
    """Just below half a step: float32 makes it half, and half goes up."""
    x = [1.0, 2.0**-6 * (1 - 2.0**-20)]
    assert qpytorch.quantize(x, 7) == [1, Fraction(1, 32)]
    block = bfp(7, None)
    assert block.decode(block.encode(x, (2,), "nearest_up"), (2,)) == [1, 0]


def test_special_blocks():
    """NaN and infinity spread; subnormal blocks stay as they are."""
    assert all(map(isnan, qpytorch.quantize([1.0, nan], 8)))
    assert all(map(isnan, qpytorch.quantize([1.0, -inf], 8)))
    assert qpytorch.quantize([0.0, -0.0], 8) == [0, 0]
    assert qpytorch.quantize([1e-40, -3e-41], 8) == [1e-40, -3e-41]


@pytest.mark.long
def test_blocks_are_those_of_qpytorch(qtorch):
    """The package's own code; where that is not installed or does not compile, nothing is said."""
    for width in WIDTHS:
        for x in rows():
            theirs = qtorch.block_quantize(x, width, -1, "nearest")
            assert qpytorch.quantize(x.tolist(), width) == [Fraction(v) for v in theirs.tolist()]
