"""Sparse codes of digits, sampled: a grid gives true zeros, full precision none.

An image x of 64 pixels, scaled to length 20, is Phi b with a random Phi of 128 columns of +-1/8 and
a LASSO posterior of the codes b.  Chains start at the LASSO's optimum; from there, as from far
away, large steps are rejected for ever, so that the step grows from almost nothing.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .._errors import MissingPackage
from .._numfmt import Machine, machine
from .._plan import Plan
from .._progress import Advance
from .._sample import run_in_memory
from ..kernels import RMLD
from ..targets import Lasso
from ._experiment import Check, Experiment

Array = np.ndarray[Any, Any]

CODES, LENGTH = 128, 20.0
NOISE_SCALE, PENALTY = 0.25, 8.0
GRID = "fixed<8,2>"
STEPS = {"lattice": 3e-3, "full": 1e-3}
RAMP = 200
RELATIVE_ERROR, ZEROS = 0.35, 0.3
IMAGES, CHAINS = 4, 16
WARMUP, DRAWS, THIN = 600, 40, 10
SHORT_WARMUP, SHORT_DRAWS = 400, 10


@dataclasses.dataclass(frozen=True)
class Growing:
    """A step size that reaches `top` after RAMP steps, in equal parts."""

    top: float

    def __call__(self, step: int) -> float:
        """The step size at a step."""
        return self.top * min(1.0, (step + 1) / RAMP)


def run(short: bool, advance: Advance) -> list[Check]:
    """Errors of the images that sampled codes give back, zeros among the codes, and that every
    chain moves.
    """
    columns = np.random.default_rng(0).choice([-1 / 8, 1 / 8], (64, CODES))
    checks = []
    for number, image in enumerate(_images(1 if short else IMAGES)):
        target = Lasso(columns, image, NOISE_SCALE, PENALTY)
        for accumulator, step in STEPS.items():
            draws = _codes(RMLD(Growing(step), 1.0, accumulator), target, short, advance)
            name, codes = f"image {number}, {accumulator}", draws.reshape(-1, CODES)
            back = np.linalg.norm(image - codes @ columns.T, axis=1) / LENGTH
            zeros = float(np.mean(codes == 0))
            moved = float((draws != draws[:, :1]).any(axis=(1, 2)).mean())
            least, most = (ZEROS, 1.0) if accumulator == "lattice" else (0.0, 0.0)
            checks += [
                Check(f"{name}: relative error of x", float(back.mean()), 0, RELATIVE_ERROR),
                Check(f"{name}: fraction of exact zeros", zeros, least, most),
                Check(f"{name}: fraction of chains that moved", moved, 1, 1),
            ]
    return checks


def _images(count: int) -> Array:
    """The first digits, (count, 64), scaled to one length."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise MissingPackage("the digits", "scikit-learn") from error
    images: Array = load_digits().data[:count]
    return np.asarray(images * (LENGTH / np.linalg.norm(images, axis=1, keepdims=True)))


def _codes(kernel: RMLD, target: Lasso, short: bool, advance: Advance) -> Array:
    """Draws (chain, draw, code)."""
    on: Machine = machine("float32")
    if kernel.accumulator == "lattice":
        on = on.replace(weight=GRID, accumulator=GRID)
    plan = Plan.checked(
        kernel,
        target,
        on,
        draws=SHORT_DRAWS if short else DRAWS,
        chains=CHAINS,
        warmup=SHORT_WARMUP if short else WARMUP,
        thin=THIN,
        batch_size=None,
        init=_optimum(target),
        seed=0,
    )
    return run_in_memory(plan, advance).draws


def _optimum(target: Lasso, iterations: int = 500) -> Array:
    """The LASSO's solution, by proximal gradient steps (ISTA)."""
    columns = target.arguments()["X"]
    codes = np.zeros((1, CODES))
    step = (target.noise_scale / np.linalg.norm(columns, 2)) ** 2
    for _ in range(iterations):
        moved = codes + step * target.smooth.gradient(codes)
        codes = np.sign(moved) * np.maximum(np.abs(moved) - step * target.penalty, 0)
    return np.asarray(codes[0])


EXPERIMENT = Experiment("E15", "Sparse codes of digits: true zeros on a grid", run)
