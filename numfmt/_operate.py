"""One operation of the core: an exact result of numbers of any formats, rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _context, _core, _modes
from ._arrays import Array as Numbers
from ._call import Plan, plan_of, read_words, take_back, with_bits
from ._code_array import Array
from ._core import ffi
from ._errors import FormatError, NanError, NumfmtError, RangeError, ShapeError, unknown
from ._generators import Stream
from ._growth import GROWN
from ._operands import Operand, implied, read_all, shape_of
from ._operation_out import Result
from ._parse import parse
from ._quantize import _refuse_unbounded
from ._random import Generator, Key
from ._report import Report, collecting, receivers
from ._report import add as add_report
from ._threads import count
from .formats import LNS, Affine, Block, Fixed, Format

TININESS = ("after", "before")


def apply(
    name: str,
    given: Sequence[Any],
    format: object = None,
    rounding: str | None = None,
    overflow: str | None = None,
    *,
    nan: str | None = None,
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    tininess: str = "after",
    element_flags: Any = None,
    out: Any = None,
) -> Array:
    """One operation of the core's table, on Arrays and plain numbers; `out` where it is given."""
    operands = read_all(name, given)
    if name in ("next_up", "next_down") and operands[0].is_plain:
        raise FormatError(f"{name}: a must be an Array of single numbers, whose format has a next")
    shape = shape_of(name, operands)
    plan = plan_for(name, operands, format, rounding, overflow, nan)
    ready = [operand.ready(shape) for operand in operands]

    def call(*how: Any) -> _core.Refusal | None:
        return _operate(name, operands, ready, *how)

    def says(index: tuple[int, ...]) -> str:
        return f"{name}({', '.join(operand.says(index, shape) for operand in operands)})"

    result = Result(out, plan, shape, [operand.data for operand in operands])
    found = rounded(
        plan, shape, call, says, key, random_bits, report, tininess, element_flags, result
    )
    if out is not None:
        found = result.finish()
    return found


def rounded(
    plan: Plan,
    shape: tuple[int, ...],
    call: Callable[[Any, Any, Numbers, Any, Numbers | None], _core.Refusal | None],
    says: Callable[[tuple[int, ...]], str],
    key: Key | Generator | None = None,
    random_bits: Any = None,
    report: Report | None = None,
    tininess: str = "after",
    element_flags: Any = None,
    result: Result | None = None,
) -> Array:
    """Results that `call` rounds once: it gets the descriptor, options, an array for codes,
    the report and the flags of elements.  `says` names a result that is refused."""
    if tininess not in TININESS:
        raise NumfmtError(unknown("tininess", tininess, TININESS))
    if key is None and random_bits is None and plan.is_random:
        key = _context.calls()
    _modes.check_source(plan.modes.rounding, key, random_bits)
    own = key if isinstance(key, Stream) else random_bits
    words = None if own is None else read_words(plan, own, shape)
    flags = _checked_flags(element_flags, shape)
    result = result or Result(None, plan, shape, [])
    reports = receivers(report)
    c_report = ffi.new("nf_report *") if reports else ffi.NULL
    options, alive = with_bits(plan.options(result.may_spoil), key, words)
    if tininess == "before":
        options = ffi.new("nf_options *", options[0])
        options.tiny_before = True
    found = call(_descriptor(plan, shape), options, result.codes, c_report, flags)
    if found is not None:
        take_back(key, words, alive)
        raise _refusal(found, says, plan, shape)
    if reports:
        add_report(reports, c_report)
    return Array._of(result.codes, plan.format)


def plan_for(
    name: str, operands: list[Operand], format: object, rounding: Any, overflow: Any, nan: Any
) -> Plan:
    """The result's format and modes."""
    if format is not None:
        target = parse(format)
    else:
        target = implied(name, operands)
        grows = name in GROWN and isinstance(target, Fixed) and _context.growth() == "exact"
        if name == "divide" and grows and rounding is None:
            settings = _context.active() or _context.OPEN
            rounding = settings.rounding or "toward_zero"  # as ap_fixed cuts its quotients
    if isinstance(target, Block):
        raise FormatError(
            f"{name}: format={str(target)!r} is of blocks; name a format of single numbers, and "
            f"round the result with .astype"
        )
    plan = plan_of(target, rounding, overflow, nan)
    _refuse_unbounded(plan)
    return plan


def _descriptor(plan: Plan, shape: tuple[int, ...]) -> Any:
    if not plan.varies:
        return plan.descriptor
    assert isinstance(plan.format, Affine)
    return plan.format._descriptor_for(shape, "the result")


def _checked_flags(flags: Any, shape: tuple[int, ...]) -> Numbers | None:
    """The caller's array for the flags of each element."""
    if flags is None:
        return None
    is_array = isinstance(flags, np.ndarray) and flags.flags.carray
    if is_array and (flags.dtype, flags.shape) == (np.uint8, shape):
        found: Numbers = flags
        return found
    raise ShapeError(
        f"element_flags must be a writable C-contiguous uint8 array of the result's shape {shape}"
    )


def _operate(
    name: str,
    operands: Sequence[Operand],
    ready: Sequence[_core.Operand],
    descriptor: Any,
    options: Any,
    out: Numbers,
    report: Any = ffi.NULL,
    flags: Numbers | None = None,
) -> _core.Refusal | None:
    """The core's answer; what it does not do with these formats is an error that says so."""
    try:
        return _core.operate(name, descriptor, options, ready, out, report, flags)
    except FormatError:
        if name in ("remainder", "fmod", "ieee_remainder"):
            check_reach(name, operands)
        for operand in operands:
            format = operand.format
            if format is not None and not operand.is_plain and is_difficult(format):
                raise FormatError(
                    f"{name}: {operand.argument} is of {format}, whose values are irrational or "
                    f"have more than 64 bits, which this operation does not take; convert it with "
                    f".astype(format)"
                ) from None
        if name in ("sin", "cos"):
            raise FormatError(
                f"{name}: a is of {operands[0].format}, whose numbers are too large for angles; "
                f"those below 2**16384 are taken"
            ) from None
        raise


def check_reach(name: str, operands: Sequence[Operand]) -> None:
    """Refuse remainders of logarithmic numbers whose quotients have too many digits."""
    for operand in operands:
        format = operand.format
        if isinstance(format, LNS) and format.width - 2 - format.fraction_bits > 8:
            raise FormatError(
                f"{name}: {operand.argument} is of {format}, whose numbers reach beyond 2**256; "
                f"remainders are of those that do not: convert it with .astype(format)"
            ) from None


def is_difficult(format: Format) -> bool:
    return format.has_irrational or (isinstance(format, Affine) and format.has_wide_values)


def _refusal(
    found: _core.Refusal,
    says: Callable[[tuple[int, ...]], str],
    plan: Plan,
    shape: tuple[int, ...],
) -> NumfmtError:
    """The error that names the first element without a result."""
    index = tuple(int(i) for i in np.unravel_index(found.at, shape)) if shape else ()
    what = says(index) + (f", element [{', '.join(map(str, index))}]," if index else "")
    bare = plan.format.bare()
    if found.error is NanError:
        return NanError(f"{what} is NaN, and {bare} has no NaN; choose nan='zero', 'max' or 'min'")
    return RangeError(
        f"{what} is out of range for {bare} under overflow={str(plan.modes.overflow)!r}"
    )


def holds(name: str, given: Sequence[Any], report: Report | None = None) -> Any:
    """A comparison or classification: a boolean array, or one boolean of single numbers."""
    operands = read_all(name, given)
    shape = shape_of(name, operands)
    out = np.empty(shape, np.uint8)
    ready = [operand.ready(shape) for operand in operands]
    with collecting(report) as c_report:
        options = ffi.new("nf_options *", {"isa": _core.isa_number(), "threads": count()})
        _operate(name, operands, ready, ffi.NULL, options, out, c_report)
    return out.view(np.bool_)[()]
