"""Targets: gradients match the density, chains never touch each other, inputs are checked."""

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf

RANDOM = np.random.default_rng(5)
INPUTS = RANDOM.normal(size=(40, 3))
LABELS = (RANDOM.random(40) < 0.5).astype(int)


def double_well(params, rows):
    """A density with two modes in each coordinate."""
    return -((params**2 - 1) ** 2).sum(axis=1)


def double_well_gradient(params, rows):
    """Its gradient."""
    return -4 * params * (params**2 - 1)


TARGETS = {
    "gaussian": lps.targets.Gaussian([0.5, -1.0, 2.0], [1.0, 0.5, 3.0]),
    "logistic": lps.targets.LogisticRegression(INPUTS, LABELS, prior_scale=2.0),
    "custom": lps.targets.Custom(double_well, double_well_gradient, 3),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_gradient_is_the_density_s(target):
    """Central differences of the log density, whose error is known, equal the gradient."""
    params, step = RANDOM.normal(size=(5, 3)), 1e-4
    found = np.empty_like(params)
    for i, direction in enumerate(np.eye(3) * step):
        rise = target.log_density(params + direction) - target.log_density(params - direction)
        found[:, i] = rise / (2 * step)
    third_derivative, rounding = 400, 1e-13 / step
    error = third_derivative * step**2 / 6 + rounding
    np.testing.assert_allclose(target.gradient(params), found, rtol=0, atol=error)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_chain_does_not_depend_on_its_neighbours(target):
    """Float32 gradients of one chain are the same bits alone and among 65 others."""
    params = RANDOM.normal(size=(66, 3)).astype(np.float32)
    together = target.gradient(params)
    assert together.dtype == np.float32
    alone = np.concatenate([target.gradient(params[i : i + 1]) for i in range(66)])
    assert together.tobytes() == alone.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_batch_estimates_the_whole(dtype):
    """With every row once, a batch gives the whole data's gradient up to the order of the sum."""
    target = TARGETS["logistic"]
    params = RANDOM.normal(size=(4, 3)).astype(dtype)
    every_row = RANDOM.permutation(len(LABELS))
    largest_sum = np.abs(INPUTS).sum()
    error = largest_sum * len(LABELS) * np.finfo(dtype).eps
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


def test_a_machine_with_a_datapath_of_its_own_is_refused(tmp_path):
    """Samplers multiply in float32 alone."""
    path = tmp_path / "mine.toml"
    text = nf.machine("fixed8").to_toml().replace('kind = "chain"', 'kind = "tree"')
    path.write_text(text.replace(", fma = false", ""))
    kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian()
    with pytest.raises(nf.MachineError, match="multiplies by a datapath of its own"):
        lps.sample(kernel, target, path)


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
