"""0 all hold, 1 one does not, 2 a control is silent and nothing worse, 3 a mistake in the use."""

from pathlib import Path

import numpy as np
import pytest
from tools.processes import HANG

from mdpkit import MDP, Finite, load, save
from mdpkit.base.arrays import objects
from mdpkit.instances import double_integrator
from mdpkit.verify import register


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


@pytest.mark.parametrize(
    "first", ["raise KeyError('lost')", "sys.exit(0)", "return m.x <= 3", "return Bound(float(m.x) / 7, m.lost)"]
)
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


def test_a_registered_claim_that_cannot_be_imported_leaves_the_others_alone(mdpkit, tiny, results, monkeypatch):
    monkeypatch.setitem(register._modules(), "is_lost", "mdpkit.claims.games.is_lost")
    monkeypatch.setitem(register._files(), "is_lost", register.CLAIMS / "games" / "is_lost.py")
    done = mdpkit("verify", "is_lost", tiny("holds"), "--json")
    assert done.exit_code == 1
    lost, fine = results(done.stdout)["claims"]
    assert (lost["id"], lost["theme"], lost["outcome"], fine["outcome"]) == ("is_lost", "games", "BROKEN", "CERTIFIED")
    assert "is_lost cannot be imported: ModuleNotFoundError" in lost["error"]


def test_nearest_names_of_an_unknown_claim(mdpkit):
    done = mdpkit("verify", "cloning_error_compounds")
    assert done.exit_code == 3
    assert "cloning_error_compounds_quadratically" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "does not bind a Claim to the name CLAIM"),
        ("CLAIM = 3", "does not bind a Claim to the name CLAIM"),
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
    path.write_text(
        Path(tiny("first")).read_text() + "\nSECOND = Claim('second', check, numbers, controls=CLAIM.controls)\n"
    )
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
        ["show", "holds.py", "--instance", "cliff"],
        ["show", "holds.py", "--draw", "x.pdf"],
        ["show", "--instance", "nothing"],
        ["show", "--instance", "cliff", "--parameter", "h=3"],
        ["show", "--instance", "cliff", "--parameter", "H=1/2"],
        ["show", "--instance", "cliff", "--parameter", "eps=1/0"],
        ["show", "--instance", "road", "--parameter", "recovers=1"],
        ["show", "--instance", "undiscounted_riccati", "--parameter", "n=3"],
        ["show", "--instance", "cliff", "--draw", "x.jpeg"],
        ["show", "--instance", "lqr_cart", "--draw", "x.pdf"],
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
    assert len(broken.stderr.splitlines()) == 1, "no task is done"
    assert broken.stdout == ""


def test_a_cache_that_cannot_be_written_gives_3(mdpkit, tiny, monkeypatch):
    path = tiny("holds")
    monkeypatch.setenv("MDPKIT_CACHE", path)
    done = mdpkit("verify", path)
    assert done.exit_code == 3
    assert path in done.stderr


def test_a_worker_that_dies_gives_3(start, tiny):
    process = start("verify", tiny("dies", first="os._exit(7)"), tiny("holds"), "--workers", 2)
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 3
    assert "a worker process died" in err
    assert out == ""


def test_the_file_of_a_registered_claim_is_that_claim(mdpkit):
    file = register.path_of("double_integrator_tube_has_a_closed_form")
    done = mdpkit("verify", file)
    assert done.exit_code == 0
    assert "CERTIFIED" in done.stdout


WHOLE = '''"""Rewards are at most 1."""

from types import SimpleNamespace as Models

from mdpkit import MDP, Bound, Box, Claim, Control, Family, Finite, Simplex
from mdpkit.base.arrays import objects


def check(m):
    return Bound(m.mdp.r.max(), 1)


def paid():
    return Models(mdp=MDP(objects([[[1]]]), objects([[1]]), horizon=Finite(1)))


CLAIM = Claim(
    "rewards_are_at_most_one",
    check,
    Family(
        dict(P=Simplex("S", "A", to="S"), r=Box("S", "A")),
        dict(S=(1, 2), A=(1, 2)),
        dict(mdp=lambda x: MDP(x.P, x.r, horizon=Finite(1))),
    ),
    controls=(Control("a limit of 0", witness=paid, tightens=lambda m: Bound(m.mdp.r.max(), 0)),),
    accepts=("mdp", MDP, ("P", "r")),
)
'''


def test_a_problem_that_leaves_nothing_to_draw_is_the_only_instance(mdpkit, tmp_path):
    (tmp_path / "rewards_are_at_most_one.py").write_text(WHOLE)
    for reward, outcome, code in (("1/2", "CERTIFIED", 0), (2, "REFUTED", 1)):
        save(MDP(objects([[[1]]]), objects([[reward]]), horizon=Finite(1)), tmp_path / "given.json")
        done = mdpkit("verify", "rewards_are_at_most_one.py", "--on", "given.json")
        assert done.exit_code == code
        assert done.stdout.splitlines()[1].split()[1:4] == [outcome, "exact", "1"]
