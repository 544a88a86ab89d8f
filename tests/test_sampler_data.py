"""From a CSV file to a target, and settings that fit it."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import lp_sampler as lps
from lp_sampler._curvature import hessian

RANDOM = np.random.default_rng(65)
ROWS = RANDOM.normal(size=(50, 2)) * [3.0, 0.1] + [10.0, -1.0]
KINDS = np.where(ROWS[:, 0] + 20 * ROWS[:, 1] + RANDOM.logistic(size=50) > -10, "yes", "no")


def table(path, rows=ROWS, labels=KINDS, names="a,b,kind"):
    """Write a table with the label last."""
    lines = [
        ",".join([*map(repr, map(float, row)), str(x)]) for row, x in zip(rows, labels, strict=True)
    ]
    path.write_text("\n".join([names, *lines]) + "\n", encoding="utf-8")
    return path


def test_columns_are_standardised_by_the_training_rows(tmp_path):
    """Mean 0 and deviation 1 of 35 rows, the same change of 15 test rows, a column of ones."""
    target = lps.target_from_csv(table(tmp_path / "t.csv"), "kind")
    assert (target.data_size, target.size) == (35, 3)
    assert target.names == ("a", "b", "intercept")
    inputs, test = target.arguments()["X"], target.arguments()["test"][0]
    np.testing.assert_allclose(inputs[:, :2].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(inputs[:, :2].std(axis=0), 1, atol=1e-12)
    assert (inputs[:, 2] == 1).all()
    together = np.concatenate([inputs, test])[:, 0]
    slope, offset = np.polyfit(np.sort(together), np.sort(ROWS[:, 0]), 1)
    np.testing.assert_allclose(np.sort(together) * slope + offset, np.sort(ROWS[:, 0]), atol=1e-9)


def test_labels_are_classes_in_their_order(tmp_path):
    """Texts sort as texts, numbers by value: "no" < "yes" and 9 < 10."""
    labels = lps.target_from_csv(table(tmp_path / "t.csv"), "kind", test_fraction=0).arguments()[
        "y"
    ]
    assert labels.sum() == (KINDS == "yes").sum()
    numbers = np.where(KINDS == "yes", 9, 10)
    path = table(tmp_path / "n.csv", labels=numbers)
    again = lps.target_from_csv(path, "kind", test_fraction=0).arguments()["y"]
    assert again.sum() == (numbers == 10).sum()


@pytest.mark.parametrize("kind", ["softmax", "linear", "poisson"])
def test_every_regression_has_a_table(tmp_path, kind):
    """Classes of any number, standardised numbers, counts."""
    labels = RANDOM.integers(0, 4, size=50)
    target = lps.target_from_csv(table(tmp_path / "t.csv", labels=labels), "kind", kind)
    assert target.size == (12 if kind == "softmax" else 3)
    assert len(target.names) == target.size
    assert np.isfinite(target.log_density(np.zeros((1, target.size)))).all()
    if kind == "linear":
        assert target.arguments()["y"].std() == pytest.approx(1)


def test_a_constant_column_is_left_out(tmp_path):
    """It tells nothing beside the intercept."""
    rows = np.column_stack([ROWS[:, 0], np.full(50, 7.0)])
    assert lps.target_from_csv(table(tmp_path / "t.csv", rows), "kind").names == ("a", "intercept")


@pytest.mark.parametrize(
    ("text", "keywords", "message"),
    [
        ("a,b\n1,x\n2,y\n3,x\n4,y\n", {"label": "c"}, "label: unknown 'c'"),
        ("a,b\n1,x\n2,y\n", {"target": "logit"}, "target: unknown 'logit'"),
        ("a,b\n1,x\n", {"test_fraction": 1.0}, "test_fraction"),
        ("a,b\n", {}, "rows are needed below the names"),
        ("a,a\n1,2\n", {}, "distinct names"),
        ("a,b\n1,x\n2\n", {}, "line 3: 2 fields are needed; got 1"),
        ("a,b\n1,x\noops,y\n", {}, "line 3, column 'a'.*'oops'"),
        ("a,b\n1,x\nnan,y\n", {}, "line 3, column 'a'.*'nan'"),
        ("a,b\n1,x\n2,y\n3,z\n", {}, "two different labels.*3"),
        ("a,b\n1,2\n2,z\n", {"target": "linear"}, "line 3, column 'b'.*'z'"),
        ("b\nx\ny\n", {}, "beside the label"),
        ("a,b\n1,x\n2,y\n", {"test_fraction": 0.6}, "too few"),
    ],
)
def test_wrong_tables_are_errors(tmp_path, text, keywords, message):
    """Each names the file's row and column, or the argument."""
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(lps.SamplerError, match=message):
        lps.target_from_csv(path, **{"label": "b", **keywords})


def test_the_mode_is_scikit_learns(tmp_path):
    """Ridge-penalised logistic regression with a penalised intercept has the same optimum."""
    target = lps.target_from_csv(table(tmp_path / "t.csv"), "kind", test_fraction=0)
    inputs, labels = target.arguments()["X"], target.arguments()["y"]
    model = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-12, max_iter=10_000)
    expected = model.fit(inputs, labels).coef_[0]
    np.testing.assert_allclose(lps.curvature(target).mode, expected, atol=1e-5)


def test_curvatures_are_the_hessians_eigenvalues(tmp_path):
    """X^T diag(p (1 - p)) X + I at the mode, in closed form."""
    target = lps.target_from_csv(table(tmp_path / "t.csv"), "kind", test_fraction=0)
    found, inputs = lps.curvature(target), target.arguments()["X"]
    p = 1 / (1 + np.exp(-inputs @ found.mode))
    exact = inputs.T @ (inputs * (p * (1 - p))[:, None]) + np.eye(3)
    np.testing.assert_allclose(hessian(target, found.mode[None]), -exact, rtol=1e-6, atol=1e-6)
    values = np.linalg.eigvalsh(exact)
    assert found.steepest == pytest.approx(values[-1], rel=1e-6)
    assert found.flattest == pytest.approx(values[0], rel=1e-6)


def test_settings_follow_from_the_curvature():
    """Steps, relaxation and lengths of a Gaussian; its MALA accepts as it should."""
    target = lps.targets.Gaussian([0.0, 5.0, 0.0], [1.0, 0.1, 2.0])
    found = lps.curvature(target)
    assert found.step_size == pytest.approx(0.05 * 0.1**2)
    assert found.relaxation == pytest.approx(2**2 / (0.05 * 0.1**2))
    lengths = found.lengths(draws=1000)
    assert lengths["thin"] * 1000 >= 12 * found.relaxation > (lengths["thin"] - 1) * 1000
    result = found.mala(chains=16, seed=3).run(target)
    assert 0.4 < result.acceptance < 0.95
    z = lps.diagnostics.moment_scores(result.draws, *(target.known_moments()[0], [1, 0.1, 2]))
    assert max(np.abs(one).max() for one in z.values()) < 4


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (lps.targets.Gaussian(size=501), "more than 500"),
        (lps.targets.Custom(lambda x, rows: 0 * x[:, 0], lambda x, rows: 0 * x, 1), "flat"),
        (lps.targets.Custom(lambda x, rows: x[:, 0], lambda x, rows: 0 * x + 1, 1), "mode"),
    ],
    ids=["large", "flat", "rising"],
)
def test_targets_without_a_fitting_curvature_are_errors(target, message):
    """The error asks for settings of one's own."""
    with pytest.raises(lps.SamplerError, match=message + ".*give the kernel's"):
        lps.curvature(target)
