"""What a reader of a measurement has to know about the machine."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numfmt as nf
from numfmt import _core

PACKAGES = (
    *("numfmt-hw", "numpy", "torch", "qtorch", "ml_dtypes", "gfloat", "apytypes"),
    *("universal_dtypes", "fxpmath", "pychop", "softposit"),
)
COMPILER = re.compile(rb"GCC: \([^\0]+|clang version [^\0]+")


def facts(isa: str, threads: int) -> dict[str, Any]:
    """The machine, the build and the versions, as they go into a JSON file."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "instruction_set": isa,
        "instruction_sets": _core.available_isas(),
        "threads": threads,
        "numfmt_compiler": compiler_of_core(),
        "rulers_compiler": compiler_here(),
        "python": platform.python_version(),
        "numfmt": nf.__version__,
        "packages": {name: version(name) for name in PACKAGES},
    }


def processor() -> str:
    """The processor's own name."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = re.findall(r"^model name\s*:\s*(.+)$", information.read_text(), re.MULTILINE)
        models = re.findall(r"^model\s*:\s*(.+)$", information.read_text(), re.MULTILINE)
        if names:
            return f"{names[0]}, model {models[0]}" if models else str(names[0])
    return platform.processor() or platform.machine()


def compiled_module() -> Path:
    """The file of numfmt's compiled core."""
    return Path(importlib.import_module("numfmt._numfmt").__file__ or "")


def compiler_of_core() -> str:
    """What built the core, as compilers note it in their output."""
    found = COMPILER.search(compiled_module().read_bytes())
    return found[0].decode() if found else "unknown"


def compiler_here() -> str:
    """What builds the rulers."""
    told = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.splitlines()[0]


def version(package: str) -> str | None:
    """A package's version; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
