"""Sketches as standalone TikZ documents."""

import re

from ...ink.graph import BLACK, Sketch
from .words import DASH, MINUS

HEAD = r"""\documentclass[tikz,border=2pt]{standalone}
\usepackage{amsmath}
\usetikzlibrary{arrows.meta}
"""
BEGIN = (
    r"\begin{tikzpicture}[x=1in, y=1in, >={Latex[length=4pt]}, every node/.style={inner sep=0pt, font=\footnotesize}]"
)
SPECIAL = {
    **{mark: "\\" + mark for mark in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    MINUS: "$-$",
    DASH: "--",
}
FRACTION = re.compile(rf"(?<![\w/])({MINUS}?)(\d+)/(\d+)(?![\w/])")


def picture(sketch: Sketch) -> str:
    """The document: one line per arrow, frame, dot, text and rule of the sketch."""
    texts = [*sketch.texts, *(text for box in sketch.boxes for text in box.texts)]
    colours = sorted({text.colour for text in texts} - {BLACK})
    lines = [rf"\definecolor{{{_colour(colour)}}}{{HTML}}{{{colour[1:]}}}" for colour in colours]
    lines += [r"\begin{document}", BEGIN]
    for curve in sketch.curves:
        start, first, second, end = map(_at, curve.points)
        style, ends = ("->" if curve.arrow.head else "-"), f"{curve.arrow.source} -> {curve.arrow.target}"
        lines.append(rf"\draw[{style}] {start} .. controls {first} and {second} .. {end}; % {ends}")
    for box in sketch.boxes:
        (width, height), (x, y) = box.size, box.at
        if box.framed and box.lines:
            corners = f"{_at((x - width / 2, y - height / 2))} rectangle {_at((x + width / 2, y + height / 2))}"
            lines.append(rf"\draw[rounded corners=3pt, fill=white] {corners}; % {box.name}")
        elif box.framed:
            lines.append(rf"\fill {_at(box.at)} circle[radius={width / 2:.3f}]; % {box.name}")
    for text in texts:
        side = "base west" if text.left else "base"
        colour = "" if text.colour == BLACK else f", text={_colour(text.colour)}"
        lines += [
            rf"\node[anchor={side}{colour}] at {_at((x, y))} {{{latex(words)}}};"
            for x, y, words in text.baselines
            if words
        ]
    lines += [rf"\draw {_at((x0, y))} -- {_at((x1, y))};" for x0, x1, y in sketch.rules]
    return HEAD + "\n".join([*lines, r"\end{tikzpicture}", r"\end{document}", ""])


def latex(words) -> str:
    r"""Text of a drawing in LaTeX: mathematics unchanged, fractions typeset, everything else escaped.

    >>> print(latex("E: 1/2 $a_{0}$, 50% up_left"))
    E: $\tfrac{1}{2}$ $a_{0}$, 50\% up\_left
    """
    parts = re.split(r"(?<!\\)\$", words)
    return "".join(_escape(part.replace(r"\$", "$")) if k % 2 == 0 else f"${part}$" for k, part in enumerate(parts))


def _escape(text):
    parts, end = [], 0
    for found in FRACTION.finditer(text):
        parts += [_marks(text[end : found.start()]), rf"${found[1] and '-'}\tfrac{{{found[2]}}}{{{found[3]}}}$"]
        end = found.end()
    return "".join([*parts, _marks(text[end:])])


def _marks(text):
    return "".join(SPECIAL.get(mark, mark) for mark in text)


def _colour(colour):
    return f"c{colour[1:]}"


def _at(point):
    return f"({point[0]:.3f}, {point[1]:.3f})"
