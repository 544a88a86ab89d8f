"""The Gaussians: their words, their accuracy, their distribution, the same bits everywhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

KEY = nf.Key(11)


def box_muller(first, second):
    """The rule in extended precision, from two arrays of words."""
    u = (first.astype(np.longdouble) + np.longdouble(0.5)) / 2**32
    quarter = np.abs((second.astype(np.longdouble) + np.longdouble(0.5)) / 2**32 - 0.5) - 0.25
    # cos(2 pi t) is the sine of the angle from the nearest quarter turn: no digits cancel there.
    return (
        np.sqrt(-2 * np.log(u))
        * np.sin(2 * np.longdouble(math.pi) * quarter)
        * (1 + np.longdouble(1.2246467991473532e-16) / np.longdouble(math.pi))
    )


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="needs a long double of 64 bits")
def test_error_is_below_six_ulp():
    """Each Gaussian is Box and Muller's function of the element's words of draws 0 and 1."""
    n = 200_000
    got = nf.gaussian(KEY, n)
    exact = box_muller(nf.random_bits(KEY, n), nf.random_bits(KEY, n, draw=1))
    assert np.max(np.abs(got - exact) / np.spacing(np.abs(got))) < 6


@pytest.mark.parametrize("isa", _core.available_isas())
def test_instruction_set_never_changes_a_bit(isa):
    """Every kernel gives the bits of the scalar one, for any draw, piece and first element."""
    with _core.forced_isa("scalar"):
        expected = nf.gaussian(KEY, 3000, draw=2)
    with _core.forced_isa(isa):
        assert np.array_equal(nf.gaussian(KEY, (3, 1000), draw=2).ravel(), expected)
        assert np.array_equal(nf.gaussian(KEY.at(0, first=77), 900, draw=2), expected[77:977])


def test_moments_are_those_of_a_standard_gaussian():
    """Mean, variance, skewness and kurtosis agree by z-score."""
    n = 2_000_000
    x = nf.gaussian(KEY.at(5), n)
    expected = {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}
    for power, (moment, variance) in expected.items():
        assert abs(np.mean(x**power) - moment) / math.sqrt(variance / n) < 4


def test_tails_are_those_of_a_standard_gaussian():
    """The numbers beyond 1, 2, 3 and 4 are binomial by z-score, and none exceeds 6.77."""
    n = 2_000_000
    x = np.abs(nf.gaussian(KEY.at(6), n))
    assert x.max() < 6.77
    for limit in (1, 2, 3, 4):
        p = math.erfc(limit / math.sqrt(2))
        assert abs(np.mean(x > limit) - p) / math.sqrt(p * (1 - p) / n) < 4


@pytest.mark.parametrize("wrong", [{"key": 3}, {"draw": 65535}, {"draw": -1}, {"shape": "x"}])
def test_wrong_arguments_are_refused(wrong):
    """A key that is none, a draw without a successor and a shape that is none are errors."""
    with pytest.raises(nf.NumfmtError):
        nf.gaussian(**{"key": KEY, "shape": 3, **wrong})
