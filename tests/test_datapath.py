"""Descriptions of datapaths, and matrix products by them."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

import numfmt as nf

RANDOM = np.random.default_rng(3)
FP8: dict[str, Any] = {
    "prep": {"a": ["e4m3fn", "e5m2"], "b": "ocp_e4m3"},
    "block": {"kind": "aligned", "n": 32},
    "align": {"F": 13, "E_floor": -133},
    "acc": {"type": "float32", "out_frac": 13, "round": "RZ", "ovf": "inf", "zero_sign": "plus"},
    "kplan": {"inst_k": 32},
}
CHAIN: dict[str, Any] = {
    "prep": {"a": "e4m3fn", "b": "e4m3fn"},
    "block": {"kind": "chain"},
    "acc": {"type": "bfloat16"},
}
INT: dict[str, Any] = {
    "prep": {"a": "int8", "b": "int8"},
    "block": {"kind": "int"},
    "acc": {"type": "int32"},
}


def drawn(*shape: int, f: str = "e4m3fn") -> nf.Array:
    """Random numbers of a format."""
    return nf.array(RANDOM.normal(size=shape) * (8 if f == "int8" else 1), f)


def test_a_description_has_no_hidden_defaults():
    """Aliases are written in full, what was left out is filled in, and it reads back the same."""
    path = nf.Datapath(**FP8)
    resolved = path.resolve()
    assert resolved["prep"]["b"] == ["e4m3fn"]
    assert resolved["acc"]["round"] == "toward_zero"
    assert resolved["acc"]["ovf"] == "infinity"
    assert resolved["align"]["cut"] == "toward_zero"
    assert resolved["product"] == {"kind": "exact", "ovf": "none", "exp_rule": "sum"}
    again = nf.Datapath(**json.loads(path.to_json()))
    assert again == path
    assert hash(again) == hash(path)
    assert pickle.loads(pickle.dumps(path)) == path
    assert path.replace(align={"F": 14}) != path
    assert path.replace(align={"F": 14}).align.E_floor == -133


def test_batches_views_and_vectors():
    """As numpy.matmul: broadcast batches, transposed and reversed views, vectors."""
    path = nf.Datapath(**FP8)
    a, b = drawn(2, 1, 3, 40), drawn(5, 40, 4)
    whole = nf.matmul(a, b, path)
    assert whole.shape == (2, 5, 3, 4)
    for i, j in np.ndindex(2, 5):
        assert np.array_equal(nf.matmul(a[i, 0], b[j], path).codes, whole.codes[i, j])
    flipped = nf.matmul(b[0].T, a[0, 0].T, path.replace(prep={"b": ["e4m3fn", "e5m2"]}))
    assert np.array_equal(flipped.codes, whole.codes[0, 0].T)
    assert np.array_equal(nf.matmul(a[0, 0][::-1], b[0], path).codes, whole.codes[0, 0][::-1])
    assert nf.matmul(a[0, 0, 0], b[0], path).shape == (4,)
    assert nf.matmul(a[0, 0], b[0, :, 0], path).shape == (3,)
    assert nf.matmul(a[0, 0, 0], b[0, :, 0], path).codes == whole.codes[0, 0, 0, 0]
    assert nf.matmul(drawn(0, 3), drawn(3, 2), path).shape == (0, 2)
    assert nf.matmul(drawn(2, 0), drawn(0, 2), path).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_dot_takes_a_machine():
    """By its description, its name or its file, with all that matmul takes; modes are its own."""
    name = "nvidia.h100.wgmma.e4m3.f32"
    machine, a, b = nf.machine(name), drawn(3, 40), drawn(40, 2)
    c = nf.full((3, 2), 0.5, "binary32")
    wanted = nf.matmul(a, b, machine, c, plan="slow").codes
    path = machine.datapath(plan="slow")
    for given, how in ((machine, {"plan": "slow"}), (name, {"plan": "slow"}), (path, {})):
        assert np.array_equal(nf.dot(a, b, given, c=c, **how).codes, wanted)
    assert np.array_equal(nf.dot(a, b, "binary32").codes, nf.dot(a, b, nf.Float(8, 23)).codes)
    with pytest.raises(nf.MachineError, match=r"none\.toml"):
        nf.dot(a, b, "none.toml")
    for wrong in ({"rounding": "up"}, {"overflow": "wrap"}, {"accumulator": "binary32"}):
        with pytest.raises(nf.NumfmtError, match="beside a machine, which has its own"):
            nf.dot(a, b, machine, **wrong)
    with pytest.raises(nf.FormatError, match="nvidia"):
        nf.dot(a, b, "nvidia")


def test_views_are_not_copied(monkeypatch):
    """A transposed operand reaches the core as it lies in memory."""
    from numfmt import _matmul

    seen = []
    given = _matmul.vectors

    def watched(data: Any, *rest: Any) -> Any:
        made = given(data, *rest)
        seen.append(np.shares_memory(made[1], memory))
        return made

    a, b = drawn(3, 40), drawn(4, 40)
    memory = b.codes
    monkeypatch.setattr(_matmul, "vectors", watched)
    nf.matmul(a, b.T, nf.Datapath(**FP8))
    assert seen == [False, True]


def test_nothing_is_rounded_silently():
    """Operands are of the datapath's formats, or hold values of one of them."""
    path = nf.Datapath(**FP8)
    assert nf.matmul([[1.5, 57344.0]], [[2.0], [1.0]], path).item() == 57344.0
    with pytest.raises(nf.FormatError, match="neither e4m3fn or e5m2 holds every number"):
        nf.matmul([[1.0625, 57344.0]], [[2.0], [1.0]], path)
    with pytest.raises(nf.FormatError, match=r"b\[0, 0\] = 2.1 is no value of e4m3fn"):
        nf.matmul([[1.5]], [[2.1]], path)
    with pytest.raises(nf.FormatError, match="a is of bfloat16; e4m3fn or e5m2 is taken"):
        nf.matmul(nf.array([[1.0]], "bfloat16"), [[2.0]], path)
    with pytest.raises(nf.FormatError, match="c is of bfloat16; binary32 is taken"):
        nf.matmul([[1.0]], [[2.0]], path, nf.array([[1.0]], "bfloat16"))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((2, 3), (4, 2), r"shapes \(2, 3\) and \(4, 2\) do not fit"),
        ((), (1, 1), "do not fit"),
        ((2, 2, 3), (3, 3, 2), "as stacks of matrices"),
    ],
)
def test_wrong_shapes(a, b, message):
    """One error that names both."""
    with pytest.raises(nf.ShapeError, match=message):
        nf.matmul(drawn(*a), drawn(*b), nf.Datapath(**FP8))
    with pytest.raises(nf.ShapeError, match=r"c has shape \(3,\), the result \(1, 2\)"):
        nf.matmul(drawn(1, 2), drawn(2, 2), nf.Datapath(**FP8), np.zeros(3))


def test_a_bound_of_the_accumulator():
    """More products than it is stated to take are refused."""
    path = nf.Datapath(**{**INT, "acc": {"type": "int32", "max_terms": 64}})
    assert nf.matmul(drawn(1, 64, f="int8"), drawn(64, 1, f="int8"), path).shape == (1, 1)
    with pytest.raises(nf.MachineError, match="a sum of 65 products; its accumulator takes 64"):
        nf.matmul(drawn(1, 65, f="int8"), drawn(65, 1, f="int8"), path)


def test_operands_have_the_names_that_the_epilogue_declares():
    """Unknown and missing ones are errors; the scales' product is rounded first."""
    scale = {"op": "scale", "by": ["scale_a", "scale_b"], "format": "binary32"}
    path = nf.Datapath(**FP8, epilogue=[scale, {"op": "convert", "format": "bfloat16"}])
    assert path.operands == ("scale_a", "scale_b")
    assert str(path.output) == "bfloat16"
    a, b = drawn(3, 40), drawn(40, 4)
    s, t = np.float32(0.37), np.float32(1.91)
    sums = np.asarray(nf.matmul(a, b, nf.Datapath(**FP8)), np.float32)
    wanted = nf.encode(sums * (s * t), "bfloat16")
    assert np.array_equal(nf.matmul(a, b, path, scale_a=s, scale_b=t).codes, wanted)
    with pytest.raises(nf.MachineError, match="the operand 'scale_b' is missing"):
        nf.matmul(a, b, path, scale_a=s)
    with pytest.raises(nf.MachineError, match="did you mean 'scale_b'"):
        nf.matmul(a, b, path, scale_a=s, scale_c=t)
    with pytest.raises(nf.FormatError, match=r"scale_a = 0\.37 is no value of binary32"):
        nf.matmul(a, b, path, scale_a=0.37, scale_b=t)


def test_sums_are_added_to_and_clamped():
    """In the order of the epilogue; ends are numbers, or operands that are declared."""
    add = {"op": "add", "by": ["bias"], "format": "int32"}
    clamp = {"op": "clamp", "minimum": -5, "maximum": "top"}
    path = nf.Datapath(**INT, epilogue=[add, clamp])
    assert path.operands == ("bias", "top")
    a, b = drawn(3, 40, f="int8"), drawn(40, 4, f="int8")
    sums, bias = np.asarray(nf.matmul(a, b, nf.Datapath(**INT))), np.array([3, -9, 0, 50])
    got = nf.matmul(a, b, path, bias=bias, top=60)
    assert np.array_equal(np.asarray(got), np.clip(sums + bias, -5, 60))
    with pytest.raises(nf.MachineError, match="the operand 'top' is missing"):
        nf.matmul(a, b, path, bias=bias)
    with pytest.raises(nf.DtypeError, match="must be an integer"):
        nf.matmul(a, b, path, bias=bias, top=0.5)


def test_zero_points_are_subtracted_exactly():
    """One, or one a row of a or a column of b."""
    path = nf.Datapath(**{**INT, "prep": {**INT["prep"], "zero_point": "both"}})
    a, b = drawn(3, 40, f="int8"), drawn(40, 4, f="int8")
    x, y = np.asarray(a).astype(int), np.asarray(b).astype(int)
    rows, columns = np.array([-128, 3, 127]), np.array([5, -7, 0, 127])
    got = nf.matmul(a, b, path, zero_point_a=rows, zero_point_b=columns)
    assert np.array_equal(np.asarray(got), (x - rows[:, None]) @ (y - columns))
    for wrong in (200, 1.5, np.zeros(7, int)):
        with pytest.raises((nf.FormatError, nf.ShapeError), match="zero_point_a"):
            nf.matmul(a, b, path, zero_point_a=wrong, zero_point_b=0)


def test_integer_sums_wrap_saturate_or_are_refused():
    """By acc.ovf; the first result that is refused is named."""
    a, b = np.full((2, 3), -128), np.full((3, 2), -128)
    a[0] = 1
    sums = {**INT, "acc": {"type": "int16"}}
    assert nf.matmul(a, b, nf.Datapath(**sums)).tolist() == [[-384, -384], [-16384, -16384]]
    sums["acc"] = {"type": "int16", "ovf": "saturate"}
    assert nf.matmul(a, b, nf.Datapath(**sums)).tolist() == [[-384, -384], [32767, 32767]]
    sums["acc"] = {"type": "int16", "ovf": "error"}
    with pytest.raises(nf.RangeError, match=r"the sum of element \[1, 0\] is out of range"):
        nf.matmul(a, b, nf.Datapath(**sums))


def test_stochastic_sums_take_the_calls_of_a_key():
    """Rounding s takes key.fold_in("matmul", call).at(s); a generator's next call is another."""
    path = nf.Datapath(**{**CHAIN, "acc": {"type": "bfloat16", "round": "SR"}})
    a, b = drawn(3, 9), drawn(9, 4)
    key = nf.Key(8)
    own = key.fold_in("matmul", 0)
    total = nf.zeros((3, 4), "bfloat16")
    for k in range(9):
        total = nf.fma(a[:, k, None], b[None, k], total, "bfloat16", "stochastic", key=own.at(k))
    assert np.array_equal(nf.matmul(a, b, path, key=key).codes, total.codes)
    calls = nf.Generator(8)
    first, second = (nf.matmul(a, b, path, key=calls).codes for _ in range(2))
    assert np.array_equal(first, total.codes)
    assert not np.array_equal(first, second)
    refused = path.replace(acc={"type": "e4m3fn", "ovf": "error"})
    with pytest.raises(nf.RangeError, match="out of range"):
        nf.matmul([[448.0]], [[448.0]], refused, key=(calls := nf.Generator(8)))
    assert calls.state["call"] == 0
    with nf.context(key=key):
        assert np.array_equal(nf.matmul(a, b, path).codes, total.codes)
    with pytest.raises(nf.RandomError, match="rounds stochastically"):
        nf.matmul(a, b, path)
    with pytest.raises(nf.RandomError, match="no rounding of the datapath draws"):
        nf.matmul(a, b, nf.Datapath(**CHAIN), key=key)


def test_words_of_a_generator():
    """A lane for each result; debug takes the same words again; a record can run out."""
    path = nf.Datapath(**{**CHAIN, "acc": {"type": "bfloat16", "round": "SR"}})
    a, b = drawn(3, 9), drawn(9, 4)
    streams = [nf.Generator(5, kind="xorshift32", lanes=12) for _ in range(2)]
    wanted = nf.matmul(a, b, path, key=streams[0])
    assert np.array_equal(nf.matmul(a, b, path, key=streams[1], debug=True).codes, wanted.codes)
    assert streams[0].state == streams[1].state
    words = nf.Generator(5, kind="xorshift32", lanes=12).words(12 * 9).reshape(9, 12).T
    again = nf.matmul(a, b, path, key=nf.Recorded(words.copy()))
    assert np.array_equal(again.codes, wanted.codes)
    with pytest.raises(nf.RandomError, match="key has too few bits or words left"):
        nf.matmul(a, b, path, key=nf.Recorded(words[:, :8].copy()))


def test_out_report_and_debug():
    """Results go where they are told, roundings are counted, the path is named."""
    path = nf.Datapath(**FP8)
    a, b = drawn(3, 64), drawn(64, 4)
    wanted = nf.matmul(a, b, path)
    out, report = nf.zeros((3, 4), "binary32"), nf.Report()
    assert nf.matmul(a, b, path, out=out, report=report, debug=True) is out
    assert np.array_equal(out.codes, wanted.codes)
    assert report.count == 3 * 4 * 2
    assert report.path == "reference"
    with nf.Report(counts=False) as silent:
        assert np.array_equal(nf.matmul(a, b, path).codes, wanted.codes)
    assert silent.path == (
        "aligned_simd" if nf._core.available_isas()[0] != "portable" else "reference"
    )
    assert silent.count == 0
    plain = np.empty((3, 4), np.float32)
    assert nf.matmul(a, b, path, out=plain) is plain
    assert np.array_equal(plain.view(np.uint32), wanted.codes)
    with pytest.raises(nf.ShapeError, match="out has shape"):
        nf.matmul(a, b, path, out=nf.zeros((4, 3), "binary32"))
    with pytest.raises(nf.FormatError, match="out is of bfloat16"):
        nf.matmul(a, b, path, out=nf.zeros((3, 4), "bfloat16"))


def test_debug_finds_a_wrong_bit(monkeypatch):
    """A path that gave another bit than the reference is an error."""
    from numfmt import _matmul

    given = _matmul.multiply

    def spoiled(path: Any, operands: Any, out: Any, *rest: Any) -> Any:
        found = given(path, operands, out, *rest)
        if out.shape[1] > 1:
            out[0, 0, 1] ^= 1
        return found

    monkeypatch.setattr(_matmul, "multiply", spoiled)
    with pytest.raises(nf.NumfmtError, match="in row 0, column 1; the reference gives"):
        nf.matmul(drawn(3, 64), drawn(64, 4), nf.Datapath(**FP8), debug=True)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_bit(threads):
    """Of a product with stochastic sums."""
    path = nf.Datapath(**{**CHAIN, "acc": {"type": "bfloat16", "round": "SR"}})
    rng = np.random.default_rng(1)
    a, b = (nf.array(rng.normal(size=s), "e4m3fn") for s in ((40, 9), (9, 50)))
    before = nf.get_num_threads()
    try:
        nf.set_num_threads(1)
        one = nf.matmul(a, b, path, key=nf.Key(1)).codes
        nf.set_num_threads(threads)
        assert np.array_equal(nf.matmul(a, b, path, key=nf.Key(1)).codes, one)
    finally:
        nf.set_num_threads(before)
