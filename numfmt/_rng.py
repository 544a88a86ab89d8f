"""Generators of random bits as machines have them: what they are, and states from seeds."""

from __future__ import annotations

import dataclasses
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from . import _core
from ._core import ffi, lib, text
from ._errors import RandomError, unknown

if TYPE_CHECKING:
    from ._generators import Stream

Array = np.ndarray[Any, Any]

_MOST = 1 << 64
SEED_RULES = ("plus", "complement", "splitmix")


def _rows() -> dict[str, Any]:
    rows: dict[str, Any] = {}
    while (row := lib.nf_generator_at(len(rows))) != ffi.NULL:
        rows[text(row.name)] = row
    return rows


_ROWS = _rows()
NUMBERS = {name: number for number, name in enumerate(_ROWS)}
_ALIASES = {alias: name for name, row in _ROWS.items() for alias in text(row.aliases).split()}
KINDS = tuple(name for name in _ROWS if name != "external")


def integer(value: Any, argument: str, high: int = _MOST) -> int:
    try:
        number = -1 if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = -1
    if not 0 <= number < high:
        raise RandomError(f"{argument}={value!r} must be an integer from 0 to {high - 1}")
    return number


@dataclass(frozen=True)
class Rng:
    """A generator of random bits that machines have: what it is, without a state.

    Args:
        kind: ``"galois_lfsr"``, ``"shift_xnor"``, ``"xorshift32"`` (Marsaglia 2003),
            ``"xoroshiro128aox"`` (Hanlon and Felix 2022), ``"v_prng_b32"`` (AMD CDNA4),
            ``"tenstorrent"``, ``"philox4x32-10"`` or ``"threefry2x32-20"`` (Salmon et al. 2011).
        width: of galois_lfsr and shift_xnor, bits of the state: 2..64.
        mask: of the same: the bits that are flipped where a 1 is shifted out, the top one among
            them; or the bits whose xnor is shifted in, an even number with bit 0.
        seed_rule: how the state of a lane comes from a seed: ``"plus"``, the low bits of
            seed + lane; ``"complement"``, those of ~(seed + lane); ``"splitmix"``, output number
            lane of SplitMix64 (two of them where the state has 128 bits).  philox4x32-10 and
            threefry2x32-20 have the seed as key and the lane in the counter (the key's upper half,
            by xor, of Threefry): ``"plus"`` alone.

    Registers shift to the right, v_prng_b32 to the left.  The two registers, tenstorrent and
    xoroshiro128aox give what belongs to the state before it goes on; xorshift32 and v_prng_b32 give
    the new state.

    Raises:
        RandomError: a wrong argument.

    >>> import numfmt as nf
    >>> lfsr = nf.Rng("galois_lfsr", width=32, mask=0x80000EA6, seed_rule="complement")
    >>> stream = lfsr.stream(0)
    >>> [hex(word) for word in stream.words(3)]
    ['0xffffffff', '0xfffff159', '0xfffff60a']
    """

    kind: str
    width: int | None = dataclasses.field(default=None, kw_only=True)
    mask: int | None = dataclasses.field(default=None, kw_only=True)
    seed_rule: str = dataclasses.field(default="plus", kw_only=True)

    KINDS: ClassVar[tuple[str, ...]] = KINDS

    def __post_init__(self) -> None:
        kind = _ALIASES.get(self.kind, self.kind) if isinstance(self.kind, str) else self.kind
        if kind == "external":
            raise RandomError("kind='external' is numfmt.Recorded(words)")
        if kind not in KINDS:
            raise RandomError(unknown("kind", self.kind, KINDS))
        object.__setattr__(self, "kind", kind)
        if self.seed_rule not in SEED_RULES:
            raise RandomError(unknown("seed_rule", self.seed_rule, SEED_RULES))
        self._check_mask()
        if lib.nf_generator_check(self._c()) != lib.NF_OK:
            raise RandomError(f"seed_rule={self.seed_rule!r}: {kind} takes 'plus' alone")

    def _check_mask(self) -> None:
        takes_mask = bool(_ROWS[self.kind].takes_mask)
        for name in ("width", "mask"):
            value = getattr(self, name)
            if takes_mask != (value is not None):
                needs = "needs" if takes_mask else "takes no"
                raise RandomError(f"{name}={value!r}: {self.kind} {needs} {name}")
        if not takes_mask:
            return
        width = integer(self.width, "width", 65)
        if width < 2:
            raise RandomError(f"width={width} must be from 2 to 64")
        mask = integer(self.mask, "mask", 1 << width)
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "mask", mask)
        if self.kind == "galois_lfsr" and not mask >> (width - 1):
            raise RandomError(f"mask={mask:#x} must have bit {width - 1}, the top one")
        if self.kind == "shift_xnor" and (not mask & 1 or mask.bit_count() % 2):
            raise RandomError(f"mask={mask:#x} must have bit 0, and an even number of bits")

    def _c(self) -> Any:
        return ffi.new(
            "nf_generator *",
            {
                "kind": NUMBERS[self.kind],
                "seed_rule": SEED_RULES.index(self.seed_rule),
                "width": self.width or 0,
                "mask": self.mask or 0,
            },
        )

    @property
    def word_bits(self) -> int:
        """Bits of a word."""
        return int(lib.nf_generator_word_bits(self._c()))

    def stream(self, seed: int, *, lanes: int = 1, first_lane: int = 0) -> Stream:
        """The words of a seed, of lanes first_lane, first_lane + 1, ... side by side.

        Raises:
            RandomError: a wrong argument; a lane's state that would never change, as 0 of a shift
                register.
        """
        from ._generators import Stream

        return Stream._of(self, seed, lanes, first_lane)

    def _seeded(self, seed: int, lanes: int, first_lane: int) -> Array:
        seed, first = integer(seed, "seed"), integer(first_lane, "first_lane")
        count = integer(lanes, "lanes", 1 << 40)
        if not count:
            raise RandomError("lanes=0 must be 1 or more")
        states, at = np.zeros((count, 4), np.uint64), ffi.new("uint64_t *")
        if lib.nf_generator_seed(self._c(), seed, first, states_of(states), count, at):
            if self.kind == "threefry2x32-20":
                raise RandomError("threefry2x32-20 has lanes 0 to 2**32 - 1")
            raise RandomError(
                f"seed={seed} gives lane {first + at[0]} of {self.kind} a state that never changes"
            )
        return states


def states_of(array: Array) -> Any:
    return ffi.cast("nf_generator_state *", _core.pointer(array))
