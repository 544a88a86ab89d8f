"""The vectorised loop for narrow formats gives the bits of the general loop."""

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

FORMATS = (
    *("fixed<8,3>", "fixed<1,0>", "ufixed<6,-2>", "fixed<16,8>", "fixed<20,40>"),
    *("e4m3fn", "e5m2", "e2m1", "e2m3", "e4m3fnuz", "e5m2fnuz", "binary16", "bfloat16", "tf32"),
    *("float<2,1>", "float<4,3,bias=120>", "float<3,8,special=finite>", "float<6,1,bias=-9>"),
)


def numbers(format: str) -> np.ndarray:
    """Float32 bit patterns of all kinds, and others near the format's values and midpoints."""
    rng = np.random.default_rng(0)
    anything = rng.integers(0, 1 << 32, 20_000, dtype=np.uint32).view(np.float32)
    around = nf.quantize(rng.standard_normal(20_000, np.float32) * 8, format)
    halves = (around + nf.quantize(around * np.float32(1.1), format)) / 2
    bits = np.concatenate([around, halves.astype(np.float32)]).view(np.uint32)
    near = (bits + rng.integers(-2, 3, bits.size).astype(np.uint32)).view(np.float32)
    x = np.concatenate([anything, near, np.float32([0.0, -0.0, np.inf, -np.inf])])
    return x if nf.parse(format).has_nan else x[~np.isnan(x)]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("mode", ["nearest_even", "stochastic"])
@pytest.mark.parametrize("overflow", [None, "saturate"])
def test_no_bit_differs_from_the_general_loop(isa, format, mode, overflow):
    """With a report every element takes the general loop; without one, the vectorised loop."""
    x = numbers(format)
    for first in (0, 5, 2**40 + 63):
        key = nf.Key(3).at(1, first=first) if mode == "stochastic" else None
        with _core.forced_isa(isa):
            fast = nf.quantize(x, format, mode, overflow, key=key)
            general = nf.quantize(x, format, mode, overflow, key=key, report=nf.Report())
        np.testing.assert_array_equal(fast.view(np.uint32), general.view(np.uint32))


def test_lengths_and_places_do_not_matter():
    """Every length around a tile, in place too."""
    x = np.linspace(-20, 20, 700, dtype=np.float32)
    whole = nf.quantize(x, "e4m3fn", "stochastic", key=nf.Key(1))
    for n in (0, 1, 2, 63, 64, 65, 127, 255, 256, 257, 700):
        for start in (0, 3):
            piece = x[start : start + n].copy()
            key = nf.Key(1).at(0, first=start)
            nf.quantize(piece, "e4m3fn", "stochastic", key=key, out=piece)
            np.testing.assert_array_equal(piece, whole[start : start + n])
