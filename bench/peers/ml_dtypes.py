"""ml_dtypes: NumPy dtypes; and NumPy's own float16."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import numfmt as nf

from ..arrays import Array, aligned
from ..row import Row, Setting, Task, Work, calls
from . import operation_row, quantize

PACKAGE = MODULE = "ml_dtypes"
DTYPES = {"e4m3fn": "float8_e4m3fn", "e5m2": "float8_e5m2", "bfloat16": "bfloat16"}


def rows() -> list[Row]:
    """Casts to the narrow dtypes, there and back, and back alone."""
    import ml_dtypes

    dtypes = {format: (PACKAGE, getattr(ml_dtypes, DTYPES[format])) for format in DTYPES}
    dtypes["binary16"] = ("numpy", np.float16)
    found = []
    for format, (package, dtype) in dtypes.items():
        found.append(Row(package, Task("encode", "", format), encoding(dtype), note="cast"))
        task = quantize("nearest_even", format)
        found.append(Row(package, task, there_and_back(dtype), note="cast and back"))
    for format in ("e4m3fn", "e5m2"):
        found.append(Row(PACKAGE, Task("decode", "", format), decoding(dtypes[format][1])))
    e8m0 = ml_dtypes.float8_e8m0fnu  # its casts make NaN of negative numbers, half of the data
    found.append(Row(PACKAGE, Task("decode", "", "e8m0"), decoding(e8m0)))
    return [*found, *arithmetic(dtypes)]


def arithmetic(dtypes: dict[str, Any]) -> Iterator[Row]:
    """NumPy's ufuncs of the dtypes: through float32, rounded twice in places."""
    for format, (package, dtype) in dtypes.items():
        for name in ("add", "multiply", "divide", "minimum", "sqrt"):
            yield operation_row(
                package,
                name,
                format,
                getattr(np, name),
                functools.partial(codes_as, dtype),
                read=lambda y: y.view(f"u{y.itemsize}"),
                give_out=True,
            )
        yield operation_row(package, "less", format, np.less, functools.partial(codes_as, dtype))


def codes_as(dtype: Any, array: nf.Array) -> Array:
    """The codes as NumPy takes them."""
    return array.codes.view(dtype)


def encoding(dtype: Any) -> Callable[[Setting], Work]:
    """float32 to a narrow dtype."""

    def setup(setting: Setting) -> Work:
        x, y = setting.arrays.input(), aligned(setting.n, dtype)
        bits = y.view(f"u{y.itemsize}")
        return Work(calls(lambda: np.copyto(y, x, casting="unsafe")), setting.n, lambda: bits)

    return setup


def there_and_back(dtype: Any) -> Callable[[Setting], Work]:
    """float32 to a narrow dtype and back to float32."""

    def setup(setting: Setting) -> Work:
        x, out, y = setting.arrays.input(), setting.arrays.output(), aligned(setting.n, dtype)

        def both() -> None:
            np.copyto(y, x, casting="unsafe")
            np.copyto(out, y)

        return Work(calls(both), setting.n, lambda: out)

    return setup


def decoding(dtype: Any) -> Callable[[Setting], Work]:
    """8-bit codes to float32."""

    def setup(setting: Setting) -> Work:
        codes, out = setting.arrays.codes(8).view(dtype), setting.arrays.output()
        return Work(calls(lambda: np.copyto(out, codes)), setting.n, lambda: out)

    return setup
