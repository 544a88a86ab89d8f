"""The table of image networks: samples in native codes, jobs that resume, the command."""

import dataclasses
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _cli_fashion
from lp_sampler.cli import app
from lp_sampler.images import Images

torch = pytest.importorskip("torch")
samples_of = pytest.importorskip("lp_sampler.torch.samples")
jobs = pytest.importorskip("lp_sampler.torch._image_job")
rows_of = pytest.importorskip("lp_sampler.torch._image_rows")
stores = pytest.importorskip("lp_sampler.torch._image_store")
tables = pytest.importorskip("lp_sampler.torch._image_table")

ROWS = {row.name: row for row in rows_of.ROWS}
SETTINGS = jobs.Settings(width=1, images=40, epochs=3, batch=20, cycles=1)


def images(seed=0):
    """Forty small images whose brightness tells their class."""
    random = np.random.default_rng(seed)
    labels = np.arange(60) % 3
    pixels = (random.integers(0, 100, (60, 1, 8, 8)) + 70 * labels[:, None, None, None]) % 256
    pixels = pixels.astype(np.uint8)
    return Images(pixels[:40], labels[:40], pixels[40:], labels[40:])


def test_samples_are_native_codes_and_give_the_draws_back():
    """A byte a weight, a scale a channel; loaded, the parameters have the same bits."""
    net = lps.torch.networks.small_cnn(width=2, size=(8, 8))
    machine = rows_of.machine_of_row(rows_of.BLOCKS, 7)
    optimizer = lps.torch.SGLD(net.parameters(), machine, 0.1, data_size=10)
    found = samples_of.Samples(net)
    found.add(optimizer)
    before = [p.detach().numpy().copy() for p in net.parameters()]
    channels = sum(len(p) if p.ndim > 1 else 1 for p in net.parameters())
    assert found.nbytes == sum(p.size for p in before) + channels
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
    found.load(0, net)
    for p, draw in zip(net.parameters(), before, strict=True):
        assert p.detach().numpy().tobytes() == draw.tobytes()


def test_statistics_of_norms_belong_to_their_sample():
    """Estimated anew for each sample, kept with it, and put back with its weights."""
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = lps.torch.SGLD(net.parameters(), "fixed<8,6>", 0.1, data_size=10)
    inputs, found, means = torch.randn(50, 3), samples_of.Samples(net), []
    for _ in range(2):
        net.train()
        net(inputs).square().sum().backward()
        optimizer.step()
        samples_of.update_norms(net, [inputs])
        means.append(net[0](inputs).mean(dim=0).detach().numpy())
        assert np.abs(net[1].running_mean.numpy() - means[-1]).max() < 1e-5
        found.add(optimizer, net)
    found.load(0, net)
    assert np.abs(net[1].running_mean.numpy() - means[0]).max() < 1e-5
    assert np.abs(means[0] - means[1]).max() > 1e-3


def test_the_average_is_of_probabilities():
    """Bayesian model averaging: the mean of the samples' softmax, not of their logits."""
    net = torch.nn.Linear(3, 2)
    optimizer = lps.torch.SGLD(net.parameters(), "fixed<8,5>", 0.5, data_size=10)
    inputs, found, alone = torch.randn(4, 3), samples_of.Samples(net), []
    for _ in range(3):
        net(inputs).square().sum().backward()
        optimizer.step()
        found.add(optimizer)
        alone.append(torch.softmax(net(inputs).detach().double(), dim=1).numpy())
    assert np.abs(samples_of.average(net, found, inputs) - np.mean(alone, axis=0)).max() < 1e-6
    with pytest.raises(lps.SamplerError, match="at least one"):
        samples_of.average(net, samples_of.Samples(net), inputs)


def run_job(row, stop_after=None, path=None):
    """A job's samples and scores; through a checkpoint where it is to stop."""
    torch.set_num_threads(1)
    job = jobs.Job(row, 1, SETTINGS, stores.tensors(images()))
    while job.epoch < SETTINGS.epochs:
        job.run_epoch(lambda steps: None)
        if job.epoch == stop_after:
            job.write(path)
            job = jobs.Job(row, 1, SETTINGS, stores.tensors(images()))
            job.read(path)
    codes = [one["codes"].numpy().tobytes() for one in job.samples.draws[-1]["params"]]
    return codes, job.scores()


@pytest.mark.parametrize("name", ROWS)
def test_jobs_resume_to_the_same_bytes(name, tmp_path):
    """Stopped after any epoch, the last too, and gone on with: the same samples and scores."""
    whole = run_job(ROWS[name])
    assert run_job(ROWS[name], 2, tmp_path / "job.pt") == whole
    assert run_job(ROWS[name], 3, tmp_path / "job.pt") == whole


@pytest.mark.parametrize("network", ["resnet18", "vgg"])
def test_activations_of_blocks_in_networks_with_norms(network):
    """ReLUs and convolutions store activations and errors; norms are left as they are."""
    settings = dataclasses.replace(SETTINGS, network=network, width=2)
    job = jobs.Job(ROWS["bfp8-sgld-vc"], 0, settings, stores.tensors(images()))
    seen = []
    relu = next(one for one in job.net.modules() if isinstance(one, torch.nn.ReLU))
    relu.register_forward_hook(lambda module, inputs, out: seen.append(out.detach().numpy()))
    job.run_epoch(lambda steps: None)
    block = "bfp<8,None,axis=all_but(0)>"
    assert (nf.quantize(seen[0], block) == seen[0]).all()
    assert job.samples.draws == []


def test_a_store_of_other_settings_is_refused(tmp_path):
    """A folder belongs to its settings and images."""
    stores.ImageStore(tmp_path, SETTINGS, images())
    stores.ImageStore(tmp_path, SETTINGS, images())
    other = dataclasses.replace(SETTINGS, lr=0.2)
    for settings, data in ((other, images()), (SETTINGS, images(1))):
        with pytest.raises(lps.StoreError, match="name another folder"):
            stores.ImageStore(tmp_path, settings, data)


@pytest.fixture
def command(monkeypatch, tmp_path):
    """The command in a folder of its own, on the small images."""
    monkeypatch.setattr(_cli_fashion, "read_images", lambda folder: images())
    monkeypatch.chdir(tmp_path)

    def call(*further):
        words = ["reproduce", "fashion", "--quick", "--images", "40", "--batch", "20"]
        return CliRunner().invoke(app, [*words, "--width", "1", *further])

    return call


def test_the_command_writes_its_table_and_goes_on_where_it_was(command, tmp_path, monkeypatch):
    """Ctrl-C says how to go on; then the table has means, errors and differences."""
    words = ["--seeds", "2", "--row", "fixed8-sgld-full", "--row", "fixed8-sgld-naive"]
    run_epoch, epochs = jobs.Job.run_epoch, []

    def interrupted(job, advance):
        epochs.append(job.epoch)
        if len(epochs) == 5:
            raise KeyboardInterrupt
        run_epoch(job, advance)

    monkeypatch.setattr(jobs.Job, "run_epoch", interrupted)
    result = command(*words)
    assert result.exit_code == 130
    assert "the same command goes on" in result.stderr
    result = command(*words, "--out", "table.md")
    assert result.exit_code == 0, result.output
    assert len(epochs) == 2 * 2 * 3 + 1
    page = (tmp_path / "table.md").read_text()
    assert "fixed8 naive SGLDLP-L" in page
    assert "full accumulators beat naive ones, error" in page
    assert "±" in page
    again = command(*words, "--out", "table.json")
    assert again.exit_code == 0
    assert len(epochs) == 2 * 2 * 3 + 1
    record = json.loads((tmp_path / "table.json").read_text())
    assert record["settings"]["width"] == 1
    assert len(record["rows"]["fixed8-sgld-full"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reproduce", "E3", "--width", "3"], "--width: it is an option of `reproduce fashion`"),
        (["reproduce", "fashion", "--data", "nowhere"], "apt install dataset-fashion-mnist"),
    ],
)
def test_wrong_words_of_the_command(words, said, tmp_path, monkeypatch):
    """One line on stderr, status 2."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--row", "fixed8"], "--row: unknown"),
        (["--epochs", "1", "--batch", "50"], "--batch: at most 40 images"),
        (["--network", "lenet"], "unknown 'lenet'"),
    ],
)
def test_wrong_options_of_the_command(command, words, said):
    """Each names its option."""
    result = command(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_differences_are_of_seeds_in_pairs():
    """Mean and standard error of the differences; of three seeds 4.3 standard errors decide."""
    scores = {"error": 0.2, "nll": 0.5, "ece": 0.02, "infeasible": 0.25, "saturated": 0.0}
    scores |= {f"single_{name}": scores[name] for name in ("error", "nll", "ece")} | {"bytes": 7}
    results = {
        "fixed8-sgld-full": [scores] * 3,
        "fixed8-sgld-naive": [scores | {"error": error} for error in (0.21, 0.22, 0.215)],
        "fixed8-sgld-vc": [scores | {"error": 0.23}] * 3,
    }
    page = tables.table(results, SETTINGS, 3)
    assert "naive ones, error | 1.50 ± 0.29 % | as claimed |" in page
    assert "good as naive, error | -1.50 ± 0.29 % | the opposite" in page
    two = {name: scores[:2] for name, scores in results.items()}
    assert "naive ones, error | 1.50 ± 0.50 % | not decided" in tables.table(two, SETTINGS, 2)
    assert "25.0% of VC's updates were infeasible" in page
