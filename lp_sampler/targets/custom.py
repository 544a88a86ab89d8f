"""A target given by two functions."""

from __future__ import annotations

from collections.abc import Callable

from .._errors import SamplerError
from ._target import Array, Rows, Target


class Custom(Target):
    """A target of your own: `log_density(params, rows)` and `gradient(params, rows)`.

    `params` has shape (chains, size) and is float32, float64 for the reference; `rows` is None, or
    with `data_size` and a batch size an array of row numbers.  Both functions return the value for
    the whole data, not negated: shapes (chains,) and (chains, size).

    >>> import numpy as np
    >>> def log_density(x, rows):
    ...     return -((x**2 - 1) ** 2).sum(axis=1)
    >>> double_well = Custom(log_density, lambda x, rows: -4 * x * (x**2 - 1), 1)
    >>> double_well.gradient(np.array([[2.0]])).item()
    -24.0
    """

    def __init__(
        self,
        log_density: Callable[[Array, Rows | None], Array],
        gradient: Callable[[Array, Rows | None], Array],
        size: int,
        *,
        data_size: int | None = None,
    ) -> None:
        for name, function in (("log_density", log_density), ("gradient", gradient)):
            if not callable(function):
                raise SamplerError(f"{name}: a function of params and rows; got {function!r}")
        if size < 1:
            raise SamplerError(f"size: at least one parameter is needed; got {size}")
        if data_size is not None and data_size < 1:
            raise SamplerError(f"data_size: at least one row, or None, is allowed; got {data_size}")
        self.size, self.data_size = size, data_size
        self.names = tuple(f"theta{i}" for i in range(size))
        self._log_density, self._gradient = log_density, gradient

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """What the function returns, its shape checked."""
        return self._checked(self._log_density(params, rows), params.shape[:1], "log_density")

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """What the function returns, its shape checked, in `params`' dtype."""
        return self._checked(self._gradient(params, rows), params.shape, "gradient").astype(
            params.dtype, copy=False
        )

    def _checked(self, result: Array, shape: tuple[int, ...], name: str) -> Array:
        if getattr(result, "shape", None) != shape:
            raise SamplerError(
                f"{name}: must return an array of shape {shape}; got "
                f"{getattr(result, 'shape', result)}"
            )
        return result
