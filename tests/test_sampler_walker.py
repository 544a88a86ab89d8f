"""Runs whose steps the core makes many at a time have the bytes of those made one by one."""

from __future__ import annotations

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _piece, _runner
from lp_sampler._errors import Cancelled
from lp_sampler._walker import Walker
from lp_sampler.kernels import SGLD, CyclicalSGLD
from lp_sampler.schedules import Cyclical, Exponential
from lp_sampler.targets import Gaussian

TOY = Gaussian(gradient_noise=0.1)
WIDE = Gaussian([0.5, -1.0, 2.0], [1.0, 0.5, 3.0])
COARSE = nf.machine("fixed8").replace(name="coarse", weight="fixed<6,1>")
RUNS = [
    ({"step_size": 1e-3}, TOY, "fixed8", {"chains": 5}),
    ({"step_size": 1e-2, "accumulator": "naive"}, TOY, "fixed<8,3>", {"chains": 300, "thin": 7}),
    ({"step_size": 0.3}, WIDE, "fixed<8,4>", {"chains": [0, 1, 2, 7, 8, 30], "thin": 3}),
    ({"step_size": 1e-2, "accumulator": "full"}, WIDE, COARSE, {"chains": 9, "warmup": 0}),
    ({"step_size": 0.02, "accumulator": "one_shot"}, WIDE, "e4m3fn", {"chains": 4}),
    ({"step_size": 0.02}, TOY, "posit<8,2>", {"chains": 1, "thin": 40}),
    ({"step_size": 0.02, "accumulator": "naive_nearest"}, TOY, "bfloat16", {"chains": 70}),
    ({"step_size": Exponential(0.1, 0.9), "temperature": Exponential(2, 0.99)}, TOY, "fixed8", {}),
]
SHORT = {"draws": 30, "warmup": 23, "thin": 5, "chains": 3, "progress": False, "seed": 4}


def sampled(kernel, target, machine, more, **others):
    """A short run of SGLD, and everything that it tells."""
    run = lps.sample(SGLD(**kernel), target, machine, **{**SHORT, **more, **others})
    names = ("saturated", "infeasible", "frozen", "effective_temperature")
    return [np.asarray(run.draws), *(np.asarray(run.stats[name]) for name in names)]


def equal(a, b):
    """The same bytes."""
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


@pytest.mark.filterwarnings("ignore::lp_sampler.PrecisionWarning")
@pytest.mark.filterwarnings("ignore::lp_sampler.ShortRunWarning")
@pytest.mark.parametrize("given", RUNS)
def test_a_run_by_the_core_has_the_bytes_of_its_steps(given, monkeypatch):
    """Draws, counts and effective temperatures; of calls of any length."""
    by_core = sampled(*given)
    monkeypatch.setattr(_piece, "UPDATES_OF_A_CALL", 11 * 8)
    in_pieces = sampled(*given)
    monkeypatch.setattr(Walker, "of", lambda plan: None)
    assert equal(by_core, sampled(*given))
    assert equal(by_core, in_pieces)


def plan_of(kernel, target, machine=COARSE):
    """The plan of a short run."""
    numbers = {"draws": 5, "chains": 2, "warmup": 3, "thin": 2, "batch_size": None, "init": None}
    return lps._plan.Plan.checked(kernel, target, machine, **numbers, seed=1)


class Steeper(Gaussian):
    """A Gaussian whose gradient is another one's."""

    def gradient(self, params, rows=None):
        """Twice as large."""
        return 2 * super().gradient(params, rows)


CYCLES = Cyclical(0.1, cycle=10, exploration=0.6)
STEPPED = [
    (CyclicalSGLD(CYCLES), TOY, COARSE),
    (SGLD(CYCLES), TOY, COARSE),
    (SGLD(accumulator="error_feedback(bits=4)"), TOY, COARSE),
    (SGLD(), Gaussian(covariance=[[2, 1], [1, 1]]), COARSE),
    (SGLD(), Steeper(), COARSE),
    (SGLD(), TOY, nf.machine("bfp8")),
    (SGLD(), lps.targets.Quartic(), COARSE),
]


@pytest.mark.parametrize("given", STEPPED)
def test_other_runs_are_made_step_by_step(given):
    """The core has no loop for other kernels, targets, units and blocks."""
    assert Walker.of(plan_of(*given)) is None
    assert Walker.of(plan_of(SGLD(), TOY)) is not None


def test_steps_without_noise_are_made_one_by_one():
    """A schedule may end the noise: those steps are not the update's."""
    plan = plan_of(SGLD(0.1, temperature=lambda step: float(step < 4)), TOY)
    walker, start = Walker.of(plan), np.zeros((2, 1), np.float32)
    assert walker.walk(start, nf.Key(1).at(2), 1, 2) is not None
    assert walker.walk(start, nf.Key(1).at(2), 1, 3) is None


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_chain_that_runs_away_raises_what_its_steps_raise(monkeypatch):
    """The error names the step's numbers, as without the core's loop."""
    far = Gaussian(standard_deviation=1e-4)
    said = []
    for _ in range(2):
        with pytest.raises(nf.NumfmtError) as error:
            lps.sample(SGLD(3.0), far, "bfloat16", **{**SHORT, "warmup": 500})
        said.append((type(error.value), str(error.value)))
        monkeypatch.setattr(Walker, "of", lambda plan: None)
    assert said[0] == said[1]


def test_progress_hears_of_every_step_and_can_stop_the_run(monkeypatch):
    """A call of the core ends soon: between two of them a run is stopped."""
    monkeypatch.setattr(_runner, "SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr(_piece, "UPDATES_OF_A_CALL", 40)
    heard, plan = [], plan_of(SGLD(), TOY)

    def stop(steps):
        heard.append(steps)
        if len(heard) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        _runner.run_piece(plan, plan.pieces[0], _runner.Memory(plan), stop)
    assert heard == [3, 10]
