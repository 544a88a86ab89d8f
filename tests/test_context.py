"""Contexts: who decides the modes of a call, and where random bits come from."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import numfmt as nf
from numfmt import _context

X = np.random.default_rng(3).normal(scale=9, size=100)
CARRIED = "fixed<8,3,rounding=up,overflow=wrap>"


def test_the_argument_goes_before_the_format_and_that_before_the_context():
    """Argument, carried mode, context, default: for values, codes and converted codes."""
    with nf.context(rounding="down", overflow="saturate_zero"):
        by_context = nf.encode(X, "fixed<8,3>")
        by_format = nf.encode(X, CARRIED)
        by_argument = nf.encode(X, CARRIED, "to_odd", "saturate")
        values = nf.quantize(X, "fixed<8,3>")
        converted = nf.convert(nf.encode(X, "binary64"), "binary64", "fixed<8,3>")
        half = nf.encode(X, "fixed<8,3,rounding=up>")
    assert np.array_equal(by_context, nf.encode(X, "fixed<8,3>", "down", "saturate_zero"))
    assert np.array_equal(by_format, nf.encode(X, "fixed<8,3>", "up", "wrap"))
    assert np.array_equal(by_argument, nf.encode(X, "fixed<8,3>", "to_odd", "saturate"))
    assert np.array_equal(values, nf.quantize(X, "fixed<8,3>", "down", "saturate_zero"))
    assert np.array_equal(converted, by_context)
    assert np.array_equal(half, nf.encode(X, "fixed<8,3>", "up", "saturate_zero"))
    default = nf.encode(X, "fixed<8,3>", "nearest_even", "saturate")
    assert np.array_equal(nf.encode(X, "fixed<8,3>"), default)


def test_blocks_of_numbers_follow_the_context_too():
    """Elements of a block format; out= on plain arrays, the short way to the core."""
    out = np.empty_like(X)
    with nf.context(rounding="toward_zero"):
        found = nf.quantize(X, "mxfp4")
        nf.quantize(X, "e4m3fn", out=out)
    assert np.array_equal(found, nf.quantize(X, "mxfp4", "toward_zero"))
    assert np.array_equal(out, nf.quantize(X, "e4m3fn", "toward_zero"))


def test_an_inner_context_changes_what_it_names():
    """The rest stays the outer one's; both end with their block, errors or not."""
    with nf.context(rounding="up", growth="same"):
        with nf.context(overflow="wrap"):
            assert _context.growth() == "same"
            assert nf.quantize(20.01, "fixed<8,3>") == nf.quantize(
                20.01, "fixed<8,3>", "up", "wrap"
            )
        with pytest.raises(nf.RangeError), nf.context(overflow="error"):
            nf.quantize(20.01, "fixed<8,3>")
        assert nf.quantize(0.01, "fixed<8,3>") == 0.125
        assert nf.quantize(20.01, "fixed<8,3>") == 15.875
    assert _context.active() is None
    assert _context.growth() == "exact"


def test_a_context_may_be_used_again_and_as_a_decorator():
    """The same object in several blocks, inside itself, and around a function."""
    down = nf.context(rounding="down")

    @down
    def rounded():
        return nf.quantize(0.9, "fixed<8,0>")

    for _ in range(2):
        with down, down:
            assert nf.quantize(0.9, "fixed<8,0>") == 0
    assert rounded() == 0
    assert nf.quantize(0.9, "fixed<8,0>") == 1


def test_each_call_takes_the_next_number_of_the_key():
    """From the key's own on; calls that draw nothing, or bring their own bits, take none."""
    key, words = nf.Key(5, stream=2).fold_in("w").at(10), np.zeros(X.shape, np.uint32)
    with nf.context(rounding="stochastic", key=key):
        first = nf.quantize(X, "fixed<8,3>")
        nf.quantize(X, "fixed<8,3>", "up")
        nf.quantize(X, "fixed<8,3>", key=nf.Key(1))
        nf.quantize(X, "fixed<8,3>", random_bits=words)
        with pytest.raises(nf.NanError):
            nf.quantize([np.nan], "fixed<8,3>")
        second = nf.encode(X, "fixed<8,3>")
        third = nf.quantize(X, "mxfp4")
        with nf.context(rounding="stochastic(bits=8)"):
            fourth = nf.quantize(X, "e5m2")
    assert np.array_equal(first, nf.quantize(X, "fixed<8,3>", "stochastic", key=key))
    assert np.array_equal(second, nf.encode(X, "fixed<8,3>", "stochastic", key=key.at(11)))
    assert np.array_equal(third, nf.quantize(X, "mxfp4", "stochastic", key=key.at(12)))
    assert np.array_equal(fourth, nf.quantize(X, "e5m2", "sr_a8", key=key.at(13)))


def test_a_generator_as_key_counts_on_outside():
    """Its calls inside the block and outside are one sequence."""
    generator = nf.Generator(5)
    with nf.context(key=generator):
        nf.quantize(X, "fixed<8,3>", "stochastic")
        nf.quantize(X, "fixed<8,3,rounding=stochastic>")
    assert generator.state["call"] == 2


def test_a_stochastic_context_without_key_asks_for_one():
    """As a stochastic argument does."""
    with nf.context(rounding="sr"), pytest.raises(nf.RandomError, match="context's key"):
        nf.quantize(X, "fixed<8,3>")


def test_nan_is_for_formats_without_nan():
    """Others keep theirs."""
    with nf.context(nan="zero"):
        assert nf.quantize(np.nan, "fixed<8,3>") == 0
        assert np.isnan(nf.quantize(np.nan, "e4m3fn"))
        assert nf.quantize(np.nan, "fixed<8,3>", nan="max") == 15.875


def test_an_inner_context_refuses_nan_again():
    """``nan="error"`` is what holds outside every context."""
    with nf.context(nan="zero"), nf.context(nan="error"), pytest.raises(nf.NanError):
        nf.quantize(np.nan, "fixed<8,3>")


def test_threads_begin_without_context():
    """And their own is theirs alone."""
    with nf.context(rounding="up"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(nf.quantize, 0.1, "fixed<8,0>").result() == 0
    barrier = threading.Barrier(4)

    def work(mode):
        with nf.context(rounding=mode):
            barrier.wait()
            found = nf.encode(X, "fixed<8,3>")
            barrier.wait()
        return np.array_equal(found, nf.encode(X, "fixed<8,3>", mode))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, ("up", "down", "toward_zero", "nearest_even")))


def test_one_object_serves_threads_at_once():
    """Entering and leaving in another order than other threads do."""
    shared, barrier = nf.context(rounding="up"), threading.Barrier(2)

    def work(first):
        with shared:
            barrier.wait()
            inside = nf.quantize(0.1, "fixed<8,0>")
            if first:
                barrier.wait()
        if not first:
            barrier.wait()
        return inside, nf.quantize(0.1, "fixed<8,0>")

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, (True, False))) == [(1, 0), (1, 0)]


def test_tasks_have_contexts_of_their_own():
    """Asynchronous tasks that take turns inside their blocks."""

    async def work(mode):
        with nf.context(rounding=mode):
            for _ in range(3):
                await asyncio.sleep(0)
                assert np.array_equal(nf.encode(X, "fixed<8,3>"), nf.encode(X, "fixed<8,3>", mode))

    async def all_at_once():
        with nf.context(rounding="to_odd"):
            await asyncio.gather(*(work(mode) for mode in ("up", "down", "toward_zero")))
            assert nf.quantize(0.1, "fixed<8,0>") == 1

    asyncio.run(all_at_once())


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"rounding": "upp"}, nf.RoundingError, "up"),
        ({"overflow": "satrate"}, nf.RoundingError, "saturate"),
        ({"nan": "zeroo"}, nf.RoundingError, "zero"),
        ({"growth": "exat"}, nf.NumfmtError, "exact"),
        ({"key": 3}, nf.RandomError, r"numfmt.Key\(3\)"),
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments, error, says):
    """Each names what was meant."""
    with pytest.raises(error, match=says):
        nf.context(**arguments)


def test_a_mode_without_meaning_is_refused_where_it_is_used():
    """A context is for many formats: one that cannot follow it says so."""
    with nf.context(overflow="infinity"):
        assert nf.quantize(1e9, "e5m2") == np.inf
        with pytest.raises(nf.RoundingError, match="no meaning for fixed<8,3>"):
            nf.quantize(X, "fixed<8,3>")


def test_it_shows_what_it_says():
    """Its repr is what was given."""
    assert repr(nf.context(rounding="rz", growth="same")) == (
        "context(rounding='toward_zero', growth='same')"
    )
