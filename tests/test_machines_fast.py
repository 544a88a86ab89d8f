"""Every machine's vectorised path against the scalar reference, on operands made to differ."""

from __future__ import annotations

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core
from numfmt import _vectors_matmul as dots

MULTIPLYING = [name for name in nf.machines() if nf.machine(name).datapaths]
ROWS, COLUMNS, TERMS = 8, 37, 70


def matrices(path: nf.Datapath, seed: int) -> tuple[nf.Array, nf.Array, nf.Array | None]:
    """Rows of corner codes, of numbers about 1, of any codes, and ones that nearly cancel."""
    depth = min(TERMS, path.acc.max_terms or TERMS)
    f, g = path.prep.a[0].bare(), path.prep.b[-1].bare()
    key = nf.Key(seed)
    columns = {
        "a": dots._codes(f, ROWS, depth, key.fold_in("a")),
        "b": dots._codes(g, COLUMNS, depth, key.fold_in("b")),
    }
    if seed % 2:  # huge and tiny ones beside each other, without NaN
        columns = {n: finite(x, t) for (n, x), t in zip(columns.items(), (f, g), strict=True)}
    c = None
    if path.init.c == "input":
        sums = dots._codes(path.acc.type, ROWS, COLUMNS, key.fold_in("c"))
        c = nf.from_codes(sums, path.acc.type)
    return nf.from_codes(columns["a"], f), nf.from_codes(columns["b"], g).T, c


def finite(codes: np.ndarray, format: nf.Format) -> np.ndarray:
    """Codes without infinities and NaN."""
    return np.where(np.isfinite(nf.decode(codes, format)), codes, codes.dtype.type(0))


def sums(path: nf.Datapath) -> nf.Datapath:
    """The datapath without what comes after its sums, which is not in question."""
    return path.replace(epilogue=[])


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("name", MULTIPLYING)
def test_each_machine_by_vectors_and_one_by_one(name, seed, tally):
    """All bits, on every instruction set, of one thread and of two."""
    path = sums(nf.machine(name).datapath())
    a, b, c = matrices(path, seed)
    how = {} if c is not None or path.init.c == "zero" else {"bias": 0}
    if path.prep.zero_point != "none":
        how |= {f"zero_point_{x}": 3 for x in "ab" if path.prep.zero_point in (x, "both")}
    if path.prep.scale is not None:
        blocks = -(-a.shape[1] // path.prep.scale.size)
        how |= {"scale_a": np.ones((ROWS, blocks)), "scale_b": np.full((blocks, COLUMNS), 2.0)}
    if path.is_random:
        how["key"] = nf.Key(seed)
    with _core.forced_isa("scalar"):
        wanted = nf.matmul(a, b, path, c, **how).codes
    before = nf.get_num_threads()
    try:
        for isa in [x for x in _core.available_isas() if x != "scalar"]:
            for threads in (1, 2):
                nf.set_num_threads(threads)
                with _core.forced_isa(isa):
                    got = nf.matmul(a, b, path, c, **how).codes
                tally.same(got.ravel(), wanted.ravel(), np.arange(got.size), f"{isa} {threads}")
    finally:
        nf.set_num_threads(before)
    tally.check()


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("nvidia.h100.wgmma.e4m3.f32", "aligned_simd"),
        ("nvidia.h100.mma.f16.f32", "aligned_simd"),
        ("nvidia.a100.hmma.bf16.f32", "aligned_simd"),
        ("nvidia.h100.imma.s8.s32", "exact_int"),
        ("amd.mi200.mfma.f16.f32", "chain_simd"),
        ("amd.mi300.mfma.f16.f32", "aligned_simd"),
        ("hls4ml.ap_fixed16_6", "chain_simd"),
    ],
)
def test_ordinary_numbers_take_a_vectorised_path(name, taken):
    """The path is named; matrices of numbers about 1 are not left to the reference."""
    path = sums(nf.machine(name).datapath())
    rng = np.random.default_rng(0)
    a = nf.array(rng.normal(size=(16, 64)), path.prep.a[0])
    b = nf.array(rng.normal(size=(64, 40)), path.prep.b[0])
    with nf.Report(counts=False) as report:
        nf.matmul(a, b, path, debug=True, **({"bias": 0} if path.init.c == "bias" else {}))
    assert report.path == taken
