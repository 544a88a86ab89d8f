"""Reports and ArviZ's data: complete, self-contained, and right about what they show."""

import base64
import re
import warnings
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler import _report
from lp_sampler._report_pictures import bar_edges, binned

RANDOM = np.random.default_rng(64)
ROWS = RANDOM.normal(size=(80, 3))
DATA = ROWS, ROWS @ [1.0, -2.0, 0.0] + RANDOM.logistic(size=80) > 0
NAMES = ["a<b", "slope", "intercept"]
TARGET = lps.targets.LogisticRegression(*DATA, names=NAMES, test=DATA)
SETTINGS = {"draws": 300, "warmup": 200, "thin": 10, "chains": 6, "progress": False}
VOID = {"meta", "img"}


def run_of(accumulator="vc", target=TARGET, machine="fixed<8,4>", step_size=5e-3, **keywords):
    """A short run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lps.ShortRunWarning)
        warnings.simplefilter("ignore", lps.PrecisionWarning)
        kernel = lps.kernels.SGLD(step_size, accumulator=accumulator)
        return lps.sample(kernel, target, machine, **{**SETTINGS, **keywords})


@pytest.fixture(scope="module")
def run():
    """A run for all tests that only look."""
    return run_of()


@pytest.fixture(scope="module")
def reference():
    """Draws of the target in float64."""
    mala = lps.MALA(0.05, 2000, 200, 5, langevin_steps=500, langevin_step_size=5e-3, chains=8)
    return mala.run(TARGET)


def written(run, tmp_path, **keywords):
    """The report's text."""
    run.to_html(tmp_path / "report.html", **keywords)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Checks that every element is closed, and keeps what refers to elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href")]
        assert tag not in ("script", "link", "iframe")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_report_is_one_file_of_sound_html(run, reference, tmp_path):
    """Elements are closed, pictures are SVG in the page, nothing is loaded, names are escaped."""
    text = written(run, tmp_path, reference=reference)
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert len(reader.links) == 4
    for link in reader.links:
        kind, data = link.split(",")
        assert kind == "data:image/svg+xml;base64"
        assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")
    assert "@import" not in text
    assert "url(" not in text
    assert "a&lt;b" in text
    assert "a<b" not in text
    for heading in ("What was run", "Draws", "Traces", "Arithmetic over time", "Calibration"):
        assert f"<h2>{heading}" in text


def test_the_same_run_gives_the_same_page(run, tmp_path):
    """No date, no address, no random name."""
    assert written(run, tmp_path) == written(run, tmp_path)


def test_the_numbers_are_the_diagnostics_own(run, reference, tmp_path):
    """The row of a parameter has its mean, ratio, ESS and R-hat; the page its scores."""
    text = written(run, tmp_path, reference=reference.draws)
    row = re.search(r"<tr><td>slope</td>(.*?)</tr>", text)[1]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
    assert cells[0].startswith(f"{run.draws[:, :, 1].mean():.4g}")
    ratio = run.draws[:, :, 1].std() / reference.draws[:, :, 1].std()
    assert f"{ratio:.3f}" in cells
    assert f"{lps.diagnostics.rhat(run.draws)[1]:.3f}" in cells
    assert f"{lps.diagnostics.ess_bulk(run.draws)[1]:,.0f}" in cells
    probabilities = TARGET.predict(run.draws.reshape(-1, 3)[:: len(run.draws.reshape(-1, 3)) - 1])
    assert probabilities.shape == (2, 80)
    assert f"{TARGET.scores(run.draws)['accuracy']:.4f}" in text


def test_a_sampler_that_is_too_hot_is_told(tmp_path):
    """Naive rounding: effective temperature and widths are in the red box; vc has neither."""
    target = lps.targets.Gaussian(size=2)
    texts = {}
    for accumulator in ("naive", "vc"):
        run = run_of(accumulator, target, "fixed<8,3>", 2e-3, warmup=1500, thin=40, chains=16)
        texts[accumulator] = written(run, tmp_path).split("<h2>")[0]
    assert "times the variance that was asked for" in texts["naive"]
    assert "standard deviation is wrong" in texts["naive"]
    assert "standard deviation is wrong" not in texts["vc"]
    assert "variance that was asked for" not in texts["vc"]


def test_frozen_chains_are_told_and_shown(tmp_path):
    """A run that never moves has a report too."""
    run = run_of("naive_nearest", lps.targets.Gaussian(), "fixed<8,3>", 1e-5, init=1.0)
    text = written(run, tmp_path)
    assert "100% of the coordinates never moved" in text
    assert "nan" in text


def test_many_parameters_are_judged_by_some(run, tmp_path, monkeypatch):
    """Evenly spaced ones, and the page says so."""
    monkeypatch.setattr(_report, "MOST_JUDGED", 2)
    text = written(run, tmp_path)
    assert "2 of 3 parameters, the smallest bulk ESS first, of 2 evenly spaced" in text
    assert "slope" not in text


@pytest.mark.parametrize(
    "reference",
    [np.zeros((2, 5)), np.zeros((1, 4, 2)), (0.0, 0.0), (0.0, -1.0), (np.zeros(2), 1.0), (1.0,)],
    ids=str,
)
def test_wrong_references_are_errors(run, tmp_path, reference):
    """Each is a SamplerError that says what is allowed, and no file is written."""
    with pytest.raises(lps.SamplerError, match="reference"):
        run.to_html(tmp_path / "report.html", reference=reference)
    assert list(tmp_path.iterdir()) == []


def test_arviz_has_the_draws_and_agrees(run):
    """Draws, names, chain numbers and counts, and ArviZ's summary has our R-hat."""
    data = run.to_arviz()
    assert data.posterior.theta.values.tobytes() == run.draws.tobytes()
    assert data.posterior.parameter.values.tolist() == NAMES
    assert data.posterior.chain.values.tolist() == list(run.chains)
    assert data.sample_stats.infeasible.values.tolist() == run.stats["infeasible"].tolist()
    assert data.posterior.attrs["machine"] == "fixed<8,4>"
    import arviz

    found = arviz.rhat(data).theta.values
    np.testing.assert_allclose(found, lps.diagnostics.rhat(run.draws), rtol=1e-9)


def test_bars_are_whole_cells():
    """On a uniform grid every bar has as many points, holes included; edges lie between points."""
    draws = np.array([0.0, 0.5, 2.0, 2.5])
    assert bar_edges(draws).tolist() == [-0.25, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75]
    edges = bar_edges(np.arange(100.0))
    assert set(np.diff(edges)) == {2.0}
    assert bar_edges(np.array([3.0, 3.0])).tolist() == [2.5, 3.5]
    assert len(bar_edges(RANDOM.normal(size=5000))) == 61


def test_pieces_of_a_series_are_means():
    """Equal pieces, the last one shorter."""
    assert binned(np.arange(10.0), 3).tolist() == [1.0, 4.0, 7.0, 9.0]
