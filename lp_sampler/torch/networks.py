"""Image networks: the CIFAR form of ResNet-18, VGG-like nets and a small CNN.

Every activation is a module of its own with a name of its own (`conv1`, `relu1`, ...), so that
`numfmt.torch.emulate` can quantise it.  All take images (batch, channels, height, width) of any
size that their poolings leave a pixel of, and give logits (batch, classes).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._errors import SamplerError, unknown
from .._numfmt import Key, gaussian
from .._plan import check_count
from ._needs import nn, torch

RESNET_STRIDES = (1, 2, 2, 2)
BLOCKS_OF_A_STAGE = 2
VGG_STAGES = {
    11: ((1,), (2,), (4, 4), (8, 8), (8, 8)),
    13: ((1, 1), (2, 2), (4, 4), (8, 8), (8, 8)),
    16: ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8)),
}
"""Widths of the convolutions between poolings, in units of the first one's."""


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is a 1 x 1 convolution where the shape
    changes (He et al. 2016).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(outputs), nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(outputs), nn.ReLU()
        self.shortcut: Any = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Any) -> Any:
        """Images in, images out."""
        inner = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(inner + self.shortcut(x))


def resnet18(channels: int = 3, classes: int = 10, *, width: int = 64) -> Any:
    """ResNet-18 in the form for CIFAR: a 3 x 3 stem without pooling, four stages of two blocks with
    `width`, 2, 4 and 8 times as many channels, the mean over all pixels and one linear layer.

    >>> net = resnet18(channels=1, width=4)
    >>> net(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """
    _check(channels=channels, classes=classes, width=width)
    layers: list[tuple[str, Any]] = [
        ("conv1", nn.Conv2d(channels, width, 3, 1, 1, bias=False)),
        ("bn1", nn.BatchNorm2d(width)),
        ("relu1", nn.ReLU()),
    ]
    inputs = width
    for stage, stride in enumerate(RESNET_STRIDES):
        for number in range(BLOCKS_OF_A_STAGE):
            block = ResidualBlock(inputs, width << stage, stride if number == 0 else 1)
            layers.append((f"block{stage + 1}_{number + 1}", block))
            inputs = width << stage
    return nn.Sequential(OrderedDict([*layers, *_head(inputs, classes)]))


def vgg(
    channels: int = 3, classes: int = 10, *, depth: int = 16, width: int = 64, norm: bool = True
) -> Any:
    """A VGG-like net (Simonyan and Zisserman 2015): stages of 3 x 3 convolutions, batch norm where
    `norm`, and rectified units, a 2 x 2 pooling after each stage, the mean over the pixels that are
    left and one linear layer.  `depth` is 11, 13 or 16; `width` the first stage's channels.

    Images need 32 pixels a side; poolings of smaller ones keep odd edges.

    >>> vgg(channels=1, depth=11, width=4)(torch.zeros(1, 1, 28, 28)).shape
    torch.Size([1, 10])
    """
    _check(channels=channels, classes=classes, width=width)
    if depth not in VGG_STAGES:
        raise SamplerError(f"depth: {', '.join(map(str, VGG_STAGES))} are allowed; got {depth!r}")
    layers: list[tuple[str, Any]] = []
    inputs = channels
    for stage, factors in enumerate(VGG_STAGES[depth], 1):
        for number, factor in enumerate(factors, 1):
            name, outputs = f"{stage}_{number}", width * factor
            layers.append((f"conv{name}", nn.Conv2d(inputs, outputs, 3, 1, 1, bias=not norm)))
            if norm:
                layers.append((f"bn{name}", nn.BatchNorm2d(outputs)))
            layers.append((f"relu{name}", nn.ReLU()))
            inputs = outputs
        layers.append((f"pool{stage}", nn.MaxPool2d(2, ceil_mode=True)))
    return nn.Sequential(OrderedDict([*layers, *_head(inputs, classes)]))


def small_cnn(
    channels: int = 1, classes: int = 10, *, width: int = 8, size: Sequence[int] = (28, 28)
) -> Any:
    """Two 5 x 5 convolutions of `width` and 2 `width` channels, each rectified and pooled 2 x 2,
    and one linear layer: minutes on a CPU.  `size` is the images' (height, width).

    >>> sum(p.numel() for p in small_cnn(width=8).parameters())
    11274
    """
    _check(channels=channels, classes=classes, width=width)
    if len(size) != 2 or min(size) < 4:
        raise SamplerError(f"size: (height, width), at least 4 each, is needed; got {size!r}")
    pixels = (size[0] // 4) * (size[1] // 4)
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, width, 5, 1, 2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(width, 2 * width, 5, 1, 2),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            linear=nn.Linear(2 * width * pixels, classes),
        )
    )


def _head(inputs: int, classes: int) -> list[tuple[str, Any]]:
    return [
        ("mean", nn.AdaptiveAvgPool2d(1)),
        ("flatten", nn.Flatten()),
        ("linear", nn.Linear(inputs, classes)),
    ]


NETWORKS = {"cnn": small_cnn, "resnet18": resnet18, "vgg": vgg}
"""The networks by name."""
WIDTHS = {"cnn": 8, "resnet18": 64, "vgg": 64}


def network(
    name: str, channels: int, classes: int, size: Sequence[int], width: int | None = None
) -> Any:
    """The network of that name for images of that size; `width` by default as published."""
    if name not in NETWORKS:
        raise unknown("network", name, NETWORKS)
    further = {"size": size} if name == "cnn" else {}
    return NETWORKS[name](channels, classes, width=width or WIDTHS[name], **further)


def initialise(module: Any, key: Key) -> None:
    """Give `module` the start that `key` stands for, the same bits with every release of PyTorch:
    weights of variance 2 / inputs (He et al. 2015), biases 0, scales of norms 1.

    >>> import numfmt as nf
    >>> net = small_cnn()
    >>> initialise(net, nf.Key(1))
    >>> float(net.conv1.bias.detach().abs().max())
    0.0
    """
    for name, param in module.named_parameters():
        with torch.no_grad():
            if param.ndim > 1:
                inputs = math.prod(param.shape[1:])
                noise = gaussian(key.fold_in(name), tuple(param.shape)) * math.sqrt(2 / inputs)
                param.copy_(torch.from_numpy(noise.astype(np.float32)))
            else:
                param.fill_(1.0 if name.endswith("weight") else 0.0)


def _check(**counts: int) -> None:
    for name, value in counts.items():
        check_count(name, value, 1)
