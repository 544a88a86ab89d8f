"""SGHMC: the exact integrator's coefficients, and the law of one step for every policy."""

from decimal import Decimal, getcontext

import numpy as np
import pytest
from sampler_steps import FIXED8, pushed, steps
from test_sampler_accumulators import rounded_law

import lp_sampler as lps
import numfmt as nf
from lp_sampler._ornstein_uhlenbeck import ornstein_uhlenbeck

getcontext().prec = 60
COUNT = 60_000


@pytest.mark.parametrize("h", [1e-7, 1e-5, 1e-3, 0.02, 0.0208, 0.0209, 0.1, 0.5, 3.0])
def test_coefficients_are_the_formulas_to_the_last_digits(h):
    """By 60 decimal digits, where doubles cancel too; friction 3, so series end at h = 1/48."""
    g, u, t = Decimal(3), Decimal(2), Decimal("0.5")
    x = Decimal(3.0 * h)
    e, e2 = (-x).exp(), (-2 * x).exp()
    position, covariance = u * t / g**2 * (2 * x + 4 * e - e2 - 3), u * t / g * (1 - 2 * e + e2)
    exact = {
        "decay": e,
        "kick": u / g * (1 - e),
        "drift": (1 - e) / g,
        "push": u / g**2 * (x - 1 + e),
        "momentum_variance": u * t * (1 - e2),
        "position_variance": position,
        "covariance": covariance,
        "conditional_variance": position - covariance**2 / (u * t * (1 - e2)),
    }
    found = ornstein_uhlenbeck(h, 3.0, 2.0, 0.5)
    for name, value in exact.items():
        assert getattr(found, name) == pytest.approx(float(value), rel=1e-11), name


def one_step(policy, h, slope, start=0.25, temperature=1.0, momentum=0.6875, machine=FIXED8):
    """Deviations of momentum and position from the exact means, and the step's noise."""
    kernel = lps.kernels.SGHMC(h, temperature, policy, friction=3.0, inverse_mass=2.0)
    key = nf.Key(3)
    evaluate = lps._evaluate.Evaluation(pushed(slope), machine, key)
    state = kernel.init(np.full((COUNT, 1), start, np.float32), evaluate, key)
    state.arrays["momentum"][:] = momentum
    after, info = kernel.step(state, evaluate, step_size=h, temperature=temperature, key=key)
    noise = ornstein_uhlenbeck(h, 3.0, 2.0, temperature)
    means = (
        noise.decay * momentum + noise.kick * slope,
        start + noise.drift * momentum + noise.push * slope,
    )
    found = np.concatenate([after.arrays["momentum"], after.params], axis=1).astype(float)
    return found, means, noise, info


def least(mean, gap=1 / 8):
    """The least variance on the grid."""
    f = mean / gap % 1
    return f * (1 - f) * gap**2


def z_scores(values, expected):
    """Of the mean of each column; a column without any spread must be right by itself."""
    centred = values - expected
    spread = centred.std(axis=0)
    assert np.abs(centred[:, spread == 0]).max(initial=0) < 1e-6
    return np.abs(centred.mean(axis=0) * np.sqrt(len(values)) / np.where(spread, spread, 1)).max()


CASES = [(0.2, 1.25, 1.0), (0.1, -2.0, 2.0), (0.01, 3.0, 0.5), (5e-4, 3.0, 0.5)]


@pytest.mark.parametrize("policy", ["full", "naive", "naive_nearest", "vc", "one_shot"])
@pytest.mark.parametrize(("h", "slope", "temperature"), CASES)
def test_one_step_has_its_mean_and_covariance(policy, h, slope, temperature):
    """By z-scores; positions of the last two cases are infeasible, momenta of the last.  Draws
    from two laws have covariance 0, naive ones more variance.
    """
    found, means, noise, info = one_step(policy, h, slope, temperature=temperature)
    variances = np.array([noise.momentum_variance, noise.position_variance])
    if policy.startswith("naive"):
        is_nearest = policy == "naive_nearest"
        laws = [
            rounded_law(*one, is_nearest) for one in zip(means, np.sqrt(variances), strict=True)
        ]
        means, variances = zip(*laws, strict=True)
    elif policy != "full":
        smallest = [least(mean) for mean in means]
        assert info.infeasible == COUNT * np.count_nonzero(smallest > variances)
        variances = np.maximum(variances, smallest)
    deviations = found - means
    assert z_scores(deviations, 0) < 4
    assert z_scores(deviations**2, variances) < 4
    if policy != "naive_nearest":
        covariance = 0 if policy in ("vc", "one_shot") else noise.covariance
        assert z_scores(np.prod(deviations, axis=1, keepdims=True), covariance) < 4


ROUGH = FIXED8.replace(accumulator="fixed<20,14>", momentum="fixed<8,1>")


@pytest.mark.parametrize(
    ("h", "slope", "temperature", "machine"),
    [*[(*case, FIXED8) for case in CASES], (5e-3, 2.0, 0.5, ROUGH)],
)
def test_one_joint_step_is_the_law_given_the_momentum(h, slope, temperature, machine):
    """Momenta as vc draws them; each position with the mean and variance that its momentum leaves;
    the covariance is the exact one, also where the momentum's variance cannot be had: on a rough
    grid for momenta and a fine one for positions it would show.
    """
    found, means, noise, _ = one_step("joint", h, slope, temperature=temperature, machine=machine)
    roughness, fineness = (0.5, 2.0**-14) if machine is ROUGH else (1 / 8, 1 / 8)
    momentum_variance = max(noise.momentum_variance, least(means[0], roughness))
    assert (machine is ROUGH) <= (momentum_variance > 1.5 * noise.momentum_variance)
    errors = found[:, :1] - means[0]
    assert z_scores(errors, 0) < 4
    assert z_scores(errors**2, momentum_variance) < 4
    mean = means[1] + noise.covariance / momentum_variance * errors
    left = noise.position_variance - noise.covariance**2 / momentum_variance
    variance = np.maximum(left, least(mean, fineness))
    assert z_scores(found[:, 1:] - mean, 0) < 4
    assert z_scores((found[:, 1:] - mean) ** 2 - variance, 0) < 4
    assert z_scores(errors * (found[:, 1:] - means[1]), noise.covariance) < 4


def test_joint_has_all_second_moments_where_they_can_be_had():
    """On a grid fine beside the noise the pair's covariance matrix is the exact one."""
    fine = FIXED8.replace(accumulator="fixed<20,12>", weight="fixed<20,12>")
    kernel = lps.kernels.SGHMC(0.3, 1.0, "joint", friction=3.0, inverse_mass=2.0)
    [(state, info)] = steps(kernel, pushed(1.0), np.full((COUNT, 1), 0.5), machine=fine)
    noise = ornstein_uhlenbeck(0.3, 3.0, 2.0, 1.0)
    momentum = state.arrays["momentum"].astype(float) - noise.kick
    position = state.params.astype(float) - 0.5 - noise.push
    assert info.infeasible == 0
    for product, exact in [
        (momentum**2, noise.momentum_variance),
        (position**2, noise.position_variance),
        (momentum * position, noise.covariance),
    ]:
        assert abs((product.mean() - exact) / product.std() * np.sqrt(COUNT)) < 4


def test_the_momentum_has_a_format_of_its_own():
    """The machine's momentum role; without one, the accumulator's; float32 for full."""
    machine = FIXED8.replace(momentum="fixed<10,5>")
    kernel, target = lps.kernels.SGHMC(0.1), lps.targets.Gaussian()
    for one, spelling in ((machine, "fixed<10,5>"), (FIXED8, "fixed<8,3>")):
        assert kernel.formats(one)["momentum"].bare() == nf.parse(spelling)
        state, _ = steps(kernel, target, np.ones((50, 4)), count=3, machine=one)[-1]
        momentum = state.arrays["momentum"]
        assert nf.quantize(momentum, spelling).tobytes() == momentum.tobytes()
    assert (
        steps(kernel, target, np.ones((50, 4)), machine=machine)[0][0].arrays["momentum"] * 8 % 1
    ).any()
    full = lps.kernels.SGHMC(0.1, accumulator="full")
    assert full.formats(machine)["momentum"].bare() == nf.parse("binary32")


def test_no_temperature_no_noise():
    """At T = 0 a full step is the deterministic integrator, and joint rounds without bias."""
    for policy in ("full", "joint"):
        found, means, *_ = one_step(policy, 0.1, 2.0, temperature=0.0)
        if policy == "full":
            np.testing.assert_allclose(found, np.tile(means, (COUNT, 1)), rtol=1e-6)
        z = (found - means).mean(axis=0) / np.maximum(found.std(axis=0), 1e-6) * np.sqrt(COUNT)
        assert policy == "full" or np.abs(z).max() < 4
