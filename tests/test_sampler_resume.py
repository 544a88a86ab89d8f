"""Runs that are killed, interrupted, or cut into pieces give the same bytes."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from stored_runs import MANY_PIECES, content, sample

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _plan, _runner
from lp_sampler.experiments import e21_same_bytes

pytestmark = pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)
COMMAND = [sys.executable, "-m", "lp_sampler"]


def test_killed_runs_are_resumed_to_the_same_bytes():
    """E21 in short: six kills (-9) at random moments, threads, chains alone."""
    checks = e21_same_bytes.run(True, lambda steps: None)
    assert [check for check in checks if not check.passed] == []
    assert checks[0].measured >= 6


def test_two_threads_write_the_store_of_one(tmp_path, monkeypatch):
    """Pieces in threads, in any order, with checkpoints at every step: equal files."""
    monkeypatch.setattr(_plan, "CHUNK_DRAWS", 8)
    before = nf.get_num_threads()
    try:
        nf.set_num_threads(1)
        sample(tmp_path / "one.zarr", MANY_PIECES, chains=14)
        nf.set_num_threads(3)
        monkeypatch.setattr(_runner, "SECONDS_BETWEEN_CHECKPOINTS", 0)
        sample(tmp_path / "three.zarr", MANY_PIECES, chains=14)
    finally:
        nf.set_num_threads(before)
    found = content(tmp_path / "one.zarr")
    assert len([name for name in found if name.startswith("codes/c/")]) == 3 * 5
    assert content(tmp_path / "three.zarr") == found


def test_chains_of_a_store_are_those_of_chains_alone(tmp_path):
    """Chain 9 of 14, in the second piece of three, is chain 9 alone."""
    run = sample(tmp_path / "run.zarr", MANY_PIECES, chains=14)
    alone = sample(tmp_path / "alone.zarr", MANY_PIECES, chains=[9])
    assert run.draws[9].tobytes() == alone.draws[0].tobytes()


def test_ctrl_c_stops_at_a_step_and_says_how_to_go_on(tmp_path):
    """The command's exit status is 130, and the run can be resumed to the bytes of a whole one."""
    path, log = tmp_path / "run.zarr", tmp_path / "run.zarr.log"
    sample(path, MANY_PIECES, draws=1, chains=8)
    program = [*COMMAND, "resume", str(path), "--extend", "100000"]
    with subprocess.Popen(program, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while log.read_text().count("began") < 2:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said.splitlines()[-1] == (
        f"lp-sampler: interrupted at a step boundary; lps.resume({str(path)!r}), or lp-sampler "
        f"resume {path}, goes on from there"
    )
    assert process.returncode == 130
    assert '"interrupted"' in log.read_text()


def test_ctrl_c_keeps_every_step(tmp_path, monkeypatch):
    """After an interrupt each piece is where it was: nothing is made twice, nothing is lost."""
    steps = []

    def interrupted(futures):
        while len(steps) < 20:
            time.sleep(0.001)
        raise KeyboardInterrupt

    whole = sample(tmp_path / "whole.zarr", MANY_PIECES, chains=14)
    step = _runner.PieceRun.step

    def counted(run):
        steps.append((run.piece.index, run.steps))
        time.sleep(0.002)
        return step(run)

    monkeypatch.setattr(_runner.PieceRun, "step", counted)
    monkeypatch.setattr(_runner, "SECONDS_BETWEEN_REPORTS", 0)
    with monkeypatch.context() as stop:
        stop.setattr(_runner, "wait_for", interrupted)
        with pytest.raises(lps.Interrupted, match=r"lps\.resume"):
            sample(tmp_path / "run.zarr", MANY_PIECES, chains=14)
    with pytest.raises(lps.StoreError, match="draws are missing"):
        lps.load(tmp_path / "run.zarr")
    run = lps.resume(tmp_path / "run.zarr", progress=False)
    assert len(steps) == len(set(steps)) == 3 * (10 + 40 * 3)
    assert np.asarray(run.draws).tobytes() == np.asarray(whole.draws).tobytes()
    assert content(tmp_path / "run.zarr") == content(tmp_path / "whole.zarr")


def test_an_error_in_one_piece_stops_the_others(tmp_path, monkeypatch):
    """What a target raises is raised; the run can be resumed when it no longer does."""
    whole = sample(tmp_path / "whole.zarr", MANY_PIECES, chains=14)
    step = _runner.PieceRun.step

    def failing(run):
        if run.piece.index == 1 and run.steps == 20:
            raise ValueError("as asked")
        return step(run)

    with monkeypatch.context() as fail:
        fail.setattr(_runner.PieceRun, "step", failing)
        with pytest.raises(ValueError, match="as asked"):
            sample(tmp_path / "run.zarr", MANY_PIECES, chains=14)
    run = lps.resume(tmp_path / "run.zarr", progress=False)
    assert np.asarray(run.draws).tobytes() == np.asarray(whole.draws).tobytes()
