"""Posits against SoftPosit and universal_dtypes: nearest on the encoding, never to 0 or NaR."""

import warnings

import cases
import numpy as np
import pytest
from oracle_formats import Posit
from subjects import SUBJECTS

subjects = pytest.mark.parametrize("codes_of", SUBJECTS)

UNIVERSAL = {
    "posit8": Posit(8, 2),
    "posit8e0": Posit(8, 0),
    "posit8e1": Posit(8, 1),
    "posit12": Posit(12, 2),
    "posit16": Posit(16, 2),
    "posit16e1": Posit(16, 1),
    "posit20": Posit(20, 2),
    "posit24": Posit(24, 2),
    "posit28": Posit(28, 2),
    "posit32": Posit(32, 2),
    "posit40": Posit(40, 2),
    "posit48": Posit(48, 2),
    "posit64": Posit(64, 2),
}


def numbers(format):
    """Finite doubles at values, both kinds of midpoints, their neighbours and beyond the ends."""
    if format.width <= 8:
        return cases.interesting(format)
    random = np.random.default_rng(1)
    indices = {*range(40), *range(format.highest - 40, format.highest)}
    indices |= set(random.integers(0, format.highest, 100).tolist())
    x = cases.around(cases.landmarks(format, sorted(indices)) | cases.far(format))
    return x[np.isfinite(x)]


@subjects
@pytest.mark.parametrize("width", [4, 5, 8, 9, 12, 16, 24, 31, 32])
def test_nearest_even_agrees_with_softposit(codes_of, width):
    """posit<width,2> from doubles, as SoftPosit's pX2 converts them."""
    softposit = pytest.importorskip("softposit")
    format = Posit(width, 2)
    x = numbers(format)
    theirs = [softposit.convertDoubleToPX2(v, width).v >> (32 - width) for v in x.tolist()]
    assert codes_of(format, x, "nearest_even", "saturate").tolist() == theirs


@subjects
@pytest.mark.parametrize("name", UNIVERSAL)
def test_nearest_even_agrees_with_universal_dtypes(codes_of, name):
    """Every posit that universal_dtypes compiles in, from doubles."""
    universal = pytest.importorskip("universal_dtypes")
    format = UNIVERSAL[name]
    x = numbers(format)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it announces saturation
        theirs = x.astype(getattr(universal, name))
    data = np.frombuffer(theirs.tobytes(), dtype=np.uint8).reshape(len(x), -1)
    codes = sum(data[:, i].astype(np.uint64) << np.uint64(8 * i) for i in range(data.shape[1]))
    codes &= np.uint64((1 << format.width) - 1)
    assert np.array_equal(codes_of(format, x, "nearest_even", "saturate"), codes)
