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

BINARY32 = """
[datapath]
prep = { a = "float32", b = "float32" }
product = { kind = "round", format = "float32", round = "RNE" }
block = { kind = "chain" }
acc = { type = "float32", round = "RNE" }
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
def test_every_machine_that_ships_is_complete(name, tmp_path):
    """Each packaged file has its file's name, formats that parse, evidence of every field of its
    datapaths, and comes back the same from TOML and JSON."""
    machine = nf.machine(name)
    assert machine.name == name
    resolved = machine.resolve()
    for role, spelling in resolved.get("formats", {}).items():
        format = nf.parse(spelling)
        assert format.bare() == machine.format_of(role).bare()
        assert None not in (format.rounding, format.overflow)
    assert "formats" in resolved or "*" in resolved["certainty"]
    assert resolved["evidence"]
    for suffix, text in (("toml", machine.to_toml()), ("json", machine.to_json())):
        path = tmp_path / f"again.{suffix}"
        path.write_text(text)
        assert nf.machine(path) == machine
        assert nf.machine(path).resolve() == resolved


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
    text = FILE + BINARY32
    assert nf.machine(write(text)) == nf.machine(write(FILE))
    assert nf.machine(write(FILE)).datapath().acc.round == "nearest_even"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version =", "vershun ="), "unknown field 'vershun'; did you mean 'version'"),
        (("weight =", "wait ="), "unknown role 'wait'"),
        (("input = ", "imput = "), "unknown role 'imput'; did you mean 'input'"),
        (("", "[vector_unit]\nfused = 1\n"), "vector_unit.fused = 1 must be true or false"),
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
        (("", '[matmul]\nfprop = "x"\n'), "matmul.fprop = 'x' must be a table"),
        (("", "[matmul]\nbackward = {}\n"), "unknown pass of matmul 'backward'"),
        (("", '[matmul]\nfprop = { kplan = "fast" }\n'), "unknown kplan 'fast'"),
        (("", '[datapath]\nproduct = { kind = "exact" }\n'), "the stage 'prep' is missing"),
        (("[formats]", "datapath = 8\n[formats]"), "must be a table"),
        (("", BINARY32.replace("prep", "perp")), "unknown stage 'perp'; did you mean 'prep'"),
        (("", BINARY32.replace("chain", "chian")), "block.kind = 'chian' must be one of"),
        (("", BINARY32 + "align = { F = 3 }"), "align.F is of aligned blocks"),
        (("", BINARY32 + "[datapaths]\n"), "'datapath' and 'datapaths' exclude each other"),
        (("", '[certainty]\n"acc.rond" = "spec"\n'), "did you mean 'acc.round'"),
        (("", '[certainty]\n"acc.round" = "sure"\n'), "must begin with one of hw_rec, hw_live"),
        (("", "[kplan.fast]\ninst_k = -1\n"), "kplan.fast.inst_k = -1 must be an integer"),
        (("", "[gaussian]\nkind = 3\n"), "gaussian.kind = 3 must be one of exact, central_limit"),
        (("", "[gaussian]\nkind = 'box_muller'\nbits = 8\n"), "needs the field 'fraction_bits'"),
        (("", "[gaussian]\nbits = 8\n"), "exact takes no field 'bits'"),
        (("", "[special]\nsin = {}\n"), "unknown function 'sin'"),
        (
            ("", "[special.exp]\nmethod = 'table'\nlow = 1\nhigh = 0\nindex_bits = 4\n"),
            "less",
        ),
        (("", "[[update]]\nop = 'add'\na = 'step'\nout = 'x'\n"), "add takes a, b"),
        (("", "[[update]]\nop = 'add'\na = 'step'\nb = 'grad'\nout = 'x'\n"), "'gradient'?"),
        (("", "[[update]]\nop = 'add'\na = 'step'\nb = 'noise'\nout = 'x'\n"), "result 'mean'"),
        (("", "[[update]]\nop = 'add'\na = 'step'\nb = 'noise'\nout = 'step'\n"), "already"),
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


def test_passes_and_plans():
    """A pass names a datapath and a plan; a datapath may have another order of the sum."""
    machine = nf.machine("nvidia.h100.wgmma.e4m3.f32")
    assert machine.datapath("fprop").kplan.every is None
    assert machine.datapath("wgrad").kplan.every == 128
    assert machine.datapath(plan="slow") == machine.datapath("wgrad")
    assert machine.datapath(plan=nf.KPlan(inst_k=32, every=64)).kplan.every == 64
    assert nf.machine("nvidia.a100.hmma.f16.f32").datapath("dgrad").block.n == 8
    for wrong, message in (("infer", "unknown role 'infer'"), ("frpop", "did you mean 'fprop'")):
        with pytest.raises(nf.MachineError, match=message):
            machine.datapath(wrong)
    with pytest.raises(nf.MachineError, match="unknown plan 'slwo'; did you mean 'slow'"):
        machine.datapath(plan="slwo")


def test_guesses_are_told(write):
    """A field that is assumed, or told in words only, is named when the machine is used."""
    text = 'name = "mine"\n' + BINARY32 + '[certainty]\n"*" = "spec"\n"acc.ftz" = "part:talk"\n'
    machine = nf.machine(write(text))
    assert machine.guesses == ("acc.ftz",)
    with pytest.warns(nf.AssumedWarning, match=r"'mine': acc\.ftz assumed or told in words"):
        nf.matmul([[1.0]], [[2.0]], machine)
    with pytest.raises(nf.MachineError, match="'mine' stores no tensors: it has no weight format"):
        machine.weight  # noqa: B018


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
