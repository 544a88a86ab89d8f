"""A machine's own random bits: its generators, and which bits of a word each rounding takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _schema as schema
from ._errors import MachineError, NumfmtError, RandomError
from ._generators import Draw, Stream
from ._modes import parse_rounding
from ._rng import KINDS, SEED_RULES, Rng
from ._schema import entry, needed, one_of, whole
from ._word_layouts import WORD_LAYOUTS, lane_words

if TYPE_CHECKING:
    from ._datapath import Datapath

Array = np.ndarray[Any, Any]

OPERAND, RESULT = "operand", "result"
LOW, HIGH = "low", "high"
RULES = {"A": "add", "lt": "lt", "ge": "ge", "C": "src"}
ALL_BITS = 32


def _lanes(value: Any) -> int | str:
    try:
        return RESULT if value == RESULT else int(whole(1, 1 << 40)(value))
    except schema.Unfit as error:
        raise schema.Unfit(f"{error}, or 'result'") from None


@dataclass(frozen=True)
class Source:
    """Where a machine's random words come from: a generator, as `numfmt.Rng` has `kind`, `width`,
    `mask` and `seed_rule`, with `lanes` registers that serve one result after the other, or one for
    each ``"result"``; of kind ``"operand"`` they are an operand of the instruction."""

    kind: str = needed(one_of(*KINDS, OPERAND))
    width: int | None = entry(whole(2, 64))
    mask: int | None = entry(whole(1, (1 << 64) - 1))
    seed_rule: str | None = entry(one_of(*SEED_RULES))
    lanes: int | str | None = entry(_lanes)

    def filled(self, where: str) -> Source:
        """With its defaults; refuses what contradicts itself."""
        if self.kind == OPERAND:
            for name in ("width", "mask", "seed_rule", "lanes"):
                if getattr(self, name) is not None:
                    raise MachineError(f"{where}.{name}: words that are an operand have none")
            return self
        made = replace(self, seed_rule=self.seed_rule or "plus", lanes=self.lanes or RESULT)
        try:
            made.rng()
        except RandomError as error:
            raise MachineError(f"{where}: {error}") from error
        return made

    def rng(self) -> Rng:
        """The generator."""
        assert self.seed_rule is not None
        return Rng(self.kind, width=self.width, mask=self.mask, seed_rule=self.seed_rule)


@dataclass(frozen=True)
class Draws:
    """How a stochastic rounding takes bits of the words of `rng`: `r` bits, the ``"low"`` or
    ``"high"`` ones of each word, or as a `layout` of `numfmt.lane_words`; they are compared with
    the `field` of the discarded bits, by the `rule` of the rounding."""

    rng: str = needed(schema.text)
    rule: str | None = entry(one_of(*RULES.values()))
    r: int | None = entry(whole(1, 32))
    field: str = entry(one_of("top"), "top")
    layout: str = entry(one_of(LOW, HIGH, *WORD_LAYOUTS), LOW)

    @property
    def elements(self) -> int:
        """Elements that share a word."""
        return len(WORD_LAYOUTS.get(self.layout, ((),)))

    def deal(self, words: Array, word_bits: int) -> Array:
        """The random bits of elements."""
        if self.layout in WORD_LAYOUTS:
            return lane_words(words, self.layout)
        assert self.r is not None
        drops = word_bits - self.r if self.layout == HIGH else 0
        found: Array = (words >> words.dtype.type(drops)).astype(np.uint32)
        return found


def roundings_of(path: Datapath) -> set[str]:
    """Those of the sums."""
    steps = [one.round for one in (path.kplan.combine, path.align.join) if one is not None]
    return {one for one in (path.product.round, path.acc.round, *steps) if one is not None}


def read_random(
    table: Mapping[str, Any], conversions: Mapping[str, str], paths: Mapping[str, set[str]]
) -> tuple[dict[str, Source], dict[str, Draws]]:
    """The tables ``rng`` and ``sr`` of a machine; an entry of ``sr`` is named as the conversion or
    datapath (by their roundings) whose bits it describes."""
    rngs = {
        name: schema.read(Source, fields, f"rng.{name}").filled(f"rng.{name}")
        for name, fields in _table(table, "rng").items()
    }
    found = {}
    for name, fields in _table(table, "sr").items():
        schema.check_known(name, [*conversions, *paths], "conversion or datapath", "sr")
        one = schema.read(Draws, fields, f"sr.{name}")
        schema.check_known(one.rng, rngs, "rng", f"sr.{name}")
        is_path = name not in conversions
        roundings = paths[name] if is_path else {conversions[name]}
        found[name] = _filled(one, rngs[one.rng], roundings, f"sr.{name}")
        if is_path and one.layout != LOW:
            raise MachineError(f"sr.{name}.layout = {one.layout!r}: sums take the 'low' bits")
    for name in rngs:
        if all(one.rng != name for one in found.values()):
            raise MachineError(f"rng.{name} is the rng of no sr")
    return rngs, found


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, Mapping):
        raise MachineError(f"{name} = {found!r} must be a table")
    return found


def _filled(one: Draws, source: Source, roundings: set[str], where: str) -> Draws:
    """With the rule and the bits of its rounding, which the table may repeat, not change."""
    drawn = [rounding for rounding in map(parse_rounding, roundings) if rounding.is_random]
    bits = {(rounding.bits, rounding.variant) for rounding in drawn}
    if len(bits) != 1:
        which = "several ways" if bits else "no random bits"
        raise MachineError(f"{where}: {', '.join(sorted(roundings))} draws {which}")
    count, variant = bits.pop()
    if variant and variant not in RULES:
        raise MachineError(f"{where}: no rule of {', '.join(RULES.values())} is variant={variant}")
    own = {"rule": RULES[variant or "A"], "r": count or ALL_BITS}
    for name, value in own.items():
        given = getattr(one, name)
        if given is not None and given != value:
            raise MachineError(f"{where}.{name} = {given!r}, but its rounding has {value!r}")
    made = replace(one, rule=own["rule"], r=own["r"])  # type: ignore[arg-type]
    _check_width(made, source, where)
    return made


def _check_width(one: Draws, source: Source, where: str) -> None:
    if one.layout in WORD_LAYOUTS:
        has = len(WORD_LAYOUTS[one.layout][0])
        if one.r != has:
            raise MachineError(f"{where}: r = {one.r}, but the layout {one.layout!r} has {has}")
    has = ALL_BITS if source.kind == OPERAND else source.rng().word_bits
    if one.layout in WORD_LAYOUTS and has < ALL_BITS:
        raise MachineError(f"{where}: the layout {one.layout!r} is of words of {ALL_BITS} bits")
    if one.r is not None and one.r > has:
        raise MachineError(f"{where}: r = {one.r}, and words of {one.rng!r} have {has} bits")


def begin(source: Source, draws: Draws, seed: int, results: int, where: str) -> Stream:
    """The words of a machine's own generator for so many results."""
    if source.kind == OPERAND:
        raise RandomError(
            f"{where}: its random words are an operand of the instruction, so it has no generator "
            "to seed; give a key= or random_bits="
        )
    words = -(-max(results, 1) // draws.elements)
    return source.rng().stream(
        seed, lanes=words if source.lanes == RESULT else int(source.lanes or 1)
    )


def advice(source: Source | None, where: str) -> str:
    """What a call that brings no random bits is told."""
    own = "key=numfmt.Key(seed) or a context's key"
    if source is None:
        return f"{where} rounds stochastically: {own}"
    if source.kind == OPERAND:
        return f"{where} takes its random words as an operand: random_bits=, {own}"
    return f"{where} rounds stochastically: seed= of its own {source.kind}, {own}"


@contextmanager
def dealt(draws: Draws, stream: Stream, count: int) -> Iterator[Array]:
    """The random bits of so many elements; a call that fails takes none."""
    dtype = np.uint32 if stream.word_bits <= ALL_BITS else np.uint64
    draw = Draw(stream, (-(-count // draws.elements),), dtype)
    words = draw.take()
    try:
        yield draws.deal(words, stream.word_bits)[:count]
    except NumfmtError:
        draw.give_back()
        raise
