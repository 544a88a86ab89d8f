"""Runs: the same bits whatever runs beside them, draws on the grid, counters, errors."""

import functools

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _blocks

pytestmark = pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)
RANDOM = np.random.default_rng(8)
LOGISTIC = lps.targets.LogisticRegression(RANDOM.normal(size=(50, 3)), RANDOM.random(50) < 0.5)
NOISY = lps.targets.Gaussian(size=3, gradient_noise=0.5)
SHORT = {"draws": 20, "chains": 4, "warmup": 10, "thin": 3, "progress": False}
ACCUMULATORS = lps.kernels.SGLD.accumulators


def sample(accumulator="vc", target=LOGISTIC, machine="fixed8", step_size=2e-3, **keywords):
    """A short run."""
    kernel = lps.kernels.SGLD(step_size=step_size, accumulator=accumulator)
    return lps.sample(kernel, target, machine, **{**SHORT, **keywords})


@pytest.mark.parametrize("accumulator", ACCUMULATORS)
@pytest.mark.parametrize("target", [LOGISTIC, NOISY], ids=["logistic", "noisy"])
@pytest.mark.parametrize("machine", ["fixed8", "e4m3fn"])
def test_chain_j_of_four_is_chain_j_alone(accumulator, target, machine):
    """A chain's draws are the same bytes alone, among others, and in another order."""
    together = sample(accumulator, target, machine).draws
    picked = sample(accumulator, target, machine, chains=[2, 0, 3])
    assert picked.chains == (2, 0, 3)
    assert picked.draws.tobytes() == together[[2, 0, 3]].tobytes()


def test_chains_of_a_batch_are_the_same_alone():
    """With batches too: every chain of a step sees the same rows, whichever chains run."""
    together = sample(batch_size=10).draws
    assert sample(batch_size=10, chains=[3]).draws.tobytes() == together[3:].tobytes()
    together = sample(batch_size=10, replacement=False).draws
    alone = sample(batch_size=10, replacement=False, chains=[3]).draws
    assert alone.tobytes() == together[3:].tobytes()
    assert together.tobytes() != sample().draws.tobytes()


def test_same_seed_same_bytes_other_seed_other_bytes():
    """The seed decides every bit of the draws."""
    assert sample(seed=3).draws.tobytes() == sample(seed=3).draws.tobytes()
    assert sample(seed=3).draws.tobytes() != sample(seed=4).draws.tobytes()


def test_a_longer_run_begins_with_the_shorter():
    """More draws, or more warm-up in their place, change no bit of a step."""
    short, long = sample(draws=10), sample(draws=20)
    assert long.draws[:, :10].tobytes() == short.draws.tobytes()
    shifted = sample(draws=18, warmup=16)
    assert shifted.draws.tobytes() == long.draws[:, 2:].tobytes()


@pytest.mark.parametrize("accumulator", ACCUMULATORS)
def test_draws_live_on_the_accumulator_s_grid(accumulator):
    """Full draws are float32, all others values of the format, and codes are theirs."""
    run = sample(accumulator)
    if accumulator == "full":
        assert run.format == nf.parse("binary32")
    else:
        assert run.format.bare() == nf.parse("fixed<8,3>")
        assert run.codes.dtype == np.uint8
    assert nf.decode(run.codes, run.format, dtype=np.float32).tobytes() == run.draws.tobytes()


@pytest.mark.parametrize("accumulator", ACCUMULATORS)
def test_a_run_does_not_see_the_caller_s_context(accumulator):
    """A machine says every mode: draws and codes are those of any other place.  Its formats name a
    rounding, but no policy."""
    machine = nf.machine("e5m2")
    assert machine.weight.overflow is None
    alone = sample(accumulator, machine=machine, step_size=0.5)
    strange = nf.context(rounding="jam", overflow="saturate_zero", nan="max", key=nf.Key(3))
    with strange:
        inside = sample(accumulator, machine=machine, step_size=0.5)
        assert inside.draws.tobytes() == alone.draws.tobytes()
        codes = alone.codes
    assert codes.tobytes() == alone.codes.tobytes()
    with nf.context(rounding="stochastic"):
        assert alone.codes.tobytes() == codes.tobytes()


def test_a_step_is_sampler_update():
    """One step is the library's update of the gradient at the rounded weights."""
    key, machine = nf.Key(0), nf.machine("fixed8")
    run = sample("full", draws=1, warmup=0, thin=1, init=[0.3, -0.2, 1.1])
    start = np.tile(np.float32([0.3, -0.2, 1.1]), (4, 1))
    weights = nf.quantize(start, machine.weight, key=key.fold_in("forward"))
    formats = {"gradient": machine.gradient, "accumulator": "binary32"}
    gradient = LOGISTIC.gradient(weights)
    expected = nf.sampler_update(start, gradient, 2e-3, 4e-3, formats, "full", key=key)
    assert run.draws[:, 0].tobytes() == expected.tobytes()


def test_schedules_are_asked_for_every_step():
    """A schedule gets every step's number; temperature 0 makes a full step deterministic."""
    asked = []
    kernel = lps.kernels.SGLD(lambda step: asked.append(step) or 1e-3, 0.0, "full")
    run = lps.sample(kernel, lps.targets.Gaussian(), "float32", init=1.0, **SHORT)
    assert asked[1:] == list(range(70))
    theta = np.float32(1)
    for _ in range(70):
        theta = theta - np.float32(1e-3) * theta
    assert (run.draws[:, -1] == theta).all()
    assert np.isnan(run.stats["effective_temperature"]).all()


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_scales_the_stationary_variance(temperature):
    """E24: the variance of a Gaussian target is the temperature, by z-score with the exact law.

    theta' = (1 - a) theta + sqrt(2 a T) noise has variance T / (1 - a / 2).
    """
    step, chains = 0.1, 2000
    kernel = lps.kernels.SGLD(step, temperature, "full")
    keywords = {"draws": 1, "warmup": 200, "chains": chains, "progress": False}
    draws = lps.sample(kernel, lps.targets.Gaussian(size=2), "float32", **keywords).draws.ravel()
    variance = temperature / (1 - step / 2)
    z = (np.mean(draws.astype(float) ** 2) / variance - 1) / np.sqrt(2 / draws.size)
    assert abs(z) < 4


def test_effective_temperature_tells_naive_from_corrected():
    """vc's noise has the temperature asked for, naive's more; by z-score of the mean square."""
    keywords = {"draws": 500, "chains": 100, "thin": 1, "target": NOISY, "step_size": 2e-4}
    corrected = sample("vc", **keywords).stats["effective_temperature"]
    naive = sample("naive", **keywords).stats["effective_temperature"]
    fourth_over_square = 0.125**2 / 4e-4
    error = np.sqrt(fourth_over_square / (500 * 100 * 3))
    assert abs(corrected.mean() - 1) < 4 * error
    assert naive.mean() > 2


def test_counters_see_a_range_that_is_too_small():
    """Chains started at the end of the range, pushed outwards, are counted as saturated."""
    target = lps.targets.Gaussian(mean=100.0)
    assert sample(target=target, init=15.875).stats["saturated"].min() > 0
    assert sample(target=lps.targets.Gaussian()).stats["saturated"].max() == 0


def test_infeasible_steps_are_counted():
    """Where gap * |gradient| > 2 the variance cannot be had, and every such step is counted."""
    target = lps.targets.Custom(
        lambda params, rows: 20 * params.sum(axis=1), lambda params, rows: 0 * params + 20, 1
    )
    step = 1e-4
    assert sample(target=target, step_size=step, draws=5).stats["infeasible"].min() == 1
    assert sample("full", target=target, step_size=step).stats["infeasible"].max() == 0


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"draws": 0}, "draws"),
        ({"draws": 2.5}, "draws"),
        ({"warmup": -1}, "warmup"),
        ({"thin": 0}, "thin"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"chains": 0}, "chains"),
        ({"chains": []}, "chains"),
        ({"chains": [1, 1]}, "chains"),
        ({"chains": [-1]}, "chains"),
        ({"init": [1.0, 2.0]}, "init"),
        ({"init": np.nan}, "init"),
        ({"init": "start"}, "init"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 51}, "batch_size"),
        ({"replacement": "no"}, "replacement"),
        ({"target": lps.targets.Gaussian(), "batch_size": 1}, "batch_size"),
        ({"accumulator": "nave"}, "did you mean 'naive'"),
        ({"step_size": -1.0}, "step_size"),
        ({"step_size": np.inf}, "step_size"),
        ({"machine": "fixd8"}, "fixed8"),
        ({"target": "gaussian"}, "target: one of lp_sampler.targets is needed"),
        ({"target": lps.targets.Gaussian}, "got the class itself"),
    ],
)
def test_wrong_arguments_are_errors(keywords, message):
    """Each is a NumfmtError of one line that names the argument."""
    with pytest.raises(nf.NumfmtError, match=message) as caught:
        sample(**keywords)
    assert "\n" not in str(caught.value)


def test_what_is_no_kernel_is_an_error():
    """A name, or a class in place of one of it."""
    for kernel, message in (("sgld", "kernel: one of"), (lps.kernels.SGLD, "the class itself")):
        with pytest.raises(lps.SamplerError, match=message):
            lps.sample(kernel, LOGISTIC, "fixed8", **SHORT)
        with pytest.raises(lps.SamplerError, match=message):
            lps.compare(kernel, LOGISTIC, ["fixed8"], ["vc"], progress=False)


@pytest.mark.filterwarnings("error")
def test_short_runs_warn_and_long_ones_do_not():
    """A run of fewer than five relaxation times says so."""
    with pytest.warns(lps.ShortRunWarning, match="relaxation times"):
        sample("full", target=lps.targets.Gaussian(), step_size=1e-4, draws=50)
    sample("full", target=lps.targets.Gaussian(), step_size=0.3, draws=200)


def test_run_describes_itself():
    """A run's summary has one entry a parameter and its repr says what it is."""
    run = sample()
    summary = run.summary()
    assert {len(column) for column in summary.values()} == {3}
    assert repr(run) == "<Run of fixed8, vc: 4 chains, 20 draws, 3 parameters>"
    assert run.names == ("theta0", "theta1", "theta2")


@pytest.mark.parametrize("threads", [1, 3])
def test_a_summary_is_the_diagnostics_of_all_draws(monkeypatch, threads):
    """In blocks of one parameter, on threads: each column is its own function's."""
    monkeypatch.setattr(_blocks, "BLOCK_NUMBERS", 1)
    monkeypatch.setattr(_blocks, "get_num_threads", lambda: threads)
    run = sample("full", draws=60, machine="float32")
    summary = run.summary(quantiles=(0, 0.025, 0.3, 1))
    columns = {
        "ess": lps.diagnostics.effective_sample_size,
        "std": lambda draws: draws.std(axis=(0, 1), dtype=float),
        "mean": lambda draws: draws.mean(axis=(0, 1), dtype=float),
        "frozen": lambda draws: lps.diagnostics.frozen(draws).mean(axis=0),
        **{f"q{p}": functools.partial(quantile, p) for p in (0, 2.5, 30, 100)},
    }
    assert len(summary) == 13
    for name, found in summary.items():
        expected = columns.get(name, getattr(lps.diagnostics, name, None))(run.draws)
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)


def quantile(percent, draws):
    """NumPy's."""
    return np.percentile(draws.astype(float), percent, axis=(0, 1))


def test_a_summary_says_what_cannot_be_said():
    """Frozen chains, one chain and few draws are NaN; probabilities are numbers from 0 to 1."""
    still = sample("full", target=lps.targets.Gaussian(size=2), step_size=0.0, draws=5)
    assert np.isnan([still.summary()[name] for name in ("rhat", "ess_bulk", "mcse")]).all()
    assert (still.summary()["frozen"] == 1).all()
    alone = sample(chains=1).summary()
    assert np.isnan(alone["rhat"]).all()
    assert np.isfinite(alone["ess_tail"]).all()
    with pytest.raises(lps.SamplerError, match=r"quantiles: .* got \[5, 95\]"):
        still.summary(quantiles=[5, 95])
