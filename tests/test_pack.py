"""Dense packing of codes."""

import numpy as np
import pytest

import numfmt as nf

WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 24, 31, 32, 33, 48, 63, 64]


def random_codes(width, n):
    """Codes of a width, both ends among them."""
    top = (1 << width) - 1
    codes = np.random.default_rng(width).integers(0, 2**63, n).astype(np.uint64) * np.uint64(3)
    codes &= np.uint64(top)
    codes[:2] = 0, top
    return codes


@pytest.mark.parametrize("bitorder", ["little", "big"])
@pytest.mark.parametrize("width", WIDTHS)
def test_bits_stand_where_the_definition_puts_them(width, bitorder):
    """Little: the whole is one number, the first code lowest.  Big: the first code highest."""
    codes = random_codes(width, 37)
    data = nf.pack(codes, nf.Fixed(width, 0), bitorder=bitorder)
    assert len(data) == (37 * width + 7) // 8
    number = int.from_bytes(data, bitorder)
    spare = len(data) * 8 - 37 * width
    for i, code in enumerate(codes.tolist()):
        place = i * width if bitorder == "little" else spare + (36 - i) * width
        assert number >> place & ((1 << width) - 1) == code


@pytest.mark.parametrize("bitorder", ["little", "big"])
@pytest.mark.parametrize("shape", [(), 0, 1, 7, (3, 5), (2, 0, 3)])
@pytest.mark.parametrize("width", WIDTHS)
def test_unpack_undoes_pack(width, shape, bitorder):
    """Every code comes back, in the shape asked for and the dtype of encode."""
    format = nf.Fixed(width, 0, signed=False)
    n = int(np.prod(shape))
    codes = random_codes(width, max(n, 2))[:n].reshape(shape)
    back = nf.unpack(nf.pack(codes, format, bitorder=bitorder), format, shape, bitorder=bitorder)
    assert np.array_equal(back, codes)
    assert back.dtype == nf.encode(np.zeros(1), format).dtype


def test_strided_codes_pack_in_c_order():
    """Packing goes by the logical array."""
    codes = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert nf.pack(codes.T, "int4") == nf.pack(codes.T.copy(), "int4")


def test_wrong_lengths_and_codes_are_refused():
    """Data of another length, codes wider than the format, an unknown bit order."""
    with pytest.raises(nf.ShapeError, match="bytes"):
        nf.unpack(b"\0\0", "e2m1", 3 + 2)
    with pytest.raises(nf.FormatError, match="16"):
        nf.pack([16], "e2m1")
    with pytest.raises(nf.FormatError, match="-1"):
        nf.pack([-1], "e2m1")
    with pytest.raises(nf.DtypeError):
        nf.pack([0.5], "e2m1")
    with pytest.raises(nf.NumfmtError, match="bitorder"):
        nf.pack([1], "e2m1", bitorder="middle")
    with pytest.raises(nf.ShapeError, match="shape"):
        nf.unpack(b"", "e2m1", -1)
