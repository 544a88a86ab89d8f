"""Batches: each row as often as it should be, from the key and the step alone."""

import itertools

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler._batches import epoch_rows, independent_rows, permutation
from lp_sampler._evaluate import Evaluation

KEY = nf.Key(8).fold_in("rows")


def z_score(counts, expected):
    """Of a chi-squared statistic with equal expectations, for many categories."""
    statistic = ((counts - expected) ** 2).sum() / expected
    freedom = counts.size - 1
    return (statistic - freedom) / np.sqrt(2 * freedom)


@pytest.mark.parametrize(("size", "count"), [(12, 4), (10, 4), (7, 7), (5, 1)])
def test_without_replacement_every_epoch_has_every_row_once(size, count):
    """The list that steps cut into pieces is one permutation after the other."""
    steps = 6 * size
    rows = np.concatenate([epoch_rows(KEY.at(step), size, count) for step in range(steps)])
    epochs = rows.reshape(-1, size)
    assert (np.sort(epochs) == np.arange(size)).all()
    assert len({tuple(epoch) for epoch in epochs}) > min(steps * count // size, 20) // 2


def test_the_step_is_all_that_a_batch_needs():
    """A batch is the same in any order of the calls, and whatever chain the key begins at."""
    batches = {step: epoch_rows(KEY.at(step), 10, 4).tolist() for step in range(20)}
    for step in (19, 0, 7):
        assert epoch_rows(KEY.at(step, first=310), 10, 4).tolist() == batches[step]
        independent = independent_rows(KEY.at(step, first=310), 10, 4).tolist()
        assert independent == independent_rows(KEY.at(step), 10, 4).tolist()


def test_permutations_are_uniform():
    """All 24 orders of four rows are equally frequent."""
    orders = list(itertools.permutations(range(4)))
    found = [orders.index(tuple(permutation(KEY.at(i), 4))) for i in range(9600)]
    assert abs(z_score(np.bincount(found, minlength=24), 400)) < 4


def test_independent_rows_are_uniform():
    """Each of seven rows in each place."""
    rows = np.array([independent_rows(KEY.at(step), 7, 3) for step in range(7000)])
    for place in range(3):
        assert abs(z_score(np.bincount(rows[:, place], minlength=7), 1000)) < 4


def test_an_epoch_of_gradients_sums_to_the_whole():
    """The mean of the estimates of one epoch is the full gradient, in the evaluation of a run."""
    random = np.random.default_rng(1)
    inputs = random.normal(size=(12, 2))
    target = lps.targets.LinearRegression(inputs, inputs[:, 0])
    machine, params = nf.machine("float32"), random.normal(size=(3, 2)).astype(np.float32)
    parts = [
        Evaluation(target, machine, nf.Key(0).at(step), 3, replacement=False).gradient(params)
        for step in range(4, 8)
    ]
    error = 12 * 2**-24 * np.abs(inputs).sum() * 4
    np.testing.assert_allclose(np.mean(parts, axis=0), target.gradient(params), rtol=0, atol=error)
