"""Layers of emulated networks, and modules for what PyTorch has only functions.

`emulate` turns layers of `torch.nn` into those of this module that have the same names, and
`restore` turns them back; their parameters, buffers and hooks stay where they are.  `Matmul` and
`Attention` are for networks of one's own: outside `emulate` they compute as PyTorch does.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.linear import (
    NonDynamicallyQuantizableLinear as _NonDynamicallyQuantizableLinear,
)

from .._errors import NumfmtError
from ._compiled import compute, store
from ._site import is_stored, mark, site_of
from ._transformer import MultiheadAttention, TransformerEncoder, TransformerEncoderLayer


class Matmul(nn.Module):
    """torch.matmul as a module, for `emulate` to find.

    >>> import torch
    >>> from numfmt.torch.layers import Matmul
    >>> Matmul()(torch.ones(2, 3), torch.ones(3, 2))
    tensor([[3., 3.],
            [3., 3.]])
    """

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """a @ b."""
        return torch.matmul(a, b)


class Attention(nn.Module):
    """softmax(query key^T scale + mask) value as a module, for `emulate` to find.

    `scale` is 1 / sqrt(last size of query) by default; a boolean mask says what takes part, another
    is added.

    >>> import torch
    >>> from numfmt.torch.layers import Attention
    >>> x = torch.eye(2)
    >>> Attention(scale=0.0)(x, x, x)
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """

    def __init__(self, scale: float | None = None) -> None:
        super().__init__()
        self.scale = scale

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """(..., queries, size), (..., keys, size), (..., keys, n) -> (..., queries, n)."""
        scores = self._times("scores", query, key.transpose(-2, -1))
        scores = scores * (query.shape[-1] ** -0.5 if self.scale is None else self.scale)
        if mask is not None and mask.dtype == torch.bool:
            scores = scores.masked_fill(~mask, -torch.inf)
        elif mask is not None:
            scores = scores + mask
        return self._times("values", self._stored(torch.softmax(scores, dim=-1)), value)

    def _times(self, part: str, a: Tensor, b: Tensor) -> Tensor:
        return torch.matmul(a, b)

    def _stored(self, chances: Tensor) -> Tensor:
        return chances


class EmulatedMatmul(Matmul):
    """`Matmul` through a machine's datapath."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """a @ b."""
        return compute(site_of(self), "matmul", [], [a, b])


class EmulatedAttention(Attention):
    """`Attention` with both products through a machine's datapath and the softmax stored."""

    uses = ("exp",)
    parts = ("scores", "softmax", "values")

    def _times(self, part: str, a: Tensor, b: Tensor) -> Tensor:
        return compute(site_of(self).parts[part], "matmul", [], [a, b])

    def _stored(self, chances: Tensor) -> Tensor:
        return store(site_of(self).parts["softmax"], chances)


def _with_bias(*inputs: Tensor | None) -> list[Tensor]:
    return [x for x in inputs if x is not None]


class Linear(nn.Linear):
    """torch.nn.Linear through a machine's datapaths."""

    def forward(self, x: Tensor) -> Tensor:
        """x weight^T + bias."""
        return compute(site_of(self), "linear", [], _with_bias(x, self.weight, self.bias))


class NonDynamicallyQuantizableLinear(Linear, _NonDynamicallyQuantizableLinear):
    """The Linear of PyTorch's MultiheadAttention."""


class _Convolution:
    """What convolutions along one and two axes have in common."""

    def _conv_forward(self: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        around = _padding(self)
        if self.padding_mode != "zeros":
            x = nn.functional.pad(x, self._reversed_padding_repeated_twice, self.padding_mode)
            around = [0] * len(around)
        numbers = [self.groups, *self.stride, *self.dilation, *around]
        return compute(site_of(self), "convolution", numbers, _with_bias(x, weight, bias))


def _padding(of: Any) -> list[int]:
    """Zeros before and after each axis, one axis after the other."""
    if of.padding == "same":
        total = [d * (k - 1) for d, k in zip(of.dilation, of.kernel_size, strict=True)]
        return [half for n in total for half in (n // 2, n - n // 2)]
    if of.padding == "valid":
        return [0, 0] * len(of.kernel_size)
    return [n for n in of.padding for _ in range(2)]


class Conv1d(_Convolution, nn.Conv1d):
    """torch.nn.Conv1d through a machine's datapaths."""


class Conv2d(_Convolution, nn.Conv2d):
    """torch.nn.Conv2d through a machine's datapaths."""


class ConvTranspose2d(nn.ConvTranspose2d):
    """torch.nn.ConvTranspose2d through a machine's datapaths."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """The convolution; `output_size` as PyTorch has it."""
        more = self._output_padding(
            x, output_size, self.stride, self.padding, self.kernel_size, 2, self.dilation
        )
        numbers = [self.groups, *self.stride, *self.padding, *more, *self.dilation]
        inputs = _with_bias(x, self.weight, self.bias)
        return compute(site_of(self), "transposed", numbers, inputs)


class Embedding(nn.Embedding):
    """torch.nn.Embedding of stored weights; their gradient is stored too."""

    parts = ("weight", "errors")

    def forward(self, x: Tensor) -> Tensor:
        """The rows that x names."""
        if self.max_norm is not None or self.sparse:
            raise NumfmtError("Embedding with max_norm or sparse=True is not supported here")
        site = site_of(self)
        weight = compute(site.parts["weight"], "weight", [], [self.weight])
        found = nn.functional.embedding(
            x, weight, self.padding_idx, scale_grad_by_freq=self.scale_grad_by_freq
        )
        return compute(site.parts["errors"], "errors", [], [found])


class _Stored:
    """A layer that PyTorch computes in binary32 and whose output is stored as an activation."""

    uses: ClassVar[tuple[str, ...]] = ()

    def forward(self: Any, *inputs: Any, **options: Any) -> Any:
        return store(site_of(self), super().forward(*inputs, **options))  # type: ignore[misc]


class _Selected:
    """A layer whose outputs are numbers of its input, or 0: what is stored stays so."""

    def forward(self: Any, x: Tensor) -> Any:
        site = site_of(self)
        was_stored = is_stored(x, site.arithmetic, "activation")
        found = super().forward(x)  # type: ignore[misc]
        values = found if isinstance(found, Tensor) else found[0]
        if was_stored:
            mark(values, site.arithmetic, "activation")
        else:
            values = store(site, values, rounds_errors=False)
        return values if isinstance(found, Tensor) else (values, *found[1:])


EXP = ("exp", "log", "logistic", "log_logistic")
NORMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d),
)
POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)
PIECEWISE = (
    *(nn.LeakyReLU, nn.PReLU, nn.Hardtanh, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.Softsign),
    *(nn.Dropout, nn.Dropout2d),
)
SMOOTH = (
    *(nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.GELU, nn.SiLU),
    *(nn.Mish, nn.ELU, nn.SELU, nn.Softplus),
)
COMPUTED: dict[type, tuple[str, ...]] = {
    **dict.fromkeys((*NORMS, *POOLS, *PIECEWISE), ()),
    **dict.fromkeys(SMOOTH, EXP),
}
SELECTED: tuple[type, ...] = (
    *(nn.ReLU, nn.MaxPool1d, nn.MaxPool2d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d),
    *(nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.Hardshrink, nn.PixelShuffle),
)


def _made(mixin: type, kind: type, uses: tuple[str, ...] | None = None) -> type:
    """The emulated form of a layer, by its name in this module, where pickle finds it."""
    body: dict[str, Any] = {"__module__": __name__, "__doc__": f"{kind.__name__}, stored."}
    if uses is not None:
        body["uses"] = uses
    return type(kind.__name__, (mixin, kind), body)


EMULATED: dict[type, type] = {
    **{nn.Linear: Linear, nn.Conv1d: Conv1d, nn.Conv2d: Conv2d, nn.Embedding: Embedding},
    **{nn.ConvTranspose2d: ConvTranspose2d, nn.MultiheadAttention: MultiheadAttention},
    **{_NonDynamicallyQuantizableLinear: NonDynamicallyQuantizableLinear},
    **{nn.TransformerEncoderLayer: TransformerEncoderLayer},
    **{nn.TransformerEncoder: TransformerEncoder},
    **{Matmul: EmulatedMatmul, Attention: EmulatedAttention},
    **{kind: _made(_Stored, kind, uses) for kind, uses in COMPUTED.items()},
    **{kind: _made(_Selected, kind) for kind in SELECTED},
}
globals().update({made.__name__: made for made in EMULATED.values()})
KEPT: tuple[type, ...] = (nn.Identity, nn.Flatten, nn.Unflatten)
