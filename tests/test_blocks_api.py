"""Block formats as objects: spellings, facts, packing, conversion, reports, peers and refusals."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest

import numfmt as nf

NAMES = ["mxfp8_e5m2", "mxfp8_e4m3", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4", "mxint8", "nvfp4"]
NAMES += [f"msfp{width}" for width in range(11, 17)]
SPELLINGS = {
    **{name: name for name in NAMES},
    "bfp<8,16>": "bfp<8,16>",
    "bfp:8,16": "bfp<8,16>",
    "bfp<8,32>": "mxint8",
    "bfp<8,None,axis=None>": "bfp<8,None,axis=None>",
    "mxfp4<axis=0>": "mxfp4<axis=0>",
    "mxfp4<axis=-1>": "mxfp4",
    "nvfp4<zero_scale=zero,compute=fp32>": "nvfp4<zero_scale=zero,compute=fp32-te>",
    "nvfp4<scale_rule=given>": "nvfp4<scale_rule=given>",
    "mxint8<rounding=rna,overflow=AP_SAT>": "mxint8<rounding=nearest_away,overflow=saturate>",
    "lp_sgld<8,None>": "block<fixed<8,6>,None,scale_format=exponent<8>,overflow=saturate>",
    "lp_sgld<4,16,3,axis=0>": (
        "block<fixed<4,2>,16,scale_format=exponent<3>,axis=0,overflow=saturate>"
    ),
    "block<e2m1,(16,16),axis=(0,1)>": "block<e2m1,(16,16),axis=(0,1)>",
    "block<e2m1,(4,),axis=(1,)>": "block<e2m1,(4,),axis=(1,)>",
    "block<e4m3fn,32>": "mxfp8_e4m3",
    "block<e4m3fn,32,scale_format=None>": "block<e4m3fn,32,scale_format=None>",
    "block<posit<8,1>,8,scale_format=ufloat<5,3>,scale_rule=max>": (
        "block<posit<8,1>,8,scale_format=ufloat<5,3>,scale_rule=absmax>"
    ),
    "block<fixed<8,6,rounding=down>,16>": "bfp<8,16,rounding=down>",
    "block<nf4,64,scale_format=binary16,scale_rule=absmax,nan=element,inf=sat,too_large=clamp>": (
        "block<nf4,64,scale_format=binary16,scale_rule=absmax,nan=element,inf=sat,too_large=clamp>"
    ),
    "bfp<8,None,axis=None,compat=qpytorch>": "bfp<8,None,axis=None,compat=qpytorch>",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(spelling):
    """A spelling gives a format whose own spelling gives it back; formats are values."""
    format = nf.parse(spelling)
    assert str(format) == SPELLINGS[spelling]
    assert nf.parse(str(format)) == format
    assert pickle.loads(pickle.dumps(format)) == copy.deepcopy(format) == format
    assert hash(nf.parse(str(format))) == hash(format)
    with pytest.raises(AttributeError):
        format.size = 3


def test_facts():
    """Width of an element's code, bits of a value with its part of the scale, modes in the repr."""
    assert [nf.parse(n).bits_per_value for n in ("mxfp8_e4m3", "mxfp4", "nvfp4")] == [
        8.25,
        4.25,
        4.5,
    ]
    assert nf.parse("msfp12").bits_per_value == 4.5
    assert nf.parse("bfp<8,None>").bits_per_value is None
    assert repr(nf.parse("mxint8")).endswith("overflow saturate_symmetric>")
    assert repr(nf.parse("mxfp8_e5m2")).endswith("rounding nearest_even, overflow saturate>")
    assert nf.parse("mxfp4").width == 4
    assert nf.parse("mxfp4").replace(axis=0).axis == 0
    assert nf.parse("mxfp4").has_nan
    assert not nf.parse("mxfp4<nan=element>").has_nan


@pytest.mark.parametrize(
    "spelling",
    [
        *("mxfp8", "mxfp4<32>", "mxfp4<axis=x>", "mxfp4<axes=0>", "mxfp4<axis=0,axis=1>", "bfp<8>"),
        *("mxfp4<axis=None>", "mxfp4<axis=(0,1)>", "block<e2m1,0>", "block<e2m1,(2,2),axis=(0,0)>"),
        *("block<mxfp4,32>", "block<e2m1,32,scale_format=int8>", "block<e2m1,32,scale_rule=up>"),
        *("block<e2m1,32,scale_format=exponent<0>>", "block<e2m1,32,scale_format=exponent<33>>"),
        *(
            "block<posit<8,1>,32,scale_rule=even>",
            "mxfp4<compute=fp32>",
            "mxfp4<tensor_scale=e8m0>",
        ),
        *("block<e2m1,32,scale_format=exponent<8>,scale_rule=absmax>", "mxfp4<overflow=unbounded>"),
        *(
            "block<fixed<40,0>,8,scale_format=e4m3fn>",
            "block<fixed<1,0>,8>",
            "nvfp4<overflow=wrap>",
        ),
        *("mxint8<tensor_scale=binary32>", "block<e2m1,32,scale_format=None,scale_rule=ceil>"),
        *("bfp<8,16,zero_scale=one,scale_format=float<5,3,bias=60>>", "mxfp4<nan=sat>", "bfp<8,x>"),
    ],
)
def test_what_is_no_block_format_is_refused(spelling):
    """Unknown parameters and values, and fields that do not fit together."""
    with pytest.raises((nf.FormatError, nf.RoundingError)):
        nf.parse(spelling)


@pytest.mark.parametrize("bitorder", ["little", "big"])
@pytest.mark.parametrize("name", [*NAMES, "lp_sgld<5,7,3>", "block<e2m3,32,scale_format=None>"])
def test_packed_blocks(name, bitorder):
    """Elements, then scales from a byte of their own on, then the tensor's float32."""
    x = np.random.default_rng(1).normal(size=(3, 41))
    found = nf.encode(x, name)
    data = nf.pack(found, name, bitorder=bitorder)
    block = nf.parse(name)
    scales = 0 if found.scales is None else found.scales.size
    bits = [x.size * block.width, scales * block.scale_width]
    assert len(data) == sum(-(-n // 8) for n in bits) + 4 * (name == "nvfp4")
    again = nf.unpack(data, name, x.shape, bitorder=bitorder)
    assert np.array_equal(again.codes, found.codes)
    assert again.tensor_scale == found.tensor_scale
    assert np.array_equal(nf.decode(again, name), nf.decode(found, name))
    with pytest.raises(nf.ShapeError, match="bytes"):
        nf.unpack(data + b"0", name, x.shape)


def test_packed_by_hand():
    """Two codes in a byte, the scale's byte behind them."""
    found = nf.encode([6.0, -0.5, 1.0], "mxfp4")
    assert nf.pack(found, "mxfp4").hex() == "97027f"


def test_conversions():
    """Between block formats and others: one rounding of the exact value."""
    x = np.random.default_rng(2).normal(size=(2, 50))
    wide = nf.encode(x, "bfp<20,16>")
    narrow = nf.convert(wide, "bfp<20,16>", "mxfp4")
    expected = nf.encode(nf.decode(wide, "bfp<20,16>"), "mxfp4")
    assert np.array_equal(narrow.codes, expected.codes)
    assert np.array_equal(
        nf.convert(wide, "bfp<20,16>", "e5m2"), nf.encode(nf.decode(wide, "bfp<20,16>"), "e5m2")
    )
    posits = nf.encode(x, "posit16")
    assert np.array_equal(
        nf.convert(posits, "posit16", "nvfp4").codes,
        nf.encode(nf.decode(posits, "posit16"), "nvfp4").codes,
    )
    divided = nf.encode(x.astype(np.float32), "nvfp4<compute=fp32-te>")
    with pytest.raises(nf.DtypeError, match="float64"):
        nf.convert(divided, "nvfp4<compute=fp32-te>", "e5m2")


def test_decode_is_exact_or_nearest():
    """Fractions as object, the nearest number elsewhere, infinity beyond a dtype's range."""
    huge = nf.BlockCodes(np.uint8([0x7E, 0x01, 0x80]), np.uint8([254]))
    assert nf.decode(huge, "mxfp8_e4m3", dtype=object).tolist() == [448 * 2**127, 2**118, 0]
    assert nf.decode(huge, "mxfp8_e4m3").tolist() == [448 * 2.0**127, 2.0**118, 0]
    single = nf.decode(huge, "mxfp8_e4m3", dtype=np.float32)
    assert single.tolist() == [np.inf, 2.0**118, 0]
    assert np.signbit(single[2])
    exact = nf.decode(
        nf.BlockCodes(np.uint8([1, 0x7F]), np.uint8([127])), "mxfp8_e4m3", dtype=object
    )
    assert exact[0] == Fraction(1, 512)
    assert exact[1] != exact[1]


def test_out_and_views():
    """out= of quantize and decode may be the input itself; encode has none."""
    x = np.random.default_rng(3).normal(size=(4, 40)).astype(np.float32)
    for axis in (0, 1):
        block = nf.parse("mxfp6_e2m3").replace(axis=axis)
        want, here = nf.quantize(x, block), x.copy()
        assert nf.quantize(here, block, out=here) is here
        assert np.array_equal(here, want)
        target = np.empty((4, 80), np.float32)[:, ::2]
        assert np.array_equal(nf.quantize(x, block, out=target), want)
        codes = nf.encode(x, block)
        assert np.array_equal(nf.decode(codes, block, dtype=np.float32, out=target), want)
    with pytest.raises(nf.ShapeError, match="out="):
        nf.encode(x, "mxfp4", out=np.empty(x.shape, np.uint8))
    with pytest.raises(nf.ShapeError, match="overlaps"):
        nf.quantize(x[:, :-1], "mxfp4", out=x[:, 1:])


def test_failures_leave_nothing_behind():
    """The first offending element in C order is named, whatever block it is in."""
    x = np.zeros((3, 8), np.float32)
    x[:, ::4] = 1.0
    x[1, 1], x[0, 7] = 3.9, 3.99
    out = x.copy()
    block = nf.parse("block<fixed<3,1>,4,axis=1,scale_rule=floor>")
    with pytest.raises(nf.RangeError, match=r"x\[0, 7\] = 3.99"):
        nf.quantize(out, block.replace(axis=0), overflow="error", out=out)
    assert np.array_equal(out, x)
    generator = nf.Generator(1)
    x[2, 3] = np.nan
    with pytest.raises(nf.NanError, match=r"x\[2, 3\]"):
        nf.quantize(x, "lp_sgld<8,None>", "stochastic", key=generator)
    assert generator.state["call"] == 0


def test_reports_count_elements():
    """Errors are those of values, ulps those of elements times scale."""
    x = np.array([[512.0, 1000.0, 16.0, 2.1, 0.0, 1e-9]])
    with nf.Report() as report:
        y = nf.quantize(x, "mxfp4")
    error = np.abs(y - x)
    assert report.count == report.finite == 6
    assert report.inexact == int((error > 0).sum())
    assert report.saturated == report.overflowed == 1
    assert report.max_error == error.max() == 1000 - 768
    assert report.rms_error == pytest.approx(np.sqrt((error**2).mean()), rel=1e-15)
    assert report.max_ulp == (1000 - 768) / 256
    with nf.Report() as report:
        nf.encode([1.0, np.nan], "mxfp4")
    assert report.nan == 2


def test_other_functions_refuse_block_formats():
    """One clear error that names the format and its element."""
    for call in (
        lambda: nf.parse("mxfp4").max,
        lambda: nf.parse("mxfp4").smallest_positive,
        lambda: nf.parse("mxfp4").eps,
        lambda: nf.parse("mxfp4").all_codes(),
    ):
        with pytest.raises(nf.FormatError, match=r"mxfp4 is a block format.*element, e2m1"):
            call()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: nf.decode(np.uint8([1]), "mxfp4"), nf.FormatError, "BlockCodes"),
        (
            lambda: nf.decode(nf.BlockCodes(np.uint8([16]), np.uint8([1])), "mxfp4"),
            nf.FormatError,
            "no code",
        ),
        (
            lambda: nf.decode(nf.BlockCodes(np.uint8([1]), np.uint8([1, 1])), "mxfp4"),
            nf.ShapeError,
            "scales",
        ),
        (lambda: nf.decode(nf.BlockCodes(np.uint8([1]), None), "mxfp4"), nf.FormatError, "scales"),
        (
            lambda: nf.decode(nf.BlockCodes(np.uint8([1]), np.uint8([1])), "nvfp4"),
            nf.FormatError,
            "tensor",
        ),
        (lambda: nf.encode([1.0], "e4m3fn", scales=[1]), nf.FormatError, "block formats only"),
        (lambda: nf.encode([1.0], "mxfp4", scales=[1, 2]), nf.ShapeError, "shape"),
        (lambda: nf.encode([1.0], "mxfp4", scales=[1.5]), nf.DtypeError, "unsigned"),
        (lambda: nf.encode([1.0], "lp_sgld<8,2,3>", scales=[8]), nf.FormatError, "no code"),
        (lambda: nf.encode([1.0], "mxfp4<scale_rule=given>"), nf.FormatError, "give scales"),
        (lambda: nf.encode([1.0], "mxfp4", overflow="unbounded"), nf.RoundingError, "no meaning"),
        (lambda: nf.encode([1.0], "mxfp4<axis=1>"), nf.ShapeError, "axis=1"),
        (lambda: nf.quantize([1.0], "mxfp4", dtype=np.int8), nf.DtypeError, "float16"),
        (lambda: nf.quantize([1.0], "mxfp4", "stochastic"), nf.RandomError, "key"),
        (
            lambda: nf.quantize(np.ones((4, 4, 4)), "block<e2m1,(2,2,2),axis=(0,1,2)>"),
            nf.ShapeError,
            "two axes",
        ),
        (
            lambda: nf.quantize(
                [1.0], "block<posit<8,1>,4,scale_format=e4m3fn>", "sr", key=nf.Key(1)
            ),
            nf.RoundingError,
            "rounding",
        ),
    ],
)
def test_wrong_arguments(call, error, match):
    """Each names what it was."""
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize(
    "name", ["mxfp8_e5m2", "mxfp8_e4m3", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4", "mxint8"]
)
def test_gfloat_agrees(name):
    """Random blocks of many sizes of numbers; not -2 of MXINT8, which gfloat alone has."""
    gfloat = pytest.importorskip("gfloat")
    from test_oracle_blocks import gfloat_block

    random, info = np.random.default_rng(9), gfloat_block(name)
    spread = 2.0 ** random.integers(-6, 3, (40, 32))
    x = random.normal(size=(40, 32)) * 2.0 ** random.integers(-20, 20, (40, 1)) * spread
    theirs = np.array([gfloat.quantize_block(info, row, gfloat.compute_scale_amax) for row in x])
    ours = nf.quantize(x, name)
    kept = np.ones(x.shape, bool)
    if name == "mxint8":
        kept = theirs != -2 * np.array([[gfloat.compute_scale_amax(0, row)] for row in x])
    assert np.array_equal(ours[kept], theirs[kept])


@pytest.mark.parametrize("name", ["mxfp8_e5m2", "mxfp8_e4m3", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4"])
def test_ml_dtypes_agree(name):
    """Under scale 1 elements are ml_dtypes' casts of clipped numbers."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    element = nf.parse(name).element
    kinds = {"e5m2": "float8_e5m2", "e4m3fn": "float8_e4m3fn", "e3m2": "float6_e3m2fn"}
    kinds |= {"e2m3": "float6_e2m3fn", "e2m1": "float4_e2m1fn"}
    dtype = np.dtype(getattr(ml_dtypes, kinds[str(element)]))
    x = np.random.default_rng(10).normal(size=(64, 32)).astype(np.float32) * np.float32(element.max)
    got = nf.quantize(x, name, scales=np.full((64, 1), 127))
    clipped = np.clip(x, -element.max, element.max)
    assert np.array_equal(got, clipped.astype(dtype).astype(np.float32))


@pytest.mark.parametrize(
    "call",
    [
        lambda found: nf.decode(found, "e4m3fn"),
        lambda found: nf.convert(found, "e4m3fn", "e5m2"),
        lambda found: nf.convert(found, "e4m3fn", "mxfp4"),
        lambda found: nf.pack(found, "e4m3fn"),
        lambda found: nf.flip_bits(found, "e4m3fn", 0.1, key=nf.Key(1)),
    ],
)
def test_codes_of_blocks_are_none_of_single_numbers(call):
    """Codes of blocks under a format of single numbers: an error that names both."""
    with pytest.raises(nf.FormatError, match=r"codes are those of blocks.*e4m3fn has single"):
        call(nf.encode([1.0, 2.0], "mxfp4"))


@pytest.mark.parametrize("target", ["int8", "block<e2m1,4,scale_format=exponent<8>>"])
def test_convert_names_the_codes_that_it_was_given(target):
    """A NaN without a place is one of `codes`, and so is what exceeds the range."""
    with pytest.raises(nf.NanError, match=r"^codes\[0\] = nan"):
        nf.convert(nf.encode([1.0, np.nan], "mxfp4"), "mxfp4", target)
    with pytest.raises(nf.RangeError, match=r"^codes\[0\] = 8192"):
        nf.convert(nf.encode([1e4], "mxfp4"), "mxfp4", "int8", overflow="error")


@pytest.mark.parametrize("bits", ["0", "33", "x", "-1", "8888888888888888888888", ""])
def test_the_bits_of_an_exponent_are_named(bits):
    """The error names the argument that was given."""
    with pytest.raises(nf.FormatError, match=f"^scale_format='exponent<{bits}>' must have 1 to 32"):
        nf.Block("e2m1", 4, scale_format=f"exponent<{bits}>")
    with pytest.raises(nf.FormatError, match=r"^exponent_bits=40 must be an integer from 1 to 32"):
        nf.parse("lp_sgld<8,4,40>")
