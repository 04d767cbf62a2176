"""Every registered claim: what its file says, its controls, and its verdict."""

import inspect
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tools.verdicts import EVERY, enumerated, profile, verdict, work

from mdpkit import Outcome, verify
from mdpkit.claims import get, ids, themes
from mdpkit.instances import Family, decode, encode
from mdpkit.report.page.formula import mathml
from mdpkit.verify.claim import STATEMENT
from mdpkit.verify.judge import all_exact
from mdpkit.verify.papers import cited_in
from mdpkit.verify.register import place
from mdpkit.verify.run.work import tasks
from mdpkit.verify.tally import Tally

HEADINGS = ("Statement", "Assumes", "Units", "Kind", "Source", "Proof")


def source(name) -> Path:
    return Path(inspect.getsourcefile(get(name).check))


def tallies(name):
    """(part, what its instances showed) of every part."""
    claim = get(name)
    return [
        (claim.parts[task.part], Tally.from_data(work(name)[task.key]["tally"]))
        for task in tasks(claim, profile(name))[1:]
    ]


def kinds(name):
    """What a claim says of its kind: the kind of its main statement, and what is said of any."""
    words = sections(get(name).statement)["Kind"]
    return [each.strip() for each in re.sub(r"\(.*?\)", "", words).split(";")], words


def sections(statement):
    """The text under each heading of a claim's docstring."""
    parts = re.split(rf"^({'|'.join(HEADINGS)})\b", statement, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("name", EVERY)
def test_its_file_states_the_theorem(name):
    claim = get(name)
    assert claim.id == name == source(name).stem
    lines = claim.statement.splitlines()
    assert sys.modules[claim.check.__module__].__doc__.strip() == claim.statement
    assert lines[0].endswith(".")
    found = [
        line.split()[0] for line in lines if line.split() and line.split()[0] in HEADINGS and not line.startswith(" ")
    ]
    assert found == list(HEADINGS)
    told = sections(claim.statement)
    assert all(told.values()), "a heading without words"
    assert re.search(r"\b(19|20)\d\d\b", told["Source"]), "a source has a year"
    assert f"proofs/{place(name)}.md" in told["Proof"]
    assert not (claim.assumes and told["Assumes"].startswith("nothing"))


@pytest.mark.parametrize("name", EVERY)
def test_its_kind_is_what_the_machine_sees(name):
    """An identity is checked by an Equal, a claim without drawn instances says that it enumerates, sampling is told."""
    each, words = kinds(name)
    assert all(re.fullmatch("(exists|for all|identity|rate)( .*)?", kind) for kind in each), words
    drawn = [part for part in get(name).parts if isinstance(part.instances, Family)]
    assert drawn or "enumerated" in words
    equal = {part.name: all("pairs" in row for row in tally.rows.values()) for part, tally in tallies(name)}
    assert any(equal.values()) or not any(kind.startswith("identity") for kind in each)
    assert equal[STATEMENT] or not each[0].startswith("identity")
    assert any(tally.evidence == "sampled" for _, tally in tallies(name)) == ("sampled" in words)


@pytest.mark.parametrize("name", EVERY)
def test_it_names_its_papers_its_subjects_and_its_formula(name):
    """Its papers are those that `Source` cites; the formula is one that a page can show."""
    claim = get(name)
    assert [paper.key for paper in cited_in(sections(claim.statement)["Source"])] == list(claim.papers) != []
    assert len(set(claim.tags)) == len(claim.tags) > 0
    assert mathml(claim.formula, display=True).startswith("<math")
    assert claim.formula.isprintable(), "the formula holds a control character; write it as a raw string"


@pytest.mark.parametrize("name", EVERY)
def test_its_evidence_is_rigorous_part_by_part(name):
    """The verdict reports the weakest evidence of all parts: a sampled part could hide one decided in floats only."""
    sampled = {"sampled"} if "sampled" in kinds(name)[1] else set()
    for part, tally in tallies(name):
        drawn = isinstance(part.instances, Family)
        assert tally.evidence in {"exact", "enclosed"} | (set() if drawn else sampled), part.name
        assert tally.instances >= (profile(name).demanded if drawn else 1), part.name
        assert tally.undecided == 0, part.name
        assert tally.compared == min(profile(name).differential, tally.instances + tally.degenerate), (
            f"{part.name}: not run in floats"
        )


@pytest.mark.parametrize("name", EVERY)
def test_it_has_controls_of_every_kind_that_makes_sense(name):
    claim = get(name)
    kinds = [control.kind for control in claim.controls]
    assert len(kinds) >= 2
    assert len(set(kinds)) >= 2
    for control in claim.controls:
        witness = control.witness()
        assert all_exact(witness)
        assert encode(decode(encode(witness))) == encode(control.witness()), (
            "the witness is fixed, and can be written into a file"
        )


@pytest.mark.parametrize("name", EVERY)
def test_its_parts_are_told_apart(name):
    """By their names; and a problem of one's own replaces a model, and blocks, that there are."""
    claim = get(name)
    for named in (claim.controls, claim.parts, *(part.assumes for part in claim.parts)):
        assert len({each.name for each in named}) == len(named)
    families = [part.instances for part in claim.parts if isinstance(part.instances, Family)]
    for part in claim.parts:
        if part.accepts:
            model, _, blocks = part.accepts
            assert model in part.instances.models
            assert set(blocks) <= {block for family in families for block in family.blocks}


@pytest.mark.parametrize("name", EVERY)
def test_it_survives_and_every_control_bites(name):
    found = verdict(name)
    assert found.passed, found
    assert not found.note
    assert all(control.bites and control.reason for control in found.controls)
    certified = enumerated(name) and found.evidence != "sampled"
    assert found.outcome is (Outcome.CERTIFIED if certified else Outcome.SURVIVED)
    if all("pairs" in row for row in found.rows if row["part"] == STATEMENT):
        assert found.tightest is None
    else:
        assert 0 < found.tightest <= 1, "the two sides of a bound are compared somewhere"


def test_put_together_it_is_what_verify_says():
    name = ids()[0]
    assert replace(verify(name, profile(name)), seconds=0) == replace(verdict(name), seconds=0)


def test_themes_are_the_folders():
    assert sorted({source(name).parent.name for name in ids()}) == themes()
    assert sorted(name for theme in themes() for name in ids(theme)) == sorted(ids())
