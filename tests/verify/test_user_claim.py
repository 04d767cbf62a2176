"""A statement of one's own: one text file of at most thirty lines, doubted from Python, the shell and pytest."""

import json
import os
import subprocess
import sys

import pytest
from tools.processes import HANG

from mdpkit import Outcome, verify
from mdpkit.base.errors import InvalidClaim, UnknownClaim
from mdpkit.verify.profile import Profile

MINE = '''"""A policy's value is at most the horizon times the largest reward.
Statement  J(pi) <= H max r.
Assumes    rewards in [0, 1].
"""
from mdpkit import MDP, Assumption, Bound, Box, Claim, Control, Family, Finite, Simplex, TabularPolicy, measure, objects
from types import SimpleNamespace as Models

def check(m):
    return Bound(measure.value(m.mdp, m.policy), m.mdp.r.max() * m.mdp.horizon.H)

def half(m):
    return Bound(measure.value(m.mdp, m.policy) * 2, m.mdp.r.max() * m.mdp.horizon.H)

def always_paid():
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Finite(3))
    return Models(mdp=mdp, policy=TabularPolicy(objects([[1, 0]])))

FAMILY = Family(
    blocks=dict(P=Simplex("S", "A", to="S"), r=Box("S", "A"), pi=Simplex("S", to="A", within="mask")),
    sizes=dict(H=(1, 3), S=(1, 3), A=(1, 2)),
    models=dict(mdp=lambda x: MDP(x.P, x.r, horizon=Finite(x.sizes["H"])), policy=lambda x: TabularPolicy(x.pi)))
CLAIM = Claim("value_is_at_most_the_horizon", check, FAMILY, assumes=(Assumption("r in [0, 1]", lambda m: (m.mdp.r >= 0).all()),),
              controls=(Control("half of it", witness=always_paid, tightens=half),), accepts=("mdp", MDP, ("P", "r")))
'''
FALSE = MINE.replace(
    "m.mdp.r.max() * m.mdp.horizon.H)\n\ndef half", "m.mdp.r.max() * (m.mdp.horizon.H - 1))\n\ndef half"
)
SHORT = Profile("short", chunks=1, draws=60, evaluations=500, differential=10, demanded=10)


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


@pytest.fixture
def false(tmp_path):
    assert FALSE != MINE
    path = tmp_path / "false.py"
    path.write_text(FALSE)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One cache for the processes of this file: kernels are compiled once."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def python(tmp_path, cache):
    surroundings = {**os.environ, "MDPKIT_CACHE": cache, "COLUMNS": "200"}

    def start(*words):
        command = [sys.executable, *words]
        return subprocess.run(
            command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=HANG, check=False
        )

    return start


def test_thirty_lines_are_enough():
    assert len(MINE.splitlines()) <= 30


def test_from_python(mine, false):
    verdict = verify(mine, SHORT)
    assert (verdict.outcome, verdict.theme, verdict.claim) == (Outcome.SURVIVED, "user", "value_is_at_most_the_horizon")
    assert verdict.evidence == "exact"
    verdict = verify(str(false), SHORT)
    assert verdict.outcome is Outcome.REFUTED
    assert (verdict.witness.mdp.horizon.H, verdict.witness.mdp.S, verdict.witness.mdp.A) == (1, 1, 1)


def test_from_the_shell(python, mine, false):
    done = python("-m", "mdpkit", "verify", "./mine.py", "--json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["claims"]
    assert (told["id"], told["outcome"], told["theme"]) == ("value_is_at_most_the_horizon", "SURVIVED", "user")
    done = python("-m", "mdpkit", "verify", "./false.py")
    assert done.returncode == 1
    assert "REFUTED" in done.stdout


def test_as_a_test_of_one_s_own(python, mine, false, tmp_path):
    (tmp_path / "test_theorems.py").write_text(
        "import mdpkit\n\n\n"
        "@mdpkit.holds('mine.py')\n"
        "def test_it_holds(verdict):\n"
        "    assert verdict.evidence == 'exact'\n\n\n"
        "@mdpkit.holds('mine.py')\n"
        "def test_whose_body_fails(verdict):\n"
        "    assert verdict.tightest < 0\n\n\n"
        "@mdpkit.holds('false.py')\n"
        "def test_it_is_false():\n"
        "    pass\n"
    )
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "test_theorems.py")
    assert "2 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "value_is_at_most_the_horizon: REFUTED" in done.stdout
    assert "FAILED test_theorems.py::test_whose_body_fails" in done.stdout


def test_drawn_by_hypothesis(python, tmp_path):
    """The same statement as a property test on mdpkit's strategies, and the false one, which hypothesis shrinks."""
    (tmp_path / "test_property.py").write_text(
        "from hypothesis import given, settings, strategies as st\n"
        "from mdpkit import measure, strategies\n\n"
        "PAIRS = strategies.mdps().flatmap(lambda mdp: st.tuples(st.just(mdp), strategies.policies(mdp)))\n\n\n"
        "@settings(derandomize=True, database=None, deadline=None, max_examples=60)\n"
        "@given(PAIRS)\n"
        "def test_it_holds(pair):\n"
        "    mdp, policy = pair\n"
        "    assert measure.value(mdp, policy) <= mdp.r.max() * mdp.horizon.H\n\n\n"
        "@settings(derandomize=True, database=None, deadline=None, max_examples=200)\n"
        "@given(PAIRS)\n"
        "def test_it_is_false(pair):\n"
        "    mdp, policy = pair\n"
        "    assert measure.value(mdp, policy) * 2 <= mdp.r.max() * mdp.horizon.H\n"
    )
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_property.py")
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "MDP(S=1, A=1, Finite(H=1), rational" in done.stdout


def test_files_that_hold_no_claim_are_told_apart(mine, tmp_path):
    for text, words in (
        ("x = 1\n", "does not bind a Claim to the name CLAIM"),
        (MINE + "SECOND = Claim('another_one', check, FAMILY, controls=CLAIM.controls)\n", "holds 2 claims"),
        ("import does_not_exist\n", "cannot be imported: ModuleNotFoundError"),
        ("def broken(:\n", "SyntaxError"),
        (
            MINE.replace('controls=(Control("half of it", witness=always_paid, tightens=half),)', "controls=()"),
            "has no control",
        ),
    ):
        (tmp_path / "other.py").write_text(text)
        with pytest.raises(InvalidClaim, match=words):
            verify(tmp_path / "other.py", SHORT)
    with pytest.raises(UnknownClaim, match="no such file"):
        verify(tmp_path / "missing.py")
    with pytest.raises(UnknownClaim, match="nearest: performance_difference_lemma"):
        verify("performance_diference_lemma")
    with pytest.raises(InvalidClaim, match="profile 'slow'; expected one of glance, quick, full"):
        verify(mine, "slow")
