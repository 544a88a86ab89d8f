"""Fast loops of affine integers: the bits of the definition where quotients are nearly ties."""

import numpy as np
import oracle
import pytest
from subjects import LOOPS

import numfmt as nf
from numfmt import _core

MODES = [mode for mode in oracle.DETERMINISTIC if mode != "jam"]
ISAS = _core.available_isas()
rng = np.random.default_rng(77)


def near_ties(scales, most):
    """float32 numbers next to (k + 1/2) s and to k s, their neighbours, ends and far numbers."""
    k = rng.integers(-2 * most, 2 * most, (len(scales), 400)) / 2
    x = (k * scales[:, None].astype(np.float64)).astype(np.float32)
    x[:, :150] = np.nextafter(x[:, :150], np.float32(np.inf))
    x[:, 150:250] = np.nextafter(x[:, 150:250], np.float32(-np.inf))
    x[:, :6] = [0.0, -0.0, np.inf, -np.inf, 3e38, -1e-45]
    return x


def results(isa, x, f, mode):
    """Codes and values of both widths by one instruction set."""
    with _core.forced_isa(isa):
        codes = nf.encode(x, f, mode)
        return (
            codes.tobytes(),
            nf.quantize(x, f, mode).tobytes(),
            nf.quantize(x, f, mode, dtype=np.float64).tobytes(),
        )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", [1, 2, 8, 15, 16])
@pytest.mark.parametrize("place", ["tensor", "rows", "columns", "groups"])
def test_every_loop_gives_the_bits_of_the_definition(mode, width, place):
    """Odd and even ends, zero points anywhere, scales of all sizes that float32 numbers have."""
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    scales = np.r_[rng.uniform(1, 2, 7) * 2.0 ** rng.integers(-90, 90, 7), 0.25].astype(np.float32)
    zeros = rng.integers(low, high + 1, 8)
    x = near_ties(scales, 1 << width)
    if place == "tensor":
        x, f = x[0], nf.Affine(width, scales[0], int(zeros[0]))
    elif place == "rows":
        f = nf.Affine(width, scales, zeros, channel_axis=0)
    elif place == "columns":
        x, f = np.ascontiguousarray(x.T), nf.Affine(width, scales, zeros, channel_axis=1)
    else:
        tall = np.repeat(scales[:, None], 6, axis=1)
        f = nf.Affine(
            width, tall, np.repeat(zeros[:, None], 6, axis=1), channel_axis=1, group_size=70
        )
    expected = results("scalar", x, f, mode)
    for isa in ISAS:
        assert results(isa, x, f, mode) == expected, isa


@pytest.mark.parametrize("mode", MODES)
def test_unsigned_integers_too(mode):
    """Ends 0 and 2**width - 1 around a zero point."""
    scales = rng.uniform(0.01, 3, 5).astype(np.float32)
    f = nf.Affine(8, scales, [0, 255, 128, 127, 3], signed=False, channel_axis=0)
    x = near_ties(scales, 300)
    expected = results("scalar", x, f, mode)
    for isa in ISAS:
        assert results(isa, x, f, mode) == expected, isa


def test_a_nan_or_a_long_scale_takes_the_general_way():
    """A NaN is refused by its place or replaced; scales of more bits than float32's are exact."""
    x = np.linspace(-9, 9, 1000, dtype=np.float32)
    x[700] = np.nan
    with pytest.raises(nf.NanError, match=r"x\[700\]"):
        nf.encode(x, nf.Affine(8, np.float32(0.1)))
    mixed = nf.Affine(8, [0.1, float(np.float32(0.1)), 1e-300], channel_axis=0)
    x = np.stack([x[:600]] * 3)
    found = []
    for isa in LOOPS:
        with _core.forced_isa(isa):
            found.append(nf.encode(x, mixed).tobytes())
            assert nf.encode(np.float32([np.nan, 1]), nf.Affine(8, 0.5), nan="zero").tolist() == [
                0,
                2,
            ]
    assert len(set(found)) == 1


def test_results_may_lie_on_the_input():
    """out=x: each strip is read before it is written."""
    x = rng.normal(scale=9, size=5000).astype(np.float32)
    f = nf.Affine(8, np.float32(0.1), 3)
    expected = nf.quantize(x, f)
    assert nf.quantize(x, f, out=x) is x
    assert np.array_equal(x, expected)
