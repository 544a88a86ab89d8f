"""A machine's datapath as C."""

from __future__ import annotations

import re

from ._datapath import Datapath
from ._datapath_core import Described, sum_format
from ._errors import MachineError
from ._machine import Machine
from ._modes import Modes, resolve
from .formats import Format

MODES = (
    *("rounding", "overflow", "random_bits_per_element", "variant"),
    *("by_code", "keep_minpos", "wrap_bits"),
)
STEPS = ("product", "sum", "join", "combine")
NUMBERS = (
    *("kind", "joins", "is_fused", "flush_operands", "flush_sums", "zero_is_plus"),
    *("leaves_at_end", "cuts_by_floor", "zeros_count", "normalises", "fraction_bits"),
    *("least_exponent", "far_is_zero", "even_odd", "group", "product_end", "block"),
    *("instruction", "nan_code", "c_comes_last", "in_pairs"),
)


def as_c(machine: Machine) -> str:
    """A header with a function that fills an ``nf_datapath`` for ``nf_matmul``.

    >>> import numfmt as nf
    >>> print(as_c(nf.machine("nvidia.h100.wgmma.f16.f32")).splitlines()[0])
    /* nvidia.h100.wgmma.f16.f32: H100, H200 (Hopper): wgmma.mma_async m64n8k16
    """
    if not machine.datapaths:
        raise MachineError(f"machine {machine.name!r} multiplies no matrices: it has no datapath")
    path = machine.datapath()
    name = re.sub(r"\W+", "_", machine.name)
    formats = _formats(path)
    lines = [
        f"/* {machine.name}: {machine.chip}",
        f" * a: {_names(path.prep.a)}; b: {_names(path.prep.b)}; sums: {path.acc.type}",
        *_notes(path),
        " */",
        "#include <numfmt.h>",
        "",
        f"typedef struct {name} {{",
        f"    nf_format formats[{len(formats)}];",
        f"    nf_options options[{len(STEPS)}];",
        "    nf_datapath path;",
        f"}} {name};",
        "",
        f"static inline nf_status {name}_init({name} *machine)",
        "{",
        *_order(path),
        f"    static const char *const spellings[] = {{{_quoted(formats)}}};",
        f"    for (int i = 0; i < {len(formats)}; i++) {{",
        "        nf_status status = nf_parse_format(spellings[i], &machine->formats[i]);",
        "        if (status != NF_OK)",
        "            return status;",
        "    }",
        *_fields(path, formats),
        "    return NF_OK;",
        "}",
    ]
    return "\n".join(lines)


def _names(formats: tuple[Format, ...]) -> str:
    return " or ".join(map(str, formats))


def _quoted(formats: list[str]) -> str:
    return ", ".join(f'"{one}"' for one in formats)


def _steps(path: Datapath) -> dict[str, tuple[Format, Modes]]:
    """The format and the modes of each rounding."""
    product, acc, join, combine = path.product, path.acc, path.align.join, path.kplan.combine
    found: dict[str, tuple[Format, str | None, str | None]] = {}
    if product.format is not None:
        found["product"] = (product.format, product.round, None)
    found["sum"] = (sum_format(path), acc.round, acc.ovf)
    if join is not None:
        found["join"] = (join.format, join.round, None)
    if combine is not None:
        found["combine"] = (combine.format, combine.round, None)
    return {name: (one[0], resolve(*one, None)) for name, one in found.items()}


def _formats(path: Datapath) -> list[str]:
    rounded = (format for format, _ in _steps(path).values())
    return list(dict.fromkeys(str(one) for one in (path.acc.type, *rounded)))


def _notes(path: Datapath) -> list[str]:
    """What the caller does himself."""
    notes = []
    if path.kplan.has_chains:
        notes.append(" * path.chain_of, chains and run depend on the depth: the caller fills them.")
    if path.prep.scale is not None:
        notes.append(" * path.scaling points to the operands' scales: the caller fills it.")
    if path.prep.zero_point != "none" or path.prep.pretrunc is not None:
        notes.append(" * The caller subtracts zero points and cuts operands to the shorter format.")
    if path.epilogue:
        ops = ", ".join(one.op for one in path.epilogue)
        notes.append(f" * The epilogue is the caller's: {ops}.")
    return notes


def _order(path: Datapath) -> list[str]:
    if isinstance(path.block.perm, str):
        return []
    numbers = ", ".join(map(str, path.block.perm))
    return [f"    static const uint16_t order[] = {{{numbers}}};"]


def _fields(path: Datapath, formats: list[str]) -> list[str]:
    described = Described(path, 0)
    lines = ["    machine->path = (nf_datapath){"]
    lines.append(f"        .result = &machine->formats[{formats.index(str(path.acc.type))}],")
    for name in NUMBERS:
        if value := int(getattr(described.c, name)):
            lines.append(f"        .{name} = {value},")
    if path.align.late is not None:
        lines.append(f"        .late_bits = {{{', '.join(map(str, path.align.late))}}},")
    if not isinstance(path.block.perm, str):
        lines.append("        .order = order,")
    lines.append("    };")
    for i, (name, (format, modes)) in enumerate(_steps(path).items()):
        lines += _step(i, name, formats.index(str(format)), modes)
    return lines


def _step(i: int, name: str, format: int, modes: Modes) -> list[str]:
    options = modes.options()
    numbers = {field: int(getattr(options, field)) for field in MODES}
    inside = ", ".join(f".{field} = {number}" for field, number in numbers.items() if number)
    return [
        f"    machine->options[{i}] = (nf_options){{{inside or '0'}}}; /* {modes.rounding}, "
        f"{modes.overflow} */",
        f"    machine->path.{name}.format = &machine->formats[{format}];",
        f"    machine->path.{name}.options = &machine->options[{i}];",
    ]
