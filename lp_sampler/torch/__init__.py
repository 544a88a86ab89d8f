"""Networks of PyTorch as targets of the samplers, and samplers as optimizers of PyTorch.

Needs the extra `torch`; importing `lp_sampler` alone never imports PyTorch.
"""

from . import networks
from ._groups import groups
from .networks import initialise
from .optimizers import PSGLD, SGD, SGHMC, SGLD, SWALP, CyclicalSGLD, SGDMomentum
from .samples import Samples, average, predict, update_norms
from .target import Target

__all__ = [
    "PSGLD",
    "SGD",
    "SGHMC",
    "SGLD",
    "SWALP",
    "CyclicalSGLD",
    "SGDMomentum",
    "Samples",
    "Target",
    "average",
    "groups",
    "initialise",
    "networks",
    "predict",
    "update_norms",
]
