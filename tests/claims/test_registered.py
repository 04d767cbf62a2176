"""Every registered claim: what its file says, its controls, and its verdict."""

import inspect
import sys
from pathlib import Path

import pytest

from mdpkit import Outcome, verify
from mdpkit.claims import get, ids, themes
from mdpkit.claims._judge import all_exact
from mdpkit.claims._profile import Profile
from mdpkit.instances import Family, decode, encode

SHORT = Profile("short", chunks=1, draws=100, evaluations=3000, differential=10, demanded=50)
"""A share of "quick": every claim at its full budget is what `mdpkit verify --all` is for."""
HEADINGS = ("Statement", "Assumes", "Units", "Kind", "Source", "Proof")


def source(name) -> Path:
    return Path(inspect.getsourcefile(get(name).check))


@pytest.mark.parametrize("name", ids())
def test_its_file_states_the_theorem(name):
    text, claim = source(name).read_text(encoding="utf-8"), get(name)
    assert claim.id == name == source(name).stem
    assert len(text.splitlines()) <= 150
    lines = claim.statement.splitlines()
    assert sys.modules[claim.check.__module__].__doc__.strip() == claim.statement
    assert lines[0].endswith(".")
    found = [line.split()[0] for line in lines if line.split() and line.split()[0] in HEADINGS and not line.startswith(" ")]
    assert found == list(HEADINGS)
    assert f"proofs/{name}.md" in claim.statement


@pytest.mark.parametrize("name", ids())
def test_it_has_controls_of_every_kind_that_makes_sense(name):
    claim = get(name)
    kinds = [control.kind for control in claim.controls]
    assert len(kinds) >= 2
    assert len(set(kinds)) >= 2
    for control in claim.controls:
        witness = control.witness()
        assert all_exact(witness)
        assert vars(decode(encode(witness))).keys() == vars(witness).keys(), "the witness can be written into a file"


@pytest.mark.parametrize("name", ids())
def test_it_survives_and_every_control_bites(name):
    claim, verdict = get(name), verify(name, SHORT)
    assert verdict.passed, verdict
    assert verdict.evidence != "float"
    assert all(control.bites and control.reason for control in verdict.controls)
    enumerated = not any(isinstance(part.instances, Family) for part in claim.parts)
    assert verdict.outcome is (Outcome.CERTIFIED if enumerated else Outcome.SURVIVED)
    assert verdict.tightest is None or verdict.tightest <= 1
    for part in claim.parts:
        counted = sum(row["count"] for row in verdict.rows if row["part"] == part.name)
        assert counted >= (SHORT.demanded if isinstance(part.instances, Family) else 1), part.name


def test_themes_are_the_folders():
    assert sorted({source(name).parent.name for name in ids()}) == themes()
    assert sorted(name for theme in themes() for name in ids(theme)) == sorted(ids())
