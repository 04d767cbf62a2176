"""The how-to page does what it shows."""

import doctest
from pathlib import Path

import pytest

pytest.importorskip("torch")

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "learn_with_a_network.md"


def test_the_page_shows_what_happens():
    text = PAGE.read_text(encoding="utf-8").replace("```", "\n")  # a fence ends an expected output
    shown = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    told = []
    result = doctest.DocTestRunner().run(shown, out=told.append)
    assert result.attempted > 20
    assert result.failed == 0, "".join(told)
