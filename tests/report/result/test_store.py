"""What is stored of a verdict, and how."""

import json
from dataclasses import replace

import pytest

import mdpkit
from mdpkit import Outcome
from mdpkit.base.errors import InvalidModel
from mdpkit.report import read, result_of, write
from mdpkit.report.result.store import text
from mdpkit.verify.claim import STATEMENT

CLAIM = mdpkit.claims.get("double_integrator_tube_has_a_closed_form")


@pytest.fixture(scope="module")
def verdict():
    return mdpkit.verify(CLAIM)


def test_a_stored_result_reads_back_equal(verdict, tmp_path):
    result = result_of(verdict, CLAIM)
    path = write(result, tmp_path / "result.json")
    assert read(path) == result
    assert path.read_text() == text(read(path))
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


def test_two_runs_store_the_same_bytes_although_they_took_different_time(verdict):
    assert text(result_of(replace(verdict, seconds=verdict.seconds + 1), CLAIM)) == text(
        result_of(mdpkit.verify(CLAIM), CLAIM)
    )


def test_what_is_stored_is_what_the_verdict_says(verdict):
    result = result_of(verdict, CLAIM)
    assert set(vars(result)) <= {*vars(verdict), "digest", "remarks"}
    assert result.remarks == verdict.remarks
    assert (result.claim, result.outcome, result.passed) == (CLAIM.id, "CERTIFIED", True)
    assert result.instances == verdict.instances == len(result.rows)
    assert [each["bites"] for each in result.controls] == [True] * len(CLAIM.controls)
    assert not result_of(replace(verdict, outcome=Outcome.REFUTED), CLAIM).passed


def test_rows_for_a_figure_end_with_one_for_each_control(verdict):
    result = result_of(verdict, CLAIM)
    assert result.drawn[: len(result.rows)] == list(verdict.rows)
    wanted = [
        {"control": True, "label": control.name, "part": STATEMENT, "sides": list(control.sides)}
        for control in verdict.controls
    ]
    assert result.drawn[len(result.rows) :] == wanted


def test_infinities_are_stored_as_null_and_nan_is_refused(verdict, tmp_path):
    infinite = result_of(
        replace(verdict, tightest=float("inf"), rows=({"part": STATEMENT, "ratio": float("-inf"), "sides": (1, 2)},)),
        CLAIM,
    )
    path = write(infinite, tmp_path / "result.json")
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["tightest"] is None
    assert read(path).rows == [{"part": STATEMENT, "ratio": None, "sides": [1, 2]}]
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(replace(infinite, widest=float("nan")), path)
    assert read(path) == infinite


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        ("{", "Expecting property name"),
        ("[]", "entries missing"),
        ('{"claim": "x", "host": 1}', r"not expected \['host'\]"),
    ],
)
def test_a_file_that_is_no_result_is_refused_by_name(content, words, tmp_path):
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidModel, match=f"result.json holds no stored result.*{words}"):
        read(path)


def test_nothing_is_left_behind_where_the_name_cannot_be_taken(verdict, tmp_path):
    (tmp_path / "result.json").mkdir()
    with pytest.raises(OSError, match=r"result\.json"):
        write(result_of(verdict, CLAIM), tmp_path / "result.json")
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]
