"""Sphinx settings of the book: ``make book``.

The source folder is the checkout, so that pages lie where a code host shows them, and links
between them are the same in both. Nothing here, and nothing in the pages, is fetched from a
network: scripts are copied from installed packages, and fonts are those of the reader's machine.
"""

import hashlib
import os
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS / "_ext"))


def folders(inside: Path, *but: str) -> list[str]:
    """Folders that hold no page, relative to the checkout; Sphinx then does not walk them.

    Hidden ones, caches that come and go, are excluded below: a list that changed would have Sphinx
    read every page anew.
    """
    found = [path for path in inside.iterdir() if path.is_dir() and path.name not in but]
    return sorted(str(path.relative_to(ROOT)) for path in found if path.name[0] != ".")


def code_digest() -> str:
    """Of the package: figures of a lesson are as old as the code that drew them."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "pkdot").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


project = "PKDOT"
author = "The PKDOT developers"
project_copyright = "The PKDOT developers; Apache-2.0"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
root_doc = "docs/index"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "book",
]
include_patterns = [
    "*.md",
    "docs/*.md",
    "notebooks/lessons/*.md",
    "notebooks/lessons/*.ipynb",
    "reports/README.md",
    "reports/benchmarks/*.md",
]
exclude_patterns = [
    "**/.*",
    *folders(ROOT, "docs", "notebooks", "reports"),
    *folders(DOCS),
    *folders(ROOT / "notebooks", "lessons"),
    *folders(ROOT / "reports", "benchmarks"),
]

# --- text -----------------------------------------------------------------------------------------

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
# Plotly and widgets bring forms of an output that a page has no use for.
suppress_warnings = ["mystnb.unknown_mime_type"]

# --- lessons --------------------------------------------------------------------------------------

nb_custom_formats = {
    ".ipynb": ["lesson_reader.read", {"short": os.environ.get("PKDOT_BOOK_SHORT") == "1"}, False]
}
nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / "executed" / code_digest())
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"
# A widget without a kernel cannot answer; a question then stands there in words.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]

# --- reference ------------------------------------------------------------------------------------

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Policies", "params_style"), ("Class attributes", "params_style")]

# --- pages ----------------------------------------------------------------------------------------

pygments_dark_style = "monokai"
html_theme = "furo"
html_title = "PKDOT"
html_favicon = "../app/icon.svg"
html_static_path = [
    "_static",
    str(files("plotly") / "package_data" / "plotly.min.js"),
    str(files("mathjax") / "static" / "mathjax" / "es5" / "tex-svg-full.js"),
]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sphinx = False
# A page may not fetch another one from a folder, so that titles must do.
html_show_search_summary = False
mathjax_path = "tex-svg-full.js"
