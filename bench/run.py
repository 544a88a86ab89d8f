"""One interleaved run: rows that do the same are measured together with their rulers, round by
round in a random order."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .agreement import agreement
from .arrays import Arrays
from .row import (
    COPY,
    IN_CACHE,
    IN_MEMORY,
    LONG_ENOUGH,
    OURS,
    PHILOX,
    RULER,
    Row,
    Setting,
    Unavailable,
    Work,
)

SEED = 7
SHORTEST = 2e-3  # seconds a sample lasts at least, by repeating short operations
LONG, FEW_ROUNDS = 0.25, 3  # an operation of so many seconds is measured in so many rounds
RULER_SAMPLES = 2  # a round measures each ruler so often

Progress = Callable[[str], None]


@dataclass
class Item:
    """A row at one size, with its samples: seconds an element, one list a round."""

    row: Row
    n: int
    work: Work | None = None
    missing: str = ""
    repeats: int = 1
    rounds: int = 0
    agrees: float | None = None
    samples: list[list[float]] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, int]:
        """What tells items apart."""
        return self.row.name, self.n

    def per_round(self) -> list[float]:
        """Seconds an element, one number a round."""
        return [statistics.median(samples) for samples in self.samples]


def prepare(row: Row, n: int, arrays: Arrays, isa: str, threads: int, rounds: int) -> Item:
    """Set a row up, look whether its results are right, and see how long it takes."""
    item = Item(row, n)
    try:
        item.work = work = row.setup(Setting(n, arrays, isa, threads))
    except Unavailable as reason:
        item.missing = str(reason)
        return item
    work.run(1)
    item.agrees = agreement(row, work, arrays)
    seconds = timed(work, 1)
    item.repeats = min(max(math.ceil(SHORTEST / seconds), 1), 100_000)
    item.rounds = rounds if seconds < LONG else min(rounds, FEW_ROUNDS)
    return item


def timed(work: Work, times: int) -> float:
    """Seconds of one operation, the mean of `times` in a row."""
    start = time.perf_counter()
    work.run(times)
    return (time.perf_counter() - start) / times


@dataclass
class Group:
    """Rows of one task at one size, whoever does it, with the rulers as they were meanwhile."""

    items: list[Item]
    rulers: list[Item]

    def find(self, name: str, n: int) -> Item | None:
        """A row or ruler of the group by its name."""
        for item in (*self.items, *self.rulers):
            if item.key == (name, n):
                return item
        return None


def measure(
    rows: list[Row],
    sizes: list[int],
    *,
    rounds: int,
    isa: str,
    threads: int,
    progress: Progress = lambda text: None,
) -> list[Group]:
    """Measure each row at each of its sizes; rows that cannot be are there too, and say why."""
    arrays = {n: Arrays(n) for row in rows for n in row.sizes(sizes)}
    items = []
    for row in rows:
        for n in row.sizes(sizes):
            progress(f"set up {row.name}")
            items.append(prepare(row, n, arrays[n], isa, threads, rounds))
    shuffled, groups = random.Random(SEED), grouped(items)
    for place, group in enumerate(groups):
        progress(f"{place + 1} of {len(groups)}: {group.items[0].row.name}")
        for index in range(rounds):
            one_round([item for item in group.items if index < item.rounds], group.rulers, shuffled)
    return groups


def grouped(items: list[Item]) -> list[Group]:
    """Rows of the same task beside each other; a row whose ruler is another row beside that one."""
    together: dict[tuple[str, int], list[Item]] = {}
    for item in items:
        if item.row.library != RULER:
            own = item.row.ruler in {other.row.name for other in items if other.row.library == OURS}
            name = item.row.ruler if own else str(item.row.task)
            together.setdefault((name, item.n), []).append(item)
    rulers = [item for item in items if item.row.library == RULER]
    return [Group(members, needed(rulers, members)) for members in together.values()]


def needed(rulers: list[Item], members: list[Item]) -> list[Item]:
    """Rulers of the members' size, with samples of their own: the main ones, the members', and
    what is measured against them for information."""
    names = {COPY, PHILOX, *(item.row.ruler for item in members)}
    found = [item for item in rulers if item.row.ruler in names and item.n == members[0].n]
    return [replace(item, samples=[]) for item in found]


def one_round(items: list[Item], rulers: list[Item], shuffled: random.Random) -> None:
    """One sample of each row, and several of each ruler."""
    able = [item for item in items if item.work]
    order = able + rulers * RULER_SAMPLES
    shuffled.shuffle(order)
    for item in (*able, *rulers):
        item.samples.append([])
    for item in order:
        assert item.work is not None
        if item.repeats > 1:
            item.work.run(1)  # what others left in the caches is not this row's affair
        item.samples[-1].append(timed(item.work, item.repeats) / item.work.elements)


def median_ratio(item: Item, other: Item | None) -> float | None:
    """How many times as fast as the other row: the median over the rounds that both were in."""
    if other is None or not item.samples or not other.samples:
        return None
    pairs = zip(item.per_round(), other.per_round(), strict=False)
    return statistics.median(theirs / mine for mine, theirs in pairs)


def results(groups: list[Group], isa: str) -> list[dict[str, Any]]:
    """The rows as they go into the JSON file: rulers over the whole run, then the others."""
    rulers: dict[tuple[str, int], Item] = {}
    for ruler in (ruler for group in groups for ruler in group.rulers):
        whole = rulers.setdefault(ruler.key, replace(ruler, samples=[]))
        whole.samples += ruler.samples
    whole_run = Group([], list(rulers.values()))
    found = [result(ruler, whole_run, isa) for ruler in whole_run.rulers]
    return found + [result(item, group, isa) for group in groups for item in group.items]


def result(item: Item, group: Group, isa: str) -> dict[str, Any]:
    """One row: what was measured, its ratios, and what it should reach."""
    row, n = item.row, item.n
    record: dict[str, Any] = {
        "name": row.name,
        "library": row.library,
        "task": asdict(row.task),
        "size": n,
        "note": row.note,
        "missing": item.missing or None,
        "ruler": row.ruler,
        "floor": floor_here(row, n, isa),
        "floors": asdict(row.floor) if row.floor else None,
    }
    if item.missing or item.work is None:
        return record
    seconds = item.per_round()
    ours = group.find(str(row.task), n) if row.library not in (OURS, RULER) else None
    return record | {
        "elements": item.work.elements,
        "rounds": len(seconds),
        "agrees": item.agrees,
        "seconds_min": min(seconds) * item.work.elements,
        "seconds_median": statistics.median(seconds) * item.work.elements,
        "giga_elements_per_second": 1e-9 / statistics.median(seconds),
        "ratio": median_ratio(item, group.find(row.ruler, n)),
        "of_copy": median_ratio(item, group.find(COPY, n)),
        "of_philox": median_ratio(item, group.find(PHILOX, n)),
        "numfmt_is_faster_by": median_ratio(ours, item) if ours else None,
    }


def floor_here(row: Row, n: int, isa: str) -> float | None:
    """The row's floor, where one is set for this size and instruction set."""
    if row.floor is None:
        return None
    in_place = {
        "ratio": n >= IN_MEMORY,
        "G/s": LONG_ENOUGH <= n <= IN_CACHE,
        "us": True,
        "G op/s": True,
        "times": True,
    }
    return row.floor.on(isa) if in_place[row.floor.unit] else None
