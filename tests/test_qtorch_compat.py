"""The functions of QPyTorch in numfmt.torch.qtorch_compat: right, and with QPyTorch's own bits."""

import functools
import itertools
from fractions import Fraction

import numpy as np
import oracle_qpytorch as qpytorch
import pytest
from qtorch_numbers import block_floating_point, fixed_point, floating_point

import numfmt as nf

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402 - after the skip

from numfmt.torch import qtorch_compat as q  # noqa: E402 - after the skip

torch.set_num_threads(1)
NEAREST = {"rounding": "nearest"}
EXACT = {"rounding": "nearest", "exact_compat": True}


def numbers(count: int = 400) -> np.ndarray:
    """Float32 numbers at many scales, near steps, half steps and their neighbours."""
    random = np.random.default_rng(3)
    x = random.normal(size=count) * 2.0 ** random.integers(-12, 8, count)
    x[::3] = np.round(x[::3] * 64) / 64
    x = x.astype(np.float32)
    x[1::5] = np.nextafter(np.round(x[1::5] * 8) / np.float32(8) + np.float32(1 / 16), 2)
    return np.concatenate([x, np.float32([0.49999997, 0.5, 0.50000006, 2**23 + 1, 1e30, -1e30])])


def is_same(got: torch.Tensor, want: list) -> bool:
    """The numbers, exactly."""
    return [Fraction(v) for v in got.tolist()] == want


@pytest.mark.parametrize(
    ("wl", "fl", "clamp", "symmetric"),
    list(itertools.product((4, 8, 16), (1, 3, 8), (True, False), (True, False))),
)
def test_fixed_point_has_their_bits(wl, fl, clamp, symmetric):
    """The float32 sum before the rounding, ties to even, the range."""
    x = numbers()
    want = [qpytorch.fixed(v, wl, fl, clamp, symmetric) for v in x.tolist()]
    assert is_same(
        q.fixed_point_quantize(torch.from_numpy(x), wl, fl, clamp, symmetric, **EXACT), want
    )


@pytest.mark.parametrize(
    ("exp", "man"), [(5, 2), (4, 3), (3, 1), (2, 6), (5, 10), (6, 22), (7, 23)]
)
def test_floats_have_their_bits(exp, man):
    """Ties away, the top exponent, the sum below the smallest normal number, man = 23."""
    x = numbers()
    want = [qpytorch.floating(v, exp, man) for v in x.tolist()]
    assert is_same(q.float_quantize(torch.from_numpy(x), exp, man, **EXACT), want)


@pytest.mark.parametrize("wl", [2, 4, 8, 15, 22])
def test_blocks_have_their_bits(wl):
    """The sum with 6 * 2**E, ties up, one exponent for each index of dim."""
    x = numbers()[:384].reshape(4, 12, 8)
    for dim in range(3):
        got = q.block_quantize(torch.from_numpy(x), wl, dim, **EXACT).movedim(dim, 0)
        for part, rounded in zip(np.moveaxis(x, dim, 0), got, strict=True):
            assert is_same(rounded.flatten(), qpytorch.quantize(part.ravel().tolist(), wl))
    assert is_same(
        q.block_quantize(torch.from_numpy(x), wl, **EXACT).flatten(),
        qpytorch.quantize(x.ravel().tolist(), wl),
    )


def test_blocks_are_compat_qpytorch_of_numfmt():
    """A second way to the same bits."""
    x = np.random.default_rng(1).normal(size=(50, 400)).astype(np.float32)
    for wl in range(2, 23):
        theirs = nf.quantize(x, f"bfp<{wl},None,axis=all_but(0),compat=qpytorch>")
        ours = q.block_quantize(torch.from_numpy(x), wl, 0, **EXACT).numpy()
        assert ours.tobytes() == theirs.tobytes()


def test_special_numbers_are_theirs():
    """What peers.md tells: NaN becomes the largest number or -0, infinities the ends."""
    odd = torch.tensor([0x7FFFFFFF], dtype=torch.int32).view(torch.float32)
    x = torch.cat([torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0]), odd])
    found = q.float_quantize(x, 5, 2, **EXACT)
    assert found.tolist() == [114688, 114688, -114688, 0, 0]
    assert np.signbit(found.numpy()).tolist() == [False, False, True, False, True]
    assert torch.isnan(q.block_quantize(x[:4], 8, **EXACT)).all()
    assert torch.isnan(q.fixed_point_quantize(x[:1], 8, 3, **EXACT)).all()
    assert q.block_quantize(torch.tensor([1e-40, -0.0]), 4, **EXACT).tolist() == [0, 0]
    assert (q.block_quantize(torch.tensor([1.0, 2.0**126]), 8, **EXACT) < -1e38).all()
    for function in (q.float_quantize, q.fixed_point_quantize, q.block_quantize):
        more = () if function is q.block_quantize else (2,)
        assert function(torch.tensor(0.25), 5, *more, **EXACT) == 0.25
        assert function(torch.zeros(0, 3), 5, *more, **EXACT).shape == (0, 3)


def test_stochastic_fixed_point_has_their_bits():
    """Their random numbers are torch.rand_like's, the sums are float32's."""
    x = torch.from_numpy(numbers()).reshape(-1, 7).T
    torch.manual_seed(5)
    found = q.fixed_point_quantize(x, 8, 3, exact_compat=True)
    torch.manual_seed(5)
    sums = (x * 8 + torch.rand_like(x.contiguous())).double() - 0.5
    assert torch.equal(found, (sums.round().float() / 8).clamp(-16, 15.875))


NUMBERS = [fixed_point(8, 3), block_floating_point(6, 0), floating_point(4, 3), "posit<8,1>"]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: type(n).__name__)
def test_by_default_it_is_numfmt_s_rounding(number):
    """Nearest is ties to even, once; stochastic takes one number of PyTorch's generator."""
    x = torch.from_numpy(numbers()).reshape(7, 58)
    got = q.quantizer(number, forward_rounding="nearest")(x)
    assert got.numpy().tobytes() == nf.quantize(x.numpy(), number).tobytes()
    torch.manual_seed(2)
    key = nf.Key(int(torch.randint(1 << 62, ())))
    torch.manual_seed(2)
    got = q.quantizer(number)(x)
    want = nf.quantize(x.numpy(), number, "stochastic", key=key)
    assert got.numpy().tobytes() == want.tobytes()


def test_functions_are_the_quantizer_s():
    """Each of the three with its arguments, under other dtypes too; gradients pass through."""
    x = torch.from_numpy(numbers()).double().requires_grad_()
    pairs = [
        (q.fixed_point_quantize(x, 8, 3, True, True, "nearest"), fixed_point(8, 3, True, True)),
        (q.fixed_point_quantize(x, 8, -1, False, **NEAREST), fixed_point(8, -1, False)),
        (q.block_quantize(x, 6, **NEAREST), block_floating_point(6)),
        (q.float_quantize(x, 5, 2, **NEAREST), floating_point(5, 2)),
        (
            q.float_quantize(x, 5, 2, "toward_zero"),
            "float<5,2,special=finite,rounding=toward_zero>",
        ),
    ]
    for got, number in pairs:
        assert got.dtype == torch.float64
        assert np.array_equal(got.detach().numpy(), nf.quantize(x.detach().numpy(), number))
        (gradient,) = torch.autograd.grad(got.sum(), x)
        assert (gradient == 1).all()
    assert not q.float_quantize(x.float(), 5, 2, **EXACT).requires_grad


LAWS = {
    "fixed": (functools.partial(q.fixed_point_quantize, wl=8, fl=3), lambda x: 1 / 8),
    "float": (functools.partial(q.float_quantize, exp=4, man=3), lambda x: 2.0 ** (x - 3)),
    "block": (functools.partial(q.block_quantize, wl=6), lambda x: 2.0**-4),
}


@pytest.mark.parametrize("name", LAWS)
def test_stochastic_rounding_follows_the_exact_law(name):
    """Counts of the upper neighbour against the distance from the lower: chi-square of 64 cells."""
    function, gap = LAWS[name]
    draws, cells = 20_000, 64
    x = torch.linspace(0.01, 0.99, cells, dtype=torch.float64)
    x[-1] = 1.0  # the block's largest
    exponent = np.maximum(np.floor(np.log2(x.numpy())), -6)
    step = np.full(cells, 1.0) * gap(exponent)
    low = np.floor(x.numpy() / step) * step
    p = (x.numpy() - low) / step
    torch.manual_seed(11)
    found = function(x.repeat(draws, 1), rounding="stochastic").numpy()
    up = found == low + step
    assert (up | (found == low)).all()
    is_open = p > 0
    z = (up.sum(0) - draws * p)[is_open] / np.sqrt(draws * p * (1 - p))[is_open]
    n = is_open.sum()
    assert abs((z**2).sum() - n) < 5 * (2 * n) ** 0.5
    assert np.abs(z).max() < 5


def test_the_same_seed_gives_the_same_bits():
    """By PyTorch's generator, by one of one's own, by a key whose calls are counted."""
    x, number = torch.rand(500), floating_point(4, 3)
    for seed in (1, 2):
        torch.manual_seed(seed)
        first = [q.float_quantize(x, 4, 3) for _ in range(2)]
        torch.manual_seed(seed)
        assert torch.equal(first[0], q.float_quantize(x, 4, 3))
        assert not torch.equal(*first)
    made = [q.quantizer(number, generator=torch.Generator().manual_seed(1))(x) for _ in range(2)]
    assert torch.equal(*made)
    keyed = q.Quantizer(number, key=nf.Key(3))
    calls = [keyed(x) for _ in range(3)]
    for n, call in enumerate(calls):
        want = nf.quantize(x.numpy(), number, "stochastic", key=nf.Key(3).at(n))
        assert np.array_equal(call.numpy(), want)
    again = q.Quantizer(number, key=nf.Key(3))
    again.load_state_dict(keyed.state_dict())
    assert torch.equal(again(x), keyed(x))


def gradient_of(function, x, by):
    """The gradient that comes back from by."""
    x = x.clone().requires_grad_()
    function(x).backward(by)
    return x.grad


def test_gradients_are_rounded_and_zero_where_numbers_were_clamped():
    """Mask, then hooks, then the backward format; nothing is left out."""
    x, by = torch.tensor([0.3, 15.9, 15.99, -17.0]), torch.tensor([0.3, 0.3, 0.3, 0.3])
    options = {"forward_rounding": "nearest", "backward_rounding": "nearest"}
    plain = q.quantizer(fixed_point(8, 3), fixed_point(8, 2), **options)
    assert gradient_of(plain, x, by).tolist() == [0.25] * 4
    masks = q.quantizer(fixed_point(8, 3), clamping_grad_zero=True, **options)
    assert masks(x).tolist() == [0.25, 15.875, 15.875, -16]
    assert torch.equal(gradient_of(masks, x, by), torch.tensor([0.3, 0.3, 0, 0]))
    hooked = q.quantizer(None, fixed_point(8, 2), backward_hooks=[lambda g: g * 2], **options)
    assert gradient_of(hooked, x, by).tolist() == [0.5] * 4
    symmetric = q.quantizer(fixed_point(8, 3, True, True), clamping_grad_zero=True, **options)
    assert symmetric(x)[3] == -15.875


def test_gradients_with_their_bits_leave_out_what_they_do():
    """Without a backward number no mask, without clamping no hooks; with both, theirs."""
    x, by = torch.tensor([0.3, 99.0]), torch.tensor([0.3, 0.3])
    options = {"forward_rounding": "nearest", "backward_rounding": "nearest", "exact_compat": True}
    masks = q.quantizer(fixed_point(8, 3), clamping_grad_zero=True, **options)
    assert torch.equal(gradient_of(masks, x, by), by)
    hooks = [lambda g: g * 2]
    free = q.quantizer(fixed_point(8, 3), fixed_point(8, 2), backward_hooks=hooks, **options)
    assert gradient_of(free, x, by).tolist() == [0.25, 0.25]
    both = q.quantizer(fixed_point(8, 3), fixed_point(8, 2), "nearest", "nearest", True, hooks)
    assert gradient_of(both, x, by).tolist() == [0.5, 0]
    theirs = functools.partial(q.quantizer, fixed_point(8, 3), fixed_point(8, 2))
    both = theirs("nearest", "nearest", True, hooks, exact_compat=True)
    assert gradient_of(both, x, by).tolist() == [0.5, 0]


BAD = [
    (
        lambda x: q.quantizer(floating_point(5, 2), exact_compat=True),
        nf.RandomError,
        "random_device",
    ),
    (lambda x: q.quantizer("e4m3fn", None, "nearest", exact_compat=True), nf.FormatError, "e4m3fn"),
    (lambda x: q.quantizer(None, None, "up", exact_compat=True), nf.RoundingError, "'up'"),
    (lambda x: q.quantizer(None, None, "nearst"), nf.RoundingError, "nearst"),
    (lambda x: q.quantizer(3), nf.FormatError, "3"),
    (
        lambda x: q.quantizer("e4m3fn", key=nf.Key(0), forward_rounding="nearest"),
        nf.RandomError,
        "key",
    ),
    (lambda x: q.quantizer("e4m3fn", key=3), nf.RandomError, "key=3"),
    (
        lambda x: q.quantizer("e4m3fn", clamping_grad_zero=True),
        nf.FormatError,
        "clamping_grad_zero",
    ),
    (lambda x: q.block_quantize(x, 23, **EXACT), nf.FormatError, "wl=23"),
    (lambda x: q.block_quantize(x, 8, 1, **EXACT), nf.FormatError, "dim=1"),
    (lambda x: q.block_quantize(x, 8, 1, **NEAREST), nf.ShapeError, "all_but"),
    (lambda x: q.float_quantize(x.double(), 5, 2, **EXACT), nf.DtypeError, "float64"),
    (lambda x: q.float_quantize([1.0], 5, 2, **EXACT), nf.DtypeError, "list"),
    (lambda x: q.fixed_point_quantize(x, 32, 1, **NEAREST), nf.DtypeError, "float64"),
    (lambda x: q.sequential_lower(nn.ReLU(), ["relu"]), nf.NumfmtError, "relu"),
    (lambda x: q.OptimLP(torch.optim.RMSprop([x])), nf.NumfmtError, "RMSprop"),
    (lambda x: q.OptimLP(torch.optim.SGD([x]), grad_scaling=0), nf.NumfmtError, "grad_scaling"),
]


@pytest.mark.parametrize(("call", "error", "word"), BAD, ids=[word for *_, word in BAD])
def test_what_has_no_meaning_is_refused(call, error, word):
    """One error each, which names the argument."""
    with pytest.raises(error, match=word):
        call(torch.zeros(3))
