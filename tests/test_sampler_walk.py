"""Many steps at once equal the steps one after the other, bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

KEY = nf.Key(30, 2).at(17, first=100)
POLICIES = ["full", "naive", "vc", "one_shot"]
STOCHASTIC = "rounding=stochastic"
FORMATS = [  # gradient, accumulator, weight
    (f"fixed<8,3,{STOCHASTIC}>", f"fixed<8,3,{STOCHASTIC}>", None),
    ("fixed<8,2>", "fixed<12,9>", f"fixed<8,3,{STOCHASTIC}>"),
    ("binary32", "bfloat16", "bfloat16"),
    (f"e5m2<{STOCHASTIC}>", f"e4m3fn<{STOCHASTIC}>", None),
    ("fixed<8,2,overflow=wrap>", f"posit<8,2,{STOCHASTIC}>", "e4m3fn"),
    ("posit<16,1>", "fixed<6,1,rounding=up>", None),
]
SIZES = [(1, 1), (3, 1), (1, 5), (16, 1), (17, 1), (1024, 1), (41, 31)]


def rounded(x, format, key, report=None):
    """x rounded by the modes the format carries."""
    format = nf.parse(format)
    is_random = (format.rounding or "").startswith("stochastic")
    return nf.quantize(x, format, report=report, **({"key": key} if is_random else {}))


def stepped(theta, precision, mean, sizes, variances, formats, policy, key, noise):
    """States, means, and counts of each step, from public functions alone."""
    precision, mean, found = np.float32(precision), np.float32(mean), []
    for s, (step_size, variance) in enumerate(zip(sizes, variances, strict=True)):
        at, report, weight = key.at(key.call + s, key.first), nf.Report(), theta
        if formats.get("weight", "binary32") != "binary32":
            weight = rounded(theta, formats["weight"], at.fold_in("forward"), report)
        gradient = (mean - weight) * precision
        if noise:
            drawn = nf.gaussian(at.fold_in("gradient noise"), theta.shape).astype(np.float32)
            gradient = gradient + drawn * np.float32(noise)
        two = {role: formats[role] for role in ("gradient", "accumulator")}
        common = theta, gradient, step_size, variance, two, policy
        after = nf.sampler_update(*common, key=at, report=report)
        g = gradient
        if two["gradient"] != "binary32":
            g = rounded(gradient, two["gradient"], at.fold_in("gradient"))
        mu = theta + np.float32(step_size) * g
        frozen = np.count_nonzero(after == theta)
        found.append((after, mu, (report.saturated, report.infeasible, frozen)))
        theta = after
    return found


def arguments(shape, formats, seed=5):
    """theta on the accumulator's grid, precisions and means."""
    rng = np.random.default_rng(seed)
    accumulator = nf.parse(formats["accumulator"]).bare()
    theta = nf.quantize(rng.normal(0, 1, shape).astype("f4"), accumulator)
    return theta, rng.uniform(0.5, 3, shape[-1]), rng.normal(0, 1, shape[-1])


def same(a, b):
    """Bit for bit."""
    return a.dtype == b.dtype == np.float32 and np.array_equal(a.view("u4"), b.view("u4"))


def roles(gradient, accumulator, weight):
    """A mapping of formats; no weight where there is none."""
    formats = {"gradient": gradient, "accumulator": accumulator}
    return formats if weight is None else {**formats, "weight": weight}


def check(shape, spellings, policy, isa, *, noise, steps=(3, 4), scale=1.0, key=KEY):
    """The walk's draws, means and counts are those of the steps."""
    formats, (draws, thin) = roles(*spellings), steps
    theta, precision, mean = arguments(shape, formats)
    sizes = np.linspace(2e-3, 2e-2, draws * thin)
    variances = np.resize([4e-4, 1e-2, 0.0, 0.3, 2e-3], draws * thin) * scale
    common = theta, precision, mean, sizes, variances, formats, policy
    expected = stepped(*common, key, noise)
    with _core.forced_isa(isa):
        got = nf.sampler_walk(*common, key=key, draws=draws, thin=thin, gradient_noise=noise)
    for i in range(draws):
        after, mu, _ = expected[(i + 1) * thin - 1]
        assert same(got.draws[i], after), i
        assert same(got.means[i], mu), i
    counts = np.array([one[2] for one in expected]).reshape(draws, thin, 3).sum(axis=1)
    assert np.array_equal(np.stack([got.saturated, got.infeasible, got.frozen], 1), counts)


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("spellings", FORMATS)
def test_walk_equals_the_steps(isa, policy, spellings):
    """On every ISA, whatever the number of chains."""
    for shape, noise in itertools.product(SIZES[:5], (0.0, 0.1)):
        check(shape, spellings, policy, isa, noise=noise)
    check(SIZES[6], spellings, policy, isa, noise=0.1, steps=(2, 1))


@pytest.mark.parametrize("policy", POLICIES)
def test_walk_of_many_chains_equals_the_steps(policy):
    """More elements than a block of the loops, and many steps of few: words that nearly decide."""
    isa = _core.available_isas()[0]
    check((1024, 1), FORMATS[0], policy, isa, noise=0.1, steps=(5, 5))
    check((3, 1), FORMATS[0], policy, isa, noise=0.1, steps=(50, 40))
    check((700, 3), FORMATS[1], policy, isa, noise=0.0, steps=(2, 3))


def test_counts_are_those_of_saturated_infeasible_and_frozen_steps():
    """A start at the end of the range, variances without a law, steps too small for the grid."""
    theta = np.float32([[15.875], [0.0], [0.5]] * 30)
    common = theta, 3, [9.0], 0.001
    vc = nf.sampler_walk(*common, 1e-9, roles("binary32", "fixed<8,3>", None), "vc", key=KEY)
    assert vc.infeasible[0] > 30
    still = roles("binary32", "fixed<8,3>", "fixed<7,3>")
    naive = nf.sampler_walk(*common, 1e-9, still, "naive", key=KEY, thin=7)
    assert naive.frozen[0] == theta.size * 7
    assert naive.saturated[0] == 30 * 7
    assert np.array_equal(naive.draws[0], theta)


@pytest.mark.parametrize("policy", POLICIES)
def test_pieces_of_a_walk_are_the_walk(policy):
    """Steps in two calls, and chains in two calls, give the same bits."""
    formats = roles(*FORMATS[1])
    theta, precision, mean = arguments((70, 3), formats)
    rest = precision, mean, 0.01, 0.02, formats, policy
    whole = nf.sampler_walk(theta, *rest, key=KEY, draws=6, thin=2, gradient_noise=0.1)
    first = nf.sampler_walk(theta, *rest, key=KEY, draws=2, thin=2, gradient_noise=0.1)
    later = nf.sampler_walk(
        first.draws[-1], *rest, key=KEY.at(21, 100), draws=4, thin=2, gradient_noise=0.1
    )
    assert same(np.concatenate([first.draws, later.draws]), whole.draws)
    alone = nf.sampler_walk(
        theta[5:7], *rest, key=KEY.at(17, 115), draws=6, thin=2, gradient_noise=0.1
    )
    assert same(alone.draws, np.ascontiguousarray(whole.draws[:, 5:7]))


BASE = {
    "theta": np.zeros((3, 2), np.float32),
    "precision": 1.0,
    "mean": 0.0,
    "step_size": 0.1,
    "noise_variance": 0.2,
    "formats": {"gradient": "fixed<8,2>", "accumulator": "fixed<8,3>"},
    "policy": "vc",
    "key": KEY,
}
NAN = np.float32([[0, np.nan], [0, 0]])
REFUSED = [
    ({"theta": np.zeros(3)}, nf.DtypeError, "theta has dtype float64"),
    ({"theta": NAN}, nf.NanError, r"step 0 from theta\[0, 1\] = nan"),
    ({"precision": [1, 2, 3]}, nf.ShapeError, "precision"),
    ({"mean": "x"}, nf.DtypeError, "mean"),
    ({"mean": np.inf, "formats": roles("binary32", "q7", None)}, nf.RangeError, "step 0"),
    ({"step_size": np.inf}, nf.RangeError, "step_size"),
    ({"step_size": [0.1, 0.1]}, nf.ShapeError, r"step_size has shape \(2,\)"),
    ({"noise_variance": -1}, nf.RangeError, "noise_variance"),
    ({"noise_variance": [0.1, 0.1, np.nan], "thin": 3}, nf.RangeError, "noise_variance"),
    ({"draws": 0}, nf.RangeError, "draws"),
    ({"thin": 1.5}, nf.RangeError, "thin"),
    ({"gradient_noise": -0.1}, nf.RangeError, "gradient_noise"),
    ({"policy": "vcc"}, nf.NumfmtError, "'vc'"),
    ({"key": nf.Generator(5)}, nf.RandomError, "numfmt.Key"),
    ({"key": nf.Key(1).at(2**48 - 2), "thin": 3}, nf.RandomError, "2\\*\\*48"),
    ({"formats": {"gradient": "fixed<8,2>"}}, nf.FormatError, "accumulator"),
    ({"formats": roles("q7", "fixed<32,3>", None)}, nf.DtypeError, "float32"),
    ({"formats": roles("q7", "q7", "fixed<32,3>")}, nf.DtypeError, "float32"),
]


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED)
def test_wrong_arguments_are_refused(changes, error, message):
    """Each wrong argument gives one error that names it."""
    with pytest.raises(error, match=message):
        nf.sampler_walk(**{**BASE, **changes})


def fail_by_steps(state, precision, mean, *rest):
    """The step that sampler_update refuses, and what it says."""
    for step in range(50):
        gradient = (np.float32(mean) - state) * np.float32(precision)
        try:
            state = nf.sampler_update(state, gradient, *rest, key=KEY.at(17 + step, 100))
        except nf.RangeError as error:
            return step, str(error)
    return None


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("shape", [(4, 2), (400, 2)])
def test_first_step_that_cannot_be_rounded_is_named(isa, shape):
    """A chain that runs away fails at the step and the element at which the steps do."""
    formats = roles("fixed<16,2,overflow=error>", "bfloat16", None)
    theta, arguments = np.zeros(shape, np.float32), (3, [0.0, 0.25], 3.0, 1e-3, formats, "full")
    theta[1, 1] = theta[-1, 0] = 1.0
    with _core.forced_isa(isa), pytest.raises(nf.RangeError) as error:
        nf.sampler_walk(theta, *arguments, key=KEY, thin=50)
    step, message = fail_by_steps(theta, *arguments)
    place = message.split("theta")[1].split("]")[0]
    assert str(error.value).startswith(f"step {step} from theta{place}]")


@pytest.mark.parametrize("shape", [(1, 1), (6, 1), (100, 1)])
def test_calls_beyond_32_bits_have_words_of_their_own(shape):
    """Steps whose call passes 2**32, of elements that lie in two tiles."""
    key, isa = nf.Key(3).at(2**32 - 30, first=61), _core.available_isas()[0]
    check(shape, FORMATS[0], "vc", isa, noise=0.1, steps=(4, 15), key=key)
    check(shape, FORMATS[0], "naive", isa, noise=0.1, steps=(4, 15), key=key)
