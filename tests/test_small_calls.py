"""What a call keeps for the next one: only what both may share."""

import copy
import dataclasses
import itertools
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import numfmt as nf
from numfmt import _call, _core, _direct, _quantize, _random, _report

X = np.random.default_rng(5).normal(scale=3, size=257).astype(np.float32)
WORDS = np.random.default_rng(6).integers(0, 2**32, X.size, dtype=np.uint32)
FORMATS = ("e4m3fn", "fixed<8,3>", nf.Fixed(8, 3, rounding="up"), nf.Posit(8, 1))
WAYS = (
    {},
    {"rounding": "toward_zero"},
    {"overflow": "saturate"},
    {"rounding": "stochastic", "key": nf.Key(1).at(5)},
    {"rounding": "stochastic", "key": nf.Key(1).at(6, first=3)},
    {"rounding": "stochastic", "key": nf.Key(2).fold_in("a").at(5)},
    {"rounding": "stochastic", "random_bits": WORDS},
    {"rounding": "sr_a8", "key": nf.Key(1).at(5)},
    {"dtype": np.float64},
    {"dtype": np.float32, "rounding": "to_odd"},
)
CALLS = list(itertools.product(FORMATS, WAYS))


def results(calls, *, forget: bool):
    """The bytes of each call's values and codes; `forget`: as if each call were the first."""
    found = []
    for format, way in calls:
        if forget:
            _call._known_plan.cache_clear()
        values = nf.quantize(X, format, **way)
        codes = nf.encode(X, format, **{name: way[name] for name in way if name != "dtype"})
        found.append((values.dtype, values.tobytes(), codes.tobytes()))
    return found


def test_nothing_of_a_call_leaks_into_another():
    """In any order, each call gives what it gives as the first one."""
    alone = results(CALLS, forget=True)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(CALLS))
        assert results([CALLS[i] for i in order], forget=False) == [alone[i] for i in order]


def test_calls_of_several_threads_share_no_options():
    """Calls at once, of the same formats with other modes and keys, give what each gives alone."""
    alone = results(CALLS, forget=True)
    start = threading.Barrier(8)

    def work(shift):
        start.wait()
        order = [(i + shift) % len(CALLS) for i in range(len(CALLS))] * 5
        return results([CALLS[i] for i in order], forget=False) == [alone[i] for i in order]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(0, 40, 5)))


@pytest.fixture
def seen(monkeypatch):
    """The options that the core is given by each call of quantize."""
    seen, real = [], _quantize._nf_quantize
    names = ("isa", "threads", "may_spoil", "first")

    def spy(descriptor, options, *rest):
        fields = {name: getattr(options, name) for name in names}
        seen.append({**fields, "has_key": options.key != _core.ffi.NULL})
        return real(descriptor, options, *rest)

    for module in (_quantize, _direct):
        monkeypatch.setattr(module, "_nf_quantize", spy)
    return seen


def test_each_call_asks_for_the_instruction_set_of_its_context(seen):
    """`forced_isa` holds inside its block and thread, whatever the same call was given before."""
    with ThreadPoolExecutor(1) as pool:
        for isa in _core.available_isas():
            nf.quantize(X, "e4m3fn")
            with _core.forced_isa(isa):
                nf.quantize(X, "e4m3fn")
                pool.submit(nf.quantize, X, "e4m3fn").result()
            nf.quantize(X, "e4m3fn", "sr", key=nf.Key(1))
            first, forced, elsewhere, after = (options["isa"] for options in seen)
            assert _core.text(_core.lib.nf_isa_at(forced - 1)) == isa
            assert first == elsewhere == after == 0
            seen.clear()


def test_each_call_brings_the_number_of_threads(seen):
    """A change of `set_num_threads` holds from the next call on."""
    before = nf.get_num_threads()
    try:
        for n in (1, 2, 1, 3):
            nf.set_num_threads(n)
            nf.quantize(X, "e4m3fn")
            nf.quantize(X, "e4m3fn", "sr", key=nf.Key(1))
    finally:
        nf.set_num_threads(before)
    assert [options["threads"] for options in seen] == [1, 1, 2, 2, 1, 1, 3, 3]


def test_only_fresh_memory_may_be_spoiled(seen):
    """The core may leave anything in an array that nobody else has seen, never in `out`."""
    out, wide = np.empty_like(X), np.empty(2 * X.size, np.float32)
    nf.quantize(X, "fixed<8,3>")
    nf.quantize(X, "fixed<8,3>", out=out)
    nf.quantize(out, "fixed<8,3>", out=out)
    nf.quantize(X, "fixed<8,3>", out=wide[::2])
    nf.quantize(X, "fixed<8,3>", "sr", key=nf.Key(1), out=out)
    assert [options["may_spoil"] for options in seen] == [1, 0, 0, 1, 0]


def test_a_key_is_of_one_call(seen):
    """Calls without a key get none, nor another's first element."""
    nf.quantize(X, "e4m3fn", "sr", key=nf.Key(1).at(0, first=7))
    nf.quantize(X, "e4m3fn", "sr", random_bits=WORDS)
    nf.quantize(X, "e4m3fn")
    assert [(options["has_key"], options["first"]) for options in seen] == [
        (True, 7),
        (False, 0),
        (False, 0),
    ]


@pytest.mark.parametrize("way", [WAYS[i] for i in (0, 1, 3, 6)], ids=str)
@pytest.mark.parametrize("where", ["fresh", "out", "in place", "strided"])
def test_a_failing_call_names_its_element_and_writes_nothing(way, where):
    """The first element in C order; the next call with the same options is right."""
    x = X.copy()
    x[[100, 200]] = np.nan
    outs = {"fresh": None, "out": np.ones_like(X), "in place": x}
    out = outs[where] if where in outs else np.ones(2 * X.size, np.float32)[::2]
    before = None if out is None else out.tobytes()
    with pytest.raises(nf.NanError, match=r"x\[100\] = nan, and fixed<8,3> has no NaN"):
        nf.quantize(x, "fixed<8,3>", **way, out=out)
    with pytest.raises(nf.RangeError, match=r"x\[\d+\] = .* under overflow='error'"):
        nf.quantize(X, "fixed<4,3>", **way, overflow="error", out=None if where == "fresh" else out)
    assert out is None or out.tobytes() == before
    good = nf.quantize(X, "fixed<8,3>", **way)
    _call._known_plan.cache_clear()
    assert np.array_equal(nf.quantize(X, "fixed<8,3>", **way), good)


def spelled_out():
    """Pairs of a call that goes the short way to the core, and one that gives the same without."""
    codes, out = nf.encode(X, "e4m3fn"), np.empty_like(X)
    small = np.empty(X.size, np.uint8)
    strided, strided_codes = np.empty(2 * X.size, np.float32)[::2], np.empty(2 * X.size, "u1")[::2]
    return {
        "quantize": (
            lambda: nf.quantize(X, "e4m3fn", "up", out=out),
            lambda: nf.quantize(X, "e4m3fn", "up", out=strided),
        ),
        "encode": (
            lambda: nf.encode(X, "fixed<8,3>", out=small),
            lambda: nf.encode(X, "fixed<8,3>", out=strided_codes),
        ),
        "decode": (
            lambda: nf.decode(codes, "e4m3fn", dtype="f4", out=out),
            lambda: nf.decode(codes, "e4m3fn", dtype="f4", out=strided),
        ),
    }


@pytest.mark.parametrize("name", spelled_out())
def test_the_short_way_gives_what_the_general_way_gives(name, monkeypatch):
    """A call on plain arrays goes straight to the core: same result, in `out` itself."""
    short, general = spelled_out()[name]
    expected = general()
    monkeypatch.setattr(_quantize, "Output", None)  # the general way's
    assert np.array_equal(short(), expected)


def test_the_short_way_counts_in_reports():
    """Plain arrays with `out`: a report around the call sees every element."""
    with nf.Report() as report:
        nf.quantize(X, "e4m3fn", out=np.empty_like(X))
        nf.encode(X, "e4m3fn", out=np.empty(X.size, np.uint8))
    assert report.count == 2 * X.size


@pytest.mark.parametrize("shift", [-3, -1, 1, 3])
def test_plain_arrays_that_overlap_are_refused(shift):
    """Values and codes beside their input in one piece of memory: named, and nothing is written."""
    memory = np.arange(64, dtype=np.uint8)
    x, out = memory[16:48].view(np.float32), memory[16 + 4 * shift :][:32].view(np.float32)
    for call in (
        lambda: nf.quantize(x, "e4m3fn", out=out),
        lambda: nf.encode(x, "e4m3fn", out=out.view(np.uint8)[8:16]),
        lambda: nf.decode(memory[16:24], "e4m3fn", dtype="f4", out=x),
    ):
        with pytest.raises(nf.ShapeError, match="overlaps"):
            call()
    assert np.array_equal(memory, np.arange(64))


def refused_calls():
    """Calls that raise: a wrong argument of each kind, and numbers that cannot be rounded."""
    bad = np.array([1.0, np.nan])
    return {
        "report": lambda key: nf.quantize(bad[:1], "fixed<8,3>", "sr", key=key, report=3),
        "dtype": lambda key: nf.quantize(bad[:1], "fixed<8,3>", "sr", key=key, dtype="i4"),
        "out": lambda key: nf.encode(bad[:1], "fixed<8,3>", "sr", key=key, out=bad),
        "out of fractions": lambda key: nf.quantize(
            bad[:1], "fixed<8,3>", "sr", key=key, dtype=object, out=bad
        ),
        "rounding": lambda key: nf.convert([1], "e5m2", "fixed<8,3>", "up", key=key),
        "not finite": lambda key: nf.quantize(bad, "fixed<8,3>", "sr", key=key),
        "codes": lambda key: nf.convert([0x7F], "e4m3fn", "fixed<8,3>", "sr", key=key),
        "range": lambda key: nf.encode([99], "fixed<8,3>", "sr", "error", key=key),
    }


@pytest.mark.parametrize("name", refused_calls())
def test_a_call_that_raises_takes_no_call_number(name):
    """A generator stays where it was; the next call that succeeds advances it once."""
    generator = nf.Generator(5)
    generator.next_key()
    before = generator.state
    with pytest.raises(nf.NumfmtError):
        refused_calls()[name](generator)
    assert generator.state == before
    nf.quantize(X, "fixed<8,3>", "sr", key=generator)
    assert generator.state == {**before, "call": before["call"] + 1}


def test_a_failed_call_gives_no_number_back_that_another_has_passed():
    """Numbers are never handed out twice, even where a call fails after a later one began."""
    generator = nf.Generator(5)
    failed, later = generator.next_key(), generator.next_key()
    _random.give_back(generator, failed)
    assert generator.next_key() == later.at(2)


@pytest.fixture
def often():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("often")
def test_threads_that_share_a_generator_get_different_calls():
    """Each of many calls at once has a number of its own, without gaps."""
    generator = nf.Generator(5)

    def take(_):
        return [generator.next_key().call for _ in range(2000)]

    with ThreadPoolExecutor(8) as pool:
        calls = sorted(itertools.chain(*pool.map(take, range(8))))
    assert calls == list(range(16_000))


def test_a_report_counts_the_calls_of_its_block_alone():
    """Reports around a call and its own count it once; a failing call and later ones do not."""
    own = nf.Report()
    nf.quantize(X, "fixed<8,3>")
    with nf.Report() as outer:
        nf.quantize(X, "fixed<8,3>")
        with nf.Report() as inner:
            nf.quantize(X, "fixed<8,3>", report=own)
            nf.quantize(X, "fixed<8,3>", report=inner)
            with pytest.raises(nf.NanError):
                nf.quantize([np.nan] * 3, "fixed<8,3>", report=own)
    nf.quantize(X, "fixed<8,3>")
    counts = [report.count for report in (outer, inner, own)]
    assert counts == [3 * X.size, 2 * X.size, X.size]


@pytest.mark.usefixtures("often")
def test_threads_that_share_a_report_lose_no_count():
    """Every element of every call is counted once."""
    report, part = nf.Report(), nf.Report()
    nf.quantize(X, "e4m3fn", report=part)

    def work(_):
        for _ in range(20_000):
            _report.add((report,), part._c)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert report.count == 80_000 * X.size


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda f: f.replace(), str])
@pytest.mark.parametrize("format", [nf.Fixed(8, 3, overflow="wrap"), nf.Float(4, 3), nf.Posit(9)])
def test_copies_of_a_format_are_the_format(format, duplicate):
    """After use too: they are equal, hash alike and round alike."""
    expected = nf.encode(X, format)
    other = nf.parse(duplicate(format))
    assert other == format
    assert hash(other) == hash(format)
    assert np.array_equal(nf.encode(X, other), expected)


def test_a_pickled_format_is_its_fields():
    """What is kept beside the fields holds in one process only, and does not travel."""
    format = nf.Float(4, 3, special="fn", rounding="up")
    nf.quantize(X, format)
    other = pickle.loads(pickle.dumps(format))
    assert set(vars(other)) == {field.name for field in dataclasses.fields(format)}
    assert other == format
    assert {format: 1}[other] == 1


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((["e4m3fn"],), nf.FormatError, r"format=\['e4m3fn'\]"),
        (("e4m3fn", ["up"]), nf.RoundingError, r"rounding=\['up'\]"),
        (("e4m3fn", None, {"saturate"}), nf.RoundingError, r"overflow=\{'saturate'\}"),
    ],
)
def test_arguments_that_cannot_be_looked_up_are_refused(arguments, error, says):
    """A list or a set in a spelling's place is named like any other wrong argument."""
    for _ in range(2):
        with pytest.raises(error, match=says):
            nf.quantize(X, *arguments)


def test_a_refused_dtype_is_refused_again():
    """What a dtype cannot hold stays an error; what it can is not affected."""
    for _ in range(2):
        for dtype in (np.float16, "float16", [("a", "f4")]):
            with pytest.raises(nf.DtypeError):
                nf.quantize(X, "bfloat16", dtype=dtype)
            with pytest.raises(nf.DtypeError):
                nf.decode(np.zeros(2, np.uint16), "bfloat16", dtype=dtype)
        assert nf.quantize(X, "bfloat16").dtype == np.float32
        assert nf.decode(np.zeros(2, np.uint16), "bfloat16").dtype == np.float64
