"""Which bit of a code means what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """The bits of a code in words, from the highest bit down.

    Args:
        segments: one string a field, a letter or digit for each bit: ``("s", "eeee", "fff")``.
        fields: (letter, meaning) of each letter.
        value: the value's formula, a line each.
        point: fraction bits, where the binary point lies inside the code.
        rows: (segments, note): how the fields' widths go where they vary from code to code.
        title: whose code it is, where a format has several.
    """

    segments: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    value: tuple[str, ...]
    point: int | None = None
    rows: tuple[tuple[tuple[str, ...], str], ...] = ()
    title: str = "bits"


def bits(letter: str, count: int) -> str:
    """A field's name and size: ``exponent, 4 bits``."""
    return f"{letter}, {count} bit{'s' * (count != 1)}"


def filled(**fields: int) -> tuple[str, ...]:
    """Segments from (letter, width) pairs, those without bits left out."""
    return tuple(letter * width for letter, width in fields.items() if width > 0)


def float_layout(
    sign: int,
    exponent: int,
    fraction: int,
    bias: int,
    codes: tuple[str, ...],
    *,
    low: str | None = "subnormal",
) -> Layout:
    """Sign, exponent and fraction bits of a float, with the special codes in words.

    `low` says what the exponent 0 means: ``"subnormal"``, ``"0"``, or nothing special (None).
    """
    words = {
        "s": (sign, f"{bits('sign', sign)}: 1 for negative"),
        "e": (exponent, f"{bits('exponent', exponent)}, biased by {bias}"),
        "f": (fraction, f"{bits('fraction', fraction)}, below the hidden bit"),
    }
    head = "(-1)^s * " * sign
    has_fraction = fraction > 0
    value = [f"{head}2^(e - {bias})" + f" * (1 + f / 2^{fraction})" * has_fraction]
    if low is not None:
        is_subnormal = low == "subnormal" and has_fraction
        value.append(f"e = 0: {f'{head}2^{1 - bias} * f / 2^{fraction}' if is_subnormal else '0'}")
    used = tuple((letter, text) for letter, (size, text) in words.items() if size)
    return Layout(filled(s=sign, e=exponent, f=fraction), used, (*value, *codes))
