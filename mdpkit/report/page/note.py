"""A proof note as HTML: Markdown, with the formulas between dollars as MathML, which browsers read without a network."""

import re
from html import unescape
from xml.etree import ElementTree

from markupsafe import Markup

FORMULA = re.compile(r"(`+[^`]*`+)|\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
TAG = re.compile(r"\\tag\{([^{}]*)\}")
ONE_LETTER = re.compile(r"\\(math[a-z]+)(?![a-z]) ?([A-Za-z0-9])")
BELOW = {"max", "min", "sup", "inf", "lim"}
SPACES = {name: {"lspace": "0.1em", "rspace": "0.17em"} for name in (*BELOW, "log", "exp")}
SPACES |= {bar: {"lspace": "0", "rspace": "0"} for bar in "|‖"}
SIGNS = {"~": "\N{TILDE OPERATOR}", r"\{": "{", r"\}": "}", r"\lvert": "|", r"\rvert": "|", r"\lVert": "‖", r"\rVert": "‖"}
BOLD = {ord("0") + k: chr(0x1D7CE + k) for k in range(10)}
KEPT = set("display width stretchy minsize maxsize fence form lspace rspace linethickness accent columnalign mathvariant".split())


def mathml(tex: str, display=False) -> Markup:
    r"""A TeX formula as MathML. One with a command that is not known is shown as it was written.

    >>> print(mathml(r"\frac1H"))
    <math display="inline"><mrow><mfrac><mn>1</mn><mi>H</mi></mfrac></mrow></math>
    >>> print(mathml(r"\nonsense{<b>}"))
    <code class="tex">\nonsense{&lt;b&gt;}</code>
    """
    from latex2mathml.converter import convert_to_element

    as_written = Markup('<code class="tex">{}</code>').format(tex)
    try:
        tree = convert_to_element(ONE_LETTER.sub(r"\\\1{\2}", tex.strip()), display="block" if display else "inline")
    except Exception:  # the converter raises errors of its own on what it cannot read
        return as_written
    for element in tree.iter():
        # texts are entities already; what they mean is escaped again when it is written
        element.text = element.text and SIGNS.get(unescape(element.text), unescape(element.text))
        if element.get("mathvariant") == "bold" and element.text.isdigit():
            element.text = element.text.translate(BOLD)
        element.attrib = {name: value for name, value in element.attrib.items() if name in KEPT}
        if element.tag == "mo" and element.text in SPACES:
            element.attrib |= SPACES[element.text]
        if display and element.tag == "msub" and element[0].text in BELOW:
            element.tag = "munder"
    text = ElementTree.tostring(tree, encoding="unicode")
    return as_written if "\\" in text else Markup(text)


def note_html(text: str, link=lambda name: None, heading=4) -> Markup:
    """The note below its title.

    Args:
        link: function of a file's name that returns its address on the page or None.
        heading: the level at which "##" stands.
    """
    from markdown_it import MarkdownIt

    formulas = []

    def kept(found):
        if found[1]:
            return found[0]
        formulas.append(_display(found[2]) if found[2] else mathml(found[3]))
        return f"\ue000{len(formulas) - 1}\ue001"

    body = re.sub(r"\A# .*\n", "", text.replace("\ue000", "").replace("\ue001", ""))
    page = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link", "autolink"]).render(FORMULA.sub(kept, body))
    page = re.sub(r"(</?h)([1-6])>", lambda found: f"{found[1]}{min(6, int(found[2]) + heading - 2)}>", page)
    page = re.sub(r"<code>([\w./-]+)</code>", lambda found: _linked(found[1], link), page)
    return Markup(re.sub("\ue000(\\d+)\ue001([.,;:)]*)", lambda found: _unbroken(formulas[int(found[1])], found[2]), page))


def _display(tex):
    """A formula on a line of its own, with its number at the end of the line."""
    number = TAG.search(tex)
    formula = mathml(TAG.sub("", tex), display=True)
    return Markup('<span class="equation">{}{}</span>').format(
        formula, Markup('<span class="number">({})</span>').format(number[1]) if number else ""
    )


def _unbroken(formula, after):
    """A formula and the marks after it, which must not begin a line."""
    return str(Markup('<span class="unbroken">{}{}</span>').format(formula, after) if after else formula)


def _linked(name, link):
    code, address = Markup("<code>{}</code>").format(name), link(name)
    return str(code if address is None else Markup('<a href="{}">{}</a>').format(address, code))
