"""Cells, tables and headings as HTML and LaTeX; everything except mathematics is escaped.

A cell is a number, text, a Symbol, Ends, None for omitted entries, a tuple of adjacent cells or a comma-separated list.
"""

import html as _html
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, fmpq, fmpz

from .arrays import exact_number, nearest, rational

LONG, LONGEST = 20, 2000
"""Exact numbers of more digits are abbreviated; up to the second length, HTML shows them in full on hover."""
LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"
MARKS = {
    **{mark: "\\" + mark for mark in "{}$&#%_ "},
    "\\": r"\backslash{}",
    "^": r"\wedge{}",
    "~": r"\sim{}",
    "'": r"\prime{}",
    "\n": r"\ ",
}


@dataclass(frozen=True)
class Symbol:
    """A letter with an index, such as s_0."""

    letter: str
    index: int


@dataclass(frozen=True)
class Ends:
    """A number given by its lower and upper ends."""

    lower: float
    upper: float

    @property
    def mid(self) -> float:
        return self.lower if self.lower == self.upper else self.lower / 2 + self.upper / 2


# ---- HTML
def html(heading, tables, colour=None) -> str:
    """A `<div>`, well-formed as XML, with the heading and the tables.

    >>> html("1 < 2", ())
    '<div><pre>1 &lt; 2</pre></div>'
    """
    style = "" if colour is None else f' style="border-left: 4px solid {_html.escape(colour)}; padding-left: 8px"'
    return f"<div{style}><pre>{_html.escape(heading)}</pre>{''.join(map(_html_table, tables))}</div>"


def _html_table(table):
    name = _caption(table)
    caption = f'<caption style="text-align: left">{_html.escape(name)}</caption>' if name else ""
    head = "".join(f"<th>{in_html(cell)}</th>" for cell in table.heads)
    body = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in table.rows)
    return f"<table>{caption}{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def _html_cell(cell):
    left = ' style="text-align: left"' if isinstance(cell, str | tuple | list) else ""
    return f"<td{left}>{in_html(cell)}</td>"


def _caption(table):
    return ", ".join(filter(None, (table.name, table.note)))


def in_html(cell) -> str:
    """A cell in HTML.

    >>> in_html(("1/2", Symbol("s", 0))), in_html(Ends(0.0, 1.0))
    ('1/2 <i>s</i><sub>0</sub>', '<span title="[0.0, 1.0]">0.5</span>')
    """
    if cell is None:
        return LEFT_OUT
    if isinstance(cell, tuple | list):
        return (" " if isinstance(cell, tuple) else ", ").join(map(in_html, cell))
    if isinstance(cell, Symbol):
        return f"<i>{_html.escape(cell.letter)}</i><sub>{cell.index}</sub>"
    if isinstance(cell, Ends):
        return f'<span title="[{cell.lower}, {cell.upper}]">{_html.escape(in_text(cell.mid))}</span>'
    if _long(cell) and len(str(cell)) <= LONGEST:
        return f'<span title="{_html.escape(str(cell))}">{_html.escape(in_text(cell))}</span>'
    return _html.escape(in_text(cell))


def _long(cell):
    return not isinstance(cell, str | bool | np.bool_ | float | np.floating) and _digits(cell) > LONG


def _digits(number) -> int:
    return sum(map(str.isdigit, str(number)))


def abbreviate(number) -> str:
    """An exact number as text; one of more than 20 digits as its decimal value and its length.

    Args: number: a rational, or another exact number, or the text of a rational.

    >>> abbreviate("1/3"), abbreviate(rational(2) ** 80 / rational(3) ** 60)
    ('1/3', '~2.8518e-05 (exact, 54 digits)')
    """
    digits = _digits(number)
    if digits <= LONG:
        return str(number)
    return f"~{_decimal(fmpq(*_parts(number)) if isinstance(number, str) else exact_number(number))} (exact, {digits} digits)"


def _parts(text):
    """Numerator and denominator; flint reads integers of any length."""
    numerator, _, denominator = text.partition("/")
    return fmpz(numerator), fmpz(denominator or "1")


def _decimal(number) -> str:
    """Five significant digits, also of a rational beyond the range of floats."""
    value = _near(number)
    if isinstance(number, fmpq) and number != 0 and (value == 0 or math.isinf(value)):
        return arb(number).str(5, radius=False)
    return f"{value:#.5g}"


def in_text(cell) -> str:
    """A number or text: rationals exactly, abbreviated above 20 digits, and floats to six digits.

    >>> in_text(rational("1/3")), in_text(1 / 3), in_text(rational(3) ** 200)
    ('1/3', '0.333333', '~2.6561e+95 (exact, 96 digits)')
    """
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, float | np.floating):
        return f"{cell:.6g}"
    return abbreviate(cell) if _long(cell) else str(cell)


def _near(number):
    return number.nearest() if getattr(number, "exact_number", False) else nearest(rational(number))


# ---- LaTeX
def latex(heading, tables) -> str:
    r"""A formula for MathJax or LaTeX, with the heading and one array per table.

    >>> latex("a_b", ())
    '$\\displaystyle \\begin{array}{l}\\mathtt{a\\_b}\\end{array}$'
    """
    parts = [*map(escape, heading.split("\n"))]
    for table in tables:
        parts += [escape(_caption(table))] if _caption(table) else []
        parts.append(_latex_table(table))
    return r"$\displaystyle \begin{array}{l}" + r" \\ ".join(parts) + r"\end{array}$"


def _latex_table(table):
    columns = max([len(table.heads), *map(len, table.rows)], default=0)
    body = r" \\ ".join(" & ".join(map(in_latex, row)) for row in table.rows)
    head = " & ".join(map(in_latex, table.heads)) + r" \\ \hline " if table.heads else ""
    return rf"\begin{{array}}{{{'l' * max(columns, 1)}}}{head}{body}\end{{array}}"


def in_latex(cell) -> str:
    r"""A cell in LaTeX mathematics.

    >>> print(in_latex((rational("-1/2"), Symbol("s", 0))), in_latex("100%"), in_latex(1e-9), in_latex(float("-inf")))
    -\tfrac{1}{2}\ s_{0} \mathtt{100\%} 1 \cdot 10^{-9} -\infty
    """
    if cell is None:
        return r"\ldots"
    if isinstance(cell, tuple | list):
        return (r"\ " if isinstance(cell, tuple) else r",\ ").join(map(in_latex, cell))
    if isinstance(cell, Symbol):
        return f"{escape(cell.letter) if len(cell.letter) > 1 else cell.letter}_{{{cell.index}}}"
    if isinstance(cell, Ends):
        return in_latex(cell.mid)
    if isinstance(cell, str | bool | np.bool_):
        return escape(in_text(cell)) if cell != "" else ""
    if isinstance(cell, float | np.floating):
        return decimal(in_text(cell))
    return _exact(cell)


def decimal(text) -> str:
    """A float's digits in LaTeX, with powers of ten and infinities."""
    if "inf" in text:
        return text.replace("inf", r"\infty")
    digits, _, power = text.partition("e")
    return digits if not power else rf"{digits} \cdot 10^{{{int(power)}}}"


def _exact(number):
    if _long(number):
        return rf"\approx {decimal(_decimal(exact_number(number)))}"
    if getattr(number, "exact_number", False):
        return escape(str(number))
    part = Fraction(str(number))
    if part.denominator == 1:
        return str(part.numerator)
    return rf"{'-' if part < 0 else ''}\tfrac{{{abs(part.numerator)}}}{{{part.denominator}}}"


def escape(text) -> str:
    """Verbatim text inside LaTeX mathematics."""
    return rf"\mathtt{{{''.join(MARKS.get(mark, mark) for mark in str(text))}}}"
