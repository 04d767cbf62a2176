"""Every notebook runs from top to bottom in a fresh kernel, and every claim is looked at in one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mdpkit

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    # a process of its own: kernels and their event loops warn when they are collected
    command = [sys.executable, str(Path(__file__).with_name("execute.py")), str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_claim_is_looked_at_and_nothing_else():
    mentioned = {name for path in NOTEBOOKS for name in re.findall(r'doubt\("(\w+)"\)', path.read_text())}
    assert mentioned == set(mdpkit.claims.ids())
