"""Descriptions of datapaths that contradict themselves."""

from __future__ import annotations

import pytest
from test_datapath import FP8, drawn

import numfmt as nf

CONTRADICTIONS = [
    ({"prep": {"a": "e4m3fn"}}, "prep: the field 'b' is missing"),
    ({"prep": {"a": "e4m3fn", "b": "e4m3q"}}, "prep.b = 'e4m3q'"),
    ({"prep": {"a": "e4m3fn", "b": "e4m3fn", "dax": 1}}, "unknown field 'dax'; did you mean 'daz'"),
    ({"prep": {"a": [], "b": "e4m3fn"}}, "prep.a = [] must be a format or a list"),
    ({"block": {"kind": "algned"}}, "block.kind = 'algned' must be one of chain"),
    ({"block": {"kind": "aligned", "n": 0}}, "block.n = 0 must be an integer from 1"),
    ({"block": {"kind": "aligned", "n": 64}}, "block.n = 64 is more than kplan.inst_k = 32"),
    ({"block": {"kind": "aligned", "fma": True}}, "block.fma is of chains"),
    ({"block": {"kind": "aligned", "perm": [0, 2]}}, "each of 0 .. n - 1 once"),
    ({"block": {"kind": "aligned", "perm": [1, 0]}}, "block.perm names 2 products"),
    ({"block": {"kind": "chain"}}, "align.F is of aligned blocks, not of 'chain'"),
    ({"align": {}}, "the field 'F' is missing"),
    ({"align": {"F": 99}}, "align.F = 99 must be an integer from -60 to 60"),
    ({"align": {"F": 13, "E_floor": "low"}}, "or 'none'"),
    ({"align": {"F": 13, "zeros_in_max": 1}}, "must be true or false"),
    ({"align": {"F": 13, "c_join": "late"}}, "align.late and c_join = 'late' need each other"),
    ({"align": {"F": 13, "join": {"format": "binary32"}}}, "align.join is of c_join = 'after'"),
    ({"product": {"kind": "round", "format": "binary32"}}, "'round' is not of 'aligned' blocks"),
    ({"product": {"round": "up"}}, "product.round needs kind = 'round'"),
    ({"acc": {"type": "int32", "out_frac": 3}}, "acc.out_frac is of floats"),
    ({"acc": {"type": "binary32", "out_frac": 24}}, "acc.out_frac = 24 is more than binary32 has"),
    ({"acc": {"type": "binary32", "round": "nearest"}}, "acc.round = 'nearest'"),
    ({"acc": {"type": "e4m3fn", "ovf": "infinity"}}, "infinity"),
    ({"acc": {"type": "fixed<8,3,rounding=up>"}}, "must carry no modes"),
    ({"acc": 3}, "acc = 3 must be a table of fields"),
    ({"kplan": {"inst_k": 32, "combine": {"format": "binary32"}}}, "combine is of several chains"),
    ({"epilogue": [{"op": "scale"}]}, "epilogue[0]: the field 'by' is missing of 'scale'"),
    ({"epilogue": [{"op": "convert", "format": "e4m3fn", "by": ["x"]}]}, "unknown field of"),
    ({"epilogue": {"op": "scale"}}, "must be a list of operations"),
    ({"init": {"c": "ones"}}, "init.c = 'ones' must be one of input, zero, bias"),
]


@pytest.mark.parametrize(("change", "message"), CONTRADICTIONS)
def test_wrong_descriptions_say_what_is_wrong(change, message):
    """One line that names the field, what it was and what is allowed."""
    a = drawn(1, 1)
    with pytest.raises(nf.MachineError) as caught:
        nf.matmul(a, a, nf.Datapath(**{**FP8, **change}))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
