"""In which order a sum over k is taken, and what adds its parts."""

from __future__ import annotations

import numpy as np
import pytest
from test_datapath import CHAIN, drawn

import numfmt as nf
from numfmt import _core


@pytest.mark.parametrize(
    "plan",
    [
        {"every": 16},
        {"split": {"scheme": "interleaved", "S": 3, "tile": 4}},
        {"split": {"scheme": "contiguous", "S": 3, "tile": 4}},
        {"split": {"scheme": "interleaved", "S": 2}, "c": "last"},
        {
            "split": {"scheme": "contiguous", "S": 5},
            "combine": {"format": "bfloat16", "order": "pairwise"},
        },
        {"split": {"scheme": "interleaved", "S": 3, "tile": 4}, "every": 5},
        {"split": {"scheme": "contiguous", "S": 4, "tile": 2}, "every": 7, "c": "last"},
        {
            "split": {"scheme": "interleaved", "S": 5},
            "every": 3,
            "combine": {"format": "bfloat16", "order": "pairwise"},
        },
        {"split": {"scheme": "contiguous", "S": 1}, "every": 20},
    ],
)
def test_plans_of_the_sum(plan):
    """Chains beside each other, added as the plan says."""
    terms = 50
    path = nf.Datapath(**{**CHAIN, "kplan": plan})
    a, b, c = drawn(3, terms), drawn(terms, 4), drawn(3, 4, f="bfloat16")
    chain = path.kplan.chains(terms)
    one = nf.Datapath(**CHAIN)
    runs: dict[int, nf.Array] = {}
    for s in np.unique(chain).tolist():
        first = c if s == 0 and path.kplan.c == "first" else None
        part, run = nf.matmul(a[:, chain == s], b[chain == s], one, first), path.kplan.run(terms)
        own = s // max(run, 1)
        runs[own] = nf.add(runs[own], part) if own in runs else part
    parts = list(runs.values())
    if path.kplan.combine.order == "pairwise":
        while len(parts) > 1:
            half = -(-len(parts) // 2)
            parts = [
                nf.add(parts[i], parts[i + half]) if i + half < len(parts) else parts[i]
                for i in range(half)
            ]
    total = parts[0]
    for part in parts[1:]:
        total = nf.add(total, part)
    if path.kplan.c == "last":
        total = nf.add(c, total)
    with _core.forced_isa("scalar"):
        assert np.array_equal(nf.matmul(a, b, path, c).codes, total.codes)
    assert np.array_equal(nf.matmul(a, b, path, c).codes, total.codes)
    named = nf.matmul(a, b, one, c, plan=nf.KPlan(**path.resolve()["kplan"]))
    assert np.array_equal(named.codes, total.codes)
