"""Quires: sums and products added up without rounding, to be rounded once at the end."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from . import _core
from ._code_array import Array
from ._core import ffi, lib
from ._errors import FormatError, NumfmtError, ShapeError
from ._operands import Operand, read, represent, shape_of
from ._operate import plan_for, rounded
from ._parse import parse
from ._random import Generator, Key
from ._report import Report
from ._threads import count
from .formats import Format
from .formats._base import integer

GUARD_BITS, MOST_GUARD_BITS = 31, 4096
_LIMB = 64


class Quire:
    """An exact accumulator of a format, or an array of them.

    It is a fixed-point number so fine and wide that products of two values of the format are added
    without rounding, in any order.  Of posits it is the quire of the Posit Standard (2022): 16 n
    bits for posit<n,2>; of other formats a Kulisch accumulator.

    Args:
        format: whose values and products it adds: of numbers without scales beside them, of values
            that are fractions.
        shape: of an array of quires; default a single one.
        guard_bits: 1 .. 4096: 2**guard_bits - 1 of the largest products do not overflow it.

    Raises:
        FormatError: a format without a quire of at most 65,536 bits.

    Numbers are Arrays, of formats whose values it holds, or plain numbers that its format has.  An
    operand is broadcast to the quires' shape; with more axes it starts with that shape, and the
    rest of its elements are all added to their quire.

    >>> import numfmt as nf
    >>> q = nf.Quire("posit<16,2>")
    >>> q.add_product(nf.array([256, 3], "posit<16,2>"), nf.array([256, 0.125], "posit<16,2>"))
    >>> q -= nf.array(65536, "posit<16,2>")
    >>> q.round().item(), q.width
    (0.375, 256)
    """

    __slots__ = ("_c", "_format", "_guard_bits", "_limbs")

    def __init__(
        self, format: object, shape: int | tuple[int, ...] = (), *, guard_bits: int = GUARD_BITS
    ) -> None:
        self._format = parse(format).bare()
        self._guard_bits = integer(guard_bits, "guard_bits", 1, MOST_GUARD_BITS)
        self._c = ffi.new("nf_quire *")
        status = lib.nf_quire_size(self._format._descriptor(), self._guard_bits, self._c)
        if status == lib.NF_BAD_FORMAT:
            raise FormatError(
                f"{self._format} has no quire: its values are irrational, or have several scales, "
                f"or an exact sum takes more than 65536 bits"
            )
        _core.check(status)
        try:
            self._limbs = np.zeros((*np.empty(shape, np.void).shape, self._c.limbs), np.uint64)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"shape={shape!r} is not a shape: {error}") from None

    @property
    def format(self) -> Format:
        """Whose values it adds."""
        return self._format

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._limbs.shape[:-1]
        return shape

    @property
    def width(self) -> int:
        """Bits of each quire, the sign and the guard bits among them."""
        return int(self._c.width)

    @property
    def lowest(self) -> int:
        """A quire counts units of ``2**lowest``."""
        return int(self._c.lowest)

    @property
    def values(self) -> Any:
        """The sums, an object array: exact fractions; NaN and infinities are floats."""
        found = np.empty(self.shape, object)
        rows = self._limbs.reshape(-1, self._c.limbs).tolist()
        found.reshape(-1)[:] = [self._value(row) for row in rows]
        return found

    def _value(self, row: list[int]) -> Any:
        *limbs, state = row
        plus, minus = (
            bool(state & bit) for bit in (lib.NF_QUIRE_PLUS_INFINITY, lib.NF_QUIRE_MINUS_INFINITY)
        )
        lost = state & (lib.NF_QUIRE_NAN | lib.NF_QUIRE_INVALID | lib.NF_QUIRE_OVERFLOW)
        if lost or (plus and minus) or (self._c.is_nar and (plus or minus)):
            return math.nan
        if plus or minus:
            return math.inf if plus else -math.inf
        number = sum(limb << (_LIMB * i) for i, limb in enumerate(limbs))
        number -= (number >> (_LIMB * len(limbs) - 1)) << (_LIMB * len(limbs))
        return Fraction(number) * Fraction(2) ** self.lowest

    def add(self, x: Any) -> None:
        """``q += x``, exactly."""
        self._take(lib.nf_quire_add, "add", x)

    def subtract(self, x: Any) -> None:
        """``q -= x``, exactly."""
        self._take(lib.nf_quire_subtract, "subtract", x)

    def add_product(self, a: Any, b: Any) -> None:
        """``q += a * b``, exactly; operands are broadcast to each other first."""
        self._take(lib.nf_quire_add_product, "add_product", a, b)

    def subtract_product(self, a: Any, b: Any) -> None:
        """``q -= a * b``, exactly."""
        self._take(lib.nf_quire_subtract_product, "subtract_product", a, b)

    def add_quire(self, other: Quire) -> None:
        """``q += other``, a quire of the same kind: of the same shape, or a single one."""
        self._join(lib.nf_quire_add_quire, "add_quire", other)

    def subtract_quire(self, other: Quire) -> None:
        """``q -= other``."""
        self._join(lib.nf_quire_subtract_quire, "subtract_quire", other)

    def negate(self) -> None:
        """``q = -q``."""
        _core.check(lib.nf_quire_negate(self._c, self._memory(), self._count))

    def clear(self) -> None:
        """Back to 0."""
        _core.check(lib.nf_quire_clear(self._c, self._memory(), self._count))

    def copy(self) -> Quire:
        """The same sums in memory of their own."""
        return _restored(self._format, self._guard_bits, self._limbs.copy())

    __copy__ = copy

    def __deepcopy__(self, _: object) -> Quire:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._format, self._guard_bits, self._limbs)

    def __iadd__(self, other: Any) -> Quire:
        (self.add_quire if isinstance(other, Quire) else self.add)(other)
        return self

    def __isub__(self, other: Any) -> Quire:
        (self.subtract_quire if isinstance(other, Quire) else self.subtract)(other)
        return self

    def __repr__(self) -> str:
        shape = f", shape={self.shape}" if self.shape else ""
        return f"<numfmt quire of {self._format}: {self.width} bits from 2**{self.lowest}{shape}>"

    def round(
        self,
        format: object = None,
        rounding: str | None = None,
        overflow: str | None = None,
        *,
        nan: str | None = None,
        key: Key | Generator | None = None,
        random_bits: Any = None,
        report: Report | None = None,
        tininess: str = "after",
        element_flags: Any = None,
    ) -> Array:
        """Each sum rounded once, by default to the quire's own format: arguments as `add` has
        them.  The quires stay as they are."""
        target = self._format if format is None else format
        plan = plan_for("round", [], target, rounding, overflow, nan)

        def call(descriptor: Any, options: Any, out: Any, report: Any, flags: Any) -> Any:
            def run(own: Any) -> int:
                codes, n = _core.pointer(out), self._count
                memory = self._memory()
                status: int = lib.nf_quire_round(self._c, memory, n, descriptor, own, codes, report)
                return status

            return _core.tried(run, options, flags)

        def says(_: tuple[int, ...]) -> str:
            return "the quire's sum"

        return rounded(
            plan, self.shape, call, says, key, random_bits, report, tininess, element_flags
        )

    @property
    def _count(self) -> int:
        return math.prod(self.shape)

    def _memory(self) -> Any:
        return ffi.cast("uint64_t *", _core.pointer(self._limbs))

    def _take(self, function: Any, name: str, *given: Any) -> None:
        """Add elements of operands, or of products of two, to their quires."""
        operands = [read(x, letter) for x, letter in zip(given, "ab", strict=False)]
        for operand in operands:
            if operand.format is None:
                represent(operand, self._format)
        shape = self._spread(name, operands)
        size = math.prod(shape)
        ready = [operand.ready(shape) for operand in operands]
        c_operands = _core.operands_of(ready, size)
        n = self._count
        terms = size // n if n else 0
        parts = [c_operands + i for i in range(len(operands))]
        status = function(self._c, self._memory(), n, terms, *parts, count())
        if status == lib.NF_BAD_FORMAT:
            formats = " and ".join(str(operand.format) for operand in operands)
            raise FormatError(
                f"{name}: values of {formats} may be finer or larger than {self!r} holds"
            )
        _core.check(status)

    def _spread(self, name: str, operands: list[Operand]) -> tuple[int, ...]:
        """The shape of the terms: the quires', or one that begins with it."""
        shape, own = shape_of(name, operands), self.shape
        if len(shape) > len(own) and shape[: len(own)] == own:
            return shape
        if len(shape) <= len(own):
            spread = [n in (1, m) for n, m in zip(shape[::-1], own[::-1], strict=False)]
            if all(spread):
                return own
        raise ShapeError(f"{name}: operands of shape {shape} do not fit quires of shape {own}")

    def _join(self, function: Any, name: str, other: Quire) -> None:
        if not isinstance(other, Quire):
            raise NumfmtError(f"{name}: {other!r} is no Quire")
        if (other.width, other.lowest, other._c.is_nar) != (
            self.width,
            self.lowest,
            self._c.is_nar,
        ):
            raise FormatError(f"{name}: {other!r} is of another kind than {self!r}")
        if other.shape not in (self.shape, ()):
            raise ShapeError(f"{name}: quires of shape {other.shape} and {self.shape}")
        step = int(other.shape == self.shape)
        status = function(self._c, self._memory(), self._count, other._memory(), step)
        _core.check(status)


def _restored(format: Format, guard_bits: int, limbs: Any) -> Quire:
    quire = Quire(format, limbs.shape[:-1], guard_bits=guard_bits)
    quire._limbs[...] = limbs
    return quire
