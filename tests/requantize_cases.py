"""Accumulators and multipliers for requantisation: ends, ties, and random ones of a fixed key."""

from __future__ import annotations

import numpy as np

FIXED_POINT = ("gemmlowp_double", "single", "ruy_avx512", "int16x8", "ethos_u_truncate")
SHIFT = ("shift_rhu", "shift_rha", "shift_rne", "shift_trn")
LONG = (*SHIFT, "int16x8")
MODES = (*FIXED_POINT, "f64_half_away", "f32_rne", *SHIFT)
QS = (-(2**31), -(2**30), 0, 1, 2**15, 2**30, 2**30 + 1, 3 << 29, 0x7FFEFFFF, 0x7FFF8000, 2**31 - 1)


def accumulators(bits: int = 32) -> np.ndarray:
    """Small ones, powers of 2 and of 3/2 with their neighbours, ends, and random ones of every
    size."""
    rng = np.random.default_rng(bits)
    top = 2 ** (bits - 1)
    powers = [2**k for k in range(bits - 1)] + [3 << k for k in range(bits - 3)]
    near = [s * p + d for p in powers for s in (-1, 1) for d in (-1, 0, 1)]
    sizes = rng.integers(1, bits, 400)
    some = [int(rng.integers(-(2**k), 2**k)) for k in sizes.tolist()]
    all_of = {*range(-70, 70), *near, *some, -top, 1 - top, top - 1, top - 2}
    return np.array(sorted(x for x in all_of if -top <= x < top), np.int64)


def multipliers(mode: str, bits: int = 32) -> list:
    """For each mode what it takes: pairs, real numbers, or bits to drop."""
    rng = np.random.default_rng(len(mode))
    if mode in SHIFT:
        return [0, 1, 2, 7, 8, bits - 2, bits - 1]
    if mode in FIXED_POINT:
        highest = 7 if mode == "int16x8" else 30
        shifts = sorted({-31, -30, -9, -8, -2, -1, 0, 1, 2, 5, highest})
        pairs = [(q, s) for q in QS for s in shifts]
        return pairs + [
            (int(rng.integers(2**30, 2**31)), int(rng.integers(-20, 3))) for _ in "12345"
        ]
    ends = [0.0, 0.5, 2.0**-7, 3 * 2.0**-9, 1.0, 2.0**20, 2.0**-149, 2.0**100]
    random = rng.uniform(0.25, 1, 6) * 2.0 ** rng.integers(-16, 2, 6)
    if mode == "f32_rne":
        return ends + [float(np.float32(m)) for m in random]
    return [
        *ends,
        *map(float, random),
        5e-324,
        1.7976931348623157e308,
        0.1,
        1 / 3,
        1 / 6,
        0.49999999999999994,
    ]
