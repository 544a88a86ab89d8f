"""Where QPyTorch and numfmt.torch.qtorch_compat give other numbers.

``python -m bench.qtorch_differences docs/measured/qtorch.md`` writes the table with QPyTorch's own
numbers; tests compare it with numfmt's, and with those of ``exact_compat=True``.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from numfmt.torch import qtorch_compat

NEAREST = {"rounding": "nearest"}
DRAWS = 1_000_000
HEADER = "| | call | on | QPyTorch 0.3.0 | numfmt |\n|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Case:
    """One call on some numbers."""

    what: str
    name: str
    numbers: tuple[float, ...]
    options: dict[str, Any]
    written: str = ""
    dtype: torch.dtype = torch.float32
    read: Callable[[torch.Tensor], Any] = field(default=torch.Tensor.tolist)
    has_compat: bool = True

    def call(self) -> str:
        """The call, as the table shows it."""
        return f"{self.name}(x, {', '.join(f'{k}={v!r}' for k, v in self.options.items())})"

    def result(self, api: Any) -> str:
        """What an interface gives; the name of its error."""
        torch.manual_seed(0)
        x = torch.tensor(self.numbers, dtype=self.dtype)
        try:
            return shown(self.read(getattr(api, self.name)(x, **self.options)))
        except Exception as error:
            return type(error).__name__


def shown(value: Any) -> str:
    """Numbers by nine digits, which tell float32 numbers apart."""
    if isinstance(value, list):
        return ", ".join(f"{number:.9g}" for number in value)
    return str(value)


def share_up(lower: float, y: torch.Tensor) -> str:
    """How many of the draws are above."""
    return f"{float((y > lower).double().mean()):.3f} go up"


def agree(function: str, options: dict[str, Any], api: Any) -> str:
    """Whether the same seed gives the same numbers."""
    x, found = torch.full((1000,), 0.3), []
    for _ in range(2):
        torch.manual_seed(0)
        found.append(getattr(api, function)(x, **options))
    return str(torch.equal(*found))


def _stochastic(number: float, written: str) -> Case:
    return Case(
        "stochastic sum in float32",
        "fixed_point_quantize",
        (number,) * DRAWS,
        {"wl": 24, "fl": 1, "rounding": "stochastic"},
        f"10^6 times {written}",
        read=functools.partial(share_up, number),
    )


E5M2 = {"exp": 5, "man": 2, **NEAREST}
CASES = [
    Case("ties of floats", "float_quantize", (1.125, 1.625), E5M2),
    Case("23 fraction bits", "float_quantize", (1, 2.5, -3), {"exp": 8, "man": 23, **NEAREST}),
    Case("NaN", "float_quantize", (float("nan"),), E5M2, "NaN"),
    Case("-0, and what rounds to it", "float_quantize", (-0.0, -1e-9), E5M2),
    Case("below the normal numbers", "float_quantize", (2**-17 - 2**-41,), E5M2, "2^-17 - 2^-41"),
    Case("float64", "float_quantize", (1.1,), E5M2, dtype=torch.float64, has_compat=False),
    Case(
        "sum with 1/2 in float32",
        "fixed_point_quantize",
        (0.5 + 2**-24,),
        {"wl": 8, "fl": 0, **NEAREST},
        "1/2 + 2^-24",
    ),
    Case(
        "integers above 2^23",
        "fixed_point_quantize",
        (2**23 + 1,),
        {"wl": 32, "fl": 0, "clamp": False, **NEAREST},
        "2^23 + 1",
    ),
    Case(
        "an end that float32 lacks",
        "fixed_point_quantize",
        (1e10,),
        {"wl": 32, "fl": 1, **NEAREST},
    ),
    _stochastic(2**21 + 0.25, "2^21 + 0.25"),
    _stochastic(2**19 + 0.0625, "2^19 + 0.0625"),
    Case("ties of blocks", "block_quantize", (1, 0.125, -0.125, -0.375), {"wl": 4, **NEAREST}),
    Case(
        "sum with 6 * 2^E in float32",
        "block_quantize",
        (1, 0.125 - 2**-27),
        {"wl": 4, **NEAREST},
        "1, 2^-3 - 2^-27",
    ),
    Case(
        "blocks of 23 bits",
        "block_quantize",
        (1, 0.5),
        {"wl": 23, **NEAREST},
        has_compat=False,
    ),
    Case("large blocks", "block_quantize", (2.0**126, 1), {"wl": 8, **NEAREST}, "2^126, 1"),
    Case("subnormal blocks", "block_quantize", (1e-40, -3e-41), {"wl": 4, **NEAREST}),
    Case(
        "gradient of a function",
        "float_quantize",
        (1.0,),
        E5M2,
        "x that requires one",
        read=lambda y: f"requires_grad={y.requires_grad}",
    ),
]


class _WithGradient:
    """An interface whose functions get tensors that require a gradient."""

    def __init__(self, api: Any) -> None:
        self.api = api

    def __getattr__(self, name: str) -> Any:
        return lambda x, **options: getattr(self.api, name)(x.requires_grad_(), **options)


def result(case: Case, api: Any) -> str:
    """What an interface gives in a case."""
    return case.result(_WithGradient(api) if case.what.startswith("gradient") else api)


def ours(exact_compat: bool = False) -> Any:
    """numfmt's interface."""
    if not exact_compat:
        return qtorch_compat
    names = ("float_quantize", "fixed_point_quantize", "block_quantize")
    made = {n: functools.partial(getattr(qtorch_compat, n), exact_compat=True) for n in names}
    return types.SimpleNamespace(**made)


def rows(theirs: Any) -> list[str]:
    """Lines of the table."""
    found = [
        f"| {case.what} | `{case.call()}` | {case.written or shown(list(case.numbers))} "
        f"| {result(case, theirs)} | {result(case, ours())} |"
        for case in CASES
    ]
    for name, options in (
        ("float_quantize", {"exp": 5, "man": 2}),
        ("block_quantize", {"wl": 8}),
        ("fixed_point_quantize", {"wl": 8, "fl": 3}),
    ):
        same = [agree(name, options, api) for api in (theirs, ours())]
        call = f"{name}(x, {', '.join(f'{k}={v}' for k, v in options.items())})"
        found.append(
            f"| same seed, same numbers | `{call}` | 1000 times 0.3 | {' | '.join(same)} |"
        )
    return found


def main() -> None:
    """Write the table to the file that is named."""
    from .peers.qtorch import build

    build()
    import qtorch.quant

    Path(sys.argv[1]).write_text(HEADER + "\n".join(rows(qtorch.quant)) + "\n")


if __name__ == "__main__":
    main()
