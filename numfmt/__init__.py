"""numfmt: number formats, bit for bit.

A format says which codes exist and what each is worth; a rounding says which neighbour a value
between two of them goes to; an overflow policy says what becomes of a value outside the range.  See
`parse` for the spellings of formats and `quantize` for the modes.
"""

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
from ._core import lib as _lib
from ._core import text as _text
from ._errors import (
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
from ._machine import Machine, machine, machines
from ._pack import pack, unpack
from ._parse import parse
from ._quantize import convert, decode, encode, quantize
from ._random import Generator, Key, random_bits
from ._report import Report
from ._sampling import gaussian, variance_corrected, variance_corrected_law
from ._threads import get_num_threads, set_num_threads
from ._update import sampler_update
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

__version__: str = _text(_lib.nf_version())

__all__ = [
    "LNS",
    "P3109",
    "Affine",
    "Array",
    "Block",
    "BlockCodes",
    "Codebook",
    "DtypeError",
    "Fixed",
    "Float",
    "Format",
    "FormatError",
    "Generator",
    "Key",
    "Machine",
    "MachineError",
    "NanError",
    "NumfmtError",
    "Posit",
    "PowerOfTwo",
    "RandomError",
    "RangeError",
    "Report",
    "RoundingError",
    "ShapeError",
    "Takum",
    "array",
    "binary32",
    "context",
    "convert",
    "decode",
    "empty",
    "empty_like",
    "encode",
    "fit",
    "flip_bits",
    "from_codes",
    "full",
    "full_like",
    "gaussian",
    "get_num_threads",
    "machine",
    "machines",
    "ones",
    "ones_like",
    "pack",
    "parse",
    "quantize",
    "random_bits",
    "sampler_update",
    "set_num_threads",
    "unpack",
    "variance_corrected",
    "variance_corrected_law",
    "zeros",
    "zeros_like",
]
