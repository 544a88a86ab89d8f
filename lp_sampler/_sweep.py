"""How many bits does the posterior need?  Fixed point of many widths against a reference."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Any

from ._compare import compare
from ._comparison import Comparison
from ._errors import SamplerError
from ._machines import find_machine
from ._numfmt import Format, Machine
from .kernels import Kernel
from .targets import Target

ROLES = "weight", "accumulator"


def sweep(
    kernel: Kernel,
    target: Target,
    widths: Sequence[int],
    fraction_bits: Sequence[int],
    accumulators: Sequence[str],
    *,
    machine: str | os.PathLike[str] | Format | Machine = "float32",
    roles: Sequence[str] = ROLES,
    **compare_keywords: Any,
) -> Comparison:
    """`compare` on machines that store `roles` in fixed point of every width and fraction length.

    Each is `machine` with the formats of `roles` (weight and accumulator by default: what keeps the
    parameters) replaced by ``fixed<width,fraction>``, stochastically rounded where `machine` does
    not say otherwise; its name is that spelling.  Further keywords are those of `compare`.  Draw
    the result with `Comparison.plot_bits`.

    >>> import lp_sampler as lps
    >>> kernel, target = lps.kernels.SGLD(step_size=0.05), lps.targets.Gaussian()
    >>> mala = lps.MALA(step_size=0.5, steps=500, warmup=100, langevin_steps=0)
    >>> settings = {"reference": mala, "draws": 300, "warmup": 100, "progress": False}
    >>> result = lps.sweep(kernel, target, [8], [2, 4], ["vc"], **settings)
    >>> [row.machine for row in result.rows]
    ['fixed<8,2>', 'fixed<8,4>']
    """
    machines = fixed_machines(find_machine(machine), widths, fraction_bits, roles)
    return compare(kernel, target, machines, accumulators, **compare_keywords)


def fixed_machines(
    machine: Machine, widths: Sequence[int], fraction_bits: Sequence[int], roles: Sequence[str]
) -> list[Machine]:
    """The machines of a sweep."""
    for name, values in (("widths", widths), ("fraction_bits", fraction_bits), ("roles", roles)):
        if not len(values) or len(set(values)) != len(values):
            raise SamplerError(f"{name}: at least one, each once, is needed; got {list(values)}")
    spelled = dict(machine.formats)
    found = []
    for width, fraction in itertools.product(widths, fraction_bits):
        name = f"fixed<{width},{fraction}>"
        formats: dict[str, str] = {}
        for role in roles:
            rounding = spelled[role].rounding if role in spelled else None
            formats[role] = f"fixed<{width},{fraction},rounding={rounding or 'stochastic'}>"
        found.append(machine.replace(name=name, **formats))
    return found
