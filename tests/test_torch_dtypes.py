"""Layers in other dtypes: finite differences in float64, short floats; what is refused."""

import pytest

import numfmt as nf

torch = pytest.importorskip("torch")
nt = pytest.importorskip("numfmt.torch")

from torch import nn  # noqa: E402
from torch_layers import numbers  # noqa: E402

from numfmt.torch import layers  # noqa: E402

DOUBLE = nf.Machine(
    "double",
    datapaths=(
        (
            "self",
            nf.Datapath(
                prep={"a": "binary64", "b": "binary64"},
                product={"kind": "round", "format": "binary64", "round": "nearest_even"},
                block={"kind": "chain"},
                acc={"type": "binary64"},
            ),
        ),
    ),
)
LAYERS = {
    "linear": (nn.Linear(5, 3), [(2, 5)]),
    "conv1d": (nn.Conv1d(2, 3, 3, stride=2, padding=1), [(2, 2, 7)]),
    "conv2d": (nn.Conv2d(2, 4, (3, 2), 2, 1, groups=2), [(1, 2, 6, 5)]),
    "transposed": (nn.ConvTranspose2d(2, 3, 3, 2, 1, 1), [(1, 2, 3, 3)]),
    "matmul": (layers.Matmul(), [(2, 3, 4), (4, 2)]),
    "attention": (layers.Attention(), [(2, 3), (4, 3), (4, 2)]),
    "norm": (nn.LayerNorm(4), [(2, 4)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_finite_differences_agree_in_float64(name):
    """The backward products are the derivatives of the forward one."""
    layer, shapes = LAYERS[name]
    made = nt.emulate(layer, DOUBLE).double()
    inputs = [numbers(*shape, seed=i).double().requires_grad_() for i, shape in enumerate(shapes)]
    assert torch.autograd.gradcheck(made, inputs)
    parameters = list(made.parameters())

    def of_parameters(*values):
        given = dict(zip(dict(made.named_parameters()), values, strict=True))
        return torch.func.functional_call(made, given, tuple(x.detach() for x in inputs))

    assert not parameters or torch.autograd.gradcheck(of_parameters, parameters)


def test_a_product_is_differentiated_once():
    """A second derivative through a datapath is refused; PyTorch's own product has one."""
    x = numbers(2, 5).requires_grad_()
    for plan in (None, "host"):
        made = nt.emulate(nn.Linear(5, 3), "h100_fp8", plan=plan)
        (first,) = torch.autograd.grad((made(x) ** 2).sum(), x, create_graph=True)
        if plan is None:
            with pytest.raises(nf.NumfmtError, match="differentiated twice"):
                first.sum().backward()
        else:
            first.sum().backward()
            assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_short_floats_are_computed_as_float32_and_come_back_short(dtype):
    """Inputs, outputs and gradients keep the tensor's dtype."""
    layer, x = nn.Linear(40, 6), numbers(3, 40)
    short = nt.emulate(layer, "h100_fp8").to(dtype)
    long = nt.emulate(layer.to(dtype).float(), "h100_fp8")
    found = short(x.to(dtype))
    assert found.dtype == dtype
    assert torch.equal(found, long(x.to(dtype).float()).to(dtype))
    found.sum().backward()
    assert short.weight.grad.dtype == dtype


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.Linear(2, 2)(torch.ones(1, 2)), "made by emulate"),
        (lambda: nt.emulate(nn.Linear(2, 2), "h100_fp8")(torch.ones(1, 2).double()), "dtypes"),
        (lambda: nt.emulate(nn.Conv2d(1, 1, 5), "fp32")(torch.ones(1, 1, 3, 3)), "smaller"),
        (lambda: nt.emulate(nn.Conv2d(1, 1, 1), "fp32")(torch.ones(3, 3)), "dimensions"),
        (lambda: nt.emulate(layers.Matmul(), "fp32")(torch.ones(2, 3), torch.ones(2, 3)), "k"),
        (lambda: nt.emulate(nn.Linear(2, 2), "tflite.int8.fc.ref"), "which layers do not give"),
        (lambda: nt.emulate(nn.Softmax(-1), "fpga_ap_fixed")(torch.ones(2)), "vector unit"),
        (lambda: nt.emulate(nn.Linear(2, 2), "x86.f16c.vcvtps2ph"), "multiplies no matrices"),
    ],
)
def test_what_is_not_supported_says_so(call, words):
    """Each error says what was asked for."""
    with pytest.raises(nf.NumfmtError, match=words):
        call()
