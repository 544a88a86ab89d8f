"""PyTorch tensors and networks that compute as a machine does.

`quantize` rounds a tensor under autograd, `Quantizer` is the same as a module, and `emulate` makes
the layers of a network compute with a machine's formats and datapaths, forward and backward.  Needs
PyTorch: ``pip install 'numfmt-hw[torch]'``.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401 - everything below needs it
except ImportError as error:
    raise ImportError(
        "numfmt.torch needs PyTorch, which is not installed: pip install 'numfmt-hw[torch]'"
    ) from error

from ._emulate import at_step, emulate, restore, step_of
from ._quantize import quantize
from ._quantizer import Observer, Quantizer

__all__ = ["Observer", "Quantizer", "at_step", "emulate", "quantize", "restore", "step_of"]
