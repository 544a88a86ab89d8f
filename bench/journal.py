"""What has been proven already: a file to which each finished chunk is added."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .cases import Chunk, Difference
from .facts import compiled_module

NAME = "journal.jsonl"


class StaleJournal(Exception):
    """The journal tells of another build of the core."""


def build() -> str:
    """The SHA-256 of the compiled core."""
    return hashlib.sha256(compiled_module().read_bytes()).hexdigest()


class Journal:
    """The finished chunks of one build, compared on the same instruction sets.

    The first line names the build; every other line is a chunk and its differences.  A line that a
    killed run left unfinished is dropped.

    Args:
        folder: where journal.jsonl is or will be.
        fresh: begin anew.

    Raises:
        StaleJournal: the file there is of another build.
    """

    def __init__(self, folder: Path, isas: list[str], *, fresh: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.isas = folder / NAME, sorted(isas)
        self.done: dict[Chunk, list[Difference]] = {}
        if fresh or not self.path.exists():
            self.path.write_text(json.dumps({"build": build()}) + "\n")
        else:
            self._read()

    def _read(self) -> None:
        whole = self.path.read_text()
        lines = whole[: whole.rfind("\n") + 1].splitlines()
        if not lines or json.loads(lines[0]).get("build") != build():
            raise StaleJournal(
                f"{self.path} is of another build of numfmt's core, and proves nothing about this "
                "one: give --fresh to begin anew, or another --store"
            )
        for line in lines[1:]:
            self._take(json.loads(line))
        self.path.write_text("".join(line + "\n" for line in lines))

    def _take(self, entry: dict[str, Any]) -> None:
        if entry["isas"] == self.isas:
            differences = [Difference(**item) for item in entry["differences"]]
            self.done[Chunk(**entry["chunk"])] = differences

    def add(self, chunk: Chunk, differences: list[Difference]) -> None:
        """Write a finished chunk down."""
        self.done[chunk] = differences
        entry = {
            "chunk": asdict(chunk),
            "isas": self.isas,
            "differences": [asdict(item) for item in differences],
        }
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
