"""Hardware random bits: published words, independent models, jumps, seeds and what is refused."""

import math
import pickle

import numpy as np
import oracle_generators as oracle
import oracle_random
import pytest

import numfmt as nf
from numfmt._core import ffi, lib

CVFPU = 0x80000EA6
# Koopman's masks (users.ece.cmu.edu/~koopman/lfsr), as PULP's LFSRs have them.
MASKS = {4: 0xC, 5: 0x1E, 6: 0x39, 7: 0x7E, 8: 0xFA, 9: 0x1FD, 10: 0x3FC, 11: 0x64B, 12: 0xD8F}
MASKS |= {13: 0x1296, 14: 0x2496, 15: 0x4357, 16: 0x8679}
# Primitive polynomials less their first term: x^4 + x + 1 and so on.
TAPS = {3: 3, 4: 3, 5: 5, 7: 3, 8: 0x1D, 9: 0x11, 10: 9, 11: 5, 12: 0x53, 15: 3, 16: 0x2D}
KINDS = {
    "galois_lfsr": {"width": 32, "mask": CVFPU},
    "shift_xnor": {"width": 61, "mask": 0x27},
}
for _kind in nf.Rng.KINDS:
    KINDS.setdefault(_kind, {})
SEEDS = [1, 0xDEADBEEF, 0xFEDCBA9876543210]


def model(kind: str, seed: int, lane: int, width: int = 32, mask: int = 0):
    """The oracle's words of a lane under the rule `plus`."""
    state = (seed + lane) % 2**64
    if kind == "philox4x32-10":
        blocks = [np.uint64([i]) for i in range(20)]
        high = [np.uint64([0]), np.uint64([lane]), np.uint64([0])]
        key = seed % 2**32, seed >> 32
        return iter(
            [int(word[0]) for b in blocks for word in oracle_random.philox((b, *high), key)]
        )
    if kind == "threefry2x32-20":
        key = seed % 2**32, (seed >> 32) ^ lane
        return iter([word for i in range(40) for word in oracle.threefry2x32((i, 0), key)])
    if kind == "xoroshiro128aox":
        return oracle.xoroshiro128aox(state, 0)
    if kind in ("galois_lfsr", "shift_xnor"):
        return getattr(oracle, kind)(state % 2**width, width, mask)
    return getattr(oracle, kind)(state % 2**32)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_words_are_those_of_the_model(kind, seed):
    """Three lanes, word i of lane i mod 3, in two calls of lengths that lanes do not divide."""
    stream = nf.Generator(seed, kind=kind, lanes=3, first_lane=5, **KINDS[kind])
    lanes = [model(kind, seed, 5 + lane, **KINDS[kind]) for lane in range(3)]
    for n in (31, 40):
        expected = [next(lanes[i % 3]) for i in range(n)]
        assert stream.words(n).tolist() == expected


def test_xorshift32_of_marsaglia():
    """The paper's seed, 2463534242, and its first words."""
    stream = nf.Generator(2463534242, kind="xorshift32")
    assert stream.words(3).tolist() == [723471715, 2497366906, 2064144800]


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_of_random123(counter, key, words):
    """Random123's kat_vectors; the block behind all ones is block 0."""
    stream = nf.Generator(0, kind="philox4x32-10", lanes=1)
    c = [counter[0] | counter[1] << 32, counter[2] | counter[3] << 32]
    stream.state = {"kind": stream.kind, "lanes": [[*c, key[0] | key[1] << 32, 0]]}
    assert stream.words(4).tolist() == words
    after = (c[0] + (c[1] << 64) + 1) % 2**128
    assert stream.state["lanes"][0][:2] == [after % 2**64, after >> 64]


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0, 0], [0, 0], [0x6B200159, 0x99BA4EFE]),
        ([2**32 - 1] * 2, [2**32 - 1] * 2, [0x1CB996FC, 0xBB002BE7]),
        ([0x243F6A88, 0x85A308D3], [0x13198A2E, 0x03707344], [0xC4923A9C, 0x483DF7A0]),
    ],
)
def test_threefry_of_random123(counter, key, words):
    """Random123's kat_vectors, which JAX's default generator has too."""
    stream = nf.Generator(0, kind="threefry2x32-20")
    lanes = [[counter[0] | counter[1] << 32, 0, key[0] | key[1] << 32, 0]]
    stream.state = {"kind": stream.kind, "lanes": lanes}
    assert stream.words(2).tolist() == words
    assert oracle.threefry2x32(tuple(counter), tuple(key)) == words


def polynomial_of_state(polynomial: int, state: list[int]) -> list[int]:
    """Sum of the states that coefficient i of the polynomial is 1 for, by the oracle's steps."""
    total, (s0, s1) = [0, 0], state
    for i in range(polynomial.bit_length()):
        if polynomial >> i & 1:
            total = [total[0] ^ s0, total[1] ^ s1]
        x = s0 ^ s1
        s0, s1 = oracle.turned(s0, 55) ^ x ^ (x << 14) % 2**64, oracle.turned(x, 36)
    return total


def test_xoroshiro128_jumps_as_its_authors():
    """2**64 steps by the polynomial of xoroshiro128 55-14-36 (Blackman and Vigna), and its
    characteristic polynomial (Hanlon and Felix's programs)."""
    stream = nf.Generator(7, kind="xoroshiro128aox", seed_rule="splitmix")
    begin = stream.state["lanes"][0][:2]
    for _ in range(2):
        stream.jump(2**63)
    jump = 0xBEAC0467EBA5FACB | 0xD86B048B86AA9922 << 64
    assert stream.state["lanes"][0][:2] == polynomial_of_state(jump, begin)
    characteristic = 0x5FD66762F0E1C001 | 0x00653CED7F29F88A << 64 | 1 << 128
    assert polynomial_of_state(characteristic, begin) == [0, 0]


@pytest.mark.parametrize(
    ("kind", "seed", "width", "mask"),
    [
        *(("galois_lfsr", 1, width, mask) for width, mask in MASKS.items()),
        *(("shift_xnor", 0, width, mask) for width, mask in TAPS.items()),
    ],
)
def test_registers_of_full_period(kind, seed, width, mask):
    """Koopman's masks go through every state but 0, primitive polynomials of an xnor register
    through every state but all ones."""
    stream = nf.Generator(seed, kind=kind, width=width, mask=mask)
    words = stream.words(2**width)
    assert len(set(words.tolist())) == 2**width - 1
    assert words[-1] == words[0]


@pytest.mark.parametrize(
    ("kind", "divisors"),
    [
        *((kind, (3, 5, 17, 257, 65537)) for kind in ("galois_lfsr", "xorshift32", "v_prng_b32")),
        ("tenstorrent", (7, 233, 1103, 2089)),
    ],
)
def test_periods_of_32_bits(kind, divisors):
    """2**32 - 1 steps come back, and no divisor of it does; Tenstorrent's taps are those of a
    register that shifts the other way: x^32 + x^31 + x^21 + x + 1 has factors of degree 3 and 29,
    and the period is 7 * (2**29 - 1)."""
    period = math.prod(divisors)
    assert period == (7 * (2**29 - 1) if kind == "tenstorrent" else 2**32 - 1)
    for steps in (period, *(period // d for d in divisors)):
        stream = nf.Generator(1, kind=kind, **KINDS[kind])
        before = stream.state
        stream.jump(steps)
        assert (stream.state == before) == (steps == period)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 64, 1000, 4099])
@pytest.mark.parametrize("kind", KINDS)
def test_a_jump_is_as_many_words(kind, n):
    """Every lane goes n words on, from any word of a counter's block."""
    for start in range(4):
        jumping = nf.Generator(3, kind=kind, lanes=2, **KINDS[kind])
        jumping.words(2 * start)
        stepping = jumping.copy()
        jumping.jump(n)
        stepping.words(2 * n)
        assert jumping.state == stepping.state


@pytest.mark.parametrize("kind", KINDS)
def test_jumps_add_up(kind):
    """Far jumps, of which no steps could be counted."""
    one, two = (nf.Rng(kind, **KINDS[kind]).stream(3) for _ in range(2))
    for n in (2**63 + 12345, 2**40 - 1, 10**18):
        one.jump(n)
    for n in (2**63, 10**18 + 12345, 2**40 - 1):
        two.jump(n)
    assert one.state == two.state
    assert np.array_equal(one.words(9), two.words(9))


def test_seed_rules():
    """The sum's low bits, its complement's, and SplitMix64's outputs."""
    lfsr = {"kind": "galois_lfsr", "width": 12, "mask": 0xD8F}
    for rule, state in (("plus", 0x2BD), ("complement", 0xD42)):
        stream = nf.Generator(0xABC2B8, seed_rule=rule, lanes=2, first_lane=5, **lfsr)
        assert stream.state["lanes"][0][0] == state
    mixed = oracle.first(oracle.splitmix64(99), 8)
    stream = nf.Generator(99, seed_rule="splitmix", lanes=2, first_lane=3, **lfsr)
    assert [lane[0] for lane in stream.state["lanes"]] == [x % 4096 for x in mixed[3:5]]
    stream = nf.Generator(99, kind="xoroshiro128aox", seed_rule="splitmix", lanes=2, first_lane=1)
    assert [lane[:2] for lane in stream.state["lanes"]] == [mixed[2:4], mixed[4:6]]
    assert oracle.first(oracle.splitmix64(0), 2) == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


def test_cvfpu_begins_with_the_complement_of_its_id():
    """The register of PULP's FPU: loaded with ~id, one step an operation."""
    rng = nf.Rng("lfsr", width=32, mask=CVFPU, seed_rule="complement")
    words = rng.stream(3).words(5).tolist()
    assert words == oracle.first(oracle.galois_lfsr(2**32 - 1 - 3, 32, CVFPU), 5)
    assert rng == nf.Rng("galois_lfsr", width=32, mask=CVFPU, seed_rule="complement")
    assert hash(rng) == hash(pickle.loads(pickle.dumps(rng)))


@pytest.mark.parametrize(
    ("seed", "arguments", "says"),
    [
        (0, {"kind": "xorshift32"}, "seed=0 gives lane 0 of xorshift32"),
        (2**64 - 3, {"kind": "v_prng_b32", "lanes": 5}, "gives lane 3 of"),
        (2**32 - 1, {"kind": "tenstorrent"}, "gives lane 0 of tenstorrent"),
        (2**5 - 1, {"kind": "shift_xnor", "width": 5, "mask": 5}, "state that never changes"),
        (0, {"kind": "threefry2x32-20", "first_lane": 2**32}, "lanes 0 to"),
        (1, {"kind": "galois_lfsr"}, "galois_lfsr needs width"),
        (1, {"kind": "galois_lfsr", "width": 8, "mask": 0x7F}, "bit 7, the top one"),
        (1, {"kind": "galois_lfsr", "width": 8, "mask": 0x1FF}, "mask=511 must be an integer"),
        (1, {"kind": "shift_xnor", "width": 8, "mask": 0x82}, "must have bit 0"),
        (1, {"kind": "shift_xnor", "width": 8, "mask": 0x83}, "an even number of bits"),
        (1, {"kind": "shift_xnor", "width": 1, "mask": 1}, "from 2 to 64"),
        (1, {"kind": "shift_xnor", "width": 65, "mask": 1}, "from 0 to 64"),
        (1, {"kind": "xorshift32", "mask": 1}, "takes no mask"),
        (1, {"kind": "xorshift32", "tap": 1}, "parameter='tap'"),
        (1, {"kind": "philox4x32-10", "lanes": 2, "seed_rule": "splitmix"}, "takes 'plus' alone"),
        (1, {"kind": "xorshift32", "seed_rule": "minus"}, "seed_rule='minus'"),
        (1, {"kind": "xorshift32", "lanes": 0}, "lanes=0 must be"),
        (-1, {"kind": "xorshift32"}, "seed=-1 must be"),
        (1, {"kind": "external"}, "numfmt.Recorded"),
        (1, {"kind": "xorshift"}, "did you mean 'xorshift32'"),
    ],
)
def test_what_is_no_generator_is_refused(seed, arguments, says):
    """The message names the argument and what it may be."""
    with pytest.raises(nf.RandomError, match=says.replace(".", r"\.")):
        nf.Generator(seed, **arguments)


def core(**fields):
    """An ``nf_generator *``."""
    return ffi.new("nf_generator *", fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": 9},
        {"seed_rule": 3, "width": 2, "mask": 3},
        {"width": 65, "mask": 1 << 63},
        {"width": 8, "mask": 0x180},
        {"kind": 2, "width": 32},
        {"kind": 2, "recorded_count": 3},
        {"kind": 8, "recorded_count": 3, "recorded_lanes": 1},
        {"kind": 8, "recorded_count": 2**62, "recorded_lanes": 8},
        {"kind": 6, "seed_rule": 1},
    ],
)
def test_the_core_refuses_nonsense(fields):
    """Nothing is written, nothing crashes; NULLs are refused too."""
    g, states, words = core(**fields), ffi.new("nf_generator_state[2]"), ffi.new("uint32_t[4]")
    bad = lib.NF_BAD_ARGUMENT
    assert lib.nf_generator_check(g) == bad == lib.nf_generator_check(ffi.NULL)
    assert lib.nf_generator_word_bits(g) == 0
    assert lib.nf_generator_seed(g, 1, 0, states, 2, ffi.NULL) == bad
    assert lib.nf_generator_words(g, states, 2, words, 4, 4) == bad
    assert lib.nf_generator_jump(g, states, 2, 1) == bad
    good = core(kind=2)
    assert lib.nf_generator_seed(good, 0, 0, states, 2, ffi.NULL) == bad
    assert lib.nf_generator_words(good, states, 2, words, 4, 4) == bad
    assert lib.nf_generator_seed(good, 1, 0, ffi.NULL, 2, ffi.NULL) == bad
    assert lib.nf_generator_seed(good, 1, 0, states, 2, ffi.NULL) == lib.NF_OK
    for arguments in (
        (2, ffi.NULL, 4, 4),
        (2, words, 2, 4),
        (0, words, 4, 4),
        (2**62, words, 4, 4),
    ):
        assert lib.nf_generator_words(good, states, *arguments) == bad
    assert list(words) == [0] * 4
    assert lib.nf_generator_words(good, states, 0, ffi.NULL, 8, 0) == lib.NF_OK
