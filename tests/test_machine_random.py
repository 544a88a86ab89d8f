"""Machines that name their generators, and the bits that their roundings take of a word."""

from __future__ import annotations

import numpy as np
import pytest

import numfmt as nf

pytestmark = pytest.mark.filterwarnings("ignore::numfmt.AssumedWarning")
NAMING = [name for name in nf.machines() if nf.machine(name).sr]
CONVERSIONS = [(name, one) for name in NAMING for one, _ in nf.machine(name).conversions]
X = np.random.default_rng(3).normal(size=(5, 7)).astype(np.float32)
FILE = """
name = "mine"
[convert.x]
source = "binary32"
target = "binary16"
round = "stochastic(bits=12,variant=lt)"
ovf = "error"
[rng.own]
kind = "xorshift32"
[sr.x]
rng = "own"
"""


@pytest.fixture
def write(tmp_path):
    """Writes a machine file."""

    def write(text: str):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


def test_machines_that_draw_their_own_bits_name_them():
    """Every stochastic rounding of the machines that are known by more than their formats."""
    for name in nf.machines():
        machine = nf.machine(name)
        random = {n for n, one in machine.conversions if "stochastic" in one.round}
        random |= {n for n, path in machine.datapaths if path.sums_are_random}
        assert {n for n, _ in machine.sr} == random, name
    assert len(NAMING) >= 5


@pytest.mark.parametrize("name", NAMING)
def test_descriptions_are_written_back(name, write):
    """With every field, and as the same machine."""
    machine = nf.machine(name)
    assert nf.machine(write(machine.to_toml())) == machine
    for one in machine.resolve()["sr"].values():
        assert list(one) == ["rng", "rule", "r", "field", "layout"]


@pytest.mark.parametrize(("name", "conversion"), CONVERSIONS)
def test_conversions_take_the_bits_of_the_machine(name, conversion):
    """Of each word, as it lies in the generator's order; what is left of the last is not used."""
    machine = nf.machine(name)
    one, draws = dict(machine.conversions)[conversion], dict(machine.sr)[conversion]
    rng = nf.Rng("xorshift32", seed_rule="splitmix")
    got = machine.convert(X, conversion, key=(stream := rng.stream(1, lanes=4)))
    words = (other := rng.stream(1, lanes=4)).words(-(-X.size // draws.elements))
    if draws.layout == "high":
        bits = words >> np.uint32(32 - draws.r)
    else:
        bits = nf.lane_words(words, draws.layout)[: X.size]
    x = nf.array(X, "binary32")
    wanted = x.astype(one.target, one.round, one.ovf, random_bits=bits.reshape(X.shape))
    assert np.array_equal(got.codes, wanted.codes)
    assert np.array_equal(stream.words(4), other.words(4))


@pytest.mark.parametrize("name", [n for n in NAMING if n != "nvidia.blackwell.cvt_rs"])
def test_a_seed_is_the_machines_own_generator(name):
    """As its stream, with a register for each result or as many as the machine has."""
    machine = nf.machine(name)
    assert machine.conversions or machine.datapaths
    for conversion, _ in machine.conversions:
        stream = machine.stream(9, conversion, results=X.size)
        assert stream.kind == dict(machine.rng)[dict(machine.sr)[conversion].rng].kind
        wanted = machine.convert(X, conversion, key=stream)
        assert np.array_equal(machine.convert(X, conversion, seed=9).codes, wanted.codes)
        assert stream.lanes == (32 if "tenstorrent" in name else X.size)
    if machine.datapaths:
        path = machine.datapath()
        a = nf.array(X[:3], path.prep.a[0], "toward_zero")
        b = nf.array(X[:5].T, path.prep.b[0], "toward_zero")
        stream = machine.stream(9, results=15)
        assert stream.lanes == (1 if stream.kind == "galois_lfsr" else 15)
        wanted = nf.matmul(a, b, path, key=stream)
        assert np.array_equal(nf.matmul(a, b, name, seed=9).codes, wanted.codes)
        assert not np.array_equal(nf.matmul(a, b, name, seed=10).codes, wanted.codes)


def test_a_refused_conversion_takes_no_word(write):
    """Numbers out of range are found behind the words."""
    machine = nf.machine(write(FILE))
    stream = machine.stream(1, "x", results=2)
    before = stream.state
    with pytest.raises(nf.RangeError):
        machine.convert([1.0, 2.0**60], "x", key=stream)
    assert stream.state == before
    machine.convert([1.0, 3.0], "x", key=stream)
    assert stream.state != before


def test_missing_and_superfluous_bits_are_told():
    """The message names what the machine has."""
    a, b = nf.array([[1.0]], "e5m2"), nf.array([[1.0]], "e5m2")
    pulp, cvt = nf.machine("pulp.cvfpu.exsdotp.fp8.f16.rsr"), nf.machine("nvidia.blackwell.cvt_rs")
    amd, plain = nf.machine("amd.cdna4.cvt_sr"), nf.machine("pulp.cvfpu.exsdotp.fp8.f16")
    calls = [
        (lambda: nf.matmul(a, b, pulp), "seed= of its own galois_lfsr, key="),
        (lambda: nf.matmul(a, b, pulp, seed=1, key=nf.Key(1)), "seed and key exclude each other"),
        (lambda: nf.matmul(a, b, plain, seed=1), "seed was given, but no rounding of the datapath"),
        (lambda: nf.matmul(a, b, pulp.datapath(), seed=1), "which a datapath has not"),
        (lambda: nf.matmul(a, b, pulp.datapath()), "datapath rounds stochastically: key="),
        (lambda: amd.convert([1.0], "f16"), "seed= of its own v_prng_b32"),
        (lambda: amd.convert([1.0], "f16", seed=1, random_bits=np.zeros(1, np.uint32)), "exclude"),
        (lambda: cvt.convert([1.0], "f16x2"), "random words as an operand: random_bits="),
        (lambda: cvt.convert([1.0], "f16x2", seed=1), "it has no generator to seed"),
        (lambda: plain.stream(1), "names no generator of its own"),
        (lambda: nf.machine("x86.f16c.vcvtps2ph").convert([1.0], "rne", seed=1), "no generator"),
    ]
    for call, message in calls:
        with pytest.raises(nf.NumfmtError, match=message):
            call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[sr.x]", "[sr.y]"), "unknown conversion or datapath 'y'"),
        (('rng = "own"', 'rng = "mine"'), "unknown rng 'mine'"),
        (
            ('rng = "own"', 'rng = "own"\nrule = "ge"'),
            "sr.x.rule = 'ge', but its rounding has 'lt'",
        ),
        (('rng = "own"', 'rng = "own"\nr = 13'), "sr.x.r = 13, but its rounding has 12"),
        (('rng = "own"', 'rng = "own"\nfield = "all"'), "sr.x.field = 'all' must be one of top"),
        (('rng = "own"', 'rng = "own"\nlayout = "cvt_sr.fp8"'), "layout 'cvt_sr.fp8' has 20"),
        (('rng = "own"', 'rng = "own"\nlanes = 4'), "unknown field 'lanes'"),
        (("variant=lt", "variant=B"), "no rule of add, lt, ge, src is variant=B"),
        (("stochastic(bits=12,variant=lt)", "up"), "up draws no random bits"),
        (('"xorshift32"', '"xorshift"'), "rng.own.kind = 'xorshift' must be one of"),
        (('"xorshift32"', '"galois_lfsr"'), "galois_lfsr needs width"),
        (('"xorshift32"', '"operand"\nlanes = 1'), "rng.own.lanes: words that are an operand"),
        (('"xorshift32"', '"xorshift32"\nlanes = 0'), "or 'result'"),
        (('"xorshift32"', '"shift_xnor"\nwidth = 8\nmask = 3'), "words of 'own' have 8 bits"),
        (("[rng.own]", '[rng.two]\nkind = "operand"\n[rng.own]'), "rng.two is the rng of no sr"),
        (("[rng.own]", "[certainty]\n'rng.own.kin' = 'spec'\n[rng.own]"), "'rng.own.kin'"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(write, change, message):
    """An unknown, missing or contradictory field."""
    assert change[0] in FILE
    with pytest.raises(nf.MachineError, match=r"mine\.toml") as caught:
        nf.machine(write(FILE.replace(*change)))
    assert message in str(caught.value)


def test_sums_take_low_bits(write):
    """As the core does: a layout of conversions is refused."""
    text = nf.machine("pulp.cvfpu.exsdotp.fp8.f16.rsr").to_toml()
    assert nf.machine(write(text)).sr
    with pytest.raises(nf.MachineError, match="sums take the 'low' bits"):
        nf.machine(write(text.replace('layout = "low"', 'layout = "high"')))
