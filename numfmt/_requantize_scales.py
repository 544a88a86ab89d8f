"""From the scales of quantised tensors to what their integers are multiplied by and clamped to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._arrays import Array, as_array
from ._errors import DtypeError, NumfmtError, RangeError, unknown
from ._integer_ends import integer, integers_of

_FLOAT64 = np.dtype(np.float64)
RULES = ("float64", "float32_product", "float32")
_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "none": (None, None),
    "relu": (0.0, None),
    "relu6": (0.0, 6.0),
    "relu_n1_to_1": (-1.0, 1.0),
}
_Q_ONE, _LEAST_SHIFT, _MOST_SHIFT = 1 << 31, -31, 30


def quantize_multiplier(real: Any) -> tuple[Any, Any]:
    """A real multiplier as q * 2**(shift - 31): TFLite's QuantizeMultiplier.

    q is the significand in [1/2, 1) times 2**31, rounded to an integer with ties away from zero;
    one that comes out as 2**31 is halved and the shift raised.  Multipliers below 2**-32 become
    (0, 0), and so does 0.

    Args:
        real: a number or an array of them, not negative, below 2**30; exact as float64.

    Returns:
        (q, shift): integers, or int32 arrays of the same shape; q is 0 or in [2**30, 2**31), shift
        from -31 to 30.

    Raises:
        RangeError: a multiplier that is negative, not finite or too large.
        DtypeError: what is no number.

    >>> import numfmt as nf
    >>> nf.quantize_multiplier(1 / 32)
    (1073741824, -4)
    """
    array = real_numbers(real, "multiplier")
    fraction, exponent = np.frexp(array)
    # the sum is exact below 2**31; from there on only its half may be rounded, not its integer
    q = np.floor(fraction * _Q_ONE + 0.5).astype(np.int64)
    is_one = q == _Q_ONE
    q, shift = np.where(is_one, q // 2, q), exponent.astype(np.int64) + is_one
    is_small = shift < _LEAST_SHIFT
    q, shift = np.where(is_small, 0, q), np.where(is_small | (q == 0), 0, shift)
    if (shift > _MOST_SHIFT).any():
        raise RangeError(f"multiplier={np.max(array)} is too large: it must be below 2**30")
    if array.ndim == 0:
        return int(q), int(shift)
    return q.astype(np.int32), shift.astype(np.int32)


def requantization_scale(
    input_scale: Any, weight_scale: Any, output_scale: Any, *, rule: str = "float64"
) -> Any:
    """The multiplier input_scale * weight_scale / output_scale, in the arithmetic of a kernel.

    ===================== =====================================================================
    ``"float64"``         all in float64, from the left: TFLite's convolutions, and fully connected
                          layers with a scale per channel
    ``"float32_product"`` the product in float32, the quotient in float64: TFLite's older path of
                          one scale per tensor (GetQuantizedConvolutionMultipler)
    ``"float32"``         product and quotient in float32: XNNPACK, ONNX Runtime; for ``f32_rne``
    ===================== =====================================================================

    Args:
        input_scale, weight_scale, output_scale: positive float32 numbers, as model files have them,
            or arrays of them (the weights' scale of each output channel); broadcast.

    Returns:
        float64, or for "float32" float32; a number or an array.

    Raises:
        NumfmtError: an unknown rule, or a scale that is no float32 number.
        RangeError: a scale that is not positive and finite.

    >>> import numpy as np
    >>> import numfmt as nf
    >>> scales = np.float32([0.05, 0.02, 0.1])
    >>> nf.requantization_scale(*scales), nf.requantization_scale(*scales, rule="float32")
    (0.009999999776482582, np.float32(0.010000001))
    """
    if rule not in RULES:
        raise NumfmtError(unknown("rule", rule, RULES))
    given = {"input_scale": input_scale, "weight_scale": weight_scale, "output_scale": output_scale}
    x, w, y = (_scale(value, name) for name, value in given.items())
    with np.errstate(over="ignore", under="ignore"):
        if rule == "float32":
            return x * w / y
        product = x * w if rule == "float32_product" else x.astype(_FLOAT64) * w.astype(_FLOAT64)
        scale = product.astype(_FLOAT64) / y.astype(_FLOAT64)
    return scale if np.ndim(scale) else float(scale)


def activation_bounds(
    activation: str, scale: Any, zero_point: int = 0, format: Any = "int8"
) -> tuple[int, int]:
    """The ends that a fused activation clamps quantised outputs to: TFLite's
    CalculateActivationRangeQuantized.

    A bound f becomes zero_point + f / scale, divided in float32 and rounded with ties away from
    zero, within the format's ends.

    Args:
        activation: "none", "relu", "relu6" or "relu_n1_to_1", in TFLite's capitals too.
        scale: of the output, a positive float32 number.
        zero_point: of the output, an integer of the format.
        format: of the output, as `requantize` has it.

    Returns:
        (minimum, maximum), for `requantize`.

    Raises:
        NumfmtError: an unknown activation, or a scale that is no float32 number.
        RangeError: a scale that is not positive, or a zero point that is no integer of the format.

    >>> import numfmt as nf
    >>> nf.activation_bounds("relu6", 0.0625, zero_point=-100)
    (-100, -4)
    """
    known = str(activation).lower()
    if known not in _BOUNDS:
        raise NumfmtError(unknown("activation", activation, _BOUNDS))
    unit = _scale(scale, "scale")
    lowest, highest, _ = integers_of(format)
    zero = integer(zero_point, "zero_point", lowest, highest)
    low, high = (None if f is None else zero + _quotient(f, unit) for f in _BOUNDS[known])
    return (
        lowest if low is None else max(lowest, low),
        highest if high is None else min(highest, high),
    )


def _quotient(bound: float, scale: Any) -> int:
    """bound / scale in float32, ties away from zero."""
    size = float(np.float32(abs(bound)) / scale)
    return int(math.copysign(math.floor(size + 0.5), bound))


def real_numbers(value: Any, argument: str) -> Array:
    """Finite numbers that are not negative, as float64."""
    array, _ = as_array(value, argument)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise DtypeError(f"{argument} has dtype {array.dtype}; it must be real numbers")
    numbers = array.astype(np.float64)
    bad = ~(numbers >= 0) | np.isinf(numbers)
    if bad.any():
        first = array.ravel()[np.argmax(bad)]
        raise RangeError(f"{argument}={first} must be finite and not negative")
    return numbers


def _scale(value: Any, argument: str) -> Any:
    """Positive float32 numbers."""
    numbers = real_numbers(value, argument)
    with np.errstate(over="ignore", under="ignore"):
        short = numbers.astype(np.float32)
    bad = short != numbers
    if bad.any():
        first = numbers.ravel()[np.argmax(bad)]
        raise NumfmtError(
            f"{argument}={first} is no float32 number, which scales are; pass np.float32({first})"
        )
    if not numbers.all():
        raise RangeError(f"{argument} must be positive; it holds 0")
    return short
