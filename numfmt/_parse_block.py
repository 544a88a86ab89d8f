"""The grammar of block formats: ``mxfp8_e4m3<axis=0>``, ``bfp<8,16>``, ``block<e4m3fn,32,...>``."""

from __future__ import annotations

import dataclasses
from typing import Any

from ._errors import FormatError
from ._grammar import integer_of, sort_out
from .formats import Block
from .formats.block_names import bfp, lp_sgld, named_blocks

_USAGES = {
    "block": "block<element,size,...>, as block<e4m3fn,32,scale_rule=rceil>",
    "bfp": "bfp<width,size>, as bfp<8,16>",
    "lp_sgld": "lp_sgld<width,size,exponent_bits>, the last optional, as lp_sgld<8,None>",
}

_NAMES = tuple(field.name for field in dataclasses.fields(Block))[2:]
_NONE, _MAY_BE_NONE = ("None", "none"), ("scale_format", "tensor_scale", "compat")


def block_names() -> list[str]:
    """Every name, alias and family of block formats."""
    return [*named_blocks(), *_USAGES]


def is_block(name: str) -> bool:
    """Does a spelling that begins with the name mean a block format?"""
    return name in block_names()


def parse_block(name: str, parts: list[str], spelling: str) -> Block:
    """The block format of a name and what stands between its brackets."""
    positional, named = sort_out(parts, _NAMES, spelling)
    keywords = {name: _of_keyword(name, value, spelling) for name, value in named.items()}
    if name in named_blocks():
        if positional:
            raise FormatError(f"format={spelling!r}: write {name} or {name}<axis=0,...>")
        return named_blocks()[name].replace(**keywords)
    counts = (2, 3) if name == "lp_sgld" else (2,)
    if len(positional) not in counts:
        raise FormatError(f"format={spelling!r}: write {_USAGES[name]}")
    first, size, *rest = positional
    if name == "block":
        return Block(first, _value(size, spelling), **keywords)  # type: ignore[arg-type]
    numbers = [integer_of(part, spelling) for part in (first, *rest)]
    make = bfp if name == "bfp" else lp_sgld
    return make(numbers[0], _value(size, spelling), *numbers[1:], **keywords)


def _value(part: str, spelling: str) -> Any:
    """A number, None, or a tuple of them."""
    if part.startswith("(") and part.endswith(")"):
        inside = [piece for piece in part[1:-1].split(",") if piece.strip()]
        return tuple(_value(piece.strip(), spelling) for piece in inside)
    return None if part in _NONE else integer_of(part, spelling)


def _of_keyword(name: str, value: str, spelling: str) -> Any:
    if name == "axis":
        return value if value.startswith("all_but") else _value(value, spelling)
    return None if name in _MAY_BE_NONE and value in _NONE else value
