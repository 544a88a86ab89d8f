"""What a machine has beside its matrix products: its vector unit, functions and Gaussian noise."""

from __future__ import annotations

import dataclasses

from . import _schema as schema
from ._errors import MachineError
from ._parse import parse
from .formats import Format

FLUSH = ("none", "keep_sign", "plus")
FUNCTIONS = ("exp", "log", "logistic", "log_logistic")
METHODS = ("correctly_rounded", "ulp_bounded", "table")
ARITIES = {"add": 2, "subtract": 2, "multiply": 2, "fma": 3, "convert": 1}
UPDATE_INPUTS = ("params", "gradient", "step", "deviation", "noise")
UPDATE_RESULTS = ("mean", "theta")
SOURCES = ("exact", "central_limit", "inverse_cdf", "box_muller", "discrete")


@dataclasses.dataclass(frozen=True)
class VectorUnit:
    """How a machine computes element by element: every operation's result is rounded to `format`.

    `round` and `ovf` are modes of that rounding; `fused`: a product that is added to something is
    not rounded before; `flush_inputs`, `flush_results`: subnormal numbers count as 0, of their sign
    (``"keep_sign"``) or as +0 (``"plus"``).

    >>> import numfmt as nf
    >>> nf.machine("fixed8").vector_unit.fused
    False
    """

    format: Format = schema.entry(schema.bare_format, "binary32")
    round: str = schema.entry(schema.rounding, "nearest_even")
    ovf: str | None = schema.entry(schema.overflow)
    fused: bool = schema.entry(schema.truth, False)
    flush_inputs: str = schema.entry(schema.one_of(*FLUSH), "none")
    flush_results: str = schema.entry(schema.one_of(*FLUSH), "none")

    def __post_init__(self) -> None:
        schema.check_fields(self, "vector_unit")

    @property
    def is_binary32(self) -> bool:
        """Does it compute as IEEE binary32 to nearest even, subnormal numbers included?"""
        plain = self.flush_inputs == self.flush_results == "none" and self.ovf in (None, "ieee")
        return plain and self.format == parse("binary32") and self.round == "nearest_even"


@dataclasses.dataclass(frozen=True)
class SpecialFunction:
    """How a machine computes a function of one number.

    `method`: ``"correctly_rounded"`` to the vector unit's format; ``"ulp_bounded"``, that result
    moved by up to `ulps` ulps, by a rule of the argument's bits alone: a stand-in for a unit of
    which only the bound is known; ``"table"`` of 2**`index_bits` entries, cells of equal width from
    `low` to `high` whose middles are evaluated (``interpolation="none"``), or their ends, joined by
    lines (``"linear"``); arguments beyond are those of the ends.

    >>> SpecialFunction("table", index_bits=8, low=-16, high=0).interpolation
    'none'
    """

    method: str = schema.entry(schema.one_of(*METHODS), "correctly_rounded")
    ulps: int | None = schema.entry(schema.whole(1, 1 << 16))
    index_bits: int | None = schema.entry(schema.whole(1, 16))
    low: float | None = schema.entry(schema.finite)
    high: float | None = schema.entry(schema.finite)
    interpolation: str | None = schema.entry(schema.one_of("none", "linear"))

    def __post_init__(self) -> None:
        schema.check_fields(self, "special")
        needs = {"ulp_bounded": ("ulps",), "table": ("index_bits", "low", "high")}
        schema.check_parts(self, "special", self.method, needs, {"table": ("interpolation",)})
        if self.method == "table":
            if not self.low < self.high:  # type: ignore[operator]
                raise MachineError(f"special: low={self.low} must be less than high={self.high}")
            object.__setattr__(self, "interpolation", self.interpolation or "none")


@dataclasses.dataclass(frozen=True)
class GaussianSource:
    """Where a machine's Gaussian noise of variance 1 comes from; it is then rounded to the format
    of the role noise.

    `kind`: ``"exact"``, Box and Muller's rule on two 32-bit words in double precision;
    ``"central_limit"``, the sum of `terms` words of `bits` bits, centred and scaled;
    ``"inverse_cdf"``, a table of 2**`bits` quantiles at the middles of equal probabilities;
    ``"box_muller"``, radius and cosine from tables of 2**`bits` entries with `fraction_bits`
    fraction bits, and their product with as many; ``"discrete"``, the exact discrete Gaussian on
    multiples of 2**-`fraction_bits`: P(x) proportional to exp(-x**2 / 2), to 64 bits.

    >>> GaussianSource("central_limit", terms=12, bits=16).terms
    12
    """

    kind: str = schema.entry(schema.one_of(*SOURCES), "exact")
    terms: int | None = schema.entry(schema.whole(1, 256))
    bits: int | None = schema.entry(schema.whole(1, 32))
    fraction_bits: int | None = schema.entry(schema.whole(0, 24))

    def __post_init__(self) -> None:
        schema.check_fields(self, "gaussian")
        needs = {
            "central_limit": ("terms", "bits"),
            "inverse_cdf": ("bits",),
            "box_muller": ("bits", "fraction_bits"),
            "discrete": ("fraction_bits",),
        }
        schema.check_parts(self, "gaussian", self.kind, needs)
        if self.kind in ("inverse_cdf", "box_muller") and self.bits > 16:  # type: ignore[operator]
            raise MachineError(f"gaussian: bits={self.bits} of a table must be 16 or less")
        if self.kind == "discrete" and self.fraction_bits > 12:  # type: ignore[operator]
            raise MachineError(
                f"gaussian: fraction_bits={self.fraction_bits} of a discrete one must be 12 or less"
            )


@dataclasses.dataclass(frozen=True)
class MicroOp:
    """One operation of a sampler's step, on names: `out` <- `op` of `a`, `b` and `c`.

    `op`: ``"add"``, ``"subtract"``, ``"multiply"``, ``"fma"`` (a * b + c) or ``"convert"`` (a in
    another format).  The result is rounded to `format` by `round` and `ovf`, by default to the
    vector unit's by its own; random bits are those that `round` names, as ``"stochastic(bits=8)"``.

    >>> MicroOp("multiply", a="step", b="gradient", out="drift").format is None
    True
    """

    op: str = schema.needed(schema.one_of(*ARITIES))
    out: str = schema.needed(schema.text)
    a: str = schema.needed(schema.text)
    b: str | None = schema.entry(schema.text)
    c: str | None = schema.entry(schema.text)
    format: Format | None = schema.entry(schema.bare_format)
    round: str | None = schema.entry(schema.rounding)
    ovf: str | None = schema.entry(schema.overflow)

    def __post_init__(self) -> None:
        schema.check_fields(self, "update")
        given = [name for name in ("a", "b", "c") if getattr(self, name) is not None]
        wanted = ["a", "b", "c"][: ARITIES[self.op]]
        if given != wanted:
            raise MachineError(f"update: {self.op} takes {', '.join(wanted)}; got {given}")
        if self.op == "convert" and self.format is None:
            raise MachineError("update: convert needs the field 'format'")

    @property
    def operands(self) -> tuple[str, ...]:
        """The names that it reads."""
        return tuple(name for name in (self.a, self.b, self.c) if name is not None)


def check_update(ops: tuple[MicroOp, ...]) -> None:
    """Every name is defined before it is read, and the results are there: ``mean``, without noise,
    and ``theta``, which is then stored."""
    known = dict.fromkeys(UPDATE_INPUTS)
    for number, one in enumerate(ops):
        for name in one.operands:
            schema.check_known(name, known, "operand", f"update[{number}]")
        if one.out in known:
            raise MachineError(f"update[{number}]: {one.out!r} is there already; name it otherwise")
        known[one.out] = None
    for name in UPDATE_RESULTS if ops else ():
        if name not in known:
            raise MachineError(f"update: no operation has the result {name!r}")
