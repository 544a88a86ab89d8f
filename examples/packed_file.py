"""Store numbers in 6 bits each, and get back exactly what was rounded."""

import tempfile
from pathlib import Path

import numpy as np

import numfmt as nf


def main() -> None:
    """Encode, pack, write, read, unpack, decode."""
    numbers = np.random.default_rng(1).normal(size=(100, 8))
    codes = nf.encode(numbers, "e3m2")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.e3m2"
        path.write_bytes(nf.pack(codes, "e3m2"))
        print(f"{numbers.nbytes} bytes of float64 became {path.stat().st_size}")
        stored = nf.unpack(path.read_bytes(), "e3m2", numbers.shape)
    values = nf.decode(stored, "e3m2")
    print("read back unchanged:", np.array_equal(values, nf.quantize(numbers, "e3m2")))


if __name__ == "__main__":
    main()
