"""The operators of arrays: each is an operation of this library."""

from __future__ import annotations

from typing import Any


def _call(name: str, *operands: Any) -> Any:
    from . import _array_protocols

    return _array_protocols.operator_result(name, operands)


def _into(name: str, target: Any, other: Any) -> Any:
    from . import _array_protocols

    return _array_protocols.in_place(name, target, other)


class Operators:
    """``a + b`` and the others; ``a += b`` rounds into the codes of `a`."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Any) -> Any:
        return _call("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _call("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _call("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _call("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _call("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _call("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _call("divide", other, self)

    def __mod__(self, other: Any) -> Any:
        return _call("remainder", self, other)

    def __rmod__(self, other: Any) -> Any:
        return _call("remainder", other, self)

    def __pow__(self, other: Any) -> Any:
        return _call("power", self, other)

    def __iadd__(self, other: Any) -> Any:
        return _into("add", self, other)

    def __isub__(self, other: Any) -> Any:
        return _into("subtract", self, other)

    def __imul__(self, other: Any) -> Any:
        return _into("multiply", self, other)

    def __itruediv__(self, other: Any) -> Any:
        return _into("divide", self, other)

    def __imod__(self, other: Any) -> Any:
        return _into("remainder", self, other)

    def __matmul__(self, other: Any) -> Any:
        return _call("dot", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _call("dot", other, self)

    def __neg__(self) -> Any:
        return _call("negative", self)

    def __abs__(self) -> Any:
        return _call("absolute", self)

    def __eq__(self, other: object) -> Any:
        return _call("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return _call("not_equal", self, other)

    def __lt__(self, other: Any) -> Any:
        return _call("less", self, other)

    def __le__(self, other: Any) -> Any:
        return _call("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return _call("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return _call("greater_equal", self, other)
