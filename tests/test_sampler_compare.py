"""The comparison: rows, files and pictures, whatever the number of threads."""

import json
import re

import matplotlib.image
import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler._doubts import doubts
from lp_sampler.reference import Reference

RANDOM = np.random.default_rng(8)
DATA = RANDOM.normal(size=(60, 3)), RANDOM.random(60) < 0.5
TARGET = lps.targets.LogisticRegression(*DATA, test=DATA)
MACHINES = ("float32", "fixed8", "posit<8,1>")
SETTINGS = {"draws": 40, "chains": 4, "warmup": 20, "thin": 2, "seed": 1}
MALA = lps.MALA(step_size=0.02, steps=100, warmup=20, langevin_steps=100, chains=4)
KEYS = {
    *("machine", "accumulator", "std_ratio", "w2_sigma", "nll", "accuracy"),
    *("saturated", "infeasible", "frozen", "seconds"),
}


def compare(**keywords):
    """A small comparison."""
    keywords = {"reference": MALA, "progress": False, **SETTINGS, **keywords}
    target, machines = keywords.pop("target", TARGET), keywords.pop("machines", MACHINES)
    accumulators = keywords.pop("accumulators", ("full", "naive", "naive_nearest", "vc"))
    return lps.compare(lps.kernels.SGLD(2e-3), target, machines, accumulators, **keywords)


@pytest.fixture(scope="module")
def comparison():
    """One comparison for all tests that only look."""
    return compare()


def test_every_meaningful_pair_has_a_row_in_order(comparison):
    """Machines in order, each with its accumulators in order; float32 has `full` alone."""
    pairs = [(row.machine, row.accumulator) for row in comparison.rows]
    policies = ["full", "naive", "naive_nearest", "vc"]
    low = [(machine, policy) for machine in ("fixed8", "posit<8,1>") for policy in policies]
    assert pairs == [("binary32", "full"), *low]


def test_workers_do_not_change_a_number(comparison):
    """One thread and three give equal rows, seconds aside."""
    one, three = compare(workers=1), compare(workers=3)
    for first, second in zip(one.rows, three.rows, strict=True):
        assert {**first.record(), "seconds": 0} == {**second.record(), "seconds": 0}
        assert first.draws.tobytes() == second.draws.tobytes()
    assert one.reference.draws.tobytes() == three.reference.draws.tobytes()


def test_json_carries_what_it_takes_to_repeat_it(comparison, tmp_path):
    """The file has versions, seed, settings, resolved machines and rows with exactly ten keys."""
    comparison.to_json(tmp_path / "compare.json")
    record = json.loads((tmp_path / "compare.json").read_text())
    assert set(record["versions"]) == {"numfmt-hw", "numpy", "python"}
    assert record["seed"] == 1
    assert record["settings"]["draws"] == 40
    assert record["reference"]["steps"] == 100
    for name, resolved in record["machines"].items():
        assert resolved == nf.machine("float32" if name == "binary32" else name).resolve()
    assert [set(row) for row in record["rows"]] == [KEYS] * 9
    for row in record["rows"]:
        assert isinstance(row["machine"], str)
        assert all(isinstance(row[name], float) for name in KEYS - {"machine", "accumulator"})
        assert 0 <= row["accuracy"] <= 1
        assert 0 <= row["frozen"] <= 1
    assert len(record["errors"]) == 9


def test_numbers_that_are_none_are_null(tmp_path):
    """A target without test rows has null scores, and NaN never gets into the file."""
    small = compare(target=lps.targets.Gaussian(), machines=["fixed8"], chains=1)
    small.to_json(tmp_path / "compare.json")
    text = (tmp_path / "compare.json").read_text()
    assert "NaN" not in text
    assert json.loads(text)["rows"][0]["nll"] is None
    assert json.loads(text)["errors"][0]["std_ratio_error"] is None


def test_picture_is_a_png(comparison, tmp_path):
    """The picture can be read back and is not blank."""
    comparison.plot(tmp_path / "compare.png")
    pixels = matplotlib.image.imread(tmp_path / "compare.png")
    assert min(pixels.shape[:2]) > 300
    assert pixels.std() > 0


def test_a_failed_write_leaves_the_old_file(comparison, tmp_path, monkeypatch):
    """When drawing fails, the old picture is untouched and no temporary file stays."""
    path = tmp_path / "compare.png"
    path.write_text("old")
    monkeypatch.setattr("lp_sampler._plot.draw", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        comparison.plot(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_in_one_run_stops_all():
    """An exception in a target reaches the caller."""

    def fails(params, rows):
        raise ArithmeticError("no gradient here")

    target = lps.targets.Custom(lambda params, rows: params.sum(axis=1), fails, 1)
    with pytest.raises(ArithmeticError, match="no gradient here"):
        compare(target=target)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"machines": []}, "machines"),
        ({"machines": "fixed8"}, "machines: a list is needed"),
        ({"accumulators": "vc"}, "accumulators: a list is needed"),
        ({"machines": ["fixed8", "fixed8"]}, "distinct"),
        ({"accumulators": []}, "accumulators"),
        ({"accumulators": ["vc", "vc"]}, "accumulators"),
        ({"accumulators": ["vcc"]}, "did you mean 'vc'"),
        ({"machines": ["float32"], "accumulators": ["vc"]}, "only 'full'"),
        ({"reference": "nuts"}, "reference"),
        ({"drawers": 3}, "drawers"),
        ({"draws": 0}, "draws"),
    ],
)
def test_wrong_arguments_are_errors(keywords, message):
    """Each is a SamplerError before anything runs."""
    with pytest.raises(lps.SamplerError, match=message):
        compare(**keywords)


def chains_of(correlation, apart=0.0, draws=1000):
    """A reference of 64 autoregressive chains of variance 1, each about a place of its own."""
    random = np.random.default_rng(5)
    noise = random.normal(size=(64, draws, 3)) * np.sqrt(1 - correlation**2)
    noise[:, 0] = random.normal(size=(64, 3))
    for i in range(1, draws):
        noise[:, i] += correlation * noise[:, i - 1]
    shift = apart * random.normal(size=(64, 1, 3))
    return Reference((noise + shift).astype(np.float32), 0.5, lps.MALA(), 1.0)


def test_short_chains_of_a_reference_are_told_from_chains_apart():
    """R-hat says both; what all are worth together says which, and how far to trust the table."""
    correlation = 1 - 2 / 60  # a relaxation time of 30 draws: 1,000 are worth 17
    short, apart, long = chains_of(correlation), chains_of(0.0, apart=1.0), chains_of(0.5)
    (text,) = doubts(short)
    worth = 64 * 1000 * (1 - correlation) / (1 + correlation)
    found = re.search(
        r"R-hat 1\.0\d, .* worth (\d+) independent.* worth ([\d,]+): .* to ([\d.]+)", text
    )
    assert abs(int(found[1]) / (worth / 64) - 1) < 0.25
    assert abs(int(found[2].replace(",", "")) / worth - 1) < 0.25
    assert float(found[3]) == pytest.approx(worth**-0.5, rel=0.15)
    (text,) = doubts(apart)
    assert "do not agree" in text
    assert doubts(long) == []
