"""What is said of runs that cannot be right."""

import numpy as np
import pytest

import lp_sampler as lps
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


def test_a_run_warns_of_what_cannot_be_right():
    """One gap from the mean the gradient is beyond 2 / gap: infeasible, and `sample` says so."""
    kernel, target = lps.kernels.SGLD(1e-3), lps.targets.Gaussian(0.0, 0.3, size=4)
    settings = {"draws": 200, "warmup": 0, "thin": 10, "progress": False}
    with pytest.warns() as caught:
        run = lps.sample(kernel, target, "fixed<8,1>", **settings)
    texts = [str(one.message) for one in caught if one.category is lps.PrecisionWarning]
    assert texts == run.warnings()
    assert "infeasible" in texts[0]
    beyond = 0.5 * np.abs(run.draws / 0.3**2) > 2
    share = run.stats["infeasible"].mean()
    assert share == pytest.approx(beyond.mean(), abs=0.02)
