"""Sphinx builds these pages: `sphinx-build -nW --keep-going docs OUT`. Neither building nor reading needs a network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

from mdpkit import __version__

project, author, copyright = "mdpkit", "The mdpkit authors", "The mdpkit authors"
release = __version__
language = "en-GB"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "docstrings",
    "mathematics",
    "pages",
]
exclude_patterns = ["extensions", "templates"]

html_theme = "furo"
html_title = "mdpkit"
html_static_path = ["static"]
html_css_files = ["mdpkit.css"]
html_copy_source = False
# summaries are fetched, which browsers refuse for pages that lie in a folder
html_show_search_summary = False
html_show_sphinx = False
html_math_renderer = "mathml"

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 2

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = -1  # no limit: a build must not fail because the machine is loaded
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/latex", 100)]
nb_ipywidgets_js = {}

autosummary_generate = False
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
numpydoc_show_class_members = False
# every public name has a docstring, which begins with a sentence, and names no argument that is none
numpydoc_validation_checks = {"GL08", "SS01", "SS03", "PR02"}
# hypothesis creates the former at import, without a source; docstrings of a named tuple's fields are Python's own
numpydoc_validation_exclude = {r"\bstrategies\.(draws|graphs|tokens)$", r"\btwins\.Convergence\.\w+$"}
# what other packages and typing define
nitpick_ignore_regex = [
    (
        "py:class",
        r"(numpy|np|scipy|flint|fractions|hypothesis|matplotlib|collections|types|os|pathlib|enum|typing|torch|gymnasium"
        r"|stable_baselines3)\..*|Path|SimpleNamespace|Figure",
    ),
    # classes that exist for type checkers alone: the Returns of `solve` say what they are
    ("py:class", "Optimum|Avoidance|Minimiser"),
]
