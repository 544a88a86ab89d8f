"""Plain data as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def dumps(table: Mapping[str, Any]) -> str:
    """Text that a TOML parser reads back as the same; None is not allowed."""
    return "\n".join(_lines(table, "")).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], name: str) -> Iterator[str]:
    """A table of single values and inline tables, or, at most two levels deep, of tables."""
    has_tables = name.count(".") == 0 and any(_is_deep(x) for x in table.values())
    nested = [x for x in table if isinstance(table[x], Mapping) and (not name or has_tables)]
    if name and (len(nested) < len(table) or not table):
        yield from ("", f"[{name}]")
    yield from (f"{_key(x)} = {_value(table[x])}" for x in table if x not in nested)
    for x in nested:
        yield from _lines(table[x], f"{name}.{_key(x)}" if name else _key(x))


def _is_deep(x: Any) -> bool:
    return isinstance(x, Mapping) and any(isinstance(inner, Mapping) for inner in x.values())


def _key(name: str) -> str:
    plain = name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
    return name if plain else json.dumps(name)


def _value(x: Any) -> str:
    if isinstance(x, Mapping):
        fields = [f"{_key(name)} = {_value(inner)}" for name, inner in x.items()]
        return f"{{ {', '.join(fields)} }}"
    if isinstance(x, (list, tuple)):
        return f"[{', '.join(map(_value, x))}]"
    return json.dumps(x)
