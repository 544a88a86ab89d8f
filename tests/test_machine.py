"""Machines: names, files, spellings, and the errors of each."""

import pickle

import pytest

import numfmt as nf

FILE = """
name = "mine"
version = "2"

[formats]
weight = "fixed<8,3,rounding=stochastic,overflow=saturate>"
gradient = { format = "e5m2", rounding = "SR", overflow = "sat" }
accumulator = "posit<16,1>"
input = "bfloat16"
"""


@pytest.fixture
def write(tmp_path):
    """Writes a machine file and returns its path."""

    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("name", nf.machines())
def test_every_machine_that_ships_is_complete(name):
    """Each packaged file is read, has its file's name, and resolves to formats that parse."""
    machine = nf.machine(name)
    assert machine.name == name
    for role, spelling in machine.resolve()["formats"].items():
        format = nf.parse(spelling)
        assert format.bare() == getattr(machine, role).bare()
        assert None not in (format.rounding, format.overflow)


def test_fixed8_is_the_machine_of_the_experiments():
    """Weights and accumulator are fixed<8,3>, gradients fixed<8,2>, all stochastic."""
    machine = nf.machine("fixed8")
    modes = "rounding=stochastic,overflow=saturate"
    assert str(machine.weight) == str(machine.accumulator) == f"fixed<8,3,{modes}>"
    assert str(machine.gradient) == f"fixed<8,2,{modes}>"
    assert machine.input == nf.parse("float32")


def test_a_file_is_read_whole(write):
    """Every role of a file is read, as a spelling or as a table with aliases."""
    machine = nf.machine(write(FILE))
    assert (machine.name, machine.version) == ("mine", "2")
    assert str(machine.gradient) == "e5m2<rounding=stochastic,overflow=saturate>"
    assert str(machine.accumulator) == "posit<16,1>"
    assert machine == nf.machine(str(write(FILE)))
    assert hash(machine) == hash(nf.machine(write(FILE)))
    assert pickle.loads(pickle.dumps(machine)) == machine


def test_a_spelling_is_a_machine():
    """A format stores everything, stochastically unless it says otherwise; inputs stay float32."""
    machine = nf.machine("posit:8,1")
    assert str(machine.weight) == "posit<8,1,rounding=stochastic>"
    assert machine.weight == machine.gradient == machine.accumulator
    assert machine.input == nf.parse("float32")
    assert nf.machine(nf.Posit(8, 1)) == machine
    assert nf.machine("fixed<8,3,rounding=up>").weight.rounding == "up"


def test_float32_is_the_machine_without_rounding():
    """In the spelling float32 nothing is rounded at all."""
    machine = nf.machine("float32")
    assert machine.weight == machine.accumulator == machine.gradient == nf.parse("binary32")


def test_replace_keeps_modes():
    """A replaced format keeps the rounding and overflow of its role, unless it carries its own."""
    machine = nf.machine("fixed8")
    assert str(machine.replace(weight="fixed<8,4>").weight) == str(nf.machine("fixed8f4").weight)
    assert machine.replace(weight="fixed<8,4,rounding=up>").weight.rounding == "up"
    assert machine.replace(weight="fixed<8,4>").gradient == machine.gradient
    assert machine.replace(weight="fixed<8,4>").name == "fixed8(weight=fixed<8,4>)"


def test_float32_arithmetic_may_be_spelled_out(write):
    """A datapath of float32 products and sums is what is computed, so a file may say it."""
    text = (
        FILE + '[datapath]\nacc = { type = "float32", round = "RNE" }\nblock = { kind = "chain" }\n'
    )
    assert nf.machine(write(text)) == nf.machine(write(FILE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version =", "vershun ="), "unknown field 'vershun'; did you mean 'version'"),
        (("weight =", "wait ="), "unknown role 'wait'"),
        (("input =", "activation ="), "role 'activation' is not supported"),
        (("posit<16,1>", "posit<99,1>"), "role 'accumulator'"),
        (("overflow = ", "overfloat = "), "unknown field 'overfloat'"),
        (('"SR"', "8"), "must be a table of texts"),
        (('"2"', "2"), "version = 2 must be a text"),
        (('name = "mine"', ""), "'name' is missing"),
        (('input = "bfloat16"', ""), "lacks the role 'input'"),
        (('input = "bfloat16"', "input = { rounding = 'up' }"), "'format' is missing"),
        (("[formats]", "formats = 3\n[other]"), "unknown field 'other'"),
        (("[formats]", 'evidence = "paper"\n[formats]'), "must be a list of texts"),
        (("[formats]", "[formats"), "not valid TOML"),
        (("", '[matmul]\nfprop = "x"\n'), "products and sums are float32"),
        (("", '[datapath]\nproduct = { kind = "exact" }\n'), "products and sums are float32"),
        (("[formats]", "datapath = 8\n[formats]"), "must be a table"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(write, change, message):
    """An unknown field, role or format is an error that names it, never ignored."""
    before, after = change
    text = FILE.replace(before, after, 1) if before else FILE + after
    with pytest.raises(nf.MachineError, match=r"mine\.toml") as caught:
        nf.machine(write(text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unreadable_files_and_unknown_names_are_errors(tmp_path):
    """A missing file, a folder, bytes that are no text and an unknown name raise MachineError."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for wrong in (tmp_path / "missing.toml", tmp_path, binary, "fixd8", 8, None):
        with pytest.raises(nf.MachineError, match="machine"):
            nf.machine(wrong)
    with pytest.raises(nf.MachineError, match="fixed8"):
        nf.machine("fixd8")
    with pytest.raises(nf.MachineError, match="did you mean 'weight'"):
        nf.machine("fixed8").replace(wieght="fixed<8,4>")
