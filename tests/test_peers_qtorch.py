"""compat="qpytorch" and numfmt.torch.qtorch_compat against the package itself: a million numbers a
format, shape and mode."""

import functools
import types

import numpy as np
import pytest
import qtorch_training
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


def patterns() -> np.ndarray:
    """Numbers of all sizes, NaNs and infinities among them, near steps too."""
    bits = np.random.default_rng(9).integers(0, 1 << 32, 500_000, dtype=np.uint32)
    near = numbers(9).ravel()[:500_000]
    ends = np.float32([0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38])
    return np.concatenate([bits.view(np.float32), near, ends])


def assert_theirs(qtorch, x: np.ndarray, name: str, **options) -> None:
    """Every value of a function, the sign of zero included; NaNs of any kind are one."""
    torch = pytest.importorskip("torch")
    from numfmt.torch import qtorch_compat

    function = getattr(qtorch_compat, name)
    got = function(torch.from_numpy(x), rounding="nearest", exact_compat=True, **options).numpy()
    theirs = qtorch.call(name, x, rounding="nearest", **options)
    wrong = ~(same_bits(got, theirs) | (np.isnan(got) & np.isnan(theirs)))
    assert not wrong.any(), (x[wrong][:5], got[wrong][:5], theirs[wrong][:5])


@pytest.mark.parametrize("exp", [1, 4, 5, 8])
@pytest.mark.parametrize("man", [1, 3, 10, 23])
def test_floats_are_theirs_bit_for_bit(qtorch, exp, man):
    """man = 23, which changes every sign, among them."""
    assert_theirs(qtorch, patterns(), "float_quantize", exp=exp, man=man)


@pytest.mark.parametrize("wl", [4, 16, 32])
@pytest.mark.parametrize("fl", [-3, 3, 30])
def test_fixed_point_is_theirs_bit_for_bit(qtorch, wl, fl):
    """Clamped, symmetrically, and not at all."""
    for ends in ({}, {"symmetric": True}, {"clamp": False}):
        assert_theirs(qtorch, patterns(), "fixed_point_quantize", wl=wl, fl=fl, **ends)


@pytest.mark.parametrize("dim", AXES)
def test_any_block_is_theirs_bit_for_bit(qtorch, dim):
    """Subnormal numbers, NaNs, and exponents at which their sums overflow too."""
    for x in (patterns()[:1_000_000].reshape(SHAPE), numbers(2) * np.float32(1e-38)):
        for wl in (2, 8, 22):
            assert_theirs(qtorch, x, "block_quantize", wl=wl, dim=dim)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("acc", [False, True])
def test_training_is_theirs_bit_for_bit(qtorch, optimizer, acc):
    """A lowered network, its optimizer with every quantizer, with and without accumulators."""
    torch = pytest.importorskip("torch")
    from numfmt.torch import qtorch_compat

    ours = types.SimpleNamespace(**vars(qtorch_compat))
    for name in ("quantizer", "sequential_lower", "OptimLP"):
        setattr(ours, name, functools.partial(getattr(ours, name), exact_compat=True))
    torch.set_num_threads(1)
    x = np.random.default_rng(3).normal(size=(16, 10)).astype(np.float32)
    got = qtorch_training.train(ours, torch.from_numpy(x), optimizer, acc).numpy()
    assert same_bits(got, qtorch.call("train", x, optimizer=optimizer, acc=acc)).all()


# (function, its arguments, the gap of [1/2, 1)): numbers whose law is the exact one in qtorch too
LAWS = [
    ("fixed_point_quantize", {"wl": 8, "fl": 4}, 2.0**-4),
    ("float_quantize", {"exp": 5, "man": 2}, 2.0**-3),
    ("block_quantize", {"wl": 6, "dim": -1}, 2.0**-5),
]


@pytest.mark.parametrize(("name", "options", "gap"), LAWS, ids=[law[0] for law in LAWS])
def test_stochastic_rounding_has_one_law(qtorch, name, options, gap):
    """The counts of both follow the exact law: chi-square of 60 numbers, 16,000 draws each."""
    torch = pytest.importorskip("torch")
    from numfmt.torch import qtorch_compat

    draws, odd = 16_000, 1 + 2 * np.arange(60)
    x = (0.5 + odd / 256).astype(np.float32)
    x = np.where(x < 1, x, x - 0.5).astype(np.float32)
    low = np.floor(x / gap) * gap
    p = (x - low) / gap
    many = np.tile(x, (draws, 1))
    torch.manual_seed(4)
    ours = getattr(qtorch_compat, name)(torch.from_numpy(many), **options).numpy()
    for y in (ours, qtorch.call(name, many, **options)):
        assert np.isin(y, (low, low + gap)).all()
        z = ((y > x).sum(0) - draws * p) / np.sqrt(draws * p * (1 - p))
        assert abs((z**2).sum() - len(x)) < 5 * (2 * len(x)) ** 0.5


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
