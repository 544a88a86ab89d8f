"""Image networks: shapes for any image, and starts of a key's own bits."""

import numpy as np
import pytest

import lp_sampler as lps
import numfmt as nf

torch = pytest.importorskip("torch")
networks = pytest.importorskip("lp_sampler.torch").networks


def count(module):
    """How many parameters there are."""
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("size", [(28, 28), (32, 32), (19, 23)])
@pytest.mark.parametrize("name", networks.NETWORKS)
def test_networks_take_images_of_any_size(name, size):
    """Logits of every class, and a gradient in every parameter."""
    net = networks.network(name, 2, 7, size, width=2)
    logits = net(torch.randn(3, 2, *size))
    assert logits.shape == (3, 7)
    logits.square().sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_resnet18_has_the_published_size():
    """The CIFAR form with 64 channels: 11,173,962 parameters."""
    assert count(networks.resnet18()) == 11_173_962


def test_vgg16_is_thirteen_convolutions_and_a_linear_layer():
    """14.7 million parameters at the published width; batch norm makes biases needless."""
    net = networks.vgg()
    convolutions = [one for one in net if isinstance(one, torch.nn.Conv2d)]
    assert len(convolutions) == 13
    assert count(net) == 14_728_266 - sum(one.out_channels for one in convolutions)


def test_a_start_is_the_keys():
    """The same key gives the same bits whatever PyTorch's generator did; He's variance."""
    starts = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        net = networks.small_cnn(width=16)
        lps.torch.initialise(net, nf.Key(5))
        starts.append(net.conv2.weight.detach().numpy())
    assert (starts[0] == starts[1]).all()
    assert np.var(starts[0]) == pytest.approx(2 / (16 * 25), rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "resnet"}, "did you mean 'resnet18'"),
        ({"width": -1}, "width: a whole number >= 1"),
        ({"size": (3, 28)}, "size"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    """An unknown network lists the known ones; sizes are checked."""
    given = {"name": "cnn", "channels": 1, "classes": 10, "size": (28, 28)} | arguments
    with pytest.raises(lps.SamplerError, match=words):
        networks.network(**given)


def test_depths_of_vgg():
    """Only the published ones."""
    with pytest.raises(lps.SamplerError, match="depth: 11, 13, 16"):
        networks.vgg(depth=12)
