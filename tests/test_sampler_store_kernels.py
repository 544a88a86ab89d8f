"""Runs on disk of every kernel and schedule, and what memory they take."""

import subprocess
import sys

import numpy as np
import pytest
from stored_runs import MANY_PIECES, content, sample

import lp_sampler as lps
from lp_sampler import _plan

pytestmark = pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)


@pytest.fixture
def short_chunks(monkeypatch):
    """Chunks of 16 draws."""
    monkeypatch.setattr(_plan, "CHUNK_DRAWS", 16)


@pytest.mark.parametrize("name", lps.kernels.KERNELS)
def test_every_kernel_goes_on_from_a_checkpoint(tmp_path, name, monkeypatch):
    """Momentum, averages and residuals are in it: interrupted runs of each kernel are whole runs;
    so are the kernel's fields.
    """
    kernel = lps.kernels.KERNELS[name]()
    settings = {"kernel": kernel, "warmup": 800, "thin": 2, "chains": 2}
    if name == "rmld":
        settings["target"] = lps.targets.Lasso(np.eye(2), [1.0, 0.2], 0.5, 3.0)
    sample(tmp_path / "whole.zarr", **settings, draws=12)
    sample(tmp_path / "run.zarr", **settings, draws=7)
    run = lps.resume(tmp_path / "run.zarr", extend=5, progress=False)
    assert content(tmp_path / "run.zarr") == content(tmp_path / "whole.zarr")
    assert run.kernel == kernel


def test_accumulators_with_a_state_go_on_from_a_checkpoint(tmp_path):
    """The residual of error feedback is in it."""
    settings = {"accumulator": "error_feedback(bits=8)"}
    sample(tmp_path / "whole.zarr", **settings, draws=12)
    sample(tmp_path / "run.zarr", **settings, draws=7)
    lps.resume(tmp_path / "run.zarr", extend=5, progress=False)
    assert content(tmp_path / "run.zarr") == content(tmp_path / "whole.zarr")


CYCLE = lps.schedules.Cyclical(0.01, cycle=10, exploration=0.4)


def test_exploring_steps_give_no_draws(tmp_path, short_chunks):
    """Draws are every thin-th of the sampling steps 4 .. 9 of each cycle, over a resume too."""
    kernel = lps.kernels.SGLD(CYCLE, accumulator="full")
    every = sample(None, kernel=kernel_without_phases(), warmup=0, thin=1, draws=100).draws
    wanted = [10 * cycle + step for cycle in range(10) for step in (6, 9)]
    sample(tmp_path / "run.zarr", kernel=kernel, warmup=0, thin=3, draws=17)
    run = lps.resume(tmp_path / "run.zarr", extend=3, progress=False)
    assert np.asarray(run.draws).tobytes() == every[:, wanted].tobytes()


def kernel_without_phases():
    """The same steps, every one a sampling step."""
    return lps.kernels.SGLD(lambda step: CYCLE(step), accumulator="full")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warmup": 0, "thin": 4}, "thin: it must divide the steps of each sampling phase"),
        ({"warmup": 7, "thin": 2}, "1 steps are left over before step 10"),
    ],
)
def test_draws_across_phases_are_refused(tmp_path, settings, message):
    """A draw stands for steps of one phase: others are errors, before anything is written."""
    with pytest.raises(lps.SamplerError, match=message):
        sample(tmp_path / "run.zarr", kernel=lps.kernels.SGLD(CYCLE), **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_kernel_that_only_explores_is_refused(monkeypatch):
    """No draw would ever be kept: an error, not a run without end."""
    monkeypatch.setattr(_plan, "STEPS_WITHOUT_A_DRAW", 1000)
    schedule = lps.schedules.Cyclical(0.01, cycle=10_000, exploration=0.9)
    with pytest.raises(lps.SamplerError, match="1,000 steps only explore"):
        sample(None, kernel=lps.kernels.SGLD(schedule), warmup=0)


def test_averages_over_draws_on_disk(tmp_path, short_chunks):
    """Covariance, predictive means and scores, read in blocks, are those of the arrays."""
    arguments = MANY_PIECES.arguments()
    test = arguments["X"][:7], arguments["y"][:7]
    target = lps.targets.LogisticRegression(arguments["X"][:50], arguments["y"][:50], test=test)
    run = sample(tmp_path / "run.zarr", target)
    draws = np.asarray(run.draws)
    rows = draws.reshape(-1, 20).astype(np.float64)
    np.testing.assert_allclose(run.covariance(), np.cov(rows.T), rtol=1e-12, atol=1e-15)
    expected = target.predict(draws.reshape(-1, 20)).mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(run.predict(), expected, rtol=1e-12)
    assert run.predict(test[0][:2]).shape == (2,)
    found, wanted = target.scores(run.draws), target.scores(draws)
    assert found == pytest.approx(wanted, rel=1e-12)
    with pytest.raises(lps.SamplerError, match="predicts nothing"):
        sample(None).predict()
    with pytest.raises(lps.SamplerError, match="covariance: at most"):
        sample(None, lps.targets.Gaussian(size=5000), draws=2, chains=1, warmup=0).covariance()


MEASURE = """
import sys, warnings
sys.path[:] = {path!r}
warnings.simplefilter("ignore")
import lp_sampler as lps

def megabytes(field):
    return int(open("/proc/self/status").read().split(field)[1].split()[0]) / 1024

target = lps.targets.Gaussian(size={size})
kernel = lps.kernels.SGLD(0.1)
settings = dict(chains=2, warmup=2, thin=1, progress=False, store=sys.argv[1])
before = megabytes("VmRSS:")
run = lps.sample(kernel, target, "fixed8", draws={draws}, **settings)
run.summary()
print(megabytes("VmHWM:") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_draws(tmp_path):
    """A run, its warnings and its summary take less memory than its draws would, and the disk a
    byte a draw: 26 MB of codes, 105 MB in float32.
    """
    size, draws = 65_536, 200
    program = MEASURE.format(path=sys.path, size=size, draws=draws)
    command = [sys.executable, "-c", program, str(tmp_path / "run.zarr")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    above = float(done.stdout)
    assert above < 80
    stored = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    state = 2 * size * 4  # of the checkpoint
    target = 2 * size * 8
    assert 2 * size * draws <= stored < 1.01 * 2 * size * draws + state + target + (1 << 23)
