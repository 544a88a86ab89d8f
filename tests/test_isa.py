"""The instruction set never changes a result."""

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

FORMATS = ["fixed<8,3>", "ufixed<5,-2>", "fixed<40,20>", "e4m3fn", "e5m2", "bfloat16", "e2m1"]
FORMATS += ["float<4,3,subnormals=off>", "binary16", "tf32", "posit<8,1>", "posit<16,2>"]
FORMATS += ["posit<32,2>", "ufloat<4,4>", "binary32", "float<6,9,special=fn>"]
STOCHASTIC = ["sr", "sr_eq", "sr_a8", "sr_b8", "sr_c8"]
OTHERS = [isa for isa in _core.available_isas() if isa != "scalar"]


def numbers(dtype, n):
    """Random bit patterns and ordinary numbers, in turn; no NaN, no infinity."""
    random = np.random.default_rng(n)
    bits = random.integers(0, 256, n * dtype().itemsize, dtype=np.uint8).view(dtype)
    x = np.where(np.arange(n) % 2, bits, (random.normal(size=n) * 30).astype(dtype))
    return np.where(np.isfinite(x), x, dtype(0)) if dtype(0).dtype.kind == "f" else x


def everything(x, format, rounding, overflow, key):
    """All results of one call that bits can differ in."""
    report = nf.Report()
    codes = nf.encode(x, format, rounding, overflow, key=key, report=report)
    counts = [getattr(report, name) for name in ("inexact", "overflowed", "underflowed")]
    errors = [report.max_ulp, report.rms_ulp, report.max_error, report.rms_error, report.sqnr_db]
    values = nf.decode(codes, format)
    return codes.tobytes(), values.tobytes(), counts, np.array(errors).tobytes()


@pytest.mark.parametrize("isa", OTHERS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("format", FORMATS)
def test_every_kernel_equals_scalar(isa, dtype, format):
    """Codes, values and reports, on lengths around the vector width and many bit patterns."""
    roundings = [row.name for row in _core.ROUNDINGS if not row.is_random] + STOCHASTIC
    for rounding in roundings:
        key = nf.Key(3).at(1, first=13) if rounding in STOCHASTIC else None
        for n in (1, 7, 16, 33, 1000):
            x = numbers(dtype, n)
            with _core.forced_isa("scalar"):
                expected = everything(x, format, rounding, "saturate", key)
            with _core.forced_isa(isa):
                assert everything(x, format, rounding, "saturate", key) == expected


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("offset", range(0, 70, 3))
def test_no_kernel_reads_or_writes_beyond_its_arrays(isa, offset):
    """Whatever the alignment and length, the bytes around the output stay."""
    source = np.random.default_rng(1).normal(size=200).astype(np.float32)
    for n in (0, 1, 15, 16, 17, 63, 64, 65, 100):
        with _core.forced_isa(isa):
            x = source[offset : offset + n]
            out = np.full(200, 77.0, np.float32)
            nf.quantize(x, "e4m3fn", "sr", key=nf.Key(1), out=out[offset : offset + n])
            codes = np.full(200, 77, np.uint8)
            nf.encode(x, "posit<8,1>", out=codes[offset : offset + n])
        for memory in (out, codes):
            assert (memory[:offset] == 77).all()
            assert (memory[offset + n :] == 77).all()


def test_the_scalar_kernels_are_always_there():
    """They are the reference, last in the list of what may be chosen."""
    assert _core.available_isas()[-1] == "scalar"


def test_an_unknown_instruction_set_is_refused():
    """Forcing what this machine has not is an error."""
    with pytest.raises(nf.NumfmtError, match="avx1024"), _core.forced_isa("avx1024"):
        pass
