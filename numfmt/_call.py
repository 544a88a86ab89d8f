"""One call of the core: what is known before it (a `Plan`, made once), its random bits, and its
errors in words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _context, _core, _modes
from ._arrays import FLOATS, OBJECT, Array, Input, Output, as_array, as_dtype, plain, where
from ._core import ffi, isa_number, lib
from ._errors import DtypeError, NanError, RandomError, RangeError, ShapeError
from ._generators import Draw, Stream
from ._parse import parse
from ._parse_qtorch import is_qtorch
from ._random import Generator, Key, core_key, give_back, take_key
from ._report import Report, add, receivers
from ._threads import count
from .formats import Affine, Block, Format
from .formats._base import code_dtype

_NULL, _new = ffi.NULL, ffi.new
_OPTIONS, _WORDS = ffi.typeof("nf_options *"), ffi.typeof("uint32_t *")
_FLOAT64 = FLOATS[-1]
_Dtype = np.dtype[Any]


class Plan:
    """A format and modes, as they were given, made ready for the core.

    What a call brings itself (arrays, key, report) is no part of it: calls of several threads share
    a plan.
    """

    def __init__(self, format: object, rounding: Any, overflow: Any, nan: Any) -> None:
        self.format = parse(format)
        self.is_block = isinstance(self.format, Block)
        self.varies = isinstance(self.format, Affine) and self.format.varies
        self.descriptor = self.format._c if self.is_block else self.format._descriptor()
        self.code_dtype = code_dtype(self.format)
        last = (1 << 8 * self.code_dtype.itemsize) - 1
        self.every_integer_is_code = self.format.highest_code == last
        self._given = (rounding, overflow, nan)
        self._options: dict[tuple[int, int, bool], Any] = {}
        self._dtypes: dict[tuple[_Dtype | None, _Dtype | None], _Dtype] = {}

    @functools.cached_property
    def modes(self) -> _modes.Modes:
        """What the modes mean; a wrong one is an error each time."""
        return _modes.resolve(self.format, *self._given)

    @functools.cached_property
    def is_random(self) -> bool:
        return self.modes.rounding.is_random

    def options(self, may_spoil: bool) -> Any:
        """The options of a call without random bits.  Calls that run at once share them: nobody
        writes to them again."""
        settings = (isa_number(), count(), may_spoil)
        options = self._options.get(settings)
        if options is None:
            options = self.modes.options()
            options.isa, options.threads, options.may_spoil = settings
            self._options[settings] = options
        return options

    def descriptor_for(self, source: Input) -> Any:
        """The format as the core has it; of affine integers with several scales that for the
        array."""
        if not self.varies:
            return self.descriptor
        assert isinstance(self.format, Affine)
        return self.format._descriptor_for(source.given.shape, source.name)

    def rounded_dtype(self, source: _Dtype, dtype: Any) -> _Dtype:
        """The dtype of rounded values: the caller's, else the input's, else float64; one that holds
        every result."""
        wanted = None if dtype is None else as_dtype(dtype)
        known = self._dtypes.get((source, wanted))
        if known is None:
            known = wanted if wanted is not None else source if source in FLOATS else _FLOAT64
            self._check_rounded(source, known)
            self._dtypes[source, wanted] = known
        return known

    def _check_rounded(self, source: _Dtype, dtype: _Dtype) -> None:
        if self.is_block:
            _check_float(dtype)
            return
        if dtype == OBJECT and self.modes.overflow.name == "unbounded":
            raise DtypeError(
                "dtype=object with overflow='unbounded' is not supported; use a float dtype"
            )
        options, kind = self.options(False), _core.TYPES[source]
        _check_holds(
            dtype,
            f"result of rounding {source} to {self.format.bare()}",
            lambda type: lib.nf_type_holds(self.descriptor, options, kind, type),
        )

    def decoded_dtype(self, dtype: Any) -> _Dtype:
        """The caller's dtype for the format's values; one that holds each of them."""
        wanted = as_dtype(dtype)
        if self.is_block:
            _check_float(wanted)
        elif (None, wanted) not in self._dtypes:
            _check_holds(
                wanted,
                f"value of {self.format.bare()}",
                lambda type: lib.nf_type_holds_format(self.descriptor, type),
            )
            self._dtypes[None, wanted] = wanted
        return wanted


@functools.lru_cache(maxsize=1024)
def _known_plan(format: Any, rounding: Any, overflow: Any, nan: Any) -> Plan:
    if is_qtorch(format):
        raise TypeError("it may change: its plan is not kept")
    return Plan(format, rounding, overflow, nan)


def plan_of(format: object, rounding: Any = None, overflow: Any = None, nan: Any = None) -> Plan:
    """The plan of a format and modes, the context's where they leave it open; spellings that were
    seen before cost one look-up."""
    if (settings := _context.active()) is not None:
        rounding, overflow, nan = settings.modes_for(parse(format), rounding, overflow, nan)
    try:
        return _known_plan(format, rounding, overflow, nan)
    except TypeError:
        make = Plan  # not kept: a number object that may change, or what will be refused
    return make(format, rounding, overflow, nan)


def _check_float(wanted: _Dtype) -> None:
    if wanted != OBJECT and wanted not in FLOATS:
        raise DtypeError(
            f"dtype={wanted} must be float16, float32, float64 or object (exact fractions)"
        )


def _check_holds(wanted: _Dtype, results: str, status: Callable[[int], int]) -> None:
    """Refuse a dtype that is neither object nor a float that holds all results."""
    _check_float(wanted)
    if wanted == OBJECT:
        return
    able = [dtype for dtype in FLOATS if status(_core.TYPES[dtype]) == lib.NF_OK]
    if wanted not in able:
        best = [*able, OBJECT][0]
        raise DtypeError(f"dtype {wanted} cannot hold every {results}; dtype={best} can")


def read_draws(
    plan: Plan, shape: tuple[int, ...], key: object, random_bits: object
) -> Array | Draw | None:
    """Check where a call takes its random bits; the caller's own words, made plain."""
    if key is None and random_bits is None and (not plan.is_random or _context.calls()):
        return None
    _modes.check_source(plan.modes.rounding, key, random_bits)
    if isinstance(key, Stream) or random_bits is not None:
        return read_words(plan, key if random_bits is None else random_bits, shape)
    return None


def read_words(plan: Plan, random_bits: object, shape: tuple[int, ...]) -> Array | Draw:
    """The caller's random words: uint32, of the input's shape; or a stream's, not yet taken."""
    if isinstance(random_bits, Stream):
        return random_bits.draw(shape, plan.modes.rounding)
    words, _ = as_array(random_bits, "random_bits")
    if words.dtype.newbyteorder("=") != np.uint32:
        raise RandomError(f"random_bits has dtype {words.dtype}; it must be uint32")
    if words.shape != shape:
        raise ShapeError(f"random_bits has shape {words.shape}, x has {shape}")
    return plain(words, np.dtype(np.uint32))


def with_bits(
    options: Any, key: Key | Generator | None, words: Array | Draw | None
) -> tuple[Any, Any]:
    """The options with the random bits of one call, and what lives until it is over, the key that
    was taken first."""
    if isinstance(words, Draw):
        words = words.take()
    elif key is not None:
        taken = take_key(key)
        c_key = core_key(taken)
        options = _new(_OPTIONS, options[0])
        options.key, options.first = c_key, taken.first
        return options, (taken, c_key)
    if words is not None:
        options = _new(_OPTIONS, options[0])
        options.random_bits = ffi.cast(_WORDS, _core.pointer(words) or options)
    return options, words


def take_back(key: object, words: Array | Draw | None, alive: Any) -> None:
    """The random bits of a call that failed have not been used."""
    if isinstance(words, Draw):
        words.give_back()
    elif isinstance(key, Generator):
        give_back(key, alive[0])


def run(
    function: Callable[[Plan, Any, Input, Output, Any], int],
    plan: Plan,
    source: Input,
    result: Output,
    key: Key | Generator | None,
    words: Array | Draw | None,
    report: Report | None,
) -> Any:
    """Run `function` of the core with options and report; hand over the result or raise what was
    found.  The key is taken when every argument is known to be right."""
    if key is None and words is None and plan.is_random:
        key = _context.calls()
        if isinstance(key, Stream):
            words = key.draw(source.given.shape, plan.modes.rounding)
    reports = receivers(report)
    c_report = _new("nf_report *") if reports else _NULL
    options, alive = with_bits(plan.options(result.is_fresh), key, words)
    status = function(plan, options, source, result, c_report)
    if status:
        take_back(key, words, alive)
        _refuse(status, function, plan, options, source, result)
    if reports:
        add(reports, c_report)
    return result.finish()


def _leaves(x: Any, format: Format, dtype: _Dtype) -> bool:
    """Is a number within the format's range, which is wider than the dtype's?"""
    if dtype not in FLOATS or isinstance(format, Affine | Block):
        return False
    try:
        lowest, highest = format.min, format.max
    except RangeError:  # too large to write
        return bool(np.isfinite(x))
    return bool(highest > float(np.finfo(dtype).max) and lowest <= x <= highest)


def _wider(plan: Plan, source: Input, result: Output) -> object:
    """The first dtype wider than the result's that holds every result."""
    options, kind = plan.options(False), _core.TYPES[source.plain.dtype]
    for dtype in FLOATS[FLOATS.index(result.plain.dtype) + 1 :]:
        if not lib.nf_type_holds(plan.descriptor, options, kind, _core.TYPES[dtype]):
            return dtype
    return OBJECT


def _refuse(
    status: int,
    function: Callable[[Plan, Any, Input, Output, Any], int],
    plan: Plan,
    options: Any,
    source: Input,
    result: Output,
) -> None:
    """Raise what the core found, naming the first element: a second call says which."""
    failed_at, again = _new("uint64_t *"), _new(_OPTIONS, options[0])
    again.may_spoil, again.failed_at = False, failed_at
    if status not in (lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE):
        _core.check(status)
    if function(plan, again, source, result, _NULL) != status:
        _core.check(status)  # the input has changed meanwhile
    element = where(source.given, failed_at[0], source.name)
    bare = plan.format.bare()
    if status == lib.NF_FOUND_NAN:
        raise NanError(f"{element}, and {bare} has no NaN; choose nan='zero', 'max' or 'min'")
    if _leaves(source.plain.flat[failed_at[0]].item(), bare, result.plain.dtype):
        raise RangeError(
            f"{element} rounds to a value of {bare} that is beyond dtype {result.plain.dtype}; "
            f"dtype={_wider(plan, source, result)} holds it"
        )
    raise RangeError(
        f"{element} is out of range for {bare} under overflow={str(plan.modes.overflow)!r}"
    )
