"""Arrays of codes that know their format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import _array_places as places
from . import _array_protocols as protocols
from ._array_operators import Operators
from ._array_print import printed
from ._arrays import BlockCodes, read_codes
from ._blocks import read_block_codes
from ._call import plan_of
from ._errors import DtypeError, FormatError, NumfmtError
from ._parse import parse
from ._quantize import convert, decode
from ._random import Generator, Key
from ._report import Report
from .formats import Affine, Block, Format
from .formats._base import code_dtype


class Array(Operators):
    """Codes and the format that says what they are worth.

    Made by `array`, `from_codes`, `zeros` and the like.  It is indexed, reshaped and joined as a
    NumPy array is: slices are views, assignment rounds (by the format's modes, the `context`'s or
    the defaults).  ``+ - * / % @`` and comparisons are the operations of this library, each
    exact and rounded once; a plain number beside an Array must be one that its format holds.  A
    NumPy function that has no meaning here is a `DtypeError`: nothing is decoded unasked.
    ``.values`` or ``numpy.asarray`` decode.

    Of a block format elements and scales stay together: what would cut a block, or move elements
    from one to another, is a `ShapeError`.

    >>> import numfmt as nf
    >>> a = nf.array([[0.3, 20.5], [-2.7, 1.0]], "e4m3fn")
    >>> a
    Array([[ 0.3125, 20.    ],
           [-2.75  ,  1.    ]],
          format='e4m3fn', rounding='nearest_even', overflow='saturate')
    >>> a[0, 1] = 17.9
    >>> a[0], a.codes
    (Array([ 0.3125, 18.    ],
          format='e4m3fn', rounding='nearest_even', overflow='saturate'), array([[ 42,  89],
           [195,  56]], dtype=uint8))
    """

    __slots__ = ("__weakref__", "_codes", "_format", "_scales", "_tensor_scale")

    _codes: np.ndarray[Any, Any]
    _format: Format
    _scales: np.ndarray[Any, Any] | None
    _tensor_scale: np.float32 | None
    __hash__ = None

    def __init__(self, *_: object, **__: object) -> None:
        raise NumfmtError(
            "an Array is made by numfmt.array(values, format) or from_codes(codes, format)"
        )

    @classmethod
    def _of(cls, codes: Any, format: Format, scales: Any = None, tensor_scale: Any = None) -> Array:
        """An Array of parts that fit together, none of them copied."""
        made = object.__new__(cls)
        made._codes, made._format = np.asarray(codes), format
        made._scales, made._tensor_scale = scales, tensor_scale
        return made

    @classmethod
    def _encoded(cls, found: Any, format: Format) -> Array:
        """Of what `encode` or `convert` gave."""
        if isinstance(found, BlockCodes):
            return cls._of(found.codes, format, found.scales, found.tensor_scale)
        return cls._of(found, format)

    @property
    def codes(self) -> np.ndarray[Any, Any]:
        """The codes themselves, not a copy: unsigned integers, as `encode` gives them."""
        return self._codes

    @property
    def scales(self) -> np.ndarray[Any, Any] | None:
        """Of a block format the codes of its scales, not a copy; else None."""
        return self._scales

    @property
    def tensor_scale(self) -> np.float32 | None:
        """The scale of the whole tensor; None of a format that has none."""
        return self._tensor_scale

    @property
    def format(self) -> Format:
        """What the codes are worth, with the modes that it carries."""
        return self._format

    @property
    def values(self) -> Any:
        """The values: float64, or exact fractions where float64 does not hold every value of the
        format."""
        try:
            return decode(self._parts, self._format)
        except DtypeError:
            return decode(self._parts, self._format, dtype=object)

    @property
    def _parts(self) -> Any:
        """Codes as `decode` and `convert` take them."""
        if isinstance(self._format, Block):
            return BlockCodes(self._codes, self._scales, self._tensor_scale)
        return self._codes

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._codes.shape
        return shape

    @property
    def ndim(self) -> int:
        return self._codes.ndim

    @property
    def size(self) -> int:
        return self._codes.size

    @property
    def nbytes(self) -> int:
        """Bytes of codes and scales in memory; `pack` takes fewer."""
        return self._codes.nbytes + (0 if self._scales is None else self._scales.nbytes)

    @property
    def T(self) -> Array:
        """The axes in reverse."""
        return self.transpose()

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[Array]:
        return (self[i] for i in range(len(self)))

    def astype(
        self,
        format: object,
        rounding: str | None = None,
        overflow: str | None = None,
        *,
        nan: str | None = None,
        key: Key | Generator | None = None,
        random_bits: Any = None,
        report: Report | None = None,
    ) -> Array:
        """The same numbers in another format, each rounded once: arguments and errors as
        `convert`.

        >>> import numfmt as nf
        >>> nf.array([1.0, 3.3], "posit<16,2>").astype("fixed<8,3>").codes
        array([ 8, 26], dtype=uint8)
        """
        target = parse(format)
        modes = {"nan": nan, "key": key, "random_bits": random_bits, "report": report}
        found = convert(self._parts, self._format, target, rounding, overflow, **modes)
        return Array._encoded(found, target)

    def copy(self) -> Array:
        """The same codes in memory of their own."""
        scales = None if self._scales is None else self._scales.copy()
        return Array._of(self._codes.copy(), self._format, scales, self._tensor_scale)

    __copy__ = copy

    def __deepcopy__(self, _: object) -> Array:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return Array._of, (self._codes, self._format, self._scales, self._tensor_scale)

    def item(self) -> Any:
        """The value of the only element: a float, or a Fraction that no float is."""
        if self.size != 1:
            raise DtypeError(f"item(): an Array of shape {self.shape} is not a single number")
        value = self.values.reshape(-1)[0]
        return value.item() if isinstance(value, np.generic) else value

    def tolist(self) -> Any:
        """The values in nested lists."""
        return self.values.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item() != 0)

    def __repr__(self) -> str:
        return printed(self)

    def __str__(self) -> str:
        return str(self.values)

    def __getitem__(self, key: Any) -> Array:
        return places.taken(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Round values into place; an Array's codes of the same format are copied as they are."""
        places.put(self, key, value)

    def reshape(self, *shape: Any) -> Array:
        """The same elements in C order in another shape; refused where elements depend on their
        place (blocks, scales along an axis)."""
        return places.free(self, "reshape", lambda codes: codes.reshape(*shape))

    def ravel(self) -> Array:
        """One axis, in C order."""
        return self.reshape(-1)

    def flatten(self) -> Array:
        """A copy with one axis, in C order."""
        return self.reshape(-1).copy()

    def transpose(self, *axes: Any) -> Array:
        """The axes in another order; scales go with their elements."""
        return places.transposed(self, axes)

    def squeeze(self, axis: Any = None) -> Array:
        """Without axes of size 1."""
        return places.squeezed(self, axis)

    def sum(self, axis: Any = None, **options: Any) -> Array:
        """numfmt.sum: exact and rounded once, unless told otherwise."""
        return protocols.operation("sum")(self, axis=axis, **options)  # type: ignore[no-any-return]

    def max(self, axis: Any = None, keepdims: bool = False) -> Array:
        """The largest along axes (default all); NaN where one is.  Raises ShapeError of none."""
        return np.max(self, axis=axis, keepdims=keepdims)  # type: ignore[no-any-return]

    def min(self, axis: Any = None, keepdims: bool = False) -> Array:
        """The least along axes (default all); NaN where one is.  Raises ShapeError of none."""
        return np.min(self, axis=axis, keepdims=keepdims)  # type: ignore[no-any-return]

    def view(self, dtype: Any) -> Any:
        """The codes as a NumPy array of a dtype with the same encoding, not copied: binary16 as
        float16, bfloat16 and others as the dtypes of ml_dtypes.

        Raises:
            DtypeError: the dtype means something else by these bits.

        >>> import numpy as np
        >>> import numfmt as nf
        >>> nf.array([0.1, 2.5], "binary16").view(np.float16)
        array([0.1, 2.5], dtype=float16)
        """
        return protocols.viewed(self, dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if copy is False:
            raise ValueError("the values of an Array are always made anew: copy=False cannot be")
        return self.values if dtype is None else decode(self._parts, self._format, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        return protocols.ufunc(ufunc, method, inputs, keywords)

    def __array_function__(self, function: Any, _: Any, inputs: Any, keywords: Any) -> Any:
        return protocols.function(function, inputs, keywords)

    def __dlpack__(self, **keywords: Any) -> Any:
        """The codes, for other array libraries; of a block format refused, for scales would be
        left behind: export ``.codes`` and ``.scales``."""
        if isinstance(self._format, Block):
            raise DtypeError(
                f"DLPack of {self._format} would leave its scales behind; export .codes and .scales"
            )
        return self._codes.__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._codes.__dlpack_device__()


def checked(codes: Any, format: Format, argument: str = "codes") -> Array:
    """An Array of the caller's codes, which stay the caller's memory where their dtype is the
    format's."""
    if isinstance(codes, Array):
        raise FormatError(f"{argument} are an Array of {codes.format}, which has its format")
    if isinstance(format, Block):
        read_block_codes(format, codes)
        own = np.asarray(codes.codes).astype(code_dtype(format), copy=False)
        return Array._of(own, format, codes.scales, codes.tensor_scale)
    source = read_codes(codes, format, argument)
    if isinstance(format, Affine):
        plan_of(format).descriptor_for(source)
    return Array._of(source.given.astype(code_dtype(format), copy=False), format)
