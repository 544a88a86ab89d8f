"""How long `import numfmt` takes, beside a bare `import numpy`: printed, not judged."""

import statistics
import subprocess
import sys

TIMER = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
RUNS = 5


def seconds(package: str, folder) -> float:
    """The median time of an import in a fresh interpreter."""
    command = [sys.executable, "-c", TIMER.format(package)]
    runs = [
        subprocess.run(command, capture_output=True, check=True, cwd=folder) for _ in range(RUNS)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def test_import_time_is_printed(tmp_path, record_property):
    """numfmt can be imported in a fresh interpreter, and the time that takes is on record."""
    times = {package: seconds(package, tmp_path) for package in ("numpy", "numfmt")}
    for package, time in times.items():
        record_property(f"import {package} (s)", round(time, 3))
    assert all(time > 0 for time in times.values())
