"""Words of generators that go on, one state of each lane, and words that were recorded."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np

from . import _core
from ._core import ffi, lib
from ._errors import RandomError, unknown
from ._modes import Rounding
from ._random import Generator
from ._rng import NUMBERS, Array, Rng, integer, states_of

_WORD_BITS = 32


class Stream(Generator):
    """Words of a generator that go on: `Rng.stream`, or ``Generator(seed, kind="galois_lfsr",
    width=..., mask=..., lanes=...)``.

    As ``key=`` or ``random_bits=`` of `quantize`, `encode`, `convert` and operations, element i
    takes the next word of lane i mod lanes; where a call is refused, none is taken.  A copy, and
    what was pickled, go on from where the stream was.

    >>> import numfmt as nf
    >>> stream = nf.Generator(1, kind="xorshift32", lanes=2)
    >>> stream.words(4)
    array([   270369,    540738,  67634689, 134253570], dtype=uint32)
    >>> nf.quantize([0.25, 0.75], "fixed<8,0>", "stochastic", key=stream)
    array([0., 0.])
    """

    def __init__(
        self,
        seed: int,
        kind: str = "philox4x32-10",
        *,
        lanes: int = 1,
        first_lane: int = 0,
        **parameters: Any,
    ) -> None:
        known = {field.name for field in dataclasses.fields(Rng)} - {"kind"}
        if wrong := sorted(set(parameters) - known):
            raise RandomError(unknown("parameter", wrong[0], [*sorted(known), "lanes"]))
        rng = Rng(kind, **parameters)
        self._begin(rng, rng._c(), None, rng._seeded(seed, lanes, first_lane))

    @classmethod
    def _of(cls, rng: Rng, seed: int, lanes: int, first_lane: int) -> Stream:
        stream = object.__new__(cls)
        stream._begin(rng, rng._c(), None, rng._seeded(seed, lanes, first_lane))
        return stream

    def _begin(self, rng: Rng | None, c: Any, record: Array | None, states: Array) -> None:
        self.rng, self._c, self._record, self._at = rng, c, record, states
        self._lock = threading.Lock()

    @property
    def kind(self) -> str:
        return self.rng.kind if self.rng else "external"

    @property
    def lanes(self) -> int:
        return len(self._at)

    @property
    def word_bits(self) -> int:
        """Bits of a word."""
        return int(lib.nf_generator_word_bits(self._c))

    def words(self, n: int) -> Array:
        """The next n words: word i is the next one of lane i mod lanes.  uint32, or uint64 where
        words have more than 32 bits.

        Raises:
            RandomError: recorded words are used up; then none is taken.
        """
        count = integer(n, "n", 1 << 48)
        return self._take(np.empty(count, np.uint32 if self.word_bits <= 32 else np.uint64))

    def _take(self, out: Array) -> Array:
        with self._lock:
            status = lib.nf_generator_words(
                self._c,
                states_of(self._at),
                self.lanes,
                ffi.cast("void *", _core.pointer(out)),
                out.itemsize,
                out.size,
            )
        if status == lib.NF_NEEDS_RANDOM:
            raise RandomError(f"{out.size} more words were asked for than were recorded")
        _core.check(status)
        return out

    def jump(self, n: int) -> None:
        """Go on, in every lane, as if it had given n words."""
        count = integer(n, "n")
        with self._lock:
            _core.check(lib.nf_generator_jump(self._c, states_of(self._at), self.lanes, count))

    @property
    def state(self) -> dict[str, Any]:
        """Everything needed to go on later, with an equal `rng` and as many lanes: the words of
        each lane's ``nf_generator_state``."""
        with self._lock:
            return {"kind": self.kind, "lanes": self._at.tolist()}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        right = isinstance(state, dict) and state.keys() == {"kind", "lanes"}
        try:
            found = np.array(state["lanes"] if right else [], np.uint64)
        except (TypeError, ValueError, OverflowError):
            found = np.empty(0, np.uint64)
        if not right or state["kind"] != self.kind or found.shape != self._at.shape:
            raise RandomError(
                f"state={state!r} is not a state of {self.kind} with {self.lanes} lanes"
            )
        at = ffi.new("uint64_t *")
        if lib.nf_generator_check_states(self._c, states_of(found), self.lanes, at):
            raise RandomError(f"state={state!r}: lane {at[0]} is no state of {self.kind}")
        with self._lock:
            self._at = found

    def copy(self) -> Stream:
        """Another stream that goes on from here by itself."""
        return self._restored(self.rng, self._record, self.state["lanes"])

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Stream:
        return self.copy()

    @classmethod
    def _restored(cls, rng: Rng | None, record: Array | None, lanes: list[list[int]]) -> Stream:
        stream = object.__new__(cls)
        c = rng._c() if rng else _external(record)
        stream._begin(rng, c, record, np.array(lanes, np.uint64))
        return stream

    def __reduce__(self) -> tuple[Any, ...]:
        return self._restored, (self.rng, self._record, self.state["lanes"])

    def next_key(self) -> Any:
        raise RandomError(
            f"key={self!r} gives words in its own order, which this function does not take; "
            "use a numfmt.Key"
        )

    def draw(self, shape: tuple[int, ...], rounding: Rounding) -> Draw:
        """The words of a call's elements, not yet taken."""
        needed = rounding.bits or _WORD_BITS
        if self.word_bits < needed:
            raise RandomError(
                f"{self!r} gives words of {self.word_bits} bits; rounding={str(rounding)!r} takes "
                f"{needed}: stochastic(bits={self.word_bits}) takes as many"
            )
        return Draw(self, shape)

    def __repr__(self) -> str:
        return f"Stream({self.rng}, lanes={self.lanes})"


class Recorded(Stream):
    """Words that were recorded, to be given once more.

    Args:
        words: uint32, one-dimensional; or one row of each lane.  Copied.

    Raises:
        RandomError: not uint32, or not of one or two dimensions; when words are asked for, those
            that are left are not enough.

    >>> import numfmt as nf
    >>> import numpy as np
    >>> record = nf.Recorded(np.array([0, 2**32 - 1], np.uint32))
    >>> nf.quantize([0.5, 0.5], "fixed<8,0>", "stochastic", key=record)
    array([0., 1.])
    """

    def __init__(self, words: Any) -> None:
        array = np.asarray(words)
        if array.dtype.newbyteorder("=") != np.uint32 or array.ndim not in (1, 2):
            raise RandomError(
                f"words has dtype {array.dtype} and {array.ndim} dimensions; it must be uint32, "
                "one row of each lane"
            )
        record = np.array(np.atleast_2d(array), np.uint32, order="C")
        if not len(record):
            raise RandomError("words has no lane")
        states = np.zeros((len(record), 4), np.uint64)
        states[:, 1] = np.arange(len(record))
        self._begin(None, _external(record), record, states)

    def __repr__(self) -> str:
        assert self._record is not None
        return f"Recorded({self._record.shape[1]} words of each of {self.lanes} lanes)"


def _external(record: Array | None) -> Any:
    assert record is not None
    c = ffi.new("nf_generator *", {"kind": NUMBERS["external"]})
    c.recorded = ffi.cast("uint32_t *", _core.pointer(record)) if record.size else ffi.NULL
    c.recorded_lanes, c.recorded_count = record.shape
    return c


class Draw:
    """The words that one call takes of a stream."""

    def __init__(self, stream: Stream, shape: tuple[int, ...], dtype: Any = np.uint32) -> None:
        self._stream, self._shape, self._dtype = stream, shape, dtype

    def take(self) -> Array:
        self._before = self._stream._at.copy()
        words = self._stream._take(np.empty(self._shape, self._dtype))
        self._after = self._stream._at.copy()
        return words

    def give_back(self) -> None:
        """The words of a call that failed, unless others have been taken since."""
        stream = self._stream
        with stream._lock:
            if np.array_equal(stream._at, self._after):
                stream._at = self._before
