"""Fixed point against APyTypes, whose integers have any width."""

from fractions import Fraction

import cases
import numpy as np
import pytest
from oracle_formats import Fixed
from subjects import SUBJECTS
from test_peers_float import APYTYPES_MODES

OVERFLOWS = {"wrap": "WRAP", "saturate": "SAT", "drop_bits": "NUMERIC_STD"}
WIDE = [Fixed(9, 4), Fixed(16, 15), Fixed(31, -5), Fixed(32, 16), Fixed(64, 32)]


def numbers(format):
    """Finite doubles that are multiples of 2**-40 of an ulp, and those as integers."""
    if format.width <= 8:
        x = cases.interesting(format)
    else:
        ends = [*range(40), *range(format.highest - 30, format.highest + 2)]
        x = cases.around(cases.landmarks(format, ends))
    scale = Fraction(2) ** (format.fraction_bits + 40)
    exact = [Fraction(v) * scale for v in x.tolist()]
    kept = [e.denominator == 1 and abs(e) < 1 << (format.width + 90) for e in exact]
    return x[kept], [int(e) for e, keep in zip(exact, kept, strict=True) if keep]


@pytest.mark.parametrize("codes_of", SUBJECTS)
@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("mode", APYTYPES_MODES)
@pytest.mark.parametrize("format", [f for f in cases.FIXED if f.signed] + WIDE, ids=cases.spelled)
def test_rounding_and_overflow_agree_with_apytypes(codes_of, format, mode, overflow):
    """Twelve modes and three overflow policies agree on every case."""
    apytypes = pytest.importorskip("apytypes")
    x, integers = numbers(format)
    frac_bits = format.fraction_bits + 40
    wide = apytypes.APyFixedArray(integers, bits=format.width + 100, frac_bits=frac_bits)
    cast = wide.cast(
        bits=format.width,
        frac_bits=format.fraction_bits,
        quantization=getattr(apytypes.QuantizationMode, APYTYPES_MODES[mode]),
        overflow=getattr(apytypes.OverflowMode, OVERFLOWS[overflow]),
    )
    theirs = np.array(cast.to_bits(), dtype=np.uint64)
    assert np.array_equal(codes_of(format, x, mode, overflow), theirs)
