"""Schedules: their formulas, their phases, and what is written of them."""

import math
import pickle

import pytest

import lp_sampler as lps
from lp_sampler import schedules

EVERY = [
    schedules.Constant(0.3),
    schedules.Polynomial(0.1, 10.0, 0.55),
    schedules.Exponential(0.5, 0.99),
    schedules.SWALP(0.5, 1000),
    schedules.Cyclical(0.5, 35, 0.8),
]
FORMULAS = [
    lambda t: 0.3,
    lambda t: 0.1 / (10 + t) ** 0.55,
    lambda t: 0.5 * 0.99**t,
    lambda t: 0.5 * (1 if t < 500 else 0.01 if t > 900 else 1 - 0.99 * (t - 500) / 400),
    lambda t: 0.25 * (math.cos(math.pi * math.fmod(t, 35) / 35) + 1),
]


@pytest.mark.parametrize(
    ("schedule", "formula"), list(zip(EVERY, FORMULAS, strict=True)), ids=list(map(repr, EVERY))
)
def test_a_schedule_is_its_formula(schedule, formula):
    """At every step of interest."""
    for step in (0, 1, 34, 35, 70, 499, 500, 501, 700, 900, 901, 5000):
        assert schedule(step) == pytest.approx(formula(step), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("schedule", EVERY, ids=repr)
def test_a_schedule_survives_being_written_and_sent(schedule):
    """Described and read, or pickled, it is equal, hashes alike and gives the same values."""
    for copy in (
        schedules.schedule(schedules.describe(schedule)),
        pickle.loads(pickle.dumps(schedule)),
    ):
        assert copy == schedule
        assert hash(copy) == hash(schedule)
        assert copy(17) == schedule(17)
    assert len(set(EVERY)) == len(EVERY)


def test_every_schedule_is_tested():
    """A new kind has to join the lists above."""
    assert [one.kind for one in EVERY] == list(schedules.SCHEDULES)


def test_numbers_and_functions_are_described():
    """A number is itself; a function is told by name, and cannot be read back."""
    assert schedules.describe(1) == 1.0
    assert schedules.schedule(0.5) == 0.5
    described = schedules.describe(math.cos)
    assert described == {"kind": "callable", "name": "math.cos"}
    with pytest.raises(lps.SamplerError, match="callable"):
        schedules.schedule(described)


def test_sampling_phases_are_the_ends_of_the_cycles():
    """The published recipe: 7 cycles of 35 epochs, the last 5 of each (exploration 30 / 35)."""
    cyclical = schedules.Cyclical(0.5, 35, 30 / 35)
    kept = [step for step in range(245) if schedules.is_sampling(cyclical, step)]
    assert kept == [35 * cycle + phase for cycle in range(7) for phase in range(30, 35)]
    assert all(schedules.is_sampling(one, 0) for one in (0.5, math.cos, *EVERY[:4]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.Constant(-1), "value: a finite number >= 0 is allowed; got -1"),
        (lambda: schedules.Constant("x"), "value"),
        (lambda: schedules.Polynomial(0.1, b=0), "b: a finite positive number is"),
        (lambda: schedules.Exponential(0.1, rate=1.5), "rate: a number from 0 to 1"),
        (lambda: schedules.SWALP(0.1, steps=0), "steps: a whole number >= 1"),
        (lambda: schedules.Cyclical(0.1, cycle=2.5), "cycle: a whole number >= 1"),
        (lambda: schedules.Cyclical(0.1, cycle=10, exploration=1), "exploration"),
        (lambda: schedules.schedule({"kind": "cyclic"}), "did you mean 'cyclical'"),
        (lambda: schedules.schedule({"kind": "swalp", "step": 1}), "did you mean 'steps'"),
        (lambda: schedules.schedule({"kind": "swalp", "start": 1}, "step_size"), "needs steps"),
        (lambda: schedules.schedule("fast", "step_size"), "step_size: a number"),
        (lambda: schedules.schedule(-1, "step_size"), "step_size: finite numbers >= 0"),
    ],
)
def test_wrong_schedules_are_errors(make, message):
    """Each is one line that names the argument, what it was and what is allowed."""
    with pytest.raises(lps.SamplerError, match=message):
        make()
