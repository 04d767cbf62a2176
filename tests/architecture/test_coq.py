"""Proofs for all sizes: every theorem is listed with the claim that it proves, and the gate refuses all else."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mdpkit.verify.register import registered

ROOT = Path(__file__).parents[2]
COQ = ROOT / "proofs" / "coq"
THEOREMS = json.loads((COQ / "theorems.json").read_text(encoding="utf-8"))


def test_every_theorem_is_listed_with_a_registered_claim_or_none():
    stated = {
        f"{file.stem}.{name}"
        for file in COQ.glob("*.v")
        for name in re.findall(r"^(?:Theorem|Corollary) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert stated <= set(THEOREMS)
    for name, entry in THEOREMS.items():
        assert entry.keys() == {"claim", "relation", "says"}, name
        assert entry["claim"] in ("", *registered()), name
        assert entry["relation"] in ("exact", "part", "refutes a variant", "lemma"), name
        assert entry["claim"] or entry["relation"] in ("refutes a variant", "lemma"), name
        assert entry["says"].endswith("."), name
    listed = re.findall(r"^\w+\.v$", (COQ / "_CoqProject").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(file.name for file in COQ.glob("*.v") if file.name != "Audit.v")


def test_what_is_audited_is_what_is_listed(tmp_path):
    shutil.copy(COQ / "audit.py", tmp_path)
    shutil.copy(COQ / "theorems.json", tmp_path)
    subprocess.run([sys.executable, tmp_path / "audit.py"], check=True)
    assert (tmp_path / "Audit.v").read_text() == (COQ / "Audit.v").read_text()


def test_the_gate_is_part_of_continuous_integration():
    assert "proofs/coq/check" in (ROOT / ".ci" / "run").read_text()


SMALL = "Theorem same (A : Prop) : A -> A. Proof. exact (fun a => a). Qed.\n"
PLANTED = {
    "an admitted proof": ("Theorem same (A : Prop) : A -> A. Proof. Admitted.\n", "something is assumed"),
    "an axiom": ("Axiom free : 1 = 2.\n" + SMALL, "something is assumed"),
    "another statement": (
        "Theorem same (A : Prop) : A -> A \\/ A. Proof. exact (@or_introl A A). Qed.\n",
        "a statement or its assumptions",
    ),
    "a hypothesis outside a section": ("Hypothesis free : 1 = 2.\n" + SMALL, "free"),
    "a proof that fails": ("Theorem same (A B : Prop) : A -> B. Proof. exact (fun a => a). Qed.\n", "Error"),
}


@pytest.fixture
def small(tmp_path):
    """A project of one theorem, and the gate."""
    for name in ("check", "audit.py"):
        shutil.copy(COQ / name, tmp_path)
    (tmp_path / "_CoqProject").write_text("-Q . MDPKit\nSmall.v\n")
    (tmp_path / "theorems.json").write_text(
        '{"Small.same": {"claim": "", "relation": "lemma", "says": "A proposition implies itself."}}'
    )
    (tmp_path / "audit.expected").write_text("same\n     : forall A : Prop, A -> A\nClosed under the global context\n")

    def run(text):
        (tmp_path / "Small.v").write_text(text)
        return subprocess.run([tmp_path / "check"], capture_output=True, text=True, check=False)

    return run


@pytest.mark.skipif(
    shutil.which("coqc") is None, reason="coqc is not installed (Debian's coq, libcoq-mathcomp-algebra)"
)
def test_the_gate_passes_what_is_proved_and_nothing_else(small):
    done = small(SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Coq: 1 theorems closed, no axioms" in done.stdout
    for what, (text, words) in PLANTED.items():
        done = small(text)
        assert done.returncode != 0, what
        assert words in done.stdout + done.stderr, (what, done.stdout + done.stderr)
