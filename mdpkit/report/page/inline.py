"""Figures as inline SVG elements that share glyphs and use the page's colours."""

import re
from xml.etree import ElementTree

from markupsafe import Markup

from ..result.draw import as_bytes
from ..style import COLOURS, COLUMN

PAGE_COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--paper)",
    **{each.lower(): f"var(--c{k})" for k, each in enumerate(COLOURS)},
}
COLOUR = re.compile("|".join(PAGE_COLOURS))
USED = re.compile(r"#([\w.-]+)")
DROPPED = ("metadata", "style")
SCALE = 1.8
"""CSS pixels per point: 8 pt in print correspond to 14 px."""


class Figures:
    """The SVG elements of one page; shared glyphs, markers and clips are defined once, in `defined`."""

    def __init__(self):
        self._defined = {}

    def inline(self, figure, words: str) -> Markup:
        """A matplotlib Figure as an SVG element whose description is `words`."""
        root = ElementTree.fromstring(as_bytes(figure, "svg"))
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
            element.attrib = {
                name.rpartition("}")[2]: " ".join(value.split()) for name, value in element.attrib.items()
            }
            element.text = element.tail = None  # words are drawn as glyphs
            if "style" in element.attrib:
                element.set("style", COLOUR.sub(lambda found: PAGE_COLOURS[found[0]], element.get("style")))
        used = {name for element in root.iter() for value in element.attrib.values() for name in USED.findall(value)}
        for element in root.iter():
            if element.get("id") not in used:
                element.attrib.pop("id", None)
        self._take_definitions(root)
        width, height = (f"{float(size) * SCALE:.0f}" for size in root.get("viewBox").split()[2:])
        root.attrib = {
            "viewBox": root.get("viewBox"),
            "width": width,
            "height": height,
            "role": "img",
            "aria-label": words,
        }
        if figure.get_figwidth() > COLUMN:
            root.set("class", "wide")
        return _text(root)

    @property
    def defined(self) -> Markup:
        return Markup("\n").join(_text(each) for each in self._defined.values())

    def _take_definitions(self, parent):
        """Collect definitions under names that are digests of their content."""
        for child in list(parent):
            if child.tag in ("defs", *DROPPED):
                parent.remove(child)
            if child.tag == "defs":
                self._defined |= {each.get("id"): each for each in child if each.tag not in DROPPED}
            else:
                self._take_definitions(child)


def _text(element):
    return Markup(ElementTree.tostring(element, encoding="unicode"))
