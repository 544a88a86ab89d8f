"""Samplers in an optimizer's shape: the kernels' bits, complete states, formats of each layer."""

import copy
import io
import pickle

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler.experiments._experiment import quiet

torch = pytest.importorskip("torch")
optimizers = pytest.importorskip("lp_sampler.torch.optimizers")

ROWS, CHANNELS, INPUTS = 40, 5, 7
MACHINE = nf.machine("fixed8").replace(
    name="mixed", gradient="fixed<8,6,rounding=stochastic>", momentum="fixed<8,5>"
)
ACCUMULATORS = ("full", "naive", "naive_nearest", "vc", "one_shot", "blend", "error_feedback")


def data():
    """Inputs and labels of a linear problem."""
    random = np.random.default_rng(3)
    inputs = random.normal(size=(ROWS, INPUTS)).astype(np.float32)
    return torch.from_numpy(inputs), torch.from_numpy(random.integers(0, CHANNELS, ROWS))


def network(seed=0):
    """Weights and biases of one layer."""
    net = torch.nn.Linear(INPUTS, CHANNELS)
    lps.torch.initialise(net, nf.Key(seed))
    return net


def train(net, optimizer, steps):
    """Steps on all the rows."""
    inputs, labels = data()
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(inputs), labels).backward()
        optimizer.step()
    return optimizer


def flat(net):
    """All parameters, end to end."""
    return np.concatenate([p.detach().numpy().ravel() for p in net.parameters()])


def gradient(params, rows=None):
    """Of the mean log likelihood, by PyTorch, for each row of parameters."""
    inputs, labels = data()
    found = []
    for one in torch.from_numpy(np.array(params, np.float32)):
        net = torch.nn.Linear(INPUTS, CHANNELS)
        torch.nn.utils.vector_to_parameters(one, net.parameters())
        torch.nn.functional.cross_entropy(net(inputs), labels).backward()
        found.append(-np.concatenate([p.grad.numpy().ravel() for p in net.parameters()]))
    return np.array(found)


def as_target():
    """The same problem as a target of `lps.sample`."""
    size = CHANNELS * (INPUTS + 1)
    return lps.targets.Custom(lambda params, rows: np.zeros(len(params)), gradient, size)


CASES = [
    *(("SGLD", {"accumulator": one}) for one in ACCUMULATORS),
    ("CyclicalSGLD", {"noise": "sampling"}),
    ("PSGLD", {}),
    *(("SGHMC", {"accumulator": one}) for one in ("full", "vc", "joint")),
    *(("SGD", {"accumulator": one}) for one in ("full", "naive", "error_feedback")),
    ("SGDMomentum", {"momentum": 0.5}),
    ("SWALP", {"start": 2, "every": 2}),
]


def lr_of(name):
    """A schedule, cyclical where it must be."""
    if name == "CyclicalSGLD":
        return lps.schedules.Cyclical(0.1, cycle=4, exploration=0.5)
    return lps.schedules.SWALP(0.1, steps=10)


def made(name, net, further, **options):
    """The optimizer of a case."""
    cold = issubclass(getattr(optimizers, name), optimizers.SGD)
    own = {} if cold else {"data_size": ROWS, "temperature": 0.7}
    kind = getattr(optimizers, name)
    return kind(net.parameters(), MACHINE, lr_of(name), seed=9, **own, **further, **options)


@pytest.mark.parametrize(("name", "further"), CASES)
def test_steps_have_the_kernels_bits(name, further):
    """Five steps equal five of `lps.sample` on the parameters laid end to end, bit for bit."""
    net = network()
    init = flat(net)
    draws = []
    optimizer = made(name, net, further)
    for _ in range(5):
        train(net, optimizer, 1)
        draws.append(flat(net))
    cold = isinstance(optimizer, optimizers.SGD)
    options = dict(further) if cold else {"temperature": 0.7 / ROWS, **further}
    if name == "PSGLD":
        options["damping"] = 1e-5
    kernel = getattr(lps.kernels, name)(step_size=lr_of(name), **options)
    explores = name in ("CyclicalSGLD", "SWALP")
    settings = {"draws": 3 if explores else 5, "chains": 1, "warmup": 2 if explores else 0}
    if name == "CyclicalSGLD":
        settings["draws"] = 2
    with quiet():
        run = lps.sample(
            kernel, as_target(), MACHINE, thin=1, init=init, seed=9, progress=False, **settings
        )
    if name == "SWALP":
        average = np.concatenate([draw.ravel() for _, draw, _ in optimizer.draws()])
        assert (run.draws[0, -1] == average).all()
        return
    if "full" in further.values():
        kept = [optimizer.state[p]["params"].numpy().ravel() for p in net.parameters()]
        assert (run.draws[0, -1] == np.concatenate(kept)).all()
        return
    found = np.array(draws)[2:4] if explores else np.array(draws)
    assert (run.draws[0] == found).all()


@pytest.mark.parametrize(("name", "further"), CASES)
def test_a_resumed_optimizer_goes_on_to_the_same_bytes(name, further):
    """State dicts through a file, read as plain data: accumulators, step, schedule and bits."""
    whole, net = network(), network()
    train(whole, made(name, whole, further), 7)
    optimizer = train(net, made(name, net, further), 4)
    file = io.BytesIO()
    torch.save({"net": net.state_dict(), "sampler": optimizer.state_dict()}, file)
    stored = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
    other = network(1)
    other.load_state_dict(stored["net"])
    fresh = getattr(optimizers, name)
    cold = issubclass(fresh, optimizers.SGD)
    lr = lps.schedules.Cyclical(1.0, cycle=2) if name == "CyclicalSGLD" else 1.0
    optimizer = fresh(other.parameters(), "fixed8", lr, **({} if cold else {"data_size": 1}))
    optimizer.load_state_dict(stored["sampler"])
    train(other, optimizer, 3)
    assert flat(other).tobytes() == flat(whole).tobytes()


@pytest.mark.parametrize("through", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_go_on_alike(through):
    """A copy of network and optimizer takes the same steps."""
    net = network()
    optimizer = train(net, made("SGLD", net, {"accumulator": "full"}), 2)
    other, twin = through((net, optimizer))
    train(net, optimizer, 2), train(other, twin, 2)
    assert flat(net).tobytes() == flat(other).tobytes()


def test_the_prior_enters_in_the_vector_unit():
    """With weight decay and no loss, a step is the kernel's on minus decay times the weights."""
    net = network()
    optimizer = optimizers.SGD(net.parameters(), MACHINE, 0.5, weight_decay=0.25, seed=4)
    before = [p.detach().numpy().copy() for p in net.parameters()]
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    first = 0
    for p, start in zip(net.parameters(), before, strict=True):
        key = nf.Key(4).at(0, first=first)
        slope = -np.float32(0.25) * start
        stored = nf.quantize(slope, MACHINE.gradient, key=key.fold_in("gradient"))
        mean = start + np.float32(0.5) * stored
        expected = nf.quantize(mean, MACHINE.accumulator, key=key.fold_in("weight"))
        assert (p.detach().numpy() == expected).all()
        first += start.size


def test_each_group_has_formats_of_its_own():
    """A gap of its own for each layer, and blocks that end with an output channel."""
    net = network()
    groups = [
        {"params": [net.weight], "machine": "bfp<8,None>"},
        {"params": [net.bias], "machine": "fixed<8,2>", "lr": 0.01},
    ]
    optimizer = train(net, optimizers.SGLD(groups, MACHINE, 0.1, data_size=ROWS), 3)
    weight, bias = net.weight.detach().numpy(), net.bias.detach().numpy()
    assert (bias * 4 == np.round(bias * 4)).all()
    for row in weight:
        gap = 2.0 ** (np.floor(np.log2(np.abs(row).max())) + 2 - 8)
        assert (row / gap == np.round(row / gap)).all()
    assert optimizer.counts.count == weight.size + bias.size


def test_full_reads_weights_in_their_format():
    """The parameters hold what the machine reads; float32 copies are in the state."""
    net = network()
    train(net, optimizers.SGLD(net.parameters(), "fixed<8,4>", 0.1, data_size=9), 2)
    full = network()
    optimizer = optimizers.SGLD(
        full.parameters(), "fixed<8,4>", 0.1, data_size=ROWS, accumulator="full"
    )
    train(full, optimizer, 2)
    weight = full.weight.detach().numpy()
    assert (weight * 16 == np.round(weight * 16)).all()
    kept = optimizer.state[full.weight]["params"].numpy()
    assert not (kept * 16 == np.round(kept * 16)).all()
    assert np.abs(kept - weight).max() < 1 / 16


def test_schedulers_of_pytorch_change_the_step_size():
    """A number is a step size that a scheduler may change."""
    net = network()
    optimizer = optimizers.SGD(net.parameters(), MACHINE, 0.5)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.0)
    train(net, optimizer, 1)
    scheduler.step()
    before = flat(net)
    train(net, optimizer, 3)
    assert flat(net).tobytes() == before.tobytes()


def test_counts_of_a_step():
    """Weights that leave the range are counted where they are rounded from a wider accumulator."""
    net = network()
    optimizer = optimizers.SGLD(
        net.parameters(), "fixed<8,9>", 1e-9, data_size=ROWS, accumulator="full", temperature=0.0
    )
    beyond = sum(
        int((np.abs(optimizer.state[p]["params"].numpy()) > 0.25).sum()) for p in net.parameters()
    )
    train(net, optimizer, 1)
    assert optimizer.counts.saturated == beyond > 0
    assert optimizer.counts.count == 40


def test_a_step_is_all_or_nothing():
    """A NaN in one gradient leaves every parameter as it was."""
    net = network()
    optimizer = optimizers.SGLD(net.parameters(), MACHINE, 0.1, data_size=ROWS)
    before = flat(net)
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    net.bias.grad[2] = float("nan")
    with pytest.raises(nf.NumfmtError, match="nan"):
        optimizer.step()
    assert flat(net).tobytes() == before.tobytes()
    assert optimizer.steps == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"accumulator": "low"}, "accumulator"),
        ({"machine": "nvidia.h100.wgmma.e4m3.f32"}, "stores no tensors"),
        ({"data_size": 0}, "data_size"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"temperature": -1.0}, "temperature"),
        ({"seed": 1.5}, "seed"),
        ({"params": [torch.zeros(2, dtype=torch.float64, requires_grad=True)]}, "float32"),
        ({"params": [torch.zeros(2, 3).T.requires_grad_()]}, "contiguous"),
        ({"params": [{"params": [torch.zeros(2)], "momentum": 0.5}]}, "momentum"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    """Each error says which argument it is."""
    given = {"params": network().parameters(), "machine": MACHINE, "lr": 0.1, "data_size": 9}
    with pytest.raises(nf.NumfmtError, match=words):
        optimizers.SGLD(**(given | arguments))


def test_a_state_of_another_sampler_is_refused():
    """SGHMC cannot go on from SGLD's state."""
    net = network()
    state = optimizers.SGLD(net.parameters(), MACHINE, 0.1, data_size=9).state_dict()
    other = optimizers.SGHMC(net.parameters(), MACHINE, 0.1, data_size=9)
    with pytest.raises(lps.SamplerError, match="one of SGHMC is needed; got SGLD"):
        other.load_state_dict(state)


def test_gaps_of_each_layer():
    """Fixed-point formats fit each parameter; rules name what differs."""
    net = network()
    with torch.no_grad():
        net.weight.mul_(0.1 / net.weight.abs().max())
        net.bias.fill_(1.5)
    groups = lps.torch.groups(net, MACHINE, {"bias": {"lr": 0.0}}, headroom=0)
    formats = [one["machine"].weight for one in groups]
    assert [str(one.bare()) for one in formats] == ["fixed<8,10>", "fixed<8,6>"]
    assert formats[0].rounding == MACHINE.weight.rounding
    optimizer = train(net, optimizers.SGD(groups, MACHINE, 0.01), 2)
    assert (net.bias.detach().numpy() == 1.5).all()
    state = optimizer.state_dict()
    other = optimizers.SGD(net.parameters(), MACHINE, 0.1)
    with pytest.raises(ValueError, match="group"):
        other.load_state_dict(state)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rules": {"conv*": "fixed8"}}, "'conv\\*' names no parameter"),
        ({"machine": "bfp<8,16>", "headroom": 1}, "fixed point"),
        ({"headroom": -1}, "headroom"),
    ],
)
def test_wrong_groups_are_named(arguments, words):
    """A rule without a parameter, blocks that have no gap to choose."""
    given = {"module": network(), "machine": MACHINE} | arguments
    with pytest.raises(nf.NumfmtError, match=words):
        lps.torch.groups(**given)
