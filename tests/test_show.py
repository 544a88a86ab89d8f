"""`numfmt-hw show`: the picture of the bits agrees with the codes, and the plot with the values."""

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import numfmt as nf
from numfmt import _core, _plot, cli
from numfmt.formats._base import value_of

NAMED = [name for name, _, _ in _core.named_formats()]
FORMATS = [
    *("fixed<8,12>", "fixed<8,-2>", "ufixed<5,2>", "float<3,0>", "ufloat<3,2,subnormals=off>"),
    *("binary6p3sf", "posit<8,0>", "posit<5,3>", "posit<2,2>", "takum3", "takum8", "takum_log16"),
    *("lns<8,4>", "lns<4,0>", "pow2<4>", "codebook<-2,-1>", "codebook<0,1,3>"),
]
FLOATS = ["e4m3fn", "e5m2", "e5m2fnuz", "e2m1", "e8m0", "binary8p4se", "binary6p3uf", "pow2<4>"]
LITERAL = re.compile(r"[01]+")


def run(*words):
    """What `numfmt-hw` gives."""
    return CliRunner().invoke(cli.app, [*map(str, words)])


def fields_of(code, segments):
    """The integers of each letter in a code."""
    left, found = sum(map(len, segments)), {}
    for segment in segments:
        left -= len(segment)
        found[segment[0]] = code >> left & ((1 << len(segment)) - 1)
    return found


def matches(code, segments, width):
    """Does the code have the row's literal bits?"""
    bits = f"{code:0{width}b}"
    return all(
        want not in "01" or want == have for want, have in zip("".join(segments), bits, strict=True)
    )


@pytest.mark.parametrize("spelling", [*NAMED, *FORMATS])
def test_every_bit_has_a_meaning(spelling):
    """Segments and rows cover the width, every letter is explained, and nothing else is."""
    f = nf.parse(spelling)
    for layout in f.layouts():
        letters = {s[0] for s in layout.segments if not LITERAL.fullmatch(s)}
        explained = {letter for letter, _ in layout.fields if len(letter) == 1}
        assert sum(map(len, layout.segments)) == f.width
        assert letters <= explained
        for segments, _ in layout.rows:
            assert sum(map(len, segments)) == f.width
            assert all(s[0] in explained or LITERAL.fullmatch(s) for s in segments)


@pytest.mark.parametrize("spelling", FLOATS)
def test_the_fields_of_floats_give_the_values(spelling):
    """Sign, exponent and fraction as drawn, in the formula as printed, are the finite values."""
    f = nf.parse(spelling)
    (layout,) = f.layouts()
    normal, low = (line.replace("^", "**") for line in (*layout.value, "")[:2])
    for code in range(f.highest_code + 1):
        value = value_of(f, code)
        names = {"s": 0, "f": 0, **fields_of(code, layout.segments)}
        rule = low[6:] if low.startswith("e = 0") and names["e"] == 0 else normal
        if np.isfinite(value):
            assert eval(rule, {}, names) == value


@pytest.mark.parametrize("spelling", ["fixed<8,3>", "fixed<8,12>", "fixed<6,-2>", "ufixed<5,2>"])
def test_the_weights_of_fixed_point_are_as_printed(spelling):
    """The sign's weight and the formula, and a dot exactly where the point lies inside."""
    f = nf.parse(spelling)
    (layout,) = f.layouts()
    step = Fraction(2) ** -f.fraction_bits
    assert layout.value == (f"code * 2^{-f.fraction_bits}",)
    if f.signed:
        power = int(re.search(r"worth -2\^(-?\d+)", dict(layout.fields)["s"])[1])
        assert Fraction(f.min) == -(Fraction(2) ** power)
    assert Fraction(f.smallest_positive) == step
    assert ("•" in run("show", spelling).stdout) == (0 < f.fraction_bits < f.width)


@pytest.mark.parametrize("spelling", ["posit<8,2>", "posit<6,0>", "posit<5,3>"])
def test_the_regimes_of_posits_are_as_drawn(spelling):
    """Each positive code matches one row, and a row's smallest value is the one in its note."""
    f = nf.parse(spelling)
    (layout,) = f.layouts()
    positive = range(1, 1 << (f.width - 1))
    for segments, note in layout.rows:
        values = [value_of(f, code) for code in positive if matches(code, segments, f.width)]
        assert min(values) == 2.0 ** int(note.rpartition("^")[2])
    rows = [sum(matches(c, segments, f.width) for segments, _ in layout.rows) for c in positive]
    assert set(rows) == {1}


@pytest.mark.parametrize("width", range(2, 9))
def test_no_bits_of_a_takum_are_drawn_twice(width):
    """Bits that the width cuts off are 0, so that each row has bits of its own and a true c."""
    (layout,) = nf.Takum(width).layouts()
    assert len({parts for parts, _ in layout.rows}) == len(layout.rows)
    values = set(np.log2([v for v in nf.Takum(width).all_values() if v > 0]))
    firsts = [int(words.split("c from ")[1].split()[0]) for _, words in layout.rows]
    assert set(firsts) - {-255} <= values


@pytest.mark.parametrize("width", [13, 14])
def test_the_characteristics_of_takums_are_as_drawn(width):
    """The positive codes of a row have the binades that its note says."""
    f = nf.Takum(width)
    (layout,) = f.layouts()
    for segments, note in layout.rows:
        codes = [c for c in range(1, 1 << (width - 1)) if matches(c, segments, width)]
        binades = {np.frexp(value_of(f, code))[1] - 1 for code in codes}
        first, *last = map(int, re.findall(r"-?\d+", note.partition("c from")[2]))
        assert (min(binades), max(binades)) == (first, last[0] if last else first)


def test_the_picture_is_printed_and_given_as_json():
    """`show` draws the bits, with --json as fields."""
    text = run("show", "e4m3fn").stdout
    assert "│ s │ eeee │ fff │" in text
    assert "  7   6  3   2 0" in text
    (layout,) = json.loads(run("show", "e4m3fn", "--json").stdout)["bits"]
    assert layout["segments"] == ["s", "eeee", "fff"]


def test_long_fields_and_lists_are_shortened():
    """A field of 52 bits and 61 regimes fit on a screen."""
    for spelling in ("binary64", "posit<64,2>", "takum64"):
        lines = run("show", spelling).stdout.splitlines()
        assert max(map(len, lines)) <= 100
        assert len(lines) < 70


@pytest.mark.parametrize(
    "spelling",
    [
        *("e4m3fn", "fixed<8,3>", "posit<8,2>", "e2m1", "e8m0", "bfloat16", "binary64", "int64"),
        *("takum8", "lns<8,4>", "nf4", "binary", "codebook<-2,-1>", "posit<64,5>", "fixed<20,0>"),
    ],
)
def test_every_kind_of_format_can_be_drawn(spelling, tmp_path):
    """`--plot` writes a PNG, and prints what it prints without it."""
    path = tmp_path / "picture.png"
    result = run("show", spelling, "--plot", path)
    assert result.exit_code == 0
    assert result.stdout == run("show", spelling).stdout
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_plot_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """A wrong ending, a missing folder and a missing package are one line each, and no file."""
    for name in ("picture.txt", "picture", "none/picture.png"):
        result = run("show", "e4m3fn", "--plot", tmp_path / name)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
    monkeypatch.setattr(_plot.importlib.util, "find_spec", lambda _: None)
    result = run("show", "e4m3fn", "--plot", tmp_path / "picture.png")
    assert result.exit_code == 2
    assert "numfmt-hw[plot]" in result.stderr
    assert not [*Path(tmp_path).iterdir()]


@pytest.mark.parametrize("spelling", ["pow2<64>", "float<20,3>", "mxfp4<scale_rule=given>"])
def test_formats_without_writable_ends_or_scales_are_shown(spelling):
    """What cannot be written says so, and examples that need the caller's scales are left out."""
    shown = run("show", spelling)
    assert shown.exit_code == 0
    assert "property" in shown.stdout


def test_a_block_of_doubles_is_shown_doubles():
    """The number printed is the number rounded."""
    assert "0.10000000149011612" not in run("show", "block<binary64,32>").stdout


def test_a_table_is_never_cut():
    """Values of 20 digits stand in full where the output is no terminal."""
    assert "-0.39491748809814453" in run("table", "nf4").stdout


def test_the_precision_drawn_is_that_of_the_gaps():
    """Digits are -log10 of half the gap over the middle, listed and sampled alike."""
    ends, digits = _plot.cells(nf.parse("fixed<8,3>"))
    assert np.allclose(ends[0], [-3, -2])
    assert np.allclose(digits[:2], [np.log10(3), np.log10(5)])
    _, wide = _plot.cells(nf.parse("binary32"))
    assert np.isclose(wide.max(), np.log10(2.0**25), rtol=1e-6)


def test_the_numbers_drawn_are_the_values():
    """Linear: all values; logarithmic: the positive ones; subnormals are known."""
    linear, log = _plot.number_lines(nf.parse("e4m3fn"))
    assert np.array_equal(
        linear.values, np.unique(nf.decode([*range(127), *range(128, 255)], "e4m3fn"))
    )
    assert np.array_equal(log.values, linear.values[linear.values > 0])
    assert log.normal == 2.0**-6
    (close,) = _plot.number_lines(nf.parse("binary64"))
    assert {2.0**-52, -(2.0**-53), 0.0} <= {*close.values}


@pytest.mark.parametrize("spelling", ["lns<24,16>", "lns<17,3>", "lns<32,20>"])
def test_logarithmic_values_stand_in_their_order(spelling):
    """As many values below 1 as above it, and gaps of one relative size, across 1 too."""
    format = nf.parse(spelling)
    values = _plot.around_one(format).values
    centred = values if values[0] < 0 else np.log2(values)
    assert centred.size == 2 * _plot.AROUND + 1
    assert (np.diff(centred) > 0).all()
    assert centred[_plot.AROUND] == 0
    ends, digits = _plot.cells(format)
    assert np.allclose(digits, digits[0], rtol=1e-9)
    assert {-1, 1} <= set(np.sign(ends[:, 0]))


def test_formats_whose_ends_cannot_be_written_are_drawn(tmp_path):
    """2**(2**18) is no number of the title; the values beside 1 are drawn all the same."""
    assert "beyond writing" in _plot.title(nf.parse("pow2<20>"))
    for spelling in ("pow2<20>", "lns<17,0>"):
        for command in (("show",), ("show", "--json")):
            assert run(command[0], spelling, *command[1:]).exit_code == 0
        assert run("show", spelling, "--plot", tmp_path / "picture.png").exit_code == 0
