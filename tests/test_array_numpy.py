"""Arrays in NumPy's hands: functions, views, DLPack, and what is refused."""

import itertools

import numpy as np
import pytest
from array_cases import X, same

import numfmt as nf


def test_joining_and_moving_axes_is_numpys():
    """Codes go where NumPy would take values; mixed formats and plain numbers are refused."""
    a, b = nf.array(X, "e4m3fn"), nf.array(-X, "e4m3fn")
    u, v = a.codes, b.codes
    cases = [
        (np.concatenate([a, b], 1), np.concatenate([u, v], 1)),
        (np.concatenate([a, b], None), np.concatenate([u, v], None)),
        (np.stack([a, b], -1), np.stack([u, v], -1)),
        (np.vstack([a[0, 0], b[0, 0]]), np.vstack([u[0, 0], v[0, 0]])),
        (np.hstack([a, b]), np.hstack([u, v])),
        (np.moveaxis(a, 0, -1), np.moveaxis(u, 0, -1)),
        (np.swapaxes(a, 0, 2), np.swapaxes(u, 0, 2)),
        (np.expand_dims(a, (0, -1)), np.expand_dims(u, (0, -1))),
        (np.squeeze(a[:1]), np.squeeze(u[:1])),
        (np.reshape(a, (-1, 8)), np.reshape(u, (-1, 8))),
        (np.ravel(a), np.ravel(u)),
        (np.transpose(a, (1, 0, 2)), np.transpose(u, (1, 0, 2))),
        (np.broadcast_to(a, (2, *X.shape)), np.broadcast_to(u, (2, *X.shape))),
        (np.flip(a, 1), np.flip(u, 1)),
        (np.roll(a, 3), np.roll(u, 3)),
        (np.take(a, [2, 0], 0), np.take(u, [2, 0], 0)),
        (np.repeat(a, 2, axis=1), np.repeat(u, 2, axis=1)),
        (np.split(a, 2, 1)[1], np.split(u, 2, 1)[1]),
        (np.where(X > 0, a, b), np.where(X > 0, u, v)),
        (np.copy(a), u),
    ]
    for got, expected in cases:
        assert same(got, expected, "e4m3fn")
    assert (np.shape(a), np.ndim(a), np.size(a)) == (X.shape, 3, X.size)
    with pytest.raises(nf.FormatError, match="mixed"):
        np.concatenate([a, nf.array(X, "e5m2")])
    with pytest.raises(nf.FormatError, match="beside an Array"):
        np.stack([a, X])


@pytest.mark.parametrize(
    "call",
    [
        lambda a: np.sinh(a),
        lambda a: np.add.reduce(a),
        lambda a: np.mean(a),
        lambda a: np.linalg.norm(a),
        lambda a: np.add(a, a, out=np.zeros(2)),
        lambda a: np.var(a),
        lambda a: np.sort(a),
        lambda a: np.zeros(2).__iadd__(a),
        lambda a: np.float_power(a, 2),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(call):
    """A DtypeError, never values unasked."""
    with pytest.raises(nf.DtypeError, match=r"numpy\.[\w.]+ .*is not supported"):
        call(nf.ones(2, "e4m3fn"))


@pytest.mark.parametrize(
    ("format", "dtype"),
    [
        ("binary16", np.float16),
        ("binary32", "f4"),
        ("binary64", float),
        ("int8", np.int8),
        ("uint32", np.uint32),
    ],
)
def test_view_gives_numpys_numbers_of_the_same_bits(format, dtype):
    """Not copied; the values are those of the Array."""
    a = nf.array(np.abs(X), format)
    assert np.shares_memory(a.view(dtype), a.codes)
    assert np.array_equal(a.view(dtype).astype(float), a.values)


def test_view_gives_the_dtypes_of_ml_dtypes():
    """Of each name that both know; what differs is refused."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    names = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e3m4")
    for name in (*names, "float4_e2m1fn", "float6_e3m2fn", "float8_e8m0fnu", "int4", "uint4"):
        dtype = np.dtype(getattr(ml_dtypes, name))
        a = nf.array(np.abs(X) + 1 if "u" in name else X, dtype)
        assert np.shares_memory(a.view(dtype), a.codes)
        assert np.array_equal(a.view(dtype).astype(float), a.values)
    with pytest.raises(nf.DtypeError, match="float8_e5m2"):
        nf.ones(2, "e4m3fn").view(ml_dtypes.float8_e5m2)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, "complex64", "no dtype", object])
def test_view_refuses_other_encodings(dtype):
    """A dtype of the same size too."""
    with pytest.raises(nf.DtypeError, match="view"):
        nf.ones(2, "e4m3fn").view(dtype)
    with pytest.raises(nf.DtypeError, match="view"):
        nf.zeros(32, "mxfp4").view(dtype)


def test_dlpack_hands_over_the_codes():
    """numpy.from_dlpack shares the memory; blocks would lose their scales."""
    a = nf.array(X, "e4m3fn")
    codes = np.from_dlpack(a)
    assert np.shares_memory(codes, a.codes)
    assert np.array_equal(codes, a.codes)
    with pytest.raises(nf.DtypeError, match="scales"):
        np.from_dlpack(nf.array(X, "mxfp4"))


@pytest.mark.parametrize("format", ["e4m3fn", "posit<8,2>", "fixed<8,3>", "lns<8,3>"])
def test_extremes_are_numpys(format):
    """max, min and clip, along axes and of all; of odd and even counts."""
    x = nf.array(np.random.default_rng(3).normal(size=(3, 5, 2)), format)
    for axis, keepdims in itertools.product((None, 0, -1, (0, 2), (1, 2)), (False, True)):
        for name in ("max", "min"):
            wanted = getattr(x.values, name)(axis=axis, keepdims=keepdims)
            for got in (
                getattr(np, name)(x, axis=axis, keepdims=keepdims),
                getattr(x, name)(axis=axis, keepdims=keepdims),
            ):
                assert got.format == x.format
                assert np.array_equal(got.values, wanted)
    assert np.array_equal(np.clip(x, -0.5, 1).values, np.clip(x.values, -0.5, 1))
    assert nf.ones((3, 5, 2), "e4m3fn").sum(axis=1).tolist() == [[5, 5]] * 3


def test_extremes_keep_nan_and_refuse_nothing():
    """A NaN is the result, as NumPy has it; no elements have no largest; blocks are refused."""
    assert np.isnan(nf.array([1, np.nan, 3], "e4m3fn").max().values)
    with pytest.raises(nf.ShapeError, match=r"numpy\.max of no elements, of shape \(0, 2\)"):
        nf.zeros((0, 2), "e4m3fn").max()
    assert nf.zeros((0, 2), "e4m3fn").max(axis=1).shape == (0,)
    with pytest.raises(nf.ShapeError, match=r"numpy\.min: elements of mxfp8_e4m3"):
        nf.array([1, 2], "mxfp8_e4m3").min()
