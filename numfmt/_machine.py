"""Machines: what a target accelerator stores, and how it multiplies matrices."""

from __future__ import annotations

import dataclasses
import functools
import json
import warnings
from typing import Any

from . import _schema as schema
from ._code_array import Array
from ._datapath import Datapath
from ._errors import AssumedWarning, MachineError
from ._generators import Stream
from ._kplan import KPlan
from ._machine_convert import Call, Conversion, converted
from ._machine_random import Draws, Source, begin
from ._machine_roles import FURTHER_ROLES, ROLES, carry, with_all_modes
from ._machine_units import GaussianSource, MicroOp, SpecialFunction, VectorUnit
from ._parse import parse
from ._random import Generator, Key
from ._report import Report
from .formats import Format

PASSES = ("fprop", "dgrad", "wgrad", "infer")
SELF = "self"  # the name of a machine's only datapath
TEXTS = ("name", "version", "vendor", "chip")
MARKS = ("hw_rec", "hw_live", "rtl", "sw_exec", "hw_auth", "spec", "code", "part", "assumed")
GUESSES = ("part", "assumed")
BINARY32_CHAIN = Datapath(
    prep={"a": "binary32", "b": "binary32"},  # type: ignore[arg-type]
    product={"kind": "round", "format": "binary32", "round": "nearest_even"},  # type: ignore[arg-type]
    block={"kind": "chain"},  # type: ignore[arg-type]
    acc={"type": "binary32"},  # type: ignore[arg-type]
)


@dataclasses.dataclass(frozen=True)
class Pass:
    """The datapath and the K plan of one of a layer's matrix products."""

    datapath: str = schema.entry(schema.text, SELF)
    kplan: str | None = schema.entry(schema.text)


@dataclasses.dataclass(frozen=True, eq=False)
class Machine:
    """The arithmetic of an accelerator: the formats of its stored tensors, and its datapaths.

    `formats` by role (`weight`, `gradient`, `accumulator`, `input`; each carries its rounding and
    overflow; none where the machine only multiplies); `datapaths` and `plans` by name; `matmul`
    says which of them serve ``"fprop"``, ``"dgrad"``, ``"wgrad"`` and ``"infer"``; `conversions`
    are its conversion instructions by name; `rng` are its generators of random words, and `sr` says
    by the names of conversions and datapaths which bits of them their roundings take; `certainty`
    says of each field how it is known, by the marks of `numfmt.machines`.

    Of samplers alone: `vector_unit`, a `VectorUnit`, computes element by element; `special`,
    `SpecialFunction` by name, are its functions of one number; `gaussian`, a `GaussianSource`, is
    where noise comes from; `update`, `MicroOp` in order, are the operations of a Langevin step,
    where they are not the usual ones.

    Machines are immutable and hashable; two with the same description are equal.

    >>> import numfmt as nf
    >>> nf.machine("fixed8").replace(weight="fixed<8,4>").weight.width
    8
    """

    name: str
    formats: tuple[tuple[str, Format], ...] = ()
    datapaths: tuple[tuple[str, Datapath], ...] = ((SELF, BINARY32_CHAIN),)
    plans: tuple[tuple[str, KPlan], ...] = ()
    matmul: tuple[tuple[str, Pass], ...] = ()
    conversions: tuple[tuple[str, Conversion], ...] = ()
    vector_unit: VectorUnit = VectorUnit()  # noqa: RUF009 - immutable
    special: tuple[tuple[str, SpecialFunction], ...] = ()
    gaussian: GaussianSource = GaussianSource()  # noqa: RUF009 - immutable
    update: tuple[MicroOp, ...] = ()
    rng: tuple[tuple[str, Source], ...] = ()
    sr: tuple[tuple[str, Draws], ...] = ()
    version: str = "assumed"
    vendor: str = "assumed"
    chip: str = "assumed"
    evidence: tuple[str, ...] = ()
    certainty: tuple[tuple[str, str], ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Machine) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @functools.cached_property
    def _text(self) -> str:
        """What makes machines equal; made once, as samplers look machines up in every step."""
        return self.to_json()

    @property
    def weight(self) -> Format:
        """The format of weights."""
        return self._format("weight")

    @property
    def gradient(self) -> Format:
        """The format of gradients."""
        return self._format("gradient")

    @property
    def accumulator(self) -> Format:
        """The format in which a sampler's steps are summed up."""
        return self._format("accumulator")

    @property
    def input(self) -> Format:
        """The format of inputs."""
        return self._format("input")

    def format_of(self, role: str) -> Format:
        """The format of a role: weight, gradient, accumulator, input, or one that serves in its
        place: of momentum the accumulator's, of activation, error, noise and step_size binary32.

        Raises MachineError for an unknown role, and where the machine stores no tensors.

        >>> import numfmt as nf
        >>> str(nf.machine("fixed8").format_of("noise"))
        'binary32'
        """
        schema.check_known(role, (*ROLES, *FURTHER_ROLES), "role", f"machine {self.name!r}")
        own = dict(self.formats)
        if role in own or role in ROLES:
            return self._format(role)
        instead = FURTHER_ROLES[role]
        return self._format(instead) if instead in ROLES else parse(instead)

    def _format(self, role: str) -> Format:
        found = dict(self.formats).get(role)
        if found is None:
            raise MachineError(f"machine {self.name!r} stores no tensors: it has no {role} format")
        return found

    def datapath(self, role: str = "fprop", plan: str | KPlan | None = None) -> Datapath:
        """The datapath of a matrix product, with its order of the sum.

        Args:
            role: ``"fprop"``, ``"dgrad"``, ``"wgrad"``, ``"infer"``, or a datapath's name.
            plan: a `KPlan`, or the name of one of the machine's; None: the role's, else that of
                the datapath itself.

        Raises:
            MachineError: a role or plan that the machine has not.

        >>> import numfmt as nf
        >>> nf.machine("fixed8").datapath().acc.round
        'nearest_even'
        """
        chosen = self._pass(role)
        path = dict(self.datapaths)[chosen.datapath]
        plan = chosen.kplan if plan is None else plan
        if plan is None:
            return path
        if not isinstance(plan, KPlan):
            schema.check_known(plan, dict(self.plans), "plan", f"machine {self.name!r}")
            plan = dict(self.plans)[plan]
        return path.replace(kplan=plan)  # type: ignore[arg-type]

    def _pass(self, role: str) -> Pass:
        """The datapath and the plan of a role, or of the datapath of that name."""
        paths, passes = dict(self.datapaths), dict(self.matmul)
        if not paths:
            raise MachineError(f"machine {self.name!r} multiplies no matrices; see its conversions")
        if role not in passes and role not in paths and not (role in PASSES and not passes):
            known = dict.fromkeys([*passes, *paths, *(() if passes else PASSES)])
            schema.check_known(role, known, "role", f"machine {self.name!r}")
        return passes.get(role, Pass(role if role in paths else next(iter(paths))))

    def stream(self, seed: int, what: str = "fprop", *, results: int = 1) -> Stream:
        """The words of the machine's own generator, to be given as ``key=``.

        Args:
            seed: 0 or more; of it the states of its registers are made, as `numfmt.Rng` says.
            what: a role or datapath of `matmul`, or a conversion, for which the words are.
            results: how many results that product has, or elements the conversion: of machines
                whose results have a register each.

        Raises:
            MachineError: what is unknown, or draws no words of the machine's own.
            RandomError: words are an operand of the instruction; a bad seed.

        >>> import numfmt as nf
        >>> nf.machine("pulp.cvfpu.exsdotp.fp8.f16.rsr").stream(0).kind
        'galois_lfsr'
        """
        where = f"machine {self.name!r}, {what!r}"
        source, draws = self._own_words(what)
        if source is None or draws is None:
            raise MachineError(f"{where}: it names no generator of its own")
        return begin(source, draws, seed, results, where)

    def _own_words(self, what: str = "fprop") -> tuple[Source | None, Draws | None]:
        """Where the words of a conversion, role or datapath come from, and what is taken of one."""
        name = what if what in dict(self.conversions) else self._pass(what).datapath
        draws = dict(self.sr).get(name)
        return (None if draws is None else dict(self.rng)[draws.rng]), draws

    def convert(
        self,
        x: Any,
        conversion: str,
        *,
        key: Key | Generator | None = None,
        seed: int | None = None,
        random_bits: Any = None,
        report: Report | None = None,
    ) -> Array:
        """What a conversion instruction of the machine makes of numbers.

        Args:
            x: an Array of the conversion's source format, or numbers that it holds.
            conversion: a name of `conversions`.
            key, random_bits: of a stochastic one, as `numfmt.convert` has them; see
                `numfmt.lane_words` for the bits that instructions take of a word.  Of a `Stream`
                elements take the bits that the machine's `sr` says.
            seed: of the machine's own generator, in place of a key: ``key=self.stream(seed,
                conversion, results=x.size)``.
            report: counts what rounding did.

        NaN becomes the target's NaN, whatever the machine writes.  Raises MachineError for an
        unknown conversion, and for a seed where the machine names no generator; RandomError where
        random bits are missing, and for a seed where they are an operand.

        >>> import numfmt as nf
        >>> nf.machine("x86.f16c.vcvtps2ph").convert([65520.0, 2049.0], "rne").tolist()
        [inf, 2048.0]
        """
        known = dict(self.conversions)
        schema.check_known(conversion, known, "conversion", f"machine {self.name!r}")
        self.say_what_is_assumed()
        draws = Call(key, seed, random_bits, report)
        return converted(self, conversion, known[conversion], x, draws)

    @property
    def guesses(self) -> tuple[str, ...]:
        """The fields that nobody outside knows, or only in words."""
        return tuple(field for field, mark in self.certainty if mark.split(":")[0] in GUESSES)

    def say_what_is_assumed(self) -> None:
        """Warn of fields that are guesses."""
        if self.guesses:
            warnings.warn(
                f"machine {self.name!r}: {', '.join(self.guesses)} assumed or told in words only; "
                f"results may differ from the device's",
                AssumedWarning,
                stacklevel=4,
            )

    def replace(self, *, name: str | None = None, **roles: str | Format) -> Machine:
        """A copy with other formats; a new format without rounding or overflow keeps those its role
        had.

        Raises MachineError for an unknown role, FormatError for an unknown spelling.
        """
        own = dict(self.formats)
        for role in roles:
            schema.check_known(role, (*ROLES, *FURTHER_ROLES), "role", f"machine {self.name!r}")
        formats = {role: carry(parse(new), self.format_of(role)) for role, new in roles.items()}
        changes = ",".join(f"{role}={format.bare()}" for role, format in formats.items())
        renamed = name or (f"{self.name}({changes})" if changes else self.name)
        return dataclasses.replace(self, name=renamed, formats=tuple({**own, **formats}.items()))

    def resolve(self) -> dict[str, Any]:
        """The whole description as plain data, nothing left to defaults, for output files."""
        tables = {
            "formats": {role: str(with_all_modes(one)) for role, one in self.formats},
            "datapaths": {name: path.resolve() for name, path in self.datapaths},
            "kplan": {name: schema.written(plan) for name, plan in self.plans},
            "matmul": {name: schema.written(one) for name, one in self.matmul},
            "convert": {name: schema.written(one) for name, one in self.conversions},
            "vector_unit": schema.written(self.vector_unit) if self.formats else {},
            "special": {name: schema.written(one) for name, one in self.special},
            "gaussian": schema.written(self.gaussian) if self.formats else {},
            "update": [schema.written(one) for one in self.update],
            "rng": {name: schema.written(one) for name, one in self.rng},
            "sr": {name: schema.written(one) for name, one in self.sr},
        }
        return {
            **{field: getattr(self, field) for field in TEXTS},
            "evidence": list(self.evidence),
            **{name: table for name, table in tables.items() if table},
            "certainty": dict(self.certainty),
        }

    def to_json(self) -> str:
        """The resolved description as JSON, which `machine` reads from a ``.json`` file."""
        return json.dumps(self.resolve(), indent=2)

    def to_toml(self) -> str:
        """The resolved description as TOML, which `machine` reads from a ``.toml`` file."""
        from ._toml import dumps

        return dumps(self.resolve())
