"""Matrix products of integers and of fixed point by loops over columns, and sums near ties."""

from __future__ import annotations

import numpy as np
import pytest
from matmul_core import matmul
from test_matmul_fast import ISAS, KINDS, chain, compare, rounded_twice

import numfmt as nf


def integers(a: str, b: str, result: str, *rounding: str, **more) -> tuple[str, str, dict]:
    """An exact sum of blocks of 32."""
    how = {"kind": "exact", "result": result, "sum": (result, *rounding), "block": 32, **more}
    return a, b, how


INTEGERS = {
    "wrapping": integers("int8", "int8", "int32", "nearest_even", "wrap"),
    "saturating": integers("int8", "ufixed<8,0>", "int32", "nearest_even", "saturate"),
    "12 bits that wrap": integers("int8", "int8", "fixed<12,0>", "nearest_even", "wrap"),
    "unsigned that wrap": integers("int8", "ufixed<8,0>", "ufixed<20,0>", "down", "wrap"),
    "products above the grid": integers(
        "fixed<8,2>", "fixed<6,1>", "fixed<16,9>", "nearest_odd", "wrap"
    ),
    "15 bits": integers("fixed<15,3>", "fixed<15,9>", "fixed<32,12>", "up", "wrap"),
    "FP4 in binary32": integers("float<2,1,bias=1>", "float<2,1,bias=1>", "binary32"),
    "int4 in binary16": integers("int4", "int4", "binary16", "toward_zero", kind="chain", block=0),
    "int8 in bfloat16": integers("int8", "int4", "bfloat16", "toward_zero"),
    "FP4, aligned": integers(
        *("float<2,1,bias=1>", "int4", "binary32", "toward_zero"),
        kind="aligned",
        fraction_bits=25,
        block=16,
    ),
    "int4, a tree": integers("int4", "int4", "binary32", kind="tree", block=8),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", INTEGERS)
def test_integers(name, kind, tally):
    """Exact in any order, or modulo a power of two; and those that are not."""
    a, b, how = INTEGERS[name]
    for seed, shape in enumerate([(2, 5, 37, 33), (1, 7, 16, 64), (1, 1, 65, 1), (1, 2, 3, 600)]):
        compare(tally, (a, b), how, shape, kind, seed, with_c=seed % 2 == 0)
    tally.check()


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_take_any_order(name, tally):
    """Where nothing is rounded."""
    a, b, how = INTEGERS[name]
    paths = compare(tally, (a, b), how, (1, 5, 33, 40), "one magnitude", 1, with_c=False)
    assert set(paths) == {"exact_int" if name != "int8 in bfloat16" else "chain_simd"}
    tally.check()


FIXED_MODES = [
    *("nearest_even", "nearest_away", "nearest_zero", "nearest_up", "nearest_down", "nearest_odd"),
    *("toward_zero", "away_from_zero", "down", "up"),
]


@pytest.mark.parametrize("end", ["saturate", "wrap"])
@pytest.mark.parametrize("mode", FIXED_MODES)
def test_chains_of_fixed_point(mode, end, tally):
    """Every rounding of products, of sums and of both; sums at their ends."""
    a, b = "fixed<8,4>", "fixed<8,5>"
    paths = []
    for how in (
        rounded_twice("fixed<10,6>", ("fixed<12,6>", mode, end), mode, end),
        rounded_twice("fixed<10,4>", ("fixed<12,7>", mode, end), mode, end),
        rounded_twice("fixed<12,8>", ("fixed<9,3>", mode, end), mode, end),
        rounded_twice("ufixed<9,6>", ("ufixed<12,5>", mode, end), mode, end),
        chain("fixed<16,6>", mode, end),
        chain("fixed<10,12>", mode, end),
    ):
        for seed, shape in enumerate([(2, 5, 37, 33), (1, 1, 65, 3)]):
            for kind in ("plain", "any code", "large", "one magnitude", "cancelling"):
                paths += compare(tally, (a, b), how, shape, kind, seed, with_c=seed == 0)
    assert paths.count("chain_simd") > len(paths) // 2
    tally.check()


@pytest.mark.parametrize("mode", ["nearest_even", "nearest_away", "toward_zero", "up", "to_odd"])
@pytest.mark.parametrize(("f", "digits"), [("binary16", 11), ("bfloat16", 8), ("binary32", 24)])
def test_near_ties(f, digits, mode, tally):
    """Sums that are a tie but for digits behind those of float32, or of float64, on either side: a
    sum rounded to nearest whose last bit was then set would be taken to the wrong one."""
    random = np.random.default_rng(digits)
    ulp = 2.0 ** (1 - digits)
    i = random.integers(0, 4, (1, 40, 1)) * random.choice([-1, 1], (1, 40, 1))
    j = random.integers(0, 4, (1, 61, 1)) * random.choice([-1, 1], (1, 61, 1))
    a = (1 + i * ulp) * random.choice([-1, 1], i.shape)
    b = (1 + j * ulp) * ulp / 2 * random.choice([1, 0.5, 2], j.shape)
    c = (1 + random.integers(0, 2 ** (digits - 1), (1, 40, 61)) * ulp) * random.choice([-1, 1])
    codes = [nf.encode(x, f) for x in (a, b, c)]
    how = chain(f, mode)
    wanted = matmul(*codes, (f, f), isa="scalar", **how)
    for isa in ISAS:
        paths = []
        got = matmul(*codes, (f, f), isa=isa, path=paths, **how)
        assert paths == ["chain_simd"]
        tally.same(got.ravel(), wanted.ravel(), np.arange(got.size), isa)
    tally.check()


def test_random_words_that_are_as_the_digits(tally):
    """One in 65536 of the first half of a word is: then the other half decides."""
    how = chain("bfloat16", "stochastic")
    for seed in range(3):
        compare(tally, ("bfloat16",) * 2, how, (1, 16, 128, 600), "plain", seed, key=(seed, 0))
    tally.check()
