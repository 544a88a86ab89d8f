"""The vector unit of a machine: arithmetic on arrays, every result rounded to the unit's format."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import SamplerError
from ._noise import standard_noise
from ._numfmt import OPERATIONS, Format, Key, Machine, MicroOp, array, quantize
from ._rounding import BINARY32, is_binary32, is_stochastic, leaves_range, round_to, spelled_out

Array = npt.NDArray[Any]

SINGLE_PRECISION = 24


class VectorUnit:
    """Element by element operations of a machine on float32 arrays, at one step.

    float64 arrays, those of the reference, are computed in float64.  Numbers that the unit's format
    does not hold are rounded to it before, each by the unit's mode, but for single numbers, which
    `constant` has rounded; in binary32 to nearest even, the usual unit, this is NumPy's float32
    arithmetic.  `key` serves a unit that rounds stochastically: operation number n of a step has
    bits of its own, and the elements of its arrays, whose first axis is the chains from
    `first_chain` on, are numbered through all chains.
    """

    def __init__(self, machine: Machine, key: Key, first_chain: int = 0) -> None:
        self._machine, self._key, self._first = machine, key, first_chain
        self._calls, self._constants = 0, 0
        self._unit = machine.vector_unit
        self.is_binary32 = self._unit.is_binary32
        self.is_fused = self._unit.fused

    @property
    def is_plain(self) -> bool:
        """Is everything float32 and unfused, constants and noise too?  Then this is the arithmetic
        of `numfmt.sampler_update`.
        """
        return is_plain(self._machine)

    def constant(self, value: float, role: str = "step_size") -> np.float32:
        """A number as the machine keeps it, in the format of the role; SamplerError beyond its
        range.
        """
        format = spelled_out(self._machine.format_of(role))
        exact = np.asarray([value], np.float64)
        if leaves_range(exact, format):
            raise SamplerError(
                f"machine {self._machine.name!r}: its {role} format {format.bare()} does not hold "
                f"the kernel's constant {value:.4g}: at most {float(format.max):.4g} is allowed"
            )
        self._constants += 1
        key = self._key.fold_in(role, self._constants).at(self._key.call)  # one for all chains
        stored = round_to(exact, format, key)
        return np.float32(stored[0])

    def add(self, x: Any, y: Any) -> Array:
        """x + y."""
        return np.asarray(np.add(x, y)) if self._in_numpy(x) else self._do("add", x, y)

    def subtract(self, x: Any, y: Any) -> Array:
        """x - y."""
        return np.asarray(np.subtract(x, y)) if self._in_numpy(x) else self._do("subtract", x, y)

    def multiply(self, x: Any, y: Any) -> Array:
        """x * y."""
        return np.asarray(np.multiply(x, y)) if self._in_numpy(x) else self._do("multiply", x, y)

    def divide(self, x: Any, y: Any) -> Array:
        """x / y."""
        return np.asarray(np.divide(x, y)) if self._in_numpy(x) else self._do("divide", x, y)

    def sqrt(self, x: Any) -> Array:
        """The square root of x."""
        return np.asarray(np.sqrt(x)) if self._in_numpy(x) else self._do("sqrt", x)

    def multiply_add(self, a: Any, x: Any, y: Any) -> Array:
        """a * x + y, rounded once where the unit is fused, else after the product too."""
        fused = self.is_fused and getattr(x, "dtype", None) != np.float64
        return self._do("fma", a, x, y) if fused else self.add(self.multiply(a, x), y)

    def gaussian(self, key: Key, shape: tuple[int, ...]) -> Array:
        """Gaussian noise of variance 1 in the machine's noise format, then in the unit's."""
        format = spelled_out(self._machine.format_of("noise"))
        made = standard_noise(self._machine.gaussian, key, shape)
        noise = round_to(made, format, key.fold_in("noise format"))
        single = noise.astype(np.float32)
        return single if self.is_binary32 else self.read(single)

    def note(
        self, what: str, result: Array, operands: list[Any], format: Format, key: Key, **how: Any
    ) -> None:
        """Hear of a result that was stored in a format of its own; a trace writes it down."""

    def _in_numpy(self, x: Any) -> bool:
        """Is it NumPy's arithmetic?  That of the reference, in float64, is too."""
        return self.is_binary32 or getattr(x, "dtype", None) == np.float64

    def function(self, name: str, x: Any) -> Array:
        """A function of numfmt, correctly rounded to the unit's format."""
        return self._do(name, x)

    def neighbour(self, x: Array, places: Array) -> Array:
        """The numbers of the unit's format so many places above or below."""
        format, found = self._unit.format, self.read(x)
        for _ in range(int(np.abs(places).max(initial=0))):
            held = array(found, format)
            up, down = (OPERATIONS[one](held).values for one in ("next_up", "next_down"))
            found = np.where(places > 0, up, np.where(places < 0, down, found))
            places = places - np.sign(places)
        return np.asarray(found, np.float32)

    def do(self, op: MicroOp, operands: list[Any]) -> Array:
        """An operation of a machine's list."""
        own = self._unit
        bare = op.format is None and op.round is None and op.ovf is None
        if bare and op.op != "fma":
            return np.asarray(getattr(self, op.op)(*operands))
        changed = dataclasses.replace(
            own, format=op.format or own.format, round=op.round or own.round, ovf=op.ovf or own.ovf
        )
        return self._do(op.op, *operands, unit=changed)

    def _do(self, name: str, *operands: Any, unit: Any = None) -> Array:
        """One operation on numbers of the unit's format; `unit` says another result's."""
        unit = unit or self._unit
        key = self._bits(operands) if is_stochastic(unit.round) else None
        read = [self._operand(one) for one in operands]
        modes = {"rounding": unit.round, "overflow": unit.ovf, "key": key}
        if name == "convert":
            result = read[0].astype(checked(unit.format), **modes)
        else:
            result = OPERATIONS[name](*read, format=checked(unit.format), **modes)
        return flushed(np.asarray(result.values, np.float32), unit.format, unit.flush_results)

    def _bits(self, operands: tuple[Any, ...]) -> Key:
        """The key of the next operation, for a result of the operands' common shape."""
        self._calls += 1
        shape = np.broadcast_shapes(*(np.shape(one) for one in operands))
        first = self._first * math.prod(shape[1:])
        return self._key.fold_in("vector unit", self._calls).at(self._key.call, first=first)

    def _operand(self, x: Any) -> Any:
        numbers = np.asarray(x, np.float32)
        if numbers.ndim == 0:
            return array(numbers, BINARY32)
        return array(self.read(numbers), self._unit.format)

    def read(self, x: Array) -> Array:
        """Operands in the unit's format, subnormal ones flushed where it does so."""
        unit = self._unit
        rounding = "nearest_even" if is_stochastic(unit.round) else unit.round
        held = quantize(x, checked(unit.format), rounding, unit.ovf)
        return flushed(held, unit.format, unit.flush_inputs)


@functools.lru_cache(maxsize=64)
def is_plain(machine: Machine) -> bool:
    """Is the machine's update float32 and unfused, constants and noise too?"""
    unit, roles = machine.vector_unit, ("step_size", "noise")
    in_binary32 = all(is_binary32(machine.format_of(role)) for role in roles)
    usual = machine.gaussian.kind == "exact" and not machine.update
    return unit.is_binary32 and not unit.fused and usual and in_binary32


@functools.lru_cache(maxsize=64)
def checked(format: Format) -> Format:
    """The unit's format, whose numbers must be float32 numbers."""
    ends = [float(format.max), float(format.smallest_positive), float(format.min)]
    with np.errstate(over="ignore"):
        held = np.asarray(ends, np.float32) == ends
    if not held.all() or format.precision > SINGLE_PRECISION:
        raise SamplerError(
            f"machine: a vector unit of {format.bare()} is not supported: its numbers are kept in "
            f"float32"
        )
    return format


def flushed(x: Array, format: Format, how: str) -> Array:
    """`x` with its subnormal numbers as 0: of their sign, or +0 ("plus")."""
    if how == "none":
        return x
    small = np.abs(x) < np.float32(float(format.smallest_normal))
    return np.where(
        small, np.copysign(np.float32(0), x) if how == "keep_sign" else np.float32(0), x
    )
