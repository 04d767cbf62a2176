"""The numbers that a spreadsheet and a paper get are those of the stored result."""

import csv
import io
import re
from pathlib import Path

import pytest

from mdpkit.claims import ids
from mdpkit.report import as_csv, as_macros, read
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
