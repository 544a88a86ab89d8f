"""Small runs with a store, and what is on disk."""

import hashlib
from pathlib import Path

import numpy as np

import lp_sampler as lps

RANDOM = np.random.default_rng(8)
ROWS, SIZE = 2000, 20
DATA = RANDOM.normal(size=(ROWS, SIZE)), RANDOM.random(ROWS) < 0.5
MANY_PIECES = lps.targets.LogisticRegression(*DATA)
"""Its gradients are costly enough that 16 chains fall into 3 pieces."""
GAUSSIAN = lps.targets.Gaussian(size=3, gradient_noise=0.5)
SHORT = {"draws": 40, "chains": 4, "warmup": 10, "thin": 3, "progress": False}


def sample(store, target=GAUSSIAN, machine="fixed8", accumulator="vc", kernel=None, **keywords):
    """A short run with a store."""
    kernel = kernel or lps.kernels.SGLD(step_size=2e-3, accumulator=accumulator)
    return lps.sample(kernel, target, machine, store=store, **{**SHORT, **keywords})


def content(path):
    """Every file of a store, by a hash of its bytes."""
    path = Path(path)
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }
