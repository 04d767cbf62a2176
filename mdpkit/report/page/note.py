"""Proof notes as HTML: Markdown with formulas between dollars as MathML."""

import re

from markupsafe import Markup

from .formula import mathml

FORMULA = re.compile(r"(`+[^`]*`+)|\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
SET = re.compile("([(\\[]*)\ue000(\\d+)\ue001([.,;:)\\]]*)")
TAG = re.compile(r"\\tag\{([^{}]*)\}")


def note_html(text: str, link=lambda name: None, heading=4) -> Markup:
    """Convert a note, without its title, to HTML.

    Args:
        link: function from a file's name to its address on the page, or None.
        heading: the level of "##".
    """
    from markdown_it import MarkdownIt

    formulas = []

    def keep(found):
        if found[1]:
            return found[0]
        formulas.append(_display(found[2]) if found[2] else mathml(found[3]))
        return f"\ue000{len(formulas) - 1}\ue001"

    body = re.sub(r"\A# .*\n", "", text.replace("\ue000", "").replace("\ue001", ""))
    page = (
        MarkdownIt("commonmark", {"html": False})
        .enable("table")
        .disable(["image", "link", "autolink"])
        .render(FORMULA.sub(keep, body))
    )
    page = re.sub(r"(</?h)([1-6])>", lambda found: f"{found[1]}{min(6, int(found[2]) + heading - 2)}>", page)
    page = re.sub(r"<code>([\w./-]+)</code>", lambda found: _link(found[1], link), page)
    return Markup(SET.sub(lambda found: _unbroken(found[1], formulas[int(found[2])], found[3]), page))


def _display(tex):
    """A displayed formula, with its number at the end of the line."""
    number = TAG.search(tex)
    formula = mathml(TAG.sub("", tex), display=True)
    return Markup('<span class="equation">{}{}</span>').format(
        formula, Markup('<span class="number">({})</span>').format(number[1]) if number else ""
    )


def _unbroken(before, formula, after):
    """A formula with adjacent brackets and punctuation, without line breaks between them."""
    return str(
        Markup('<span class="unbroken">{}{}{}</span>').format(before, formula, after) if before or after else formula
    )


def _link(name, link):
    code, address = Markup("<code>{}</code>").format(name), link(name)
    return str(code if address is None else Markup('<a href="{}">{}</a>').format(address, code))
