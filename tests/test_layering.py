"""The floors of the house: what may import what.  The files are read, nothing is imported."""

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from every import every

ROOT = Path(__file__).parents[1]
CORE, FORMATS, ARITHMETIC, SAMPLERS, PROGRAMS = range(1, 6)
FLOORS = {
    **dict.fromkeys(("numfmt._core", "numfmt._errors"), CORE),
    **dict.fromkeys(("numfmt", "numfmt._machine", "numfmt._sampling"), ARITHMETIC),
    "numfmt._machine_find": ARITHMETIC,
    **dict.fromkeys(("numfmt._machine_file", "numfmt._toml", "numfmt._schema"), ARITHMETIC),
    **dict.fromkeys(("numfmt._datapath", "numfmt._datapath_checks"), ARITHMETIC),
    **dict.fromkeys(("numfmt._datapath_core", "numfmt._kplan", "numfmt._epilogue"), ARITHMETIC),
    **dict.fromkeys(("numfmt._epilogue_run", "numfmt._matmul"), ARITHMETIC),
    **dict.fromkeys(("numfmt._matmul_operands", "numfmt._machine_units"), ARITHMETIC),
    **dict.fromkeys(
        ("numfmt._machine_random", "numfmt._machine_convert", "numfmt._machine_roles"), ARITHMETIC
    ),
    **dict.fromkeys(
        ("numfmt._machine_c", "numfmt._vectors_matmul", "numfmt._cli_machines"), PROGRAMS
    ),
    **dict.fromkeys(("numfmt._update", "numfmt._walk"), ARITHMETIC),
    **dict.fromkeys(("numfmt._regression", "numfmt.binary32"), ARITHMETIC),
    **dict.fromkeys(("numfmt._code_array", "numfmt._array_operators"), ARITHMETIC),
    **dict.fromkeys(("numfmt._array_make", "numfmt._array_places"), ARITHMETIC),
    **dict.fromkeys(("numfmt._array_protocols", "numfmt._array_functions"), ARITHMETIC),
    **dict.fromkeys(("numfmt._array_print", "numfmt._array_extremes"), ARITHMETIC),
    "numfmt._operations": ARITHMETIC,
    **dict.fromkeys(("numfmt._functions", "numfmt._named"), ARITHMETIC),
    **dict.fromkeys(("numfmt._operands", "numfmt._operate", "numfmt._growth"), ARITHMETIC),
    "numfmt._operation_out": ARITHMETIC,
    **dict.fromkeys(("numfmt._reductions", "numfmt._exact_sums"), ARITHMETIC),
    **dict.fromkeys(("numfmt._quire", "numfmt._quire_terms"), ARITHMETIC),
    **dict.fromkeys(("numfmt.cli", "numfmt.__main__", "numfmt._files"), PROGRAMS),
    **dict.fromkeys(("numfmt._show", "numfmt._plot", "numfmt._print", "numfmt._vectors"), PROGRAMS),
    **dict.fromkeys(("lp_sampler.cli", "lp_sampler.__main__"), PROGRAMS),
    **dict.fromkeys(("lp_sampler._cli_errors", "lp_sampler._cli_runs"), PROGRAMS),
    "lp_sampler._cli_fashion": PROGRAMS,
}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("numfmt", "lp_sampler")
    for path in sorted((ROOT / package).rglob("*.py"))
}
C_FILES = sorted(path for path in (ROOT / "c_src").iterdir() if path.suffix in (".c", ".h", ".inc"))
C_INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def floor(module: str) -> int:
    """The floor a module lives on; numfmt's are formats and lp_sampler's samplers unless listed."""
    if module.startswith("numfmt.torch"):
        return ARITHMETIC
    return FLOORS.get(module, SAMPLERS if module.startswith("lp_sampler") else FORMATS)


def imports(module: str, *, run_at_import: bool = False) -> Iterator[tuple[str, str]]:
    """(module, name) of everything a file imports; name is "" for a plain import."""
    path = MODULES[module]
    parts = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    tree = ast.parse(path.read_text())
    for node in top_level(tree) if run_at_import else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((source, alias.name) for alias in node.names)


def top_level(tree: ast.Module) -> Iterator[ast.AST]:
    """The statements that run when the module is imported."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield from ast.walk(node) if isinstance(node, (ast.If, ast.Try)) else [node]


def ours(module: str, *, run_at_import: bool = False) -> Iterator[str]:
    """The modules of the two packages that a file imports."""
    for source, name in imports(module, run_at_import=run_at_import):
        if f"{source}.{name}" in MODULES:
            yield f"{source}.{name}"
        elif source in MODULES:
            yield source


def outside(module: str) -> set[str]:
    """The packages beyond the standard library and our own that a file imports.

    tomli is the standard library's tomllib, for the Python that has none yet.
    """
    tops = {source.split(".")[0] for source, _ in imports(module)}
    return tops - sys.stdlib_module_names - {"numfmt", "lp_sampler", "tomli", "tomllib"}


@every(MODULES)
def test_no_module_imports_from_a_higher_floor(module):
    """An arrow never points up."""
    higher = {other for other in ours(module) if floor(other) > floor(module)}
    assert not higher


def test_modules_import_each_other_without_cycles():
    """Any module can be imported first."""
    graph = {
        module: set(ours(module, run_at_import=True)) - {module, module.split(".")[0]}
        for module in MODULES
    }
    graphlib.TopologicalSorter(graph).prepare()


@every(MODULES)
def test_only_core_touches_the_compiled_module(module):
    """Floor 2 and up know the C core through `_core.py` alone."""
    compiled = [name for pair in imports(module) for name in pair if name.endswith("_numfmt")]
    if module == "numfmt._core":
        assert compiled
    else:
        assert not any(name in ("numfmt._numfmt", "_cffi_backend", "cffi") for name in compiled)
        assert module.startswith("lp_sampler") or not compiled


@every([name for name in MODULES if name.startswith("lp_sampler")])
def test_the_samplers_reach_numfmt_through_one_module_and_public_names(module):
    """lp_sampler knows numfmt by its public names, in `lp_sampler/_numfmt.py` (of numfmt.torch, in
    `lp_sampler/torch/_numfmt.py`).
    """
    used = [pair for pair in imports(module) if pair[0].split(".")[0] == "numfmt"]
    if module not in ("lp_sampler._numfmt", "lp_sampler.torch._numfmt"):
        assert not used
    for source, name in used:
        private = [part for part in (*source.split("."), name) if re.fullmatch(r"_[^_].*", part)]
        assert not private


@every(MODULES)
def test_the_commands_alone_import_their_packages(module):
    """Only programs import typer and rich, and the libraries need NumPy and cffi alone."""
    allowed = {"numpy"}
    if module.startswith("lp_sampler"):
        allowed |= {"sklearn", "matplotlib", "arviz", "xarray", "rich"}
        allowed |= {"google_crc32c", "distributed", "scipy"}
    if module.startswith(("numfmt.torch", "lp_sampler.torch")):
        allowed |= {"torch"}
    if module == "lp_sampler.experiments.e22_speed":
        allowed |= {"torch", "qtorch"}
    if floor(module) == PROGRAMS:
        allowed |= {"typer", "rich"}
    if module == "numfmt._plot":
        allowed |= {"matplotlib"}
    if module.startswith(("numfmt.torch", "lp_sampler.torch")):
        allowed |= {"torch"}
    assert outside(module) <= allowed


@pytest.mark.parametrize("package", ["numfmt", "lp_sampler"])
def test_importing_a_package_loads_only_numpy_and_cffi(package, tmp_path):
    """Nobody installs or loads more than NumPy and cffi to round an array."""
    program = f"import sys; import numpy; before = set(sys.modules); import {package}\n"
    program += "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout.split()
    ours = {"numfmt", "lp_sampler", "_cffi_backend", "numpy", "tomli"}
    editable = {name for name in loaded if name.startswith("_") and name.endswith("_loader")}
    assert set(loaded) - sys.stdlib_module_names - ours - editable == set()


def c_includes(path: Path) -> tuple[set[str], set[str]]:
    """The files of the core, and the system headers, that a C file includes."""
    found = C_INCLUDE.findall(path.read_text())
    return tuple({name for sign, name in found if sign == kind} for kind in ('"', "<"))


def test_c_files_include_each_other_without_cycles():
    """The core's files stand in an order, and include nothing from outside c_src."""
    graph = {path.name: c_includes(path)[0] for path in C_FILES}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert {name for name in order if not (ROOT / "c_src" / name).is_file()} == set()


@every(C_FILES, lambda path: path.name)
def test_c_files_include_from_below_only(path):
    """Headers know no loops, loops no dispatch; data tables and the public header know nothing."""
    included, system = c_includes(path)
    sources = {name for name in included if name.endswith(".c")}
    loops = {name for name in included if name.endswith(".inc")}
    assert not sources
    if path.name.startswith("numfmt"):
        assert included <= {header.name for header in C_FILES if header.match("numfmt_*.h")}
        assert system <= {"stddef.h", "stdint.h"}
    if path.suffix == ".c" and not path.name.startswith("kernels_"):
        assert not loops


@every(C_FILES, lambda path: path.name)
def test_the_core_is_freestanding(path):
    """The core does not print, exit, read the environment or the locale; one file has threads."""
    own = {"threads.c": {"pthread.h", "signal.h"}, "processor_rounding.h": {"fenv.h"}}
    allowed = {
        "stddef.h",
        "stdint.h",
        "string.h",
        "math.h",
        "stdlib.h",
        "immintrin.h",
        "stdalign.h",
        "stdatomic.h",
    }
    assert c_includes(path)[1] <= allowed | own.get(path.name, set())
    text = COMMENT.sub("", path.read_text())
    assert not re.findall(
        r"\b(\w*printf|puts|exit|abort|getenv|setlocale|fenv|rand|time)\s*\(", text
    )


def file_scope(text: str) -> list[str]:
    """The declarations of a C file outside functions, with the insides of braces left out."""
    text = re.sub(r"^\s*#(?:.*\\\n)*.*$", "", COMMENT.sub("", text), flags=re.MULTILINE)
    while text != (text := re.sub(r"\{[^{}]*\}", "@", text)):
        pass
    return [" ".join(part.split()) for part in re.sub(r"\)\s*@", ");", text).split(";")]


@every(C_FILES, lambda path: path.name)
def test_the_core_keeps_no_state(path):
    """Every variable outside a function is constant, but the pool of sleeping threads."""
    text = path.read_text()
    if path.name == "threads.c":
        text = text.replace("static struct pool pool =", "static const struct pool pool =")
    variables = [part for part in file_scope(text) if part and "(" not in part]
    type_only = re.compile(
        r"(typedef )?(struct|enum|union)\b[\w ]*@?[\w ]*|typedef .*|extern \"C\" @"
    )
    assert [x for x in variables if "const" not in x and not type_only.fullmatch(x)] == []
    assert not re.findall(r"^[ \t]+static (?!.*\bconst\b)[^(\n]*[;=]", text, re.MULTILINE)
