"""The command `lp-sampler reproduce fashion`: low-precision samplers on image networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ._errors import SamplerError, unknown
from ._files import replace_file
from ._progress import progress_bar
from .images import FASHION_MNIST, Images, cifar, fashion_mnist

QUICK: dict[str, Any] = {"images": 200, "epochs": 3, "width": 2, "cycles": 1}
STORE = Path("lp-sampler-fashion")


def read_images(folder: Path | None) -> Images:
    """Fashion-MNIST by default; what the folder holds else."""
    where = FASHION_MNIST if folder is None else folder
    is_cifar = any((where / one).exists() for one in ("data_batch_1", "data_batch_1.bin"))
    is_cifar |= any((where / one).exists() for one in ("train", "train.bin"))
    return cifar(where) if is_cifar else fashion_mnist(where)


def run(
    options: dict[str, Any],
    *,
    quick: bool,
    seeds: int,
    rows: list[str] | None,
    folder: Path | None,
    store: Path | None,
    out: Path | None,
) -> None:
    """Run what the store has not finished, print the table, and write it to `out`."""
    from .torch import _image_rows, _image_store, _image_table
    from .torch._image_job import Settings

    given = {name: value for name, value in options.items() if value is not None}
    images = read_images(folder)
    given.setdefault(
        "images", QUICK["images"] if quick else min(Settings.images, len(images.train))
    )
    settings = Settings(**{**(QUICK if quick else {}), **given})
    known = {row.name: row for row in _image_rows.ROWS}
    for name in rows or ():
        if name not in known:
            raise unknown("--row", name, known)
    _check_lengths(settings)
    kept = _image_store.ImageStore(store or STORE, settings, images.first(settings.images))
    chosen = [known[name] for name in rows or known]
    results: dict[str, list[dict[str, float]]] = {}
    total = settings.steps * seeds * len(chosen)
    with progress_bar(total, f"{len(chosen)} rows, {seeds} seeds") as advance:
        for row, scores in _image_store.run_rows(kept, chosen, seeds, advance):
            results[row.name] = scores
    text = _image_table.table(results, settings, seeds)
    print(text, end="")
    if out is not None:
        is_page = out.suffix == ".md"
        record = json.dumps(_image_store.plain(results, kept), indent=2) + "\n"
        with replace_file(out) as temporary:
            temporary.write_text(text if is_page else record, encoding="utf-8")


def _check_lengths(settings: Any) -> None:
    if settings.batch > settings.images:
        raise SamplerError(f"--batch: at most {settings.images} images; got {settings.batch}")
    if settings.cycles > settings.epochs:
        raise SamplerError(
            f"--epochs: at least {settings.cycles} are needed, one a cycle; got {settings.epochs}"
        )
