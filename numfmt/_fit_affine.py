"""Scales and zero points of affine integers, chosen by numbers that they are to hold."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ._arrays import Array
from ._errors import FormatError, NumfmtError
from ._quantize import quantize
from .formats import Affine, Format
from .formats._scales import checked_places, nested, scales_shape, spread

SHRUNKEN = 64  # ranges that "mse" and "kl" try: so many equal steps of the widest
HALVED = 32  # the same of scales that are powers of two
_WIDTH_ALONE = re.compile(r"(u?)affine(?:<(\d+)>|:(\d+))?\Z")


def is_affine(family: object) -> bool:
    """Does the family name affine integers, with or without scales?"""
    if isinstance(family, str):
        return family.lstrip("u").startswith("affine")
    return family is Affine or isinstance(family, Affine)


def fields_of(
    family: object,
    width: int | None,
    signed: bool | None,
    channel_axis: int | None,
    group_size: int | None,
) -> dict[str, Any]:
    """The fields of the format whose scales are to be chosen, without these."""
    from ._parse import parse

    axis, group = checked_places(channel_axis, group_size)
    places = {"channel_axis": axis, "group_size": group}
    if family is Affine:
        family = "affine"
    match = _WIDTH_ALONE.match(family) if isinstance(family, str) else None
    if match is None:
        format = parse(family)
        for argument, value in (("width", width), ("signed", signed), *places.items()):
            if value is not None:
                raise FormatError(f"{argument}={value!r}: family={str(format)!r} says it already")
        names = {field.name for field in dataclasses.fields(Affine)} - {"scale", "zero_point"}
        return {name: getattr(format, name) for name in names}
    inside = match[2] or match[3]
    if (inside is None) == (width is None):
        raise FormatError(f"family={family!r} and width={width!r}: one of them says the width")
    if match[1] and signed is not None:
        raise FormatError(f"signed={signed!r}: family={family!r} says it already")
    is_signed = not match[1] if signed is None else signed
    plain = Affine(int(inside) if inside else width, 1.0, signed=is_signed)  # type: ignore[arg-type]
    return {"width": plain.width, "signed": plain.signed, **places}


class Calibration:
    """The numbers, which scale each takes, and what the scales are to be."""

    def __init__(
        self, fields: dict[str, Any], x: Array, symmetric: bool, power_of_two: bool
    ) -> None:
        self.fields, self.x = fields, x.astype(np.float64)
        self.axis, self.group = fields["channel_axis"], fields["group_size"]
        self.symmetric, self.power_of_two = symmetric, power_of_two
        self.shape = scales_shape(x.shape, self.axis, self.group, "x")
        numbers = np.arange(math.prod(self.shape)).reshape(self.shape)
        self.index = spread(numbers, x.shape, self.axis, self.group).reshape(-1)

    def rows(self) -> list[Array]:
        """The numbers of each scale."""
        order = np.argsort(self.index, kind="stable")
        ends = np.cumsum(np.bincount(self.index))[:-1]
        return np.split(self.x.reshape(-1)[order], ends)

    def ranges(self, share: Fraction | None) -> tuple[Array, Array]:
        """The least and the largest number of each scale, 0 among them; clipped to the magnitude of
        a rank."""
        low, high = [], []
        for row in self.rows():
            part = row
            if share is not None:
                rank = math.ceil(row.size * share)
                limit = np.partition(np.abs(row), rank - 1)[rank - 1]
                part = np.clip(row, -limit, limit)
            low.append(min(part.min(), 0.0))
            high.append(max(part.max(), 0.0))
        return np.array(low), np.array(high)

    def at(self, low: Array, high: Array) -> Affine:
        """The format whose scales hold the ranges."""
        width, signed = self.fields["width"], self.fields["signed"]
        lowest = -(1 << (width - 1)) if signed else 0
        steps = (1 << width) - 1
        if self.symmetric:
            middle = 0 if signed else (steps + 1) // 2
            scales = self._rounded(np.maximum(-low, high) / max(lowest + steps - middle, 1))
            zeros = [middle] * len(scales)
        else:
            scales = self._rounded(high / steps - low / steps)
            zeros = [lowest - int(zero) for zero in np.rint(low / scales)]
        return self._made(scales.tolist(), zeros)

    def _made(self, scales: list[float], zeros: list[int]) -> Affine:
        if self.axis is None:
            return Affine(scale=scales[0], zero_point=zeros[0], **self.fields)
        shaped = nested(scales, self.shape), nested(zeros, self.shape)
        return Affine(scale=shaped[0], zero_point=shaped[1], **self.fields)

    def _rounded(self, scales: Array) -> Array:
        """Scales that are float32 numbers where that type has the size; 1 for 0."""
        scales = np.where(scales == 0, 1.0, scales)
        if self.power_of_two:
            fractions, exponents = np.frexp(scales)
            powers: Array = np.ldexp(1.0, exponents - (fractions == 0.5))
            return powers
        with np.errstate(over="ignore", under="ignore"):
            single = scales.astype(np.float32)
        is_usual = np.isfinite(single) & (single >= np.finfo(np.float32).tiny)
        return np.where(is_usual, single.astype(np.float64), scales)

    def candidates(self, low: Array, high: Array) -> list[Affine]:
        """From the widest range on."""
        parts = [(SHRUNKEN - j) / SHRUNKEN for j in range(SHRUNKEN)]
        if self.power_of_two:
            parts = [2.0**-j for j in range(HALVED)]
        return [self.at(low * part, high * part) for part in parts]

    def least_error(self, candidates: list[Affine]) -> Affine:
        """Of each scale the first candidate with the least mean squared error."""
        losses = np.array([self._errors(candidate) for candidate in candidates])
        return self._picked(candidates, losses.argmin(axis=0))

    def _errors(self, candidate: Affine) -> Array:
        with np.errstate(over="ignore"):
            error = quantize(self.x, candidate, "nearest_even", "saturate") - self.x
            sums: Array = np.bincount(self.index, np.square(error).reshape(-1))
        return sums

    def least_divergence(
        self, candidates: list[Affine], choose: Callable[[Array, list[Format]], Format]
    ) -> Affine:
        """Of each scale the candidate that `choose` takes for its numbers."""
        if not self.symmetric:
            raise NumfmtError("method='kl' of affine integers needs symmetric=True")
        picks = []
        for number, row in enumerate(self.rows()):
            own: list[Format] = [self._single(candidate, number) for candidate in candidates]
            picks.append(own.index(choose(row, own)) if row.any() else 0)
        return self._picked(candidates, np.array(picks))

    def _single(self, candidate: Affine, number: int) -> Affine:
        """The format of one of the scales."""
        flat = candidate.scales.reshape(-1), candidate.zero_points.reshape(-1)
        scale, zero = (part[number].item() for part in flat)
        return Affine(candidate.width, scale, zero, signed=candidate.signed)

    def _picked(self, candidates: list[Affine], picks: Array) -> Affine:
        """The format with each scale from its candidate."""
        own = np.arange(len(picks))
        scales = np.array([f.scales.reshape(-1) for f in candidates])[picks, own]
        zeros = np.array([f.zero_points.reshape(-1) for f in candidates])[picks, own]
        return self._made(scales.tolist(), zeros.tolist())
