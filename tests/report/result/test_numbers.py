"""The numbers that a spreadsheet and a paper get are those of the stored result."""

import csv
import io
import re
from pathlib import Path

import pytest

from mdpkit.claims import get, ids
from mdpkit.report import as_csv, as_macros, read
from mdpkit.report.result.caption import caption, in_tex
from mdpkit.verify.register import place

FIGURES = Path(__file__).parents[3] / "figures"


@pytest.mark.parametrize("claim_id", ids())
def test_every_side_of_every_row_is_in_the_table(claim_id):
    result = read(FIGURES / f"{place(claim_id)}.json")
    lines = list(csv.DictReader(io.StringIO(as_csv(result))))
    expected = []
    for row in result.rows:
        ends = row.get("sides") or [None]
        expected += [tuple(pair) for pair in row.get("pairs", {}).values()] or [(ends[0], ends[-1])]
    expected += [tuple(control["sides"] or (None, None)) for control in result.controls]
    found = [tuple(float(line[end]) if line[end] else None for end in ("left", "right")) for line in lines]
    assert found == expected


@pytest.mark.parametrize("claim_id", ids())
def test_macros_have_legal_names_of_their_own(claim_id):
    result = read(FIGURES / f"{place(claim_id)}.json")
    macros = dict(re.findall(r"\\newcommand\{\\([A-Za-z]+)\}\{([^{}]*)\}\n", as_macros(result)))
    assert len(macros) == as_macros(result).count("\n") == 6
    assert str(result.instances) in macros.values()


@pytest.mark.parametrize(
    "name", ["performance_difference_lemma", "dagger_regret_bounds_the_gap", "tube_needs_no_lookahead"]
)
def test_a_caption_says_what_is_drawn_and_what_was_verified(name):
    result, claim = read(FIGURES / f"{place(name)}.json"), get(name)
    words = caption(result, claim)
    assert words.startswith(" ".join(claim.statement.partition("\n\n")[0].split()))
    assert f"{result.instances} instance" in words
    assert all(each["name"] in words for each in result.controls)
    assert as_macros(result, claim).splitlines()[-1].endswith(f"Caption}}{{{in_tex(words)}}}")
    assert not re.search(r"(?<!\\)[%&#_$]", in_tex(words))
