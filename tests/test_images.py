"""Readers of image sets, on small files made here."""

import gzip
import pickle

import numpy as np
import pytest

import lp_sampler as lps
from lp_sampler import images


def write_idx(path, array):
    """An IDX file of bytes."""
    header = bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


@pytest.fixture
def fashion(tmp_path):
    """A folder with seven training and three test images, and what is in them."""
    random = np.random.default_rng(1)
    for part, count in (("train", 7), ("t10k", 3)):
        write_idx(
            tmp_path / f"{part}-images-idx3-ubyte.gz",
            random.integers(0, 256, (count, 28, 28)),
        )
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", np.arange(count) % 10)
    return tmp_path


def test_fashion_mnist_comes_in_the_order_of_its_files(fashion):
    """Images with a channel axis, labels beside them."""
    read = images.fashion_mnist(fashion)
    assert read.train.shape == (7, 1, 28, 28)
    assert read.test.shape == (3, 1, 28, 28)
    assert read.train_labels.tolist() == list(range(7))
    content = gzip.decompress((fashion / "train-images-idx3-ubyte.gz").read_bytes())
    assert read.train.tobytes() == content[16:]


def test_standardised_by_the_training_images(fashion):
    """Mean 0 and deviation 1 of the training pixels; the test images are moved alike."""
    read = images.fashion_mnist(fashion).first(5)
    train, test = read.standardised()
    assert train.dtype == test.dtype == np.float32
    assert len(train) == 5
    assert abs(train.mean()) < 1e-5
    assert train.std() == pytest.approx(1, abs=1e-5)
    pixels = read.train.astype(np.float64)
    expected = (read.test - pixels.mean()) / pixels.std()
    assert np.abs(test - expected).max() < 1e-5


def test_absent_files_name_the_package(tmp_path):
    """The error has the line that installs the data, and the folder that was looked into."""
    with pytest.raises(lps.SamplerError, match="apt install dataset-fashion-mnist") as caught:
        images.fashion_mnist(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("damage", ["cut", "text", "not gzip"])
def test_a_damaged_file_is_named(fashion, damage):
    """A file that is cut short, of another type, or not gzipped is an error that names it."""
    path = fashion / "t10k-images-idx3-ubyte.gz"
    content = gzip.decompress(path.read_bytes())
    made = {"cut": content[:-1], "text": b"\0\0\x0d" + content[3:]}
    path.write_bytes(gzip.compress(made[damage]) if damage in made else b"nothing")
    with pytest.raises(lps.SamplerError, match="t10k-images"):
        images.fashion_mnist(fashion)


def batch(seed, count=4):
    """Pixels and labels."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, 3072), np.uint8), random.integers(0, 10, count)


@pytest.mark.parametrize("form", ["binary", "python"])
def test_cifar10_in_both_forms(tmp_path, form):
    """The binary and the Python archive give the same images."""
    batches = [batch(number) for number in range(6)]
    names = [*images.CIFAR10_TRAIN, "test_batch"]
    for name, (pixels, labels) in zip(names, batches, strict=True):
        if form == "binary":
            rows = np.column_stack([labels.astype(np.uint8), pixels])
            (tmp_path / f"{name}.bin").write_bytes(rows.tobytes())
        else:
            table = {b"data": pixels, b"labels": labels.tolist()}
            (tmp_path / name).write_bytes(pickle.dumps(table, protocol=4))
    read = images.cifar(tmp_path)
    assert read.train.shape == (20, 3, 32, 32)
    assert (read.train[4:8].reshape(4, -1) == batches[1][0]).all()
    assert (read.test_labels == batches[5][1]).all()


def test_cifar100_takes_the_fine_labels(tmp_path):
    """Of the two label bytes of a record, the second one."""
    pixels, fine = batch(3)
    coarse = np.full(len(fine), 99, np.uint8)
    rows = np.column_stack([coarse, fine.astype(np.uint8), pixels])
    for name in ("train.bin", "test.bin"):
        (tmp_path / name).write_bytes(rows.tobytes())
    read = images.cifar(tmp_path)
    assert (read.train_labels == fine).all()
    assert read.classes == fine.max() + 1


class Command:
    """What unpickling would call."""

    def __reduce__(self):
        return print, ("a file has run something",)


def test_a_pickle_cannot_run_anything(tmp_path, capsys):
    """Batches that hold more than arrays are refused before anything of them is called."""
    (tmp_path / "train").write_bytes(pickle.dumps({b"data": Command()}))
    with pytest.raises(lps.SamplerError, match="no part of an image set"):
        images.cifar(tmp_path)
    assert capsys.readouterr().out == ""


def test_cifar_of_no_known_files(tmp_path):
    """The error says which files make an archive."""
    with pytest.raises(lps.SamplerError, match="data_batch_1"):
        images.cifar(tmp_path)
    (tmp_path / "train.bin").write_bytes(bytes(100))
    with pytest.raises(lps.SamplerError, match=r"train\.bin: 100 bytes"):
        images.cifar(tmp_path)
