"""The lattice random walk: probabilities, their moments, the law that they leave stationary."""

import numpy as np
import pytest
from lattice_laws import law_on, machine_of, one_step, points, stationary, transition_z

import lp_sampler as lps
import numfmt as nf
from lp_sampler.kernels.lattice_random_walk import step_probabilities

GAP = 0.125


def moments(drift, variance):
    """Mean and mean square of a move, its probabilities checked."""
    down, up, infeasible = step_probabilities(np.float64([drift]), variance, GAP)
    stay = 1 - down - up
    assert min(down[0], up[0], stay[0]) >= -(2.0**-53)
    return (up - down)[0] * GAP, (up + down)[0] * GAP**2, infeasible[0]


@pytest.mark.parametrize("drift", [0.0, 0.01, -0.01, 0.0625, -0.125])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
def test_feasible_steps_have_the_langevin_step_s_moments(drift, share):
    """E[move] = drift and E[move**2] = variance, from |drift| gap to gap**2."""
    least = abs(drift) * GAP
    variance = least + share * (GAP**2 - least)
    mean, square, infeasible = moments(drift, variance)
    assert mean == pytest.approx(drift, rel=1e-14)
    assert square == pytest.approx(variance, rel=1e-14)
    assert not infeasible or share in (0.0, 1.0)


@pytest.mark.parametrize("variance", [0.0, 1e-4, 0.02, 1.0])
@pytest.mark.parametrize("drift", [0.05, -0.05, 0.124])
def test_infeasible_steps_keep_the_mean(drift, variance):
    """The variance moves to the nearest one that a step can have, and is counted."""
    mean, square, infeasible = moments(drift, variance)
    assert mean == pytest.approx(drift, rel=1e-14)
    nearest = min(max(variance, abs(drift) * GAP), GAP**2)
    assert square == pytest.approx(nearest, rel=1e-14)
    assert infeasible == (nearest != variance)


def test_a_drift_beyond_a_gap_moves_one_gap():
    """And is counted."""
    assert moments(0.3, 0.01) == (GAP, GAP**2, True)
    assert moments(-0.3, 0.01) == (-GAP, GAP**2, True)


def walk_matrix(kernel, target, states):
    """Transition probabilities between all states of one parameter, both ends reflecting."""
    gap = float(states[1, 0] - states[0, 0])
    drift = np.float32(kernel.step_size) * target.gradient(states)
    down, up, infeasible = step_probabilities(drift[:, 0], 2 * kernel.step_size, gap)
    matrix = np.diag(1 - down - up) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    matrix[0, 0] += down[0]
    matrix[-1, -1] += up[-1]
    return matrix, infeasible


def test_simulated_moves_have_the_law_s_frequencies():
    """Every pair of states, by z-scores; impossible moves never happen."""
    states, machine = points("fixed<6,3>"), machine_of("fixed<6,3>")
    for step_size in (1e-3, 7e-3):
        kernel = lps.kernels.LatticeRandomWalk(step_size)
        matrix, infeasible = walk_matrix(kernel, lps.targets.Quartic(), states)
        arguments = kernel, lps.targets.Quartic(), states, machine
        scores, impossible = transition_z(*arguments, matrix, 4000)
        assert impossible == 0
        assert len(scores) > 100
        assert np.abs(scores).max() < 4.5
        _, info = one_step(*arguments, nf.Key(0))
        assert info.infeasible == infeasible.sum()


@pytest.mark.parametrize("step_size", [1e-4, 1e-3, 7e-3])
def test_the_exact_stationary_law_is_the_target_s(step_size):
    """The chain's law, solved exactly, is the target's on the grid up to the square of the gap:
    standard deviation and Wasserstein distance, at any step size.
    """
    states = points("fixed<8,3>")
    kernel = lps.kernels.LatticeRandomWalk(step_size)
    matrix, infeasible = walk_matrix(kernel, lps.targets.Gaussian(), states)
    inside = np.abs(states[:, 0]) <= 2 / GAP / 2
    assert not infeasible[inside].any()
    law, wanted = stationary(matrix), law_on(states, lps.targets.Gaussian())
    deviation = np.sqrt(law @ states[:, 0] ** 2)
    assert deviation == pytest.approx(1, abs=GAP**2 / 4)
    assert np.abs(law - wanted).sum() < GAP**2 / 2


def test_the_walk_refuses_what_is_no_lattice():
    """Floats, posits and other accumulators are errors."""
    kernel, target = lps.kernels.LatticeRandomWalk(1e-3), lps.targets.Gaussian()
    for format in ("e4m3fn", "float32", "fixed<32,16>"):
        with pytest.raises(lps.SamplerError, match="fixed"):
            lps.sample(kernel, target, format, draws=1, warmup=0, progress=False)
    with pytest.raises(lps.SamplerError, match="lattice"):
        lps.kernels.LatticeRandomWalk(accumulator="vc")
    with pytest.raises(lps.SamplerError, match="lattice"):
        lps.kernels.SGLD(accumulator="lattice")


@pytest.mark.filterwarnings("ignore::lp_sampler.ShortRunWarning")
def test_a_chain_does_not_depend_on_its_neighbours():
    """Chain 2 alone is the third of four."""
    kernel, keywords = lps.kernels.LatticeRandomWalk(2e-3), {"draws": 20, "warmup": 0, "thin": 1}
    target = lps.targets.Gaussian(size=3)
    together = lps.sample(kernel, target, "fixed8", chains=4, progress=False, **keywords)
    alone = lps.sample(kernel, target, "fixed8", chains=[2], progress=False, **keywords)
    assert together.draws[2:3].tobytes() == alone.draws.tobytes()
    assert len(np.unique(together.draws)) > 3
