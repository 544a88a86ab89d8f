"""E8, E9 and E24 in their short forms, and that their checks can fail."""

import dataclasses

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler.experiments import e08_sghmc_sign, e09_sghmc_covariance, e24_temperature
from lp_sampler.experiments._gaussian import fixed_machine, last_draws, w2_to_normal


def silent(steps):
    """Progress that nobody hears of."""


@pytest.mark.parametrize(
    "experiment",
    [one.EXPERIMENT for one in (e08_sghmc_sign, e09_sghmc_covariance, e24_temperature)],
    ids=lambda experiment: experiment.number,
)
def test_every_check_passes(experiment):
    """In the short form, with thresholds as much wider."""
    checks = experiment.run(True, silent)
    assert [check for check in checks if not check.passed] == []
    assert len(checks) > 5


def test_a_wrong_sign_would_be_seen(monkeypatch):
    """E8 with the published formula in the kernel fails its checks."""
    honest = lps.kernels.sghmc.ornstein_uhlenbeck

    def published(*arguments):
        one = honest(*arguments)
        return dataclasses.replace(one, push=-one.push)

    monkeypatch.setattr(lps.kernels.sghmc, "ornstein_uhlenbeck", published)
    failed = [check.what for check in e08_sghmc_sign.run(True, silent) if not check.passed]
    assert {"step 0.1: W2", "step 0.1: variance against the exact law: z"} <= set(failed)


def test_a_wrong_temperature_would_be_seen(monkeypatch):
    """E24 fails where noise forgets the temperature."""
    monkeypatch.setattr(e24_temperature, "KERNELS", {"always 1": (Forgetful(0.02), 150)})
    assert not any(check.passed for check in e24_temperature.run(True, silent))


@dataclasses.dataclass(frozen=True)
class Forgetful(lps.kernels.SGLD):
    """Its temperature is 1 whatever it is told."""

    def step(self, state, evaluate, *, step_size, temperature, key):
        """A step at temperature 1."""
        return super().step(state, evaluate, step_size=step_size, temperature=1.0, key=key)


def test_distance_to_the_normal_law():
    """Of the law's own quantiles 0, and of twice them 1."""
    draws = np.random.default_rng(1).normal(size=100_000)
    assert w2_to_normal(draws) < 0.02
    assert w2_to_normal(2 * draws) == pytest.approx(1, abs=0.01)


def test_last_draws_are_the_sampler_s():
    """They are the only draw of a run with as many steps."""
    kernel, target = lps.kernels.SGLD(0.1), lps.targets.Gaussian()
    machine = fixed_machine(3)
    last = last_draws(kernel, target, machine, 8, 30, silent)
    keywords = {"draws": 1, "chains": 8, "warmup": 29, "thin": 1, "progress": False}
    with pytest.warns(lps.ShortRunWarning):
        run = lps.sample(kernel, target, machine, **keywords)
    assert run.draws.tobytes() == last.tobytes()
