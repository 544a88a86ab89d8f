"""Targets: the distributions that are sampled, one file each."""

from ._target import Target
from .custom import Custom
from .gaussian import Gaussian
from .logistic import LogisticRegression

__all__ = ["Custom", "Gaussian", "LogisticRegression", "Target"]
