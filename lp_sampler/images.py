"""Image sets of files that are already on the disk: Fashion-MNIST and CIFAR.

Nothing is downloaded.  Debian's package dataset-fashion-mnist brings Fashion-MNIST; a CIFAR folder
is the unpacked archive of its authors, in its binary or its Python form.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import SamplerError

Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Folder = str | os.PathLike[str]

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
INSTALL = "apt install dataset-fashion-mnist"
IDX_UNSIGNED_BYTES = 8
CIFAR_SHAPE = (3, 32, 32)
CIFAR_PIXELS = 3 * 32 * 32
CIFAR10_TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
PICKLED = {"_reconstruct", "ndarray", "dtype", "scalar"}
"""What the arrays of the Python form are made of; nothing else is unpickled."""


@dataclasses.dataclass(frozen=True)
class Images:
    """Training and test images (images, channels, height, width) of bytes, with labels from 0 on,
    in the order of their files.
    """

    train: Bytes
    train_labels: Labels
    test: Bytes
    test_labels: Labels

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.train_labels.max()) + 1

    def first(self, count: int) -> Images:
        """With the first training images only; SamplerError where there are fewer."""
        if not 1 <= count <= len(self.train):
            raise SamplerError(
                f"count: 1 .. {len(self.train)} training images are there; got {count}"
            )
        return dataclasses.replace(
            self, train=self.train[:count], train_labels=self.train_labels[:count]
        )

    def standardised(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Training and test images in float32, with mean 0 and standard deviation 1 of each channel
        over the training images.
        """
        channels = self.train.swapaxes(0, 1).reshape(self.train.shape[1], -1)
        shape = (1, -1, 1, 1)
        mean = channels.mean(axis=1, dtype=np.float64).reshape(shape)
        deviation = channels.std(axis=1, dtype=np.float64).reshape(shape)
        if not deviation.all():
            raise SamplerError("images: a channel in which all pixels are equal")
        scale, shift = np.float32(1 / deviation), np.float32(-mean / deviation)
        train, test = (part.astype(np.float32) * scale + shift for part in (self.train, self.test))
        return train, test


def fashion_mnist(folder: Folder | None = None) -> Images:
    """Fashion-MNIST: 60,000 + 10,000 images of clothing, 28 x 28 pixels, ten classes (Xiao, Rasul
    and Vollgraf 2017).

    `folder` has the four idx.gz files; by default it is where Debian's package puts them.
    SamplerError says how to get them where they are absent, and names a file that is damaged.
    """
    where = FASHION_MNIST if folder is None else Path(folder)
    if not (where / "train-images-idx3-ubyte.gz").is_file():
        raise SamplerError(
            f"Fashion-MNIST: no train-images-idx3-ubyte.gz in {str(where)!r}; `{INSTALL}` brings "
            "it on Debian and Ubuntu, or name the folder that has the four idx.gz files"
        )
    parts = [
        (read_idx(where / f"{part}-images-idx3-ubyte.gz"), where / f"{part}-labels-idx1-ubyte.gz")
        for part in ("train", "t10k")
    ]
    (train, labels), (test, answers) = (
        (images[:, None], read_idx(path).astype(np.int64)) for images, path in parts
    )
    return Images(train, labels, test, answers)


def read_idx(path: Folder) -> Bytes:
    """The array of bytes in an IDX file, gzipped (a big-endian header: type, number of axes, their
    sizes); SamplerError where it is damaged or of another type.
    """
    try:
        content = gzip.decompress(Path(path).read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise SamplerError(f"{os.fspath(path)}: cannot be read: {error}") from error
    axes = content[3] if len(content) >= 4 else 0
    header = 4 + 4 * axes
    if content[:3] != bytes([0, 0, IDX_UNSIGNED_BYTES]) or len(content) < header:
        raise SamplerError(f"{os.fspath(path)}: not an IDX file of unsigned bytes")
    sizes = np.frombuffer(content, ">u4", axes, 4).astype(np.int64)
    if len(content) - header != int(np.prod(sizes)):
        raise SamplerError(
            f"{os.fspath(path)}: {len(content) - header} bytes follow a header of shape "
            f"{tuple(sizes.tolist())}: the file is damaged"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)


def cifar(folder: Folder) -> Images:
    """CIFAR-10 or CIFAR-100 (Krizhevsky 2009): 50,000 + 10,000 images of 3 x 32 x 32, with ten or a
    hundred (fine) classes.

    `folder` is the unpacked archive, binary (``data_batch_1.bin``, ``train.bin``) or Python
    (``data_batch_1``, ``train``); what it holds is told by its files' names.  SamplerError where
    they are absent or damaged.
    """
    where = Path(folder)
    for first, train, test, label_bytes in (
        ("data_batch_1", CIFAR10_TRAIN, "test_batch", 1),
        ("train", ["train"], "test", 2),
    ):
        for suffix in (".bin", ""):
            if (where / (first + suffix)).is_file():
                names = [where / (name + suffix) for name in train]
                read = [_cifar_part(path, label_bytes) for path in names]
                images, labels = (np.concatenate(part) for part in zip(*read, strict=True))
                return Images(images, labels, *_cifar_part(where / (test + suffix), label_bytes))
    raise SamplerError(
        f"CIFAR: {str(where)!r} has neither data_batch_1 (CIFAR-10) nor train (CIFAR-100), as .bin "
        "or without a suffix: name the folder of an unpacked archive"
    )


def _cifar_part(path: Path, label_bytes: int) -> tuple[Bytes, Labels]:
    """Images and (fine) labels of one file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SamplerError(f"{path}: cannot be read: {error.strerror}") from error
    if path.suffix == ".bin":
        width = label_bytes + CIFAR_PIXELS
        if not content or len(content) % width:
            raise SamplerError(
                f"{path}: {len(content)} bytes are not records of {width}: the file is damaged"
            )
        records = np.frombuffer(content, np.uint8).reshape(-1, width)
        pixels, labels = records[:, label_bytes:], records[:, label_bytes - 1]
    else:
        table = _unpickled(path, content)
        pixels = table.get(b"data", np.zeros((0, 0), np.uint8))
        labels = np.asarray(table.get(b"labels", table.get(b"fine_labels", ())))
    if pixels.shape != (len(labels), CIFAR_PIXELS) or pixels.dtype != np.uint8 or not len(labels):
        raise SamplerError(f"{path}: no images of {CIFAR_SHAPE} bytes with a label each")
    return pixels.reshape(-1, *CIFAR_SHAPE), labels.astype(np.int64)


class _OnlyArrays(pickle.Unpickler):
    """Dictionaries, lists, numbers and arrays: a file cannot run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in PICKLED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of an image set")


def _unpickled(path: Path, content: bytes) -> dict[bytes, Any]:
    try:
        table = _OnlyArrays(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:
        raise SamplerError(f"{path}: not a CIFAR batch: {error}") from error
    if not isinstance(table, dict):
        raise SamplerError(f"{path}: not a CIFAR batch: it holds a {type(table).__name__}")
    return table
