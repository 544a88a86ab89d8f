"""What contradicts itself in a datapath."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ._errors import MachineError
from .formats import Fixed, Float

if TYPE_CHECKING:
    from ._datapath import Datapath


def check(path: Datapath) -> None:
    """Refuse a description of which one field says what another excludes."""
    for contradictions in (_of_blocks, _of_joins, _of_products, _of_operands):
        for is_wrong, what in contradictions(path):
            if is_wrong:
                raise MachineError(f"datapath: {what}")
    path.kplan.check(path.block.perm)


def _of_blocks(path: Datapath) -> Iterator[tuple[bool, str]]:
    kind, n, inst_k = path.block.kind, path.block.n, path.kplan.inst_k
    is_aligned = kind == "aligned"
    yield is_aligned and path.align.F is None, "align: the field 'F' is missing of an aligned block"
    for name in ("F", "cut", "E_floor", "zeros_in_max", "late"):
        is_set = getattr(path.align, name) is not None
        yield not is_aligned and is_set, f"align.{name} is of aligned blocks, not of {kind!r}"
    yield kind != "chain" and path.block.fma is not None, "block.fma is of chains"
    if isinstance(n, int) and isinstance(inst_k, int):
        yield n > inst_k, f"block.n = {n} is more than kplan.inst_k = {inst_k}"
    groups, scale = path.block.groups, path.prep.scale
    yield groups is not None and not is_aligned, "block.groups is of aligned blocks"
    applied = scale is not None and scale.applied == "after_group"
    needs = "scale.applied = 'after_group' and block.groups = a number need each other"
    yield applied != isinstance(groups, int), needs
    if isinstance(groups, int) and isinstance(n, int):
        yield n % groups != 0, f"block.n = {n} is no multiple of block.groups = {groups}"


def _of_joins(path: Datapath) -> Iterator[tuple[bool, str]]:
    align = path.align
    is_late, is_after = align.c_join == "late", align.c_join == "after"
    yield is_late and path.block.kind != "aligned", "align.c_join = 'late' is of aligned blocks"
    yield is_late != (align.late is not None), "align.late and c_join = 'late' need each other"
    yield align.late is not None and len(align.late) != 3, "align.late must be three numbers"
    yield align.c_far is not None and not is_late, "align.c_far is of c_join = 'late'"
    is_even = path.block.groups == "even_odd"
    yield is_even and not is_late, "block.groups = 'even_odd' is of align.c_join = 'late'"
    yield is_after != (align.join is not None), "align.join is of c_join = 'after'"


def _of_products(path: Datapath) -> Iterator[tuple[bool, str]]:
    product, kind = path.product, path.block.kind
    rounds = product.kind == "round"
    may_round = kind in ("chain", "tree")
    yield rounds and not may_round, f"product.kind = 'round' is not of {kind!r} blocks"
    yield rounds != (product.format is not None), "product.format needs kind = 'round', and it it"
    yield not rounds and product.round is not None, "product.round needs kind = 'round'"
    is_aligned = kind == "aligned"
    yield product.exp_rule is not None and not is_aligned, "product.exp_rule is of aligned blocks"
    yield bool(path.block.fma) and rounds, "block.fma and rounded products exclude each other"


def _of_operands(path: Datapath) -> Iterator[tuple[bool, str]]:
    prep, acc = path.prep, path.acc
    taken = (*prep.a, *prep.b)
    integers = all(isinstance(f, Fixed) and f.fraction_bits == 0 for f in taken)
    is_int = path.block.kind == "int"
    yield is_int and not integers, "block.kind = 'int' takes integers, fixed<width,0>"
    has_points = prep.zero_point != "none"
    yield has_points and not integers, "prep.zero_point is of integers, fixed<width,0>"
    is_float = isinstance(acc.type, Float)
    yield acc.out_frac is not None and not is_float, f"acc.out_frac is of floats, not of {acc.type}"
    differs = acc.daz != prep.daz
    text = f"acc.daz = {acc.daz!r} beside prep.daz = {prep.daz!r} is not supported"
    yield differs and prep.daz != "none", text
    one_each = len(taken) == 2
    yield prep.pretrunc is not None and not one_each, "prep.pretrunc takes one format of a and of b"
