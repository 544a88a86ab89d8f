"""Functions of one number as a machine computes them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from ._numfmt import Machine, SpecialFunction, binary32
from ._unit import VectorUnit

Array = npt.NDArray[Any]

MULTIPLIER = np.uint32(0x9E3779B1)
"""2**32 / golden ratio, odd: the hash of an argument's bits (Knuth, vol. 3, 6.4)."""


def special(machine: Machine, name: str, z: Array, unit: VectorUnit) -> Array:
    """A function ("exp", "log", "logistic" or "log_logistic") of float32 numbers."""
    how = dict(machine.special).get(name)
    if how is None or how.method == "correctly_rounded":
        return rounded(name, z, unit)
    if how.method == "ulp_bounded":
        return moved(rounded(name, z, unit), z, how.ulps or 0, unit)
    return from_table(name, z, how, unit)


def rounded(name: str, z: Array, unit: VectorUnit) -> Array:
    """Correctly rounded to the unit's format; in binary32 with an error below 0.5001 ulp."""
    if unit.is_binary32:
        return np.asarray(getattr(binary32, name)(z))
    if name == "log_logistic":
        return -unit.function("softplus", -z)
    return unit.function({"logistic": "sigmoid"}.get(name, name), z)


def moved(exact: Array, z: Array, ulps: int, unit: VectorUnit) -> Array:
    """`exact` moved by -ulps .. ulps places of the unit's format, which a hash of z's bits says."""
    hashed = (np.ascontiguousarray(z).view(np.uint32) * MULTIPLIER) >> np.uint32(16)
    places = hashed.astype(np.int64) % (2 * ulps + 1) - ulps
    return unit.neighbour(exact, np.where(np.isfinite(exact), places, 0))


def from_table(name: str, z: Array, how: SpecialFunction, unit: VectorUnit) -> Array:
    """An entry of a table, or a line between two."""
    low, high = np.float32(how.low or 0), np.float32(how.high or 0)
    entries = 1 << (how.index_bits or 0)
    linear = how.interpolation == "linear"
    values = _entries(name, float(low), float(high), entries, linear)
    place = (np.asarray(z, np.float64) - float(low)) * (entries / (float(high) - float(low)))
    inside = np.nan_to_num(np.clip(place, 0, entries), nan=0)
    cell = np.minimum(inside.astype(np.int64), entries - 1)
    if not linear:
        return np.where(np.isnan(z), z, unit.read(values[cell]))
    part = (inside - cell).astype(np.float32)
    below, above = unit.read(values[cell]), unit.read(values[cell + 1])
    line = unit.multiply_add(part, unit.subtract(above, below), below)
    return np.where(np.isnan(z), z, line)


@functools.lru_cache(maxsize=64)
def _entries(name: str, low: float, high: float, entries: int, linear: bool) -> Array:
    """The function at the middles of cells, or at their ends."""
    places = np.arange(entries + 1) if linear else np.arange(entries) + 0.5
    points = (low + places * ((high - low) / entries)).astype(np.float32)
    return np.asarray(getattr(binary32, name)(points))
