"""PyTorch, or one clear error."""

from __future__ import annotations

from .._errors import MissingPackage

try:
    import torch
    from torch import nn
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise MissingPackage("lp_sampler.torch", "PyTorch", "torch") from error

__all__ = ["nn", "torch"]
