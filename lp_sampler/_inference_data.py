"""Draws as ArviZ's InferenceData, for its plots and tables."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import MissingPackage
from ._numfmt import __version__

if TYPE_CHECKING:
    from ._run import Run

PARAMETERS = "theta"


def inference_data(run: Run) -> Any:
    """Groups `posterior`, one variable `theta` (chain, draw, parameter) with the parameters' names,
    and `sample_stats`, over the draws of all chains together.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            import arviz
            import xarray
    except ModuleNotFoundError as error:
        raise MissingPackage("to_arviz", "arviz") from error
    draws = np.arange(run.draws.shape[1])
    where = {"chain": list(run.chains), "draw": draws, "parameter": list(run.names)}
    attributes = {
        "inference_library": "numfmt-hw",
        "inference_library_version": __version__,
        "machine": run.machine.name,
        "accumulator": str(run.kernel.accumulator),
        "format": str(run.format),
        "seed": run.seed,
    }
    groups: dict[str, Any] = {
        "posterior": xarray.Dataset(
            {PARAMETERS: (tuple(where), np.asarray(run.draws))}, coords=where, attrs=attributes
        ),
        "sample_stats": xarray.Dataset(
            {name: (("draw",), values) for name, values in run.stats.items()},
            coords={"draw": draws},
            attrs=attributes,
        ),
    }
    if hasattr(arviz, "InferenceData"):
        return arviz.InferenceData(**groups)
    return xarray.DataTree.from_dict(groups)
