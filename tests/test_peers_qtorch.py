"""compat="qpytorch" against the package itself: a million numbers a width, shape and mode."""

import numpy as np
import pytest
from qtorch_peer import KNOWN_FAULTS, WIDTHS

import numfmt as nf

pytestmark = pytest.mark.long
AXES = {-1: None, 0: (1, 2), 1: (0, 2), 2: (0, 1)}  # of dim: the axes that share a scale
SHAPE = (100, 100, 100)


def block(width: int, dim: int) -> nf.Block:
    """The library's format for a width and dim of block_quantize."""
    axes = AXES[dim]
    size = None if axes is None else (None, None)
    return nf.Block(nf.Fixed(width, width - 2), size, axis=axes, compat="qpytorch")


def numbers(seed: int) -> np.ndarray:
    """Normal numbers at many scales, some on coarse steps, some zeros and powers of two."""
    random = np.random.default_rng(seed)
    x = random.normal(size=SHAPE)
    x[::3] = np.round(x[::3] * 64) / 64
    x[1::7] = np.sign(x[1::7]) * 2.0 ** random.integers(-9, 2, SHAPE)[1::7]
    for axis, spread in enumerate((60, 6, 6)):
        shape = [1, 1, 1]
        shape[axis] = SHAPE[axis]
        x *= 2.0 ** random.integers(-spread, spread, shape)
    return x.astype(np.float32)


def same_bits(got: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Where two float32 arrays hold the same bits."""
    return got.view(np.uint32) == theirs.view(np.uint32)


@pytest.mark.parametrize("dim", AXES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nearest_is_theirs_bit_for_bit(qtorch, width, dim):
    """Every value, the sign of zero included."""
    x = numbers(width)
    theirs = qtorch.block_quantize(x, width, dim, "nearest")
    wrong = ~same_bits(nf.quantize(x, block(width, dim)), theirs)
    assert not wrong.any(), (x[wrong][:5], theirs[wrong][:5])


@pytest.mark.parametrize("dim", AXES)
@pytest.mark.parametrize("width", WIDTHS)
def test_stochastic_has_their_support_and_mean(qtorch, width, dim):
    """Their draws are our lowest or highest, and as often (known fault: no seed is followed)."""
    assert "random bits" in KNOWN_FAULTS
    x, ours = numbers(width), []
    for word in (0, 0xFFFFFFFF):
        words = np.full(SHAPE, word, np.uint32)
        ours.append(nf.quantize(x, block(width, dim), "stochastic", random_bits=words))
    low, high = ours
    drawn = {
        "theirs": qtorch.block_quantize(x, width, dim, "stochastic"),
        "ours": nf.quantize(x, block(width, dim), "stochastic", key=nf.Key(width)),
    }
    is_open = low != high
    middle = nf.quantize(x, block(width, dim), "stochastic", random_bits=words >> 1)
    for who, values in drawn.items():
        assert (same_bits(values, low) | same_bits(values, high)).all(), who
        assert same_bits(values, low)[~is_open].all(), who
    # how often the higher one comes, by halves of the cell: the middle word tells which half
    upper = is_open & same_bits(middle, high)
    rates = {who: (values[upper] == high[upper]).mean() for who, values in drawn.items()}
    error = (2 * 0.25 / max(upper.sum(), 1)) ** 0.5
    assert abs(rates["theirs"] - rates["ours"]) < 4 * error


def test_special_blocks_are_theirs(qtorch):
    """NaN and infinity spread over their block."""
    x = np.float32([[1, np.nan, 2], [1, np.inf, 2], [-np.inf, 0, 3], [0, 0, 0], [1, -0.0, 0]])
    for width in WIDTHS:
        theirs = qtorch.block_quantize(x, width, 0, "nearest")
        got = nf.quantize(x, nf.Block(nf.Fixed(width, width - 2), None, compat="qpytorch"))
        assert np.array_equal(got, theirs, equal_nan=True)
        assert same_bits(got[3:], theirs[3:]).all()


def faults(qtorch) -> dict[str, bool]:
    """Which known faults show."""
    tiny, large = np.float32([1e-40, -3e-41]), np.float32([1, 0.5, 2.0**126])
    again = [qtorch.block_quantize(np.full(64, 0.3, np.float32), 4, -1, "stochastic")] * 2
    return {
        "width above 22": (qtorch.block_quantize(large[:2], 23, -1, "nearest") < -1.99).all(),
        "exponent above 125": (qtorch.block_quantize(large, 8, -1, "nearest") < -1e38).all(),
        "block of subnormals": not qtorch.block_quantize(tiny, 4, -1, "nearest").any(),
        "block of zeros": not np.signbit(qtorch.block_quantize(tiny[:1] * -0, 8, -1, "nearest")),
        "random bits": len(np.unique(again)) > 1,
    }


def test_the_known_faults_are_there(qtorch):
    """What comparisons leave out is still so there, and not here."""
    assert faults(qtorch) == dict.fromkeys(KNOWN_FAULTS, True)
    tiny, row = np.float32([1e-40, -3e-41, -0.0]), nf.parse("bfp<8,None,compat=qpytorch>")
    with pytest.raises(nf.FormatError):
        block(23, -1)
    with pytest.raises(nf.RangeError):
        nf.quantize(np.float32([1, 2.0**126]), row)
    assert same_bits(nf.quantize(tiny, row), tiny).all()
