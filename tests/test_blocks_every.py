"""Every rule x every element x every kind of block, against the exact oracle."""

import numpy as np
import pytest
from block_cases import RULES, expected, library_block
from oracle_blocks import E4M3, E5M2, NAMED, Block
from oracle_formats import Fixed, Float, Posit
from oracle_p3109 import Exponents, p3109
from oracle_scales import E8M0, SignedExponent, largest_value
from oracle_tables import NF4, codebook
from oracle_takum import Takum
from test_blocks import compare

import numfmt as nf

WIDTH = 6
MAGNITUDES = [Float(0, width - 1, 0, "finite") for width in range(3, 9)]  # of msfp11 .. msfp16
EVEN = [NAMED[name].element for name in NAMED if name != "nvfp4"]
EVEN += [*MAGNITUDES, Fixed(4, 2), Fixed(5, 2, signed=False), Float(4, 3, subnormals="round")]
EVEN += [p3109(6, 3)]
TABLES = [Posit(8, 1), Takum(8), NF4, codebook([-3, -1, 0, 0.5, 2])]
ELEMENTS = list(dict.fromkeys([*EVEN, *TABLES]))
POWERS = (-1074, -1022, -149, -126, -3, 0, 4, 127, 500)


def near_powers(nudge: int) -> list[np.ndarray]:
    """Blocks whose largest magnitude is one ulp of double or of single from a power of two."""
    found = []
    for power in POWERS:
        for ulp in (2.0**-52, 2.0**-23):
            largest = np.ldexp(1.0, power) * (1 + nudge * ulp * (0.5 if nudge < 0 else 1))
            found.append(np.array([0.3, -1, 0.77, 0, -0.5, 0.06]) * largest)
    return found


def one_hot(number: float, place: int) -> np.ndarray:
    """One number among zeros."""
    row = np.zeros(WIDTH)
    row[place] = number
    return row


def kinds(top: float) -> dict[str, list[np.ndarray]]:
    """Blocks of each kind; `top` is the element's largest value."""
    sizes = [
        *(np.ldexp(1.3, power) for power in POWERS),
        1.0,
        top,
        np.nextafter(top, 0),
        1.97 * top,
    ]
    nan, inf = np.nan, np.inf
    return {
        "all equal": [np.full(WIDTH, s) for s in sizes] + [np.full(WIDTH, -s) for s in sizes],
        "one hot": [one_hot((-1) ** i * s, i % WIDTH) for i, s in enumerate(sizes)],
        "powers of two less an ulp": near_powers(-1),
        "powers of two and an ulp": near_powers(1),
        "powers of two": near_powers(0),
        "subnormal": [np.array([3, -1, 2, 0, 5, -4]) * t for t in (5e-324, 2.0**-149, 2.0**-1030)],
        "zero": [np.zeros(WIDTH), np.full(WIDTH, -0.0), np.array([0.0, -0.0] * 3)],
        "nan": [np.array([1, nan, -2, 0, 0.1, 3]), np.full(WIDTH, nan), one_hot(-nan, 2)],
        "infinity": [np.array([1, inf, -2, 0, 0.1, 3]), np.full(WIDTH, -inf), one_hot(inf, 5)],
        "both": [np.array([nan, -inf, inf, 1, 0, -0.0])],
    }


def scales_of(rule: str) -> list:
    """Formats of scales that the rule goes with."""
    if rule == "absmax":
        return [E4M3, E5M2, E8M0]
    if rule == "given":
        return [E8M0, SignedExponent(4)]
    return [E8M0, Exponents(5), SignedExponent(4)]


def check(tally, block: Block, name: str, x: np.ndarray, scales=None) -> None:
    """One array of blocks; row by row where the oracle refuses some."""
    if expected(block, x, scales=scales).codes.dtype != object:
        compare(tally, block, x, what=name, scales=scales)
        return
    given = [None] * len(x) if scales is None else scales
    for row, code in zip(x, given, strict=True):
        if expected(block, row, scales=code).codes.dtype != object:
            compare(tally, block, row, what=name, scales=code)
            continue
        options = {} if code is None else {"scales": code}
        with pytest.raises(nf.NanError, match=r"x\[\d\] = "):
            nf.encode(row, library_block(block), **options)


@pytest.mark.parametrize("rule", [*RULES, "absmax", "given"])
@pytest.mark.parametrize("element", ELEMENTS, ids=str)
def test_every_rule_element_and_kind_of_block(element, rule, tally):
    """All equal, one-hot, powers of two and an ulp beside them, subnormal, zero, NaN, infinity."""
    if rule == "even" and element not in EVEN:
        with pytest.raises(nf.FormatError, match="even"):
            library_block(Block(element, WIDTH, E8M0, rule))
        return
    random = np.random.default_rng(3)
    for scale in scales_of(rule):
        block = Block(element, WIDTH, scale, "floor" if rule == "given" else rule)
        for name, found in kinds(float(largest_value(element))).items():
            x = np.array(found)
            codes = None
            if rule == "given":
                codes = random.integers(0, 1 << scale.width, (len(x), 1)).astype(np.uint8)
            check(tally, block, name, x, codes)
    tally.check()
