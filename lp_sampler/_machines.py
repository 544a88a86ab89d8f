"""The machines that a sampler can run in."""

from __future__ import annotations

import os

from ._numfmt import Format, Machine, MachineError, machine


def find_machine(description: str | os.PathLike[str] | Format | Machine) -> Machine:
    """A machine that stores tensors and multiplies in float32, as the samplers do."""
    found = machine(description)
    stored = [role for role, _ in found.formats]
    if not stored:
        raise MachineError(
            f"machine {found.name!r} stores no tensors: samplers need formats of weight, gradient, "
            f"accumulator and input"
        )
    if found.datapath() != machine("float32").datapath():
        raise MachineError(
            f"machine {found.name!r} multiplies by a datapath of its own: samplers multiply in "
            f"float32, one product after the other"
        )
    return found
