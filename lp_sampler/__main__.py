"""`python -m lp_sampler` is the command `lp-sampler`."""

from .cli import main

if __name__ == "__main__":
    main()
