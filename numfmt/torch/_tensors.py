"""Tensors of floats as arrays and back."""

from __future__ import annotations

import torch

from .._errors import DtypeError
from .._tensors import Array, lent, memory_of

__all__ = ["as_numpy", "as_tensor", "check_tensor"]

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def check_tensor(x: object, argument: str = "x") -> None:
    """Refuse what is no tensor of real floats."""
    if not isinstance(x, torch.Tensor):
        raise DtypeError(f"{argument} is a {type(x).__name__}; a torch.Tensor is needed")
    if x.dtype not in FLOATS:
        raise DtypeError(
            f"{argument} has dtype {x.dtype}; torch.float16, bfloat16, float32 and float64 are "
            f"allowed"
        )


def as_numpy(x: torch.Tensor, argument: str = "x") -> Array:
    """The numbers of a tensor, without a copy where it is on the CPU; bfloat16 as float32."""
    return memory_of(x, argument)


def as_tensor(array: Array, like: torch.Tensor) -> torch.Tensor:
    """A tensor of an array's memory on the device of another, in bfloat16 where that is."""
    made: torch.Tensor = lent(array, like)
    return made
