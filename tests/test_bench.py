"""The benchmarks and the proof, on sizes that take no time."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import numfmt as nf
from numfmt import _core

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from bench import affine, cases, peers, rulers  # noqa: E402
from bench.arrays import Arrays  # noqa: E402
from bench.cli import app  # noqa: E402
from bench.compare import compare  # noqa: E402
from bench.journal import Journal  # noqa: E402
from bench.report import markdown, reached  # noqa: E402
from bench.row import COPY, OURS, PHILOX, RULER, Row, Setting, Task, Work, calls  # noqa: E402
from bench.run import Group, Item, grouped, median_ratio, prepare, results  # noqa: E402

SIZE = 1024
ISAS = cases.kernels()
QUICK_PEERS = [name for name in peers.names() if name != "qtorch"]  # which compiles for 20 s
SLICE = ["--patterns", "0x3f7fff00:0x42000100", "--jobs", "1"]
FORMAT = ["--formats", "e4m3fn", "--modes", "nearest_even", "--modes", "stochastic"]


@pytest.fixture
def setting():
    """Where rows are measured."""
    return Setting(SIZE, Arrays(SIZE), _core.available_isas()[0], 1)


@pytest.fixture
def store(tmp_path):
    """A function that runs `exhaustive` on a slice, always with the same journal."""

    def run(*arguments):
        place = ["--store", str(tmp_path)]
        return CliRunner().invoke(app, ["exhaustive", *FORMAT, *SLICE, *place, *arguments])

    return run


def counting(monkeypatch, act=lambda isa, chunk, start, out, calls: None):
    """Let `act` spoil what kernels give; the list of their calls."""
    made, run_kernel = [], cases.run_kernel

    def spoiled(isa, chunk, start, x, out):
        run_kernel(isa, chunk, start, x, out)
        made.append((isa, chunk, start))
        act(isa, chunk, start, out, len(made))

    monkeypatch.setattr(cases, "TILE", 1 << 12)
    monkeypatch.setattr(cases, "run_kernel", spoiled)
    return made


def small_slice(monkeypatch):
    """Slices so short that a proof takes no time."""
    monkeypatch.setattr(cases, "CHUNK", 1 << 13)
    monkeypatch.setattr(sys.modules[__name__], "SLICE", ["--patterns", "0x40fff000:0x41005000"])
    SLICE.extend(["--jobs", "1"])


def test_the_command_measures_writes_and_draws(tmp_path):
    """One command gives a table, a record with the machine's facts, and a picture."""
    record, picture = tmp_path / "run.json", tmp_path / "run.png"
    command = [sys.executable, "-m", "bench", "compare", "--no-peers", "--size", str(SIZE)]
    command += ["--rounds", "2", "--only", "e4m3fn", "--json", record, "--plot", picture]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "nearest_even e4m3fn" in told.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    run = json.loads(record.read_text())
    machine = run["machine"]
    assert machine["instruction_set"] == _core.available_isas()[0]
    assert machine["packages"]["numpy"] == np.__version__
    assert machine["threads"] == 1
    assert machine["cores"] >= 1
    assert machine["numfmt_compiler"] != "unknown"
    assert run["rounds"] == 2
    assert {row["name"] for row in run["rows"]} >= {COPY, PHILOX, "stochastic e4m3fn"}


def test_the_table_of_a_record_names_every_row(tmp_path):
    """`table` prints a record as Markdown."""
    run = compare([SIZE], with_peers=False, rounds=1, isa=None, threads=1, only="posit<8,2>")
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run))
    text = CliRunner().invoke(app, ["table", str(path)]).stdout
    assert text == markdown(run) + "\n"
    assert not [row["name"] for row in run["rows"] if f"| {row['name']} |" not in text]


def test_an_unknown_instruction_set_is_refused():
    """A wrong argument exits with 2 and says what is allowed."""
    result = CliRunner().invoke(app, ["compare", "--isa", "mmx"])
    assert result.exit_code == 2
    assert "scalar" in result.output


def test_a_missing_peer_is_a_row_that_says_so(monkeypatch):
    """Who is not installed is in the table all the same."""
    from bench.peers import softposit

    monkeypatch.setattr(softposit, "MODULE", "no_such_module")
    (row,) = peers.rows_of("softposit")
    item = prepare(row, 1, Arrays(1), "scalar", 1, 1)
    (record,) = results([Group([item], [])], "scalar")
    assert record["library"] == "softposit"
    assert record["missing"] == "not installed"


@pytest.mark.parametrize("name", QUICK_PEERS)
def test_peers_do_what_their_rows_say(name, setting):
    """Each peer's results are numfmt's, on the data that are measured."""
    pytest.importorskip(__import__(f"bench.peers.{name}", fromlist=["MODULE"]).MODULE)
    with np.errstate(all="ignore"):
        items = [
            prepare(row, SIZE, setting.arrays, setting.isa, 1, 1) for row in peers.rows_of(name)
        ]
    assert items
    assert {i.row.name: i.agrees for i in items if i.agrees not in (1.0, None)} == {}


@pytest.mark.parametrize("axis", affine.AXES)
def test_rows_of_channels_have_a_scale_for_each(axis, setting):
    """Values are multiples of the scale of their channel, at most half of it away or at an end."""
    affine.quantizing("nearest_even", axis)(setting).run(1)
    x, y = (affine.lying(a, axis) for a in (setting.arrays.input(), setting.arrays.output()))
    along = (-1, 1) if axis == 0 else (1, -1)
    scale, point = affine.scales().reshape(along), affine.zero_points().reshape(along)
    integers = y / scale + point
    assert np.array_equal(integers, np.round(integers))
    inside = (integers > -128) & (integers < 127)
    assert inside.mean() > 0.5
    assert (np.abs(x - y) <= scale / 2)[inside].all()


@pytest.mark.parametrize("isa", _core.available_isas())
def test_the_copies_copy(isa):
    """A ruler does the work that it is credited with."""
    with _core.forced_isa(isa):
        for threads in (1, 2):
            setting = Setting(SIZE, Arrays(SIZE), isa, threads)
            work = rulers.copy_work(setting, threads)
            work.run(1)
            assert work.elements == SIZE
            assert np.array_equal(setting.arrays.output(), setting.arrays.input())


def test_the_fill_makes_the_words_of_the_key():
    """The Philox ruler makes numfmt's own words."""
    words = np.zeros(rulers.WORDS, np.uint32)
    rulers.filling(words, 3 * len(words), 1)()
    expected = nf.random_bits(nf.Key(1).at(0, first=2 * len(words)), len(words))
    assert np.array_equal(words, expected)


def test_a_row_is_measured_beside_its_peers_and_rulers():
    """A group holds who does the same at one size; a ruler's samples there are its own."""

    def item(library, mode, size=SIZE, ruler=COPY):
        task = Task(mode) if library == RULER else Task("quantize", mode, "e4m3fn")
        return Item(Row(library, task, lambda s: Work(calls(list), 1), ruler), size)

    ruler, other = item(RULER, COPY), item(RULER, COPY, 2 * SIZE)
    ours, peer = item(OURS, "up"), item("gfloat", "up")
    beside = item(OURS, "down", ruler="up e4m3fn")
    groups = grouped([ruler, other, ours, peer, beside, item(OURS, "down", 2 * SIZE)])
    assert [group.items for group in groups[:-1]] == [[ours, peer, beside]]
    (own,) = groups[0].rulers
    assert own.key == ruler.key
    assert own.samples is not ruler.samples
    assert [found.key for found in groups[1].rulers] == [other.key]


def test_ratios_are_taken_within_a_round():
    """A machine that slows down changes no ratio."""

    def item(*samples):
        row = Row("x", Task("y"), lambda setting: Work(calls(list), 1))
        return Item(row, 1, samples=[[sample] for sample in samples])

    assert median_ratio(item(2.0, 20.0, 200.0), item(1.0, 10.0, 100.0)) == 0.5
    assert median_ratio(item(1.0, 1.0), item(4.0, 8.0, 100.0)) == 6.0


@pytest.mark.parametrize(
    ("unit", "record", "expected"),
    [
        ("ratio", {"ratio": 0.95}, True),
        ("ratio", {"ratio": 0.949}, False),
        ("G/s", {"giga_elements_per_second": 0.96}, True),
        ("us", {"seconds_median": 0.9e-6}, True),
        ("us", {"seconds_median": 1.1e-6}, False),
    ],
)
def test_floors_are_judged_in_their_unit(unit, record, expected):
    """A small call has to take less, everything else has to give more."""
    base = {"floor": 0.95, "floors": {"unit": unit}, "missing": None}
    assert reached(base | record) is expected


@pytest.mark.parametrize("mixed", [False, True])
def test_chunks_cover_every_pattern_once(mixed):
    """The pieces follow each other from 0 to 2^32, and no order leaves a pattern out."""
    pieces = cases.chunks(["e4m3fn"], ["up"], 0, cases.PATTERNS, mixed=mixed)
    assert [p.start for p in pieces[1:]] == [p.stop for p in pieces[:-1]]
    assert (pieces[0].start, pieces[-1].stop) == (0, cases.PATTERNS)
    places = np.arange(5000, 6000, dtype=np.uint32)
    back = np.uint32(pow(int(cases.MIXER), -1, cases.PATTERNS)) if mixed else np.uint32(1)
    assert np.array_equal(pieces[0].bits(5000, 1000) * back, places)


def test_a_proof_without_a_difference_says_so(store, tmp_path, monkeypatch):
    """Every kernel is compared, and the record counts what was."""
    small_slice(monkeypatch)
    made = counting(monkeypatch)
    result = store("--json", str(tmp_path / "proof.json"))
    assert result.exit_code == 0, result.output
    assert {isa for isa, _, _ in made} == {cases.REFERENCE, *ISAS}
    rows = json.loads((tmp_path / "proof.json").read_text())["rows"]
    assert [row["mode"] for row in rows] == ["nearest_even", "stochastic"]
    page = CliRunner().invoke(app, ["table", str(tmp_path / "proof.json")]).stdout
    assert "| e4m3fn | 8 | 0 | 0 |" in page
    for row in rows:
        assert row["patterns"] == 0x6000
        assert row["differences"] == dict.fromkeys(sorted(ISAS), 0)


def test_a_planted_difference_is_found(store, monkeypatch):
    """One wrong bit of one result is reported with its pattern, and the exit status is 1."""
    small_slice(monkeypatch)

    def spoil(isa, chunk, start, out, calls):
        if isa == ISAS[0] and chunk.mode == "stochastic" and start <= 0x41000123 < start + len(out):
            out.view(np.uint32)[0x41000123 - start] ^= 1

    counting(monkeypatch, spoil)
    result = store()
    assert result.exit_code == 1
    assert "1 differences" in result.output
    told = " ".join(result.output.split())
    assert f"DIFFERENCE {ISAS[0]} e4m3fn stochastic: pattern 0x41000123" in told
    assert store().exit_code == 1, "the journal forgot the difference"


def test_a_stopped_proof_goes_on_where_it_was(store, monkeypatch):
    """Ctrl-C exits with 130; what was finished is not done again."""
    small_slice(monkeypatch)

    def stop(isa, chunk, start, out, calls):
        if calls == 5 * (1 + len(ISAS)) + 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        made = counting(patch, stop)
        assert store().exit_code == 130
    finished = {chunk for _, chunk, _ in made[:-1]}
    assert len(finished) == 3
    again = counting(monkeypatch)
    assert store().exit_code == 0
    assert not finished & {chunk for _, chunk, _ in again}
    assert len(again) + len(made) - 1 == 2 * 6 * (1 + len(ISAS))


@pytest.mark.parametrize("format", cases.FORMATS)
def test_every_format_of_the_proof_can_fail(format, monkeypatch):
    """A piece of each, in a mixed order, has no difference but one that is planted."""
    chunk = cases.Chunk(format, "nearest_even", 1 << 20, (1 << 20) + 4096, mixed=True)
    assert cases.check(chunk, ISAS) == []

    def spoil(isa, chunk, start, out, calls):
        out.view(np.uint32)[77] ^= isa == ISAS[0]

    counting(monkeypatch, spoil)
    (found,) = cases.check(chunk, ISAS)
    assert (found.isa, found.count) == (ISAS[0], 1)
    assert found.pattern == chunk.bits(chunk.start + 77, 1)[0]


def test_a_journal_of_another_build_is_refused(store, tmp_path, monkeypatch):
    """What was proven of another core is not believed, unless one begins anew."""
    small_slice(monkeypatch)
    (tmp_path / "journal.jsonl").write_text('{"build": "another"}\n')
    result = store()
    assert result.exit_code == 2
    assert "another build" in result.output
    assert store("--fresh").exit_code == 0


def test_a_line_that_was_cut_off_is_done_again(tmp_path):
    """A run that was killed while it wrote leaves a journal that can be read and added to."""
    chunks = cases.chunks(["e4m3fn"], ["up"], 0, 3 * cases.CHUNK)
    journal = Journal(tmp_path, ["avx2"])
    for chunk in chunks[:2]:
        journal.add(chunk, [])
    journal.path.write_text(journal.path.read_text()[:-5])
    again = Journal(tmp_path, ["avx2"])
    assert list(again.done) == chunks[:1]
    again.add(chunks[2], [])
    assert list(Journal(tmp_path, ["avx2"]).done) == [chunks[0], chunks[2]]
    assert not Journal(tmp_path, ["avx2", "avx512"]).done
