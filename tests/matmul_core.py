"""The core's matrix products: descriptions as keywords, codes in and codes out."""

from __future__ import annotations

from typing import Any

import numpy as np

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib
from numfmt._rng import states_of

KINDS = ("chain", "tree", "aligned", "exact")
JOINS = ("early", "late", "after")
FLUSHES = ("none", "keep_sign", "plus")
STEPS = ("product", "sum", "join", "combine")


class Refused(Exception):
    """A status that is not NF_OK, and which result failed."""

    def __init__(self, status: int, at: int) -> None:
        super().__init__(_core.text(lib.nf_status_message(status)))
        self.status, self.at = status, at


def datapath(alive: list[Any], **fields: Any) -> Any:
    """An ``nf_datapath``; steps are (format, rounding, overflow), arrays are sequences."""
    path = ffi.new("nf_datapath *", {"least_exponent": lib.NF_NO_FLOOR})
    alive.append(path)
    path.result = descriptor(alive, fields.pop("result"))
    path.kind = KINDS.index(fields.pop("kind"))
    for name in STEPS:
        if name in fields:
            fill(alive, getattr(path, name), *fields.pop(name))
    for name, known in (("joins", JOINS), ("flush_operands", FLUSHES), ("flush_sums", FLUSHES)):
        setattr(path, name, known.index(fields.pop(name, known[0])))
    for name, of in (("order", "uint16_t[]"), ("chain_of", "size_t[]")):
        if name in fields:
            alive.append(ffi.new(of, list(fields.pop(name))))
            setattr(path, name, alive[-1])
    for name, value in fields.items():
        setattr(path, name, value)
    return path


def descriptor(alive: list[Any], spelling: str) -> Any:
    """The ``nf_format *`` of a spelling."""
    alive.append(nf.parse(spelling)._descriptor())
    return alive[-1]


def fill(alive: list[Any], step: Any, format: str, rounding: str = "nearest_even", *rest: str):
    """One rounding."""
    options = ffi.new("nf_options *")
    assert lib.nf_parse_rounding(rounding.encode(), options) == lib.NF_OK
    if rest:
        options.overflow = {row.name: row.number for row in _core.OVERFLOWS}[rest[0]]
    alive.append(options)
    step.format, step.options = descriptor(alive, format), options


def vectors(alive: list[Any], codes: Any, spelling: str, last_is_a_step: bool = True) -> Any:
    """An ``nf_vectors`` of codes (batches, rows, terms)."""
    width = nf.parse(spelling).width
    dtype = next(np.dtype(f"u{n}") for n in (1, 2, 4, 8) if 8 * n >= width)
    data = np.ascontiguousarray(codes, dtype)
    alive.append(data)
    made = ffi.new("nf_vectors *", {"format": descriptor(alive, spelling), "step": 1})
    made.data = ffi.cast("void *", ffi.from_buffer(data)) if data.size else ffi.NULL
    made.batch, made.row = data.shape[1] * data.shape[2], data.shape[2]
    return made


def source(stream: nf.Stream) -> Any:
    """The ``nf_word_source *`` of a stream, whose states the core moves."""
    return ffi.new(
        "nf_word_source *",
        {"generator": stream._c, "states": states_of(stream._at), "lanes": stream.lanes},
    )


def matmul(a: Any, b: Any, c: Any, formats: tuple[str, str], **fields: Any) -> np.ndarray:
    """Codes (batches, rows, columns) from codes of a (batches, rows, terms), of b (batches,
    columns, terms) and of c or None.  threads, isa (a name), key (key, call), first, report go to
    the call, `bits` to the roundings of products and sums; `path` is a list that receives the
    name of the path taken."""
    alive: list[Any] = []
    options = ffi.new("nf_options *", {"threads": fields.pop("threads", 1)})
    if isa := fields.pop("isa", None):
        options.isa = 1 + _core._isas().index(isa)
    path_name, taken = fields.pop("path", None), ffi.new("uint8_t *")
    at = ffi.new("uint64_t *")
    options.failed_at, options.first = at, fields.pop("first", 0)
    if key := fields.pop("key", None):
        alive.append(ffi.new("nf_key *", key))
        options.key = alive[-1]
    report = fields.pop("report", ffi.NULL)
    result = fields["result"]
    bits = fields.pop("bits", 0)
    path = datapath(alive, **fields, path_taken=taken)
    if bits:
        for step in (path.product, path.sum):
            if step.options != ffi.NULL:
                ffi.cast("nf_options *", step.options).random_bits_per_element = bits
    operands = [vectors(alive, x, f) for x, f in zip((a, b), formats, strict=True)]
    sums = ffi.NULL if c is None else vectors(alive, c, result)
    shape = (a.shape[0], a.shape[1], b.shape[1], a.shape[2])
    out = np.zeros(shape[:3], np.dtype(f"u{lib.nf_code_size(path.result)}"))
    c_shape = ffi.new("nf_dot_shape *", shape)
    room = ffi.from_buffer(out)
    status = lib.nf_matmul(path, c_shape, *operands, sums, options, room, report)
    if status != lib.NF_OK:
        raise Refused(status, at[0])
    if path_name is not None:
        path_name.append(_core.text(lib.nf_matmul_path_at(taken[0]).name))
    return out
