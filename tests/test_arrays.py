"""Arrays in and out: any layout, byte order and dimension; `out=`; what is left alone."""

import numpy as np
import pytest

import numfmt as nf

FORMAT = "fixed<8,3>"
X = np.random.default_rng(0).normal(scale=3, size=(6, 8))


def layouts():
    """The same numbers in every kind of memory."""
    unaligned = np.frombuffer(b"\0" + X.tobytes(), dtype=np.uint8)[1:].view(np.float64)
    readonly = X.copy()
    readonly.flags.writeable = False
    wide = np.zeros((6, 16))
    wide[:, ::2] = X
    return {
        "plain": X,
        "fortran": np.asfortranarray(X),
        "transposed": X.T.copy().T,
        "reversed": X[::-1, ::-1].copy()[::-1, ::-1],
        "strided": wide[:, ::2],
        "swapped": X.astype(X.dtype.newbyteorder()),
        "unaligned": unaligned.reshape(X.shape),
        "readonly": readonly,
        "matrix rows": np.stack(list(X)),
    }


@pytest.mark.parametrize("name", layouts())
def test_layout_changes_nothing(name):
    """Strides, byte order, alignment and writability are no part of a value."""
    x = layouts()[name]
    assert np.array_equal(nf.quantize(x, FORMAT), nf.quantize(X, FORMAT))
    codes = nf.encode(x, FORMAT)
    assert np.array_equal(codes, nf.encode(X, FORMAT))
    assert codes.shape == X.shape
    assert np.array_equal(nf.decode(codes, FORMAT), nf.quantize(X, FORMAT))


@pytest.mark.parametrize("name", layouts())
@pytest.mark.parametrize("function", [nf.encode, nf.quantize])
def test_results_are_plain_arrays_and_inputs_stay(name, function):
    """Results are C-contiguous, native and writable; inputs keep their bytes."""
    x = layouts()[name]
    before = x.tobytes()
    result = function(x, FORMAT)
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert result.dtype.isnative
    assert x.tobytes() == before
    assert not np.shares_memory(result, x)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3, 2), (), (1,), (1, 1, 1), (2,) * 10])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_every_shape(shape, dtype):
    """Empty, zero-dimensional and many-dimensional arrays keep their shapes."""
    x = np.ones(shape, dtype)
    for function in (nf.encode, nf.quantize):
        result = function(x, FORMAT)
        assert isinstance(result, np.ndarray)
        assert result.shape == shape
    key = nf.Key(1)
    assert nf.quantize(x, FORMAT, "sr", key=key).shape == shape
    assert nf.quantize(x, FORMAT, "sr", random_bits=np.zeros(shape, np.uint32)).shape == shape


@pytest.mark.parametrize("x", [1, 1.3, True, np.float32(1.3), np.int8(1), np.float64(1.3)])
def test_scalars_give_scalars(x):
    """A number in, a NumPy scalar out; float types stay, everything else becomes float64."""
    result = nf.quantize(x, FORMAT)
    assert isinstance(result, np.generic)
    assert result == nf.quantize([float(x)], FORMAT)[0]
    assert result.dtype == (x.dtype if isinstance(x, np.floating) else np.float64)
    assert isinstance(nf.encode(x, FORMAT), np.uint8)
    assert isinstance(nf.decode(nf.encode(x, FORMAT), FORMAT), np.float64)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_arrays_keep_their_dtype(dtype):
    """Same dtype out as in."""
    assert nf.quantize(X.astype(dtype), FORMAT).dtype == dtype
    assert (
        nf.quantize(X.astype(dtype).astype(np.dtype(dtype).newbyteorder()), FORMAT).dtype == dtype
    )


@pytest.mark.parametrize(
    "x",
    [
        [1, 2, 3],
        [1.0, 2.0, 3.0],
        (1, 2, 3),
        range(1, 4),
        np.array([1, 2, 3], np.uint8),
        np.array([1, 2, 3], np.int16),
        np.array([1, 2, 3], np.uint64),
        np.array([1, 2, 3], ">i4"),
    ],
)
def test_lists_and_integers_become_float64(x):
    """Whatever is no float array is read exactly and gives float64."""
    result = nf.quantize(x, FORMAT)
    assert result.dtype == np.float64
    assert result.tolist() == [1.0, 2.0, 3.0]


def test_booleans_are_zero_and_one():
    """bool arrays are numbers."""
    assert nf.quantize(np.array([True, False]), FORMAT).tolist() == [1.0, 0.0]


def test_large_integers_are_read_exactly():
    """2**53 + 1 and 2**64 - 1 reach the format without passing through a double."""
    assert nf.encode(np.int64(2**53 + 1), "int64") == 2**53 + 1
    assert nf.encode(np.uint64(2**64 - 1), "uint64") == 2**64 - 1
    assert nf.encode(2**62 + 1, "int64") == 2**62 + 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, object])
def test_dtype_chooses_the_result(dtype):
    """Any float type that holds the results, or exact fractions."""
    result = nf.quantize(X, FORMAT, dtype=dtype)
    assert result.dtype == dtype
    assert np.array_equal(result.astype(float), nf.quantize(X, FORMAT))


@pytest.mark.parametrize("out_layout", ["plain", "fortran", "strided", "swapped"])
def test_out_receives_the_result(out_layout):
    """out= of any layout is filled and returned."""
    out = {
        "plain": np.empty_like(X),
        "fortran": np.asfortranarray(np.empty_like(X)),
        "strided": np.empty((6, 16))[:, ::2],
        "swapped": np.empty(X.shape, X.dtype.newbyteorder()),
    }[out_layout]
    assert nf.quantize(X, FORMAT, out=out) is out
    assert np.array_equal(out, nf.quantize(X, FORMAT))


@pytest.mark.parametrize("name", layouts())
def test_in_place(name):
    """out= may be the input itself."""
    x = layouts()[name]
    if not x.flags.writeable:
        x = x.copy()
    expected = nf.quantize(X, FORMAT, "sr", key=nf.Key(1))
    assert nf.quantize(x, FORMAT, "sr", key=nf.Key(1), out=x) is x
    assert np.array_equal(x, expected)


def test_codes_in_place():
    """convert and encode may write over an input of the same element size."""
    codes = nf.encode(X, "posit<8,1>")
    expected = nf.convert(codes, "posit<8,1>", FORMAT)
    assert nf.convert(codes, "posit<8,1>", FORMAT, out=codes) is codes
    assert np.array_equal(codes, expected)


def bad_outs(x):
    """Each refused for its own reason."""
    memory = np.zeros(x.size + 1)
    memory[:-1] = x.ravel()
    readonly = np.empty_like(x)
    readonly.flags.writeable = False
    return {
        "another shape": (x, np.empty(5), nf.ShapeError),
        "another dtype": (x, np.empty(x.shape, np.float32), nf.DtypeError),
        "codes dtype": (x, np.empty(x.shape, np.uint8), nf.DtypeError),
        "read-only": (x, readonly, nf.ShapeError),
        "no array": (x, [0.0] * x.size, nf.ShapeError),
        "shifted overlap": (memory[:-1], memory[1:], nf.ShapeError),
        "reversed overlap": (memory[:-1], memory[:-1][::-1], nf.ShapeError),
    }


@pytest.mark.parametrize("why", bad_outs(X))
def test_a_wrong_out_is_refused(why):
    """Shape, dtype, writability and overlap are checked, and nothing is written."""
    x, out, error = bad_outs(X.copy())[why]
    before = np.array(out).tobytes()
    with pytest.raises(error, match="out"):
        nf.quantize(x, FORMAT, out=out)
    assert np.array(out).tobytes() == before


@pytest.mark.parametrize("size", [3, 70, 5000])
@pytest.mark.parametrize(
    ("bad", "arguments"),
    [(np.nan, {}), (1e9, {"overflow": "error"}), (np.inf, {"overflow": "wrap"})],
)
@pytest.mark.parametrize("in_place", [False, True])
def test_a_refused_element_leaves_out_alone(size, bad, arguments, in_place):
    """The error names the first offending element, and not one byte of out has changed."""
    x = np.linspace(-1.03, 1, size)
    x[[size // 2, size - 1]] = bad
    out = x if in_place else np.full(size, 7.0)
    before = out.tobytes()
    with pytest.raises(nf.NumfmtError, match=rf"x\[{size // 2}\] = "):
        nf.quantize(x, FORMAT, out=out, **arguments)
    assert out.tobytes() == before


def test_an_index_is_named_in_all_dimensions():
    """The first offending element in C order, by its index in the array as given."""
    x = np.zeros((3, 4)).T
    x[2, 1] = np.nan
    x[3, 0] = np.nan
    with pytest.raises(nf.NanError, match=r"x\[2, 1\] = nan"):
        nf.quantize(x, FORMAT)


@pytest.mark.parametrize(
    "x",
    [
        np.array([1.0, None], dtype=object),
        np.array(["1"]),
        np.array([1j]),
        np.array([1], "M8[s]"),
        np.ones(2, np.longdouble),
        "text",
        [[1, 2], [3]],
        None,
    ],
)
def test_what_is_no_real_number_is_refused(x):
    """Objects, text, complex, dates, long doubles and ragged lists."""
    with pytest.raises(nf.DtypeError, match="x"):
        nf.quantize(x, FORMAT)


@pytest.mark.parametrize(
    ("format", "dtype", "better"),
    [
        ("fixed<32,16>", np.float32, "float64"),
        ("fixed<64,0>", np.float64, "object"),
        ("e5m2", np.float16, None),
        ("e4m3fn", np.float16, None),
        ("bfloat16", np.float16, None),
        ("float<9,3>", np.float32, None),
        ("fixed<20,-6>", np.float16, "float32"),
        ("posit<16,5>", np.float16, None),
        ("posit<3,5>", np.float16, "float32"),
        ("posit<32,2>", np.float32, None),
        ("posit<32,2>", np.float16, None),
        ("posit<64,2>", np.float64, None),
        ("fixed<32,16,overflow=wrap>", np.float32, "float64"),
    ],
)
def test_a_dtype_that_cannot_hold_the_results_is_refused(format, dtype, better):
    """And the error names one that can; rounding what the dtype itself holds may well fit."""
    x = np.ones(3, dtype)
    if better is None:
        assert nf.quantize(x, format).dtype == dtype
        return
    with pytest.raises(nf.DtypeError, match=better):
        nf.quantize(x, format)


@pytest.mark.parametrize(
    ("format", "dtype", "wider"),
    [
        ("bfloat16", np.float16, "float32"),
        ("float<9,3>", np.float32, "float64"),
        ("posit<8,5>", np.float16, "float32"),
        ("float<12,3>", np.float64, "object"),
    ],
)
def test_a_value_beyond_the_dtype_is_refused_where_it_occurs(format, dtype, wider):
    """The largest number rounds up, out of its dtype: named, with a dtype that holds it; in every
    way a call can go.  Cut toward zero it stays, and so does one binade below."""
    x = np.array([1, -np.finfo(dtype).max], dtype)
    for out in (None, np.ones_like(x)):
        with pytest.raises(nf.RangeError, match=rf"x\[1\].*dtype={wider}"):
            nf.quantize(x, format, out=out)
    assert np.isfinite(nf.quantize(x, format, "toward_zero")).all()
    assert np.isfinite(nf.quantize(x / 2, format)).all()
    assert abs(nf.quantize(x, format, dtype=wider)[1]) > np.finfo(dtype).max


@pytest.mark.parametrize("dtype", [np.int64, np.complex128, "S3", np.longdouble])
def test_results_are_floats_or_fractions(dtype):
    """dtype= is a float type or object."""
    with pytest.raises(nf.DtypeError):
        nf.quantize(X, FORMAT, dtype=dtype)
    with pytest.raises(nf.DtypeError):
        nf.decode([1], FORMAT, dtype=dtype)


def test_decoding_into_a_narrow_dtype():
    """decode refuses a dtype that cannot hold every value, and names one that can."""
    assert nf.decode([1], "e4m3fn", dtype=np.float16).dtype == np.float16
    with pytest.raises(nf.DtypeError, match="float32"):
        nf.decode([1], "bfloat16", dtype=np.float16)
    with pytest.raises(nf.DtypeError, match="object"):
        nf.decode([1], "int64")


@pytest.mark.parametrize("codes", [[256], [-1], [0, 300]])
def test_integers_that_are_no_codes_are_refused(codes):
    """decode and convert say which integer is no code."""
    bad = str(codes[-1])
    with pytest.raises(nf.FormatError, match=bad):
        nf.decode(codes, "e4m3fn")
    with pytest.raises(nf.FormatError, match=bad):
        nf.convert(codes, "e4m3fn", FORMAT)


def test_codes_take_the_smallest_unsigned_type():
    """8, 16, 32 and 64 bits."""
    for width, dtype in ((1, "u1"), (8, "u1"), (9, "u2"), (16, "u2"), (17, "u4"), (33, "u8")):
        assert nf.encode([1.0], nf.Fixed(width, 0)).dtype == np.dtype(dtype)


def test_random_bits_of_another_shape_or_type_are_refused():
    """random_bits= is uint32 and shaped like x."""
    with pytest.raises(nf.ShapeError, match="random_bits"):
        nf.quantize(X, FORMAT, "sr", random_bits=np.zeros(5, np.uint32))
    with pytest.raises(nf.RandomError, match="uint32"):
        nf.quantize(X, FORMAT, "sr", random_bits=np.zeros(X.shape, np.int64))


def test_a_number_below_an_unsigned_format_is_out_of_its_range():
    """Also where the format goes on beyond the dtype, so that large numbers leave that first."""
    with pytest.raises(nf.RangeError, match=r"x\[0\] = -1.0 is out of range for ufloat<8,7>"):
        nf.quantize(np.float16([-1]), "ufloat<8,7>", overflow="error")
    with pytest.raises(nf.RangeError, match=r"x\[0\] = 65504.0 rounds to .* beyond dtype float16"):
        nf.quantize(np.float16([65504]), "ufloat<8,7>", overflow="error")
