"""Networks whose layers compute as a machine does."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from .._errors import MachineError, NumfmtError, RandomError
from .._machine import Machine
from .._machine_find import machine as find_machine
from .._random import Key
from ._arithmetic import HOST, Arithmetic, arithmetic_of
from ._compiled import store
from ._rules import Rules, arithmetic, change_for, read_rules
from ._site import Clock, Site
from .layers import EMULATED, KEPT

STEPS = 1 << 48
ORIGINAL = {made: kind for kind, made in EMULATED.items()}


def emulate(
    model: nn.Module,
    machine: Any,
    *,
    rules: Rules | None = None,
    plan: Any = None,
    inplace: bool = False,
    key: Key | None = None,
) -> nn.Module:
    """The network with layers that compute as a machine does.

    Operands of products are rounded to the formats of their roles (``weight``, ``activation``,
    ``error``) and multiplied by the machine's datapaths: forward by ``fprop``, the input's gradient
    by ``dgrad``, the weights' by ``wgrad``; gradients of parameters are rounded to ``gradient``.
    What lies between (norms, softmax, pooling, activation functions) is computed in binary32, its
    outputs stored as activations.  Modules' own code (a residual sum, a call of
    ``torch.nn.functional``) is not seen; `numfmt.torch.layers.Matmul` and `Attention` are.

    Args:
        model: any module.
        machine: a `numfmt.Machine`, its name, a file, or a format's spelling.
        rules: of a module's type or name (``"conv1"``, ``"block*.conv?"``) what is different there:
            None leaves the layer to PyTorch; a machine; or a dict of ``machine``, ``plan``, and
            ``weight``, ``activation``, ``error``, ``gradient`` (formats with modes, or None: kept
            as it is).  Names come after types, later rules after earlier ones.
        plan: None (the machine's orders of sums), a `KPlan`, the name of one of the machine's, or
            ``"host"``: products are PyTorch's own, and only what is stored is rounded.
        inplace: change `model` itself, else a copy.
        key: a `Key`, where anything rounds stochastically.  Layer ``name`` takes bits of
            ``key.fold_in(name)`` at the number of the training step, which each forward pass of the
            model in training mode advances: see `at_step`.

    Returns:
        The model, with the same parameters, buffers and names in its ``state_dict``; `restore`
        makes it the original again.

    Raises:
        MachineError: a layer that is not known here, or whose arithmetic is not supported.
        RandomError: a key that is missing, or that nothing needs.
        NumfmtError: a rule that is not understood or fits no module; a model emulated already.

    >>> import torch
    >>> from numfmt.torch import emulate
    >>> net = torch.nn.Linear(4, 2, bias=False)
    >>> same = emulate(net, "fp32", plan="host")
    >>> x = torch.ones(1, 4)
    >>> torch.equal(same(x), net(x))
    True
    """
    if not isinstance(model, nn.Module):
        raise NumfmtError(f"model={model!r} must be a torch.nn.Module")
    if any(type(module) in ORIGINAL for module in model.modules()):
        raise NumfmtError("model is emulated already; restore(model) first")
    if key is not None and not isinstance(key, Key):
        raise RandomError(f"key={key!r} must be a numfmt.Key")
    used = find_machine(machine)
    used.say_what_is_assumed()
    base = arithmetic(used, plan)
    found = _plan(model, base, used, plan, rules)
    clock = Clock(key)
    begin = Begin(clock, _reading(used, clock))
    _check_key(found, begin.reads, key)
    emulated = model if inplace else copy.deepcopy(model)
    for name, module in emulated.named_modules():
        if name in found:
            made = EMULATED[type(module)]
            parts = getattr(made, "parts", ())
            module.__dict__["numfmt_site"] = Site(name, clock, found[name], parts)
            module.__class__ = made
    emulated.register_forward_pre_hook(begin, prepend=True, with_kwargs=True)
    return emulated


def _reading(used: Machine, clock: Clock) -> Site | None:
    """Where the network's inputs are stored; None where the machine has no format for them."""
    format = dict(used.formats).get("input")
    if format is None:
        return None
    return Site("input", clock, arithmetic_of(used, HOST, (None, format, None, None)))


def _plan(
    model: nn.Module, base: Arithmetic, used: Any, plan: Any, rules: Rules | None
) -> dict[str, Arithmetic]:
    """The arithmetic of each layer that changes."""
    read, applied = read_rules(rules), set[int]()
    found: dict[str, Arithmetic] = {}
    left: list[str] = []
    for name, module in model.named_modules():
        change = change_for(read, type(module), name, applied)
        if change is None or any(_is_left(name, one) for one in left):
            left.append(name)
        elif type(module) in EMULATED:
            found[name] = arithmetic(used, plan, change) if change else base
            if (uses := getattr(EMULATED[type(module)], "uses", None)) is not None:
                found[name].check_unit(name or type(module).__name__, uses)
        elif not isinstance(module, KEPT):
            _check_known(name, module)
    for place, (what, _) in enumerate(read):
        if place not in applied:
            raise NumfmtError(f"rules: {what!r} fits no module")
    return found


def _is_left(name: str, parent: str) -> bool:
    return not parent or name.startswith(f"{parent}.")


def _check_known(name: str, module: nn.Module) -> None:
    """Refuse a layer that would compute otherwise than the machine, unseen."""
    is_leaf = next(module.children(), None) is None
    has_own = next(module.parameters(recurse=False), None) is not None
    if has_own or (is_leaf and type(module).__module__.startswith("torch.nn.")):
        raise MachineError(
            f"model: {name or 'the model'} is a {type(module).__name__}, which is not known here; "
            f"rules={{{name!r}: None}} leaves it to PyTorch"
        )


def _check_key(found: dict[str, Arithmetic], reads: Site | None, key: Key | None) -> None:
    """A key is there exactly where something draws random bits."""
    drawn = [
        f"{name or 'the model'}: {one.random_roles[0]}"
        for name, one in found.items()
        if one.random_roles
    ]
    if reads is not None and reads.arithmetic.random_roles:
        drawn.append("the model: input")
    if drawn and key is None:
        raise RandomError(f"key is needed: {drawn[0]} rounds stochastically; give a numfmt.Key")
    if key is not None and not drawn:
        raise RandomError("key was given, but nothing in the model rounds stochastically")


class Begin:
    """What happens before each pass of an emulated model: its clock goes on, and inputs are rounded
    to the machine's format of inputs."""

    def __init__(self, clock: Clock, reads: Site | None) -> None:
        self.clock, self.reads = clock, reads

    def __call__(self, model: nn.Module, inputs: Any, options: Any) -> Any:
        self.clock.advance(model.training)
        if self.reads is None:
            return None
        return tuple(map(self._read, inputs)), {n: self._read(x) for n, x in options.items()}

    def _read(self, x: Any) -> Any:
        if self.reads is None or not (isinstance(x, torch.Tensor) and x.is_floating_point()):
            return x
        return store(self.reads, x, rounds_errors=False)


def restore(model: nn.Module) -> nn.Module:
    """Make an emulated network PyTorch's own again, in place, and return it.

    >>> import torch
    >>> from numfmt.torch import emulate, restore
    >>> net = restore(emulate(torch.nn.Linear(4, 2), "fp32"))
    >>> type(net) is torch.nn.Linear
    True
    """
    _clock_of(model)
    for module in model.modules():
        if type(module) in ORIGINAL:
            module.__class__ = ORIGINAL[type(module)]
            del module.__dict__["numfmt_site"]
    hooks = model._forward_pre_hooks
    for number in [number for number, hook in hooks.items() if isinstance(hook, Begin)]:
        del hooks[number], model._forward_pre_hooks_with_kwargs[number]
    return model


def at_step(model: nn.Module, step: int) -> nn.Module:
    """Let the next forward pass in training mode be that of a step: it draws that step's bits.

    A run that was cut off goes on to the same bytes when the model's ``state_dict`` is loaded and
    the step is set.  Returns the model.

    Raises NumfmtError where the model is not emulated, or the step is no integer from 0.

    >>> import torch, numfmt as nf
    >>> from numfmt.torch import at_step, emulate
    >>> net = emulate(torch.nn.Linear(1, 1, bias=False), "fixed8", key=nf.Key(3))
    >>> x = torch.ones(1, 1)
    >>> bool(at_step(net, 5)(x) == at_step(net, 5)(x))
    True
    """
    clock = _clock_of(model)
    if not (isinstance(step, int) and not isinstance(step, bool) and 0 <= step < STEPS):
        raise NumfmtError(f"step={step!r} must be an integer from 0 to 2**48 - 1")
    clock.set_step(step)
    return model


def step_of(model: nn.Module) -> int:
    """The number of the next training step."""
    return int(_clock_of(model).time[0]) + 1


def _clock_of(model: nn.Module) -> Clock:
    for hook in model._forward_pre_hooks.values():
        if isinstance(hook, Begin):
            return hook.clock
    raise NumfmtError("model is not emulated: emulate(model, machine) makes it so")
