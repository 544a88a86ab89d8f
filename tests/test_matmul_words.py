"""Matrix products whose stochastic roundings take a machine's own random words."""

import numpy as np
import pytest
from matmul_core import Refused, datapath, matmul, source

import numfmt as nf
from numfmt._core import ffi, lib

RANDOM = np.random.default_rng(8)
LFSR = nf.Rng("galois_lfsr", width=32, mask=0x80000EA6, seed_rule="complement")


# By the words that a result of 11 terms takes.
BF16, SR = "bfloat16", "stochastic"
CHAINS = {"chain_of": [0, 1, 0, 1, 0, 1, 2, 2, 0, 1, 1], "chains": 3, "combine": (BF16, SR)}
JOINED = {"joins": "after", "instruction": 4, "join": (BF16, SR)}
PATHS = {
    11: {"kind": "chain", "is_fused": 1, "sum": (BF16, SR)},
    22: {"kind": "chain", "product": (BF16, SR), "sum": (BF16, SR)},
    24: {"kind": "tree", "block": 3, "product": (BF16, SR), "sum": (BF16, SR), **CHAINS},
    3: {"kind": "tree", "sum": (BF16,), **JOINED, "block": 2},
    4: {"kind": "aligned", "block": 3, "fraction_bits": 20, "sum": (BF16, SR)},
    6: {"kind": "aligned", "fraction_bits": 20, "sum": (BF16, SR), **CHAINS} | {"c_comes_last": 1},
    5: {"kind": "exact", "sum": (BF16, SR), **CHAINS, "in_pairs": 1},
    9: {"kind": "exact", "sum": (BF16, SR), "block": 2, **JOINED},
}


def random_codes(spelling: str, *shape: int) -> np.ndarray:
    """Of finite values about 1."""
    return nf.encode(RANDOM.normal(size=shape), spelling)


def words_of(stream: nf.Stream, results: int, each: int) -> np.ndarray:
    """Words [result, rounding]: each lane serves its results one after the other."""
    lanes = stream.lanes
    turns = -(-results // lanes)
    rows = stream.copy().words(lanes * turns * each).reshape(turns, each, lanes)
    return rows.transpose(0, 2, 1).reshape(turns * lanes, each)[:results].astype(np.uint32)


def chain(a, b, c, mode, words):
    """c + a0 b0 + ..., fused, one rounding a term."""
    total = nf.from_codes(c, "bfloat16")
    x, y = nf.from_codes(a, "e4m3fn"), nf.from_codes(b, "e4m3fn")
    for k in range(a.shape[-1]):
        bits = np.ascontiguousarray(words[:, k]).reshape(c.shape)
        operands = (x[:, :, None, k], y[:, None, :, k], total)
        total = nf.fma(*operands, "bfloat16", mode, random_bits=bits)
    return total.codes


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("lanes", [1, 3, 64, 101, 20 * 13, 1000])
@pytest.mark.parametrize(
    ("rng", "mode"),
    [
        (LFSR, "stochastic(bits=12,variant=lt)"),
        (nf.Rng("xorshift32"), "stochastic"),
        (nf.Rng("xoroshiro128aox", seed_rule="splitmix"), "sr_a16"),
        (nf.Rng("philox4x32-10"), "sr_c9"),
        (nf.Rng("tenstorrent"), "sr_ge16"),
    ],
    ids=lambda x: getattr(x, "kind", x),
)
def test_chains(rng, mode, lanes, threads):
    """A register for each result, or shared by some, whatever the threads; they go on."""
    a, b = random_codes("e4m3fn", 1, 20, 7), random_codes("e4m3fn", 1, 13, 7)
    c = random_codes("bfloat16", 1, 20, 13)
    stream = rng.stream(21, lanes=lanes)
    expected = chain(a, b, c, mode, words_of(stream, 260, 7))
    taken = [len(range(lane, 260, lanes)) * 7 for lane in range(lanes)]
    after = [rng.stream(21, first_lane=lane) for lane in range(min(lanes, 260))]
    for lane, n in zip(after, taken, strict=False):
        lane.jump(n)
    how = {"kind": "chain", "is_fused": 1, "result": "bfloat16", "threads": threads}
    got = matmul(a, b, c, ("e4m3fn",) * 2, sum=("bfloat16", mode), words=source(stream), **how)
    assert np.array_equal(got, expected)
    assert stream.state["lanes"][:260] == [lane.state["lanes"][0] for lane in after]


def test_every_rounding_is_counted():
    """Products, sums, nodes, joins and combinations of each kind take one word each: a record of
    so many is enough, of one less is not."""
    a, b = random_codes("e4m3fn", 2, 3, 11), random_codes("e4m3fn", 2, 5, 11)
    shape, count = ffi.new("nf_dot_shape *", (2, 3, 5, 11)), ffi.new("uint64_t *")
    for each, path in PATHS.items():
        alive = []
        described = datapath(alive, result=BF16, **path)
        assert lib.nf_matmul_words(described, shape, count) == lib.NF_OK
        assert count[0] == each
        record = RANDOM.integers(0, 2**32, (30, each), np.uint32)
        results = {}
        for threads in (1, 2):
            words = nf.Recorded(record)
            results[threads] = matmul(
                *(a, b, None, ("e4m3fn",) * 2),
                **{"result": BF16, "words": source(words), "threads": threads, **path},
            )
            assert words.state["lanes"] == [[each, lane, 0, 0] for lane in range(30)]
        assert np.array_equal(results[1], results[2])
        other = record ^ np.uint32(0xFFFFFFFF)
        how = {"result": BF16, **path}
        assert not np.array_equal(
            results[1],
            matmul(a, b, None, ("e4m3fn",) * 2, words=source(nf.Recorded(other)), **how),
        )
        short = nf.Recorded(record[:, 1:])
        with pytest.raises(Refused) as error:
            matmul(a, b, None, ("e4m3fn",) * 2, words=source(short), **how)
        assert error.value.status == lib.NF_NEEDS_RANDOM
        assert short.state == nf.Recorded(record[:, 1:]).state


def test_what_does_not_fit_is_refused():
    """Words beside a key or without use, of too few bits, stuck states, no lanes, pieces."""
    a = random_codes("e4m3fn", 1, 2, 3)
    formats, how = ("e4m3fn",) * 2, {"kind": "chain", "is_fused": 1, "result": "bfloat16"}
    sums = {"sum": ("bfloat16", "stochastic")}
    stream = LFSR.stream(1, lanes=4)
    before = stream.state
    stuck = source(LFSR.stream(1, lanes=4))
    stuck.states[2].words[0] = 0
    none = source(stream)
    none.lanes = 0
    small = nf.Rng("galois_lfsr", width=16, mask=0x8679).stream(1)
    cases = [
        ({**sums, "words": source(stream), "key": (1, 0)}, lib.NF_HAS_RANDOM),
        ({"sum": ("bfloat16",), "words": source(stream)}, lib.NF_HAS_RANDOM),
        (sums, lib.NF_NEEDS_RANDOM),
        ({**sums, "words": source(small)}, lib.NF_BAD_ROUNDING),
        ({**sums, "words": stuck}, lib.NF_BAD_ARGUMENT),
        ({**sums, "words": none}, lib.NF_BAD_ARGUMENT),
        ({**sums, "words": source(stream), "first": 1}, lib.NF_BAD_ARGUMENT),
    ]
    empty = nf.Recorded(np.zeros((1, 0), np.uint32))
    cases.append(({**sums, "words": source(empty)}, lib.NF_NEEDS_RANDOM))
    for fields, status in cases:
        with pytest.raises(Refused) as error:
            matmul(a, a, None, formats, **how, **fields)
        assert error.value.status == status
    assert stream.state == before
    matmul(a, a, None, formats, **how, sum=("bfloat16", "sr_a16"), words=source(small))


def test_a_stream_as_key_of_matmul():
    """The core's words; a record too short is refused and gives none."""
    path = nf.Datapath(
        prep={"a": "e4m3fn", "b": "e4m3fn"},
        block={"kind": "chain", "fma": True},
        acc={"type": "bfloat16", "round": "stochastic(bits=12,variant=lt)"},
    )
    a, b = random_codes("e4m3fn", 1, 6, 7), random_codes("e4m3fn", 1, 5, 7)
    x, y = nf.from_codes(a[0], "e4m3fn"), nf.from_codes(b[0].T, "e4m3fn")
    stream = LFSR.stream(4, lanes=8)
    zero = np.zeros((1, 6, 5), np.uint16)
    expected = chain(a, b, zero, "sr_lt12", words_of(stream, 30, 7))
    assert np.array_equal(nf.matmul(x, y, path, key=stream).codes, expected[0])
    after = stream.state
    assert after["lanes"][7] != LFSR.stream(4, lanes=8).state["lanes"][7]
    record = nf.Recorded(np.zeros((30, 6), np.uint32))
    with pytest.raises(nf.RandomError):
        nf.matmul(x, y, path, key=record)
    assert record.state == nf.Recorded(np.zeros((30, 6), np.uint32)).state
