"""Rows of the table on disk: results that are complete, checkpoints of what is not."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .._errors import Interrupted, StoreError
from .._files import write_whole
from .._numfmt import __version__
from .._progress import Advance
from ..images import Images
from ._image_job import Data, Job, Settings
from ._image_rows import Row
from ._needs import torch

Results = dict[str, list[dict[str, float]]]
SCHEMA = "lp-sampler.images/1"


def tensors(images: Images) -> Data:
    """Standardised images as tensors."""
    train, test = (torch.from_numpy(part) for part in images.standardised())
    labels = torch.from_numpy(images.train_labels)
    return Data(train, labels, test, images.test_labels, images.classes)


class ImageStore:
    """A folder with one file a row and seed; another run of the same settings goes on with it."""

    def __init__(self, folder: Path, settings: Settings, images: Images) -> None:
        self.folder, self.settings, self.images = folder, settings, images
        record = {
            "schema": SCHEMA,
            "version": __version__,
            "torch": str(torch.__version__),
            "settings": dataclasses.asdict(settings),
            "images": hashlib.sha256(images.train.tobytes() + images.test.tobytes()).hexdigest(),
        }
        path = folder / "settings.json"
        if not path.exists():
            write_whole(path, (json.dumps(record, indent=2) + "\n").encode())
            return
        found = json.loads(path.read_text())
        for name, value in record.items():
            if found.get(name) != value:
                raise StoreError(
                    f"{path}: the folder is of {name} {found.get(name)}, and now {value} is asked "
                    f"for: name another folder"
                )

    def result(self, row: Row, seed: int) -> dict[str, float] | None:
        """What a finished job came to."""
        path = self._path(row, seed, "json")
        return json.loads(path.read_text()) if path.exists() else None

    def run(self, row: Row, seed: int, advance: Advance) -> dict[str, float]:
        """Finish a job, from its checkpoint where it has one, one epoch after the other."""
        if (done := self.result(row, seed)) is not None:
            advance(self.settings.steps)
            return done
        checkpoint = self._path(row, seed, "pt")
        job = Job(row, seed, self.settings, tensors(self.images))
        if checkpoint.exists():
            job.read(checkpoint)
            advance(job.optimizer.steps)
        try:
            while job.epoch < self.settings.epochs:
                job.run_epoch(advance)
                job.write(checkpoint)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted in epoch {job.epoch + 1} of {row.name}, seed {seed}; {self.folder} "
                f"has every epoch that was finished, and the same command goes on from there"
            ) from None
        scores = job.scores()
        write_whole(self._path(row, seed, "json"), (json.dumps(scores, indent=2) + "\n").encode())
        checkpoint.unlink()
        return scores

    def _path(self, row: Row, seed: int, suffix: str) -> Path:
        return self.folder / f"{row.name}-{seed}.{suffix}"


def run_rows(
    store: ImageStore, rows: list[Row], seeds: int, advance: Advance
) -> Iterator[tuple[Row, list[dict[str, float]]]]:
    """Each row's scores of all seeds, as they come.  One thread: its sums have one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for row in rows:
            yield row, [store.run(row, seed, advance) for seed in range(seeds)]
    finally:
        torch.set_num_threads(threads)


def plain(results: Results, store: ImageStore) -> dict[str, Any]:
    """All scores with their settings, as plain data."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "settings": dataclasses.asdict(store.settings),
        "rows": results,
    }
