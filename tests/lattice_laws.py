"""Exact laws of small lattices, and what a kernel's steps are worth beside them."""

import numpy as np

import numfmt as nf
from lp_sampler._evaluate import Evaluation


def machine_of(format):
    """Weights and accumulators in `format`, everything else in float32."""
    return nf.machine("float32").replace(weight=format, accumulator=format)


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


def one_step(kernel, target, states, machine, key, batch_size=None):
    """Every state's next one, by the kernel itself, as numbers (states, size), and the info."""
    evaluate = Evaluation(target.on(machine, key), machine, key, batch_size)
    state = kernel.init(states, evaluate, key)
    return kernel.step(
        state,
        evaluate,
        step_size=kernel.step_size,
        temperature=kernel.temperature,
        key=key,
    )


def transition_z(kernel, target, states, machine, matrix, repeats):
    """z-scores of the counts of moves between all pairs of states, where at least 5 are expected,
    and how many moves have probability 0.
    """
    start = np.repeat(states, repeats, axis=0)
    after, _ = one_step(kernel, target, start, machine, nf.Key(3).at(5))
    order = {tuple(state): i for i, state in enumerate(states.tolist())}
    found = [order[tuple(state)] for state in after.params.tolist()]
    counts = np.zeros_like(matrix)
    np.add.at(counts, (np.repeat(np.arange(len(states)), repeats), found), 1)
    expected = matrix * repeats
    seen = (expected > 5) & (matrix < 1)
    scores = (counts - expected)[seen] / np.sqrt((expected * (1 - matrix))[seen])
    return scores, int(counts[matrix == 0].sum())
