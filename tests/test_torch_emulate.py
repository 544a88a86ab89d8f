"""emulate, restore and at_step: networks that compute as a machine does."""

import copy
import io
import pickle

import numpy as np
import pytest

import numfmt as nf

torch = pytest.importorskip("torch")
nt = pytest.importorskip("numfmt.torch")

from torch import nn  # noqa: E402

from numfmt.torch import layers  # noqa: E402

KEY = nf.Key(3)
STOCHASTIC = {"activation": "fixed<8,4,rounding=stochastic>", "error": "e5m2<rounding=stochastic>"}


def network(seed=0):
    """A small convolutional network."""
    torch.manual_seed(seed)
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 4, 3, stride=2, groups=2), nn.GELU(), nn.Flatten(), nn.Linear(36, 5)),
        nn.Softmax(dim=-1),
    )


def images(seed=0, count=3):
    """A batch."""
    return torch.randn(count, 1, 14, 14, generator=torch.Generator().manual_seed(seed))


def run(model, x=None):
    """Output, input gradient and all parameters' gradients."""
    model.zero_grad()
    x = (images() if x is None else x.detach()).requires_grad_()
    out = model(x)
    (out * torch.arange(out.numel()).reshape(out.shape)).sum().backward()
    return [out.detach(), x.grad, *(p.grad.clone() for p in model.parameters())]


def same(a, b):
    """Are all tensors equal, bit for bit?"""
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_fp32_on_the_host_is_pytorch(training):
    """No format, PyTorch's own products: outputs and gradients bit for bit."""
    net = network().train(training)
    made = nt.emulate(net, "fp32", plan="host")
    assert same(run(made), run(net))
    assert same(made.buffers(), net.buffers())


@pytest.mark.parametrize(
    "layer", [nn.Linear(9, 4), nn.Conv2d(3, 4, 3, padding=1), nn.ConvTranspose2d(3, 4, 3, 2)]
)
def test_other_plans_differ_within_the_bound_of_summation(layer):
    """Of a sum of k products each order is within k 2**-24 of the products' magnitudes (Higham,
    Accuracy and Stability, 3.1) of the exact one, to first order."""
    x = torch.randn(2, *((9,) if isinstance(layer, nn.Linear) else (3, 6, 6)))
    found = nt.emulate(layer, "fp32")(x)
    exact, sizes = copy.deepcopy(layer).double(), copy.deepcopy(layer).double()
    for p in sizes.parameters():
        p.data = p.data.abs()
    terms = layer.weight[0].numel() + 2 if not isinstance(layer, nn.ConvTranspose2d) else 29
    bound = sizes(x.double().abs()) * (terms * 2**-24)
    assert ((found - exact(x.double())).abs() <= bound).all()
    assert not torch.equal(found, layer(x))


def test_the_model_keeps_its_state_dict_and_comes_back():
    """Names, parameters and buffers are the original's; restore gives it back."""
    net = network()
    made = nt.emulate(net, "h100_fp8")
    assert list(made.state_dict()) == list(net.state_dict())
    made.load_state_dict(net.state_dict())
    assert [type(m) for m in net] == [type(m) for m in network()]
    before = run(net)
    back = nt.restore(made)
    assert back is made
    assert [type(m) for m in back] == [type(m) for m in net]
    back.load_state_dict(network().state_dict())
    assert same(run(back), before)
    assert not any("numfmt_site" in m.__dict__ for m in back.modules())
    with pytest.raises(nf.NumfmtError, match="not emulated"):
        nt.restore(back)


def test_in_place_keeps_the_very_parameters():
    """An optimizer made before goes on."""
    net = network()
    parameters = list(net.parameters())
    assert nt.emulate(net, "h100_fp8", inplace=True) is net
    assert all(p is q for p, q in zip(parameters, net.parameters(), strict=True))
    with pytest.raises(nf.NumfmtError, match="emulated already"):
        nt.emulate(net, "h100_fp8")


def test_copies_go_on_as_the_original():
    """deepcopy, pickle and torch.save carry formats, key and step, each copy's its own."""
    made = nt.emulate(network(), "fixed8", key=KEY)
    run(made)
    file = io.BytesIO()
    torch.save(made, file)
    file.seek(0)
    copies = [copy.deepcopy(made), pickle.loads(pickle.dumps(made))]
    copies.append(torch.load(file, weights_only=False))
    assert nt.step_of(made) == 1
    wanted = run(made)
    for one in copies:
        assert nt.step_of(one) == 1
        assert same(run(one), wanted)


def test_steps_have_bits_of_their_own_and_can_be_set():
    """Each training pass advances the step; at_step repeats one; evaluation does not count."""
    made = nt.emulate(network(), "fixed8", rules={"*": STOCHASTIC}, key=KEY)
    first, second = run(made), run(made)
    assert not same(first, second)
    assert same(run(nt.at_step(made, 1)), second)
    made.eval()
    passes = [made(images()) for _ in range(2)]
    assert not torch.equal(*passes)
    assert nt.step_of(made) == 2
    made.train()
    third = run(made)
    fresh = nt.emulate(network(), "fixed8", rules={"*": STOCHASTIC}, key=KEY)
    for one in (run(fresh), run(fresh)):
        del one
    assert same(run(fresh), third)


def test_layers_and_their_calls_have_bits_of_their_own():
    """Two layers of one shape, and two calls of one, round the same numbers differently."""
    shared = nn.Linear(50, 50)
    net = nn.Sequential(shared, nn.Linear(50, 50), shared)
    made = nt.emulate(net, "fixed<8,0>", key=KEY)
    seen = []
    for layer in made:
        layer.register_forward_hook(lambda m, i, o: seen.append(m.weight))
    x = torch.full((1, 50), 0.5)
    made[1].load_state_dict(shared.state_dict())
    a, b, again = (nt.at_step(made, 0) and made[i](x) for i in (0, 1, 0))
    assert not torch.equal(a, b)
    assert torch.equal(a, again)
    nt.at_step(made, 0)
    assert not torch.equal(made[0](x), made[0](x))


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_no_bit(threads):
    """Neither numfmt's nor PyTorch's."""
    before = nf.get_num_threads(), torch.get_num_threads()
    wanted = run(nt.emulate(network(), "fixed8", rules={"*": STOCHASTIC}, key=KEY))
    try:
        nf.set_num_threads(threads)
        torch.set_num_threads(threads)
        found = run(nt.emulate(network(), "fixed8", rules={"*": STOCHASTIC}, key=KEY))
    finally:
        nf.set_num_threads(before[0])
        torch.set_num_threads(before[1])
    assert same(found, wanted)


class Rounded(torch.utils.data.Dataset):
    """Images rounded when they are read, each by its own bits."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        bits = KEY.fold_in("image").at(i)
        return nt.quantize(images(i, 1)[0], "fixed<8,4>", "stochastic", key=bits)


@pytest.mark.parametrize("workers", [0, 2])
def test_loader_workers_change_no_bit(workers):
    """A loader's workers read what its own process would."""
    loader = torch.utils.data.DataLoader(Rounded(), 2, num_workers=workers)
    made = nt.emulate(network(), "fixed8", key=KEY)
    found = [run(made, batch)[0] for batch in loader]
    alone = nt.emulate(network(), "fixed8", key=KEY)
    batches = [torch.stack([Rounded()[i], Rounded()[i + 1]]) for i in (0, 2, 4)]
    assert same(found, [run(alone, batch)[0] for batch in batches])


def test_no_grad_gives_the_same_forward():
    """Gradients off: the same bits, and no graph."""
    made = nt.emulate(network(), "h100_fp8").eval()
    with torch.no_grad():
        found = made(images())
    assert not found.requires_grad
    assert torch.equal(found, made(images()).detach())


def test_activations_are_stored_and_errors_too():
    """Norms, activation functions, pooling and softmax round what they give and what comes back."""
    made = nt.emulate(network(), "h100_fp8")
    seen = {}
    for name, layer in made.named_modules():
        if name:
            layer.register_forward_hook(lambda m, i, o, name=name: seen.update({name: o}))
    made(images())
    held = {name: torch.equal(x, nt.quantize(x, "e4m3fn")) for name, x in seen.items()}
    kinds = {name: type(m).__name__ for name, m in made.named_modules() if name}
    summed = ("Conv2d", "Linear")
    assert {kinds[name] for name, is_held in held.items() if not is_held} == set(summed)
    assert all(held[name] for name in held if kinds[name] not in summed)
    layer, x = nt.emulate(nn.GELU(), "h100_fp8"), torch.randn(50).requires_grad_()
    errors, own = torch.randn(50), nn.GELU()
    layer(x).backward(errors)
    y = nt.quantize(x.detach(), "e4m3fn").requires_grad_()
    own(y).backward(nt.quantize(errors, "e5m2"))
    assert torch.equal(x.grad, y.grad)


def test_what_is_stored_is_not_rounded_again_until_it_changes():
    """A tensor known to be in the format passes; changed in place it is rounded."""
    made = nt.emulate(nn.Sequential(nn.Sigmoid(), nn.ReLU()), "h100_fp8")
    x = made[0](torch.randn(20))
    assert made[1](x).data_ptr() != x.data_ptr()
    assert torch.equal(made[1](x), x)
    x += 0.01
    assert torch.equal(made[1](x), nt.quantize(x, "e4m3fn"))


def test_rules_by_type_and_name():
    """None leaves a layer, a machine or formats change it; names come after types."""
    net = network()
    made = nt.emulate(
        net,
        "h100_fp8",
        rules={
            nn.Conv2d: {"weight": "fixed<8,6>", "plan": "host"},
            "4": "bf16_sr",
            "[57]": None,
            nn.ReLU: {"activation": None},
        },
        key=KEY,
    )
    of = {name: m.__dict__.get("numfmt_site") for name, m in made.named_modules()}
    assert str(of["0"].arithmetic.weight.bare()) == "fixed<8,6>"
    assert of["0"].arithmetic.is_host
    assert of["4"].arithmetic.machine.name == "bf16_sr"
    assert of["5"] is None
    assert type(made[7]) is nn.Linear
    assert of["2"].arithmetic.activation is None


class Own(nn.Module):
    """A module with parameters of its own."""

    def __init__(self):
        super().__init__()
        self.scale, self.inner = nn.Parameter(torch.ones(1)), nn.Linear(2, 2)

    def forward(self, x):
        return self.inner(x) * self.scale


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nt.emulate("net", "fp32"), nf.NumfmtError, "torch.nn.Module"),
        (lambda: nt.emulate(network(), "fp33"), nf.MachineError, "no machine"),
        (lambda: nt.emulate(network(), "fp32", plan="fast"), nf.MachineError, "plan"),
        (lambda: nt.emulate(network(), "fixed8"), nf.RandomError, "0: weight rounds stochastic"),
        (lambda: nt.emulate(network(), "fp32", key=KEY), nf.RandomError, "nothing in the model"),
        (lambda: nt.emulate(network(), "fixed8", key=3), nf.RandomError, "numfmt.Key"),
        (lambda: nt.emulate(nn.LSTM(2, 2), "fp32"), nf.MachineError, "LSTM, which is not known"),
        (lambda: nt.emulate(nn.CELU(), "fp32"), nf.MachineError, "CELU"),
        (lambda: nt.emulate(Own(), "fp32"), nf.MachineError, "Own, which is not known"),
        (lambda: nt.emulate(network(), "fp32", rules=[1]), nf.NumfmtError, "must map"),
        (lambda: nt.emulate(network(), "fp32", rules={1: None}), nf.NumfmtError, "1 must be"),
        (lambda: nt.emulate(network(), "fp32", rules={"9x": None}), nf.NumfmtError, "fits no"),
        (
            lambda: nt.emulate(network(), "fp32", rules={"0": {"wieght": None}}),
            nf.NumfmtError,
            "did you mean 'weight'",
        ),
        (lambda: nt.at_step(nt.emulate(network(), "fp32"), -1), nf.NumfmtError, "step=-1"),
        (lambda: nt.at_step(network(), 1), nf.NumfmtError, "not emulated"),
    ],
)
def test_wrong_arguments_are_named(call, error, words):
    """Each error names the argument and what is allowed."""
    with pytest.raises(error, match=words):
        call()


def test_a_module_with_parameters_is_left_by_a_rule():
    """rules of None for the module itself leave what is in it too."""
    made = nt.emulate(Own(), "fp32", rules={Own: None})
    assert type(made.inner) is nn.Linear


@pytest.mark.parametrize("kind", [k for k in layers.EMULATED if k.__module__.startswith("torch")])
def test_every_layer_is_found_by_pickle(kind):
    """The emulated form of a layer has its name in numfmt.torch.layers, and is one of its kind."""
    made = layers.EMULATED[kind]
    assert getattr(layers, made.__name__) is made
    assert issubclass(made, kind)
    assert pickle.loads(pickle.dumps(made)) is made


def test_inputs_are_stored_in_the_machines_format_of_inputs():
    """The network's inputs are rounded once, before its first layer."""
    m = nf.machine("fp32").replace(input="fixed<8,2>")
    made, x = nt.emulate(nn.Identity(), m), torch.randn(9)
    assert torch.equal(made(x), nt.quantize(x, "fixed<8,2>"))
    assert made(torch.arange(3)).dtype == torch.int64
    np.testing.assert_array_equal(made(input=x).numpy(), made(x).numpy())
