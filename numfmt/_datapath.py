"""Datapaths: how a machine computes a matrix product, stage by stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import _schema as schema
from ._datapath_checks import check
from ._epilogue import Operation, operation
from ._errors import MachineError
from ._kplan import Combine, KPlan
from ._schema import entry, needed, one_of, whole
from .formats import Format

FLUSHES = ("none", "keep_sign", "plus")
WHOLE = "k"
MOST = 1 << 40
INTEGER_EXPONENT = 1 << 14


def _count(value: Any) -> int | str:
    return WHOLE if value == WHOLE else _unless("'k' (all)", whole(1, 65535), value)


def _floor(value: Any) -> int | str:
    ends = whole(-INTEGER_EXPONENT, INTEGER_EXPONENT)
    return "none" if value == "none" else _unless("'none'", ends, value)


def _unless(name: str, check: schema.Check, value: Any) -> int:
    try:
        return int(check(value))
    except schema.Unfit as error:
        raise schema.Unfit(f"{error}, or {name}") from None


def _order(value: Any) -> str | tuple[int, ...]:
    if value == "identity":
        return "identity"
    order: tuple[int, ...] = schema.several(whole(0, 65534))(value)
    if sorted(order) != list(range(len(order))):
        raise schema.Unfit("must be 'identity', or name each of 0 .. n - 1 once")
    return order


@dataclass(frozen=True)
class Scale:
    """Scales shared by `size` neighbours along k."""

    size: int = needed(whole(1, 65535))
    format: Format = needed(schema.bare_format)
    applied: str = entry(one_of("in_exponent", "after_group"), "in_exponent")


@dataclass(frozen=True)
class Prep:
    """What becomes of the operands (P0): the formats that are taken, subnormal numbers (`daz`),
    the format that longer operands are cut to, integers that are subtracted, scales of blocks."""

    a: tuple[Format, ...] = needed(schema.formats)
    b: tuple[Format, ...] = needed(schema.formats)
    daz: str = entry(one_of(*FLUSHES), "none")
    pretrunc: Format | None = entry(schema.bare_format)
    zero_point: str = entry(one_of("none", "a", "b", "both"), "none")
    scale: Scale | None = entry(schema.stage(Scale))


@dataclass(frozen=True)
class Product:
    """Products (P1): exact or rounded; in aligned blocks the exponent that aligns them is the sum
    of the factors' or, `normalised`, the product's own; `ovf`: at 2**128 they are infinite."""

    kind: str = entry(one_of("exact", "round"), "exact")
    format: Format | None = entry(schema.bare_format)
    round: str | None = entry(schema.rounding)
    ovf: str = entry(one_of("none", "infinity"), "none")
    exp_rule: str | None = entry(one_of("sum", "normalised"))


@dataclass(frozen=True)
class Rounded:
    """One rounding."""

    format: Format = needed(schema.bare_format)
    round: str = entry(schema.rounding, "nearest_even")


@dataclass(frozen=True)
class Block:
    """What is added at once (P2): `n` products of an instruction, taken in the order `perm`;
    `groups`: even and odd places first, each for itself, or so many neighbours, exactly."""

    kind: str = needed(one_of("chain", "tree", "aligned", "exact", "int"))
    n: int | str = entry(_count, WHOLE)
    perm: str | tuple[int, ...] = entry(_order, "identity")
    fma: bool | None = entry(schema.truth)
    groups: str | int | None = entry(lambda x: x if x == "even_odd" else whole(1, 65535)(x))


@dataclass(frozen=True)
class Align:
    """How terms of aligned blocks are cut (P3), and when the sum so far (c) joins: ``early``,
    among the products; ``late``, behind them: the products' sum and c are cut by floor to late[0]
    and late[1] bits below the larger exponent, their sum to late[2] below its own, and a c below
    all of its bits counts as its `c_far` says; or ``after`` their sum was rounded."""

    F: int | None = entry(whole(-60, 60))
    cut: str | None = entry(one_of("toward_zero", "floor"))
    E_floor: int | str | None = entry(_floor)
    zeros_in_max: bool | None = entry(schema.truth)
    c_join: str = entry(one_of("early", "late", "after"), "early")
    late: tuple[int, ...] | None = entry(schema.several(whole(-60, 60)))
    c_far: str | None = entry(one_of("floor", "zero"))
    join: Rounded | None = entry(schema.stage(Rounded))


@dataclass(frozen=True)
class Acc:
    """The sum (P4): its format, the fraction bits that are produced, rounding and overflow,
    subnormal numbers made (`ftz`) and read (`daz`), the sign of 0, the code of NaN, and how many
    products it may take."""

    type: Format = needed(schema.bare_format)
    out_frac: int | None = entry(whole(0, 60))
    round: str = entry(schema.rounding, "nearest_even")
    ovf: str | None = entry(schema.overflow)
    ftz: str = entry(one_of(*FLUSHES), "none")
    daz: str | None = entry(one_of(*FLUSHES))
    zero_sign: str = entry(one_of("ieee", "plus"), "ieee")
    nan: int | None = entry(whole(1, (1 << 64) - 1))
    max_terms: int | None = entry(whole(1, MOST))


@dataclass(frozen=True)
class Init:
    """What the sum begins with: `c`, 0, or the operand `bias`."""

    c: str = entry(one_of("input", "zero", "bias"), "input")


@dataclass(frozen=True)
class Datapath:
    """How a machine computes the sums of products of a matrix product: datapaths.md's P0 to P6.

    Stages are given as tables of fields, `Datapath(prep={"a": "e4m3fn", ...}, ...)`: `prep` a, b,
    daz, pretrunc, zero_point, scale; `product` kind, format, round, ovf, exp_rule; `block` kind, n,
    perm, fma, groups; `align` F, cut, E_floor, zeros_in_max, c_join, late, join; `acc` type,
    out_frac, round, ovf, ftz, daz, zero_sign, nan, max_terms; `init` c; `kplan` inst_k, split,
    every, combine, c; `epilogue` a list of operations.  Those that are left out take the defaults
    that `resolve` shows.  Immutable and hashable; two with the same resolved description are equal,
    and give the same bits.

    Raises:
        MachineError: an unknown, missing or contradictory field.

    >>> import numfmt as nf
    >>> path = nf.Datapath(
    ...     prep={"a": "binary16", "b": "binary16"},
    ...     block={"kind": "aligned", "n": 8},
    ...     align={"F": 24, "E_floor": -132},
    ...     acc={"type": "binary32", "round": "toward_zero", "zero_sign": "plus"},
    ... )
    >>> path.align.cut
    'toward_zero'
    >>> nf.Datapath(**path.resolve()) == path
    True
    """

    prep: Prep
    block: Block
    acc: Acc
    product: Product = Product()
    align: Align = Align()
    init: Init = Init()
    kplan: KPlan = KPlan()
    epilogue: tuple[Operation, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in STAGES.items():
            object.__setattr__(self, name, schema.read(kind, getattr(self, name), name))
        if not isinstance(self.epilogue, (list, tuple)):
            raise MachineError(f"epilogue = {self.epilogue!r} must be a list of operations")
        found = tuple(operation(one, f"epilogue[{i}]") for i, one in enumerate(self.epilogue))
        object.__setattr__(self, "epilogue", found)
        _fill(self)
        check(self)

    @property
    def output(self) -> Format:
        """The format of results."""
        made = [one.format for one in self.epilogue if one.format is not None]
        return made[-1] if made else self.acc.type

    @property
    def operands(self) -> tuple[str, ...]:
        """The names that `matmul` takes beside a, b and c."""
        names = [f"zero_point_{x}" for x in "ab" if self.prep.zero_point in (x, "both")]
        names += ["scale_a", "scale_b"] if self.prep.scale is not None else []
        names += ["bias"] if self.init.c == "bias" else []
        return tuple(dict.fromkeys([*names, *(n for one in self.epilogue for n in one.operands)]))

    @property
    def optional(self) -> tuple[str, ...]:
        """Those of them that may be left out."""
        return tuple(name for one in self.epilogue for name in one.optional)

    @property
    def sums_are_random(self) -> bool:
        """Does a rounding of the sums draw random bits?"""
        steps = [one.round for one in (self.kplan.combine, self.align.join) if one is not None]
        return schema.draws(self.product.round, self.acc.round, *steps)

    @property
    def is_random(self) -> bool:
        """Does any rounding?"""
        return self.sums_are_random or self.epilogue_is_random

    @property
    def epilogue_is_random(self) -> bool:
        """Does a rounding of the epilogue?"""
        return schema.draws(*(one.round for one in self.epilogue))

    def resolve(self) -> dict[str, Any]:
        """The whole description as plain data, nothing left to defaults."""
        stages = {name: schema.written(getattr(self, name)) for name in STAGES}
        return {**stages, "epilogue": [schema.written(one) for one in self.epilogue]}

    def to_json(self) -> str:
        """The resolved description as JSON; `Datapath(**json.loads(text))` is the same again."""
        return json.dumps(self.resolve(), indent=2)

    def replace(self, **stages: Mapping[str, Any]) -> Datapath:
        """A copy with fields of stages changed, `replace(align={"F": 13})`; of kplan and epilogue
        all."""
        changed: dict[str, Any] = dict(stages)
        for name, fields in stages.items():
            schema.check_known(name, [*STAGES, "epilogue"], "stage", "replace")
            if name not in ("epilogue", "kplan") and isinstance(fields, Mapping):
                changed[name] = {**schema.written(getattr(self, name)), **fields}
        return replace(self, **changed)


STAGES: dict[str, type[Any]] = {
    **{"prep": Prep, "product": Product, "block": Block, "align": Align},
    **{"acc": Acc, "init": Init, "kplan": KPlan},
}


def _set(path: Datapath, stage: str, **defaults: Any) -> None:
    """Fields that are still None."""
    own = getattr(path, stage)
    missing = {name: x for name, x in defaults.items() if getattr(own, name) is None}
    object.__setattr__(path, stage, replace(own, **missing))


def _fill(path: Datapath) -> None:
    """The defaults that depend on other fields."""
    kind, acc = path.block.kind, path.acc
    if kind == "aligned":
        _set(path, "align", cut="toward_zero", E_floor="none", zeros_in_max=False)
        _set(path, "product", exp_rule="sum")
    if kind == "chain":
        _set(path, "block", fma=path.product.kind == "exact")
    if path.align.c_join == "after":
        _set(path, "align", join=Rounded(acc.type))
    if path.align.c_join == "late":
        _set(path, "align", c_far="floor")
    default = "wrap" if kind == "int" else acc.type.default_overflow
    _set(path, "acc", ovf=default, daz=path.prep.daz)
    if path.kplan.has_chains:
        _set(path, "kplan", combine=Combine(acc.type))
