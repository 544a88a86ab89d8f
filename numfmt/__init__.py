"""numfmt: number formats, bit for bit.

A format says which codes exist and what each is worth; a rounding says which neighbour a value
between two of them goes to; an overflow policy says what becomes of a value outside the range.  See
`parse` for the spellings of formats and `quantize` for the modes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import binary32
from ._array_make import (
    array,
    empty,
    empty_like,
    from_codes,
    full,
    full_like,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from ._arrays import BlockCodes
from ._code_array import Array
from ._context import context
from ._core import instruction_set
from ._core import lib as _lib
from ._core import text as _text
from ._errors import (
    AssumedWarning,
    DtypeError,
    FormatError,
    MachineError,
    NanError,
    NumfmtError,
    RandomError,
    RangeError,
    RoundingError,
    ShapeError,
)
from ._fit import fit
from ._flips import flip_bits
from ._generators import Recorded, Stream
from ._operations import (
    absolute,
    add,
    cbrt,
    copysign,
    cos,
    divide,
    dot,
    equal,
    erf,
    exp,
    exp2,
    expm1,
    faa,
    fma,
    fmod,
    greater,
    greater_equal,
    ieee_remainder,
    isfinite,
    isinf,
    isnan,
    isnormal,
    issubnormal,
    iszero,
    less,
    less_equal,
    log,
    log1p,
    log2,
    maximum,
    maximum_finite,
    maximum_magnitude,
    maximum_magnitude_number,
    maximum_number,
    minimum,
    minimum_finite,
    minimum_magnitude,
    minimum_magnitude_number,
    minimum_number,
    multiply,
    negative,
    next_down,
    next_up,
    not_equal,
    power,
    reciprocal,
    remainder,
    rsqrt,
    sigmoid,
    signbit,
    sin,
    softplus,
    sqrt,
    subtract,
    sum,
    tanh,
)
from ._pack import pack, unpack
from ._parse import parse
from ._quantize import convert, decode, encode, quantize
from ._quire import Quire
from ._random import Generator, Key, random_bits
from ._report import Report
from ._requantize import requantize
from ._requantize_scales import activation_bounds, quantize_multiplier, requantization_scale
from ._rng import Rng
from ._sampling import gaussian, variance_corrected, variance_corrected_law
from ._threads import get_num_threads, set_num_threads
from ._update import sampler_update
from ._word_layouts import lane_words
from .formats import (
    LNS,
    P3109,
    Affine,
    Block,
    Codebook,
    Fixed,
    Float,
    Format,
    Posit,
    PowerOfTwo,
    Takum,
)

if TYPE_CHECKING:
    from ._datapath import Datapath
    from ._kplan import KPlan
    from ._machine import Machine
    from ._machine_find import machine, machines
    from ._machine_units import GaussianSource, MicroOp, SpecialFunction, VectorUnit
    from ._matmul import matmul
    from ._walk import Walk, sampler_walk

__version__: str = _text(_lib.nf_version())

__all__ = [
    "LNS",
    "P3109",
    "Affine",
    "Array",
    "AssumedWarning",
    "Block",
    "BlockCodes",
    "Codebook",
    "Datapath",
    "DtypeError",
    "Fixed",
    "Float",
    "Format",
    "FormatError",
    "GaussianSource",
    "Generator",
    "KPlan",
    "Key",
    "Machine",
    "MachineError",
    "MicroOp",
    "NanError",
    "NumfmtError",
    "Posit",
    "PowerOfTwo",
    "Quire",
    "RandomError",
    "RangeError",
    "Recorded",
    "Report",
    "Rng",
    "RoundingError",
    "ShapeError",
    "SpecialFunction",
    "Stream",
    "Takum",
    "VectorUnit",
    "Walk",
    "absolute",
    "activation_bounds",
    "add",
    "array",
    "binary32",
    "cbrt",
    "context",
    "convert",
    "copysign",
    "cos",
    "decode",
    "divide",
    "dot",
    "empty",
    "empty_like",
    "encode",
    "equal",
    "erf",
    "exp",
    "exp2",
    "expm1",
    "faa",
    "fit",
    "flip_bits",
    "fma",
    "fmod",
    "from_codes",
    "full",
    "full_like",
    "gaussian",
    "get_num_threads",
    "greater",
    "greater_equal",
    "ieee_remainder",
    "instruction_set",
    "isfinite",
    "isinf",
    "isnan",
    "isnormal",
    "issubnormal",
    "iszero",
    "lane_words",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "machine",
    "machines",
    "matmul",
    "maximum",
    "maximum_finite",
    "maximum_magnitude",
    "maximum_magnitude_number",
    "maximum_number",
    "minimum",
    "minimum_finite",
    "minimum_magnitude",
    "minimum_magnitude_number",
    "minimum_number",
    "multiply",
    "negative",
    "next_down",
    "next_up",
    "not_equal",
    "ones",
    "ones_like",
    "pack",
    "parse",
    "power",
    "quantize",
    "quantize_multiplier",
    "random_bits",
    "reciprocal",
    "remainder",
    "requantization_scale",
    "requantize",
    "rsqrt",
    "sampler_update",
    "sampler_walk",
    "set_num_threads",
    "sigmoid",
    "signbit",
    "sin",
    "softplus",
    "sqrt",
    "subtract",
    "sum",
    "tanh",
    "unpack",
    "variance_corrected",
    "variance_corrected_law",
    "zeros",
    "zeros_like",
]

_LATE = {  # imported when they are first asked for
    "Datapath": "_datapath",
    "KPlan": "_kplan",
    "GaussianSource": "_machine_units",
    "MicroOp": "_machine_units",
    "SpecialFunction": "_machine_units",
    "VectorUnit": "_machine_units",
    "Machine": "_machine",
    "machine": "_machine_find",
    "machines": "_machine_find",
    "matmul": "_matmul",
    "Walk": "_walk",
    "sampler_walk": "_walk",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f".{_LATE[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
