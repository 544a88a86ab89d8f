"""Tensor cores' recorded results through nf_matmul, by vectors and by the reference."""

from __future__ import annotations

import numpy as np
import pytest
from matmul_core import matmul
from test_tensor_cores import CHIPS, SHARED, SHARED_TYPES

SPELLINGS = {
    "f16": "binary16",
    "bf16": "bfloat16",
    "tf32": "tf32",
    "e4m3": "e4m3fn",
    "e5m2": "e5m2",
}
PERMUTED = [k for k in range(32) if k % 4 < 2] + [k for k in range(32) if k % 4 >= 2]


def description(chip: str, kind: str, out: str) -> dict:
    """Of the instruction that was recorded."""
    n, how = CHIPS[chip]
    result = {"f32": "binary32", "f16": "binary16"}[out]
    mode = "toward_zero" if out == "f32" else "nearest_even"
    path = {"kind": "aligned", "result": result, "sum": (result, mode), "zero_is_plus": 1}
    path |= {"fraction_bits": how.fraction_bits, "block": n // 2 if kind == "tf32" else n}
    path |= {"leaves_at_end": out == "f32"}
    if how.floor is not None and out == "f32":
        path["least_exponent"] = how.floor
    if kind not in ("e4m3", "e5m2"):
        return path
    if chip in ("Ada", "L40S") or (chip != "B200" and out == "f32"):
        path |= {"fraction_bits": 13, "block": 16 if chip in ("Ada", "L40S") else 32}
        return path | ({"sum": ("float<8,13>", mode)} if out == "f32" else {})
    path |= {"block": 16, "instruction": 32, "order": PERMUTED, "joins": "after"}
    return path | {"join": (result,)}


@pytest.mark.parametrize("isa", [None, "scalar"])
def test_matlab_tensor_core(isa):
    """All 48 sets of eight chips."""
    if not SHARED.exists():
        pytest.skip("the recorded vectors of MATLAB-tensor-core are not here")
    data, count, paths = np.load(SHARED), 0, []
    for key in (x for x in data.files if "_d_" in x):
        chip, name, _, wide = key.split("_")
        out, kind = {"fp32": "f32", "fp16": "f16"}[wide], SHARED_TYPES[name]
        a, b, c = (data[f"{chip}_{name}_{x}"].astype(np.int64) for x in "abc")
        wanted = data[key]
        if out == "f16":
            c, wanted = (
                x.astype(np.uint32).view(np.float32).astype(np.float16).view(np.uint16)
                for x in (c, wanted)
            )
        if kind == "tf32":
            a, b = a >> 13, b >> 13
        recorded_so = kind in ("e4m3", "e5m2") and out == "f32" and chip in ("H100", "H200")
        c = None if recorded_so else c.astype(np.int64)[:, None, None]
        formats = (SPELLINGS[kind],) * 2
        how = description(chip, kind, out)
        got = matmul(a[:, None], b[:, None], c, formats, isa=isa, path=paths, threads=2, **how)
        assert np.array_equal(got.ravel(), wanted), key
        count += 1
    assert count == 48
    assert set(paths) == {"reference" if isa else "aligned_simd"}
