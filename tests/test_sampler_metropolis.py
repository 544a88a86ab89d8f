"""Kernels that accept or reject: proposals, exact laws on small lattices, sequential tests."""

import numpy as np
import pytest
from lattice_laws import (
    chi_squared_z,
    law_on,
    machine_of,
    move,
    numbers,
    one_step,
    points,
    stays_z,
    transition_z,
)
from scipy import stats

import lp_sampler as lps
import numfmt as nf
from lp_sampler._grid import Grid
from lp_sampler.kernels._leapfrog import Block
from lp_sampler.kernels._proposals import OnLattice
from lp_sampler.kernels.rmld import soft_threshold

GRID = Grid.of(nf.parse("fixed<8,3>"), "accumulator")
RANDOM = np.random.default_rng(4)
LASSO = lps.targets.Lasso([[1.0], [0.5]], [0.75, 0.25], noise_scale=0.5, penalty=3.0)
PLANE = lps.targets.Gaussian([0.25, -0.5], covariance=[[0.5, 0.25], [0.25, 0.25]])
ROWS = RANDOM.normal(size=(100, 1))
LOGISTIC = lps.targets.LogisticRegression(ROWS, ROWS[:, 0] + RANDOM.normal(size=100) > 0)


@pytest.mark.parametrize("deviation", [1e-3, 0.03, 0.1, 1.0])
@pytest.mark.parametrize("mean", [0.0, 0.03, 0.0625, -1.55, 15.9])
def test_proposals_are_the_discrete_gaussian(mean, deviation):
    """Probabilities of all points sum to 1, with the ratios of the exact law, none beyond the
    window; draws have these frequencies.
    """
    law = OnLattice(GRID, deviation**2)
    at = np.float64([[mean]])
    around = (np.arange(-120, 121) + np.rint(mean / GRID.gap)) * GRID.gap
    logs = np.array([law.log_probabilities(np.array([[x]]), at)[0, 0] for x in around])
    assert np.exp(logs).sum() == pytest.approx(1, rel=1e-12)
    inside = np.isfinite(logs)
    assert (inside == (np.abs(around - mean) <= max(6 * deviation, GRID.gap / 2))).all()
    exact = stats.norm.logpdf(around[inside], mean, deviation)
    ratios = logs[inside] - logs[inside].max() - (exact - exact.max())
    np.testing.assert_allclose(ratios, 0, rtol=0, atol=1e-9 * max(1, -exact.min()))
    drawn, forth = law.draw(np.full((50_000, 1), mean), nf.Key(2).at(1), None)
    found = np.rint(drawn[:, 0] / GRID.gap - around[0] / GRID.gap).astype(int)
    assert inside[found].all()
    np.testing.assert_allclose(forth[:, 0], logs[found], rtol=1e-12, atol=1e-12)
    if inside.sum() > 1:
        assert abs(chi_squared_z(found, np.exp(logs), 50_000)) < 4


def test_proposals_over_too_many_points_are_refused():
    """A grid of 2**-20 is no lattice for a proposal of deviation 1."""
    with pytest.raises(lps.SamplerError, match="smaller step"):
        OnLattice(Grid(2.0**-20, -1.0, 1.0), 1.0)


def mala_matrix(kernel, target, states, machine):
    """Transition probabilities of a Langevin kernel on the lattice: its own proposals, accepted as
    Metropolis and Hastings say.
    """
    about = move(kernel, target, states, machine, nf.Key(3).at(5))
    law = kernel._law(about.state, 2 * kernel.step_size * kernel.temperature)
    means = kernel._mean(about, states, kernel.step_size)
    logs = np.array(
        [law.log_probabilities(states, np.broadcast_to(m, states.shape))[:, 0] for m in means]
    )
    density = np.log(law_on(states, target, kernel.temperature))
    with np.errstate(invalid="ignore"):
        ratio = np.nan_to_num(density + logs.T - (density[:, None] + logs), nan=-np.inf)
    matrix = np.exp(logs) * np.exp(np.minimum(0, ratio))
    np.fill_diagonal(matrix, 0)
    return matrix + np.diag(1 - matrix.sum(axis=1))


LANGEVIN = {
    "quartic": (lps.kernels.LatticeMALA(0.2), lps.targets.Quartic()),
    "warm": (lps.kernels.LatticeMALA(0.05, temperature=2.0), lps.targets.Quartic()),
    "below a gap": (lps.kernels.LatticeMALA(2e-3), lps.targets.Gaussian(0.3)),
    "lasso": (lps.kernels.RMLD(0.1), LASSO),
    "subgradient": (lps.kernels.RMLD(0.1, proximal=False), LASSO),
}


@pytest.mark.parametrize("name", LANGEVIN)
def test_langevin_moves_have_the_exact_frequencies(name):
    """Every pair of states, by z-scores, and the target is the matrix's stationary law."""
    kernel, target = LANGEVIN[name]
    format = "fixed<6,3>" if name != "lasso" else "fixed<6,4>"
    states, machine = points(format), machine_of(format)
    matrix = mala_matrix(kernel, target, states, machine)
    law = law_on(states, target, kernel.temperature)
    np.testing.assert_allclose(law @ matrix, law, rtol=0, atol=1e-12)
    scores, impossible = transition_z(kernel, target, states, machine, matrix, 1000)
    assert impossible == 0
    assert len(scores) > 100
    assert np.abs(scores).max() < 4.7


STAYING = {
    "plane": (lps.kernels.LatticeMALA(0.1), PLANE, {}),
    "coarse": (lps.kernels.LatticeMALA(8e-3), lps.targets.Gaussian(0.1, 0.2), {}),
    "rough gradients": (
        lps.kernels.LatticeMALA(0.1),
        PLANE,
        {"gradient": "fixed<6,1,rounding=stochastic>"},
    ),
    "batches": (lps.kernels.LatticeMALA(2e-3), LOGISTIC, {}),
    "lasso": (lps.kernels.RMLD(0.1), LASSO, {}),
}


@pytest.mark.parametrize("name", STAYING)
def test_exact_draws_stay_exact(name):
    """Draws of the target on the grid are still such draws after some steps, in more than one
    dimension, with gradients rounded at random and with batches.
    """
    kernel, target, formats = STAYING[name]
    format = "fixed<5,3>" if target.size == 2 else "fixed<6,4>"
    format = "fixed<5,2>" if name == "coarse" else format
    states, machine = points(format, target.size), machine_of(format, **formats)
    batch_size = 30 if target is LOGISTIC else None
    score, accepted, _ = stays_z(kernel, target, states, machine, batch_size=batch_size)
    assert abs(score) < 4
    assert 0.1 < accepted < 0.99


def test_a_block_undoes_itself():
    """From every state of a lattice: after a block, with the momentum turned round, the same block
    leads back; none that leaves the range counts.
    """
    states = points("fixed<5,3>", 2)
    params, momentum = states[:, :1], states[:, 1:]
    machine, kernel = machine_of("fixed<5,3>"), lps.kernels.MetropolisSGHMC(0.3, leapfrogs=4)
    block = Block(move(kernel, lps.targets.Quartic(), params, machine, nf.Key(0)), 0.3, 4)
    forth = block.run(params, momentum)
    stayed = ~forth[2][:, 0]
    back = block.run(forth[0][stayed], -forth[1][stayed])
    assert stayed.sum() > 500
    returned = ~back[2][:, 0]
    assert (back[0] == params[stayed])[returned].all()
    assert (back[1] == -momentum[stayed])[returned].all()
    assert returned.mean() > 0.9
    moved = (forth[0][stayed] != params[stayed]).mean()
    assert moved > 0.5


def test_rejected_blocks_restore_and_turn_round():
    """A rejected chain has its parameters back and its momentum negated, an accepted one neither;
    with friction 0 nothing else changes the momentum.
    """
    kernel = lps.kernels.MetropolisSGHMC(1.0, leapfrogs=3, friction=0.0)
    machine, states = machine_of("fixed<6,3>"), points("fixed<6,3>")
    start = np.repeat(states, 50, axis=0)
    momentum = points("fixed<6,3>")[RANDOM.integers(0, 64, len(start))]
    arrays = {"momentum": momentum}
    target = lps.targets.Quartic()
    after, info = one_step(kernel, target, start, machine, nf.Key(0), arrays=arrays)
    turned = (after.params == start) & (after.arrays["momentum"] == -momentum)
    rejected = len(start) - info.accepted
    assert 0.2 < rejected / len(start) < 0.98
    assert rejected <= turned.sum() < rejected + 0.1 * len(start)


HAMILTONIAN = {
    "plane": (lps.kernels.MetropolisSGHMC(0.4), PLANE, {"momentum": "fixed<6,2>"}),
    "batches": (
        lps.kernels.MetropolisSGHMC(0.1, leapfrogs=2, temperature=1.5, friction=0.3),
        LOGISTIC,
        {"momentum": "fixed<7,3>", "gradient": "fixed<12,2,rounding=stochastic>"},
    ),
    "narrow momentum": (
        lps.kernels.MetropolisSGHMC(0.3, friction=np.inf),
        lps.targets.Quartic(),
        {"momentum": "fixed<4,2>"},
    ),
}


@pytest.mark.parametrize("name", HAMILTONIAN)
def test_exact_draws_and_momenta_stay_exact(name):
    """Draws of the target on its grid, and Gaussian momenta on theirs, are still such draws, and
    independent, after some blocks.
    """
    kernel, target, formats = HAMILTONIAN[name]
    format = "fixed<5,3>" if target.size == 2 else "fixed<6,4>"
    machine = machine_of(format, **formats)
    momenta = points(formats["momentum"])[1:]
    law = law_on(momenta, lps.targets.Gaussian(), kernel.temperature)
    drawn = RANDOM.choice(len(momenta), (20_000, target.size), p=law)
    arguments = kernel, target, points(format, target.size), machine
    score, accepted, arrays = stays_z(
        *arguments,
        draws=20_000,
        batch_size=30 if target is LOGISTIC else None,
        arrays={"momentum": momenta[drawn, 0]},
    )
    assert abs(score) < 4
    assert 0.1 < accepted < 0.99
    found = numbers(momenta, arrays["momentum"].reshape(-1, 1))
    assert abs(chi_squared_z(found, law, found.size)) < 4


def test_float32_momenta_stay_gaussian():
    """Parameters and momentum of a Gaussian keep their variances, by z-scores."""
    kernel = lps.kernels.MetropolisSGHMC(0.5, temperature=0.5, accumulator="full")
    values = np.sqrt(0.5) * RANDOM.normal(size=(2, 40_000, 1)).astype(np.float32)
    state, arrays = values[0], {"momentum": values[1]}
    for number in range(3):
        after, info = one_step(
            kernel, lps.targets.Gaussian(), state, nf.machine("float32"), nf.Key(1).at(number),
            arrays=arrays,
        )  # fmt: skip
        state, arrays = after.params, after.arrays
    for found in (state, arrays["momentum"]):
        squares = found.astype(np.float64) ** 2
        assert abs(squares.mean() - 0.5) < 4 * squares.std() / 200
    assert info.effective_temperature == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("kernel", [
    lps.kernels.RMLD(0.05, accumulator="full"),
    lps.kernels.MetropolisSGHMC(0.2, accumulator="full"),
], ids=["rmld", "sghmc"])  # fmt: skip
def test_float32_kernels_sample_the_closed_form(kernel):
    """Mean and variance of a LASSO posterior, by z-scores over independent chains."""
    chains = 2000
    state, machine = np.full((chains, 1), 0.3, np.float32), nf.machine("float32")
    arrays, kept = None, []
    for number in range(60):
        found, _ = one_step(kernel, LASSO, state, machine, nf.Key(4).at(number), arrays=arrays)
        state, arrays = found.params, found.arrays or None
        if number >= 20:
            kept.append(state[:, 0].astype(np.float64))
    mean, variance = (float(one[0]) for one in LASSO.known_moments())
    for values, expected in ((np.array(kept), mean), ((np.array(kept) - mean) ** 2, variance)):
        means = values.mean(axis=0)
        assert abs(means.mean() - expected) < 4 * means.std() / np.sqrt(chains)


def test_soft_threshold_is_the_proximal_map():
    """The minimiser of (z - x)**2 / 2 + t |z|, exact on a grid that holds t."""
    unit = move(
        lps.kernels.LatticeMALA(), PLANE, np.zeros((1, 2), np.float32), machine_of("fixed<8,3>"),
        nf.Key(0),
    ).unit  # fmt: skip
    x = points("fixed<8,3>")
    found = soft_threshold(x, np.float32(0.375), unit)
    assert np.array_equal(found, np.sign(x) * np.maximum(np.abs(x) - 0.375, 0))
    assert (found == GRID.nearest(found)).all()


WRONG = [
    (lambda: lps.kernels.LatticeMALA(accumulator="vc"), "lattice"),
    (lambda: lps.kernels.LatticeMALA(austerity=0.5), "austerity"),
    (lambda: lps.kernels.LatticeMALA(austerity_batch=1), "austerity_batch"),
    (lambda: lps.kernels.MetropolisSGHMC(friction=-1.0), "friction"),
    (lambda: lps.kernels.MetropolisSGHMC(leapfrogs=0), "leapfrogs"),
    (lambda: step_of(lps.kernels.LatticeMALA(0.0)), "positive"),
    (lambda: step_of(lps.kernels.LatticeMALA(0.1, temperature=0.0)), "positive"),
    (lambda: step_of(lps.kernels.MetropolisSGHMC(0.0)), "positive"),
    (lambda: step_of(lps.kernels.RMLD(0.1)), "Lasso"),
    (lambda: step_of(lps.kernels.LatticeMALA(0.1, austerity=0.1)), "single rows"),
    (lambda: step_of(lps.kernels.LatticeMALA(0.1), "e4m3fn"), "fixed point"),
    (lambda: step_of(lps.kernels.MetropolisSGHMC(0.1), "e4m3fn"), "fixed point"),
    (lambda: step_of(lps.kernels.MetropolisSGHMC(0.1), "ufixed<8,3>"), "signed"),
]


def step_of(kernel, format="fixed<8,3>"):
    """A step on a Gaussian."""
    return one_step(kernel, lps.targets.Gaussian(), np.zeros((1, 1)), machine_of(format), nf.Key(0))


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_wrong_settings_are_errors(wrong, message):
    """Each says what is allowed."""
    with pytest.raises(lps.SamplerError, match=message):
        wrong()


@pytest.mark.filterwarnings("ignore::lp_sampler.ShortRunWarning")
@pytest.mark.filterwarnings("ignore::lp_sampler.PrecisionWarning")
@pytest.mark.parametrize("kernel", [
    lps.kernels.LatticeMALA(2e-3, austerity=0.1, austerity_batch=50),
    lps.kernels.MetropolisSGHMC(0.1, leapfrogs=2),
], ids=["mala", "sghmc"])  # fmt: skip
def test_a_chain_does_not_depend_on_its_neighbours(kernel):
    """Chain 2 alone is the third of four, in batches too."""
    keywords = {"draws": 20, "warmup": 0, "thin": 1, "batch_size": 40, "progress": False}
    together = lps.sample(kernel, LOGISTIC, "fixed<8,4>", chains=4, **keywords)
    alone = lps.sample(kernel, LOGISTIC, "fixed<8,4>", chains=[2], **keywords)
    assert together.draws[2:3].tobytes() == alone.draws.tobytes()
    assert len(np.unique(together.draws)) > 3
