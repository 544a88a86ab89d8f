"""Which arithmetic a layer gets: the machine's, changed by rules."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from .._errors import NumfmtError, unknown
from .._kplan import KPlan
from .._machine import Machine
from .._machine_find import machine
from .._parse import parse
from ..formats import Format
from ._arithmetic import HOST, ROLES, Arithmetic, arithmetic_of

FIELDS = ("machine", "plan", *ROLES)
Rules = Mapping[Any, Any]
Change = dict[str, Any]


def arithmetic(given: Any, plan: Any, change: Change | None = None) -> Arithmetic:
    """A machine's arithmetic with what a rule changes."""
    changed = {} if change is None else change
    used: Machine = machine(changed.get("machine", given))
    order: str | KPlan | None = changed.get("plan", plan)
    if not (order is None or order == HOST or isinstance(order, KPlan)):
        used.datapath(plan=order)
    own = dict(used.formats)
    formats: list[Format | None] = []
    for role in ROLES:
        wanted = changed.get(role, own.get(role))
        formats.append(None if wanted is None else parse(wanted))
    return arithmetic_of(used, order, tuple(formats))


def read_rules(rules: Rules | None) -> list[tuple[Any, Change | None]]:
    """Types or patterns of names, and what each changes; None: the layer stays PyTorch's."""
    if rules is None:
        return []
    if not isinstance(rules, Mapping):
        raise NumfmtError(f"rules={rules!r} must map types or names of modules to changes")
    return [(_what(what), _change(what, change)) for what, change in rules.items()]


def _what(what: Any) -> Any:
    if isinstance(what, (str, type)):
        return what
    raise NumfmtError(f"rules: {what!r} must be a module's type, or its name or a pattern of names")


def _change(what: Any, change: Any) -> Change | None:
    if change is None:
        return None
    if not isinstance(change, Mapping):
        return {"machine": machine(change)}
    for field in change:
        if field not in FIELDS:
            raise NumfmtError(f"rules[{what!r}]: " + unknown("field", field, FIELDS))
    return dict(change)


def change_for(
    rules: list[tuple[Any, Change | None]], kind: type, name: str, used: set[int]
) -> Change | None:
    """What the rules change in a module; None: leave it.

    Rules of types come first, later ones last; one that names a machine drops what came before.
    `used` takes the places of those that apply.
    """
    found: Change | None = {}
    for by_name in (False, True):
        for place, (what, change) in enumerate(rules):
            if isinstance(what, str) is by_name and _applies(what, kind, name):
                used.add(place)
                goes_on = found and change is not None and "machine" not in change
                found = {**found, **change} if goes_on else change  # type: ignore[dict-item]
    return found


def _applies(what: Any, kind: type, name: str) -> bool:
    if isinstance(what, str):
        return fnmatch.fnmatchcase(name, what)
    return issubclass(kind, what)
