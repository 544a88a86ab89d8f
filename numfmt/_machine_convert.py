"""Conversion instructions of machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _context
from . import _schema as schema
from ._code_array import Array
from ._errors import RandomError
from ._generators import Stream
from ._machine_random import advice, dealt
from ._matmul_operands import flushed, read_codes
from ._random import Generator, Key
from ._report import Report
from .formats import Format

if TYPE_CHECKING:
    from ._machine import Machine


@dataclass(frozen=True)
class Conversion:
    """A conversion instruction: numbers of `source` are rounded to `target`; `daz`: subnormal ones
    count as 0."""

    source: Format = schema.needed(schema.bare_format)
    target: Format = schema.needed(schema.bare_format)
    round: str = schema.entry(schema.rounding, "nearest_even")
    ovf: str | None = schema.entry(schema.overflow)
    daz: str = schema.entry(schema.one_of("none", "keep_sign", "plus"), "none")


class Call(NamedTuple):
    """What a call brings beside numbers."""

    key: Key | Generator | None
    seed: int | None
    random_bits: Any
    report: Report | None


def converted(machine: Machine, name: str, one: Conversion, x: Any, call: Call) -> Array:
    """The numbers of x by conversion `one`, whose name is `name`."""
    codes = flushed(read_codes(x, "x", (one.source,)).data, one.source, one.daz)
    given = Array._of(codes, one.source)
    draws = machine._own_words(name)[1]
    key = _read_key(machine, name, one, given.size, call)
    modes = {"key": key, "random_bits": call.random_bits, "report": call.report}
    if draws is None or not isinstance(key, Stream) or call.random_bits is not None:
        return given.astype(one.target, one.round, one.ovf, **modes)
    with dealt(draws, key, given.size) as bits:
        modes |= {"key": None, "random_bits": bits.reshape(given.shape)}
        return given.astype(one.target, one.round, one.ovf, **modes)


def _read_key(
    machine: Machine, name: str, one: Conversion, count: int, call: Call
) -> Key | Generator | None:
    """The caller's key, or the machine's own generator; a context's is for the conversion to find.

    Random words that nobody gave are asked for here, where the machine's are known."""
    if call.seed is not None:
        if call.key is not None or call.random_bits is not None:
            raise RandomError("seed, key and random_bits exclude each other")
        return machine.stream(call.seed, name, results=count)
    is_missing = call.key is None and call.random_bits is None and _context.calls() is None
    if is_missing and schema.draws(one.round):
        raise RandomError(
            advice(machine._own_words(name)[0], f"machine {machine.name!r}, {name!r}")
        )
    return call.key
