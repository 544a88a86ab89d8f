"""Samplers whose every stored number is in an emulated format: which arithmetic still samples the
posterior?

>>> import lp_sampler as lps
>>> target = lps.targets.Gaussian(size=2)
>>> run = lps.sample(lps.kernels.SGLD(step_size=0.05), target, "fixed<8,4>", draws=500, warmup=100)
>>> run.format.width
8
"""

import importlib
from typing import Any

from . import accumulators, diagnostics, images, kernels, schedules, targets
from ._compare import compare
from ._comparison import Comparison, Row
from ._curvature import Curvature, curvature
from ._data import target_from_csv
from ._errors import (
    Interrupted,
    MissingPackage,
    PrecisionWarning,
    SamplerError,
    ShortRunWarning,
    StoreError,
)
from ._run import Run
from ._sample import sample
from ._stored import load, resume
from ._sweep import sweep
from ._trace import trace
from .reference import MALA

__all__ = [
    "MALA",
    "Comparison",
    "Curvature",
    "Interrupted",
    "MissingPackage",
    "PrecisionWarning",
    "Row",
    "Run",
    "SamplerError",
    "ShortRunWarning",
    "StoreError",
    "accumulators",
    "compare",
    "curvature",
    "diagnostics",
    "images",
    "kernels",
    "load",
    "resume",
    "sample",
    "schedules",
    "sweep",
    "target_from_csv",
    "targets",
    "trace",
]


def __getattr__(name: str) -> Any:
    """`lp_sampler.torch` is imported when it is first asked for."""
    if name == "torch":
        return importlib.import_module(".torch", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
