"""Datapaths as the core takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core, _modes
from ._arrays import Array as Numbers
from ._core import ffi, lib
from ._datapath import FLUSHES, Datapath
from ._errors import FormatError, MachineError, NumfmtError, RandomError
from ._generators import Stream
from ._rng import states_of
from .formats import Float, Format

KINDS = {"chain": 0, "tree": 1, "aligned": 2, "exact": 3, "int": 3}
JOINS = {"early": 0, "late": 1, "after": 2}
BINARY32_END = 128


class Described:
    """An ``nf_datapath`` for sums of so many terms; it lives as long as this does."""

    def __init__(
        self, path: Datapath, terms: int, scales: Any = None, stream: Stream | None = None
    ) -> None:
        self._alive: list[Any] = []
        self.taken = self._new("uint8_t *")
        self.c = self._new("nf_datapath *", {"least_exponent": lib.NF_NO_FLOOR})
        self.c.path_taken = self.taken
        self.c.result = path.acc.type._descriptor()
        self._fill_blocks(path)
        self._fill_sums(path)
        self._fill_roundings(path)
        self._fill_chains(path, terms)
        if scales is not None:
            self._fill_scales(path, *scales)
        if stream is not None:
            self._fill_words(stream)

    def _new(self, *what: Any) -> Any:
        made = ffi.new(*what)
        self._alive.append(made)
        return made

    def _step(self, step: Any, format: Format, rounding: str, overflow: str | None = None) -> None:
        """One rounding."""
        try:
            options = _modes.resolve(format, rounding, overflow, None).options()
        except NumfmtError as error:
            raise MachineError(f"datapath: {format}: {error}") from error
        options.isa = 0
        descriptor = format._descriptor()
        self._alive += [options, descriptor]
        step.format, step.options = descriptor, options

    def _fill_blocks(self, path: Datapath) -> None:
        c, block = self.c, path.block
        c.kind, c.is_fused = KINDS[block.kind], bool(block.fma)
        c.block = 0 if isinstance(block.n, str) else block.n
        c.even_odd = block.groups == "even_odd"
        c.group = block.groups if isinstance(block.groups, int) else 0
        inst_k = path.kplan.inst_k
        c.instruction = 0 if isinstance(inst_k, str) else inst_k
        if not isinstance(block.perm, str):
            c.order = self._new("uint16_t[]", block.perm)

    def _fill_sums(self, path: Datapath) -> None:
        c, align, acc = self.c, path.align, path.acc
        c.joins = JOINS[align.c_join]
        c.flush_operands, c.flush_sums = FLUSHES.index(path.prep.daz), FLUSHES.index(acc.ftz)
        c.zero_is_plus = acc.zero_sign == "plus"
        c.leaves_at_end = path.block.kind in ("aligned", "exact") and acc.ovf == "infinity"
        c.cuts_by_floor, c.zeros_count = align.cut == "floor", bool(align.zeros_in_max)
        c.normalises = path.product.exp_rule == "normalised"
        c.fraction_bits = align.F or 0
        if isinstance(align.E_floor, int):
            c.least_exponent = align.E_floor
        for i, bits in enumerate(align.late or ()):
            c.late_bits[i] = bits
        c.far_is_zero = align.c_far == "zero"
        c.product_end = BINARY32_END if path.product.ovf == "infinity" else 0
        c.nan_code = acc.nan or 0

    def _fill_roundings(self, path: Datapath) -> None:
        product, acc, combine = path.product, path.acc, path.kplan.combine
        if product.format is not None:
            self._step(self.c.product, product.format, product.round or acc.round)
        self._step(self.c.sum, sum_format(path), acc.round, acc.ovf)
        if path.align.join is not None:
            self._step(self.c.join, path.align.join.format, path.align.join.round)
        if combine is not None:
            self.c.in_pairs = combine.order == "pairwise"

    def _fill_chains(self, path: Datapath, terms: int) -> None:
        plan, c = path.kplan, self.c
        chains = plan.chains(terms)
        if chains is not None and terms:
            c.chains = int(chains.max()) + 1
            self._alive.append(np.ascontiguousarray(chains))
            c.chain_of = ffi.cast("size_t *", _core.pointer(self._alive[-1]))
        c.c_comes_last = plan.c == "last"
        c.in_pairs = bool(c.in_pairs) and c.chains > 1
        c.run = plan.run(terms) if c.chains > 1 else 0
        if plan.combine is not None and (c.chains > 1 or c.c_comes_last):
            self._step(c.combine, plan.combine.format, plan.combine.round)

    def _fill_scales(self, path: Datapath, a: Numbers, b: Numbers) -> None:
        assert path.prep.scale is not None
        scaling = self._new("nf_scaling *", {"size": path.prep.scale.size})
        scaling.format = path.prep.scale.format._descriptor()
        for name, codes in (("a", a), ("b", b)):
            self._alive.append(codes)
            setattr(scaling, name, ffi.cast("void *", _core.pointer(codes) or ffi.NULL))
            batch = 0 if len(codes) == 1 else codes[0].size
            setattr(scaling, f"{name}_batch", batch)
        self.c.scaling = scaling

    def _fill_words(self, stream: Stream) -> None:
        words = self._new("nf_word_source *", {"generator": stream._c, "lanes": stream.lanes})
        words.states = states_of(stream._at)
        self._alive.append(stream)
        self.c.words = words


def sum_format(path: Datapath) -> Format:
    """That of a block's sum: the accumulator's, with fewer fraction bits where the machine makes
    fewer."""
    own, bits = path.acc.type, path.acc.out_frac
    if bits is None:
        return own
    assert isinstance(own, Float)
    if bits > own.fraction_bits:
        raise MachineError(f"acc.out_frac = {bits} is more than {own} has")
    return own if bits == own.fraction_bits else own.replace(fraction_bits=bits)


def vectors(data: Numbers, format: Format, row: int, term: int) -> tuple[Any, Any]:
    """The ``nf_vectors`` of codes with three axes, batches first, and the memory that it shows:
    `row` and `term` are the axes of vectors and of their terms.  Views are not copied, but where a
    stride is negative or no multiple of a code."""
    size = data.itemsize
    native = data.astype(data.dtype.newbyteorder("="), copy=False)
    if any(stride < 0 or stride % size for stride in native.strides):
        native = np.ascontiguousarray(native)
    batch = 0 if len(native) == 1 else native.strides[0] // size
    made = ffi.new("nf_vectors *", {"format": format._descriptor(), "batch": batch})
    made.row, made.step = native.strides[row] // size, native.strides[term] // size
    if native.size:
        made.data = ffi.cast("void *", native.ctypes.data)
    return made, native


def multiply(
    described: Described,
    operands: list[tuple[Any, Any] | None],
    out: Numbers,
    terms: int,
    options: Any,
    report: Any,
) -> tuple[_core.Refusal | None, str]:
    """The core's answer, codes (batches, rows, columns) of the accumulator's format in `out`, and
    how it computed."""
    a, b, c = (one[0] if one is not None else ffi.NULL for one in operands)
    shape = ffi.new("nf_dot_shape *", (*out.shape, terms))

    def call(options: Any) -> int:
        status: int = lib.nf_matmul(
            described.c, shape, a, b, c, options, _core.pointer(out), report
        )
        return status

    try:
        found = _core.tried(call, options, None)
    except RandomError as error:
        if described.c.words == ffi.NULL:
            raise
        raise RandomError(f"key has too few bits or words left for this product: {error}") from None
    except FormatError as error:
        raise MachineError(f"datapath: the core does not compute it: {error}") from error
    return found, _core.text(lib.nf_matmul_path_at(described.taken[0]).name)
