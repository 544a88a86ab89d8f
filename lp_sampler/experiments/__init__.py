"""Experiments, one file each: data and settings of a claim that the command line can reproduce."""

from __future__ import annotations

import importlib
import pkgutil

from ._experiment import Check, Experiment

__all__ = ["Check", "Experiment", "experiments"]


def experiments() -> dict[str, Experiment]:
    """All experiments by number, in their order: the files e*.py of this folder."""
    names = [one.name for one in pkgutil.iter_modules(__path__) if one.name[:1] == "e"]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names if name[1].isdigit()]
    found = sorted((module.EXPERIMENT for module in modules), key=lambda one: int(one.number[1:]))
    return {one.number: one for one in found}
