"""Kernels: one transition of a chain, one file each."""

from ._step import StepInfo
from .sgld import SGLD, SGLDState

__all__ = ["SGLD", "SGLDState", "StepInfo"]
