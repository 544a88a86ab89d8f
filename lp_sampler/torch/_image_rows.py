"""The rows of the table of image networks: which arithmetic, which sampler, which accumulator."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from .._numfmt import Machine, machine

FIXED, BLOCKS, SINGLE = "fixed8", "bfp8", "float32"
SAMPLERS = {"sgld": "SGLD", "cyclical": "cSGLD", "sgd": "SGD"}


@dataclasses.dataclass(frozen=True)
class Row:
    """One of the table: `accumulator` is ``full`` in float32 too, where it has one meaning."""

    arithmetic: str
    sampler: str
    accumulator: str

    @property
    def name(self) -> str:
        """What files and the command line call it."""
        return f"{self.arithmetic}-{self.sampler}-{self.accumulator}"

    @property
    def title(self) -> str:
        """What the table calls it, in the papers' words."""
        what = SAMPLERS[self.sampler]
        if self.arithmetic == SINGLE:
            return f"float32 {what}"
        kind = {"full": "LP-F", "naive": "LP-L", "vc": "LP-L"}[self.accumulator]
        before = {"vc": "VC ", "naive": "naive " if self.sampler != "sgd" else ""}
        return f"{self.arithmetic} {before.get(self.accumulator, '')}{what}{kind}"


def _of_format(arithmetic: str) -> tuple[Row, ...]:
    return (
        Row(arithmetic, "sgld", "vc"),
        Row(arithmetic, "sgd", "naive"),
        Row(arithmetic, "sgld", "full"),
        Row(arithmetic, "sgd", "full"),
        Row(arithmetic, "sgld", "naive"),
        Row(arithmetic, "cyclical", "vc"),
    )


ROWS = (
    Row(SINGLE, "sgld", "full"),
    Row(SINGLE, "sgd", "full"),
    *_of_format(FIXED),
    *_of_format(BLOCKS),
)


@functools.lru_cache(maxsize=8)
def machine_of_row(arithmetic: str, fraction_bits: int) -> Machine:
    """The machine of an arithmetic: products, sums and noise in float32; weights and gradients in
    eight bits, rounded stochastically.

    fixed8: weights of `fraction_bits` fraction bits, gradients of 8.  bfp8: one exponent for each
    output channel, and activations and errors too, one exponent for each image.
    """
    if arithmetic == SINGLE:
        return machine("float32")
    random = "rounding=stochastic"
    if arithmetic == FIXED:
        weight, gradient = (f"fixed<8,{bits},{random}>" for bits in (fraction_bits, 8))
    else:
        weight = gradient = f"bfp<8,None,{random}>"
    formats: dict[str, Any] = {"weight": weight, "accumulator": weight, "gradient": gradient}
    if arithmetic == BLOCKS:
        formats["activation"] = formats["error"] = f"bfp<8,None,axis=all_but(0),{random}>"
    made: Machine = machine("float32").replace(name=arithmetic, **formats)
    return made
