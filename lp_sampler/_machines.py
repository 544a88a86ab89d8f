"""The machines that a sampler can run in."""

from __future__ import annotations

import functools
import os

from ._numfmt import Datapath, Format, Machine, MachineError, machine, quantize
from ._rounding import is_binary32, is_block, range_of

OPERANDS = {
    "fprop": ("weight", "activation", "input"),
    "dgrad": ("error", "weight"),
    "wgrad": ("error", "activation", "input"),
}
"""The stored tensors that each pass multiplies."""
LISTED_WIDTH = 16


def find_machine(description: str | os.PathLike[str] | Format | Machine) -> Machine:
    """A machine that stores tensors, and multiplies what it stores."""
    found = machine(description)
    if not found.formats:
        raise MachineError(
            f"machine {found.name!r} stores no tensors: samplers need formats of weight, gradient, "
            f"accumulator and input"
        )
    for role, tensors in OPERANDS.items():
        _check_path(found, role, found.datapath(role), tensors)
    found.say_what_is_assumed()
    return found


def _check_path(of: Machine, role: str, path: Datapath, tensors: tuple[str, ...]) -> None:
    if path.operands and set(path.operands) - set(path.optional):
        raise MachineError(
            f"machine {of.name!r}: its datapath of {role} takes {', '.join(path.operands)}, which "
            f"samplers have not"
        )
    for tensor in tensors:
        format = of.format_of(tensor).bare()
        taken = [one.bare() for one in (*path.prep.a, *path.prep.b)]
        if not any(holds(one, format) for one in taken):
            names = ", ".join(dict.fromkeys(map(str, taken)))
            raise MachineError(
                f"machine {of.name!r}: {tensor} is stored in {format}, and the datapath of {role} "
                f"multiplies {names}: give formats.{tensor} one of these"
            )


@functools.lru_cache(maxsize=256)
def holds(target: Format, format: Format) -> bool:
    """Is every finite number of `format` one of `target`?  Binary32 holds all
    that samplers store; of blocks it alone does.
    """
    if target == format or is_binary32(target):
        return True
    if is_block(format):
        return False
    if format.width > LISTED_WIDTH:
        low, high = range_of(format)
        ends = range_of(target)
        wide = target.precision >= format.precision and ends[0] <= low and high <= ends[1]
        return bool(wide and target.smallest_positive <= format.smallest_positive)
    values = format.all_values()
    finite = values[(values > -float("inf")) & (values < float("inf"))]
    return bool((quantize(finite, target, overflow="saturate") == finite).all())
