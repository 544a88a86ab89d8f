"""Arrays whose elements share scales: what is cut, moved and joined together."""

import numpy as np
import pytest
from array_cases import BLOCKS, X, same

import numfmt as nf


@pytest.mark.parametrize("format", BLOCKS)
def test_blocks_and_their_scales_stay_together(format):
    """Slices of whole blocks, other axes at will, and the transpose: values as of the values."""
    a = nf.array(X.transpose(2, 0, 1) if "axis=0" in format else X, format)
    if "axis=1" in format:
        a = nf.array(X.transpose(0, 2, 1), format)
    axis = nf.parse(format).axis % 3
    values = a.values
    whole = [slice(None)] * 3
    for part in (slice(0, 32), slice(32, None), slice(32, 40), slice(0, 0), slice(33, 40, 3)):
        key = tuple(part if i == axis else slice(None) for i in range(3))
        assert np.array_equal(a[key].values, values[key])
    for part in (0, -1, slice(1, None), slice(None, None, -1), slice(1, 1)):
        for other in {0, 1, 2} - {axis}:
            key = tuple(part if i == other else slice(None) for i in range(3))
            assert np.array_equal(a[key].values, values[key])
    assert np.array_equal(a[:, None].values, values[:, None])
    assert np.array_equal(a[..., None].values, values[..., None])
    for order in ((2, 0, 1), (0, 2, 1), (1, 0, 2)):
        assert np.array_equal(a.transpose(order).values, values.transpose(order))
    assert np.array_equal(a.T.values, values.T)
    for cut in (slice(3, 40), slice(0, None, 2), slice(40, 20, -1)):
        key = tuple(cut if i == axis else part for i, part in enumerate(whole))
        with pytest.raises(nf.ShapeError, match="cuts blocks"):
            a[key]
    with pytest.raises(nf.ShapeError, match="slice"):
        a[tuple(0 if i == axis else part for i, part in enumerate(whole))]
    for key in ([0, 1], values > 0, (slice(None), [True, False])):
        with pytest.raises(nf.ShapeError, match="index"):
            a[key]
    with pytest.raises(nf.ShapeError, match="belong together"):
        a.reshape(-1)


def test_tiles_and_whole_axes_are_cut_where_that_is_right():
    """Two axes of blocks; one scale for an axis, and for the array."""
    tiles = nf.array(X[0, :, :], nf.Block("e4m3fn", (2, 16), axis=(0, 1)))
    assert np.array_equal(tiles[2:, 16:50].values, tiles.values[2:, 16:50])
    with pytest.raises(nf.ShapeError):
        tiles[1:]
    whole = nf.array(X[0], nf.Block("e4m3fn", None))
    assert np.array_equal(whole[1:, 3:9:2].values, whole.values[1:, 3:9:2])
    one = nf.array(X[0], nf.Block("e4m3fn", None, axis=None))
    assert np.array_equal(one[2, 5:].values, one.values[2, 5:])
    assert one[2, 5].values == one.values[2, 5]


def test_whole_blocks_are_assigned_with_new_scales():
    """Others keep theirs; a part of a block is refused, and nothing is written."""
    a = nf.array(X, "mxfp4")
    before = a.copy()
    a[0, :, 32:] = 100 * X[0, :, 32:]
    assert same(a[0, :, 32:], nf.encode(100 * X[0, :, 32:], "mxfp4"), "mxfp4")
    assert same(a[0, :, :32], before._parts.codes[0, :, :32], "mxfp4")
    assert same(a[1:], nf.BlockCodes(before.codes[1:], before.scales[1:]), "mxfp4")
    kept = a.copy()
    with pytest.raises(nf.ShapeError, match="part of a block"):
        a[0, 0, :16] = 1
    assert same(a, kept._parts, "mxfp4")
    b = nf.array(X, "nvfp4")
    b[1] = 2 * X[1]
    expected = nf.encode(2 * X[1], "nvfp4", scales=(None, b.tensor_scale))
    assert same(b[1], expected, "nvfp4")


def test_affine_scales_go_with_their_axis():
    """Along other axes anything; along their own all of it."""
    format = nf.Affine(8, [0.5, 0.25, 0.125, 1.0], channel_axis=1)
    a = nf.array(X, format)
    assert np.array_equal(a[1:, :, ::3].values, a.values[1:, :, ::3])
    assert a[0].format.channel_axis == 0
    assert np.array_equal(a[0].values, a.values[0])
    assert np.array_equal(a.T.values, a.values.T)
    a[1] = X[0]
    assert np.array_equal(a.values[1], a.values[0])
    for key in ((0, 1), (slice(None), slice(1, None))):
        with pytest.raises(nf.ShapeError, match="takes all of it"):
            a[key]
    with pytest.raises(nf.ShapeError, match="takes scales"):
        nf.from_codes(np.zeros((2, 3), np.uint8), format)


def test_joining_blocks_along_their_axis_is_refused():
    """Along others scales are joined too."""
    a, b = nf.array(X, "mxfp4"), nf.array(5 * X, "mxfp4")
    for join, values in (
        (np.concatenate([a, b], 1), np.concatenate([a.values, b.values], 1)),
        (np.stack([a, b]), np.stack([a.values, b.values])),
        (np.stack([a, b], 2), np.stack([a.values, b.values], 2)),
        (np.broadcast_to(a[:1], (5, 4, 64)), np.broadcast_to(a.values[:1], (5, 4, 64))),
    ):
        assert np.array_equal(join.values, values)
    for axis in (-1, None):
        with pytest.raises(nf.ShapeError):
            np.concatenate([a, b], axis)
    for move in (np.flip, np.ravel):
        with pytest.raises(nf.ShapeError, match="belong together"):
            move(a)
    c, d = nf.array(X, "nvfp4"), nf.array(5 * X, "nvfp4")
    with pytest.raises(nf.ShapeError, match="tensor scale"):
        np.concatenate([c, d], 0)
