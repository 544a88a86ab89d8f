"""Which arithmetic still samples a posterior on real images?  Shirts and T-shirts of Fashion-MNIST.

Bayesian logistic regression on the images' 7 x 7 block means. Debian's package
dataset-fashion-mnist brings the data: `python fashion_mnist.py [FOLDER]` looks for its files in
FOLDER, or where the package puts them, and says so where they are absent.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

import lp_sampler as lps

FOLDER = Path("/usr/share/datasets/fashion-mnist")
T_SHIRT, SHIRT = 0, 6
TRAIN, TEST = 400, 500


def read(path):
    """An array of an IDX file of bytes (a big-endian header: type, number of axes, their sizes)."""
    content = gzip.decompress(path.read_bytes())
    sizes = np.frombuffer(content, ">u4", content[3], 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)


def rows(folder, part, count):
    """Block means and an intercept, and labels: 1 is a shirt."""
    images = read(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read(folder / f"{part}-labels-idx1-ubyte.gz")
    chosen = np.flatnonzero(np.isin(labels, (T_SHIRT, SHIRT)))[:count]
    blocks = images[chosen].reshape(count, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(count, -1)
    return blocks, labels[chosen] == SHIRT


def main():
    """Compare weights of eight bits, two fraction lengths and two accumulators, with float64."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    if not (folder / "train-images-idx3-ubyte.gz").exists():
        print(f"skipped: no Fashion-MNIST in {folder} (Debian: apt install dataset-fashion-mnist)")
        return
    (train, labels), (test, answers) = rows(folder, "train", TRAIN), rows(folder, "t10k", TEST)
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1
    train, test = ((part - mean) / deviation for part in (train, test))
    train, test = (np.column_stack([part, np.ones(len(part))]) for part in (train, test))
    target = lps.targets.LogisticRegression(train, labels, prior_scale=0.1, test=(test, answers))
    fit = lps.curvature(target)
    result = lps.sweep(
        lps.kernels.SGLD(step_size=fit.step_size),
        target,
        widths=[8],
        fraction_bits=[5, 7],
        accumulators=["naive", "vc"],
        reference=fit.mala(chains=16, seed=0),
        draws=300,
        chains=16,
        progress=False,
        workers=1,
        **fit.lengths(draws=300, kept=8),
    )
    for row in result.rows:
        print(
            f"{row.machine} {row.accumulator:6} std / reference {row.std_ratio:.2f}  "
            f"W2 / sigma {row.w2_sigma:.2f}  accuracy {row.accuracy:.1%}"
        )
    result.to_html("fashion_mnist.html")


if __name__ == "__main__":
    main()
