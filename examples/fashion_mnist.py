"""Which arithmetic still samples a posterior on real images?  Shirts and T-shirts of Fashion-MNIST.

Bayesian logistic regression on the images' 7 x 7 block means. Debian's package
dataset-fashion-mnist brings the data: `python fashion_mnist.py [FOLDER]` looks for its files in
FOLDER, or where the package puts them, and says so where they are absent.
"""

import sys

import numpy as np

import lp_sampler as lps

T_SHIRT, SHIRT = 0, 6
TRAIN, TEST = 400, 500


def rows(images, labels, count):
    """Block means and an intercept, and labels: 1 is a shirt."""
    chosen = np.flatnonzero(np.isin(labels, (T_SHIRT, SHIRT)))[:count]
    blocks = images[chosen].reshape(count, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(count, -1)
    return blocks, labels[chosen] == SHIRT


def main():
    """Compare weights of eight bits, two fraction lengths and two accumulators, with float64."""
    try:
        data = lps.images.fashion_mnist(*sys.argv[1:])
    except lps.SamplerError as absent:
        print(f"skipped: {absent}")
        return
    train, labels = rows(data.train, data.train_labels, TRAIN)
    test, answers = rows(data.test, data.test_labels, TEST)
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
