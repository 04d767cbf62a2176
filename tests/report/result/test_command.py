"""`mdpkit figure`: files where they are asked for, their paths on stdout, exit codes as `verify` has them."""

import subprocess
import sys

from mdpkit.report import read

WORDS = """
from types import SimpleNamespace as Models
from mdpkit import MDP, Bound, Claim, Control, Finite, TabularPolicy, objects, value

def paid(reward=1):
    return Models(mdp=MDP(objects([[[1]]]), objects([[reward]]), horizon=Finite(2)), policy=TabularPolicy(objects([[1]])))

def check(m):
    return Bound(value(m.mdp, m.policy), REWARD * m.mdp.horizon.H)

def tight(m):
    return Bound(value(m.mdp, m.policy) * CONTROL, REWARD * m.mdp.horizon.H)

CLAIM = Claim("mine", check, lambda: [paid(2)], controls=[Control("more", lambda: paid(0 if REWARD < 2 else 1), tightens=tight)])
"""


def figure(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "mdpkit", "figure", *arguments], cwd=cwd, capture_output=True, text=True
    )


def test_a_registered_claim_goes_into_the_folder_named_figures(tmp_path):
    name = "double_integrator_tube_has_a_closed_form"
    done = figure(name, "--png", "--seed", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    paths = done.stdout.splitlines()
    assert paths == [f"figures/safety/{name}.{kind}" for kind in ("json", "pdf", "png")]
    written = [path.relative_to(tmp_path).as_posix() for path in (tmp_path / "figures").rglob("*.*")]
    assert sorted(written) == sorted(paths)
    assert read(tmp_path / paths[0]).seed == 3
    for path, head in zip(paths, (b"{", b"%PDF", b"\x89PNG"), strict=True):
        assert (tmp_path / path).read_bytes().startswith(head)


def test_what_does_not_hold_is_drawn_and_answered_by_the_exit_code(tmp_path):
    for reward, control, outcome, code in ((1, 1, "REFUTED", 1), (2, 1, "CONTROL_SILENT", 2), (2, 3, "CERTIFIED", 0)):
        (tmp_path / "mine.py").write_text(WORDS.replace("REWARD", str(reward)).replace("CONTROL", str(control)))
        done = figure("mine.py", "--folder", "here", cwd=tmp_path)
        assert (done.returncode, read(tmp_path / "here" / "mine.json").outcome) == (code, outcome), done.stderr


def test_an_unknown_claim_is_a_mistake_in_use(tmp_path):
    done = figure("performance_diference_lemma", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "nearest: performance_difference_lemma" in done.stderr
    assert list(tmp_path.iterdir()) == []
