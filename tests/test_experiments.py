"""The experiments in their short forms, and the command that reproduces them."""

import json
import math

import pytest
from typer.testing import CliRunner

from lp_sampler import _cli_reproduce as work
from lp_sampler.cli import app
from lp_sampler.experiments import Check, Experiment, e22_speed, experiments

HERE = ("E2", "E3", "E4", "E5", "E6", "E12", "E13", "E22")
ELSEWHERE = {
    **{"E1": "test_experiment_gaussian_toy", "E11": "test_experiment_breast_cancer"},
    **dict.fromkeys(("E7", "E10", "E14", "E15"), "test_experiment_lattices"),
    **dict.fromkeys(("E8", "E9", "E24"), "test_experiment_kernels"),
    **{"E21": "test_sampler_resume", "E25": "test_experiment_calibration"},
}


def test_every_experiment_is_tested_somewhere():
    """Here or in the file named."""
    assert set(experiments()) == {*HERE, *ELSEWHERE}


@pytest.mark.parametrize("number", HERE)
def test_short_forms_pass(number):
    """Every check of the short form."""
    checks = experiments()[number].run(True, lambda steps: None)
    assert checks
    assert [check for check in checks if not check.passed] == []


def test_the_command_tells_measured_and_expected():
    """One line a check; status 0."""
    result = CliRunner().invoke(app, ["reproduce", "e5", "--quick"])
    assert result.exit_code == 0
    assert "E5  saturation" in result.output
    assert "expected -4 .. 4" in result.output


@pytest.fixture
def failing(monkeypatch):
    """An experiment with one wrong and one infinite limit."""
    checks = [Check("width", 2.0, 0.9, 1.1), Check("distance", 0.5, 0.1, math.inf)]
    one = Experiment("E99", "wrong", lambda short, advance: checks)
    monkeypatch.setattr(work, "chosen", lambda names: [one])


@pytest.mark.usefixtures("failing")
def test_a_failed_check_is_named_with_status_1(tmp_path):
    """And the tables are written all the same."""
    for suffix in ("md", "json"):
        path = tmp_path / f"found.{suffix}"
        result = CliRunner().invoke(app, ["reproduce", "--out", str(path)])
        assert result.exit_code == 1
        assert "outside the limits: E99: width" in result.output
    table = (tmp_path / "found.md").read_text()
    assert "| E99 | width | 2 | 0.9 .. 1.1 | **fail** |" in table
    record = json.loads((tmp_path / "found.json").read_text())["experiments"]["E99"]
    assert [check["passed"] for check in record["checks"]] == [False, True]
    assert record["checks"][1]["high"] == "inf"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["E3O"], "unknown 'E3O'; did you mean 'E3'"),
        (["E5", "--quick", "--out", "found.txt"], "a file .md or .json is allowed"),
    ],
)
def test_wrong_arguments_are_named(arguments, message, monkeypatch, tmp_path):
    """Status 2, before anything runs."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["reproduce", *arguments])
    assert result.exit_code == 2
    assert message in result.output


def test_speed_has_limits_in_the_long_form_alone():
    """Rates below them fail there; what is not installed is said and not measured."""
    slow = {"many": 1e6, "one": 1e6, "peer": 5e3}
    long, short = (e22_speed.checks(slow, limited=limited) for limited in (True, False))
    assert [check.passed for check in short] == [True] * 4
    assert not long[-1].passed
    del slow["peer"]
    assert "not measured" in e22_speed.checks(slow, limited=True)[-1].what
