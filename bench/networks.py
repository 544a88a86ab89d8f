"""Rows of PyTorch's tensors and networks: rounding under autograd, and training steps of a small
CNN with what passes between its layers rounded, or every product through a machine's datapath.

Rows of numfmt and of QPyTorch are made by the same functions from their interfaces.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

from .ours import Setup
from .row import MEMCPY, OURS, RULER, STEP, Floor, Row, Setting, Task, Work, calls

TENSOR, BATCH, SIDE, CLASSES = 1 << 24, 64, 28, 10
IMAGES = BATCH * SIDE * SIDE
LAYERS = ("conv", "linear", "activation")
MODES = {"nearest_even": "nearest", "stochastic": "stochastic"}
FORMATS: dict[str, tuple[str, tuple[int, ...]]] = {
    "fixed<8,3>": ("FixedPoint", (8, 3)),
    "float<5,2,special=finite>": ("FloatingPoint", (5, 2)),
    "bfp<8,None,axis=None>": ("BlockFloatingPoint", (8,)),
}
BLOCKS = ("BlockFloatingPoint", (8, 0))  # of activations a sample, as Zhang et al. 2022 have it
STEPS = {"nearest_even": ("FloatingPoint", (4, 3)), "stochastic": BLOCKS}


def is_here() -> bool:
    """Is PyTorch installed?"""
    return importlib.util.find_spec("torch") is not None


def ours() -> Any:
    """numfmt in QPyTorch's place."""
    from numfmt.torch import qtorch_compat

    return qtorch_compat


def rows() -> list[Row]:
    """numfmt's rows."""
    if not is_here():
        return []
    return [*interface_rows(OURS, ours), machine_row("h100_fp8", Floor(12, 12, "times"))]


def ruler() -> Row:
    """The step without any rounding."""
    return Row(RULER, Task(STEP), float32_step, STEP, size=IMAGES, note=f"{BATCH} images")


def interface_rows(library: str, interface: Callable[[], Any]) -> list[Row]:
    """Rounding there and back, and a training step, by an interface like QPyTorch's."""
    found = []
    note = "forward and backward, new tensors"
    for mode in MODES:
        for format, number in FORMATS.items():
            task = Task("autograd", mode, f"{mode} {format}")
            setup = functools.partial(rounding, interface, number, mode)
            found.append(Row(library, task, setup, MEMCPY, size=TENSOR, note=note))
        task = Task("training step", mode, f"{mode} {STEPS[mode][0]}")
        setup = functools.partial(lowered_step, interface, mode)
        floor = Floor(1.5, 1.5, "times") if library == OURS else None
        found.append(Row(library, task, setup, STEP, floor, IMAGES, note="float32 products"))
    return found


def machine_row(machine: str, floor: Floor) -> Row:
    """A training step with every product through the machine's datapaths."""
    setup: Setup = functools.partial(machine_step, machine)
    task = Task("training step", "", machine)
    return Row(OURS, task, setup, STEP, floor, IMAGES, note="every product by the machine")


def rounding(
    interface: Callable[[], Any], number: tuple[str, Any], mode: str, setting: Setting
) -> Work:
    """A tensor rounded, and its gradient."""
    import torch

    torch.set_num_threads(setting.threads)
    q = quantizer(interface(), number, mode)
    x = torch.from_numpy(setting.arrays.input()).nan_to_num(0, 0, 0).requires_grad_()
    gradient = torch.ones_like(x) / 3

    def call() -> None:
        torch.autograd.grad(q(x), x, gradient)

    return Work(calls(call), setting.n)


def quantizer(api: Any, number: tuple[str, Any], mode: str) -> Any:
    """The interface's quantizer, the same in both directions."""
    name, parameters = number
    made = getattr(api, name)(*parameters)
    return api.quantizer(made, made, MODES[mode], MODES[mode])


def network() -> Any:
    """The CNN, the same numbers each time."""
    import torch

    from lp_sampler.torch.networks import small_cnn

    torch.manual_seed(0)
    return small_cnn()


def training(net: Any, optimizer: Any, setting: Setting) -> Work:
    """Steps on one batch."""
    import torch

    torch.set_num_threads(setting.threads)
    torch.manual_seed(1)
    x, labels = torch.randn(BATCH, 1, SIDE, SIDE), torch.randint(CLASSES, (BATCH,))

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return Work(calls(step), BATCH)


def sgd(net: Any) -> Any:
    """The optimizer of every row."""
    import torch

    return torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)


def float32_step(setting: Setting) -> Work:
    """PyTorch's own."""
    net = network()
    return training(net, sgd(net), setting)


def lowered_step(interface: Callable[[], Any], mode: str, setting: Setting) -> Work:
    """What layers give and get back, weights, gradients and momentum rounded."""
    api, number, rounding = interface(), STEPS[mode], MODES[mode]
    made = getattr(api, number[0])(*number[1])
    net = api.sequential_lower(network(), LAYERS, made, made, rounding, rounding)
    q = quantizer(api, number, mode)
    optimizer = api.OptimLP(sgd(net), weight_quant=q, grad_quant=q, momentum_quant=q)
    return training(net, optimizer, setting)


def machine_step(machine: str, setting: Setting) -> Work:
    """Every product through the datapaths."""
    from numfmt.torch import emulate

    net = emulate(network(), machine)
    return training(net, sgd(net), setting)
