"""Matrix instructions of NVIDIA and AMD beside MMA-Sim: 10^4 dot products of each."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import numfmt as nf

torch = pytest.importorskip("torch", reason="MMA-Sim needs torch")
pytest.importorskip("mmasim", reason="MMA-Sim is not installed: pip install mmasim==2.1.1")

from mmasim.arithmetic import fdpa, ftz_mul_add  # noqa: E402

DOTS = 2500  # of each of the four kinds of operands
STORED = {  # torch dtype, NumPy dtype of its bits
    "binary16": (torch.float16, np.int16),
    "bfloat16": (torch.bfloat16, np.int16),
    "binary32": (torch.float32, np.int32),
    "e4m3fn": (torch.float8_e4m3fn, np.uint8),
    "e5m2": (torch.float8_e5m2, np.uint8),
    "e4m3fnuz": (torch.float8_e4m3fnuz, np.uint8),
    "e5m2fnuz": (torch.float8_e5m2fnuz, np.uint8),
    "e8m0": (torch.float8_e8m0fnu, np.uint8),
    "ue4m3fn": (torch.float8_e4m3fn, np.uint8),
}
SMALL = {"e3m2": 0, "e2m3": 0, "e2m1": 2}  # held in a byte, so many bits up


class Case(NamedTuple):
    """One of our machines, MMA-Sim's model of it, and what it multiplies."""

    machine: str
    model: Callable[[], Any]
    a: str
    b: str
    k: int


def tensor_core(F: int, rho: str, most: int, zero: int, a: str = "", b: str = "") -> Any:
    """MMA-Sim's truncated fused dot products."""
    return lambda: fdpa.MMA_T_FDPA(F, rho, most, zero, a, b)


FULL, HALF = "RZ-FP32", "RNE-FP16"
CHIPS = {  # machine's name, F, products of 16 bits, e_zero to binary32 and binary16
    "v100.hmma884": (23, 4, -131, -19),
    "t4.hmma1688": (24, 8, -132, -20),
    "a100.hmma": (24, 8, -132, -20),
    "ada.hmma": (24, 8, -132, -20),
    "h100.mma": (25, 16, -133, -21),
    "h100.wgmma": (25, 16, -133, -21),
    "b200.mma": (25, 16, -133, -21),
}
SIXTEEN = [
    Case(f"nvidia.{chip}.{kind}.{out}", tensor_core(F, rho, n, zeros[rho == HALF]), f, f, 32)
    for chip, (F, n, *zeros) in CHIPS.items()
    for kind, f, out, rho in [
        ("f16", "binary16", "f32", FULL),
        ("bf16", "bfloat16", "f32", FULL),
        ("f16", "binary16", "f16", HALF),
    ]
    if kind == "f16" or chip[:2] not in ("v1", "t4")
]
TF32 = [
    Case(f"nvidia.{chip}.tf32.f32", tensor_core(F, FULL, n // 2, zero), "binary32", "binary32", 16)
    for chip, (F, n, zero, _) in CHIPS.items()
    if chip[:2] not in ("v1", "t4")
]
EIGHT = [
    Case(f"nvidia.{name}", tensor_core(F, rho, n, zero), a, b, 64)
    for a, b in [("e4m3fn", "e4m3fn"), ("e5m2", "e4m3fn"), ("e4m3fn", "e5m2"), ("e5m2", "e5m2")]
    for name, F, rho, n, zero in [
        ("ada.mma.fp8.f32", 13, "RZ-E8M13", 16, -132),
        ("ada.mma.fp8.f16", 13, HALF, 16, -20),
        ("h100.wgmma.e4m3.f32", 13, "RZ-E8M13", 32, -133),
        ("h100.wgmma.fp8.f16", 13, HALF, 32, -21),
    ]
]
F8F6F4 = [
    Case(
        f"nvidia.{chip}.f8f6f4.{out}",
        tensor_core(25, rho, 32, zero, a if a in SMALL else "", b if b in SMALL else ""),
        *(a, b, 64),
    )
    for chip in ("b200.tcgen05", "sm120.mma")
    for out, rho, zero in (("f32", FULL, -133), ("f16", HALF, -21))
    for a, b in [("e4m3fn", "e5m2"), ("e3m2", "e2m3"), ("e2m1", "e5m2"), ("e2m1", "e2m1")]
]
AMD = [
    *(
        Case(f"amd.mi200.mfma.{n}.f32", lambda p=p: ftz_mul_add.MMA_FTZ_MUL_ADD(p), f, f, 16)
        for n, f, p in [("f16", "binary16", 4), ("bf16_1k", "bfloat16", 4), ("bf16", "bfloat16", 2)]
    ),
    *(
        Case(f"amd.mi100.mfma.{n}.f32", lambda p=p: fdpa.MMA_E_FDPA(p), f, f, 16)
        for n, f, p in [("f16", "binary16", 4), ("bf16", "bfloat16", 2)]
    ),
    *(
        Case(
            f"amd.mi300.mfma.{n}.f32",
            lambda p=p: fdpa.MMA_TR_FDPA(24, 31, "RNE-FP32", p),
            *(f, f, 16),
        )
        for n, f, p in [("f16", "binary16", 8), ("bf16", "bfloat16", 8), ("xf32", "binary32", 4)]
    ),
    *(
        Case(
            "amd.mi300.mfma.fp8.f32",
            lambda: fdpa.MMA_GTR_FDPA(24, 31, "RNE-FP32", 16),
            *(a, b, 32),
        )
        for a in ("e4m3fnuz", "e5m2fnuz")
        for b in ("e4m3fnuz", "e5m2fnuz")
    ),
]
CASES = SIXTEEN + TF32 + EIGHT + F8F6F4 + AMD


def values(kind: str, rng: np.random.Generator, shape: tuple[int, ...], spelling: str) -> Any:
    """Codes: about 1; any finite ones; near the smallest; sums that nearly cancel."""
    f = nf.parse(spelling)
    if kind == "any":
        codes = rng.integers(0, 1 << f.width, shape).astype(nf.encode(1.0, f).dtype)
        finite = np.isfinite(nf.decode(codes, f))
        return np.where(finite, codes, codes.dtype.type(0))
    x = rng.normal(size=shape)
    if kind == "tiny":
        x *= f.smallest_normal * 2.0 ** rng.integers(-2, 6, shape)
    if kind == "cancelling" and shape[-1] % 2 == 0:
        x[..., 1::2] = -x[..., ::2] * (1 + 2.0**-9 * rng.normal(size=x[..., ::2].shape))
    return nf.encode(x, f, overflow="saturate" if f.has_nan else None)


def tensor(codes: np.ndarray[Any, Any], spelling: str) -> Any:
    """The same codes in torch."""
    if spelling in SMALL:
        return torch.from_numpy((codes << SMALL[spelling]).astype(np.uint8))
    dtype, bits = STORED[spelling]
    return torch.from_numpy(codes.astype(bits)).view(dtype)


def bits(x: Any) -> np.ndarray[Any, Any]:
    """Codes of torch numbers."""
    wide = x.element_size() == 4
    return x.view(torch.int32 if wide else torch.int16).numpy().view(np.uint32 if wide else "u2")


def operands(kind: str, case: Case, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Codes of DOTS vectors, and of what their sums begin with."""
    path = nf.machine(case.machine).datapath()
    a = values(kind, rng, (DOTS, case.k), case.a)
    b = values("normal" if kind == "cancelling" else kind, rng, (DOTS, case.k), case.b)
    if kind == "cancelling":
        b[..., 1::2] = b[..., ::2]
    c = values(kind, rng, (DOTS,), str(path.acc.type))
    return a, b, c


def same(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], f: str) -> np.ndarray[Any, Any]:
    """Equal bits, or both NaN: MMA-Sim writes one NaN for all machines."""
    nan = np.isnan(nf.decode(x, f)) & np.isnan(nf.decode(y, f))
    return (x == y) | nan


@pytest.mark.parametrize("kind", ["normal", "any", "tiny", "cancelling"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.machine}:{case.a}:{case.b}")
def test_mmasim(case, kind, tally):
    """Every bit but those of NaN."""
    rng = np.random.default_rng(7)
    a, b, c = operands(kind, case, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = nf.machine(case.machine).datapath()
        wanted = bits(
            case.model().dpa(tensor(a, case.a), tensor(b, case.b), tensor(c, str(path.acc.type)))
        )
    compare(path, (a, case.a), (b, case.b), c, wanted, tally)


def compare(path: nf.Datapath, a: Any, b: Any, c: Any, wanted: Any, tally: Any, **scales: Any):
    """Our bits of the dot products, and theirs."""
    x, y = nf.from_codes(a[0][:, None], a[1]), nf.from_codes(b[0][:, :, None], b[1])
    sums = nf.from_codes(c[:, None, None], path.acc.type)
    got = nf.matmul(x, y, path, sums, **scales).codes.ravel()
    wrong = ~same(got, wanted, str(path.acc.type))
    tally.cases += len(got)
    tally.mismatches += int(wrong.sum())
    assert not wrong.any(), (int(wrong.sum()), np.flatnonzero(wrong)[:3])


def packed(codes: np.ndarray[Any, Any]) -> Any:
    """Two codes of 4 bits a byte, the first above."""
    return torch.from_numpy((codes[..., ::2] << 4 | codes[..., 1::2]).astype(np.uint8))


@pytest.mark.parametrize("kind", ["normal", "any", "tiny", "cancelling"])
@pytest.mark.parametrize(
    ("machine", "scale"), [("mxf4", "e8m0"), ("nvf4", "ue4m3fn")], ids=["mxf4", "nvf4"]
)
def test_mmasim_scaled_groups(machine, scale, kind, tally):
    """Groups of 16 exact products of e2m1, times the scales of 32 or 16: NaN and 0 too."""
    rng = np.random.default_rng(11)
    path = nf.machine(f"nvidia.b200.tcgen05.{machine}.f32").datapath()
    case = Case(f"nvidia.b200.tcgen05.{machine}.f32", object, "e2m1", "e2m1", 64)
    a, b, c = operands(kind, case, rng)
    scales = [some_scales(rng, scale, (DOTS, 64 // path.prep.scale.size), kind) for _ in range(2)]
    model = fdpa.MMA_GST_FDPA(G=16, F=35, rho=FULL, L_max=64, e_zero=-139)
    wanted = bits(
        model.dpa(packed(a), packed(b), tensor(c, "binary32"), *(tensor(s, scale) for s in scales))
    )
    x, y = (nf.from_codes(s, scale) for s in scales)
    own = {"scale_a": x[:, None], "scale_b": y[:, :, None]}
    compare(path, (a, "e2m1"), (b, "e2m1"), c, wanted, tally, **own)


@pytest.mark.parametrize("kind", ["normal", "any", "tiny", "cancelling"])
@pytest.mark.parametrize(("f", "g"), [("e4m3fn", "e5m2"), ("e3m2", "e2m3"), ("e2m1", "e4m3fn")])
def test_mmasim_scales_in_exponents(f, g, kind, tally):
    """Blocks of 32 with exponents as scales."""
    rng = np.random.default_rng(12)
    name = "nvidia.b200.tcgen05.mxf8f6f4.f32"
    path = nf.machine(name).datapath()
    a, b, c = operands(kind, Case(name, object, f, g, 32), rng)
    scales = [some_scales(rng, "e8m0", (DOTS, 1), kind) for _ in range(2)]
    types = [one if one in SMALL else "" for one in (f, g)]
    model = fdpa.MMA_ST_FDPA(25, FULL, 32, -133, *types)
    wanted = bits(
        model.dpa(
            *(tensor(a, f), tensor(b, g), tensor(c, "binary32")),
            *(tensor(s, "e8m0") for s in scales),
        )
    )
    x, y = (nf.from_codes(s, "e8m0") for s in scales)
    own = {"scale_a": x[:, None], "scale_b": y[:, :, None]}
    compare(path, (a, f), (b, g), c, wanted, tally, **own)


def some_scales(rng: np.random.Generator, f: str, shape: tuple[int, ...], kind: str) -> Any:
    """About 1; or any codes, NaN among them."""
    format = nf.parse(f)
    if kind == "any":
        return rng.integers(0, 1 << format.width, shape).astype(np.uint8)
    return nf.encode(2.0 ** rng.integers(-3, 4, shape) * rng.uniform(1, 2, shape), f)


CHANGES = [
    ("amd.mi300.mfma.f16.f32", {"align": {"late": [32, 23, 31]}}),
    ("amd.mi300.mfma.f16.f32", {"align": {"late": [32, 24, 30]}}),
    ("amd.mi300.mfma.f16.f32", {"align": {"F": 25}}),
    ("amd.mi300.mfma.f16.f32", {"block": {"n": 4}}),
    ("amd.mi300.mfma.fp8.f32", {"block": {"groups": None}}),
    ("amd.mi300.mfma.fp8.f32", {"align": {"c_far": "floor"}}),
    ("amd.mi200.mfma.f16.f32", {"block": {"n": 2}, "kplan": {"inst_k": 2}}),
    ("amd.mi100.mfma.f16.f32", {"block": {"n": 2}}),
    ("nvidia.t4.hmma1688.f16.f32", {"align": {"F": 25}}),
    ("nvidia.b200.tcgen05.f8f6f4.f32", {"align": {"F": 24}}),
]


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=str)
def test_mmasim_shows_each_field(name, change):
    """A machine with a field changed gives other bits on some of the operands."""
    case = next(case for case in CASES if case.machine == name)
    path = nf.machine(name).datapath().replace(**change)
    rng = np.random.default_rng(7)
    for kind in ("normal", "any", "tiny", "cancelling"):
        a, b, c = operands(kind, case, rng)
        vectors = tensor(a, case.a), tensor(b, case.b), tensor(c, "binary32")
        wanted = bits(case.model().dpa(*vectors))
        x, y = nf.from_codes(a[:, None], case.a), nf.from_codes(b[:, :, None], case.b)
        got = nf.matmul(x, y, path, nf.from_codes(c[:, None, None], "binary32")).codes.ravel()
        if not same(got, wanted, "binary32").all():
            return
    pytest.fail("no bit differs")


@pytest.mark.parametrize(("kept", "is_same"), [(32, True), (31, False), (33, True)])
def test_mmasim_keeps_32_bits_of_late_sums(kept, is_same):
    """Just above a tie of c and the products' sum, which a floor at 31 bits takes to the tie; what
    is behind 32 bits the last floor takes anyway."""
    a, b = np.zeros((1, 8)), np.zeros((1, 8))
    a[0, :2], b[0, :2] = [-3 * 2.0**-12, 2.0**-16], [2.0**-13, 2.0**-16]
    codes = [nf.encode(x, "binary16") for x in (a, b)]
    c = nf.encode(np.ones(1), "binary32")
    model = fdpa.MMA_TR_FDPA(24, 31, "RNE-FP32", 8)
    wanted = bits(model.dpa(*(tensor(x, "binary16") for x in codes), tensor(c, "binary32")))
    path = nf.machine("amd.mi300.mfma.f16.f32").datapath().replace(align={"late": [kept, 24, 31]})
    x, y = (nf.from_codes(v, "binary16") for v in codes)
    got = nf.matmul(x, y.T, path, nf.from_codes(c[:, None], "binary32")).codes.ravel()
    assert (got == wanted).all() == is_same


@pytest.mark.parametrize("ftz", ["keep_sign", "plus", "none"])
@pytest.mark.parametrize("name", ["bf16", "bf16_1k"])
def test_mmasim_flushes_small_sums(name, ftz):
    """Sums about the smallest normal number: CDNA2 flushes them, and keeps their sign."""
    rng = np.random.default_rng(4)
    x, y = (rng.normal(size=(DOTS, 8)) * 2.0 ** rng.integers(-68, -60, (DOTS, 8)) for _ in range(2))
    a, b = (nf.encode(v, "bfloat16") for v in (x, y))
    c = nf.encode(rng.normal(size=DOTS) * 2.0**-126, "binary32")
    model = ftz_mul_add.MMA_FTZ_MUL_ADD(2 if name == "bf16" else 4)
    wanted = bits(model.dpa(tensor(a, "bfloat16"), tensor(b, "bfloat16"), tensor(c, "binary32")))
    path = nf.machine(f"amd.mi200.mfma.{name}.f32").datapath().replace(acc={"ftz": ftz})
    x, y = nf.from_codes(a[:, None], "bfloat16"), nf.from_codes(b[:, :, None], "bfloat16")
    got = nf.matmul(x, y, path, nf.from_codes(c[:, None, None], "binary32")).codes.ravel()
    assert (got == wanted).all() == (ftz == "keep_sign")
