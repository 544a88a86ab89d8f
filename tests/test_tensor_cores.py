"""The oracle of aligned blocks against what NVIDIA's tensor cores gave: nvidia/hopper.npz, recorded
here, and the vectors of MATLAB-tensor-core in ../shared/data/tensorcore, where they are."""

from __future__ import annotations

import json
import math
import pathlib
import sys
import zlib
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from oracle_aligned import CODINGS, Aligned, chain

import numfmt as nf

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE / "nvidia"))
import codes  # noqa: E402
import inputs  # noqa: E402

HOPPER = np.load(HERE / "nvidia" / "hopper.npz")
SHARED = HERE.parents[1] / "shared" / "data" / "tensorcore" / "vectors.npz"
FACTS = json.loads(str(HOPPER["facts"]))
INSTRUCTIONS = sorted({x.split(":")[0] for x in HOPPER.files if x.startswith(("mma", "wgmma"))})
FLOATS = [x for x in INSTRUCTIONS if "s32" not in x and "f64" not in x]

HALF = Aligned(25, -21, 10, nearest=True)
FULL = Aligned(25, -133, 23)
FP8 = Aligned(13, -133, 13)
LOW, HIGH = (
    np.array([k for k in range(32) if k % 4 // 2 == half]) for half in (0, 1)
)  # of FP8 operands in mma.sync: the halves of each word


def added(x: np.ndarray, y: np.ndarray, kind: str) -> np.ndarray:
    """Codes of x + y in binary32 or binary16; NaN is all ones."""
    types = {"f32": (np.uint32, np.float32), "f16": (np.uint16, np.float16)}[kind]
    with np.errstate(all="ignore"):
        total = x.astype(types[0]).view(types[1]) + y.astype(types[0]).view(types[1])
    ones = (1 << (8 * total.itemsize - 1)) - 1
    return np.where(np.isnan(total), ones, total.view(types[0]).astype(np.int64))


def parameters(name: str) -> Aligned:
    """Of an instruction of floats on Hopper."""
    which = codes.instruction(name)
    eight_bits = CODINGS[which.a].bits == 8 and name.startswith("wgmma")
    if which.d == "f16":
        return replace(HALF, fraction_bits=13) if eight_bits else HALF
    return FP8 if eight_bits else FULL


def dots(name: str, operands: codes.Operands, how: Aligned) -> np.ndarray:
    """What the instruction gives; mma.sync turns FP8 into two products of halves and a sum."""
    which = codes.instruction(name)
    types = (which.a, which.b, which.d)
    a, b, c = operands[0][:, :, None], operands[1][:, None], operands[2]
    if not (CODINGS[which.a].bits == 8 and name.startswith("mma")):
        return chain(a, b, c, types, which.k, how)
    part = np.zeros_like(c)
    for half in (LOW, HIGH):
        part = chain(a[..., half], b[..., half], part, types, 16, how)
    return added(part, c, which.d).reshape(c.shape)


def differing(name: str, label: str, operands: codes.Operands, how: Aligned) -> int:
    """Tiles whose results are others than the recorded."""
    got = dots(name, operands, how)
    bits = got.astype(np.uint16 if codes.instruction(name).d == "f16" else np.uint32)
    tiles = bits.reshape(len(operands[0]), -1)
    sums = np.array([zlib.crc32(x.tobytes()) for x in tiles], np.uint32)
    wrong = sums != HOPPER[f"{name}:{label}:sums"]
    wrong[::16] |= (tiles[::16] != HOPPER[f"{name}:{label}"]).any(axis=1)
    return int(wrong.sum())


def test_the_operands_are_those_that_were_recorded():
    """A changed draw would compare nothing; both chips got the same, and gave the same."""
    assert [x["name"] for x in FACTS["chips"]] == ["NVIDIA H100 80GB HBM3", "NVIDIA H200"]
    for name in INSTRUCTIONS:
        for label, operands in inputs.sets(name):
            words = codes.words(name, operands)
            crc = zlib.crc32(b"".join(x.tobytes() for x in words))
            assert crc == FACTS["operands"][f"{name}:{label}"], (name, label)


@pytest.mark.parametrize("name", FLOATS)
def test_hopper(name, tally):
    """Every recorded result of the instruction, all bits: alignment, floor, zeros, signs, ends."""
    for label, operands in inputs.sets(name):
        wrong = differing(name, label, operands, parameters(name))
        tally.cases += operands[2].size
        tally.mismatches += wrong * operands[2][0].size
        assert not wrong, f"{label}: {wrong} of {len(operands[0])} tiles differ"


MUTANTS = {
    "fraction_bits - 1": lambda x: replace(x, fraction_bits=x.fraction_bits - 1),
    "fraction_bits + 1": lambda x: replace(x, fraction_bits=x.fraction_bits + 1),
    "floor - 1": lambda x: replace(x, floor=x.floor - 1),
    "floor + 1": lambda x: replace(x, floor=x.floor + 1),
    "zeros_in_max": lambda x: replace(x, zeros_in_max=True),
    "zero_sign": lambda x: replace(x, zero_sign="sum"),
    "out_fraction": lambda x: replace(x, out_fraction=x.out_fraction - 1),
    "rounding": lambda x: replace(x, nearest=not x.nearest),
}
# FP8 products and binary16's are never below these floors, nor their sums below binary32's numbers.
BLIND = {
    **{("wgmma_e4m3_f32", x): 1 for x in ("floor - 1", "floor + 1", "zero_sign")},
    **{("mma_f16_f32", x): 1 for x in ("floor - 1", "floor + 1", "zero_sign")},
    **{("wgmma_e4m3_f16", x): 1 for x in ("floor - 1", "floor + 1", "zero_sign")},
}


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize(
    "name",
    [
        "mma_f16_f32",
        "mma_bf16_f32",
        "wgmma_tf32_f32",
        "mma_f16_f16",
        "wgmma_e4m3_f32",
        "wgmma_e4m3_f16",
    ],
)
def test_recorded_results_identify_each_parameter(name, mutant):
    """A model off by one in any parameter fails, where its operands can reach the parameter."""
    how = MUTANTS[mutant](parameters(name))
    fails = any(differing(name, label, of, how) for label, of in inputs.sets(name))
    assert fails == ((name, mutant) not in BLIND)


def exact_integers(a: np.ndarray, b: np.ndarray, c: np.ndarray, kind: str) -> np.ndarray:
    """a b + c of 8-bit integers and 32-bit sums."""
    dtype = np.uint8 if kind == "u8" else np.int8
    left, right = (x.astype(np.uint8).view(dtype).astype(np.int64) for x in (a, b))
    return np.einsum("trk,tck->trc", left, right) + c.astype(np.uint32).view(np.int32)


@pytest.mark.parametrize("name", [x for x in INSTRUCTIONS if "s32" in x])
def test_hoppers_integers_wrap_or_saturate(name):
    """Exact sums of 32 products, then 32 bits: wrapped, with .satfinite clipped."""
    for label, (a, b, c) in inputs.sets(name):
        total = exact_integers(a, b, c, codes.instruction(name).a)
        clipped = np.clip(total, -(1 << 31), (1 << 31) - 1)
        beyond = int((clipped != total).sum())
        assert beyond > 1000 or label != "largest"
        got = (clipped if name.endswith("satfinite") else total).astype(np.uint64).astype(np.uint32)
        sums = [zlib.crc32(x.tobytes()) for x in got.reshape(len(a), -1)]
        assert np.array_equal(sums, HOPPER[f"{name}:{label}:sums"])
        assert np.array_equal(got.reshape(len(a), -1)[::16], HOPPER[f"{name}:{label}"])


def fused(x: float, y: float, z: float) -> float:
    """x y + z, rounded once."""
    if not all(map(math.isfinite, (x, y, z))):
        product = x * y if not (math.isfinite(x) and math.isfinite(y)) else 0.0
        return product + z
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if exact == 0:
        return x * y + z if x * y == 0 else 0.0
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def test_hoppers_binary64_is_a_chain_of_fused_multiply_adds():
    """In the order of k, rounded to nearest each; some of each set, all bits but those of NaN."""
    for label, (a, b, c) in inputs.sets("mma_f64_f64"):
        got = HOPPER[f"mma_f64_f64:{label}"].view(np.float64)
        a, b, c = (x[::16].astype(np.uint64).view(np.float64) for x in (a, b, c))
        for at in np.ndindex(c[:, ::3, ::3].shape):
            tile, row, column = at[0], 3 * at[1], 3 * at[2]
            wanted = float(c[tile, row, column])
            for x, y in zip(a[tile, row], b[tile, column], strict=True):
                wanted = fused(float(x), float(y), wanted)
            result = got[tile].reshape(8, 8)[row, column]
            assert repr(float(result)) == repr(wanted), (label, at)


@pytest.mark.parametrize(
    ("name", "spelling", "mode"),
    [
        ("cvt_e4m3", "e4m3fn", {"rounding": "nearest_even", "overflow": "saturate"}),
        ("cvt_e5m2", "e5m2", {"rounding": "nearest_even", "overflow": "saturate"}),
        ("cvt_rn_bf16", "bfloat16", {"rounding": "nearest_even"}),
        ("cvt_rz_bf16", "bfloat16", {"rounding": "toward_zero"}),
        ("cvt_rn_f16", "binary16", {"rounding": "nearest_even"}),
        ("cvt_rna_tf32", "tf32", {"rounding": "nearest_away"}),
        ("cvt_rn_tf32", "tf32", {"rounding": "nearest_even"}),
        ("cvt_rz_tf32", "tf32", {"rounding": "toward_zero"}),
    ],
)
def test_hoppers_converters_round_as_encode_does(name, spelling, mode):
    """All upper halves, ties and their neighbours; NaN is all ones, but rna cuts its bits."""
    bits = inputs.converted()
    x = bits.view(np.float32)
    words = nf.encode(x, spelling, **mode).astype(np.uint32)
    words[np.isnan(x)] = {"e4m3fn": 0x7F, "e5m2": 0x7F}.get(spelling, 0x7FFF)
    if "tf32" in name:
        words = words << 13
        words[np.isnan(x)] = 0x7FFFE000
    if name == "cvt_rna_tf32":
        words[np.isnan(x)] = bits[np.isnan(x)] & 0xFFFFE000
    if spelling.startswith("e"):
        words |= words << 8
    sums = [zlib.crc32(x.tobytes()) for x in words.reshape(-1, 4096)]
    assert np.array_equal(sums, HOPPER[f"{name}:sums"])


def product(first: str, second: str, n: int, how: Aligned, restart: int) -> np.ndarray:
    """The whole product: chains of `restart` elements of depth, added in binary32."""
    rows, depth, columns = inputs.PRODUCT
    a = inputs.matrix(f"a {first}", codes.CODINGS[first], rows, depth)
    b = inputs.matrix(f"b {second}", codes.CODINGS[second], columns, depth)
    total, zero = np.zeros((rows, columns), np.int64), np.zeros((rows, columns), np.int64)
    for start in range(0, depth, restart):
        k = slice(start, min(depth, start + restart))
        got = chain(a[:, None, k], b[None, :, k], zero, (first, second, "f32"), n, how)
        total = added(total, got, "f32").reshape(rows, columns) if start else got
    return total.astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("first", ["e4m3", "e5m2"])
@pytest.mark.parametrize("speed", ["fast", "slow"])
def test_cublas_fp8(first, speed):
    """Fast: one chain; slow: one each 128 of depth, added in binary32; scales' product first."""
    depth = inputs.PRODUCT[1]
    total = product(first, "e4m3", 32, FP8, depth if speed == "fast" else 128)
    for scales in ("1.0*1.0", "0.37*1.91"):
        x, y = (np.float32(s) for s in scales.split("*"))
        scaled = total * (x * y)
        key = f"product:{first}_e4m3_{{}}:{speed}:{scales}"
        assert np.array_equal(scaled, HOPPER[key.format("f32")].view(np.float32))
        short = nf.encode(scaled, "bfloat16", rounding="nearest_even")
        assert np.array_equal(short, HOPPER[key.format("bf16")].view(np.uint16))


@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_cublas_16_bits(kind):
    """One chain of blocks of 16."""
    total = product(kind, kind, 16, FULL, inputs.PRODUCT[1])
    assert np.array_equal(total, HOPPER[f"product:{kind}_{kind}_f32:torch.mm:1*1"].view(np.float32))


CHIPS = {  # products a block of 16-bit operands
    "V100": (4, Aligned(23, None, 23)),
    **dict.fromkeys(("A100", "A2", "Ada", "L40S"), (8, Aligned(24, -132, 23))),
    **dict.fromkeys(("H100", "H200", "B200"), (16, FULL)),
}
SHARED_TYPES = {"fp16": "f16", "bf16": "bf16", "tf32": "tf32", "E4M3": "e4m3", "E5M2": "e5m2"}


def shared_result(chip: str, kind: str, out: str, a, b, c) -> np.ndarray:
    """Bits of a recorded dot product by the parameters of its chip."""
    n, how = CHIPS[chip]
    if out == "f16":
        how = replace(how, out_fraction=10, nearest=True, floor=None)
    types = (kind, kind, out)
    if CODINGS[kind].bits != 8:
        return chain(a, b, c, types, n // 2 if kind == "tf32" else n, how)
    if chip in ("Ada", "L40S"):
        fp8 = replace(how, fraction_bits=13, out_fraction=13 if out == "f32" else 10)
        return chain(a, b, c, types, 16, fp8)
    if chip != "B200" and out == "f32":
        return chain(a, b, np.zeros_like(c), types, 32, FP8)  # recorded so
    part = np.zeros_like(c)
    for half in (LOW, HIGH):
        part = chain(a[..., half], b[..., half], part, types, 16, how)
    return added(part, c, out)


def test_matlab_tensor_core():
    """All 48 sets of eight chips."""
    if not SHARED.exists():
        pytest.skip("the recorded vectors of MATLAB-tensor-core are not here")
    data, count = np.load(SHARED), 0
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
        got = shared_result(chip, kind, out, a, b, c.astype(np.int64))
        assert np.array_equal(got, wanted), key
        count += 1
    assert count == 48
