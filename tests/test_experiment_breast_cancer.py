"""Experiment E11: logistic regression on real data; not every 8-bit arithmetic samples it right."""

import dataclasses

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler.experiments import breast_cancer

SHORTER = {"draws": 500, "chains": 64, "warmup": 10_000, "thin": 20}
ERRORS = 4
TELLING = 0.06


def test_data_is_the_experiment_s():
    """398 training rows with standardised columns, a column of ones, 171 test rows."""
    target = breast_cancer.target()
    assert (target.data_size, target.size) == (398, 31)
    inputs = target._rows[np.dtype(float)]
    assert inputs[:, -1].tolist() == [1.0] * 398
    rounding = 398 * np.finfo(float).eps
    np.testing.assert_allclose(inputs[:, :-1].mean(axis=0), 0, atol=rounding)
    np.testing.assert_allclose(inputs[:, :-1].std(axis=0), 1, atol=rounding)
    assert len(target._test[1]) == 171


@pytest.fixture(scope="module")
def rows():
    """The two fixed-point machines, a quarter as long as the main job."""
    comparison = lps.compare(
        breast_cancer.KERNEL,
        breast_cancer.target(),
        ("fixed8", "fixed8f4"),
        ("full", "naive", "vc"),
        progress=False,
        **SHORTER,
    )
    return {(row.machine, row.accumulator): row for row in comparison.rows}


@pytest.mark.long
def test_limits_hold_within_the_error_of_the_shorter_run(rows):
    """Every limit of the experiment holds, widened by four standard errors of the row."""
    assert set(breast_cancer.LIMITS) == set(rows)
    assert breast_cancer.missed(rows.values(), ERRORS) == []
    assert max(row.std_ratio_error for row in rows.values()) < TELLING


@pytest.mark.long
@pytest.mark.parametrize("machine", ["fixed8", "fixed8f4"])
def test_predictive_scores_do_not_tell(rows, machine):
    """The sampler that is far too hot predicts as well as the right ones: NLL moves by < 0.01."""
    scores = [rows[machine, name].nll for name in ("full", "naive", "vc")]
    assert np.ptp(scores) < 0.01


@pytest.mark.long
def test_limits_that_are_missed_are_named(rows):
    """A row outside its limits is found and named."""
    wrong = dataclasses.replace(rows["fixed8", "vc"], std_ratio=1.5, w2_sigma=0.05)
    assert breast_cancer.missed([wrong]) == ["fixed8 vc: std_ratio 1.500"]
