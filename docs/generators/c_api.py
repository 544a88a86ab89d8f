"""The page of the C interface, made from numfmt.h: each comment, and the declaration below it."""

import re
from pathlib import Path

CORE = Path(__file__).parents[2] / "c_src"
PARTS = (
    *("spelling", "arrays", "arithmetic", "functions", "block", "quire", "matmul"),
    *("requantize", "random", "generators", "samplers", "dpi"),
)
HEADERS = (CORE / "numfmt.h", *(CORE / f"numfmt_{part}.h" for part in PARTS))
SECTION = re.compile(r"/\* --- (?P<title>[^-]+?) -+ \*/")
COMMENT = re.compile(r"/\*(?P<text>.*?)\*/\n?", re.DOTALL)
SPECIAL = re.compile(r"([\\*_<>\[\]#|])")


def write(folder: Path) -> None:
    """Write the page text into the folder."""
    headers = [path.read_text() for path in HEADERS]
    preface = COMMENT.match(headers[0])
    assert preface is not None
    body = "".join(h.split("/* cdef: begin */")[1].split("/* cdef: end */")[0] for h in headers)
    sections = SECTION.split(body)
    pages = [prose(preface["text"])]
    for title, content in zip(sections[1::2], sections[2::2], strict=True):
        pages.append(f"## {title.strip().capitalize()}\n\n{section(content)}")
    (folder / "c_api.md").write_text("\n".join(pages))


def section(content: str) -> str:
    """A section's blocks, which blank lines outside comments and braces separate."""
    parts = []
    for block in blocks(content):
        comment = COMMENT.match(block)
        declaration = block[comment.end() :] if comment else block
        if comment:
            parts.append(prose(comment["text"]))
        if declaration.strip():
            parts.append(f"```c\n{declaration.strip()}\n```\n")
    return "\n".join(parts)


def blocks(content: str) -> list[str]:
    """Split at blank lines, but not within a comment or between braces."""
    found, lines, depth, in_comment = [], [], 0, False
    for line in [*content.splitlines(), ""]:
        depth += line.count("{") - line.count("}")
        in_comment = (in_comment or "/*" in line) and "*/" not in line
        if line.strip() or depth or in_comment:
            lines.append(line)
        elif lines:
            found.append("\n".join(lines) + "\n")
            lines = []
    return found


def prose(comment: str) -> str:
    """A comment as Markdown: indented lines stay as they are, the others become paragraphs."""
    lines = [re.sub(r"^ ?\* ?", "", line).rstrip() for line in comment.strip().splitlines()]
    lines = [line for line in lines if not line.startswith("SPDX")]
    out, verbatim = [], False
    for line in lines:
        indented = line.startswith("  ")
        if indented != verbatim and line:
            out += ["```"] if verbatim else ["", "```text"]
            verbatim = indented
        out.append(line if verbatim else escape(line))
    return "\n".join([*out, "```"] if verbatim else out) + "\n"


def escape(line: str) -> str:
    """Keep Markdown from reading C's signs, except within backquotes."""
    pieces = line.split("`")
    pieces[::2] = [SPECIAL.sub(r"\\\1", piece) for piece in pieces[::2]]
    return "`".join(pieces)
