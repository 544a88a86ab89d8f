"""All pairs of codes of 8-bit formats under every deterministic rounding, against the oracle."""

import pytest
from arithmetic_cases import NARROW, all_tuples, compare_everywhere
from cases import spelled

narrow = pytest.mark.parametrize("format", NARROW, ids=spelled)


@narrow
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "remainder"])
def test_every_pair_in_every_mode(format, name, tally):
    """65,536 pairs of codes, specials among them, under the default policy."""
    compare_everywhere(tally, format, name, all_tuples(2, 8))
    tally.check()
