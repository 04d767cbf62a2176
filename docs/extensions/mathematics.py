"""Formulas as MathML, with a font for them beside the pages, so that a browser shows them without a network."""

import logging as standard
from base64 import b64decode
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from mdpkit.report.page.formula import mathml
from mdpkit.report.page.mathfont import math_font
from mdpkit.report.page.note import TAG

LOG = logging.getLogger(__name__)
standard.getLogger("fontTools").setLevel(standard.WARNING)


def setup(app):
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(display, None))
    app.connect("build-finished", write_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(writer, node):
    writer.body.append(formula(node))
    raise nodes.SkipNode


def display(writer, node):
    """A formula on a line of its own, with the number that its \\tag gives at the end."""
    number = TAG.search(node.astext())
    numbered = f'<span class="number">({number[1]})</span>' if number else ""
    writer.body.append(f'<div class="equation">{formula(node, display=True)}{numbered}</div>\n')
    raise nodes.SkipNode


def formula(node, display=False) -> str:
    tex = TAG.sub("", node.astext()).strip()
    found = str(mathml(tex, display))
    if not found.startswith("<math"):
        LOG.warning("this formula cannot be shown: %s", tex, location=node)
    return found


def write_font(app, error):
    """One font for every formula of every page."""
    if error is None and app.builder.format == "html":
        out = Path(app.outdir)
        pages = "".join(page.read_text(encoding="utf-8") for page in sorted(out.rglob("*.html")))
        (out / "_static" / "math.woff").write_bytes(b64decode(math_font(pages)))
