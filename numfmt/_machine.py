"""Machines: the format of each stored tensor of a target accelerator."""

from __future__ import annotations

import dataclasses
import difflib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import _core
from ._errors import MachineError, NumfmtError
from ._parse import parse
from .formats import Format

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent / "machines"
ROLES = ("weight", "gradient", "accumulator", "input")
LATER_ROLES = ("activation", "error", "momentum", "noise", "step_size")
LATER_TABLES = (
    *("datapaths", "kplan", "epilogue", "matmul", "convert", "vector_unit"),
    *("special", "rng", "gaussian", "sr", "update"),
)
TEXTS = ("name", "version", "vendor", "chip")
FIELDS = (*TEXTS, "evidence", "certainty", "formats", "datapath")
DATAPATH = {
    "product": {"kind": "round(binary32,nearest_even)"},
    "block": {"kind": "chain"},
    "acc": {"type": "binary32", "round": "nearest_even"},
}
ALIASES = {
    **{"RNE": "nearest_even", "RZ": "toward_zero", "RU": "up", "RD": "down", "RNA": "nearest_away"},
    **{
        "SR": "stochastic",
        "ODD": "to_odd",
        "inf": "infinity",
        "max": "saturate",
        "sat": "saturate",
    },
    **{"ocp_e4m3": "e4m3fn", "ieee_e5m2": "e5m2", "int8(asym)": "int8", "float32": "binary32"},
    **{"round(float32,RNE)": "round(binary32,nearest_even)"},
    "int8(sym)": "int8<overflow=saturate_symmetric>",
}


@dataclasses.dataclass(frozen=True)
class Machine:
    """The formats of an accelerator's stored tensors; products and sums are float32, in order of
    the index.

    Each of `weight`, `gradient`, `accumulator` and `input` is a format that carries its rounding
    and overflow. Machines are immutable and hashable; two with the same description are equal.

    >>> import numfmt as nf
    >>> nf.machine("fixed8").replace(weight="fixed<8,4>").weight.width
    8
    """

    name: str
    weight: Format
    gradient: Format
    accumulator: Format
    input: Format
    version: str = "assumed"
    vendor: str = "assumed"
    chip: str = "assumed"
    evidence: tuple[str, ...] = ()
    certainty: tuple[tuple[str, str], ...] = ()

    def replace(self, *, name: str | None = None, **roles: str | Format) -> Machine:
        """A copy with other formats; a new format without rounding or overflow keeps those its role
        had.

        Raises MachineError for an unknown role, FormatError for an unknown spelling.
        """
        for role in roles:
            _check_known(role, ROLES, "role", f"machine {self.name!r}")
        formats = {role: _carry(parse(new), getattr(self, role)) for role, new in roles.items()}
        changes = ",".join(f"{role}={format.bare()}" for role, format in formats.items())
        renamed = name or (f"{self.name}({changes})" if changes else self.name)
        changed: dict[str, Any] = {"name": renamed, **formats}
        return dataclasses.replace(self, **changed)

    def resolve(self) -> dict[str, Any]:
        """The whole description as plain data, nothing left to defaults, for output files."""
        return {
            **{field: getattr(self, field) for field in TEXTS},
            "evidence": list(self.evidence),
            "certainty": dict(self.certainty),
            "formats": {role: str(_with_all_modes(getattr(self, role))) for role in ROLES},
            "datapath": {stage: dict(fields) for stage, fields in DATAPATH.items()},
        }


def machine(description: str | os.PathLike[str] | Format | Machine) -> Machine:
    """The machine of that name, of a TOML file, or one that stores everything in a format.

    `description` is a name of `machines()`, the path of a `.toml` file, or a format or its
    spelling: weights, gradients and accumulator then have this format, with stochastic rounding
    unless it carries another, and inputs are float32.  Raises MachineError where it is none of
    these or the file is not a machine.

    >>> import numfmt as nf
    >>> nf.machine("posit<8,1>").weight.rounding
    'stochastic'
    """
    if isinstance(description, Machine):
        return description
    if isinstance(description, Format):
        return _of_format(description)
    if not isinstance(description, (str, os.PathLike)):
        raise MachineError(f"machine: {description!r} is no name, path, format or machine")
    text = os.fspath(description)
    if text in machines():
        return _read(FOLDER / f"{text}.toml")
    if text.endswith(".toml") or os.sep in text:
        return _read(Path(text))
    try:
        return _of_format(parse(text))
    except NumfmtError as error:
        nearest = difflib.get_close_matches(text, machines(), n=3, cutoff=0.5)
        known = ", ".join(nearest or machines())
        raise MachineError(
            f"machine: {text!r} is no machine ({known} ...), no .toml file and no format: {error}"
        ) from error


def machines() -> list[str]:
    """The names of the machines that come with the library.

    >>> import numfmt as nf
    >>> "fixed8" in nf.machines()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _of_format(format: Format) -> Machine:
    """Everything stored in one format, arithmetic and inputs in binary32."""
    float32 = parse("binary32")
    stored = (
        format
        if format.bare() == float32
        else _carry(format, format.replace(rounding="stochastic"))
    )
    return Machine(str(format), weight=stored, gradient=stored, accumulator=stored, input=float32)


def _carry(format: Format, modes: Format) -> Format:
    """`format` with the rounding and overflow of `modes` where it has none of its own."""
    if format.rounding is None and modes.rounding is not None:
        format = format.replace(rounding=modes.rounding)
    if format.overflow is None and modes.overflow is not None:
        format = format.replace(overflow=modes.overflow)
    return format


def _with_all_modes(format: Format) -> Format:
    """The format with the modes that it is used with spelled out."""
    rounding = format.rounding or _core.ROUNDINGS[0].name
    return format.replace(rounding=rounding, overflow=format.overflow or format.default_overflow)


def _read(path: Path) -> Machine:
    """The machine of a TOML file."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MachineError(
            f"machine file {str(path)!r} cannot be read: {error.strerror}"
        ) from error
    except ValueError as error:
        raise MachineError(f"machine file {str(path)!r} is not valid TOML: {error}") from error
    return _from_table(table, f"machine file {str(path)!r}")


def _from_table(table: Mapping[str, Any], where: str) -> Machine:
    """Check every field: an unknown one is an error, never ignored."""
    for field, value in table.items():
        if field in LATER_TABLES:
            raise MachineError(
                f"{where}: table {field!r} is not supported: products and sums are float32 only"
            )
        _check_known(field, FIELDS, "field", where)
        if field in TEXTS and not isinstance(value, str):
            raise MachineError(f"{where}: {field} = {value!r} must be a text")
    for field in ("name", "formats"):
        if field not in table:
            raise MachineError(f"{where}: the field {field!r} is missing")
    _check_datapath(table.get("datapath", {}), where)
    fields: dict[str, Any] = {field: table[field] for field in TEXTS if field in table}
    return Machine(
        **fields,
        **_read_formats(table["formats"], where),
        evidence=_read_evidence(table.get("evidence", []), where),
        certainty=tuple(
            sorted(_expect_texts(table.get("certainty", {}), "certainty", where).items())
        ),
    )


def _read_formats(formats: Any, where: str) -> dict[str, Any]:
    """Role -> format.  A role's value is a spelling or a table { format, rounding, overflow }."""
    if not isinstance(formats, Mapping):
        raise MachineError(f"{where}: formats = {formats!r} must be a table of roles")
    for role in formats:
        if role in LATER_ROLES:
            raise MachineError(
                f"{where}: the role {role!r} is not supported, only {', '.join(ROLES)}"
            )
        _check_known(role, ROLES, "role", where)
    missing = [role for role in ROLES if role not in formats]
    if missing:
        raise MachineError(f"{where}: formats lacks the role {missing[0]!r}")
    return {role: _read_format(formats[role], f"{where}: role {role!r}") for role in ROLES}


def _read_format(entry: Any, where: str) -> Format:
    fields = {"format": entry} if isinstance(entry, str) else entry
    texts = {
        field: ALIASES.get(text, text)
        for field, text in _expect_texts(fields, "its value", where).items()
    }
    for field in texts:
        _check_known(field, ("format", "rounding", "overflow"), "field", where)
    if "format" not in texts:
        raise MachineError(f"{where}: the field 'format' is missing")
    try:
        format = parse(texts.pop("format"))
        return format.replace(**texts) if texts else format
    except NumfmtError as error:
        raise MachineError(f"{where}: {error}") from error


def _check_datapath(datapath: Any, where: str) -> None:
    """Only float32 products, added in order in float32, can be computed."""
    if not isinstance(datapath, Mapping):
        raise MachineError(f"{where}: datapath = {datapath!r} must be a table")
    for stage, fields in datapath.items():
        known = DATAPATH.get(stage)
        given = _expect_texts(fields, f"datapath.{stage}", where) if known else {}
        if known is None or any(
            known.get(field) != ALIASES.get(text, text) for field, text in given.items()
        ):
            raise MachineError(
                f"{where}: datapath.{stage} = {fields!r} is not supported: products and sums are "
                f"float32 only, which reads {DATAPATH}"
            )


def _read_evidence(evidence: Any, where: str) -> tuple[str, ...]:
    if not isinstance(evidence, list) or not all(isinstance(item, str) for item in evidence):
        raise MachineError(f"{where}: evidence = {evidence!r} must be a list of texts")
    return tuple(evidence)


def _expect_texts(table: Any, field: str, where: str) -> dict[str, str]:
    if not isinstance(table, Mapping) or not all(
        isinstance(value, str) for value in table.values()
    ):
        raise MachineError(f"{where}: {field} = {table!r} must be a table of texts")
    return dict(table)


def _check_known(name: str, known: tuple[str, ...], kind: str, where: str) -> None:
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise MachineError(f"{where}: unknown {kind} {name!r}; {hint}allowed: {', '.join(known)}")
