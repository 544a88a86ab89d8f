"""The command line `numfmt-hw`: look at formats, and round files of numbers.

Errors go to stderr; exit status 2 for wrong input, 1 for any other failure, 130 after Ctrl-C.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer

import numfmt as nf
from numfmt._cli_machines import (
    list_machines,
    machine_as_text,
    named_machine,
    operand_values,
    print_dots,
    refuse,
    show_machine,
)
from numfmt._files import load, save
from numfmt._modes import resolve
from numfmt._plot import draw, require_matplotlib
from numfmt._print import plain, print_json, print_table
from numfmt._show import SAMPLES, described_layouts, drawn_layouts, facts, middles_above
from numfmt._vectors import as_c, as_readmemh
from numfmt._vectors import as_json as vectors_as_json
from numfmt._vectors import vectors as made_vectors
from numfmt._vectors_matmul import dot_vectors
from numfmt.formats._base import value_of

WRONG_INPUT, FAILURE, INTERRUPTED = 2, 1, 130
WIDEST_TABLE = 16
COUNTERS = ("count", "inexact", "overflowed", "underflowed", "saturated", "nan", "max_error")


class FloatType(str, Enum):
    """The element types that values can be written in."""

    float16 = "float16"
    float32 = "float32"
    float64 = "float64"


APP_SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "no_args_is_help": True,
    "pretty_exceptions_enable": False,
}
app = typer.Typer(
    **APP_SETTINGS,
    help="Number formats, exact to the bit: show one, list its codes, round a file.",
)
Spelling = Annotated[str, typer.Argument(metavar="FORMAT", help="As posit:8,1 or e4m3fn.")]
Target = Annotated[str, typer.Option("--to", metavar="FORMAT", help="The format to round to.")]
Source = Annotated[
    str | None, typer.Option("--from", metavar="FORMAT", help="IN holds codes of this format.")
]
Codes = Annotated[bool, typer.Option("--codes", help="Write codes instead of values.")]
Dtype = Annotated[FloatType | None, typer.Option(help="The element type of written values.")]
Rounding = Annotated[str | None, typer.Option(help="The rounding mode, as nearest_away.")]
Overflow = Annotated[str | None, typer.Option(help="The overflow policy, as saturate.")]
Seed = Annotated[int | None, typer.Option(help="The seed of the random bits of a stochastic mode.")]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw the values into a .png, .svg or .pdf file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="numfmt-hw")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@contextlib.contextmanager
def reported_errors() -> Iterator[None]:
    """Turn an exception into one line on stderr and an exit status."""
    try:
        yield
    except nf.RandomError as error:
        leave(f"{error} (on the command line: --seed N)", WRONG_INPUT)
    except (nf.NumfmtError, FileNotFoundError, IsADirectoryError) as error:
        leave(error, WRONG_INPUT)
    except OSError as error:
        leave(error, FAILURE)
    except KeyboardInterrupt:
        leave("interrupted", INTERRUPTED)


def leave(reason: object, status: int) -> None:
    """Say why on stderr, and exit with the status."""
    print(f"numfmt-hw: {reason}", file=sys.stderr)
    raise typer.Exit(status)


@app.command()
def show(
    format: Spelling,
    rounding: Rounding = None,
    overflow: Overflow = None,
    seed: Seed = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show what a format can hold, what its bits mean, and what some numbers become in it."""
    with reported_errors():
        parsed = nf.parse(format)
        if plot is not None:
            require_matplotlib()
        how = resolve(parsed, rounding, overflow, None)
        known = facts(parsed) | {"rounding": str(how.rounding), "overflow": str(how.overflow)}
        needs_scales = isinstance(parsed, nf.Block) and parsed.scale_rule == "given"
        needs_scales |= isinstance(parsed, nf.Affine) and parsed.varies  # they go by the place
        results = [] if needs_scales else rounded(SAMPLES, parsed, modes(rounding, overflow, seed))
        examples = [
            {"number": number, "value": value}
            for number, value in zip(SAMPLES, results, strict=not needs_scales)
        ]
        if plot is not None:
            draw(parsed, plot)
        if as_json:
            bits = {"bits": described_layouts(parsed)}
            print_json({"format": str(parsed), **known, **bits, "examples": examples})
        else:
            print_table(str(parsed), ("property", "value"), known.items())
            print(drawn_layouts(parsed))
            if examples:
                print_table("examples", ("number", "value"), (row.values() for row in examples))


@app.command()
def table(
    format: Spelling,
    rounding: Rounding = None,
    overflow: Overflow = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """List every code of a format of 16 bits or less.

    The middle is half-way from the value to the next one above it (for the largest: to where that
    would be); the last column is what the middle is rounded to.
    """
    with reported_errors():
        parsed = nf.parse(format)
        if parsed.width > WIDEST_TABLE:
            raise nf.FormatError(
                f"format is {parsed}, {parsed.width} bits wide; a table has at most {WIDEST_TABLE}"
            )
        if isinstance(parsed, nf.Affine) and parsed.varies:
            raise nf.FormatError(f"format is {parsed}: it has values for each of its scales")
        rows = table_rows(parsed, modes(rounding, overflow, seed))
        if as_json:
            print_json({"format": str(parsed), "codes": rows})
        else:
            heads = ("code", "bits", "value", "middle", "rounded")
            print_table(str(parsed), heads, (row.values() for row in rows))


@app.command()
def vectors(
    operation: Annotated[
        str,
        typer.Argument(metavar="OP", help="quantize, an operation (add, fma, sqrt ...), or matmul"),
    ],
    format: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="The format of results.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FORMAT", help="Of operands: else the same; quantize: binary32."
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=0, help="Random vectors behind the corner cases; matmul: of all [64]."),
    ] = None,
    machine: Annotated[
        str | None, typer.Option("--machine", metavar="NAME", help="matmul: of `machines`.")
    ] = None,
    terms: Annotated[int | None, typer.Option(help="matmul: the products of a sum.")] = None,
    a_format: Annotated[str | None, typer.Option("--a", help="matmul: the format of a.")] = None,
    b_format: Annotated[str | None, typer.Option("--b", help="matmul: the format of b.")] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=NUMBER", help="matmul: an operand, as multiplier."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of all that is random.")] = 0,
    rounding: Rounding = None,
    overflow: Overflow = None,
    as_c_header: Annotated[bool, typer.Option("--c", help="Print a C header.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print test vectors for hardware: codes of operands and result, and IEEE's flags.

    The default is for Verilog's $readmemh.
    """
    with reported_errors():
        if as_c_header and as_json:
            raise nf.NumfmtError("--c and --json are two forms of output; give one")
        of_results = {"--format": format, "--from": from_}
        of_results |= {"--rounding": rounding, "--overflow": overflow}
        of_products = {"--machine": machine, "--terms": terms, "--a": a_format, "--b": b_format}
        if operation == "matmul":
            refuse(of_results, operation)
            own, size = named_machine(machine), 64 if count is None else count
            types, given = (a_format, b_format), operand_values(with_)
            print_dots(dot_vectors(own, terms, size, seed, types, given), as_c_header, as_json)
            return
        refuse({**of_products, "--with": with_}, operation)
        if format is None:
            raise nf.FormatError(f"--format: {operation} needs the format of results")
        source = None if from_ is None else nf.parse(from_)
        how = count or 0, seed, rounding, overflow
        found = made_vectors(operation, nf.parse(format), source, *how)
        if as_json:
            print_json(vectors_as_json(found))
        else:
            print(as_c(found) if as_c_header else as_readmemh(found))


@app.command()
def machines(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="One of them, or a machine file."),
    ] = None,
    as_c_header: Annotated[bool, typer.Option("--c", help="Print a C header.")] = False,
    as_toml: Annotated[bool, typer.Option("--toml", help="Print a machine file.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the machines, or show all that is known of one: each field, and how it is known."""
    with reported_errors():
        if as_c_header + as_toml + as_json > 1:
            raise nf.NumfmtError("--c, --toml and --json are forms of output; give one")
        if name is None:
            if as_c_header or as_toml:
                raise nf.MachineError("--c and --toml are of one machine: give its NAME")
            list_machines(as_json)
            return
        machine = nf.machine(name)
        if as_json or as_toml or as_c_header:
            print(machine.to_json() if as_json else machine_as_text(machine, as_toml))
        else:
            show_machine(machine)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A .npy file: values, or codes.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The .npy file to write.")],
    to: Target,
    from_: Source = None,
    codes: Codes = False,
    dtype: Dtype = None,
    rounding: Rounding = None,
    overflow: Overflow = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Round the numbers of a .npy file to a format."""
    with reported_errors():
        if codes and dtype is not None:
            raise nf.DtypeError(f"--dtype {dtype.value} has no meaning with --codes")
        parsed, report = nf.parse(to), nf.Report()
        if codes and isinstance(parsed, nf.Block):
            raise nf.FormatError(
                f"--codes: {parsed} has codes of elements and of scales, and a .npy file holds one "
                f"array"
            )
        how = {**modes(rounding, overflow, seed), "report": report}
        result = converted(load(source), from_, parsed, codes, dtype, how)
        save(target, lambda file: np.save(file, result, allow_pickle=False))
        counts = {name: plain(getattr(report, name)) for name in COUNTERS}
        if as_json:
            what = {"output": str(target), "format": str(parsed), "dtype": result.dtype.name}
            print_json({**what, **counts})
        else:
            print_table(f"{target}: {parsed}", ("counter", "value"), counts.items())


def converted(
    numbers: npt.NDArray[Any],
    source: str | None,
    target: nf.Format,
    codes: bool,
    dtype: FloatType | None,
    how: dict[str, Any],
) -> Any:
    """Round values, or the codes of `source`, to codes or values of `target`."""
    if source is None and not codes:
        return nf.quantize(numbers, target, dtype=dtype.value if dtype else None, **how)
    if source is None:
        return nf.encode(numbers, target, **how)
    result = nf.convert(numbers, source, target, **how)
    return result if codes else nf.decode(result, target, dtype=dtype.value if dtype else "f8")


def modes(rounding: str | None, overflow: str | None, seed: int | None) -> dict[str, Any]:
    """Give the keyword arguments that the options stand for."""
    key = None if seed is None else nf.Key(seed)
    return {"rounding": rounding, "overflow": overflow, "key": key}


def rounded(numbers: npt.ArrayLike, format: nf.Format, how: dict[str, Any]) -> list[Any]:
    """Give what each number becomes in the format, ready to print."""
    if isinstance(format, nf.Block):  # each a block of its own
        alone = format.replace(size=None, axis=None)
        read_as = np.float64 if format.compute == "exact" and format.compat is None else np.float32
        given = np.asarray(numbers).astype(read_as)
        return [plain(nf.quantize(x, alone, dtype=object, **how)) for x in given]
    codes = nf.encode(np.asarray(numbers, dtype=np.float64), format, **how)
    return [plain(value_of(format, code)) for code in codes.tolist()]


def table_rows(format: nf.Format, how: dict[str, Any]) -> list[dict[str, Any]]:
    """Give one row a code, with what becomes of the middle above its value."""
    codes = format.all_codes()
    values = nf.decode(codes, format)
    middles = middles_above(values)
    return [
        {
            "code": f"0x{int(code):0{-(-format.width // 4)}x}",
            "bits": f"{int(code):0{format.width}b}",
            "value": plain(value),
            "middle": plain(middle),
            "rounded": result,
        }
        for code, value, middle, result in zip(
            codes, values, middles, rounded(middles, format, how), strict=True
        )
    ]
