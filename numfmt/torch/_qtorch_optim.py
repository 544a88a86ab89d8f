"""An optimizer whose gradients, momentum, accumulators and weights are rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.optim import SGD, Adam, Optimizer

from .._errors import NumfmtError, ShapeError

Function = Callable[[torch.Tensor], torch.Tensor]
MOMENTA = ("momentum_buffer", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")


class OptimLP(Optimizer):
    """Steps of another optimizer with rounded gradients, momentum, accumulators and weights.

    A step takes gradients times `grad_scaling`, rounded by `grad_quant`; steps from the
    accumulators; rounds those by `acc_quant`, the weights from them by `weight_quant`, and the
    optimizer's momenta by `momentum_quant`.  Weight decay and the step itself are the optimizer's,
    in float32.

    Args:
        optim: a `torch.optim.SGD`, `Adam` or `AdamW`.
        weight_quant, grad_quant, momentum_quant, acc_quant: functions of a tensor, or None.
            `weight_quant` rounds the weights once at the beginning too.
        grad_scaling: a positive number, as 1 / the loss's scale.
        exact_compat: as QPyTorch: weights stay as they are until the first step, `grad_scaling`
            means nothing without `grad_quant`, and parameters without a gradient are rounded too.

    ``state_dict`` holds the optimizer's and the accumulators: a run that is resumed goes on with
    the same bits.

    >>> import torch
    >>> from numfmt.torch.qtorch_compat import FixedPoint, OptimLP, quantizer
    >>> net = torch.nn.Linear(3, 1)
    >>> q = quantizer(FixedPoint(8, 6), forward_rounding="nearest")
    >>> optimizer = OptimLP(torch.optim.SGD(net.parameters(), lr=0.1), weight_quant=q, acc_quant=q)
    >>> net(torch.ones(1, 3)).sum().backward()
    >>> _ = optimizer.step()
    >>> bool((net.weight * 64 == (net.weight * 64).round()).all())
    True
    """

    def __init__(
        self,
        optim: Optimizer,
        weight_quant: Function | None = None,
        grad_scaling: float = 1.0,
        grad_quant: Function | None = None,
        momentum_quant: Function | None = None,
        acc_quant: Function | None = None,
        *,
        exact_compat: bool = False,
    ) -> None:
        if not isinstance(optim, (SGD, Adam)):
            raise NumfmtError(f"optim is a {type(optim).__name__}; SGD, Adam and AdamW are allowed")
        if not grad_scaling > 0:
            raise NumfmtError(f"grad_scaling={grad_scaling!r} must be positive")
        self.optim, self.grad_scaling, self.exact_compat = optim, grad_scaling, exact_compat
        self.weight_quant, self.grad_quant = weight_quant, grad_quant
        self.momentum_quant, self.acc_quant = momentum_quant, acc_quant
        self.accumulators: list[torch.Tensor] = []
        super().__init__(optim.param_groups, optim.defaults)
        self._share()
        if acc_quant is not None:
            self.accumulators = [p.detach().clone() for p in self._parameters()]
        if weight_quant is not None and not exact_compat:
            _round_all(list(self._parameters()), weight_quant)

    def _share(self) -> None:
        """Groups and state are the optimizer's own: schedulers change them."""
        self.param_groups, self.state = self.optim.param_groups, self.optim.state

    def _parameters(self) -> Iterator[torch.Tensor]:
        for group in self.optim.param_groups:
            yield from group["params"]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Parameters that join later, in the optimizer and with accumulators of their own."""
        if self.__dict__.get("state") is not self.optim.state:
            super().add_param_group(param_group)  # PyTorch's constructor
            return
        self.optim.add_param_group(param_group)
        added = self.optim.param_groups[-1]["params"]
        if self.acc_quant is not None:
            self.accumulators += [p.detach().clone() for p in added]
        if self.weight_quant is not None and not self.exact_compat:
            _round_all(added, self.weight_quant)

    def step(self, closure: Any = None) -> Any:
        """One step.

        Args:
            closure: computes the loss and its gradients anew, at the weights; called once.

        Returns:
            The closure's loss, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            self._step()
        return loss

    def _step(self) -> None:
        every = list(self._parameters())
        live = [p for p in every if p.grad is not None]
        self._prepare([p.grad for p in live if p.grad is not None])
        for p, accumulator in zip(every, self.accumulators, strict=bool(self.accumulators)):
            p.copy_(accumulator)
        self.optim.step()
        stepped = every if self.exact_compat else live
        if self.acc_quant is not None:
            _round_all(stepped, self.acc_quant)
            for p, accumulator in zip(every, self.accumulators, strict=True):
                accumulator.copy_(p)
        if self.weight_quant is not None:
            _round_all(every if self.acc_quant is not None else stepped, self.weight_quant)
        if self.momentum_quant is not None:
            states = [self.optim.state[p] for p in live]
            held = [s[name] for s in states for name in MOMENTA if s.get(name) is not None]
            _round_all(held, self.momentum_quant)

    def _prepare(self, gradients: list[torch.Tensor]) -> None:
        if self.grad_quant is None and self.exact_compat:
            return
        if self.grad_scaling != 1:
            for gradient in gradients:
                gradient.mul_(self.grad_scaling)
        if self.grad_quant is not None:
            _round_all(gradients, self.grad_quant)

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's, and ``accumulators``."""
        return {**self.optim.state_dict(), "accumulators": [a.clone() for a in self.accumulators]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            ShapeError: accumulators of other parameters, or none where `acc_quant` needs them.
        """
        given = state_dict.get("accumulators", [])
        shapes = [tuple(a.shape) for a in self.accumulators]
        if [tuple(a.shape) for a in given] != shapes:
            raise ShapeError(
                f"state_dict has accumulators of shapes {[tuple(a.shape) for a in given]}; the "
                f"parameters' are {shapes}"
            )
        rest = {name: value for name, value in state_dict.items() if name != "accumulators"}
        self.optim.load_state_dict(rest)
        self._share()
        for accumulator, value in zip(self.accumulators, given, strict=True):
            accumulator.copy_(value)

    def __repr__(self) -> str:
        return f"OptimLP({self.optim!r})"


def _round_all(tensors: list[torch.Tensor], function: Function) -> None:
    """Each in its own memory."""
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(function(tensor.detach()))
