"""Requantisation beside ONNX Runtime: QLinearMatMul, and the sums of MatMulInteger."""

import numpy as np
import pytest
from processor import flags

import numfmt as nf

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")

PAIRS = [(np.uint8, np.uint8), (np.uint8, np.int8), (np.int8, np.int8)]
IDS = ["u8u8", "u8s8", "s8s8"]
ROWS, TERMS, COLUMNS = 1024, 61, 1024


def onnx_type(array):
    """ONNX's number for a dtype."""
    return onnx.helper.np_dtype_to_tensor_dtype(array.dtype)


def run(operator, a, constants, result):
    """The output of one operator, `result`'s dtype; its first input is `a`."""
    names = [f"constant{i}" for i in range(len(constants))]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(operator, ["a", *names], ["y"])],
        operator,
        [value("a", onnx_type(a), a.shape)],
        [value("y", onnx_type(result), None)],
        [onnx.numpy_helper.from_array(c, n) for c, n in zip(constants, names, strict=True)],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)])
    model.ir_version = 10
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=providers)
    return session.run(None, {"a": a})[0]


def pairs_saturate():
    """Of u8s8 on x86 without VNNI: neighbouring products are added by VPMADDUBSW, which saturates
    at 16 bits."""
    return "avx2" in flags() and not flags() & {"avx512_vnni", "avx_vnni"}


def accumulators(a, b, a_zero, b_zero):
    """Sums of (a - a_zero) * (b - b_zero) over k, without wrapping."""
    wide, tall = a.astype(np.float64) - float(a_zero), b.astype(np.float64) - float(b_zero)
    exact = (wide @ tall).astype(np.int64)  # float64 holds every partial sum
    is_mixed = (a.dtype, b.dtype) == (np.uint8, np.int8)
    return exact - lost(a, b) if is_mixed and pairs_saturate() else exact


def lost(a, b):
    """What saturation at 16 bits takes from the sums of pairs."""
    total = np.zeros((len(a), b.shape[1]), np.int64)
    left, right = a.astype(np.int32), b.astype(np.int32)
    for k in range(0, a.shape[1] - 1, 2):
        pair = left[:, k, None] * right[k] + left[:, k + 1, None] * right[k + 1]
        total += pair - np.clip(pair, -(2**15), 2**15 - 1)
    return total


def matrices(pair, seed=0, shape=(ROWS, TERMS, COLUMNS)):
    """Random codes of the whole range, and zero points."""
    rng = np.random.default_rng(seed)
    rows, terms, columns = shape
    a, b = (
        rng.integers(np.iinfo(d).min, np.iinfo(d).max, size, d, endpoint=True)
        for d, size in zip(pair, [(rows, terms), (terms, columns)], strict=True)
    )
    return a, b, pair[0](3), pair[1](7)


@pytest.mark.parametrize("scales", ["tensor", "column", "ties"])
@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_qlinearmatmul_is_f32_rne(pair, scales):
    """No output of 2**20 differs, with random scales and with powers of 2."""
    a, b, a_zero, b_zero = matrices(pair)
    rng = np.random.default_rng(1)
    sa, sb, sy = np.float32([0.03, 0.02, 1.7])
    if scales == "ties":
        sa, sb, sy = np.float32([2.0**-5, 2.0**-5, 1.0])
    if scales == "column":
        sb = rng.uniform(0.01, 0.03, COLUMNS).astype(np.float32)
    zeros = np.full(sb.shape, b_zero) if sb.ndim else b_zero
    constants = [sa, a_zero, b, sb, zeros, sy, pair[0](5)]
    outputs = run("QLinearMatMul", a, constants, a[:0])
    found = nf.requantize(
        accumulators(a, b, a_zero, b_zero),
        nf.requantization_scale(sa, sb, sy, rule="float32"),
        "f32_rne",
        zero_point=5,
        format=np.dtype(pair[0]).name,
        channel_axis=-1 if sb.ndim else None,
    )
    assert found.dtype == outputs.dtype
    assert np.count_nonzero(found != outputs) == 0


@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_matmulinteger_is_exact_or_saturates_in_pairs(pair):
    """2**20 sums with zero points: exact, but for u8s8 on a processor without VNNI."""
    a, b, *zeros = matrices(pair)
    sums = run("MatMulInteger", a, [b, *zeros], np.zeros(0, np.int32))
    assert np.count_nonzero(sums != accumulators(a, b, *zeros)) == 0


def test_matmulinteger_wraps():
    """70000 products of 255 * 255 leave 32 bits."""
    a, b = np.full((4, 70000), 255, np.uint8), np.full((70000, 4), 255, np.uint8)
    zero = np.uint8(0)
    sums = run("MatMulInteger", a, [b, zero, zero], np.zeros(0, np.int32))
    exact = accumulators(a, b, zero, zero)
    assert np.array_equal(sums, exact.astype(np.int32))
    assert not np.array_equal(sums, exact)
