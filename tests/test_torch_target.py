"""Modules as targets: gradients, machines, chains, resumed runs."""

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf
from lp_sampler._evaluate import Evaluation
from lp_sampler.experiments._experiment import quiet

torch = pytest.importorskip("torch")
Target = pytest.importorskip("lp_sampler.torch").Target
nn, data = torch.nn, torch.utils.data

ROWS, INPUTS, CLASSES = 30, 4, 3
BLOCKS = nf.machine("float32").replace(
    name="blocks",
    weight="fixed<8,6,rounding=stochastic>",
    accumulator="fixed<8,6,rounding=stochastic>",
    activation="fixed<8,4,rounding=stochastic>",
    error="e5m2<rounding=stochastic>",
)


def rows(seed=2):
    """Inputs with classes."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(ROWS, INPUTS)).astype(np.float32)
    labels = (inputs[:, 0] > 0).astype(np.int64) + (inputs[:, 1] > 0.5)
    return data.TensorDataset(torch.from_numpy(inputs), torch.from_numpy(labels))


def network():
    """Two layers."""
    net = nn.Sequential(nn.Linear(INPUTS, 5), nn.ReLU(), nn.Linear(5, CLASSES))
    lps.torch.initialise(net, nf.Key(3))
    return net


def target(**options):
    """Of the two layers."""
    loader = data.DataLoader(rows(), batch_size=7, shuffle=True)
    return Target(network(), nn.functional.cross_entropy, loader, test=loader, **options)


def points(count, size, dtype=np.float32):
    """Parameters, as chains."""
    return np.random.default_rng(5).normal(size=(count, size)).astype(dtype) / 2


@pytest.mark.parametrize("scale", ["sum", "mean"])
@pytest.mark.parametrize("batch", [None, np.array([3, 3, 8, 20])])
def test_finite_differences_of_the_log_density(scale, batch):
    """In float64 the gradient is the log density's, of all rows and of a batch."""
    net = target(scale=scale, prior_scale=0.7)
    params = points(2, net.size, np.float64)
    slope, step = net.gradient(params, batch), 1e-6
    for place in (0, 7, net.size - 1):
        moved = np.zeros(net.size)
        moved[place] = step
        up, down = (net.log_density(params + sign * moved, batch) for sign in (1, -1))
        assert np.abs((up - down) / (2 * step) - slope[:, place]).max() < 1e-5


def test_the_log_density_is_that_of_the_perceptron_in_numpy():
    """The same network as `targets.MLP`: likelihood and prior, whole and by batches."""
    net, (inputs, labels) = target(prior_scale=0.5), rows().tensors
    same = lps.targets.MLP(inputs.numpy(), labels.numpy(), (5,), classes=CLASSES, prior_scale=0.5)
    params = points(2, net.size, np.float64)
    turned = []
    for one in params:
        parts, begin = [], 0
        for m, n in ((INPUTS, 5), (5, CLASSES)):
            parts.append(one[begin : begin + m * n].reshape(n, m).T.ravel())
            parts.append(one[begin + m * n : begin + (m + 1) * n])
            begin += (m + 1) * n
        turned.append(np.concatenate(parts))
    for batch in (None, np.array([1, 2, 9])):
        found, expected = net.log_density(params, batch), same.log_density(np.array(turned), batch)
        assert np.abs(found - expected).max() < 1e-9


@pytest.mark.parametrize("machine", ["float32", BLOCKS], ids=str)
def test_a_chain_does_not_depend_on_the_chains_beside_it(machine):
    """Alone or among others, at the same step: the same bits, and others for another chain."""
    own = nf.machine(machine)
    bound = target().on(own, nf.Key(1))
    params = points(3, bound.size)
    params = nf.quantize(params, own.weight.replace(rounding="nearest_even"))

    def slopes(first, count):
        key = nf.Key(8).at(4, first=first * bound.size)
        return Evaluation(bound, own, key).gradient(params[first : first + count])

    together = slopes(0, 3)
    assert together[1:].tobytes() == slopes(1, 2).tobytes()
    params[1] = params[0]
    together = slopes(0, 3)
    assert (together[0] == together[1]).all() == (machine == "float32")


def test_gradients_are_the_machines():
    """What the emulated module's own backward gives, negated, times the number of rows."""
    own = nf.machine("float32").replace(
        name="own", weight="fixed<8,3>", activation="fixed<8,4>", error="fixed<12,9>"
    )
    bound, net = target(scale="mean", prior_scale=1e30).on(own, nf.Key(1)), network()
    emulated = nf.torch.emulate(net, own)
    inputs, labels = rows().tensors
    with torch.no_grad():
        for p in emulated.parameters():
            p.copy_(torch.from_numpy(nf.quantize(p.numpy(), "fixed<8,3>")))
    params = np.concatenate([p.detach().numpy().ravel() for p in emulated.parameters()])
    nn.functional.cross_entropy(emulated(inputs), labels).backward()
    expected = np.concatenate([p.grad.numpy().ravel() for p in emulated.parameters()])
    assert (bound.gradient(params[None])[0] == -expected).all()


def test_an_optimizer_takes_the_same_steps():
    """`lps.sample` of the mean loss and `lps.torch.SGLD` with its weight decay: the same bytes."""
    machine = nf.machine("float32").replace(
        name="eight", weight="fixed<8,6>", accumulator="fixed<8,6>", gradient="fixed<8,6>"
    )
    net = network()
    optimizer = lps.torch.SGLD(
        net.parameters(), machine, 0.1, data_size=ROWS, weight_decay=1 / ROWS / 0.25, seed=6
    )
    inputs, labels = rows().tensors
    draws = []
    for _ in range(4):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(inputs), labels).backward()
        optimizer.step()
        draws.append(np.concatenate([p.detach().numpy().ravel() for p in net.parameters()]))
    kernel = lps.kernels.SGLD(step_size=0.1, temperature=1 / ROWS)
    own = target(scale="mean", prior_scale=0.5, plan="host")
    with quiet():
        run = lps.sample(
            kernel, own, machine, draws=4, chains=1, warmup=0, thin=1, seed=6, progress=False
        )
    assert (run.draws[0] == np.array(draws)).all()


def test_runs_resume_to_the_same_bytes(tmp_path):
    """Extended from its store, with the target handed in again, or in one go; with any threads."""
    kernel = lps.kernels.SGLD(step_size=0.01)
    common = {"chains": 3, "warmup": 2, "thin": 2, "batch_size": 8, "progress": False}
    with quiet():
        whole = lps.sample(kernel, target(), BLOCKS, draws=6, **common)
        lps.sample(kernel, target(), BLOCKS, draws=2, store=tmp_path / "run", **common)
        extended = lps.resume(tmp_path / "run", target=target(), extend=4)
        before = nf.set_num_threads(1)
        try:
            alone = lps.sample(kernel, target(), BLOCKS, draws=6, **common)
        finally:
            nf.set_num_threads(before or 2)
    assert np.asarray(extended.codes).tobytes() == np.asarray(whole.codes).tobytes()
    assert np.asarray(alone.codes).tobytes() == np.asarray(whole.codes).tobytes()
    with pytest.raises(lps.StoreError, match="its data are not those of the run"):
        lps.resume(tmp_path / "run", target=target(prior_scale=2.0), extend=1)


def test_the_module_stays_as_it_is():
    """Parameters, buffers and gradients of the module are untouched, norms' statistics too."""
    net = nn.Sequential(nn.Linear(INPUTS, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, CLASSES))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    own = Target(net, nn.functional.cross_entropy, data.DataLoader(rows()))
    own.gradient(points(2, own.size))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())


def test_predictions_are_averaged_over_draws():
    """Probabilities of the test rows, and scores of their mean."""
    net = target()
    draws = points(4, net.size).reshape(2, 2, -1)
    chances = net.predict(draws.reshape(4, -1))
    assert chances.shape == (4, ROWS, CLASSES)
    labels = net.test_classes
    expected = lps.diagnostics.nll(chances.mean(axis=0), labels)
    assert net.scores(draws)["nll"] == pytest.approx(expected)
    with pytest.raises(lps.SamplerError, match="no test rows"):
        Target(network(), nn.functional.cross_entropy, data.DataLoader(rows())).predict(draws[0])


def test_datasets_of_any_kind():
    """Rows that a dataset gives one by one are collated as the loader does."""
    pairs = list(zip(*rows().tensors, strict=True))
    own = Target(network(), nn.functional.cross_entropy, data.DataLoader(pairs))
    params = points(1, own.size)
    assert (own.gradient(params) == target().gradient(params)).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"module": 3}, "module"),
        ({"module": nn.ReLU()}, "no parameters"),
        ({"loader": [1, 2]}, "loader"),
        ({"prior_scale": 0.0}, "prior_scale"),
        ({"scale": "total"}, "scale"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    """Each error says which argument it is."""
    given = {
        "module": network(),
        "loss": nn.functional.cross_entropy,
        "loader": data.DataLoader(rows()),
    }
    with pytest.raises(lps.SamplerError, match=words):
        Target(**(given | arguments))
