"""Codebooks by their steps give the scalar bits: every table, mode, policy, dtype and length."""

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core

FAST = [isa for isa in _core.available_isas() if isa != "scalar"]
MODES = [row.name for row in _core.ROUNDINGS if not row.is_random]
POLICIES = (None, "saturate_propagate", "saturate_zero")
TINY, HUGE = 5e-324, 1.7e308
TABLES = {
    "nf4": "nf4",
    "binary": "binary",
    "ternary": "ternary",
    "two above": nf.Codebook([1, 3.25]),
    "two below": nf.Codebook([-5e-39, -1e-45]),
    "no zero": nf.Codebook([-3, -0.1, 0.3, 1]),
    "one and zero": nf.Codebook([0, 1]),
    "subnormal": nf.Codebook([-TINY, 0, TINY, 3 * TINY, 1e-310]),
    "float32 subnormal": nf.Codebook([i * 2.0**-149 for i in range(-6, 10)]),
    "neighbours": nf.Codebook([1, 1 + 2.0**-52, 1 + 2.0**-51, 1 + 3 * 2.0**-52]),
    "far apart": nf.Codebook([-HUGE, -1, -(2.0**-200), TINY, 2.0**-70, 1 + 2.0**-50, HUGE]),
    "around zero": nf.Codebook([-TINY, TINY]),
    "geometric": nf.Codebook([-8, -3, 0, 1, 5, 6, 1e300], thresholds="geometric"),
    "own": nf.Codebook([0, 1, 2, 4, 8], thresholds=[0, 2, 2.5, 8]),
    "fifteen": nf.Codebook(range(-7, 8)),
    "sixteen": nf.Codebook([(-1.5) ** (2 * i + 1) for i in range(7, -1, -1)] + list(range(1, 9))),
    "seventeen": nf.Codebook(range(-8, 9)),
    "long": nf.Codebook(np.round(np.linspace(-4, 9, 200), 3)),
    "longest": nf.Codebook(np.float32(np.sinh(np.linspace(-9, 9, 256)))),
    "too long": nf.Codebook(range(257)),
}
tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def turns(format: nf.Format) -> np.ndarray:
    """Values, middles, geometric means and own thresholds."""
    values = format.all_values()[: format.highest_code + 1]
    a, b = values[:-1], values[1:]
    geometric = np.sign(a) * np.sqrt(np.abs(a)) * np.sqrt(np.abs(b))
    own = format.thresholds if isinstance(format.thresholds, tuple) else ()
    return np.concatenate([values, a / 2 + b / 2, geometric, own, [0.0]])


@np.errstate(over="ignore", invalid="ignore")
def numbers(format: nf.Format, dtype: type) -> np.ndarray:
    """Each turn and two neighbours on either side, any bits, infinities, both zeros; no NaN."""
    raw = np.random.default_rng(3).integers(0, 256, 700 * np.dtype(dtype).itemsize, dtype=np.uint8)
    x = [turns(format).astype(dtype), raw.view(dtype)]
    for end in (np.inf, -np.inf):
        step = np.nextafter(x[0], dtype(end))
        x += [step, np.nextafter(step, dtype(end))]
    x = np.concatenate([*x, np.array([np.inf, -np.inf, 0.0, -0.0], dtype)])
    x = np.concatenate([x, -x, np.linspace(-3, 3, 400).astype(dtype)])
    return np.resize(x[~np.isnan(x)], max(2_500, 33 * (format.highest_code + 1)))


def assert_every_kernel_agrees(call) -> None:
    """The same bits as the scalar kernel's."""
    with _core.forced_isa("scalar"):
        expected = call()
    for isa in FAST:
        with _core.forced_isa(isa):
            got = call()
        np.testing.assert_array_equal(got.view(np.uint8), expected.view(np.uint8), isa)


@tables
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_deterministic_mode_gives_the_scalar_bits(table, dtype):
    """Values (float64 where the input's type does not hold them) and codes under every policy."""
    format = nf.parse(table)
    x = numbers(format, dtype)
    for mode in MODES:
        for overflow in POLICIES:
            if overflow == "saturate_zero" and not format.has_zero:
                continue
            arguments = (x, format, mode, overflow)
            assert_every_kernel_agrees(lambda a=arguments: nf.encode(*a))
            assert_every_kernel_agrees(lambda a=arguments: nf.quantize(*a, dtype=np.float64))
            if dtype == np.float32 and table in ("nf4", "ternary", "binary"):
                assert_every_kernel_agrees(lambda a=arguments: nf.quantize(*a))


@tables
@pytest.mark.parametrize("nan", ["max", "min"])
def test_blocks_with_a_nan_are_the_scalar_ones(table, nan):
    """One NaN in some blocks: the others' elements are as they were."""
    x = np.resize(numbers(nf.parse(table), np.float32), 20_000)
    x[[7, 5_000, 19_999]] = np.nan
    assert_every_kernel_agrees(lambda: nf.encode(x, table, nan=nan))
    assert_every_kernel_agrees(lambda: nf.quantize(x, table, nan=nan, dtype=np.float64))


@pytest.mark.parametrize("isa", FAST)
@pytest.mark.parametrize("offset", [0, 1, 7])
@pytest.mark.parametrize("n", [64, 513, 1_024, 5_000 + 17])
def test_any_length_and_place_in_place_too(isa, offset, n):
    """Nothing is written beside the output; the input may be the output, NaN or not."""
    x = np.resize(numbers(nf.parse("ternary"), np.float32), n + offset)[offset:]
    x[n // 2] = np.nan
    expected = np.array([nf.quantize(v, "ternary", nan="max") for v in x], np.float32)
    places = np.full(n + offset + 1, 77, np.float32)
    out = places[offset:-1]
    with _core.forced_isa(isa):
        nf.quantize(x, "ternary", nan="max", out=out)
        assert np.array_equal(out, expected)
        assert ((places[-1] == 77), (places[:offset] == 77).all()) == (True, True)
        out[...] = x
        nf.quantize(out, "ternary", nan="max", out=out)
    assert np.array_equal(out, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 3])
@pytest.mark.parametrize(
    "table", ["nf4", "ternary", TABLES["fifteen"], TABLES["longest"], "lns<8,3>", "takum_log8"]
)
def test_decoding_bytes_by_a_table_gives_the_scalar_bits(table, offset, dtype):
    """Enough codes that a table of the 256 bytes pays, from any place to any place."""
    format = nf.parse(table)
    if table == "takum_log8" and dtype == np.float32:
        pytest.skip("float32 has not the range")
    raw = np.random.default_rng(7).integers(0, format.highest_code + 1, 9_001 + offset)
    codes = raw.astype(np.uint8)[offset:]
    out = np.full(codes.size + offset + 1, 77, dtype)
    assert_every_kernel_agrees(lambda: nf.decode(codes, format, dtype=dtype))
    nf.decode(codes, format, dtype=dtype, out=out[offset:-1])
    assert np.array_equal(out[offset:-1], format.all_values(dtype)[codes], equal_nan=True)
    assert (out[:offset] == 77).all()
    assert out[-1] == 77


@pytest.mark.parametrize("isa", FAST)
def test_a_refused_nan_leaves_the_output_and_names_the_element(isa):
    """The default, where the table has no NaN: also in a long array in a block of its own."""
    x = np.linspace(-2, 2, 9_000, dtype=np.float32)
    x[8_000], out = np.nan, np.full_like(x, 77)
    with _core.forced_isa(isa):
        for call in (lambda: nf.quantize(x, "nf4", out=out), lambda: nf.quantize(x, "nf4")):
            with pytest.raises(nf.NanError, match=r"x\[8000\]"):
                call()
    assert (out == 77).all()


def test_past_the_caches_and_by_threads_it_is_the_same():
    """Output long enough for streaming stores, in one thread and in two, aligned or not."""
    x = np.random.default_rng(5).standard_normal((1 << 22) + 12_345).astype(np.float32)
    x[[1_000_000, 4_000_000]] = np.nan
    with _core.forced_isa("scalar"):
        expected, codes = nf.quantize(x, "nf4", nan="zero"), nf.encode(x, "nf4", nan="zero")
    before = nf.get_num_threads()
    try:
        for threads in (1, 2):
            nf.set_num_threads(threads)
            out = np.empty(x.size + 1, np.float32)[1:]
            assert np.array_equal(nf.quantize(x, "nf4", nan="zero", out=out), expected)
            assert np.array_equal(nf.encode(x, "nf4", nan="zero"), codes)
    finally:
        nf.set_num_threads(before)
