"""OptimLP and sequential_lower of numfmt.torch.qtorch_compat."""

import copy
import io

import pytest
from qtorch_numbers import fixed_point, floating_point

import numfmt as nf

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402 - after the skip

from numfmt.torch import qtorch_compat as q  # noqa: E402 - after the skip

torch.set_num_threads(1)


def network():
    """Two layers, their parameters the same every time."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, 3), nn.Tanh()))


def test_lowered_models_round_outputs_and_errors_and_keep_their_names():
    """What hooks give is what a Sequential of layer and quantizer gives."""
    net, x = network(), torch.randn(5, 4)
    options = {"forward_rounding": "nearest", "backward_rounding": "nearest"}
    low = q.sequential_lower(net, ["linear"], fixed_point(8, 4), floating_point(4, 3), **options)
    assert list(low.state_dict()) == list(net.state_dict())
    quantizer = q.quantizer(fixed_point(8, 4), floating_point(4, 3), **options)
    want = net[2][1](quantizer(net[2][0](net[1](quantizer(net[0](x))))))
    assert torch.equal(low(x), want)
    low(x).sum().backward()
    want.sum().backward()
    for a, b in zip(low.parameters(), net.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad)
    file = io.BytesIO()
    torch.save(low, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(x), low(x))


def trained(quantizers, steps, state=None, **options):
    """A network after some steps of SGD, and its optimizer."""
    net = network()
    inner = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    optimizer = q.OptimLP(inner, **quantizers, **options)
    if state is not None:
        net.load_state_dict(state[0])
        optimizer.load_state_dict(state[1])
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()
    return net, optimizer


def test_an_optimizer_steps_from_accumulators_and_goes_on_from_its_state():
    """Weights and accumulators on their grids from the beginning; resumed to the same bits."""
    coarse = q.quantizer(fixed_point(8, 5), forward_rounding="nearest")
    fine = q.quantizer(fixed_point(16, 12), forward_rounding="nearest")
    quantizers = {"weight_quant": coarse, "acc_quant": fine, "momentum_quant": fine}
    for steps in (0, 3):
        net, optimizer = trained(quantizers, steps)
        for p, accumulator in zip(net.parameters(), optimizer.accumulators, strict=True):
            assert torch.equal(p, coarse(p.detach()))
            assert torch.equal(p, coarse(accumulator))
    state = copy.deepcopy((net.state_dict(), optimizer.state_dict()))
    whole, _ = trained(quantizers, 6)
    resumed, _ = trained(quantizers, 3, state)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(nf.ShapeError, match="accumulators"):
        optimizer.load_state_dict(optimizer.optim.state_dict())


def test_an_optimizer_of_no_quantizers_is_the_optimizer():
    """A closure counts, a schedule too, scaling without grad_quant, groups that come later."""
    net, optimizer = trained({}, 4)
    plain = network()
    sgd = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    for _ in range(4):
        sgd.zero_grad()
        plain(torch.ones(2, 4)).square().sum().backward()
        sgd.step()
    for a, b in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)

    def closure():
        optimizer.zero_grad()
        loss = net(torch.ones(2, 4)).square().sum()
        loss.backward()
        return loss

    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    before = net[0].weight.detach().clone()
    assert optimizer.step(closure) > 0
    assert not torch.equal(before, net[0].weight)
    w = nn.Parameter(torch.ones(2))
    scaled = q.OptimLP(torch.optim.SGD([w], lr=1.0), grad_scaling=0.25, acc_quant=lambda x: x)
    late = nn.Parameter(torch.ones(2))
    scaled.add_param_group({"params": [late], "lr": 2.0})
    (w + late).sum().backward()
    scaled.step()
    assert (w.tolist(), late.tolist()) == ([0.75] * 2, [0.5] * 2)


def test_attention_is_not_lowered_unseen():
    """Its projections are no calls of layers."""
    with pytest.raises(nf.NumfmtError, match="MultiheadAttention"):
        q.sequential_lower(nn.TransformerEncoderLayer(4, 2), ["linear"])
