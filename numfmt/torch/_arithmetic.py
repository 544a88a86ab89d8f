"""How a layer computes: the formats of its tensors, the datapaths of its products, the unit of what
lies between."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from .. import binary32
from .._arrays import Array
from .._call import Plan
from .._code_array import Array as CodeArray
from .._datapath import Datapath
from .._errors import MachineError
from .._kplan import KPlan
from .._machine import BINARY32_CHAIN, Machine
from .._machine_roles import with_all_modes
from .._machine_units import VectorUnit
from .._matmul import matmul
from .._operations import add
from .._quantize import encode
from .._random import Key
from ..formats import Format
from ._chains import one_chain, summed_chains
from ._operand import SINGLE, Choices, Operand, operand
from ._quantize import Rounding

ROLES = ("weight", "activation", "error", "gradient")
PASSES = ("fprop", "dgrad", "wgrad")
HOST = "host"


@dataclasses.dataclass(frozen=True)
class Arithmetic:
    """The arithmetic of a layer.

    `plan` is None (the machine's own orders of sums), a K plan or its name, or ``"host"``: products
    are PyTorch's own.  `formats` of the roles, with all their modes; None: kept as it is.
    """

    machine: Machine
    plan: str | KPlan | None
    weight: Format | None
    activation: Format | None
    error: Format | None
    gradient: Format | None

    def __reduce__(self) -> Any:
        formats = tuple(getattr(self, role) for role in ROLES)
        return arithmetic_of, (self.machine, self.plan, formats)

    @property
    def is_host(self) -> bool:
        """Are the products PyTorch's?"""
        return isinstance(self.plan, str) and self.plan == HOST

    @property
    def is_pytorch(self) -> bool:
        """Is everything PyTorch's, of float32 at least?"""
        stored = (getattr(self, role) for role in ROLES)
        return self.is_host and all(one is None or one.bare() == SINGLE for one in stored)

    @functools.cached_property
    def paths(self) -> dict[str, Datapath]:
        """The datapath of each pass."""
        return {role: self.machine.datapath(role, self.plan) for role in PASSES}

    @functools.cached_property
    def choices(self) -> dict[str, tuple[Choices, Choices]]:
        """The formats that each pass takes as a and as b."""
        preps = {role: path.prep for role, path in self.paths.items()}
        return {role: (_bare(prep.a), _bare(prep.b)) for role, prep in preps.items()}

    @functools.cached_property
    def random_roles(self) -> tuple[str, ...]:
        """What draws random bits."""
        own = [role for role in ROLES if (one := self.plan_of(role)) and one.is_random]
        products = [] if self.is_host else [name for name in PASSES if self.paths[name].is_random]
        return (*own, *products)

    @functools.cached_property
    def _plans(self) -> dict[str, Plan | None]:
        formats = {role: getattr(self, role) for role in ROLES}
        return {
            role: None if format is None else Plan(format, None, None, None)
            for role, format in formats.items()
        }

    def plan_of(self, role: str) -> Plan | None:
        """The format of a role with its modes, ready for the core; None where it is kept."""
        return self._plans.get(role)

    def rounding(self, role: str, key: Key | None, is_double: bool = False) -> Rounding | None:
        """How a tensor of a role is stored; None where it is kept as it is."""
        plan = self.plan_of(role)
        if plan is None or (plan.format.bare() == SINGLE and not is_double):
            return None
        return Rounding(plan, key if plan.is_random else None)

    def operand(self, x: Array, role: str, choices: Choices, key: Key | None) -> Operand:
        """A tensor of a role as an operand of a product."""
        plan = self.plan_of(role)
        is_kept = plan is None or (plan.format.bare() == SINGLE and x.dtype != np.float64)
        format = None if is_kept or plan is None else plan.format
        draws = key if plan is not None and plan.is_random else None
        return operand(x, format, choices, draws)

    def product(self, a: CodeArray, b: CodeArray, role: str, key: Key | None, dtype: Any) -> Array:
        """a @ b through the datapath of a pass, in the vector unit's numbers; those of a float64
        tensor stay as the datapath gives them."""
        path = self.paths[role]
        if path == BINARY32_CHAIN and a.format == b.format == SINGLE:
            return binary32.matmul(a.codes.view(np.float32), b.codes.view(np.float32))
        unit = self.machine.vector_unit
        is_read = dtype != np.float64 and path.output.bare() != unit.format
        if not is_read and (alone := one_chain(path)) is not None:
            return summed_chains(a, b, path, alone).astype(dtype, copy=False)
        result = matmul(a, b, path, key=key if path.is_random else None)
        if is_read:
            result = result.astype(unit.format, unit.round, unit.ovf)
        if result.format.bare() == SINGLE:
            return result.codes.view(np.float32).astype(dtype, copy=False)
        return np.asarray(result.values, dtype)

    def add(self, sums: Array, bias: Array) -> Array:
        """sums + bias in the vector unit."""
        unit = self.machine.vector_unit
        if unit.is_binary32 or sums.dtype == np.float64:
            return np.asarray(np.add(sums, bias), sums.dtype)
        modes: dict[str, Any] = {"rounding": unit.round, "overflow": unit.ovf}
        read = [CodeArray._encoded(_encode(one, unit), unit.format) for one in (sums, bias)]
        total: CodeArray = add(*read, format=unit.format, **modes)
        return np.asarray(total.values, sums.dtype)

    def check_unit(self, what: str, uses: tuple[str, ...] = ()) -> None:
        """Refuse what PyTorch would compute otherwise than the machine's vector unit, or than its
        own functions of those that `what` uses."""
        unit, name = self.machine.vector_unit, f"machine {self.machine.name!r}"
        own = [one for one, _ in self.machine.special if one in uses]
        reason = f"{name} has a function {own[0]!r} of its own" if own else None
        if not unit.is_binary32:
            reason = f"{name} has a vector unit of {unit.format}"
        if reason is not None:
            raise MachineError(
                f"{what}: {reason}, which is not supported here, only IEEE binary32; a rule of "
                f"None leaves the layer to PyTorch"
            )


def _bare(formats: tuple[Format, ...]) -> Choices:
    return tuple(format.bare() for format in formats)


def _encode(x: Array, unit: VectorUnit) -> Array:
    return np.asarray(encode(x, unit.format, unit.round, unit.ovf))


@functools.lru_cache(maxsize=256)
def arithmetic_of(
    machine: Machine, plan: str | KPlan | None, formats: tuple[Format | None, ...]
) -> Arithmetic:
    """The arithmetic with the formats of weight, activation, error and gradient."""
    spelled = [None if one is None else with_all_modes(one) for one in formats]
    made = Arithmetic(machine, plan, *spelled)
    if not made.is_host:
        for role, path in made.paths.items():
            needed = [name for name in path.operands if name not in path.optional]
            if needed:
                raise MachineError(
                    f"machine {machine.name!r}, {role}: the datapath takes {', '.join(needed)}, "
                    f"which layers do not give"
                )
    return made
