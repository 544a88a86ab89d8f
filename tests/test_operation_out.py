"""Operations write where the caller says: codes into an Array, values into floats."""

import numpy as np
import pytest

import numfmt as nf

A = nf.array([1.5, 2.0, -3.0], "e4m3fn")
B = nf.array([0.3, 300.0, 1.0], "e4m3fn")


def made(shape=3, format="e4m3fn") -> nf.Array:
    """Zeros to write over."""
    return nf.zeros(shape, format)


def test_an_array_receives_the_codes():
    """The same as without, the array itself is what comes back, and slices of any stride do."""
    out, wide = made(), made((3, 2))
    assert nf.add(A, B, out=out) is out
    nf.add(A, B, out=wide[:, 1])
    np.testing.assert_array_equal(out.codes, nf.add(A, B).codes)
    np.testing.assert_array_equal(wide.codes[:, 1], out.codes)
    assert not wide.codes[:, 0].any()


def test_floats_receive_the_values():
    """float32 and float64 alike."""
    for dtype in (np.float32, np.float64):
        out = np.empty(3, dtype)
        assert nf.multiply(A, B, "bfloat16", "up", out=out) is out
        np.testing.assert_array_equal(out, nf.multiply(A, B, "bfloat16", "up").values)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "fma"])
def test_an_operand_may_receive_the_result(name):
    """Every operand in turn, of codes and of floats."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 255, (3, 5000), dtype=np.uint8)
    operation, count = getattr(nf, name), 3 if name == "fma" else 2
    for k in range(count):
        operands = [nf.from_codes(codes[i].copy(), "posit<8,2>") for i in range(count)]
        expected = operation(*operands).codes.copy()
        assert operation(*operands, out=operands[k]) is operands[k]
        np.testing.assert_array_equal(operands[k].codes, expected)
    x = rng.standard_normal(100)
    expected = nf.add(x, 1, "e5m2").values
    np.testing.assert_array_equal(nf.add(x, 1, "e5m2", out=x), expected)


@pytest.mark.parametrize(
    ("out", "error", "says"),
    [
        (made(4), nf.ShapeError, r"out has shape \(4,\), the result has \(3,\)"),
        (made(3, "e5m2"), nf.FormatError, "out is of e5m2, the result of e4m3fn"),
        (np.empty(3, np.int32), nf.DtypeError, "int32"),
        ([0, 0, 0], nf.ShapeError, "must be a NumPy array"),
    ],
)
def test_a_wrong_out_is_refused(out, error, says):
    """Shape, format, dtype and kind."""
    with pytest.raises(error, match=says):
        nf.add(A, B, out=out)


def test_a_dtype_too_narrow_for_the_format_is_refused():
    """float16 does not hold bfloat16's values."""
    with pytest.raises(nf.DtypeError, match="float16"):
        nf.add(A, B, "bfloat16", out=np.empty(3, np.float16))


def test_an_overlap_is_refused():
    """Memory of an operand is its place or nobody's."""
    a = made(4)
    with pytest.raises(nf.ShapeError, match="overlaps"):
        nf.add(a[:3], A, out=a[1:])
    with pytest.raises(nf.ShapeError, match="overlaps"):
        nf.add(a, a[:1], out=a[::-1])


def test_a_refused_element_leaves_out_as_it_was():
    """The error comes before anything is written."""
    out = nf.array([1, 2, 3], "fixed<8,3>")
    before = out.codes.copy()
    with pytest.raises(nf.NanError):
        nf.divide(nf.array([1, 2, 3], "fixed<8,3>"), [1, 1, 0], "fixed<8,3>", out=out)
    np.testing.assert_array_equal(out.codes, before)
