"""Requantisation beside LiteRT's kernels: each of its op resolvers has a mode of its own."""

import numpy as np
import pytest
from processor import flags

import numfmt as nf

tflite = pytest.importorskip("tflite_models", reason="ai-edge-litert is not installed")

CHANNELS, TERMS, ROWS = 32, 3, 32768  # 2**20 outputs a model
MODES = {
    ("CONV_2D", "reference"): ("gemmlowp_double", "float64"),
    ("FULLY_CONNECTED", "reference"): ("f64_half_away", "float64"),
    ("CONV_2D", "ruy"): ("ruy_avx512", "float64"),
    ("FULLY_CONNECTED", "ruy"): ("ruy_avx512", "float64"),
    ("CONV_2D", "xnnpack"): ("f32_rne", "float32"),
    ("FULLY_CONNECTED", "xnnpack"): ("f32_rne", "float32"),
}
RULES = dict(MODES.values()) | {"single": "float64"}


def accumulators(x, zero, weights, biases):
    """Sums of products and the bias: (rows, terms) and (channels, terms) to (rows, channels)."""
    return (x.astype(np.int64) - zero) @ weights.astype(np.int64).T + biases


def ours(acc, layer, mode):
    """Outputs by the mode and its kernel's multipliers."""
    sx, sw, sy = layer.scales
    scale = nf.requantization_scale(sx, sw, sy, rule=RULES[mode])
    low, high = nf.activation_bounds(layer.activation, sy, layer.zeros[1])
    return nf.requantize(
        acc,
        scale,
        mode,
        zero_point=layer.zeros[1],
        channel_axis=-1 if np.ndim(scale) else None,
        minimum=low,
        maximum=high,
    )


def made(operator, scales, per_channel, seed, **more):
    """A layer of small sums, so that few outputs are clamped, and its inputs."""
    rng = np.random.default_rng(seed)
    count = CHANNELS if per_channel else 1
    if scales == "ties":  # powers of 2, and as many of them smaller than 1
        sx, sy = np.float32(2.0**-5), np.float32(2.0**-4)
        sw = np.float32(2.0) ** -rng.integers(1, 7, count).astype(np.float32)
    else:
        sx, sy = np.float32(rng.uniform(0.02, 0.06)), np.float32(rng.uniform(0.08, 0.2))
        sw = rng.uniform(0.002, 0.3, count).astype(np.float32)
    shape = (CHANNELS, 1, 1, TERMS) if operator == "CONV_2D" else (CHANNELS, TERMS)
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    biases = rng.integers(-3000, 3000, CHANNELS).astype(np.int32)
    sw = sw if per_channel else sw[0]
    layer = tflite.Layer(operator, weights, biases, (sx, sw, sy), zeros=(-3, 5), **more)
    return layer, rng.integers(-128, 128, (ROWS, TERMS)).astype(np.int8)


def theirs(layer, x, resolver):
    """Outputs of LiteRT, (rows, channels)."""
    is_convolution = layer.operator == "CONV_2D"
    shapes = [(1, len(x), 1, n) if is_convolution else (len(x), n) for n in (TERMS, CHANNELS)]
    return layer.run(x.reshape(shapes[0]), shapes[1], resolver).reshape(-1, CHANNELS)


def sums(layer, x):
    """The accumulators of a layer."""
    weights = layer.weights.reshape(CHANNELS, TERMS)
    return accumulators(x, layer.zeros[0], weights, layer.biases)


def skip_where_unknown(resolver):
    """Which of ruy's paths runs depends on the processor."""
    if resolver == "ruy" and not flags() & {"avx2", "avx512f"}:
        pytest.skip("ruy's path for a processor without AVX2 has not been identified")


@pytest.mark.parametrize("per_channel", [False, True], ids=["tensor", "channel"])
@pytest.mark.parametrize("scales", ["random", "ties"])
@pytest.mark.parametrize(("operator", "resolver"), MODES)
def test_each_kernel_is_its_mode(operator, resolver, scales, per_channel):
    """No output of 2**20 differs; ties tell every other mode apart."""
    skip_where_unknown(resolver)
    layer, x = made(operator, scales, per_channel, seed=len(operator) + per_channel)
    acc, outputs = sums(layer, x), theirs(layer, x, resolver)
    mode = MODES[operator, resolver][0]
    assert np.count_nonzero(ours(acc, layer, mode) != outputs) == 0
    if scales == "ties":
        others = set(RULES) - {mode}
        assert all(np.any(ours(acc, layer, other) != outputs) for other in others)


@pytest.mark.parametrize("activation", tflite.ACTIVATIONS)
@pytest.mark.parametrize(("operator", "resolver"), MODES)
def test_activations_are_bounds(operator, resolver, activation):
    """Fused activations clamp to `activation_bounds`, for many output scales."""
    skip_where_unknown(resolver)
    for seed in range(25):
        layer, x = made(operator, "random", False, seed, activation=activation)
        x = x[:512]
        found = theirs(layer, x, resolver)
        assert np.array_equal(ours(sums(layer, x), layer, MODES[operator, resolver][0]), found)


@pytest.mark.parametrize(("operator", "resolver"), MODES)
def test_large_multipliers_wrap_as_the_kernels_do(operator, resolver):
    """M = 8 and accumulators of the whole range: x << 4 leaves 32 bits."""
    skip_where_unknown(resolver)
    layer, x = made(operator, "ties", False, seed=1)
    rng = np.random.default_rng(8)
    layer.biases = rng.integers(-(2**31) + 10**6, 2**31 - 10**6, CHANNELS).astype(np.int32)
    layer.scales = tuple(np.float32([2.0, 2.0, 0.5]))
    acc, mode = sums(layer, x), MODES[operator, resolver][0]
    if mode == "f64_half_away":  # beyond 32 bits its conversion is undefined in C
        layer.biases = layer.biases // 8
        acc = sums(layer, x)
    assert np.count_nonzero(ours(acc, layer, mode) != theirs(layer, x, resolver)) == 0
    assert np.any(acc * 8 != (acc * 8).astype(np.int32)) == (mode != "f64_half_away")


@pytest.mark.parametrize("per_channel", [False, True], ids=["tensor", "channel"])
@pytest.mark.parametrize("scales", ["random", "ties"])
def test_int16_activations_are_int16x8(scales, per_channel):
    """The reference convolution of int16 inputs and int8 weights, with biases of 64 bits."""
    layer, x = made("CONV_2D", scales, per_channel, seed=9, dtype=np.int16)
    layer.zeros, layer.biases = (0, 0), layer.biases.astype(np.int64) * 200
    layer.scales = (*layer.scales[:2], layer.scales[2] * np.float32(2))
    x = (x.astype(np.int16) << 8) + x[::-1]
    acc, outputs = sums(layer, x), theirs(layer, x, "reference")
    scale = nf.requantization_scale(*layer.scales)
    axis = -1 if per_channel else None
    found = nf.requantize(acc, scale, "int16x8", format="int16", channel_axis=axis)
    assert np.count_nonzero(found != outputs) == 0
    plain = nf.requantize(acc, scale, "gemmlowp_double", format="int16", channel_axis=axis)
    assert scales == "ties" or np.any(plain != outputs)


def test_tensorflow_issue_102943():
    """The accumulator 585 of that report: -120 was observed, which float32's chain gives."""
    scales = np.float32([0.05296124517917633, 0.024093778803944588, 0.11484327912330627])
    results = {}
    for mode, rule in RULES.items():
        scale = nf.requantization_scale(*scales, rule=rule)
        results[mode] = int(nf.requantize(585, scale, mode, zero_point=-126))
    assert results["f32_rne"] == -120
    assert results["gemmlowp_double"] == results["single"] == -119
