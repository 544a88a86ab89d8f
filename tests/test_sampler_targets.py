"""Targets: gradients match the density, chains never touch each other, inputs are checked."""

import dataclasses

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler._evaluate import Evaluation

RANDOM = np.random.default_rng(5)
INPUTS = RANDOM.normal(size=(40, 3))
LABELS = (RANDOM.random(40) < 0.5).astype(int)


def double_well(params, rows):
    """A density with two modes in each coordinate."""
    return -((params**2 - 1) ** 2).sum(axis=1)


def double_well_gradient(params, rows):
    """Its gradient."""
    return -4 * params * (params**2 - 1)


COUNTS = RANDOM.poisson(2.0, 40)
NUMBERS = RANDOM.normal(size=40)
COVARIANCE = [[2.0, 0.5, -0.25], [0.5, 1.0, 0.125], [-0.25, 0.125, 0.5]]
MEANS = [[0.0, 1.0, -1.0], [1.0, -1.0, 0.5]]

TARGETS = {
    "gaussian": lps.targets.Gaussian([0.5, -1.0, 2.0], [1.0, 0.5, 3.0]),
    "covariance": lps.targets.Gaussian([0.5, -1.0, 2.0], covariance=COVARIANCE),
    "mixture": lps.targets.GaussianMixture([1, 3], MEANS, [0.8, 1.25]),
    "quartic": lps.targets.Quartic(3),
    "banana": lps.targets.Banana(1.5, 0.5),
    "logistic": lps.targets.LogisticRegression(INPUTS, LABELS, prior_scale=2.0),
    "softmax": lps.targets.SoftmaxRegression(INPUTS, COUNTS.clip(0, 3)),
    "poisson": lps.targets.PoissonRegression(INPUTS / 4, COUNTS),
    "linear": lps.targets.LinearRegression(INPUTS, NUMBERS, noise_scale=0.5),
    "lasso": lps.targets.Lasso(INPUTS, NUMBERS, noise_scale=0.5, penalty=3.0),
    "control variates": lps.targets.ControlVariates(
        lps.targets.LogisticRegression(INPUTS, LABELS), at=[0.5, 0.0, -0.5]
    ),
    "custom": lps.targets.Custom(double_well, double_well_gradient, 3),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_gradient_is_the_density_s(target):
    """Central differences of the log density, whose error is known, equal the gradient."""
    params, step = RANDOM.normal(size=(5, target.size)), 1e-4
    found = np.empty_like(params)
    for i, direction in enumerate(np.eye(target.size) * step):
        rise = target.log_density(params + direction) - target.log_density(params - direction)
        found[:, i] = rise / (2 * step)
    third_derivative, rounding = 400, 1e-13 / step
    error = third_derivative * step**2 / 6 + rounding
    np.testing.assert_allclose(target.gradient(params), found, rtol=0, atol=error)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_chain_does_not_depend_on_its_neighbours(target):
    """Log density and gradient of one chain in float32 are the same bits alone and among 65."""
    params = RANDOM.normal(size=(66, target.size)).astype(np.float32)
    together = target.gradient(params)
    assert together.dtype == np.float32
    alone = np.concatenate([target.gradient(params[i : i + 1]) for i in range(66)])
    assert together.tobytes() == alone.tobytes()
    if target is not TARGETS["custom"]:
        together = target.log_density(params)
        assert together.dtype == np.float32
        alone = np.concatenate([target.log_density(params[i : i + 1]) for i in range(66)])
        assert together.tobytes() == alone.tobytes()


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_evaluating_gives_both(target):
    """`evaluate` is `log_density` and `gradient`, also of a batch."""
    params = RANDOM.normal(size=(4, target.size)).astype(np.float32)
    for rows in (None,) if target.data_size is None else (None, np.array([3, 3, 39])):
        density, gradient = target.evaluate(params, rows)
        assert density.tobytes() == target.log_density(params, rows).tobytes()
        assert gradient.tobytes() == target.gradient(params, rows).tobytes()


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_float32_is_float64_rounded(target):
    """Emulated arithmetic differs from the reference's by rounding alone."""
    params = RANDOM.normal(size=(16, target.size)).astype(np.float32)
    exact, scale = target.gradient(params.astype(np.float64)), 40 * 16 * np.abs(INPUTS).max()
    np.testing.assert_allclose(target.gradient(params), exact, rtol=0, atol=scale * 2**-24)
    density = target.log_density(params.astype(np.float64))
    np.testing.assert_allclose(target.log_density(params), density, rtol=40 * 2**-24)


REGRESSIONS = ["logistic", "softmax", "poisson", "linear", "lasso", "control variates"]


@pytest.mark.parametrize("name", REGRESSIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_batch_estimates_the_whole(dtype, name):
    """With every row once, a batch gives the whole data's gradient up to the order of the sum."""
    target = TARGETS[name]
    params = RANDOM.normal(size=(4, target.size)).astype(dtype)
    every_row = RANDOM.permutation(len(LABELS))
    largest_residual = 40
    error = largest_residual * np.abs(INPUTS).sum() * len(LABELS) * np.finfo(dtype).eps
    np.testing.assert_allclose(
        target.gradient(params, every_row), target.gradient(params), rtol=0, atol=error
    )
    half = target.gradient(params, every_row[:20]) + target.gradient(params, every_row[20:])
    np.testing.assert_allclose(half / 2, target.gradient(params), rtol=0, atol=error)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nvidia.h100.mma.f16.f32", "stores no tensors"),
        ("x86.f16c.vcvtps2ph", "stores no tensors"),
    ],
)
def test_machines_without_stored_tensors_are_refused(name, message):
    """Of a sampler, and of a comparison."""
    kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian()
    with pytest.raises(nf.MachineError, match=message):
        lps.sample(kernel, target, name)
    with pytest.raises(nf.MachineError, match=message):
        lps.compare(kernel, target, [name], ["naive"])


def test_a_machine_that_cannot_multiply_what_it_stores_is_refused():
    """The tensor is named, with the formats that the datapath takes."""
    path = nf.Datapath(
        prep={"a": "e4m3fn", "b": "e4m3fn"}, block={"kind": "chain"}, acc={"type": "binary32"}
    )
    own = dataclasses.replace(nf.machine("fixed8"), datapaths=(("self", path),), name="mine")
    kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian()
    message = "weight is stored in fixed<8,3>, and the datapath of fprop multiplies e4m3fn"
    with pytest.raises(nf.MachineError, match=message):
        lps.sample(kernel, target, own)
    own = own.replace(**dict.fromkeys(("weight", "input", "activation"), "e4m3fn"))
    with pytest.raises(nf.MachineError, match=r"error is stored in binary32, .*dgrad"):
        lps.sample(kernel, target, own)


def test_inputs_are_rounded_to_the_machine_s_format():
    """A machine's input format rounds X once, before anything is computed."""
    target = lps.targets.LogisticRegression(INPUTS, LABELS)
    rounded = target.with_inputs(nf.parse("fixed<8,3>"), nf.Key(0))
    by_hand = lps.targets.LogisticRegression(nf.quantize(INPUTS, "fixed<8,3>"), LABELS)
    params = RANDOM.normal(size=(4, 3)).astype(np.float32)
    assert rounded.gradient(params).tobytes() == by_hand.gradient(params).tobytes()


def test_scores_are_those_of_the_mean_prediction():
    """NLL and accuracy come from the probability averaged over chains and draws."""
    target = lps.targets.LogisticRegression([[1.0]], [1], test=([[1.0], [-2.0]], [1, 1]))
    draws = np.array([[[0.0], [1.0]]], np.float32)
    probability = np.mean(1 / (1 + np.exp(-np.outer([1.0, -2.0], [0.0, 1.0]))), axis=1)
    scores = target.scores(draws)
    assert scores["nll"] == pytest.approx(-np.log(probability).mean(), rel=4 * 2**-24)
    assert scores["accuracy"] == 0.5
    assert TARGETS["gaussian"].scores(draws) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: lps.targets.LogisticRegression(INPUTS[0], LABELS),
        lambda: lps.targets.LogisticRegression(INPUTS * np.nan, LABELS),
        lambda: lps.targets.LogisticRegression(INPUTS, LABELS[:-1]),
        lambda: lps.targets.LogisticRegression(INPUTS, LABELS + 1),
        lambda: lps.targets.LogisticRegression(INPUTS, LABELS, prior_scale=0),
        lambda: lps.targets.LogisticRegression(INPUTS, LABELS, names=["one"]),
        lambda: lps.targets.LogisticRegression(INPUTS, LABELS, test=(INPUTS[:, :2], LABELS)),
        lambda: lps.targets.Gaussian(standard_deviation=0),
        lambda: lps.targets.Gaussian(mean=np.inf),
        lambda: lps.targets.Gaussian(gradient_noise=-1),
        lambda: lps.targets.Gaussian(np.zeros((2, 2))),
        lambda: lps.targets.Gaussian(np.zeros(3), np.ones(2)),
        lambda: lps.targets.Gaussian(covariance=[[1.0, 2.0], [2.0, 1.0]]),
        lambda: lps.targets.Gaussian(covariance=[[1.0, 0.5], [0.25, 1.0]]),
        lambda: lps.targets.Gaussian(covariance=[1.0, 1.0]),
        lambda: lps.targets.Gaussian(np.zeros(3), covariance=np.eye(2)),
        lambda: lps.targets.Gaussian(standard_deviation=1.0, covariance=np.eye(2)),
        lambda: lps.targets.GaussianMixture([1, 2], [0.0]),
        lambda: lps.targets.GaussianMixture([1, 0], [0.0, 1.0]),
        lambda: lps.targets.GaussianMixture([1, 1], [0.0, np.nan]),
        lambda: lps.targets.GaussianMixture([1, 1], [0.0, 1.0], [1.0, 1.0, 1.0]),
        lambda: lps.targets.GaussianMixture([1, 1], np.zeros((2, 3)), np.ones((3, 3))),
        lambda: lps.targets.GaussianMixture([1, 1], [0.0, 1.0], -1.0),
        lambda: lps.targets.Quartic(0),
        lambda: lps.targets.Banana(0.0),
        lambda: lps.targets.Banana(1.0, np.inf),
        lambda: lps.targets.SoftmaxRegression(INPUTS, LABELS - 1),
        lambda: lps.targets.SoftmaxRegression(INPUTS, LABELS * 1e300),
        lambda: lps.targets.SoftmaxRegression(INPUTS, LABELS + 0.5),
        lambda: lps.targets.SoftmaxRegression(INPUTS, COUNTS, classes=2),
        lambda: lps.targets.SoftmaxRegression(INPUTS, LABELS, classes=1),
        lambda: lps.targets.PoissonRegression(INPUTS, COUNTS - 1),
        lambda: lps.targets.PoissonRegression(INPUTS, COUNTS + 0.5),
        lambda: lps.targets.LinearRegression(INPUTS, NUMBERS * np.nan),
        lambda: lps.targets.LinearRegression(INPUTS, NUMBERS, noise_scale=0),
        lambda: lps.targets.Lasso(INPUTS, NUMBERS, penalty=-1),
        lambda: TARGETS["linear"].predict(np.zeros((1, 3))),
        lambda: TARGETS["linear"].predict(np.zeros((1, 3)), INPUTS[:, :2]),
        lambda: lps.targets.ControlVariates(lps.targets.Gaussian(), at=[0.0]),
        lambda: lps.targets.ControlVariates(TARGETS["linear"], at=[0.0]),
        lambda: lps.targets.Custom(double_well, double_well_gradient, 0),
        lambda: lps.targets.Custom(double_well, double_well_gradient, 1, data_size=0),
        lambda: lps.targets.Custom(double_well, double_well, 3).gradient(np.zeros((2, 3))),
        lambda: lps.targets.Custom(lambda p, r: 0.0, double_well, 3).log_density(np.zeros((2, 3))),
    ],
)
def test_wrong_arguments_are_errors(wrong):
    """Each wrong shape, label or scale is a SamplerError of one line."""
    with pytest.raises(lps.SamplerError) as caught:
        wrong()
    assert "\n" not in str(caught.value)


def test_labels_that_are_no_numbers_are_an_error():
    """Texts say what is allowed instead of failing in NumPy."""
    for kind in (lps.targets.LogisticRegression, lps.targets.SoftmaxRegression):
        with pytest.raises(lps.SamplerError, match="y: one"):
            kind(INPUTS, ["a"] * len(INPUTS))


@pytest.mark.parametrize("name", REGRESSIONS)
def test_random_roundings_of_a_chain_do_not_depend_on_its_neighbours(name):
    """On a machine that stores errors stochastically, chain 3 alone has the bits of the fourth."""
    machine = nf.machine("float32").replace(error="fixed<8,4,rounding=stochastic>")
    params = RANDOM.normal(size=(6, TARGETS[name].size)).astype(np.float32)
    for seed in range(3):
        key = nf.Key(seed)
        bound = TARGETS[name].on(machine, key)
        for batch_size in (None, 8):
            first, fourth = (
                Evaluation(bound, machine, key.at(2, first=chain * bound.size), batch_size)
                for chain in (0, 3)
            )
            together = first.gradient(params)
            assert together[3:4].tobytes() == fourth.gradient(params[3:4]).tobytes()
        plain = TARGETS[name].gradient(params)
        assert not np.array_equal(together, plain)
