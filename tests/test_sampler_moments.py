"""Targets against SciPy and closed forms: densities, moments, predictions, batches."""

import itertools

import numpy as np
import pytest
from scipy import integrate, special, stats

import lp_sampler as lps
import numfmt as nf
from lp_sampler._arithmetic import in_float32
from lp_sampler.targets._laplace import laplace_moments

RANDOM = np.random.default_rng(11)
INPUTS = RANDOM.normal(size=(12, 2))
NUMBERS = RANDOM.normal(size=12)
COUNTS = RANDOM.poisson(2.0, 12)
CLASSES = RANDOM.integers(0, 3, 12)
PARAMS = RANDOM.normal(size=(7, 2))
COVARIANCE = np.array([[2.0, 0.5], [0.5, 1.0]])


def log_prior(params, scale=1.0):
    """N(0, scale**2) on each parameter."""
    return stats.norm.logpdf(params, scale=scale).sum(axis=1)


def mixture_log_density(x):
    """The mixture of the table below."""
    parts = [stats.multivariate_normal([0, 1], np.eye(2) / 4).pdf(x)]
    parts += [3 * stats.multivariate_normal([1, -1], [[1, 0], [0, 4]]).pdf(x)]
    return np.log(sum(parts))


def softmax_log_density(params):
    """Logits of three classes with two columns each."""
    logits = np.einsum("nf,ckf->cnk", INPUTS, params.reshape(-1, 3, 2))
    chosen = special.log_softmax(logits, axis=2)[:, np.arange(12), CLASSES]
    return chosen.sum(axis=1) + log_prior(params)


DENSITIES = {
    "covariance": (
        lps.targets.Gaussian([1, 2], covariance=COVARIANCE),
        stats.multivariate_normal([1, 2], COVARIANCE).logpdf,
    ),
    "mixture": (
        lps.targets.GaussianMixture([1, 3], [[0, 1], [1, -1]], [[0.5, 0.5], [1, 2]]),
        mixture_log_density,
    ),
    "quartic": (lps.targets.Quartic(2), lambda x: -(x**4 / 4 + x**2 / 2).sum(axis=1)),
    "banana": (
        lps.targets.Banana(2.0, 0.5),
        lambda x: (
            stats.norm.logpdf(x[:, 0], scale=2)
            + stats.norm.logpdf(x[:, 1], 0.5 * (x[:, 0] ** 2 - 4))
        ),
    ),
    "logistic": (
        lps.targets.LogisticRegression(INPUTS, CLASSES > 0),
        lambda x: (
            stats.bernoulli.logpmf(CLASSES > 0, special.expit(x @ INPUTS.T)).sum(axis=1)
            + log_prior(x)
        ),
    ),
    "softmax": (lps.targets.SoftmaxRegression(INPUTS, CLASSES), softmax_log_density),
    "poisson": (
        lps.targets.PoissonRegression(INPUTS, COUNTS, prior_scale=2.0),
        lambda x: (
            stats.poisson.logpmf(COUNTS, np.exp(x @ INPUTS.T)).sum(axis=1) + log_prior(x, 2.0)
        ),
    ),
    "linear": (
        lps.targets.LinearRegression(INPUTS, NUMBERS, 0.5, 2.0),
        lambda x: stats.norm.logpdf(NUMBERS, x @ INPUTS.T, 0.5).sum(axis=1) + log_prior(x, 2.0),
    ),
    "lasso": (
        lps.targets.Lasso(INPUTS, NUMBERS, 0.5, 3.0),
        lambda x: (
            stats.norm.logpdf(NUMBERS, x @ INPUTS.T, 0.5).sum(axis=1)
            + stats.laplace.logpdf(x, scale=1 / 3).sum(axis=1)
        ),
    ),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_log_densities_are_scipy_s_up_to_a_constant(name):
    """Differences between points."""
    target, log_density = DENSITIES[name]
    params = RANDOM.normal(size=(7, target.size))
    found, expected = target.log_density(params), log_density(params)
    np.testing.assert_allclose(found - found[0], expected - expected[0], rtol=1e-12, atol=1e-12)


def integrated_moments(target, reach=25.0):
    """Mean and variance of one parameter by quadrature, in halves: at 0 a density may have a
    corner.
    """
    peak = target.log_density(np.linspace(-reach, reach, 1001)[:, None]).max()

    def moment(power):
        def part(x):
            return np.exp(target.log_density(np.array([[x]]))[0] - peak) * x**power

        pieces = [-reach, -3, -1, 0, 1, 3, reach]
        return sum(
            integrate.quad(part, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0]
            for a, b in itertools.pairwise(pieces)
        )

    mean = moment(1) / moment(0)
    return mean, moment(2) / moment(0) - mean**2


ONE_COLUMN = INPUTS[:, :1]


@pytest.mark.parametrize(
    "target",
    [
        lps.targets.Gaussian(0.5, 2.0),
        lps.targets.Gaussian(0.5, covariance=[[4.0]]),
        lps.targets.GaussianMixture([1, 2], [-1.5, 1.5], 0.5),
        lps.targets.Quartic(),
        lps.targets.LinearRegression(ONE_COLUMN, NUMBERS, 0.5, 2.0),
        lps.targets.Lasso(ONE_COLUMN, NUMBERS, 0.5, 3.0),
        lps.targets.Lasso(ONE_COLUMN, 10 * NUMBERS, 1.5, 0.5),
    ],
    ids=["gaussian", "covariance", "mixture", "quartic", "linear", "lasso", "wide lasso"],
)
def test_known_moments_are_those_of_the_density(target):
    """Mean and variance equal quadrature of the density."""
    mean, variance = target.known_moments()
    assert mean.shape == variance.shape == (1,)
    found = [mean[0], variance[0]]
    np.testing.assert_allclose(found, integrated_moments(target), rtol=1e-9, atol=1e-12)


def test_the_banana_s_moments_are_those_of_its_density():
    """Quadrature over a plane, by the trapezoidal rule."""
    target = lps.targets.Banana(1.5, 0.5)
    x, y = np.meshgrid(np.linspace(-15, 15, 1501), np.linspace(-20, 130, 3001), indexing="ij")
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    weight = np.exp(target.log_density(points))
    mean = weight @ points / weight.sum()
    variance = weight @ (points - mean) ** 2 / weight.sum()
    np.testing.assert_allclose(mean, target.known_moments()[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(variance, target.known_moments()[1], rtol=1e-9)


def test_moments_of_several_parameters_are_marginal():
    """Of a covariance, a linear regression with its prior, and orthogonal LASSO columns."""
    gaussian = lps.targets.Gaussian([1, 2], covariance=COVARIANCE)
    assert np.array_equal(gaussian.known_moments(), [[1, 2], [2, 1]])
    linear = lps.targets.LinearRegression(INPUTS, NUMBERS, 0.5, 2.0)
    mean, variance = linear.known_moments()
    np.testing.assert_allclose(linear.gradient(mean[None]), 0, rtol=0, atol=1e-12)
    precision = -np.array([linear.gradient(mean[None] + step)[0] for step in np.eye(2)])
    np.testing.assert_allclose(np.diag(np.linalg.inv(precision)), variance, rtol=1e-12)
    columns = np.linalg.qr(INPUTS)[0]
    both = lps.targets.Lasso(columns, NUMBERS, 0.5, 3.0).known_moments()
    for i in range(2):
        alone = lps.targets.Lasso(columns[:, i : i + 1], NUMBERS, 0.5, 3.0).known_moments()
        np.testing.assert_allclose(np.array(both)[:, i], np.ravel(alone), rtol=1e-12)
    assert lps.targets.Lasso(INPUTS, NUMBERS).known_moments() is None
    assert lps.targets.PoissonRegression(INPUTS, COUNTS).known_moments() is None


@pytest.mark.parametrize(("c", "penalty"), [(0, 40), (60, 2), (-60, 2), (0, 0), (5.99, 0), (3, 9)])
def test_laplace_moments_hold_far_out(c, penalty):
    """Where one half of the density, or the Gaussian, is far beyond the other."""

    def part(x, power):
        return np.exp(-((x - c) ** 2) / 2 + c * c / 2 - penalty * abs(x) - shift) * x**power

    shift = max(0, abs(c) - penalty) ** 2 / 2
    centre = np.sign(c) * max(0, abs(c) - penalty)
    ends = sorted({*np.linspace(centre - 12, centre + 12, 25), 0.0})
    sums = [
        sum(integrate.quad(part, a, b, args=(power,), epsrel=1e-13)[0]
            for a, b in itertools.pairwise(ends))
        for power in range(3)
    ]  # fmt: skip
    mean = sums[1] / sums[0]
    expected = mean, sums[2] / sums[0] - mean**2
    np.testing.assert_allclose(laplace_moments(1, c, penalty), expected, rtol=1e-9, atol=1e-12)


def test_elementary_functions_are_near_exact_in_float32():
    """exp within 2 ulp of the exact one, its ends included, and log_sum_exp within 2 ulp of 1."""
    z = np.concatenate([RANDOM.uniform(-80, 80, 20_000), [0, 87, -87]]).astype(np.float32)
    error = np.abs(in_float32().exp(z) / np.exp(z.astype(np.float64)) - 1)
    assert error.max() < 2 * 2**-23
    ends = np.float32([-200, 200, -np.inf])
    assert np.array_equal(in_float32().exp(ends), [0, np.inf, 0])
    terms = RANDOM.normal(0, 3, (5, 1000)).astype(np.float32)
    expected = special.logsumexp(terms.astype(np.float64), axis=0)
    scale = np.maximum(1, np.abs(terms).max())
    np.testing.assert_allclose(
        in_float32().log_sum_exp(list(terms)), expected, rtol=0, atol=scale * 2**-22
    )


def test_batches_of_two_are_unbiased_with_control_variates_and_without():
    """The mean over all ordered pairs of rows is the whole data's value, in float64 to rounding."""
    plain = lps.targets.PoissonRegression(INPUTS, COUNTS)
    at = np.array([0.25, -0.5])
    varied = lps.targets.ControlVariates(plain, at)
    pairs = [np.array(pair) for pair in itertools.product(range(12), repeat=2)]
    for target in (plain, varied):
        for name in ("log_density", "gradient"):
            function = getattr(target, name)
            mean = np.mean([function(PARAMS, rows) for rows in pairs], axis=0)
            np.testing.assert_allclose(mean, getattr(plain, name)(PARAMS), rtol=1e-12)
    assert np.array_equal(varied.gradient(at[None], pairs[5]), plain.gradient(at[None]))


def test_control_variates_take_variance_away_near_the_mode():
    """The gradient's variance over batches falls with the squared distance to the mode."""
    plain = lps.targets.LogisticRegression(INPUTS, CLASSES > 0)
    varied = lps.targets.ControlVariates(plain, at=[0.0, 0.0])
    near = np.array([[0.01, -0.01]])
    rows = [np.array([row]) for row in range(12)]
    ratio = [
        np.var([target.gradient(near, row) for row in rows], axis=0).sum()
        for target in (varied, plain)
    ]
    assert ratio[0] < 1e-3 * ratio[1]


def test_control_variates_round_their_data_with_the_target():
    """The full gradient at the point is that of the rounded data."""
    plain = lps.targets.LogisticRegression(INPUTS, CLASSES > 0)
    coarse, key = nf.parse("fixed<8,1>"), nf.Key(0)
    rounded = lps.targets.ControlVariates(plain, at=[0.5, 0.0]).with_inputs(coarse, key)
    expected = lps.targets.ControlVariates(plain.with_inputs(coarse, key), at=[0.5, 0.0])
    params, rows = PARAMS.astype(np.float32), np.array([1, 5])
    assert rounded.gradient(params, rows).tobytes() == expected.gradient(params, rows).tobytes()


REGRESSIONS = {
    "logistic": (lps.targets.LogisticRegression, CLASSES > 0, "accuracy"),
    "softmax": (lps.targets.SoftmaxRegression, CLASSES, "accuracy"),
    "poisson": (lps.targets.PoissonRegression, COUNTS, "rmse"),
    "linear": (lps.targets.LinearRegression, NUMBERS, "rmse"),
}


def likelihoods(name, predictions, labels):
    """Probability or density of each label, (draws, rows)."""
    if name == "logistic":
        return np.where(labels, predictions, 1 - predictions)
    if name == "softmax":
        return predictions[:, np.arange(len(labels)), labels]
    if name == "poisson":
        return stats.poisson.pmf(labels, predictions)
    return stats.norm.pdf(labels, predictions)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_scores_are_those_of_the_mean_prediction(name):
    """`nll` comes from the mean likelihood, the other score from the mean prediction, of draws."""
    kind, labels, quality = REGRESSIONS[name]
    target = kind(INPUTS, labels, test=(INPUTS[::2], labels[::2]))
    draws = RANDOM.normal(size=(3, 4, target.size)).astype(np.float32)
    predictions = target.predict(draws.reshape(12, -1)).astype(np.float64)
    expected = -np.log(likelihoods(name, predictions, labels[::2]).mean(axis=0)).mean()
    scores = target.scores(draws)
    assert scores["nll"] == pytest.approx(expected, rel=1e-5)
    mean = predictions.mean(axis=0)
    if quality == "rmse":
        assert scores["rmse"] == pytest.approx(np.sqrt(((mean - labels[::2]) ** 2).mean()))
    else:
        best = mean.argmax(axis=1) if name == "softmax" else mean > 0.5
        assert scores["accuracy"] == np.mean(best == labels[::2])
    again = target.predict(draws.reshape(12, -1), INPUTS[::2])
    assert again.tobytes() == target.predict(draws.reshape(12, -1)).tobytes()


def test_softmax_predicts_probabilities():
    """Of each row they are positive and sum to 1."""
    target = lps.targets.SoftmaxRegression(INPUTS, CLASSES)
    found = target.predict(RANDOM.normal(0, 5, (9, 6)), INPUTS)
    assert found.shape == (9, 12, 3)
    np.testing.assert_allclose(found.sum(axis=2), 1, rtol=0, atol=16 * 2**-24)


def test_the_smooth_part_of_a_lasso_is_its_likelihood():
    """Without the penalty, and the penalty alone is the rest of the gradient."""
    target = lps.targets.Lasso(INPUTS, NUMBERS, 0.5, 3.0)
    flat = lps.targets.LinearRegression(INPUTS, NUMBERS, 0.5, 1e100)
    np.testing.assert_allclose(target.smooth.gradient(PARAMS), flat.gradient(PARAMS), rtol=1e-12)
    rest = target.gradient(PARAMS) - target.smooth.gradient(PARAMS)
    np.testing.assert_allclose(rest, -3 * np.sign(PARAMS), rtol=1e-12)
    assert target.penalty == 3.0


def test_targets_are_found_by_name():
    """A configuration file's names are those of the classes."""
    assert lps.targets.TARGETS["Quartic"] is lps.targets.Quartic
    for name, target in lps.targets.TARGETS.items():
        assert getattr(lps.targets, name) is target
