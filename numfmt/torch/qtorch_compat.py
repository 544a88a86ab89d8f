"""The functions and classes of QPyTorch, with its signatures, rounded as numfmt rounds.

Right by default: one exact rounding, ties to even, any float dtype, random bits that follow
``torch.manual_seed`` (or a `key` or `generator`), gradients that pass through.  With
``exact_compat=True`` the bits are those of QPyTorch 0.3.0 on a processor where it has any: nearest
of all formats, and stochastic fixed point, whose random numbers are ``torch.rand_like``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from .._errors import RandomError
from .._random import Key
from ._qtorch_lower import lowered
from ._qtorch_numbers import (
    BlockFloatingPoint,
    Clamped,
    Exact,
    FixedPoint,
    FloatingPoint,
    Function,
    Right,
    direction,
)
from ._qtorch_optim import OptimLP
from ._quantize import Quantize
from ._random import key_of
from ._tensors import check_tensor

__all__ = [
    "BlockFloatingPoint",
    "FixedPoint",
    "FloatingPoint",
    "OptimLP",
    "Quantizer",
    "block_quantize",
    "fixed_point_quantize",
    "float_quantize",
    "quantizer",
    "sequential_lower",
]
Hooks = Iterable[Callable[[torch.Tensor], torch.Tensor]]


class Quantization:
    """What `quantizer` returns: a function of a tensor; `calls` counts the key's."""

    def __init__(
        self,
        forward: Right | Exact | None,
        backward: Right | Exact | None,
        clamping_grad_zero: bool,
        backward_hooks: Hooks,
        key: Key | None,
        generator: torch.Generator | None,
    ) -> None:
        self.forward, self.backward = forward, backward
        self.masks, self.hooks = clamping_grad_zero, tuple(backward_hooks)
        self.key, self.generator, self.calls = key, generator, 0
        if forward is not None and clamping_grad_zero:
            forward.clamped(Key(0) if forward.is_random else None)
        given = key is not None or generator is not None
        if key is not None and generator is not None:
            raise RandomError("key and generator exclude each other")
        if key is not None and not isinstance(key, Key):
            raise RandomError(f"key={key!r} must be a numfmt.Key")
        self._draws = any(side is not None and side.is_random for side in (forward, backward))
        if given and not self._draws:
            raise RandomError("a key or generator was given, but no rounding here draws from it")

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """x rounded; its gradient will be."""
        check_tensor(x)
        key = self._next_key() if self._draws else None
        ahead: Function | None = None
        if self.forward is not None:
            ahead = (self.forward.clamped if self.masks else self.forward.function)(key)
        behind = None
        if self.backward is not None:
            behind = self.backward.function(None if key is None else key.fold_in("backward"))
        is_exact = isinstance(self.forward or self.backward, Exact)
        custom = None
        if is_exact:
            behind = self._as_theirs(ahead, behind)
        elif self.hooks or isinstance(ahead, Clamped):
            custom = self._change(ahead)
        rounded: torch.Tensor = Quantize.apply(x, ahead, behind, None, custom)
        return rounded

    def _next_key(self) -> Key:
        if self.key is None:
            drawn = key_of(None, self.generator or torch.default_generator)
            assert drawn is not None
            return drawn
        self.calls += 1
        return self.key.at(self.key.call + self.calls - 1)

    def _change(self, ahead: Function | None) -> Callable[[Any, torch.Tensor], torch.Tensor]:
        """The gradient before it is rounded: 0 where the number was clamped, then the hooks."""

        def change(x: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
            if isinstance(ahead, Clamped) and ahead.mask is not None:
                gradient = gradient.masked_fill(ahead.mask, 0)
            for hook in self.hooks:
                gradient = hook(gradient)
            return gradient

        return change

    def _as_theirs(self, ahead: Function | None, behind: Function | None) -> Function | None:
        """QPyTorch's order; without a backward number it has neither hooks nor mask, and without
        clamping no hooks."""
        if behind is None or not self.masks:
            return behind

        def both(gradient: torch.Tensor) -> torch.Tensor:
            for hook in self.hooks:
                gradient = hook(gradient)
            gradient = behind(gradient)
            mask = ahead.mask if isinstance(ahead, Clamped) else None
            return gradient if mask is None else gradient.masked_fill(mask, 0)

        return both


def quantizer(
    forward_number: Any = None,
    backward_number: Any = None,
    forward_rounding: str = "stochastic",
    backward_rounding: str = "stochastic",
    clamping_grad_zero: bool = False,
    backward_hooks: Hooks = (),
    *,
    key: Key | None = None,
    generator: torch.Generator | None = None,
    exact_compat: bool = False,
) -> Quantization:
    """A function of a tensor that rounds it, and its gradient on the way back.

    Args:
        forward_number, backward_number: a number object of QPyTorch or of this module, any format
            or spelling; None leaves that direction as it is.
        forward_rounding, backward_rounding: ``"nearest"`` (ties to even), ``"stochastic"``, or any
            other of numfmt's modes.
        clamping_grad_zero: the gradient of numbers that were clamped is 0 (fixed point).
        backward_hooks: functions of the gradient, applied before it is rounded.
        key: a `Key` for the random bits, whose next call number each call takes; default
        generator: a `torch.Generator`; default PyTorch's own, which ``torch.manual_seed`` sets.
        exact_compat: QPyTorch's bits.  Then hooks and the zeros of `clamping_grad_zero` are left
            out where QPyTorch leaves them out: hooks without `clamping_grad_zero`, both without
            `backward_number`.

    Raises:
        FormatError: no number or format; `clamping_grad_zero` of what does not clamp.
        RoundingError: an unknown mode.
        RandomError: a key or generator that nothing draws from; stochastic floats or blocks with
            `exact_compat`, of which no two runs of QPyTorch agree.

    >>> import torch
    >>> from numfmt.torch.qtorch_compat import FixedPoint, FloatingPoint, quantizer
    >>> q = quantizer(FixedPoint(8, 3), FloatingPoint(5, 2), "nearest", "nearest")
    >>> x = torch.tensor([0.3, 99.0], requires_grad=True)
    >>> y = q(x)
    >>> y.backward(torch.tensor([0.3, 1.1]))
    >>> y.detach(), x.grad
    (tensor([ 0.2500, 15.8750]), tensor([0.3125, 1.0000]))
    """
    forward = direction(forward_number, forward_rounding, exact_compat)
    backward = direction(backward_number, backward_rounding, exact_compat)
    return Quantization(forward, backward, clamping_grad_zero, backward_hooks, key, generator)


class Quantizer(nn.Module):
    """`quantizer` as a module: the same arguments.

    >>> import torch
    >>> from numfmt.torch.qtorch_compat import BlockFloatingPoint, Quantizer
    >>> Quantizer(BlockFloatingPoint(4), forward_rounding="nearest")(torch.tensor([1.0, 0.3]))
    tensor([1.0000, 0.2500])
    """

    def __init__(
        self,
        forward_number: Any = None,
        backward_number: Any = None,
        forward_rounding: str = "stochastic",
        backward_rounding: str = "stochastic",
        *,
        key: Key | None = None,
        generator: torch.Generator | None = None,
        exact_compat: bool = False,
    ) -> None:
        super().__init__()
        self.quantize = quantizer(
            forward_number,
            backward_number,
            forward_rounding,
            backward_rounding,
            key=key,
            generator=generator,
            exact_compat=exact_compat,
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x rounded."""
        return self.quantize(x)

    def get_extra_state(self) -> dict[str, int]:
        """The number of calls."""
        return {"calls": self.quantize.calls}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Go on at a call."""
        self.quantize.calls = state["calls"]


def _once(x: torch.Tensor, number: Any, rounding: str, options: dict[str, Any]) -> torch.Tensor:
    rounded = quantizer(number, forward_rounding=rounding, **options)(x)
    return rounded.detach() if options["exact_compat"] else rounded


def fixed_point_quantize(
    x: torch.Tensor,
    wl: int,
    fl: int,
    clamp: bool = True,
    symmetric: bool = False,
    rounding: str = "stochastic",
    *,
    key: Key | None = None,
    generator: torch.Generator | None = None,
    exact_compat: bool = False,
) -> torch.Tensor:
    """Round to fixed point: `FixedPoint`'s arguments, then `quantizer`'s.

    The gradient passes through; with `exact_compat` the result has none, as QPyTorch's.

    >>> import torch
    >>> fixed_point_quantize(torch.tensor([0.3, 99.0]), 8, 3, rounding="nearest")
    tensor([ 0.2500, 15.8750])
    """
    options = {"key": key, "generator": generator, "exact_compat": exact_compat}
    return _once(x, FixedPoint(wl, fl, clamp, symmetric), rounding, options)


def block_quantize(
    x: torch.Tensor,
    wl: int,
    dim: int = -1,
    rounding: str = "stochastic",
    *,
    key: Key | None = None,
    generator: torch.Generator | None = None,
    exact_compat: bool = False,
) -> torch.Tensor:
    """Round to block floating point: `BlockFloatingPoint`'s arguments, then `quantizer`'s.

    The gradient passes through; with `exact_compat` the result has none, as QPyTorch's.

    >>> import torch
    >>> x = torch.tensor([1.0, 0.125, -0.125, -0.375])
    >>> block_quantize(x, 4, rounding="nearest")
    tensor([ 1.0000,  0.0000,  0.0000, -0.5000])
    >>> block_quantize(x, 4, rounding="nearest", exact_compat=True)
    tensor([ 1.0000,  0.2500,  0.0000, -0.2500])
    """
    options = {"key": key, "generator": generator, "exact_compat": exact_compat}
    return _once(x, BlockFloatingPoint(wl, dim), rounding, options)


def float_quantize(
    x: torch.Tensor,
    exp: int,
    man: int,
    rounding: str = "stochastic",
    *,
    key: Key | None = None,
    generator: torch.Generator | None = None,
    exact_compat: bool = False,
) -> torch.Tensor:
    """Round to a float: `FloatingPoint`'s arguments, then `quantizer`'s.

    The gradient passes through; with `exact_compat` the result has none, as QPyTorch's.

    >>> import torch
    >>> x = torch.tensor([1.125, 1e9])
    >>> float_quantize(x, 5, 2, "nearest"), float_quantize(x, 5, 2, "nearest", exact_compat=True)
    (tensor([1.0000e+00, 1.1469e+05]), tensor([1.2500e+00, 1.1469e+05]))
    """
    options = {"key": key, "generator": generator, "exact_compat": exact_compat}
    return _once(x, FloatingPoint(exp, man), rounding, options)


def sequential_lower(
    model: nn.Module,
    layer_types: Iterable[str] = (),
    forward_number: Any = None,
    backward_number: Any = None,
    forward_rounding: str = "stochastic",
    backward_rounding: str = "stochastic",
    *,
    key: Key | None = None,
    generator: torch.Generator | None = None,
    exact_compat: bool = False,
) -> nn.Module:
    """A copy of a model whose layers of some types round their outputs, and the errors that come
    back.

    Layers keep their places, and ``state_dict`` its names: QPyTorch's puts a Sequential in each
    one's place.

    Args:
        model: any module.
        layer_types: of ``"conv"``, ``"linear"``, ``"pool"``, ``"pad"``, ``"activation"``,
            ``"normalization"``, ``"dropout"`` and ``"loss"``.
        forward_number, ...: of the one `Quantizer` that they share.

    Raises:
        NumfmtError: an unknown layer type; a MultiheadAttention, whose layers are never called.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    >>> low = sequential_lower(net, ["linear"], FixedPoint(8, 3), forward_rounding="nearest")
    >>> bool((low(torch.ones(1, 2)) % 0.125 == 0).all())
    True
    """
    shared = Quantizer(
        forward_number,
        backward_number,
        forward_rounding,
        backward_rounding,
        key=key,
        generator=generator,
        exact_compat=exact_compat,
    )
    return lowered(model, layer_types, shared)
