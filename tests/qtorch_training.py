"""A small network trained with QPyTorch's functions: its own, or those of numfmt in their place."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

STEPS = 4


def _network(x: torch.Tensor) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Linear(x.shape[1], 12), nn.ReLU(), nn.Sequential(nn.Linear(12, 6), nn.Tanh())
    )


def train(api: Any, x: torch.Tensor, optimizer: str, acc: bool) -> torch.Tensor:
    """The parameters after a few steps, rounded to nearest everywhere."""
    nearest = {"forward_rounding": "nearest", "backward_rounding": "nearest"}
    block, small = api.BlockFloatingPoint(8, dim=0), api.FloatingPoint(5, 2)
    net = api.sequential_lower(_network(x), ["linear", "activation"], block, small, **nearest)
    weight = api.quantizer(forward_number=api.FixedPoint(8, 6), forward_rounding="nearest")
    long = api.quantizer(forward_number=api.FixedPoint(16, 12), forward_rounding="nearest")
    makes = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    options = {"momentum": 0.9, "weight_decay": 1e-3} if optimizer == "sgd" else {}
    steps = api.OptimLP(
        makes[optimizer](net.parameters(), lr=0.05, **options),
        weight_quant=weight,
        grad_scaling=0.5,
        grad_quant=api.quantizer(forward_number=small, forward_rounding="nearest"),
        momentum_quant=long,
        acc_quant=long if acc else None,
    )
    for _ in range(STEPS):
        steps.zero_grad()
        net(x).square().sum().backward()
        steps.step()
    return torch.cat([p.detach().flatten() for p in net.parameters()])
