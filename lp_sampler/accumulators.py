"""Accumulator policies: how a step's result is stored.

A policy is spelled by name, with its parameters where it has some: ``"vc"``, ``"blend(rho=1e-5)"``.
`accumulator` makes one of a spelling; kernels call `begin` once, then `base` and `store` each step.

>>> accumulator("blend(rho=0.5)").meaning
'a float32 copy, pulled to the stored parameters by rho a step'
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any, ClassVar

import numpy.typing as npt

from ._errors import SamplerError, unknown
from ._grid import Grid
from ._numfmt import Format, Key, Machine
from ._pair import Pair, given_momentum, with_noise
from ._refine import refined
from ._rounding import BINARY32, is_binary32, round_to
from ._store import Store
from ._unit import VectorUnit

Array = npt.NDArray[Any]
Arrays = dict[str, Array]


@dataclasses.dataclass(frozen=True)
class Accumulator:
    """One policy.  `fused` is the one of `numfmt.sampler_update` that does the same; `carries` the
    array beside the stored parameters that the chain goes on from, None where they are all.
    """

    name: ClassVar[str]
    meaning: ClassVar[str]
    fused: ClassVar[str | None] = None
    carries: ClassVar[str | None] = None

    def __str__(self) -> str:
        fields = (f"{one.name}={getattr(self, one.name)}" for one in dataclasses.fields(self))
        inside = ", ".join(fields)
        return f"{self.name}({inside})" if inside else self.name

    def formats(self, machine: Machine) -> dict[str, Format]:
        """The formats by role: of gradients, and of the parameters and further arrays stored."""
        return {"gradient": machine.gradient, "accumulator": self.stored_in(machine.accumulator)}

    def stored_in(self, format: Format) -> Format:
        """The format that an array is kept in, given the one that the machine has for it."""
        return format

    def begin(self, params: Array, formats: dict[str, Format], key: Key) -> tuple[Array, Arrays]:
        """Stored parameters and further arrays at a start, rounded once."""
        return round_to(params, formats["accumulator"], key.fold_in("init")), {}

    def carried(self, params: Array, arrays: Arrays) -> Array:
        """The array that the noise of a step goes into."""
        return params if self.carries is None else arrays[self.carries]

    def base(self, params: Array, arrays: Arrays, unit: VectorUnit) -> Array:
        """What a step adds its drift to."""
        return self.carried(params, arrays)

    def store(
        self, mean: Array, variance: float | Array, formats: dict[str, Format], by: Store
    ) -> tuple[Array, Arrays]:
        """The parameters and further arrays after a step with this mean and noise variance."""
        raise NotImplementedError

    def store_pair(
        self, pair: Pair, formats: dict[str, Format], momentum_by: Store, by: Store
    ) -> tuple[Array, Array]:
        """Momentum and position after a step whose noises are correlated."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Full(Accumulator):
    """Gaussian noise is added, and the parameters are kept in float32; the gradient is taken at
    their rounded weights.
    """

    name = "full"
    meaning = "parameters kept in float32"
    fused = "full"

    def stored_in(self, format: Format) -> Format:
        """Binary32."""
        return BINARY32

    def store(
        self, mean: Array, variance: float | Array, formats: dict[str, Format], by: Store
    ) -> tuple[Array, Arrays]:
        """The noisy mean."""
        return by.noisy(mean, variance), {}

    def store_pair(
        self, pair: Pair, formats: dict[str, Format], momentum_by: Store, by: Store
    ) -> tuple[Array, Array]:
        """Correlated noise on both means."""
        return with_noise(pair, momentum_by, by)


@dataclasses.dataclass(frozen=True)
class Naive(Accumulator):
    """The noisy mean rounded by the format's own rounding, whose error adds to the noise."""

    name = "naive"
    meaning = "rounded after the noise is added, by the format's rounding"
    fused = "naive"

    def store(
        self, mean: Array, variance: float | Array, formats: dict[str, Format], by: Store
    ) -> tuple[Array, Arrays]:
        """The noisy mean, rounded."""
        return by.rounded(by.noisy(mean, variance), formats["accumulator"]), {}

    def store_pair(
        self, pair: Pair, formats: dict[str, Format], momentum_by: Store, by: Store
    ) -> tuple[Array, Array]:
        """Correlated noise on both means, both rounded."""
        momentum, position = with_noise(pair, momentum_by, by)
        stored = momentum_by.rounded(momentum, formats["momentum"])
        return stored, by.rounded(position, formats["accumulator"])


@dataclasses.dataclass(frozen=True)
class NaiveNearest(Naive):
    """The same, rounded to nearest even: steps far below the gap freeze the chain."""

    name = "naive_nearest"
    meaning = "the same, to nearest even"

    def stored_in(self, format: Format) -> Format:
        """The format with its rounding replaced."""
        return format.replace(rounding="nearest_even")


@dataclasses.dataclass(frozen=True)
class VarianceCorrected(Accumulator):
    """A random grid value with the step's mean and noise variance: rounding is part of the noise
    (Zhang, Wilson and De Sa, ICML 2022).
    """

    name = "vc"
    meaning = "variance corrected: rounding is part of the noise"
    fused = "vc"
    method: ClassVar[str] = "paper"

    def store(
        self, mean: Array, variance: float | Array, formats: dict[str, Format], by: Store
    ) -> tuple[Array, Arrays]:
        """A draw of the law."""
        return by.drawn(mean, variance, formats["accumulator"], self.method), {}

    def store_pair(
        self, pair: Pair, formats: dict[str, Format], momentum_by: Store, by: Store
    ) -> tuple[Array, Array]:
        """Independent draws, as published: the covariance of momentum and position is lost."""
        moved, noise = momentum_by.drawn, pair.noise
        momentum = moved(pair.momentum, noise.momentum_variance, formats["momentum"], self.method)
        spread = noise.position_variance
        return momentum, by.drawn(pair.position, spread, formats["accumulator"], self.method)


@dataclasses.dataclass(frozen=True)
class OneShot(VarianceCorrected):
    """The same two moments by a single ternary draw."""

    name = "one_shot"
    meaning = "variance corrected with a single ternary draw"
    fused = "one_shot"
    method = "one_shot"


@dataclasses.dataclass(frozen=True)
class Joint(Accumulator):
    """Position and momentum drawn one after the other, with their covariance: of SGHMC alone."""

    name = "joint"
    meaning = "variance corrected, with the covariance of position and momentum"

    def store_pair(
        self, pair: Pair, formats: dict[str, Format], momentum_by: Store, by: Store
    ) -> tuple[Array, Array]:
        """The momentum's law, then the position's given what the momentum's draw came to."""
        noise, format = pair.noise, formats["momentum"]
        momentum = momentum_by.drawn(pair.momentum, noise.momentum_variance, format)
        mean, variance = given_momentum(pair, momentum, format, by)
        return momentum, by.drawn(mean, variance, formats["accumulator"])


@dataclasses.dataclass(frozen=True)
class Lattice(Accumulator):
    """The kernel itself moves from grid point to grid point: of the lattice kernels alone."""

    name = "lattice"
    meaning = "the kernel's own steps on the grid, which is fixed point"

    def stored_in(self, format: Format) -> Format:
        """The format, where it is a lattice."""
        Grid.of(format, "accumulator")
        return format


@dataclasses.dataclass(frozen=True)
class Blend(Accumulator):
    """A float32 copy y is kept and pulled to the stored w: ``y <- (1 - rho) y + rho w + step``,
    ``w = round(y)``, gradients at w (Yin et al., *Blended coarse gradient descent*, 2019).

    The copy is computed as ``y + rho (w - y)``, each operation rounded.  rho = 0 keeps y as `full`
    does; draws are w.
    """

    name = "blend"
    meaning = "a float32 copy, pulled to the stored parameters by rho a step"
    carries = "copy"
    rho: float = 1e-5

    def __post_init__(self) -> None:
        if not _is_number(self.rho) or not 0 <= self.rho <= 1:
            raise SamplerError(f"rho: a number from 0 to 1 is allowed; got {self.rho!r}")

    def begin(self, params: Array, formats: dict[str, Format], key: Key) -> tuple[Array, Arrays]:
        """The start itself is the copy."""
        return super().begin(params, formats, key)[0], {"copy": params}

    def base(self, params: Array, arrays: Arrays, unit: VectorUnit) -> Array:
        """The copy, blended."""
        copy = arrays["copy"]
        if self.rho == 0:
            return copy
        return unit.multiply_add(unit.constant(self.rho), unit.subtract(params, copy), copy)

    def store(
        self, mean: Array, variance: float | Array, formats: dict[str, Format], by: Store
    ) -> tuple[Array, Arrays]:
        """The noisy copy, and what it is rounded to."""
        copy = by.noisy(mean, variance)
        return by.rounded(copy, formats["accumulator"]), {"copy": copy}


@dataclasses.dataclass(frozen=True)
class ErrorFeedback(Accumulator):
    """The rounding error of the stored parameters is kept in `bits` further low bits.

    The chain is variance corrected on the grid of the accumulator's format with `bits` more
    fraction bits (for posits and takums: a wider one); the stored parameters, where gradients are
    taken and which are the draws, are its values rounded by the accumulator's own rounding.  The
    gap in the feasibility condition ``gap * |gradient| <= 2`` is 2**bits times smaller.
    """

    name = "error_feedback"
    meaning = "variance corrected on a finer grid: the rounding error is kept in extra low bits"
    carries = "extended"
    bits: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.bits, int) or isinstance(self.bits, bool) or self.bits < 1:
            raise SamplerError(f"bits: a whole number >= 1 is allowed; got {self.bits!r}")

    def formats(self, machine: Machine) -> dict[str, Format]:
        """With the finer format as ``"extended"``; SamplerError where there is none."""
        own = super().formats(machine)
        return {**own, "extended": refined(own["accumulator"], self.bits)}

    def begin(self, params: Array, formats: dict[str, Format], key: Key) -> tuple[Array, Arrays]:
        """The start on the finer grid, then on the stored one."""
        extended = round_to(params, formats["extended"], key.fold_in("init", "extended"))
        return super().begin(extended, formats, key)[0], {"extended": extended}

    def store(
        self, mean: Array, variance: float | Array, formats: dict[str, Format], by: Store
    ) -> tuple[Array, Arrays]:
        """A draw on the finer grid, and what it is rounded to."""
        extended = by.drawn(mean, variance, formats["extended"], "paper")
        key = by.key.fold_in("stored")
        stored = round_to(extended, formats["accumulator"], key)
        by.unit.note("convert", stored, [extended], formats["accumulator"], key)
        return stored, {"extended": extended}


ACCUMULATORS: dict[str, type[Accumulator]] = {
    one.name: one
    for one in (
        *(Full, Naive, NaiveNearest, VarianceCorrected, OneShot),
        *(Joint, Lattice, Blend, ErrorFeedback),
    )
}
SPELLING = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")


@functools.lru_cache(maxsize=256)
def accumulator(spelling: str) -> Accumulator:
    """The policy of that spelling; SamplerError, with the nearest name, where there is none.

    >>> str(accumulator("blend")), accumulator("blend(rho=0.5)").rho
    ('blend(rho=1e-05)', 0.5)
    """
    match = SPELLING.fullmatch(spelling) if isinstance(spelling, str) else None
    name, inside = match.groups() if match else (spelling, None)
    if name not in ACCUMULATORS:
        raise unknown("accumulator", name, ACCUMULATORS)
    return ACCUMULATORS[name](**_parameters(name, inside or ""))


def _parameters(name: str, inside: str) -> dict[str, int | float]:
    """Numbers by name, of "name=number, ..."."""
    known = [field.name for field in dataclasses.fields(ACCUMULATORS[name])]
    found: dict[str, int | float] = {}
    for part in filter(None, (one.strip() for one in inside.split(","))):
        field, _, text = (one.strip() for one in part.partition("="))
        if not known:
            raise SamplerError(f"accumulator: {name!r} has no parameters; got {part!r}")
        if field not in known:
            raise unknown(f"accumulator: parameter of {name!r}", field, known)
        found[field] = _number(text, f"accumulator: {name!r}: {field}")
    return found


def _number(text: str, where: str) -> int | float:
    try:
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    except ValueError:
        raise SamplerError(f"{where}: a number is allowed; got {text!r}") from None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def has_meaning(spelling: str, machine: Machine) -> bool:
    """Does the policy differ from `full` on this machine?  `full` itself always has a meaning."""
    return isinstance(accumulator(spelling), Full) or not is_binary32(machine.accumulator)
