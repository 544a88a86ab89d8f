"""Convolutions as matrix products, beside loops over every pixel and LiteRT's CONV_2D."""

import itertools

import numpy as np
import pytest

import numfmt as nf
from numfmt._im2col import im2col

CASES = [
    (size, kernel, stride, dilation, padding)
    for size in [(1, 1), (5, 4), (7, 9)]
    for kernel in [(1, 1), (2, 3), (3, 3)]
    for stride in [(1, 1), (2, 1), (3, 2)]
    for dilation in [(1, 1), (2, 1), (2, 3)]
    for padding in ("SAME", "VALID")
    if dilation == (1, 1) or stride == (1, 1)
]


def looped(x, weights, stride, dilation, padding, outside):
    """A convolution by its definition, one output after the other."""
    sizes, kernel = x.shape[1:3], weights.shape[1:3]
    axes = list(zip(sizes, kernel, stride, dilation, strict=True))
    reach = [(k - 1) * d + 1 for _, k, _, d in axes]
    if padding == "SAME":
        counts = [-(-n // s) for n, _, s, _ in axes]
        ends = [(c - 1) * s + r for c, r, (_, _, s, _) in zip(counts, reach, axes, strict=True)]
        first = [-(max(e - n, 0) // 2) for e, n in zip(ends, sizes, strict=True)]
    else:
        counts = [len(range(0, n - r + 1, s)) for r, (n, _, s, _) in zip(reach, axes, strict=True)]
        first = [0, 0]
    y = np.zeros((len(x), *counts, len(weights)), np.int64)
    for place in itertools.product(*map(range, y.shape)):
        image, *at, channel = place
        for taps in itertools.product(*map(range, kernel)):
            row, column = (first[i] + at[i] * stride[i] + taps[i] * dilation[i] for i in (0, 1))
            inside = 0 <= row < sizes[0] and 0 <= column < sizes[1]
            pixel = x[image, row, column] if inside else np.full(x.shape[3], outside)
            y[place] += int(pixel.astype(np.int64) @ weights[channel][taps].astype(np.int64))
    return y


def image(size, kernel, channels=2, outputs=3):
    """Random int8 images and weights."""
    rng = np.random.default_rng(sum(size) + sum(kernel))
    x = rng.integers(-128, 128, (2, *size, channels)).astype(np.int8)
    return x, rng.integers(-127, 128, (outputs, *kernel, channels)).astype(np.int8)


@pytest.mark.parametrize(("size", "kernel", "stride", "dilation", "padding"), CASES)
def test_patches_times_weights_are_the_convolution(size, kernel, stride, dilation, padding):
    """Every stride, dilation and padding, with something outside the image."""
    x, weights = image(size, kernel)
    options = {"stride": stride, "dilation": dilation, "padding": padding, "pad_value": -7}
    patches = im2col(x, kernel, **options)
    assert patches.dtype == x.dtype
    y = patches.astype(np.int64) @ weights.reshape(len(weights), -1).T.astype(np.int64)
    assert np.array_equal(y, looped(x, weights, stride, dilation, padding, -7))


@pytest.mark.parametrize(("size", "kernel", "stride", "dilation", "padding"), CASES)
def test_litert_convolves_so(size, kernel, stride, dilation, padding):
    """CONV_2D of int8: outside the image is the zero point."""
    tflite = pytest.importorskip("tflite_models", reason="ai-edge-litert is not installed")
    x, weights = image(size, kernel)
    schema, zeros = tflite.schema, (-7, 4)
    options = {"padding": getattr(schema.Padding, padding)}
    options |= {"strideH": stride[0], "strideW": stride[1]}
    options |= {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
    scales = np.float32(0.05), np.float32([0.01, 0.02, 0.03]), np.float32(0.9)
    biases = np.array([100, -200, 300], np.int32)
    layer = tflite.Layer("CONV_2D", weights, biases, scales, zeros, options=options)
    patches = im2col(x, kernel, stride=stride, dilation=dilation, padding=padding, pad_value=-7)
    if not patches.size:
        pytest.skip("the kernel is larger than the image")
    rows = patches.astype(np.int64) - zeros[0]
    acc = rows @ weights.reshape(3, -1).T.astype(np.int64) + biases
    scale = nf.requantization_scale(*scales)
    found = nf.requantize(acc, scale, "gemmlowp_double", zero_point=zeros[1], channel_axis=-1)
    assert np.array_equal(found, layer.run(x, found.shape, "reference"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"x": np.zeros((3, 3))}, r"x has shape \(3, 3\)"),
        ({"kernel": (0, 2)}, r"kernel=\(0, 2\)"),
        ({"kernel": (2, 2, 2)}, "kernel="),
        ({"stride": 0}, "stride=0"),
        ({"dilation": 1.5}, "dilation=1.5"),
        ({"padding": "same"}, "padding='same'.*'SAME'"),
    ],
)
def test_wrong_arguments_are_named(arguments, says):
    """One error that says what it was."""
    given = {"x": np.zeros((1, 4, 4, 1)), "kernel": (2, 2)} | arguments
    with pytest.raises(nf.NumfmtError, match=says):
        im2col(given.pop("x"), given.pop("kernel"), **given)
