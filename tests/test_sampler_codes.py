"""Draws of block formats as codes of elements and scales: in memory, on disk, from older stores."""

import numpy as np
import pytest
from stored_runs import content, sample

import lp_sampler as lps
import numfmt as nf
from lp_sampler import _codes, _plan
from lp_sampler._codes import Coding

pytestmark = pytest.mark.filterwarnings(
    "ignore::lp_sampler.ShortRunWarning", "ignore::lp_sampler.PrecisionWarning"
)
KEPT_AS_CODES = [
    *(
        "bfp<8,16>",
        "bfp<4,5>",
        "bfp<8,None,axis=all_but(0)>",
        "lp_sgld<8,None,8>",
        "lp_sgld<5,4,4>",
    ),
    *("mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp4", "mxint8", "msfp12"),
    *("block<fixed<12,3>,7>", "block<float<4,3>,7,scale_rule=ceil>", "block<ufixed<4,2>,3>"),
]
KEPT_AS_FLOAT32 = ["nvfp4", "bfp<8,None,axis=None>", "block<posit<8,1>,16>", "bfp<8,16,axis=0>"]
SIZE = 37


def values_of_every_kind(format):
    """Values of the format: wide ranges, zeros, and numbers that clip at either end."""
    random = np.random.default_rng(3)
    for spread in (0, 0, 3, 40):
        values = random.normal(size=(50, SIZE)) * np.exp2(random.integers(-spread, spread + 1))
        values *= np.exp2(random.integers(-spread, spread + 1, size=values.shape))
        values[random.random(values.shape) < 0.2] = 0
        values[::5] = 0
        for rounding in ("nearest_even", "up", "toward_zero"):
            yield nf.quantize(values.astype(np.float32), format, rounding=rounding)


@pytest.mark.parametrize("spelling", KEPT_AS_CODES)
def test_codes_of_blocks_are_their_values(spelling):
    """Elements and scales decode to the values, in the library too, in as few bits as they have."""
    format = nf.parse(spelling)
    coding = Coding(format, SIZE)
    assert coding.dtype == (np.uint16 if format.element.width > 8 else np.uint8)
    for values in values_of_every_kind(format):
        codes = coding.encode(values)
        assert codes.shape == (50, SIZE + coding.blocks)
        assert (coding.decode(codes) == values).all()
        found = nf.BlockCodes(*map(np.ascontiguousarray, np.split(codes, [SIZE], axis=1)))
        assert (nf.decode(found, format, dtype=np.float32) == values).all()


@pytest.mark.parametrize("spelling", KEPT_AS_FLOAT32)
def test_other_blocks_keep_every_bit(spelling):
    """Whose codes do not follow from the values: as float32."""
    coding = Coding(nf.parse(spelling), SIZE)
    values = np.random.default_rng(0).normal(size=(5, SIZE)).astype(np.float32)
    assert (coding.dtype, coding.columns) == (np.uint32, SIZE)
    assert coding.decode(coding.encode(values)).tobytes() == values.tobytes()


@pytest.fixture
def short_chunks(monkeypatch):
    """Chunks of 16 draws."""
    monkeypatch.setattr(_plan, "CHUNK_DRAWS", 16)


SETTINGS = {"target": lps.targets.Gaussian(size=SIZE), "chains": 3, "draws": 40}


@pytest.mark.parametrize("machine", ["bfp8", "lp_sgld<8,5,8>", "mxfp8_e4m3", "nvfp4"])
def test_stored_blocks_are_those_in_memory(tmp_path, short_chunks, machine):
    """Draws, codes and scales, whole and in parts, after a reload and a resume."""
    settings = {
        **SETTINGS,
        "machine": machine,
        "accumulator": "naive" if machine == "nvfp4" else "vc",
    }
    alone = sample(None, **settings)
    sample(tmp_path / "run.zarr", **{**settings, "draws": 23})
    run = lps.resume(tmp_path / "run.zarr", extend=17, progress=False)
    sample(tmp_path / "whole.zarr", **settings)
    assert content(tmp_path / "run.zarr") == content(tmp_path / "whole.zarr")
    for name in ("draws", "codes", "scales"):
        expected, found = getattr(alone, name), getattr(run, name)
        assert np.asarray(found).tobytes() == np.asarray(expected).tobytes()
    assert (alone.scales is None) == (machine == "nvfp4")
    for index in [..., (1, 5, 20), (slice(None), 3, [30, 4, 17]), (..., slice(36, None, -9))]:
        assert run.draws[index].tobytes() == alone.draws[index].tobytes()


def test_a_byte_a_parameter_and_one_a_block_on_disk(tmp_path, short_chunks):
    """What other software reads is the library's codes."""
    run = sample(tmp_path / "run.zarr", machine="bfp8", **SETTINGS)
    for name, columns in (("codes", SIZE), ("scales", 3)):
        chunk = tmp_path / "run.zarr" / name / "c" / "0" / "1" / "0"
        assert chunk.stat().st_size == 3 * 16 * columns + 4
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "run.zarr", mode="r")
    found = nf.BlockCodes(group["codes"][:], group["scales"][:])
    assert nf.decode(found, run.format, dtype=np.float32).tobytes() == run.draws[...].tobytes()
    assert group["scales"].metadata.dimension_names == ("chain", "draw", "block")


def test_older_stores_of_blocks_are_read_and_gone_on_with(tmp_path, monkeypatch):
    """They have float32's bits, 4 bytes a parameter, and no scales; they stay as they are."""
    with monkeypatch.context() as older:
        older.setattr(_codes, "neighbours", lambda format, size: None)
        sample(tmp_path / "old.zarr", machine="bfp8", **{**SETTINGS, "draws": 23})
    expected = sample(None, machine="bfp8", **SETTINGS)
    assert lps.load(tmp_path / "old.zarr").draws[...].tobytes() == expected.draws[:, :23].tobytes()
    run = lps.resume(tmp_path / "old.zarr", extend=17, progress=False)
    assert run.draws[...].tobytes() == expected.draws.tobytes()
    assert run.codes[...].view(np.float32).tobytes() == expected.draws.tobytes()
    assert run.scales is None
    assert not (tmp_path / "old.zarr" / "scales").exists()
