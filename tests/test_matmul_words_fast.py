"""Loops over columns whose roundings take a machine's own random words: the reference's bits, and
every lane goes on where it does there."""

from __future__ import annotations

import numpy as np
import pytest
from matmul_core import Refused, matmul, source
from test_matmul_fast import ISAS, KINDS, chain, draw, rounded_twice
from test_matmul_words import PATHS

import numfmt as nf

FORMATS = ("e4m3fn", "bfloat16")
SHAPE = (2, 5, 67, 19)
WORDS = 2 * 2 * 5 * 67 * 19  # that its results take, two a step
STREAMS = {
    "galois_lfsr": {"width": 32, "mask": 0x80000EA6, "seed_rule": "complement"},
    "galois_lfsr of 20": {"width": 20, "mask": 0x90000, "seed_rule": "splitmix"},
    "galois_lfsr of 48": {"width": 48, "mask": 0xC00000180000, "seed_rule": "splitmix"},
    "shift_xnor": {"width": 24, "mask": 0x87, "seed_rule": "splitmix"},
    "xorshift32": {"seed_rule": "splitmix"},
    "v_prng_b32": {},
    "tenstorrent": {"seed_rule": "splitmix"},
    "xoroshiro128aox": {"seed_rule": "splitmix"},
    "philox4x32-10": {},
    "threefry2x32-20": {},
}
MODES = ("sr_a16", "sr_lt12", "stochastic", "sr_a20", "sr_a3")
SUMS = {
    "in float32": chain("bfloat16"),
    "in float32, +0": chain("bfloat16", zero_is_plus=1),
    "of few bits": chain("float<8,3>"),
    "in float64": chain("binary16"),
    "rounded twice": rounded_twice("bfloat16", ("bfloat16", "sr_a16")),
}
REGISTERS = ("xorshift32", "galois_lfsr", "shift_xnor", "tenstorrent", "v_prng_b32")


def stream(name: str, lanes: int) -> nf.Stream:
    """Of seed 5."""
    if name == "recorded":
        count = -(-WORDS // lanes) + 64
        return nf.Recorded(np.random.default_rng(0).integers(0, 2**32, (lanes, count), np.uint32))
    return nf.Rng(name.split(" ")[0], **STREAMS[name]).stream(5, lanes=lanes)


def compare(tally, name, how, mode, kind, lanes, shape=SHAPE, formats=FORMATS, c=None):
    """All instruction sets, against the reference; gives the paths taken."""
    random = np.random.default_rng(lanes)
    batches, rows, columns, terms = shape
    a = draw(random, kind, formats[0], batches, rows, terms)
    b = draw(random, kind, formats[1], batches, columns, terms)
    c = draw(random, kind, how["result"], batches, rows, columns) if c is None else c
    if kind == "cancelling":
        b[..., 1::2] = b[..., : terms // 2 * 2 : 2]
    if mode is not None:
        how = how | {"sum": (how["sum"][0], mode)}

    def product(isa, threads, paths):
        words = stream(name, lanes)
        call = {"words": source(words), "isa": isa, "threads": threads, "path": paths}
        return matmul(a, b, c, formats, **how, **call), words.state

    wanted, after = product("scalar", 1, None)
    paths = []
    for isa in ISAS:
        for threads in (1, 2):
            got, state = product(isa, threads, paths)
            where = f"{isa} {name} {mode} {kind} {lanes}"
            tally.same(got.ravel(), wanted.ravel(), np.arange(got.size), where)
            assert state == after, where
    return paths


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["xorshift32", "galois_lfsr", "xoroshiro128aox"])
def test_chains(name, mode, kind, tally):
    """Sums in float32 and in float64, with a register for each result and fewer."""
    for lanes, how in zip((1000, 64, 7, 1, 1000), SUMS.values(), strict=True):
        compare(tally, name, how, mode, kind, lanes)
    tally.check()


@pytest.mark.parametrize("name", [*STREAMS, "recorded"])
def test_each_generator(name, tally):
    """In float32, in float64; of lanes that some results share, of more than there are."""
    for how in SUMS.values():
        for lanes in (1, 3, 64, 670, 1000):
            compare(tally, name, how, "sr_a16", "plain", lanes)
    tally.check()


@pytest.mark.parametrize("each", PATHS)
def test_each_rounding(each, tally):
    """Products, nodes, joins and combinations, in the reference's order."""
    how = {"result": "bfloat16", **PATHS[each]}
    for name in ("xorshift32", "recorded"):
        for lanes in (1000, 20):
            compare(tally, name, how, None, "plain", lanes, (2, 3, 35, 11), ("e4m3fn",) * 2)
    tally.check()


@pytest.mark.parametrize("name", REGISTERS)
@pytest.mark.parametrize("columns", [1, 8, 31, 32, 33, 64, 65, 127, 200])
def test_numbers_of_columns(name, columns, tally):
    """Each column has its own register, beside those of a vector and of a panel."""
    compare(tally, name, SUMS["in float32"], "sr_a16", "plain", 64, (1, 33, columns, 5))
    tally.check()


@pytest.mark.parametrize(("sums", "mode"), [("float<8,15>", "sr_a3"), ("float<8,19>", "sr_a4")])
def test_sums_that_leave_the_format(sums, mode, tally):
    """Few random bits do not carry every cut sum behind its largest number: infinities, and sums
    that would come back, are the reference's."""
    f = nf.parse(sums)
    ends = nf.encode([float(f.max), -float(f.max)], f)
    c = ends[np.random.default_rng(1).integers(0, 2, SHAPE[:3])]
    for name in REGISTERS:
        paths = compare(tally, name, chain(sums), mode, "large", 64, SHAPE, ("bfloat16",) * 2, c)
        assert set(paths) == {"chain_simd"}
    tally.check()


def test_loops_are_taken(tally):
    """Operands about 1 are not for the reference."""
    for name in (*STREAMS, "recorded"):
        for how in SUMS.values():
            assert set(compare(tally, name, how, "sr_lt12", "plain", 100)) == {"chain_simd"}
    tally.check()


def test_sums_that_are_exact_take_words_too(tally):
    """Of integers, which no rounding changes: the lanes go on all the same."""
    how = chain("int32")
    paths = compare(tally, "xorshift32", how, "sr_a16", "one magnitude", 7, SHAPE, ("int8",) * 2)
    assert set(paths) == {"exact_int"}
    tally.check()


def test_a_failure_moves_no_lane():
    """A sum out of range, found behind the loop."""
    a = np.full((1, 3, 40), nf.encode([448.0], "e4m3fn")[0])
    how = {"kind": "chain", "is_fused": 1, "result": "e4m3fn"}
    for isa in ("scalar", *ISAS):
        words = stream("xorshift32", 9)
        before = words.state
        how |= {"words": source(words), "sum": ("e4m3fn", "sr_a16", "error"), "isa": isa}
        with pytest.raises(Refused):
            matmul(a, a, None, ("e4m3fn",) * 2, **how)
        assert words.state == before
