"""The sentence encoder of `python -m bench encoder`, by a small one with the same files."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")
sys.path.append(str(Path(__file__).parents[1]))

from bench import encoder, minilm  # noqa: E402 - after the path
from bench.cli import app  # noqa: E402 - after the path

torch.set_num_threads(1)
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "man", "eat", "##ing", ".", "deja", "##s", "'"]
CONFIG = {
    "vocab_size": len(PIECES),
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}


@pytest.fixture
def folder(tmp_path):
    """A small random model in BERT's files."""
    torch.manual_seed(1)
    net = minilm.Encoder(minilm.Shape.of(CONFIG))
    names = minilm.file_names(CONFIG["num_hidden_layers"])
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for ours, theirs in names.items():
        part = net.state_dict()[ours].numpy()
        ends = [len(data), len(data) + part.nbytes]
        header[theirs] = {"dtype": "F32", "shape": list(part.shape), "data_offsets": ends}
        data += part.tobytes()
    written = json.dumps(header).encode()
    size = len(written).to_bytes(8, "little")
    (tmp_path / "model.safetensors").write_bytes(size + written + data)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    return tmp_path


def theirs(net, tokens):
    """PyTorch's own encoder layers with the same parameters, one sentence."""
    x = net.words(tokens) + net.positions.weight[: len(tokens)] + net.types.weight[0]
    x = net.norm(x)[None]
    for ours in net.layers:
        layer = torch.nn.TransformerEncoderLayer(
            16, 2, 32, 0, "gelu", layer_norm_eps=1e-12, batch_first=True
        )
        parts = [ours.query, ours.key, ours.value]
        layer.self_attn.load_state_dict(
            {
                "in_proj_weight": torch.cat([p.weight for p in parts]),
                "in_proj_bias": torch.cat([p.bias for p in parts]),
                "out_proj.weight": ours.dense.weight,
                "out_proj.bias": ours.dense.bias,
            }
        )
        pairs = {"linear1": "up", "linear2": "down", "norm1": "attention_norm", "norm2": "norm"}
        for name, own in pairs.items():
            getattr(layer, name).load_state_dict(getattr(ours, own).state_dict())
        x = layer.eval()(x)
    return torch.nn.functional.normalize(x[0].mean(0), dim=0)


def test_the_network_is_pytorch_s(folder):
    """Sentences of several lengths in one batch, each as PyTorch's layers have it alone."""
    net, pieces = minilm.load(folder)
    rows = [pieces(s) for s in ("A man eating.", "deja", "man man man man eats")]
    with torch.no_grad():
        found = net(*minilm.padded(rows))
        for row, vector in zip(rows, found, strict=True):
            want = theirs(net, torch.tensor(row))
            assert torch.allclose(vector, want, atol=2e-6)


def test_sentences_become_pieces(folder):
    """Lower case, no accents, marks apart, the longest piece first, [UNK] where there is none."""
    _, pieces = minilm.load(folder)
    found = [PIECES[n] for n in pieces("Déjà A man's  eating... dog")]
    words = ["deja", "a", "man", "'", "[UNK]", "eat", "##ing", ".", ".", ".", "[UNK]"]
    assert found == ["[CLS]", *words, "[SEP]"]


def test_the_table_has_a_row_for_each_machine(folder, tmp_path, monkeypatch):
    """Every row runs, and those of more bits are nearer."""
    out = tmp_path / "table.md"
    result = CliRunner().invoke(app, ["encoder", str(folder), "--out", str(out)])
    assert result.exit_code == 0, result.output
    lines = out.read_text().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len(cells) == len(encoder.ROWS)
    apart = {(row[0], row[1]): float(row[3]) for row in cells}
    chain = encoder.CHAIN
    assert apart["binary32", chain] < 1e-10
    assert apart["bfp<8,16>", chain] < apart["mxfp8_e4m3", chain] < apart["mxfp4", chain]
    assert np.isfinite(list(apart.values())).all()


def test_no_model_is_one_line(tmp_path):
    """A file that is no wheel, a folder without a model."""
    (tmp_path / "x.whl").write_text("x")
    for path in (tmp_path, tmp_path / "x.whl", tmp_path / "y.whl"):
        result = CliRunner().invoke(app, ["encoder", str(path)])
        assert result.exit_code == 2
        assert result.output.startswith("error: ")
        assert result.output.count("\n") == 1
