"""nf_requantize against the oracle, on every instruction set."""

import math

import numpy as np
import oracle_requantize as oracle
import pytest
from requantize_cases import FIXED_POINT, LONG, MODES, SHIFT, accumulators, multipliers

import numfmt as nf
from numfmt import _core
from numfmt._requantize import requantize_codes

ISAS = _core.available_isas()
WIDTHS = [(mode, bits) for mode in MODES for bits in ((32, 64) if mode in LONG else (32,))]
ENDS = {"i1": (-128, 127), "u1": (0, 255), "i2": (-32768, 32767), "u2": (0, 65535)}
WIDE = (-(2**31), 2**31 - 1)


def arrays(mode, given):
    """What the core's call takes of a list of multipliers."""
    if mode in SHIFT:
        return None, np.array(given, np.int32)
    if mode in FIXED_POINT:
        q, s = zip(*given, strict=True)
        return np.array(q, np.int32), np.array(s, np.int32)
    return np.array(given, np.float64), None


def run(mode, x, given, zero_point=0, ends=WIDE, dtype="i4", axis=None):
    """Results of the core."""
    out = np.zeros(x.shape, dtype)
    requantize_codes(x, mode, *arrays(mode, given), zero_point, *ends, out, axis)
    return out


def expected(mode, x, m, zero_point=0, ends=WIDE):
    """Results of the oracle."""
    return [oracle.requantized(mode, v, m, zero_point, ends) for v in x.tolist()]


def numbers(mode, bits):
    """Accumulators that the mode takes."""
    x = accumulators(min(bits, 48) if mode == "int16x8" else bits)
    return x.astype(f"i{bits // 8}")


@pytest.fixture(scope="module")
def wanted():
    """The oracle's results for each mode and width, computed once."""
    known = {}

    def get(mode, bits):
        if (mode, bits) not in known:
            x = numbers(mode, bits)
            known[mode, bits] = [expected(mode, x, m) for m in multipliers(mode, bits)]
        return known[mode, bits]

    return get


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("mode", "bits"), WIDTHS)
def test_every_mode_is_the_formula(mode, bits, isa, wanted):
    """Ends, ties and random accumulators, for multipliers at the ends of their ranges."""
    x = numbers(mode, bits)
    with _core.forced_isa(isa):
        for m, exact in zip(multipliers(mode, bits), wanted(mode, bits), strict=True):
            assert run(mode, x, [m]).tolist() == exact, m


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("mode", MODES)
def test_multipliers_vary_along_any_axis(mode, isa):
    """First, middle and last, with sizes that do not divide a block."""
    given = multipliers(mode)[:7]
    rng = np.random.default_rng(5)
    for axis, shape in enumerate([(7, 3, 41), (5, 7, 33), (43, 5, 7)]):
        x = rng.integers(-(2**20), 2**20, shape).astype(np.int32)
        with _core.forced_isa(isa):
            got = run(mode, x, given, 3, (-128, 127), "i1", axis)
        for c, m in enumerate(given):
            part = np.take(x, c, axis).ravel()
            assert np.take(got, c, axis).ravel().tolist() == expected(mode, part, m, 3, (-128, 127))


@pytest.mark.parametrize("dtype", ENDS)
@pytest.mark.parametrize("mode", MODES)
def test_zero_points_and_ends(mode, dtype):
    """The zero point is added without wrapping, then results are clamped."""
    x = accumulators().astype(np.int32)
    m = {**dict.fromkeys(FIXED_POINT, (2**30 + 7, -9)), **dict.fromkeys(SHIFT, 9)}.get(mode, 2**-9)
    low, high = ENDS[dtype]
    for zero, ends in [
        (0, (low, high)),
        (high, (low, high)),
        (low, (low + 5, high - 9)),
        (-(2**31), (high - 1, high)),
        (2**31 - 1, (low, low)),
    ]:
        got = run(mode, x, [m], zero, ends, dtype)
        assert got.tolist() == expected(mode, x, m, zero, ends)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("mode", MODES)
def test_pieces_and_threads_change_nothing(mode, isa):
    """An array of several pieces is its elements, on one thread or more."""
    m = multipliers(mode)[-3:]
    rng = np.random.default_rng(6)
    x = rng.integers(-(2**31), 2**31, (20011, 3)).astype(np.int32)
    before = nf.get_num_threads()
    try:
        with _core.forced_isa(isa):
            nf.set_num_threads(3)
            many = run(mode, x, m, axis=1)
            nf.set_num_threads(1)
            once = run(mode, x, m, axis=1)
            halves = [run(mode, half, m, axis=1) for half in (x[:77], x[77:])]
    finally:
        nf.set_num_threads(before)
    assert np.array_equal(many, once)
    assert np.array_equal(np.concatenate(halves), once)


def test_results_may_replace_accumulators():
    """The same memory, where elements have the same size."""
    x = accumulators().astype(np.int32)
    wanted = run("single", x, [(2**30, -3)])
    requantize_codes(x, "single", *arrays("single", [(2**30, -3)]), 0, *WIDE, x)
    assert np.array_equal(x, wanted)


F = oracle.Fraction


def not_saturated(x, q, s):
    """gemmlowp_double where (-2**31)**2 is 2**31."""
    return oracle.half_away(F(oracle.high_half(x, q, s), 2 ** max(-s, 0)))


MUTANTS = [  # the formulas, each with one step wrong
    ("gemmlowp_double", lambda x, m: oracle.ruy_avx512(x, *m)),
    ("gemmlowp_double", lambda x, m: oracle.single(x, *m)),
    (
        "gemmlowp_double",
        lambda x, m: oracle.half_away(F(oracle.high_half(x, *m), 2 ** max(-m[1], 0))),
    ),
    ("single", lambda x, m: oracle.half_away(F(x * m[0], 2 ** (31 - m[1])))),
    ("single", lambda x, m: oracle.half_even(F(x * m[0], 2 ** (31 - m[1])))),
    ("single", lambda x, m: oracle.ruy_avx512(x, *m)),
    ("ruy_avx512", lambda x, m: oracle.single(x, *m)),
    ("ethos_u_truncate", lambda x, m: (x * m[0]) >> (31 - m[1])),
    ("int16x8", lambda x, m: oracle.single(x, *m)),
    ("int16x8", lambda x, m: oracle.half_up(F(x * (m[0] >> 16), 2 ** (15 - m[1])))),
    ("int16x8", lambda x, m: oracle.half_up(F(x * ((m[0] + 2**15) >> 16), 2 ** (15 - m[1])))),
    ("f64_half_away", lambda x, m: oracle.half_away(F(x) * F(m))),
    ("f64_half_away", lambda x, m: oracle.half_even(oracle.binary64(F(x) * F(m)))),
    ("f64_half_away", lambda x, m: math.trunc(x * m + math.copysign(0.5, x)) if m < 2**99 else x),
    ("f32_rne", lambda x, m: oracle.half_even(oracle.binary32(F(x) * F(m)))),
    ("f32_rne", lambda x, m: oracle.half_even(oracle.binary32(F(x)) * F(m))),
    ("f32_rne", lambda x, m: oracle.half_away(oracle.binary32(oracle.binary32(F(x)) * F(m)))),
    ("shift_rhu", lambda x, m: oracle.half_away(F(x, 2**m))),
    ("shift_rha", lambda x, m: oracle.half_up(F(x, 2**m))),
    ("shift_rne", lambda x, m: oracle.half_up(F(x, 2**m))),
    ("shift_trn", lambda x, m: math.trunc(F(x, 2**m))),
]


@pytest.mark.parametrize(("mode", "mutant"), MUTANTS)
def test_the_cases_find_a_wrong_step(mode, mutant):
    """They can fail: each wrong formula gives another result somewhere."""
    x = accumulators().astype(np.int32)
    low, high = WIDE
    for m in multipliers(mode):
        wrong = [min(max(mutant(v, m) - 5, low), high) for v in x.tolist()]
        if run(mode, x, [m], -5).tolist() != wrong:
            return
    pytest.fail("no case tells them apart")
