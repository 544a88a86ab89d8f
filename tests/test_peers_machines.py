"""Machines beside the software that they model: LiteRT, ONNX Runtime, mmaemu, ap_fixed."""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import pathlib
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from processor import flags

import numfmt as nf

LITERT = {
    ("CONV_2D", "reference"): "tflite.int8.conv.ref",
    ("FULLY_CONNECTED", "reference"): "tflite.int8.fc.ref",
    ("CONV_2D", "ruy"): "tflite.int8.ruy_avx512",
    ("FULLY_CONNECTED", "ruy"): "tflite.int8.ruy_avx512",
    ("CONV_2D", "xnnpack"): "tflite.int8.xnnpack",
    ("FULLY_CONNECTED", "xnnpack"): "tflite.int8.xnnpack",
}


@pytest.mark.parametrize("per_channel", [False, True], ids=["tensor", "channel"])
@pytest.mark.parametrize(("operator", "resolver"), LITERT)
def test_litert(operator, resolver, per_channel, tally):
    """2^20 outputs of each kernel by the name of its machine."""
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    litert = pytest.importorskip("test_peers_litert")
    litert.skip_where_unknown(resolver)
    layer, x = litert.made(operator, "random", per_channel, seed=3)
    rule = "float32" if resolver == "xnnpack" else "float64"
    low, high = nf.activation_bounds(layer.activation, layer.scales[2], layer.zeros[1])
    got = nf.matmul(
        x,
        layer.weights.reshape(litert.CHANNELS, litert.TERMS).T,
        LITERT[operator, resolver],
        zero_point_a=layer.zeros[0],
        bias=layer.biases,
        multiplier=nf.requantization_scale(*layer.scales, rule=rule),
        zero_point_out=layer.zeros[1],
        minimum=low,
        maximum=high,
    )
    wanted = litert.theirs(layer, x, resolver)
    tally.same(got.codes.view(np.int8).ravel(), wanted.ravel(), np.arange(got.size), resolver)
    tally.check()


@pytest.mark.parametrize("pair", ["u8u8", "u8s8", "s8s8"])
def test_onnxruntime(pair, tally):
    """2^20 outputs of QLinearMatMul, and of MatMulInteger's sums."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    peer = pytest.importorskip("test_peers_onnxruntime")
    a, b, a_zero, b_zero = peer.matrices(peer.PAIRS[peer.IDS.index(pair)])
    if pair == "u8s8" and peer.pairs_saturate():
        a //= 2  # pairs of products then fit the 16 bits that this processor adds them in
    zeros = {"zero_point_a": int(a_zero), "zero_point_b": int(b_zero)}
    sums = nf.matmul(a, b, f"onnxruntime.matmulinteger.{pair}", **zeros)
    wanted = peer.run("MatMulInteger", a, [b, a_zero, b_zero], np.zeros(1, np.int32))
    tally.same(sums.codes.view(np.int32).ravel(), wanted.ravel(), np.arange(sums.size), pair)
    sa, sb, sy = np.float32(0.013), np.float32(0.021), np.float32(0.3)
    y_zero = a.dtype.type(5)
    constants = [sa, a_zero, b, sb, b_zero, sy, y_zero]
    wanted = peer.run("QLinearMatMul", a, [np.asarray(x) for x in constants], a[:1])
    how = {"multiplier": np.float32(sa * sb) / sy, "zero_point_out": int(y_zero)}
    got = nf.matmul(a, b, f"onnxruntime.qlinearmatmul.{pair}", **zeros, **how)
    tally.same(got.codes.view(a.dtype).ravel(), wanted.ravel(), np.arange(got.size), pair)
    tally.check()


MMAEMU = {
    "hopper-ws0": "nvidia.h100.wgmma.e4m3.f32",
    "ada-ws0": "nvidia.ada.mma.fp8.f32",
}
SPLITS = {
    "hopper-ws0": {"scheme": "contiguous", "tile": 128},
    "ada-ws0": {"scheme": "interleaved", "tile": 64},
}


@pytest.mark.parametrize("split", [1, 2, 3])
@pytest.mark.parametrize("speed", ["fast", "slow"])
@pytest.mark.parametrize("profile", MMAEMU)
def test_mmaemu(profile, speed, split, tally):
    """256 x 256 sums of 1024 products, both profiles; split-K, which goes with fast sums."""
    torch = pytest.importorskip("torch", reason="mmaemu needs torch")
    mmaemu = pytest.importorskip("mmaemu", reason="mmaemu is not installed")
    if split > 1 and speed == "slow":
        pytest.skip("slow sums are not split")
    rng = np.random.default_rng(5)
    size = (256, 256, 1024) if split == 1 else (64, 64, 1024)
    a, b = (nf.array(rng.normal(size=(n, size[2])), "e4m3fn") for n in size[:2])
    x, y = (torch.from_numpy(v.codes).view(torch.float8_e4m3fn) for v in (a, b))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheme = "contiguous" if "hopper" in profile else "serial"
        chosen = mmaemu.SplitK(split, scheme if split > 1 else "none")
        how = {"use_fast_accum": speed == "fast", "profile": profile, "splitk": chosen}
        wanted = mmaemu.accumulate(x, y, **how).numpy().view(np.uint32)
    path = nf.machine(MMAEMU[profile]).datapath(plan=speed)
    if split > 1:
        path = path.replace(kplan={"inst_k": 32, "split": {**SPLITS[profile], "S": split}})
    got = nf.matmul(a, b.T, path).codes
    tally.same(got.ravel(), wanted.ravel(), np.arange(got.size), profile)
    tally.check()


QUANTIZATIONS = ("AP_TRN", "AP_TRN_ZERO", "AP_RND", "AP_RND_ZERO", "AP_RND_INF")
QUANTIZATIONS += ("AP_RND_MIN_INF", "AP_RND_CONV")
OVERFLOWS = ("AP_WRAP", "AP_SAT", "AP_SAT_ZERO", "AP_SAT_SYM")
AP_FIXED = """
#include "ap_fixed.h"
#include <cstdint>
typedef ap_fixed<16, 6> input;
template <class T>
static void chain(const int16_t *a, const int16_t *b, int16_t *y, int rows, int terms) {
    for (int i = 0; i < rows; i++) {
        T sum = 0;
        for (int k = 0; k < terms; k++) {
            input p, q;
            p.range() = a[i * terms + k];
            q.range() = b[i * terms + k];
            sum += p * q;
        }
        y[i] = (int16_t)sum.range().to_int();
    }
}
extern "C" {
"""


def test_ap_fixed(tmp_path, tally):
    """hls4ml's headers: chains of ap_fixed<16,6> in every rounding and overflow mode."""
    found = importlib.util.find_spec("hls4ml")
    compiler = shutil.which("g++")
    if found is None or found.origin is None or compiler is None:
        pytest.skip("hls4ml (pip install --no-deps hls4ml==1.3.0) or g++ is not installed")
    headers = pathlib.Path(found.origin).parent / "templates" / "vivado" / "ap_types"
    modes = list(itertools.product(QUANTIZATIONS, OVERFLOWS))
    lines = [
        f"void f{i}(const int16_t *a, const int16_t *b, int16_t *y, int rows, int terms)"
        f"{{ chain<ap_fixed<16, 6, {q}, {o}>>(a, b, y, rows, terms); }}"
        for i, (q, o) in enumerate(modes)
    ]
    source, built = tmp_path / "chain.cpp", tmp_path / "chain.so"
    source.write_text(AP_FIXED + "\n".join(lines) + "\n}\n")
    flags = ["-O1", "-w", "-shared", "-fPIC", f"-I{headers}"]
    subprocess.run([compiler, *flags, str(source), "-o", str(built)], check=True)
    library = ctypes.CDLL(str(built))
    rng = np.random.default_rng(2)
    rows, terms = 2000, 24
    a, b = (rng.integers(-4000, 4000, (rows, terms)).astype(np.int16) for _ in range(2))
    a[: rows // 2] //= 8  # sums that stay in range
    for i, (q, o) in enumerate(modes):
        wanted = np.zeros(rows, np.int16)
        pointers = [x.ctypes.data_as(ctypes.c_void_p) for x in (a, b, wanted)]
        getattr(library, f"f{i}")(*pointers, rows, terms)
        format = nf.parse(f"ap_fixed<16,6,{q},{o}>")
        path = nf.machine("hls4ml.ap_fixed16_6").datapath()
        path = path.replace(acc={"round": format.rounding, "ovf": format.overflow})
        x, y = (
            nf.from_codes(v.view(np.uint16), "fixed<16,10>") for v in (a[:, None], b[:, :, None])
        )
        got = nf.matmul(x, y, path, bias=0).codes.view(np.int16).ravel()
        tally.same(got, wanted, np.arange(rows), f"{q} {o}")
    tally.check()


INSTRUCTIONS = """
#include <immintrin.h>
#include <stdint.h>
void maddubs(const uint8_t *a, const int8_t *b, int16_t *y, long n) {
    for (long i = 0; i < n; i += 8) {
        __m128i x = _mm_loadu_si128((void *)(a + 2 * i)), z = _mm_loadu_si128((void *)(b + 2 * i));
        _mm_storeu_si128((void *)(y + i), _mm_maddubs_epi16(x, z));
    }
}
void mulhrs(const int16_t *a, const int16_t *b, int16_t *y, long n) {
    for (long i = 0; i < n; i += 8) {
        __m128i x = _mm_loadu_si128((void *)(a + i)), z = _mm_loadu_si128((void *)(b + i));
        _mm_storeu_si128((void *)(y + i), _mm_mulhrs_epi16(x, z));
    }
}
#define CVT(name, mode)                                                                       \\
    void name(const float *a, const void *unused, uint16_t *y, long n) {                      \\
        for (long i = 0; i < n; i += 4)                                                       \\
            _mm_storel_epi64((void *)(y + i), _mm_cvtps_ph(_mm_loadu_ps(a + i), mode));       \\
    }
CVT(rne, 0) CVT(rd, 1) CVT(ru, 2) CVT(rz, 3)
#ifdef __AVX512VNNI__
#define DOT(name, call)                                                                       \\
    void name(const void *a, const void *b, int32_t *y, long n) {                             \\
        for (long i = 0; i < n; i += 4) {                                                     \\
            __m128i x = _mm_loadu_si128((void *)((char *)a + 4 * i));                         \\
            __m128i z = _mm_loadu_si128((void *)((char *)b + 4 * i));                         \\
            __m128i c = _mm_loadu_si128((void *)(y + i));                                     \\
            _mm_storeu_si128((void *)(y + i), call(c, x, z));                                 \\
        }                                                                                     \\
    }
DOT(vpdpbusd, _mm_dpbusd_epi32) DOT(vpdpbusds, _mm_dpbusds_epi32)
DOT(vpdpwssd, _mm_dpwssd_epi32) DOT(vpdpwssds, _mm_dpwssds_epi32)
#endif
#ifdef __AVX512BF16__
void vdpbf16ps(const void *a, const void *b, float *y, long n) {
    for (long i = 0; i < n; i += 4) {
        __m128bh x = (__m128bh)_mm_loadu_si128((void *)((char *)a + 4 * i));
        __m128bh z = (__m128bh)_mm_loadu_si128((void *)((char *)b + 4 * i));
        _mm_storeu_ps(y + i, _mm_dpbf16_ps(_mm_loadu_ps(y + i), x, z));
    }
}
void vcvtneps2bf16(const float *a, const void *unused, uint16_t *y, long n) {
    for (long i = 0; i < n; i += 4) {
        __m128i r = (__m128i)_mm_cvtneps_pbh(_mm_loadu_ps(a + i));
        _mm_storel_epi64((void *)(y + i), r);
    }
}
#endif
"""
COUNT = 1 << 20


@pytest.fixture(scope="module")
def processor(tmp_path_factory):
    """The processor's instructions, as functions of arrays."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not {"ssse3", "f16c"} <= flags():
        pytest.skip("a C compiler or a processor with SSSE3 and F16C is missing")
    folder = tmp_path_factory.mktemp("instructions")
    (folder / "x.c").write_text(INSTRUCTIONS)
    more = {"avx512_vnni": ["-mavx512vnni"], "avx512_bf16": ["-mavx512bf16"]}
    options = ["-O2", "-w", "-shared", "-fPIC", "-mssse3", "-mf16c", "-mavx"]
    for flag, own in more.items():
        if {flag, "avx512vl"} <= flags():
            options += [*own, "-mavx512vl"]
    target = folder / "x.so"
    subprocess.run([compiler, *options, str(folder / "x.c"), "-o", str(target)], check=True)
    library = ctypes.CDLL(str(target))

    def run(name, a, b, y):
        if not hasattr(library, name):
            pytest.skip(f"this processor has no {name}")
        pointers = [None if x is None else x.ctypes.data_as(ctypes.c_void_p) for x in (a, b, y)]
        getattr(library, name)(*pointers, ctypes.c_long(y.size))
        return y

    return run


def any_bits(dtype, *shape):
    """Random bit patterns."""
    rng = np.random.default_rng(9)
    return rng.integers(0, 1 << 8 * np.dtype(dtype).itemsize, shape).astype(dtype)


@pytest.mark.parametrize(
    ("name", "machine", "dtypes", "terms"),
    [
        ("maddubs", "x86.ssse3.vpmaddubsw", (np.uint8, np.uint8, np.uint16), 2),
        ("mulhrs", "x86.ssse3.vpmulhrsw", (np.uint16, np.uint16, np.uint16), 1),
        ("vpdpbusd", "x86.avx512_vnni.vpdpbusd", (np.uint8, np.uint8, np.uint32), 4),
        ("vpdpbusds", "x86.avx512_vnni.vpdpbusds", (np.uint8, np.uint8, np.uint32), 4),
        ("vpdpwssd", "x86.avx512_vnni.vpdpwssd", (np.uint16, np.uint16, np.uint32), 2),
        ("vpdpwssds", "x86.avx512_vnni.vpdpwssds", (np.uint16, np.uint16, np.uint32), 2),
        ("vdpbf16ps", "x86.avx512_bf16.vdpbf16ps", (np.uint16, np.uint16, np.uint32), 2),
    ],
)
def test_instructions(name, machine, dtypes, terms, processor, tally):
    """2^20 random bit patterns; NaN is NaN."""
    path = nf.machine(machine).datapath()
    a, b = any_bits(dtypes[0], COUNT, terms), any_bits(dtypes[1], COUNT, terms)[::-1].copy()
    c = any_bits(dtypes[2], COUNT)
    wanted = processor(name, a, b, c.copy())
    sums = None if path.init.c == "zero" else nf.from_codes(c[:, None, None], path.acc.type)
    x = nf.from_codes(a[:, None], path.prep.a[0])
    y = nf.from_codes(b[:, :, None], path.prep.b[0])
    got = nf.matmul(x, y, path, sums).codes.ravel()
    if path.acc.type.has_nan:
        is_nan = np.isnan(wanted.view(np.float32)) & np.isnan(got.view(np.float32))
        got, wanted = np.where(is_nan, 0, got), np.where(is_nan, 0, wanted)
    tally.same(got, wanted, np.arange(COUNT), name)
    tally.check()


@pytest.mark.parametrize("mode", ["rne", "rd", "ru", "rz", "vcvtneps2bf16"])
def test_conversions(mode, processor, tally):
    """2^20 random bit patterns of binary32; NaN is NaN."""
    name, conversion = ("x86.f16c.vcvtps2ph", mode)
    if mode == "vcvtneps2bf16":
        name, conversion = "x86.avx512_bf16.vcvtneps2bf16", "rne"
    bits = any_bits(np.uint32, COUNT)
    wanted = processor(mode, bits, None, np.zeros(COUNT, np.uint16))
    x = nf.from_codes(bits, "binary32")
    got = nf.machine(name).convert(x, conversion).codes
    is_nan = np.isnan(bits.view(np.float32))
    tally.same(np.where(is_nan, 0, got), np.where(is_nan, 0, wanted), np.arange(COUNT), mode)
    target = dict(nf.machine(name).conversions)[conversion].target
    assert np.isnan(nf.decode(wanted[is_nan], target)).all()
    assert np.isnan(nf.decode(got[is_nan], target)).all()
    tally.check()
