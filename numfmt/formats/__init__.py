"""The format families, one class each."""

from ._base import Format
from .fixed import Fixed
from .float import Float
from .posit import Posit

__all__ = ["Fixed", "Float", "Format", "Posit"]
