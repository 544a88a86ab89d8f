"""Formats of blocks: neighbours that share a scale."""

from __future__ import annotations

import dataclasses
import functools
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from .. import _core
from .._core import ffi, lib
from .._errors import FormatError, unknown
from ._base import Format, Number, integer
from ._layout import Layout, bits
from .float import Float

CHOICES = ("scale_rule", "zero_scale", "nan", "inf", "too_large", "compute", "compat")
Sizes = int | None | tuple[int | None, ...]
Axes = int | None | tuple[int, ...] | str
_ALL_BUT = re.compile(r"all_but\(\s*(-?\d{1,2})\s*\)\Z")


@dataclass(frozen=True)
class Exponent:
    """A scale ``2**e``, e a two's complement integer of `bits` bits: no zero, no NaN; an exponent
    beyond its range is the nearest end."""

    bits: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", integer(self.bits, "bits", 1, 32))

    def __str__(self) -> str:
        return f"exponent<{self.bits}>"


@dataclass(frozen=True, repr=False)
class Block(Format):
    """Blocks of numbers that share a scale: `size` neighbours along `axis`.

    Args:
        element: the format of the elements, or its spelling; modes that it carries are the block's.
        size: neighbours that share a scale, the last block of an axis possibly fewer; None: the
            whole axis.  With a tuple of axes a tuple: tiles, as ``size=(16, 16), axis=(0, 1)``.
        scale_format: ``"e8m0"`` or any float, ``"exponent<bits>"``, None for no scale.
        scale_rule: ``"floor"``, ``"ceil"``, ``"rceil"``, ``"even"`` or ``"midmax"`` choose a power
            of two, ``"absmax"`` divides by the element's largest value; ``"given"``: always the
            caller's.
        axis: counted from the array's first or, where negative, last; None: the whole array is one
            block (`size` None); ``"all_but(0)"``: one block for each index of axis 0, of all other
            axes (`size` None).
        tensor_scale: ``"binary32"``: a second scale for the whole array; or None.
        zero_scale: the scale of zeros: ``"smallest"`` (0 where the scale has it) or ``"one"``;
            ``"zero"``: the smallest, and a scale that rounds to 0 stays 0 instead of becoming the
            smallest positive one.
        nan: ``"block"``: a NaN makes the scale NaN; ``"element"``: only its element.
        inf: ``"nan"``: an infinity counts as NaN; ``"sat"``: by the overflow policy.
        too_large: ``"nan"``: an exponent above the scale's makes the scale NaN; ``"clamp"``.
        compute: ``"exact"``; ``"fp32-te"`` (or ``"fp32"``), ``"fp32-torchao"``: the float32
            operations of those programs, on float16 and float32 numbers.
        compat: ``"qpytorch"``: QPyTorch's float32 operations, bit for bit; elements
            ``fixed<wl,wl-2>`` of 2 to 22 bits, roundings nearest_up and stochastic.
        rounding, overflow: modes that the format carries as its own defaults.

    A value is element times scale, exactly; `decode` rounds it to nearest where the dtype cannot
    hold it.

    Which fields fit together: the element's largest value is positive.  Rule ``"even"`` is for
    fixed and float elements, ``"absmax"`` for scales of a float format.  `tensor_scale` needs
    these and the rule ``"absmax"`` or ``"given"``, and `compute` needs `tensor_scale`.  A scale
    that may be no power of two has at most 24 significant bits, and its elements at most 30, with
    turning points of at most 62: no logarithmic ones, and none that turn at geometric means.
    Without a scale there is nothing to choose but the element and the size.

    >>> f = Block("e4m3fn", 32)
    >>> str(f), f.width, f.bits_per_value
    ('mxfp8_e4m3', 8, 8.25)
    >>> str(f.replace(axis=0, scale_rule="rceil"))
    'mxfp8_e4m3<scale_rule=rceil,axis=0>'
    """

    element: Format
    size: Sizes
    scale_format: Format | Exponent | None = field(default="e8m0", kw_only=True)  # type: ignore[assignment]
    scale_rule: str = field(default="floor", kw_only=True)
    axis: Axes = field(default=-1, kw_only=True)
    tensor_scale: Format | str | None = field(default=None, kw_only=True)
    zero_scale: str = field(default="smallest", kw_only=True)
    nan: str = field(default="block", kw_only=True)
    inf: str = field(default="nan", kw_only=True)
    too_large: str = field(default="nan", kw_only=True)
    compute: str = field(default="exact", kw_only=True)
    compat: str | None = field(default=None, kw_only=True)
    rounding: str | None = field(default=None, kw_only=True)
    overflow: str | None = field(default=None, kw_only=True)

    family: ClassVar[str] = "block"
    __hash__ = Format.__hash__

    def __post_init__(self) -> None:
        self._set(element=_format(self.element, "element"))
        self._set(rounding=self.rounding or self.element.rounding)
        self._set(overflow=self.overflow or self.element.overflow)
        self._set(element=self.element.bare(), scale_format=_scale_format(self.scale_format))
        if self.tensor_scale is not None:
            if str(_format(self.tensor_scale, "tensor_scale")) != "binary32":
                raise FormatError(f"tensor_scale={self.tensor_scale!r} must be 'binary32' or None")
            self._set(tensor_scale="binary32")
        self._check_places()
        for name in CHOICES:
            self._set(**{name: _choice(name, getattr(self, name))})
        self._check()

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _check_places(self) -> None:
        """Sizes and axes: numbers, or tuples of the same length."""
        axis, size = self.axis, self.size
        if (axis is None or isinstance(axis, str)) and size is not None:
            raise FormatError(f"size={size!r} must be None with axis={axis}, which says it all")
        if isinstance(axis, str):
            self._set(axis=f"all_but({integer(_kept(axis), 'axis', -64, 63)})")
            return
        if isinstance(axis, list) or isinstance(size, list):
            raise FormatError(f"axis={axis!r} and size={size!r} must be numbers, None or tuples")
        if isinstance(axis, tuple) != isinstance(size, tuple):
            raise FormatError(f"size={size!r} and axis={axis!r} must be two numbers or two tuples")
        axes = axis if isinstance(axis, tuple) else (axis,)
        sizes = size if isinstance(size, tuple) else (size,)
        if len(axes) != len(sizes) or not axes:
            raise FormatError(f"size={size!r} and axis={axis!r} must be of the same length")
        checked = tuple(_whole(n, "size", 1, 2**62) for n in sizes)
        places = tuple(_whole(n, "axis", -64, 63) for n in axes)
        if len(set(places)) != len(places):
            raise FormatError(f"axis={axis!r} names an axis twice")
        many = isinstance(axis, tuple)
        self._set(size=checked if many else checked[0], axis=places if many else places[0])

    def _check(self) -> None:
        if lib.nf_block_check(self._c) != lib.NF_OK:
            raise FormatError(
                f"{self.bare()}: the fields do not fit together: an element of "
                f"{self.element.bare()} under scale_format={self.scale_format} and "
                f"scale_rule={self.scale_rule!r}, tensor_scale={self.tensor_scale!r}, "
                f"compute={self.compute!r}, compat={self.compat!r}; see Block for what does"
            )
        self._check_modes()

    @functools.cached_property
    def _c(self) -> Any:
        scale, chosen = self.scale_format, {}
        for name in CHOICES:
            rows = _core.BLOCK_CHOICES[name]
            chosen[name] = next(r.number for r in rows if r.name == (getattr(self, name) or "none"))
        block = ffi.new("nf_block *", chosen)
        block.element = self.element._descriptor()[0]
        block.has_tensor_scale = self.tensor_scale is not None
        if isinstance(scale, Exponent):
            block.scale_kind, block.exponent_bits = lib.NF_SCALE_EXPONENT, scale.bits
        elif scale is not None:
            block.scale_kind, block.scale = lib.NF_SCALE_FORMAT, scale._descriptor()[0]
        return block

    @functools.cached_property
    def _facts(self) -> Any:
        facts = ffi.new("nf_block_facts *")
        _core.check(lib.nf_block_describe(self._c, facts))
        return facts

    @functools.cached_property
    def _code_dtype(self) -> np.dtype[Any]:
        return self.element._code_dtype

    def _descriptor(self) -> Any:
        """Refused: what asks for it is of single numbers."""
        raise FormatError(
            f"{self} is a block format, which has no meaning here; of single numbers is its "
            f"element, {self.element}"
        )

    def _elements(self) -> Format:
        return self.element

    def _overflow_status(self, overflow: int, count: int) -> int:
        return int(lib.nf_block_overflow_check(self._c, overflow, count))

    @property
    def width(self) -> int:  # type: ignore[override]
        """Bits of an element's code."""
        return self.element.width

    @property
    def kept_axis(self) -> int | None:
        """Of ``axis="all_but(0)"`` the 0: the one axis that blocks do not lie along; else None."""
        return _kept(self.axis) if isinstance(self.axis, str) else None

    @property
    def highest_code(self) -> int:
        """The largest integer that is an element's code."""
        return self.element.highest_code

    @property
    def scale_width(self) -> int:
        """Bits of a scale's code; 0 where there is none."""
        return int(self._facts.scale_width)

    @property
    def bits_per_value(self) -> float | None:
        """Bits of an element with its part of a full block's scale; None where blocks have the size
        of the array."""
        sizes = self.size if isinstance(self.size, tuple) else (self.size,)
        elements = 1
        for size in sizes:
            if size is None:
                return None
            elements *= size
        return float(self.width + Fraction(self.scale_width, elements))

    @property
    def default_rounding(self) -> str:
        """The rounding used where neither the caller nor the format names one."""
        return "nearest_up" if self.compat else super().default_rounding

    @property
    def default_overflow(self) -> str:
        """The elements' policy where neither the caller nor the format names one."""
        return str(_core.OVERFLOWS[self._facts.default_overflow].name)

    @property
    def has_nan(self) -> bool:
        """A NaN has somewhere to go: the scale's or, with ``nan="element"``, the element's."""
        return bool(self._facts.has_nan)

    @property
    def has_infinity(self) -> bool:
        """The elements have infinities."""
        return self.element.has_infinity

    @property
    def has_zero(self) -> bool:
        """The elements have a 0."""
        return self.element.has_zero

    @property
    def has_irrational(self) -> bool:
        """The elements have values that are no fractions."""
        return self.element.has_irrational

    @functools.cached_property
    def precision(self) -> int:
        """The element's significand bits."""
        return self.element.precision

    @property
    def eps(self) -> Number:
        """Refused, as `max` and the other facts of single numbers are: see the element's."""
        self._descriptor()
        raise AssertionError("refused above")

    def all_codes(self) -> np.ndarray[Any, Any]:
        """Refused: see the element's."""
        self._descriptor()
        raise AssertionError("refused above")

    def layouts(self) -> tuple[Layout, ...]:
        """The bits of an element's code, of a scale's and of the tensor's scale."""
        parts: list[tuple[str, tuple[Layout, ...]]] = [("an element", self.element.layouts())]
        if isinstance(self.scale_format, Exponent):
            size = self.scale_format.bits
            fields = (("e", f"{bits('exponent', size)} in two's complement"),)
            parts.append(("a scale", (Layout(("e" * size,), fields, ("2^e",)),)))
        elif self.scale_format is not None:
            parts.append(("a scale", self.scale_format.layouts()))
        if self.tensor_scale is not None:
            parts.append(("the tensor's scale", Float(8, 23).layouts()))
        return tuple(
            dataclasses.replace(layout, title=f"{layout.title} of {whose}")
            for whose, layouts in parts
            for layout in layouts
        )

    def _spelling(self) -> tuple[str, list[str]]:
        from .block_names import spelling_of

        return spelling_of(self)


def _whole(value: object, argument: str, low: int, high: int) -> int | None:
    return None if value is None else integer(value, argument, low, high)


def _kept(axis: str) -> int:
    found = _ALL_BUT.match(axis)
    if found is None:
        raise FormatError(f"axis={axis!r} must be a number, a tuple, None or as 'all_but(0)'")
    return int(found[1])


def _format(given: object, argument: str) -> Format:
    from .._parse import parse

    found = parse(given)
    if isinstance(found, Block):
        raise FormatError(f"{argument}={str(given)!r} must be a format of single numbers")
    return found


def _scale_format(given: object) -> Format | Exponent | None:
    if given is None or isinstance(given, Exponent):
        return given
    if isinstance(given, str) and given.startswith("exponent<") and given.endswith(">"):
        return _exponent(given)
    return _format(given, "scale_format").bare()


def _exponent(given: str) -> Exponent:
    bits = given[len("exponent<") : -1]
    number = int(bits) if bits.isdecimal() and bits.isascii() and len(bits) < 3 else 0
    if not 1 <= number <= 32:
        raise FormatError(f"scale_format={given!r} must have 1 to 32 bits, as exponent<8> has 8")
    return Exponent(number)


def _choice(name: str, given: object) -> str | None:
    """The canonical spelling of a choice; of `compat` None for none."""
    rows = _core.BLOCK_CHOICES[name]
    if name == "compat" and given in (None, "none"):
        return None
    for row in rows:
        if given == row.name or given in row.aliases:
            return row.name
    raise FormatError(unknown(name, given, [row.name for row in rows]))
