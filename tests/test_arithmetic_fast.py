"""The fast loops of operations give the scalar bits: pairs of codes, modes, policies, places."""

from __future__ import annotations

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

FAST = [isa for isa in _core.available_isas() if isa != "scalar"]
MODES = [row.name for row in _core.ROUNDINGS]
SOME_MODES = ("nearest_even", "down", "to_odd", "stochastic", "stochastic_equal")
ONE = ("sqrt", "reciprocal", "negative", "absolute")
ROUNDED = ("add", "subtract", "multiply", "divide", "fma", "sqrt", "reciprocal")
CHOSEN = ("minimum", "maximum", "minimum_number", "maximum_number", "copysign")
SIGNED = ("negative", "absolute")
TOLD = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
CLASSES = ("isnan", "isinf", "isfinite", "iszero")
BYTES = (
    *("fixed<8,3>", "ufixed<8,4>", "e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz", "e2m1", "e8m0"),
    *("binary8p3se", "binary8p4sf", "binary8p3ue", "binary8p1uf", "float<8,0>", "ufloat<4,4>"),
    *("posit<8,0>", "posit<8,2>", "posit<6,4>", "takum8", "float<4,3,bias=120>"),
)
HALVES = (
    *("binary16", "bfloat16", "posit<16,2>", "posit<16,1>", "posit<16,0>", "takum16"),
    *("fixed<16,8>", "ufixed<12,4>", "binary16p8sf", "posit<12,3>", "takum12", "float<7,8>"),
)
WIDE = (
    *("binary32", "posit<32,2>", "takum32", "fixed<32,16>", "fixed<30,20>", "tf32"),
    *("posit<24,1>", "binary32p24se", "float<11,20>", "takum<29>"),
)
MIXED = (
    *(("bfloat16", "e4m3fn", "binary32"), ("posit<16,2>", "binary16", "posit<8,2>")),
    *(("fixed<16,8>", "e5m2", "fixed<8,3>"), ("takum16", "posit<16,2>", "bfloat16")),
    *(("e4m3fn", "posit<8,2>", "e4m3fnuz"), ("binary16", "fixed<16,8>", "takum16")),
)
POLICIES = ("saturate", "infinity", "infinity_or_nan", "nan", "saturate_propagate")


def random_codes(format: str, n: int, seed: int) -> nf.Array:
    """Any codes, codes of ordinary numbers, and codes near powers of 2, 0 and the ends."""
    rng, target = np.random.default_rng(seed), nf.parse(format)
    ordinary = rng.standard_normal(n) * np.exp2(rng.integers(-12, 12, n))
    signed = np.where(rng.random(n) < 0.5, -1.0, 1.0)
    powers = signed * np.exp2(rng.integers(-40, 40, n).astype(float))
    near = nf.encode(powers, target) + rng.integers(-3, 4, n)
    kinds = [rng.integers(0, 1 << target.width, n, dtype=np.uint64)]
    kinds += [nf.encode(ordinary, target), near, np.zeros(n) + rng.integers(-6, 7, n)]
    kinds += [(1 << (target.width - 1)) + rng.integers(-6, 7, n)]
    kind = rng.choice(5, n, p=[0.3, 0.4, 0.2, 0.05, 0.05])
    mask = (1 << target.width) - 1
    codes = np.choose(kind, [np.asarray(k).astype(np.int64) & mask for k in kinds])
    return nf.from_codes(codes.astype(target._code_dtype), target)


def with_partners(a: nf.Array, b: nf.Array) -> nf.Array:
    """Some of b's codes become ones beside a's or its negative's: sums that cancel, quotients
    near 1, comparisons of neighbours."""
    rng, mask = np.random.default_rng(7), (1 << a.format.width) - 1
    beside = a.codes.astype(np.int64) + rng.integers(-2, 3, a.size)
    beside ^= np.where(rng.random(a.size) < 0.5, 1 << (a.format.width - 1), 0)
    codes = np.where(rng.random(a.size) < 0.2, beside & mask, b.codes)
    return nf.from_codes(codes.astype(b.codes.dtype), b.format)


def answers(name: str, operands: list, isa: str, **how) -> np.ndarray:
    """Codes or truths by the loops of an instruction set."""
    with _core.forced_isa(isa):
        found = getattr(nf, name)(*operands[: 1 if name in (*ONE, *CLASSES) else None], **how)
    return found.codes if isinstance(found, nf.Array) else found


def compare(name: str, operands: list, isas=FAST, **how) -> None:
    """Each instruction set beside scalar; the error names the first element that differs."""
    expected = answers(name, operands, "scalar", **how)
    for isa in isas:
        got = answers(name, operands, isa, **how)
        for i in np.flatnonzero(got != expected)[:1]:
            given = [f"{x.codes.ravel()[i]:#x} of {x.format}" for x in operands]
            raise AssertionError(
                f"{isa} {name} {how}: element {i} of {given} gives {int(got.ravel()[i]):#x} "
                f"for {int(expected.ravel()[i]):#x}; {np.sum(got != expected)} differ"
            )


def options(format: str, mode: str, policy: str | None = None) -> dict:
    """Everything that a rounding takes."""
    found: dict = {"format": format, "rounding": mode, "overflow": policy}
    if not nf.parse(format).has_nan:
        found["nan"] = "zero"
    if mode.startswith("stochastic"):
        found["key"] = nf.Key(3).at(1, first=77)
    return found


def pairs(format: str) -> list[nf.Array]:
    """Every pair of 8-bit codes; a third operand that goes through all codes as well."""
    codes = np.arange(1 << nf.parse(format).width, dtype=np.uint8)
    a, b = (grid.ravel() for grid in np.meshgrid(codes, codes, indexing="ij"))
    third = np.random.default_rng(2).permutation(a)
    return [nf.from_codes(x.copy(), format) for x in (a, b, third)]


def operands_of(name: str, every: list[nf.Array]) -> list[nf.Array]:
    """As many as the operation takes."""
    return every[: 3 if name == "fma" else 2]


@pytest.mark.parametrize("format", BYTES)
def test_all_pairs_of_bytes(format):
    """Every operation in every mode, and comparisons."""
    every = pairs(format)
    for name in (*ROUNDED, *CHOSEN, *SIGNED):
        for mode in MODES if name in ROUNDED else SOME_MODES:
            compare(name, operands_of(name, every), FAST[:1], **options(format, mode))
    for name in (*TOLD, *CLASSES):
        compare(name, every[:2])


@pytest.mark.parametrize("format", ["e4m3fn", "e5m2", "e4m3fnuz", "binary8p3se", "e2m1"])
@pytest.mark.parametrize("policy", POLICIES)
def test_all_pairs_under_every_policy(format, policy):
    """Sums and quotients, which overflow and make infinities."""
    try:
        nf.array(1, format, None, policy)
    except nf.RoundingError:
        pytest.skip("the format has no such policy")
    for name in ("add", "divide", "fma"):
        for mode in ("nearest_even", "up", "toward_zero", "to_odd"):
            compare(name, operands_of(name, pairs(format)), **options(format, mode, policy))


@pytest.mark.parametrize("format", HALVES)
def test_pairs_of_sixteen_bits(format):
    """A million structured and random pairs an operation, in one mode each; fewer in others."""
    a, b, c = (random_codes(format, 1 << 20, seed) for seed in (1, 2, 3))
    every = [a, with_partners(a, b), c]
    for name in (*ROUNDED, *CHOSEN, *SIGNED):
        compare(name, operands_of(name, every), FAST[:1], **options(format, "nearest_even"))
        few = [x[: 1 << 14] for x in operands_of(name, every)]
        for mode in MODES:
            compare(name, few, **options(format, mode))
    for name in (*TOLD, *CLASSES):
        compare(name, every[:2], FAST[:1])


@pytest.mark.parametrize("format", WIDE)
def test_pairs_of_many_bits(format):
    """Structured and random pairs in every mode."""
    a, b, c = (random_codes(format, 1 << 15, seed) for seed in (1, 2, 3))
    every = [a, with_partners(a, b), c]
    for name in (*ROUNDED, *CHOSEN, *SIGNED):
        for mode in MODES:
            compare(name, operands_of(name, every), **options(format, mode))
    for name in (*TOLD, *CLASSES):
        compare(name, every[:2])


@pytest.mark.parametrize("formats", MIXED, ids="-".join)
def test_operands_of_other_formats(formats):
    """The certificate goes by each operand and by the result."""
    first, second, target = formats
    a, b = random_codes(first, 1 << 14, 1), random_codes(second, 1 << 14, 2)
    for name in (*ROUNDED, *CHOSEN, *SIGNED):
        third = [random_codes(first, 1 << 14, 3)] if name == "fma" else []
        for mode in SOME_MODES:
            compare(name, [a, b, *third], **options(target, mode))
    for name in TOLD:
        compare(name, [a, b])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_plain_numbers_and_single_ones(dtype):
    """Arrays of floats, and one number beside many."""
    x = np.random.default_rng(5).integers(0, 256, 8 * 5000, dtype=np.uint8).view(dtype)
    a = random_codes("e4m3fn", x.size, 4)
    for name in ("add", "multiply", "divide", "minimum"):
        for mode in SOME_MODES:
            how = options("bfloat16", mode)
            for operands in ([a, x], [x, a], [a, dtype(3)], [x, a[:1]], [a[3:4], a]):
                expected = answers(name, operands, "scalar", **how)
                for isa in FAST:
                    got = answers(name, operands, isa, **how)
                    np.testing.assert_array_equal(got, expected, f"{name} {mode} {isa}")


@pytest.mark.parametrize("format", ["e4m3fn", "posit<16,2>", "binary32", "fixed<16,8>"])
@pytest.mark.parametrize("n", [47, 48, 63, 1023, 1025, 3000])
def test_lengths_and_words(format, n):
    """Whatever the length and the first element's number; the caller's words as well."""
    a, b = random_codes(format, n, 1), random_codes(format, n, 2)
    words = np.random.default_rng(8).integers(0, 1 << 32, n, dtype=np.uint32)
    for mode in ("nearest_even", "stochastic"):
        how = options(format, mode)
        compare("multiply", [a, b], **how)
        how.pop("key", None)
        if mode == "stochastic":
            compare("add", [a, b], **how, random_bits=words)


def test_threads_do_not_count():
    """Pieces of a large array are the whole."""
    a, b = random_codes("posit<16,2>", 1 << 19, 1), random_codes("posit<16,2>", 1 << 19, 2)
    expected = nf.multiply(a, b, rounding="stochastic", key=nf.Key(1)).codes
    before = nf.get_num_threads()
    try:
        nf.set_num_threads(3)
        got = nf.multiply(a, b, rounding="stochastic", key=nf.Key(1)).codes
    finally:
        nf.set_num_threads(before)
    np.testing.assert_array_equal(got, expected)


def test_a_failure_names_the_first_element():
    """Of a format without NaN; nothing is written, and nothing fails before it."""
    a, b = np.ones(3000), np.ones(3000)
    b[[1500, 2000]] = 0
    quotient = [nf.array(x, "fixed<8,3>") for x in (a, b)]
    for isa in _core.available_isas():
        out = nf.zeros(3000, "fixed<8,3>")
        for options in ({}, {"out": out}):
            with _core.forced_isa(isa), pytest.raises(nf.NanError, match=r"element \[1500\]"):
                nf.divide(*quotient, "fixed<8,3>", **options)
        assert not out.codes.any()
