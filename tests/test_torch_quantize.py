"""numfmt.torch.quantize, Quantizer and Observer: the library's bits, under autograd."""

import copy
import pickle

import numpy as np
import pytest

import numfmt as nf

torch = pytest.importorskip("torch")
nt = pytest.importorskip("numfmt.torch")

FORMATS = ["e4m3fn", "e5m2", "fixed<8,3>", "posit<8,1>", "mxfp8_e4m3", "bfp<8,16>", "int8"]


def numbers(*shape, seed=0, dtype=torch.float32):
    """Normally distributed numbers, the same at each call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_a_tensor_is_rounded_as_its_array_is(format, dtype):
    """Values are those of numfmt.quantize, dtype and shape are the tensor's."""
    x = numbers(4, 33, dtype=torch.float64).to(dtype)
    y = nt.quantize(x, format)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    np.testing.assert_array_equal(y.numpy(), nf.quantize(x.numpy(), format))


def test_bfloat16_is_read_exactly_and_refused_where_it_cannot_hold_the_result():
    """bfloat16 tensors stay bfloat16."""
    x = torch.tensor([1.5, -0.3, 300.0], dtype=torch.bfloat16)
    y = nt.quantize(x, "e4m3fn")
    assert y.dtype == torch.bfloat16
    np.testing.assert_array_equal(y.float().numpy(), nf.quantize(x.float().numpy(), "e4m3fn"))
    with pytest.raises(nf.DtypeError, match=r"bfloat16 cannot hold the result 127\.99"):
        nt.quantize(x, "fixed<16,8>")


@pytest.mark.parametrize("layout", ["transposed", "sliced", "empty", "scalar"])
def test_any_layout_is_read(layout):
    """Views, empty tensors and single numbers."""
    x = numbers(6, 5)
    x = {"transposed": x.T, "sliced": x[::2, 1:], "empty": x[:0], "scalar": x[0, 0]}[layout]
    y = nt.quantize(x, "fixed<8,3>")
    np.testing.assert_array_equal(y.numpy(), nf.quantize(np.asarray(x), "fixed<8,3>"))


def test_nothing_is_copied_on_the_cpu():
    """The array that is read is the tensor's own memory."""
    from numfmt.torch._tensors import as_numpy, as_tensor

    x = numbers(3)
    y = as_tensor(as_numpy(x), x)
    assert y.data_ptr() == x.data_ptr()


def test_gradients_straight_through_clipped_and_custom():
    """What comes back is untouched, masked outside the range, or what the function says."""
    x = torch.tensor([0.3, -20.0, 15.9, 3.0], requires_grad=True)
    slopes = {}
    for gradient in ("straight_through", "clipped", lambda x, g: g * x):
        x.grad = None
        (nt.quantize(x, "fixed<8,3>", gradient=gradient) * torch.arange(4.0)).sum().backward()
        slopes[str(gradient)[:9]] = x.grad
    straight, clipped, custom = slopes.values()
    assert straight.tolist() == [0, 1, 2, 3]
    assert clipped.tolist() == [0, 0, 0, 3]
    torch.testing.assert_close(custom, torch.arange(4.0) * x.detach())


def test_the_gradient_has_a_format_of_its_own():
    """backward= rounds what comes back; a stochastic one takes bits of its own from the key."""
    x, g = numbers(1000).requires_grad_(), numbers(1000, seed=1)
    nt.quantize(x, "e4m3fn", backward="e5m2").backward(g)
    np.testing.assert_array_equal(x.grad.numpy(), nf.quantize(g.numpy(), "e5m2"))
    x.grad, key = None, nf.Key(5).at(2)
    back = "fixed<8,2,rounding=stochastic>"
    nt.quantize(x, "e4m3fn", backward=back, key=key).backward(g)
    wanted = nf.quantize(g.numpy(), back, key=key.fold_in("backward"))
    np.testing.assert_array_equal(x.grad.numpy(), wanted)


def test_a_function_rounded_twice_differentiates_twice():
    """Straight through: the second derivative of quantize(x)**3 is 6 quantize(x)."""
    x = numbers(5, dtype=torch.float64).requires_grad_()
    y = nt.quantize(x, "fixed<8,3>", backward="binary32")
    (first,) = torch.autograd.grad((y**3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(second, 6 * y.detach(), rtol=1e-6, atol=0)


def test_random_bits_come_from_keys_and_from_torch_generators():
    """A key gives numfmt's bits; a torch.Generator one seed for each call."""
    x = numbers(1000)
    how, key = ("fixed<8,0>", "stochastic"), nf.Key(7)
    got = nt.quantize(x, *how, key=key)
    np.testing.assert_array_equal(got.numpy(), nf.quantize(x.numpy(), *how, key=key))
    generator = torch.Generator().manual_seed(3)
    calls = [nt.quantize(x, *how, generator=generator) for _ in range(2)]
    generator.manual_seed(3)
    assert torch.equal(calls[0], nt.quantize(x, *how, generator=generator))
    assert not torch.equal(*calls)
    words = torch.from_numpy(nf.random_bits(key, 1000))
    assert torch.equal(nt.quantize(x, *how, random_bits=words), got)


def test_a_report_counts():
    """report= is numfmt's."""
    report = nf.Report()
    nt.quantize(torch.tensor([1e9, 0.3]), "fixed<8,3>", report=report)
    assert (report.count, report.saturated) == (2, 1)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: nt.quantize(x.numpy(), "e4m3fn"), nf.DtypeError, "torch.Tensor is needed"),
        (lambda x: nt.quantize(x.int(), "e4m3fn"), nf.DtypeError, "x has dtype torch.int32"),
        (lambda x: nt.quantize(x.to("meta"), "e4m3fn"), nf.NumfmtError, "'meta'"),
        (lambda x: nt.quantize(x.to_sparse(), "e4m3fn"), nf.NumfmtError, "layout"),
        (lambda x: nt.quantize(x, "e4m3fn", gradient="clip"), nf.NumfmtError, "'clipped'"),
        (lambda x: nt.quantize(x, "bfp<8,16>", gradient="clipped"), nf.FormatError, "one range"),
        (lambda x: nt.quantize(x, "e4m3fn", key=nf.Key(1)), nf.RandomError, "key"),
        (lambda x: nt.quantize(x, "e4m3fn", "stochastic"), nf.RandomError, "key"),
        (
            lambda x: nt.quantize(x, "e4m3fn", generator=torch.Generator()),
            nf.RandomError,
            "draws random bits",
        ),
        (
            lambda x: nt.quantize(
                x, "e4m3fn", "stochastic", key=nf.Key(1), generator=torch.Generator()
            ),
            nf.RandomError,
            "exclude",
        ),
        (
            lambda x: nt.quantize(x, "e4m3fn", backward="e5m2<rounding=stochastic>"),
            nf.RandomError,
            "backward=",
        ),
        (lambda x: nt.Quantizer("e4m3fn", key=nf.Key(1)), nf.RandomError, "was given"),
        (lambda x: nt.Quantizer("e4m3fn", "stochastic"), nf.RandomError, "is needed"),
        (lambda x: nt.Observer(0), nf.NumfmtError, "samples=0"),
        (lambda x: nt.Observer().fit("fixed<8>"), nf.NumfmtError, "no number"),
    ],
)
def test_wrong_arguments_are_named(call, error, words):
    """Each error names the argument and what is allowed."""
    with pytest.raises(error, match=words):
        call(numbers(4))


def test_a_quantizer_counts_its_calls_and_resumes():
    """Each call has bits of its own; state_dict, pickle and deepcopy carry the count."""
    x, layer = numbers(100), nt.Quantizer("fixed<8,0>", "stochastic", key=nf.Key(9))
    first = layer(x)
    copies = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))]
    fresh = nt.Quantizer("fixed<8,0>", "stochastic", key=nf.Key(9))
    fresh.load_state_dict(layer.state_dict())
    second = layer(x)
    assert not torch.equal(first, second)
    assert all(torch.equal(one(x), second) for one in [*copies, fresh])
    assert repr(layer) == "Quantizer(fixed<8,0>, stochastic)"


def test_an_observer_sees_everything_and_keeps_a_sample():
    """Extremes, count and root mean square are exact whatever is kept."""
    look = nt.Observer(samples=100)
    pieces = [numbers(777, seed=i) for i in range(5)]
    for piece in pieces:
        assert look(piece) is piece
    all_of_them = torch.cat(pieces).double()
    assert (look.count, look.low, look.high) == (3885, all_of_them.min(), all_of_them.max())
    assert look.rms == pytest.approx(float(all_of_them.square().mean().sqrt()))
    assert look.fit("fixed<8>") == nf.fit(all_of_them.numpy(), "fixed<8>")
    assert sum(map(len, look._kept)) <= 200


@pytest.mark.parametrize("format", ["e4m3fn", "fixed<16,8>", "mxfp8_e4m3", "nvfp4"])
def test_the_library_itself_takes_plain_tensors(format):
    """quantize, encode, decode and convert give tensors of tensors, with the arrays' bits."""
    x = numbers(4, 32, dtype=torch.float64)
    codes, wanted = nf.encode(x, format), nf.encode(x.numpy(), format)
    parts = codes if isinstance(codes, nf.BlockCodes) else (codes,)
    for one, other in zip(parts, wanted if len(parts) > 1 else (wanted,), strict=True):
        assert isinstance(one, torch.Tensor) == isinstance(other, np.ndarray)
        np.testing.assert_array_equal(np.asarray(one), other)
    values = nf.quantize(x, format)
    assert values.dtype == torch.float64
    assert torch.equal(values, nf.decode(codes, format))
    if len(parts) == 1:
        again = nf.convert(codes, format, "binary64")
        np.testing.assert_array_equal(again.numpy(), values.numpy().view(np.uint64))
    np.testing.assert_array_equal(nf.array(x, format).values, values.numpy())


def test_a_plain_tensor_in_bfloat16_and_an_out():
    """bfloat16 stays bfloat16; out= is a tensor and is filled."""
    x = numbers(50).bfloat16()
    assert nf.quantize(x, "e5m2").dtype == torch.bfloat16
    y, out = numbers(50), torch.empty(50)
    assert nf.quantize(y, "e5m2", out=out) is out
    assert torch.equal(out, nf.quantize(y, "e5m2"))
    codes = torch.empty(50, dtype=torch.uint8)
    assert nf.encode(y, "e5m2", out=codes) is codes
    assert torch.equal(nf.decode(codes, "e5m2").float(), out)
    assert nf.quantize(torch.arange(3), "fixed<8,3>").dtype == torch.float64


def test_a_tensor_that_requires_gradients_is_refused_outside():
    """Its gradient would be lost; so is an array where out must be a tensor."""
    x = numbers(3).requires_grad_()
    for call in (nf.quantize, nf.encode, nf.array):
        with pytest.raises(nf.NumfmtError, match=r"numfmt\.torch\.quantize has them"):
            call(x, "e4m3fn")
    with pytest.raises(nf.DtypeError, match=r"out must be a torch\.Tensor"):
        nf.quantize(x.detach(), "e4m3fn", out=np.empty(3, np.float32))
