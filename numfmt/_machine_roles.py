"""What the tensors of a machine are for, and the modes of their formats."""

from __future__ import annotations

from . import _core
from .formats import Format

ROLES = ("weight", "gradient", "accumulator", "input")
FURTHER_ROLES = {
    **{"momentum": "accumulator", "activation": "binary32", "error": "binary32"},
    **{"noise": "binary32", "step_size": "binary32"},
}
"""Roles that a file may leave out -> the role, or the format, that serves in their place."""


def carry(format: Format, modes: Format) -> Format:
    """`format` with the rounding and overflow of `modes` where it has none of its own."""
    if format.rounding is None and modes.rounding is not None:
        format = format.replace(rounding=modes.rounding)
    if format.overflow is None and modes.overflow is not None:
        format = format.replace(overflow=modes.overflow)
    return format


def with_all_modes(format: Format) -> Format:
    """The format with the modes that it is used with spelled out."""
    rounding = format.rounding or _core.ROUNDINGS[0].name
    return format.replace(rounding=rounding, overflow=format.overflow or format.default_overflow)
