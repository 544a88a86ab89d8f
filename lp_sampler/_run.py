"""The result of a run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import diagnostics
from ._blocks import by_parameter, table_by_parameter
from ._codes import Coding
from ._errors import SamplerError
from ._inference_data import inference_data
from ._numfmt import Format, Machine
from ._plan import Plan
from ._report import write_report
from ._streams import Moments, draw_blocks
from .kernels import Kernel
from .targets import Target

Array = npt.NDArray[Any]

LARGEST_COVARIANCE = 4096


@dataclasses.dataclass(frozen=True)
class Run:
    """Draws of all chains, with what it takes to make them again.

    draws: float32 (chain, draw, parameter), every value one of `format`; of a run with a store a
    view that reads what is asked of it, as `codes` is.  stats: one array (draw,) each, over the
    `thin` steps that end in the draw: `saturated`, `infeasible` and `frozen` are fractions of the
    coordinates, `effective_temperature` is the last step's, `acceptance` (of kernels that propose)
    the fraction of proposals that were accepted.  settings: `warmup`, `thin` and `batch_size`.
    """

    draws: npt.NDArray[np.float32]
    format: Format
    names: tuple[str, ...]
    chains: tuple[int, ...]
    stats: dict[str, npt.NDArray[np.float64]]
    kernel: Kernel
    machine: Machine
    seed: int
    seconds: float
    target: Target | None = None
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        plan: Plan,
        draws: Any,
        stats: dict[str, npt.NDArray[np.float64]],
        seconds: float,
    ) -> Run:
        """The run of a plan."""
        return cls(
            draws=draws,
            format=plan.format.bare(),
            names=plan.target.names,
            chains=plan.chains,
            stats=stats,
            kernel=plan.kernel,
            machine=plan.machine,
            seed=plan.seed,
            seconds=seconds,
            target=plan.target,
            settings={name: getattr(plan, name) for name in ("warmup", "thin", "batch_size")},
        )

    @property
    def codes(self) -> Array:
        """The draws as codes of `format`, a byte a parameter for an 8-bit format; of a block format
        codes of the elements, whose `scales` stand beside them.
        """
        found: Array | None = getattr(self.draws, "codes", None)
        return self._encoded[..., : self.draws.shape[2]] if found is None else found

    @property
    def scales(self) -> Array | None:
        """Of a block format codes of the scales (chain, draw, block), one for `format.size`
        neighbours; None of other formats, and of blocks whose `codes` are the bits of float32:
        under scales that are no powers of two, or that chains share.

        >>> import lp_sampler as lps
        >>> kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian(size=20)
        >>> run = lps.sample(kernel, target, "bfp8", draws=200, warmup=20, progress=False)
        >>> run.codes.shape, run.scales.shape
        ((64, 200, 20), (64, 200, 2))
        """
        if hasattr(self.draws, "scales"):
            found: Array | None = self.draws.scales
            return found
        size = self.draws.shape[2]
        return self._encoded[..., size:] if Coding(self.format, size).blocks else None

    @property
    def _encoded(self) -> Array:
        return Coding(self.format, self.draws.shape[2]).encode(self.draws)

    @property
    def frozen(self) -> npt.NDArray[np.bool_]:
        """Which coordinates (chain, parameter) have the same value in every draw."""
        return by_parameter(diagnostics.frozen, self.draws)

    def warnings(self) -> list[str]:
        """Why the arithmetic cannot give the target's law, with remedies: see
        `diagnostics.cannot_be_right`.
        """
        return diagnostics.cannot_be_right(self.stats, frozen=float(self.frozen.mean()))

    def to_arviz(self) -> Any:
        """The draws as ArviZ's InferenceData: variable `theta` of the posterior, with the
        parameters' names, and the step counts as sample_stats; MissingPackage without ArviZ.

        >>> import lp_sampler as lps
        >>> kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian(size=2)
        >>> run = lps.sample(kernel, target, "fixed<8,4>", draws=200, warmup=20, progress=False)
        >>> dict(run.to_arviz().posterior.theta.sizes)
        {'chain': 64, 'draw': 200, 'parameter': 2}
        """
        return inference_data(self)

    def to_html(self, path: str | os.PathLike[str], *, reference: Any = None) -> None:
        """Write a report: one page that needs no other file, complete or absent.

        Settings and the resolved machine, what is wrong and its remedies, a table of the
        parameters, traces, marginals, counts over time.  `reference` adds what draws should be:
        draws (chain, draw, parameter), a result of `MALA.run`, or a pair of mean and standard
        deviation; a target with known moments has its own.  A target that predicts classes of test
        rows adds its calibration.  Where parameters are many, some, evenly spaced, are judged.
        MissingPackage without matplotlib.
        """
        write_report(self, path, reference)

    def summary(
        self, quantiles: Sequence[float] = diagnostics.QUANTILES
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Of each parameter, over all chains: `mean` with its Monte Carlo standard error `mcse`,
        `std` with `mcse_std`, quantiles (`q5`, `q50`, `q95`, or those of the probabilities given),
        `rhat`, effective sample sizes `ess`, `ess_bulk` and `ess_tail`, and `frozen`, the fraction
        of chains that never move.

        As `diagnostics.summary`, in blocks of parameters: draws may be more than memory holds.
        SamplerError for probabilities outside 0 .. 1.

        >>> import lp_sampler as lps
        >>> kernel, target = lps.kernels.SGLD(step_size=0.1), lps.targets.Gaussian(size=2)
        >>> run = lps.sample(kernel, target, "fixed<8,4>", draws=200, warmup=20, progress=False)
        >>> summary = run.summary()
        >>> (summary["std"] - 1).round(1), summary["rhat"].round(1)
        (array([0., 0.]), array([1., 1.]))
        """
        return table_by_parameter(lambda some: diagnostics.summary(some, quantiles), self.draws)

    def covariance(self) -> npt.NDArray[np.float64]:
        """Of the parameters, over all chains and draws: (parameter, parameter), in one pass over
        the draws.

        SamplerError for more than 4,096 parameters, whose matrix would not be small.
        """
        size = self.draws.shape[2]
        if size > LARGEST_COVARIANCE:
            raise SamplerError(
                f"covariance: at most {LARGEST_COVARIANCE} parameters are allowed; got {size}"
            )
        moments = Moments(size)
        for block in draw_blocks(self.draws):
            moments.add(block)
        return moments.covariance

    def predict(self, X: npt.ArrayLike | None = None) -> npt.NDArray[np.float64]:
        """The predictive mean of rows `X`, the target's test rows by default: what
        `target.predict` says, averaged over all draws in one pass.

        SamplerError where the target predicts nothing.
        """
        predict: Any = getattr(self.target, "predict", Target.predict)
        if getattr(predict, "__func__", predict) is Target.predict:
            raise SamplerError("predict: the run's target predicts nothing")
        total, count = np.float64(0), 0
        rows = () if X is None else (X,)
        for block in draw_blocks(self.draws):
            total = total + predict(block, *rows).sum(axis=0, dtype=np.float64)
            count += len(block)
        return np.asarray(total / count)

    def __repr__(self) -> str:
        chains, draws, size = self.draws.shape
        what = f"{self.machine.name}, {self.kernel.accumulator}"
        return f"<Run of {what}: {chains} chains, {draws} draws, {size} parameters>"
