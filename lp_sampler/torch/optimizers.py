"""The samplers in an optimizer's shape: each a kernel of `lp_sampler.kernels` on every parameter.

A step has the bits of ``lp_sampler.sample`` on the same parameters laid end to end, in one chain of
the same seed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .. import kernels
from ..schedules import Cyclical, Schedule
from ._optimizer import Sampler


class SGLD(Sampler):
    """Stochastic gradient Langevin dynamics in low precision.

    Args:
        params: parameters, ``named_parameters()`` or groups (dicts with ``params`` and options of
            their own), all float32.
        machine: a `numfmt.Machine`, its name, a file, or a format's spelling: formats of weights,
            gradients and accumulator, and the vector unit; per group: per-layer formats.
        lr: the step size of the mean loss, a number or a schedule of `lp_sampler.schedules`;
            PyTorch's schedulers change it where it is a number.
        accumulator: full, naive, naive_nearest, vc, one_shot, blend(rho=1e-5) or
            error_feedback(bits=8).
        temperature: of the posterior, a number or a schedule; the noise of a step has the variance
            ``2 lr temperature / data_size``.
        data_size: rows of the training data.
        weight_decay: of the mean loss: the prior N(0, 1 / (data_size weight_decay)).
        seed: chains of different seeds are independent.

    SamplerError names an argument that is wrong.

    >>> import torch
    >>> net = torch.nn.Linear(3, 2)
    >>> optimizer = SGLD(net.parameters(), "fixed<8,6>", lr=0.1, data_size=100)
    >>> net(torch.ones(5, 3)).square().mean().backward()
    >>> _ = optimizer.step()
    >>> optimizer.counts.count
    8
    """

    kernel_type: ClassVar[type[kernels.Kernel]] = kernels.SGLD

    def __init__(
        self,
        params: Any,
        machine: Any,
        lr: Schedule,
        *,
        data_size: int,
        accumulator: str = "vc",
        temperature: Schedule = 1.0,
        weight_decay: float = 0.0,
        seed: int = 0,
        **further: Any,
    ) -> None:
        options = {"lr": lr, "accumulator": accumulator, "temperature": temperature}
        options |= {"weight_decay": weight_decay, **further}
        super().__init__(params, machine, data_size, seed, options)


class CyclicalSGLD(SGLD):
    """`SGLD` with a `schedules.Cyclical` step size; `noise` is "always" or "sampling" (none while
    exploring).  `is_sampling` says whether the last step's draw counts.
    """

    kernel_type = kernels.CyclicalSGLD
    fields = ("noise",)

    def __init__(
        self, params: Any, machine: Any, lr: Cyclical, *, noise: str = "always", **options: Any
    ) -> None:
        super().__init__(params, machine, lr, noise=noise, **options)


class PSGLD(SGLD):
    """`SGLD` preconditioned by RMSprop's running mean square: see `lp_sampler.kernels.PSGLD`, whose
    `damping` is of the whole data's gradient: that of the mean loss is `data_size` times less, and
    the default here is 1e-5.
    """

    kernel_type = kernels.PSGLD
    fields = ("decay", "damping", "initial")

    def __init__(
        self,
        params: Any,
        machine: Any,
        lr: Schedule,
        *,
        decay: float = 0.99,
        damping: float = 1e-5,
        initial: float = 1.0,
        **options: Any,
    ) -> None:
        further: dict[str, Any] = {"decay": decay, "damping": damping, "initial": initial}
        super().__init__(params, machine, lr, **further, **options)


class SGHMC(SGLD):
    """Stochastic gradient Hamiltonian Monte Carlo: `lr` is the length h of a step in time, whose
    square corresponds to SGLD's step size; accumulators full, naive, naive_nearest, vc, one_shot
    and joint; see `lp_sampler.kernels.SGHMC`.
    """

    kernel_type = kernels.SGHMC
    fields = ("friction", "inverse_mass")

    def __init__(
        self,
        params: Any,
        machine: Any,
        lr: Schedule,
        *,
        friction: float = 1.0,
        inverse_mass: float = 1.0,
        accumulator: str = "joint",
        **options: Any,
    ) -> None:
        further: dict[str, Any] = {"friction": friction, "inverse_mass": inverse_mass}
        super().__init__(params, machine, lr, accumulator=accumulator, **further, **options)


class SGD(Sampler):
    """Stochastic gradient descent in low precision: a baseline that does not sample.

    Arguments are those of `SGLD` without temperature and data size; accumulators full, naive,
    naive_nearest, blend and error_feedback.
    """

    kernel_type: ClassVar[type[kernels.Kernel]] = kernels.SGD

    def __init__(
        self,
        params: Any,
        machine: Any,
        lr: Schedule,
        *,
        accumulator: str = "naive",
        weight_decay: float = 0.0,
        seed: int = 0,
        **further: Any,
    ) -> None:
        options = {"lr": lr, "accumulator": accumulator, "weight_decay": weight_decay, **further}
        super().__init__(params, machine, None, seed, options)


class SGDMomentum(SGD):
    """`SGD` with momentum, kept in the machine's momentum format."""

    kernel_type = kernels.SGDMomentum
    fields = ("momentum",)

    def __init__(
        self, params: Any, machine: Any, lr: Schedule, *, momentum: float = 0.9, **options: Any
    ) -> None:
        super().__init__(params, machine, lr, momentum=momentum, **options)


class SWALP(SGD):
    """`SGD` whose draws are the running mean of its weights, from step `start` on every `every`
    steps, kept in the format `average`.  The parameters hold the weights: see `draws`.
    """

    kernel_type = kernels.SWALP
    fields = ("start", "every", "average")

    def __init__(
        self,
        params: Any,
        machine: Any,
        lr: Schedule,
        *,
        start: int = 0,
        every: int = 1,
        average: str = "binary32",
        **options: Any,
    ) -> None:
        super().__init__(params, machine, lr, start=start, every=every, average=average, **options)


OPTIMIZERS = {
    **{"sgld": SGLD, "cyclical_sgld": CyclicalSGLD, "psgld": PSGLD, "sghmc": SGHMC},
    **{"sgd": SGD, "sgd_momentum": SGDMomentum, "swalp": SWALP},
}
"""Every sampler by its kernel's name."""
