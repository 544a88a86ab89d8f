"""Records what an NVIDIA GPU gives for the operands of inputs.py: `python record.py OUT.npz`.

For each set of operands the file has `instruction:set`, the bits of the results (16-bit ones:
uint16) of the first tile in 16, and `instruction:set:sums`, a CRC-32 of each tile's; for
converters `cvt_...:sums`, of pieces of 4,096; for whole products by cuBLAS
`product:types:accumulation:scales`, all of the results.  `facts` is JSON: chip, driver, compiler,
libraries, clocks, date and a CRC-32 of each set's operands.
"""

from __future__ import annotations

import ctypes
import datetime
import itertools
import json
import pathlib
import re
import subprocess
import sys
import zlib

import codes
import inputs
import numpy as np

HERE = pathlib.Path(__file__).parent
WORDS = np.ctypeslib.ndpointer(np.uint32, flags="C_CONTIGUOUS")


def names(prefix: str) -> list[str]:
    """Instructions in record.cu's table, in its order."""
    text = (HERE / "record.cu").read_text()
    rows = re.findall(r"^    (?:mma8|mma4|wgmma|each)\((\w+), ", text, re.M)
    return [x for x in [*rows, "mma_f64_f64"] if x.startswith(prefix)]


class Gpu:
    """record.so's two functions."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(str(HERE / "record.so"))
        self.library.run_tiles.argtypes = [
            ctypes.c_char_p,
            WORDS,
            WORDS,
            WORDS,
            WORDS,
            ctypes.c_int,
        ]

    def __call__(self, name: str, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """The words of d."""
        of_a, of_b, of_d = (ctypes.c_int() for _ in range(3))
        assert not self.library.sizes_of(name.encode(), *map(ctypes.byref, (of_a, of_b, of_d))), (
            name
        )
        tiles = a.size // of_a.value
        assert (a.size, b.size) == (tiles * of_a.value, max(1, tiles * of_b.value)), (
            name,
            a.size,
            b.size,
        )
        d = np.zeros(tiles * of_d.value, np.uint32)
        error = self.library.run_tiles(name.encode(), a.ravel(), b.ravel(), c.ravel(), d, tiles)
        assert not error, f"{name}: CUDA error {error}"
        return d


def sums(bits: np.ndarray, piece: int) -> np.ndarray:
    """A CRC-32 for each so many results."""
    return np.array([zlib.crc32(x.tobytes()) for x in bits.reshape(-1, piece)], np.uint32)


def products() -> dict[str, np.ndarray]:
    """FP8 products with fast and slow accumulation and two scales, and 16-bit ones, by cuBLAS."""
    import torch

    rows, depth, columns = inputs.PRODUCT
    views = {
        "e4m3": torch.float8_e4m3fn,
        "e5m2": torch.float8_e5m2,
        "f16": torch.float16,
        "bf16": torch.bfloat16,
    }
    out = {}

    def matrix(side: str, name: str, n: int):
        coding = codes.CODINGS[name]
        made = inputs.matrix(f"{side} {name}", coding, n, depth)
        words = made.astype(np.uint8 if coding.bits == 8 else np.int16)
        return torch.from_numpy(words).cuda().view(views[name])

    def keep(name: str, result) -> None:
        flat = result.contiguous().view(
            torch.int32 if result.dtype == torch.float32 else torch.int16
        )
        out[f"product:{name}"] = flat.cpu().numpy()

    for first in ("e4m3", "e5m2"):
        a, b = matrix("a", first, rows), matrix("b", "e4m3", columns)
        for fast, scales, (to, dtype) in itertools.product(
            (True, False),
            ((1.0, 1.0), (0.37, 1.91)),
            (("f32", torch.float32), ("bf16", torch.bfloat16)),
        ):
            x, y = (torch.tensor(s, device="cuda") for s in scales)
            name = f"{first}_e4m3_{to}:{'fast' if fast else 'slow'}:{scales[0]}*{scales[1]}"
            keep(name, torch._scaled_mm(a, b.t(), x, y, out_dtype=dtype, use_fast_accum=fast))
    for first in ("f16", "bf16"):
        a, b = matrix("a", first, rows), matrix("b", first, columns)
        keep(f"{first}_{first}_f32:torch.mm:1*1", torch.mm(a, b.t(), out_dtype=torch.float32))
    out["libraries"] = np.array(f"torch {torch.__version__}, cuBLAS of CUDA {torch.version.cuda}")
    return out


def facts() -> dict[str, object]:
    """Where this was recorded."""
    query = "name,driver_version,vbios_version,clocks.sm,clocks.mem,compute_cap"
    line = subprocess.run(
        ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"],
        capture_output=True,
        text=True,
    )
    compiler = subprocess.run(
        ["nvcc", "--version"], capture_output=True, text=True
    ).stdout.splitlines()
    return {
        **dict(zip(query.split(","), line.stdout.strip().split(", "), strict=False)),
        "compiler": compiler[-2] if len(compiler) > 1 else "",
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "program": zlib.crc32((HERE / "record.cu").read_bytes()),
    }


def record() -> dict[str, np.ndarray]:
    """All of it."""
    gpu, out, operands = Gpu(), {}, {}
    for name in [*names("mma"), *names("wgmma")]:
        for label, of in inputs.sets(name):
            words = codes.words(name, of)
            d = gpu(name, *words)
            bits = d.astype(np.uint16) if codes.instruction(name).d == "f16" else d
            tiles = bits.reshape(len(of[0]), -1)
            out[f"{name}:{label}"] = tiles[::16]
            out[f"{name}:{label}:sums"] = sums(bits, tiles.shape[1])
            operands[f"{name}:{label}"] = zlib.crc32(b"".join(x.tobytes() for x in words))
    x, none = inputs.converted(), np.zeros(1, np.uint32)
    for name in names("cvt"):
        out[f"{name}:sums"] = sums(gpu(name, x, none, none), 4096)
        operands[name] = zlib.crc32(x.tobytes())
    about = {**facts(), "operands": operands}
    try:
        out.update(products())
        about["libraries"] = str(out.pop("libraries"))
    except ImportError as missing:
        print(f"whole products are left out: {missing}", file=sys.stderr)
    return {**out, "facts": np.array(json.dumps(about))}


if __name__ == "__main__":
    np.savez_compressed(sys.argv[1], **record())
