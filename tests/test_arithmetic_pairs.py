"""All pairs of codes of 8-bit formats under every deterministic rounding, and under every policy,
against the oracle."""

import oracle
import pytest
from arithmetic_cases import (
    NARROW,
    Answers,
    all_tuples,
    compare_everywhere,
    nan_policy,
    numbers_of,
    operate,
)
from cases import spelled

ROUNDINGS = ("nearest_even", "toward_zero", "up", "to_odd")
narrow = pytest.mark.parametrize("format", NARROW, ids=spelled)


@narrow
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "remainder"])
def test_every_pair_in_every_mode(format, name, tally):
    """65,536 pairs of codes, specials among them, under the default policy."""
    compare_everywhere(tally, format, name, all_tuples(2, 8))
    tally.check()


def policies_of(format):
    """Those that the format takes beside its default; wraps with none, few and all bits kept."""
    kept = [f"wrap{kind}({n})" for kind in ("", "_sign_magnitude") for n in (2, 4, 5, 6, 7)]
    default = oracle.default_policy(format)
    return [p for p in oracle.policies(format) if p != default and p not in kept]


@narrow
@pytest.mark.parametrize("name", ["add", "multiply", "divide"])
def test_every_pair_under_every_policy(format, name, tally):
    """Roundings in turn; what `error` refuses is refused, alone too."""
    codes = all_tuples(2, 8)
    answers = Answers(name, format, [numbers_of(format, column) for column in codes])
    for number, overflow in enumerate(policies_of(format)):
        mode = ROUNDINGS[number % len(ROUNDINGS)]
        expected, raises = answers.codes(mode, overflow)
        kept = [(column[~raises], format) for column in codes]
        modes = (mode, overflow, nan_policy(format))
        got = operate(name, format, kept, modes)
        what = f"{name} {spelled(format)} {mode} {overflow}"
        tally.same(got.astype(expected.dtype), expected[~raises], codes[0][~raises], what)
        for at in raises.nonzero()[0][:: max(int(raises.sum()) // 50, 1)]:
            alone = operate(
                name, format, [(column[at : at + 1], format) for column in codes], modes
            )
            assert getattr(alone, "at", None) == 0, what
    tally.check()
