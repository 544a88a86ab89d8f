"""Sums that a machine takes in several chains one after the other, each a product of its own.

A chain of a K plan begins with 0 and takes the next `every` products; its sum is then added to that
of those before.  Chains as matrices beside each other go through the fast loops of products with
one chain, and the processor adds binary32 as the machine does.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from .._arrays import Array
from .._code_array import Array as CodeArray
from .._datapath import Datapath
from .._matmul import matmul
from ._operand import SINGLE

ROOM = 1 << 22  # sums of chains that are there at once


@functools.lru_cache(maxsize=64)
def one_chain(path: Datapath) -> Datapath | None:
    """The datapath of a chain alone; None where its chains are no such ones."""
    plan, combine, acc = path.kplan, path.kplan.combine, path.acc
    if plan.every is None or plan.split is not None or plan.c != "first" or combine is None:
        return None
    in_single = combine.format == acc.type == SINGLE and combine.round == "nearest_even"
    is_plain = acc.ftz == "none" and not (path.epilogue or path.operands or path.is_random)
    if combine.order != "serial" or not (in_single and is_plain):
        return None
    alone: Any = dataclasses.replace(plan, every=None, combine=None)
    return path.replace(kplan=alone)


def summed_chains(a: CodeArray, b: CodeArray, path: Datapath, alone: Datapath) -> Array:
    """a @ b of a datapath with such chains, (..., m, k) by (..., k, n), in float32."""
    every, terms = path.kplan.every, a.shape[-1]
    assert every is not None
    batches = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    whole = terms // every
    left, right = _cut(a.codes, whole, every, -1), _cut(b.codes, whole, every, -2)
    size = int(np.prod((*batches, a.shape[-2], b.shape[-1]), dtype=np.int64))
    at_once = max(1, ROOM // max(1, size))
    total: Array | None = None
    for first in range(0, whole, at_once):
        piece = slice(first, first + at_once)
        made = matmul(_like(a, left[piece]), _like(b, right[piece]), alone).codes
        for one in made.view(np.float32):
            total = one.copy() if total is None else np.add(total, one, out=total)
    if whole * every < terms or total is None:
        rest = matmul(a[..., whole * every :], b[..., whole * every :, :], alone)
        last = rest.codes.view(np.float32)
        total = last if total is None else np.add(total, last, out=total)
    if path.acc.nan is not None:
        total.view(np.uint32)[np.isnan(total)] = path.acc.nan
    return total


def _cut(codes: Array, whole: int, every: int, axis: int) -> Array:
    """(chain, ..., m, k of a chain) or (chain, ..., k of a chain, n), a view."""
    along = np.moveaxis(codes, axis, -1)[..., : whole * every]
    parts = along.reshape(*along.shape[:-1], whole, every)
    return np.moveaxis(np.moveaxis(parts, -2, 0), -1, axis)


def _like(of: CodeArray, codes: Array) -> CodeArray:
    return CodeArray._of(codes, of.format)
