"""Copy the declarations between the cdef marks of headers to a file that cffi can read."""

import sys
from pathlib import Path

BEGIN, END = "/* cdef: begin */", "/* cdef: end */"


def extract(header: str) -> str:
    """The declarations between the marks."""
    return header.split(BEGIN, 1)[1].split(END, 1)[0]


if __name__ == "__main__":
    *sources, target = map(Path, sys.argv[1:])
    target.write_text("".join(extract(source.read_text()) for source in sources))
