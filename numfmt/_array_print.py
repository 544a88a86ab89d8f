"""How an Array is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _context
from ._call import plan_of
from ._errors import NumfmtError

if TYPE_CHECKING:
    from ._code_array import Array


def printed(array: Array) -> str:
    """The values, the format, and the modes that assignment and operations follow here."""
    head = f"{type(array).__name__}("
    values = np.array2string(np.asarray(array.values), separator=", ", prefix=head)
    facts = {"format": str(array.format.bare()), **active_modes(array.format)}
    tail = ", ".join(f"{name}={value!r}" for name, value in facts.items())
    if array.size == 0:
        values += f", shape={array.shape}"
    joint = "," + " " if array.ndim == 0 else ",\n" + " " * len(head)
    return f"{head}{values}{joint}{tail})"


def active_modes(format: Any) -> dict[str, str]:
    """The rounding and overflow that a call without arguments takes here; where they have no
    meaning for the format, as they are named."""
    try:
        modes = plan_of(format).modes
        return {"rounding": str(modes.rounding), "overflow": str(modes.overflow)}
    except NumfmtError:
        settings = _context.active() or _context.OPEN
        rounding, overflow, _ = settings.modes_for(format, None, None, None)
        return {
            "rounding": rounding or format.default_rounding,
            "overflow": overflow or format.default_overflow,
        }
