"""Samples of a network: kept as codes of their formats, and averaged in prediction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import SamplerError
from .._numfmt import BlockCodes, Format, decode, encode, parse
from .._rounding import is_binary32, spelled_out
from ._needs import torch
from ._optimizer import Sampler

Array = npt.NDArray[Any]
ROWS_AT_ONCE = 500


class Samples:
    """Draws of a network's parameters, each in native codes of its format, with the statistics of
    batch norms in float32: eight-bit weights take a byte a parameter.

    >>> from lp_sampler.torch import SGLD
    >>> net = torch.nn.Linear(3, 2)
    >>> optimizer = SGLD(net.parameters(), "fixed<8,6>", lr=0.1, data_size=100)
    >>> samples = Samples(net)
    >>> samples.add(optimizer)
    >>> len(samples), samples.nbytes
    (1, 8)
    """

    def __init__(self, module: Any) -> None:
        self.names = [name for name, _ in module.named_parameters()]
        self.draws: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self.draws)

    def add(self, optimizer: Sampler, module: Any | None = None) -> None:
        """Keep the optimizer's draw, with `module`'s statistics of batch norms where it is given.

        SamplerError where the optimizer's parameters are not the module's.
        """
        params = [_coded(draw, format) for _, draw, format in optimizer.draws()]
        if len(params) != len(self.names):
            raise SamplerError(
                f"optimizer: it has {len(params)} parameters, the module {len(self.names)}"
            )
        buffers = {} if module is None else {name: b.clone() for name, b in _buffers(module)}
        self.draws.append({"params": params, "buffers": buffers})

    def load(self, number: int, module: Any) -> None:
        """Put draw `number` into a module's parameters and buffers."""
        draw, own = self.draws[number], dict(_buffers(module))
        with torch.no_grad():
            for stored, param in zip(draw["params"], module.parameters(), strict=True):
                param.copy_(torch.from_numpy(_values(stored)).view(param.shape))
            for name, value in draw["buffers"].items():
                own[name].copy_(value)

    @property
    def nbytes(self) -> int:
        """Bytes of one sample: codes, scales of blocks, and float32 statistics; 0 without any."""
        if not self.draws:
            return 0
        parts = [part for one in self.draws[0]["params"] for part in (one["codes"], one["scales"])]
        parts += self.draws[0]["buffers"].values()
        return sum(part.numel() * part.element_size() for part in parts if part is not None)

    def state_dict(self) -> list[dict[str, Any]]:
        """Plain data and tensors."""
        return list(self.draws)

    def load_state_dict(self, state: Iterable[dict[str, Any]]) -> None:
        """The draws that `state_dict` gave."""
        self.draws = list(state)


def _buffers(module: Any) -> list[tuple[str, Any]]:
    """Running statistics, without counts of batches."""
    return [(name, one) for name, one in module.named_buffers() if one.is_floating_point()]


def _coded(draw: Array, format: Format) -> dict[str, Any]:
    """A tensor's codes, of blocks with their scales."""
    if is_binary32(format):
        return {"format": "binary32", "codes": torch.from_numpy(draw.copy()), "scales": None}
    plain = spelled_out(format.bare())
    codes = encode(draw, plain)
    scales = None
    if isinstance(codes, BlockCodes):
        codes, scales = codes.codes, torch.from_numpy(np.ascontiguousarray(codes.scales))
    found = {"format": str(plain), "codes": torch.from_numpy(codes), "scales": scales}
    if not np.array_equal(_values(found), draw):
        raise SamplerError(f"optimizer: a draw is not of its format {format}")
    return found


def _values(stored: dict[str, Any]) -> npt.NDArray[np.float32]:
    codes = stored["codes"].numpy()
    if stored["format"] == "binary32":
        return np.asarray(codes, np.float32)
    if stored["scales"] is not None:
        codes = BlockCodes(codes, stored["scales"].numpy(), None)
    return np.asarray(decode(codes, parse(stored["format"]), dtype=np.float32))


def update_norms(module: Any, batches: Iterable[Any]) -> None:
    """Estimate the statistics of all batch norms anew, as means over `batches` of inputs.

    A sample's statistics belong to its weights: do it for each, before it predicts.  A module
    without batch norms is left as it is.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
    >>> update_norms(net, [torch.tensor([[0.0, 1.0], [2.0, 1.0]])])
    >>> net[0].running_mean
    tensor([1., 1.])
    """
    torch.optim.swa_utils.update_bn(batches, module)


def predict(module: Any, inputs: Any) -> npt.NDArray[np.float64]:
    """Probabilities of the classes (rows, classes) by the module as it is, without its training
    mode.

    >>> predict(torch.nn.Linear(3, 2), torch.zeros(4, 3)).shape
    (4, 2)
    """
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            parts = [module(part) for part in torch.split(inputs, ROWS_AT_ONCE)]
            return np.asarray(torch.softmax(torch.cat(parts).double(), dim=1).cpu().numpy())
    finally:
        module.train(was_training)


def average(module: Any, samples: Samples, inputs: Any) -> npt.NDArray[np.float64]:
    """Bayesian model averaging: the mean of the probabilities of all samples, in float64.  The
    module's parameters are the last sample's afterwards.

    SamplerError where there is no sample.
    """
    if not len(samples):
        raise SamplerError("samples: at least one is needed")
    total: Any = 0.0
    for number in range(len(samples)):
        samples.load(number, module)
        total = total + predict(module, inputs)
    return np.asarray(total / len(samples))
