"""What draws are worth: convergence, distances to a reference, predictions, and what low precision
adds of its own.

Draws have shape (chains, draws, parameters); results have one value a parameter unless they say
otherwise.  Nothing here needs more than NumPy.
"""

from ._distances import (
    sliced_wasserstein2,
    w2_sigma,
    w2_sigma_noise,
    wasserstein1,
    wasserstein2,
)
from ._lattice import Occupancy, grid_occupancy, grid_points, lattice_floor, lattice_kl
from ._mixing import (
    RELAXATIONS,
    effective_sample_size,
    ess_bulk,
    ess_tail,
    frozen,
    mcse,
    mcse_std,
    relaxations,
    rhat,
)
from ._moments import moment_scores
from ._predictions import (
    Calibration,
    accuracy,
    averaged_and_single,
    brier,
    calibration,
    ece,
    nll,
    scores,
)
from ._remedies import cannot_be_right, percent
from ._stein import ksd
from ._summary import QUANTILES, summary
from ._widths import standard_deviation, std_ratio, std_ratio_error

__all__ = [
    "QUANTILES",
    "RELAXATIONS",
    "Calibration",
    "Occupancy",
    "accuracy",
    "averaged_and_single",
    "brier",
    "calibration",
    "cannot_be_right",
    "ece",
    "effective_sample_size",
    "ess_bulk",
    "ess_tail",
    "frozen",
    "grid_occupancy",
    "grid_points",
    "ksd",
    "lattice_floor",
    "lattice_kl",
    "mcse",
    "mcse_std",
    "moment_scores",
    "nll",
    "percent",
    "relaxations",
    "rhat",
    "scores",
    "sliced_wasserstein2",
    "standard_deviation",
    "std_ratio",
    "std_ratio_error",
    "summary",
    "w2_sigma",
    "w2_sigma_noise",
    "wasserstein1",
    "wasserstein2",
]
