"""The same sampler in the same 8-bit arithmetic, with two ways to round its weights.

Rounding the noisy weight adds the rounding's own variance to the chain's, and at a small step that
is most of it. The variance-corrected update makes the rounding part of the noise. The target is the
standard normal distribution, so the right answer is 1.
"""

import lp_sampler as lps


def main() -> None:
    """Print the standard deviation that each accumulator samples."""
    target = lps.targets.Gaussian()
    for accumulator in ("naive", "vc"):
        kernel = lps.kernels.SGLD(step_size=1e-3, accumulator=accumulator)
        run = lps.sample(
            kernel, target, "fixed8", chains=256, warmup=5_000, draws=200, thin=50, progress=False
        )
        print(f"{accumulator:6} std {run.draws.std():.3f}")


if __name__ == "__main__":
    main()
