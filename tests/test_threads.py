"""How many threads work on an array changes nothing but the time."""

import concurrent.futures
import ctypes
import multiprocessing
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

import numfmt as nf
from numfmt import _core, _threads

COUNTS = (2, 3, 7)
LENGTHS = (2**18, 2**18 + 1, 300_001)
FORMATS = ("fixed<8,3>", "e4m3fn", "posit<16,2>", "binary32")
KEY = nf.Key(5).at(2, first=13)
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def _number_as_before():
    """Every test leaves the number of threads as it was."""
    before = nf.get_num_threads()
    yield
    nf.set_num_threads(before)


def numbers(n):
    """Ordinary float32 numbers, large and small ones."""
    random = np.random.default_rng(n)
    return (random.normal(size=n) * np.exp(random.normal(size=n) * 4)).astype(np.float32)


def held(report):
    """Everything that a report holds, its doubles to the bit."""
    return bytes(_core.ffi.buffer(report._c))


def everything(x, format, report):
    """The bytes that every function of arrays gives, and what it reports."""
    reports = [nf.Report() if report else None for _ in range(5)]
    words = nf.random_bits(KEY, x.shape)
    codes = nf.encode(x, format, report=reports[0])
    results = [
        words,
        codes,
        nf.quantize(x, format, "up", report=reports[1]),
        nf.quantize(x, format, "sr", key=KEY, report=reports[2]),
        nf.encode(x, format, "sr_b8", random_bits=words, report=reports[3]),
        nf.convert(codes, format, "float<3,2>", "sr", key=KEY, report=reports[4]),
        nf.decode(codes, format),
    ]
    return [result.tobytes() for result in results], [held(r) for r in reports if r is not None]


@pytest.mark.parametrize("report", [False, True], ids=["plain", "report"])
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("n", LENGTHS)
def test_any_number_of_threads_gives_the_same_bits(n, format, report):
    """Values, codes, words, counters and sums of doubles do not depend on the number of threads."""
    x = numbers(n)
    nf.set_num_threads(1)
    expected = everything(x, format, report)
    for count in COUNTS:
        nf.set_num_threads(count)
        assert everything(x, format, report) == expected


def test_a_long_report_is_the_sum_of_its_pieces():
    """More pieces than are kept at a time: the counters are those of two calls for the halves."""
    x = np.tile(numbers(2**16), 17)[: 2**20 + 5]
    whole, halves = nf.Report(), nf.Report()
    nf.set_num_threads(3)
    nf.encode(x, "e4m3fn", report=whole)
    nf.encode(x[:999_999], "e4m3fn", report=halves)
    nf.encode(x[999_999:], "e4m3fn", report=halves)
    assert whole.count == x.size
    for name in ("count", "inexact", "overflowed", "underflowed", "saturated", "max_ulp", "flags"):
        assert getattr(whole, name) == getattr(halves, name)
    assert whole.rms_error == pytest.approx(halves.rms_error, rel=1e-12)


@pytest.mark.parametrize("count", [1, *COUNTS])
@pytest.mark.parametrize("first", [0, 1, 65_535, 65_536, 200_000, 300_000])
@pytest.mark.parametrize(
    ("bad", "overflow", "error"),
    [(np.nan, None, nf.NanError), (1e30, "error", nf.RangeError), (np.inf, "wrap", nf.RangeError)],
)
def test_the_first_failure_is_the_one_told(count, first, bad, overflow, error):
    """However many elements fail, in whatever piece: the error names the first, `out` and the
    report stay."""
    x = np.ones(300_001, np.float32)
    x[[first, 300_000]] = bad
    out, report = np.full_like(x, 7), nf.Report()
    nf.set_num_threads(count)
    with pytest.raises(error, match=rf"x\[{first}\]"):
        nf.quantize(x, "fixed<8,3>", overflow=overflow, out=out, report=report)
    assert (out == 7).all()
    assert report.count == 0
    with pytest.raises(error, match=rf"x\[{first}\]"):
        nf.quantize(x, "fixed<8,3>", overflow=overflow, report=report)
    assert report.count == 0


def test_a_call_that_may_spoil_its_output_adds_nothing_to_the_report():
    """Even where pieces were done before the first failure, the report is as it was."""
    x, c, lib = np.ones(2**21, np.float32), _core.ffi, _core.lib
    x[-1] = np.nan
    report, failed_at = c.new("nf_report *"), c.new("uint64_t *")
    options = c.new("nf_options *", {"may_spoil": 1, "threads": 2, "failed_at": failed_at})
    arguments = (lib.NF_F32, c.from_buffer(x), c.from_buffer(np.empty_like(x)), x.size, report)
    status = lib.nf_encode(nf.parse("fixed<8,3>")._descriptor(), options, *arguments)
    assert (status, failed_at[0]) == (lib.NF_FOUND_NAN, x.size - 1)
    assert bytes(c.buffer(report)) == bytes(c.sizeof("nf_report"))


def test_in_place_works_in_pieces():
    """`out` may be the input for any number of threads."""
    x = numbers(300_001)
    expected = nf.quantize(x, "bfloat16", "sr", key=KEY)
    nf.set_num_threads(3)
    nf.quantize(x, "bfloat16", "sr", key=KEY, out=x)
    assert x.tobytes() == expected.tobytes()


def test_many_callers_at_once():
    """Threads of the program that call at the same time share the pool, and each gets its own."""
    nf.set_num_threads(3)
    inputs = [numbers(2**18 + i) for i in range(8)]
    expected = [nf.encode(x, "e4m3fn", "sr", key=KEY).tobytes() for x in inputs]

    def work(turn):
        return nf.encode(inputs[turn % 8], "e4m3fn", "sr", key=KEY).tobytes()

    with concurrent.futures.ThreadPoolExecutor(8) as callers:
        results = list(callers.map(work, range(64)))
    assert results == expected * 8


def in_a_process(count):
    """What a worker process computes."""
    nf.set_num_threads(count)
    return everything(numbers(2**18 + 1), "e4m3fn", True)


@FORKS
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_threads_of_its_own():
    """After the pool has worked in the parent, a child and its child compute, and so does the
    parent."""
    expected = in_a_process(3)
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        with context.Pool(2) as pool:
            assert pool.map(in_a_process, [1, 2, 3, 7], chunksize=1) == [expected] * 4
        assert in_a_process(3) == expected


@FORKS
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_while_others_compute():
    """A child forked in the midst of another thread's call computes: no lock is left behind."""
    nf.set_num_threads(3)
    x, context = numbers(2**20), multiprocessing.get_context("fork")
    expected = in_a_process(3)
    with concurrent.futures.ThreadPoolExecutor(1) as caller:
        for _ in range(5):
            busy = caller.submit(nf.encode, x, "e4m3fn", "sr", key=KEY, report=nf.Report())
            with context.Pool(1) as pool:
                assert pool.apply_async(in_a_process, (3,)).get(60) == expected
            busy.result()


def test_a_spawned_process_computes_the_same():
    """A process that starts afresh has a pool of its own."""
    expected = in_a_process(3)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(in_a_process, (2,)) == expected


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="no list of threads to read")
def test_threads_start_with_the_first_large_array(tmp_path):
    """Neither the import nor a small array starts a thread; two threads are the caller and one."""
    program = """
import os, numpy as np
def threads(): return len(os.listdir("/proc/self/task"))
before = threads()
import numfmt as nf
nf.set_num_threads(2)
nf.quantize(np.ones(1000), "e4m3fn")
small = threads()
nf.quantize(np.ones(2**20), "e4m3fn")
nf.quantize(np.ones(2**20), "e4m3fn")
print(small <= before, threads() - small)
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert (told.stdout.split(), told.stderr) == (["True", "1"], "")


@pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux", reason="knows one machine's modes"
)
@pytest.mark.parametrize("count", [1, 2])
def test_the_modes_of_the_caller_s_processor_play_no_part(count):
    """A caller whose floating-point unit rounds upward gets the same bits."""
    upward, to_nearest, libm = 0x800, 0, ctypes.CDLL("libm.so.6")
    x = numbers(2**18 + 1)
    expected = everything(x, "e4m3fn", True)
    nf.set_num_threads(count)
    assert libm.fesetround(upward) == 0
    try:
        found = everything(x, "e4m3fn", True)
    finally:
        libm.fesetround(to_nearest)
    assert found == expected


@pytest.mark.parametrize("n", [1, 2, 256, np.int64(3)])
def test_the_number_can_be_set(n):
    """What is set is what is told."""
    assert nf.set_num_threads(n) is None
    assert nf.get_num_threads() == n


@pytest.mark.parametrize("n", [0, -1, 257, True, 2.0, "2", None, 10**30, np.bool_(True)])
def test_other_numbers_are_refused(n):
    """An error names the argument and the range; the number stays."""
    before = nf.get_num_threads()
    with pytest.raises(nf.NumfmtError, match=r"n=.* must be an integer from 1 to 256"):
        nf.set_num_threads(n)
    assert nf.get_num_threads() == before


CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, CPUS),
        ({"NUMFMT_NUM_THREADS": "5"}, 5),
        ({"NUMFMT_NUM_THREADS": " 256 ", "OMP_NUM_THREADS": "1"}, 256),
        ({"NUMFMT_NUM_THREADS": ""}, CPUS),
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "1,4"}, 1),
        ({"OMP_NUM_THREADS": "100000"}, CPUS),
        ({"OMP_NUM_THREADS": "all", "OPENBLAS_NUM_THREADS": "0", "MKL_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": str(CPUS), "MKL_NUM_THREADS": "1"}, CPUS),
        ({"OMP_NUM_THREADS": "-1", "NUMEXPR_NUM_THREADS": "1"}, 1),
    ],
)
def test_the_environment_gives_the_default(monkeypatch, settings, expected):
    """Our own variable counts, else the first that others know limits the CPUs; nonsense in theirs
    does not."""
    for name in (_threads.OURS, *_threads.OTHERS):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_threads, "_number", 0)
    assert nf.get_num_threads() == expected
    monkeypatch.setenv("NUMFMT_NUM_THREADS", "9")
    assert nf.get_num_threads() == expected, "read once"


def test_the_workers_of_joblib_share_the_processors(monkeypatch):
    """A worker for each processor leaves one thread to each."""
    joblib = pytest.importorskip("joblib")
    for name in (_threads.OURS, *_threads.OTHERS):
        monkeypatch.delenv(name, raising=False)
    told = joblib.Parallel(n_jobs=max(CPUS, 2))(
        joblib.delayed(nf.get_num_threads)() for _ in range(4)
    )
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    assert told == [1] * 4


@pytest.mark.parametrize("value", ["0", "257", "two", "1.5", "-1", "1,2"])
def test_nonsense_in_our_own_variable_is_an_error(monkeypatch, value):
    """The first call that needs the number names the variable."""
    monkeypatch.setenv("NUMFMT_NUM_THREADS", value)
    monkeypatch.setattr(_threads, "_number", 0)
    with pytest.raises(nf.NumfmtError, match=rf"NUMFMT_NUM_THREADS='{value}' must be an integer"):
        nf.quantize(1.0, "e4m3fn")
