"""numfmt's rows of samplers: steps of variance-corrected chains on the Gaussian toy."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

import numfmt as nf

from .ours import KEY, Setup
from .row import MEMCPY, OURS, Floor, Row, Setting, Task, Work, calls

UPDATES = 1 << 20  # of a call
FLOORS = {1024: Floor(0.25, 0.083, "G op/s"), 1: Floor(0.04, 0.013, "G op/s")}
FORMATS = {"gradient": "fixed<8,3,rounding=stochastic>", "accumulator": "fixed<8,3>"}
STEP_SIZE, GRADIENT_NOISE = 1e-3, 0.1


def walking(chains: int, policy: str) -> Setup:
    """Set-up of a walk of so many chains of one parameter."""

    def setup(setting: Setting) -> Work:
        start = np.zeros((chains, 1), np.float32)
        common: tuple[Any, ...] = start, 1.0, 0.0, STEP_SIZE, 2 * STEP_SIZE, FORMATS, policy
        more: dict[str, Any] = {
            "key": KEY,
            "thin": setting.n // chains,
            "gradient_noise": GRADIENT_NOISE,
        }
        return Work(calls(functools.partial(nf.sampler_walk, *common, **more)), setting.n)

    return setup


def rows() -> Iterator[Row]:
    """Of many chains and of one."""
    for chains, floor in FLOORS.items():
        task = Task("walk", "vc", "fixed<8,3>", f"{chains:,} chain{'s' if chains > 1 else ''}")
        yield Row(OURS, task, walking(chains, "vc"), MEMCPY, floor, size=UPDATES)
