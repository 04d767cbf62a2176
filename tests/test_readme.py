"""What the README shows is run as it stands."""

import re
from pathlib import Path

import pytest

import mdpkit

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_claim_of_ones_own_survives_in_ten_lines(tmp_path):
    code = next(block for block in BLOCKS if "CLAIM = " in block)
    statements = [line for line in code.splitlines() if line.strip() and not line.startswith(('"""', "from"))]
    assert len(statements) <= 10
    path = tmp_path / "mine.py"
    path.write_text(code)
    verdict = mdpkit.verify(str(path))
    assert verdict.passed
    assert verdict.tightest == 1


@pytest.mark.parametrize("code", [block for block in BLOCKS if "bundled" in block])
def test_the_tour_runs(code):
    names = {}
    exec(code, names)
    assert names["answer"].status is mdpkit.Status.SOLVED
    assert mdpkit.value(names["lake"], names["answer"].policy).exact


@pytest.mark.parametrize("code", [block for block in BLOCKS if "from_gymnasium" in block])
def test_problems_of_ones_own_come_in_and_go_out(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    assert names["walk"].exact
    assert mdpkit.solve(names["walk"]).value.lower[0, 0] == 2
    assert names["taxi"].S == 501


@pytest.mark.parametrize("code", [block for block in BLOCKS if "grant(" in block])
def test_a_learner_sees_what_it_is_granted(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"mdpkit": mdpkit}
    exec(next(block for block in BLOCKS if "from_gymnasium" in block), names)
    exec(code, names)
    assert names["answer"].used == mdpkit.Meter(episodes=40, steps=200, queries=200)
    last = names["answer"].policy.members[-1]
    assert mdpkit.value_gap(names["walk"], names["expert"], last) == 0


def test_one_name_is_a_room_and_a_verb():
    assert callable(mdpkit.solve)
    assert mdpkit.solve.PolicyIteration().run
