"""Sweeps over widths and fraction lengths, their picture and the page of a comparison."""

import dataclasses

import matplotlib.image
import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler._jobs import whole_numbers
from lp_sampler._plot_bits import panels_of
from lp_sampler._sweep import fixed_machines

RANDOM = np.random.default_rng(66)
GAUSSIAN = lps.targets.Gaussian(size=2)
KERNEL = lps.kernels.SGLD(2e-3)
MALA = lps.MALA(0.7, 800, 100, 1, langevin_steps=100, langevin_step_size=0.1, chains=32)
SETTINGS = {"reference": MALA, "draws": 100, "chains": 32, "warmup": 1500, "thin": 20}


@pytest.fixture(scope="module")
def swept():
    """Eight bits, three fraction lengths, two accumulators."""
    settings = {**SETTINGS, "progress": False, "workers": 1}
    return lps.sweep(KERNEL, GAUSSIAN, [8], [2, 3, 5], ["naive", "vc"], **settings)


def test_the_error_of_naive_rounding_falls_with_bits(swept):
    """At 3 bits it is the exact stationary law's 1.2846, by z-score; vc is right everywhere."""
    rows = {(row.machine, row.accumulator): row for row in swept.rows}
    naive = [rows[f"fixed<8,{f}>", "naive"].std_ratio for f in (2, 3, 5)]
    assert naive[0] > naive[1] > naive[2]
    assert abs(naive[1] - 1.2846) < 4 * rows["fixed<8,3>", "naive"].std_ratio_error
    for fraction in (2, 3, 5):
        row = rows[f"fixed<8,{fraction}>", "vc"]
        assert abs(row.std_ratio - 1) < 4 * row.std_ratio_error
        floor = lps.diagnostics.lattice_floor(nf.parse(row.machine), swept.reference.draws)
        assert row.w2_sigma > 0.9 * floor


def test_machines_of_a_sweep_differ_in_the_roles_alone():
    """Roles get the fixed point, stochastically rounded; the other formats stay."""
    base = nf.machine("fixed8")
    machines = fixed_machines(base, [6, 8], [2, 4], ["weight", "accumulator"])
    names = ["fixed<6,2>", "fixed<6,4>", "fixed<8,2>", "fixed<8,4>"]
    assert [one.name for one in machines] == names
    for name, one in zip(names, machines, strict=True):
        assert one.weight.bare() == one.accumulator.bare() == nf.parse(name)
        assert one.weight.rounding == "stochastic"
        assert one.gradient == base.gradient
    (nearest,) = fixed_machines(
        base.replace(weight="fixed<8,3,rounding=nearest_even>"), [4], [1], ["weight"]
    )
    assert nearest.weight.rounding == "nearest_even"
    assert nearest.accumulator == base.accumulator


@pytest.mark.parametrize(
    "wrong",
    [
        {"widths": []},
        {"fraction_bits": [3, 3]},
        {"roles": []},
        {"roles": ["wieght"]},
        {"widths": [0]},
    ],
    ids=str,
)
def test_wrong_sweeps_are_errors(wrong):
    """Nothing runs."""
    arguments = {"widths": [8], "fraction_bits": [3], "roles": ["weight"], **wrong}
    with pytest.raises(nf.NumfmtError):
        lps.sweep(KERNEL, GAUSSIAN, accumulators=["vc"], **arguments)


def test_the_picture_of_bits_is_a_png(swept, tmp_path):
    """It can be read back and is not blank."""
    swept.plot_bits(tmp_path / "bits.png")
    pixels = matplotlib.image.imread(tmp_path / "bits.png")
    assert min(pixels.shape[:2]) > 300
    assert pixels.std() > 0


def test_panels_follow_from_the_formats():
    """Widths along one axis where each comes once, else fraction bits in a panel a width."""

    def panels(*spellings):
        return panels_of({one: nf.parse(one) for one in spellings})

    assert panels("fixed<4,2>", "e4m3fn", "binary16") == {
        "width in bits": {"fixed<4,2>": 4, "e4m3fn": 8, "binary16": 16}
    }
    assert panels("fixed<8,2>", "fixed<8,3>", "fixed<6,2>") == {
        "fraction bits, 6 bits in all": {"fixed<6,2>": 2},
        "fraction bits, 8 bits in all": {"fixed<8,2>": 2, "fixed<8,3>": 3},
    }
    with pytest.raises(lps.SamplerError, match="fixed point alone"):
        panels("fixed<8,2>", "e4m3fn")
    with pytest.raises(lps.SamplerError, match="different formats"):
        panels_of({"a": nf.parse("e4m3fn"), "b": nf.parse("e4m3fn")})


def test_the_page_has_every_row(swept, tmp_path):
    """One file with the rows' numbers, what is right, and both pictures."""
    swept.to_html(tmp_path / "compare.html")
    text = (tmp_path / "compare.html").read_text()
    assert text.count("data:image/png;base64,") == 2
    assert 'src="http' not in text
    for row in swept.rows:
        assert f"{row.std_ratio:.3f} ±{row.std_ratio_error:.3f}" in text
    assert "fixed&lt;8,3&gt; vc" in text


def test_notes_name_what_cannot_be_right():
    """A reason is said once, with the rows it holds for and its remedies."""
    target = lps.targets.Gaussian(0.0, 0.3, size=2)
    settings = {**SETTINGS, "draws": 100, "warmup": 100, "thin": 2, "progress": False, "workers": 1}
    machines, kernel = ["fixed<8,1>", "fixed<8,2>"], lps.kernels.SGLD(1e-3)
    result = lps.compare(kernel, target, machines, ["vc"], **settings)
    (note,) = [note for note in result.notes() if "infeasible" in note]
    assert "fixed<8,1> vc" in note
    assert "fixed<8,2> vc" not in note
    assert "error_feedback" in note


@pytest.mark.parametrize("text", ["", "a", "3-", "-3", "3,,4", "2.5"])
def test_wrong_lists_of_numbers_are_errors(text):
    """The option is named."""
    with pytest.raises(lps.SamplerError, match="--widths"):
        whole_numbers(text, "--widths")


def test_everything_is_a_number_of_its_own():
    """Draws are those of compare on the machines by hand."""
    settings = {"draws": 20, "chains": 2, "warmup": 10, "thin": 1, "progress": False, "workers": 1}
    mala = lps.MALA(0.7, 20, 2, 1, langevin_steps=0, chains=2)
    one = lps.sweep(KERNEL, GAUSSIAN, [8], [3], ["vc"], reference=mala, **settings)
    machine = nf.machine("float32").replace(
        name="fixed<8,3>",
        weight="fixed<8,3,rounding=stochastic>",
        accumulator="fixed<8,3,rounding=stochastic>",
    )
    other = lps.compare(KERNEL, GAUSSIAN, [machine], ["vc"], reference=mala, **settings)
    assert np.array_equal(one.rows[0].draws, other.rows[0].draws)


def test_a_reference_that_does_not_fit_is_doubted(swept):
    """Steps far too large are never accepted, and apart chains never agree: the notes say so."""
    assert not [note for note in swept.notes() if "reference" in note]
    target = lps.targets.Gaussian(0.0, 0.01, size=2)
    mala = lps.MALA(0.5, 200, 20, 1, langevin_steps=50, langevin_step_size=1e-6, chains=4)
    settings = {"draws": 10, "chains": 2, "warmup": 10, "thin": 1, "progress": False, "workers": 1}
    result = lps.compare(KERNEL, target, ["fixed<8,4>"], ["naive"], reference=mala, **settings)
    assert "accepted 0.0% of its proposals" in "".join(result.notes())
    apart = np.repeat(RANDOM.normal(size=(4, 1, 2)), 100, axis=1) + RANDOM.normal(
        scale=0.1, size=(4, 100, 2)
    )
    reference = dataclasses.replace(result.reference, draws=apart, acceptance=0.6)
    (note,) = [n for n in dataclasses.replace(result, reference=reference).notes() if "R-hat" in n]
    assert "lps.curvature(target).mala" in note
