"""One call of the core: its options, the dtype of its result, and its errors in words."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import _core, _modes
from ._arrays import FLOATS, Array, Input, as_array, as_dtype, plain, type_of, where
from ._core import ffi, lib
from ._errors import DtypeError, NanError, RandomError, RangeError, ShapeError
from ._random import Generator, Key, core_key, take_key
from .formats import Format


class Call:
    """The options of one call, with everything they point to kept alive."""

    def __init__(
        self,
        format: Format,
        source: Input,
        rounding: str | None,
        overflow: str | None,
        nan: str | None,
        key: Key | Generator | None,
        random_bits: Any,
    ) -> None:
        self.format, self.source = format, source
        self.modes = _modes.resolve(format, rounding, overflow, nan)
        _modes.check_source(self.modes.rounding, key, random_bits)
        self.options = self.modes.options()
        self._failed_at = ffi.new("uint64_t *")
        self.options.failed_at = self._failed_at
        if random_bits is not None:
            self._words = read_words(random_bits, source.given.shape)
            self.options.random_bits = ffi.cast(
                "uint32_t *", _core.pointer(self._words) or self._failed_at
            )
        self._key = key

    def take_key(self) -> None:
        """Take the call's key, once every other argument is known to be right."""
        if self._key is None:
            return
        key = take_key(self._key)
        self._c_key = core_key(key)
        self.options.key = self._c_key
        self.options.first = key.first

    def check(self, status: int) -> None:
        """Raise what the core found, naming the first element."""
        if status in (lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE):
            element = where(self.source.given, self._failed_at[0], self.source.name)
            if status == lib.NF_FOUND_NAN:
                raise NanError(
                    f"{element}, and {self.format.bare()} has no NaN; "
                    "choose nan='zero', 'max' or 'min'"
                )
            raise RangeError(
                f"{element} is out of range for {self.format.bare()} "
                f"under overflow={str(self.modes.overflow)!r}"
            )
        _core.check(status)


def read_words(random_bits: object, shape: tuple[int, ...]) -> Array:
    """The caller's random words: uint32, of the input's shape."""
    words, _ = as_array(random_bits, "random_bits")
    if words.dtype.newbyteorder("=") != np.uint32:
        raise RandomError(f"random_bits has dtype {words.dtype}; it must be uint32")
    if words.shape != shape:
        raise ShapeError(f"random_bits has shape {words.shape}, x has {shape}")
    return plain(words, np.dtype(np.uint32))


@functools.lru_cache(maxsize=4096)
def _held(format: Format, modes: _modes.Modes, source: int, target: int) -> bool:
    return bool(
        lib.nf_type_holds(format._descriptor(), modes.options(), source, target) == lib.NF_OK
    )


def target_dtype(call: Call, dtype: Any) -> np.dtype[Any]:
    """The dtype of the result: the caller's, else the input's, else float64; one that holds every
    result."""
    source = call.source.plain.dtype
    if dtype is None:
        wanted = source if source in FLOATS else np.dtype(np.float64)
    else:
        wanted = as_dtype(dtype)
    if wanted == np.dtype(object):
        return wanted
    if wanted not in FLOATS:
        raise DtypeError(
            f"dtype={wanted} must be float16, float32, float64 or object (exact fractions)"
        )
    kind = type_of(call.source.plain)
    if _held(call.format.bare(), call.modes, kind, _core.TYPES[wanted]):
        return wanted
    able = [
        str(d) for d in FLOATS if _held(call.format.bare(), call.modes, kind, _core.TYPES[d])
    ] + ["object"]
    raise DtypeError(
        f"dtype {wanted} cannot hold every result of rounding {source} to {call.format.bare()}; "
        f"dtype={able[0]} can"
    )
