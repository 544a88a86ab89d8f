"""Emulated networks under torch.compile: no graph break, the same bits."""

import warnings

import pytest

import numfmt as nf

torch = pytest.importorskip("torch")
nt = pytest.importorskip("numfmt.torch")

from torch import nn  # noqa: E402

from numfmt.torch import layers  # noqa: E402

STOCHASTIC = {"activation": "fixed<8,4,rounding=stochastic>", "error": "e5m2<rounding=stochastic>"}


class Everything(nn.Module):
    """A layer of each kind, one of them called twice."""

    def __init__(self):
        super().__init__()
        self.embed, self.attention = nn.Embedding(9, 8), layers.Attention()
        self.norm, self.twice, self.act = nn.LayerNorm(8), nn.Linear(8, 8), nn.GELU()
        self.up = nn.ConvTranspose2d(1, 2, 3, stride=2, bias=False)
        self.conv, self.pool = nn.Conv2d(2, 3, 3, padding="same"), nn.MaxPool2d(2)
        self.flat, self.last = nn.Conv1d(3, 2, 3), layers.Matmul()

    def forward(self, words, scale):
        x = self.norm(self.embed(words))
        x = x + self.attention(x, x, x)
        x = self.act(self.twice(self.act(self.twice(x))))
        x = self.pool(self.conv(self.up(x[:, None])))
        x = self.flat(x.flatten(2))
        return self.last(x, x.transpose(1, 2)) * scale


def run(model, compiled):
    """Two steps' outputs and gradients."""
    found = []
    for i in range(2):
        model.zero_grad()
        scale = torch.tensor(0.5 + i, requires_grad=True)
        out = compiled(torch.arange(10).reshape(2, 5) % 9, scale)
        out.square().sum().backward()
        found += [out.detach(), scale.grad, *(p.grad for p in model.parameters())]
    return found


@pytest.mark.parametrize(("machine", "backend"), [("fixed8", "eager"), ("h100_fp8", "aot_eager")])
def test_a_compiled_network_gives_the_same_bits_in_one_graph(machine, backend):
    """Forward and backward, step for step: datapaths and random bits are the eager ones."""
    torch.manual_seed(0)
    rules = {"*": STOCHASTIC} if machine == "fixed8" else None
    key = nf.Key(2) if rules else None
    net = Everything()
    plain, other = (nt.emulate(net, machine, rules=rules, key=key) for _ in range(2))
    wanted = run(plain, plain)
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of its releases to come
        found = run(other, torch.compile(other, backend=backend, fullgraph=True))
    assert nt.step_of(other) == 2
    for a, b in zip(found, wanted, strict=True):
        assert torch.equal(a, b)


def test_steps_are_not_compiled_anew():
    """The step is data: one graph serves all of them."""
    made = nt.emulate(nn.Linear(30, 20), "fixed8", key=nf.Key(2))
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.compile(made, backend=backend, fullgraph=True)
        steps = [compiled(torch.ones(1, 30)) for _ in range(2)]
        seen = len(graphs)
        steps += [compiled(torch.ones(1, 30)) for _ in range(3)]
        again = nt.at_step(made, 3) and compiled(torch.ones(1, 30))
    assert len(graphs) == seen
    assert torch.equal(steps[3], again)
    assert not torch.equal(steps[3], steps[4])


@pytest.mark.parametrize("gradient", ["straight_through", "clipped"])
def test_a_compiled_quantizer_gives_the_same_bits_in_one_graph(gradient):
    """Values and gradients of Quantizer and of quantize by spellings."""
    layer = nt.Quantizer("fixed<8,3>", "toward_zero", backward="e5m2", gradient=gradient)

    def both(x):
        return nt.quantize(layer(x) * 3, "mxfp8_e4m3") + 1

    x, found = torch.linspace(-20, 20, 64), []
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for function in (both, torch.compile(both, backend="aot_eager", fullgraph=True)):
            held = x.clone().requires_grad_()
            out = function(held)
            (out * x).sum().backward()
            found.append((out.detach(), held.grad))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
