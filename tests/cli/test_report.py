"""`mdpkit report`: exit codes, what `--verify` stores, and what is left when it is killed or run twice at once."""

import json
import os
import signal
import subprocess
import sys

import pytest
from tools.processes import HANG, end, waited_for

from mdpkit.report import read

FIGURE = """
def draw(ax, rows):
    Path(os.environ["HERE"]).touch()
    time.sleep(float(os.environ["WAIT"]))
    ax.plot([row["count"] for row in rows if "count" in row])
"""


@pytest.fixture
def page(tmp_path):
    return tmp_path / "report.html"


def test_the_page_is_written_from_what_is_stored_and_leaves_with_what_it_shows(mdpkit, tiny, page, tmp_path):
    holds, refuted, silent = tiny("holds"), tiny("refuted", limit=2), tiny("silent", tightened=1)
    nothing = mdpkit("report", holds)
    assert (nothing.exit_code, nothing.stdout) == (0, "report.html\n")
    assert "not verified yet" in page.read_text()
    assert not (tmp_path / "figures").exists()
    for claims, code in (([holds], 0), ([holds, silent], 2), ([refuted], 1), ([refuted, silent, holds], 1)):
        done = mdpkit("report", "--verify", *claims)
        assert done.exit_code == code, done.output
        assert mdpkit("report", *claims).exit_code == code
    text = page.read_text()
    assert "The instance that contradicts the claim" in text
    assert "2 claims need attention" in text
    assert read(tmp_path / "figures" / "holds.json").outcome == "CERTIFIED"
    assert json.loads((tmp_path / "figures" / "refuted.refuted.json").read_text())
    tiny("refuted", limit=3)
    (tmp_path / "mended").mkdir()
    assert mdpkit("report", refuted, "--out", "mended/page.html").exit_code == 1


def test_a_mended_claim_loses_the_instance_that_contradicted_it(start, tiny, tmp_path):
    claim = tiny("mine", limit=2)
    assert ended(start("report", claim, "--verify"))[0] == 1
    assert (tmp_path / "figures" / "mine.refuted.json").exists()
    tiny("mine")
    code, out, _ = ended(start("report", claim))
    assert (code, "1 stored result is older than the claim" in (tmp_path / out.strip()).read_text()) == (1, True)
    assert ended(start("report", claim, "--verify"))[0] == 0
    assert sorted(file.name for file in (tmp_path / "figures").iterdir()) == ["mine.json", "mine.pdf"]


def test_what_cannot_be_done_is_misuse(mdpkit, tiny, page, tmp_path):
    unknown = mdpkit("report", "performance_diference_lemma")
    assert unknown.exit_code == 3
    assert "nearest: performance_difference_lemma" in unknown.stderr
    assert mdpkit("report", tiny("holds"), "--out", "nowhere/report.html").exit_code == 3
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "holds.json").write_text("{}")
    missing = mdpkit("report", tiny("holds"), "--folder", "nowhere")
    assert (missing.exit_code, "nowhere is missing; expected the folder of the stored results" in missing.stderr) == (
        3,
        True,
    )
    foreign = mdpkit("report", tiny("holds"))
    assert foreign.exit_code == 3
    assert "holds.json holds no stored result" in foreign.stderr
    assert not page.exists()


def test_a_claim_whose_code_raises_is_told_and_the_others_are_stored(mdpkit, tiny, tmp_path):
    done = mdpkit("report", "--verify", tiny("broken", first="raise ArithmeticError('no')"), tiny("holds"))
    assert done.exit_code == 1
    assert "ArithmeticError: no" in done.stderr
    assert (tmp_path / "figures" / "holds.json").exists()
    assert not (tmp_path / "figures" / "broken.json").exists()


def ended(process):
    out, err = process.communicate(timeout=HANG)
    return process.returncode, out, err


def drawing(tiny):
    """A claim whose figure tells that it is being drawn, and takes its time."""
    path = tiny("slow", extra=FIGURE)
    with open(path, "a", encoding="utf-8") as file:
        file.write("\nfrom dataclasses import replace\n\nCLAIM = replace(CLAIM, figure=draw)\n")
    return path


def files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_run_stopped_while_it_draws_leaves_the_old_page(start, tiny, page, tmp_path, how, code):
    claim, here = drawing(tiny), tmp_path / "here"
    assert ended(start("report", claim, "--verify", WAIT="0", HERE=str(here)))[0] == 0
    here.unlink()
    before, stored = page.read_bytes(), files(tmp_path / "figures")
    process = start("report", claim, WAIT=str(HANG), HERE=str(here))
    waited_for(here, process)
    os.killpg(process.pid, how)
    assert ended(process)[0] == code
    assert page.read_bytes() == before
    assert files(tmp_path / "figures") == stored
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".part"] == []


HELD = """
import os, time
from pathlib import Path
import mdpkit.base.files as files

def held(source, target):
    Path("held").touch()
    if {after}:
        rename(source, target)
    time.sleep({hang})

rename, os.replace = os.replace, held
from mdpkit.report import write_page
write_page("report.html", [{claim!r}], "figures")
"""


@pytest.mark.parametrize("after", [False, True])
def test_a_run_killed_while_it_writes_leaves_the_old_page_or_the_new_one(start, tiny, page, tmp_path, after):
    claim = tiny("holds")
    assert ended(start("report", claim))[0] == 0
    old = page.read_bytes()
    tiny("holds", limit=4)
    program = HELD.format(claim=claim, after=after, hang=HANG)
    process = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, start_new_session=True)
    try:
        waited_for(tmp_path / "held", process)
    finally:
        end(process)
    left = page.read_bytes()
    assert ended(start("report", claim))[0] == 0
    new = page.read_bytes()
    assert old != new
    assert left == (new if after else old)


def test_two_runs_at_once_lose_nothing(start, tiny, page, tmp_path):
    """Each stores its results beside the other's, and the page is that of one of them, whole."""
    claims = [tiny(f"claim_{k}", more=k) for k in range(3)]
    runs = [start("report", *some, "--verify") for some in (claims[:2], claims[1:])]
    results = [ended(process) for process in runs]
    assert [code for code, _, _ in results] == [0, 0], results
    assert sorted(files(tmp_path / "figures")) == [f"claim_{k}.{kind}" for k in range(3) for kind in ("json", "pdf")]
    assert [
        file.name for file in (*tmp_path.iterdir(), *(tmp_path / "figures").iterdir()) if file.suffix == ".part"
    ] == []
    found = page.read_bytes()
    pages = []
    for some in (claims[:2], claims[1:]):
        assert ended(start("report", *some))[0] == 0
        pages.append(page.read_bytes())
    assert found in pages
