"""Where the results of an operation go: a new Array, or what the caller gave as ``out``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import Array as Numbers
from ._arrays import check_out
from ._call import Plan
from ._code_array import Array
from ._errors import FormatError
from ._quantize import decode


class Result:
    """Memory for codes: `codes` is what the core writes, `finish` hands the result over;
    `may_spoil` where nobody else sees `codes` before."""

    def __init__(
        self, out: Any, plan: Plan, shape: tuple[int, ...], operands: list[Numbers]
    ) -> None:
        self._out, self._format = out, plan.format
        self.codes, self.may_spoil = np.empty(shape, plan.code_dtype), True
        if isinstance(out, Array):
            self._check_format(out)
            _check(out.codes, self.codes, plan.code_dtype, operands)
            if out.codes.flags.carray:
                self.codes, self.may_spoil = out.codes, False
        elif out is not None:
            is_array = isinstance(out, np.ndarray)
            dtype = plan.decoded_dtype(out.dtype) if is_array else plan.code_dtype
            _check(out, self.codes, dtype, operands)

    def _check_format(self, out: Array) -> None:
        if out.format.bare() != self._format.bare():
            raise FormatError(f"out is of {out.format.bare()}, the result of {self._format.bare()}")

    def finish(self) -> Any:
        """`out`, with the result."""
        if not isinstance(self._out, Array):
            return decode(self.codes, self._format, dtype=self._out.dtype, out=self._out)
        if self.codes is not self._out.codes:
            self._out.codes[...] = self.codes
        return self._out


def _check(out: Any, result: Numbers, dtype: Any, operands: list[Numbers]) -> None:
    check_out(out, result, dtype)
    for operand in operands:
        if operand.shape == result.shape:
            check_out(out, operand, dtype)
        elif np.may_share_memory(out, operand):
            check_out(out, np.broadcast_to(operand, result.shape), dtype)
