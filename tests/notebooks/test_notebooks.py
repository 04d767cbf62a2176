"""Every notebook runs from top to bottom in a fresh kernel, and what it verifies is a registered claim."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tools.left_out import needs_the_extra

import mdpkit
from mdpkit.verify.register import place

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))
MARKS = {"networks": needs_the_extra, "solvers_and_bounds": pytest.mark.xdist_group("quantecon")}
"""The second imports quantecon, which one process at a time may do: see tests/solve/test_peers.py."""


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=MARKS.get(path.stem, ()), id=path.stem) for path in NOTEBOOKS]
)
def test_a_notebook_runs(path, tmp_path):
    # a process of its own: kernels and their event loops warn when they are collected
    command = [sys.executable, str(Path(__file__).with_name("execute.py")), str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


VERIFIED = re.compile(r'mdpkit\.verify\("(\w+)"(, "glance")?\)')


def test_a_claim_that_a_notebook_verifies_is_registered_asserted_and_shown():
    cells = [cell for path in NOTEBOOKS for cell in path.read_text().split("\n# %%")]
    known = {*mdpkit.claims.ids(), *mdpkit.claims.left_out()}
    for cell in cells:
        if "mdpkit.verify(" in cell:
            assert VERIFIED.search(cell), cell
            assert {name for name, _ in VERIFIED.findall(cell)} <= known
            assert re.search(r"assert verdict\.(passed|outcome is mdpkit\.Outcome\.CERTIFIED)\b", cell), cell
            assert "display(verdict" in cell, cell


def test_notebooks_verify_one_claim_of_a_theme_in_full():
    """The others get a glance: `mdpkit verify` gives every claim its full budget, once."""
    found = [pair for path in NOTEBOOKS for pair in VERIFIED.findall(path.read_text())]
    themes = [place(name).parent.name for name, glance in found if not glance]
    assert sorted(themes) == mdpkit.claims.themes()
