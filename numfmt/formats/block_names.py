"""Names and spellings of block formats."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from .. import _core
from .._errors import FormatError
from ._base import integer
from .block import Block, Sizes
from .fixed import Fixed
from .float import Float

BINARY32 = Float(8, 23)
_CARRIED = ("rounding", "overflow")
_IDENTITY = ("element", "size", "scale_format", "tensor_scale")


def bfp(width: int, size: Sizes, **options: Any) -> Block:
    """Integers in steps of ``2**(E + 2 - width)``, E the exponent of the block's largest."""
    return Block(Fixed(width, width - 2), size, **options)


def lp_sgld(width: int, size: Sizes, exponent_bits: int = 8, **options: Any) -> Block:
    """LP-SGLD's form of `bfp`: all two's complement integers, an exponent clamped to its bits."""
    if "scale_format" in options:
        raise FormatError("lp_sgld: its scale_format is exponent<b>, b its third parameter")
    scale_format = f"exponent<{integer(exponent_bits, 'exponent_bits', 1, 32)}>"
    return bfp(width, size, scale_format=scale_format, **{"overflow": "saturate", **options})


@functools.lru_cache(maxsize=1)
def named_blocks() -> dict[str, Block]:
    """Every name and alias of the core's table of block formats."""
    from .._parse import from_row

    rules = _core.BLOCK_CHOICES["scale_rule"]
    found: dict[str, Block] = {}
    for name, aliases, row, size in _core.named_blocks():
        block = Block(
            from_row(row.element),
            size,
            scale_format=from_row(row.scale),
            scale_rule=rules[row.scale_rule].name,
            tensor_scale=BINARY32 if row.has_tensor_scale else None,
        )
        for spelling in (name, *aliases):
            found[spelling] = block
    return found


@functools.lru_cache(maxsize=1)
def _names() -> dict[tuple[Any, ...], tuple[str, Block]]:
    names: dict[tuple[Any, ...], tuple[str, Block]] = {}
    for name, block in named_blocks().items():
        names.setdefault(_identity(block), (name, block))
    return names


def _identity(block: Block) -> tuple[Any, ...]:
    return tuple(getattr(block, name) for name in _IDENTITY)


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return f"({','.join(map(str, value))}{',' * (len(value) == 1)})"
    return str(value)


def spelling_of(block: Block) -> tuple[str, list[str]]:
    """The shortest name that says what elements and scales are, and what differs from it."""
    element = block.element
    name, base = _names().get(_identity(block), ("block", _silent()))
    is_bfp = element == Fixed(element.width, element.width - 2) and element.width > 1
    said: tuple[str, ...]
    if name != "block":
        said, parts = _IDENTITY, []
    elif is_bfp and _identity(block)[2:] == _identity(base)[2:]:
        name, said, parts = "bfp", _IDENTITY, [str(element.width), _written(block.size)]
    else:
        said, parts = _IDENTITY[:2], [str(element), _written(block.size)]
    for field in dataclasses.fields(Block):
        value = getattr(block, field.name)
        if field.name not in (*said, *_CARRIED) and value != getattr(base, field.name):
            parts.append(f"{field.name}={_written(value)}")
    return name, parts


@functools.lru_cache(maxsize=1)
def _silent() -> Block:
    """What `block<...>` and `bfp<...>` mean where they say nothing."""
    return bfp(8, 1)
