"""A run's file tells its target by arguments that make an equal one, and by a hash of the data."""

import numpy as np
import pytest

import lp_sampler as lps

RANDOM = np.random.default_rng(3)
X, Y = RANDOM.normal(size=(20, 3)), RANDOM.random(20) < 0.5
RECORDED = {
    "gaussian": lps.targets.Gaussian([0.0, 1.0], 2.0, gradient_noise=0.5),
    "covariance": lps.targets.Gaussian([0.0, 1.0], covariance=[[2.0, 1.0], [1.0, 1.0]]),
    "mixture": lps.targets.GaussianMixture([1, 2], [[0, 1], [3, 4]], [0.3, 0.7]),
    "quartic": lps.targets.Quartic(3),
    "banana": lps.targets.Banana(0.7, 0.3),
    "softmax": lps.targets.SoftmaxRegression(X, Y, 2.0, classes=3, test=(X[:5], Y[:5])),
    "poisson": lps.targets.PoissonRegression(X, Y, 2.0),
    "linear": lps.targets.LinearRegression(X, X[:, 0], 0.3, 0.7),
    "lasso": lps.targets.Lasso(X, X[:, 0], 0.3, 0.7, names="abc"),
    "logistic": lps.targets.LogisticRegression(X, Y, 2.0, names="abc", test=(X[:5], Y[:5])),
}

RECORDED["varied"] = lps.targets.ControlVariates(RECORDED["softmax"], RANDOM.normal(size=9))
RECORDED["twice varied"] = lps.targets.ControlVariates(RECORDED["varied"], np.zeros(9))


def custom(scale=1.0, **keywords):
    """A target of two functions, whose values change with `scale`."""
    return lps.targets.Custom(
        lambda x, rows: -scale * (x**2).sum(axis=1), lambda x, rows: -2 * scale * x, 2, **keywords
    )


@pytest.mark.parametrize("name", RECORDED)
def test_arguments_make_an_equal_target(name):
    """The class with its recorded arguments has the same hash, description and values."""
    target = RECORDED[name]
    again = type(target)(**target.arguments())
    assert again.data_hash() == target.data_hash()
    assert again.describe() == target.describe()
    params = RANDOM.normal(size=(4, target.size)).astype(np.float32)
    assert again.gradient(params).tobytes() == target.gradient(params).tobytes()
    assert again.log_density(params).tobytes() == target.log_density(params).tobytes()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RECORDED["gaussian"], lps.targets.Gaussian([0.0, 1.0], 2.0)),
        (RECORDED["gaussian"], lps.targets.Gaussian([0.0, 1.5], 2.0, gradient_noise=0.5)),
        (RECORDED["logistic"], lps.targets.LogisticRegression(X[::-1], Y, 2.0, names="abc")),
        (RECORDED["logistic"], lps.targets.LogisticRegression(X, Y, 2.0, names="abc")),
        (custom(), custom(1.01)),
        (custom(), custom(data_size=3)),
    ],
)
def test_other_data_have_another_hash(one, other):
    """One number changed, and the hash is another."""
    assert one.data_hash() != other.data_hash()


def test_a_target_of_functions_is_known_by_its_values():
    """It has no arguments; the same functions have the same hash, evaluated in batches too."""
    assert custom().arguments() is None
    assert custom(data_size=40).data_hash() == custom(data_size=40).data_hash()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["varied", "twice varied"])
def test_a_target_of_a_target_is_stored_with_it(tmp_path, name):
    """Control variates and what they vary come out of the store, and go on to the same bytes."""
    kernel, target = lps.kernels.SGLD(1e-3), RECORDED[name]
    settings = {"chains": 3, "warmup": 2, "thin": 1, "batch_size": 4, "progress": False}
    lps.sample(kernel, target, "fixed8", draws=6, store=tmp_path / "run.zarr", **settings)
    run = lps.resume(tmp_path / "run.zarr", extend=4, progress=False)
    expected = lps.sample(kernel, target, "fixed8", draws=10, **settings)
    assert np.asarray(run.draws).tobytes() == expected.draws.tobytes()
    assert run.target.data_hash() == target.data_hash()
    other = lps.targets.ControlVariates(RECORDED["softmax"], np.ones(9))
    with pytest.raises(lps.StoreError, match="its data are not those of the run"):
        lps.resume(tmp_path / "run.zarr", other, progress=False)
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "run.zarr", mode="r")
    assert (group["target/at"][:] == target.at).all()


def test_control_variates_of_functions_are_handed_in_again():
    """What is not in a store is no part of what is."""
    varied = lps.targets.ControlVariates(custom(data_size=40), [0.0, 1.0])
    assert varied.arguments() is None
    assert varied.data_hash() == lps.targets.ControlVariates(varied.target, [0.0, 1.0]).data_hash()
