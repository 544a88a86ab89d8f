"""The checked arguments of a run, and how it falls into pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ._codes import Coding
from ._errors import SamplerError
from ._numfmt import Format, Key, Machine, MachineError
from .kernels import Kernel
from .targets import Target

WORK_OF_A_PIECE = 500_000
"""Operations of one step that outweigh what Python costs: about half a millisecond."""
OPERATIONS_OF_A_ROW, OPERATIONS_OF_AN_UPDATE = 2, 4
CHUNK_BYTES, CHUNK_DRAWS = 1 << 22, 512
STEPS_WITHOUT_A_DRAW = 1_000_000


@dataclasses.dataclass(frozen=True)
class Piece:
    """Chains that are run together: positions `begin` .. `end` of the plan's, in `groups` of
    consecutive numbers.
    """

    index: int
    begin: int
    end: int
    groups: tuple[range, ...]

    @property
    def chains(self) -> int:
        return self.end - self.begin


@dataclasses.dataclass(frozen=True)
class Plan:
    """Checked arguments of a run."""

    kernel: Kernel
    target: Target
    machine: Machine
    draws: int
    chains: tuple[int, ...]
    warmup: int
    thin: int
    batch_size: int | None
    replacement: bool
    init: npt.NDArray[np.float32]
    seed: int
    chunk: tuple[int, int] | None = None
    """Chains and draws of a stored chunk, where a store says so."""
    blocks_as_float32: bool = False
    """Of a store that an earlier version made."""

    @classmethod
    def checked(
        cls,
        kernel: Kernel,
        target: Target,
        machine: Machine,
        draws: int,
        chains: int | Sequence[int],
        warmup: int,
        thin: int,
        batch_size: int | None,
        init: npt.ArrayLike | None,
        seed: int,
        *,
        replacement: bool = True,
    ) -> Plan:
        check_is("kernel", kernel, Kernel)
        check_is("target", target, Target)
        for name, value, least in (
            ("draws", draws, 1),
            ("warmup", warmup, 0),
            ("thin", thin, 1),
            ("seed", seed, 0),
        ):
            check_count(name, value, least)
        if batch_size is not None:
            check_count("batch_size", batch_size, 1)
        if not isinstance(replacement, bool):
            raise SamplerError(f"replacement: True or False is allowed; got {replacement!r}")
        if machine.update and not kernel.takes_update:
            raise MachineError(
                f"machine {machine.name!r} lists the operations of a Langevin step; "
                f"{type(kernel).__name__} takes steps of another kind"
            )
        numbers = _chain_numbers(chains)
        if init is None:
            init = _own_start(target, numbers, seed)
        start = _start(init, (len(numbers), target.size))
        plan = cls(
            kernel=kernel,
            target=target,
            machine=machine,
            draws=draws,
            chains=numbers,
            warmup=warmup,
            thin=thin,
            batch_size=batch_size,
            replacement=replacement,
            init=start,
            seed=seed,
        )
        plan.steps_of_a_piece  # noqa: B018  (raises where no step is a sampling one)
        return plan

    def with_draws(self, draws: int) -> Plan:
        """The same run with that many draws."""
        return dataclasses.replace(self, draws=draws)

    @property
    def given_init(self) -> npt.NDArray[np.float32]:
        """The start as it was given, without the axes that it was broadcast along."""
        kept = tuple(slice(1 if step == 0 else None) for step in self.init.strides)
        return self.init[kept]

    @property
    def starts(self) -> npt.NDArray[np.float32]:
        """The start of every chain (chains, size), without a copy for each."""
        return np.broadcast_to(self.init, (len(self.chains), self.target.size))

    @property
    def format(self) -> Format:
        """The format of the draws, its modes spelled out."""
        return self.kernel.formats(self.machine)["accumulator"]

    @cached_property
    def coding(self) -> Coding:
        """How draws are kept."""
        return Coding(self.format, self.target.size, self.blocks_as_float32)

    @cached_property
    def bound_target(self) -> Target:
        """The target as the machine computes it."""
        return self.target.on(self.machine, Key(self.seed).fold_in("input"))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """All chains in pieces of equal size (the last may be smaller), by the arguments alone."""
        size, count = self.chains_of_a_piece, len(self.chains)
        return tuple(
            Piece(
                index, begin, min(begin + size, count), groups_of(self.chains[begin : begin + size])
            )
            for index, begin in enumerate(range(0, count, size))
        )

    @cached_property
    def chains_of_a_piece(self) -> int:
        """Enough chains that a step is worth its call, and few enough to share the work."""
        if self.chunk is not None:
            return self.chunk[0]
        rows = self.batch_size or self.target.data_size or 0
        work = self.target.size * (OPERATIONS_OF_AN_UPDATE + OPERATIONS_OF_A_ROW * rows)
        count = len(self.chains)
        pieces = -(-count // max(1, WORK_OF_A_PIECE // work))
        return -(-count // pieces)

    @cached_property
    def draws_of_a_chunk(self) -> int:
        """As many as a few megabytes hold."""
        if self.chunk is not None:
            return self.chunk[1]
        width = self.chains_of_a_piece * self.coding.columns * self.coding.dtype.itemsize
        return max(1, min(CHUNK_DRAWS, CHUNK_BYTES // width))

    @property
    def steps(self) -> int:
        """Steps of the whole run, counted once for each group of neighbouring chains."""
        return self.steps_of_a_piece * sum(len(piece.groups) for piece in self.pieces)

    @cached_property
    def steps_of_a_piece(self) -> int:
        """Steps until every draw is kept."""
        if not explores(self.kernel):
            return self.warmup + self.draws * self.thin
        step, kept, left_out = self.warmup, 0, 0
        while kept < self.draws * self.thin:
            is_sampling = self.kernel.is_sampling(step)
            if not is_sampling and kept % self.thin:
                raise SamplerError(
                    f"thin: it must divide the steps of each sampling phase; got {self.thin}, and "
                    f"{kept % self.thin} steps are left over before step {step}"
                )
            kept, left_out = kept + is_sampling, 0 if is_sampling else left_out + 1
            if left_out == STEPS_WITHOUT_A_DRAW:
                raise SamplerError(
                    f"kernel: no draw would ever be kept: {left_out:,} steps only explore"
                )
            step += 1
        return step


def explores(kernel: Kernel) -> bool:
    """Can the kernel have steps of which no draw is taken?"""
    own = type(kernel).is_sampling is not Kernel.is_sampling
    return own or hasattr(kernel.step_size, "is_sampling")


def check_is(name: str, value: object, kind: type) -> None:
    """An object of a kind, or a SamplerError."""
    if isinstance(value, kind):
        return
    if isinstance(value, type) and issubclass(value, kind):
        raise SamplerError(f"{name}: one is needed, {value.__name__}(...); got the class itself")
    raise SamplerError(f"{name}: one of lp_sampler.{name}s is needed; got {value!r}")


def check_count(name: str, value: object, least: int) -> None:
    """A whole number of at least that size, or a SamplerError."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise SamplerError(f"{name}: a whole number >= {least} is allowed; got {value!r}")


def _chain_numbers(chains: int | Sequence[int]) -> tuple[int, ...]:
    if not isinstance(chains, Iterable):
        check_count("chains", chains, 1)
        return tuple(range(chains))
    numbers = tuple(chains)
    for number in numbers:
        check_count("chains", number, 0)
    if not numbers or len(set(numbers)) != len(numbers):
        raise SamplerError(
            f"chains: a count, or distinct chain numbers, are allowed; got {list(numbers)}"
        )
    return numbers


def _own_start(target: Target, chains: tuple[int, ...], seed: int) -> npt.ArrayLike:
    """Where a target lets chains start: one number where that is 0 for all."""
    if type(target).start is Target.start:
        return 0.0
    key = Key(seed).fold_in("start")
    groups = [(group[0] * target.size, len(group)) for group in groups_of(chains)]
    starts = [target.start(key.at(0, first=first), (n, target.size)) for first, n in groups]
    return np.concatenate(starts)


def _start(init: npt.ArrayLike, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """`init` for every chain, without a copy for each."""
    try:
        start = np.broadcast_to(np.array(init, np.float32), shape)
    except (TypeError, ValueError) as error:
        raise SamplerError(
            f"init: numbers that broadcast to {shape} are allowed; {error}"
        ) from error
    if not np.isfinite(start.base if start.base is not None else start).all():
        raise SamplerError("init: finite numbers are allowed; got NaN or infinity")
    return start


def groups_of(chains: Sequence[int]) -> tuple[range, ...]:
    """Runs of consecutive chain numbers, in the order given.

    >>> groups_of([0, 1, 5])
    (range(0, 2), range(5, 6))
    """
    return tuple(_runs(chains))


def _runs(chains: Sequence[int]) -> Iterator[range]:
    begin = 0
    for i in range(1, len(chains) + 1):
        if i == len(chains) or chains[i] != chains[i - 1] + 1:
            yield range(chains[begin], chains[i - 1] + 1)
            begin = i
