"""Experiment E25: calibration errors of forecasts whose calibration is known."""

import numpy as np

from lp_sampler import diagnostics
from lp_sampler.experiments import e25_calibration_error as e25


def test_every_check_of_the_short_form_passes():
    """Calibrated, too sure, and hidden by the bins."""
    checks = e25.EXPERIMENT.run(True, lambda steps: None)
    assert [check.what for check in checks if not check.passed] == []
    assert len(checks) == 8


def test_calibrated_forecasts_are():
    """Labels come up as often as their probabilities say, class by class, by z-score."""
    table, labels = e25.calibrated(20_000, 10)
    for label in range(10):
        surplus = np.sum((labels == label) - table[:, label])
        spread = np.sqrt(np.sum(table[:, label] * (1 - table[:, label])))
        assert abs(surplus) < 4 * spread


def test_a_forecast_that_is_not_calibrated_is_found():
    """Sharper probabilities than the labels' own exceed the limit by far."""
    table, labels = e25.calibrated(20_000, 2)
    sharper = table**3 / (table**3).sum(axis=1, keepdims=True)
    assert diagnostics.ece(sharper, labels) > 5 * e25.LIMIT / np.sqrt(20_000)
