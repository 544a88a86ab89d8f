"""One row of the table with one seed: training, samples, checkpoints and scores."""

from __future__ import annotations

import dataclasses
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._batches import epoch_rows
from .._errors import StoreError
from .._files import write_whole
from .._numfmt import Key
from .._progress import Advance
from ..diagnostics import accuracy, ece, nll
from ..schedules import SWALP, Cyclical
from ._image_rows import BLOCKS, Row, machine_of_row
from ._needs import nn, torch
from ._numfmt import at_step, emulate
from ._optimizer import Sampler
from .networks import initialise, network
from .optimizers import SGD, SGLD, CyclicalSGLD
from .samples import Samples, average, predict, update_norms

COUNTED = ("saturated", "infeasible", "count")
SAMPLING, EXPLORATION = 1 / 3, 0.75
"""The last third of the epochs is sampled; of a cycle its last quarter."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can change a bit of a table, but the images.

    `images` training images, `width` channels of the first layer; step size `lr`, constant for the
    first half and then down a straight line to `final` of it at nine tenths; temperature of the
    posterior, 1 of which is Bayes'; `weight_decay` of the mean loss; fraction bits of fixed-point
    weights; cycles of the cyclical rows.
    """

    network: str = "cnn"
    width: int = 4
    images: int = 4000
    epochs: int = 12
    batch: int = 100
    lr: float = 0.1
    final: float = 0.1
    temperature: float = 0.1
    weight_decay: float = 1e-3
    fraction_bits: int = 7
    cycles: int = 3

    @property
    def steps_an_epoch(self) -> int:
        """Whole batches; what is left over goes to the next epoch."""
        return self.images // self.batch

    @property
    def steps(self) -> int:
        """Of a whole job."""
        return self.epochs * self.steps_an_epoch


@dataclasses.dataclass(frozen=True)
class Data:
    """Standardised images and labels, as tensors; a test set in one piece."""

    train: Any
    labels: Any
    test: Any
    answers: npt.NDArray[np.int64]
    classes: int


@dataclasses.dataclass
class Job:
    """A row with a seed at the end of an epoch."""

    row: Row
    seed: int
    settings: Settings
    data: Data

    def __post_init__(self) -> None:
        settings, shape = self.settings, self.data.train.shape
        size = tuple(shape[2:])
        self.key = Key(self.seed)
        self.machine = machine_of_row(self.row.arithmetic, settings.fraction_bits)
        net = network(settings.network, shape[1], self.data.classes, size, settings.width)
        initialise(net, self.key.fold_in("start"))
        self.net = net
        if self.row.arithmetic == BLOCKS:
            key = self.key.fold_in("layers")
            self.net = emulate(net, self.machine, rules=_rules(net), plan="host", key=key)
        self.optimizer = self._optimizer()
        self.samples = Samples(self.net)
        self.sums = dict.fromkeys(COUNTED, 0)
        self.epoch = 0

    def _optimizer(self) -> Sampler:
        settings, row = self.settings, self.row
        common: dict[str, Any] = {
            "accumulator": row.accumulator,
            "weight_decay": settings.weight_decay,
            "seed": self.seed,
        }
        params, decay = self.net.parameters(), SWALP(settings.lr, settings.steps, settings.final)
        if row.sampler == "sgd":
            return SGD(params, self.machine, decay, **common)
        warm: dict[str, Any] = {"temperature": settings.temperature, "data_size": settings.images}
        if row.sampler == "sgld":
            return SGLD(params, self.machine, decay, **common, **warm)
        cycle = settings.steps // settings.cycles
        cyclical = Cyclical(settings.lr, cycle, EXPLORATION)
        return CyclicalSGLD(params, self.machine, cyclical, **common, **warm)

    def run_epoch(self, advance: Advance) -> None:
        """The steps of one epoch, and the draw at its end where one is due."""
        self.net.train()
        for _ in range(self.settings.steps_an_epoch):
            self._step(self.optimizer.steps)
            advance(1)
        self.epoch += 1
        if self._is_sampling:
            batches = (self._inputs(step) for step in range(self.settings.steps_an_epoch))
            update_norms(self.net, batches)
            self.samples.add(self.optimizer, self.net)

    @property
    def _is_sampling(self) -> bool:
        """Is the network, as it is now, in the part of the run that is sampled?"""
        if self.row.sampler == "cyclical":
            return self.optimizer.is_sampling()
        return self.epoch > math.floor(self.settings.epochs * (1 - SAMPLING))

    def _rows(self, step: int) -> Any:
        key = self.key.fold_in("rows").at(step)
        return torch.from_numpy(epoch_rows(key, self.settings.images, self.settings.batch))

    def _inputs(self, step: int) -> Any:
        return self.data.train[self._rows(step)]

    def _step(self, step: int) -> None:
        self._set_step(step)
        rows = self._rows(step)
        self.optimizer.zero_grad()
        logits = self.net(self.data.train[rows])
        torch.nn.functional.cross_entropy(logits, self.data.labels[rows]).backward()
        self.optimizer.step()
        for name in COUNTED:
            self.sums[name] += getattr(self.optimizer.counts, name)

    def _set_step(self, step: int) -> None:
        """Layers that draw random bits take those of the step."""
        if self.row.arithmetic == BLOCKS:
            at_step(self.net, step)

    def scores(self) -> dict[str, float]:
        """Of the test images: `error`, `nll` and `ece` (15 bins of equal width) by the average over
        the samples, `single_...` by the last one alone; fractions of all steps' numbers that were
        infeasible or saturated; bytes of a sample.
        """
        self._set_step(self.optimizer.steps)
        probabilities = average(self.net, self.samples, self.data.test)
        alone = predict(self.net, self.data.test)
        found = self._scored(probabilities)
        found |= {f"single_{name}": value for name, value in self._scored(alone).items()}
        for name in ("infeasible", "saturated"):
            found[name] = self.sums[name] / self.sums["count"]
        return {**found, "bytes": self.samples.nbytes, "samples": len(self.samples)}

    def _scored(self, probabilities: npt.NDArray[np.float64]) -> dict[str, float]:
        answers = self.data.answers
        return {
            "error": 1 - accuracy(probabilities, answers),
            "nll": nll(probabilities, answers),
            "ece": ece(probabilities, answers),
        }

    def write(self, path: Path) -> None:
        """A checkpoint: all that the next epoch needs."""
        content = io.BytesIO()
        state = {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "samples": self.samples.state_dict(),
            "sums": self.sums,
            "epoch": self.epoch,
        }
        torch.save(state, content)
        write_whole(path, content.getbuffer())

    def read(self, path: Path) -> None:
        """Go on from a checkpoint; StoreError where it cannot be read."""
        try:
            state = torch.load(path, weights_only=True)
            self.net.load_state_dict(state["net"])
        except Exception as error:
            raise StoreError(f"{path} is damaged ({error}): remove it to begin again") from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.samples.load_state_dict(state["samples"])
        self.sums, self.epoch = state["sums"], state["epoch"]


def _rules(net: Any) -> dict[Any, Any]:
    """Where activations and errors are stored: what rectified units give, and, where norms follow,
    convolutions (Zhang, Wilson and De Sa's code).  Weights and gradients are the optimizer's.
    """
    kinds = {type(one) for one in net.modules()}
    has_norms = nn.BatchNorm2d in kinds
    stored = (nn.ReLU, nn.Conv2d) if has_norms else (nn.ReLU,)
    left = {
        kind: None for kind in kinds if kind not in stored and kind.__module__.startswith("torch")
    }
    left.pop(nn.Sequential, None)
    return {nn.Module: {"weight": None, "gradient": None}, **left}
