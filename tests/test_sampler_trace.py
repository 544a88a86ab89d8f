"""A traced step, replayed by a checker that knows the JSON and exact arithmetic alone."""

import itertools
import json
from fractions import Fraction

import laws
import numpy as np
import oracle
import oracle_arithmetic
import oracle_numbers
import pytest
from oracle_formats import Fixed, Float
from oracle_numbers import exact
from typer.testing import CliRunner

import lp_sampler as lps
import numfmt as nf
from lp_sampler import cli

pytestmark = pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)
RANDOM = np.random.default_rng(4)
TARGET = lps.targets.LogisticRegression(RANDOM.normal(size=(20, 5)), RANDOM.random(20) < 0.5)
SGLD, MOMENTUM = lps.kernels.SGLD, lps.kernels.SGHMC
LISTED = """
name = "listed"
[formats]
weight = "bfloat16"
gradient = "binary16"
accumulator = "bfloat16"
input = "binary32"
[vector_unit]
format = "binary16"
round = "stochastic(bits=6,variant=A)"
flush_inputs = "keep_sign"
flush_results = "plus"
[[update]]
op = "fma"
a = "step"
b = "gradient"
c = "params"
out = "mean"
[[update]]
op = "multiply"
a = "deviation"
b = "noise"
out = "kick"
format = "fixed<12,9>"
round = "nearest_away"
ovf = "wrap"
[[update]]
op = "add"
a = "kick"
b = "mean"
out = "theta"
"""


def format_of(spelling):
    """The oracle's format of a spelling."""
    found = nf.parse(spelling)
    if isinstance(found, nf.Fixed):
        return Fixed(found.width, found.fraction_bits, found.signed)
    return Float(found.exponent_bits, found.fraction_bits, found.bias, found.special)


class Replay:
    """A trace's values as exact numbers, computed again operation by operation."""

    def __init__(self, found):
        self.found, self.wrong, self.looked_at = found, [], 0
        self.numbers = {
            name: [
                oracle_numbers.number(format_of(value["format"]), code) for code in value["codes"]
            ]
            for name, value in found["values"].items()
        }
        self.made = set(found["inputs"].values())
        for one in found["operations"]:
            assert set(one["operands"]) <= self.made, one
            self.made.add(one["out"])
            if one["op"] != "gaussian":
                self.check(one)

    def check(self, one):
        """Every element of an operation's result."""
        out = self.found["values"][one["out"]]
        law = one["op"] == "variance_corrected"
        for i, code in enumerate(out["codes"]):
            row = [
                self.numbers[name][i if len(self.numbers[name]) > 1 else 0]
                for name in one["operands"]
            ]
            words = {int(n): column[i] for n, column in one.get("words", {}).items()}
            expected = self.drawn(one, row, words, i) if law else self.rounded(one, row, words)
            self.looked_at += 1
            if expected != code:
                self.wrong.append((one["op"], one["out"], i, expected, code))

    def rounded(self, one, row, words):
        """The code that the exact result rounds to."""
        format, rounding = format_of(self.found["values"][one["out"]]["format"]), one["rounding"]
        flush = one.get("flush", {"operands": "none", "results": "none"})
        row = [
            flushed(number, own, flush["operands"])
            for number, own in zip(row, self.formats(one), strict=True)
        ]
        result = row[0]
        if one["op"] != "convert":
            result, _ = oracle_arithmetic.operate(one["op"], *row, rounding=rounding, format=format)
        takes = None
        if rounding.startswith("stochastic"):
            takes = takes_upper(format.cell(result.value).tail, rounding, words)
            rounding = "stochastic"
        code = oracle_numbers.coded(format, result, rounding, one["overflow"], takes)
        small = flushed(oracle_numbers.number(format, code), format, flush["results"])
        return oracle_numbers.coded(format, small, "nearest_even", "saturate")

    def formats(self, one):
        """Of the operands."""
        return [format_of(self.found["values"][name]["format"]) for name in one["operands"]]

    def drawn(self, one, row, words, i):
        """The code of the published law's outcome for these words."""
        format = nf.parse(self.found["values"][one["out"]]["format"])
        grid = laws.Lattice(format.smallest_positive, format.min, format.max)
        mean, variance = float(row[0].value), float.fromhex(one["variance"][i])
        inside = np.clip(mean, float(grid.low), float(grid.high))
        spread = np.sqrt(max(variance - float(grid.own), 0))
        x = inside + spread * float.fromhex(one["gaussian"][i])
        first, second = ([words[n] for n in numbers] for numbers in ((0, 4, 6), (1, 5, 7)))
        value, _, _ = grid.draw(mean, variance, x, first, second)
        return oracle_numbers.coded(
            format_of(str(format)), exact(value), "nearest_even", "saturate"
        )


def flushed(number, format, how):
    """A subnormal number as 0, where the unit does so."""
    if how == "none" or isinstance(format, Fixed) or number.kind != "finite":
        return number
    normal = Fraction(2) ** (1 - format.b)
    if number.size >= normal:
        return number
    return exact(0, number.negative and how == "keep_sign")


def takes_upper(tail, rounding, words):
    """The decision of a stochastic rounding: by all bits, or by the top ones of word 0."""
    if tail == 0:
        return False
    if rounding == "stochastic":
        return oracle.takes_upper_all_bits(tail, [words[0], words[1]])
    inside = dict(part.split("=") for part in rounding[len("stochastic(") : -1].split(","))
    bits, variant = int(inside["bits"]), inside["variant"]
    return words[0] >> (32 - bits) >= oracle.threshold(tail, variant, bits)


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """A machine with a list of operations and a unit that flushes and rounds at random."""
    path = tmp_path_factory.mktemp("machine") / "listed.toml"
    path.write_text(LISTED)
    return nf.machine(str(path))


CASES = [
    *itertools.product(["fixed8", "h100_fp8", "bf16_sr", "cvfpu_fp8"], ["naive", "full"]),
    *[("fpga_ap_fixed", "naive"), ("fixed8", "vc"), ("npu_int8", "vc"), ("listed", "naive")],
    *[("fixed8", "error_feedback(bits=4)"), ("fixed8", "blend(rho=0.25)")],
]


@pytest.mark.parametrize(("machine", "accumulator"), CASES)
def test_a_trace_is_replayed_to_the_same_codes(machine, accumulator, listed):
    """From its JSON alone, every operation of a step; the last value is the run's own draw."""
    own = listed if machine == "listed" else nf.machine(machine)
    kernel = SGLD(step_size=0.05, accumulator=accumulator)
    settings = {"chains": 6, "seed": 3, "batch_size": 7}
    found = json.loads(json.dumps(lps.trace(kernel, TARGET, own, step=4, **settings)))
    replay = Replay(found)
    assert replay.wrong == []
    assert replay.looked_at >= 30 * 3
    run = lps.sample(kernel, TARGET, own, draws=1, warmup=4, thin=1, progress=False, **settings)
    last = found["values"][found["results"]["params"]]
    drawn = nf.decode(np.array(last["codes"], np.uint64).astype(run.codes.dtype), last["format"])
    assert (drawn == run.draws[:, 0].ravel()).all()


def test_momentum_kernels_are_traced_too():
    """Every operation of SGHMC with its two stores."""
    found = lps.trace(MOMENTUM(0.05, accumulator="naive"), TARGET, "fixed8", step=3, chains=3)
    replay = Replay(found)
    assert replay.wrong == []
    assert {"params", "momentum"} <= set(found["results"])


def test_the_checker_sees_a_wrong_bit():
    """One flipped bit of a result, an operand or a word does not pass."""
    kernel = SGLD(step_size=0.05, accumulator="naive")
    found = lps.trace(kernel, TARGET, "fixed8", chains=6)
    found["values"]["result.2"]["codes"][3] ^= 1
    assert {(name, i) for _, name, i, _, _ in Replay(found).wrong} >= {("result.2", 3)}


def test_the_command_writes_the_trace_of_a_configuration(tmp_path):
    """To stdout or to a file, the same as the function's."""
    path = tmp_path / "config.toml"
    path.write_text(
        """[target]
name = "Gaussian"
size = 2
[machine]
name = "fixed8"
[kernel]
name = "sgld"
step_size = 0.05
[sample]
seed = 5
"""
    )
    kernel = SGLD(step_size=0.05)
    expected = lps.trace(kernel, lps.targets.Gaussian(size=2), "fixed8", step=2, chains=3, seed=5)
    words = ["trace", str(path), "--step", "2", "--chains", "3"]
    said = CliRunner().invoke(cli.app, words)
    assert json.loads(said.stdout) == json.loads(json.dumps(expected))
    out = tmp_path / "step.json"
    assert CliRunner().invoke(cli.app, [*words, "--out", str(out)]).stdout == ""
    assert out.read_text() == said.stdout


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"step": -1}, "step"),
        ({"chains": [0, 2]}, "chains: neighbours"),
        ({"machine": "fixd8"}, "fixed8"),
        ({"kernel": lps.kernels.LatticeRandomWalk()}, "LatticeRandomWalk does not make"),
    ],
)
def test_wrong_arguments_are_errors(keywords, message):
    """Each names what was wrong."""
    given = {"kernel": SGLD(), "target": TARGET, "machine": "fixed8", **keywords}
    with pytest.raises(nf.NumfmtError, match=message):
        lps.trace(**given)
