"""`python -m numfmt`: the command line `numfmt-hw`."""

from numfmt.cli import main

if __name__ == "__main__":
    main()
