"""Models whose layers' outputs are rounded."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from .._errors import NumfmtError, unknown

# QPyTorch's lists, by the names of PyTorch's classes; D stands for 1d, 2d, 3d
_LAYERS = {
    "conv": "ConvD ConvTransposeD Unfold Fold",
    "linear": "Linear Bilinear",
    "pool": "MaxPoolD MaxUnpoolD AvgPoolD FractionalMaxPool2d LPPool1d LPPool2d AdaptiveMaxPoolD "
    "AdaptiveAvgPoolD",
    "pad": "ReflectionPad1d ReflectionPad2d ReplicationPad1d ReplicationPad2d ZeroPad2d "
    "ConstantPadD",
    "activation": "ELU Hardshrink Hardtanh LeakyReLU LogSigmoid PReLU ReLU ReLU6 RReLU SELU "
    "Sigmoid Softplus Softshrink Softsign Tanh Tanhshrink Threshold Softmin Softmax Softmax2d "
    "LogSoftmax",
    "normalization": "BatchNormD GroupNorm InstanceNormD LayerNorm LocalResponseNorm",
    "dropout": "Dropout Dropout2d Dropout3d AlphaDropout",
    "loss": "L1Loss MSELoss CrossEntropyLoss NLLLoss PoissonNLLLoss KLDivLoss BCELoss "
    "BCEWithLogitsLoss MarginRankingLoss HingeEmbeddingLoss MultiLabelMarginLoss SmoothL1Loss "
    "SoftMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss TripletMarginLoss",
}


def _classes(layer_type: str) -> tuple[type, ...]:
    names = [
        name.removesuffix("D") + end if name.endswith("D") else name
        for name in _LAYERS[layer_type].split()
        for end in (("1d", "2d", "3d") if name.endswith("D") else ("",))
    ]
    return tuple(getattr(nn, name) for name in names)


class Rounds:
    """What a layer does with its output."""

    def __init__(self, quantizer: nn.Module) -> None:
        self.quantizer = quantizer

    def __call__(self, module: nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
        """The output, rounded."""
        rounded: torch.Tensor = self.quantizer(output)
        return rounded


def lowered(model: nn.Module, layer_types: Iterable[str], quantizer: nn.Module) -> nn.Module:
    """A copy whose layers of these types round their outputs; names and parameters stay."""
    wanted: tuple[type, ...] = ()
    for layer_type in layer_types:
        if layer_type not in _LAYERS:
            raise NumfmtError(unknown("layer_types", layer_type, _LAYERS))
        wanted += _classes(layer_type)
    made = copy.deepcopy(model)
    for name, module in made.named_modules():
        if type(module) in wanted:
            module.register_forward_hook(Rounds(quantizer))
        elif isinstance(module, nn.MultiheadAttention) and nn.Linear in wanted:
            raise NumfmtError(
                f"module {name!r} is a MultiheadAttention, whose products are no layers of its "
                f"own; numfmt.torch.emulate knows it"
            )
    return made
