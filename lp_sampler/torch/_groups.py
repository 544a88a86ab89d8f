"""Parameter groups with formats of their own: gaps of each layer, machines by name."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from .._errors import SamplerError
from .._numfmt import Fixed, Format, Machine, fit
from .._numfmt import machine as machine_named
from .._plan import check_count

FITTED = ("weight", "accumulator")


def groups(
    module: Any,
    machine: Any,
    rules: Mapping[str, Any] | None = None,
    *,
    headroom: int | None = None,
) -> list[dict[str, Any]]:
    """One parameter group for each of a module's parameters, for the samplers of this package.

    Args:
        module: any module.
        machine: of parameters that no rule names.
        rules: by name or pattern (``"conv1.*"``) a machine, or a dict of a group's options; later
            ones come after earlier ones.
        headroom: None, or how many powers of two a parameter may grow by: fixed-point formats of
            weights and accumulator then get, for each parameter, the most fraction bits with which
            ``2**headroom`` times its largest magnitude does not overflow: a gap of its own.
            Parameters that are all 0 keep the machine's.

    Raises:
        SamplerError: a rule that names no parameter, or headroom for formats that are not fixed
            point.

    >>> import torch
    >>> net = torch.nn.Linear(2, 1)
    >>> _ = torch.nn.init.constant_(net.weight, 0.1), torch.nn.init.constant_(net.bias, 3.0)
    >>> [str(one["machine"].weight.bare()) for one in groups(net, "fixed8", headroom=1)]
    ['fixed<8,9>', 'fixed<8,4>']
    """
    given = dict(rules or {})
    if headroom is not None:
        check_count("headroom", headroom, 0)
    found = []
    unused = set(given)
    for name, param in module.named_parameters():
        group: dict[str, Any] = {"params": [param], "machine": machine_named(machine)}
        for pattern, change in given.items():
            if fnmatch.fnmatchcase(name, pattern):
                unused.discard(pattern)
                group |= dict(change) if isinstance(change, Mapping) else {"machine": change}
        group["machine"] = machine_named(group["machine"])
        if headroom is not None:
            group["machine"] = _fitted(group["machine"], name, param, headroom)
        found.append(group)
    if unused:
        raise SamplerError(f"rules: {sorted(unused)[0]!r} names no parameter")
    return found


def _fitted(machine: Machine, name: str, param: Any, headroom: int) -> Machine:
    """The machine with the parameter's own gap."""
    largest = float(param.detach().abs().max()) * 2.0**headroom if param.numel() else 0.0
    formats: dict[str, Format] = {}
    for role in FITTED:
        own = machine.format_of(role)
        if not isinstance(own, Fixed):
            raise SamplerError(
                f"headroom: formats of {role} must be fixed point; machine {machine.name!r} has "
                f"{own.bare()}"
            )
        formats[role] = fit([largest, -largest], own) if largest else own
    fitted: Machine = machine.replace(name=f"{machine.name}.{name}", **formats)
    return fitted
