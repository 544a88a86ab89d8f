"""What all tests share: the tally of compared cases, printed at the end of the run."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from hypothesis import settings
from qtorch_peer import Qtorch

settings.register_profile("same every time", derandomize=True, deadline=None, database=None)
settings.load_profile("same every time")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background, where shells ignore Ctrl-C: programs of the tests must hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    """What is gone through in steps, gone through whole; and a C library that is watched."""
    parser.addoption("--whole", action="store_true", help="every case of those that are many")
    parser.addoption("--sanitizer", help="what watches the C library in its tests, as gcc names it")


@pytest.fixture(scope="session")
def qtorch(tmp_path_factory):
    """QPyTorch's own code, or a skipped test."""
    peer = Qtorch(tmp_path_factory.mktemp("qtorch"))
    yield peer
    peer.close()


@pytest.fixture(autouse=True)
def the_same_draws_in_any_order(request):
    """A module's RANDOM starts again for each test, whichever ran before it in this process."""
    draws = getattr(request.module, "RANDOM", None)
    if draws is not None:
        draws.bit_generator.state = np.random.default_rng(7).bit_generator.state


class Tally:
    """Counts compared cases; `check` at the end fails with the first differences."""

    def __init__(self) -> None:
        self.cases = self.mismatches = 0
        self.examples: list[str] = []

    def same(self, got, expected, x, what: str) -> None:
        """Compares integers, or floats with the sign of zero; any NaN equals any NaN."""
        got, expected = np.asarray(got), np.asarray(expected)
        assert got.shape == expected.shape, what
        differs = got != expected
        if got.dtype.kind == "f":
            differs &= ~(np.isnan(got) & np.isnan(expected))
            differs |= (np.signbit(got) != np.signbit(expected)) & ~np.isnan(expected)
        self.cases += got.size
        self.mismatches += int(differs.sum())
        for i in np.flatnonzero(differs)[: max(0, 8 - len(self.examples))]:
            self.examples.append(f"{what}: {x[i]!r} gives {got[i]!r}, not {expected[i]!r}")

    def raises(self, error: type[Exception], call, what: str) -> None:
        """Compares one case that must be refused."""
        self.cases += 1
        try:
            result = call()
        except error:
            return
        self.mismatches += 1
        self.examples.append(f"{what}: gives {result!r}, no {error.__name__}")

    def check(self) -> None:
        """Fails if anything differed."""
        assert self.cases, "nothing was compared"
        assert not self.mismatches, f"{self.mismatches} differ\n" + "\n".join(self.examples)


@pytest.fixture
def tally(record_property):
    """A Tally, added to the totals that the run prints."""
    tally = Tally()
    yield tally
    record_property("cases", tally.cases)
    record_property("mismatches", tally.mismatches)


def pytest_terminal_summary(terminalreporter):
    """Prints how many cases were compared with the oracle, by test file, and what was measured."""
    totals: dict[str, list[int]] = {}
    measured: dict[str, object] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "teardown":
                continue
            counts = dict(report.user_properties)
            measured |= {name: counts[name] for name in counts if name.endswith("(s)")}
            if "cases" in counts:
                row = totals.setdefault(report.nodeid.partition("::")[0], [0, 0])
                row[0] += counts["cases"]
                row[1] += counts["mismatches"]
    for name, value in measured.items():
        terminalreporter.line(f"{name:20} {value}")
    if not totals:
        return
    terminalreporter.section("compared with the exact oracle")
    for name, (cases, mismatches) in sorted(totals.items()):
        terminalreporter.line(f"{cases:>14,} cases {mismatches:>6,} mismatches  {name}")
    cases, mismatches = (sum(column) for column in zip(*totals.values(), strict=True))
    terminalreporter.line(f"{cases:>14,} cases {mismatches:>6,} mismatches  in all")
