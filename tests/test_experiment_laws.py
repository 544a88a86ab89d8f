"""The laws behind the experiments at step sizes, grids and temperatures that these do not list.

Each is an exact law: of a chain on its grid, of one step, or of a linear recursion.
"""

import math

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler._ornstein_uhlenbeck import ornstein_uhlenbeck
from lp_sampler.experiments._chain_laws import GridChain, after, moment_z, stationary
from lp_sampler.experiments._gaussian import (
    fixed_machine,
    hamiltonian_step,
    last_draws,
    stationary_covariance,
    z_of_variance,
)

GAUSSIAN = lps.targets.Gaussian()
pytestmark = pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)


def drawn(kernel, machine, steps, chains=2000, target=GAUSSIAN):
    """Where chains from 0 are after so many steps."""
    return last_draws(kernel, target, machine, chains, steps, lambda done: None)


@pytest.mark.parametrize("accumulator", ["naive", "vc"])
@pytest.mark.parametrize(
    ("format", "step_size", "steps"),
    [
        ("fixed<6,1>", 0.2, 40),
        ("fixed<7,2>", 0.03, 150),
        ("fixed<8,3>", 3e-5, 400),
        ("fixed<9,5>", 4e-4, 400),
        ("fixed<9,4>", 0.5, 30),
    ],
)
def test_chains_on_other_grids_have_their_exact_law(format, step_size, steps, accumulator):
    """E1, E6: two moments after n steps by z-score; naive is too wide, vc is not, wherever its
    variance can be had on the way.
    """
    machine = nf.machine("fixed8").replace(weight=format, accumulator=format, gradient="binary32")
    chain = GridChain(GAUSSIAN, nf.parse(format), step_size)
    matrix = chain.transition(accumulator)
    draws = drawn(lps.kernels.SGLD(step_size, accumulator=accumulator), machine, steps)
    law = after(matrix, int(np.searchsorted(chain.grid, 0)), steps)
    for moment in (lambda x: x, np.square):
        assert abs(moment_z(draws, law, chain.grid, moment)) < 4
    final = stationary(matrix)
    width = math.sqrt(final @ chain.grid**2)
    exact = 1 / math.sqrt(1 - step_size / 2)
    if accumulator == "vc":
        assert abs(width / exact - 1) < 1e-3
    else:
        assert width > exact + min(0.003, chain.gap**2 / (60 * step_size))


@pytest.mark.parametrize(
    ("format", "step_size"),
    [("fixed<9,2>", 1e-5), ("fixed<10,3>", 3e-6), ("fixed<10,4>", 1e-6), ("fixed<8,1>", 1e-4)],
)
def test_the_width_of_naive_chains_has_its_closed_form(format, step_size):
    """E2: sqrt(D sqrt(2 / pi) / sqrt(2 a)), where the noise is far below the gap."""
    chain = GridChain(GAUSSIAN, nf.parse(format), step_size)
    law = stationary(chain.transition("naive"))
    noise = math.sqrt(2 * step_size)
    assert noise < chain.gap / 20
    closed = math.sqrt(chain.gap * math.sqrt(2 / math.pi) / noise)
    width = math.sqrt(law @ chain.grid**2)
    assert abs(closed / width - 1) < noise / chain.gap


@pytest.mark.parametrize("format", ["bfp<6,4>", "bfp<8,16>", "bfp<12,8>", "lp_sgld<8,4,8>"])
def test_blocks_have_the_moments_of_every_step(format):
    """E4: mean and variance of the law itself, one gap for a whole block: v, or what is least."""
    own, random = nf.parse(format), np.random.default_rng(2)
    mean = random.uniform(-1.2, 1.2, size=(50, own.size)).astype(np.float32)
    mean[:, 0] = 1.2  # the largest: its exponent is 0
    gap = 2.0 ** (2 - own.width)
    for share in (0.01, 0.1, 0.24):
        variance = np.full(mean.shape, share * gap**2)
        values, chances = nf.variance_corrected_law(mean, variance, format)
        np.testing.assert_allclose((chances * values).sum(axis=-1), mean, rtol=0, atol=1e-9)
        spread = (chances * (values - mean[..., None]) ** 2).sum(axis=-1)
        rest = np.mod(mean.astype(np.float64), gap)
        np.testing.assert_allclose(spread, np.maximum(variance, rest * (gap - rest)), rtol=1e-6)


@pytest.mark.parametrize("format", ["fixed<8,3>", "fixed<6,5>", "fixed<10,2>", "ufixed<7,4>"])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.25])
def test_a_saturated_mean_is_pulled_in_by_half_of_v_over_the_gap(format, share):
    """E5: E[theta] - U = -v / (2 D), E[theta] - L = v / (2 D)."""
    grid = nf.parse(format)
    gap, ends = float(grid.smallest_positive), np.array([float(grid.max), float(grid.min)])
    beyond = ends + 2 * gap * np.array([1, -1])
    variance = share * gap**2
    values, chances = nf.variance_corrected_law(beyond, np.full(2, variance), format)
    moved = (chances * values).sum(axis=-1) - ends
    np.testing.assert_allclose(moved, np.array([-1, 1]) * variance / (2 * gap), rtol=1e-9)


@pytest.mark.parametrize("format", ["fixed<8,3>", "fixed<12,6>", "fixed<16,10>"])
@pytest.mark.parametrize("step_size", [2.0**-30, 2.0**-26, 2e-8])
def test_a_step_s_variance_is_right_up_to_two_over_the_gap(format, step_size):
    """E6: v while a |g| (D - a |g|) <= v, that is D |g| <= 2 / (1 - a |g| / D); else that."""
    gap = float(nf.parse(format).smallest_positive)
    products = np.array([0.3, 1.0, 1.9, 2.1, 3.0, 7.0, 20.0])
    drift = step_size * products / gap
    assert (drift < gap).all()
    variance = np.full(len(drift), 2 * step_size)
    values, chances = nf.variance_corrected_law(drift, variance, format)
    found = (chances * (values - drift[:, None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(found, np.maximum(variance, drift * (gap - drift)), rtol=1e-9)
    report = nf.Report()
    nf.variance_corrected(drift, variance, format, key=nf.Key(1), report=report)
    assert report.infeasible == np.count_nonzero(drift * (gap - drift) > variance)


@pytest.mark.parametrize(
    ("step", "friction", "inverse_mass"), [(0.15, 1.5, 1.0), (0.3, 3.0, 2.0), (0.25, 6.0, 3.0)]
)
@pytest.mark.parametrize("accumulator", ["full", "joint"])
def test_momentum_s_law_holds_at_other_frictions(step, friction, inverse_mass, accumulator):
    """E8, E9: the position's variance is the linear recursion's, in full precision and joint."""
    one = ornstein_uhlenbeck(step, friction, inverse_mass, 1.0)
    rounding = 0.0 if accumulator == "full" else 4.0**-10 / 6
    matrix, noise = hamiltonian_step(one, gradient_variance=rounding)
    exact = float(stationary_covariance(matrix, noise)[1, 1])
    wrong = float(stationary_covariance(*hamiltonian_step(one, sign=-1))[1, 1])
    assert exact < wrong
    slowest = max(abs(np.linalg.eigvals(matrix)))
    kernel = lps.kernels.SGHMC(step, 1.0, accumulator, friction=friction, inverse_mass=inverse_mass)
    machine = "float32" if accumulator == "full" else fixed_machine(10)
    draws = drawn(kernel, machine, math.ceil(-5 / math.log(slowest)))
    assert abs(z_of_variance(draws, exact)) < 4
    assert abs(z_of_variance(draws, wrong)) > 4 or wrong / exact < 1.2


@pytest.mark.parametrize("temperature", [0.1, 0.7, 5.0])
@pytest.mark.parametrize(("accumulator", "step_size"), [("full", 0.3), ("full", 0.05), ("vc", 0.1)])
def test_temperature_is_the_variance_at_other_steps(accumulator, step_size, temperature):
    """E24: T / (1 - a / 2), which the recursion with all moments of a step right has."""
    kernel = lps.kernels.SGLD(step_size, temperature, accumulator)
    machine = "float32" if accumulator == "full" else "fixed<14,8>"
    draws = drawn(kernel, machine, math.ceil(6 / step_size))
    assert abs(z_of_variance(draws, temperature / (1 - step_size / 2))) < 4
