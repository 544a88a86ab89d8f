"""Kernels: exact laws on a Gaussian, one step's moments, the same bits in any company."""

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
from sampler_laws import LAWS, SAMPLERS
from sampler_steps import FIXED8, steps
from scipy.linalg import solve_discrete_lyapunov

import lp_sampler as lps
import numfmt as nf
from lp_sampler._evaluate import Evaluation
from lp_sampler._unit import VectorUnit
from lp_sampler.accumulators import ACCUMULATORS
from lp_sampler.kernels import KERNELS

PRECISION, NOISE, START = 0.8, 0.7, 0.5
TARGET = lps.targets.Gaussian(0, PRECISION**-0.5, gradient_noise=NOISE)
FLOAT32 = nf.machine("float32")
CHAINS = 20_000
POLICIES = [(name, policy) for name in LAWS for policy in KERNELS[name].accumulators]
HARD = lps.targets.LogisticRegression(
    np.random.default_rng(2).normal(size=(40, 3)), np.arange(40) % 2
)


def columns(law, state):
    """The numbers that the law is of, (chains, numbers)."""
    arrays = [state.arrays[name] for name in law.arrays]
    return np.concatenate([*arrays, state.params], axis=1).astype(np.float64)


def check_moments(found, mean, covariance):
    """Sample mean and covariance by z-scores with their exact standard errors."""
    variances = np.diag(covariance)
    z_means = (found.mean(axis=0) - mean) / np.sqrt(variances / len(found))
    deviations = found - mean
    errors = np.sqrt((np.outer(variances, variances) + covariance**2) / len(found))
    z_covariances = (deviations.T @ deviations / len(found) - covariance) / errors
    assert np.abs(z_means).max() < 4
    assert np.abs(z_covariances).max() < 4


@pytest.mark.parametrize(
    ("name", "temperature"),
    [(name, t) for name in SAMPLERS for t in (0.5, 1.0, 2.0)]
    + [(name, 0.0) for name in LAWS if name not in SAMPLERS],
)
@pytest.mark.parametrize("count", [1, 7, 90])
def test_the_law_after_n_steps_is_the_recursion_s(name, temperature, count):
    """Mean and covariance of all that a kernel keeps, after 1 step, a few and many."""
    law = LAWS[name].with_temperature(temperature)
    machine = FLOAT32
    state, _ = steps(law.kernel, TARGET, np.full((CHAINS, 1), START), count=count, machine=machine)[
        -1
    ]
    check_moments(columns(law, state), *law.moments(count, START, PRECISION, NOISE))


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_stationary_variance_is_the_temperature_s(name):
    """Without gradient noise, the recursion's fixed point is T / p up to the step size's error."""
    for temperature in (0.5, 2.0):
        law = LAWS[name].with_temperature(temperature)
        if name == "cyclical_sgld":
            continue
        small = law.kernel.step_size / 10
        kernel = dataclasses.replace(law.kernel, step_size=small)
        a, q = law.step(kernel, 0, PRECISION, 0.0)
        assert solve_discrete_lyapunov(a, q)[-1, -1] == pytest.approx(
            temperature / PRECISION, rel=0.01
        )


RANDOM_UNIT = nf.Machine(
    "random unit",
    formats=tuple(
        {
            **dict(FIXED8.formats),
            "step_size": nf.parse("fixed<10,7,rounding=stochastic>"),
            "noise": nf.parse("fixed<8,4,rounding=stochastic>"),
        }.items()
    ),
    vector_unit=nf.VectorUnit(format="bfloat16", round="stochastic"),
)


@pytest.mark.parametrize("machine", [FIXED8, RANDOM_UNIT], ids=["fixed8", "random unit"])
@pytest.mark.parametrize(("name", "policy"), POLICIES)
def test_chain_among_others_is_the_chain_alone(name, policy, machine):
    """Chains 2 and 3 of five, run by themselves, have the same bytes in every array, also where
    every operation, constant and noise is rounded at random.
    """
    kernel = dataclasses.replace(LAWS[name].kernel, accumulator=policy)
    start = np.random.default_rng(5).normal(size=(5, 3))
    together = steps(kernel, HARD, start, count=4, machine=machine)
    for (all_of_them, _), (alone, _) in zip(
        together, steps(kernel, HARD, start[2:4], count=4, first=6, machine=machine), strict=True
    ):
        assert alone.params.tobytes() == all_of_them.params[2:4].tobytes()
        assert alone.arrays.keys() == all_of_them.arrays.keys()
        for array, whole in zip(alone.arrays.values(), all_of_them.arrays.values(), strict=True):
            assert array.tobytes() == whole[2:4].tobytes()


@pytest.mark.parametrize(("name", "policy"), POLICIES)
def test_a_state_is_all_that_a_step_needs(name, policy):
    """From pickled parameters, arrays and kernel the next step has the same bytes; arrays are
    float32, parameters values of their format.
    """
    kernel = dataclasses.replace(LAWS[name].kernel, accumulator=policy)
    (third, _), (fourth, told) = steps(kernel, HARD, np.ones((4, 3)), count=4)[2:]
    key = nf.Key(0).at(3)
    copied_kernel, copy = pickle.loads(pickle.dumps((kernel, third)))
    again, told_again = copied_kernel.step(
        copy,
        Evaluation(HARD, FIXED8, key),
        step_size=lps.schedules.at_step(kernel.step_size, 3, "step_size"),
        temperature=kernel.temperature,
        key=key,
    )
    assert again.params.tobytes() == fourth.params.tobytes()
    assert {k: v.tobytes() for k, v in again.arrays.items()} == {
        k: v.tobytes() for k, v in fourth.arrays.items()
    }
    assert told_again.frozen == told.frozen
    assert all(
        array.dtype == np.float32 and len(array) == 4
        for array in (again.params, *again.arrays.values())
    )
    assert fourth.format.bare() == kernel.formats(FIXED8)["accumulator"].bare()
    assert nf.quantize(fourth.params, fourth.format.bare()).tobytes() == fourth.params.tobytes()


@pytest.mark.parametrize("name", LAWS)
def test_all_arithmetic_is_the_unit_s(name, monkeypatch):
    """In a bfloat16 unit every array that is no accumulator's is a bfloat16 number, and the bits
    differ from binary32's.
    """
    kernel, start = LAWS[name].kernel, np.full((50, 3), 0.3)
    unit = nf.VectorUnit(format="bfloat16")
    machine = nf.Machine("unit", formats=FLOAT32.formats, vector_unit=unit)
    state, _ = steps(kernel, HARD, start, count=3, machine=machine)[-1]
    plain, _ = steps(kernel, HARD, start, count=3, machine=FLOAT32)[-1]
    for array in (state.params, *state.arrays.values()):
        assert nf.quantize(array, "bfloat16").tobytes() == array.tobytes()
    assert state.params.tobytes() != plain.params.tobytes()
    monkeypatch.setattr(VectorUnit, "is_plain", False)
    general, _ = steps(kernel, HARD, start, count=3, machine=FLOAT32)[-1]
    assert general.params.tobytes() == plain.params.tobytes()


@pytest.mark.parametrize("name", sorted(set(KERNELS) - set(LAWS)))
def test_other_kernels_have_tests_of_their_own(name):
    """Of a kernel without such a recursion some other test speaks."""
    tests = Path(__file__).parent.glob("test_sampler_*.py")
    texts = [path.read_text() for path in tests if path != Path(__file__)]
    assert any(KERNELS[name].__name__ in text for text in texts)


@pytest.mark.parametrize("name", [*KERNELS, *ACCUMULATORS])
def test_the_page_of_kernels_has_them_all(name):
    """Every kernel and every accumulator is in its tables by the name that files use."""
    page = (Path(__file__).parents[1] / "docs" / "kernels.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert any(f"`{name}" in row.split("|")[1] for row in rows)


@pytest.mark.parametrize("policy", KERNELS["psgld"].accumulators)
def test_psgld_has_the_preconditioned_moments(policy):
    """One step on the grid: mean a G g and variance 2 a T G of each coordinate's own G."""
    gradient = np.float32([0.5, 2.0])
    target = lps.targets.Custom(
        lambda params, rows: params @ gradient, lambda params, rows: 0 * params + gradient, 2
    )
    kernel = lps.kernels.PSGLD(1e-3, 1.5, policy, decay=0.75, damping=0.1, initial=0.25)
    [(state, _)] = steps(kernel, target, np.full((CHAINS, 2), 0.25))
    mean_square = 0.75 * 0.25 + 0.25 * gradient.astype(float) ** 2
    scale = 1 / (0.1 + np.sqrt(mean_square))
    assert state.arrays["mean_square"] == pytest.approx(np.tile(mean_square, (CHAINS, 1)))
    noisy = kernel.policy.carried(state.params, state.arrays).astype(float)
    variance = 2e-3 * 1.5 * scale
    errors = noisy - (0.25 + 1e-3 * scale * gradient)
    if "nearest" not in policy:
        assert np.abs(errors.mean(axis=0) / errors.std(axis=0) * np.sqrt(CHAINS)).max() < 4
    if "naive" not in policy:
        squares = errors**2
        z = (squares.mean(axis=0) - variance) / squares.std(axis=0) * np.sqrt(CHAINS)
        assert np.abs(z).max() < 4


def test_swalp_s_draws_are_the_mean_of_its_weights():
    """From `start` on, of every other step's weights, in a format of its own; before, the weights.

    The mean of 1, 2, 3, ... numbers is that of exact arithmetic, rounded step by step.
    """
    kernel = lps.kernels.SWALP(0.05, start=2, every=2, average="fixed<20,14>")
    assert [kernel.is_sampling(step) for step in range(4)] == [False, False, True, True]
    found = [state for state, _ in steps(kernel, HARD, np.full((6, 3), 0.5), count=11)]
    ascent = steps(lps.kernels.SGD(0.05), HARD, np.full((6, 3), 0.5), count=11)
    weights = [state.params for state, _ in ascent]
    for number, state in enumerate(found):
        assert state.arrays["weights"].tobytes() == weights[number].tobytes()
        taken = weights[2 : number + 1 : 2] if number >= 2 else weights[number : number + 1]
        mean = np.mean(np.asarray(taken, np.float64), axis=0)
        assert np.abs(state.params - mean).max() <= len(taken) * 2.0**-15
        assert nf.quantize(state.params, "fixed<20,14>").tobytes() == state.params.tobytes()


def test_exploration_without_noise_is_deterministic():
    """noise="sampling" draws nothing before the sampling phase, noise="always" does."""
    for noise, spread in (("sampling", False), ("always", True)):
        kernel = lps.kernels.CyclicalSGLD(lps.schedules.Cyclical(0.1, 10, 0.5), 1.0, "full", noise)
        found = steps(kernel, lps.targets.Gaussian(), np.ones((9, 1)), count=6, machine=FLOAT32)
        assert [len(np.unique(state.params)) > 1 for state, _ in found] == [*[spread] * 5, True]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lps.kernels.SGHMC(friction=0), "friction: a finite positive number"),
        (lambda: lps.kernels.SGHMC(inverse_mass=-1.0), "inverse_mass: a finite positive number"),
        (lambda: lps.kernels.SGHMC(accumulator="blend"), "'blend' .* no meaning for SGHMC"),
        (lambda: lps.kernels.PSGLD(decay=1.5), "decay: a number from 0 to 1"),
        (lambda: lps.kernels.PSGLD(damping=0), "damping: a finite positive"),
        (lambda: lps.kernels.PSGLD(initial=-1), "initial: a finite number >= 0"),
        (lambda: lps.kernels.SGD(temperature=1.0), "temperature: SGD adds no noise"),
        (lambda: lps.kernels.SGD(accumulator="vc"), "'vc' .* no meaning for SGD"),
        (lambda: lps.kernels.SGDMomentum(momentum=1), "momentum: a number from 0 to 1"),
        (lambda: lps.kernels.SWALP(every=0), "every: a whole number >= 1"),
        (lambda: lps.kernels.SWALP(start=0.5), "start: a whole number >= 0"),
        (lambda: lps.kernels.SWALP(average="fixd<8,3>"), "fixd"),
        (lambda: lps.kernels.CyclicalSGLD(step_size=0.1), "step_size: a schedules.Cyclical"),
        (lambda: lps.kernels.CyclicalSGLD(noise="never"), "noise: always or sampling"),
    ],
)
def test_wrong_settings_are_errors(make, message):
    """Each names the argument, what it was and what is allowed."""
    with pytest.raises(nf.NumfmtError, match=message):
        make()
