"""Gradients of regressions in one call: the bits of the composition, on every instruction set."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from numfmt import _core, binary32

MEANS = {"identity": lambda z: z, "logistic": binary32.logistic, "exp": binary32.exp}
SHAPES = [(1, 1, 1), (7, 3, 2), (569, 31, 33), (40, 64, 65), (0, 3, 2), (5, 0, 2), (5, 3, 0)]


def data(rows, features, chains):
    """Rows, labels and parameters."""
    rng = np.random.default_rng(rows + features + chains)
    x = rng.normal(size=(rows, features)).astype("f4")
    labels = rng.integers(0, 2, rows).astype("f4")
    return x, labels, rng.normal(size=(chains, features)).astype("f4")


def composed(x, labels, params, link, row_weight, prior_precision):
    """The gradient, operation by operation."""
    means = MEANS[link](binary32.matmul(params, np.ascontiguousarray(x.T)))
    residuals = (labels - means) * np.float32(row_weight)
    return binary32.matmul(residuals, x) - params * np.float32(prior_precision)


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("link", MEANS)
@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_is_the_composition(isa, link, shape):
    """Bit for bit, whatever the number of chains, rows and features."""
    x, labels, params = data(*shape)
    model = binary32.Regression(x, labels, link, row_weight=0.7, prior_precision=0.3)
    with _core.forced_isa(isa):
        found = model.gradient(params)
    assert found.tobytes() == composed(x, labels, params, link, 0.7, 0.3).tobytes()


def test_a_copy_by_pickle_computes_the_same():
    """What the core reads is made again."""
    x, labels, params = data(20, 4, 3)
    model = binary32.Regression(x, labels)
    wanted = model.gradient(params)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).gradient(params), wanted)


@pytest.mark.parametrize(
    "make",
    [
        lambda x, y: lps.targets.LogisticRegression(x, y > 0, prior_scale=0.6),
        lambda x, y: lps.targets.LinearRegression(x, y, noise_scale=0.3),
        lambda x, y: lps.targets.PoissonRegression(x / 4, y > 0),
        lambda x, y: lps.targets.Lasso(x, y),
        lambda x, y: lps.targets.SoftmaxRegression(x, y > 0),
    ],
    ids=["logistic", "linear", "poisson", "lasso", "softmax"],
)
def test_targets_give_the_same_with_and_without(make):
    """A target's gradient is that of `evaluate`, which goes operation by operation."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(50, 6)), rng.normal(size=50)
    target = make(x, y).on(nf.machine("fixed8"), nf.Key(1))
    params = rng.normal(size=(9, target.size)).astype("f4")
    assert target.gradient(params).tobytes() == target.evaluate(params)[1].tobytes()


@pytest.mark.parametrize(
    ("machine", "plain"),
    [("fixed8", True), ("bf16_sr", False), ("npu_int8", False), ("fpga_ap_fixed", False)],
)
def test_machines_of_other_arithmetic_do_not_take_it(machine, plain):
    """Products by a datapath, stored errors and rounded units are the machine's own."""
    target = lps.targets.LogisticRegression([[1.0], [2.0]], [0, 1])
    assert target.on(nf.machine(machine), nf.Key(1)).arithmetic.is_plain == plain


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": np.zeros((2, 1))}, nf.DtypeError, "x has dtype float64"),
        ({"x": np.zeros(2, "f4")}, nf.ShapeError, "x has shape"),
        ({"labels": np.zeros(3, "f4")}, nf.ShapeError, "one for each of the 2 rows"),
        ({"link": "probit"}, nf.NumfmtError, "probit"),
        ({"prior_precision": np.inf}, nf.RangeError, "prior_precision=inf"),
    ],
)
def test_wrong_arguments(change, error, words):
    """Each is named, with what is allowed."""
    arguments = {"x": np.zeros((2, 1), "f4"), "labels": np.zeros(2, "f4"), **change}
    with pytest.raises(error, match=words):
        binary32.Regression(**arguments)


def test_wrong_params():
    """They must have a column for each feature."""
    model = binary32.Regression(np.zeros((2, 1), "f4"), np.zeros(2, "f4"))
    with pytest.raises(nf.ShapeError, match="1 columns are needed"):
        model.gradient(np.zeros((2, 3), "f4"))


def test_the_core_refuses_nonsense():
    """Links, pointers and sizes that cannot be."""
    lib, new = _core.lib, _core.ffi.new
    out = new("float[4]")
    for change in ({"link": 7}, {"x": _core.ffi.NULL}, {"rows": 1 << 62}, {"isa": 99}):
        arrays = {"x": out, "x_transposed": out, "labels": out}
        regression = new("nf_regression *", {"rows": 1, "features": 1, **arrays})
        assert lib.nf_regression_gradient(regression, out, out + 1, 1) == lib.NF_OK
        for name, value in change.items():
            setattr(regression, name, value)
        assert lib.nf_regression_gradient(regression, out, out + 1, 1) == lib.NF_BAD_ARGUMENT
    assert lib.nf_regression_gradient(_core.ffi.NULL, out, out, 1) == lib.NF_BAD_ARGUMENT
