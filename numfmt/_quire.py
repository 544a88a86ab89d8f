"""Quires: sums of numbers and of products, exact, rounded once when they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from . import _core
from ._arrays import Array as Numbers
from ._code_array import Array
from ._core import lib
from ._errors import FormatError, NanError, RangeError, ShapeError
from ._operate import plan_for, rounded
from ._parse import parse
from ._quire_terms import (
    INFINITIES,
    NAN,
    limbs_of,
    misfit,
    read_term,
    record,
    shape_for,
    sized,
    special_of,
)
from ._report import alone
from ._threads import count
from .formats import Format

DEFAULT_GUARD = 31


class Quire:
    """An exact accumulator of a format, or an array of them: begins at 0, takes numbers and
    products without rounding, and is rounded once, to any format.

    It is an integer in two's complement, in units so fine that every product of two values is a
    multiple of them, and so wide that ``2**guard_bits - 1`` products cannot overflow it.  The
    order of what is added does not matter.

    - Posits have the quire of the posit standard (2022): 16 n bits for es = 2, in general 32 + 4 *
      2**es * (n - 2), its lowest bit worth minpos**2.  NaR is added as NaR and stays, and so does a
      sum beyond its bits.
    - Other formats have an accumulator as Kulisch proposed it: a float 2 (bias + fraction_bits - 1)
      bits behind the point and 2 (emax + 1) in front of it, fixed point twice its own, takums twice
      those of their ends.  Infinities and NaN are kept as such: infinity - infinity and infinity *
      0 are NaN.  A quire that has overflowed says so when it is read.

    Args:
        format: a format or a spelling, of rational values.
        shape: of the array; () is a single one.
        guard_bits: 1 to 4096; of posits 31 is the standard's.

    Raises:
        FormatError: a format of irrational values, of blocks, of several scales, or one whose
            accumulator would be wider than 65,536 bits.

    >>> import numfmt as nf
    >>> q = nf.Quire("posit<16,2>")
    >>> a = nf.array([1e4, 0.25, -1e4], "posit<16,2>")
    >>> q.add_product(a, nf.array([1e4, 0.5, 1e4], "posit<16,2>"))
    <numfmt quire of posit<16,2>, 256 bits: 0.125>
    >>> q.add(nf.array(3, "posit<16,2>")).round().item()
    3.125
    """

    __slots__ = ("_c", "_data", "_format", "_guard_bits")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, format: object, shape: int | tuple[int, ...] = (), *, guard_bits: int = DEFAULT_GUARD
    ) -> None:
        self._format, self._guard_bits = parse(format), guard_bits
        self._c = sized(self._format, guard_bits)
        try:
            self._data = np.zeros(shape, record(self._c))
        except (TypeError, ValueError) as error:
            raise ShapeError(f"shape={shape!r}: {error}") from None

    @property
    def format(self) -> Format:
        """The format that it is for, to which `round` rounds where none is named."""
        return self._format

    @property
    def guard_bits(self) -> int:
        return self._guard_bits

    @property
    def width(self) -> int:
        """Bits of its integer, the sign among them."""
        return int(self._c.width)

    @property
    def lowest(self) -> int:
        """The integer counts units of ``2**lowest``."""
        return int(self._c.lowest)

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._data.shape
        return shape

    @property
    def size(self) -> int:
        return self._data.size

    def clear(self) -> Quire:
        """Back to 0, whatever it was; returns itself, as all that follow."""
        return self._call(lambda data: lib.nf_quire_clear(self._c, data, self.size))

    def add(self, x: Any) -> Quire:
        """Add numbers: an `Array` of any format whose values the quire can hold, or plain numbers
        that its own format holds.

        The first axes of `x` are those of the quires, repeated where they have size 1; what is
        along further axes is summed up.

        Raises:
            FormatError: values that may be finer or larger than the quire can hold.
            ShapeError: a shape that does not fit.

        >>> import numfmt as nf
        >>> nf.Quire("fixed<8,3>", 2).add([[1, 2, 3], [0.125, 0, 0]]).value
        array([Fraction(6, 1), Fraction(1, 8)], dtype=object)
        """
        return self._terms("add", x)

    def subtract(self, x: Any) -> Quire:
        """The same, subtracted."""
        return self._terms("subtract", x)

    def add_product(self, a: Any, b: Any) -> Quire:
        """Add products of numbers, each exact: a fused dot product.  Arguments and errors as `add`,
        for `a` and `b` broadcast to one shape.

        >>> import numfmt as nf
        >>> q = nf.Quire("e4m3fn").add_product([448, 2**-9], [448, 2**-9])
        >>> q.value == 448**2 + 2**-18
        True
        """
        return self._terms("add_product", a, b)

    def subtract_product(self, a: Any, b: Any) -> Quire:
        """The same, subtracted."""
        return self._terms("subtract_product", a, b)

    def add_quire(self, other: Quire) -> Quire:
        """Add quires of the same format and guard bits, repeated to this shape where they are
        fewer."""
        return self._quires("add_quire", other)

    def subtract_quire(self, other: Quire) -> Quire:
        """The same, subtracted."""
        return self._quires("subtract_quire", other)

    def negate(self) -> Quire:
        """Change the sign."""
        return self._call(lambda data: lib.nf_quire_negate(self._c, data, self.size))

    def round(
        self,
        format: object = None,
        rounding: str | None = None,
        overflow: str | None = None,
        *,
        nan: str | None = None,
        **options: Any,
    ) -> Array:
        """Round each once: an `Array` of its own format, or of the one that is named; the quire
        stays as it is.

        Args:
            rounding, overflow, nan, key, random_bits, report, tininess, element_flags: as
                `numfmt.add`.

        Raises:
            RangeError: a quire that has overflowed; ``overflow="error"`` and a sum out of range.
            NanError: a NaN, for a format without NaN.

        >>> import numfmt as nf
        >>> nf.Quire("bfloat16").add([256, 1, 2**-20]).round(rounding="up").item()
        258.0
        """
        target = self._format if format is None else parse(format)
        plan = plan_for("round", [], target, rounding, overflow, nan)
        self._check_overflow()
        data = np.ascontiguousarray(self._data)

        def call(descriptor: Any, own: Any, out: Numbers, report: Any, flags: Any) -> Any:
            codes = _core.pointer(out)
            return _core.tried(
                lambda options: lib.nf_quire_round(
                    self._c, limbs_of(data), data.size, descriptor, options, codes, report
                ),
                own,
                flags,
            )

        return rounded(plan, self.shape, call, lambda _: "the quire's sum", **options)

    @property
    def overflowed(self) -> Any:
        """Has the sum been beyond the bits?  Of posits and takums it is NaR then."""
        return (self._states & lib.NF_QUIRE_OVERFLOW) != 0

    @property
    def value(self) -> Any:
        """The exact sum, a `fractions.Fraction`; a float where it is NaN or infinite.  Of an array
        an object array.

        Raises:
            RangeError: the quire has overflowed.
        """
        self._check_overflow()
        unit = Fraction(2) ** self.lowest
        return self._each(lambda integer, state: special_of(state) or integer * unit)

    @property
    def bits(self) -> Any:
        """The integer as its pattern of `width` bits, 0 .. ``2**width - 1``; NaR is 10..0.

        Raises:
            RangeError, NanError: a quire that has overflowed, or is infinite or NaN, and has no
                NaR.

        >>> import numfmt as nf
        >>> hex(nf.Quire("posit<8,2>").add(-1).bits)
        '0xffffffffffffffffffff000000000000'
        """
        self._check_overflow()
        if not self._c.is_nar and np.any(self._states & (NAN | INFINITIES)):
            raise NanError(f"a quire of {self._format} that is infinite or NaN has no bits")
        nar, mask = 1 << (self.width - 1), (1 << self.width) - 1
        return self._each(lambda integer, state: nar if state & NAN else integer & mask)

    @property
    def _kind(self) -> str:
        return f"{self._format.bare()} with {self._guard_bits} guard bits"

    @property
    def _states(self) -> Any:
        return self._data["limbs"][..., -1]

    def _each(self, read: Callable[[int, int], Any]) -> Any:
        """What `read` makes of integer and state of each."""
        made = np.empty(self.size, object)
        for i, limbs in enumerate(
            self._data["limbs"].reshape(self.size, self._c.limbs).astype("<u8")
        ):
            made[i] = read(int.from_bytes(limbs[:-1].tobytes(), "little", signed=True), limbs[-1])
        return made.reshape(self.shape)[()]

    def _check_overflow(self) -> None:
        if not self._c.is_nar and np.any(self.overflowed):
            at = tuple(int(i) for i in np.argwhere(self.overflowed)[0])
            raise RangeError(
                f"quire{list(at) if at else ''} of {self._format} has overflowed its {self.width} "
                f"bits, and its sum is lost; more guard_bits than {self._guard_bits} hold more"
            )

    def _call(self, call: Callable[[Any], int], error: FormatError | None = None) -> Quire:
        """Change the data, in place or, where they lie apart, in a copy that is copied back."""
        data = np.ascontiguousarray(self._data).reshape(self.shape)
        status = call(limbs_of(data))
        if status == lib.NF_BAD_FORMAT and error is not None:
            raise error
        _core.check(status)
        if data is not self._data and not np.shares_memory(data, self._data):
            self._data[...] = data
        return self

    def _terms(self, name: str, *given: Any) -> Quire:
        letters = "ab" if len(given) > 1 else "x"
        pairs = zip(given, letters, strict=True)
        operands = [read_term(x, letter, self._format) for x, letter in pairs]
        shape, terms = shape_for(name, self.shape, operands)
        ready = [operand.ready(shape) for operand in operands]
        c_operands = _core.operands_of(ready, self.size * terms)
        function = getattr(lib, f"nf_quire_{name}")
        pointers = [c_operands + i for i in range(len(ready))]
        return self._call(
            lambda data: function(self._c, data, self.size, terms, *pointers, count()),
            misfit(name, self._kind, operands),
        )

    def _quires(self, name: str, other: Quire) -> Quire:
        if not isinstance(other, Quire):
            raise FormatError(f"{name}: other={other!r} must be a numfmt.Quire")
        if self._kind != other._kind:
            raise FormatError(f"{name}: other is of {other._kind}, and the quire of {self._kind}")
        try:
            data = np.broadcast_to(other._data, self.shape)
        except ValueError:
            raise ShapeError(f"{name}: shape {other.shape} does not fit {self.shape}") from None
        data = data.copy()
        function = getattr(lib, f"nf_quire_{name}")
        return self._call(lambda mine: function(self._c, mine, self.size, limbs_of(data), 1))

    def __getitem__(self, key: Any) -> Quire:
        """Some of the quires, not copied where NumPy would not."""
        places = key if isinstance(key, tuple) else (key,)
        found = self._data[key]
        if isinstance(found, np.void):
            found = self._data[(*places, ...)]
        return Quire._of(self, found)

    @classmethod
    def _of(cls, like: Quire, data: Numbers) -> Quire:
        made = object.__new__(cls)
        made._format, made._guard_bits = like._format, like._guard_bits
        made._c, made._data = like._c, data
        return made

    def __iadd__(self, other: Any) -> Quire:
        return self.add_quire(other) if isinstance(other, Quire) else self.add(other)

    def __isub__(self, other: Any) -> Quire:
        return self.subtract_quire(other) if isinstance(other, Quire) else self.subtract(other)

    def copy(self) -> Quire:
        """The same sums in memory of their own."""
        return Quire._of(self, self._data.copy())

    __copy__ = copy

    def __deepcopy__(self, _: object) -> Quire:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        limbs = np.array(self._data["limbs"])
        return _restored, (self._format, self.shape, self._guard_bits, limbs)

    def __repr__(self) -> str:
        what = f"<numfmt quire of {self._format}, {self.width} bits"
        if self.shape:
            return f"{what}, shape {self.shape}>"
        if not self._c.is_nar and self.overflowed:
            return f"{what}: overflowed>"
        with alone():
            return f"{what}: {self.round('binary64', 'nearest_even', 'infinity').item()}>"


def _restored(format: Format, shape: tuple[int, ...], guard_bits: int, limbs: Numbers) -> Quire:
    made = Quire(format, shape, guard_bits=guard_bits)
    made._data["limbs"] = limbs
    return made
