"""Block formats: what quantize, encode, decode and convert do with them."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ._arrays import (
    FLOATS,
    OBJECT,
    Array,
    BlockCodes,
    Input,
    Output,
    as_array,
    read_codes,
    read_numbers,
)
from ._block_shape import Layout, layout_of
from ._call import Plan, read_draws, run
from ._core import TYPES, check, ffi, isa_number, lib, pointer
from ._errors import DtypeError, FormatError, ShapeError
from ._exact import exact_values
from ._random import Generator, Key
from ._report import Report
from ._threads import count
from .formats import Affine, Block
from .formats.block import Exponent

_FLOAT64_BITS, _FLOAT64_EXPONENTS = 53, (-1074, 1023)
_TENSOR_BITS, _TENSOR_EXPONENTS = 24, (-149, 127)


@dataclass(frozen=True, slots=True)
class Draws:
    """The arguments of a call that every format has."""

    key: Key | Generator | None
    random_bits: Any
    report: Report | None


def _block_of(plan: Plan) -> Block:
    if not isinstance(plan.format, Block):
        raise FormatError(f"scales= has a meaning for block formats only, not for {plan.format}")
    return plan.format


def _read(plan: Plan, x: Any, argument: str = "x") -> Input:
    block, source = _block_of(plan), read_numbers(x, argument)
    in_single = block.compute != "exact" or block.compat is not None
    if in_single and source.plain.dtype not in FLOATS[:2]:
        form = f"compute={block.compute!r}" if block.compat is None else f"compat={block.compat!r}"
        raise DtypeError(
            f"x has dtype {source.given.dtype}; {form} is float32 arithmetic on float16 and float32"
        )
    return source


class _Scales:
    """The scales of one call: fresh memory, or a copy of the caller's."""

    def __init__(self, block: Block, layout: Layout, given: Any) -> None:
        codes, tensor = _given_scales(block, given)
        self.c = ffi.new("nf_block_scales *")
        self.codes: Array | None = None
        if block.scale_format is not None:
            size = int(lib.nf_block_scale_size(block._c))
            dtype = np.dtype(f"u{size}")
            if codes is None:
                self.codes = np.empty(layout.scales, dtype)
            else:
                self.codes = _scale_codes(block, codes, layout, dtype)
            self.c.codes = pointer(self.codes)
        self.c.is_given = codes is not None
        if tensor is not None:
            self.c.tensor, self.c.tensor_is_given = tensor, True

    def tensor(self, block: Block) -> np.float32 | None:
        return None if block.tensor_scale is None else np.float32(self.c.tensor)


def _given_scales(block: Block, given: Any) -> tuple[Any, Any]:
    """The caller's codes and tensor scale, each or None."""
    codes, tensor = given, None
    if isinstance(given, BlockCodes):
        codes, tensor = given.scales, given.tensor_scale
    elif isinstance(given, tuple) and block.tensor_scale is not None and len(given) == 2:
        codes, tensor = given
    if codes is None and block.scale_rule == "given":
        raise FormatError(f"{block} has no rule for its scales; give scales=")
    if codes is not None and (block.scale_format is None or block.compat is not None):
        raise FormatError(f"scales= has no meaning for {block}")
    if tensor is not None and block.tensor_scale is None:
        raise FormatError(f"scales= has a tensor scale, {tensor}, and {block} has none")
    if tensor is not None and not _is_float32_scale(tensor):
        raise FormatError(f"tensor scale {tensor!r} must be a positive finite float32")
    if tensor is not None and block.compute == "fp32-te" and tensor < np.finfo(np.float32).tiny:
        raise FormatError(f"tensor scale {tensor!r} must be normal with compute={block.compute!r}")
    return codes, tensor


def _is_float32_scale(tensor: Any) -> bool:
    if np.ndim(tensor) != 0 or np.asarray(tensor).dtype.kind not in "fiu":
        return False
    number, largest = float(tensor), float(np.finfo(np.float32).max)
    return 0 < number <= largest and float(np.float32(number)) == number


def _scale_codes(block: Block, codes: Any, layout: Layout, dtype: np.dtype[Any]) -> Array:
    array, _ = as_array(codes, "scales")
    if array.dtype.kind not in "ui":
        raise DtypeError(f"scales has dtype {array.dtype}; codes are unsigned integers")
    if array.shape != layout.scales:
        raise ShapeError(f"scales has shape {array.shape}; the blocks have {layout.scales}")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if low < 0 or high >> block.scale_width:
        bad = low if low < 0 else high
        raise FormatError(f"scales holds {bad}, which is no code of {block.scale_format}")
    return np.array(array, dtype, order="C")


def quantize(plan: Plan, x: Any, draws: Draws, scales: Any, dtype: Any, out: Array | None) -> Any:
    """Values to values."""
    block, source = _block_of(plan), _read(plan, x)
    words = read_draws(plan, source.given.shape, draws.key, draws.random_bits)
    target = plan.rounded_dtype(source.plain.dtype, dtype)
    result = Output(source, out, target)
    layout = layout_of(block, source.given.shape)
    if target == OBJECT:
        found = encode(plan, x, draws, scales, None)
        result.plain[...] = _fractions(block, layout, np.asarray(found.codes), found)
        return result.finish()
    used = _Scales(block, layout, scales)
    call = functools.partial(_rounded, lib.nf_block_quantize, (TYPES[target],), layout, used)
    return run(call, plan, source, result, draws.key, words, draws.report)


def encode(
    plan: Plan, x: Any, draws: Draws, scales: Any, out: Array | None, argument: str = "x"
) -> BlockCodes:
    """Values to codes."""
    block, source = _block_of(plan), _read(plan, x, argument)
    if out is not None:
        raise ShapeError(f"out= has no meaning for encode to {block}, which gives BlockCodes")
    words = read_draws(plan, source.given.shape, draws.key, draws.random_bits)
    layout = layout_of(block, source.given.shape)
    used = _Scales(block, layout, scales)
    result = Output(source, None, plan.code_dtype)
    call = functools.partial(_rounded, lib.nf_block_encode, (), layout, used)
    codes = run(call, plan, source, result, draws.key, words, draws.report)
    return BlockCodes(codes, used.codes, used.tensor(block))


def _rounded(
    function: Any,
    result_type: tuple[int, ...],
    layout: Layout,
    used: _Scales,
    plan: Plan,
    options: Any,
    source: Input,
    result: Output,
    report: Any,
) -> int:
    """Call a function of the core that rounds blocks; those that give values are told their
    type."""
    x, y = source.plain, result.plain
    given = layout.c, options, TYPES[x.dtype], pointer(x)
    results = *result_type, pointer(y), used.c, report
    return int(function(plan.descriptor, *given, *results))


def read_block_codes(block: Block, codes: Any) -> tuple[Input, Layout, _Scales]:
    """A `BlockCodes` whose parts fit together."""
    if not isinstance(codes, BlockCodes):
        raise FormatError(
            f"codes of {block} must be a numfmt.BlockCodes, not {type(codes).__name__}"
        )
    source = read_codes(codes.codes, block)
    layout = layout_of(block, source.given.shape)
    if (codes.scales is None) != (block.scale_format is None):
        raise FormatError(
            f"scales={codes.scales!r}: {block} has {block.scale_format or 'no scale'}"
        )
    if (codes.tensor_scale is None) != (block.tensor_scale is None):
        has = "a" if block.tensor_scale else "no"
        raise FormatError(f"tensor_scale={codes.tensor_scale!r}: {block} has {has} tensor scale")
    return source, layout, _Scales(block.replace(compat=None), layout, codes)


def decode(plan: Plan, codes: Any, dtype: Any, out: Array | None) -> Any:
    """Codes to values."""
    block = _block_of(plan)
    source, layout, used = read_block_codes(block, codes)
    target = plan.decoded_dtype(dtype)
    result = Output(source, out, target)
    x, y = source.plain, result.plain
    if target == OBJECT:
        y[...] = _fractions(block, layout, x, BlockCodes(x, used.codes, used.tensor(block)))
        return result.finish()
    status = lib.nf_block_decode(
        plan.descriptor,
        layout.c,
        pointer(x),
        used.c,
        TYPES[target],
        pointer(y),
        isa_number(),
        count(),
    )
    check(status)
    return result.finish()


def _scale_values(block: Block, codes: BlockCodes) -> list[Any]:
    """What the elements of each block are multiplied by: fractions, or NaN and infinities."""
    stored: list[Any] = [Fraction(1)]
    if isinstance(block.scale_format, Exponent):
        assert codes.scales is not None
        half = 1 << (block.scale_format.bits - 1)
        flat = codes.scales.ravel().tolist()
        stored = [Fraction(2) ** ((code ^ half) - half) for code in flat]
    elif block.scale_format is not None:
        assert codes.scales is not None
        stored = exact_values(codes.scales, block.scale_format).ravel().tolist()
    if codes.tensor_scale is None:
        return stored
    g = Fraction(float(codes.tensor_scale))
    g = 1 / g if block.compute == "fp32-te" else g
    return [value * g if isinstance(value, Fraction) else value for value in stored]


def _times(value: Any, scale: Any) -> Any:
    """A product; floats are NaN, infinities and -0, with which the sign of a fraction is enough."""
    if isinstance(value, Fraction) and isinstance(scale, Fraction):
        return value * scale
    signs = (float((v > 0) - (v < 0)) if isinstance(v, Fraction) else v for v in (value, scale))
    return math.prod(signs)


def _fractions(block: Block, layout: Layout, codes: Array, found: BlockCodes) -> Array:
    """An object array of exact values."""
    elements = exact_values(codes, block.element)
    scales = _scale_values(block, found)
    numbers = layout.numbers() if found.scales is not None else np.zeros(codes.shape, np.int64)
    exact = np.empty(codes.shape, object)
    pairs = zip(elements.ravel().tolist(), numbers.ravel().tolist(), strict=True)
    exact.ravel()[:] = [_times(value, scales[number]) for value, number in pairs]
    return exact


def exact_floats(plan: Plan, codes: Any) -> Array:
    """The float64 values of codes, where those hold every value of the format."""
    from ._quantize import decode as decode_any

    format = plan.format
    is_wide = isinstance(format, Affine) and format.scale_bits + format.width + 1 > _FLOAT64_BITS
    if (
        is_wide
        or format.has_irrational
        or (isinstance(format, Block) and not _fits_float64(format))
    ):
        raise DtypeError(f"values of {format} are no float64; convert to or from blocks needs that")
    values: Array = decode_any(codes, format)
    return values


def _fits_float64(block: Block) -> bool:
    """Are products of element and scales float64 numbers, by their bits and exponents?"""
    scale, element = block.scale_format, block.element
    if block.compute == "fp32-te":
        return False
    scale_bits = 1 if scale is None or isinstance(scale, Exponent) else scale.precision
    low, high = int(block._facts.lowest), int(block._facts.highest)
    bits = element.precision + scale_bits
    low += math.frexp(float(element.smallest_positive))[1] - bits
    high += math.frexp(float(element.max))[1]
    if block.tensor_scale is not None:
        bits, low, high = (
            bits + _TENSOR_BITS,
            low + _TENSOR_EXPONENTS[0],
            high + _TENSOR_EXPONENTS[1],
        )
    lowest, highest = _FLOAT64_EXPONENTS
    return bits <= _FLOAT64_BITS and lowest <= low and high < highest
