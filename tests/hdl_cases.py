"""Vectors of the SystemVerilog templates: what numfmt gives, corners among them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from hdl_bench import Case

import numfmt as nf

ROWS = 2400
SPECIAL = {"ieee": 0, "fn": 1}
RULES = {"toward_zero": 0, "nearest_even": 1, "stochastic(bits=12,variant=lt)": 3}
FUSED = (
    *("nvidia.h100.mma.f16.f32", "nvidia.v100.hmma884.f16.f32", "nvidia.h100.mma.bf16.f32"),
    *("nvidia.h100.mma.f16.f16", "nvidia.h100.wgmma.e4m3.f32"),
)
SUMS_OF_TWO = (
    *("pulp.cvfpu.exsdotp.fp8.f16.rsr", "pulp.cvfpu.exsdotp.fp8.f16"),
    *("pulp.cvfpu.exsdotp.f16.f32", "pulp.cvfpu.exsdotp.bf16.f32"),
)
Codes = np.ndarray[Any, Any]


def width(format: Any) -> int:
    """Bits of a binary float."""
    return 1 + format.exponent_bits + format.fraction_bits


def floats(rng: np.random.Generator, format: Any, shape: tuple[int, ...], kind: str) -> Codes:
    """Codes of a kind: all bits, no specials, near 1, subnormal, the largest, below 1, or with
    products that are about to underflow."""
    e, f = format.exponent_bits, format.fraction_bits
    top, bias = (1 << e) - 2, (1 << (e - 1)) - 1
    lowest, highest = {
        **{"bits": (0, top + 1), "finite": (0, top), "normal": (bias - 3, bias + 3)},
        **{"tiny": (0, 1), "huge": (top - 1, top), "low": (0, bias)},
        "edge": (max(2 * bias // 5 - 4, 0), 2 * bias // 5 + 4),
    }[kind]
    exponents = rng.integers(lowest, highest + 1, shape)
    fractions = rng.integers(0, 1 << f, shape) & -(1 << rng.integers(0, f + 1, shape))
    return rng.integers(0, 2, shape) << (e + f) | exponents << f | fractions


def factors(rng: np.random.Generator, source: Any, acc: Any, n: int) -> tuple[Codes, Codes, Codes]:
    """Rows of a and b, and c: random, subnormal, overflowing, cancelling, sparse, special."""
    kinds = ("normal", "finite", "bits", "tiny", "huge", "low", "edge", "finite")
    rows = ROWS // len(kinds)
    pairs = [[floats(rng, source, (rows, n), kind) for kind in kinds] for _ in "ab"]
    a, b = (np.concatenate(parts) for parts in pairs)
    c = np.concatenate([floats(rng, acc, (rows,), kind) for kind in kinds])
    c[6 * rows : 7 * rows] = 0  # else it would be the largest term
    sign = 1 << (width(source) - 1)
    half = n // 2
    cancelling = np.arange(len(a)) % 4 == 1
    a[cancelling, half : 2 * half] = a[cancelling, :half] ^ sign
    b[cancelling, half : 2 * half] = b[cancelling, :half]
    sparse = np.arange(len(a)) % 5 == 2
    a[sparse] &= np.where(rng.random((sparse.sum(), n)) < 0.9, sign, -1)
    c[np.arange(len(a)) % 3 == 0] &= 1 << (width(acc) - 1)
    special = (np.arange(len(a)) % 19 == 7).nonzero()[0]
    ones = (1 << source.exponent_bits) - 1 << source.fraction_bits
    made = floats(rng, source, special.shape, "bits") & rng.choice([sign, -1], special.shape)
    a[special, rng.integers(0, n, len(special))] = made | ones
    return a, b, c


def packed(codes: Codes, bits: int) -> list[int]:
    """Rows of codes as one number each, the first element lowest."""
    return [sum(int(x) << (bits * i) for i, x in enumerate(row)) for row in codes]


def sums(name: str, a: Codes, b: Codes, c: Codes, key: Any = None) -> Codes:
    """nf.matmul of each row with its own column."""
    path = nf.machine(name).datapath()
    formats = (path.prep.a[0], path.prep.b[0], path.acc.type)
    x, y, z = (
        nf.from_codes(v.astype(nf.encode(0.0, f).dtype), f)
        for v, f in zip((a[:, None, :], b[:, :, None], c[:, None, None]), formats, strict=True)
    )
    return nf.matmul(x, y, name, z, key=key).codes.ravel()


def fused(name: str) -> Case:
    """fda.sv as a tensor core."""
    path = nf.machine(name).datapath()
    source, acc = path.prep.a[0], path.acc.type
    n, bits = path.block.n, width(source)
    a, b, c = factors(np.random.default_rng(1), source, acc, n)
    parameters = {
        **{"N": n, "F": path.align.F, "E_FLOOR": path.align.E_floor},
        **{"EXP": source.exponent_bits, "FRAC": source.fraction_bits},
        **{"C_EXP": acc.exponent_bits, "C_FRAC": acc.fraction_bits, "NAN": path.acc.nan},
        "OUT_FRAC": acc.fraction_bits if path.acc.out_frac is None else path.acc.out_frac,
        **{"SPECIAL": SPECIAL[source.special], "ROUND": RULES[path.acc.round]},
    }
    rows = zip(packed(a, bits), packed(b, bits), c, sums(name, a, b, c), strict=True)
    inputs = {"a": n * bits, "b": n * bits, "c": width(acc)}
    label = "fda_" + name.split(".", 1)[1].replace(".", "_")
    return Case(label, "fda", parameters, inputs, ("d", width(acc)), list(rows))


def sum_of_two(name: str) -> Case:
    """exsdotp_ref.sv as CVFPU's unit, with the bits of its shift register."""
    path = nf.machine(name).datapath()
    source, acc = path.prep.a[0], path.acc.type
    a, b, c = factors(np.random.default_rng(2), source, acc, 2)
    register = nf.Rng("galois_lfsr", width=32, mask=0x80000EA6, seed_rule="complement").stream(0)
    words = register.copy().words(len(a)) & 0xFFF
    key = register if path.is_random else None
    parameters = {
        **{"EXP": source.exponent_bits, "FRAC": source.fraction_bits},
        **{"DST_EXP": acc.exponent_bits, "DST_FRAC": acc.fraction_bits, "R": 12},
        **{"SPECIAL": SPECIAL[source.special], "ROUND": RULES[path.acc.round]},
    }
    bits = width(source)
    inputs = {**dict.fromkeys("abce", bits), "f": width(acc), "random": 12}
    operands = (a[:, 0], b[:, 0], a[:, 1], b[:, 1], c, words)
    rows = list(zip(*operands, sums(name, a, b, c, key), strict=True))
    label = "exsdotp_" + name.split(".exsdotp.")[1].replace(".", "_")
    return Case(label, "exsdotp_ref", parameters, inputs, ("d", width(acc)), rows)


MODES = (
    *("gemmlowp_double", "single", "ruy_avx512", "f32_rne", "shift_rhu", "shift_rha", "shift_rne"),
    *("shift_trn", "int16x8", "f64_half_away", "ethos_u_truncate"),
)
WHOLE = (("int32", -5, -(1 << 31), (1 << 31) - 1),)
ENDS = (("int8", -3, -128, 127), ("uint8", 131, 0, 255), ("int8", 5, 5, 99), ("int8", 0, -100, 90))


def accumulators(rng: np.random.Generator, n: int, bits: int = 32) -> Codes:
    """Of all sizes and both ends, with ties of small shifts among them."""
    sizes = rng.integers(1, bits, n)
    x = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), n) >> (bits - 1 - sizes)
    x[::7] = (x[::7] >> 6 << 6) + 32
    x[:4] = [-(1 << (bits - 1)), (1 << (bits - 1)) - 1, 0, -1]
    return x


def scales(rng: np.random.Generator, mode: str, x: Codes) -> tuple[Any, Codes, Codes]:
    """What nf.requantize takes for each of x, and the template's multiplier and shift; of real
    ones a third nearly give ties."""
    n = len(x)
    zeros = np.zeros(n, np.int64)
    if mode.startswith("shift"):
        drop = rng.integers(0, 32, n)
        return drop, zeros, drop
    if mode in ("f32_rne", "f64_half_away"):
        real = np.exp2(rng.uniform(-34, 2, n)) * (rng.random(n) + 0.5)
        real[::5] = np.exp2(rng.integers(-31, 3, n))[::5]
        real[::3] = ((rng.integers(0, 120, n) + 0.5) / np.maximum(np.abs(x), 1))[::3]
        real[1:3] = [2.0**-149, 2.0**100]
        dtype, code = (np.float32, np.uint32) if mode == "f32_rne" else (np.float64, np.uint64)
        real = real.astype(dtype)
        return real.astype(np.float64), real.view(code), zeros
    q = rng.integers(1 << 30, 1 << 31, n)
    q[::4] = 1 << 30
    q[5::16] = (1 << 31) - 1
    q[:3] = [-(1 << 31), -12345, (1 << 31) - 1]
    shift = rng.integers(-31, 8 if mode == "int16x8" else 31, n)
    shift[10:-10:2] = rng.integers(-12, 1, n)[10:-10:2]
    shift[:3] = 0, -1, 1
    return (q.astype(np.int32), shift.astype(np.int32)), q & 0xFFFFFFFF, shift


def requantized(mode: str, ends: tuple[Any, ...] = ENDS, bits: int = 8) -> Case:
    """requant.sv in a mode."""
    rng, rows = np.random.default_rng(3), []
    for name, zero, low, high in ends:
        x = accumulators(rng, ROWS // len(ends))
        given, multiplier, shift = scales(rng, mode, x)
        asked = {"format": name, "zero_point": zero, "minimum": low, "maximum": high}
        y = nf.requantize(x.astype(np.int32), given, mode, channel_axis=0, **asked)
        fixed = [np.full(len(x), z) for z in (zero, low, high)]
        rows += list(zip(x, multiplier, shift, *fixed, y, strict=True))
    inputs = {"acc": 32, "multiplier": 64, "shift": 7}
    inputs |= dict.fromkeys(("zero_point", "lowest", "highest"), bits + 1)
    parameters, name = {"MODE": MODES.index(mode), "OUT_W": bits}, f"requant_{mode}_{bits}"
    return Case(name, "requant", parameters, inputs, ("y", bits), rows)


def requantized_long(mode: str) -> Case:
    """requant.sv with accumulators of 64 bits (int16x8: 48) and results of 16."""
    rng = np.random.default_rng(4)
    x = accumulators(rng, ROWS, 48 if mode == "int16x8" else 63)
    given, multiplier, shift = scales(rng, mode, x)
    if mode != "int16x8":
        given = shift = rng.integers(0, 64, ROWS)
    y = nf.requantize(x, given, mode, channel_axis=0, format="int16")
    fixed = [np.full(ROWS, z) for z in (0, -(1 << 15), (1 << 15) - 1)]
    inputs = {"acc": 64, "multiplier": 64, "shift": 7}
    inputs |= dict.fromkeys(("zero_point", "lowest", "highest"), 17)
    parameters = {"MODE": MODES.index(mode), "ACC_W": 64, "OUT_W": 16}
    rows = list(zip(x, multiplier, shift, *fixed, y, strict=True))
    return Case(f"requant_long_{mode}", "requant", parameters, inputs, ("y", 16), rows)


STEPS = 8
CHAINS = {  # bits and fraction bits of a, b, the accumulator; rounding; overflow
    "floor_saturate": ((8, 4), (8, 4), (12, 5), "down", "saturate"),
    "floor_wrap": ((8, 4), (6, 5), (10, 4), "down", "wrap"),
    "up_saturate": ((8, 4), (8, 4), (10, 6), "nearest_up", "saturate"),
    "even_saturate": ((8, 4), (8, 4), (11, 5), "nearest_even", "saturate"),
    "exact_wrap": ((4, 2), (4, 1), (9, 5), "down", "wrap"),
    "zero_saturate": ((8, 6), (8, 6), (9, 7), "toward_zero", "saturate"),
}
ROUND = {"down": 0, "nearest_up": 1, "nearest_even": 3, "toward_zero": 4}


def fixed(bits: int, fraction: int) -> str:
    """The spelling of a fixed-point format."""
    return f"fixed<{bits},{fraction}>"


def chain(name: str) -> Case:
    """mac_wrap_sat.sv: sums of eight products, and each sum on the way."""
    a_size, b_size, acc_size, rounding, overflow = CHAINS[name]
    rng, n = np.random.default_rng(5), ROWS // (STEPS + 1) + 1
    ends = [1 << (bits - 1) for bits, _ in (a_size, b_size, acc_size)]
    a, b = (rng.integers(-end, end, (n, STEPS)) for end in ends[:2])
    c = rng.integers(-ends[2], ends[2], n)
    a[:3], b[:3], c[:3] = -ends[0], -ends[1], ends[2] - 1
    path = nf.Datapath(
        prep={"a": fixed(*a_size), "b": fixed(*b_size)},
        product={"kind": "round", "format": fixed(40, acc_size[1]), "round": rounding},
        block={"kind": "chain"},
        acc={"type": fixed(*acc_size), "ovf": overflow},
    )
    x, y, z = (v / 2.0**f for v, (_, f) in zip((a, b, c), (a_size, b_size, acc_size), strict=True))
    rows: list[list[tuple[int, ...]]] = [[(1, 0, s, 0, 0, s) for s in c]]
    for k in range(1, STEPS + 1):
        made = nf.matmul(x[:, None, :k], y[:, :k, None], path, z[:, None, None])
        found = (np.asarray(made.astype(float)).ravel() * 2.0 ** acc_size[1]).astype(int)
        rows.append(list(zip(*[[0] * n, [1] * n, c, a[:, k - 1], b[:, k - 1], found], strict=True)))
    sizes = [*a_size, *b_size, *acc_size]
    parameters = dict(
        zip(("A_W", "A_FRAC", "B_W", "B_FRAC", "ACC_W", "ACC_FRAC"), sizes, strict=True)
    )
    parameters |= {"ROUND": ROUND[rounding], "SATURATE": int(overflow == "saturate")}
    w = acc_size[0]
    inputs = {"load": 1, "enable": 1, "init": w, "a": a_size[0], "b": b_size[0]}
    order = [row for one in zip(*rows, strict=True) for row in one]
    return Case(f"mac_{name}", "mac_wrap_sat", parameters, inputs, ("acc", w), order)


def register(kind: str, bits: int, mask: int) -> Case:
    """lfsr.sv: two seeds, with pauses."""
    rows = []
    for seed in (1, 77):
        words = nf.Rng(kind, width=bits, mask=mask).stream(seed).words(ROWS // 2)
        rows.append((1, 0, words[0], words[0]))
        for i, word in enumerate(words[1:]):
            rows.append((0, 1, 0, word))
            rows += [(0, 0, 5, word)] * (i % 100 == 0)
    parameters = {"W": bits, "MASK": mask, "KIND": int(kind == "shift_xnor")}
    inputs = {"load": 1, "enable": 1, "seed": bits}
    return Case(f"lfsr_{kind}_{bits}", "lfsr", parameters, inputs, ("word", bits), rows)


def by_chance(rule: str, w: int, drop: int, r: int) -> Case:
    """sr_round.sv: magnitudes as fractions, rounded to integers with given bits."""
    rng = np.random.default_rng(6)
    x = rng.integers(0, 1 << w, ROWS) >> rng.integers(0, w, ROWS)
    x[::9] = x[::9] >> drop << drop
    words = rng.integers(0, 1 << r, ROWS).astype(np.uint32)
    words[::6] = 0
    mode = f"stochastic(bits={r},variant={rule})"
    y = nf.quantize(x / 2.0**drop, "fixed<48,0>", mode, random_bits=words)
    parameters = {"W": w, "DROP": drop, "R": r, "RULE": ("A", "lt", "ge").index(rule)}
    rows = list(zip(x, words, y.astype(int), strict=True))
    name = f"sr_round_{rule}_{w}_{drop}_{r}"
    return Case(
        name, "sr_round", parameters, {"value": w, "random": r}, ("rounded", w - drop + 1), rows
    )


MAKERS = {
    "fda": [functools.partial(fused, name) for name in FUSED],
    "exsdotp_ref": [functools.partial(sum_of_two, name) for name in SUMS_OF_TWO],
    "requant": [
        *(functools.partial(requantized, mode) for mode in MODES),
        *(functools.partial(requantized_long, mode) for mode in MODES[4:9]),
        *(functools.partial(requantized, mode, WHOLE, 32) for mode in MODES[:4]),
    ],
    "mac_wrap_sat": [functools.partial(chain, name) for name in CHAINS],
    "lfsr": [
        functools.partial(register, "galois_lfsr", 32, 0x80000EA6),
        functools.partial(register, "galois_lfsr", 16, 0xB400),
        functools.partial(register, "shift_xnor", 32, 0x80200003),
    ],
    "sr_round": [
        functools.partial(by_chance, rule, *sizes)
        for rule in ("A", "lt", "ge")
        for sizes in ((24, 12, 12), (30, 13, 8), (12, 4, 8))
    ],
}


@functools.cache
def cases(module: str) -> list[Case]:
    """All vectors of a template."""
    return [make() for make in MAKERS[module]]
