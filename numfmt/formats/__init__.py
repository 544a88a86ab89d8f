"""The format families, one class each."""

from ._base import Format
from .affine import Affine
from .block import Block
from .codebook import Codebook
from .fixed import Fixed
from .float import Float
from .lns import LNS
from .p3109 import P3109
from .posit import Posit
from .power_of_two import PowerOfTwo
from .takum import Takum

__all__ = [
    "LNS",
    "P3109",
    "Affine",
    "Block",
    "Codebook",
    "Fixed",
    "Float",
    "Format",
    "Posit",
    "PowerOfTwo",
    "Takum",
]
