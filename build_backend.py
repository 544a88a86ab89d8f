"""meson-python, whose wheels are tagged for the Python that built them, retagged for the oldest.

The extension keeps to the stable ABI of CPython 3.10 (`limited_api` in meson.build), so its wheel
serves that version and every later one.
"""

import subprocess
import sys
from pathlib import Path

import mesonpy
from mesonpy import (  # noqa: F401  (hooks that stay as they are)
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

OLDEST_PYTHON = "cp310"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build a wheel (PEP 517) and give its name."""
    built = mesonpy.build_wheel(wheel_directory, config_settings, metadata_directory)
    command = [sys.executable, "-m", "wheel", "tags", "--remove", "--python-tag", OLDEST_PYTHON]
    retag = subprocess.run(
        [*command, Path(wheel_directory) / built], capture_output=True, text=True, check=True
    )
    return retag.stdout.strip()
