"""E13: products and sums of low precision under the sampler of E11."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .. import diagnostics
from .._numfmt import Datapath, Machine, machine
from .._progress import Advance
from .._sample import sample
from ..kernels import SGLD
from ..reference import MALA
from . import breast_cancer as main_job
from ._experiment import Check, Experiment, quiet

FULL: dict[str, Any] = {"draws": 1000, "chains": 32, "warmup": 5000, "thin": 20}
SHORT: dict[str, Any] = {"draws": 40, "chains": 8, "warmup": 0, "thin": 5}
WITHIN, BEYOND, ERRORS = 0.03, 0.10, 4


def path(element: str, acc: str) -> Datapath:
    """A chain of exact products of `element`, added in `acc`."""
    return Datapath(
        prep={"a": element, "b": element},  # type: ignore[arg-type]
        block={"kind": "chain", "fma": True},  # type: ignore[arg-type]
        acc={"type": acc},  # type: ignore[arg-type]
    )


def multiplying(name: str, stored: str, acc: str) -> Machine:
    """Weights, data and errors in `stored` by stochastic rounding, products added in `acc`;
    parameters are kept in 8-bit fixed point with four fraction bits.
    """
    modes = "rounding=stochastic,overflow=saturate"
    inner = f"{stored}<{modes}>"
    made = machine("fixed8f4").replace(
        name=name, **dict.fromkeys(("weight", "input", "error", "activation"), inner)
    )
    return dataclasses.replace(made, datapaths=(("self", path(stored, acc)),))


def machines() -> dict[str, Machine]:
    """Product and sum formats, from float32 to 8 bits."""
    return {
        "fp32": machine("fixed8f4"),
        "fp16": multiplying("fp16", "binary16", "binary16"),
        "bf16": multiplying("bf16", "bfloat16", "bfloat16"),
        "fp8, sums in fp32": multiplying("fp8", "e4m3fn", "binary32"),
        "int8, sums in int32": machine("npu_int8"),
    }


def nearest() -> Machine:
    """8-bit parameters stored to nearest: the update loses what is below half a gap."""
    return machine("fixed8f4").replace(
        name="nearest",
        **dict.fromkeys(("weight", "accumulator"), "fixed<8,4,rounding=nearest_even>"),
    )


def run(short: bool, advance: Advance) -> list[Check]:
    """Std ratios to the reference: right wherever parameters are stored with the right variance.
    Chains start from draws of the reference.
    """
    target, settings = main_job.target(), SHORT if short else FULL
    mala = MALA(chains=settings["chains"], thin=1)
    if short:
        mala = dataclasses.replace(mala, steps=300, warmup=100, langevin_steps=3000)
    reference = mala.run(target).draws
    checks = []
    for name, one in machines().items():
        ratio, error = measured(one, "vc", settings, reference)
        margin = WITHIN + (ERRORS * error if short else 0)
        checks.append(Check(f"{name}, vc: std ratio", ratio, 1 - margin, 1 + margin))
        advance(1)
    if not short:  # from draws of the reference it takes many steps to go wrong
        ratio, _ = measured(nearest(), "naive", settings, reference)
        what = "stored to nearest, naive: |std ratio - 1|"
        checks.append(Check(what, abs(ratio - 1), BEYOND, np.inf))
    return checks


def measured(
    one: Machine, accumulator: str, settings: dict[str, Any], reference: Any
) -> tuple[float, float]:
    """The std ratio, and its standard error."""
    kernel = SGLD(step_size=2e-4, accumulator=accumulator)
    with quiet():
        found = sample(
            kernel, main_job.target(), one, init=reference[:, -1], progress=False, **settings
        )
    draws = np.asarray(found.draws)
    return (
        diagnostics.std_ratio(draws, reference),
        diagnostics.std_ratio_error(draws, reference),
    )


EXPERIMENT = Experiment("E13", "breast cancer: products and sums in 16 and 8 bits", run)
