"""TeX formulas as MathML with TeX's spacing, readable without a network."""

import re
from html import unescape
from itertools import pairwise
from xml.etree import ElementTree

from markupsafe import Markup

# ruff: noqa: RUF001 -- signs that look like others are what this file is about
ONE_LETTER = re.compile(r"\\(math[a-z]+)(?![a-z]) ?([A-Za-z0-9])")
SIGNS = {
    "~": "\N{TILDE OPERATOR}",
    "*": "\N{ASTERISK OPERATOR}",
    r"\{": "{",
    r"\}": "}",
    r"\lvert": "|",
    r"\rvert": "|",
}
SIGNS |= {r"\lVert": "‖", r"\rVert": "‖"}
BOLD = {ord("0") + k: chr(0x1D7CE + k) for k in range(10)}
KEPT = set(
    "display width stretchy minsize maxsize fence form lspace rspace linethickness accent columnalign mathvariant".split()
)
KEPT |= {"displaystyle", "scriptlevel"}

BELOW = {"max", "min", "sup", "inf", "lim"}
SCRIPTED = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
OPENING, CLOSING, SUMS, SIGNED, PLAIN = "([{⟨⌈⌊", ")]}⟩⌉⌋", "∑∏∫⋃⋂", "−+±∓", "…⋯|‖!"
ACCENTS = {"^": "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}", "\N{TILDE OPERATOR}": "\N{SMALL TILDE}", "¯": "¯"}
BARS, THIN = "|‖", "0.167em"


def mathml(tex: str, display=False) -> Markup:
    r"""Convert a TeX formula to MathML; one with an unknown command is shown as source.

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
        _settle(element)
    for element in tree.iter():
        if element.tag == "mover":
            _accent(element)
        elif display and element.tag == "msub" and element[0].text in BELOW:
            element.tag = "munder"
    for element in tree.iter():
        _raise_over_brackets(element)
    for element in tree.iter():
        if element.tag in SCRIPTED or (element.tag == "mfrac" and not display):
            _tighten(element)
        else:
            _space(element)
    text = ElementTree.tostring(tree, encoding="unicode")
    return as_written if "\\" in text else Markup(text)


def displays(tex: str) -> list[Markup]:
    r"""A formula on lines of its own, which begin where `\qquad` stands outside braces.

    >>> len(displays(r"x \le y, \qquad y = {a \qquad b}")), displays("")
    (2, [])
    """
    pieces, depth = [""], 0
    for part in re.split(r"(\\qquad(?![a-z])|(?<!\\)[{}])", tex):
        depth += (part == "{") - (part == "}")
        if part == r"\qquad" and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += part
    return [mathml(piece, display=True) for piece in pieces if piece.strip()]


def _settle(element):
    """Correct signs that the converter misclassifies as operators or identifiers."""
    # texts are entities already; what they mean is escaped again when it is written
    element.text = element.text and SIGNS.get(unescape(element.text), unescape(element.text))
    if element.get("mathvariant") == "bold" and element.text.isdigit():
        element.text = element.text.translate(BOLD)
    element.attrib = {name: value for name, value in element.attrib.items() if name in KEPT}
    if element.tag == "mi" and _is_name(element.text):
        element.tag = "mo"
    elif element.tag == "mo" and element.text == "∞":
        element.tag = "mi"
    elif element.tag == "mo" and element.text in BARS and not element.get("minsize"):
        element.attrib = {"stretchy": "false", **element.attrib}


def _accent(over):
    """Use the proper form of an accent."""
    mark = over[1]
    if mark.text in ACCENTS:
        mark.text, mark.attrib = ACCENTS[mark.text], {"stretchy": "false"}
        over.set("accent", "true")


def _is_name(text):
    """Whether an element is the name of a function, such as log."""
    return text is not None and len(text) > 1 and text.isalpha()


def _raise_over_brackets(row):
    """Move a script from a bracket to the enclosed group, since browsers do not stretch brackets with scripts."""
    opened, k = [], 0
    while k < len(row):
        core = _core(row[k])
        if core is not None and core.get("minsize"):
            if core.text in OPENING:
                opened.append(k)
            elif opened:
                start = opened.pop()
                if row[k] is not core:
                    script, inner = row[k], ElementTree.Element("mrow")
                    inner.extend([*row[start:k], core])
                    script[0] = inner
                    row[start : k + 1] = [script]
                    k = start
        k += 1


def _space(row):
    """Spaces around the operators of a row by their neighbours, as in TeX."""
    for before, child, after in _with_neighbours(list(row)):
        core = _core(child)
        if core is None:
            continue
        kind, left, right = _kind(core), _kind(before, last=True), _kind(after)
        if kind == "operator":
            core.set("lspace", THIN if left in ("ordinary", "closing", "operator") else "0")
            core.set("rspace", THIN if right == "ordinary" else "0")
        elif core.text in PLAIN or core.text == "/":
            core.attrib |= {"lspace": "0", "rspace": "0"}
        elif core.text in SIGNED and left in ("opening", "relation", "operator"):
            core.set("form", "prefix")


def _tighten(small):
    """Remove spaces in script style, except around functions; inline fractions are in script style, bases are not."""
    for part in small if small.tag == "mfrac" else small[1:]:
        for sign in part.iter("mo"):
            if _kind(sign) == "relation":
                sign.attrib |= {"lspace": "0", "rspace": "0"}


def _with_neighbours(children):
    """Each child with its neighbours; None at the ends."""
    for (before, child), (_, after) in pairwise(pairwise([None, *children, None])):
        yield before, child, after


def _core(element):
    """The operator of an element, possibly with scripts; None for other elements."""
    while element.tag in SCRIPTED or (element.tag in ("mrow", "mstyle") and len(element) == 1):
        element = element[0]
    return element if element.tag == "mo" else None


def _kind(element, last=False):
    """TeX class of an element towards its neighbour; of a row, that of its first or last part."""
    if element is None or element.tag == "mspace":
        return None
    core = _core(element)
    if core is None:
        return _kind(element[-1 if last else 0], last) if element.tag == "mrow" and len(element) else "ordinary"
    if _is_name(core.text) or core.text in SUMS:
        return "operator"
    if core.text in OPENING:
        return "opening"
    if core.text in CLOSING:
        return "closing"
    return "ordinary" if core.text in PLAIN else "relation"
