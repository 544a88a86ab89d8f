"""What a running run tells: acceptance, and effective draws a second."""

import math

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _plan, _runner
from lp_sampler._live import BATCHES, BatchMeans, FromAfar, Live
from lp_sampler._piece import PieceRun
from lp_sampler._plan import Plan
from lp_sampler._progress import Bar

DRAWS, CORRELATION = 20_000, 0.9


def test_batch_means_know_the_effective_size():
    """Of an autoregressive series it is n (1 - c) / (1 + c); batches err by sqrt(2 / batches)."""
    random, value, means = np.random.default_rng(2), 0.0, BatchMeans()
    for noise in random.normal(size=DRAWS):
        value = CORRELATION * value + math.sqrt(1 - CORRELATION**2) * noise
        means.add(np.array([[value]]))
    expected = DRAWS * (1 - CORRELATION) / (1 + CORRELATION)
    error = math.sqrt(2 / (BATCHES / 2))
    assert abs(means.effective_size() / expected - 1) < 4 * error
    assert len(means._sums) <= BATCHES


def test_too_few_draws_and_frozen_ones_have_no_effective_size():
    """NaN, not a number that looks like one."""
    means = BatchMeans()
    assert math.isnan(means.effective_size())
    for _ in range(100):
        means.add(np.ones((1, 1)))
    assert math.isnan(means.effective_size())


def test_the_bar_shows_what_pieces_tell():
    """Rates of running pieces add up; a piece that has ended has none; NaN is left out."""
    shown, steps = [], []
    bar = Bar(steps.append, shown.append)
    bar(3)
    bar.note(0, 0.57, 10.0)
    bar.note(1, math.nan, 5.0)
    bar.note(2, math.nan, math.nan)
    bar.note(0, math.nan, 0.0)
    assert shown == ["accepted 57%, 10 ESS/s", "15 ESS/s", "15 ESS/s", "5 ESS/s"]
    assert steps == [3]
    assert Bar(steps.append, None).note is None


@pytest.mark.parametrize("name", ["sgld", "lattice_mala"])
def test_pieces_tell_while_they_run(monkeypatch, name):
    """Effective draws of any kernel; acceptance of those that propose."""
    monkeypatch.setattr(_runner, "SECONDS_BETWEEN_REPORTS", 0)
    kernel = lps.kernels.KERNELS[name](step_size=0.1)
    machine = lps._machines.find_machine("fixed8")
    plan = Plan.checked(kernel, lps.targets.Gaussian(size=3), machine, 60, 4, 5, 1, None, None, 0)
    told = []
    bar = Bar(lambda steps: None, told.append)
    _runner.run_piece(plan, plan.pieces[0], _runner.Memory(plan), bar, bar.note)
    assert told[-1] == ""
    assert any("ESS/s" in text for text in told)
    assert any("accepted" in text for text in told) == (name == "lattice_mala")


@pytest.mark.parametrize("name", ["sgld", "lattice_mala"])
@pytest.mark.parametrize("machine", ["fixed8", "bfp8"])
def test_chunks_from_afar_tell_what_a_piece_here_tells(monkeypatch, name, machine):
    """The same effective size and acceptance from a run's chunks, the last one not full."""
    if (name, machine) == ("lattice_mala", "bfp8"):
        pytest.skip("a lattice has no blocks")
    monkeypatch.setattr(_plan, "CHUNK_DRAWS", 16)
    kernel, own = lps.kernels.KERNELS[name](step_size=0.1), nf.machine(machine)
    plan = Plan.checked(kernel, lps.targets.Gaussian(size=3), own, 60, 4, 0, 1, None, None, 0)
    here, afar = [], []
    run = PieceRun(plan, plan.pieces[0])
    live, follower = Live(run, note(here)), FromAfar(plan, plan.pieces[0], note(afar))
    while run.draws < plan.draws:
        live.heard(run.advance())
        chunk = run.take_chunk()
        if chunk is not None:
            follower.took(chunk)
    for one in (live, follower):
        one.report()
        one.end()
    assert here[0][1] == pytest.approx(afar[0][1], nan_ok=True)
    assert live._means.effective_size() == follower._means.effective_size() > 0
    assert afar[1][2] == 0


def note(told):
    """A bar's note that keeps what it is told."""
    return lambda *what: told.append(what)
