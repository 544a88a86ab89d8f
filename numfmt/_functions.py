"""The elementary functions by name: each the exact result, rounded once."""

from __future__ import annotations

from ._named import Rounded, rounded_as

_MORE = """

    Correctly rounded in every format and mode (Ziv, "Fast evaluation of elementary mathematical
    functions with correctly rounded last bit", 1991); special operands as IEEE 754-2019, 9.2.1.
{domain}
    Arguments, result and errors as `add`; fixed point keeps its format.
{errors}"""
_POLE = "with\n    divide_by_zero (NaN where the result's format is no float{p3109}).\n"
_LOG = "    NaN, with the flag invalid, below {least}; of {least} -infinity, " + _POLE.format(
    p3109=""
)
_ONE_OVER = _POLE.format(p3109=", or P3109's")
_NO_INFINITY = "    NaN, with the flag invalid, of infinities.\n"
_RAISES = "\n    Raises:\n        {}\n"
_TURNS = _RAISES.format("FormatError: the format of `a` has numbers from 2**16384 on.")


def _function(name: str, example: str, domain: str = "", errors: str = "") -> Rounded:
    return rounded_as(name, example, _MORE.format(domain=domain, errors=errors))


exp = _function(
    "exp",
    """
>>> nf.exp(nf.array([0, 1, -2], "e4m3fn")).values
array([1.      , 2.75    , 0.140625])
>>> nf.exp(1, "bfloat16", "down").values
array(2.703125)
""",
)
exp2 = _function("exp2", ">>> nf.exp2([0.5, 3], 'e4m3fn').values\narray([1.375, 8.   ])")
expm1 = _function("expm1", ">>> nf.expm1(2**-20, 'binary32').item()\n9.536747711536009e-07")
log = _function(
    "log",
    ">>> nf.log([2, 10], 'posit<8,1>').values\narray([0.6875, 2.25  ])",
    _LOG.format(least=0),
)
log2 = _function(
    "log2",
    ">>> nf.log2([8, 3], 'e4m3fn').values\narray([3.   , 1.625])",
    _LOG.format(least=0),
)
log1p = _function(
    "log1p",
    ">>> nf.log1p(2**-20, 'binary32').item()\n9.536738616588991e-07",
    _LOG.format(least=-1),
)
tanh = _function("tanh", ">>> nf.tanh([1, -3], 'e4m3fn').values\narray([ 0.75, -1.  ])")
sigmoid = _function("sigmoid", ">>> nf.sigmoid([0, 2], 'e4m3fn').values\narray([0.5  , 0.875])")
softplus = _function(
    "softplus", ">>> nf.softplus([0, 2], 'e4m3fn').values\narray([0.6875, 2.25  ])"
)
erf = _function("erf", ">>> nf.erf([0.5, -1], 'e4m3fn').values\narray([ 0.5   , -0.8125])")
sin = _function(
    "sin", ">>> nf.sin(1e300, 'binary64').item()\n-0.8178819121159085", _NO_INFINITY, _TURNS
)
cos = _function(
    "cos", ">>> nf.cos([0, 3], 'e4m3fn').values\narray([ 1., -1.])", _NO_INFINITY, _TURNS
)
rsqrt = _function(
    "rsqrt",
    ">>> nf.rsqrt([4, 3], 'e4m3fn').values\narray([0.5   , 0.5625])",
    f"    NaN, with the flag invalid, below 0; of 0 infinity, {_ONE_OVER}",
)
cbrt = _function("cbrt", ">>> nf.cbrt([-27, 2], 'e4m3fn').values\narray([-3.  ,  1.25])")
power = _function(
    "power",
    """
>>> nf.power(nf.array([2, -0.5], "e4m3fn"), 3).values
array([ 8.   , -0.125])
>>> (nf.array(1.5, "binary16") ** -2).item()
0.4443359375
""",
    f"""    b: an integer for all elements, or an array of some.
    a**0 is 1, even of NaN; of 0, negative powers are infinity, {_ONE_OVER}""",
    _RAISES.format("DtypeError: `b` is no integer of 64 bits with a sign."),
)
