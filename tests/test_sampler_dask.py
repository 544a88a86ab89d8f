"""Runs on a Dask cluster of two real workers: the bytes of one process, whatever dies."""

import os
import signal
import threading
import time

import pytest
from stored_runs import GAUSSIAN, MANY_PIECES, content, sample

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _dask, _plan, _runner
from lp_sampler._plan import Plan
from lp_sampler._progress import Bar

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")
SETTINGS = {"chains": 14, "draws": 60}


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as one:
        yield one


@pytest.fixture
def short_chunks(monkeypatch):
    """Chunks of 8 draws, each a task."""
    monkeypatch.setattr(_plan, "CHUNK_DRAWS", 8)
    monkeypatch.setattr(_dask, "MOST_CHUNKS", 1)


def test_two_workers_write_the_store_of_one_process(tmp_path, cluster, short_chunks):
    """By the scheduler's address and by a client: equal files, and equal draws in memory."""
    sample(tmp_path / "here.zarr", MANY_PIECES, **SETTINGS)
    sample(tmp_path / "there.zarr", MANY_PIECES, **SETTINGS, scheduler=cluster.scheduler_address)
    assert content(tmp_path / "there.zarr") == content(tmp_path / "here.zarr")
    with distributed.Client(cluster, set_as_default=False) as client:
        sample(tmp_path / "too.zarr", MANY_PIECES, **{**SETTINGS, "draws": 20}, scheduler=client)
        lps.resume(tmp_path / "too.zarr", extend=40, scheduler=client, progress=False)
        drawn = sample(None, GAUSSIAN, chains=[3, 1], scheduler=client).draws
    assert content(tmp_path / "too.zarr") == content(tmp_path / "here.zarr")
    assert drawn.tobytes() == sample(None, GAUSSIAN, chains=[3, 1]).draws.tobytes()
    assert "Client" in (tmp_path / "there.zarr.log").read_text()


def test_the_bar_hears_of_pieces_that_run_there(cluster, short_chunks):
    """Effective draws a second, until all have ended."""
    kernel, own = lps.kernels.SGLD(2e-3), nf.machine("fixed8")
    plan = Plan.checked(kernel, MANY_PIECES, own, 60, 14, 5, 1, None, None, 0)
    told = []
    bar = Bar(lambda steps: None, told.append)
    with distributed.Client(cluster, set_as_default=False) as client:
        _runner.run_pieces(plan, _runner.Memory(plan), bar, 1, client)
    assert any("ESS/s" in text for text in told)
    assert told[-1] == ""


def test_a_custom_target_is_sent(cluster):
    """Functions of the caller's script too, which only it can import."""
    target = lps.targets.Custom(
        lambda x, rows: -(x**2).sum(axis=1), lambda x, rows: -2 * x, 2, data_size=None
    )
    there = sample(None, target, scheduler=cluster.scheduler_address).draws
    assert there.tobytes() == sample(None, target).draws.tobytes()


def test_a_killed_worker_changes_nothing_but_the_time(tmp_path, cluster, short_chunks):
    """A worker dies (-9) in the middle of the run; what it was to do is done elsewhere."""
    sample(tmp_path / "here.zarr", MANY_PIECES, **SETTINGS)
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2)
        processes = list(client.run(os.getpid).values())
        path, killed = tmp_path / "there.zarr", []

        def kill():
            while len([*path.glob("codes/c/*/*/0")]) < 3:
                time.sleep(0.01)
            os.kill(processes[0], signal.SIGKILL)
            killed.append(processes[0])

        thread = threading.Thread(target=kill)
        thread.start()
        sample(path, MANY_PIECES, **SETTINGS, scheduler=client)
        thread.join()
    assert killed
    assert content(path) == content(tmp_path / "here.zarr")


def test_an_error_on_a_worker_is_raised_here(tmp_path, cluster):
    """What a target raises there is raised to the caller, and the run can be resumed."""

    def fails(x, rows):
        raise ArithmeticError("as asked")

    target = lps.targets.Custom(lambda x, rows: -(x**2).sum(axis=1), fails, 2)
    with pytest.raises(ArithmeticError, match="as asked"):
        sample(None, target, scheduler=cluster.scheduler_address)


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [(3, "scheduler"), ("localhost", "tcp://"), ("tcp://127.0.0.1:1", "nothing answers")],
)
def test_wrong_schedulers_are_errors(tmp_path, monkeypatch, scheduler, message):
    """Each is a SamplerError of one line, and no store is made."""
    monkeypatch.setattr(_dask, "SECONDS_TO_CONNECT", 0.5)
    with pytest.raises(lps.SamplerError, match=message) as caught:
        sample(tmp_path / "run.zarr", scheduler=scheduler)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
