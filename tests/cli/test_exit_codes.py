"""0 all hold, 1 one does not, 2 a control is silent and nothing worse, 3 a mistake in the use."""

from pathlib import Path

import numpy as np
import pytest

from mdpkit import MDP, Finite, load, save
from mdpkit.base.arrays import objects
from mdpkit.instances import double_integrator


def test_claims_that_hold_give_0(mdpkit, tiny):
    done = mdpkit("verify", tiny("holds"))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].split() == ["holds", "CERTIFIED", "exact", "3", "1", "1/1", "fail", "0.0"]


def test_a_refuted_claim_gives_1_and_a_witness_that_replays(mdpkit, tiny, cache):
    path = tiny("fails", numbers="(1, 2, 7, 9)")
    done = mdpkit("verify", path)
    assert done.exit_code == 1
    assert "REFUTED" in done.stdout
    [witness] = (cache / "witnesses").glob("fails-*.json")
    assert load(witness).x == 7
    replay = next(line for line in done.stdout.splitlines() if line.startswith("  mdpkit verify"))
    again = mdpkit(*replay.split()[1:])
    assert again.exit_code == 1
    assert again.stdout.splitlines()[1].split()[:4] == ["fails", "REFUTED", "exact", "1"]


def test_a_silent_control_gives_2_unless_a_claim_fails(mdpkit, tiny):
    silent, holds, fails = tiny("silent", tightened=2), tiny("holds"), tiny("fails", numbers="(4,)")
    done = mdpkit("verify", silent, holds)
    assert done.exit_code == 2
    assert "silent: the control 'a smaller limit' is silent: tightened, the claim is still decided YES" in done.stdout
    assert mdpkit("verify", silent, holds, fails).exit_code == 1


@pytest.mark.parametrize("first", ["raise KeyError('lost')", "sys.exit(0)", "return m.x <= 3", "return Bound(float(m.x) / 7, m.lost)"])
def test_a_claim_that_raises_gives_1_and_leaves_the_others_alone(mdpkit, tiny, results, first):
    done = mdpkit("verify", tiny("raises", first=first), tiny("holds"), "--json")
    assert done.exit_code == 1
    broken, fine = results(done.stdout)["claims"]
    assert (broken["id"], broken["outcome"], fine["outcome"]) == ("raises", "BROKEN", "CERTIFIED")
    assert broken["error"]
    assert set(fine) <= {*broken, "seed", "profile"}


def test_words_of_what_a_claim_raised_are_shown(mdpkit, tiny):
    done = mdpkit("verify", tiny("raises", first="raise KeyError('lost')"))
    assert done.exit_code == 1
    assert "raises: ClaimBroken: raises: KeyError: 'lost'" in done.stdout


def test_nearest_names_of_an_unknown_claim(mdpkit):
    done = mdpkit("verify", "cloning_error_compounds")
    assert done.exit_code == 3
    assert "cloning_error_compounds_quadratically" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "binds no Claim to the name CLAIM"),
        ("CLAIM = 3", "binds no Claim to the name CLAIM"),
        ("def f(:", "SyntaxError"),
        ("raise KeyError('lost')", "KeyError"),
        ("import sys; sys.exit(0)", "SystemExit"),
    ],
)
def test_a_file_without_a_claim_gives_3(mdpkit, tmp_path, text, said):
    path = tmp_path / "empty.py"
    path.write_text(text)
    done = mdpkit("verify", path)
    assert done.exit_code == 3
    assert said in done.stderr
    assert str(path) in done.stderr


def test_a_file_with_two_claims_gives_3(mdpkit, tiny, tmp_path):
    path = tmp_path / "two.py"
    path.write_text(Path(tiny("first")).read_text() + "\nSECOND = Claim('second', check, numbers, controls=CLAIM.controls)\n")
    done = mdpkit("verify", path)
    assert done.exit_code == 3
    assert "2 claims (CLAIM, SECOND)" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "holds.py", "--profile", "slow"],
        ["verify", "--theme", "nothing"],
        ["verify", "holds.py", "--theme", "games"],
        ["verify", "holds.py", "--all"],
        ["verify", "holds.py", "--workers", "0"],
        ["verify", "holds.py", "--seed", "x"],
        ["verify", "missing.py"],
        ["verify", "notes.txt"],
        ["verify", "--on", "holds.py"],
        ["verify", "holds.py", "--on", "missing.json"],
        ["verify", "holds.py", "--on", "notes.txt"],
        ["verify", "--bogus"],
        ["bogus"],
        ["list", "--theme", "nothing"],
        ["show", "nothing"],
        ["show"],
    ],
)
def test_mistakes_in_the_use_give_3(mdpkit, tiny, tmp_path, words):
    tiny("holds")
    (tmp_path / "notes.txt").write_text("a note")
    done = mdpkit(*words)
    assert done.exit_code == 3
    assert done.stderr
    assert done.stdout == ""


def test_problems_of_ones_own(mdpkit, tmp_path):
    """A type that is not accepted and an assumption that breaks are mistakes; an accepted problem is verified."""
    P, rho = objects(np.full((2, 1, 2), 1) / objects(2)), objects([1, 0])
    save(double_integrator(1, 1, 2), tmp_path / "cart.json")
    save(MDP(P, objects([[1], [0]]), rho, horizon=Finite(2)), tmp_path / "paid.json")
    save(MDP(P, objects([[2], [0]]), rho, horizon=Finite(2)), tmp_path / "overpaid.json")
    assert mdpkit("new", "return_stays_below_the_horizon").exit_code == 0
    path = tmp_path / "return_stays_below_the_horizon.py"
    wrong = mdpkit("verify", path, "--on", "cart.json")
    assert wrong.exit_code == 3
    assert "it accepts MDP" in wrong.stderr
    broken = mdpkit("verify", path, "--on", "overpaid.json")
    assert broken.exit_code == 3
    assert "rewards in [0, 1]" in broken.stderr
    assert broken.stdout == ""


def test_a_missing_subject_is_not_a_crash(mdpkit, tiny):
    done = mdpkit("verify", tiny("holds"), "--on", ".")
    assert done.exit_code == 3
    assert "a folder" in done.stderr
