"""The core's block functions called directly: nonsense is refused, nothing is written."""

import numpy as np
import pytest

import numfmt as nf
from numfmt._core import ffi, lib, pointer

NULL = ffi.NULL
X = np.ones(8, np.float32)


def parts(name="mxfp4"):
    """A descriptor, a shape of one row of 8, and scales."""
    block = ffi.new("nf_block *", nf.parse(name)._c[0])
    shape = ffi.new("nf_block_shape *", (1, 1, 1, 8, 1, 1, 4))
    codes = np.full(2, 99, np.uint8)
    scales = ffi.new("nf_block_scales *", {"codes": pointer(codes)})
    return block, shape, scales, codes


def encode(block, shape, scales, x=X, y=None, options=NULL):
    """The status of nf_block_encode; and the codes, which begin as 99."""
    y = np.full(8, 99, np.uint8) if y is None else y
    status = lib.nf_block_encode(
        block, shape, options, lib.NF_F32, pointer(x), pointer(y), scales, NULL
    )
    return status, y


def test_a_call_by_hand():
    """The same codes as the Python function's, and both counts."""
    block, shape, scales, codes = parts()
    status, y = encode(block, shape, scales)
    assert (status, y.tolist(), codes.tolist()) == (lib.NF_OK, [6] * 8, [125, 125])
    counts = ffi.new("size_t[2]")
    assert lib.nf_block_count(shape, counts, counts + 1) == lib.NF_OK
    assert list(counts) == [8, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"scale_kind": 3},
        {"scale_kind": 0},
        {"exponent_bits": 8},
        {"scale_rule": 7},
        {"compute": 1},
        {"compat": 1},
        {"inf": 2},
        {"has_tensor_scale": 2},
        {"element": {"family": 77, "width": 4}},
        {"element": {"width": 1, "is_signed": 1}},
        {"scale": {"family": lib.NF_POSIT, "width": 8, "is_signed": 1}},
    ],
    ids=str,
)
def test_nonsense_descriptors_are_bad_formats(change):
    """Each field out of its range, and fields that do not fit together."""
    block, shape, scales, codes = parts()
    for name, value in change.items():
        setattr(block, name, value)
    status, y = encode(block, shape, scales)
    assert status == lib.NF_BAD_FORMAT == lib.nf_block_check(block)
    assert lib.nf_block_scale_size(block) == 0
    assert set(y.tolist()) | set(codes.tolist()) == {99}


def test_nonsense_arguments_are_refused():
    """NULLs, blocks without size, sizes that overflow, memory that overlaps, unknown types."""
    block, shape, scales, codes = parts()
    assert encode(NULL, shape, scales)[0] == lib.NF_BAD_FORMAT
    assert encode(block, NULL, scales)[0] == lib.NF_BAD_ARGUMENT
    assert encode(block, shape, NULL)[0] == lib.NF_BAD_ARGUMENT
    assert encode(block, shape, scales, y=codes[:1])[0] == lib.NF_BAD_ARGUMENT
    assert encode(block, shape, scales, y=X.view(np.uint8)[4:12])[0] == lib.NF_BAD_ARGUMENT
    y = pointer(np.zeros(8))
    for type in (lib.NF_I64, 99):
        call = (NULL, lib.NF_F32, pointer(X), type, y, NULL, NULL)
        assert lib.nf_block_quantize(block, shape, *call) == lib.NF_BAD_ARGUMENT
    for sizes in ((1, 1, 1, 8, 1, 0, 4), (1, 1, 1, 8, 1, 1, 0), (1 << 40, 1, 1 << 40, 8, 1, 1, 4)):
        shape[0] = sizes
        assert encode(block, shape, scales)[0] == lib.NF_BAD_ARGUMENT
    assert set(codes.tolist()) == {99}
    assert lib.nf_block_choice_at(0, 99) == lib.nf_block_choice_at(7, 0) == NULL
    assert lib.nf_named_block_at(999) == NULL


def test_a_tensor_scale_that_is_none_is_refused():
    """Zero, negative, infinite and NaN numbers, for rounding and for decoding."""
    block, shape, scales, _ = parts("nvfp4")
    for tensor in (0.0, -1.0, float("inf"), float("nan")):
        scales.tensor, scales.tensor_is_given = tensor, 1
        assert encode(block, shape, scales)[0] == lib.NF_BAD_ARGUMENT
        y, codes = np.zeros(8), np.zeros(8, np.uint8)
        call = (pointer(codes), scales, lib.NF_F64, pointer(y), 0, 1)
        assert lib.nf_block_decode(block, shape, *call) == lib.NF_BAD_ARGUMENT
