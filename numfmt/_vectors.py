"""Test vectors for hardware: operands, the result and its flags, as codes."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _operations
from ._array_make import from_codes
from ._code_array import Array
from ._core import OPERATIONS
from ._errors import FormatError, NumfmtError, unknown
from ._modes import resolve
from ._operate import apply
from ._random import Key, random_bits
from .formats import Affine, Block, Fixed, Format
from .formats._base import code_dtype, facts_of
from .formats.float import Float

QUANTIZE = "quantize"
NAMES = (QUANTIZE, *(name for name, row in OPERATIONS.items() if hasattr(_operations, name)))
MOST_CORNERS = {1: 64, 2: 40, 3: 12}  # of one operand: all tuples of them are vectors
EXPONENTS = Fixed(8, 0)  # of powers: int8
HEAD = "flags: 1 invalid, 2 divide by zero, 4 overflow, 8 underflow, 16 inexact"


@dataclass
class Vectors:
    """Columns of codes with their widths in bits, and what they are of."""

    facts: dict[str, Any]
    columns: dict[str, Any]
    widths: dict[str, int]

    def rows(self) -> list[tuple[int, ...]]:
        return list(zip(*(column.tolist() for column in self.columns.values()), strict=True))


def vectors(
    name: str,
    format: Format,
    source: Format | None,
    count: int,
    seed: int,
    rounding: str | None,
    overflow: str | None,
) -> Vectors:
    """Corner cases, then `count` random ones: of an operation on codes of `source`, rounded to
    `format`.  A NaN that the format has not is 0 (or its end), and told by the flags."""
    if name not in NAMES:
        raise NumfmtError(unknown("operation", name, NAMES))
    source = source or (Float(8, 23) if name == QUANTIZE else format)
    for each in (format, source):
        if isinstance(each, Block) or (isinstance(each, Affine) and each.varies):
            raise FormatError(f"vectors are of formats of single numbers, not of {each}")
    sources = [source] * (1 if name == QUANTIZE else OPERATIONS[name].operands)
    if name == "power":
        sources[1] = EXPONENTS
    key = Key(seed).fold_in("vectors", name)
    codes = _operand_codes(sources, count, key)
    columns = dict(zip("abc", codes, strict=False))
    widths = {letter: own.width for letter, own in zip(columns, sources, strict=True)}
    arrays = [from_codes(column, own) for column, own in zip(codes, sources, strict=True)]
    facts = {"operation": name, "format": str(format), "from": str(source), "seed": seed}
    facts |= {"exponents": str(EXPONENTS.bare())} if name == "power" else {}
    if name != QUANTIZE and OPERATIONS[name].gives_truth:
        columns["result"] = np.asarray(getattr(_operations, name)(*arrays)).astype(np.uint8)
        return Vectors(facts, columns, {**widths, "result": 1})
    modes = resolve(format, rounding, overflow, None)
    if modes.rounding.is_random:
        columns["random"] = random_bits(key.fold_in("rounding"), len(codes[0]))
        widths["random"] = 32
    flags = np.empty(len(codes[0]), np.uint8)
    given: list[Any] = [*arrays, 1] if name == QUANTIZE else arrays
    found = _result("multiply" if name == QUANTIZE else name, given, format, modes, columns, flags)
    facts |= {"rounding": str(modes.rounding), "overflow": str(modes.overflow)}
    columns |= {"result": found.codes, "flags": flags}
    return Vectors(facts, columns, {**widths, "result": format.width, "flags": 5})


def _result(
    name: str, given: list[Any], format: Format, modes: Any, columns: Any, flags: Any
) -> Array:
    nan = None if format.has_nan else "zero" if format.has_zero else "max"
    how = str(modes.rounding), str(modes.overflow)
    words = columns.get("random")
    return apply(name, given, format, *how, nan=nan, random_bits=words, element_flags=flags)


def _operand_codes(sources: list[Format], count: int, key: Key) -> list[Any]:
    most = MOST_CORNERS[len(sources)]
    columns = zip(*itertools.product(*(corner_codes(own)[:most] for own in sources)), strict=True)
    return [
        np.concatenate(
            [np.array(column, code_dtype(own)), random_codes(own, count, key.fold_in(place))]
        )
        for place, (own, column) in enumerate(zip(sources, columns, strict=True))
    ]


def random_codes(source: Format, count: int, key: Key) -> Any:
    low, high = (random_bits(key.at(call), count).astype(np.uint64) for call in (0, 1))
    words = low | high << np.uint64(32)
    if source.highest_code < (1 << 64) - 1:
        words %= np.uint64(source.highest_code + 1)
    return words.astype(code_dtype(source))


def corner_codes(format: Format) -> list[int]:
    """Codes of 0, 1, the ends, the smallest numbers, specials, their neighbours and negatives."""
    facts, top = facts_of(format.bare()), format.highest_code
    middles = [facts.max_code, facts.min_code, facts.smallest_positive_code]
    middles += [facts.smallest_normal_code, 0]
    middles += [facts.nan_code] * bool(facts.has_nan) + [facts.infinity_code] * bool(
        facts.has_infinity
    )
    one = _operations.multiply(1, 1, format.bare(), "toward_zero", overflow="saturate")
    middles.append(int(one.codes))
    around = [code + step for code in middles for step in (0, 1, -1)]
    half = 1 << (format.width - 1)
    mirrored = [code ^ half for code in around] + [-code for code in around]
    known = [code % (1 << format.width) for code in around + mirrored]
    return [code for code in dict.fromkeys(known) if code <= top]


def as_json(found: Vectors) -> dict[str, Any]:
    """Facts, the names of columns, and rows of integers."""
    return {**found.facts, "columns": list(found.columns), "vectors": found.rows()}


def as_readmemh(found: Vectors) -> str:
    """For Verilog's $readmemh: a word a vector, fields of whole hexadecimal digits between _."""
    digits = [math.ceil(width / 4) for width in found.widths.values()]
    fields = [f"{name}[{4 * n}]" for name, n in zip(found.columns, digits, strict=True)]
    lines = [f"// {_title(found)}", f"// {'_'.join(fields)}; {HEAD}"]
    for row in found.rows():
        lines.append("_".join(f"{x:0{n}x}" for x, n in zip(row, digits, strict=True)))
    return "\n".join(lines)


def as_c(found: Vectors) -> str:
    """A C header: an array of structures."""
    name = re.sub(r"\W+", "_", f"{found.facts['operation']}_{found.facts['format']}").strip("_")
    types = {8: "uint8_t", 16: "uint16_t", 32: "uint32_t", 64: "uint64_t"}
    sizes = [next(size for size in types if size >= width) for width in found.widths.values()]
    fields = zip(found.columns, sizes, strict=True)
    members = " ".join(f"{types[size]} {field};" for field, size in fields)
    lines = [f"/* {_title(found)}\n * {HEAD} */", "#include <stdint.h>\n"]
    lines.append(f"static const struct {{ {members} }} {name}[] = {{")
    for row in found.rows():
        lines.append(f"    {{{', '.join(f'0x{x:x}' for x in row)}}},")
    return "\n".join([*lines, "};"])


def _title(found: Vectors) -> str:
    return "numfmt vectors: " + ", ".join(f"{name} {fact}" for name, fact in found.facts.items())
