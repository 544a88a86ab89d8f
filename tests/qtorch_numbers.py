"""Number objects as QPyTorch's: of classes with its names and fields, in a module of its name."""

from __future__ import annotations

from typing import Any


def _made(name: str, **fields: Any) -> Any:
    kind = type(name, (), {"__module__": "qtorch.number", "__repr__": lambda self: name})
    number = kind()
    vars(number).update(fields)
    return number


def fixed_point(wl: int, fl: int, clamp: bool = True, symmetric: bool = False) -> Any:
    """`qtorch.FixedPoint`."""
    return _made("FixedPoint", wl=wl, fl=fl, clamp=clamp, symmetric=symmetric)


def block_floating_point(wl: int, dim: int = -1) -> Any:
    """`qtorch.BlockFloatingPoint`."""
    return _made("BlockFloatingPoint", wl=wl, dim=dim)


def floating_point(exp: int, man: int) -> Any:
    """`qtorch.FloatingPoint`."""
    return _made("FloatingPoint", exp=exp, man=man)
