"""One process at a time writes a store, and one that is killed leaves no lock."""

import errno
import os
import subprocess
import sys

import pytest
from stored_runs import content, sample

import lp_sampler as lps
from lp_sampler import _lock
from lp_sampler._lock import only_writer

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
    ),
    pytest.mark.skipif(_lock.fcntl is None, reason="the system has no such locks"),
]
HOLDER = """
import sys, time
from pathlib import Path
sys.path[:] = {path!r}
from lp_sampler._lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_killed_writer_holds_no_lock(tmp_path):
    """While it lives others are refused, by its number, and change nothing; then they go on."""
    path = tmp_path / "run.zarr"
    sample(path, draws=5)
    before = content(path)
    command = [sys.executable, "-c", HOLDER.format(path=sys.path), str(path)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            for write in (
                lambda: lps.resume(path, extend=5, progress=False),
                lambda: sample(path, overwrite=True, seed=1),
            ):
                with pytest.raises(
                    lps.StoreError, match=f"process {holder.pid} on .*: wait"
                ) as told:
                    write()
                assert "\n" not in str(told.value)
            assert content(path) == before
            assert lps.load(path).draws.shape == (4, 5, 3)
        finally:
            holder.kill()
    assert (tmp_path / "run.zarr.lock").exists()
    assert lps.resume(path, extend=5, progress=False).draws.shape == (4, 10, 3)
    assert {entry.name for entry in tmp_path.iterdir()} == {"run.zarr", "run.zarr.log"}


def test_two_writers_in_one_process_are_two(tmp_path):
    """A lock is one call's; another store has another."""
    with only_writer(tmp_path / "run.zarr"):
        with pytest.raises(lps.StoreError, match=f"process {os.getpid()} on"):
            sample(tmp_path / "run.zarr")
        sample(tmp_path / "other.zarr", draws=5)
    sample(tmp_path / "run.zarr", draws=5)


def test_a_lock_file_that_was_removed_meanwhile_is_not_the_lock(tmp_path, monkeypatch):
    """Its holder unlinks it when it ends: who has just opened it opens the next one."""
    place, opened, open_file = tmp_path / "run.zarr.lock", [], os.open

    def open_and_lose(path, *rest):
        handle = open_file(path, *rest)
        if not opened:
            place.unlink()
        opened.append(path)
        return handle

    monkeypatch.setattr(_lock.os, "open", open_and_lose)
    with only_writer(tmp_path / "run.zarr"):
        assert len(opened) == 2
        assert place.read_text().startswith(f"process {os.getpid()} on ")
    assert not place.exists()


def test_file_systems_without_locks_are_written_all_the_same(tmp_path, monkeypatch):
    """As some network ones are; what else the system refuses is an error."""

    def refused(handle, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_lock.fcntl, "flock", refused)
    number = errno.ENOLCK
    sample(tmp_path / "run.zarr", draws=5)
    number = errno.EIO
    with pytest.raises(lps.StoreError, match="Input/output error"):
        lps.resume(tmp_path / "run.zarr", progress=False)
