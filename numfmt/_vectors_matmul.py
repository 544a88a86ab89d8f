"""Test vectors of a machine's dot products: operands, results and flags, as codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._array_make import from_codes
from ._arrays import Array as Numbers
from ._datapath import Datapath
from ._errors import FormatError, MachineError
from ._generators import Recorded
from ._machine import Machine
from ._matmul import matmul
from ._quantize import decode, encode
from ._random import Key, random_bits
from ._report import Report
from ._vectors import HEAD, corner_codes, random_codes
from .formats import Format
from .formats._base import code_dtype

FLAGS = ("invalid", "divide_by_zero", "overflow", "underflow", "inexact")
MOST_TERMS = 4096
DEPTH = 32  # where an instruction takes all
SPARE_WORDS = 4  # of a sum: more roundings than products, where chains are combined


@dataclass
class DotVectors:
    """Dot products: codes of a and b, (count, terms), of c, random words, results and flags."""

    facts: dict[str, Any]
    columns: dict[str, Numbers]
    widths: dict[str, int]


def dot_vectors(
    machine: Machine,
    terms: int | None,
    count: int,
    seed: int,
    formats: tuple[str | None, str | None] = (None, None),
    operands: dict[str, Any] | None = None,
) -> DotVectors:
    """`count` dot products of `terms` products each (default: an instruction's): in turns of corner
    codes, of numbers about 1, of any codes, and sums that nearly cancel.  `operands` are what the
    machine takes beside them."""
    path = machine.datapath()
    if path.prep.scale is not None:
        raise MachineError(f"machine {machine.name!r} takes scales of blocks: no vectors have them")
    depth = _depth(path, terms)
    taken = _chosen(path.prep.a, formats[0], "a"), _chosen(path.prep.b, formats[1], "b")
    key = Key(seed).fold_in("vectors", "matmul")
    columns = {x: _codes(f, count, depth, key.fold_in(x)) for x, f in zip("ab", taken, strict=True)}
    _cancel(columns, taken)
    widths = {"a": taken[0].width, "b": taken[1].width}
    if path.init.c == "input":
        columns["c"] = _codes(path.acc.type, count, 1, key.fold_in("c"))
        widths["c"] = path.acc.type.width
    if path.is_random:
        columns["random"] = random_bits(key.fold_in("words"), (count, depth + SPARE_WORDS))
        widths["random"] = 32
    columns |= _computed(path, taken, columns, operands or {})
    facts = {"operation": "matmul", "machine": machine.name, "a": str(taken[0])}
    facts |= {"b": str(taken[1]), "sums": str(path.acc.type), "result": str(path.output)}
    widths |= {"result": path.output.width, "flags": 5}
    return DotVectors({**facts, "terms": depth, "seed": seed}, columns, widths)


def _depth(path: Datapath, terms: int | None) -> int:
    """The products of a sum."""
    own = path.kplan.inst_k if isinstance(path.kplan.inst_k, int) else DEPTH
    most = min(MOST_TERMS, path.acc.max_terms or MOST_TERMS)
    depth = min(own, most) if terms is None else terms
    if not 1 <= depth <= most:
        raise MachineError(f"terms={terms} must be from 1 to {most}")
    return depth


def _chosen(own: tuple[Format, ...], given: str | None, argument: str) -> Format:
    """The format of an operand, among those that the machine takes."""
    named = {str(one.bare()): one.bare() for one in own}
    if given is not None and given not in named:
        raise FormatError(f"{argument}={given!r} must be one of {', '.join(named)}")
    return named[given] if given is not None else next(iter(named.values()))


def _codes(format: Format, count: int, depth: int, key: Key) -> Numbers:
    corners = np.array(corner_codes(format), code_dtype(format))
    picked = corners[random_bits(key.at(0), (count, depth)) % len(corners)]
    x = random_bits(key.at(1), (count, depth)) / 2.0**30 - 2  # -2 to 2
    near = np.asarray(encode(_within(x, format), format))
    anything = random_codes(format, count * depth, key.fold_in("any")).reshape(count, depth)
    turn = np.arange(count)[:, None] % 4
    return np.where(turn == 0, picked, np.where(turn == 2, anything, near))


def _cancel(columns: dict[str, Numbers], formats: tuple[Format, Format]) -> None:
    """Every fourth vector: each product behind its negative, or one that is near it."""
    a, b = columns["a"][3::4], columns["b"][3::4]
    pairs = a.shape[1] // 2 * 2
    a[:, 1:pairs:2] = a[:, 0:pairs:2]
    x = np.asarray(decode(b[:, 0:pairs:2], formats[1], dtype=np.float64))
    b[:, 1:pairs:2] = encode(_within(-x, formats[1]), formats[1])


def _within(x: Numbers, format: Format) -> Numbers:
    """Numbers clipped to the finite range, whose ends float64 may not hold."""
    largest = np.finfo(np.float64).max
    low, high = (float(max(-largest, min(largest, end))) for end in (format.min, format.max))
    return np.clip(x, low, high)


def _computed(
    path: Datapath,
    formats: tuple[Format, Format],
    columns: dict[str, Numbers],
    operands: dict[str, Any],
) -> dict[str, Numbers]:
    """Results and flags, one dot product after the other."""
    count = len(columns["a"])
    result = np.empty(count, code_dtype(path.output))
    flags = np.empty(count, np.uint8)
    for i in range(count):
        report = Report()
        x, y = (from_codes(columns[v][i], f) for v, f in zip("ab", formats, strict=True))
        c = from_codes(columns["c"][i, 0], path.acc.type) if "c" in columns else None
        key = Recorded(columns["random"][i]) if "random" in columns else None
        result[i] = matmul(x, y, path, c, key=key, report=report, **operands).codes
        flags[i] = sum(1 << bit for bit, name in enumerate(FLAGS) if name in report.flags)
    return {"result": result, "flags": flags}


def as_json(found: DotVectors) -> dict[str, Any]:
    """Facts, the names of columns, and rows whose operands are lists."""
    columns = {name: _single(x).tolist() for name, x in found.columns.items()}
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return {**found.facts, "columns": list(columns), "widths": found.widths, "vectors": rows}


def _single(x: Numbers) -> Numbers:
    return x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x


def as_readmemh(found: DotVectors) -> str:
    """For Verilog's $readmemh: a word a vector, fields of whole hexadecimal digits between _, the
    first of an operand's codes in its lowest bits."""
    sizes = {name: found.widths[name] * (x[0].size) for name, x in found.columns.items()}
    digits = {name: -(-size // 4) for name, size in sizes.items()}
    fields = "_".join(f"{name}[{4 * n}]" for name, n in digits.items())
    lines = [f"// {_title(found)}", f"// {fields}; {HEAD}"]
    for i in range(len(found.columns["flags"])):
        words = {name: _packed(x[i], found.widths[name]) for name, x in found.columns.items()}
        lines.append("_".join(f"{word:0{digits[name]}x}" for name, word in words.items()))
    return "\n".join(lines)


def _packed(codes: Any, width: int) -> int:
    return sum(int(code) << (k * width) for k, code in enumerate(np.ravel(codes)))


def as_c(found: DotVectors) -> str:
    """A C header: an array of structures."""
    name = re.sub(r"\W+", "_", found.facts["machine"]).strip("_")
    members = []
    for column, x in found.columns.items():
        size = next(n for n in (8, 16, 32, 64) if n >= found.widths[column])
        array = f"[{x.shape[1]}]" if x.ndim == 2 and x.shape[1] > 1 else ""
        members.append(f"uint{size}_t {column}{array};")
    lines = [f"/* {_title(found)}\n * {HEAD} */", "#include <stdint.h>\n"]
    lines.append(f"static const struct {{ {' '.join(members)} }} {name}[] = {{")
    for i in range(len(found.columns["flags"])):
        values = [_spelled(_single(x)[i]) for x in found.columns.values()]
        lines.append(f"    {{{', '.join(values)}}},")
    return "\n".join([*lines, "};"])


def _spelled(codes: Any) -> str:
    if np.ndim(codes) == 0:
        return f"0x{int(codes):x}"
    return f"{{{', '.join(f'0x{int(code):x}' for code in codes)}}}"


def _title(found: DotVectors) -> str:
    return "numfmt vectors: " + ", ".join(f"{name} {fact}" for name, fact in found.facts.items())
