"""Cells of tables: exact numbers stay exact, everything else is escaped."""

import re
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit.base.arrays import rational
from mdpkit.base.markup import LONG, Ends, Symbol, escape, html, in_html, in_latex, in_text
from mdpkit.base.shown import MOST, Table, clip, summary, tabulate
from mdpkit.exact.logs import log

FRACTIONS = st.fractions(-1000, 1000, max_denominator=10**4)


@given(FRACTIONS)
def test_a_rational_is_read_back_from_each_way_to_write_it(number):
    x = rational(number)
    assert Fraction(in_text(x)) == Fraction(in_html(x)) == number
    assert len(str(x)) <= LONG
    sign, p, q = re.fullmatch(r"(-?)(?:\\tfrac\{)?(\d+)(?:\}\{(\d+)\})?", in_latex(x)).groups()
    assert Fraction(int(sign + p), int(q or 1)) == number


@given(st.integers(1, 200))
def test_an_exact_number_that_is_too_long_says_that_it_is_rounded(power):
    x = rational(2) ** power / rational(3) ** power
    shown = in_text(x)
    if sum(map(str.isdigit, str(x))) <= LONG:
        assert shown == str(x)
    else:
        value, length = re.fullmatch(r"~(\S+) \(exact, (\d+) digits\)", shown).groups()
        assert float(value) == pytest.approx((2 / 3) ** power, rel=1e-4)
        assert int(length) == len(str(x)) - 1
        assert ElementTree.fromstring(in_html(x)).get("title") == str(x)
        assert in_latex(x).startswith(r"\approx ")


def test_logarithms_are_shown_as_they_are():
    number = log(2) + 1
    assert in_text(number) == in_html(number) == str(number)
    assert in_latex(number) == escape(str(number))
    power = number**5 + log(3) ** 5
    assert float(in_text(power)[1:].split()[0]) == pytest.approx((1 + np.log(2)) ** 5 + np.log(3) ** 5, rel=1e-4)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_is_escaped(text):
    assert "".join(ElementTree.fromstring(html(text, ())).itertext()) == text
    inside = re.sub(r"\\[{}$&#%_ ]|\\(backslash|wedge|sim|prime)\{\}", "", escape(text)[len(r"\mathtt{") : -1])
    assert not set(inside) & set("{}$&#%_^~\\")


def test_a_script_in_a_name_stays_text():
    assert "<script" not in html("<script>", (Table("<script>", ("<script>",), (("<script>",),)),), "'\"><script>")


def test_ends_are_shown_by_their_middle_and_told_in_full():
    cell = ElementTree.fromstring(in_html(Ends(0.1, 0.3)))
    assert (cell.text, cell.get("title")) == ("0.2", "[0.1, 0.3]")
    assert in_text(Ends(np.inf, np.inf).mid) == "inf"


@pytest.mark.parametrize("shape", [(), (3,), (0,), (40,), (2, 3), (40, 40), (3, 4, 5), (1, 1, 1, 1), (0, 2), (2, 0)])
def test_a_table_of_an_array_has_its_entries_where_its_labels_say(shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    table = tabulate("x", array, "tsan")
    assert len(table.rows) <= MOST
    assert all(len(row) <= MOST + 1 for row in table.rows)
    assert bool(table.note) == (max((int(np.prod(shape[:-1])), *shape[-1:])) > MOST)
    if not shape:
        assert table.rows == ((0,),)
    for row in table.rows if shape else ():
        side, cells = (row[0], row[1:]) if len(shape) > 1 else ([], row)
        heads = table.heads[-len(cells) :] if cells else ()
        for head, cell in zip(heads, cells, strict=True):
            if cell is not None:
                at = tuple(each.index for each in (*side, head))
                assert cell == array[at]
                assert [each.letter for each in (*side, head)] == list("tsan")[4 - len(shape) :]


def test_names_stand_for_indices():
    table = tabulate("x", np.zeros((2, 2)), "sa", {"s": ("here", "there")})
    assert table.rows[1][0] == ["there"]
    assert table.heads == ("", Symbol("a", 0), Symbol("a", 1))


@pytest.mark.parametrize("shape", [(3,), (1000,), (100, 1), (7, 7), (100, 100), (4, 4, 4), (2, 3, 4, 5), (0,)])
def test_a_summary_is_short(shape):
    assert len(summary(np.full(shape, 1 / 3)).split("\n")) <= MOST - 2


def test_a_text_that_is_short_enough_is_whole():
    assert clip("a\nb", 2) == "a\nb"
    assert clip("a\nb", 1) == "a ..."
