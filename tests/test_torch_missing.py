"""numfmt.torch where PyTorch is not installed."""

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["torch"] = None
import numfmt
try:
    import numfmt.torch
except ImportError as error:
    print(error)
"""


def test_the_extra_is_named(tmp_path):
    """Importing numfmt does not need PyTorch; numfmt.torch says how to get it."""
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.strip().endswith("pip install 'numfmt-hw[torch]'"), run.stderr
