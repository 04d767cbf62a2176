"""A new claim is its file, its note and the output of the documented commands; the repository changes nowhere else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ID, THEME = "return_is_at_most_the_horizon", "imitation"
AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@localhost")
FILLED = {
    "Source     your own": "Source     adapted from Ross and Bagnell, 2010.",
    "papers=()": 'papers=("ross2010",)',
    "tags=()": 'tags=("returns",)',
}
BUDGET = ("--seconds", "3", "--wrong-seconds", "2", "--counted", "--workers", "1")
TESTS = ("tests/architecture/test_source.py", "tests/claims/test_registered.py", "tests/report/test_complete.py")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The files that git knows, as they are now, in a repository of their own."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    root = tmp_path_factory.mktemp("clone")
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, *AUTHOR, "commit", "-q", "-m", "as it is")
    return root


def git(root, *words) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


def run(root, *words):
    """A Python module in the clone, which it imports mdpkit from."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", *words], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_claim_that_is_added_turns_everything_green_with_its_own_files_alone(clone):
    written = run(clone, "mdpkit", "new", ID, "--theme", THEME).splitlines()
    claim, note = (clone / "mdpkit" / "claims" / THEME / f"{ID}.py", clone / "proofs" / THEME / f"{ID}.md")
    assert written == [str(claim), str(note), f"mdpkit verify {ID}"]
    text = claim.read_text(encoding="utf-8")
    for before, after in FILLED.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    claim.write_text(text, encoding="utf-8")
    run(clone, "mdpkit", "figure", ID)
    run(clone, "mdpkit", "constants", ID, "--keep", "mdpkit/claims/worst", *BUDGET)
    run(clone, "ruff", "check", ".")
    run(clone, "ruff", "format", "--check", str(claim))
    output = run(clone, "pytest", *TESTS, "-p", "no:cacheprovider", "-k", f"{ID} or same_set or literal")
    assert output.count(".") > len(TESTS) * 5, "few tests were chosen"
    assert set(git(clone, "status", "--porcelain", "--untracked-files=all").splitlines()) == {
        f"?? figures/{THEME}/{ID}.constants.json",
        f"?? figures/{THEME}/{ID}.json",
        f"?? figures/{THEME}/{ID}.pdf",
        f"?? mdpkit/claims/{THEME}/{ID}.py",
        f"?? mdpkit/claims/worst/{THEME}/{ID}.json",
        f"?? proofs/{THEME}/{ID}.md",
    }
