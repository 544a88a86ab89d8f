"""A picture of a format: where its values lie, and how precise it is at each magnitude."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ._arrays import Array
from ._errors import NumfmtError
from ._files import save
from ._print import BEYOND_WRITING, plain
from ._quantize import encode
from ._show import facts
from .formats import LNS, Format
from .formats._base import value_of

ENDINGS = ("png", "svg", "pdf")
LISTED_WIDTH = 16  # all values of a format that is no wider are looked at
MOST_TICKS = 600
LINEAR_RATIO = 2.0**20  # beyond it, a linear axis from end to end shows little
WINDOW = 4.0
CLOSE = 1e-3  # values that differ by less from end to end are drawn as distances
AROUND = 48  # values on either side of 1, of a format with too many
FARTHEST = 1000  # powers of two that a wide format is looked at
BLUE, ORANGE = "#1b6ca8", "#d98218"


@dataclass(frozen=True)
class Line:
    """One number line: its values, ascending, what they are, and which lie below the normal."""

    values: Array
    words: str
    normal: float = 0.0
    is_log: bool = False


def require_matplotlib() -> None:
    """An error where matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise NumfmtError("--plot needs matplotlib; pip install 'numfmt-hw[plot]' brings it")


def draw(format: Format, path: Path) -> None:
    """Draw number lines of a format (a block format's elements), and its precision against
    magnitude, into a file."""
    ending = path.suffix.removeprefix(".").lower()
    if ending not in ENDINGS:
        raise NumfmtError(f"--plot {path}: the name must end in .{', .'.join(ENDINGS)}")
    require_matplotlib()
    from matplotlib.figure import Figure

    name, format = str(format), format._elements()
    lines = number_lines(format)
    figure = Figure(figsize=(9, 3.6 + 1.2 * len(lines)), layout="constrained")
    heights = [*[1] * len(lines), 3.2]
    panels = figure.subplots(len(lines) + 1, 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, line in zip(panels, lines, strict=False):
        draw_line(axes, line)
    draw_precision(panels[-1], *cells(format))
    if lines[-1].is_log:
        panels[-1].sharex(panels[-2])
    of_block = f"elements of {name}: " if name != str(format) else ""
    figure.suptitle(of_block + title(format), fontsize=12)
    save(path, lambda file: figure.savefig(file, format=ending, dpi=130))


def first_normal(format: Format) -> float:
    """The smallest normal value, 0 where there is none or none to be drawn."""
    normal = facts(format)["smallest_normal"]
    return 0.0 if normal in (None, BEYOND_WRITING) else float(Fraction(normal))


def title(format: Format) -> str:
    """The format, its width and its range."""
    low, high, least = (short(facts(format)[n]) for n in ("min", "max", "smallest_positive"))
    name = str(format) if len(str(format)) <= 40 else f"{str(format)[:37]}..."
    bits = f"{format.width} bit{'s' * (format.width > 1)}"
    return f"{name}: {bits}, {low} to {high}, smallest positive {least}"


def short(value: Any) -> str:
    """A number in few characters."""
    number = plain(value)
    if number is None:
        return "none"
    if number == BEYOND_WRITING:
        return "beyond writing"
    exact = number if isinstance(number, float) else Fraction(number)
    with contextlib.suppress(OverflowError):
        if float(exact) or not exact:
            return f"{float(exact):.4g}"
    return f"{'-' if exact < 0 else ''}2^{log2(abs(exact)):.4g}"


def number_lines(format: Format) -> list[Line]:
    """The values on a linear axis, or those near 1; the positive ones on a logarithmic axis."""
    if format.width > LISTED_WIDTH:
        return [around_one(format)]
    values, normal = finite_values(format), first_normal(format)
    positive, beside = values[values > 0], values[np.abs(values) <= WINDOW]
    ratio = positive[-1] / positive[0] if positive.size else 1.0
    if values.size <= MOST_TICKS and ratio <= LINEAR_RATIO:
        lines = [Line(values, "all values", normal)]
    elif 1 < beside.size <= MOST_TICKS:
        lines = [Line(beside, f"values from {-WINDOW:g} to {WINDOW:g}", normal)]
    else:
        lines = [around_one(format)]
    if 1 < positive.size <= MOST_TICKS:
        lines.append(Line(positive, "positive values, logarithmic", normal, is_log=True))
    return lines


def finite_values(format: Format) -> Array:
    """Every finite value of a narrow format, ascending."""
    values = np.array([float(value_of(format, code)) for code in range(format.highest_code + 1)])
    return np.unique(values[np.isfinite(values)])


def around_one(format: Format) -> Line:
    """The values beside 1, or beside the end next to 1, in a row; where they lie too close together
    for an axis, their distances."""
    middle = nearest_below(format, 1.0)
    codes = in_a_row(format, middle, range(-AROUND, AROUND + 1))
    found = sorted(v for v in (value_of(format, code) for code in codes) if 0 < v < math.inf)
    centre = Fraction(value_of(format, middle))
    if found[-1] - found[0] > CLOSE * centre:
        return Line(np.array(found, float), "values beside 1", first_normal(format))
    distances = np.array([float(Fraction(value) - centre) for value in found])
    return Line(distances, f"values beside {short(centre)}, less {short(centre)}")


def in_a_row(format: Format, code: int, steps: Iterable[int]) -> list[int]:
    """The codes so many values above that of a positive number, those that there are.  Codes of
    positive numbers ascend with their values; of logarithmic ones in two's complement their place
    does, the code with the sign of the logarithm turned over."""
    turned = 1 << (format.width - 2) if isinstance(format, LNS) else 0
    highest = (1 << (format.width - 1)) - 1 if turned else format.highest_code
    places = ((code ^ turned) + step for step in steps)
    return [place ^ turned for place in places if 0 <= place <= highest]


def nearest_below(format: Format, number: float) -> int:
    """The code of the next value that is no larger, or of an end."""
    return int(encode(number, format, "down", "saturate"))


def draw_line(axes: Any, line: Line) -> None:
    """One tick a value, longer at 0 and powers of two; subnormal ones in their own colour."""
    values, words = line.values, "powers of two"
    is_long = (np.abs(np.frexp(values)[0]) == 0.5) | (values == 0)
    is_low = (values != 0) & (np.abs(values) < line.normal)
    width = max(0.5, min(1.5, 300 / values.size))
    places = np.log2(values) if line.is_log else values
    for chosen, colour in ((~is_low, BLUE), (is_low, ORANGE)):
        tops = np.where(is_long[chosen], 1.0, 0.6)
        axes.vlines(places[chosen], 0, tops, colors=colour, linewidth=width)
    if line.is_log:
        mark_powers(axes)
    words = (
        "0 and " * bool((values == 0).any()) + words + "; orange: subnormal" * bool(is_low.any())
    )
    axes.set_title(f"{line.words} (long: {words})", loc="left", fontsize=9)
    axes.set(yticks=[], ylim=(0, 1.05))
    axes.spines[["left", "right", "top"]].set_visible(False)


def cells(format: Format) -> tuple[Array, Array]:
    """The gaps between neighbouring positive values u < w: log2 of both ends, and the decimal
    digits that their relative gap comes to, -log10((w - u) / (w + u)): what rounding to nearest
    keeps where it turns half-way."""
    if format.width <= LISTED_WIDTH:
        values = np.unique(np.abs(finite_values(format)))
        pairs = [*zip(values[values > 0][:-1], values[values > 0][1:], strict=True)]
    else:
        pairs = sampled_cells(format)
    ends = np.array([(log2(u), log2(w)) for u, w in pairs]).reshape(-1, 2)
    return ends, np.array([-math.log10((w - u) / (w + u)) for u, w in pairs])


def sampled_cells(format: Format) -> list[tuple[Any, Any]]:
    """Of a wide format, the cells on either side of each power of two."""
    powers = np.ldexp(1.0, np.arange(-FARTHEST, FARTHEST + 1))
    pairs = set()
    for code in {nearest_below(format, power) for power in powers}:
        row = [value_of(format, near) for near in in_a_row(format, code, (-1, 0, 1))]
        pairs |= {(u, w) for u, w in itertools.pairwise(row) if 0 < u < w < math.inf}
    return sorted((Fraction(u), Fraction(w)) for u, w in pairs)


def log2(value: Any) -> float:
    """log2 of a float or a fraction."""
    if isinstance(value, Fraction):
        return math.log2(value.numerator) - math.log2(value.denominator)
    return math.log2(value)


def draw_precision(axes: Any, ends: Array, digits: Array) -> None:
    """Steps of the decimal digits, against the magnitude; bits on the right."""
    axes.set(xlabel="magnitude", ylabel="decimal digits")
    words = "precision: how close neighbours u < w are, -log10((w - u) / (w + u))"
    axes.set_title(words, loc="left", fontsize=9)
    axes.grid(linewidth=0.3)
    axes.spines[["top"]].set_visible(False)
    per_bit = math.log10(2)
    bits = axes.secondary_yaxis("right", functions=(lambda y: y / per_bit, lambda y: y * per_bit))
    bits.set_ylabel("bits")
    if not digits.size:
        axes.text(0.5, 0.5, "fewer than two magnitudes", ha="center", transform=axes.transAxes)
        return
    x, y = ends.ravel(), np.repeat(digits, 2)
    axes.plot(x, y, color=BLUE, linewidth=1)
    axes.fill_between(x, 0, y, color=BLUE, alpha=0.12, linewidth=0)
    axes.set_ylim(0, 1.1 * digits.max())
    mark_powers(axes)


def mark_powers(axes: Any) -> None:
    """Label an axis of log2 by powers of two."""
    axes.xaxis.set_major_formatter(lambda power, _: f"$2^{{{power:g}}}$")
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=12)
