"""The variance-corrected laws by their definitions, in exact fractions, apart from numfmt."""

from __future__ import annotations

import bisect
from collections import defaultdict
from fractions import Fraction

from oracle_real import Real

WORD = 1 << 32


def below(words, probability: Fraction) -> bool:
    """Is the number 0.W0 W1 ... in base 2**32 below the probability?"""
    number, scale = 0, 1
    for word in words:
        number, scale = number * WORD + int(word), scale * WORD
        if number + 1 <= probability * scale:
            return True
        if number >= probability * scale:
            return False
    raise AssertionError("ran out of words")


def clip(x, low, high):
    """x, or the end beyond which it lies."""
    return min(max(x, low), high)


class Lattice:
    """Zhang, Wilson and De Sa's law on the multiples of `gap` in [low, high]."""

    def __init__(self, gap, low, high):
        self.gap, self.low, self.high = Fraction(gap), Fraction(low), Fraction(high)
        self.own = self.gap**2 / 4

    def around(self, x):
        """Branch A: [(value, probability)] around the nearest lattice point of x, not clipped."""
        gap = self.gap
        q = round(Fraction(x) / gap) * gap
        s = (Fraction(x) - q) / gap
        down, up = (s - Fraction(1, 2)) ** 2 / 2, (s + Fraction(1, 2)) ** 2 / 2
        return [(q - gap, down), (q, 1 - down - up), (q + gap, up)]

    def cell(self, mean):
        """Branch B's first draw: stochastic rounding of the mean."""
        mean = Fraction(mean)
        low = mean // self.gap * self.gap
        return [(low, 1 - (mean - low) / self.gap), (low + self.gap, (mean - low) / self.gap)]

    def least(self, mean):
        """The least variance that a law on the grid has with this mean."""
        (low, _), (high, _) = self.cell(mean)
        return (Fraction(mean) - low) * (high - Fraction(mean))

    def law(self, mean, variance):
        """Branch B: {value: probability}, clipped."""
        mean = clip(Fraction(mean), self.low, self.high)
        step = max(Fraction(variance) - self.least(mean), Fraction(0)) / (2 * self.gap**2)
        total: dict[Fraction, Fraction] = defaultdict(Fraction)
        for point, p in self.cell(mean):
            for move, q in ((-self.gap, step), (0, 1 - 2 * step), (self.gap, step)):
                total[clip(point + move, self.low, self.high)] += p * q
        return {value: p for value, p in total.items() if p}

    def draw(self, mean, variance, x, first, second):
        """(value, saturated, infeasible) for the words; x is branch A's Gaussian point."""
        inside = clip(Fraction(mean), self.low, self.high)
        infeasible = False
        if Fraction(variance) > self.own:
            point = pick(self.around(x), first)
        else:
            spare = Fraction(variance) - self.least(inside)
            infeasible = spare < 0
            point = pick(self.cell(inside), first)
            step = spare / (2 * self.gap**2)
            if spare > 0:
                moves = [(-self.gap, step), (Fraction(0), 1 - 2 * step), (self.gap, step)]
                point += pick(moves, second)
        value = clip(point, self.low, self.high)
        return value, value != point or inside != Fraction(mean), infeasible


def pick(law, words):
    """The outcome of an ascending law at a uniform number."""
    total = Fraction(0)
    for value, probability in law[:-1]:
        total += probability
        if below(words, total):
            return value
    return law[-1][0]


class Nested:
    """The nested-pair law on any sorted values, rational or Real."""

    def __init__(self, values):
        self.values = [v if isinstance(v, Real) else Fraction(v) for v in values]

    def widest_gap(self, mean, variance):
        """The largest gap that meets the mean, give or take 8 standard deviations."""
        reach, mean = 64 * Fraction(variance), Fraction(mean)

        def within(distance):
            return distance <= 0 or distance * distance <= reach

        pairs = zip(self.values, self.values[1:], strict=False)
        met = [b - a for a, b in pairs if within(a - mean) and within(mean - b)]
        return max(met, default=Fraction(0))

    def takes_a_gaussian(self, mean, variance):
        """Is the variance so large that x = mean + sqrt(variance - gap**2 / 4) xi comes first?

        The law is then that of x and gap**2 / 4.
        """
        gap = self.widest_gap(mean, variance)
        return gap * gap < 4 * Fraction(variance)

    def pairs(self, mean, variance):
        """(kind, inner, outer): pairs of values; inner is None where there is one pair alone."""
        g, mean, variance = self.values, Fraction(mean), Fraction(variance)
        if mean < g[0] or mean > g[-1]:
            end = g[0] if mean < g[0] else g[-1]
            return "saturated", None, (end, end)
        a = bisect.bisect_right(g, mean) - 1
        b = a if g[a] == mean else a + 1

        def own():
            return (mean - g[a]) * (g[b] - mean)

        if own() > variance:
            return "infeasible", None, (g[a], g[b])
        inner = None
        while own() < variance:
            inner = (g[a], g[b])
            if a == b:
                a, b = max(a - 1, 0), min(b + 1, len(g) - 1)
                continue
            low_moves = mean - g[a] <= g[b] - mean
            if (a == 0) if low_moves else (b == len(g) - 1):
                low_moves = not low_moves
                distance = mean - g[a] if low_moves else g[b] - mean
                is_last = (a == 0) if low_moves else (b == len(g) - 1)
                if is_last or distance**2 > 64 * variance:
                    return "saturated", None, inner
            a, b = (a - 1, b) if low_moves else (a, b + 1)
        return "", inner, (g[a], g[b])

    @staticmethod
    def _own(pair, mean):
        return (mean - pair[0]) * (pair[1] - mean)

    def share(self, mean, variance, inner, outer):
        """The probability of the outer pair."""
        if inner is None:
            return Fraction(1)
        less, more = self._own(inner, Fraction(mean)), self._own(outer, Fraction(mean))
        return (Fraction(variance) - less) / (more - less)

    def law(self, mean, variance):
        """{value: probability}."""
        _, inner, outer = self.pairs(mean, variance)
        share = self.share(mean, variance, inner, outer)
        total: dict[Fraction, Fraction] = defaultdict(Fraction)
        for pair, p in ((inner, 1 - share), (outer, share)):
            if p:
                up = self._up(pair, mean)
                total[pair[0]] += p * (1 - up)
                total[pair[1]] += p * up
        return {value: p for value, p in total.items() if p}

    @staticmethod
    def _up(pair, mean):
        low, high = pair
        return (Fraction(mean) - low) / (high - low) if high > low else Fraction(0)

    def draw(self, mean, variance, first, second):
        """(value, saturated, infeasible) for the element's words; no Gaussian comes first."""
        kind, inner, outer = self.pairs(mean, variance)
        is_outer = inner is None or below(first, self.share(mean, variance, inner, outer))
        pair = outer if is_outer else inner
        value = pair[1] if below(second, self._up(pair, mean)) else pair[0]
        return value, kind == "saturated", kind == "infeasible"


def moments(law):
    """Mean and variance of {value: probability}, exactly."""
    mean = sum(value * p for value, p in law.items())
    return mean, sum((value - mean) ** 2 * p for value, p in law.items())
