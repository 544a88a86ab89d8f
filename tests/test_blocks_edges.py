"""Blocks where a scale, a quotient or a random word is out of the ordinary."""

import mmap

import numpy as np
import pytest

import numfmt as nf
from numfmt._core import ffi, lib, pointer

KEY = nf.Key(5)
ROW = np.float32([1, -2, *[0] * 14])


def undecided(n, cell):
    """Numbers of (0, cell) whose first 32 digits are what the elements' words compare with."""
    return cell * ((~nf.random_bits(KEY, n)).astype(np.float64) + 0.5) / 2**32


@pytest.mark.parametrize("scale", [{"scale_format": None}, {"scale_rule": "given"}])
@pytest.mark.parametrize("element", ["codebook<0,3>", "posit<4,2>", "takum8"])
def test_further_digits_are_the_element_s_own(element, scale):
    """Where the first word leaves it open, elements under a scale of 1 go as they do alone."""
    values = nf.parse(element).all_values()
    x = undecided(2048, values[values > 0].min())
    block = nf.Block(element, 16, **scale)
    given = {} if "scale_format" in scale else {"scales": np.full(128, 127, np.uint8)}
    alone = nf.quantize(x, element, "stochastic", key=KEY)
    assert np.array_equal(nf.quantize(x, block, "stochastic", key=KEY, **given), alone)
    assert len(np.unique(alone)) == 2


@pytest.mark.parametrize(("compute", "tensor"), [("fp32-torchao", 3e38), ("fp32-te", 1e-37)])
def test_a_scale_beyond_float32_leaves_zeros(compute, tensor):
    """A float32 program divides by infinity, or multiplies by the 0 that is left of it."""
    block = nf.parse("nvfp4").replace(compute=compute, scale_rule="given")
    scales = np.array([0x7E], np.uint8), float(np.float32(tensor))
    got = nf.encode(ROW, block, scales=scales)
    assert not (got.codes & 7).any()


@pytest.mark.parametrize("scale", ["exponent<8>", None])
def test_a_tensor_scale_needs_scales_of_a_float_format(scale):
    """There is nothing whose range it could widen."""
    with pytest.raises(nf.FormatError, match="tensor_scale"):
        nf.Block("e2m1", 16, scale_format=scale, scale_rule="given", tensor_scale="binary32")


@pytest.mark.parametrize(
    "element",
    [
        *("lns<8,3>", "takum_log8", "pow2<4,geometric>"),
        nf.Codebook([2**-70, 1]),
        nf.Codebook([1, 2], thresholds="geometric"),
    ],
)
def test_elements_that_64_bits_of_a_quotient_do_not_decide_are_refused(element):
    """Turning points of more than 62 bits; the same elements are taken under powers of two."""
    with pytest.raises(nf.FormatError, match="do not fit"):
        nf.Block(element, 16, scale_format="e4m3fn", scale_rule="absmax")
    assert nf.Block(element, 16).element == nf.parse(element)


def test_given_scales_that_stay_are_not_written():
    """A caller's scales may lie in memory that cannot be written."""
    block = ffi.new("nf_block *", nf.parse("mxfp4<scale_rule=given>")._c[0])
    shape = ffi.new("nf_block_shape *", (1, 1, 1, 16, 1, 1, 16))
    codes = np.frombuffer(mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ), np.uint8)
    scales = ffi.new("nf_block_scales *", {"codes": ffi.cast("void *", codes.ctypes.data)})
    scales.is_given = 1
    y = np.empty(16, np.uint8)
    arguments = (block, shape, ffi.NULL, lib.NF_F32, pointer(ROW), pointer(y), scales, ffi.NULL)
    assert lib.nf_block_encode(*arguments) == lib.NF_OK
    assert codes[0] == 0


@pytest.mark.parametrize("tensor", ["a", [0.5], 1e300, 0.1, -1.0, float("nan"), 1j])
def test_a_tensor_scale_is_a_positive_float32(tensor):
    """Anything else is one clear error, without a warning before it."""
    with pytest.raises(nf.FormatError, match="positive finite float32"):
        nf.quantize(ROW, "nvfp4", scales=(None, tensor))


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nf.Block("e2m1", 16, scale_format=None, zero_scale="one"), "scale_format=None"),
        (lambda: nf.Block("e2m1", 16, scale_format=None, inf="sat"), "scale_format=None"),
        (lambda: nf.parse("lp_sgld<8,16,4,scale_format=e8m0>"), "scale_format"),
    ],
)
def test_what_would_change_nothing_is_refused(make, argument):
    """Options of a scale that is not there, and a scale's format given twice."""
    with pytest.raises(nf.FormatError) as caught:
        make()
    assert argument in str(caught.value)
