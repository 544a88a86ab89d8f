"""The austerity test, and Student's law behind it: sequential answers on growing batches."""

import dataclasses

import numpy as np
import pytest
from lattice_laws import machine_of, move, one_step, points
from scipy import stats

import lp_sampler as lps
import numfmt as nf
from lp_sampler._student import student_cdf, student_quantile
from lp_sampler.kernels._metropolis import sequential_test

RANDOM = np.random.default_rng(4)
ROWS = RANDOM.normal(size=(100, 1))
LOGISTIC = lps.targets.LogisticRegression(ROWS, ROWS[:, 0] + RANDOM.normal(size=100) > 0)


def test_student_s_t_is_scipy_s():
    """Distribution function and quantiles from one degree of freedom to many."""
    for freedom in (1, 2, 5, 63, 499, 5000):
        for t in (0.0, 0.01, 0.5, 1, 2, 5, 20):
            assert student_cdf(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-10)
        for p in (0.8, 0.95, 0.999):
            assert student_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=1e-8)


def population(chains=400, rows=1000):
    """Differences (chains, rows), and a function that gives those of some rows."""
    values = RANDOM.normal(0, 1, (chains, rows))
    return values, lambda batch: values[:, batch]


def test_a_sequential_test_to_the_end_is_exact():
    """With a tiny error every row is seen, and the answer is the whole sum's."""
    values, differences = population()
    threshold = values.sum(axis=1) + RANDOM.normal(0, 3, len(values))
    order = RANDOM.permutation(1000)
    answers, used = sequential_test(differences, threshold, order, error=1e-12, batch=100)
    assert (used >= 900).mean() > 0.9
    assert np.array_equal(answers, values.sum(axis=1) > threshold)


def test_a_sequential_test_is_wrong_as_rarely_as_it_says():
    """Clear cases take one look; of close ones few are wrong; chains are alone."""
    values, differences = population()
    order = RANDOM.permutation(1000)
    exact = values.sum(axis=1)
    clear = np.where(RANDOM.random(400) < 0.5, 1000.0, -1000.0)
    answers, used = sequential_test(differences, exact + clear, order, error=0.05, batch=100)
    assert (used == 100).all()
    assert np.array_equal(answers, clear < 0)
    close = np.where(RANDOM.random(400) < 0.5, 40.0, -40.0)
    answers, used = sequential_test(differences, exact + close, order, error=0.05, batch=100)
    looks = 10
    assert (answers != (close < 0)).mean() < 0.05 * looks / 2
    assert 100 < used.mean() < 1000
    for chain in (0, 7):
        alone = sequential_test(
            lambda batch, chain=chain: values[chain : chain + 1, batch],
            (exact + close)[chain : chain + 1], order, error=0.05, batch=100,
        )  # fmt: skip
        assert (alone[0][0], alone[1][0]) == (answers[chain], used[chain])


def test_impossible_proposals_are_rejected_by_both_tests():
    """A ratio of -inf, and NaN, never accept."""
    params = np.zeros((2, 1), np.float32)
    for austerity in (0.0, 0.1):
        kernel = lps.kernels.LatticeMALA(0.1, austerity=austerity)
        about = move(kernel, LOGISTIC, params, machine_of("fixed<8,3>"), nf.Key(0))
        ratio = np.array([-np.inf, np.nan])
        found = kernel.accepts(about.evaluate, params, params, ratio, 1.0, nf.Key(0))
        assert not found.any()


@pytest.mark.parametrize("kernel", [
    lps.kernels.LatticeMALA(0.05, austerity=1e-9, austerity_batch=40),
    lps.kernels.MetropolisSGHMC(0.1, leapfrogs=2, austerity=1e-9, austerity_batch=40),
], ids=["mala", "sghmc"])  # fmt: skip
def test_austerity_decides_as_all_rows_do(kernel):
    """With a tiny error the sequential test accepts what the whole data accept."""
    states, machine = points("fixed<6,4>"), machine_of("fixed<6,4>")
    start = np.repeat(states, 40, axis=0)
    exact = dataclasses.replace(kernel, austerity=0.0)
    one, info = one_step(kernel, LOGISTIC, start, machine, nf.Key(6))
    other, _ = one_step(exact, LOGISTIC, start, machine, nf.Key(6))
    assert (one.params == other.params).mean() > 0.999
    assert 0.1 < info.accepted / len(start) < 0.95
