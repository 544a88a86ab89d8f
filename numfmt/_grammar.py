"""What spellings of formats are made of: parts between commas, integers, keywords."""

from __future__ import annotations

import re

from ._errors import FormatError, unknown

_KEYWORD = re.compile(r"[A-Za-z_]+\s*=")


def split(inside: str) -> list[str]:
    """Parts at commas outside parentheses and inner brackets."""
    parts, depth = [""], 0
    for character in inside:
        depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def integer_of(part: str, spelling: str) -> int:
    """The integer that a part is."""
    if not re.fullmatch(r"[+-]?\d{1,20}", part):
        raise FormatError(f"format={spelling!r}: {part!r} must be an integer")
    return int(part)


def sort_out(
    parts: list[str], names: tuple[str, ...], spelling: str
) -> tuple[list[str], dict[str, str]]:
    """The parts that stand by their place, and those that are named."""
    positional: list[str] = []
    keywords: dict[str, str] = {}
    for part in parts:
        if _KEYWORD.match(part) is None:
            positional.append(part)
            continue
        name, value = (piece.strip() for piece in part.split("=", 1))
        if name not in names:
            raise FormatError(f"format={spelling!r}: {unknown('parameter', name, names)}")
        if name in keywords:
            raise FormatError(f"format={spelling!r}: {name} stands twice")
        keywords[name] = value
    return positional, keywords
