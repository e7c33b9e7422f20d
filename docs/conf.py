"""How the site is built: `nox -s docs`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # docs.site, tests.public_api

import motes  # noqa: E402

project = "motes"
author = "The motes developers"
copyright = author
version = release = motes.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docs.site.pages",
    "docs.site.public",
    "docs.site.links",
    "docs.site.mathml",
]
exclude_patterns = ["site"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # pages that stand alone, too, begin where they like

nitpicky = True
nitpick_ignore_regex = [
    ("c:identifier", r"u?int\d+_t|size_t"),
    ("cpp:identifier", r"std.*|motes|motes_\w+|MOTES_\w+|u?int\d+_t|size_t|Real"),
]
names_without_page = {
    *("motes.h", "motes.pc", "motes.numba_support.c"),
    *("motes.kernels", "motes.io", "motes.project.Project", "motes.labelling.Server"),  # not public
}

smartquotes = False  # --options are no dashes
default_role = "literal"  # in docstrings; what is a public name becomes a link
add_module_names = False
autodoc_typehints = "none"  # docstrings have the types, with shapes and units
napoleon_google_docstring = False
napoleon_use_rtype = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"motes {version}"
html_math_renderer = "mathml"
html_static_path = ["site/static"]
html_css_files = ["style.css"]
html_copy_source = False
html_theme_options = {
    "source_repository": "https://github.com/motes-dev/motes/",
    "source_branch": "main",
    "source_directory": "docs/",
}
pygments_style = "friendly"
