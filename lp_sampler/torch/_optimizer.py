"""Samplers as optimizers of PyTorch: a step of a kernel on every parameter."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from .._numfmt import Format, Key, Machine, Report, context
from .._numfmt import machine as machine_named
from .._plan import check_count
from .._record import machine_of
from ..kernels import Kernel, State, StepInfo
from ..schedules import Schedule, at_step, describe, schedule
from ._given import Given
from ._needs import torch

Array = npt.NDArray[Any]

POSITION = "sampler"
SCHEDULES = ("lr", "temperature")
OWN = (*SCHEDULES, "machine", "accumulator", "weight_decay")
"""The options of every sampler; further ones are fields of its kernel."""


@dataclasses.dataclass
class Counts:
    """Of the last step, over all parameters: how many numbers there are, and how many were
    saturated (in the accumulator, or when weights were rounded from it), infeasible or left as
    they were.
    """

    count: int = 0
    saturated: int = 0
    infeasible: int = 0
    frozen: int = 0

    def add(self, info: StepInfo, saturated_before: int) -> None:
        """One tensor's."""
        self.count += info.count
        self.saturated += info.saturated + saturated_before
        self.infeasible += info.infeasible
        self.frozen += info.frozen


@dataclasses.dataclass(frozen=True)
class Place:
    """A parameter, the number of its first element among all, its group and the group's kernel."""

    param: Any
    first: int
    group: dict[str, Any]
    kernel: Kernel
    machine: Machine

    @property
    def shape(self) -> tuple[int, int]:
        """(output channels, numbers of each); one row where there is one axis or none."""
        shape = self.param.shape
        return (int(shape[0]), -1) if len(shape) > 1 else (1, -1)

    def rows(self, tensor: Any) -> Array:
        """A tensor's own memory, where the CPU has it, as an array of that shape."""
        array: Array = tensor.detach().cpu().numpy()
        return array.reshape(self.shape)

    @property
    def is_draw(self) -> bool:
        """Are the kernel's draws where it takes its gradients, and not averages of these?"""
        return type(self.kernel).trained is Kernel.trained

    @property
    def holds_all(self) -> bool:
        """Does the parameter hold the draws as the chain goes on from them?"""
        stored = self.kernel.formats(self.machine)["accumulator"]
        return self.is_draw and stored.bare() == self.machine.weight.bare()

    def columns(self) -> int:
        """Numbers of a row."""
        return int(self.rows(self.param).shape[1])


class Sampler(torch.optim.Optimizer):
    """Base of the samplers in an optimizer's shape; `SGLD` and the others say which.

    Each parameter is one tensor of the kernel's state, (output channels, numbers of each): formats
    of blocks along the last axis never cross channels, and a parameter of one axis is one row.  The
    loss whose gradient `backward` leaves is the mean over a batch of the negative log likelihood;
    with n = `data_size` rows, a step samples
    ``exp(-(n / temperature) (mean loss + weight_decay / 2 |theta|**2))``: the posterior is
    temperature 1, with a prior N(0, 1 / (n weight_decay)), whose gradient is added in the machine's
    vector unit, before the gradient is rounded.

    The parameters hold what the machine reads in the next forward pass: the weights.  Where an
    accumulator keeps more (`full`, `blend`, `error_feedback`), that is in the optimizer's state.
    """

    kernel_type: ClassVar[type[Kernel]]
    fields: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, params: Any, machine: Any, data_size: int | None, seed: int, options: dict[str, Any]
    ) -> None:
        if data_size is not None:
            check_count("data_size", data_size, 1)
        check_count("seed", seed, 0)
        self.data_size, self.seed, self.steps = data_size, seed, 0
        self.counts = Counts()
        self._kernels: dict[int, tuple[Kernel, Machine]] = {}
        self._left: dict[Any, int] = {}
        super().__init__(params, {"machine": machine_named(machine), **options})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """A group with options of its own: `machine` for formats of a layer's own, and any other
        but the seed and the data's size.
        """
        if "machine" in param_group:
            param_group["machine"] = machine_named(param_group["machine"])
        for name in param_group:
            known = ("params", "param_names", *OWN, *self.fields)
            if name not in known:
                raise SamplerError(f"params: {name!r} is no option; allowed: {', '.join(known)}")
        super().add_param_group(param_group)
        try:
            for place in self._places(self.param_groups[-1:]):
                _check(place.param)
            self._begin(self.param_groups[-1])
        except Exception:
            self.param_groups.pop()
            raise

    def _begin(self, group: dict[str, Any]) -> None:
        """Round the group's parameters to the format that the chain lives in."""
        for place in self._places():
            if place.group is group:
                evaluate = Given.of(place.machine, self._key(place), place.columns())
                start = place.rows(place.param).copy()
                self._keep(place, place.kernel.init(start, evaluate, evaluate.key))
                self._show(place)

    def _key(self, place: Place) -> Key:
        """At the next step."""
        return Key(self.seed).at(self.steps, first=place.first)

    def _of_group(self, group: dict[str, Any]) -> tuple[Kernel, Machine]:
        """The kernel of a group's options, made once."""
        fields = {"step_size": group["lr"], "accumulator": group["accumulator"]}
        fields |= {name: group[name] for name in self.fields}
        if "temperature" in group:
            fields["temperature"] = group["temperature"]
        found, machine = self._kernels.get(id(group), (None, None))
        if found is None or machine is not group["machine"] or found != self.kernel_type(**fields):
            if not group["machine"].formats:
                raise SamplerError(f"machine: {group['machine'].name!r} stores no tensors")
            _check_decay(group["weight_decay"])
            self._kernels[id(group)] = self.kernel_type(**fields), group["machine"]
        return self._kernels[id(group)]

    def _places(self, groups: list[dict[str, Any]] | None = None) -> Iterator[Place]:
        """All parameters in their order, elements numbered through all of them."""
        first = 0
        for group in self.param_groups if groups is None else groups:
            kernel, machine = self._of_group(group)
            for param in group["params"]:
                yield Place(param, first, group, kernel, machine)
                first += param.numel()

    def _state(self, place: Place) -> State:
        """The kernel's state of a parameter; the parameter's memory where it is all of it."""
        kept = self.state[place.param]
        arrays = {name: place.rows(value) for name, value in kept.items()}
        params = arrays.pop("params", None)
        if params is None:
            params = place.rows(place.param)
        return State(params, place.kernel.formats(place.machine)["accumulator"], arrays)

    def _keep(self, place: Place, state: State) -> None:
        """Store a state: in the parameter itself where that is what the machine reads."""
        arrays = dict(state.arrays)
        if place.holds_all:
            _write(place.param, state.params)
        else:
            arrays["params"] = state.params
        self.state[place.param] = {name: _tensor(value, place) for name, value in arrays.items()}

    def _show(self, place: Place) -> None:
        """Let the parameter hold the weights of the next step's forward pass."""
        state, report = self._state(place), Report()
        trained, format = place.kernel.trained(state, place.machine)
        evaluate = Given.of(place.machine, self._key(place), place.columns())
        weights = evaluate.weights(trained, format, report)
        if not place.holds_all:
            _write(place.param, weights)
        self._left[place.param] = report.saturated

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of every parameter that has a gradient; `closure` is called first and its loss
        returned.  All or nothing: where a number cannot be rounded, no parameter has moved.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        places = [place for place in self._places() if place.param.grad is not None]
        with context(nan="error"):
            done = [self._stepped(place) for place in places]
        self.counts = Counts()
        for place, (_, info) in zip(places, done, strict=True):
            self.counts.add(info, self._left.get(place.param, 0))
        self.steps += 1
        for place, (state, _) in zip(places, done, strict=True):
            self._keep(place, state)
        with context(nan="error"):
            for place in self._places():
                self._show(place)
        return loss

    def _stepped(self, place: Place) -> tuple[State, StepInfo]:
        group, step = place.group, self.steps
        temperature = at_step(group.get("temperature", 0.0), step, "temperature")
        evaluate = Given.of(place.machine, self._key(place), place.columns(), self._slope(place))
        return place.kernel.step(
            self._state(place),
            evaluate,
            step_size=at_step(group["lr"], step, "lr"),
            temperature=temperature / (self.data_size or 1),
            key=evaluate.key,
        )

    def _slope(self, place: Place) -> Array:
        """The gradient of the mean log density, its prior included."""
        grad = place.param.grad
        if grad.is_sparse:
            raise SamplerError("params: sparse gradients are not supported")
        slope = np.negative(place.rows(grad.contiguous()))
        decay = place.group["weight_decay"]
        if not decay:
            return slope
        unit = Given.of(place.machine, self._key(place).fold_in("prior"), slope.shape[1]).unit
        weights = place.rows(place.param)
        return unit.subtract(slope, unit.multiply(weights, slope.dtype.type(decay)))

    def is_sampling(self) -> bool:
        """Does the last step's draw count?  Not while a cyclical step size explores."""
        step = max(self.steps - 1, 0)
        return all(self._of_group(group)[0].is_sampling(step) for group in self.param_groups)

    def draws(self) -> Iterator[tuple[Any, Array, Format]]:
        """Of every parameter: it, its draw (output channels, numbers of each) and its format.

        The draw is what the parameter holds, weights in the machine's format; of `SWALP` it is the
        average.
        """
        for place in self._places():
            if place.is_draw:
                yield place.param, place.rows(place.param), place.machine.weight
            else:
                state = self._state(place)
                yield place.param, state.params, state.format

    def state_dict(self) -> dict[str, Any]:
        """Plain data and tensors: options, schedules and machines written out, every array of the
        accumulators, and where the random bits are: seed and step.  `torch.load` reads it with
        ``weights_only``.
        """
        found: dict[str, Any] = super().state_dict()
        for group in found["param_groups"]:
            group["machine"] = group["machine"].resolve()
            for name in SCHEDULES:
                if name in group:
                    group[name] = describe(group[name])
        kind = type(self).__name__
        place = {"kind": kind, "seed": self.seed, "step": self.steps, "data_size": self.data_size}
        return {**found, POSITION: place}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there, to the same bytes.  The module's own ``state_dict`` is loaded before:
        parameters that are all of the chain's state are not stored twice.  A schedule that is a
        function cannot be stored and is kept as this optimizer has it.
        """
        position = state_dict.get(POSITION)
        if position is None or position["kind"] != type(self).__name__:
            got = "none" if position is None else position["kind"]
            raise SamplerError(f"state_dict: one of {type(self).__name__} is needed; got {got}")
        stored = state_dict["param_groups"]
        if len(stored) == len(self.param_groups):
            pairs = zip(stored, self.param_groups, strict=True)
            stored = [{**group, **_read(group, own)} for group, own in pairs]
        super().load_state_dict({"state": state_dict["state"], "param_groups": stored})
        self.seed, self.steps = operator.index(position["seed"]), operator.index(position["step"])
        self.data_size = position["data_size"]
        self._kernels.clear()
        for place in self._places():
            self._show(place)

    def __getstate__(self) -> dict[str, Any]:
        own = {"seed": self.seed, "steps": self.steps, "data_size": self.data_size}
        return {**super().__getstate__(), **own, "counts": self.counts, "_kernels": {}, "_left": {}}


def _read(group: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A stored group's machine and schedules."""
    found: dict[str, Any] = {"machine": machine_of(group["machine"])}
    for name in SCHEDULES:
        if name in group:
            stored = group[name]
            by_function = isinstance(stored, dict) and stored.get("kind") == "callable"
            if by_function and describe(own[name]) != stored:
                raise SamplerError(
                    f"state_dict: {name} was the function {stored['name']}, which cannot be "
                    f"stored; the optimizer has {describe(own[name])}"
                )
            found[name] = own[name] if by_function else schedule(stored, name)
    return found


def _write(param: Any, rows: Array) -> None:
    param.detach().copy_(torch.from_numpy(np.ascontiguousarray(rows)).view(param.shape))


def _tensor(array: Array, place: Place) -> Any:
    tensor = torch.from_numpy(np.ascontiguousarray(array)).view(place.param.shape)
    return tensor.to(place.param.device)


def _check(param: Any) -> None:
    if param.dtype != torch.float32 or not param.is_contiguous():
        raise SamplerError(
            f"params: contiguous float32 parameters are allowed; got {param.dtype}, strides "
            f"{param.stride()}"
        )


def _check_decay(decay: object) -> None:
    is_number = isinstance(decay, (int, float)) and not isinstance(decay, bool)
    if not is_number or not 0 <= decay < float("inf"):  # type: ignore[operator]
        raise SamplerError(f"weight_decay: a finite number >= 0 is allowed; got {decay!r}")


__all__ = ["Counts", "Sampler", "Schedule"]
