"""Number objects of QPyTorch stand wherever a format does, and no import of it is needed."""

import importlib.util

import numpy as np
import pytest
from qtorch_numbers import block_floating_point, fixed_point, floating_point

import numfmt as nf

SPELLINGS = [
    (fixed_point(8, 3), "fixed<8,3>"),
    (fixed_point(8, 3, clamp=False), "fixed<8,3,overflow=unbounded>"),
    (fixed_point(8, 3, symmetric=True), "fixed<8,3,overflow=saturate_symmetric>"),
    (fixed_point(8, 3, clamp=False, symmetric=True), "fixed<8,3,overflow=unbounded>"),
    (block_floating_point(8), "bfp<8,None,axis=None>"),
    (block_floating_point(6, 0), "bfp<6,None,axis=all_but(0)>"),
    (block_floating_point(6, 2), "bfp<6,None,axis=all_but(2)>"),
    (floating_point(5, 2), "float<5,2,special=finite>"),
    (floating_point(8, 7), "bfloat16"),
]


@pytest.mark.parametrize(("number", "spelling"), SPELLINGS, ids=[s for _, s in SPELLINGS])
def test_number_objects_are_formats(number, spelling):
    """Each is the format that its fields describe, in every function that takes one."""
    x = np.random.default_rng(1).normal(size=(3, 4, 5)).astype(np.float32) * 9
    assert str(nf.parse(number)) == spelling
    assert nf.quantize(x, number).tobytes() == nf.quantize(x, spelling).tobytes()
    assert nf.array(x, number, overflow=None if "unbounded" not in spelling else "wrap").format


def test_machines_take_them():
    """As a role's format, and alone: everything stored in it."""
    number = fixed_point(8, 3)
    assert nf.machine("fp32").replace(weight=number).weight == nf.Fixed(8, 3)
    assert nf.machine(number).weight == nf.machine("fixed<8,3>").weight


def test_a_number_that_its_owner_changes_is_read_anew():
    """No call remembers what its fields were."""
    number = fixed_point(8, 3)
    assert nf.quantize(3.3, number) == 3.25
    number.fl = 1
    assert nf.quantize(3.3, number) == 3.5


@pytest.mark.parametrize("dim", range(3))
def test_blocks_keep_the_axis_that_dim_names(dim):
    """One exponent for each of its indices, all other axes share it."""
    x = np.random.default_rng(dim).normal(size=(3, 4, 5)).astype(np.float32)
    x *= 4.0 ** np.arange(x.shape[dim]).reshape([-1 if a == dim else 1 for a in range(3)])
    got = nf.quantize(x, block_floating_point(5, dim))
    for k in range(x.shape[dim]):
        part = np.take(x, k, dim)
        step = 2.0 ** (np.floor(np.log2(np.abs(part).max())) + 2 - 5)
        want = np.clip(np.rint(part / step), -15, 15) * step
        assert np.array_equal(np.take(got, k, dim), want)


def test_arrays_keep_their_blocks_when_axes_move():
    """Transposed, cut and joined arrays hold the same values."""
    x = np.random.default_rng(5).normal(size=(3, 4, 5)) * 2.0 ** np.arange(4)[:, None]
    array = nf.array(x, "bfp<6,None,axis=all_but(1)>")
    assert array.scales.shape == (1, 4, 1)
    for change in (
        lambda a: a.transpose(2, 0, 1),
        lambda a: a[:, 2],
        lambda a: a[:, 1:3],
        lambda a: a[..., None],
    ):
        assert np.array_equal(change(array).values, change(array.values))
    assert str(array[:, 2].format) == "bfp<6,None,axis=None>"
    joined = np.concatenate([array, array], axis=1)
    assert np.array_equal(joined.values, np.concatenate([array.values] * 2, axis=1))
    with pytest.raises(nf.ShapeError, match="axis 0"):
        np.concatenate([array, array], axis=0)


@pytest.mark.parametrize(
    ("spelling", "word"),
    [
        ("bfp<8,16,axis=all_but(0)>", "size=16"),
        ("bfp<8,None,axis=all_but(x)>", "all_but"),
        ("bfp<8,None,axis=all_but(99)>", "-64"),
    ],
)
def test_axes_that_mean_nothing_are_refused(spelling, word):
    """A size beside all_but, no number in it, one out of range."""
    with pytest.raises(nf.FormatError, match=word):
        nf.parse(spelling)


@pytest.mark.parametrize(
    "number", [block_floating_point(1), fixed_point(65, 3), fixed_point(8, 0.5)]
)
def test_numbers_without_a_meaning_are_refused(number):
    """The error names the object."""
    with pytest.raises(nf.FormatError, match=type(number).__name__):
        nf.parse(number)


def test_an_axis_that_the_array_lacks_is_refused():
    """dim=2 of a matrix; of what is no number object the name alone is not enough."""
    with pytest.raises(nf.ShapeError, match=r"all_but\(2\)"):
        nf.quantize(np.zeros((2, 2)), block_floating_point(8, 2))
    with pytest.raises(nf.FormatError):
        nf.parse(type("FixedPoint", (), {"wl": 8, "fl": 3})())


def test_the_package_s_own_objects_are_known():
    """The classes of qtorch, which does not compile anything for them."""
    if importlib.util.find_spec("qtorch") is None:
        pytest.skip("qtorch is not installed")
    spec = importlib.util.spec_from_file_location(
        "qtorch.number", importlib.util.find_spec("qtorch").origin.replace("__init__", "number")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theirs = [
        module.FixedPoint(8, 3, symmetric=True),
        module.BlockFloatingPoint(8, dim=1),
        module.FloatingPoint(4, 3),
    ]
    ours = [fixed_point(8, 3, symmetric=True), block_floating_point(8, 1), floating_point(4, 3)]
    assert [nf.parse(number) for number in theirs] == [nf.parse(number) for number in ours]
