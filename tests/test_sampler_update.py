"""The fused update equals the composition of the public functions, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

KEY = nf.Key(30, 2).at(17, first=100)
POLICIES = ["full", "naive", "vc", "one_shot"]
GRADIENTS = ["binary32", "fixed<8,2,rounding=stochastic>", "e5m2", "fixed<8,2,overflow=wrap>"]
ACCUMULATORS = [
    "fixed<8,3,rounding=stochastic>",
    "fixed<8,3>",
    "e4m3fn<rounding=stochastic>",
    "posit<8,1>",
    "binary32",
]


def arguments(shape=(9, 31), accumulator="fixed<8,3>"):
    """theta on the accumulator's grid, and gradients."""
    rng = np.random.default_rng(5)
    theta = nf.quantize(rng.normal(0, 1, shape).astype("f4"), nf.parse(accumulator).bare())
    return theta, rng.normal(0, 8, shape).astype("f4")


def rounded(x, format, key):
    """x rounded by the modes the format carries."""
    format = nf.parse(format)
    is_random = (format.rounding or "").startswith("stochastic")
    return nf.quantize(x, format, **({"key": key} if is_random else {}))


def composed(theta, gradient, step_size, noise_variance, formats, policy, key):
    """The update from public functions alone."""
    g = gradient
    if formats["gradient"] != "binary32":
        g = rounded(gradient, formats["gradient"], key.fold_in("gradient"))
    mu = theta + np.float32(step_size) * g
    weight = key.fold_in("weight")
    if policy in ("vc", "one_shot"):
        method = "paper" if policy == "vc" else policy
        accumulator = formats["accumulator"]
        return nf.variance_corrected(mu, noise_variance, accumulator, key=weight, method=method)
    xi = nf.gaussian(key.fold_in("noise"), mu.shape).astype(np.float32)
    moved = mu + np.float32(np.sqrt(noise_variance)) * xi
    return moved if policy == "full" else rounded(moved, formats["accumulator"], weight)


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("accumulator", ACCUMULATORS)
def test_update_equals_the_composition(isa, policy, accumulator):
    """On every ISA the fused update gives the bits of quantize, gaussian and the law."""
    if policy == "one_shot" and accumulator == "binary32":
        accumulator = "bfloat16"
    theta, gradient = arguments(accumulator=accumulator)
    for form, variance in zip(GRADIENTS, (4e-4, 1e-2, 0.3, 0.0), strict=True):
        formats = {"gradient": form, "accumulator": accumulator}
        common = theta, gradient, 2e-3, variance, formats, policy
        with _core.forced_isa(isa):
            got = nf.sampler_update(*common, key=KEY)
        expected = composed(*common, KEY)
        assert got.dtype == np.float32
        assert np.array_equal(got.view(np.uint32), expected.view(np.uint32)), (form, variance)


@pytest.mark.parametrize("policy", POLICIES)
def test_chain_alone_equals_chain_among_others(policy):
    """A row updated with its own first element equals the same row of the whole array."""
    theta, gradient = arguments((70, 31))
    formats = {"gradient": "fixed<8,2,rounding=stochastic>", "accumulator": ACCUMULATORS[0]}
    whole = nf.sampler_update(theta, gradient, 1e-3, 1e-3, formats, policy, key=nf.Key(4).at(9))
    for row in (0, 3, 69):
        alone = nf.sampler_update(
            theta[row],
            gradient[row],
            1e-3,
            1e-3,
            formats,
            policy,
            key=nf.Key(4).at(9, first=31 * row),
        )
        assert np.array_equal(alone, whole[row])


@pytest.mark.parametrize("policy", POLICIES)
def test_update_in_a_context_equals_the_composition_there(policy):
    """Modes that the formats leave open are the context's, also after steps outside it; its key is
    not used."""
    theta, gradient = arguments()
    gradient[0, 0] = np.nan
    formats = {"gradient": "fixed<8,2>", "accumulator": "fixed<8,3,rounding=stochastic>"}
    common = theta, gradient, 2e-2, 1e-2, formats, policy
    with pytest.raises(nf.NanError):
        nf.sampler_update(*common, key=KEY)
    found = []
    for rounding, overflow in [("up", "wrap"), ("to_odd", "saturate_zero")]:
        with nf.context(rounding=rounding, overflow=overflow, nan="max", key=nf.Key(1)):
            found.append(nf.sampler_update(*common, key=KEY))
            assert np.array_equal(found[-1], composed(*common, KEY))
    assert not np.array_equal(*found)
    with nf.context(rounding="stochastic", nan="zero"):
        drawn = nf.sampler_update(*common, key=KEY)
    open_format = {**formats, "gradient": "fixed<8,2,rounding=stochastic>"}
    gradient[0, 0] = 0
    assert np.array_equal(drawn, nf.sampler_update(*common[:4], open_format, policy, key=KEY))


WIDTHS = ["fixed<8,2>", "ufixed<5,-3>", "fixed<24,30>", "fixed<12,20>"]


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("format", WIDTHS)
@pytest.mark.parametrize("rounding", ["stochastic", "nearest_even"])
def test_gradient_is_rounded_as_quantize_rounds(isa, format, rounding):
    """Gradients whose own word nearly decides, ties, tiny ones and infinities: quantize's bits."""
    spelled = str(nf.parse(format).replace(rounding=rounding))
    gap, n = np.float32(float(nf.parse(format).smallest_positive)), 40_000
    words = nf.random_bits(KEY.fold_in("gradient"), n).astype(np.float64)
    gradient = (gap * (1 - np.round(words / 256) / 2**24)).astype(np.float32)
    gradient[::3] += gap * np.random.default_rng(1).integers(-70, 70, gradient[::3].size)
    gradient[::7] = gap * np.arange(-200, gradient[::7].size - 200) / 2
    gradient[:6] = [np.inf, -np.inf, 1e-40, -1e-40, 3e-30, -3e-30]
    formats = {"gradient": spelled, "accumulator": "binary32"}
    with _core.forced_isa(isa):
        got = nf.sampler_update(np.zeros_like(gradient), gradient, 1, 0, formats, "full", key=KEY)
    assert np.array_equal(got, rounded(gradient, spelled, KEY.fold_in("gradient")))


def test_naive_policy_counts_saturated_as_quantize_does():
    """The naive policy's count and saturated are those of quantize's report."""
    theta, gradient = arguments((50, 100))
    formats = {"gradient": "binary32", "accumulator": "fixed<5,3,rounding=stochastic>"}
    fused, plain = nf.Report(), nf.Report()
    nf.sampler_update(theta, gradient, 0.1, 0.1, formats, "naive", key=KEY, report=fused)
    free = {**formats, "accumulator": "binary32"}
    moved = nf.sampler_update(theta, gradient, 0.1, 0.1, free, "full", key=KEY)
    nf.quantize(moved, formats["accumulator"], key=KEY.fold_in("weight"), report=plain)
    assert (fused.count, fused.saturated) == (plain.count, plain.saturated)
    assert fused.saturated > 0


def test_update_in_place_equals_update():
    """`out` may be theta itself, of any layout."""
    theta, gradient = arguments()
    formats = {"gradient": "fixed<8,2>", "accumulator": "fixed<8,3>"}
    expected = nf.sampler_update(theta, gradient, 1e-3, 1e-3, formats, "vc", key=KEY)
    got = nf.sampler_update(theta, gradient, 1e-3, 1e-3, formats, "vc", key=KEY, out=theta)
    assert got is theta
    assert np.array_equal(theta, expected)


def test_report_counts_the_accumulator():
    """Count, saturated and infeasible are those of the accumulator's step, for every policy."""
    theta, gradient = np.full(1000, 15.875, np.float32), np.full(1000, 100, np.float32)
    formats = {"gradient": "fixed<8,2>", "accumulator": "fixed<8,3,rounding=stochastic>"}
    for policy in ("naive", "vc"):
        report = nf.Report()
        nf.sampler_update(theta, gradient, 0.1, 1e-4, formats, policy, key=KEY, report=report)
        assert (report.count, report.saturated) == (1000, 1000)
    report = nf.Report()
    start = np.zeros(1000, np.float32)
    nf.sampler_update(start, gradient, 1e-3, 1e-9, formats, "vc", key=KEY, report=report)
    assert (report.count, report.saturated, report.infeasible) == (1000, 0, 1000)


BASE = {
    "theta": np.zeros(3, np.float32),
    "gradient": np.ones(3, np.float32),
    "step_size": 0.1,
    "noise_variance": 0.01,
    "formats": {"gradient": "fixed<8,2>", "accumulator": "fixed<8,3>"},
    "policy": "vc",
    "key": KEY,
}
NAN = np.float32([0, np.nan, 0])
REFUSED = [
    ({"theta": np.zeros(3)}, nf.DtypeError, "theta has dtype float64"),
    ({"gradient": np.zeros(4, np.float32)}, nf.ShapeError, "equal"),
    ({"gradient": NAN}, nf.NanError, r"gradient\[1\] = nan"),
    ({"theta": NAN}, nf.NanError, r"theta\[1\] = nan"),
    ({"theta": np.float32([0, 0, np.inf])}, nf.RangeError, r"theta\[2\] = inf"),
    ({"step_size": np.inf}, nf.RangeError, "step_size"),
    ({"noise_variance": -1}, nf.RangeError, "noise_variance"),
    ({"noise_variance": "x"}, nf.DtypeError, "noise_variance"),
    ({"policy": "vcc"}, nf.NumfmtError, "'vc'"),
    ({"key": 5}, nf.RandomError, "numfmt.Key"),
    ({"formats": {"gradient": "fixed<8,2>"}}, nf.FormatError, "accumulator"),
    ({"formats": {"gradient": "q7", "accumulator": "fixed<32,3>"}}, nf.DtypeError, "float32"),
    ({"out": np.zeros(3)}, nf.DtypeError, "out"),
]


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED)
def test_wrong_arguments_are_refused_and_out_is_untouched(changes, error, message):
    """Each wrong argument gives one error that names it, and nothing is written."""
    out = np.full(3, 7, np.float32)
    with pytest.raises(error, match=message):
        nf.sampler_update(**{**BASE, "out": out, **changes})
    assert (out == 7).all()


def test_overflowing_step_is_refused_before_anything_is_written():
    """A sum that overflows binary32 in the last element leaves the first ones untouched."""
    theta, gradient = np.zeros(2000, np.float32), np.zeros(2000, np.float32)
    theta[-1] = gradient[-1] = 3e38
    out = np.full(2000, 7, np.float32)
    formats = {"gradient": "binary32", "accumulator": "fixed<8,3>"}
    with pytest.raises(nf.RangeError, match="1999"):
        nf.sampler_update(theta, gradient, 1.0, 0.1, formats, "vc", key=KEY, out=out)
    assert (out == 7).all()
