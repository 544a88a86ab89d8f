"""Exact laws of small lattices, and what a kernel's steps are worth beside them."""

import numpy as np

import numfmt as nf
from lp_sampler._evaluate import Evaluation
from lp_sampler.kernels import State
from lp_sampler.kernels._move import Move


def machine_of(format, **others):
    """Weights and accumulators in `format`, everything else in float32 or as said."""
    return nf.machine("float32").replace(weight=format, accumulator=format, **others)


def points(format, size=1):
    """All states (states, size) of `size` parameters in a format, in ascending order."""
    one = np.sort(nf.parse(format).all_values().astype(np.float32))
    return np.stack(np.meshgrid(*[one] * size, indexing="ij"), axis=-1).reshape(-1, size)


def law_on(states, target, temperature=1.0):
    """The target's density on the states, summing to 1."""
    logs = target.log_density(states).astype(np.float64) / temperature
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def stationary(matrix):
    """The law that a transition matrix leaves as it is."""
    system = np.vstack([matrix.T - np.eye(len(matrix)), np.ones(len(matrix))])
    right = np.append(np.zeros(len(matrix)), 1.0)
    return np.linalg.lstsq(system, right, rcond=None)[0]


def evaluation(target, machine, key, batch_size=None):
    """The target on the machine at a step."""
    return Evaluation(target.on(machine, key), machine, key, batch_size)


def move(kernel, target, states, machine, key):
    """A step of a kernel that is about to happen from the states."""
    state = State(states, kernel.formats(machine)["accumulator"])
    return Move(kernel, state, evaluation(target, machine, key), kernel.temperature, key)


def one_step(kernel, target, states, machine, key, batch_size=None, arrays=None):
    """Every state's next one, by the kernel itself, and the info."""
    evaluate = evaluation(target, machine, key, batch_size)
    state = kernel.init(states, evaluate, key)
    if arrays is not None:
        state = State(state.params, state.format, arrays)
    return kernel.step(
        state, evaluate, step_size=kernel.step_size, temperature=kernel.temperature, key=key
    )


def numbers(states, of):
    """The place of each row of `of` among `states`."""
    order = {tuple(state): i for i, state in enumerate(states.tolist())}
    return np.array([order[tuple(state)] for state in of.tolist()])


def transition_z(kernel, target, states, machine, matrix, repeats):
    """z-scores of the counts of moves between all pairs of states, where at least 5 are expected,
    and how many moves have probability 0.
    """
    start = np.repeat(states, repeats, axis=0)
    after, _ = one_step(kernel, target, start, machine, nf.Key(3).at(5))
    counts = np.zeros_like(matrix)
    np.add.at(counts, (numbers(states, start), numbers(states, after.params)), 1)
    expected = matrix * repeats
    seen = (expected > 5) & (matrix < 1)
    scores = (counts - expected)[seen] / np.sqrt((expected * (1 - matrix))[seen])
    return scores, int(counts[matrix == 0].sum())


def chi_squared_z(found, law, draws):
    """z-score of a chi-squared statistic of `draws` numbers `found`, those of rare states (below 5
    expected) taken together.
    """
    expected, counts = law * draws, np.bincount(found, minlength=len(law))
    rare = expected < 5
    expected = np.append(expected[~rare], expected[rare].sum())
    counts = np.append(counts[~rare], counts[rare].sum())
    expected, counts = expected[expected > 0], counts[expected > 0]
    statistic = ((counts - expected) ** 2 / expected).sum()
    freedom = len(expected) - 1
    return (statistic - freedom) / np.sqrt(2 * freedom)


def stays_z(
    kernel, target, states, machine, *, steps=3, draws=20_000, batch_size=None, arrays=None
):
    """z-score of the hypothesis that exact draws of the target, after some steps of the kernel, are
    still draws of it, the fraction of accepted proposals, and the arrays then.
    """
    law = law_on(states, target, kernel.temperature)
    start = np.random.default_rng(1).choice(len(states), draws, p=law)
    params, accepted = states[start], []
    for number in range(steps):
        key = nf.Key(9).at(number)
        state, info = one_step(kernel, target, params, machine, key, batch_size, arrays)
        params, arrays = state.params, state.arrays or None
        accepted.append(info.accepted / draws)
    return chi_squared_z(numbers(states, params), law, draws), np.mean(accepted), arrays
