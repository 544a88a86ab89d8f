"""Random descriptors through the C interface: refused, or formats in every respect.  `make fuzz`
goes on where these end."""

from __future__ import annotations

import numpy as np
import pytest

from numfmt._core import ffi, lib

MANY, NUMBERS = 6000, 16
FAMILIES = range(lib.NF_FAMILY_COUNT + 1)
STATUSES = (lib.NF_OK, lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE, lib.NF_BAD_OVERFLOW, lib.NF_BAD_NAN)


def small(rng, top):
    """Mostly a small number, now and then any byte."""
    return int(rng.integers(0, 256 if rng.random() < 0.03 else top))


def tables(rng):
    """A codebook and affine scales, sound or not; and what they point to."""
    values = rng.normal(size=20) if rng.random() < 0.1 else np.sort(rng.integers(-50, 50, 20) / 8)
    count = int(rng.integers(0, 20))
    held = ffi.new("double[]", values.tolist()), ffi.new("double[]", rng.gamma(1, size=4).tolist())
    codebook = ffi.new("nf_codebook *", {"values": held[0], "count": count})
    codebook.turns = small(rng, 2)
    affine = ffi.new("nf_affine *", {"scales": held[1], "count": 1, "extent": 1, "inner": 1})
    return codebook, affine, held


def random_format(rng):
    """A descriptor with fields that often fit together, and what it points to."""
    family = int(rng.choice(FAMILIES))
    signed, exponent, fraction = int(rng.random() < 0.8), small(rng, 9), int(rng.integers(0, 24))
    f = ffi.new("nf_format *")
    f.family, f.is_signed, f.width = family, signed, 1 + small(rng, 64) % 255
    codebook, affine, held = tables(rng)
    if family == lib.NF_FLOAT:
        f.exponent_bits, f.fraction_bits = exponent, fraction
        f.width = (signed + exponent + fraction) % 256 if rng.random() < 0.95 else f.width
        f.special, f.subnormals = small(rng, lib.NF_SPECIAL_COUNT), small(rng, 4)
        f.bias = int(rng.choice([2 ** min(max(exponent - 1, 0), 61), 0, -3, 2**40, 2**62]))
        f.bias -= int(f.special < lib.NF_P3109_EXTENDED) * int(rng.integers(0, 2))
    elif family == lib.NF_POSIT:
        f.exponent_bits = small(rng, 6)
    elif family in (lib.NF_FIXED, lib.NF_LNS):
        f.fraction_bits = (
            int(rng.integers(-9, 70)) if rng.random() < 0.9 else int(rng.integers(-1100, 1100))
        )
    elif family == lib.NF_CODEBOOK:
        f.codebook, f.is_signed, f.width = codebook, 0, max(int(codebook.count) - 1, 1).bit_length()
    elif family == lib.NF_AFFINE:
        f.affine = affine
    return f, (codebook, affine, held)


def codes_of(format, values, rounding, overflow):
    """The status of an encode, and codes."""
    size = lib.nf_code_size(format)
    codes = np.full(values.size * size, 0xA5, np.uint8)
    options = ffi.new("nf_options *", {"rounding": rounding, "overflow": overflow})
    status = lib.nf_encode(
        format,
        options,
        lib.NF_F64,
        ffi.from_buffer(values),
        ffi.from_buffer(codes),
        values.size,
        ffi.NULL,
    )
    assert status == lib.NF_OK or (codes == 0xA5).all()
    return status, codes.view(f"u{size}")


def kind_of(format, code):
    """The kind of a code, which must be one of the format."""
    number = ffi.new("nf_unpacked *")
    assert lib.nf_unpack(format, int(code), number) == lib.NF_OK
    return number.kind


def check_codes(format, codes):
    """Each is below 2**width, and rounds to itself, NaN to NaN."""
    assert (codes.astype(np.uint64) >> np.uint64(format.width - 1) <= 1).all()
    again = np.zeros_like(codes)
    status = lib.nf_convert(
        format,
        format,
        ffi.NULL,
        ffi.from_buffer(codes),
        ffi.from_buffer(again),
        codes.size,
        ffi.NULL,
    )
    if status == lib.NF_BAD_ARGUMENT and format.family == lib.NF_AFFINE:
        return  # values of more than 64 bits
    assert status == lib.NF_OK
    for code, back in zip(codes, again, strict=True):
        nan = kind_of(format, code) == lib.NF_NAN
        assert code == back or (nan and kind_of(format, back) == lib.NF_NAN)


def check_facts(format):
    """The ends are finite, NaN and infinity what they say."""
    facts = ffi.new("nf_format_facts *")
    assert lib.nf_format_describe(format, facts) == lib.NF_OK
    for code in (facts.max_code, facts.min_code):
        assert kind_of(format, code) in (lib.NF_ZERO, lib.NF_FINITE_NUMBER)
    assert not facts.has_nan or kind_of(format, facts.nan_code) == lib.NF_NAN
    assert not facts.has_infinity or kind_of(format, facts.infinity_code) == lib.NF_INFINITY


def check_format(rng, format):
    """Numbers of all magnitudes in any mode."""
    check_facts(format)
    values = rng.normal(size=NUMBERS) * 2.0 ** rng.integers(-30, 30, NUMBERS)
    values[:3] = [0.0, -0.0, rng.choice([np.inf, -np.inf, np.nan, 1e308, 5e-324])]
    rounding = int(rng.integers(0, 12))  # those that draw nothing
    status, codes = codes_of(format, values, rounding, int(rng.integers(0, 13)))
    assert status in STATUSES
    if status == lib.NF_OK:
        check_codes(format, codes)


@pytest.mark.parametrize("seed", range(4))
def test_a_descriptor_is_refused_or_a_format(seed):
    """No crash, and no code that the format has not."""
    rng, accepted = np.random.default_rng(seed), 0
    for _ in range(MANY // 4):
        format, alive = random_format(rng)
        if lib.nf_format_check(format) == lib.NF_OK:
            check_format(rng, format)
            accepted += 1
        else:
            assert lib.nf_code_size(format) == 0
        del alive
    assert MANY // 40 < accepted < MANY // 4


def test_any_bytes_are_refused_or_a_format():
    """Whatever stands in the fields, tables apart."""
    rng = np.random.default_rng(9)
    for _ in range(MANY):
        format = ffi.new("nf_format *")
        ffi.buffer(format)[:] = rng.bytes(ffi.sizeof("nf_format"))
        format.family = int(rng.choice(FAMILIES))
        format.codebook, format.affine = ffi.NULL, ffi.NULL
        if lib.nf_format_check(format) == lib.NF_OK:
            check_format(rng, format)
