"""Test vectors for hardware: right, the same every time, in three forms of output."""

import json
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import oracle_arithmetic as arithmetic
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_numbers import coded, number
from subjects import library

import numfmt as nf
from numfmt import _vectors

FORMATS = [Float(4, 3, special="fn"), Float(5, 2), Posit(8, 1), Fixed(8, 3)]

OPERATIONS = ["add", "multiply", "divide", "fma", "sqrt", "remainder", "exp", "rsqrt", "power"]


def run(*words, status=0):
    """What `numfmt-hw vectors` prints, away from the source folder."""
    line = [sys.executable, "-m", "numfmt", "vectors", *words]
    result = subprocess.run(line, capture_output=True, text=True, cwd=tempfile.gettempdir())
    assert result.returncode == status, result.stderr
    return result.stderr if status else result.stdout


def made(name, format, source=None, count=50, seed=3, rounding=None, overflow=None):
    """Vectors by the library."""
    own = None if source is None else nf.parse(source)
    return _vectors.vectors(name, nf.parse(format), own, count, seed, rounding, overflow)


@pytest.mark.parametrize("format", FORMATS, ids=str)
@pytest.mark.parametrize(
    "name", ["add", "multiply", "divide", "fma", "sqrt", "remainder", "exp", "rsqrt", "power"]
)
def test_results_are_those_of_the_oracle(format, name, tally):
    """Corner cases and random ones; a NaN that the format has not is 0 and invalid."""
    found = made(name, library(format))
    policy = "infinity" if getattr(format, "special", "") == "ieee" else "saturate"
    wanted = []
    for *codes, _, _ in found.rows():
        sources = [format, Fixed(8, 0)] if name == "power" else [format] * len(codes)
        operands = [number(own, code) for own, code in zip(sources, codes, strict=True)]
        result, _ = arithmetic.operate(name, *operands, rounding="nearest_even", format=format)
        wanted.append(coded(format, result, "nearest_even", policy))
    codes = np.array([0 if code == "nan" else code for code in wanted], np.uint8)
    tally.same(found.columns["result"], codes, codes, name)
    tally.check()
    no_number = np.array([code == "nan" for code in wanted])
    assert np.all(found.columns["flags"][no_number] & 3)


@pytest.mark.parametrize("format", ["e4m3fn", "e5m2", "posit<16,2>", "fixed<8,3>", "nf4", "e8m0"])
def test_corner_cases_are_there(format):
    """Ends, 0, the smallest, specials, and their neighbours, each once."""
    own = nf.parse(format)
    codes = _vectors.corner_codes(own)
    assert len(set(codes)) == len(codes)
    values = nf.decode(np.array(codes), own)
    ends = [own.max, own.min, own.smallest_positive, own.smallest_normal]
    assert set(ends) <= set(values.tolist())
    assert np.isnan(values).any() == own.has_nan
    assert np.isinf(values).any() == own.has_infinity
    assert (0 in values) == own.has_zero
    assert (1 in values) == (own.max >= 1)


def test_the_same_seed_gives_the_same_vectors():
    """Another seed others; more of them begin with the fewer."""
    few, many, other = (
        made("add", "e5m2"),
        made("add", "e5m2", count=80),
        made("add", "e5m2", seed=4),
    )
    assert few.rows() == made("add", "e5m2").rows()
    corners = len(few.rows()) - 50
    assert many.rows()[:-30] == few.rows()
    assert other.rows()[:corners] == few.rows()[:corners]
    assert other.rows()[corners:] != few.rows()[corners:]


def test_stochastic_vectors_bring_their_random_words():
    """With which the result can be had again."""
    found = made("multiply", "fixed<8,3>", rounding="stochastic(bits=8)")
    a, b = (nf.from_codes(found.columns[name], "fixed<8,3>") for name in "ab")
    words = found.columns["random"]
    again = nf.multiply(a, b, "fixed<8,3>", "stochastic(bits=8)", random_bits=words)
    assert np.array_equal(again.codes, found.columns["result"])
    assert found.widths["random"] == 32


def test_quantize_rounds_codes_of_another_format():
    """binary32 where none is named."""
    found = made("quantize", "e4m3fn", rounding="toward_zero", overflow="nan")
    with np.errstate(invalid="ignore"):  # signaling NaNs
        x = found.columns["a"].view(np.float32).astype(np.float64)
    assert found.facts["from"] == "binary32"
    wanted = nf.encode(x, "e4m3fn", "toward_zero", "nan")
    is_nan = np.isnan(x)
    assert np.array_equal(found.columns["result"][~is_nan], wanted[~is_nan])
    assert set(found.columns["result"][is_nan] & 0x7F) == {0x7F}
    exact = nf.decode(wanted, "e4m3fn") == x
    flags = found.columns["flags"]
    assert np.array_equal(
        flags[~is_nan & np.isfinite(x)] & 16 == 0, exact[~is_nan & np.isfinite(x)]
    )


def test_comparisons_have_one_bit():
    """And no flags."""
    found = made("less", "posit<8,1>")
    assert list(found.columns) == ["a", "b", "result"]
    signed = [found.columns[name].astype(np.int8) for name in "ab"]
    assert np.array_equal(found.columns["result"], signed[0] < signed[1])


def test_json_and_readmemh_say_the_same():
    """Words of whole hexadecimal digits; comments name the fields."""
    words = ("add", "--format", "fixed:6,2", "--count", "7", "--seed", "2")
    shown = json.loads(run(*words, "--json"))
    assert shown["operation"] == "add"
    assert shown["columns"] == ["a", "b", "result", "flags"]
    lines = run(*words).splitlines()
    assert lines[1].startswith("// a[8]_b[8]_result[8]_flags[8]; flags: 1 invalid")
    rows = [[int(field, 16) for field in line.split("_")] for line in lines[2:]]
    assert rows == shown["vectors"]
    found = made("add", "fixed<6,2>", count=7, seed=2)
    assert rows == [list(row) for row in found.rows()]


def test_the_c_header_compiles_and_holds_the_vectors(tmp_path):
    """As C11, with every warning an error."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    words = ("fma", "--format", "posit:16,1", "--count", "5", "--rounding", "stochastic")
    (tmp_path / "vectors.h").write_text(run(*words, "--c"))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "vectors.h"\nint main(void) {\n'
        "    for (size_t i = 0; i < sizeof fma_posit_16_1 / sizeof *fma_posit_16_1; i++)\n"
        '        printf("%u %u %u %u %u\\n", fma_posit_16_1[i].a, fma_posit_16_1[i].b, '
        "fma_posit_16_1[i].c, fma_posit_16_1[i].result, fma_posit_16_1[i].flags);\n"
        "    return 0;\n}\n"
    )
    build = [compiler, "-std=c11", "-Wall", "-Werror", "main.c", "-o", "main"]
    subprocess.run(build, cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    rows = [list(map(int, line.split())) for line in printed.splitlines()]
    wanted = json.loads(run(*words, "--json"))["vectors"]
    assert rows == [[*row[:3], *row[4:]] for row in wanted]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ad", "--format", "e2m1"), "did you mean 'add'"),
        (("add", "--format", "mxfp4"), "single numbers"),
        (("quantize", "--format", "e2m1", "--from", "mxfp4"), "single numbers"),
        (("add", "--format", "e2m1", "--json", "--c"), "give one"),
        (("add", "--format", "e2m1", "--rounding", "upp"), "'up'"),
        (("sin", "--format", "lns:40,20"), "irrational"),
    ],
)
def test_wrong_input_is_status_2(words, says):
    """One line on stderr."""
    error = run(*words, status=2)
    assert says in error
    assert error.count("\n") == 1
