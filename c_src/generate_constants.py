"""Print c_src/constants.c: irrational constants in binary, from integers alone.

Sums are cut downwards with GUARD bits to spare, and a constant whose next bits are so near a carry
that the cuts could matter is an error.  pi is Machin's 16 atan(1/5) - 4 atan(1/239), ln 2 is
18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749).
"""

from __future__ import annotations

import sys
from math import isqrt
from pathlib import Path

GUARD = 64
SHORT, TWO_OVER_PI = 16, 275  # limbs


def inverse_series(n: int, bits: int, sign: int) -> int:
    """2**bits * atanh(1 / n), or atan(1 / n) where sign is -1; wrong by less than `bits`."""
    power, total, k = (1 << bits) // n, 0, 0
    while power:
        total += sign**k * (power // (2 * k + 1))
        power //= n * n
        k += 1
    return total


def pi(bits: int) -> int:
    """2**bits * pi, wrong by less than 32 bits."""
    return 16 * inverse_series(5, bits, -1) - 4 * inverse_series(239, bits, -1)


def ln_2(bits: int) -> int:
    """2**bits * ln 2, wrong by less than 32 bits."""
    logs = [(18, 26), (-2, 4801), (8, 8749)]
    return sum(factor * inverse_series(n, bits, 1) for factor, n in logs)


def limbs(fraction: int, bits: int, count: int) -> list[int]:
    """The first limbs of fraction / 2**bits < 1, the lowest first."""
    spare = bits - 64 * count
    near_carry = (fraction + (1 << (spare - 1))) & ((1 << spare) - 1)
    assert abs(near_carry - (1 << (spare - 1))) > 1 << (spare // 2), "take other guard bits"
    return [fraction >> (spare + 64 * i) & (1 << 64) - 1 for i in range(count)]


def tables() -> dict[str, list[int]]:
    """The limbs of each constant by the name of its function."""
    bits = 64 * SHORT + GUARD
    long = 64 * TWO_OVER_PI + GUARD
    return {
        "nf_ln_2": limbs(ln_2(bits), bits, SHORT),
        "nf_half_log2_e": limbs((1 << 2 * bits - 1) // ln_2(bits), bits, SHORT),
        "nf_quarter_pi": limbs(pi(bits) // 4, bits, SHORT),
        "nf_inverse_root_pi": limbs((1 << 2 * bits) // isqrt(pi(bits) << bits), bits, SHORT),
        "nf_two_over_pi": limbs((1 << 2 * long + 1) // pi(long), long, TWO_OVER_PI),
    }


def function(name: str, digits: list[int]) -> str:
    """A function that gives the top limbs of a constant."""
    width = 5 if len(digits) > SHORT else 4  # as clang-format has them
    rows = [digits[i : i + width] for i in range(0, len(digits), width)]
    body = "\n".join("        " + ", ".join(f"0x{d:016X}" for d in row) + "," for row in rows)
    last = f"    return digits + {len(digits)} - w;\n"
    return f"""
const uint64_t *{name}(int w)
{{
    static const uint64_t digits[{len(digits)}] = {{
{body}
    }};
{last}}}
"""


def text() -> str:
    """The whole file."""
    comment = "/* Written by generate_constants.py: constants, the lowest limb first. */"
    return f'{comment}\n#include "limbs.h"\n' + "".join(
        function(name, digits) for name, digits in tables().items()
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text())
