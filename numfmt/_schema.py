"""Descriptions in stages: frozen dataclasses whose fields say what they take, read from tables and
written back whole."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ._errors import MachineError, NumfmtError
from ._modes import parse_overflow, parse_rounding
from ._parse import parse
from .formats import Format

ALIASES = {
    **{"inf": "infinity", "max": "saturate", "sat": "saturate", "flag": "wrap"},
    **{"ocp_e4m3": "e4m3fn", "ieee_e5m2": "e5m2", "int8(asym)": "int8", "float32": "binary32"},
    "int8(sym)": "int8<overflow=saturate_symmetric>",
}
Stage = TypeVar("Stage")
Check = Callable[[Any], Any]


class Unfit(ValueError):
    """What a field does not take; the text says what it takes."""


def entry(check: Check, default: Any = None) -> Any:
    """A field of a stage; None is never checked, and means that the field does not apply."""
    return dataclasses.field(default=default, metadata={"check": check})


def needed(check: Check) -> Any:
    """A field without a default."""
    return dataclasses.field(metadata={"check": check})


def one_of(*names: str) -> Check:
    """A spelling of these."""

    def check(value: Any) -> str:
        known = ALIASES.get(value, value) if isinstance(value, str) else value
        if known in names:
            return str(known)
        raise Unfit(f"must be one of {', '.join(names)}")

    return check


def whole(low: int, high: int) -> Check:
    """An integer within bounds."""

    def check(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise Unfit(f"must be an integer from {low} to {high}")

    return check


def finite(value: Any) -> float:
    """A finite number."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and math.isfinite(value):
        return float(value)
    raise Unfit("must be a finite number")


def truth(value: Any) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise Unfit("must be true or false")


def text(value: Any) -> str:
    """A text."""
    if isinstance(value, str):
        return value
    raise Unfit("must be a text")


def a_format(value: Any) -> Format:
    """A format of single numbers, with the modes that it carries."""
    return parse(ALIASES.get(value, value) if isinstance(value, str) else value)


def bare_format(value: Any) -> Format:
    """A format, whose modes are fields of their own."""
    format = a_format(value)
    if format.bare() != format:
        raise Unfit("must carry no modes: they are fields of their own")
    return format


def formats(value: Any) -> tuple[Format, ...]:
    """One format, or a list of those that are taken."""
    found = tuple(map(a_format, value if isinstance(value, (list, tuple)) else [value]))
    if not found:
        raise Unfit("must be a format or a list of formats")
    return found


def rounding(value: Any) -> str:
    """A rounding, spelled in full."""
    return str(parse_rounding(value))


def draws(*roundings: str | None) -> bool:
    """Does any of them draw random bits?"""
    return any(one is not None and parse_rounding(one).is_random for one in roundings)


def overflow(value: Any) -> str:
    """An overflow policy, spelled in full."""
    return str(parse_overflow(ALIASES.get(value, value) if isinstance(value, str) else value))


def several(check: Check) -> Check:
    """A list."""

    def each(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise Unfit("must be a list")
        return tuple(check(one) for one in value)

    return each


def stage(made: type[Any]) -> Check:
    """A stage within a stage."""

    def check(value: Any) -> Any:
        return read(made, value, made.__name__.lower())

    return check


def read(made: type[Stage], given: Any, where: str) -> Stage:
    """A stage from a table of its fields; one that is unknown, missing or not what the field takes
    is a MachineError that names it."""
    if isinstance(given, made):
        return given
    if not isinstance(given, Mapping):
        raise MachineError(f"{where} = {given!r} must be a table of fields")
    fields = {field.name: field for field in dataclasses.fields(made)}  # type: ignore[arg-type]
    for name in given:
        check_known(name, fields, "field", where)
    for name, field in fields.items():
        if name not in given and field.default is dataclasses.MISSING:
            raise MachineError(f"{where}: the field {name!r} is missing")
    return made(**{name: _read(fields[name], given[name], f"{where}.{name}") for name in given})


def check_fields(made: Any, where: str) -> None:
    """The same of a frozen stage whose fields were given as arguments."""
    for field in dataclasses.fields(made):
        value = _read(field, getattr(made, field.name), f"{where}.{field.name}")
        object.__setattr__(made, field.name, value)


def check_parts(
    made: Any,
    where: str,
    kind: str,
    needs: Mapping[str, tuple[str, ...]],
    takes: Mapping[str, tuple[str, ...]] | None = None,
) -> None:
    """Exactly the fields that a kind needs are given, and at most those that it takes beside."""
    needed, taken = needs.get(kind, ()), (takes or {}).get(kind, ())
    every = dict.fromkeys(
        name for table in (needs, takes or {}) for group in table.values() for name in group
    )
    for name in every:
        given = getattr(made, name) is not None
        if name in needed and not given:
            raise MachineError(f"{where}: {kind} needs the field {name!r}")
        if given and name not in (*needed, *taken):
            raise MachineError(f"{where}: {kind} takes no field {name!r}")


def _read(field: Any, value: Any, where: str) -> Any:
    try:
        return None if value is None else field.metadata["check"](value)
    except Unfit as error:
        raise MachineError(f"{where} = {value!r} {error}") from None
    except MachineError as error:
        raise MachineError(f"{where}: {error}") from None
    except NumfmtError as error:
        raise MachineError(f"{where} = {value!r}: {error}") from error


def written(value: Any) -> Any:
    """Plain data that `read` takes back: fields that do not apply are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Format)):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {name: written(one) for name, one in fields.items() if one is not None}
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [written(one) for one in value]
    return value


def check_known(name: object, known: Iterable[str], kind: str, where: str) -> None:
    """A name of these, or an error with the nearest."""
    names = list(known)
    if name not in names:
        nearest = difflib.get_close_matches(str(name), names, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise MachineError(f"{where}: unknown {kind} {name!r}; {hint}allowed: {', '.join(names)}")
