"""The record of a run: every argument that can change a bit, as plain data and stored arrays."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _zarr, targets
from ._errors import StoreError
from ._numfmt import Machine, __version__, machine
from ._plan import Plan, groups_of
from .kernels import KERNELS, Kernel
from .schedules import describe, schedule
from .targets import Target

Array = npt.NDArray[Any]

SCHEMA = "lp-sampler.run/1"
ARGUMENTS = ("draws", "warmup", "thin", "batch_size", "replacement", "seed")
LARGEST_TARGET = 1 << 24
"""Bytes of a target's arrays that are copied into a store; a larger one is handed in again."""


def attributes_of(plan: Plan, folder: Path) -> dict[str, Any]:
    """The plan as plain data; its arrays are written to the folder."""
    return {
        "schema": SCHEMA,
        "draws": plan.draws,
        "chains": [[group.start, len(group)] for group in groups_of(plan.chains)],
        "warmup": plan.warmup,
        "thin": plan.thin,
        "batch_size": plan.batch_size,
        "replacement": plan.replacement,
        "seed": plan.seed,
        "init": _stored(_plain_start(plan.given_init), "init", folder),
        "kernel": describe_kernel(plan.kernel),
        "machine": plan.machine.resolve(),
        "target": _describe_target(plan.target, "target", folder),
        "format": str(plan.format.bare()),
        "chunk": [plan.chains_of_a_piece, plan.draws_of_a_chunk],
        "versions": versions(),
    }


def _plain_start(init: Array) -> Any:
    return init.item() if init.size == 1 else init


def versions() -> dict[str, str]:
    """What a run's bits may depend on beside its arguments."""
    return {"numfmt-hw": __version__, "numpy": np.__version__}


def plan_of(
    attributes: dict[str, Any], folder: Path, target: Target | None, kernel: Kernel | None
) -> Plan:
    """The plan that `attributes_of` described; a target or kernel that it could not write down is
    handed in, and must be the same.
    """
    chains = [
        number for first, count in attributes["chains"] for number in range(first, first + count)
    ]
    plan = Plan.checked(
        _same_kernel(attributes["kernel"], kernel),
        _same_target(attributes["target"], folder, target),
        machine_of(attributes["machine"]),
        init=_loaded(attributes["init"], folder),
        chains=chains,
        **{name: attributes[name] for name in ARGUMENTS},
    )
    return dataclasses.replace(plan, chunk=tuple(attributes["chunk"]))


def describe_kernel(kernel: Kernel) -> dict[str, Any]:
    """The kernel's name and fields: numbers, texts, and schedules as `schedules.describe` has
    them.
    """
    names = {kind: name for name, kind in KERNELS.items()}
    fields = {field.name: getattr(kernel, field.name) for field in dataclasses.fields(kernel)}
    name = names.get(type(kernel), type(kernel).__qualname__)
    return {"name": name, **{field: _plain(value) for field, value in fields.items()}}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return describe(value)


def kernel_of(description: dict[str, Any]) -> Kernel:
    """The kernel so described; SamplerError where it holds a function."""
    fields: dict[str, Any] = {
        name: schedule(value, name) if isinstance(value, dict) else value
        for name, value in description.items()
        if name != "name"
    }
    return KERNELS[description["name"]](**fields)


def _same_kernel(description: dict[str, Any], given: Kernel | None) -> Kernel:
    if given is not None:
        if describe_kernel(given) != description:
            raise StoreError(f"kernel: the run's is {description}; got {describe_kernel(given)}")
        return given
    if description["name"] not in KERNELS or "callable" in json.dumps(description):
        raise StoreError(
            f"kernel: the run's has parts that cannot be stored: hand it in again, as kernel=; it "
            f"is {description}"
        )
    return kernel_of(description)


def machine_of(description: dict[str, Any]) -> Machine:
    """The machine so resolved."""
    handle, name = tempfile.mkstemp(suffix=".json")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(description, file)
        return machine(name)
    finally:
        os.unlink(name)


def _describe_target(target: Target, place: str, folder: Path) -> dict[str, Any]:
    """The target, its arrays below a place in the folder."""
    arguments = target.arguments()
    known = getattr(targets, type(target).__name__, None) is type(target)
    if not known or arguments is None or _bytes(arguments) > LARGEST_TARGET:
        stored = None
    else:
        stored = {
            name: _stored(value, f"{place}/{name}", folder) for name, value in arguments.items()
        }
    if stored is not None and (folder / place).exists():
        _zarr.write_group(folder / place, {})
    return {**target.describe(), "arguments": stored, "data_hash": target.data_hash()}


def _same_target(description: dict[str, Any], folder: Path, given: Target | None) -> Target:
    if given is None and description["arguments"] is None:
        raise StoreError(
            f"target: the run's {description['class']} is not in the store: hand it in again"
        )
    target = given if given is not None else _restored_target(description, folder)
    if target.data_hash() != description["data_hash"]:
        raise StoreError(
            "target: its data are not those of the run"
            if given is not None
            else f"{folder}: the stored target is not that of the run: it is damaged"
        )
    return target


def _restored_target(description: dict[str, Any], folder: Path) -> Target:
    arguments = {name: _loaded(value, folder) for name, value in description["arguments"].items()}
    kind: Callable[..., Target] = getattr(targets, description["class"])
    return kind(**arguments)


def _bytes(value: Any) -> int:
    """Of all arrays in the value."""
    if isinstance(value, Target):
        value = value.arguments()
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes, value))
    return value.nbytes if isinstance(value, np.ndarray) else 0


def _stored(value: Any, name: str, folder: Path) -> Any:
    """A value as plain data, its arrays written to the folder under the name."""
    if isinstance(value, Target):
        return {"target": _describe_target(value, name, folder)}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [_stored(item, f"{name}.{i}", folder) for i, item in enumerate(value)]
    if not isinstance(value, np.ndarray):
        return value
    if not value.ndim:
        return value.item()
    chunk = [max(1, length) for length in value.shape]
    _zarr.write_array(folder / name, value.shape, chunk, value.dtype)
    if value.size:
        _zarr.write_chunk(folder / name, [0] * value.ndim, value)
    return {"array": name}


def _loaded(plain: Any, folder: Path) -> Any:
    """What `_stored` stored, lists as tuples."""
    if isinstance(plain, list):
        return tuple(_loaded(item, folder) for item in plain)
    if not isinstance(plain, dict):
        return plain
    if "target" in plain:
        return _restored_target(plain["target"], folder)
    path = folder / plain["array"]
    metadata = _zarr.read_metadata(path)
    shape, dtype = metadata["shape"], np.dtype(metadata["data_type"])
    if 0 in shape:
        return np.zeros(shape, dtype)
    place: Sequence[int] = [0] * len(shape)
    return np.array(_zarr.read_chunk(path, place, shape, dtype, check=True))
