"""Every public name of numfmt that the samplers use: the only import of numfmt in this package."""

from numfmt import (
    Key,
    Machine,
    MachineError,
    NumfmtError,
    Report,
    __version__,
    binary32,
    context,
    encode,
    gaussian,
    machine,
    parse,
    quantize,
    random_bits,
    sampler_update,
)
from numfmt.formats import Format

__all__ = [
    "Format",
    "Key",
    "Machine",
    "MachineError",
    "NumfmtError",
    "Report",
    "__version__",
    "binary32",
    "context",
    "encode",
    "gaussian",
    "machine",
    "parse",
    "quantize",
    "random_bits",
    "sampler_update",
]
