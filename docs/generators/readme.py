"""The README's table of formats: the classes of numfmt, their parameters, and the core's names.

`python docs/generators/readme.py` (`make readme`) writes it anew between its two marks.
"""

import inspect
import re
from pathlib import Path

from tables import code, table

import numfmt as nf
from numfmt import _core

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- formats: begin (make readme) -->", "<!-- formats: end -->"
EXAMPLE = re.compile(r">>> f = (.*)")
CARRIED = ("rounding", "overflow")


def updated(text: str) -> str:
    """The README with a fresh table."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{formats()}\n{END}{rest.split(END)[1]}"


def formats() -> str:
    """One row a class of formats: first those with names, as the core has them in order."""
    names: dict[type, list[str]] = {}
    for name, _, _ in _core.named_formats():
        names.setdefault(type(nf.parse(name)), []).append(name)
    names[nf.Block] = [name for name, _, _, _ in _core.named_blocks()]
    classes = [getattr(nf, name) for name in nf.__all__]
    derived = {c for c in classes if inspect.isclass(c) and issubclass(c, nf.Format)} - {nf.Format}
    families = [*names, *sorted(derived - names.keys(), key=lambda c: c.__name__)]
    rows = [
        (summary(c), code(parameters(c)), code(example(c)), code(*names.get(c, [])))
        for c in families
    ]
    return table(("values", "class", "spelled", "names"), rows)


def summary(family: type) -> str:
    """What the docstring says first."""
    return re.split(r"[:;]|\.\s|\.$", inspect.getdoc(family) or "")[0].replace("\n", " ")


def parameters(family: type) -> str:
    """The constructor, without the modes that every format may carry."""
    signature = inspect.signature(family)
    kept = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in signature.parameters.values()
        if p.name not in CARRIED
    ]
    shown = signature.replace(parameters=kept, return_annotation=inspect.Signature.empty)
    return f"{family.__name__}{shown}"


def example(family: type) -> str:
    """The spelling of the docstring's first format."""
    found = EXAMPLE.search(inspect.getdoc(family) or "")
    assert found, f"{family.__name__}: the docstring has no line {EXAMPLE.pattern}"
    return str(eval(found[1], {**vars(nf), "nf": nf}))


if __name__ == "__main__":
    README.write_text(updated(README.read_text()))
