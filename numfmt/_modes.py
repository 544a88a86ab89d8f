"""Spellings of rounding, overflow and NaN modes, and the options that they become for the core."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import _core
from ._core import ffi, lib
from ._errors import RandomError, RoundingError, unknown

_CALL = re.compile(r"\s*([^()\s]+)\s*(?:\(([^()]*)\))?\s*\Z")
_FEW_BITS = re.compile(r"(?:sr_|Stochastic)(lt|ge|[abcABC])\(?(\d+)\)?\Z")
_VARIANTS = {
    name: getattr(lib, f"NF_VARIANT_{name.upper()}") for name in ("A", "B", "C", "lt", "ge")
}
_SPELLED = {spelling: name for name in _VARIANTS for spelling in (name, name.lower())}


_EXACT_MOVES = (lib.NF_FLOAT, lib.NF_FIXED, lib.NF_AFFINE)


@dataclass(frozen=True)
class Rounding:
    """A parsed rounding: the core's row and its parameters."""

    name: str
    number: int
    is_random: bool
    bits: int = 0
    variant: str = ""
    by_code: bool = False
    keep_minpos: bool = False

    def __str__(self) -> str:
        parts = [f"bits={self.bits}", f"variant={self.variant}"] if self.bits else []
        parts += ["probability=code"] if self.by_code else []
        parts += ["underflow=minpos"] if self.keep_minpos else []
        return f"{self.name}({','.join(parts)})" if parts else self.name


@dataclass(frozen=True)
class Overflow:
    """A parsed overflow policy: the core's row and the n of ``wrap(n)``."""

    name: str
    number: int
    count: int = 0

    def __str__(self) -> str:
        return f"{self.name}({self.count})" if self.count else self.name


def _find(rows: tuple[_core.Row, ...], spelling: str, argument: str) -> _core.Row:
    for row in rows:
        if spelling == row.name or spelling in row.aliases:
            return row
    aliases = [alias for row in rows for alias in row.aliases]
    raise RoundingError(unknown(argument, spelling, [row.name for row in rows], aliases))


def _split(spelling: object, argument: str) -> tuple[str, list[str]]:
    if not isinstance(spelling, str):
        raise RoundingError(f"{argument}={spelling!r} must be a spelling (str)")
    match = _CALL.match(spelling)
    if not match:
        raise RoundingError(f"{argument}={spelling!r} is not a name or name(parameters)")
    name, inside = match.groups()
    return name, [part.strip() for part in inside.split(",")] if inside else []


def _integer(value: str, low: int, high: int, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise RoundingError(f"{what}={value!r} must be an integer from {low} to {high}")
    return int(value)


def _stochastic_parameters(parts: list[str], spelling: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        name, _, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if name == "bits":
            found["bits"] = _integer(value, 1, 32, "bits")
        elif name == "variant" and value in _SPELLED:
            found["variant"] = _SPELLED[value]
        elif name == "probability" and value in ("value", "code"):
            found["by_code"] = value == "code"
        elif name == "underflow" and value in ("zero", "minpos"):
            found["keep_minpos"] = value == "minpos"
        else:
            raise RoundingError(
                f"rounding={spelling!r}: {part!r} is not one of bits=1..32, variant=A|B|C|lt|ge, "
                "probability=value|code, underflow=zero|minpos"
            )
    if "variant" in found and "bits" not in found:
        raise RoundingError(f"rounding={spelling!r}: variant needs bits=1..32")
    if "bits" in found:
        found.setdefault("variant", "A")
    return found


def parse_rounding(spelling: str) -> Rounding:
    """A rounding from its spelling: a name or alias, with parameters where it takes some.

    >>> str(parse_rounding("sr_b8"))
    'stochastic(bits=8,variant=B)'
    """
    name, parts = _split(spelling, "rounding")
    if (few := _FEW_BITS.match(spelling.strip())) is not None:
        name, parts = "stochastic", [f"bits={few[2]}", f"variant={few[1]}"]
    row = _find(_core.ROUNDINGS, name, "rounding")
    if not parts:
        return Rounding(row.name, row.number, row.is_random)
    if not row.takes_count:
        raise RoundingError(f"rounding={spelling!r}: {row.name} takes no parameters")
    found = _stochastic_parameters(parts, spelling)
    if row.name != "stochastic" and ("bits" in found or "by_code" in found):
        raise RoundingError(f"rounding={spelling!r}: {row.name} takes only underflow=zero|minpos")
    return Rounding(row.name, row.number, row.is_random, **found)


def parse_overflow(spelling: str) -> Overflow:
    """An overflow policy from its spelling.

    >>> parse_overflow("AP_SAT").name
    'saturate'
    """
    name, parts = _split(spelling, "overflow")
    row = _find(_core.OVERFLOWS[1:], name, "overflow")
    if not parts:
        return Overflow(row.name, row.number)
    if not row.takes_count or len(parts) != 1:
        raise RoundingError(
            f"overflow={spelling!r}: {row.name} takes {'one number' if row.takes_count else 'none'}"
        )
    return Overflow(
        row.name, row.number, _integer(parts[0], 0, 64, f"overflow: the n of {row.name}(n)")
    )


def parse_nan(spelling: str | None) -> int:
    """The number of a NaN policy; None is the default, an error."""
    if spelling is None:
        return 0
    if not isinstance(spelling, str):
        raise RoundingError(f"nan={spelling!r} must be a spelling (str)")
    return _find(_core.NAN_POLICIES, spelling, "nan").number


def check_rounding_for(format: Any, rounding: Rounding) -> None:
    is_ge = rounding.variant == "ge"
    if is_ge and format._elements()._descriptor().family not in _EXACT_MOVES:
        raise RoundingError(
            f"rounding={str(rounding)!r}: variant=ge, which leaves exact values too, has a meaning "
            "for floats, fixed point and affine integers only"
        )
    if not (rounding.by_code or rounding.keep_minpos):
        return
    facts = ffi.new("nf_format_facts *")
    _core.check(lib.nf_format_describe(format._elements()._descriptor(), facts))
    if not facts.is_tapered:
        raise RoundingError(
            f"rounding={str(rounding)!r}: probability= and underflow= have a meaning for posits "
            f"and takums only"
        )


def _has_meaning(format: Any, overflow: int, count: int = 0) -> bool:
    return bool(format._overflow_status(overflow, count) == lib.NF_OK)


def check_overflow_for(format: Any, overflow: Overflow) -> None:
    if _has_meaning(format, overflow.number, overflow.count):
        return
    meaningful = [row.name for row in _core.OVERFLOWS[1:] if _has_meaning(format, row.number)]
    if overflow.name in meaningful:
        counts = range(format.width + 1)
        most = max(n for n in counts if _has_meaning(format, overflow.number, n))
        what = "the width, " if most == format.width else ""
        raise RoundingError(f"overflow={str(overflow)!r}: n must be from 0 to {what}{most}")
    raise RoundingError(
        f"overflow={str(overflow)!r} has no meaning for {format.bare()}; it takes "
        + ", ".join(meaningful)
    )


@dataclass(frozen=True)
class Modes:
    """The modes of one call, resolved: argument, else what the format carries, else the default."""

    rounding: Rounding
    overflow: Overflow
    nan: int

    def options(self) -> Any:
        """A new ``nf_options`` with these modes."""
        options = ffi.new("nf_options *")
        options.rounding = self.rounding.number
        options.random_bits_per_element = self.rounding.bits
        options.variant = _VARIANTS.get(self.rounding.variant, lib.NF_VARIANT_NONE)
        options.by_code = self.rounding.by_code
        options.keep_minpos = self.rounding.keep_minpos
        options.overflow = self.overflow.number
        options.wrap_bits = self.overflow.count
        options.nan = self.nan
        options.isa = _core.isa_number()
        return options


def resolve(format: Any, rounding: str | None, overflow: str | None, nan: str | None) -> Modes:
    """Who decides: the argument (or the context: see _call.plan_of), the format, the default."""
    chosen = parse_rounding(rounding or format.rounding or format.default_rounding)
    policy = overflow or format.overflow or format.default_overflow
    parsed = parse_overflow(policy)
    check_rounding_for(format, chosen)
    check_overflow_for(format, parsed)
    number = parse_nan(nan)
    if number and format.has_nan:
        raise RoundingError(f"nan={nan!r} has no meaning for {format.bare()}: it has a NaN")
    if number and _core.NAN_POLICIES[number].name == "zero" and not format.has_zero:
        raise RoundingError(f"nan={nan!r} has no meaning for {format.bare()}: it has no 0")
    return Modes(chosen, parsed, number)


def check_source(rounding: Rounding, key: object, random_bits: object) -> None:
    """One source of random bits for a stochastic rounding, none for the others."""
    if not rounding.is_random and (key is not None or random_bits is not None):
        name = "key" if key is not None else "random_bits"
        raise RandomError(f"{name} was given, but rounding={str(rounding)!r} draws no random bits")
    if rounding.is_random and key is None and random_bits is None:
        raise RandomError(
            f"rounding={str(rounding)!r} needs key=numfmt.Key(seed), random_bits= or a context's "
            f"key"
        )
    if key is not None and random_bits is not None:
        raise RandomError(
            "key and random_bits were both given; a call takes its random bits from one of them"
        )
