"""Any network of PyTorch as a target of `lp_sampler.sample`."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._arithmetic import needs_bits
from .._errors import SamplerError
from .._numfmt import Key, Machine
from ..targets import Target as BaseTarget
from ..targets._averages import averaged_scores
from ..targets._target import Array, Rows
from ._needs import nn, torch
from ._numfmt import at_step, emulate

SCALES = ("sum", "mean")
ROWS_AT_ONCE, ROWS_OF_A_HASH = 500, 16
NAMED_SIZE = 10_000
STEP_BITS = 48


class Target(BaseTarget):
    """The posterior of a module's parameters, prior N(0, prior_scale**2) on each.

    `loss(output, labels)` is a batch's mean negative log likelihood; `loader` a
    `torch.utils.data.DataLoader` whose dataset gives (input, label), the same for a number each
    time: rows are picked by `sample`, not by the loader's shuffling.  Parameters are the module's,
    laid end to end; chains start from those that it has.  ``scale="mean"`` divides log density and
    gradient by the number of rows, as networks are trained: a step size of theirs then has its
    usual meaning, and temperature 1 / rows is the posterior's.

    On a machine the module is emulated (`numfmt.torch.emulate`, with `rules` and `plan`; ``"host"``
    leaves the products to PyTorch): layers and their gradients are products by its datapaths, and
    activations and errors are stored in its formats.  Its mode, training or evaluation, is kept,
    and the module itself is never changed; PyTorch's own sums can depend on its number of threads.

    `test`, a loader too, has the rows that `predict` and `scores` are about.

    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> rows = TensorDataset(torch.eye(4), torch.tensor([0, 1, 0, 1]))
    >>> net = nn.Linear(4, 2)
    >>> target = Target(net, nn.functional.cross_entropy, DataLoader(rows))
    >>> target.size, target.data_size, target.gradient(np.zeros((3, 10), np.float32)).shape
    (10, 4, (3, 10))
    """

    def __init__(
        self,
        module: Any,
        loss: Callable[[Any, Any], Any],
        loader: Any,
        *,
        prior_scale: float = 1.0,
        scale: str = "sum",
        rules: Any = None,
        plan: Any = None,
        test: Any = None,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise SamplerError(f"module: a torch.nn.Module is needed; got {type(module).__name__}")
        if not 0 < prior_scale < np.inf:
            raise SamplerError(
                f"prior_scale: a finite positive number is allowed; got {prior_scale}"
            )
        if scale not in SCALES:
            raise SamplerError(f"scale: one of {', '.join(SCALES)} is allowed; got {scale!r}")
        self._module, self._loss, self._loader, self._test = module, loss, loader, test
        self.prior_scale, self.scale, self._rules, self._plan = prior_scale, scale, rules, plan
        self._shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        self.size = sum(math.prod(shape) for shape in self._shapes.values())
        self.data_size = _rows_of(loader, "loader")
        if not self.size:
            raise SamplerError("module: it has no parameters")
        self.names = _names(self._shapes, self.size)
        self._is_emulated = False
        self._local: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_local": None}

    def describe(self) -> dict[str, Any]:
        """Shapes, loss and prior beside what every target tells."""
        loss = getattr(self._loss, "__qualname__", type(self._loss).__qualname__)
        return {
            **super().describe(),
            "module": type(self._module).__qualname__,
            "parameters": {name: list(shape) for name, shape in self._shapes.items()},
            "loss": loss,
            "prior_scale": self.prior_scale,
            "scale": self.scale,
        }

    def _values_at_points(self) -> list[Array]:
        """At the module's own parameters, of a few rows."""
        assert self.data_size is not None
        step = -(-self.data_size // ROWS_OF_A_HASH)
        return list(self.evaluate(self._own[None], np.arange(self.data_size)[::step]))

    @property
    def _own(self) -> Array:
        """The module's parameters, end to end."""
        parts = [p.detach().cpu().numpy().ravel() for p in self._module.parameters()]
        return np.concatenate(parts).astype(np.float32)

    def start(self, key: Key, shape: tuple[int, int]) -> Array:
        """The module's own parameters for every chain."""
        return np.broadcast_to(self._own, shape)

    def on(self, machine: Machine, key: Key) -> Target:
        """The target with its module emulated."""
        bound = super().on(machine, key)
        assert isinstance(bound, Target)
        bound._module = self._emulated(machine, key)
        bound._is_emulated, bound._local = needs_bits(machine), None
        return bound

    def _emulated(self, machine: Machine, key: Key) -> Any:
        """Weights come in their format already, and gradients are rounded by the kernel."""
        weight = machine.weight.replace(rounding="nearest_even")
        rules = {nn.Module: {"weight": weight, "gradient": None}, **(self._rules or {})}
        draws = key.fold_in("module") if needs_bits(machine) else None
        return emulate(self._module, machine, rules=rules, plan=self._plan, key=draws)

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        losses = [self._loss_of(number, one, rows)[0] for number, one in enumerate(params)]
        return self._density(params, losses)

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        return self.evaluate(params, rows)[1]

    def evaluate(self, params: Array, rows: Rows | None = None) -> tuple[Array, Array]:
        """Log density and gradient, with the forward pass in common."""
        found = [self._loss_of(number, one, rows, True) for number, one in enumerate(params)]
        losses, slopes = zip(*found, strict=True)
        unit, number = self.arithmetic.unit, params.dtype.type
        gradient = np.negative(np.stack(slopes))
        if self._factor != 1:
            gradient = unit.multiply(gradient, number(self._factor))
        prior = unit.multiply(params, number(self._prior_precision))
        return self._density(params, list(losses)), unit.subtract(gradient, prior)

    @property
    def _factor(self) -> int:
        """What the mean loss is multiplied by."""
        return self.data_size or 1 if self.scale == "sum" else 1

    @property
    def _prior_precision(self) -> float:
        return self.prior_scale**-2 / (1 if self.scale == "sum" else self.data_size or 1)

    def _density(self, params: Array, losses: list[float]) -> Array:
        squares = np.square(params, dtype=np.float64).sum(axis=1)
        total = -np.asarray(losses, np.float64) * self._factor
        return np.asarray(total - squares * (self._prior_precision / 2), params.dtype)

    def _loss_of(
        self, chain: int, params: Array, rows: Rows | None, with_slope: bool = False
    ) -> tuple[float, Array]:
        """The mean loss of rows by one chain's parameters, and its gradient."""
        count = self.data_size if rows is None else len(rows)
        total, slope = 0.0, np.zeros(self.size if with_slope else 0, params.dtype)
        for part in _parts(self.data_size or 0, rows):
            tensors = self._tensors(params, with_slope)
            inputs, labels = _batch(self._loader, part, params.dtype)
            self._set_bits(chain, int(part[0]))
            loss = self._loss(self._call(tensors, inputs), labels)
            share = len(part) / (count or 1)
            total += share * float(loss.detach())
            if with_slope:
                parts = torch.autograd.grad(loss, list(tensors.values()))
                flat = np.concatenate([one.detach().numpy().ravel() for one in parts])
                slope = flat if share == 1 else slope + flat * params.dtype.type(share)
        return total, slope

    def _tensors(self, params: Array, with_slope: bool) -> dict[str, Any]:
        """The module's parameters by name."""
        flat, found, begin = torch.from_numpy(np.ascontiguousarray(params)), {}, 0
        for name, shape in self._shapes.items():
            end = begin + math.prod(shape)
            found[name] = flat[begin:end].view(shape).clone().requires_grad_(with_slope)
            begin = end
        return found

    @property
    def _threads_module(self) -> Any:
        """A copy for each thread: a call puts parameters into it."""
        if self._local is None:
            self._local = threading.local()
        if not hasattr(self._local, "module"):
            self._local.module = copy.deepcopy(self._module)
        return self._local.module

    def _call(self, tensors: dict[str, Any], inputs: Any) -> Any:
        """The module's output; its buffers stay as they are."""
        module, dtype = self._threads_module, next(iter(tensors.values())).dtype
        buffers = {
            name: one.to(dtype) if one.is_floating_point() else one.clone()
            for name, one in module.named_buffers()
        }
        buffers = {name: one.clone() for name, one in buffers.items()}
        return torch.func.functional_call(module, {**tensors, **buffers}, (inputs,))

    def _set_bits(self, chain: int, row: int) -> None:
        """Random bits of this step, chain and part of the rows."""
        if self._is_emulated:
            key = self.arithmetic.key_of(chain)
            number = key.fold_in(key.call, row).philox % (1 << STEP_BITS)
            at_step(self._threads_module, number)

    @property
    def test_classes(self) -> Array | None:
        """Labels of the test rows."""
        if self._test is None:
            return None
        return np.concatenate([one[1].numpy() for one in _whole(self._test, np.dtype(np.float32))])

    def predict(self, params: Array) -> Array:
        """Probabilities of the classes by each of `params` (draws, size), of the test rows: shape
        (draws, rows, classes).  In evaluation mode; SamplerError where there are no test rows.
        """
        if self._test is None:
            raise SamplerError("test: the target has no test rows to predict")
        draws = np.ascontiguousarray(params, np.float32)
        return np.stack([self._predicted(number, one) for number, one in enumerate(draws)])

    def _predicted(self, number: int, params: Array) -> Array:
        module, found = self._threads_module, []
        was_training = module.training
        module.eval()
        try:
            for place, (inputs, _) in enumerate(_whole(self._test, params.dtype)):
                self._set_bits(number, place)
                with torch.no_grad():
                    logits = self._call(self._tensors(params, False), inputs)
                found.append(torch.softmax(logits.double(), dim=-1).numpy())
        finally:
            module.train(was_training)
        return np.concatenate(found)

    def scores(self, draws: Array) -> dict[str, float]:
        """`nll` a row and `accuracy` of the test rows, by the mean prediction over draws (chain,
        draw, parameter): Bayesian model averaging.
        """
        labels = self.test_classes
        return {} if labels is None else averaged_scores(self.predict, draws, labels)


def _rows_of(loader: Any, name: str) -> int:
    dataset: Any = getattr(loader, "dataset", None)
    if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__") or not len(dataset):
        raise SamplerError(
            f"{name}: a DataLoader of a dataset with numbered rows is needed; got "
            f"{type(loader).__name__}"
        )
    return len(dataset)


def _names(shapes: dict[str, tuple[int, ...]], size: int) -> tuple[str, ...]:
    """name[number] of each parameter; numbers alone in large networks."""
    if size > NAMED_SIZE:
        return tuple(f"theta{i}" for i in range(size))
    return tuple(f"{name}[{i}]" for name, shape in shapes.items() for i in range(math.prod(shape)))


def _parts(data_size: int, rows: Rows | None) -> Iterator[Rows]:
    """Rows in parts that memory holds: of a batch one, of all rows several."""
    if rows is not None:
        yield rows
        return
    for begin in range(0, data_size, ROWS_AT_ONCE):
        yield np.arange(begin, min(begin + ROWS_AT_ONCE, data_size))


def _whole(loader: Any, dtype: np.dtype[Any]) -> Iterator[tuple[Any, Any]]:
    """All rows of a loader's dataset, in order."""
    for part in _parts(_rows_of(loader, "test"), None):
        yield _batch(loader, part, dtype)


def _batch(loader: Any, rows: Rows, dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Inputs, in `dtype` where they are floats, and labels of rows."""
    dataset = loader.dataset
    if isinstance(dataset, torch.utils.data.TensorDataset):
        batch = dataset[torch.from_numpy(np.ascontiguousarray(rows))]
    else:
        batch = loader.collate_fn([dataset[int(row)] for row in rows])
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise SamplerError("loader: its dataset must give (input, label) for each row")
    inputs, labels = batch
    if inputs.is_floating_point():
        inputs = inputs.to(torch.float64 if dtype == np.float64 else torch.float32)
    return inputs, labels
