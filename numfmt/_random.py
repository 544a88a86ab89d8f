"""Random bits as a value: keys, generators that hand out a key's calls, and the bits that a key
gives."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import operator
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core, _threads
from ._core import ffi, lib
from ._errors import RandomError, ShapeError

_CALLS = 1 << 48
_WORD = 1 << 64
_C_KEY, _new = ffi.typeof("nf_key *"), ffi.new


def _integer(value: object, argument: str, high: int) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if isinstance(value, (bool, np.bool_)) or not 0 <= number < high:
        raise RandomError(
            f"{argument}={value!r} must be an integer from 0 to 2**{high.bit_length() - 1} - 1"
        )
    return number


def _canonical(item: int | str) -> bytes:
    if isinstance(item, str):
        body, tag = item.encode(), b"s"
    else:
        size = max(item, ~item).bit_length() // 8 + 1
        body, tag = item.to_bytes(size, "little", signed=True), b"i"
    return tag + len(body).to_bytes(8, "little") + body


@functools.lru_cache(maxsize=4096)
def _philox_key(seed: int, stream: int, folded: tuple[int | str, ...]) -> int:
    data = b"".join(map(_canonical, (seed, stream, *folded)))
    return int.from_bytes(hashlib.blake2b(data).digest()[:8], "little")


@dataclass(frozen=True)
class Key:
    """Where a stochastic operation takes its random bits: the same key gives the same bits.

    Args:
        seed: 0 .. 2**64 - 1; the Philox4x32-10 key itself where `stream` is 0 and nothing is folded
            in.
        stream: 0 .. 2**64 - 1; independent streams of one seed.

    In a loop use ``key.at(step)``: a key that is used twice gives the same bits twice.

    >>> import numfmt as nf
    >>> key = nf.Key(7)
    >>> nf.quantize([0.5, 0.5, 0.5, 0.5], "fixed<8,0>", "stochastic", key=key.at(3))
    array([1., 1., 0., 0.])
    """

    seed: int
    stream: int = 0
    folded: tuple[int | str, ...] = dataclasses.field(default=(), kw_only=True)
    call: int = dataclasses.field(default=0, kw_only=True)
    first: int = dataclasses.field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", _integer(self.seed, "seed", _WORD))
        object.__setattr__(self, "stream", _integer(self.stream, "stream", _WORD))
        object.__setattr__(self, "call", _integer(self.call, "call", _CALLS))
        object.__setattr__(self, "first", _integer(self.first, "first", _WORD))

    @property
    def philox(self) -> int:
        """The 64-bit key of Philox4x32-10, the seed or 8 bytes of BLAKE2b over (seed, stream,
        folded items)."""
        if self.stream or self.folded:
            return _philox_key(self.seed, self.stream, self.folded)
        return self.seed

    def at(self, call: int, first: int = 0) -> Key:
        """The key's call number `call` (0 .. 2**48 - 1), for the piece that begins at element
        `first`."""
        # Loops make a key every step: what is known to be right is copied, not checked again.
        if not (type(call) is int and 0 <= call < _CALLS):
            call = _integer(call, "call", _CALLS)
        if not (type(first) is int and 0 <= first < _WORD):
            first = _integer(first, "first", _WORD)
        key = self._copy()
        fields = key.__dict__
        fields["call"], fields["first"] = call, first
        return key

    def fold_in(self, *items: int | str) -> Key:
        """An independent key for another tensor or purpose: ``key.fold_in("weights", 3)``."""
        if not items:
            raise RandomError("fold_in() needs at least one int or str")
        clean: list[int | str] = []
        for item in items:
            if isinstance(item, str):
                clean.append(str(item))
                continue
            try:
                clean.append(operator.index(item))
            except TypeError:
                raise RandomError(f"fold_in: {item!r} must be an int or a str") from None
        key = self._copy()
        key.__dict__["folded"] = (*self.folded, *clean)
        return key

    def _copy(self) -> Key:
        key = object.__new__(Key)
        key.__dict__.update(self.__dict__)
        return key


_counting = threading.Lock()


class Generator:
    """A source that counts its own calls: each use as ``key=`` is its next call.

    Args:
        seed: 0 .. 2**64 - 1.
        kind: ``"philox4x32-10"``; the kinds of `Rng`, with what they take and ``lanes=``, give a
            `Stream` of a hardware generator's words.

    >>> import numfmt as nf
    >>> generator = nf.Generator(7)
    >>> nf.quantize(0.5, "fixed<8,0>", "stochastic", key=generator)
    np.float64(1.0)
    >>> generator.state
    {'kind': 'philox4x32-10', 'seed': 7, 'call': 1}
    """

    KINDS = ("philox4x32-10",)

    def __new__(cls, seed: Any = 0, kind: Any = "philox4x32-10", **parameters: Any) -> Generator:
        if cls is Generator and (kind not in cls.KINDS or parameters):
            from ._generators import Stream

            return object.__new__(Stream)
        return object.__new__(cls)

    def __init__(self, seed: int, kind: str = "philox4x32-10", **parameters: object) -> None:
        self._key = Key(seed)

    @classmethod
    def _from(cls, key: Key) -> Generator:
        """The calls of any key, from its own on."""
        generator = cls(0)
        generator._key = key
        return generator

    @property
    def state(self) -> dict[str, Any]:
        """Everything needed to go on later; assign it to another generator's ``state``."""
        return {"kind": self.KINDS[0], "seed": self._key.seed, "call": self._key.call}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        if set(state) != {"kind", "seed", "call"} or state["kind"] not in self.KINDS:
            raise RandomError(
                f"state={state!r} is not a state of a generator of kind {self.KINDS[0]!r}"
            )
        self._key = Key(state["seed"]).at(state["call"])

    def next_key(self) -> Key:
        """The key of the next call."""
        with _counting:
            key = self._key
            self._key = key.at(key.call + 1)
        return key

    def __repr__(self) -> str:
        return f"Generator({self._key.seed}, kind={self.KINDS[0]!r}, call={self._key.call})"


def take_key(key: object) -> Key:
    """The key of one call; an int is refused, for a loop would use it twice."""
    if isinstance(key, Key):
        return key
    if isinstance(key, Generator):
        return key.next_key()
    raise RandomError(
        f"key={key!r} must be a numfmt.Key or numfmt.Generator; write numfmt.Key({key!r})"
    )


def give_back(generator: Generator, key: Key) -> None:
    """The key of a call that failed, unless another call has taken the next one."""
    with _counting:
        if generator._key == key.at(key.call + 1):
            generator._key = key


def core_key(key: Key) -> Any:
    """The core's key structure."""
    return _new(_C_KEY, (key.philox, key.call))


def random_bits(
    key: Key | Generator, shape: int | tuple[int, ...], *, draw: int = 0
) -> np.ndarray[Any, Any]:
    """The random words that a key gives to the elements of an array.

    Args:
        key: the key; its call number and first element count.
        shape: of the array; elements are numbered in C order.
        draw: 0 .. 65535; elements that need more than one word take draw 1, 2, ...

    Returns:
        uint32 array of Philox4x32-10 words (Salmon, Moraes, Dror and Shaw, SC 2011): element i has
        word ``(i >> 4) & 3`` of block ``(i >> 6) * 16 + (i & 15)``.

    >>> import numfmt as nf
    >>> nf.random_bits(nf.Key(0), 2)
    array([1713891541, 4175744164], dtype=uint32)
    """
    taken = take_key(key)
    _integer(draw, "draw", 1 << 16)
    try:
        out = np.empty(shape, np.uint32)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"shape={shape!r} is not a shape: {error}") from None
    status = lib.nf_random_bits(
        core_key(taken),
        taken.first,
        draw,
        _words(out),
        out.size,
        _core.isa_number(),
        _threads.count(),
    )
    _core.check(status)
    return out


def _words(array: np.ndarray[Any, Any]) -> Any:
    return ffi.cast("uint32_t *", _core.pointer(array))
