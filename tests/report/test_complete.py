"""Every claim has a result, a figure and a proof note that belong together, and there are no others."""

import importlib
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from tools.committed import differences, tolerance_of
from tools.verdicts import EVERY, enumerated, verdict, work

import mdpkit
from mdpkit.hunt import jobs
from mdpkit.report import read, result_of
from mdpkit.report.result.constants import read_constants
from mdpkit.report.result.draw import subject
from mdpkit.report.result.store import digest_of, plain, text
from mdpkit.verify.register import find, place

ROOT = Path(__file__).parents[2]
IDS = mdpkit.claims.ids()
ALL = {*IDS, *mdpkit.claims.left_out()}
NOTES = {path.stem: path.read_text() for path in (ROOT / "proofs").rglob("*.md") if path.parent.name != "lemmas"}


def committed(folder, kind):
    """Names of the committed files of this kind, without their endings, relative to their folder."""
    return {path.relative_to(ROOT / folder).with_suffix("").as_posix() for path in (ROOT / folder).rglob(f"*.{kind}")}


def test_claims_results_figures_and_proof_notes_are_the_same_set():
    places = {place(name).as_posix() for name in ALL}
    files = {path.relative_to(ROOT / "figures").as_posix() for path in (ROOT / "figures").glob("*/*")}
    constants = {f"{place(job.claim)}.constants.json" for job in jobs()}
    assert files == {f"{each}.{kind}" for each in places for kind in ("json", "pdf")} | constants
    assert {name for name in committed("proofs", "md") if not name.startswith("lemmas/")} == {*places, "notation"}
    assert committed("mdpkit/claims/worst", "json") < places


@pytest.mark.parametrize("claim_id", EVERY)
def test_a_committed_result_is_of_the_claim_as_it_stands(claim_id):
    claim, path = find(claim_id), ROOT / "figures" / f"{place(claim_id)}.json"
    result = read(path)
    assert path.read_text() == text(result)
    assert (result.claim, result.profile, result.seed) == (claim_id, "quick", 0)
    assert result.passed
    assert result.digest == digest_of(claim), f"the claim has changed since; run: mdpkit figure {claim_id}"
    controls = plain(work(claim_id)["controls"]["controls"])
    assert differences(controls, result.controls, tolerance_of(result, claim)) == []
    assert subject(result).encode() in path.with_suffix(".pdf").read_bytes(), (
        f"drawn from another result; run: mdpkit figure {claim_id}"
    )


@pytest.mark.parametrize("claim_id", IDS)
def test_the_constants_of_a_claim_have_a_line_for_every_statement_that_can_be_hunted(claim_id):
    lines = read_constants(ROOT / "figures", claim_id)
    assert [(line["claim"], line["part"], line["control"]) for line in lines] == [
        (job.claim, job.part, job.control) for job in jobs([claim_id])
    ], f"run: mdpkit constants {claim_id} --missing"
    for line in lines:
        for row in line["records"]:
            assert row["verdict"] in (
                ("TIGHT", "BEST", "LIMIT") if not line["control"] else ("REFUTED", "BEST", "LIMIT")
            )


@pytest.mark.parametrize("claim_id", [each for each in EVERY if enumerated(*each.values)])
def test_an_enumerated_claim_gives_the_committed_result_again(claim_id):
    committed = read(ROOT / "figures" / f"{place(claim_id)}.json")
    again = result_of(verdict(claim_id), find(claim_id))
    assert differences(asdict(again), asdict(committed), tolerance_of(committed, find(claim_id))) == []


def test_what_differs_between_results_is_found():
    told = {"sides": [1.0, 2.5], "count": 3, "reason": "NO (left / right = 0.4)", "ratio": 0.4}
    near = {"sides": [1.0, 2.25], "count": 3, "reason": "NO (left / right = 0.44)", "ratio": 0.44}
    far = {**told, "ratio": 9.4}
    assert len(differences(near, told)) == 3
    assert differences(near, told, 0.25) == []
    assert differences(far, told, 0.25) == [".ratio: 9.4, 0.4"]
    assert differences(near, told, 0.2) == [".sides[1]: 2.25, 2.5"]
    assert differences({**told, "count": 4}, told, 9) == [".count: 4, 3"]
    assert differences({**told, "reason": "YES (left / right = 0.4)"}, told, 9)
    assert differences({**told, "more": 1}, told, 9)


@pytest.mark.parametrize("claim_id", IDS)
def test_a_claim_names_its_proof_note_and_the_note_its_claim_and_controls(claim_id):
    claim, note = find(claim_id), NOTES[claim_id]
    assert f"proofs/{place(claim_id)}.md" in claim.statement
    assert f"Claim: `{claim_id}`. Status: proved" in note
    headings = re.findall(r"^## (.*)$", note, flags=re.MULTILINE)
    assert [
        each for each in headings if each in ("Statement", "Proof", "Where the controls sit", "Cited, not proved")
    ] == [
        "Statement",
        "Proof",
        "Where the controls sit",
        "Cited, not proved",
    ]
    controls = re.findall(
        r"^\* \*(.*?)\.\*", note.split("## Where the controls sit")[1].split("\n## ")[0], flags=re.MULTILINE
    )
    assert [each.replace("$", "").lower() for each in controls] == [control.name.lower() for control in claim.controls]


@pytest.mark.parametrize("note", sorted(NOTES))
def test_formulas_of_a_note_are_closed_and_its_lines_short(note):
    text_of_note = re.sub(r"`[^`]*`", "", NOTES[note])
    assert text_of_note.count("$$") % 2 == 0
    for paragraph in text_of_note.replace("$$", "").split("\n\n"):
        assert paragraph.count("$") % 2 == 0, paragraph
        assert paragraph.count("{") - paragraph.count(r"\{") == paragraph.count("}") - paragraph.count(r"\}"), paragraph


def named_in_code():
    return sorted(set(re.findall(r"`(mdpkit(?:\.\w+)+)`", NOTES["notation"])))


@pytest.mark.parametrize("name", named_in_code())
def test_every_object_that_the_notation_names_exists(name):
    room, _, thing = name.rpartition(".")
    assert getattr(importlib.import_module(room), thing).__doc__


def test_the_notation_names_every_measure_and_model_that_the_claims_use():
    used = {
        name for claim_id in IDS for name in re.findall(r"(?<!\.)measure\.(\w+)", Path(find_file(claim_id)).read_text())
    }
    assert {f"mdpkit.measure.{name}" for name in used} <= set(named_in_code())


def find_file(claim_id):
    return importlib.import_module(find(claim_id).check.__module__).__file__
