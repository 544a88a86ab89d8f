"""Kernels: one transition of a chain, one file each."""

from ._kernel import Kernel, State
from ._step import StepInfo
from .sgld import SGLD

KERNELS: dict[str, type[Kernel]] = {"sgld": SGLD}
"""Every kernel by the name that files and commands use."""

__all__ = ["KERNELS", "SGLD", "Kernel", "State", "StepInfo"]
