"""Kernels: one transition of a chain, one file each."""

from ._kernel import Kernel, State
from ._step import StepInfo
from .cyclical_sgld import CyclicalSGLD
from .lattice_mala import LatticeMALA
from .lattice_random_walk import LatticeRandomWalk
from .metropolis_sghmc import MetropolisSGHMC
from .psgld import PSGLD
from .rmld import RMLD
from .sgd import SGD
from .sgd_momentum import SGDMomentum
from .sghmc import SGHMC
from .sgld import SGLD
from .swalp import SWALP

KERNELS: dict[str, type[Kernel]] = {
    **{"sgld": SGLD, "cyclical_sgld": CyclicalSGLD, "psgld": PSGLD, "sghmc": SGHMC},
    **{"sgd": SGD, "sgd_momentum": SGDMomentum, "swalp": SWALP},
    "lattice_random_walk": LatticeRandomWalk,
    **{"lattice_mala": LatticeMALA, "rmld": RMLD, "metropolis_sghmc": MetropolisSGHMC},
}
"""Every kernel by the name that files and commands use."""

__all__ = [
    "KERNELS",
    "PSGLD",
    "RMLD",
    "SGD",
    "SGHMC",
    "SGLD",
    "SWALP",
    "CyclicalSGLD",
    "Kernel",
    "LatticeMALA",
    "LatticeRandomWalk",
    "MetropolisSGHMC",
    "SGDMomentum",
    "State",
    "StepInfo",
]
