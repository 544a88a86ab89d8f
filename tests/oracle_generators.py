"""Generators of random bits on lists of bits and plain integers, from their definitions.

Shares nothing with the library.  Registers are lists of bits, lowest first; each model is a Python
generator of words that begins with a state.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

ONES = (1 << 64) - 1


def bits_of(number: int, width: int) -> list[int]:
    """The lowest first."""
    return [number >> place & 1 for place in range(width)]


def number_of(bits: list[int]) -> int:
    """The opposite."""
    return sum(bit << place for place, bit in enumerate(bits))


def galois_lfsr(state: int, width: int, mask: int) -> Iterator[int]:
    """To the right; a 1 that leaves flips the bits of the mask."""
    register, flips = bits_of(state, width), bits_of(mask, width)
    while True:
        yield number_of(register)
        leaving, register = register[0], [*register[1:], 0]
        register = [bit ^ (flip & leaving) for bit, flip in zip(register, flips, strict=True)]


def shift_xnor(state: int, width: int, mask: int) -> Iterator[int]:
    """To the right; the xnor of the tapped bits enters on top."""
    register = bits_of(state, width)
    while True:
        yield number_of(register)
        tapped = [bit for bit, tap in zip(register, bits_of(mask, width), strict=True) if tap]
        register = [*register[1:], 1 - sum(tapped) % 2]


def tenstorrent(state: int) -> Iterator[int]:
    """As the ISA's text has it: the word, then (~popcount(taps) << 31) | (word >> 1)."""
    while True:
        yield state
        count = bin(state & 0x80200003).count("1")
        state = ((~count << 31) & 0xFFFFFFFF) | (state >> 1)


def v_prng_b32(state: int) -> Iterator[int]:
    """To the left; a 1 that leaves flips the bits of 197."""
    register = bits_of(state, 32)
    while True:
        leaving = register[-1]
        register = [0, *register[:-1]]
        register = [b ^ (f & leaving) for b, f in zip(register, bits_of(197, 32), strict=True)]
        yield number_of(register)


def shifted(bits: list[int], by: int) -> list[int]:
    """To the left by `by`, to the right where it is negative."""
    places = range(len(bits))
    return [bits[p - by] if 0 <= p - by < len(bits) else 0 for p in places]


def xor(*many: list[int]) -> list[int]:
    """Of each column of bits."""
    return [sum(column) % 2 for column in zip(*many, strict=True)]


def xorshift32(state: int) -> Iterator[int]:
    """Marsaglia's triple 13, 17, 5."""
    register = bits_of(state, 32)
    while True:
        for by in (13, -17, 5):
            register = xor(register, shifted(register, by))
        yield number_of(register)


def turned(x: int, by: int, width: int = 64) -> int:
    """A rotation to the left, digit by digit."""
    digits = f"{x:0{width}b}"
    return int(digits[by:] + digits[:by], 2)


def xoroshiro128aox(s0: int, s1: int) -> Iterator[int]:
    """Hanlon and Felix, as their C text has it, in other operations."""
    while True:
        low = s0 & s1
        yield (s0 ^ s1) ^ (turned(low, 1) | turned(low, 2))
        s1 ^= s0
        s0, s1 = turned(s0, 55) ^ s1 ^ (s1 * 2**14 % 2**64), turned(s1, 36)


def threefry2x32(counter: tuple[int, int], key: tuple[int, int], rounds: int = 20) -> list[int]:
    """One block (Salmon and others 2011, section 4.2)."""
    turns = (13, 15, 26, 6, 17, 29, 16, 24)
    schedule = (*key, key[0] ^ key[1] ^ 0x1BD11BDA)
    x = [(counter[i] + schedule[i]) % 2**32 for i in range(2)]
    for i in range(rounds):
        x[0] = (x[0] + x[1]) % 2**32
        x[1] = turned(x[1], turns[i % 8], 32) ^ x[0]
        if i % 4 == 3:
            n = i // 4 + 1
            x = [(x[j] + schedule[(n + j) % 3] + n * j) % 2**32 for j in range(2)]
    return x


def splitmix64(seed: int) -> Iterator[int]:
    """Steele, Lea and Flood 2014."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) % 2**64
        z = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        yield z ^ (z >> 31)


def first(words: Iterator[int], n: int) -> list[int]:
    """The first n words."""
    return list(islice(words, n))
