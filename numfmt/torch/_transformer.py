"""PyTorch's own attention: projections, both products and softmax as layers of their own."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .._errors import NumfmtError
from ._compiled import compute, store
from ._site import site_of


class MultiheadAttention(nn.MultiheadAttention):
    """torch.nn.MultiheadAttention through a machine's datapaths, its softmax stored.

    Query, key and value that are one tensor are projected by one product, others by three.
    """

    uses: ClassVar[tuple[str, ...]] = ("exp",)
    parts: ClassVar[tuple[str, ...]] = (
        *("projection", "query", "key", "value"),
        *("scores", "softmax", "values"),
    )

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """As PyTorch has it."""
        if site_of(self).arithmetic.is_pytorch:
            masks = (key_padding_mask, need_weights, attn_mask, average_attn_weights, is_causal)
            own: tuple[Tensor, Tensor | None] = super().forward(query, key, value, *masks)
            return own
        if self.bias_k is not None or self.add_zero_attn:
            raise NumfmtError("MultiheadAttention: add_bias_kv, add_zero_attn are not supported")
        if is_causal and attn_mask is None:
            raise NumfmtError("is_causal=True is a hint that needs attn_mask")
        is_batch = query.dim() == 3
        given = [self._batch_first(x, is_batch) for x in (query, key, value)]
        q, k, v = map(self._heads, self._projected(given, query is key is value))
        mask = self._mask(attn_mask, key_padding_mask, is_batch, q)
        found, chances = self._attend(q, k, v, mask)
        out = self.out_proj(found.transpose(1, 2).flatten(2))
        if is_batch and not self.batch_first:
            out = out.transpose(0, 1)
        weights = chances.mean(1) if average_attn_weights else chances
        if not is_batch:
            out, weights = out.squeeze(0), weights.squeeze(0)
        return out, weights if need_weights else None

    def _batch_first(self, x: Tensor, is_batch: bool) -> Tensor:
        """(batch, places, size)."""
        if not is_batch:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def _projected(self, given: list[Tensor], is_one: bool) -> list[Tensor]:
        parts = site_of(self).parts
        bias = self.in_proj_bias
        if self._qkv_same_embed_dim and is_one:
            inputs = [given[0], self.in_proj_weight, *([] if bias is None else [bias])]
            return list(compute(parts["projection"], "linear", [], inputs).chunk(3, dim=-1))
        if self._qkv_same_embed_dim:
            weights = list(self.in_proj_weight.chunk(3))
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        added: list[list[Tensor]] = [[]] * 3 if bias is None else [[b] for b in bias.chunk(3)]
        return [
            compute(parts[name], "linear", [], [x, w, *b])
            for name, x, w, b in zip(("query", "key", "value"), given, weights, added, strict=True)
        ]

    def _heads(self, x: Tensor) -> Tensor:
        """(batch, heads, places, size of a head)."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def _mask(
        self, attn_mask: Tensor | None, padding: Tensor | None, is_batch: bool, q: Tensor
    ) -> Tensor | None:
        """What is added to the scores; -inf where a mask is True."""
        total: Tensor | None = None
        if attn_mask is not None:
            total = _added(attn_mask, q)
            if attn_mask.dim() == 3:
                total = total.unflatten(0, (-1, self.num_heads))
        if padding is not None:
            wide = _added(padding if is_batch else padding.unsqueeze(0), q)[:, None, None]
            total = wide if total is None else total + wide
        return total

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        parts = site_of(self).parts
        scores = compute(parts["scores"], "matmul", [], [q, k.transpose(-2, -1)])
        scores = scores * self.head_dim**-0.5
        if mask is not None:
            scores = scores + mask
        chances = F.dropout(torch.softmax(scores, dim=-1), self.dropout, self.training)
        chances = store(parts["softmax"], chances)
        return compute(parts["values"], "matmul", [], [chances, v]), chances


def _added(mask: Tensor, like: Tensor) -> Tensor:
    if mask.dtype == torch.bool:
        return torch.zeros_like(mask, dtype=like.dtype).masked_fill(mask, -torch.inf)
    return mask.to(like.dtype)


class _OneByOne(property):
    """An attribute that says whether PyTorch may compute a whole layer at once: not where that
    would pass over emulated layers."""

    def __init__(self, name: str) -> None:
        super().__init__(lambda module: self.read(module), self.write)
        self.name = name

    def read(self, module: Any) -> Any:
        """What PyTorch finds: its own value, or 0."""
        return module.__dict__.get(self.name, 0) if site_of(module).arithmetic.is_pytorch else 0

    def write(self, module: Any, value: Any) -> None:
        """PyTorch's own value."""
        module.__dict__[self.name] = value


class TransformerEncoderLayer(nn.TransformerEncoderLayer):
    """torch.nn.TransformerEncoderLayer, layer by layer."""

    activation_relu_or_gelu = _OneByOne("activation_relu_or_gelu")


class TransformerEncoder(nn.TransformerEncoder):
    """torch.nn.TransformerEncoder, layer by layer."""

    use_nested_tensor = _OneByOne("use_nested_tensor")
