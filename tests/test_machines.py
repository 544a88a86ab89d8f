"""Machines against what their devices gave, and which of a machine's fields those results show."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE / "nvidia"))
import codes  # noqa: E402
import inputs  # noqa: E402

HOPPER = np.load(HERE / "nvidia" / "hopper.npz")
NAMES = sorted({x.split(":")[0] for x in HOPPER.files if x.startswith(("mma", "wgmma"))})
SHARED = HERE.parents[1] / "shared" / "data" / "tensorcore" / "vectors.npz"
FORMATS = {
    **{"f16": "binary16", "bf16": "bfloat16", "tf32": "binary32", "f32": "binary32"},
    **{"e4m3": "e4m3fn", "e5m2": "e5m2", "s8": "int8", "u8": "ufixed<8,0>", "s32": "int32"},
    "f64": "binary64",
}


def hopper_machine(name: str) -> str:
    """The machine of an instruction that was recorded."""
    which = codes.instruction(name)
    unit = name.split("_")[0]
    if which.d == "f64":
        return "nvidia.h100.dmma.f64"
    if which.d == "s32":
        return f"nvidia.h100.imma.{which.a}.s32{'.satfinite' * name.endswith('satfinite')}"
    kind = "fp8" if which.a in ("e4m3", "e5m2") else which.a
    if (unit, kind, which.d) == ("wgmma", "fp8", "f32"):
        kind = "e4m3"
    return f"nvidia.h100.{unit}.{kind}.{which.d}"


def products(path: nf.Datapath, a: Any, b: Any, c: Any, f: str, g: str) -> np.ndarray[Any, Any]:
    """Codes of c + a b^T, tile by tile."""
    dtypes = [nf.encode(1.0, x).dtype for x in (f, g, path.acc.type)]
    x, y, z = (v.astype(dtype) for v, dtype in zip((a, b, c), dtypes, strict=True))
    sums = nf.from_codes(z, path.acc.type)
    return nf.matmul(nf.from_codes(x, f), nf.from_codes(y, g).transpose(0, 2, 1), path, sums).codes


def recorded(name: str, path: nf.Datapath, tally: Any = None) -> int:
    """Results of an instruction that differ from those recorded in full."""
    which, wrong = codes.instruction(name), 0
    for label, (a, b, c) in inputs.sets(name):
        part = (x[::16] for x in (a, b, c))
        got = products(path, *part, FORMATS[which.a], FORMATS[which.b])
        wanted = HOPPER[f"{name}:{label}"].view(got.dtype).reshape(got.shape)
        if which.d == "f64":
            nan = np.isnan(wanted.view(float))
            got, wanted = np.where(nan, 0, got), np.where(nan, 0, wanted)
        if tally is not None:
            tally.same(got.ravel(), wanted.ravel(), np.arange(got.size), f"{name} {label}")
        wrong += int((got != wanted).sum())
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_hopper(name, tally):
    """Every recorded bit, by the machine's name, none of its fields a guess."""
    machine = nf.machine(hopper_machine(name))
    assert machine.guesses == (("acc.nan",) if "f64" in name else ())
    recorded(name, machine.datapath(), tally)
    tally.check()


# Fields of Hopper's machines, changed; and where the recorded operands cannot tell.
CHANGES: dict[str, dict[str, Any]] = {
    "block.n": {"block": {"n": 4}},
    "align.F + 1": {"align": {"F": 1}},
    "align.F - 1": {"align": {"F": -1}},
    "align.cut": {"align": {"cut": "floor"}},
    "align.E_floor + 1": {"align": {"E_floor": 1}},
    "align.E_floor - 1": {"align": {"E_floor": -1}},
    "align.zeros_in_max": {"align": {"zeros_in_max": True}},
    "align.c_join": {"align": {"c_join": "after"}},
    "product.exp_rule": {"product": {"exp_rule": "normalised"}},
    "acc.round": {"acc": {"round": "nearest_away"}},
    "acc.out_frac": {"acc": {"out_frac": -1}},
    "acc.ftz": {"acc": {"ftz": "plus"}},
    "acc.zero_sign": {"acc": {"zero_sign": "ieee"}},
    "acc.ovf": {"acc": {"ovf": "saturate"}},
    "acc.nan": {"acc": {"nan": 0x7E00}},
    "prep.daz": {"prep": {"daz": "plus"}, "acc": {"daz": "plus"}},
}
NO_FLOOR = {"align.E_floor + 1", "align.E_floor - 1", "acc.zero_sign"}
SEEN_BY_NONE = {  # no NaN to binary32 is among the results that are kept in full
    "mma_f16_f32": {*NO_FLOOR, "acc.ovf", "acc.nan"},
    "wgmma_e4m3_f32": {*NO_FLOOR, "acc.ftz", "acc.ovf", "acc.nan"},
    "mma_f16_f16": set(),
    "mma_bf16_f32": {"acc.nan"},
    "wgmma_tf32_f32": {"acc.nan"},
    "wgmma_e4m3_f16": {*NO_FLOOR, "acc.nan"},
}


def changed(path: nf.Datapath, change: dict[str, Any]) -> nf.Datapath:
    """The datapath with fields changed; numbers of F, E_floor and out_frac are added."""
    stages = {}
    for stage, fields in change.items():
        own = getattr(path, stage)
        stages[stage] = {
            name: (getattr(own, name) if getattr(own, name) is not None else 23 - 13 * half) + x
            if name in ("F", "E_floor", "out_frac")
            else x
            for half in [str(path.acc.type) == "binary16"]
            for name, x in fields.items()
        }
    return path.replace(**stages)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", SEEN_BY_NONE)
def test_recorded_results_show_each_field(name, change):
    """A machine with one field changed gives other bits, unless its operands cannot reach it."""
    path = nf.machine(hopper_machine(name)).datapath()
    wrong = recorded(name, changed(path, CHANGES[change]))
    assert (wrong == 0) == (change in SEEN_BY_NONE[name])


def toolbox(key: str) -> tuple[str, str]:
    """The machine of a recorded set of MATLAB-tensor-core, and the format of its operands."""
    chip, kind, _, wide = key.split("_")
    out = {"fp32": "f32", "fp16": "f16"}[wide]
    f = {"fp16": "f16", "bf16": "bf16", "tf32": "tf32", "E4M3": "e4m3", "E5M2": "e5m2"}[kind]
    family = {"A2": "a100", "L40S": "ada", "H200": "h100"}.get(chip, chip.lower())
    unit = {"v100": "hmma884", "a100": "hmma", "ada": "hmma", "h100": "mma", "b200": "mma"}[family]
    name = f
    if kind in ("E4M3", "E5M2"):
        unit, name = "mma", "fp8"
        if (family, out) == ("h100", "f32"):
            unit, name = "wgmma", "e4m3"  # recorded so, and without c
    return f"nvidia.{family}.{unit}.{name}.{out}", FORMATS[f]


def from_toolbox(key: str, path: nf.Datapath, f: str) -> int:
    """Results of a set that differ."""
    data = np.load(SHARED)
    chip, kind, _, wide = key.split("_")
    a, b, c = (data[f"{chip}_{kind}_{x}"].astype(np.int64) for x in "abc")
    wanted = data[key]
    if wide == "fp16":
        single = (x.astype(np.uint32).view(np.float32) for x in (c, wanted))
        c, wanted = (x.astype(np.float16).view(np.uint16) for x in single)
    if kind == "tf32":
        a, b = (x if x.max() >= 1 << 19 else x << 13 for x in (a, b))
    if key.startswith("H") and "E" in kind and wide == "fp32":
        c = np.zeros_like(c)
    got = products(path, a[:, None], b[:, None], c[:, None, None], f, f).ravel()
    return int((got != wanted).sum())


def toolbox_keys() -> list[str]:
    """The recorded sets, where they are."""
    return [x for x in np.load(SHARED).files if "_d_" in x] if SHARED.exists() else []


@pytest.mark.parametrize("isa", ["scalar", _core.available_isas()[0]])
@pytest.mark.skipif(not SHARED.exists(), reason="MATLAB-tensor-core's vectors are not here")
def test_all_sets_of_matlab_tensor_core(isa):
    """48 sets of eight chips, each by the name of its machine; by the reference and by vectors."""
    wrong, paths = {}, set()
    for key in toolbox_keys():
        name, f = toolbox(key)
        with _core.forced_isa(isa), nf.Report(counts=False) as report:
            wrong[key] = from_toolbox(key, nf.machine(name).datapath(), f)
        paths.add(report.path)
    assert len(wrong) == 48
    assert not any(wrong.values()), wrong
    assert paths == {"reference" if isa == "scalar" else "aligned_simd"}


WHAT_THE_SETS_SHOW = {
    *("block.n", "align.F + 1", "align.F - 1", "align.cut", "align.c_join", "product.exp_rule"),
    *("acc.round", "acc.out_frac", "prep.daz"),
}


@pytest.mark.skipif(not SHARED.exists(), reason="MATLAB-tensor-core's vectors are not here")
@pytest.mark.parametrize("change", CHANGES)
def test_what_the_sets_of_matlab_tensor_core_show(change):
    """To binary32 the sets show n, F, rounding and the exponents; no set shows floors, zeros or
    ends, of which the machines therefore do not claim that they were recorded."""
    seen = set()
    for key in ("V100_fp16_d_fp32", "A100_bf16_d_fp32", "Ada_E4M3_d_fp32", "B200_bf16_d_fp32"):
        name, f = toolbox(key)
        machine = nf.machine(name)
        seen.add(from_toolbox(key, changed(machine.datapath(), CHANGES[change]), f) > 0)
        field = change.split(" ")[0]
        marks = dict(machine.certainty)
        if field in ("align.E_floor", "align.zeros_in_max", "acc.zero_sign"):
            assert marks.get(field, marks["*"]) != "hw_rec"
    assert (True in seen) == (change in WHAT_THE_SETS_SHOW)
