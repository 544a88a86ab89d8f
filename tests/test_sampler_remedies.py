"""What is said of runs that cannot be right."""

import numpy as np
import pytest

from lp_sampler import diagnostics

RIGHT = {"saturated": 0.0, "infeasible": 0.0, "effective_temperature": np.array([0.99, 1.02])}


def test_nothing_is_said_of_a_right_run():
    """Below every limit there is no text."""
    stats = {**RIGHT, "infeasible": np.array([0.0, 0.019]), "saturated": 0.0005}
    assert diagnostics.cannot_be_right(stats, temperature=1.0) == []


@pytest.mark.parametrize(
    ("stats", "keywords", "words"),
    [
        ({"infeasible": [0.0, 0.03]}, {}, ("1.5%", "finer", "blocks", "error_feedback", "temper")),
        ({"saturated": 0.002}, {}, ("0.2%", "wider word", "blocks", "rescaled")),
        ({}, {"frozen": 0.25}, ("25%", "never moved", "error_feedback", "step size")),
        ({"effective_temperature": [2.5, 2.5]}, {"temperature": 1.0}, ("2.5 times", "'vc'")),
        ({"effective_temperature": [0.1, 0.1]}, {"temperature": 0.5}, ("0.2 times", "swallows")),
    ],
)
def test_each_reason_has_a_text_with_its_remedies(stats, keywords, words):
    """One text, with the share and what to do."""
    (text,) = diagnostics.cannot_be_right({**RIGHT, **stats}, **{"temperature": None, **keywords})
    for word in words:
        assert word in text


def test_a_temperature_within_its_own_spread_is_not_blamed():
    """Few noisy values of a right run say nothing; many do."""
    values = 1.2 + 0.5 * np.random.default_rng(3).normal(size=10_000)
    few, many = ({**RIGHT, "effective_temperature": values[:n]} for n in (10, 10_000))
    assert diagnostics.cannot_be_right(few, temperature=1.0) == []
    assert len(diagnostics.cannot_be_right(many, temperature=1.0)) == 1
