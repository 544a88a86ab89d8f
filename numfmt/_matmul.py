"""Matrix products as machines compute them."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np

from . import _context, _core
from ._arrays import Array as Numbers
from ._call import plan_of
from ._code_array import Array
from ._core import ffi
from ._datapath import Datapath
from ._datapath_core import Described, multiply, vectors
from ._epilogue_run import finished
from ._errors import MachineError, NanError, NumfmtError, RandomError, RangeError
from ._generators import Stream
from ._kplan import KPlan
from ._machine import Machine
from ._machine_find import machine
from ._machine_random import advice
from ._matmul_operands import Factors, named_operands, read_factors
from ._operation_out import Result
from ._random import Generator, Key, core_key, give_back, take_key
from ._report import Report, collecting, listeners
from ._threads import count

SAMPLED = 1000  # debug: of so many rows one


def matmul(
    a: Any,
    b: Any,
    datapath: Datapath | Machine | str,
    c: Any = None,
    *,
    key: Key | Generator | None = None,
    seed: int | None = None,
    plan: str | KPlan | None = None,
    out: Any = None,
    report: Report | None = None,
    debug: bool = False,
    **operands: Any,
) -> Array:
    """c + a b, with the bits that the machine gives.

    Args:
        a, b: shaped as for numpy.matmul: Arrays of the datapath's input formats, or numbers that
            one of them holds; nothing is rounded.  Transposed and sliced Arrays are not copied.
        datapath: a `Datapath`, a `Machine` or its name (then its datapath for ``"fprop"``).
        c: None (0) or what the sums begin with, an Array of the accumulator's format or numbers
            that it holds; shaped as the result, or broadcast to it.
        key: of stochastic roundings, else the context's; rounding s of a sum takes
            ``key.fold_in("matmul", key.call).at(s)``, one of the epilogue
            ``key.fold_in("epilogue", i, key.call)``, i its place.  Or a `Stream` of a hardware
            generator, for those of the sums: result i takes a word for each of its roundings from
            lane i mod lanes, behind results i - lanes, i - 2 lanes and so on.
        seed: of the machine's own generator, in place of a key: ``key=machine.stream(seed,
            results=...)``, of as many results as the product has.
        plan: the order of the sum: a `KPlan`, or the name of one of the machine's.
        out: where the result goes: an Array of the output format, or a float array.
        report: counts every rounding, by the scalar reference; ``report.path`` says how the sums
            were computed, a `Report` with ``counts=False`` of the fast paths too.
        debug: compute one row in 1000 (at least one) again by the scalar reference.
        operands: by the names that the datapath declares (``datapath.operands``), as scale_a,
            bias, multiplier.

    Returns:
        An `Array` of ``datapath.output``; `out` where it is given.

    Raises:
        MachineError: an unknown machine or plan, an operand that is missing or unknown, more
            products than the accumulator is stated to take.
        NumfmtError: with debug, a bit that differs from the reference's.
        ShapeError, FormatError, RandomError, NanError, RangeError: as for other operations.

    >>> import numfmt as nf
    >>> path = nf.Datapath(
    ...     prep={"a": "e4m3fn", "b": "e4m3fn"},
    ...     block={"kind": "aligned", "n": 32},
    ...     align={"F": 13},
    ...     acc={"type": "binary32", "out_frac": 13, "round": "toward_zero"},
    ... )
    >>> nf.matmul(nf.full((1, 64), 0.3125, "e4m3fn"), nf.full((64, 1), 1.75, "e4m3fn"), path).item()
    35.0
    """
    path, owner = read_path(datapath, plan)
    name = _name(owner)
    values = named_operands(path, operands, name)
    factors = read_factors(path, a, b, c, values, name)
    source = _read_source(path, key, seed, owner, math.prod(factors.shape))
    taken = source if source is None or isinstance(source, Stream) else take_key(source)
    target = Result(out, plan_of(path.output), factors.shape, factors.memory)
    product = _Product(path, factors, taken)
    try:
        with collecting(report) as c_report:
            sums = product.sums(c_report)
            if debug:
                product.check(sums)
        own = None if isinstance(taken, Stream) else taken
        found = finished(path, Array._of(sums, path.acc.type), values, own, report)
    except NumfmtError:
        if isinstance(source, Generator) and isinstance(taken, Key):
            give_back(source, taken)
        raise
    for one in listeners(report):
        one.path = product.path_taken
    target.codes[...] = found.codes
    made = Array._of(target.codes, path.output)
    return made if out is None else target.finish()


def read_path(given: Any, plan: Any) -> tuple[Datapath, Machine | None]:
    """The datapath with its order of the sum, and the machine whose it is."""
    if isinstance(given, Datapath):
        if isinstance(plan, str):
            raise MachineError(f"plan={plan!r} is a name, which machines have; give a KPlan")
        return (given if plan is None else given.replace(kplan=plan)), None
    found = machine(given)
    found.say_what_is_assumed()
    return found.datapath(plan=plan), found


def _name(owner: Machine | None) -> str:
    """How messages name a datapath."""
    return "datapath" if owner is None else f"machine {owner.name!r}"


def _read_source(
    path: Datapath,
    key: Key | Generator | None,
    seed: int | None,
    owner: Machine | None,
    results: int,
) -> Key | Generator | None:
    """Where random bits come from: the caller's key, the machine's own, or the context's."""
    if seed is not None and key is not None:
        raise RandomError("seed and key exclude each other")
    if not path.is_random:
        if key is not None or seed is not None:
            given = "seed" if key is None else "key"
            raise RandomError(
                f"{given} was given, but no rounding of the datapath draws random bits"
            )
        return None
    if seed is not None:
        if owner is None:
            raise RandomError("seed is of a machine's own generator, which a datapath has not")
        key = owner.stream(seed, results=results)
    key = _context.calls() if key is None else key
    if key is None:
        source = None if owner is None else owner._own_words()[0]
        raise RandomError(advice(source, _name(owner)))
    if isinstance(key, Stream) and path.epilogue_is_random:
        raise RandomError("key is a Stream, and the epilogue rounds stochastically: give a Key")
    return key


class _Product:
    """The sums of one call."""

    def __init__(self, path: Datapath, factors: Factors, key: Key | Stream | None) -> None:
        self.path, self.factors = path, factors
        self.key = key if path.sums_are_random else None
        if isinstance(self.key, Key):
            self.key = self.key.fold_in("matmul", self.key.call).at(0, self.key.first)
        self.path_taken = "reference"

    def sums(self, report: Any) -> Numbers:
        """Codes of the accumulator's format, shaped as the result."""
        f = self.factors
        plan = plan_of(self.path.acc.type)
        codes = np.empty((f.batches, f.rows, f.columns), plan.code_dtype)
        options = ffi.new("nf_options *", {"isa": _core.isa_number(), "threads": count()})
        self.before = self.key.copy() if isinstance(self.key, Stream) else None
        found = self._multiply(codes, f, 0, options, report, self.key)
        if found is not None:
            self._refuse(found)
        return codes.reshape(f.shape)

    def check(self, sums: Numbers) -> None:
        """Compare some rows with the scalar reference; of words in their order all."""
        f = self.factors
        codes = sums.reshape(f.batches * f.rows, f.columns)
        options = ffi.new("nf_options *", {"isa": _core.reference(), "threads": count()})
        if self.before is not None:
            again = np.empty((f.batches, f.rows, f.columns), codes.dtype)
            self._multiply(again, f, 0, options, ffi.NULL, self.before)
            self._compare(codes, again.reshape(codes.shape), 0)
            return
        for row in range(0, len(codes), SAMPLED):
            again = np.empty((1, 1, f.columns), codes.dtype)
            self._multiply(again, f.row(row), row * f.columns, options, ffi.NULL, self.key)
            self._compare(codes[row : row + 1], again[0], row)

    def _compare(self, codes: Numbers, again: Numbers, row: int) -> None:
        for i, j in np.argwhere(codes != again)[:1].tolist():
            raise NumfmtError(
                f"matmul: path {self.path_taken!r} gave {codes[i, j]:#x} in row {row + i}, column "
                f"{j}; the reference gives {again[i, j]:#x}: please report it"
            )

    def _multiply(
        self, out: Numbers, f: Factors, first: int, options: Any, report: Any, key: Any
    ) -> _core.Refusal | None:
        alive = None
        if isinstance(key, Key):
            alive = options.key = core_key(key)
            options.first = key.first + first
        operands = [vectors(f.a, f.formats[0], 1, 2), vectors(f.b, f.formats[1], 2, 1)]
        sums = None if f.c is None else vectors(f.c, self.path.acc.type, 1, 2)
        call = Described(self.path, f.terms, f.scales, key if isinstance(key, Stream) else None)
        with key._lock if isinstance(key, Stream) else contextlib.nullcontext():
            found = multiply(call, [*operands, sums], out, f.terms, options, report)
        del alive
        if options.isa != _core.reference():
            self.path_taken = found[1]
        return found[0]

    def _refuse(self, found: _core.Refusal) -> None:
        shape, acc = self.factors.shape, self.path.acc
        index = [int(i) for i in np.unravel_index(found.at, shape)] if shape else []
        what = f"matmul: the sum of element {index}" if math.prod(shape) > 1 else "matmul: the sum"
        if found.error is NanError:
            raise NanError(f"{what} is NaN, and {acc.type} has none")
        raise RangeError(f"{what} is out of range for {acc.type} under ovf = {acc.ovf!r}")
