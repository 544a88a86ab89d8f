"""Accumulator policies: their spellings, their bits and the moments of one step."""

import numpy as np
import pytest
from sampler_steps import FIXED8, pushed, steps, z_mean, z_variance
from scipy.special import ndtr

import lp_sampler as lps
import numfmt as nf
from lp_sampler._ornstein_uhlenbeck import ornstein_uhlenbeck
from lp_sampler._refine import refined
from lp_sampler._unit import VectorUnit
from lp_sampler.accumulators import ACCUMULATORS, accumulator
from lp_sampler.experiments._gaussian import hamiltonian_step, stationary_covariance

SPELLINGS = ("full", "naive", "naive_nearest", "vc", "one_shot", "blend(rho=0.01)")
SPELLINGS = (*SPELLINGS, "error_feedback(bits=8)", "error_feedback(bits=3)")
GAP = 1 / 8


def test_spellings_with_parameters():
    """Parameters are read, missing ones have their defaults, and a policy spells itself."""
    assert accumulator("blend(rho=1e-3)") == lps.accumulators.Blend(1e-3)
    assert accumulator(" blend ( rho = 0 ) ").rho == 0
    assert accumulator("error_feedback()").bits == 8
    for name in (*ACCUMULATORS, *SPELLINGS):
        policy = accumulator(name)
        assert accumulator(str(policy)) is accumulator(str(policy))
        assert accumulator(str(policy)) == policy


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("blnd(rho=1)", "did you mean 'blend'"),
        ("error_feedbak", "did you mean 'error_feedback'"),
        ("blend(rh=1)", "parameter of 'blend': unknown 'rh'; did you mean 'rho'"),
        ("blend(rho=x)", "'blend': rho: a number is allowed; got 'x'"),
        ("blend(rho=2)", "rho: a number from 0 to 1"),
        ("blend(rho=nan)", "rho: a number from 0 to 1"),
        ("error_feedback(bits=0)", "bits: a whole number >= 1"),
        ("error_feedback(bits=1.5)", "bits: a whole number >= 1"),
        ("vc(rho=1)", "'vc' has no parameters; got 'rho=1'"),
        ("vc)", "accumulator: unknown"),
        (3, "accumulator: unknown 3"),
        ("joint", "'joint' .* has no meaning for SGLD; allowed: full, naive"),
    ],
)
def test_wrong_spellings_are_errors(spelling, message):
    """Each names what it was and what is allowed, the nearest name too."""
    with pytest.raises(lps.SamplerError, match=message):
        lps.kernels.SGLD(accumulator=spelling)


def rounded_law(mean, deviation, is_nearest):
    """Mean and variance of N(mean, deviation**2) rounded to multiples of the gap, from P(cell)."""
    points = np.arange(-400, 401) * GAP
    if is_nearest:
        below = ndtr((points + GAP / 2 - mean) / deviation)
        law = np.diff(below, prepend=0)
    else:
        knots = np.append(points, points[-1] + GAP)
        z = (knots - mean) / deviation
        ramps = deviation * (z * ndtr(z) + np.exp(-z * z / 2) / np.sqrt(2 * np.pi))
        law = np.diff(np.diff(ramps) / GAP, prepend=0)
    centre = law @ points
    return centre, law @ (points - centre) ** 2


def moments(spelling, mean, variance):
    """Of the array that the step's noise goes into."""
    if accumulator(spelling).name not in ("naive", "naive_nearest"):
        return mean, variance
    return rounded_law(mean, np.sqrt(variance), spelling == "naive_nearest")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("start", [0.25, -1.5])
@pytest.mark.parametrize(("step", "temperature"), [(1e-3, 1.0), (0.03, 0.5), (2e-3, 2.0)])
def test_one_step_has_its_mean_and_variance(spelling, start, step, temperature):
    """By z-scores, against theta + a g and 2 a T, of naive against the rounded Gaussian's law."""
    kernel = lps.kernels.SGLD(step, temperature, spelling)
    [(state, info)] = steps(kernel, pushed(1.25), np.full((300, 100), start))
    noisy = kernel.policy.carried(state.params, state.arrays)
    mean, variance = moments(spelling, start + 1.25 * step, 2 * step * temperature)
    assert abs(z_mean(noisy, mean)) < 4
    assert abs(z_variance(noisy, mean, variance)) < 4
    assert info.infeasible == 0
    spread = np.mean((noisy.astype(float) - start - 1.25 * step) ** 2) / (2 * step)
    assert info.effective_temperature == pytest.approx(spread, rel=1e-4)


@pytest.mark.parametrize("spelling", ["full", "naive", "naive_nearest", "vc", "one_shot"])
@pytest.mark.parametrize("machine", ["fixed8", "e4m3fn", "lns<8,3>"])
def test_a_general_unit_gives_the_fused_update_s_bits(spelling, machine, monkeypatch):
    """Operation by operation in binary32, a step is `sampler_update`."""
    kernel, target = lps.kernels.SGLD(3e-3, 0.7, spelling), lps.targets.Gaussian(size=7)
    start = np.random.default_rng(1).normal(size=(20, 7))
    common = {"count": 5, "machine": nf.machine(machine)}
    fused = steps(kernel, target, start, **common)
    monkeypatch.setattr(VectorUnit, "is_plain", False)
    general = steps(kernel, target, start, **common)
    for (one, told), (other, told_too) in zip(fused, general, strict=True):
        assert one.params.tobytes() == other.params.tobytes()
        for count in ("saturated", "infeasible", "frozen", "effective_temperature"):
            assert getattr(told, count) == getattr(told_too, count)


def test_blend_is_its_formula():
    """The copy and what is stored of it, from public functions alone."""
    kernel, target = lps.kernels.SGLD(0.01, 0.5, "blend(rho=0.25)"), lps.targets.Gaussian()
    start = np.random.default_rng(1).normal(size=(50, 1)).astype(np.float32)
    copy, key = start, nf.Key(0)
    stored = nf.quantize(start, FIXED8.accumulator, key=key.fold_in("init"))
    for number, (state, _) in enumerate(steps(kernel, target, start, count=4)):
        key = nf.Key(0).at(number)
        gradient = nf.quantize(-stored, FIXED8.gradient, key=key.fold_in("gradient"))
        copy = np.float32(0.25) * (stored - copy) + copy
        noise = nf.gaussian(key.fold_in("noise"), start.shape).astype(np.float32)
        copy = copy + np.float32(0.01) * gradient + np.float32(np.sqrt(0.01)) * noise
        stored = nf.quantize(copy, FIXED8.accumulator, key=key.fold_in("weight"))
        assert state.arrays["copy"].tobytes() == copy.tobytes()
        assert state.params.tobytes() == stored.tobytes()


def test_blend_of_nothing_keeps_the_copy_as_full_does():
    """With rho = 0 and rounding to nearest, the copy is the chain of `full`."""
    nearest = "fixed<8,3,rounding=nearest_even>"
    machine = FIXED8.replace(weight=nearest, accumulator=nearest)
    target, start = lps.targets.Gaussian(size=3), np.zeros((40, 3))
    chains = {
        name: steps(lps.kernels.SGLD(0.05, 1.0, name), target, start, count=20, machine=machine)
        for name in ("full", "blend(rho=0)")
    }
    for (full, _), (blend, _) in zip(*chains.values(), strict=True):
        assert blend.arrays["copy"].tobytes() == full.params.tobytes()
        assert blend.params.tobytes() == nf.quantize(full.params, nearest).tobytes()


def test_blend_has_the_stationary_variance_of_its_recursion():
    """y' = (1 - rho) y + rho w - a w + noise, w = y + stochastic error: one fixed point, exactly.

    With independent errors of variance s = E f(1-f) D**2, here D**2/6 as y is wide beside D:
    V = (1 - a)**2 V + (rho - a)**2 s + 2 a.
    """
    a, rho, chains = 0.1, 0.3, 6000
    exact = "fixed<14,9,rounding=stochastic>"
    kernel = lps.kernels.SGLD(a, 1.0, f"blend(rho={rho})")
    machine = FIXED8.replace(gradient=exact)
    target, start = lps.targets.Gaussian(), np.zeros((chains, 1))
    state, _ = steps(kernel, target, start, count=120, machine=machine)[-1]
    square = (2 * a + (rho - a) ** 2 * GAP**2 / 6) / (1 - (1 - a) ** 2)
    assert abs(z_variance(state.arrays["copy"], 0, square)) < 4
    assert abs(z_variance(state.params, 0, square + GAP**2 / 6)) < 4


def test_error_feedback_is_the_law_on_the_finer_grid():
    """From public functions alone, the stored parameters rounded by their own rounding."""
    kernel, target = lps.kernels.SGLD(0.01, 1.0, "error_feedback(bits=4)"), lps.targets.Gaussian()
    start = np.random.default_rng(1).normal(size=(50, 1)).astype(np.float32)
    finer = FIXED8.accumulator.replace(width=12, fraction_bits=7)
    extended = nf.quantize(start, finer, key=nf.Key(0).fold_in("init", "extended"))
    stored = nf.quantize(extended, FIXED8.accumulator, key=nf.Key(0).fold_in("init"))
    for number, (state, _) in enumerate(steps(kernel, target, start, count=4)):
        key = nf.Key(0).at(number)
        gradient = nf.quantize(-stored, FIXED8.gradient, key=key.fold_in("gradient"))
        mean = extended + np.float32(0.01) * gradient
        extended = nf.variance_corrected(mean, 0.02, finer, key=key.fold_in("weight"))
        stored = nf.quantize(extended, FIXED8.accumulator, key=key.fold_in("stored"))
        assert state.arrays["extended"].tobytes() == extended.tobytes()
        assert state.params.tobytes() == stored.tobytes()


def test_error_feedback_is_feasible_where_vc_is_not():
    """gap * |gradient| = 2.5 > 2: vc counts every coordinate, 8 more bits leave none."""
    for name, infeasible in (("vc", 1), ("error_feedback", 0)):
        kernel = lps.kernels.SGLD(1e-4, 1.0, name)
        [(state, info)] = steps(kernel, pushed(20), np.full((200, 100), 1.0))
        assert info.infeasible == infeasible * info.count
        noisy = kernel.policy.carried(state.params, state.arrays)
        variance = 2e-3 * (GAP - 2e-3) if infeasible else 2e-4
        assert abs(z_variance(noisy, 1.002, variance)) < 4


@pytest.mark.parametrize("format", ["fixed<8,3>", "ufixed<6,2>", "e4m3fn", "e5m2", "posit<8,1>"])
@pytest.mark.parametrize("bits", [1, 5])
def test_a_finer_format_holds_the_coarse_one(format, bits):
    """Every value stays, and gaps are 2**bits times smaller."""
    coarse = nf.parse(format)
    finer = refined(coarse, bits)
    values = coarse.all_values()
    values = values[np.isfinite(values)]
    assert np.array_equal(nf.quantize(values, finer), values)
    assert finer.eps == coarse.eps / 2**bits


def test_formats_that_cannot_be_finer_are_refused():
    """With the reason: no finer format in the family, or none that float32 holds."""
    for machine, spelling, message in [
        ("fixed8", "error_feedback(bits=20)", "fixed<8,3> with 20 more bits .* float32"),
        ("nf4", "error_feedback", "only fixed point, floats, posits, takums and blocks"),
    ]:
        kernel, target = lps.kernels.SGLD(accumulator=spelling), lps.targets.Gaussian()
        with pytest.raises(lps.SamplerError, match=message):
            lps.sample(kernel, target, machine, draws=1, warmup=0, thin=1, progress=False)


BLOCKS = "bfp<8,16>"


@pytest.mark.filterwarnings("ignore::lp_sampler.ShortRunWarning")
@pytest.mark.parametrize("spelling", ["full", "vc", "one_shot", "error_feedback(bits=6)", "joint"])
def test_blocks_have_the_stationary_variance_of_the_exact_recursion(spelling):
    """With a step's moments right in every block, the chain's are those of full precision."""
    if spelling == "joint":
        kernel = lps.kernels.SGHMC(0.2, friction=3.0, inverse_mass=2.0)
        exact = float(
            stationary_covariance(*hamiltonian_step(ornstein_uhlenbeck(0.2, 3, 2, 1)))[1, 1]
        )
    else:
        kernel, exact = lps.kernels.SGLD(0.05, accumulator=spelling), 1 / (1 - 0.05 / 2)
    target, chains = lps.targets.Gaussian(size=16), {"draws": 1, "chains": 2000}
    run = lps.sample(kernel, target, BLOCKS, warmup=100, thin=1, progress=False, **chains)
    assert run.stats["infeasible"].max() == 0
    assert abs(z_variance(run.draws, 0, exact)) < 4
    if spelling != "full":
        assert nf.quantize(run.draws, BLOCKS).tobytes() == run.draws.tobytes()
