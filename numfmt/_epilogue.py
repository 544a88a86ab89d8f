"""What a machine does to the sums of a matrix product, operation by operation (P6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _schema as schema
from ._errors import MachineError
from ._schema import check_known, entry, needed, one_of, whole
from .formats import Format

ENDS = 1 << 63


def _name(value: Any) -> str:
    if isinstance(value, str) and value.isidentifier():
        return value
    raise schema.Unfit("must be the name of an operand")


def _number_or_name(value: Any) -> int | str:
    if isinstance(value, str):
        return _name(value)
    try:
        return int(whole(-ENDS, ENDS - 1)(value))
    except schema.Unfit as error:
        raise schema.Unfit(f"{error}, or the name of an operand") from None


def _names(*values: object) -> tuple[str, ...]:
    return tuple(x for x in values if isinstance(x, str))


@dataclass(frozen=True)
class Operation:
    """One operation on sums.

    ``scale``: times the product of the operands `by`, each of whose products, and the result, is
    rounded to `format`.  ``add``: plus the operand `by`, rounded to `format`.  ``requantize``: by
    the operand ``multiplier`` and a `mode` of `numfmt.requantize`, plus `zero_point`, clamped to
    [`minimum`, `maximum`], integers or names of operands, into `format`.  ``clamp``: to those
    bounds.  ``convert``: to `format` by `round` and `ovf`.
    """

    op: str = needed(one_of("scale", "add", "requantize", "clamp", "convert"))
    by: tuple[str, ...] | None = entry(schema.several(_name))
    format: Format | None = entry(schema.bare_format)
    round: str | None = entry(schema.rounding)
    ovf: str | None = entry(schema.overflow)
    mode: str | None = entry(schema.text)
    zero_point: int | str | None = entry(_number_or_name)
    minimum: int | str | None = entry(_number_or_name)
    maximum: int | str | None = entry(_number_or_name)

    @property
    def operands(self) -> tuple[str, ...]:
        """The names that `matmul` takes for it."""
        own = ["multiplier"] if self.op == "requantize" else []
        return (*(self.by or ()), *own, *_names(self.zero_point, self.minimum, self.maximum))

    @property
    def optional(self) -> tuple[str, ...]:
        """Those of them that may be left out: ends, which then are the format's."""
        return _names(self.minimum, self.maximum) if self.op == "requantize" else ()


# Of each operation: the fields that it needs, and what others are where they are left out.
NEEDS_AND_DEFAULTS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "scale": (("by", "format"), {"round": "nearest_even"}),
    "add": (("by", "format"), {"round": "nearest_even"}),
    "requantize": (("mode", "format"), {"zero_point": 0, "minimum": None, "maximum": None}),
    "clamp": (("minimum", "maximum"), {}),
    "convert": (("format",), {"round": "nearest_even", "ovf": None}),
}


def operation(given: Any, where: str) -> Operation:
    """An operation from a table of its fields."""
    made = schema.read(Operation, given, where)
    needs, takes = NEEDS_AND_DEFAULTS[made.op]
    fields = {name: value for name, value in vars(made).items() if value is not None}
    for name in needs:
        if name not in fields:
            raise MachineError(f"{where}: the field {name!r} is missing of {made.op!r}")
    for name in fields:
        check_known(name, ("op", *needs, *takes), f"field of {made.op!r}", where)
    if made.op == "convert" and made.format is not None:
        takes = {**takes, "ovf": made.format.default_overflow}
    return Operation(**{**takes, **fields})
