"""compat="qpytorch" in the library: QPyTorch's block_quantize, bit for bit."""

from fractions import Fraction

import numpy as np
import oracle_qpytorch as qpytorch
import pytest
from test_oracle_qpytorch import in_numpy, rows

import numfmt as nf

WIDTHS = range(2, 23)


def whole(width: int, **options) -> nf.Block:
    """One block for the whole array."""
    element = nf.Fixed(width, width - 2)
    return nf.Block(element, None, axis=None, compat="qpytorch", **options)


@pytest.mark.parametrize("width", WIDTHS)
def test_blocks_are_the_published_float32_steps(width, tally):
    """Nearest and stochastic, values and codes, near steps and half steps at several scales."""
    words = np.random.default_rng(12).integers(0, 1 << 32, 24, dtype=np.uint32)
    for x in rows():
        for given in (None, words[: x.size]):
            want = qpytorch.quantize(x.tolist(), width, None if given is None else given.tolist())
            how = {} if given is None else {"rounding": "stochastic", "random_bits": given}
            got = nf.quantize(x, whole(width), **how)
            assert got.dtype == np.float32
            tally.same(got + np.float32(0), [float(v) for v in want], x, f"wl={width}")
            codes = nf.encode(x, whole(width), **how)
            tally.same(nf.decode(codes, whole(width)), got.astype(float), x, f"wl={width} codes")
    tally.check()


@pytest.mark.parametrize("width", range(4, 23))
def test_many_numbers_by_the_exact_formula(width, tally):
    """Normal numbers in 400 rows of 128: the same steps in numpy's float32."""
    x = np.random.default_rng(width).normal(size=(400, 128)).astype(np.float32)
    rows_apart = whole(width).replace(size=None, axis=-1)
    want = np.array([in_numpy(row, width) for row in x])
    tally.same(nf.quantize(x, rows_apart).ravel(), want.ravel() + 0.0, x.ravel(), f"wl={width}")
    kept = whole(width).replace(size=(None, None), axis=(0, 2))
    shaped = x.reshape(20, 20, 128)
    want = np.stack([in_numpy(shaped[:, k], width) for k in range(20)], axis=1)
    tally.same(nf.quantize(shaped, kept).ravel(), want.ravel() + 0.0, x.ravel(), "dim=1")
    tally.check()


def test_special_blocks():
    """NaN and infinity spread; subnormal blocks stay as they are, and have no codes."""
    block = whole(8)
    for bad in (np.nan, np.inf, -np.inf):
        assert np.isnan(nf.quantize(np.float32([1, bad]), block)).all()
    kept = np.float32([0.0, -0.0, 1e-40, -3e-41])
    got = nf.quantize(kept, block)
    assert got.tobytes() == kept.tobytes()
    with pytest.raises(nf.RangeError, match=r"x\[2\]"):
        nf.encode(kept, block)
    assert nf.encode(kept[:2], block).codes.tolist() == [0, 0]
    with pytest.raises(nf.RangeError, match=r"x\[1\]"):
        nf.quantize(np.float32([1, 2.0**126]), block)


def test_double_rounding_is_kept():
    """Just below half a step: float32 makes it half, and half goes up."""
    x = np.float32([1.0, 2.0**-6 * (1 - 2.0**-20)])
    assert nf.quantize(x, whole(7)).tolist() == [1, 1 / 32]
    assert nf.quantize(x, whole(7).replace(compat=None), "nearest_up").tolist() == [1, 0]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: whole(23), nf.FormatError),
        (lambda: nf.Block("e4m3fn", None, compat="qpytorch"), nf.FormatError),
        (lambda: whole(8, scale_rule="ceil"), nf.FormatError),
        (lambda: nf.quantize(np.float32([1]), whole(8), "nearest_even"), nf.RoundingError),
        (lambda: nf.quantize(np.float32([1]), whole(8), overflow="saturate"), nf.RoundingError),
        (lambda: nf.quantize([1.0], whole(8)), nf.DtypeError),
        (lambda: nf.encode(np.float32([1]), whole(8), scales=np.uint8(1)), nf.FormatError),
    ],
)
def test_what_qpytorch_does_not_do_is_refused(make, error):
    """Other widths, elements, rules, roundings, policies, dtypes and scales."""
    with pytest.raises(error):
        make()


def test_its_rounding_shows():
    """The default rounding is its own, half up."""
    assert "rounding nearest_up" in repr(whole(8))
    assert nf.parse(str(whole(8))) == whole(8)
    assert Fraction(1, 2) == nf.quantize(np.float32(0.5), whole(8), dtype=object)
