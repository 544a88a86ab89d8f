"""The operations by name: each exact, rounded once."""

from __future__ import annotations

from ._functions import cbrt as cbrt
from ._functions import cos as cos
from ._functions import erf as erf
from ._functions import exp as exp
from ._functions import exp2 as exp2
from ._functions import expm1 as expm1
from ._functions import log as log
from ._functions import log1p as log1p
from ._functions import log2 as log2
from ._functions import power as power
from ._functions import rsqrt as rsqrt
from ._functions import sigmoid as sigmoid
from ._functions import sin as sin
from ._functions import softplus as softplus
from ._functions import tanh as tanh
from ._named import rounded_as as _public
from ._named import told_as as _told
from ._reductions import dot as dot
from ._reductions import sum as sum

_ADD = """

    Args:
        a, b: Arrays, or plain numbers (float16, float32, float64, integers, booleans), broadcast to
            one shape.  Formats may differ where the result's is named.
        format: of the result.  Default: the operands' own, where it is one; of fixed point that in
            which the result is exact (`context`: ``growth``).  A plain number beside an Array must
            then be one that its format holds.
        rounding, overflow, nan, key, random_bits, report: as `quantize`; elements are those of the
            result.
        tininess: ``"after"`` or ``"before"`` rounding, for the underflow flag.
        element_flags: a uint8 array of the result's shape, which receives IEEE 754's flags of each
            element: 1 invalid, 2 divide by zero, 4 overflow, 8 underflow, 16 inexact.
        out: an Array of the result's format and shape, which receives the codes, or an array of
            floats of that shape, which receives the values; may be an operand, but not overlap one
            otherwise.

    Returns:
        An `Array` in the result's format; `out` where it is given.

    Raises:
        FormatError: mixed formats and none named; a plain number that the format does not hold; an
            exact fixed-point result of more than 64 bits; a format of blocks.
        NanError, RangeError: as `quantize`, naming the operands.
"""

add = _public(
    "add",
    """
>>> a, b = nf.array([1.5, 2.0], "e4m3fn"), nf.array([0.3, 300.0], "e4m3fn")
>>> nf.add(a, b)
Array([  1.75, 288.  ],
      format='e4m3fn', rounding='nearest_even', overflow='saturate')
>>> nf.add(0.1, 0.2, "bfloat16", "up").values
array(0.30078125)
>>> nf.add(nf.array(15.5, "fixed<8,3>"), 1).format
<numfmt format fixed<9,3>: rounding nearest_even, overflow saturate>
""",
    _ADD,
)
subtract = _public("subtract", ">>> nf.subtract(1, 0.3, 'e4m3fn').values\narray(0.6875)")
multiply = _public("multiply", ">>> nf.multiply(1.1, 3, 'posit<8,1>').values\narray(3.25)")
divide = _public("divide", ">>> nf.divide([1, 2], 3, 'e5m2').values\narray([0.3125, 0.625 ])")
sqrt = _public("sqrt", ">>> nf.sqrt(nf.array(2, 'binary16')).values\narray(1.4140625)")
fma = _public("fma", ">>> nf.fma(7, 37 / 256, -(2**-60), 'bfloat16').values\narray(1.0078125)")
faa = _public("faa", ">>> nf.faa(2**60, 1, -(2**60), 'e4m3fn').values\narray(1.)")
remainder = _public("remainder", ">>> nf.remainder([5, -5], 3, 'int8').values\narray([2., 1.])")
fmod = _public("fmod", ">>> nf.fmod([5, -5], 3, 'int8').values\narray([ 2., -2.])")
ieee_remainder = _public(
    "ieee_remainder", ">>> nf.ieee_remainder([5, 4], 3, 'int8').values\narray([-1.,  1.])"
)
reciprocal = _public("reciprocal", ">>> nf.reciprocal(3, 'e4m3fn').values\narray(0.34375)")
negative = _public("negative", ">>> nf.negative(nf.array(1, 'e4m3fn')).values\narray(-1.)")
absolute = _public("absolute", ">>> nf.absolute(nf.array(-1, 'e4m3fn')).values\narray(1.)")
copysign = _public("copysign", ">>> nf.copysign(2, -0.0, 'e4m3fn').values\narray(-2.)")
_LEAST = ">>> nf.{}([1, float('nan')], 2, 'e4m3fn').values\narray({})"
minimum = _public("minimum", _LEAST.format("minimum", "[ 1., nan]"))
maximum = _public("maximum", _LEAST.format("maximum", "[ 2., nan]"))
minimum_number = _public("minimum_number", _LEAST.format("minimum_number", "[1., 2.]"))
maximum_number = _public("maximum_number", _LEAST.format("maximum_number", "[2., 2.]"))
_SIZE = ">>> nf.{}([-3, 1], 2, 'e4m3fn').values\narray({})"
minimum_magnitude = _public("minimum_magnitude", _SIZE.format("minimum_magnitude", "[2., 1.]"))
maximum_magnitude = _public("maximum_magnitude", _SIZE.format("maximum_magnitude", "[-3.,  2.]"))
minimum_magnitude_number = _public(
    "minimum_magnitude_number", _SIZE.format("minimum_magnitude_number", "[2., 1.]")
)
maximum_magnitude_number = _public(
    "maximum_magnitude_number", _SIZE.format("maximum_magnitude_number", "[-3.,  2.]")
)
_FINITE = ">>> nf.{}(float('-inf'), 2, 'e5m2').values\narray(2.)"
minimum_finite = _public("minimum_finite", _FINITE.format("minimum_finite"))
maximum_finite = _public("maximum_finite", _FINITE.format("maximum_finite"))
next_up = _public(
    "next_up", ">>> nf.next_up(nf.array([1, 448], 'e4m3fn')).values\narray([  1.125, 448.   ])"
)
next_down = _public("next_down", ">>> nf.next_down(nf.array(1, 'e4m3fn')).values\narray(0.9375)")
_ORDER = ">>> nf.{}(nf.array([1, 2, 3], 'e4m3fn'), 2)\narray({})"
equal = _told("equal", _ORDER.format("equal", "[False,  True, False]"))
not_equal = _told("not_equal", _ORDER.format("not_equal", "[ True, False,  True]"))
less = _told("less", _ORDER.format("less", "[ True, False, False]"))
less_equal = _told("less_equal", _ORDER.format("less_equal", "[ True,  True, False]"))
greater = _told("greater", _ORDER.format("greater", "[False, False,  True]"))
greater_equal = _told("greater_equal", _ORDER.format("greater_equal", "[False,  True,  True]"))
_CLASS = ">>> nf.{}(nf.array([0, -3, float('inf'), float('nan')], 'e5m2'))\narray({})"
isnan = _told("isnan", _CLASS.format("isnan", "[False, False, False,  True]"))
isinf = _told("isinf", _CLASS.format("isinf", "[False, False,  True, False]"))
isfinite = _told("isfinite", _CLASS.format("isfinite", "[ True,  True, False, False]"))
signbit = _told("signbit", _CLASS.format("signbit", "[False,  True, False, False]"))
iszero = _told("iszero", _CLASS.format("iszero", "[ True, False, False, False]"))
_SMALL = ">>> nf.{}(nf.array([0, 2**-16, 2**-14], 'e5m2'))\narray({})"
isnormal = _told("isnormal", _SMALL.format("isnormal", "[False, False,  True]"))
issubnormal = _told("issubnormal", _SMALL.format("issubnormal", "[False,  True, False]"))
