"""Variance-corrected laws on blocks: one scale a block, chosen first; then each element's law."""

from __future__ import annotations

import itertools
from fractions import Fraction

import block_laws
import laws
import numpy as np
import pytest
from grids import nested_of
from test_variance_corrected import words_of

import numfmt as nf
from numfmt import _core
from numfmt._core import ffi, lib

KEY = nf.Key(31)


def floats(element: str, low=-127, high=127) -> block_laws.BlockLaw:
    """The oracle's law of blocks of an element's values."""
    return block_laws.BlockLaw(tuple(nested_of(element).values), low, high)


BFP8, BFP6 = block_laws.bfp(8, low=-127), block_laws.bfp(6, low=-127)
# of each format the oracle's law, and how many rows and columns share a scale
LATTICES = {
    "bfp<8,16>": (BFP8, (1, 16)),
    "bfp<3,4>": (block_laws.bfp(3, low=-127), (1, 4)),
    "mxint8": (BFP8, (1, 32)),
    "lp_sgld<8,5>": (block_laws.bfp(8, symmetric=False), (1, 5)),
    "lp_sgld<4,7,3>": (block_laws.bfp(4, symmetric=False, low=-4, high=3), (1, 7)),
    "bfp<8,None,axis=None>": (BFP8, (9, 37)),
    "bfp<6,5,axis=0>": (BFP6, (5, 1)),
    "bfp<6,(2,3),axis=(0,1)>": (BFP6, (2, 3)),
    "bfp<6,6,scale_format=e4m3fn>": (block_laws.bfp(6, low=-9, high=8), (1, 6)),
}
THREE_BITS = "codebook<-3,-1,0,0.5,2,2.25>"
NESTED = {
    "mxfp8_e4m3": (floats("e4m3fn"), (1, 32)),
    "mxfp8_e5m2<axis=0>": (floats("e5m2"), (32, 1)),
    "mxfp4": (floats("e2m1"), (1, 32)),
    "msfp12": (floats("float<1,2,bias=1,special=finite>"), (1, 16)),
    "block<nf4,8>": (floats("nf4"), (1, 8)),
    "block<binary6p3se,(3,3),axis=(0,1)>": (floats("binary6p3se"), (3, 3)),
    f"block<{THREE_BITS},8,scale_format=exponent<4>>": (floats(THREE_BITS, -8, 7), (1, 8)),
    "block<lns<7,3>,8>": (floats("lns<7,3>"), (1, 8)),
}
SHAPE = (9, 37)


def inputs(seed: int, widest: float) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of many magnitudes: rows of zeros, near powers of two, one-hot."""
    random = np.random.default_rng(seed)
    mean = random.normal(size=SHAPE) * 2.0 ** random.integers(-8, 8, (SHAPE[0], 1))
    mean[1], mean[2], mean[3] = 0, 1, 0
    mean[3, 5], mean[4] = 0.999, np.where(random.random(SHAPE[1]) < 0.5, 0, 2.0**-60)
    variance = (mean**2).max() * 2.0 ** random.uniform(-40, widest, SHAPE)
    variance[1, ::2] = variance[2] = 0
    variance[:2, :16] = 0
    return mean, variance


def blocks_of(tile: tuple[int, int]):
    """The numbers of the elements that share a scale, block by block."""
    numbers = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    starts = (range(0, n, size) for n, size in zip(SHAPE, tile, strict=True))
    for row, column in itertools.product(*starts):
        yield numbers[row : row + tile[0], column : column + tile[1]].ravel()


def draw(grid, mean, variance, gaussian, first, second):
    """One element by the oracle: (value, saturated, infeasible); None is a block of zeros."""
    if grid is None:
        return 0, False, False
    if isinstance(grid, laws.Lattice):
        inside = min(max(mean, float(grid.low)), float(grid.high))
        x = inside + np.sqrt(max(variance - float(grid.own), 0)) * gaussian
        return grid.draw(mean, variance, x, first, second)
    if takes_a_gaussian(grid, mean, variance) and grid.values[0] <= mean <= grid.values[-1]:
        own = float(grid.widest_gap(mean, variance)) ** 2 / 4
        mean, variance = mean + np.sqrt(variance - own) * gaussian, own
    return grid.draw(mean, variance, first, second)


def takes_a_gaussian(grid, mean, variance) -> bool:
    """Does a Gaussian come first?  On even grids one step around the nearest value may do."""
    if isinstance(grid, laws.Lattice):
        return variance > grid.own
    gap = grid.values[1] - grid.values[0]
    if any(b - a != gap for a, b in itertools.pairwise(grid.values)):
        return grid.takes_a_gaussian(mean, variance)
    nearest = abs(Fraction(mean) - round(Fraction(mean) / gap) * gap)
    return variance > gap**2 - nearest**2


def check(name, law, tile, mean, variance, method="paper"):
    """Every value and every counter is what the definition gives for the elements' words."""
    m, v = mean.ravel(), variance.ravel()
    gaussians, words = nf.gaussian(KEY, m.size, draw=2), words_of(KEY, m.size)
    elements = list(zip(m, v, gaussians, *words, strict=True))
    expected = {}
    for members in blocks_of(tile):
        grid = law.of(m[members], v[members])
        expected |= {i: draw(grid, *elements[i]) for i in members}
    values, saturated, infeasible = zip(*(expected[i] for i in range(m.size)), strict=True)
    report = nf.Report()
    got = nf.variance_corrected(mean, variance, name, key=KEY, method=method, report=report)
    wrong = np.flatnonzero(got.ravel() != np.array([float(value) for value in values]))
    assert wrong.size == 0, [(m[i], v[i], got.ravel()[i], values[i]) for i in wrong[:5]]
    counters = report.count, report.saturated, report.infeasible
    assert counters == (m.size, sum(saturated), sum(infeasible))


@pytest.mark.parametrize("name", LATTICES)
@pytest.mark.parametrize("seed", range(3))
def test_integers_draw_what_their_definition_gives(name, seed):
    """Block floating point on any axis, ragged tails and tiles: every outcome and counter."""
    check(name, *LATTICES[name], *inputs(seed, 4))


@pytest.mark.parametrize("name", NESTED)
def test_other_elements_draw_nested_pairs(name):
    """Floats, codebooks and logarithmic numbers: every outcome and counter."""
    check(name, *NESTED[name], *inputs(0, -2))


@pytest.mark.parametrize("name", ["bfp<8,16>", "lp_sgld<8,5>"])
def test_one_shot_is_the_nested_pair_law_of_integers(name):
    """The law of at most three neighbours, under the same scale."""
    law, tile = LATTICES[name]
    nested = block_laws.BlockLaw(law.grid, law.low, law.high, nested_pairs=True)
    check(name, nested, tile, *inputs(1, 0), "one_shot")


@pytest.mark.parametrize("name", ["bfp<8,16>", "mxfp8_e4m3", "mxfp4", "block<nf4,8>"])
def test_reported_laws_are_the_laws(name):
    """variance_corrected_law: the definition's values and, in double, probabilities."""
    law, tile = {**LATTICES, **NESTED}[name]
    mean, variance = inputs(2, -14)
    values, probabilities = nf.variance_corrected_law(mean, variance, name)
    m, v = mean.ravel(), variance.ravel()
    values, probabilities = values.reshape(-1, 4), probabilities.reshape(-1, 4)
    for members in blocks_of(tile):
        grid = law.of(m[members], v[members])
        for i in members:
            if grid is None or takes_a_gaussian(grid, m[i], v[i]):
                continue
            found = {float(x): p for x, p in zip(values[i], probabilities[i], strict=True) if p > 0}
            for value, p in grid.law(m[i], v[i]).items():
                assert abs(found.get(float(value), 0) - float(p)) < 2**-48


def gap_of(mean: float, variance: float) -> float:
    """The gap of the grid that a block with this mean and variance gets: of a small mean's cell."""
    values, p = nf.variance_corrected_law([mean, abs(mean) / 1024], [variance, 0.0], "bfp<8,2>")
    assert (p[1, :2] > 0).all()
    return float(np.ptp(values[1, :2]))


@pytest.mark.parametrize("scale", [1, 2.0**-100, 2.0**90, 2.0**-122])
def test_the_room_is_decided_exactly(scale):
    """Means and variances at the last number that fits, and the next one, far from 1 too."""
    step, room = 2.0**-6, 2 - 3 * 2.0**-6
    for mean, variance in ((room, 0.0), (room - 60 * step, (10 * step) ** 2)):
        m, v = mean * scale, variance * scale * scale
        assert gap_of(m, v) == step * scale
        assert gap_of(np.nextafter(m, np.inf), v) == 2 * step * scale
        assert gap_of(m, np.nextafter(v, np.inf)) == 2 * step * scale
    assert gap_of(-room * scale, 0.0) == step * scale


def test_a_sampler_s_update_names_the_block():
    """sampler_update is of single numbers: its accumulator may not be a block format."""
    formats = {"gradient": "binary32", "accumulator": "bfp<8,16>"}
    zeros = np.zeros(16, np.float32)
    with pytest.raises(nf.FormatError, match="bfp<8,16> is a block format"):
        nf.sampler_update(zeros, zeros, 0.1, 0.1, formats, "vc", key=KEY)


@pytest.mark.parametrize("isa", [isa for isa in _core.available_isas() if isa != "scalar"])
@pytest.mark.parametrize("name", ["bfp<8,16>", "mxfp8_e4m3<axis=0>", "bfp<6,(2,3),axis=(0,1)>"])
def test_instruction_sets_and_pieces_change_nothing(isa, name):
    """Every kernel draws the same, and whole blocks draw apart what they draw together."""
    mean, variance = inputs(3, 4)
    mean = mean.astype(np.float32)
    with _core.forced_isa("scalar"):
        expected = nf.variance_corrected(mean, variance, name, key=KEY)
    with _core.forced_isa(isa):
        got = nf.variance_corrected(mean, variance, name, key=KEY)
        rows = slice(2, 8) if "2,3" in name else slice(0, 9)
        piece = nf.variance_corrected(
            mean[rows], variance[rows], name, key=KEY.at(0, first=rows.start * SHAPE[1])
        )
    assert got.dtype == np.float32
    assert (got == expected).all()
    assert (piece == expected[rows]).all()


@pytest.mark.parametrize(
    "name",
    [*("bfp<8,16>", "lp_sgld<8,5>", "mxint8", "mxfp4", "msfp12", "mxfp8_e5m2"),
     *("mxfp6_e3m2", "mxfp6_e2m3", "mxfp8_e4m3<scale_rule=rceil>")],
)  # fmt: skip
def test_draws_are_stored_without_loss(name):
    """encode chooses a scale from the drawn values: at most that of the law, so nothing is lost."""
    mean, variance = inputs(6, -2)
    drawn = nf.variance_corrected(mean, variance, name, key=KEY)
    assert (nf.decode(nf.encode(drawn, name), name) == drawn).all()


def test_zero_blocks_stay_zero_and_empty_arrays_empty():
    """No variance around 0 is 0; a single number is a block of one."""
    assert not nf.variance_corrected(np.zeros((2, 40)), 0.0, "mxfp4", key=KEY).any()
    assert nf.variance_corrected(np.empty((0, 4)), 0.1, "mxfp4", key=KEY).shape == (0, 4)
    assert isinstance(nf.variance_corrected(0.5, 0.0, "bfp<8,16>", key=KEY), np.float64)
    assert nf.variance_corrected(0.5, 0.0, "bfp<8,16>", key=KEY) == 0.5
    got = nf.variance_corrected(np.zeros((3, 1)), np.full(20, 0.01), "bfp<8,16>", key=KEY)
    assert got.shape == (3, 20)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scales_end_where_the_format_or_the_dtype_does(dtype):
    """The last scale saturates; the first one leaves tiny numbers to stochastic rounding."""
    info, report = np.finfo(dtype), nf.Report()
    large = np.full((1, 16), info.max)
    got = nf.variance_corrected(large, 0.0, "lp_sgld<8,16,32>", key=KEY, report=report)
    assert report.saturated == 16
    assert got.dtype == dtype
    assert ((got > info.max * 0.49) & np.isfinite(got)).all()
    got = nf.variance_corrected(large, 0.0, "lp_sgld<8,16,4>", key=KEY)
    assert (got == 127 / 64 * 2**7).all()
    tiny = np.full((1, 16), info.tiny / 2)
    got = nf.variance_corrected(tiny, 0.0, "lp_sgld<8,16,32>", key=KEY)
    assert set(got.ravel().tolist()) == {0, info.tiny}


@pytest.mark.parametrize(
    ("format", "words"),
    [
        ("nvfp4", "tensor_scale='binary32'"),
        ("block<e2m1,16,scale_format=e4m3fn,scale_rule=absmax>", "scale_rule='absmax'"),
        ("mxfp4<scale_rule=given>", "scale_rule='given'"),
        ("bfp<8,16,compat=qpytorch>", "compat='qpytorch'"),
        ("block<pow2<4>,16>", "no room"),
        ("block<posit<8,1>,16>", "no room"),
        ("bfp<2,16>", "no room"),
        ("block<ternary,16>", "no room"),
    ],
)
@pytest.mark.parametrize("function", [nf.variance_corrected, nf.variance_corrected_law])
def test_blocks_without_such_a_law_are_refused(format, words, function):
    """Scales that no power of two is, or elements without room: an error that says so."""
    options = {"key": KEY} if function is nf.variance_corrected else {}
    with pytest.raises(nf.FormatError, match=words):
        function(np.ones(16), 0.1, format, **options)


@pytest.mark.parametrize(
    ("mean", "variance", "error"),
    [
        ([1.0, np.nan], 0.1, nf.NanError),
        ([1.0, np.inf], 0.1, nf.RangeError),
        ([1.0, 2.0], -0.1, nf.RangeError),
    ],
)
def test_numbers_without_a_law_are_refused(mean, variance, error):
    """NaN, infinities and negative variances name the first element."""
    with pytest.raises(error, match=r"mean\[1\]|variance"):
        nf.variance_corrected(mean, variance, "bfp<8,16>", key=KEY)
    with pytest.raises(nf.DtypeError, match="float64"):
        nf.variance_corrected(np.ones(4, np.float32), 0.1, "block<fixed<32,30>,4>", key=KEY)


def test_the_core_refuses_nonsense():
    """NULLs, shapes without size and types that are none are refused, not followed."""
    block = nf.parse("bfp<8,16>")._c
    shape = ffi.new("nf_block_shape *", (1, 1, 1, 16, 1, 1, 16))
    key, numbers = ffi.new("nf_key *"), ffi.new("double[]", 16)
    exponents = ffi.new("int32_t[]", 1)
    right = [block, shape, 0, 1, key, 0, lib.NF_F64, numbers, numbers, 0, lib.NF_F64, numbers]
    right += [exponents, ffi.NULL, ffi.NULL, 0]
    assert lib.nf_block_variance_corrected(*right) == lib.NF_OK
    flat = ffi.new("nf_block_shape *", (1, 1, 1, 16, 1, 1, 0))
    wrong = [(0, ffi.NULL), (1, ffi.NULL), (1, flat), (2, 9), (4, ffi.NULL), (6, lib.NF_F16)]
    wrong += [(7, ffi.NULL), (8, ffi.NULL), (10, lib.NF_F16), (11, ffi.NULL), (12, ffi.NULL)]
    for place, value in [*wrong, (15, 99)]:
        arguments = [*right[:place], value, *right[place + 1 :]]
        assert lib.nf_block_variance_corrected(*arguments) != lib.NF_OK, place
