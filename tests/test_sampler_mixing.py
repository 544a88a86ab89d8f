"""R-hat, effective sizes and Monte Carlo errors, against ArviZ and against laws."""

import warnings

import numpy as np
import pytest
from scipy import stats

from lp_sampler import SamplerError, diagnostics
from lp_sampler.diagnostics import _mixing
from lp_sampler.diagnostics._ranks import normal_scores, twice_average_ranks

RANDOM = np.random.default_rng(61)
SHAPES = [(2, 4), (2, 5), (4, 6), (3, 9), (4, 51), (8, 333), (16, 200)]
ROUNDING = 1e-9


@pytest.fixture(scope="module")
def arviz():
    """ArviZ, whose import warns of its own future."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    return arviz


def chains_of_every_kind(chains, draws):
    """Noise, random walks, slow and alternating chains, lattices with many ties: parameters."""
    noise = RANDOM.normal(size=(chains, draws, 6))
    kinds = [noise[:, :, 0], noise[:, :, 1].cumsum(axis=1)]
    for i, correlation in enumerate((0.9, -0.7)):
        chain = noise[:, :, 2 + i].copy()
        for j in range(1, draws):
            chain[:, j] += correlation * chain[:, j - 1]
        kinds.append(chain)
    kinds += [np.round(noise[:, :, 4] * 2) / 2, np.sign(noise[:, :, 5]), 3.5 * noise[:, :, 0] + 1e3]
    return np.stack(kinds, axis=2)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_numbers_are_those_of_arviz(shape, arviz):
    """All five, for every kind of chain, to rounding; a frozen chain is NaN here alone."""
    draws = chains_of_every_kind(*shape)
    moving = ~diagnostics.frozen(draws).any(axis=0)
    pairs = {
        diagnostics.rhat: arviz.rhat,
        diagnostics.ess_bulk: lambda one: arviz.ess(one, method="bulk"),
        diagnostics.ess_tail: lambda one: arviz.ess(one, method="tail"),
        diagnostics.mcse: arviz.mcse,
        diagnostics.mcse_std: lambda one: arviz.mcse(one, method="sd"),
    }
    for ours, theirs in pairs.items():
        found = ours(draws)
        with np.errstate(invalid="ignore"):
            expected = [float(theirs(draws[:, :, i])) for i in np.flatnonzero(moving)]
        np.testing.assert_allclose(found[moving], expected, rtol=ROUNDING, err_msg=ours.__name__)
        assert np.isnan(found[~moving]).all()


def test_blocks_of_parameters_do_not_change_a_number(monkeypatch):
    """A parameter's numbers do not depend on those computed with it."""
    draws = chains_of_every_kind(4, 51)
    whole = [f(draws) for f in (diagnostics.rhat, diagnostics.ess_bulk, diagnostics.mcse)]
    monkeypatch.setattr(_mixing, "VALUES_AT_ONCE", 1)
    alone = [f(draws) for f in (diagnostics.rhat, diagnostics.ess_bulk, diagnostics.mcse)]
    for one, other in zip(whole, alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=ROUNDING)


@pytest.mark.parametrize("draws", [np.zeros((3, 4)), [[[1.0], [2.0]]], 3.0])
def test_other_shapes_are_errors(draws):
    """Draws are arrays of three axes: every function of them says so."""
    for function in (diagnostics.rhat, diagnostics.frozen, diagnostics.mcse, diagnostics.summary):
        with pytest.raises(SamplerError, match="draws: an array \\(chains, draws, parameters\\)"):
            function(draws)


def test_ranks_are_average_ranks():
    """Ties share their mean rank, as SciPy's do, and scores are Blom's."""
    values = RANDOM.integers(0, 5, size=(3, 40)).astype(float)
    expected = stats.rankdata(values, axis=1)
    np.testing.assert_array_equal(twice_average_ranks(values), 2 * expected)
    scores = normal_scores(values.reshape(3, 1, 40))
    np.testing.assert_allclose(
        scores[:, 0], stats.norm.ppf((expected - 3 / 8) / 40.25), rtol=ROUNDING, atol=ROUNDING
    )


def test_what_cannot_be_judged_is_nan():
    """A frozen chain, a draw that is not finite, fewer than four draws, one chain for R-hat."""
    draws = RANDOM.normal(size=(3, 50, 3))
    draws[1, :, 0] = 7
    draws[2, 9, 1] = np.nan
    every = (
        *(diagnostics.rhat, diagnostics.ess_bulk, diagnostics.ess_tail),
        *(diagnostics.mcse, diagnostics.mcse_std),
    )
    for compute in every:
        assert np.isnan(compute(draws)).tolist() == [True, True, False]
        assert np.isnan(compute(draws[:, :3])).all()
    assert np.isnan(diagnostics.rhat(draws[:1])).all()
    assert not np.isnan(diagnostics.ess_bulk(draws[:1])[2])


def test_rhat_sees_another_scale_and_another_place():
    """One chain of four that is shifted or wider is found; equal ones stay below 1.01."""
    draws = RANDOM.normal(size=(4, 1000, 3))
    draws[0, :, 1] += 1
    draws[0, :, 2] *= 3
    agree, shifted, wider = diagnostics.rhat(draws)
    assert agree < 1.01 < min(shifted, wider)


def test_mcse_is_the_spread_of_the_mean():
    """Means of many runs spread as mcse says, by z-score of the variance."""
    correlation, runs = 0.8, 400
    noise = RANDOM.normal(size=(4, 600, runs))
    draws = noise.copy()
    for i in range(1, draws.shape[1]):
        draws[:, i] = correlation * draws[:, i - 1] + np.sqrt(1 - correlation**2) * noise[:, i]
    spread = draws.mean(axis=(0, 1)).var(ddof=1)
    expected = np.mean(diagnostics.mcse(draws) ** 2)
    assert abs(spread / expected - 1) < 4 * np.sqrt(2 / runs)
    spread = draws.std(axis=(0, 1)).var(ddof=1)
    expected = np.mean(diagnostics.mcse_std(draws) ** 2)
    assert abs(spread / expected - 1) < 4 * np.sqrt(2 / runs)


def test_moment_scores_are_standard_normal_for_a_right_sampler():
    """Over many parameters their mean square is 1, and a variance 30% off is found."""
    draws = 2 + 3 * RANDOM.normal(size=(8, 500, 300))
    scores = diagnostics.moment_scores(draws, 2.0, 3.0)
    for z in scores.values():
        assert abs(np.mean(z**2) - 1) < 4 * np.sqrt(2 / 300) + 0.05  # ESS varies a little
    assert (diagnostics.moment_scores(draws, 2.0, 3 / np.sqrt(1.3))["variance"] > 4).all()
    assert (diagnostics.moment_scores(draws, 1.5, 3.0)["mean"] > 4).all()
