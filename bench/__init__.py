"""Benchmarks and proofs, run from a checkout as ``python -m bench``; not installed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# The checkout goes last: `import numfmt` must find the installed package, with its compiled core.
sys.path.sort(key=lambda folder: Path(folder).resolve() == ROOT)
