"""One step of a kernel as a list of micro-operations with their operands, results and random words:
what a testbench replays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from ._errors import SamplerError
from ._evaluate import Evaluation
from ._machines import find_machine
from ._piece import PieceRun
from ._plan import Plan, check_count
from ._record import describe_kernel, versions
from ._recorder import Recorder
from ._unit import VectorUnit
from .kernels import Kernel, State
from .targets import Target

Array = npt.NDArray[Any]

SCHEMA = "lp-sampler.trace/1"


def trace(
    kernel: Kernel,
    target: Target,
    machine: Any,
    *,
    step: int = 0,
    chains: int | Sequence[int] = 1,
    batch_size: int | None = None,
    replacement: bool = True,
    init: npt.ArrayLike | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """The operations of step number `step` of a run, as plain data for `json.dump`.

    The arguments are those of `sample`.  `values` has every number array by name: its `format`, its
    `shape` (chains, parameters; none of a constant), its `codes`, row by row, and of block formats
    those of the scales.  `operations` are in order: `op` on the values named by `operands` gives
    the value named `out`, rounded to that one's format by `rounding` and `overflow`; `flush` says
    what becomes of subnormal operands and results.  Where a rounding is stochastic, `words` has for
    each result 32-bit words by the number of the draw: a rounding takes word 0 (its top k bits,
    where it has k), and where that does not decide, word 1; a `variance_corrected` draw of
    `variance` takes 0, 4, 6 for its first uniform number, 1, 5, 7 for its second, and the float64
    number `gaussian` (see `numfmt.variance_corrected`).
    `inputs` and `results` name the values that the step begins with and ends with.  Products are no
    part of it: ``numfmt-hw vectors matmul`` has those.

    SamplerError for a kernel that computes its parameters in other ways than by the machine's
    vector unit (the lattice kernels, and those that accept or reject), and as `sample` raises.

    >>> import lp_sampler as lps
    >>> kernel = lps.kernels.SGLD(step_size=0.1, accumulator="naive")
    >>> found = lps.trace(kernel, lps.targets.Gaussian(), "fixed8", step=3)
    >>> [one["op"] for one in found["operations"]]
    ['convert', 'multiply', 'add', 'gaussian', 'multiply', 'add', 'convert']
    >>> found["values"][found["results"]["params"]]["format"]
    'fixed<8,3>'
    """
    check_count("step", step, 0)
    own = find_machine(machine)
    plan = Plan.checked(
        *(kernel, target, own, 1, chains, step, 1, batch_size, init, seed),
        replacement=replacement,
    )
    piece = plan.pieces[0]
    if len(piece.groups) != 1 or len(plan.pieces) != 1:
        raise SamplerError(f"chains: neighbours, few enough to be run together; got {chains!r}")
    run = _TracedRun(plan, piece)
    for _ in range(step):
        run.step()
    before = run.state
    recorder = run.record()
    recorder.begin(before.params, before.format, before.arrays)
    run.step()
    after = run.state
    return {
        "schema": SCHEMA,
        "versions": versions(),
        "kernel": describe_kernel(kernel),
        "machine": own.resolve(),
        "target": target.describe(),
        "seed": seed,
        "step": step,
        "chains": list(plan.chains),
        **recorder.record({"params": after.params, **after.arrays}, kernel),
    }


class _TracedRun(PieceRun):
    """A piece whose next step, once `record` has been called, is written down."""

    recorder: Recorder | None = None

    @property
    def state(self) -> State:
        """Of all chains."""
        return self._states[0]

    def record(self) -> Recorder:
        """From here on."""
        evaluate = super()._evaluation(self.piece.groups[0], self.steps)
        self.recorder = Recorder(evaluate)
        return self.recorder

    def _evaluation(self, group: range, step: int) -> Evaluation:
        plain = super()._evaluation(group, step)
        if self.recorder is None:
            return plain
        fields = {one.name: getattr(plain, one.name) for one in dataclasses.fields(plain)}
        return _Traced(**fields, recorder=self.recorder)


@dataclasses.dataclass(frozen=True)
class _Traced(Evaluation):
    """An evaluation whose vector unit writes down what it does."""

    recorder: Any = None

    @property
    def unit(self) -> VectorUnit:
        found: VectorUnit = self.recorder
        return found

    def gradient(self, params: Array, stored_in: Any = None, report: Any = None) -> Array:
        """The gradient, which the recorder hears of."""
        found = super().gradient(params, stored_in, report)
        self.recorder.took_gradient(found)
        return found
