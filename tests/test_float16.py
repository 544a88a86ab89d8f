"""All 65,536 half-precision numbers into every named format, by every rounding."""

import numpy as np
import oracle
import oracle_random
import pytest
from oracle_formats import Fixed, Float, Posit
from oracle_p3109 import Exponents, named
from oracle_takum import Takum
from sheet import Sheet

import numfmt as nf
from numfmt import _core

NAMED = {
    "binary16": Float(5, 10),
    "bfloat16": Float(8, 7),
    "tf32": Float(8, 10),
    "binary32": Float(8, 23),
    "binary64": Float(11, 52),
    "e5m2": Float(5, 2),
    "e4m3fn": Float(4, 3, special="fn"),
    "e3m4": Float(3, 4),
    "e4m3fnuz": Float(4, 3, special="fnuz"),
    "e5m2fnuz": Float(5, 2, special="fnuz"),
    "e4m3b11fnuz": Float(4, 3, bias=11, special="fnuz"),
    "e3m2": Float(3, 2, special="finite"),
    "e2m3": Float(2, 3, special="finite"),
    "e2m1": Float(2, 1, special="finite"),
    "e8m0": Exponents(),
    **{name: named(name) for name in ("binary8p4se", "binary8p3se", "binary8p1uf", "binary4p2sf")},
    "posit8": Posit(8, 2),
    "posit16": Posit(16, 2),
    "posit32": Posit(32, 2),
    "posit64": Posit(64, 2),
    "takum8": Takum(8),
    "takum16": Takum(16),
    "takum32": Takum(32),
    "takum64": Takum(64),
    "q7": Fixed(8, 7),
    "q15": Fixed(16, 15),
    "q31": Fixed(32, 31),
    **{f"int{w}": Fixed(w, 0) for w in (4, 8, 16, 32, 64)},
    **{f"uint{w}": Fixed(w, 0, signed=False) for w in (4, 8, 16, 32, 64)},
}
KEY = 99


def test_every_named_format_is_in_the_table():
    """A new named format cannot be forgotten here; codebooks have tests of their own."""
    named = {name for name, _, f in _core.named_formats() if f.family != _core.lib.NF_CODEBOOK}
    assert named == set(NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_every_half_number_by_every_rounding(name, tally):
    """The default overflow policy, every rounding, every instruction set."""
    format, overflow = NAMED[name], oracle.default_policy(NAMED[name])
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    sheet = Sheet(format, halves.astype(np.float64))
    for mode in oracle.DETERMINISTIC:
        compare(tally, name, halves, sheet.codes(sheet.rounded(mode), overflow, mode)[0], mode)
    words = oracle_random.words(KEY, 0, len(halves)).astype(np.int64)
    key = nf.Key(KEY)
    for variant in "ABC":
        up = words >> 24 >= sheet.thresholds(variant, 8)
        codes = sheet.codes(sheet.drawn(up), overflow, "sr")[0]
        compare(tally, name, halves, codes, f"sr_{variant.lower()}8", key=key)
    up = words >= sheet.thresholds("A", 32)  # these tails have at most 32 bits, or are not met
    compare(tally, name, halves, sheet.codes(sheet.drawn(up), overflow, "sr")[0], "sr", key=key)
    up = np.array([c.tail != 0 for c in sheet.cells]) & (words >> 31 == 1)
    compare(tally, name, halves, sheet.codes(sheet.drawn(up), overflow, "sr")[0], "sr_eq", key=key)
    tally.check()


def compare(tally, name, halves, codes, rounding, **source):
    """One rounding by every instruction set."""
    for isa in _core.available_isas():
        with _core.forced_isa(isa):
            got = nf.encode(halves, name, rounding, **source).astype(np.uint64)
            tally.same(got, codes, halves, f"{isa} {name} {rounding}")


@pytest.mark.parametrize("name", NAMED)
def test_special_half_numbers(name, tally):
    """Infinities and all 2,046 NaNs, by the default policy and every rounding."""
    format = NAMED[name]
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    for mode in (*oracle.DETERMINISTIC, "sr", "sr_a8", "sr_b8", "sr_c8", "sr_eq"):
        key = nf.Key(KEY) if mode.startswith("sr") else None
        for negative, x in ((False, np.float16(np.inf)), (True, np.float16(-np.inf))):
            code = oracle.settle_infinity(format, negative, oracle.default_policy(format))
            tally.same(nf.encode([x], name, mode, key=key).astype(np.uint64), [code], [x], name)
        compare_nans(tally, name, halves[np.isnan(halves)], mode, key)
    tally.check()


def compare_nans(tally, name, nans, mode, key):
    """Every NaN keeps its sign where there is a code for that, or is refused."""
    format = NAMED[name]
    if nf.parse(name).has_nan:
        codes = nf.encode(nans, name, mode, key=key).astype(np.uint64)
        tally.same(codes, [nan_code(format, s) for s in np.signbit(nans)], nans, name)
        return
    for x in nans[::97]:
        tally.raises(nf.NanError, lambda x=x: nf.encode([x], name, mode, key=key), name)


def nan_code(format, negative):
    """The code of a NaN with a sign."""
    return format.nan if isinstance(format, Posit) else format.nan_code(bool(negative))
