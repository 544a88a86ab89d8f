"""PyTorch's tensors as arrays and back, for a library that does not import PyTorch: a tensor brings
it along."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ._errors import DtypeError, NumfmtError

Array = np.ndarray[Any, Any]


def is_tensor(x: object) -> bool:
    """Is it a torch.Tensor?"""
    if type(x) is np.ndarray:
        return False
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


@functools.cache
def _say_once(device: str) -> None:
    """PyTorch's devices beside the CPU have no backend of their own here."""
    warnings.warn(
        f"numfmt computes on the CPU: tensors on {device!r} are copied there and back",
        stacklevel=4,
    )


def borrowed(x: Any, argument: str) -> Array:
    """The numbers of a tensor, without a copy where it is on the CPU; bfloat16 as float32.

    Raises NumfmtError for a tensor that requires gradients, which would be lost, and for one that
    holds no numbers or not all of them.
    """
    if x.requires_grad:
        raise NumfmtError(
            f"{argument} is a tensor that requires gradients; numfmt.torch.quantize has them, "
            f"{argument}.detach() leaves them out"
        )
    return memory_of(x, argument)


def memory_of(x: Any, argument: str) -> Array:
    """The same whether gradients are required or not."""
    torch: Any = sys.modules["torch"]
    if x.layout != torch.strided:
        raise NumfmtError(f"{argument} has layout {x.layout}; dense tensors are allowed")
    if x.device.type == "meta":
        raise NumfmtError(f"{argument} is on the device 'meta' and has no numbers")
    held = x.detach()
    if held.device.type != "cpu":
        _say_once(held.device.type)
        held = held.cpu()
    if held.dtype == torch.bfloat16:
        held = held.float()
    try:
        array: Array = held.resolve_neg().numpy()
    except TypeError:
        raise DtypeError(f"{argument} has dtype {x.dtype}, which NumPy has not") from None
    return array


def lent(array: Any, like: Any) -> Any:
    """A tensor of an array's memory on the device of another, in bfloat16 where that is."""
    torch: Any = sys.modules["torch"]
    if not isinstance(array, np.ndarray) or array.dtype == object:
        return array
    made = torch.from_numpy(array)
    if like.dtype == torch.bfloat16 and made.dtype == torch.float32:
        made = _in_bfloat16(torch, made)
    return made if like.device.type == "cpu" else made.to(like.device)


def _in_bfloat16(torch: Any, x: Any) -> Any:
    """The same numbers in bfloat16; refused where it does not hold one of them."""
    held = x.bfloat16()
    differs = (held != x) & ~torch.isnan(x)
    if bool(differs.any()):
        raise DtypeError(
            f"dtype torch.bfloat16 cannot hold the result {x[differs][0].item()}; torch.float32 can"
        )
    return held


def through(
    function: Callable[..., Any], argument: str, out: Any, x: Any, *args: Any, **more: Any
) -> Any:
    """What a function of arrays gives of a tensor, or of a tuple of tensors, as tensors."""
    parts = x if isinstance(x, tuple) else (x,)
    read = [borrowed(part, argument) if is_tensor(part) else part for part in parts]
    arrays = type(x)(*read) if isinstance(x, tuple) else read[0]
    if out is not None:
        if not is_tensor(out) or out.device.type != "cpu":
            raise DtypeError(f"out must be a torch.Tensor on the CPU, as {argument} is a tensor")
        function(arrays, *args, out=borrowed(out, "out"), **more)
        return out
    found = function(arrays, *args, **more)
    if isinstance(found, tuple):
        return type(found)(*(lent(one, parts[0]) for one in found))
    return lent(found, parts[0])
