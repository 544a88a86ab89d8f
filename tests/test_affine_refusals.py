"""What is no affine format, in Python and in the core."""

from fractions import Fraction

import pytest

import numfmt as nf
from numfmt import _core

WRONG = {
    "scale 0": (lambda: nf.Affine(8, 0), "scale=0 must"),
    "negative scale": (lambda: nf.Affine(8, -1.0), "scale=-1.0"),
    "NaN scale": (lambda: nf.Affine(8, float("nan")), "scale=nan"),
    "infinite scale": (lambda: nf.Affine(8, float("inf")), "scale=inf"),
    "inexact scale": (lambda: nf.Affine(8, Fraction(1, 3)), r"Fraction\(1, 3\)"),
    "word": (lambda: nf.Affine(8, "x"), "scale='x'"),
    "zero point": (lambda: nf.Affine(8, 1.0, 128), "zero_point=128 .* -128 to 127"),
    "fraction": (lambda: nf.Affine(8, 1.0, 0.5), "zero_point=0.5"),
    "unsigned": (lambda: nf.Affine(8, 1.0, -1, signed=False), "from 0 to 255"),
    "width": (lambda: nf.Affine(65, 1.0), "width=65"),
    "signed": (lambda: nf.Affine(8, 1.0, signed=1), "signed=1"),
    "divide": (lambda: nf.Affine(8, 1.0, divide="fast"), "divide"),
    "double": (lambda: nf.Affine(8, 0.1, divide="fl32_reciprocal"), "float32 number"),
    "tiny": (lambda: nf.Affine(8, 2.0**-149, divide="fl32_reciprocal"), "reciprocal"),
    "sequence": (lambda: nf.Affine(8, [1.0, 2.0]), "channel_axis=None"),
    "symmetric": (lambda: nf.Affine(8, 1.0, 1, overflow="saturate_symmetric"), "no meaning"),
    "unbounded": (lambda: nf.quantize(1.0, nf.Affine(8, 1.0), overflow="unbounded"), "no meaning"),
    "spelling": (lambda: nf.parse("affine<8>"), "write affine"),
    "spelled number": (lambda: nf.parse("affine<8,x>"), "'x' must be a number"),
    "block": (lambda: nf.Block(nf.Affine(8, 1.0), 32), "affine"),
    "sampling": (
        lambda: nf.variance_corrected([0.0], 1.0, nf.Affine(8, 1.0), key=nf.Key(1)),
        "affine",
    ),
}


@pytest.mark.parametrize(("make", "named"), WRONG.values(), ids=WRONG)
def test_what_is_no_affine_format_is_refused(make, named):
    """The error names the argument, its value and what is allowed."""
    with pytest.raises(nf.NumfmtError, match=named):
        make()


def test_the_core_refuses_descriptors_that_are_not_sound():
    """NULL, scales that are none, zero points that are no codes, places that do not fit."""
    ffi, lib = _core.ffi, _core.lib
    scales, bad = ffi.new("double[]", [0.5, 1.0]), ffi.new("double[]", [0.5, 0.0])
    zeros = ffi.new("int64_t[]", [0, 200])

    def status(family=lib.NF_AFFINE, width=8, **fields):
        table = ffi.new(
            "nf_affine *", {"scales": scales, "count": 2, "extent": 2, "inner": 1, **fields}
        )
        row = {"family": family, "width": width, "is_signed": 1, "affine": table}
        return lib.nf_format_check(ffi.new("nf_format *", row))

    assert status() == lib.NF_OK
    wrong = [{"scales": ffi.NULL}, {"scales": bad}, {"count": 0}, {"count": 1, "extent": 0}]
    wrong += [{"extent": 3}, {"inner": 0}, {"zero_points": zeros}, {"divide": 2}, {"width": 0}]
    wrong += [{"family": lib.NF_FIXED}]
    assert {status(**fields) for fields in wrong} == {lib.NF_BAD_FORMAT}
    bare = ffi.new("nf_format *", {"family": lib.NF_AFFINE, "width": 8, "is_signed": 1})
    assert lib.nf_format_check(bare) == lib.NF_BAD_FORMAT
