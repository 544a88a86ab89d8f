"""QPyTorch: float32 tensors in and out.  Its C++ is compiled when it is first imported."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import types
from typing import Any

import numpy as np

from .. import networks
from ..row import Row, Unavailable
from . import peer_row, quantize

PACKAGE = MODULE = "qtorch"
PATIENCE = 180  # seconds
LIMIT = 1 << 22
FLOATS = {
    "e4m3fn": (4, 3),
    "e5m2": (5, 2),
    "bfloat16": (8, 7),
    "binary16": (5, 10),
    "tf32": (8, 10),
}
FIXED = {"fixed<8,3>": (8, 3), "fixed<16,8>": (16, 8)}
MODES = {"nearest_even": "nearest", "stochastic": "stochastic"}


def build() -> None:
    """Compile its C++ in a process that can be stopped, in a folder of our own.

    A build that is killed leaves a lock on which every later import waits for ever.
    """
    folder = tempfile.mkdtemp(prefix="bench-qtorch-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TORCH_EXTENSIONS_DIR"] = folder
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    command = [sys.executable, "-c", "import qtorch.quant"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"its C++ does not build: {type(error).__name__}") from error


def rows() -> list[Row]:
    """Nearest and stochastic, floats and fixed point."""
    build()
    from qtorch.quant import fixed_point_quantize, float_quantize

    found = []
    for mode, theirs in MODES.items():
        for format, (exponent, fraction) in FLOATS.items():
            options = {"exp": exponent, "man": fraction, "rounding": theirs}
            found.append((mode, format, float_quantize, options))
        for format, (width, fraction) in FIXED.items():
            options = {"wl": width, "fl": fraction, "rounding": theirs}
            found.append((mode, format, fixed_point_quantize, options))
    return [*networks.interface_rows(PACKAGE, interface), *conversions(found)]


def interface() -> Any:
    """Its functions and classes under one name."""
    import qtorch.auto_low
    import qtorch.optim
    import qtorch.quant

    parts = (qtorch.number, qtorch.quant, qtorch.optim, qtorch.auto_low)
    return types.SimpleNamespace(**{n: getattr(part, n) for part in parts for n in part.__all__})


def conversions(found: list[tuple[str, str, Any, dict[str, Any]]]) -> list[Row]:
    """Rows of values to values: (mode, format, function, its arguments)."""
    import torch

    return [
        peer_row(
            PACKAGE,
            quantize(mode, format),
            functools.partial(function, **options),
            prepare=torch.from_numpy,
            read=lambda y: np.asarray(y.numpy()),
            limit=LIMIT,
            note=NOTES.get(format, ""),
        )
        for mode, format, function, options in found
    ]


NOTES = {
    "e4m3fn": "its 4 and 3 bits are IEEE-like: ends at 240",
    "fixed<8,3>": "ties up",
    "fixed<16,8>": "ties up",
}
