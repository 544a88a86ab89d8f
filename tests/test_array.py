"""Arrays of codes: made, indexed, assigned to, shown and kept."""

import copy
import pickle

import numpy as np
import pytest
from array_cases import BLOCKS, FORMATS, X, same

import numfmt as nf


@pytest.mark.parametrize("format", [*FORMATS, *BLOCKS])
def test_an_array_is_what_encode_gives_beside_its_format(format):
    """Codes, scales, values, shape; the same modes and errors."""
    a = nf.array(X, format, "toward_zero")
    assert same(a, nf.encode(X, format, "toward_zero"), format)
    assert np.array_equal(a.values, nf.quantize(X, format, "toward_zero"))
    assert np.array_equal(np.asarray(a), a.values)
    assert (a.shape, a.ndim, a.size, len(a)) == (X.shape, 3, X.size, 3)
    assert np.asarray(a, dtype=np.float64).dtype == np.float64
    with pytest.raises(nf.RandomError):
        nf.array(X, format, key=nf.Key(1))
    drawn = nf.array(X, format, "stochastic", key=nf.Key(1))
    assert same(drawn, nf.encode(X, format, "stochastic", key=nf.Key(1)), format)


def test_values_that_no_float64_holds_are_fractions():
    """fixed<64,0> exactly; irrational ones the nearest float64."""
    a = nf.array([2**63 - 1, 1], "fixed<64,0>")
    assert a.values.dtype == object
    assert a.values[0] == 2**63 - 1
    assert nf.array(3.0, "lns<8,3>").values.dtype == np.float64


def test_from_codes_shares_the_callers_memory():
    """Where the dtype is that of the codes; what is no code is refused."""
    codes = np.array([0, 56, 126], np.uint8)
    a = nf.from_codes(codes, "e4m3fn")
    assert np.shares_memory(a.codes, codes)
    assert a.values.tolist() == [0, 1, 448]
    assert nf.from_codes([1, 2], "posit<16,2>").codes.dtype == np.uint16
    assert nf.from_codes(codes.astype(">i8"), "e4m3fn").codes.dtype == np.uint8
    with pytest.raises(nf.FormatError, match="holds 300"):
        nf.from_codes([300], "e4m3fn")
    with pytest.raises(nf.FormatError):
        nf.from_codes(a, "e4m3fn")
    parts = nf.encode(X, "nvfp4")
    assert same(nf.from_codes(parts, "nvfp4"), parts, "nvfp4")
    with pytest.raises(nf.ShapeError, match="scales"):
        nf.from_codes(parts._replace(scales=parts.scales[..., :1]), "nvfp4")


def test_zeros_ones_full_and_empty():
    """Each shape; what a format has not is refused; likes take shape and format."""
    for format in (*FORMATS, *BLOCKS):
        assert nf.zeros((2, 32), format).values.tolist() == [[0] * 32] * 2
        assert nf.empty((2, 32), format).shape == (2, 32)
    assert nf.ones(2, "e4m3fn").codes.tolist() == [56, 56]
    assert nf.full((), 0.3, "e4m3fn").values == 0.3125
    assert nf.full(2, [1, 2], "e4m3fn").values.tolist() == [1, 2]
    with pytest.raises(nf.FormatError, match="no 0"):
        nf.zeros(2, "e8m0")
    with pytest.raises(nf.FormatError, match="no 1"):
        nf.ones(2, "fixed<4,3>")
    with pytest.raises(nf.ShapeError):
        nf.zeros(-1, "e4m3fn")
    a = nf.array(X, "e4m3fn")
    assert nf.ones_like(a).shape == X.shape
    assert nf.zeros_like(a, "e5m2", shape=2).format == nf.parse("e5m2")
    assert np.full_like(a, 3).values.max() == 3
    with pytest.raises(nf.FormatError, match="format"):
        nf.zeros_like(X)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "key",
    [0, -1, (1, 2), (..., 3), slice(None, None, -2), (None, 0), [2, 0], (0, [1, 2]), X > 0, ()],
    ids=str,
)
def test_indexing_is_numpys(format, key):
    """Any index; reading and writing."""
    a, codes = nf.array(X, format), nf.encode(X, format)
    assert same(a[key], np.asarray(codes[key]), format)
    shape = codes[key].shape
    values = np.linspace(-3, 3, max(int(np.prod(shape)), 1))[: int(np.prod(shape))].reshape(shape)
    a[key] = values
    codes[key] = nf.encode(values, format)
    assert same(a, codes, format)
    a[key] = nf.array(1, format)
    codes[key] = nf.encode(1, format)
    assert same(a, codes, format)


def test_slices_are_views():
    """Writing to a slice, a transpose or a reshape writes to the array."""
    a = nf.zeros((2, 3), "e4m3fn")
    a[0][1] = 3
    a.T[2, 1] = 4
    a.reshape(6)[3] = 5
    assert a.values.tolist() == [[0, 3, 0], [5, 0, 4]]


def test_assignment_rounds_by_format_context_and_default():
    """As encode does: the format's modes, then the context's."""
    a, b = nf.zeros(1, "fixed<8,0>"), nf.zeros(1, "fixed<8,0,rounding=up>")
    with nf.context(rounding="down", overflow="wrap"):
        a[0], b[0] = 200.9, 0.1
    assert (a.values[0], b.values[0]) == (200 - 256, 1)
    a[:] = 0.9
    assert a.values[0] == 1
    a[:] = nf.array(2.5, "e4m3fn")
    assert a.values[0] == 2
    with pytest.raises(nf.NanError):
        a[:] = np.nan
    with pytest.raises(nf.ShapeError, match="place of shape"):
        a[:] = [1, 2]
    assert a.values[0] == 2


def test_astype_rounds_once():
    """As convert, blocks too; array() of an Array likewise."""
    a = nf.array(X, "binary64")
    for target in ("e4m3fn", "mxfp4", "posit<16,2>"):
        assert same(a.astype(target, "up"), nf.convert(a.codes, a.format, target, "up"), target)
        assert same(nf.array(a, target), nf.convert(a.codes, a.format, target), target)
    b = nf.array(X, "mxfp4")
    assert same(b.astype("binary32"), nf.convert(b._parts, "mxfp4", "binary32"), "binary32")
    assert not np.shares_memory(nf.array(a).codes, a.codes)
    carried = nf.array(a, "float<11,52,rounding=up>")
    assert carried.format.rounding == "up"
    with pytest.raises(nf.FormatError, match="format"):
        nf.array([1.0])


@pytest.mark.parametrize("format", [*FORMATS, *BLOCKS])
def test_copies_and_pickles_are_the_array(format):
    """copy, deepcopy, pickle: equal, and apart in memory."""
    a = nf.array(X, format)
    for other in (a.copy(), copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
        assert same(other, a._parts, format)
        assert not np.shares_memory(other.codes, a.codes)


def test_an_array_is_not_hashable_and_not_made_directly():
    """hash() and the class itself say so."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(nf.ones(2, "e4m3fn"))
    with pytest.raises(nf.NumfmtError, match="from_codes"):
        nf.Array([1], "e4m3fn")


def test_single_numbers_are_python_numbers_where_asked():
    """item, float, int, bool; more than one element is refused."""
    a = nf.array(2.5, "e4m3fn")
    assert (a.item(), float(a), int(a), bool(a)) == (2.5, 2.5, 2, True)
    assert not nf.zeros(1, "e4m3fn")
    assert nf.array([[1, 2]], "e4m3fn").tolist() == [[1.0, 2.0]]
    with pytest.raises(nf.DtypeError, match="shape"):
        float(nf.zeros(2, "e4m3fn"))
    with pytest.raises(nf.DtypeError, match="shape"):
        bool(nf.zeros(2, "e4m3fn"))
    with pytest.raises(TypeError):
        len(a)


def test_it_shows_values_format_and_the_modes_that_hold_here():
    """In a context those of the context; long arrays in short."""
    a = nf.array([0.3, -2.7], "fixed<8,3>")
    assert repr(a) == (
        "Array([ 0.25, -2.75],\n      format='fixed<8,3>', rounding='nearest_even', "
        "overflow='saturate')"
    )
    with nf.context(rounding="up", overflow="infinity"):
        assert "rounding='up', overflow='infinity'" in repr(a)
    assert "overflow='wrap'" in repr(nf.array(1, "fixed<8,3,overflow=wrap>"))
    assert "shape=(0, 3)" in repr(nf.zeros((0, 3), "e4m3fn"))
    assert "..." in repr(nf.zeros(5000, "mxfp4"))
    assert str(a) == "[ 0.25 -2.75]"


def test_an_array_in_its_own_format_still_obeys_what_is_asked():
    """Modes, reports and keys count where the format stays: nothing is accepted and ignored."""
    x = nf.array([-16, 3], "fixed<8,3>")
    assert nf.array(x, overflow="saturate_symmetric").values.tolist() == [-15.875, 3]
    assert nf.array(x, "fixed<8,3>", "jam").values.tolist() == [-15.875, 3.125]
    report = nf.Report()
    nf.array(x, report=report)
    assert report.count == 2
    with pytest.raises(nf.RandomError):
        nf.array(x, key=nf.Key(1))
    assert nf.array(x) is not x
