"""Rounding to a format that carries its own modes."""

from __future__ import annotations

import functools
from typing import Any

import numpy.typing as npt

from ._numfmt import Block, Format, Key, Report, parse, quantize

BINARY32 = parse("binary32")


@functools.lru_cache(maxsize=256)
def is_binary32(format: Format) -> bool:
    """Does the format leave every float32 as it is?"""
    return bool(format.bare() == BINARY32)


def is_block(format: Format) -> bool:
    """Do neighbours share a scale?  Such a format has no range and no grid of its own."""
    return isinstance(format, Block)


@functools.lru_cache(maxsize=256)
def spelled_out(format: Format) -> Format:
    """The format with its default modes as its own: no context around a call changes them."""
    rounding = format.rounding or format.default_rounding
    return format.replace(rounding=rounding, overflow=format.overflow or format.default_overflow)


def is_stochastic(rounding: str | None) -> bool:
    """Does a rounding draw random bits?"""
    return str(rounding).startswith("stochastic")


def leaves_range(values: npt.NDArray[Any], format: Format) -> bool:
    """Is any value beyond the format's finite range?  Blocks have a scale for every range."""
    if is_block(format):
        return False
    low, high = range_of(format)
    return bool(values.max() > high or values.min() < low)


@functools.lru_cache(maxsize=256)
def range_of(format: Format) -> tuple[float, float]:
    """The format's finite ends."""
    return float(format.min), float(format.max)


def round_to(
    values: npt.NDArray[Any], format: Format, key: Key, report: Report | None = None
) -> npt.NDArray[Any]:
    """`values` in the format, by its own modes; `key` serves a stochastic rounding."""
    if is_binary32(format):
        return values
    rounding_key = key if is_stochastic(format.rounding) else None
    rounded: npt.NDArray[Any] = quantize(
        values, spelled_out(format), key=rounding_key, report=report
    )
    return rounded
