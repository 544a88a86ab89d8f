"""Reproducible products and functions: exact order of sums, exact rounding, the same bits."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core, binary32

SHAPES = [(1, 1, 1), (8, 31, 64), (9, 300, 47), (64, 31, 398), (5, 129, 3), (3, 0, 4), (0, 3, 4)]


def in_order(a, b):
    """Products summed over k in ascending order, one rounding each, by elementwise steps."""
    total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for k in range(a.shape[1]):
        total = total + a[:, k : k + 1] * b[k]
    return total


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_summed_in_order(isa, dtype, shape):
    """Every output is the sum over ascending k, each operation rounded, on every ISA."""
    m, k, n = shape
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    with _core.forced_isa(isa):
        assert np.array_equal(binary32.matmul(a, b), in_order(a, b))
        assert np.array_equal(binary32.matmul(a, np.asfortranarray(b)), in_order(a, b))
        assert np.array_equal(binary32.matmul(a[:, ::-1], b[::-1]), in_order(a[:, ::-1], b[::-1]))


def test_row_alone_equals_row_among_others():
    """A row's bits do not depend on how many rows there are."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(70, 200)).astype("f4"), rng.normal(size=(200, 33)).astype("f4")
    whole = binary32.matmul(a, b)
    for i in (0, 7, 64, 69):
        assert np.array_equal(binary32.matmul(a[i : i + 1], b)[0], whole[i])


@pytest.mark.parametrize(
    ("left", "right"), [((3, 2, 5), (5, 4)), ((3, 2, 5), (3, 5, 4)), ((2, 5), (3, 5, 4))]
)
def test_stacks_are_matrices_one_by_one(left, right):
    """Leading axes broadcast, as in NumPy."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=left).astype("f4"), rng.normal(size=right).astype("f4")
    found = binary32.matmul(a, b)
    pairs = zip(np.broadcast_to(a, (3, 2, 5)), np.broadcast_to(b, (3, 5, 4)), strict=True)
    assert np.array_equal(found, [in_order(one, other) for one, other in pairs])


def test_out_is_filled_and_returned():
    """`out` receives the product and is what comes back."""
    a, b, out = np.ones((2, 3), "f4"), np.ones((3, 4), "f4"), np.zeros((2, 4), "f4")
    assert binary32.matmul(a, b, out=out) is out
    assert (out == 3).all()


@pytest.mark.parametrize(
    ("a", "b", "out", "error"),
    [
        (np.zeros((2, 3)), np.zeros((3, 4), "f4"), None, nf.DtypeError),
        (np.zeros((2, 3), "f2"), np.zeros((3, 4), "f2"), None, nf.DtypeError),
        (np.zeros((2, 3)), np.zeros((4, 4)), None, nf.ShapeError),
        (np.zeros(3), np.zeros((3, 4)), None, nf.ShapeError),
        (np.zeros((2, 5, 3)), np.zeros((3, 3, 4)), None, nf.ShapeError),
        (np.zeros((2, 3)), np.zeros((3, 4)), np.zeros((2, 4), "f4"), nf.DtypeError),
        (np.zeros((2, 3)), np.zeros((3, 4)), np.zeros((4, 2)).T, nf.ShapeError),
    ],
)
def test_wrong_matrices_are_refused(a, b, out, error):
    """Wrong dtypes, shapes and outputs are errors."""
    with pytest.raises(error):
        binary32.matmul(a, b, out=out)


def test_out_that_overlaps_an_operand_is_refused():
    """An operand's memory cannot receive the product."""
    square = np.zeros((3, 3))
    with pytest.raises(nf.ShapeError, match="overlaps"):
        binary32.matmul(square, np.eye(3), out=square)


def arguments():
    """float32 numbers of every size, both signs, and the specials."""
    bits = np.random.default_rng(3).integers(0, 2**32, 3000, dtype=np.uint32)
    usual = np.random.default_rng(4).normal(0, 5, 3000).astype("f4")
    special = np.float32([0, -0.0, 88, -88, 103, -103, 104, -104, 1e38, -1e38, np.inf, -np.inf])
    values = np.concatenate([bits.view("f4"), usual, special, np.linspace(-2, 2, 500).astype("f4")])
    return values[~np.isnan(values)]


FUNCTIONS = (binary32.exp, binary32.log, binary32.logistic, binary32.log_logistic)


def exact(z, function):
    """The function to 40 digits."""
    with localcontext() as context:
        context.prec, context.Emin = 60, -(10**8)
        e = (-abs(Decimal(float(z)))).exp()
        if function is binary32.exp:
            return Decimal(float(z)).exp()
        if function is binary32.log:
            return Decimal(float(z)).ln()
        if function is binary32.logistic:
            return (1 if z >= 0 else e) / (1 + e)
        return min(Decimal(float(z)), Decimal(0)) - (1 + e).ln()


def test_functions_are_rounded_once():
    """All differ from the exact value by less than 0.5001 ulp."""
    every = arguments()
    small = every[np.abs(every) < 88]
    for function in FUNCTIONS:
        z = np.abs(every[every != 0]) if function is binary32.log else small
        z = z[z < np.inf]
        for x, y in zip(z.tolist(), function(z), strict=True):
            ulp = Decimal(float(np.spacing(np.abs(y))))
            error = abs(Decimal(float(y)) - exact(x, function))
            assert error < Decimal("0.5001") * ulp, (function, x)


def test_functions_reach_their_limits():
    """Infinities give 0, 1, -infinity and 0; NaN stays NaN; log_logistic keeps large numbers."""
    z = np.float32([np.inf, -np.inf, 2e38, -2e38, np.nan])
    assert np.array_equal(binary32.logistic(z), np.float32([1, 0, 1, 0, np.nan]), equal_nan=True)
    expected = np.float32([0, -np.inf, 0, -2e38, np.nan])
    assert np.array_equal(binary32.log_logistic(z), expected, equal_nan=True)
    z = np.float32([np.inf, -np.inf, 89, -104, np.nan])
    assert np.array_equal(
        binary32.exp(z), np.float32([np.inf, 0, np.inf, 0, np.nan]), equal_nan=True
    )
    z = np.float32([np.inf, 0, -0.0, -1e-45, np.nan])
    expected = np.float32([np.inf, -np.inf, -np.inf, np.nan, np.nan])
    assert np.array_equal(binary32.log(z), expected, equal_nan=True)


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("function", FUNCTIONS)
def test_instruction_set_never_changes_a_bit(isa, function):
    """Every kernel gives the bits of the scalar one, in any layout."""
    z = arguments()
    with _core.forced_isa("scalar"):
        expected = function(z).view(np.uint32)
    with _core.forced_isa(isa):
        assert np.array_equal(function(z).view(np.uint32), expected)
        assert np.array_equal(function(z[::-1]).view(np.uint32), expected[::-1])


def test_functions_take_float32_alone():
    """Another dtype is an error, because the result would not be the function of it."""
    with pytest.raises(nf.DtypeError, match="float64"):
        binary32.logistic(np.zeros(3))
