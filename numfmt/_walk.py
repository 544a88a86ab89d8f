"""Many steps of a Langevin sampler in low precision, on a Gaussian target, in the core."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _context, _core
from ._arrays import Array, Input, where
from ._core import ffi, lib
from ._errors import DtypeError, RandomError, RangeError, ShapeError
from ._random import Key
from ._update import (
    ROLES,
    Update,
    check_policy,
    finite,
    float32_input,
    floats,
    formats_of,
    needs_rounding,
    refuse,
)
from .formats import Format

WEIGHT = "weight"


@dataclass(frozen=True)
class Walk:
    """What `sampler_walk` gives, of every `thin` steps.

    draws: float32, shape ``(draws, *theta.shape)``, where the last of the steps led to.  means: of
    the same shape, ``theta + step_size * gradient`` of that step: what the noise went to.
    saturated, infeasible, frozen: int64, shape (draws,), counts of all coordinates in those steps:
    results moved to an end of the range, variances that no law on the grid has, coordinates that a
    step left as they were.
    """

    draws: Array
    means: Array
    saturated: Array
    infeasible: Array
    frozen: Array


class _Structure:
    """The core's structure for a policy and its formats; `fill` sets what differs from call to
    call."""

    def __init__(
        self,
        policy: str,
        formats: tuple[Format, ...],
        isa: int,
        settings: _context.Settings,
    ) -> None:
        self._update = Update(policy, formats[0], formats[1], isa, settings)
        self.c = ffi.new("nf_walk *")
        self.failed_step, self.failed_at = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        if len(formats) > len(ROLES) and needs_rounding(formats[-1]):
            self.c.weight_format = formats[-1]._descriptor()
            self.c.weight_options = self._update.rounding(formats[-1], "forward")
        self.c.gradient_noise_key = self._update.key("gradient noise")

    def fill(self, key: Key, **fields: Any) -> None:
        """Keys of the purposes, and fields of the structure."""
        self._update.fill(key, 0.0, 0.0)
        self.c.update = self._update.c[0]
        for name, value in fields.items():
            setattr(self.c, name, value)


class _Structures(threading.local):
    """One structure of each kind a thread: the core reads it while other threads run."""

    def __init__(self) -> None:
        self.of = functools.lru_cache(maxsize=64)(_Structure)


_structures = _Structures()


def sampler_walk(
    theta: Any,
    precision: Any,
    mean: Any,
    step_size: Any,
    noise_variance: Any,
    formats: Mapping[str, object],
    policy: str,
    *,
    key: Key,
    draws: int = 1,
    thin: int = 1,
    gradient_noise: float = 0.0,
) -> Walk:
    """Many steps of `sampler_update` on a Gaussian target with independent parameters.

    Every step begins with the gradient, in float32, each operation rounded: ``w`` is theta rounded
    to ``formats["weight"]``, and with xi a Gaussian rounded to float32 the gradient is
    ``(mean - w) * precision + gradient_noise * xi``.

    It equals, bit for bit, the composition of `quantize`, `gaussian` and `sampler_update`: step s
    (from 0) with ``at = key.at(key.call + s, key.first)``, rounding of weights with
    ``at.fold_in("forward")``, xi with ``at.fold_in("gradient noise")``, the update with ``at``.

    Args:
        theta: float32; the last axis is the parameters.  Elements are numbered in C order from
            ``key.first``.
        precision, mean: numbers, or one a parameter; used as float32.
        step_size, noise_variance: numbers, or one a step (``draws * thin``), as in
            `sampler_update`.
        formats: as in `sampler_update`, and ``"weight"`` where gradients are not taken at theta
            itself.
        policy: as in `sampler_update`.
        key: a `Key`; its call is that of the first step.
        draws, thin: positive; of ``draws * thin`` steps every `thin`-th state is kept.
        gradient_noise: a standard deviation, used as float32; not negative.

    Returns:
        A `Walk`: draws, means and counts.

    Raises:
        DtypeError, ShapeError, FormatError, RoundingError, RandomError: a wrong argument.
        NanError, RangeError: a number that cannot be rounded, by the formats' modes.

    >>> import numpy as np
    >>> import numfmt as nf
    >>> formats = {"gradient": "fixed<8,2,rounding=stochastic>", "accumulator": "fixed<8,3>"}
    >>> start = np.zeros((1000, 1), np.float32)
    >>> common = start, 1, 0, 0.1, 0.2, formats, "vc"
    >>> walk = nf.sampler_walk(*common, key=nf.Key(5), draws=9, thin=50)
    >>> walk.draws.shape, walk.saturated[-1]
    ((9, 1000, 1), np.int64(0))
    >>> bool(0.95 < walk.draws[1:].std() < 1.1)
    True
    """
    check_policy(policy)
    start = float32_input(theta, "theta")
    given = formats_of(formats, _roles(formats))
    if not isinstance(key, Key):
        raise RandomError(f"key={key!r} must be a numfmt.Key: every step takes a call of its own")
    kept, steps = _count(draws, "draws"), _count(thin, "thin") * _count(draws, "draws")
    target = [
        _of_parameters(x, start, name) for x, name in ((precision, "precision"), (mean, "mean"))
    ]
    sizes = _sizes(step_size, "step_size", steps, -math.inf).astype(np.float32)
    variances = _sizes(noise_variance, "noise_variance", steps, 0)
    if key.call + steps > 1 << 48:
        raise RandomError(f"key: {steps} steps from call {key.call} on; the last call is 2**48 - 1")
    structure = _structures.of(policy, given, _core.isa_number(), _context.modes_alone())
    structure.fill(
        key,
        precision=floats(target[0]),
        mean=floats(target[1]),
        size=target[0].size,
        gradient_noise=finite(gradient_noise, "gradient_noise", 0),
        step_sizes=floats(sizes),
        noise_variances=ffi.cast("double *", _core.pointer(variances)),
        draws=kept,
        thin=thin,
    )
    return _run(structure, start, kept, given[1])


def _run(structure: _Structure, start: Input, draws: int, accumulator: Format) -> Walk:
    shape = (draws, *start.plain.shape)
    found, means = np.empty(shape, np.float32), np.empty(shape, np.float32)
    counts = np.zeros((draws, 3), np.uint64)
    status = lib.nf_sampler_walk(
        structure.c,
        floats(start.plain),
        start.plain.size,
        floats(found),
        floats(means),
        ffi.cast("nf_draw_counts *", _core.pointer(counts)),
        structure.failed_step,
        structure.failed_at,
    )

    def source() -> str:
        place = where(start.given, int(structure.failed_at[0]), "theta")
        return f"step {int(structure.failed_step[0])} from {place} and its gradient"

    refuse(status, source, accumulator, "sampler_walk")
    return Walk(found, means, *np.ascontiguousarray(counts.T.astype(np.int64)))


def _roles(formats: object) -> tuple[str, ...]:
    has_weight = isinstance(formats, Mapping) and WEIGHT in formats
    return (*ROLES, WEIGHT) if has_weight else ROLES


def _count(value: object, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise RangeError(f"{argument}={value!r} must be a whole number of at least 1")
    return int(value)


def _numbers(value: object, argument: str, dtype: Any) -> Array:
    try:
        return np.asarray(value, dtype)
    except (TypeError, ValueError):
        raise DtypeError(f"{argument}={value!r} must be real numbers") from None


def _of_parameters(value: object, theta: Input, argument: str) -> Array:
    """One float32 a parameter."""
    numbers, shape = _numbers(value, argument, np.float32), theta.plain.shape[-1:]
    if numbers.ndim and numbers.shape != shape:
        raise ShapeError(
            f"{argument} has shape {numbers.shape}; a number or one a parameter, {shape}, is "
            "allowed"
        )
    return np.ascontiguousarray(np.broadcast_to(numbers, shape))


def _sizes(value: object, argument: str, steps: int, least: float) -> Array:
    """One number a step."""
    numbers = _numbers(value, argument, np.float64)
    if numbers.ndim == 0:
        finite(value, argument, least)
    elif numbers.shape != (steps,):
        raise ShapeError(
            f"{argument} has shape {numbers.shape}; a number or one a step, {(steps,)}, is allowed"
        )
    bad = ~np.isfinite(numbers) | (numbers < least)
    if bad.any():
        finite(numbers[bad][0], argument, least)
    return np.ascontiguousarray(np.broadcast_to(numbers, (steps,)))
