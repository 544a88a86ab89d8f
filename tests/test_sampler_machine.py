"""Machines in full: noise sources, functions, listed operations, generators, built-in machines."""

import dataclasses
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _noise
from lp_sampler._arithmetic import Arithmetic
from lp_sampler._evaluate import Evaluation
from lp_sampler._unit import VectorUnit

pytestmark = [
    pytest.mark.filterwarnings("ignore::lp_sampler.ShortRunWarning"),
    pytest.mark.filterwarnings("ignore::lp_sampler.PrecisionWarning"),
]
KEY = nf.Key(21)
MACHINES = ("fp32", "bf16_sr", "fixed8", "bfp8", "h100_fp8", "npu_int8")
MACHINES += ("posit8_quire", "fpga_ap_fixed", "cvfpu_fp8")
RANDOM = np.random.default_rng(4)
LOGISTIC = lps.targets.LogisticRegression(RANDOM.normal(size=(30, 3)), RANDOM.random(30) < 0.5)
SOURCES = {
    "exact": nf.GaussianSource(),
    "central_limit": nf.GaussianSource("central_limit", terms=12, bits=16),
    "central_limit of few": nf.GaussianSource("central_limit", terms=3, bits=2),
    "inverse_cdf": nf.GaussianSource("inverse_cdf", bits=8),
    "box_muller": nf.GaussianSource("box_muller", bits=8, fraction_bits=6),
    "discrete": nf.GaussianSource("discrete", fraction_bits=2),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_noise_has_its_mean_and_variance(source):
    """By z-score, with the variance that tables and few bits have."""
    x = _noise.standard_noise(source, KEY, (200_000,))
    variance = _noise.variance_of(source)
    assert abs(variance - 1) < 0.03
    assert abs(x.mean() / math.sqrt(variance / x.size)) < 4
    spread = np.sqrt(((x**4).mean() - variance**2) / x.size)
    assert abs(((x**2).mean() - variance) / spread) < 4


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_noise_of_a_piece_is_a_piece_of_the_noise(source):
    """Element n is the same whatever is drawn beside it."""
    whole = _noise.standard_noise(source, KEY.at(3), (40,))
    piece = _noise.standard_noise(source, KEY.at(3, first=25), (15,))
    assert piece.tobytes() == whole[25:].tobytes()


def test_central_limit_noise_is_the_sum_of_its_words():
    """By hand: words of two bits, three of them."""
    x = _noise.standard_noise(SOURCES["central_limit of few"], KEY, (50,))
    words = sum(nf.random_bits(KEY.fold_in("term", i), (50,)).astype(int) >> 30 for i in range(3))
    np.testing.assert_allclose(x, (words - 4.5) / math.sqrt(3 * 15 / 12), rtol=1e-15)


def test_quantiles_are_the_normal_law_s():
    """At the middles of 256 equal probabilities, by mpmath."""
    for i, x in enumerate(_noise.quantiles(8).tolist()):
        exact = mpmath.sqrt(2) * mpmath.erfinv(2 * (mpmath.mpf(i) + 0.5) / 256 - 1)
        assert abs(x - exact) < 1e-14


def test_box_muller_s_tables_are_rounded_once():
    """Every entry, by mpmath."""
    radii, cosines = _noise.radii_and_cosines(8, 6)
    for i in range(256):
        u = (mpmath.mpf(i) + 0.5) / 256
        assert radii[i] * 64 == mpmath.nint(mpmath.sqrt(-2 * mpmath.log(u)) * 64)
        assert cosines[i] * 64 == mpmath.nint(mpmath.cos(2 * mpmath.pi * u) * 64)


def test_discrete_noise_has_the_discrete_law():
    """Thresholds are 2**64 times the distribution function, by mpmath; counts by chi-square."""
    fraction, digits = 2, mpmath.mp.dps
    try:
        mpmath.mp.dps = 50
        points = [mpmath.mpf(k) / 4 for k in range(-36, 37)]
        weights = [mpmath.exp(-(x**2) / 2) for x in points]
        total, below = mpmath.fsum(weights), mpmath.mpf(0)
        found = _noise.discrete_thresholds(fraction).tolist()
        for weight, threshold in zip(weights[:-1], found, strict=True):
            below += weight
            assert threshold == min(int(mpmath.ceil(below / total * 2**64)), 2**64 - 1)
    finally:
        mpmath.mp.dps = digits
    x = _noise.standard_noise(SOURCES["discrete"], KEY, (100_000,))
    values, law = _noise.discrete_law(fraction)
    inner = np.abs(values) <= 3
    counts = np.array([(x == value).sum() for value in values[inner]])
    expected = law[inner] * x.size
    chi = np.sum((counts - expected) ** 2 / expected)
    assert chi < inner.sum() + 4 * math.sqrt(2 * inner.sum())


def with_tables(**tables):
    """The machine fixed8 with other tables."""
    return dataclasses.replace(nf.machine("fixed8"), name="mine", **tables)


def test_functions_are_correctly_rounded_to_the_unit_s_format():
    """In binary16: the nearest of mpmath's value."""
    z = nf.quantize(np.linspace(-6, 6, 97).astype("f4"), "binary16")
    arithmetic = Arithmetic(with_tables(vector_unit=nf.VectorUnit("binary16")), KEY)
    exact = {
        "exp": mpmath.exp,
        "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
        "log_logistic": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    }
    for name, function in exact.items():
        wanted = [float(nf.quantize(float(function(mpmath.mpf(float(x)))), "binary16")) for x in z]
        assert getattr(arithmetic, name)(z).tolist() == wanted


def test_bounded_functions_stay_within_their_ulps_and_reach_them():
    """Every result is at most n places away, and some are n."""
    z = np.linspace(-3, 3, 5001).astype("f4")
    rough = nf.SpecialFunction("ulp_bounded", ulps=2)
    plain = Arithmetic(nf.machine("fixed8"), KEY).exp(z)
    moved = Arithmetic(with_tables(special=(("exp", rough),)), KEY).exp(z)
    places = moved.view(np.int32) - plain.view(np.int32)
    assert set(places.tolist()) == {-2, -1, 0, 1, 2}
    again = Arithmetic(with_tables(special=(("exp", rough),)), KEY).exp(z[::-1])
    assert again.tobytes() == moved[::-1].tobytes()


def test_tables_give_the_middle_of_a_cell_or_a_line():
    """16 cells from -4 to 4; beyond it the ends'."""
    fields = {"index_bits": 4, "low": -4, "high": 4}
    steps = nf.SpecialFunction("table", **fields)
    lines = nf.SpecialFunction("table", interpolation="linear", **fields)
    z = np.float32([-9, -4, -3.9, 0.1, 3.99, 4, 9, np.nan])
    middles = np.float32([-3.75, -3.75, -3.75, 0.25, 3.75, 3.75, 3.75])
    found = Arithmetic(with_tables(special=(("logistic", steps),)), KEY).logistic(z)
    assert found[:-1].tobytes() == nf.binary32.logistic(middles).tobytes()
    assert np.isnan(found[-1])
    found = Arithmetic(with_tables(special=(("logistic", lines),)), KEY).logistic(z)
    ends = np.linspace(-4, 4, 17)
    exact = np.interp(z[:-1].astype(float), ends, nf.binary32.logistic(ends.astype("f4")))
    np.testing.assert_allclose(found[:-1], exact, rtol=3e-7)


UPDATE = (
    nf.MicroOp("multiply", a="step", b="gradient", out="drift", format="bfloat16"),
    nf.MicroOp("add", a="params", b="drift", out="mean"),
    nf.MicroOp("fma", a="deviation", b="noise", c="mean", out="noisy"),
    nf.MicroOp("convert", a="noisy", out="theta", format="bfloat16", round="toward_zero"),
)


@pytest.mark.parametrize("accumulator", ["full", "naive", "vc"])
def test_a_listed_step_is_its_operations(accumulator):
    """One step, each operation written out: the drift in bfloat16, a fused noise, a cut."""
    machine = with_tables(update=UPDATE)
    target = lps.targets.Gaussian(size=5)
    start = np.float32([0.5, -1.25, 2, 0.125, -3])
    kernel = lps.kernels.SGLD(0.1, accumulator=accumulator)
    settings = {"draws": 1, "warmup": 0, "thin": 1, "chains": 1, "progress": False, "seed": 9}
    drawn = lps.sample(kernel, target, machine, init=start, **settings).draws[0, 0]
    key, step = nf.Key(9), np.float32(0.1)
    gradient = nf.quantize(-start, machine.gradient, key=key.fold_in("gradient"))
    if accumulator == "full":
        weights = nf.quantize(start, machine.weight, key=key.fold_in("forward"))
        gradient = nf.quantize(-weights, machine.gradient, key=key.fold_in("gradient"))
    drift = [float(Fraction(float(step)) * Fraction(float(g))) for g in gradient]
    mean = start + nf.quantize(np.float64(drift), "bfloat16").astype("f4")
    deviation = np.float32(math.sqrt(2 * 0.1))
    noise = nf.gaussian(key.fold_in("noise"), (1, 5)).astype("f4")[0]
    exact = [
        Fraction(float(deviation)) * Fraction(float(x)) + Fraction(float(m))
        for x, m in zip(noise, mean, strict=True)
    ]
    theta = nf.quantize(np.float32([float(x) for x in exact]), "bfloat16", "toward_zero")
    if accumulator == "vc":
        expected = nf.variance_corrected(mean, 0.2, "fixed<8,3>", key=key.fold_in("weight"))
    elif accumulator == "naive":
        expected = nf.quantize(theta, machine.accumulator, key=key.fold_in("weight"))
    else:
        expected = theta
    assert drawn.tolist() == expected.tolist()


def test_a_list_of_the_usual_operations_changes_no_bit():
    """The default, written out, gives the fused step's bytes."""
    usual = (
        nf.MicroOp("multiply", a="step", b="gradient", out="drift"),
        nf.MicroOp("add", a="params", b="drift", out="mean"),
        nf.MicroOp("multiply", a="deviation", b="noise", out="kick"),
        nf.MicroOp("add", a="mean", b="kick", out="theta"),
    )
    for accumulator in ("full", "naive", "vc", "one_shot"):
        kernel = lps.kernels.SGLD(0.01, accumulator=accumulator)
        settings = {"draws": 5, "warmup": 3, "thin": 2, "chains": 3, "progress": False}
        runs = [
            lps.sample(kernel, LOGISTIC, machine, **settings).draws
            for machine in ("fixed8", with_tables(update=usual))
        ]
        assert runs[0].tobytes() == runs[1].tobytes()


def test_kernels_with_other_steps_refuse_a_list():
    """A list is of Langevin's step."""
    kernel = lps.kernels.SGHMC()
    with pytest.raises(nf.MachineError, match="SGHMC takes steps of another kind"):
        lps.sample(kernel, LOGISTIC, with_tables(update=UPDATE))


@pytest.mark.parametrize("name", MACHINES)
def test_built_in_machines_sample_and_chains_stand_alone(name):
    """Every machine runs, also read back from its own file; a chain alone has the same bytes."""
    machine = nf.machine(name)
    for accumulator in ("full", "naive", "vc"):
        kernel = lps.kernels.SGLD(5e-3, accumulator=accumulator)
        settings = {"draws": 2, "warmup": 2, "thin": 2, "progress": False}
        together = np.asarray(lps.sample(kernel, LOGISTIC, machine, chains=3, **settings).draws)
        alone = np.asarray(lps.sample(kernel, LOGISTIC, machine, chains=[2], **settings).draws)
        assert alone.tobytes() == together[2:].tobytes()
        assert np.ptp(together) > 0


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_built_in_machines_read_back(name, suffix, tmp_path):
    """Written whole and read again, they are equal."""
    machine, path = nf.machine(name), tmp_path / f"m.{suffix}"
    path.write_text(getattr(machine, f"to_{suffix}")())
    assert nf.machine(path) == machine


def test_a_machine_s_own_words_round_its_products():
    """Chain j's register is seeded by seed + j and stands where its step and product say."""
    machine = nf.machine("cvfpu_fp8")
    a = nf.quantize(RANDOM.normal(size=(3, 8)).astype("f4"), "e5m2")
    b = nf.quantize(RANDOM.normal(size=(8, 4)).astype("f4"), "e5m2")
    found = Arithmetic(machine, nf.Key(5).at(7), first_chain=2).matmul(a, b)
    for row in range(3):
        stream = machine.stream(5 + 2 + row, results=4)
        stream.jump((7 * 4096 + 1) << 24)
        expected = nf.matmul(a[row : row + 1], b, machine.datapath(), key=stream).values
        assert found[row : row + 1].tolist() == expected.tolist()


def test_constants_of_other_formats_multiply_exactly():
    """A step of 22 fraction bits times a 24-bit number, cut once to the unit's format."""
    unit = VectorUnit(nf.machine("fpga_ap_fixed"), KEY)
    step = unit.constant(2e-4)
    assert step == np.float32(839 / 2**22)
    product = unit.multiply(step, np.float32([3.25]))
    assert product[0] == math.floor(Fraction(839, 2**22) * Fraction(13, 4) * 2**18) / 2**18
    assert unit.constant(1.0) == 1  # a step size, and the deviation of its noise
    assert abs(unit.constant(2**0.5) - 2**0.5) < 2**-22


@pytest.mark.parametrize(
    "target",
    [
        LOGISTIC,
        lps.targets.SoftmaxRegression(RANDOM.normal(size=(12, 3)), RANDOM.integers(0, 3, 12)),
        lps.targets.MLP(RANDOM.normal(size=(12, 3)), RANDOM.integers(0, 3, 12), (4,)),
    ],
    ids=["logistic", "softmax", "mlp"],
)
def test_targets_in_a_unit_that_rounds_at_random_stand_alone_and_resume(target):
    """Every step has bits of its own, whatever was computed before or beside."""
    unit = nf.VectorUnit("bfloat16", round="stochastic")
    machine = dataclasses.replace(nf.machine("bf16_sr"), vector_unit=unit, name="mine")
    kernel = lps.kernels.SGLD(5e-3, accumulator="full")
    settings = {"draws": 3, "warmup": 2, "thin": 1, "progress": False}
    together = np.asarray(lps.sample(kernel, target, machine, chains=3, **settings).draws)
    alone = np.asarray(lps.sample(kernel, target, machine, chains=[2], **settings).draws)
    assert alone.tobytes() == together[2:].tobytes()
    bound = target.on(machine, KEY)
    start = np.float32(together[:, -1])
    at = [Evaluation(bound, machine, KEY.at(step)).gradient(start) for step in (4, 5, 4)]
    assert at[0].tobytes() == at[2].tobytes() != at[1].tobytes()
