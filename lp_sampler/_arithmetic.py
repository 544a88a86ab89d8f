"""Products, stored tensors and functions of a target, as the machine computes them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import SamplerError
from ._numfmt import Datapath, Key, Machine, MachineError, binary32, from_codes, machine, matmul
from ._rounding import is_stochastic, round_to, spelled_out
from ._special import special
from ._unit import VectorUnit

Array = npt.NDArray[Any]

PRODUCTS_OF_A_STEP, WORDS_OF_A_PRODUCT = 1 << 12, 1 << 24
PASSES = ("fprop", "dgrad", "wgrad")


class Arithmetic:
    """What targets compute with, on float32 arrays whose first axis is the chains.

    Products go through the machine's datapaths; `store` rounds a tensor to the format of its role.
    float64 arrays, those of the reference, are computed in float64 and stored as they are.  Random
    bits of a step are those of `key`, which carries the step as its call, from chain `first_chain`
    on; product number n and stored tensor number n of a step have bits of their own.
    """

    def __init__(self, machine: Machine, key: Key, first_chain: int = 0) -> None:
        self._machine, self._key, self._first = machine, key, first_chain
        self._paths = _paths(machine)
        self._calls = 0
        self.unit = VectorUnit(machine, key.fold_in("target"), first_chain)

    @property
    def is_plain(self) -> bool:
        """Is everything that a target computes float32, products summed in order, functions
        correctly rounded?
        """
        return _is_plain(self._machine)

    def key_of(self, chain: int) -> Key:
        """A key for chain number `chain` of the arrays at this step, for bits that are drawn
        elsewhere.
        """
        return self._key.fold_in("chain", self._first + chain).at(self._key.call)

    def at(self, key: Key, first_chain: int) -> Arithmetic:
        """The same at one step."""
        return Arithmetic(self._machine, key, first_chain)

    def beside(self, purpose: str) -> Arithmetic:
        """The same for arrays that belong to no chain, with bits of their own."""
        return Arithmetic(self._machine, self._key.fold_in(purpose).at(self._key.call))

    def store(self, x: Array, role: str) -> Array:
        """A tensor as the machine keeps it: "activation", "error", "weight" or "input"."""
        format = _stored(self._machine, role)
        if format is None or x.dtype != np.float32:
            return x
        return round_to(x, format, self._bits("store", x.shape))

    def matmul(self, a: Array, b: Array, role: str = "fprop") -> Array:
        """a @ b, (..., m, k) times (..., k, n): `role` is the pass that it serves, "fprop", "dgrad"
        or "wgrad".  A row of the result depends on its row of `a` alone.

        Operands must be numbers of the datapath's input formats: `store` makes them so.  A result
        wider than the vector unit's numbers is rounded to them.
        """
        path = self._paths[role]
        if path is None or a.dtype != np.float32:
            return binary32.matmul(a, b)
        shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
        if path.is_random and has_own_words(self._machine, role):
            result = self._by_own_words(a, b, role, path, shape)
        else:
            key = self._bits("product", shape) if path.is_random else None
            result = matmul(a, b, path, key=key)
        unit = self._machine.vector_unit
        if result.format.bare() != unit.format:
            rounding = "nearest_even" if is_stochastic(unit.round) else unit.round
            result = result.astype(unit.format, rounding, unit.ovf)
        return np.asarray(result.values, np.float32)

    def _by_own_words(
        self, a: Array, b: Array, role: str, path: Datapath, shape: tuple[int, ...]
    ) -> Any:
        """The product with the words of the machine's generator: every chain has one of its own,
        seeded by seed + chain, which has given 2**24 words for each product of each step before.
        """
        self._calls += 1
        roundings = math.prod(shape[1:]) * a.shape[-1]
        if self._calls >= PRODUCTS_OF_A_STEP or roundings > WORDS_OF_A_PRODUCT:
            raise SamplerError(
                f"machine {self._machine.name!r}: its own words serve {PRODUCTS_OF_A_STEP - 1} "
                f"products a step of at most {WORDS_OF_A_PRODUCT} roundings a chain; got product "
                f"{self._calls} of {roundings}"
            )
        words = (self._key.call * PRODUCTS_OF_A_STEP + self._calls) * WORDS_OF_A_PRODUCT
        left = np.broadcast_to(a, (shape[0], *a.shape[1:])) if a.ndim > 2 else a
        sums = []
        for chain in range(shape[0]):
            stream = self._machine.stream(
                self._key.seed + self._first + chain, role, results=math.prod(shape[1:])
            )
            stream.jump(words)
            right = b if b.ndim == 2 else b[chain % len(b)]
            row = left[chain] if a.ndim > 2 else left[chain : chain + 1]
            sums.append(matmul(row, right, path, key=stream).codes.reshape(shape[1:]))
        return from_codes(np.stack(sums), path.output)

    def _bits(self, purpose: str, shape: tuple[int, ...]) -> Key:
        """The key of the next tensor of a step; its elements are numbered through all chains."""
        self._calls += 1
        first = self._first * math.prod(shape[1:])
        return self._key.fold_in(purpose, self._calls).at(self._key.call, first=first)

    def exp(self, z: Array) -> Array:
        """e**z."""
        return self._function("exp", z)

    def log(self, z: Array) -> Array:
        """The natural logarithm."""
        return self._function("log", z)

    def logistic(self, z: Array) -> Array:
        """1 / (1 + exp(-z))."""
        return self._function("logistic", z)

    def log_logistic(self, z: Array) -> Array:
        """log(logistic(z))."""
        return self._function("log_logistic", z)

    def log_sum_exp(self, terms: Sequence[Array]) -> Array:
        """log(sum of exp(term)) over arrays of one shape, in their order, without overflow."""
        return functools.reduce(self._log_add, terms)

    def _log_add(self, a: Array, b: Array) -> Array:
        """log(exp(a) + exp(b)): the larger one, and log(1 + exp(-distance)) more."""
        more = self.log_logistic(np.abs(self.unit.subtract(a, b)))
        return self.unit.subtract(np.maximum(a, b), more)

    def _function(self, name: str, z: Array) -> Array:
        if z.dtype == np.float32:
            return special(self._machine, name, z, self.unit)
        return np.asarray(IN_FLOAT64[name](z))


def _logistic(z: Array) -> Array:
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z < 0, small, 1.0) / (1 + small))


IN_FLOAT64: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "logistic": _logistic,
    "log_logistic": lambda z: np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z))),
}


@functools.lru_cache(maxsize=64)
def _paths(of: Machine) -> dict[str, Any]:
    """The datapath of each pass; None for float32 products in order, which have a loop of their
    own.
    """
    plain = machine("float32").datapath()
    return {role: None if of.datapath(role) == plain else of.datapath(role) for role in PASSES}


@functools.lru_cache(maxsize=64)
def _is_plain(of: Machine) -> bool:
    unit = of.vector_unit
    rounded = all(how.method == "correctly_rounded" for _, how in of.special)
    kept = all(_stored(of, role) is None for role in ("activation", "error"))
    whole = not any(path is not None for path in _paths(of).values())
    return unit.is_binary32 and not unit.fused and rounded and kept and whole


@functools.lru_cache(maxsize=64)
def has_own_words(of: Machine, role: str) -> bool:
    """Does the machine name a generator for the roundings of this pass?"""
    try:
        of.stream(1, role)
    except MachineError:
        return False
    return True


@functools.lru_cache(maxsize=256)
def _stored(of: Machine, role: str) -> Any:
    """The format of a role with its modes; None where it keeps every float32."""
    format = spelled_out(of.format_of(role))
    return None if format.bare() == machine("float32").weight.bare() else format


@functools.lru_cache(maxsize=64)
def needs_bits(of: Machine) -> bool:
    """Do products, stored tensors or what lies between draw random bits?"""
    roundings = [spelled_out(of.format_of(role)).rounding for role in ("activation", "error")]
    drawn = any(map(is_stochastic, [*roundings, of.vector_unit.round]))
    return drawn or any(path is not None and path.is_random for path in _paths(of).values())


@functools.lru_cache(maxsize=1)
def in_float32() -> Arithmetic:
    """Of a target that is bound to no machine."""
    return Arithmetic(machine("float32"), Key(0))
