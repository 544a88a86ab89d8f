"""A finer format: the same range, with more bits below."""

from __future__ import annotations

import functools

import numpy as np

from ._errors import SamplerError
from ._numfmt import Block, Fixed, Float, Format, Key, NumfmtError, Posit, Takum, variance_corrected


@functools.lru_cache(maxsize=64)
def refined(format: Format, bits: int) -> Format:
    """The format with `bits` more low bits; every value of `format` is one of its (of blocks: as
    long as their scale stays).

    SamplerError where a family has none, or float32 does not hold all its values.

    >>> from lp_sampler._numfmt import parse
    >>> str(refined(parse("fixed<8,3>"), 4)), str(refined(parse("e4m3fn"), 2).bare())
    ('fixed<12,7>', 'float<4,5,special=fn>')
    """
    try:
        finer = _wider(format, bits)
        variance_corrected(np.zeros(1, np.float32), 0, finer, key=Key(0))
    except NumfmtError as error:
        raise SamplerError(
            f"accumulator: {format.bare()} with {bits} more bits cannot be used: {error}"
        ) from error
    return finer


def _wider(format: Format, bits: int) -> Format:
    if isinstance(format, Fixed):
        return format.replace(width=format.width + bits, fraction_bits=format.fraction_bits + bits)
    if isinstance(format, Float):
        return format.replace(fraction_bits=format.fraction_bits + bits)
    if isinstance(format, (Posit, Takum)):
        return format.replace(width=format.width + bits)
    if isinstance(format, Block):
        return format.replace(element=_wider(format.element, bits))
    raise SamplerError(
        "only fixed point, floats, posits, takums and blocks of them have finer formats"
    )
