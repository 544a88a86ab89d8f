"""Random bits: a value of (key, call, element), the same however they are asked for."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import oracle_random
import pytest

import numfmt as nf
from numfmt import _core

isas = pytest.mark.parametrize("isa", _core.available_isas())


@isas
@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 63, 64, 65, 1000])
@pytest.mark.parametrize("first", [0, 1, 17, 63, 64, 2**32 + 5, 2**40 - 3])
def test_words_are_those_of_the_definition(isa, n, first):
    """Element i takes word (i >> 4) & 3 of block (i >> 6) * 16 + (i & 15), first= any."""
    key = nf.Key(0xFEDCBA9876543210).at(2**40 + 7, first=first)
    with _core.forced_isa(isa):
        words = nf.random_bits(key, n)
    assert words.dtype == np.uint32
    expected = oracle_random.words(0xFEDCBA9876543210, 2**40 + 7, n, first=first)
    assert np.array_equal(words, expected)


@isas
def test_further_draws_are_further_call_numbers(isa):
    """Draw d sits in the top 16 bits of the call field."""
    with _core.forced_isa(isa):
        words = nf.random_bits(nf.Key(3).at(9), 100, draw=65535)
    assert np.array_equal(words, oracle_random.words(3, 9, 100, draw=65535))


def test_shape_is_filled_in_c_order():
    """An array's elements are numbered as they follow each other in C order."""
    key = nf.Key(1)
    assert np.array_equal(nf.random_bits(key, (3, 5)).ravel(), nf.random_bits(key, 15))
    assert nf.random_bits(key, ()).shape == ()


@pytest.mark.parametrize(
    ("seed", "stream", "folded"),
    [
        (0, 0, ()),
        (2**64 - 1, 0, ()),
        (5, 1, ()),
        (5, 0, ("weights", 3)),
        (5, 2**64 - 1, ("Gewichte ß", -1, 2**70, 127, 128, -128, -129)),
    ],
)
def test_a_key_is_hashed_as_defined(seed, stream, folded):
    """The Philox key is the seed, or BLAKE2b over the canonical bytes of all that was folded in."""
    key = nf.Key(seed, stream)
    if folded:
        key = key.fold_in(*folded)
    assert key.philox == oracle_random.philox_key(seed, stream, folded)
    words = oracle_random.words(key.philox, 0, 20)
    assert np.array_equal(nf.random_bits(key, 20), words)


def test_folding_in_steps_is_folding_at_once():
    """fold_in keeps the call and the first element, and adds up."""
    key = nf.Key(1).at(4, first=9)
    assert key.fold_in("a").fold_in(2) == key.fold_in("a", 2)
    assert (key.fold_in("a").call, key.fold_in("a").first) == (4, 9)
    assert key.fold_in("a", "b").philox != key.fold_in("ab").philox
    assert key.fold_in(1).philox != key.fold_in("1").philox


def test_keys_are_values():
    """Equal keys are equal, hash alike, survive pickling, and cannot be changed."""
    key = nf.Key(1, 2).fold_in("x").at(3, first=4)
    assert pickle.loads(pickle.dumps(key)) == key
    assert hash(nf.Key(7)) == hash(nf.Key(7))
    with pytest.raises(AttributeError):
        key.seed = 2


@pytest.mark.parametrize("rounding", ["sr", "sr_eq", "sr_b8"])
@pytest.mark.parametrize("format", ["fixed<8,3>", "e4m3fn", "posit<8,1>", "posit<32,2>"])
def test_pieces_get_the_bits_of_the_whole(rounding, format):
    """However an array is split, with first= the piece's place no bit changes."""
    x = np.random.default_rng(2).normal(size=1000)
    key = nf.Key(8).at(3)
    whole = nf.quantize(x, format, rounding, key=key)
    for cuts in ([0, 1000], [0, 1, 17, 63, 64, 65, 500, 1000], [0, 333, 334, 999, 1000]):
        pieces = [
            nf.quantize(x[a:b], format, rounding, key=key.at(3, first=a)) for a, b in pairwise(cuts)
        ]
        assert np.array_equal(np.concatenate(pieces), whole)


def test_elements_are_numbered_in_c_order_whatever_the_strides():
    """Transposed, reversed and strided views give what their copies give."""
    x = np.random.default_rng(2).normal(size=(20, 30))
    for view in (x.T, x[::-1, ::2], np.asfortranarray(x), x[:, ::-3]):
        key = nf.Key(8).at(3)
        copy = np.ascontiguousarray(view)
        assert np.array_equal(
            nf.quantize(view, "fixed<8,3>", "sr", key=key),
            nf.quantize(copy, "fixed<8,3>", "sr", key=key),
        )


def test_calls_from_several_threads_give_the_same_bits():
    """Concurrent calls share nothing."""
    x = np.random.default_rng(4).normal(size=20_000)

    def work(call):
        return nf.encode(x, "posit<16,2>", "sr", key=nf.Key(6).at(call))

    expected = [work(call) for call in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for got, wanted in zip(pool.map(work, range(8)), expected, strict=True):
            assert np.array_equal(got, wanted)


def test_a_generator_hands_out_consecutive_calls():
    """Each use is the next call of Key(seed); the state can be saved and put back."""
    generator = nf.Generator(5)
    x = np.full(50, 0.3)
    first = nf.quantize(x, "fixed<8,0>", "sr", key=generator)
    state = generator.state
    second = nf.quantize(x, "fixed<8,0>", "sr", key=generator)
    assert np.array_equal(first, nf.quantize(x, "fixed<8,0>", "sr", key=nf.Key(5).at(0)))
    assert np.array_equal(second, nf.quantize(x, "fixed<8,0>", "sr", key=nf.Key(5).at(1)))
    other = nf.Generator(0)
    other.state = state
    assert np.array_equal(second, nf.quantize(x, "fixed<8,0>", "sr", key=other))


def test_a_refused_call_takes_no_call_number():
    """A wrong argument leaves the generator where it was."""
    generator = nf.Generator(5)
    with pytest.raises(nf.ShapeError):
        nf.quantize(np.zeros(3), "fixed<8,0>", "sr", key=generator, out=np.zeros(4))
    assert generator.state == nf.Generator(5).state


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "1", None, True])
def test_seeds_out_of_range_are_refused(seed):
    """A seed is an integer from 0 to 2**64 - 1."""
    with pytest.raises(nf.RandomError, match="seed"):
        nf.Key(seed)


@pytest.mark.parametrize("arguments", [(-1,), (2**48,), (0, -1), (0, 2**64), (0.5,)])
def test_calls_and_elements_out_of_range_are_refused(arguments):
    """Call numbers are below 2**48, element numbers below 2**64."""
    with pytest.raises(nf.RandomError):
        nf.Key(1).at(*arguments)


@pytest.mark.parametrize("key", [0, 7, np.int64(7), "7", None, 1.0])
def test_an_int_is_not_a_key(key):
    """What would reuse the same bits in a loop is an error that says what to write."""
    with pytest.raises(nf.RandomError, match="key"):
        nf.random_bits(key, 3)


def test_unknown_generators_are_refused():
    """The kinds that exist are named."""
    with pytest.raises(nf.RandomError, match="philox4x32-10"):
        nf.Generator(1, kind="philox4x32")
    with pytest.raises(nf.RandomError, match="width"):
        nf.Generator(1, width=3)
