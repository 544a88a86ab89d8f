"""Affine integers whose scales vary along an axis or by groups: each element has its own."""

import itertools
import pickle
from fractions import Fraction

import numpy as np
import oracle
import oracle_random
import pytest
from oracle_tables import affine, groups
from sheet import exact_cell
from typer.testing import CliRunner

import numfmt as nf
from numfmt import _core
from numfmt.cli import app

SHAPE = (3, 5, 4)
PLACES = [(axis, size) for axis in (0, 1, 2, -1, -2) for size in (None, 1, 2, 3, 7)]
places = pytest.mark.parametrize(("axis", "size"), PLACES)
ISAS = _core.available_isas()
KEY = 8
rng = np.random.default_rng(12)


def made(axis, size, shape=SHAPE, width=8, **more):
    """A format with random scales and zero points for the shape."""
    along = shape[axis]
    wanted = (along,) if size is None else list(shape)
    if size is not None:
        wanted[axis] = -(-along // size)
    scales = rng.uniform(0.05, 2, wanted).astype(np.float32)
    low = -(1 << (width - 1))
    zeros = rng.integers(low, -low, wanted)
    return nf.Affine(width, scales, zeros, channel_axis=axis, group_size=size, **more)


def by_element(f, shape):
    """The oracle's format of each element in C order."""
    axis = f.channel_axis % len(shape)
    scales, zeros = f.scales.reshape(-1).tolist(), f.zero_points.reshape(-1).tolist()
    numbers = groups(shape, axis, f.group_size)
    assert max(numbers) + 1 == len(scales)
    return [affine(f.width, scales[n], zeros[n], f.signed) for n in numbers]


def expected_codes(f, x, mode, words=None):
    """Element by element."""
    found = []
    for i, (shape, v) in enumerate(
        zip(by_element(f, x.shape), x.reshape(-1).tolist(), strict=True)
    ):
        cell = exact_cell(shape, v)
        if words is not None:
            index = cell.lower
            if cell.tail and oracle.takes_upper_all_bits(cell.tail, [int(words[i]), 0, 0]):
                index = cell.upper
        elif mode == "jam":
            index = cell.jam
        else:
            index = cell.upper if oracle.takes_upper(cell, mode) else cell.lower
        found.append(oracle.settle(shape, cell, index, "saturate", mode))
    return np.array(found, np.uint64).reshape(x.shape)


@places
def test_each_element_has_its_scale(axis, size):
    """Codes, values and exact values of every place, in several modes and by every kernel."""
    f = made(axis, size)
    x = rng.normal(scale=60, size=SHAPE)
    for isa, mode in itertools.product(ISAS, ("nearest_even", "down", "to_odd", "jam")):
        with _core.forced_isa(isa):
            codes = nf.encode(x, f, mode)
            assert np.array_equal(codes, expected_codes(f, x, mode)), (isa, mode)
            exact = nf.decode(codes, f, dtype=object)
            values = [
                shape.decode(int(code))
                for shape, code in zip(by_element(f, SHAPE), codes.reshape(-1), strict=True)
            ]
            assert exact.reshape(-1).tolist() == values
            near = np.array([float(v) for v in values]).reshape(SHAPE)
            assert np.array_equal(nf.decode(codes, f), near)
            assert np.array_equal(nf.quantize(x, f, mode), near)


@pytest.mark.parametrize(("axis", "size"), [(0, None), (2, None), (1, 2), (-1, 3)])
def test_random_bits_go_by_element(axis, size):
    """Words are numbered in C order, whatever the scales."""
    f, x = made(axis, size), rng.normal(scale=20, size=SHAPE)
    words = oracle_random.words(KEY, 0, x.size)
    expected = expected_codes(f, x, "stochastic", words)
    assert np.array_equal(nf.encode(x, f, "stochastic", key=nf.Key(KEY)), expected)


@pytest.mark.parametrize(("axis", "size"), [(0, None), (1, None), (1, 48), (0, 7)])
def test_threads_and_long_rows_change_nothing(axis, size):
    """Pieces of a large array, whose runs end anywhere, are those of the whole; reports too."""
    shape = (301, 1031)
    f, x = made(axis, size, shape), rng.normal(scale=40, size=shape).astype(np.float32)
    rows = rng.permutation(301)[:3]
    found = []
    for threads in (1, 4):
        before = nf.get_num_threads()
        nf.set_num_threads(threads)
        try:
            report = nf.Report()
            codes = nf.encode(x, f, "nearest_away", report=report)
            assert report.count == x.size
            found.append((codes.tobytes(), nf.decode(codes, f).tobytes(), report.rms_error))
        finally:
            nf.set_num_threads(before)
    assert found[0] == found[1]
    if axis == 0 and size is None:
        for row in rows:
            own = nf.Affine(8, f.scales[row], int(f.zero_points[row]))
            assert np.array_equal(nf.encode(x[row], own, "nearest_away"), codes[row])
    else:
        part = expected_codes(f, x, "nearest_away") if x.size < 1000 else None
        scales, zeros = f._by_element(shape)
        q = np.array(scales).reshape(shape)
        n = x / q
        clear = np.abs(n - np.rint(n)) < 0.49
        away = np.clip(np.rint(n) + np.array(zeros).reshape(shape), -128, 127).astype(np.int8)
        assert part is None
        assert np.array_equal(codes.view(np.int8)[clear], away[clear])


def test_layouts_of_an_array_change_nothing():
    """A transposed, a reversed and an integer input have the scales of their places."""
    f = nf.Affine(8, [0.5, 0.25, 2.0], [0, 3, -3], channel_axis=0)
    x = rng.normal(scale=20, size=(4, 3))
    assert np.array_equal(nf.encode(x.T, f), nf.encode(np.ascontiguousarray(x.T), f))
    assert np.array_equal(nf.encode(x.T[:, ::-1], f), nf.encode(x.T, f)[:, ::-1])
    assert nf.encode([[1], [1], [8]], f).tolist() == [[2], [7], [1]]
    out = np.empty((3, 4))
    assert nf.quantize(x.T, f, out=out) is out
    assert np.array_equal(out, nf.quantize(x.T, f))
    assert nf.encode(np.empty((3, 0)), f).shape == (3, 0)


def test_conversions_follow_the_places():
    """From scales along one axis to scales along the other: one rounding each."""
    shape = (3, 4)
    f, g = made(0, None, shape), made(1, None, shape)
    codes = rng.integers(0, 256, shape).astype(np.uint8)
    found = nf.convert(codes, f, g)
    values = nf.decode(codes, f, dtype=object)
    for (i, j), value in np.ndenumerate(values):
        own = affine(8, float(g.scales[j]), int(g.zero_points[j]))
        cell = exact_cell(own, Fraction(value))
        index = cell.upper if oracle.takes_upper(cell, "nearest_even") else cell.lower
        assert found[i, j] == oracle.settle(own, cell, index, "saturate", "nearest_even")


def test_facts_are_of_all_scales():
    """Ends under the scale that makes them largest; the finest scale; an error for all values."""
    f = nf.Affine(8, [0.5, 4.0], [-128, 127], channel_axis=0)
    assert (f.max, f.min, f.eps, f.smallest_positive) == (127.5, -1020.0, 0.5, 0.5)
    with pytest.raises(nf.FormatError, match="each scale"):
        f.all_values()
    assert nf.pack(nf.encode([[1.0], [-4.0]], f), f) == bytes([130, 126])


@pytest.mark.parametrize(
    "f",
    [
        nf.Affine(8, [0.5, 0.1], channel_axis=0),
        nf.Affine(8, [0.5], 3, channel_axis=-1),
        nf.Affine(8, [0.5, 0.25], [1, 2], channel_axis=1, signed=False, rounding="up"),
        nf.Affine(4, [[0.5, 0.25], [1, 2]], channel_axis=1, group_size=32),
        nf.Affine(4, [[[0.5]], [[0.25]]], [[[1]], [[2]]], channel_axis=-1, group_size=8),
        nf.Affine(4, [[7.0]], channel_axis=0, group_size=2, divide="fl32_reciprocal"),
    ],
    ids=str,
)
def test_spellings_and_pickles_give_the_same_format(f):
    """parse(str(f)) == f, and hashes agree."""
    for again in (nf.parse(str(f)), pickle.loads(pickle.dumps(f)), f.replace()):
        assert (again, hash(again), str(again)) == (f, hash(f), str(f))


@pytest.mark.filterwarnings("ignore")
def test_torch_quantize_per_channel():
    """With zero points of 0, PyTorch's codes bit for bit."""
    torch = pytest.importorskip("torch")
    x = rng.normal(scale=9, size=(6, 500)).astype(np.float32)
    f = nf.Affine(8, made(0, None, (6, 1)).scales, channel_axis=0, divide="fl32_reciprocal")
    theirs = torch.quantize_per_channel(
        torch.from_numpy(x), torch.tensor(f.scales), torch.tensor(f.zero_points), 0, torch.qint8
    )
    assert np.array_equal(nf.encode(x, f).view(np.int8), theirs.int_repr().numpy())


CHANNELS = nf.Affine(8, [1.0, 2.0, 3.0], channel_axis=1)
WRONG = {
    "size": (lambda: nf.encode(np.ones((3, 4)), CHANNELS), nf.ShapeError, r"shape \(4,\)"),
    "no axis": (lambda: nf.encode(np.ones(3), CHANNELS), nf.ShapeError, "no axis 1"),
    "scalar": (lambda: nf.quantize(1.0, CHANNELS), nf.ShapeError, "no axis 1"),
    "codes": (lambda: nf.decode(np.zeros((3, 4), np.uint8), CHANNELS), nf.ShapeError, "codes has"),
    "exact": (
        lambda: nf.decode(np.zeros((3, 4), np.uint8), CHANNELS, dtype=object),
        nf.ShapeError,
        "codes has",
    ),
    "groups": (
        lambda: nf.encode(np.ones((2, 9)), made(1, 4, (2, 8))),
        nf.ShapeError,
        r"shape \(2, 3\)",
    ),
    "scalar scale": (lambda: nf.Affine(8, 1.0, channel_axis=0), nf.FormatError, "a sequence"),
    "matrix": (lambda: nf.Affine(8, [[1.0]], channel_axis=0), nf.FormatError, "a sequence"),
    "no scales": (lambda: nf.Affine(8, [], channel_axis=0), nf.FormatError, r"\(0,\)"),
    "uneven": (
        lambda: nf.Affine(8, [[1.0], [1.0, 2.0]], channel_axis=0, group_size=2),
        nf.FormatError,
        "different shapes",
    ),
    "zeros": (
        lambda: nf.Affine(8, [1.0, 2.0], [1, 2, 3], channel_axis=0),
        nf.FormatError,
        "zero_point",
    ),
    "group alone": (lambda: nf.Affine(8, 1.0, group_size=2), nf.FormatError, "channel_axis"),
    "group 0": (
        lambda: nf.Affine(8, [1.0], channel_axis=0, group_size=0),
        nf.FormatError,
        "group_size=0",
    ),
    "axis": (
        lambda: nf.Affine(8, [1.0], channel_axis=1, group_size=2),
        nf.FormatError,
        "no axis of",
    ),
    "axis word": (
        lambda: nf.Affine(8, [1.0], channel_axis="x"),
        nf.FormatError,
        "channel_axis='x'",
    ),
    "shape": (lambda: nf.parse("affine<8,1|2,axis=0,group=2,shape=3>"), nf.FormatError, "shape 3"),
    "symmetric": (
        lambda: nf.Affine(8, [1.0, 2.0], [0, 1], channel_axis=0, overflow="saturate_symmetric"),
        nf.RoundingError,
        "no meaning",
    ),
}


@pytest.mark.parametrize(("make", "error", "named"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused(make, error, named):
    """The error says what the array has and what the format needs."""
    with pytest.raises(error, match=named):
        make()


def test_the_command_line_knows_them():
    """show draws the integer; a table needs one scale."""
    runner = CliRunner()
    one, two = "affine:4,0.5,3", "affine:4,0.5|0.25,axis=0"
    assert "0.5 * (q - 3)" in runner.invoke(app, ["show", one]).stdout
    assert "by the place" in runner.invoke(app, ["show", two]).stdout
    assert runner.invoke(app, ["table", one]).exit_code == 0
    refused = runner.invoke(app, ["table", two])
    assert (refused.exit_code, "each of its scales" in refused.stderr) == (2, True)


def test_failures_name_the_place():
    """The first element that is out of range under its own scale."""
    f = nf.Affine(8, [1.0, 0.01], channel_axis=0)
    with pytest.raises(nf.RangeError, match=r"x\[1, 1\] = 5.0"):
        nf.encode([[1.0, 5.0], [1.0, 5.0]], f, overflow="error")


def test_the_core_refuses_arrays_that_do_not_fit():
    """A size that is no multiple, or another number of groups."""
    ffi, lib = _core.ffi, _core.lib
    scales = ffi.new("double[]", [1.0] * 6)
    x, y = ffi.new("double[]", 24), ffi.new("uint8_t[]", 24)

    def status(n, **fields):
        table = ffi.new("nf_affine *", {"scales": scales, "inner": 1, **fields})
        row = {"family": lib.NF_AFFINE, "width": 8, "is_signed": 1, "affine": table}
        format = ffi.new("nf_format *", row)
        return lib.nf_encode(format, ffi.NULL, lib.NF_F64, x, y, n, ffi.NULL)

    channels, by_group = {"count": 6, "extent": 6}, {"count": 6, "extent": 4, "group": 2}
    assert (status(24, **channels), status(12, **by_group)) == (lib.NF_OK, lib.NF_OK)
    assert status(23, **channels) == lib.NF_BAD_ARGUMENT
    assert status(24, **by_group) == lib.NF_BAD_ARGUMENT
    assert status(24, **{**channels, "inner": 1 << 62}) == lib.NF_BAD_ARGUMENT
