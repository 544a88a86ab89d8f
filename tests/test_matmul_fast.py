"""Matrix products by loops over columns give the reference's bits: every loop, on operands made to
tell them apart."""

from __future__ import annotations

import numpy as np
import pytest
from matmul_core import matmul

import numfmt as nf
from numfmt import _core

ISAS = [x for x in _core.available_isas() if x != "scalar"]
KINDS = (
    *("plain", "wide", "tiny", "large", "cancelling", "one large", "one magnitude", "zeros"),
    *("not finite", "any code"),
)


def draw(random, kind: str, spelling: str, *shape: int) -> np.ndarray:
    """Codes of a kind of operands."""
    x = random.normal(size=shape)
    f = nf.parse(spelling)
    largest, smallest = min(float(f.max), 2.0**60), max(float(f.smallest_positive), 2.0**-60)
    if kind == "any code":
        return random.integers(0, 2**f.width, shape, np.uint64)
    if kind == "wide":
        span = np.log2(largest / smallest)
        x = x * np.exp2(random.uniform(np.log2(smallest), np.log2(smallest) + span, shape))
    elif kind == "tiny":
        x = random.integers(-3, 4, shape) * smallest
    elif kind == "large":
        x = np.sign(x) * largest * random.uniform(0.4, 1, shape)
    elif kind == "cancelling":
        x[..., 1::2] = -x[..., : x.shape[-1] // 2 * 2 : 2]
    elif kind == "one large":
        x = x * smallest * 8
        x[..., :1] = largest / 8
    elif kind == "one magnitude":
        x = random.choice([-1.5, -1.0, 1.0, 1.5], shape)
    elif kind == "zeros":
        x = x * (random.random(shape) < 0.2) * random.choice([-1, 1], shape)
    codes = nf.encode(x, spelling, "toward_zero", overflow="saturate")
    if kind == "not finite":
        some = random.random(shape) < 0.02
        codes = np.where(some, random.integers(0, 2**f.width, shape, np.uint64), codes)
    return codes


FP8_SUM = ("float<8,13>", "toward_zero")
ALIGNED = {
    "H100 FP8": (
        "e4m3fn",
        "e5m2",
        {"fraction_bits": 13, "sum": ("float<8,13>", "toward_zero")},
        32,
    ),
    "H100 fp16": ("binary16", "binary16", {"fraction_bits": 25, "least_exponent": -133}, 16),
    "H100 bf16": ("bfloat16", "bfloat16", {"fraction_bits": 25, "least_exponent": -133}, 16),
    "A100 fp16": ("binary16", "binary16", {"fraction_bits": 24, "least_exponent": -132}, 8),
    "A100 tf32": ("tf32", "tf32", {"fraction_bits": 24, "least_exponent": -132}, 4),
    "V100 fp16": ("binary16", "binary16", {"fraction_bits": 23}, 4),
    "B200 FP8": ("e4m3fn", "e5m2", {"fraction_bits": 25, "least_exponent": -133}, 32),
    "H100 fp16 to fp16": (
        *("binary16", "binary16"),
        {"fraction_bits": 25, "least_exponent": -21, "result": "binary16", "sum": ("binary16",)},
        16,
    ),
    "FP8 to fp16": (
        *("e5m2", "e4m3fn"),
        {"fraction_bits": 13, "result": "binary16", "sum": ("binary16",), "leaves_at_end": 0},
        16,
    ),
    "to bfloat16": (
        *("bfloat16", "e4m3fn"),
        {"fraction_bits": 20, "result": "bfloat16", "sum": ("bfloat16",), "zero_is_plus": 0},
        8,
    ),
    "few bits": ("e4m3fn", "e4m3fn", {"fraction_bits": 3, "nan_code": 0x7FFFFFFF}, 5),
    "fixed": ("fixed<8,4>", "ufixed<8,6>", {"fraction_bits": 14, "least_exponent": 2}, 7),
    "posit": ("posit<8,1>", "posit<6,0>", {"fraction_bits": 16}, 0),
}


def aligned(name: str) -> tuple[tuple[str, str], dict]:
    """Formats and the description."""
    a, b, fields, block = ALIGNED[name]
    base = {"kind": "aligned", "result": "binary32", "sum": ("binary32", "toward_zero")}
    return (a, b), {**base, "zero_is_plus": 1, "leaves_at_end": 1, **fields, "block": block}


PERMUTED = [k for k in range(32) if k % 4 < 2] + [k for k in range(32) if k % 4 >= 2]
HALVES = {"kind": "aligned", "fraction_bits": 25, "block": 16, "instruction": 32, "joins": "after"}
FLUSHED = {"flush_operands": "keep_sign", "flush_sums": "keep_sign"}
LATE = {"kind": "aligned", "joins": "late", "fraction_bits": 24, "late_bits": (32, 24, 31)}
MODES = ("nearest_even", "toward_zero", "nearest_away", "away_from_zero", "up", "to_odd")


def chain(result: str, *rounding: str, **more) -> dict:
    """One fused rounding a step."""
    return {"kind": "chain", "is_fused": 1, "result": result, "sum": (result, *rounding), **more}


def rounded_twice(result: str, product: tuple, *rounding: str, **more) -> dict:
    """Products are rounded too."""
    return {
        **{"kind": "chain", "result": result, "sum": (result, *rounding)},
        **{"product": product, **more},
    }


STEPS = {
    **{f"fp16 {mode}": ("binary16", "binary16", chain("binary16", mode)) for mode in MODES},
    "fp16 fed by FP8": ("e4m3fn", "e5m2", chain("binary16", zero_is_plus=1)),
    "bfloat16": ("bfloat16", "e5m2", chain("bfloat16")),
    "binary32": ("binary32", "binary32", chain("binary32")),
    "binary32 flushed": ("binary32", "binary32", chain("binary32", **FLUSHED)),
    "flushed to +0": (
        *("bfloat16", "bfloat16"),
        chain("bfloat16", flush_operands="plus", flush_sums="plus"),
    ),
    "binary32 cut": ("binary32", "binary32", chain("binary32", "toward_zero", leaves_at_end=1)),
    "binary32 of few": ("e5m2", "binary16", chain("binary32", is_fused=0, zero_is_plus=1)),
    "binary64": ("binary64", "binary64", chain("binary64")),
    "binary64 cut": ("binary64", "binary64", chain("binary64", "toward_zero", **FLUSHED)),
    "VDPBF16PS": (
        *("bfloat16", "bfloat16"),
        chain("binary32", **FLUSHED, order=[1, 0], instruction=2),
    ),
    "products to fp16": ("binary16", "binary16", rounded_twice("binary16", ("binary16",))),
    "exact products out of range": (
        *("e4m3fn", "e4m3fn"),
        rounded_twice("binary32", ("binary16",)),
    ),
    "binary32's digits alone": ("e5m2", "e5m2", chain("float<4,23>")),
    "e4m3 sums": ("e4m3fn", "e4m3fn", chain("e4m3fn")),
    "saturating": (
        *("fixed<8,4>", "fixed<8,4>"),
        rounded_twice(
            "fixed<16,6>", ("fixed<16,6>", "toward_zero", "saturate"), "nearest_even", "saturate"
        ),
    ),
    "saturating, floor": (
        *("fixed<8,4>", "ufixed<8,4>"),
        chain("fixed<11,5>", "down", "saturate"),
    ),
    "wrapping, floor": (
        *("fixed<8,4>", "fixed<8,4>"),
        rounded_twice("fixed<12,6>", ("fixed<12,6>", "down", "wrap"), "down", "wrap"),
    ),
    "wrapping, nearest": ("fixed<8,4>", "fixed<8,6>", chain("fixed<9,6>", "nearest_even", "wrap")),
    "unsigned": ("ufixed<8,4>", "ufixed<8,6>", chain("ufixed<12,6>", "nearest_even", "wrap")),
    "unsigned, saturating": ("fixed<8,4>", "fixed<8,6>", chain("ufixed<12,6>", "up", "saturate")),
    "refusing overflow": ("e4m3fn", "e4m3fn", chain("binary16", "nearest_even", "infinity")),
    "CDNA2": (
        *("binary16", "bfloat16"),
        {"kind": "tree", "block": 4, **FLUSHED, "result": "binary32", "sum": ("binary32",)}
        | {"product": ("binary32",)},
    ),
    "a tree of seven": (
        *("e5m2", "e5m2"),
        {"kind": "tree", "block": 7, "result": "bfloat16", "sum": ("bfloat16",)},
    ),
    "CDNA3": (
        "binary16",
        "bfloat16",
        LATE | {"block": 8, "result": "binary32", "sum": ("binary32",)},
    ),
    "CDNA3 by floor": (
        *("bfloat16", "bfloat16"),
        LATE
        | {"block": 8, "result": "binary32", "sum": ("binary32",), "cuts_by_floor": 1}
        | {"product_end": 3},
    ),
    "mma.sync FP8": (
        *("e4m3fn", "e5m2"),
        HALVES
        | {"order": PERMUTED, "result": "binary16", "sum": ("binary16",)}
        | {"join": ("binary16",), "zero_is_plus": 1, "least_exponent": -21},
    ),
    "B200 FP8": (
        *("e4m3fn", "e5m2"),
        HALVES
        | {"order": PERMUTED, "result": "binary32", "sum": ("binary32", "toward_zero")}
        | {"join": ("binary32",), "zero_is_plus": 1, "leaves_at_end": 1},
    ),
    "zeros count": (
        *("e4m3fn", "binary16"),
        {"kind": "aligned", "fraction_bits": 10, "zeros_count": 1, "block": 4}
        | {"result": "binary32", "sum": ("binary32", "toward_zero"), "least_exponent": -3},
    ),
    "normalised": (
        *("e4m3fn", "binary16"),
        {"kind": "aligned", "fraction_bits": 10, "normalises": 1, "block": 4}
        | {"result": "binary32", "sum": ("binary32", "toward_zero")},
    ),
    "few fraction bits": (
        *("e4m3fn", "e4m3fn"),
        {"kind": "aligned", "fraction_bits": -2, "cuts_by_floor": 1}
        | {"result": "binary32", "sum": ("binary32",)},
    ),
    "MI100": (
        *("binary16", "binary16"),
        {"kind": "exact", "block": 4, "result": "binary32", "sum": ("binary32",)},
    ),
    "ExSdotp": (
        *("e5m2", "e5m2"),
        {"kind": "exact", "block": 2, "result": "binary16", "sum": ("binary16", "nearest_even")},
    ),
    "exact, odd": (
        *("bfloat16", "bfloat16"),
        {"kind": "exact", "block": 3, "result": "bfloat16", "sum": ("bfloat16", "to_odd")},
    ),
}


def compare(tally, formats, how, shape, kind, seed, with_c=True, **call):
    """All instruction sets, against the reference; gives the paths taken."""
    random = np.random.default_rng(seed)
    batches, rows, columns, terms = shape
    a = draw(random, kind, formats[0], batches, rows, terms)
    b = draw(random, kind, formats[1], batches, columns, terms)
    c = draw(random, kind, how["result"], batches, rows, columns) if with_c else None
    if kind == "cancelling":
        b[..., 1::2] = b[..., : terms // 2 * 2 : 2]
    wanted = matmul(a, b, c, formats, isa="scalar", **how, **call)
    paths = []
    for isa in ISAS:
        got = matmul(a, b, c, formats, isa=isa, path=paths, threads=2, **how, **call)
        tally.same(got.ravel(), wanted.ravel(), np.arange(got.size), f"{isa} {kind} {shape}")
    return paths


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALIGNED)
def test_aligned_blocks(name, kind, tally):
    """Machines' blocks, with c and without, of odd sizes."""
    formats, how = aligned(name)
    for seed, shape in enumerate([(2, 5, 67, 37), (1, 3, 16, 64), (1, 1, 1, 16), (1, 4, 9, 1)]):
        compare(tally, formats, how, shape, kind, seed, with_c=seed % 2 == 0)
    tally.check()


def test_a_machine_takes_its_loop(tally):
    """Operands about 1 are for the loops, all of them."""
    for name in ALIGNED:
        formats, how = aligned(name)
        paths = compare(tally, formats, how, (1, 2, 33, 40), "plain", 1)
        assert set(paths) == {"aligned_simd"}, name
    tally.check()


@pytest.mark.parametrize("terms", [0, 1, 15, 16, 17, 31, 32, 33, 600])
def test_numbers_of_terms(terms, tally):
    """About a block's; and those of more than one run of blocks."""
    formats, how = aligned("H100 fp16")
    compare(tally, formats, how, (1, 3, 5, terms), "plain", terms)
    tally.check()


@pytest.mark.parametrize("columns", range(1, 36))
def test_numbers_of_columns(columns, tally):
    """Of less than a vector and more."""
    formats, how = aligned("H100 FP8")
    compare(tally, formats, how, (1, 2, columns, 33), "plain", columns)
    tally.check()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STEPS)
def test_steps(name, kind, tally):
    """Chains, trees, exact sums and the joins that no faster loop has."""
    a, b, how = STEPS[name]
    for seed, shape in enumerate([(2, 3, 37, 33), (1, 3, 16, 64), (1, 1, 65, 1)]):
        compare(tally, (a, b), how, shape, kind, seed, with_c=seed % 2 == 0)
    tally.check()


def test_every_machine_has_steps(tally):
    """Operands about 1 are not for the reference."""
    for name, (a, b, how) in STEPS.items():
        paths = compare(tally, (a, b), how, (1, 2, 33, 40), "plain", 1)
        wanted = {"reference"} if "binary64" in name else set()  # of instruction sets without fma
        assert set(paths) & {"reference"} <= wanted, name
        assert len(set(paths)) <= 2, name
    tally.check()


@pytest.mark.parametrize("in_pairs", [0, 1])
@pytest.mark.parametrize("c_comes_last", [0, 1])
def test_chains_side_by_side(in_pairs, c_comes_last, tally):
    """Five chains by turns, of each loop."""
    more = {"chain_of": [k % 5 for k in range(43)], "chains": 5, "in_pairs": in_pairs}
    more |= {"c_comes_last": c_comes_last}
    slow = aligned("H100 FP8")[1] | more | {"combine": ("binary32",)}
    paths = compare(tally, ("e4m3fn", "e5m2"), slow, (2, 3, 35, 43), "plain", 1)
    short = chain("binary16") | more | {"combine": ("binary16", "toward_zero")}
    paths += compare(tally, ("binary16", "e5m2"), short, (2, 3, 35, 43), "plain", 2)
    assert "reference" not in paths
    tally.check()


@pytest.mark.parametrize("bits", [0, 16, 8])
@pytest.mark.parametrize("product", [None, ("bfloat16", "stochastic")])
def test_random_chains(bits, product, tally):
    """Words by the place of the result and the number of the rounding."""
    how = chain("bfloat16", "stochastic")
    if product:
        how = rounded_twice("bfloat16", product, "stochastic")
    for first, columns in ((0, 64), (0, 67), (5, 35), (64, 128)):
        call = {"key": (7, 11), "first": first, "bits": bits}
        for kind in ("plain", "wide", "cancelling", "not finite"):
            compare(tally, ("bfloat16",) * 2, how, (2, 3, columns, 21), kind, 1, **call)
    tally.check()
