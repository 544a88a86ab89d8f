"""Tensors as NumPy arrays and back: CPU tensors share their memory, others go through the CPU."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import torch

from .._errors import DtypeError, NumfmtError

Array = np.ndarray[Any, Any]

NATIVE = (torch.float32, torch.float64, torch.float16)
INTEGERS = (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool)


@functools.cache
def _say_once(device: str) -> None:
    """PyTorch's devices beside the CPU have no backend of their own here."""
    warnings.warn(
        f"numfmt computes on the CPU: tensors on {device!r} are copied there and back",
        stacklevel=2,
    )


def check_tensor(x: object, argument: str = "x") -> None:
    """Refuse what is no plain tensor of real floats."""
    if not isinstance(x, torch.Tensor):
        raise DtypeError(f"{argument} is a {type(x).__name__}; a torch.Tensor is needed")
    if x.dtype not in NATIVE and x.dtype != torch.bfloat16:
        raise DtypeError(
            f"{argument} has dtype {x.dtype}; torch.float16, bfloat16, float32 and float64 are "
            f"allowed"
        )
    check_memory(x, argument)


def check_memory(x: torch.Tensor, argument: str) -> None:
    """Refuse tensors without numbers, or whose numbers lie elsewhere."""
    if x.layout != torch.strided:
        raise NumfmtError(f"{argument} has layout {x.layout}; dense tensors are allowed")
    if x.device.type == "meta":
        raise NumfmtError(f"{argument} is on the device 'meta' and has no numbers")


def as_numpy(x: torch.Tensor) -> Array:
    """The numbers of a tensor, without a copy where it is on the CPU; bfloat16 as float32."""
    held = x.detach()
    if held.device.type != "cpu":
        _say_once(held.device.type)
        held = held.cpu()
    if held.dtype == torch.bfloat16:
        held = held.float()
    array: Array = held.resolve_neg().numpy()
    return array


def as_tensor(array: Array, like: torch.Tensor) -> torch.Tensor:
    """A tensor of an array's memory on the device of another, in bfloat16 where that is."""
    made = torch.from_numpy(array)
    if like.dtype == torch.bfloat16 and made.dtype == torch.float32:
        made = _in_bfloat16(made)
    return made if like.device.type == "cpu" else made.to(like.device)


def _in_bfloat16(x: torch.Tensor) -> torch.Tensor:
    """The same numbers in bfloat16; refused where it does not hold one of them."""
    held = x.bfloat16()
    differs = (held != x) & ~torch.isnan(x)
    if bool(differs.any()):
        raise DtypeError(
            f"dtype torch.bfloat16 cannot hold the result {x[differs][0].item()}; torch.float32 can"
        )
    return held
