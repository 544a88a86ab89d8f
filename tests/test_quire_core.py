"""The C functions of quires: what they refuse, and threads."""

from fractions import Fraction

import numpy as np
import pytest
from oracle_formats import Posit
from quire_cases import values

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib


def c_operand(codes, format="posit<8,2>", **fields):
    """An ``nf_operand`` of codes."""
    descriptor = nf.parse(format)._descriptor()
    return ffi.new("nf_operand *", {"format": descriptor, "data": codes, "step": 1, **fields})


def test_the_core_refuses_nonsense():
    """NULL, sizes that overflow, overlapping memory, descriptors that are none: untouched."""
    q, bad = ffi.new("nf_quire *"), lib.NF_BAD_ARGUMENT
    posit = nf.parse("posit<8,2>")._descriptor()
    assert lib.nf_quire_size(ffi.NULL, 0, q) == bad
    assert lib.nf_quire_size(posit, 0, ffi.NULL) == bad
    assert lib.nf_quire_size(posit, 4097, q) == bad
    nonsense = ffi.new("nf_format *", {"family": 200})
    assert lib.nf_quire_size(nonsense, 0, q) == lib.NF_BAD_FORMAT
    assert lib.nf_quire_size(posit, 0, q) == 0
    limbs = ffi.new("uint64_t[]", [7] * 8)
    codes = ffi.new("uint8_t[]", [64] * 8)
    x, huge = c_operand(codes), 2**64 - 1

    def add(quire=q, quires=limbs, n=2, terms=3, operand=x):
        return lib.nf_quire_add_product(quire, quires, n, terms, operand, x, 1)

    for wrong in ({"width": 1}, {"width": 1 << 17}, {"limbs": 3}, {"lowest": 2**30}, {"is_nar": 2}):
        other = ffi.new("nf_quire *", q[0])
        for field, value in wrong.items():
            setattr(other, field, value)
        assert add(other) == bad
        assert lib.nf_quire_negate(other, limbs, 2) == bad
        assert lib.nf_quire_round(other, limbs, 2, posit, ffi.NULL, codes, ffi.NULL) == bad
    assert add(ffi.NULL) == bad
    assert add(quires=ffi.NULL) == bad
    assert add(n=huge) == bad
    assert add(n=1, terms=huge) == bad
    assert add(n=2**32, terms=2**32) == bad
    assert add(operand=ffi.NULL) == bad
    for operand in (c_operand(ffi.NULL), c_operand(codes, step=2), c_operand(codes, type=1)):
        assert add(operand=operand) == bad
    assert add(operand=c_operand(limbs)) == bad
    assert add(operand=c_operand(codes, "lns<8,3>")) == lib.NF_BAD_FORMAT
    assert add(operand=c_operand(codes, "binary32")) == lib.NF_BAD_FORMAT
    assert list(limbs) == [7] * 8
    assert lib.nf_quire_clear(q, ffi.NULL, 0) == 0
    assert add(quires=ffi.NULL, n=0) == 0


def test_the_core_refuses_overlaps_and_lost_sums():
    """Quires over each other or under the codes; one that has overflowed."""
    q, bad = ffi.new("nf_quire *"), lib.NF_BAD_ARGUMENT
    posit = nf.parse("posit<8,2>")._descriptor()
    assert lib.nf_quire_size(posit, 0, q) == 0
    limbs, codes = ffi.new("uint64_t[]", [7] * 8), ffi.new("uint8_t[]", 8)
    assert lib.nf_quire_add_quire(q, limbs, 1, limbs + 1, 1) == bad
    assert lib.nf_quire_add_quire(q, limbs, 1, limbs + 4, 2) == bad
    assert lib.nf_quire_round(q, limbs, 2, posit, ffi.NULL, limbs, ffi.NULL) == bad
    assert lib.nf_quire_round(q, limbs, 2, posit, ffi.NULL, ffi.NULL, ffi.NULL) == bad
    assert list(limbs) == [7] * 8
    lost = ffi.new("uint64_t[3]", [1, 0, lib.NF_QUIRE_OVERFLOW])
    fixed, one = nf.parse("fixed<8,3>")._descriptor(), ffi.new("nf_quire *", (64, 3, -6, 0))
    assert lib.nf_quire_round(one, lost, 1, fixed, ffi.NULL, codes, ffi.NULL) == lib.NF_FOUND_RANGE


def test_the_core_refuses_nonsense_vectors():
    """Strides and counts beyond memory, NULL, a result that overlaps."""
    bad, codes = lib.NF_BAD_ARGUMENT, ffi.new("uint8_t[]", [64] * 8)
    out = ffi.new("uint8_t[]", [9] * 4)
    posit = nf.parse("posit<8,2>")._descriptor()

    def dot(shape=(1, 2, 2, 2), result=out, form=posit, **fields):
        made = {"format": posit, "data": codes, "row": 2, "step": 1, **fields}
        v = ffi.new("nf_vectors *", made)
        c_shape = ffi.new("nf_dot_shape *", shape) if shape else ffi.NULL
        return lib.nf_dot_exact(form, ffi.NULL, c_shape, v, v, result, ffi.NULL)

    huge = 2**64 - 1
    assert dot(None) == bad
    assert dot(form=ffi.NULL) != 0
    assert dot(data=ffi.NULL) == bad
    assert dot(result=ffi.NULL) == bad
    assert dot(result=codes + 1) == bad
    assert dot(row=huge) == bad
    assert dot(step=huge) == bad
    assert dot((2, 2, 2, 2), batch=huge) == bad
    assert dot((1, 1, 1, huge)) == bad
    assert dot((1, huge, 1, 2), row=0) == bad
    assert dot((huge, huge, 1, 2)) == bad
    assert dot(type=2) == bad
    assert dot(format=ffi.NULL, type=77) == bad
    wide = nf.Float(15, 3)._descriptor()
    assert dot(format=wide) == lib.NF_BAD_FORMAT
    assert list(out) == [9] * 4
    assert dot((0, 2, 2, 2), result=ffi.NULL, data=ffi.NULL) == 0
    assert dot((1, 2, 2, 0), data=ffi.NULL) == 0
    assert list(out) == [0] * 4
    assert dot() == 0
    assert values(Posit(8, 2), list(out)) == [2] * 4


def test_few_long_sums_are_the_same_on_any_number_of_threads():
    """Cut into parts, which are added exactly."""
    codes = np.random.default_rng(3).integers(0, 1 << 16, (2, 1 << 17)).astype(np.uint16)
    codes[codes == 1 << 15] = 0
    a, b = (nf.from_codes(part, "posit<16,2>") for part in codes)
    before, found = nf.get_num_threads(), set()
    try:
        for threads in (1, 2, 5):
            nf.set_num_threads(threads)
            found.add((int(nf.dot(a, b).codes), int(nf.sum(a, "posit<32,2>").codes)))
    finally:
        nf.set_num_threads(before)
    assert len(found) == 1
    q = nf.Quire("posit<16,2>").add_product(a, b)
    assert found == {
        (int(q.round().codes), int(nf.Quire("posit<16,2>").add(a).round("posit<32,2>").codes))
    }


PAIRS = [
    ("posit<16,2>", "posit<16,2>"),
    ("posit<8,2>", "posit<16,1>"),
    ("e4m3fn", "e5m2"),
    ("binary16", "binary16"),
    ("binary16", "fixed<12,5>"),
    ("binary8p3se", "e4m3fnuz"),
    ("ufixed<8,0>", "int8"),
    ("bfloat16", "bfloat16"),
    ("takum8", "e2m1"),
]


def codes_of(name, n, seed, special):
    """Random codes, half of them around 0 and the ends."""
    format, random = nf.parse(name), np.random.default_rng(seed)
    codes = random.integers(0, 1 << format.width, n)
    near = random.integers(-3, 4, n) + random.choice([0, 1 << (format.width - 1)], n)
    codes = np.where(random.random(n) < 0.2, near % (1 << format.width), codes)
    if not special:
        codes[~np.isfinite(nf.decode(codes, name).astype(float))] = 1
    return nf.from_codes(codes, name)


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_every_kernel_adds_the_same_products(isa, left, right):
    """Bit for bit as term after term does: any length, specials, signs of zeros, what cancels."""
    for seed, n in enumerate((1, 3, 4, 5, 511, 512, 513, 1500, 5000)):
        for special in (False, True):
            a, b = codes_of(left, n, seed, special), codes_of(right, n, seed + 99, special)
            q = nf.Quire("binary64").add_product(a, b)
            turned = nf.from_codes(np.concatenate([a.codes, a.codes[::-1]]), left)
            minus = np.concatenate([b.codes, b.codes[::-1]])
            zero = nf.Quire("binary64").add_product(turned, nf.from_codes(minus, right))
            for target, rounding in (("float<11,52>", "to_odd"), ("posit<64,2>", "down")):
                with _core.forced_isa(isa):
                    got = nf.dot(a, b, target, rounding)
                    twice = nf.dot(turned, nf.from_codes(minus, right), target, rounding)
                assert got.codes == q.round(target, rounding).codes
                assert twice.codes == zero.round(target, rounding).codes


@pytest.mark.parametrize("isa", _core.available_isas())
def test_every_kernel_keeps_the_signs_of_zeros(isa):
    """And what is left of 2000 terms that cancel."""
    with _core.forced_isa(isa):
        zeros = nf.array([0.0, -0.0] * 1000, "binary16")
        ones = nf.ones(2000, "binary16")
        assert not np.signbit(nf.dot(zeros, ones).item())
        assert np.signbit(nf.dot(zeros, ones, None, "down").item())
        assert np.signbit(nf.dot(zeros[1::2], ones[1::2]).item())
        a = nf.array(np.arange(2000) - 999.5, "binary16")
        a[-1] = 2.0**-24
        exact = sum(Fraction(v) for v in a.values.tolist())
        assert Fraction(nf.dot(a, ones, "binary64").item()) == exact
