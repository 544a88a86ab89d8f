"""Sphinx's configuration; what is generated from the library is made before the pages are read."""

import sys
from pathlib import Path

import numfmt

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "generators"))

import c_api  # noqa: E402
import mode_plots  # noqa: E402
import tables  # noqa: E402

project = "numfmt"
author = copyright = "the numfmt contributors"
release = version = numfmt.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = f"numfmt {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
exclude_patterns = ["_build", "_generated/*.md", "measured/*.md"]
default_role = "code"
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}

GENERATED = HERE / "_generated"
GENERATED.mkdir(exist_ok=True)
for generator in (tables, mode_plots, c_api):
    generator.write(GENERATED)
