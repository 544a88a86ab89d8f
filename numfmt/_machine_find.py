"""Machines by name, from files, and of a single format."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from ._errors import MachineError, NumfmtError
from ._machine import Machine
from ._machine_roles import ROLES, carry
from ._parse import parse
from ._parse_qtorch import is_qtorch
from .formats import Format

FOLDER = Path(__file__).parent / "machines"


def machine(description: str | os.PathLike[str] | Format | Machine) -> Machine:
    """The machine of that name, of a file, or one that stores everything in a format.

    `description` is a name of `machines()`, the path of a ``.toml`` or ``.json`` file, or a format
    or its spelling: weights, gradients and accumulator then have this format, with stochastic
    rounding unless it carries another, inputs are float32, and products and sums are rounded to
    float32 each, in order of the index.  Raises MachineError where it is none of these or the file
    is not a machine.

    >>> import numfmt as nf
    >>> nf.machine("posit<8,1>").weight.rounding
    'stochastic'
    """
    from ._machine_file import read_file

    if isinstance(description, Machine):
        return description
    if isinstance(description, Format) or is_qtorch(description):
        return _of_format(parse(description))
    if not isinstance(description, (str, os.PathLike)):
        raise MachineError(f"machine: {description!r} is no name, path, format or machine")
    text = os.fspath(description)
    if text in machines():
        return read_file(FOLDER / f"{text}.toml")
    if text.endswith((".toml", ".json")) or os.sep in text:
        return read_file(Path(text))
    try:
        return _of_format(parse(text))
    except NumfmtError as error:
        nearest = difflib.get_close_matches(text, machines(), n=3, cutoff=0.5)
        known = ", ".join(nearest or machines()[:5])
        raise MachineError(
            f"machine: {text!r} is no machine ({known} ...), no .toml file and no format: {error}"
        ) from error


def machines() -> list[str]:
    """The names of the machines that come with the library, by chip and instruction.

    The marks of their `certainty`, from what was seen to what was guessed: ``hw_rec`` equal to
    outputs recorded on the device, ``hw_live`` to a processor at hand, ``rtl`` to the machine's
    own RTL, ``sw_exec`` to the vendor's software, ``hw_auth`` by other authors' tests on the
    device, ``spec`` written by the vendor, ``code`` read in sources, ``part`` told in words only,
    ``assumed`` not public.

    >>> import numfmt as nf
    >>> "fixed8" in nf.machines()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _of_format(format: Format) -> Machine:
    """Everything stored in one format, arithmetic and inputs in binary32."""
    float32 = parse("binary32")
    stored = (
        format if format.bare() == float32 else carry(format, format.replace(rounding="stochastic"))
    )
    roles = {**dict.fromkeys(ROLES, stored), "input": float32}
    return Machine(str(format), formats=tuple(roles.items()))
