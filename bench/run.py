"""One interleaved run: every round measures every row once, in a random order."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
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
RULER_SAMPLES = 3  # a round measures each ruler so often

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


def measure(
    rows: list[Row],
    sizes: list[int],
    *,
    rounds: int,
    isa: str,
    threads: int,
    progress: Progress = lambda text: None,
) -> list[Item]:
    """Measure each row at each of its sizes; rows that cannot be are there too, and say why."""
    arrays = {n: Arrays(n) for row in rows for n in row.sizes(sizes)}
    items = []
    for row in rows:
        for n in row.sizes(sizes):
            progress(f"set up {row.name}")
            items.append(prepare(row, n, arrays[n], isa, threads, rounds))
    shuffled = random.Random(SEED)
    for index in range(rounds):
        progress(f"round {index + 1} of {rounds}")
        one_round([item for item in items if item.work and index < item.rounds], shuffled)
    return items


def one_round(items: list[Item], shuffled: random.Random) -> None:
    """One sample of each row, and several of each ruler."""
    order = [item for item in items for _ in range(samples_in_round(item))]
    shuffled.shuffle(order)
    for item in items:
        item.samples.append([])
    for item in order:
        assert item.work is not None
        if item.repeats > 1:
            item.work.run(1)  # what others left in the caches is not this row's affair
        item.samples[-1].append(timed(item.work, item.repeats) / item.work.elements)


def samples_in_round(item: Item) -> int:
    """How often a round measures a row."""
    return RULER_SAMPLES if item.row.library == RULER else 1


def median_ratio(item: Item, other: Item | None) -> float | None:
    """How many times as fast as the other row: the median over the rounds that both were in."""
    if other is None or not item.samples or not other.samples:
        return None
    pairs = zip(item.per_round(), other.per_round(), strict=False)
    return statistics.median(theirs / mine for mine, theirs in pairs)


def results(items: list[Item], isa: str) -> list[dict[str, Any]]:
    """The rows as they go into the JSON file."""
    by_key = {item.key: item for item in items}
    return [result(item, by_key, isa) for item in items]


def result(item: Item, by_key: dict[tuple[str, int], Item], isa: str) -> dict[str, Any]:
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
    ruler = by_key.get((row.ruler, n))
    ours = by_key.get((str(row.task), n)) if row.library not in (OURS, RULER) else None
    return record | {
        "elements": item.work.elements,
        "rounds": item.rounds,
        "agrees": item.agrees,
        "seconds_min": min(seconds) * item.work.elements,
        "seconds_median": statistics.median(seconds) * item.work.elements,
        "giga_elements_per_second": 1e-9 / statistics.median(seconds),
        "ratio": median_ratio(item, ruler),
        "of_copy": median_ratio(item, by_key.get((COPY, n))),
        "of_philox": median_ratio(item, by_key.get((PHILOX, n))),
        "numfmt_is_faster_by": median_ratio(ours, item) if ours else None,
    }


def floor_here(row: Row, n: int, isa: str) -> float | None:
    """The row's floor, where one is set for this size and instruction set."""
    if row.floor is None:
        return None
    in_place = {"ratio": n >= IN_MEMORY, "G/s": LONG_ENOUGH <= n <= IN_CACHE, "us": True}
    return row.floor.on(isa) if in_place[row.floor.unit] else None
