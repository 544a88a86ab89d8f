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
LATE = {"kind": "aligned", "joins": "late", "fraction_bits": 24, "late_bits": (31, 24)}
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
