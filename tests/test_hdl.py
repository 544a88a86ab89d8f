"""The SystemVerilog templates: their bits are numfmt's, in Verilator, Icarus Verilog and cocotb."""

import shutil

import pytest
from hdl_bench import TEMPLATES, Case, by_cocotb, by_icarus, by_verilator, run, tool
from hdl_cases import MAKERS, cases

FILES = sorted(TEMPLATES.glob("*.sv"))

pytestmark = pytest.mark.long


def agrees(found: dict[str, tuple[int, int]], given: list[Case]) -> None:
    """Every row of every case was run, and none differs."""
    assert found == {case.name: (len(case.rows), 0) for case in given}


def thinned(given: list[Case], step: int) -> list[Case]:
    """Some of the rows, for the slow simulator; of clocked templates all."""
    return [c if c.is_clocked else c._replace(rows=c.rows[::step]) for c in given]


@pytest.mark.parametrize("source", FILES, ids=lambda path: path.stem)
def test_verilator_has_nothing_to_say(source, tmp_path):
    """Not of the templates' defaults, with every warning on."""
    verilator = tool("verilator-cli", "verilator")
    options = ("--lint-only", "-Wall", "-y", TEMPLATES, "--top-module", source.stem)
    run(verilator, *options, source, cwd=tmp_path)


@pytest.mark.parametrize("module", MAKERS)
def test_vectors_are_enough(module):
    """2000 or more of each case, with results of many kinds."""
    for case in cases(module):
        assert len(case.rows) >= 2000, case.name
        assert len({row[-1] for row in case.rows}) > 25, case.name


def test_verilator_gives_numfmts_bits(tmp_path):
    """All cases of all templates in one program."""
    given = [case for module in MAKERS for case in cases(module)]
    agrees(by_verilator(given, tmp_path), given)


@pytest.mark.parametrize("module", MAKERS)
def test_icarus_gives_numfmts_bits(module, tmp_path):
    """All cases of a template."""
    given = thinned(cases(module), 3)
    agrees(by_icarus(given, tmp_path), given)


@pytest.mark.parametrize("module", MAKERS)
def test_cocotb_gives_numfmts_bits(module, tmp_path):
    """The first case of each template."""
    by_cocotb(cases(module)[0], tmp_path)


BROKEN = [  # template, number of the case, file, what becomes what
    ("fda", 1, "fda", "if (present[i] && $signed", "if ($signed"),
    ("fda", 2, "fda", "if (top < FLOOR) top = FLOOR;", ""),
    ("fda", 2, "fda", "sum < 0 && code != 0", "sum < 0"),
    ("fda", 1, "fda", "(up && down_to)", "1'b0"),
    ("fda", 1, "unpack_float", "field[0] | ~normal", "field[0]"),
    ("fda", 1, "multiply_float", "(infinite && zero)", "1'b0"),
    ("fda", 3, "round_float", "if (place < EMIN) place = EMIN;", ""),
    ("fda", 3, "round_float", "(sticky || shifted[1])", "sticky"),
    ("exsdotp_ref", 0, "exsdotp_ref", "&negative", "1'b0"),
    ("exsdotp_ref", 0, "sr_round", "? random < tail :", "? tail[R-1] :"),
    ("sr_round", 3, "sr_round", "? random < tail :", "? random <= tail :"),
    ("sr_round", 6, "sr_round", "&& value != 0", ""),
    ("sr_round", 0, "sr_round", "total[R]", "total[R-1]"),
    ("lfsr", 0, "lfsr", "{1'b0, word[W-1:1]}", "{word[0], word[W-1:1]}"),
    ("lfsr", 2, "lfsr", "~^(word", "^(word"),
    ("mac_wrap_sat", 0, "mac_wrap_sat", "= -LARGEST - W'(1);", "= -LARGEST;"),
    ("mac_wrap_sat", 3, "round_shift", "drop != 0 &&", "0 &&"),
    ("requant", 0, "round_shift", "ROUND == 2 || ROUND == 4", "ROUND == 4"),
    ("requant", 16, "requant", "? first - W'(1) : first", "? first : first"),
    ("requant", 15, "requant", "W'(32767) : W'(rounded_q)", "W'(rounded_q) : W'(rounded_q)"),
    ("requant", 3, "round_significant", ".ROUND(3)", ".ROUND(0)"),
    ("requant", 9, "round_significant", ".ROUND(3)", ".ROUND(0)"),
]


@pytest.mark.parametrize(("module", "number", "file", "text", "broken"), BROKEN)
def test_vectors_find_what_is_broken(module, number, file, text, broken, tmp_path):
    """Each of these changes of a template gives other bits."""
    shutil.copytree(TEMPLATES, tmp_path / "hdl")
    source = tmp_path / "hdl" / f"{file}.sv"
    assert source.read_text().count(text) == 1
    source.write_text(source.read_text().replace(text, broken))
    found = by_icarus([cases(module)[number]], tmp_path, tmp_path / "hdl")
    assert any(wrong for _, wrong in found.values())
