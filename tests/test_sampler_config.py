"""`lp-sampler run CONFIG.toml` and `lp-sampler resume RUN`: every field is checked."""

import csv

import numpy as np
import pytest
from stored_runs import content
from typer.testing import CliRunner

import lp_sampler as lps
from lp_sampler import cli

RANDOM = np.random.default_rng(5)
ROWS = np.column_stack([RANDOM.normal(3, 2, size=(60, 2)), np.arange(60) % 2])
SAMPLE = "[sample]\ndraws = 30\nchains = 3\nwarmup = 10\nthin = 2\nseed = 4\n"
GAUSSIAN = '[target]\nname = "Gaussian"\nmean = [0.5, 1.0]\n'
MACHINE = '[machine]\nname = "fixed8"\n'
KERNEL = '[kernel]\nname = "sgld"\nstep_size = 0.01\naccumulator = "naive"\n'
WHOLE = GAUSSIAN + MACHINE + KERNEL + SAMPLE


def command(*arguments):
    """The command in this process."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def written(folder, text, name="config.toml"):
    """A configuration file."""
    path = folder / name
    path.write_text(text)
    return path


def write_csv(path, rows):
    """Columns a, b and y."""
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([["a", " b", "y"], *rows.tolist()])


def test_a_configuration_is_a_call(tmp_path):
    """The store is that of `lps.sample` with the same arguments, beside the file."""
    result = command("run", written(tmp_path, WHOLE))
    assert result.exit_code == 0, result.output
    assert f"{tmp_path}/config.zarr: 3 chains, 30 draws, 2 parameters" in result.stdout
    assert "warning: the run is" in result.stderr or "relaxation" in result.stderr
    kernel = lps.kernels.SGLD(0.01, accumulator="naive")
    settings = {"draws": 30, "chains": 3, "warmup": 10, "thin": 2, "seed": 4}
    target = lps.targets.Gaussian([0.5, 1.0])
    with pytest.warns(UserWarning, match="relaxation"):
        lps.sample(kernel, target, "fixed8", store=tmp_path / "b.zarr", progress=False, **settings)
    assert content(tmp_path / "config.zarr") == content(tmp_path / "b.zarr")


def test_a_run_is_extended_by_the_command(tmp_path):
    """`resume --extend` makes the store of a longer run."""
    command("run", written(tmp_path, WHOLE))
    command("run", written(tmp_path, WHOLE.replace("draws = 30", "draws = 40"), "longer.toml"))
    result = command("resume", tmp_path / "config.zarr", "--extend", 10)
    assert result.exit_code == 0, result.output
    assert "40 draws" in result.stdout
    assert content(tmp_path / "config.zarr") == content(tmp_path / "longer.zarr")


@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_data_come_from_files_beside_the_configuration(tmp_path, kind):
    """Rows, names, a test set, standardised columns and an intercept."""
    train, test = ROWS[:40], ROWS[40:]
    if kind == "csv":
        write_csv(tmp_path / "train.csv", train)
        write_csv(tmp_path / "test.csv", test)
    else:
        for name, rows in (("train", train), ("test", test)):
            np.savez(tmp_path / f"{name}.npz", X=rows[:, :2], y=rows[:, 2])
    text = f"""[target]
name = "LogisticRegression"
data = "train.{kind}"
test = "test.{kind}"
standardize = true
intercept = true
prior_scale = 2.0
"""
    result = command("run", written(tmp_path, text + MACHINE + KERNEL + SAMPLE))
    assert result.exit_code == 0, result.output
    mean, deviation = train[:, :2].mean(axis=0), train[:, :2].std(axis=0)

    def inputs(rows):
        return np.column_stack([(rows[:, :2] - mean) / deviation, np.ones(len(rows))])

    target = lps.targets.LogisticRegression(
        inputs(train),
        train[:, 2],
        2.0,
        names=["a", "b", "intercept"] if kind == "csv" else None,
        test=(inputs(test), test[:, 2]),
    )
    run = lps.load(tmp_path / "config.zarr", target)
    assert run.names == target.names


def test_another_column_is_the_label(tmp_path):
    """`label` names it; the others are inputs."""
    write_csv(tmp_path / "train.csv", ROWS[:, [2, 0, 1]])
    text = '[target]\nname = "LogisticRegression"\ndata = "train.csv"\nlabel = "a"\n'
    result = command("run", written(tmp_path, text + MACHINE + KERNEL + SAMPLE))
    assert result.exit_code == 0, result.output
    assert lps.load(tmp_path / "config.zarr").names == ("b", "y")


def test_schedules_and_machine_files_are_read(tmp_path):
    """A table is a schedule; a machine's path is relative to the file."""
    import numfmt as nf

    (tmp_path / "mine.json").write_text(nf.machine("fixed8f4").to_json())
    schedule = 'step_size = { kind = "polynomial", a = 0.01, b = 10.0 }'
    text = WHOLE.replace("step_size = 0.01", schedule).replace('"fixed8"', '"mine.json"')
    result = command("run", written(tmp_path, text + '[store]\npath = "there.zarr"\n'))
    assert result.exit_code == 0, result.output
    run = lps.load(tmp_path / "there.zarr")
    assert run.kernel.step_size == lps.schedules.Polynomial(0.01, b=10.0)
    assert run.machine == nf.machine("fixed8f4")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[machine]", "[machin]", "did you mean 'machine'"),
        (MACHINE, "", "a section [machine] is needed"),
        (GAUSSIAN, "store = 3\n" + GAUSSIAN, "store: a section"),
        ('name = "sgld"', "", "[kernel] name: it is needed"),
        ('"sgld"', '"sghmcc"', "did you mean 'sghmc'"),
        ("step_size", "stepsize", "did you mean 'step_size'"),
        ("step_size = 0.01", "step_size = -1", "step_size"),
        ("step_size = 0.01", 'step_size = "fast"', "a number or a table"),
        ("step_size = 0.01", 'step_size = { kind = "cyclic" }', "did you mean 'cyclical'"),
        ('"naive"', '"nave"', "did you mean 'naive'"),
        ('"Gaussian"', '"Gausian"', "did you mean 'Gaussian'"),
        ("mean =", "means =", "did you mean 'mean'"),
        ("mean = [0.5, 1.0]", 'mean = ["a"]', "[target]"),
        ("mean = [0.5, 1.0]", "intercept = true", "it needs data"),
        ("mean = [0.5, 1.0]", 'data = "x.csv"', "no rows X and y"),
        ("mean = [0.5, 1.0]", 'data = "x.txt"', ".csv or .npz"),
        ('"fixed8"', '"fixd8"', "fixed8"),
        ('"fixed8"', "8", "[machine] name"),
        ("thin", "thim", "did you mean 'thin'"),
        ("draws = 30", "draws = 0", "draws"),
        ("draws = 30", "store = 3", "[sample] field"),
        (SAMPLE, SAMPLE + "[store]\nfolder = 3\n", "[store] field"),
        (SAMPLE, SAMPLE + "[store]\npath = 3\n", "[store] path"),
        (SAMPLE, SAMPLE + '[store]\noverwrite = "yes"\n', "true or false"),
        (SAMPLE, SAMPLE + "[store", "not valid TOML"),
    ],
)
def test_wrong_configurations_are_status_2(tmp_path, old, new, message):
    """One line on stderr names the field, and nothing is written."""
    assert old in WHOLE
    path = written(tmp_path, WHOLE.replace(old, new))
    result = command("run", path)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,y\n1,2,3\n4,5\n", "line 3: 3 fields are needed; got 2"),
        ("a,b,y\n1,x,3\n", "line 2"),
        ("a,b,y\n", "rows are needed below"),
        ("", "a line of names"),
        ("a,b,y\n1,2,0\n1,3,1\n", "columns [0] of the data never change"),
        (None, "No such file"),
    ],
)
def test_wrong_data_are_status_2(tmp_path, content, message):
    """The line of the file is named."""
    if content is not None:
        (tmp_path / "d.csv").write_text(content)
    text = '[target]\nname = "LogisticRegression"\ndata = "d.csv"\nstandardize = true\n'
    result = command("run", written(tmp_path, text + MACHINE + KERNEL + SAMPLE))
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run", "none.toml"), 2, "No such file"),
        (("resume", "none.zarr"), 2, "no run is there"),
        (("resume", "none.zarr", "--extend", "-1"), 2, "--extend"),
    ],
)
def test_wrong_commands_have_a_status(tmp_path, monkeypatch, arguments, status, message):
    """What is not there is named."""
    monkeypatch.chdir(tmp_path)
    result = command(*arguments)
    assert result.exit_code == status
    assert message in result.stderr


def test_a_run_is_not_overwritten_by_its_command(tmp_path):
    """The second time the store is there, unless the file says that it may go."""
    path = written(tmp_path, WHOLE)
    command("run", path)
    result = command("run", path)
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert command("run", written(tmp_path, WHOLE + "[store]\noverwrite = true\n")).exit_code == 0
