"""PyTorch's MultiheadAttention and transformers, emulated layer by layer."""

import io

import numpy as np
import pytest

import numfmt as nf

torch = pytest.importorskip("torch")
nt = pytest.importorskip("numfmt.torch")

from torch import nn  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*nested tensors:UserWarning")


def numbers(*shape, seed=0):
    """Normally distributed numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def padded(batch, length):
    """A mask of the last place."""
    mask = torch.zeros(batch, length, dtype=torch.bool)
    mask[:, -1] = True
    return mask


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("sizes", [None, 6])
@pytest.mark.parametrize("average", [True, False])
def test_attention_is_pytorchs_but_for_the_order_of_sums(batch_first, sizes, average):
    """Masks, shapes, weights and gradients, with binary32 datapaths."""
    torch.manual_seed(0)
    options = {"batch_first": batch_first, "kdim": sizes, "vdim": sizes}
    layer = nn.MultiheadAttention(8, 2, **options)
    made = nt.emulate(layer, "fp32")
    q, k = numbers(3, 5, 8), numbers(3, 5, sizes or 8, seed=1)
    batch, length = (3, 5) if batch_first else (5, 3)
    masks = {
        "key_padding_mask": padded(batch, length),
        "attn_mask": torch.triu(torch.ones(length, length, dtype=torch.bool), 1),
        "average_attn_weights": average,
    }
    found, wanted = ([*one(q, k, k, **masks)] for one in (made, layer))
    found[0].sum().backward()
    wanted[0].sum().backward()
    found += [p.grad for p in made.parameters()]
    wanted += [p.grad for p in layer.parameters()]
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-5)


def test_attention_through_a_datapath_is_its_products():
    """One projection of one tensor, two products and the stored softmax, by hand."""
    torch.manual_seed(0)
    layer, x = nn.MultiheadAttention(8, 2, batch_first=True), numbers(1, 4, 8)
    found, _ = nt.emulate(layer, "h100_fp8")(x, x, x)

    def times(a, b):
        read = [nf.quantize(one.detach().numpy(), "e4m3fn") for one in (a, b)]
        return torch.from_numpy(np.float32(nf.matmul(*read, "h100_fp8").values))

    bias, out = (nt.quantize(b, "e4m3fn") for b in (layer.in_proj_bias, layer.out_proj.bias))
    projected = times(nt.quantize(x, "e4m3fn"), layer.in_proj_weight.T) + bias
    q, k, v = (p.unflatten(-1, (2, 4)).transpose(1, 2) for p in projected.chunk(3, -1))
    chances = torch.softmax(times(q, k.transpose(-1, -2)) * 4**-0.5, -1)
    heads = times(chances, v).transpose(1, 2).flatten(2)
    assert torch.equal(found, times(heads, layer.out_proj.weight.T) + out)


def test_nothing_is_computed_past_the_layers():
    """PyTorch's transformer that computes whole layers at once does so only where all is its own;
    restored it does again."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    net, x, mask = nn.TransformerEncoder(layer, 2).eval(), numbers(3, 5, 8), padded(3, 5)
    with torch.no_grad():
        wanted = net(x, src_key_padding_mask=mask)
        host = nt.emulate(net, "fp32", plan="host")
        assert torch.equal(host(x, src_key_padding_mask=mask), wanted)
        made = nt.emulate(net, "h100_fp8")
        file = io.BytesIO()
        torch.save(made, file)
        file.seek(0)
        found = made(x, src_key_padding_mask=mask)
        assert torch.equal(
            torch.load(file, weights_only=False)(x, src_key_padding_mask=mask), found
        )
        back = nt.restore(made)
        assert torch.equal(back(x, src_key_padding_mask=mask), wanted)
    with torch.enable_grad():
        assert torch.equal(nt.emulate(net, "h100_fp8")(x, src_key_padding_mask=mask), found)
    with torch.inference_mode():
        assert torch.equal(nt.emulate(net, "h100_fp8")(x, src_key_padding_mask=mask), found)


@pytest.mark.parametrize(
    ("options", "call", "words"),
    [
        ({"add_bias_kv": True}, {}, "add_bias_kv"),
        ({"add_zero_attn": True}, {}, "add_zero_attn"),
        ({}, {"is_causal": True}, "needs attn_mask"),
    ],
)
def test_what_is_not_supported_says_so(options, call, words):
    """Each error names the option."""
    made, x = nt.emulate(nn.MultiheadAttention(8, 2, **options), "fp32"), numbers(2, 1, 8)
    with pytest.raises(nf.NumfmtError, match=words):
        made(x, x, x, **call)


def test_places_of_the_largest_are_given_too():
    """return_indices of max pooling."""
    made = nt.emulate(nn.MaxPool1d(2, return_indices=True), "h100_fp8")
    values, places = made(numbers(1, 6))
    wanted, at = nn.MaxPool1d(2, return_indices=True)(numbers(1, 6))
    assert torch.equal(values, nt.quantize(wanted, "e4m3fn"))
    assert torch.equal(places, at)
