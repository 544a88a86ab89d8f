"""Kernels: one transition of a chain, one file each."""

from ._kernel import Kernel, State
from ._step import StepInfo
from .cyclical_sgld import CyclicalSGLD
from .lattice_random_walk import LatticeRandomWalk
from .psgld import PSGLD
from .sgd import SGD
from .sgd_momentum import SGDMomentum
from .sghmc import SGHMC
from .sgld import SGLD
from .swalp import SWALP

KERNELS: dict[str, type[Kernel]] = {
    **{"sgld": SGLD, "cyclical_sgld": CyclicalSGLD, "psgld": PSGLD, "sghmc": SGHMC},
    **{"sgd": SGD, "sgd_momentum": SGDMomentum, "swalp": SWALP},
    "lattice_random_walk": LatticeRandomWalk,
}
"""Every kernel by the name that files and commands use."""

__all__ = [
    "KERNELS",
    "PSGLD",
    "SGD",
    "SGHMC",
    "SGLD",
    "SWALP",
    "CyclicalSGLD",
    "Kernel",
    "LatticeRandomWalk",
    "SGDMomentum",
    "State",
    "StepInfo",
]
