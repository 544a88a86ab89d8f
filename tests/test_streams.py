"""Streams of random words: states, records, and roundings that take their bits from them."""

import copy
import pickle

import numpy as np
import pytest

import numfmt as nf

CVFPU = 0x80000EA6


def test_a_state_comes_back():
    """Copies, pickles and states go on alike; a state of another generator is refused."""
    stream = nf.Generator(9, kind="philox4x32-10", lanes=2)
    stream.words(5)
    others = [copy.copy(stream), copy.deepcopy(stream), pickle.loads(pickle.dumps(stream))]
    later = nf.Generator(1, kind="philox4x32-10", lanes=2)
    later.state = stream.state
    expected = stream.words(7)
    for other in (*others, later):
        assert np.array_equal(other.words(7), expected)
        assert isinstance(other, nf.Generator)
    for bad in (None, {}, {"kind": "tenstorrent", "lanes": stream.state["lanes"]}):
        with pytest.raises(nf.RandomError, match="is not a state of philox4x32-10 with 2 lanes"):
            later.state = bad
    with pytest.raises(nf.RandomError, match="lane 1 is no state"):
        later.state = {"kind": later.kind, "lanes": [[0, 0, 0, 3], [0, 0, 0, 4]]}
    with pytest.raises(nf.RandomError, match="n=-1"):
        later.words(-1)


def test_recorded_words_are_given_once():
    """Each lane has its own row; nothing is taken where they are not enough."""
    words = np.arange(6, dtype=np.uint32).reshape(2, 3)
    record = nf.Recorded(words)
    assert record.words(2).tolist() == [0, 3]
    assert pickle.loads(pickle.dumps(record)).words(3).tolist() == [1, 4, 2]
    record.jump(1)
    with pytest.raises(nf.RandomError, match="3 more words were asked for"):
        record.words(3)
    assert record.state["lanes"] == [[2, 0, 0, 0], [2, 1, 0, 0]]
    record.jump(2**40)
    assert record.state["lanes"] == [[3, 0, 0, 0], [3, 1, 0, 0]]
    assert nf.Recorded(np.empty(0, np.uint32)).words(0).size == 0
    for bad in (np.arange(3), np.uint32(3), np.empty((0, 3), np.uint32)):
        with pytest.raises(nf.RandomError):
            nf.Recorded(bad)


def test_a_stream_as_key():
    """Element i takes the next word of lane i mod lanes, in every function that takes both."""
    x = np.random.default_rng(1).normal(size=(5, 7))
    mode = "stochastic(bits=12,variant=A)"
    for give in ("key", "random_bits"):
        stream = nf.Rng("galois_lfsr", width=32, mask=CVFPU).stream(77, lanes=4)
        twin = stream.copy()
        words = [twin.words(35).reshape(5, 7) for _ in range(5)]
        wanted = [{"random_bits": w} for w in words]
        how = {give: stream}
        calls = [
            lambda **draws: nf.quantize(x, "fixed<8,3>", mode, **draws),
            lambda **draws: nf.encode(x, "e4m3fn", mode, **draws),
            lambda **draws: nf.encode(x, "mxfp4", mode, **draws).codes,
            lambda **draws: nf.multiply(x, x, "bfloat16", mode, **draws).codes,
            lambda **draws: nf.convert(nf.encode(x, "binary32"), "binary32", "e5m2", mode, **draws),
        ]
        for call, want in zip(calls, wanted, strict=True):
            assert np.array_equal(call(**how), call(**want))
        assert stream.state == twin.state


def test_a_stream_in_a_context():
    """Each call takes the next words."""
    stream = nf.Generator(3, kind="xorshift32")
    words = stream.copy().words(8)
    x = np.full(4, 0.4)
    with nf.context(rounding="stochastic", key=stream):
        got = [nf.quantize(x, "fixed<8,0>"), nf.add(x, 0, "fixed<8,0>").values]
    for i in range(2):
        part = words[4 * i : 4 * i + 4]
        wanted = nf.quantize(x, "fixed<8,0>", "stochastic", random_bits=part)
        assert np.array_equal(got[i], wanted)


def test_refused_calls_take_no_words():
    """A NaN, a value out of range, a missing record."""
    stream = nf.Generator(3, kind="xorshift32")
    before = stream.state
    with pytest.raises(nf.NanError):
        nf.quantize([0.5, np.nan], "fixed<8,0>", "stochastic", key=stream)
    with pytest.raises(nf.RangeError):
        nf.add([0.5, 1e9], 0.25, "fixed<8,0>", "stochastic", "error", key=stream)
    with pytest.raises(nf.RandomError, match="draws no random bits"):
        nf.quantize(0.5, "fixed<8,0>", "up", key=stream)
    with pytest.raises(nf.RandomError, match="both given"):
        nf.quantize(0.5, "fixed<8,0>", "sr", key=nf.Key(1), random_bits=stream)
    with pytest.raises(nf.RandomError, match="this function does not take"):
        nf.flip_bits(np.uint8([1]), "e4m3fn", 0.5, stream)
    assert stream.state == before
    record = nf.Recorded(np.zeros(3, np.uint32))
    with pytest.raises(nf.RandomError, match="4 more words"):
        nf.quantize(np.zeros(4), "fixed<8,0>", "sr", key=record)


def test_words_too_short_are_refused():
    """Words of 12 bits do for 12 bits, not for 13, nor for the exact law's 32."""
    stream = nf.Generator(5, kind="galois_lfsr", width=12, mask=0xD8F)
    nf.quantize(0.3, "fixed<8,0>", "sr_a12", key=stream)
    for mode in ("sr_a13", "stochastic", "stochastic_equal"):
        with pytest.raises(nf.RandomError, match=r"words of 12 bits; .* stochastic\(bits=12\)"):
            nf.quantize(0.3, "fixed<8,0>", mode, key=stream)
    wide = nf.Generator(5, kind="xoroshiro128aox", seed_rule="splitmix")
    word = wide.copy().words(1).astype(np.uint32)
    got = nf.quantize([0.3], "fixed<8,0>", "sr", key=wide)
    assert np.array_equal(got, nf.quantize([0.3], "fixed<8,0>", "sr", random_bits=word))
