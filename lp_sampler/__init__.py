"""Samplers whose every stored number is in an emulated format: which arithmetic still samples the
posterior?

>>> import lp_sampler as lps
>>> target = lps.targets.Gaussian(size=2)
>>> run = lps.sample(lps.kernels.SGLD(step_size=0.05), target, "fixed<8,4>", draws=500, warmup=100)
>>> run.format.width
8
"""

from . import accumulators, diagnostics, kernels, schedules, targets
from ._compare import compare
from ._comparison import Comparison, Row
from ._errors import MissingPackage, PrecisionWarning, SamplerError, ShortRunWarning
from ._run import Run
from ._sample import sample
from .reference import MALA

__all__ = [
    "MALA",
    "Comparison",
    "MissingPackage",
    "PrecisionWarning",
    "Row",
    "Run",
    "SamplerError",
    "ShortRunWarning",
    "accumulators",
    "compare",
    "diagnostics",
    "kernels",
    "sample",
    "schedules",
    "targets",
]
