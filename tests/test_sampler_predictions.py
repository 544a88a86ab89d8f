"""Calibration and scores of predictions, against scikit-learn, hand-made bins and known laws."""

import numpy as np
import pytest
from sklearn import metrics

import lp_sampler as lps
from lp_sampler import diagnostics

RANDOM = np.random.default_rng(63)
TABLE = RANDOM.dirichlet([0.7, 0.5, 0.3], size=400)
LABELS = RANDOM.integers(0, 3, size=400)
BINARY, TRUTH = RANDOM.random(300), RANDOM.integers(0, 2, size=300)


def by_hand(probabilities, labels, edges):
    """ECE with bins (low, high], one row after the other."""
    table = (
        np.stack([1 - probabilities, probabilities], 1)
        if probabilities.ndim == 1
        else probabilities
    )
    bins = [[] for _ in edges[1:]]
    for row, label in zip(table, labels, strict=True):
        k = next(i for i in range(len(edges) - 1) if row.max() <= edges[i + 1])
        bins[k].append((row.max(), row.argmax() == label))
    gaps = [abs(np.sum([c for c, _ in b]) - np.sum([r for _, r in b])) for b in bins if b]
    return np.sum(gaps) / len(labels)


@pytest.mark.parametrize("bins", [1, 9, 10, 15])
@pytest.mark.parametrize(("probabilities", "labels"), [(TABLE, LABELS), (BINARY, TRUTH)])
def test_ece_of_equal_width_is_the_definition(bins, probabilities, labels):
    """Bins (k / n, (k + 1) / n] of the confidence, row by row."""
    edges = [k / bins for k in range(bins)] + [1.0]
    expected = by_hand(probabilities, labels, edges)
    assert diagnostics.ece(probabilities, labels, bins=bins) == pytest.approx(expected)


def test_bins_of_equal_mass_have_equal_counts():
    """400 rows in 16 bins are 25 each, in the order of confidence; the order of rows is nothing."""
    found = diagnostics.calibration(TABLE, LABELS, bins=16, binning="mass")
    assert found.count.tolist() == [25] * 16
    order = np.argsort(TABLE.max(axis=1))
    sure, right = TABLE.max(axis=1)[order], (TABLE.argmax(axis=1) == LABELS)[order]
    np.testing.assert_allclose(found.confidence, sure.reshape(16, 25).mean(axis=1))
    np.testing.assert_allclose(found.accuracy, right.reshape(16, 25).mean(axis=1))
    shuffled = RANDOM.permutation(400)
    again = diagnostics.ece(TABLE[shuffled], LABELS[shuffled], bins=16, binning="mass")
    assert again == pytest.approx(found.error, rel=1e-12)


def test_equal_confidences_share_a_bin():
    """Two values of confidence make two bins, however many are asked for."""
    probabilities = np.repeat([0.6, 0.9], [30, 70])
    found = diagnostics.calibration(probabilities, np.ones(100, int), binning="mass")
    assert found.count.tolist() == [30, 70]
    assert found.error == pytest.approx(0.3 * 0.4 + 0.7 * 0.1)


def test_scores_are_scikit_learns():
    """NLL, Brier score and accuracy, of two and of three classes."""
    assert diagnostics.nll(TABLE, LABELS) == pytest.approx(metrics.log_loss(LABELS, TABLE))
    assert diagnostics.nll(BINARY, TRUTH) == pytest.approx(metrics.log_loss(TRUTH, BINARY))
    assert diagnostics.brier(BINARY, TRUTH) == pytest.approx(
        metrics.brier_score_loss(TRUTH, BINARY)
    )
    assert diagnostics.accuracy(TABLE, LABELS) == metrics.accuracy_score(LABELS, TABLE.argmax(1))
    expected = np.mean(np.sum((TABLE - np.eye(3)[LABELS]) ** 2, axis=1))
    assert diagnostics.brier(TABLE, LABELS) == pytest.approx(expected)
    two = np.stack([1 - BINARY, BINARY], axis=1)
    assert diagnostics.brier(two, TRUTH) == pytest.approx(2 * diagnostics.brier(BINARY, TRUTH))


def test_a_certain_error_has_a_finite_nll():
    """Probability 0 counts as the smallest float32."""
    assert diagnostics.nll(np.array([0.0]), [1]) == pytest.approx(149 * np.log(2))


def test_the_average_of_draws_is_judged_beside_the_single_ones():
    """Model averaging is the scores of the mean; single draws' scores are averaged."""
    draws = RANDOM.random((5, 300))
    together, alone = diagnostics.averaged_and_single(draws, TRUTH)
    assert together == diagnostics.scores(draws.mean(axis=0), TRUTH)
    assert alone["nll"] == pytest.approx(np.mean([diagnostics.nll(p, TRUTH) for p in draws]))
    assert together["nll"] <= alone["nll"]
    assert together["brier"] <= alone["brier"]


@pytest.mark.parametrize(
    ("probabilities", "labels", "keywords", "message"),
    [
        (np.array([1.2]), [1], {}, "probabilities"),
        (np.array([np.nan]), [1], {}, "probabilities"),
        (np.zeros((2, 2, 2)), [1, 1], {}, "probabilities"),
        (np.array([0.5]), [2], {}, "labels"),
        (np.array([0.5]), [1, 0], {}, "labels"),
        (np.array([0.5]), [1], {"bins": 0}, "bins"),
        (np.array([0.5]), [1], {"binning": "massive"}, "binning"),
    ],
)
def test_wrong_predictions_are_errors(probabilities, labels, keywords, message):
    """Each names the argument."""
    with pytest.raises(lps.SamplerError, match=message):
        diagnostics.ece(probabilities, labels, **keywords)


def test_rounding_above_one_is_forgiven():
    """A float32 softmax may end a little above 1; more than that is an error."""
    above = np.array([[np.float32(1.0000001), 0.0]])
    assert diagnostics.nll(above, [0]) == 0
    with pytest.raises(lps.SamplerError, match="probabilities"):
        diagnostics.nll(np.array([[1.001, 0.0]]), [0])
