"""Targets: the distributions that are sampled, one file each."""

from ._target import Target
from .banana import Banana
from .control_variates import ControlVariates
from .custom import Custom
from .gaussian import Gaussian
from .lasso import Lasso
from .linear import LinearRegression
from .logistic import LogisticRegression
from .mixture import GaussianMixture
from .mlp import MLP
from .poisson import PoissonRegression
from .quartic import Quartic
from .softmax import SoftmaxRegression

TARGETS: dict[str, type[Target]] = {
    target.__name__: target
    for target in (
        MLP,
        Banana,
        Gaussian,
        GaussianMixture,
        Lasso,
        LinearRegression,
        LogisticRegression,
        PoissonRegression,
        Quartic,
        SoftmaxRegression,
    )
}
"""The targets that a configuration file can name: those made from numbers alone."""

__all__ = [
    "MLP",
    "TARGETS",
    "Banana",
    "ControlVariates",
    "Custom",
    "Gaussian",
    "GaussianMixture",
    "Lasso",
    "LinearRegression",
    "LogisticRegression",
    "PoissonRegression",
    "Quartic",
    "SoftmaxRegression",
    "Target",
]
