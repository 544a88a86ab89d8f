"""What Linux says of the processor."""

import functools
from pathlib import Path


@functools.cache
def flags() -> frozenset[str]:
    """Its instruction sets by their names in /proc/cpuinfo; none where there is no such file."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    first = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(first.partition(":")[2].split())
