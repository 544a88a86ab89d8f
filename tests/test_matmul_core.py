"""Matrix products of the core: every kind of sum against the same operations one by one."""

from __future__ import annotations

import numpy as np
import pytest
from matmul_core import Refused, matmul

import numfmt as nf
from numfmt._core import ffi, lib

RANDOM = np.random.default_rng(5)


def random_codes(spelling: str, *shape: int) -> np.ndarray:
    """Of finite values about 1."""
    return nf.encode(RANDOM.normal(size=shape), spelling, "nearest_even")


def one_by_one(a, b, c, f, product, mode) -> nf.Array:
    """A chain in numfmt's operations: products rounded (product: a format) or fused."""
    total = nf.from_codes(c, f)
    for k in range(a.shape[-1]):
        x, y = a[:, :, None, k], b[:, None, :, k]
        if product is None:
            total = nf.fma(x, y, total, f, *mode)
        else:
            total = nf.add(nf.multiply(x, y, product, *mode), total, f, *mode)
    return total


SUMS = ["binary16", "e5m2", "fixed<16,8>", "posit<16,2>", "bfloat16", "takum16"]


@pytest.mark.parametrize("product", [None, "binary16"])
@pytest.mark.parametrize("mode", [("nearest_even",), ("toward_zero",), ("down",), ("to_odd",)])
@pytest.mark.parametrize("f", SUMS)
def test_chains_are_their_operations(f, mode, product):
    """Fused and not, of mixed formats."""
    a, b = random_codes("e4m3fn", 2, 3, 7), random_codes("posit<8,1>", 2, 4, 7)
    c = random_codes(f, 2, 3, 4)
    wanted = one_by_one(
        nf.from_codes(a, "e4m3fn"), nf.from_codes(b, "posit<8,1>"), c, f, product, mode
    )
    how = {"is_fused": 1} if product is None else {"product": (product, *mode)}
    formats = ("e4m3fn", "posit<8,1>")
    got = matmul(a, b, c, formats, kind="chain", result=f, sum=(f, *mode), **how)
    assert np.array_equal(got, wanted.codes)


def test_a_stochastic_chain_takes_a_call_for_each_rounding():
    """Element i of rounding s has the words of call + s, whatever the threads."""
    a, b, c = (
        random_codes(f, 1, *s)
        for f, s in (("e4m3fn", (40, 9)), ("e4m3fn", (30, 9)), ("bfloat16", (40, 30)))
    )
    key = nf.Key(3)
    total = nf.from_codes(c, "bfloat16")
    x, y = nf.from_codes(a, "e4m3fn"), nf.from_codes(b, "e4m3fn")
    for k in range(9):
        operands = (x[:, :, None, k], y[:, None, :, k], total)
        total = nf.fma(*operands, "bfloat16", "stochastic", key=key.at(5 + k))
    for threads in (1, 2):
        how = {"kind": "chain", "is_fused": 1, "result": "bfloat16", "threads": threads}
        formats = ("e4m3fn", "e4m3fn")
        got = matmul(a, b, c, formats, sum=("bfloat16", "stochastic"), key=(key.seed, 5), **how)
        assert np.array_equal(got, total.codes)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7, 8])
def test_trees_add_neighbours(count):
    """((p0 + p1) + (p2 + p3)) + c, an odd one waiting."""
    f = "bfloat16"
    a, b = random_codes("binary16", 1, 3, count), random_codes("binary16", 1, 4, count)
    c = random_codes(f, 1, 3, 4)
    x, y = nf.from_codes(a, "binary16"), nf.from_codes(b, "binary16")
    nodes = [nf.multiply(x[:, :, None, k], y[:, None, :, k], f) for k in range(count)]
    while len(nodes) > 1:
        pairs = [nf.add(p, q) for p, q in zip(nodes[::2], nodes[1::2], strict=False)]
        nodes = pairs + nodes[2 * len(pairs) :]
    wanted = nf.add(nf.from_codes(c, f), nodes[0])
    how = {"kind": "tree", "result": f, "product": (f,), "sum": (f,)}
    assert np.array_equal(matmul(a, b, c, ("binary16", "binary16"), **how), wanted.codes)


def test_exact_blocks_round_once_each():
    """n products and the sum so far, in a quire."""
    a, b = random_codes("e5m2", 1, 3, 10), random_codes("e5m2", 1, 4, 10)
    c = random_codes("binary16", 1, 3, 4)
    how = {"kind": "exact", "block": 4, "result": "binary16", "sum": ("binary16", "to_odd")}
    got = matmul(a, b, c, ("e5m2", "e5m2"), **how)
    x, y = nf.decode(a, "e5m2"), nf.decode(b, "e5m2")  # sums of four are exact in binary64
    total = nf.decode(c, "binary16")
    for k in range(0, 10, 4):
        part = np.einsum("gik,gjk->gij", x[..., k : k + 4], y[..., k : k + 4])
        total = nf.quantize(total + part, "binary16", "to_odd")
    assert np.array_equal(nf.decode(got, "binary16"), total)


@pytest.mark.parametrize("in_pairs", [0, 1])
@pytest.mark.parametrize("c_comes_last", [0, 1])
def test_chains_side_by_side(in_pairs, c_comes_last):
    """Five chains, k by turns; combined one after the other, or halves with halves; c first or
    last."""
    f, chains = "binary16", 5
    a, b = random_codes("e4m3fn", 1, 3, 23), random_codes("e4m3fn", 1, 4, 23)
    c = random_codes(f, 1, 3, 4)
    x, y = nf.from_codes(a, "e4m3fn"), nf.from_codes(b, "e4m3fn")
    zero = np.zeros_like(c)
    parts = [
        one_by_one(x[..., s::5], y[..., s::5], zero if s or c_comes_last else c, f, None, ())
        for s in range(chains)
    ]
    while len(parts) > 1 and in_pairs:
        half = -(-len(parts) // 2)
        parts = [nf.add(p, q) for p, q in zip(parts, parts[half:], strict=False)] + parts[
            len(parts) - half : half
        ]
    total = parts[0]
    for part in parts[1:]:
        total = nf.add(total, part)
    if c_comes_last:
        total = nf.add(nf.from_codes(c, f), total)
    got = matmul(
        *(a, b, c, ("e4m3fn", "e4m3fn")),
        **{"kind": "chain", "is_fused": 1, "result": f, "sum": (f,), "combine": (f,)},
        **{"chain_of": [k % chains for k in range(23)], "chains": chains},
        **{"in_pairs": in_pairs, "c_comes_last": c_comes_last},
    )
    assert np.array_equal(got, total.codes)


def test_a_late_sum_is_cut_by_floor():
    """Products toward zero at 24 bits, their sum by floor at 31, c at 24 bits: CDNA3's numbers."""
    how = {"kind": "aligned", "joins": "late", "fraction_bits": 24, "late_bits": (32, 24, 31)}
    how |= {"result": "binary32", "sum": ("binary32",)}

    def one(products, c):
        a = nf.encode(np.array([[products]]), "bfloat16")
        b = nf.encode(np.ones((1, 1, len(products))), "bfloat16")
        sums = nf.encode(np.array([[[c]]]), "binary32")
        got = matmul(a, b, sums, ("bfloat16", "bfloat16"), **how)
        return nf.decode(got, "binary32").item()

    assert one([1.0, -(2.0**-30)], 0.0) == 1.0
    assert one([-(2.0**-25), -(2.0**-32)], 1.0) == 1.0 - 2.0**-24  # beyond the tie, by the floor
    assert one([-(2.0**-25), 0.0], 1.0) == 1.0
    assert one([1.0, 0.0], -(2.0**-30)) == 1.0 - 2.0**-24
    assert one([1.0, 0.0], 2.0**-30) == 1.0


def test_flushing_and_signs_of_zero():
    """Subnormal operands and sums count as 0, of their sign or +0."""
    tiny = np.array([[[0x8001]]])
    one = nf.encode(np.ones((1, 1, 1)), "binary16")
    how = {"kind": "chain", "is_fused": 1, "result": "binary16", "sum": ("binary16",)}
    formats = ("binary16", "binary16")
    minus = np.array([[[0x8000]]])
    assert matmul(tiny, one, minus, formats, **how).item() == 0x8001
    for name in ("flush_operands", "flush_sums"):
        assert matmul(tiny, one, minus, formats, **how, **{name: "keep_sign"}).item() == 0x8000
    assert matmul(tiny, one, minus, formats, **how, flush_sums="plus").item() == 0
    assert matmul(tiny, one, None, formats, **how, flush_operands="plus").item() == 0
    assert matmul(minus, one, minus, formats, **how).item() == 0x8000
    assert matmul(minus, one, minus, formats, **how, zero_is_plus=1).item() == 0


def test_reports_and_failures():
    """Each rounding of a sum is counted; the first result that fails is named, none is written."""
    a, b = np.full((1, 2, 3), 0x78), np.full((1, 2, 3), 0x78)  # 256 each
    how = {"kind": "chain", "is_fused": 1, "result": "e4m3fn"}
    report = ffi.new("nf_report *")
    got = matmul(a, b, None, ("e4m3fn", "e4m3fn"), sum=("e4m3fn",), report=report, **how)
    assert (got == 0x7E).all()
    assert (report.count, report.saturated) == (12, 12)
    a[0, 0] = 0
    with pytest.raises(Refused) as refused:
        matmul(a, b, None, ("e4m3fn",) * 2, sum=("e4m3fn", "nearest_even", "error"), **how)
    assert (refused.value.status, refused.value.at) == (lib.NF_FOUND_RANGE, 2)


BAD = [
    {"kind": "chain", "sum": ("binary16",), "joins": "late"},
    {"kind": "exact", "sum": ("binary16",), "product": ("binary16",)},
    {"kind": "exact", "sum": ("binary16",), "is_fused": 1},
    {"kind": "exact", "sum": ("binary16",), "join": ("binary16",)},
    {"kind": "exact", "sum": ("binary16",), "joins": "after"},
    {"kind": "exact", "sum": ("binary16",), "chain_of": [0, 1], "chains": 2},
    {"kind": "exact", "sum": ("binary16",), "chain_of": [0, 2], "chains": 2, "combine": ("e5m2",)},
    {"kind": "exact", "sum": ("binary16",), "order": [0, 0], "instruction": 2},
    {"kind": "exact", "sum": ("binary16",), "order": [0, 2], "instruction": 2},
    {"kind": "aligned", "sum": ("binary16",), "fraction_bits": 61},
    {"kind": "exact", "sum": ("binary16",), "nan_code": 1 << 16},
    {"kind": "exact", "sum": ("binary16",), "zeros_count": 2},
    {"kind": "exact"},
]


@pytest.mark.parametrize("fields", BAD, ids=range(len(BAD)))
def test_nonsense_is_refused(fields):
    """Fields out of range, roundings that are missing, and those that would do nothing."""
    a = random_codes("e4m3fn", 1, 2, 2)
    with pytest.raises(Refused) as refused:
        matmul(a, a, None, ("e4m3fn", "e4m3fn"), result="binary16", **fields)
    assert refused.value.status == lib.NF_BAD_ARGUMENT


def test_formats_without_exact_products_are_refused():
    """Irrational operands, and a result that does not hold the sums."""
    a = random_codes("lns<8,3>", 1, 2, 2)
    how = {"kind": "exact", "sum": ("binary16",)}
    with pytest.raises(Refused) as refused:
        matmul(a, a, None, ("lns<8,3>",) * 2, result="binary16", **how)
    assert refused.value.status == lib.NF_BAD_FORMAT
    with pytest.raises(Refused) as refused:
        matmul(a, a, None, ("e4m3fn",) * 2, result="lns<8,3>", kind="chain", sum=("lns<8,3>",))
    assert refused.value.status == lib.NF_BAD_FORMAT
    with pytest.raises(Refused) as refused:
        matmul(a, a, None, ("e4m3fn",) * 2, result="bfloat16", **how)
    assert refused.value.status == lib.NF_BAD_FORMAT
    with pytest.raises(Refused) as refused:
        matmul(a, a, None, ("e4m3fn",) * 2, result="binary16", key=(1, 0), **how)
    assert refused.value.status == lib.NF_HAS_RANDOM


def test_nothing_gives_c_and_no_result():
    """No terms, no rows."""
    how = {"kind": "exact", "result": "binary16", "sum": ("binary16",)}
    c = random_codes("binary16", 1, 2, 3)
    none = [np.zeros((1, n, 0), np.uint8) for n in (2, 3)]
    assert np.array_equal(matmul(*none, c, ("e4m3fn",) * 2, **how), c)
    rows = np.zeros((1, 0, 4), np.uint8), np.zeros((1, 3, 4), np.uint8)
    assert matmul(*rows, None, ("e4m3fn",) * 2, **how).shape == (1, 0, 3)


WIDE = [2.0**120, 1.5, -(2.0**-130), 2.0**70]


@pytest.mark.parametrize("kind", ["chain", "exact"])
@pytest.mark.parametrize(
    "mode",
    [("nearest_even", "wrap"), ("stochastic", "wrap"), ("stochastic",), ("down", "saturate")],
    ids=str,
)
@pytest.mark.parametrize("f", ["fixed<64,40>", "fixed<16,8>", "nf4"])
def test_sums_of_hundreds_of_bits_have_all_their_digits(f, mode, kind):
    """Terms far apart: what wraps, and what random words decide, lies behind 128 bits."""
    if f == "nf4":
        mode = mode[:1]
    a = nf.encode(np.array([[WIDE, WIDE[::-1]]]), "bfloat16")
    b = nf.encode(
        np.array([[[1, 1, 1, 1], [-1, 1, 0.5, 2], [2.0**-90, 1, 1, 2.0**-60]]]), "bfloat16"
    )
    c = nf.encode(np.zeros((1, 2, 3)), f)
    how = {"kind": kind, "result": f, "sum": (f, *mode), "block": 2}
    key = {"key": (9, 4)} if "stochastic" in mode else {}
    if kind == "chain":
        how["is_fused"] = 1
    got = matmul(a, b, c, ("bfloat16",) * 2, **how, **key)
    x, y = nf.from_codes(a, "bfloat16"), nf.from_codes(b, "bfloat16")
    total, own = nf.from_codes(c, f), nf.Key(9)
    size = 1 if kind == "chain" else 2
    for step, k in enumerate(range(0, 4, size)):
        words = {"key": own.at(4 + step)} if key else {}
        if kind == "chain":
            total = nf.fma(x[:, :, None, k], y[:, None, :, k], total, f, *mode, **words)
            continue
        quire = nf.Quire("binary64", shape=total.shape).add(total)
        for j in range(k, k + 2):
            p = nf.array(x.values[:, :, None, j] + 0 * y.values[:, None, :, j], "binary64")
            q = nf.array(y.values[:, None, :, j] + 0 * x.values[:, :, None, j], "binary64")
            quire = quire.add_product(p, q)
        total = quire.round(f, *mode, **words)
    assert np.array_equal(got, total.codes)


def test_counts_far_above_the_terms_are_those_of_the_terms():
    """An instruction of 2**64 - 1 products in blocks of one, and 2**62 chains of which two have
    any: neither time nor memory for what is not there."""
    a, b = (RANDOM.integers(0, 0x3C00, shape).astype(np.uint16) for shape in ((1, 2, 9), (1, 3, 9)))
    halves = "binary16", "binary16"
    one = {"kind": "chain", "result": "binary32", "sum": ("binary32",), "block": 1}
    plain = matmul(a, b, None, halves, **one)
    assert (plain == matmul(a, b, None, halves, **one, instruction=2**64 - 1)).all()
    assert (plain == matmul(a, b, None, halves, **{**one, "block": 2**64 - 1})).all()
    several = {**one, "combine": ("binary32",), "in_pairs": 1}
    places = [k % 2 for k in range(9)]
    two = matmul(a, b, None, halves, **several, chain_of=places, chains=2)
    assert (two == matmul(a, b, None, halves, **several, chain_of=places, chains=2**62)).all()
    far = [k % 2 * (2**62 - 1) for k in range(9)]
    assert (two == matmul(a, b, None, halves, **several, chain_of=far, chains=2**62)).all()
