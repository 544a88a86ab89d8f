"""Layers of emulated networks, and modules for what PyTorch has only functions.

`emulate` turns layers of `torch.nn` into those of this module that have the same names, and
`restore` turns them back; their parameters, buffers and hooks stay where they are.  `Matmul` and
`Attention` are for networks of one's own: outside `emulate` they compute as PyTorch does.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from . import _functions as functions
from ._site import Bits, is_stored, mark, site_of


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
        none = Bits(None)
        return functions.attention(query, key, value, mask, self.scale, None, none)[0]


class EmulatedMatmul(Matmul):
    """`Matmul` through a machine's datapath."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """a @ b."""
        site = site_of(self)
        return functions.matmul(a, b, site.arithmetic, site.bits())


class EmulatedAttention(Attention):
    """`Attention` with both products through a machine's datapath."""

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """As `Attention`."""
        site = site_of(self)
        return functions.attention(
            query, key, value, mask, self.scale, site.arithmetic, site.bits()
        )[0]


class Linear(nn.Linear):
    """torch.nn.Linear through a machine's datapaths."""

    def forward(self, x: Tensor) -> Tensor:
        """x weight^T + bias."""
        site = site_of(self)
        return functions.linear(x, self.weight, self.bias, site.arithmetic, site.bits())


class _Convolution:
    """What convolutions along one and two axes have in common."""

    def _conv_forward(self: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        site = site_of(self)
        padding = _padding(self)
        if self.padding_mode != "zeros":
            x = nn.functional.pad(x, self._reversed_padding_repeated_twice, self.padding_mode)
            padding = ((0, 0),) * len(padding)
        return functions.convolution(
            x,
            weight,
            bias,
            site.arithmetic,
            site.bits(),
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            groups=self.groups,
        )


def _padding(of: Any) -> tuple[tuple[int, int], ...]:
    """Zeros before and after each axis."""
    if of.padding == "same":
        total = [d * (k - 1) for d, k in zip(of.dilation, of.kernel_size, strict=True)]
        return tuple((n // 2, n - n // 2) for n in total)
    if of.padding == "valid":
        return ((0, 0),) * len(of.kernel_size)
    return tuple((n, n) for n in of.padding)


class Conv1d(_Convolution, nn.Conv1d):
    """torch.nn.Conv1d through a machine's datapaths."""


class Conv2d(_Convolution, nn.Conv2d):
    """torch.nn.Conv2d through a machine's datapaths."""


class ConvTranspose2d(nn.ConvTranspose2d):
    """torch.nn.ConvTranspose2d through a machine's datapaths."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """The convolution; `output_size` as PyTorch has it."""
        site = site_of(self)
        more = self._output_padding(
            x, output_size, self.stride, self.padding, self.kernel_size, 2, self.dilation
        )
        return functions.transposed_convolution(
            x,
            self.weight,
            self.bias,
            site.arithmetic,
            site.bits(),
            stride=self.stride,
            padding=self.padding,
            output_padding=tuple(more),
            dilation=self.dilation,
            groups=self.groups,
        )


class Embedding(nn.Embedding):
    """torch.nn.Embedding of stored weights."""

    def forward(self, x: Tensor) -> Tensor:
        """The rows that x names."""
        site = site_of(self)
        return functions.embedding(
            x,
            self.weight,
            site.arithmetic,
            site.bits(),
            padding_idx=self.padding_idx,
            max_norm=self.max_norm,
            norm_type=self.norm_type,
            scale_grad_by_freq=self.scale_grad_by_freq,
            sparse=self.sparse,
        )


class _Stored:
    """A layer that PyTorch computes in binary32 and whose output is stored as an activation."""

    uses: ClassVar[tuple[str, ...]] = ()

    def forward(self: Any, *inputs: Any, **options: Any) -> Any:
        site = site_of(self)
        site.arithmetic.check_unit(site.name or type(self).__name__, self.uses)
        return site.store(super().forward(*inputs, **options))  # type: ignore[misc]


class _Selected:
    """A layer whose outputs are numbers of its input, or 0: what is stored stays so."""

    def forward(self: Any, x: Tensor) -> Any:
        site = site_of(self)
        was_stored = is_stored(x, site.arithmetic, "activation")
        found = super().forward(x)  # type: ignore[misc]
        if not was_stored or not isinstance(found, Tensor):
            return site.store(found, rounds_errors=False)
        mark(found, site.arithmetic, "activation")
        return found


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
    **{nn.ConvTranspose2d: ConvTranspose2d},
    **{Matmul: EmulatedMatmul, Attention: EmulatedAttention},
    **{kind: _made(_Stored, kind, uses) for kind, uses in COMPUTED.items()},
    **{kind: _made(_Selected, kind) for kind in SELECTED},
}
globals().update({made.__name__: made for made in EMULATED.values()})
KEPT: tuple[type, ...] = (nn.Identity, nn.Flatten, nn.Unflatten)
