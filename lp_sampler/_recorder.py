"""A vector unit that writes down what it does: values by name, and operations on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._codes import Coding
from ._errors import SamplerError
from ._evaluate import Evaluation
from ._numfmt import Format, Key, MicroOp, gaussian, parse, random_bits
from ._rounding import BINARY32, is_stochastic, round_to, spelled_out
from ._unit import VectorUnit
from .kernels import Kernel

Array = npt.NDArray[Any]

RESULT = "result"
UNIFORM_WORDS, LAW_WORDS, LAW_GAUSSIAN = (0, 1), (0, 4, 6, 1, 5, 7), 2
"""Numbers of the draws that a rounding and a variance-corrected value may look at."""


class Recorder(VectorUnit):
    """A machine's vector unit that writes down its operations.  It does each by numfmt: the bits
    are those of the plain unit.
    """

    def __init__(self, evaluate: Evaluation) -> None:
        key = evaluate.key
        first = key.first // evaluate.target.size
        super().__init__(evaluate.machine, key.fold_in("unit"), first)
        self._step_key = key
        self._values: dict[str, dict[str, Any]] = {}
        self._held: list[tuple[str, Any]] = []
        self._inputs: dict[str, str] = {}
        self._operations: list[dict[str, Any]] = []
        self._taken: list[Key] = []
        self._label = RESULT

    @property
    def is_plain(self) -> bool:
        """No: a fused step has no operations to write down."""
        return False

    def do(self, op: MicroOp, operands: list[Any]) -> Array:
        """By the name that the machine's list has for it."""
        self._label = op.out
        result = super().do(op, operands)
        self._label = RESULT
        return result

    def begin(self, params: Array, format: Format, arrays: dict[str, Array]) -> None:
        """What the step starts from; further arrays as binary32."""
        self._inputs["params"] = self._hold(params, format, "params")
        for name, array in arrays.items():
            if array.dtype == np.float32:
                self._inputs[name] = self._hold(array, BINARY32, name)

    def took_gradient(self, gradient: Array) -> None:
        """As computed, and as stored in the machine's gradient format."""
        name = self._hold(gradient, BINARY32, "gradient")
        self._inputs[name] = name
        format, key = self._machine.gradient, self._step_key.fold_in("gradient")
        stored = round_to(gradient, format, key)
        if stored is not gradient:
            self.note("convert", stored, [gradient], format, key, name=f"{name}_stored")

    def constant(self, value: float, role: str = "step_size") -> np.float32:
        """Written down with the exact number."""
        found = super().constant(value, role)
        name = self._hold(found, self._machine.format_of(role), role)
        self._values[name]["exact"] = float(value).hex()
        self._inputs[name] = name
        return found

    def gaussian(self, key: Key, shape: tuple[int, ...]) -> Array:
        """Written down as the source's result."""
        noise = super().gaussian(key, shape)
        own = self._machine.format_of("noise") if self.is_binary32 else self._unit.format
        source = dataclasses.asdict(self._machine.gaussian)
        self._write("gaussian", [], self._hold(noise, own, "noise"), source=source)
        return noise

    def note(
        self,
        what: str,
        result: Array,
        operands: list[Any],
        format: Format,
        key: Key,
        *,
        name: str = "stored",
        **how: Any,
    ) -> None:
        """Written down: a result that is stored in a format of its own."""
        full = spelled_out(format)
        law = what == "variance_corrected"
        if law:
            how["gaussian"] = _hexes(gaussian(key, result.shape, draw=LAW_GAUSSIAN))
            how["variance"] = _hexes(np.broadcast_to(how["variance"], result.shape))
        else:
            how |= {"rounding": str(full.rounding), "overflow": str(full.overflow)}
        if law or is_stochastic(full.rounding):
            numbers = LAW_WORDS if law else UNIFORM_WORDS
            how["words"] = _words(key, result.shape, numbers)
        names = [self._name(one) for one in operands]
        self._write(what, names, self._hold(result, format, name), **how)

    def record(self, results: dict[str, Any], kernel: Kernel) -> dict[str, Any]:
        """What was written down; the results by name."""
        made = {one["out"] for one in self._operations}
        if not any(one is results["params"] and name in made for name, one in self._held):
            raise SamplerError(
                f"trace: {type(kernel).__name__} does not make its parameters by the vector unit "
                f"alone: its steps are no list of operations"
            )
        return {
            "inputs": self._inputs,
            "values": self._values,
            "operations": self._operations,
            "results": {
                what: self._name(array)
                for what, array in results.items()
                if array.dtype == np.float32
            },
        }

    def _in_numpy(self, x: Any) -> bool:
        return getattr(x, "dtype", None) == np.float64

    def _do(self, name: str, *operands: Any, unit: Any = None) -> Array:
        unit, self._taken = unit or self._unit, []
        result = super()._do(name, *operands, unit=unit)
        how: dict[str, Any] = {
            "rounding": str(unit.round),
            "overflow": str(unit.ovf or unit.format.default_overflow),
        }
        flush = {"operands": self._unit.flush_inputs, "results": unit.flush_results}
        if set(flush.values()) != {"none"}:
            how["flush"] = flush
        for key in self._taken:
            how["words"] = _words(key, result.shape, UNIFORM_WORDS)
        names = [self._read(one) for one in operands]
        self._write(name, names, self._hold(result, unit.format, self._label), **how)
        return result

    def _bits(self, operands: tuple[Any, ...]) -> Key:
        key = super()._bits(operands)
        self._taken.append(key)
        return key

    def _read(self, x: Any) -> str:
        """The name of an operand as the unit reads it: rounded to its format where need be."""
        name, unit = self._name(x), self._unit
        own = parse(self._values[name]["format"])
        if np.ndim(x) == 0 or self.is_binary32 or own == unit.format:
            return name
        read = self.read(np.asarray(x, np.float32))
        converted = self._hold(read, unit.format, f"{name}_read")
        rounding = "nearest_even" if is_stochastic(unit.round) else unit.round
        overflow = unit.ovf or unit.format.default_overflow
        self._write("convert", [name], converted, rounding=str(rounding), overflow=str(overflow))
        return converted

    def _write(self, what: str, operands: list[str], out: str, **how: Any) -> None:
        self._operations.append({"op": what, "operands": operands, "out": out, **how})

    def _hold(self, x: Any, format: Format, name: str) -> str:
        """Keep a value by a name that no other has."""
        taken = sum(one.partition(".")[0] == name for one in self._values)
        name = f"{name}.{taken + 1}" if taken else name
        self._values[name] = plain_value(x, format)
        self._held.append((name, x))
        return name

    def _name(self, x: Any) -> str:
        """Of the value that this is, or else that has these bytes, the latest first."""
        latest = self._held[::-1]
        same = [name for name, one in latest if one is x]
        same += [name for name, one in latest if _same(one, x)]
        if same:
            return same[0]
        name = self._hold(x, BINARY32, "given")
        self._inputs[name] = name
        return name


def plain_value(x: Any, format: Format) -> dict[str, Any]:
    """A value as plain data: format, shape and codes."""
    values, bare = np.asarray(x, np.float32), format.bare()
    if not values.ndim:
        values = values[None]
    coding = Coding(bare, values.shape[-1])
    codes = coding.encode(values)
    size = values.shape[-1]
    found = {
        "format": "binary32" if coding.keeps_bits else str(bare),
        "shape": list(np.shape(x)),
        "codes": codes[..., :size].ravel().tolist(),
    }
    if coding.blocks:
        found["scales"] = codes[..., size:].ravel().tolist()
    return found


def _same(one: Any, other: Any) -> bool:
    a, b = np.asarray(one), np.asarray(other)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _words(key: Key, shape: tuple[int, ...], numbers: Sequence[int]) -> dict[str, list[int]]:
    return {str(n): random_bits(key, shape, draw=n).ravel().tolist() for n in numbers}


def _hexes(x: Array) -> list[str]:
    return [float(one).hex() for one in np.asarray(x, np.float64).ravel()]
