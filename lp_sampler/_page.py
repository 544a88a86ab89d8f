"""Pieces of one self-contained HTML page: nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import Any

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1060px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; font-size: 13px; }
th { text-align: right; font-weight: 600; border-bottom: 2px solid #bbb; padding: 2px 9px;
  vertical-align: bottom; }
td { text-align: right; border-bottom: 1px solid #eee; padding: 2px 9px; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
td.wrong { color: #b3261e; font-weight: 600; }
.settings td { text-align: left; white-space: normal; }
.settings td:first-child { color: #666; white-space: nowrap; }
.box { border-left: 5px solid #b3261e; background: #fdf0ef; padding: .5em 1em; margin: 1em 0; }
.good { border-color: #2a9d4e; background: #effaf2; }
.note { color: #666; font-size: 13px; }
.wide { overflow-x: auto; }
img { max-width: 100%; }
pre { background: #f6f6f6; padding: .8em; overflow-x: auto; font-size: 12px; }
summary { cursor: pointer; color: #1b6ca8; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """The whole page; the title is text, the parts are HTML."""
    head = f'<meta charset="utf-8"><title>{text(title)}</title><style>{STYLE}</style>'
    mobile = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join([f"<h1>{text(title)}</h1>", *parts])
    top = f'<!doctype html>\n<html lang="en"><head>{mobile}{head}</head>'
    return f"{top}<body>\n{body}\n</body></html>\n"


def text(value: object) -> str:
    """Text that HTML shows as it is."""
    return html.escape(str(value))


def section(heading: str, *parts: str) -> str:
    """A heading and what stands below it."""
    return "\n".join([f"<h2>{text(heading)}</h2>", *parts])


def note(words: str) -> str:
    """A remark in small grey letters."""
    return f'<p class="note">{text(words)}</p>'


def box(texts: Sequence[str], *, good: bool = False) -> str:
    """Texts that must be seen: red, or green where they are good news."""
    lines = "".join(f"<p>{text(one)}</p>" for one in texts)
    return f'<div class="box{" good" if good else ""}">{lines}</div>'


def settings(pairs: Iterable[tuple[str, object]]) -> str:
    """Names with their values."""
    rows = "".join(f"<tr><td>{text(a)}</td><td>{text(b)}</td></tr>" for a, b in pairs)
    return f'<table class="settings">{rows}</table>'


def folded(heading: str, content: str) -> str:
    """Text of fixed width that opens by a click."""
    return f"<details><summary>{text(heading)}</summary><pre>{text(content)}</pre></details>"


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table of texts; a pair (text, False) is one that is wrong, in red."""
    head = "".join(f"<th>{text(one)}</th>" for one in headings)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def _cell(content: Any) -> str:
    if isinstance(content, tuple):
        content, right = content
        return f"<td>{text(content)}</td>" if right else f'<td class="wrong">{text(content)}</td>'
    return f"<td>{text(content)}</td>"


def png(content: bytes, caption: str) -> str:
    """A PNG file inside the page."""
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="{text(caption)}" src="data:image/png;base64,{data}">'


def picture(figure: Any, caption: str) -> str:
    """A figure of matplotlib as SVG inside the page; the same figure gives the same bytes."""
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "lp-sampler"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img alt="{text(caption)}" src="data:image/svg+xml;base64,{data}">'
