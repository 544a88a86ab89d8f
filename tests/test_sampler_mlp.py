"""The network target: its gradient, its parts through a machine, and chains that stand alone."""

import dataclasses

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf

RANDOM = np.random.default_rng(11)
X, Y = RANDOM.normal(size=(40, 5)), RANDOM.integers(0, 3, 40)
NET = lps.targets.MLP(X, Y, (4, 3), prior_scale=2.0, test=(X[:9], Y[:9]))
PARAMS = RANDOM.normal(size=(2, NET.size))


def written_out(params):
    """Log density of one chain, by the textbook."""
    parts, begin = [], 0
    for shape in ((5, 4), (4,), (4, 3), (3,), (3, 3), (3,)):
        size = int(np.prod(shape))
        parts.append(params[begin : begin + size].reshape(shape))
        begin += size
    w1, b1, w2, b2, w3, b3 = parts
    hidden = np.maximum(np.maximum(X @ w1 + b1, 0) @ w2 + b2, 0)
    logits = hidden @ w3 + b3
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logs[np.arange(40), Y].sum() - (params**2).sum() / 8


def test_log_density_is_the_textbook_s():
    """In float64, to rounding errors."""
    expected = [written_out(params) for params in PARAMS]
    np.testing.assert_allclose(NET.log_density(PARAMS), expected, rtol=1e-12)


def test_gradient_is_the_log_density_s():
    """Central differences, whose own error is of order 1e-9 here."""
    step = 1e-5
    for i in range(NET.size):
        moved = [PARAMS.copy(), PARAMS.copy()]
        moved[0][:, i] += step
        moved[1][:, i] -= step
        slope = (NET.log_density(moved[0]) - NET.log_density(moved[1])) / (2 * step)
        np.testing.assert_allclose(NET.gradient(PARAMS)[:, i], slope, rtol=1e-6, atol=1e-6)


def test_a_mean_is_the_sum_divided_by_the_rows():
    """`scale` changes one factor."""
    mean = lps.targets.MLP(X, Y, (4, 3), prior_scale=2.0, scale="mean")
    np.testing.assert_allclose(mean.gradient(PARAMS) * 40, NET.gradient(PARAMS), rtol=1e-12)
    np.testing.assert_allclose(mean.log_density(PARAMS) * 40, NET.log_density(PARAMS), rtol=1e-12)


@pytest.mark.parametrize("scale", ["sum", "mean"])
def test_rows_and_prior_make_the_log_density(scale):
    """Prior and rows one by one add up to the log density of all; a row's is its class's."""
    net = lps.targets.MLP(X, Y, (4,), prior_scale=0.7, scale=scale)
    params = RANDOM.normal(size=(3, net.size))
    rows = np.arange(len(X))
    each = net.row_log_likelihoods(params, rows)
    np.testing.assert_allclose(
        net.log_prior(params) + each.sum(axis=1), net.log_density(params), rtol=1e-12
    )
    some = np.array([4, 1, 1])
    assert (net.row_log_likelihoods(params, some) == each[:, some]).all()
    chances = net.predict(params, X)[:, rows, Y]
    scaled = each * (1 if scale == "sum" else len(X))
    np.testing.assert_allclose(np.exp(scaled), chances, rtol=1e-5)


@pytest.mark.filterwarnings("ignore::lp_sampler.ShortRunWarning")
def test_decisions_by_the_austerity_test_take_a_network():
    """A kernel that accepts by looking at growing batches of rows."""
    kernel = lps.kernels.MetropolisSGHMC(
        step_size=0.1, leapfrogs=2, austerity=0.1, austerity_batch=4
    )
    net = lps.targets.MLP(X, Y, (4,))
    settings = {"draws": 10, "chains": 3, "warmup": 5, "thin": 1, "progress": False}
    run = lps.sample(kernel, net, "fixed<12,8>", **settings)
    assert 0 < run.stats["acceptance"].mean() <= 1


def test_batches_estimate_the_whole():
    """The mean over all batches of one row is the whole."""
    slopes = [NET.gradient(PARAMS, np.array([row])) for row in range(40)]
    np.testing.assert_allclose(np.mean(slopes, axis=0), NET.gradient(PARAMS), rtol=1e-9, atol=1e-12)


def test_float32_is_close_and_chains_stand_alone():
    """float32 within its rounding errors; each chain the same bytes alone."""
    single = PARAMS.astype(np.float32)
    density, gradient = NET.evaluate(single)
    np.testing.assert_allclose(gradient, NET.gradient(PARAMS), rtol=1e-3, atol=1e-4)
    for chain in (0, 1):
        one = NET.evaluate(single[chain : chain + 1])
        assert one[0].tobytes() == density[chain : chain + 1].tobytes()
        assert one[1].tobytes() == gradient[chain : chain + 1].tobytes()


def test_products_go_through_the_machine():
    """With a coarse datapath the gradient is that of the same products by numfmt.matmul."""
    path = nf.Datapath(
        prep={"a": "bfloat16", "b": "bfloat16"},
        block={"kind": "chain", "fma": True},
        acc={"type": "bfloat16"},
    )
    roles = dict.fromkeys(("weight", "gradient", "accumulator", "input"), "bfloat16")
    own = nf.machine("fixed8").replace(**roles, activation="bfloat16", error="bfloat16", name="m")
    own = dataclasses.replace(own, datapaths=(("self", path),))
    linear = lps.targets.MLP(X, Y, (), prior_scale=2.0).on(own, nf.Key(0))
    params = nf.quantize(RANDOM.normal(size=(1, linear.size)).astype("f4"), "bfloat16")
    weights, bias = params[0, :15].reshape(5, 3), params[0, 15:]
    inputs = linear._inputs[np.dtype("f4")]
    assert (nf.quantize(inputs, "bfloat16") == inputs).all()
    logits = nf.matmul(inputs, weights, path).values.astype("f4") + bias
    total = linear.arithmetic.log_sum_exp([logits[:, i] for i in range(3)])
    chances = nf.binary32.exp(logits - total[:, None])
    errors = nf.quantize(np.eye(3, dtype="f4")[Y] - chances, own.format_of("error"))
    slopes = [nf.matmul(one, errors, path).values for one in (inputs.T, np.ones((1, 40), "f4"))]
    expected = np.concatenate([one.astype("f4").ravel() for one in slopes])
    expected = expected - params[0] * np.float32(0.25)
    assert linear.gradient(params)[0].tobytes() == expected.tobytes()


@pytest.mark.filterwarnings("ignore::lp_sampler.ShortRunWarning")
@pytest.mark.filterwarnings("ignore::lp_sampler.PrecisionWarning")
def test_chains_start_apart_and_run_alone():
    """Starts are those of the chains' numbers; a chain is the same bytes among others."""
    kernel = lps.kernels.SGLD(step_size=1e-3)
    settings = {"draws": 3, "warmup": 5, "thin": 1, "batch_size": 8, "progress": False}
    together = lps.sample(kernel, NET, "fixed8", chains=3, **settings).draws
    alone = lps.sample(kernel, NET, "fixed8", chains=[2], **settings).draws
    assert alone.tobytes() == np.asarray(together)[2:].tobytes()
    start = NET.start(nf.Key(0), (200, NET.size))
    assert (start[:, 20:24] == 0).all()
    assert abs(start[:, :20].var() / (2 / 5) - 1) < 4 * np.sqrt(2 / 4000)


def test_scores_and_predictions_agree():
    """Probabilities sum to 1; scores are those of their mean."""
    chances = NET.predict(PARAMS)
    np.testing.assert_allclose(chances.sum(axis=2), 1, rtol=1e-6)
    scores = NET.scores(PARAMS[None])
    mean = chances.mean(axis=0)
    np.testing.assert_allclose(scores["nll"], -np.log(mean[np.arange(9), Y[:9]]).mean(), rtol=1e-6)
    assert scores["accuracy"] == np.mean(mean.argmax(axis=1) == Y[:9])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": X[:3]}, "y: a class 0"),
        ({"y": Y - 1}, "y: a class 0"),
        ({"y": Y * 0.5}, "y: a class 0"),
        ({"hidden": (0,)}, "hidden: positive"),
        ({"classes": 1}, "y: a class"),
        ({"prior_scale": 0}, "prior_scale"),
        ({"scale": "total"}, "scale: one of sum, mean"),
        ({"test": (X[:, :2], Y)}, "test: 5 inputs"),
    ],
)
def test_wrong_arguments_are_named(changes, message):
    """One clear error each."""
    with pytest.raises(lps.SamplerError, match=message):
        lps.targets.MLP(**{"X": X, "y": Y, **changes})
