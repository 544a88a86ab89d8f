"""Layers through a machine's datapaths: bit for bit numfmt.matmul on the rounded operands."""

import numpy as np
import pytest

import numfmt as nf

torch = pytest.importorskip("torch")
nt = pytest.importorskip("numfmt.torch")

import torch_layers as by_hand  # noqa: E402
from torch import nn  # noqa: E402
from torch_layers import numbers  # noqa: E402

from numfmt.torch import layers  # noqa: E402

MACHINES = [
    *("fp32", "h100_fp8", "npu_int8", "posit8_quire", "cvfpu_fp8", "fpga_ap_fixed", "fixed8"),
    *("nvidia.h100.wgmma.e4m3.f32", "nvidia.h100.wgmma.bf16.f32"),
]
DRAWING = ("fixed8", "npu_int8", "posit8_quire", "cvfpu_fp8")
KEY = nf.Key(11)


def run(layer, machine, *inputs):
    """The emulated layer's output, the errors that come back, and all gradients."""
    key = KEY if machine in DRAWING else None
    made = nt.emulate(layer, machine, key=key)
    held = [x.clone().requires_grad_() for x in inputs]
    out = made(*held)
    errors = numbers(*out.shape, seed=7) / 4
    out.backward(errors)
    grads = [x.grad.numpy() for x in held]
    named = {name: p.grad.numpy() for name, p in made.named_parameters()}
    return out.detach().numpy(), errors.numpy(), grads, named


def step_key(name=""):
    """What the layer's bits are folded from at the first step."""
    return KEY.at(0).fold_in(name)


def machine_of(name):
    """The machine's products, with the layer's bits."""
    return by_hand.Products(name, step_key())


def equal(found, wanted):
    """The same numbers, bit for bit but for the sign of zeros' NaNs."""
    np.testing.assert_array_equal(found, np.asarray(wanted, np.float32))


def inputs_stored(products, x):
    """What the network's first rounding makes of x, before the layer's own."""
    format = dict(products.machine.formats).get("input")
    return x if format is None else nf.quantize(x, format)


def added(products, sums, bias):
    """sums + bias in the vector unit."""
    unit = products.machine.vector_unit
    if unit.is_binary32:
        return np.float32(sums) + np.float32(bias)
    a, b = (nf.array(v, unit.format, unit.round, unit.ovf) for v in np.broadcast_arrays(sums, bias))
    return nf.add(a, b, format=unit.format, rounding=unit.round, overflow=unit.ovf).values


@pytest.mark.parametrize("machine", MACHINES)
def test_linear(machine):
    """x W^T + b, e W, (x^T e)^T and the errors' sum."""
    layer, x = nn.Linear(40, 6), numbers(2, 5, 40)
    out, errors, (dx,), grads = run(layer, machine, x)
    m = machine_of(machine)
    a = m.store(inputs_stored(m, x.numpy()), "activation")
    w, b = (p.detach().numpy() for p in (layer.weight, layer.bias))
    w, b = m.store(w, "weight"), bias_stored(m, b)
    equal(out, added(m, m(a.reshape(10, 40), w.T, "fprop"), b).reshape(2, 5, 6))
    e = m.store(errors, "error").reshape(10, 6)
    equal(dx, m(e, w, "dgrad").reshape(x.shape))
    equal(grads["weight"], gradient(m, m(a.reshape(10, 40).T, e, "wgrad").T))
    equal(grads["bias"], gradient(m, by_hand.bias_gradient(m, e), "bias"))


@pytest.mark.parametrize(
    "shapes", [((5, 300), (300, 7)), ((2, 9, 129), (2, 129, 4)), ((3, 7), (7, 2))]
)
def test_chains_beside_each_other_are_the_machines_chains(shapes):
    """What layers do with sums of several chains is numfmt.matmul, infinities and NaN included."""
    from numfmt.torch._chains import one_chain, summed_chains

    path = nf.machine("h100_fp8").datapath("wgrad")
    a, b = (
        nf.array(numbers(*shape, seed=i).numpy() * 60, "e5m2") for i, shape in enumerate(shapes)
    )
    a.codes[..., 0, :] = 0x7B  # the largest number
    b.codes[..., 0] = np.where(np.arange(b.shape[-2]) < 150, 0x7B, 0xFB)
    a.codes[..., 1, 2], a.codes[..., 2, 1] = 0x7C, 0x7F  # an infinity, NaN
    found = summed_chains(a, b, path, one_chain(path))
    np.testing.assert_array_equal(found.view(np.uint32), nf.matmul(a, b, path).codes)


def test_a_batch_of_several_chains():
    """The weights' gradient is summed in chains of 128."""
    layer, x = nn.Linear(9, 6), numbers(300, 9)
    _, errors, _, grads = run(layer, "h100_fp8", x)
    m = machine_of("h100_fp8")
    a, e = m.store(x.numpy(), "activation"), m.store(errors, "error")
    assert m.machine.datapath("wgrad") != m.machine.datapath("fprop")
    equal(grads["weight"], gradient(m, m(a.T, e, "wgrad").T))
    equal(grads["bias"], gradient(m, by_hand.bias_gradient(m, e), "bias"))
    assert not np.array_equal(m(a.T, e, "wgrad"), m(a.T, e, "fprop"))


def bias_stored(m, b):
    """A bias is stored as weights are where the machine stores weights."""
    stores = dict(m.machine.formats).get("weight") is not None
    return m.store(b, "weight", "bias", "weight") if stores else b


def gradient(m, x, *of):
    """A parameter's gradient as it is stored."""
    return m.store(np.ascontiguousarray(x, np.float32), "gradient", *of, "gradient")


SHAPES = {
    "plain": ((2, 3, 6, 5), (4, 3), {}),
    "strided": ((1, 2, 7, 8), (3, (3, 2)), {"stride": (2, 3), "padding": (2, 1)}),
    "dilated": ((1, 2, 9, 8), (3, 3), {"dilation": (2, 1), "padding": 1}),
    "grouped": ((2, 4, 5, 5), (6, 3), {"groups": 2, "padding": 2}),
    "pointwise": ((1, 3, 5, 5), (2, 1), {"padding": 1, "stride": 2}),
    "same": ((1, 2, 5, 6), (2, (2, 3)), {"padding": "same"}),
}


def geometry(layer, x, out):
    """The places of a convolution, from the image's side."""
    pad = layer.padding
    if pad == "same":
        pad = [d * (k - 1) // 2 for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
    names = {"stride": layer.stride, "dilation": layer.dilation, "groups": layer.groups}
    return {"size": x.shape[2:], "outputs": out.shape[2:], "before": tuple(pad), **names}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("machine", ["h100_fp8", "npu_int8", "cvfpu_fp8", "fp32"])
def test_conv2d(machine, shape):
    """Forward, input gradient and weight gradient of patches gathered place by place."""
    size, channels, options = SHAPES[shape]
    layer, x = nn.Conv2d(size[1], *channels, **options), numbers(*size)
    out, errors, (dx,), grads = run(layer, machine, x)
    m = machine_of(machine)
    how = geometry(layer, x, out)
    a = m.store(inputs_stored(m, x.numpy()), "activation")
    w, b = (p.detach().numpy() for p in (layer.weight, layer.bias))
    w, b = m.store(w, "weight"), bias_stored(m, b)
    equal(out, added(m, by_hand.convolved(m, a, w, how), b[:, None, None]))
    e = m.store(errors, "error")
    equal(dx, by_hand.input_gradient(m, e, w, how))
    equal(grads["weight"], gradient(m, by_hand.weight_gradient(m, a, e, how, w.shape[2:])))
    equal(grads["bias"], gradient(m, by_hand.bias_gradient(m, e), "bias"))


@pytest.mark.parametrize("batched", [True, False])
def test_conv1d(batched):
    """A convolution along one axis is one of images of one row; without a batch too."""
    layer, x = nn.Conv1d(3, 4, 3, stride=2, padding=1), numbers(2, 3, 9)
    flat = nn.Conv2d(3, 4, (1, 3), stride=(1, 2), padding=(0, 1))
    flat.weight.data, flat.bias.data = layer.weight.data[:, :, None], layer.bias.data
    given = x if batched else x[0]
    out, _, (dx,), grads = run(layer, "h100_fp8", given)
    image = x[:, :, None] if batched else x[:1, :, None]
    wanted, _, (dimage,), slopes = run(flat, "h100_fp8", image)
    equal(out.reshape(-1), wanted.reshape(-1))
    equal(dx.reshape(-1), dimage.reshape(-1))
    equal(grads["weight"].reshape(-1), slopes["weight"].reshape(-1))


TRANSPOSED = {
    "plain": {"kernel_size": 3},
    "strided": {"kernel_size": (3, 2), "stride": 2, "padding": 1, "output_padding": (1, 0)},
    "grouped": {"kernel_size": 3, "groups": 2, "dilation": 2},
}


@pytest.mark.parametrize("shape", TRANSPOSED)
@pytest.mark.parametrize("machine", ["h100_fp8", "npu_int8", "fp32"])
def test_conv_transpose2d(machine, shape):
    """Forward is a convolution's input gradient, its input gradient the convolution."""
    layer, x = nn.ConvTranspose2d(4, 6, **TRANSPOSED[shape]), numbers(2, 4, 4, 3)
    out, errors, (dx,), grads = run(layer, machine, x)
    m = machine_of(machine)
    how = {**geometry(layer, out, x), "as": "fprop"}
    a = m.store(inputs_stored(m, x.numpy()), "activation")
    w, b = (p.detach().numpy() for p in (layer.weight, layer.bias))
    w, b = m.store(w, "weight"), bias_stored(m, b)
    equal(out, added(m, by_hand.input_gradient(m, a, w, how), b[:, None, None]))
    e = m.store(errors, "error")
    equal(dx, by_hand.convolved(m, e, w, {**how, "as": "dgrad"}))
    slope = by_hand.weight_gradient(m, e, a, how, w.shape[2:], swapped=True)
    equal(grads["weight"], gradient(m, slope))


MATRICES = {
    "one": ((3, 40), (40, 5)),
    "batches": ((2, 3, 40), (2, 40, 5)),
    "broadcast": ((2, 1, 3, 40), (4, 40, 5)),
    "folded": ((2, 3, 40), (40, 5)),
    "vectors": ((40,), (40, 5)),
}


@pytest.mark.parametrize("shape", MATRICES)
@pytest.mark.parametrize("machine", ["h100_fp8", "npu_int8", "fp32"])
def test_matmul(machine, shape):
    """Two activations: a b, e b^T and a^T e, both operands' gradients summed by PyTorch where one
    serves many."""
    p, q = MATRICES[shape]
    a, b = numbers(*p), numbers(*q, seed=1)
    out, errors, (da, db), _ = run(layers.Matmul(), machine, a, b)
    m = machine_of(machine)
    x, y = (m.store(inputs_stored(m, one.numpy()), "activation") for one in (a, b))
    equal(out, m(x, y, "fprop"))
    e = m.store(errors, "error")
    if shape == "vectors":
        x, e = x[None], e[None]
    if shape == "folded":
        x, e = x.reshape(-1, 40), e.reshape(-1, 5)
    equal(da.reshape(-1), summed(m(e, y.swapaxes(-1, -2), "dgrad"), p))
    equal(db.reshape(-1), summed(m(x.swapaxes(-1, -2), e, "wgrad"), q))


def summed(x, shape):
    """The sum in float32 over axes along which an operand was repeated."""
    x = torch.from_numpy(np.asarray(x, np.float32))
    return x.reshape(-1) if x.numel() == np.prod(shape) else x.sum_to_size(shape).reshape(-1)


def test_attention():
    """Two products and a softmax that is stored."""
    q, k, v = (numbers(2, 4, 3, 8, seed=i) for i in range(3))
    mask = torch.ones(3, 3, dtype=torch.bool).tril()
    made = nt.emulate(layers.Attention(), "h100_fp8")
    found = made(q, k, v, mask)
    store = lambda x: nt.quantize(x, "e4m3fn")  # noqa: E731
    times = lambda a, b: torch.from_numpy(  # noqa: E731
        np.float32(nf.matmul(store(a).numpy(), store(b).numpy(), "h100_fp8").values)
    )
    scores = times(q, k.transpose(-1, -2)) * 8**-0.5
    chances = torch.softmax(scores.masked_fill(~mask, -torch.inf), -1)
    assert torch.equal(found, times(chances, v))
    plain = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(layers.Attention()(q, k, v, mask), plain)


def test_embedding():
    """Rows of stored weights; the gradient is stored too."""
    layer, x = nn.Embedding(10, 4, padding_idx=1), torch.tensor([[3, 1], [3, 9]])
    made = nt.emulate(layer, "h100_fp8")
    out = made(x)
    assert torch.equal(out, nt.quantize(layer.weight, "e4m3fn")[x])
    errors = numbers(2, 2, 4)
    out.backward(errors)
    own = nn.Embedding(10, 4, padding_idx=1)
    own(x).backward(nt.quantize(errors, "e5m2"))
    assert torch.equal(made.weight.grad, nt.quantize(own.weight.grad, "bfloat16"))
