"""Gaussian noise as a machine makes it, from words of a key."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import GaussianSource, Key, gaussian, random_bits

Array = npt.NDArray[Any]

WORD_BITS, DIGITS = 32, 60
DISCRETE_RANGE = 9
"""Standard deviations to each side of the discrete law; beyond lies less than 2**-60."""


def standard_noise(source: GaussianSource, key: Key, shape: tuple[int, ...]) -> Array:
    """float64 noise of variance 1 (see `numfmt.GaussianSource`); element i depends on the key's
    call and on i alone.
    """
    return _KINDS[source.kind](source, key, shape)


def variance_of(source: GaussianSource) -> float:
    """The noise's own variance, which tables and few bits make less or more than 1; 1 for exact."""
    if source.kind == "inverse_cdf":
        return float(np.mean(quantiles(_bits(source)) ** 2))
    if source.kind == "box_muller":
        radii, cosines = radii_and_cosines(_bits(source), source.fraction_bits or 0)
        return float(np.mean(radii**2) * np.mean(cosines**2))
    if source.kind == "discrete":
        points, weights = discrete_law(source.fraction_bits or 0)
        return float(np.sum(points**2 * weights))
    return 1.0


def _exact(source: GaussianSource, key: Key, shape: tuple[int, ...]) -> Array:
    return np.asarray(gaussian(key, shape))


def _central_limit(source: GaussianSource, key: Key, shape: tuple[int, ...]) -> Array:
    """The sum S of k words of b bits: (S - k (2**b - 1) / 2) / sqrt(k (4**b - 1) / 12), its
    variance exactly 1.
    """
    terms, bits = source.terms or 1, _bits(source)
    total = np.zeros(shape, np.int64)
    for term in range(terms):
        total += _top(key.fold_in("term", term), shape, bits)
    twice = 2 * total - terms * ((1 << bits) - 1)
    return np.asarray(twice / math.sqrt(terms * (4**bits - 1) / 3))


def _inverse_cdf(source: GaussianSource, key: Key, shape: tuple[int, ...]) -> Array:
    bits = _bits(source)
    return np.asarray(quantiles(bits)[_top(key, shape, bits)])


def _box_muller(source: GaussianSource, key: Key, shape: tuple[int, ...]) -> Array:
    """Radius times cosine, both of F fraction bits, rounded to F fraction bits to nearest even."""
    bits, fraction = _bits(source), source.fraction_bits or 0
    radii, cosines = radii_and_cosines(bits, fraction)
    radius = radii[_top(key.fold_in("radius"), shape, bits)]
    product = radius * cosines[_top(key.fold_in("turn"), shape, bits)]  # exact: 2 F + 3 bits
    return np.asarray(np.rint(product * 2.0**fraction) / 2.0**fraction)


def _discrete(source: GaussianSource, key: Key, shape: tuple[int, ...]) -> Array:
    """By inversion of 64-bit words."""
    fraction = source.fraction_bits or 0
    high = random_bits(key.fold_in("high"), shape).astype(np.uint64) << np.uint64(32)
    word = high | random_bits(key.fold_in("low"), shape)
    places = np.searchsorted(discrete_thresholds(fraction), word, side="right")
    return np.asarray((places - (DISCRETE_RANGE << fraction)) / 2.0**fraction)


_KINDS: dict[str, Callable[[GaussianSource, Key, tuple[int, ...]], Array]] = {
    "exact": _exact,
    "central_limit": _central_limit,
    "inverse_cdf": _inverse_cdf,
    "box_muller": _box_muller,
    "discrete": _discrete,
}


def _bits(source: GaussianSource) -> int:
    return source.bits or WORD_BITS


def _top(key: Key, shape: tuple[int, ...], bits: int) -> Array:
    """The top bits of a word for each element, as int64."""
    words = random_bits(key, shape).astype(np.int64)
    return np.asarray(words >> (WORD_BITS - bits))


@functools.lru_cache(maxsize=16)
def quantiles(bits: int) -> Array:
    """Standard normal quantiles at (i + 1/2) / 2**bits: odd about the middle."""
    half = 1 << (bits - 1)
    upper = [NormalDist().inv_cdf((half + i + 0.5) / (1 << bits)) for i in range(half)]
    return np.array([-x for x in reversed(upper)] + upper)


@functools.lru_cache(maxsize=16)
def radii_and_cosines(bits: int, fraction_bits: int) -> tuple[Array, Array]:
    """sqrt(-2 ln u) and cos(2 pi u) at u = (i + 1/2) / 2**bits, each of so many fraction bits."""
    middles = [(i + 0.5) / (1 << bits) for i in range(1 << bits)]
    radii = [math.sqrt(-2 * math.log(u)) for u in middles]
    cosines = [math.cos(2 * math.pi * u) for u in middles]
    scale = 2.0**fraction_bits
    return np.rint(np.array(radii) * scale) / scale, np.rint(np.array(cosines) * scale) / scale


@functools.lru_cache(maxsize=16)
def discrete_weights(fraction_bits: int) -> tuple[Decimal, ...]:
    """exp(-x**2 / 2) at x = k / 2**fraction_bits, k = -9 * 2**fraction_bits ..., to 60 digits."""
    most = DISCRETE_RANGE << fraction_bits
    with localcontext() as context:
        context.prec = DIGITS
        unit = Decimal(4) ** fraction_bits * 2
        upper = [(-Decimal(k * k) / unit).exp() for k in range(most + 1)]
    return tuple(upper[:0:-1] + upper)


@functools.lru_cache(maxsize=16)
def discrete_thresholds(fraction_bits: int) -> Array:
    """ceil(2**64 P(X <= x)) of every point but the last: a word below it gives x or less."""
    weights = discrete_weights(fraction_bits)
    with localcontext() as context:
        context.prec = DIGITS
        total, below, found = sum(weights), Decimal(0), []
        for weight in weights[:-1]:
            below += weight
            found.append(min(math.ceil(below / total * 2**64), 2**64 - 1))
    return np.array(found, np.uint64)


def discrete_law(fraction_bits: int) -> tuple[Array, Array]:
    """Points and probabilities of the discrete Gaussian."""
    weights = np.array([float(weight) for weight in discrete_weights(fraction_bits)])
    most = DISCRETE_RANGE << fraction_bits
    points = np.arange(-most, most + 1) / 2.0**fraction_bits
    return points, weights / weights.sum()
