"""Operands that tell models of a matrix instruction apart: codes of bit fields, always the same.

`sets(instruction)` gives names and (a, b, c): codes of a (tiles, rows, k), of b (tiles, 8, k), its
columns, and the bits of c (tiles, rows, 8).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from codes import CODINGS, Coding, Draws, Instruction, Operands, code, instruction, scaled, uniform


class Maker:
    """The sets of one instruction of floats."""

    def __init__(self, which: Instruction) -> None:
        self.which = which
        self.a, self.b, self.d = (CODINGS[x] for x in (which.a, which.b, which.d))

    def shapes(self, tiles: int) -> tuple[tuple[int, ...], ...]:
        """Of a, b and c."""
        rows, k = self.which.rows, self.which.k
        return (tiles, rows, k), (tiles, 8, k), (tiles, rows, 8)

    def around(self, draw: Draws, tiles: int, centres: tuple, spread: int) -> Operands:
        """Random signs and fractions, exponents from the centres on; c lies about their sum."""
        a, b, c = self.shapes(tiles)
        of_a, of_b = centres
        first = code(
            self.a, draw(0, 2, *a), of_a + draw(0, spread, *a), self.fractions(draw, self.a, a)
        )
        second = code(
            self.b, draw(0, 2, *b), of_b + draw(0, spread, *b), self.fractions(draw, self.b, b)
        )
        of_c = of_a + np.swapaxes(of_b, 1, 2) + draw(-spread, 2 * spread + 2, *c)
        return (
            first,
            second,
            code(self.d, draw(0, 2, *c), of_c, draw(0, 1 << min(self.d.fraction, 50), *c)),
        )

    @staticmethod
    def fractions(draw: Draws, coding: Coding, shape: tuple) -> np.ndarray:
        """Half of the tiles have any fraction, the others powers of two."""
        fraction = draw(0, 1 << min(coding.fraction, 50), *shape)
        return fraction * (np.arange(shape[0]) % 2).reshape(-1, 1, 1)

    def centres(
        self, draw: Draws, tiles: int, low: int, high: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """For rows of a and columns of b: exponents that add up to low..high."""
        rows, total = self.which.rows, draw(low, high + 1, tiles, 1, 1)
        half = total // 2 + draw(-2, 3, tiles, rows, 1)
        return np.broadcast_to(half, (tiles, rows, 1)), total - total // 2 + draw(
            -2, 3, tiles, 8, 1
        )

    def any_bits(self, draw: Draws) -> Operands:
        """NaN and infinities in few rows of most tiles: their exponents are cut elsewhere."""
        a, b, c = self.shapes(self.tiles(64))
        parts = [
            uniform(draw, x, *s) for x, s in zip((self.a, self.b, self.d), (a, b, c), strict=True)
        ]
        finite = [
            x & ~(1 << (y.bits - 2)) for x, y in zip(parts, (self.a, self.b, self.d), strict=True)
        ]
        keep = draw(0, 8, a[0], 1, 1) == 0
        return tuple(np.where(keep, x, y) for x, y in zip(parts, finite, strict=True))  # type: ignore[return-value]

    def tiles(self, of_16_rows: int) -> int:
        """As many outputs for instructions of 64 rows."""
        return max(1, of_16_rows * 16 // self.which.rows)

    def window(self, draw: Draws) -> Operands:
        """Terms within 2**24 of each other, anywhere: what alignment cuts."""
        n = self.tiles(192)
        ends = 2 * self.a.bias
        return self.around(draw, n, self.centres(draw, n, -min(ends, 240), min(ends, 240) - 16), 12)

    def near(self, draw: Draws) -> Operands:
        """Terms within 2**4 of each other, about 1."""
        n = self.tiles(128)
        return self.around(draw, n, self.centres(draw, n, -8, 0), 2)

    def cancelling(self, draw: Draws) -> Operands:
        """A large product and its negative somewhere, small ones elsewhere; half of c is 0."""
        n = self.tiles(160)
        rows, k = self.which.rows, self.which.k
        small = draw(-30, -9, n, 1, 1) // 2
        a, b, c = self.around(draw, n, (np.broadcast_to(small, (n, rows, 1)), small), 3)
        i, j = draw(0, k, n), draw(0, k, n)
        at, fraction = np.arange(n), draw(0, 1 << min(self.a.fraction, 50), n, 1)
        for place, sign in ((i, 0), (j, 1)):
            a[at, :, place] = code(self.a, 0, 2, fraction)
            b[at, :, place] = code(self.b, sign, 1, 0)
        return a, b, np.where((at % 4 < 2)[:, None, None], c, c & self.d.sign)

    def tiny(self, draw: Draws) -> Operands:
        """(a) Few equal products at the lower end; c is 0 or as small."""
        n = self.tiles(160)
        low, high = {"f16": (-40, -8), "f64": (-1090, -1015)}.get(self.which.d, (-170, -115))
        if self.a.exponent < 8:
            low, high = max(low, -2 * self.a.bias - 12), max(high, -2 * self.a.bias + 8)
        a, b, c = self.around(draw, n, self.centres(draw, n, low, high), 1)
        many = draw(1, self.which.k + 1, n, self.which.rows, 1)
        a = np.where(np.arange(self.which.k) < many, a, 0)
        one_sign = draw(0, 2, n, 1, 1) == 0
        a = np.where(one_sign, a & ~self.a.sign, a)
        b = np.where(one_sign, b & ~self.b.sign, b)
        return a, b, np.where(draw(0, 2, n, 1, 1) == 0, c, c & self.d.sign)

    def floors(self, draw: Draws) -> Operands:
        """(a) Sums that reach d's least number (nearest: its half) by bits of 2**-t."""
        n = self.tiles(160)
        rows, k = self.which.rows, self.which.k
        least = 1 - self.d.bias - self.d.fraction - (self.which.d == "f16")
        depth = 2 * (self.a.bias - 1 + self.a.fraction)
        t = np.minimum(
            draw(1, 16 if self.which.d != "f16" else 24, n, rows, 1) - least, max(depth, 2 - least)
        )
        factor = draw(1 << min(7, self.b.fraction), 2 << min(7, self.b.fraction), n, 1, 1)
        whole = 1 << np.minimum(t + least, 24)
        first = np.minimum((whole - 1) // factor, (2 << self.a.fraction) - 1)
        rest = np.minimum(whole - first * factor, (1 << self.a.fraction) * (k - 1))
        parts = rest // (k - 1) + (np.arange(1, k) <= rest % (k - 1))
        terms = np.concatenate([first, parts], axis=2)
        if self.which.d == "f16":
            terms = np.where(np.arange(k) == 0, 1, draw(0, 4, n, rows, k)) << np.where(
                np.arange(k) == 0, t + least, 0
            )
            factor = factor * 0 + 1
        half = -(t // 2)
        a = scaled(self.a, np.where(draw(0, 8, n, rows, 1) == 0, terms // 2, terms), half)
        b = np.broadcast_to(
            scaled(self.b, np.where(np.arange(k) == 0, factor, 1), (-t - half)[:, :1]), (n, 8, k)
        )
        c = draw(-3, 4, n, rows, 8)
        of_c = np.abs(c) | np.where(c < 0, self.d.sign, 0)
        return a, b, np.where((np.arange(n) % 4 == 0)[:, None, None], of_c, 0)

    def ties(self, draw: Draws) -> Operands:
        """(a) Half of the least binary16 number +- 12 units of 2**-48, from products of 2**-28."""
        n, rows, k = self.tiles(96), self.which.rows, self.which.k
        a, b = np.zeros((n, rows, k), np.int64), np.zeros((n, 8, k), np.int64)
        for tile in range(n):
            one, other = (int(x) | 1 for x in draw(1024, 2048, 2))
            while math.gcd(one, other) > 1:
                one = int(draw(1024, 2048, 1)[0]) | 1
            b[tile] = np.where(np.arange(k) == 0, one, other)
            for row in range(rows):
                a[tile, row] = self.parts(draw, one, other)
        fraction = (1 << self.a.fraction) - 1
        made = [np.where(x == 0, 0, code(self.a, 0, 1 - self.a.bias, x & fraction)) for x in (a, b)]
        return made[0], made[1], np.zeros((n, rows, 8), np.int64)

    def parts(self, draw: Draws, one: int, other: int) -> np.ndarray:
        """x and a few others of 1024..2047: one * x + other * (their sum) = 2**23 + (-12..12)."""
        while True:
            wanted = (1 << 23) + int(draw(-12, 13, 1)[0])
            rest = wanted * pow(other, -1, one) % one
            for total in range(rest, 8192, one):
                x, few = (wanted - other * total) // one, min(total // 1024, self.which.k - 1)
                if 1024 <= x < 2048 and few and total <= 2047 * few:
                    shares = total // few + (np.arange(self.which.k - 1) < total % few)
                    return np.concatenate(
                        [[x], np.where(np.arange(self.which.k - 1) < few, shares, 0)]
                    )

    def zeros(self, draw: Draws) -> Operands:
        """(b) Zeros times the largest numbers beside tiny products and a tiny c."""
        n = self.tiles(64)
        small = draw(-min(self.a.bias, 60), -1, n, 1, 1)
        a, b, c = self.around(
            draw, n, (np.broadcast_to(small // 2, (n, self.which.rows, 1)), small // 2), 3
        )
        at, place = np.arange(n), draw(0, self.which.k, n)
        a[at, :, place] = draw(0, 2, n, 1) * self.a.sign
        b[at, :, place] = code(self.b, 0, self.b.largest - self.b.bias, 0)[..., None]
        none = at % 3 == 0
        a[none] &= self.a.sign
        return a, b, c

    def signs(self, draw: Draws) -> Operands:
        """(c) Sums that cancel, products of signed zeros, results below the least number."""
        n = self.tiles(96)
        a, b, c = self.shapes(n)
        kind = np.arange(n).reshape(-1, 1, 1) % 3
        lowest = -self.d.bias - self.d.fraction
        deep = code(self.a, 1, draw(lowest // 2 - 3, lowest // 2 + 3, n, 1, 1), draw(0, 4, *a))
        zero, sign = draw(0, 2, *a) * self.a.sign, draw(0, 2, *b)
        unit = np.where(np.arange(a[2]) % 2 == 0, code(self.a, 0, 0, 1), code(self.a, 1, 0, 1))
        first = np.where(
            kind == 0, unit, np.where(kind == 1, zero, np.where(draw(0, 2, *a) == 0, deep, 0))
        )
        second = np.where(
            kind == 0, code(self.b, 0, 0, 0), np.where(kind == 1, code(self.b, sign, 0, 0), 0)
        )
        second = np.where(
            kind == 2, code(self.b, 0, lowest - lowest // 2 - 1 + draw(0, 2, n, 8, 1), 0), second
        )
        return first, second, draw(0, 2, *c) * self.d.sign

    def largest(self, draw: Draws) -> Operands:
        """(f) Sums about the largest number of d."""
        n = self.tiles(96)
        top = self.d.largest - self.d.bias
        reach = min(top, 2 * (self.a.largest - self.a.bias))
        a, b, c = self.around(draw, n, self.centres(draw, n, reach - 6, reach), 2)
        near_end = code(
            self.d,
            draw(0, 2, n, 1, 1),
            top - draw(0, 2, *c.shape),
            (1 << self.d.fraction) - 1 - draw(0, 3, *c.shape),
        )
        same = draw(0, 2, n, 1, 1) == 0
        return (
            np.where(same, a & ~self.a.sign, a),
            b,
            np.where(draw(0, 3, n, 1, 1) > 0, near_end, c),
        )


FLOAT_SETS: dict[str, Callable[[Maker, Draws], Operands]] = {
    name: getattr(Maker, name)
    for name in (
        "any_bits",
        "window",
        "near",
        "cancelling",
        "tiny",
        "floors",
        "ties",
        "zeros",
        "signs",
        "largest",
    )
}


def integers(which: Instruction, draw: Draws, tiles: int, ends: bool) -> Operands:
    """8-bit integers: any, or (h) the largest with a sum at the ends of 32 bits."""
    shapes = (tiles, which.rows, which.k), (tiles, 8, which.k), (tiles, which.rows, 8)
    a, b, c = draw(0, 256, *shapes[0]), draw(0, 256, *shapes[1]), draw(0, 1 << 32, *shapes[2])
    if ends:
        a, b = (
            np.where(draw(0, 4, *shapes[0]) > 0, 127 + (a & 1), a),
            np.where(draw(0, 4, *shapes[1]) > 0, 127, b),
        )
        c = (1 << 31) + draw(-600_000, 600_000, *shapes[2])
    return a, b, c


def sets(name: str) -> Iterator[tuple[str, Operands]]:
    """The named sets of an instruction."""
    which = instruction(name)
    if which.a in CODINGS:
        for label, make in FLOAT_SETS.items():
            if label == "ties" and (which.a, which.d) != ("f16", "f16"):
                continue
            yield (
                label,
                make(
                    Maker(which),
                    Draws(f"{which.a} {which.b} {which.d} {which.k} {which.rows} {label}"),
                ),
            )
        return
    for label in ("any_bits", "largest"):
        tiles = 400 * 16 // which.rows
        yield (
            label,
            integers(which, Draws(f"{which.a} {which.rows} {label}"), tiles, label == "largest"),
        )


def converted() -> np.ndarray:
    """binary32 bits for converters: each upper half with six lower ones, ties of 13 bits."""
    upper = np.arange(1 << 16, dtype=np.uint32) << 16
    halves = (upper | x for x in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF))
    draws = Draws("converters")
    thirteen = (draws(0, 1 << 19, 1 << 16) << 13).astype(np.uint32)
    return np.concatenate([*halves, *(thirteen | np.uint32(x) for x in (0x0FFF, 0x1000, 0x1001))])


def matrix(name: str, coding: Coding, *shape: int) -> np.ndarray:
    """Codes of any sign and fraction within few binades of 1."""
    draw = Draws(name)
    power = draw(0, 3, *shape) - draw(0, 5, *shape)
    return code(coding, draw(0, 2, *shape), power, draw(0, 1 << coding.fraction, *shape))


PRODUCT = (
    128,
    1120,
    128,
)  # rows, depth and columns of whole products: the depth is no multiple of 128
