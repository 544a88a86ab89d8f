"""Runs on disk: Zarr that others read, complete chunks, a record that makes the run again."""

import errno
import json
import os

import numpy as np
import pytest
from stored_runs import GAUSSIAN, MANY_PIECES, SHORT, content, sample

import lp_sampler as lps
from lp_sampler import _files, _plan

pytestmark = pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)


@pytest.fixture
def short_chunks(monkeypatch):
    """Chunks of 16 draws."""
    monkeypatch.setattr(_plan, "CHUNK_DRAWS", 16)


@pytest.mark.parametrize("accumulator", ["full", "vc"])
@pytest.mark.parametrize("chains", [4, [2, 0, 3]])
def test_a_stored_run_has_the_draws_of_one_in_memory(tmp_path, accumulator, chains):
    """Draws, codes and statistics are those of the same run without a store, after a reload too."""
    alone = sample(None, accumulator=accumulator, chains=chains)
    stored = sample(tmp_path / "run.zarr", accumulator=accumulator, chains=chains)
    for run in (stored, lps.load(tmp_path / "run.zarr")):
        assert np.asarray(run.draws).tobytes() == alone.draws.tobytes()
        assert np.asarray(run.codes).tobytes() == alone.codes.tobytes()
        assert {name: a.tobytes() for name, a in run.stats.items()} == {
            name: a.tobytes() for name, a in alone.stats.items()
        }
        assert (run.chains, run.names, run.format) == (alone.chains, alone.names, alone.format)
        assert (run.kernel, run.machine, run.seed) == (alone.kernel, alone.machine, alone.seed)
    assert stored.seconds > 0


def test_other_software_reads_the_store(tmp_path, short_chunks):
    """It is a Zarr group without a file that Zarr does not know; codes take a byte each."""
    run = sample(tmp_path / "run.zarr", target=MANY_PIECES, chains=7, draws=20)
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "run.zarr", mode="r")
    members = dict(group.members(max_depth=None))
    assert set(members) == {"codes", "stats", "target", "target/X", "target/y"}
    assert group["codes"].dtype == np.uint8
    assert group["codes"][:].tobytes() == np.asarray(run.codes).tobytes()
    assert group["stats"].attrs["statistics"][0] == "saturated"
    mean = np.average(group["stats"][:, :, 2], axis=0, weights=[4, 3])
    assert mean.tobytes() == run.stats["frozen"].tobytes()
    assert group.attrs["machine"] == run.machine.resolve()
    assert group.attrs["target"]["data_hash"] == MANY_PIECES.data_hash()


@pytest.mark.parametrize(
    "index",
    [
        (),
        ...,
        1,
        (1, 2, 0),
        (slice(None), -1),
        (..., 1),
        (slice(None, None, 2), slice(5, 33, 7), slice(2, 0, -1)),
        ([2, 0, 3], slice(3, 20)),
        (slice(None), np.arange(40) % 3 == 0, 1),
        (0, slice(7, 7)),
    ],
)
def test_draws_are_read_as_arrays_are(tmp_path, short_chunks, index):
    """Numbers, slices, a list, a mask: the same part as of an array, over chunk boundaries."""
    run = sample(tmp_path / "run.zarr")
    expected = np.asarray(run.draws)[index]
    found = run.draws[index]
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("index", [(None, 0), ([0, 1], [0, 1]), (0, 0, 0, 0), 4, "a"])
def test_other_indices_are_errors(tmp_path, index):
    """What an array on disk does not do is an IndexError."""
    draws = sample(tmp_path / "run.zarr").draws
    with pytest.raises(IndexError):
        draws[index]


def test_an_existing_store_is_not_overwritten_by_accident(tmp_path):
    """Only `overwrite` replaces a run, and it replaces nothing else."""
    path = tmp_path / "run.zarr"
    sample(path)
    before = content(path)
    with pytest.raises(lps.StoreError, match=r"resume.*overwrite"):
        sample(path, seed=1)
    assert content(path) == before
    sample(path, seed=1, overwrite=True)
    assert content(path) != before
    sample(path, overwrite=True)
    assert content(path) == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"run.zarr", "run.zarr.log"}
    (tmp_path / "mine").mkdir()
    with pytest.raises(lps.StoreError, match="only a stored run is replaced"):
        sample(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine").is_dir()


def test_extended_runs_are_longer_runs(tmp_path, short_chunks):
    """20 draws and 30 more have the bytes of 50; nothing to do leaves every byte."""
    sample(tmp_path / "whole.zarr", draws=50)
    sample(tmp_path / "run.zarr", draws=20)
    run = lps.resume(tmp_path / "run.zarr", extend=30, progress=False)
    assert run.draws.shape == (4, 50, 3)
    assert content(tmp_path / "run.zarr") == content(tmp_path / "whole.zarr")
    assert run.draws[:, 30:].tobytes() == sample(None, draws=50).draws[:, 30:].tobytes()
    lps.resume(tmp_path / "run.zarr", progress=False)
    assert content(tmp_path / "run.zarr") == content(tmp_path / "whole.zarr")


def test_the_record_makes_the_target_again(tmp_path):
    """Built-in targets, kernels with schedules, a start and test rows come out of the store."""
    rows = MANY_PIECES.arguments()["X"][:50]
    labels = np.arange(50) % 2
    target = lps.targets.LogisticRegression(rows, labels, 2.0, test=(rows[:3], labels[:3]))
    kernel = lps.kernels.SGLD(lps.schedules.Polynomial(1e-3, b=10.0), accumulator="naive")
    init = np.arange(20.0) / 16
    settings = {"kernel": kernel, "init": init, "batch_size": 5, "draws": 10, "chains": 2}
    sample(tmp_path / "run.zarr", target, "e4m3fn", **settings)
    run = lps.resume(tmp_path / "run.zarr", extend=5, progress=False)
    expected = sample(None, target, "e4m3fn", **{**settings, "draws": 15})
    assert run.kernel == kernel
    assert np.asarray(run.draws).tobytes() == expected.draws.tobytes()


def custom(scale=1.0):
    """A target of two functions."""
    return lps.targets.Custom(
        lambda x, rows: -scale * (x**2).sum(axis=1), lambda x, rows: -2 * scale * x, 2
    )


def test_a_custom_target_is_handed_in_again(tmp_path):
    """Without it, or with another, a run is not gone on with; nothing changes on disk."""
    path = tmp_path / "run.zarr"
    sample(path, custom(), draws=20)
    before = content(path)
    with pytest.raises(lps.StoreError, match="target: the run's Custom is not in the store"):
        lps.resume(path, extend=5, progress=False)
    with pytest.raises(lps.StoreError, match="target: its data are not those of the run"):
        lps.resume(path, custom(1.01), extend=5, progress=False)
    assert content(path) == before
    run = lps.resume(path, custom(), extend=5, progress=False)
    assert np.asarray(run.draws).tobytes() == sample(None, custom(), draws=25).draws.tobytes()


def test_a_kernel_of_functions_is_handed_in_again(tmp_path):
    """A schedule that is a function of one's own cannot be stored, and another is not accepted."""
    path, kernel = tmp_path / "run.zarr", lps.kernels.SGLD(lambda step: 1e-3 / (1 + step))
    sample(path, kernel=kernel, draws=20)
    with pytest.raises(lps.StoreError, match=r"kernel: .*hand it in again"):
        lps.load(path)
    with pytest.raises(lps.StoreError, match="kernel: the run's is"):
        lps.resume(path, kernel=lps.kernels.SGLD(1e-3), progress=False)
    run = lps.resume(path, kernel=kernel, extend=5, progress=False)
    expected = sample(None, kernel=kernel, draws=25)
    assert np.asarray(run.draws).tobytes() == expected.draws.tobytes()


def test_a_damaged_chunk_is_named_and_the_others_are_read(tmp_path, short_chunks):
    """One flipped bit, a lost byte, a lost file: an error that names the chunk, nothing else."""
    path = tmp_path / "run.zarr"
    expected = np.asarray(sample(path).draws)
    chunk = path / "codes" / "c" / "0" / "1" / "0"
    good = chunk.read_bytes()
    for bad in (bytes([good[0] ^ 1]) + good[1:], good[:-1], b"", None):
        chunk.unlink()
        if bad is not None:
            chunk.write_bytes(bad)
        draws = lps.load(path).draws
        with pytest.raises(lps.StoreError, match="codes/c/0/1/0"):
            draws[:, 20]
        assert draws[:, :16].tobytes() == expected[:, :16].tobytes()
        assert draws[:, 32:].tobytes() == expected[:, 32:].tobytes()


def test_a_damaged_checkpoint_says_what_to_do(tmp_path, short_chunks):
    """Resume names it; without the file it makes the same draws again."""
    path = tmp_path / "run.zarr"
    sample(path)
    before = content(path)
    checkpoint = path / "codes" / "checkpoints" / "0.npz"
    good = checkpoint.read_bytes()
    place = good.index(b"params.npy") + 180
    checkpoint.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
    with pytest.raises(lps.StoreError, match=r"first step of chains 0 \.\. 3 again"):
        lps.resume(path, progress=False)
    checkpoint.unlink()
    with pytest.raises(lps.StoreError, match="40 of 40 draws are missing"):
        lps.load(path)
    lps.resume(path, progress=False)
    assert content(path) == before


def test_a_full_disk_loses_no_complete_chunk(tmp_path, short_chunks, monkeypatch):
    """The error says what is kept; with room again, resume makes an undisturbed run's bytes."""
    sample(tmp_path / "whole.zarr")
    path, written = tmp_path / "run.zarr", []

    def full(handle):
        written.append(handle)
        if len(written) > 16:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(lps.StoreError, match=r"No space left.*every complete chunk is kept"):
        sample(path)
    monkeypatch.undo()
    monkeypatch.setattr(_plan, "CHUNK_DRAWS", 16)
    whole, kept = content(tmp_path / "whole.zarr"), content(path)
    chunks = {name: digest for name, digest in kept.items() if "/c/" in name}
    assert chunks
    assert chunks.items() <= whole.items()
    lps.resume(path, progress=False)
    assert content(path) == whole


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda path: lps.resume(path / "none"), "no run is there"),
        (lambda path: lps.load(path), "no Zarr node"),
        (lambda path: lps.resume(path / "run.zarr", extend=-1), "extend"),
        (lambda path: lps.resume(path / "run.zarr", extend=1.5), "extend"),
        (lambda path: lps.resume(path / "run.zarr", GAUSSIAN), "its data are not those"),
    ],
)
def test_wrong_arguments_are_errors(tmp_path, call, message):
    """Each is a SamplerError of one line."""
    sample(tmp_path / "run.zarr", lps.targets.Gaussian(size=2), draws=5)
    with pytest.raises(lps.SamplerError, match=message) as caught:
        call(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_log_has_what_changes_no_bit(tmp_path):
    """Dates, threads and durations stand beside the store, not in it."""
    run = sample(tmp_path / "run.zarr")
    lines = (tmp_path / "run.zarr.log").read_text().splitlines()
    began, finished = map(json.loads, lines)
    assert (began["event"], finished["event"]) == ("began", "finished")
    assert began["threads"] >= 1
    assert run.seconds == finished["seconds"]
    assert "202" in began["date"]
    assert (
        SHORT["draws"]
        == json.loads((tmp_path / "run.zarr" / "zarr.json").read_text())["attributes"]["draws"]
    )
