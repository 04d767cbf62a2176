"""What the commands write, and where."""

import json
import subprocess
import sys
from importlib.metadata import version

import pytest
from tools.processes import HANG

import mdpkit as package
from mdpkit.claims import get, ids, themes
from mdpkit.verify.register import place

KEYS = {"id", "theme", "outcome", "evidence", "instances", "tightest", "widest", "controls", "seconds"}


def test_json_is_the_only_thing_on_stdout_whatever_claims_print(start, tiny, results):
    loud = "print('hello'); os.write(1, b'raw')"
    for workers in (1, 2):
        claims = tiny("loud", first=loud, extra="print('imported')"), tiny("loud_too", first=loud)
        process = start("verify", *claims, "--json", "--workers", workers)
        out, err = process.communicate(timeout=HANG)
        assert process.returncode == 0
        assert [claim["outcome"] for claim in results(out)["claims"]] == ["CERTIFIED", "CERTIFIED"]
        assert "hello" in err
        assert "raw" in err
        assert "imported" in err


def test_the_schema_of_json(mdpkit, tiny):
    done = mdpkit("verify", tiny("holds"), tiny("raises", first="raise KeyError"), "--json")
    data = json.loads(done.stdout)
    assert set(data) == {"claims", "versions"}
    assert set(data["versions"]) == {"mdpkit", "python", "numpy", "scipy", "numba", "hypothesis", "python-flint"}
    assert data["versions"]["numpy"] == version("numpy")
    for claim in data["claims"]:
        assert set(claim) >= KEYS
    [control] = data["claims"][0]["controls"]
    assert control["bites"] is True
    assert {"name", "kind", "reason"} < set(control)


def test_infinite_ratios_are_null(mdpkit, tiny, results):
    done = mdpkit("verify", tiny("endless", limit=0, tightened=-1), "--json")
    assert done.exit_code == 1
    [claim] = results(done.stdout)["claims"]
    assert claim["tightest"] is None
    assert {row["ratio"] for row in claim["rows"]} == {None}
    assert claim["witness_file"].endswith(".json")


def test_the_table_has_no_boxes_when_piped(mdpkit, tiny):
    done = mdpkit("verify", tiny("holds"), tiny("same", first="return Equal({'x': (m.x, m.x)})"))
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["claim", "outcome", "evidence", "instances", "tightest", "controls", "CPU", "s"]
    assert rows[1].split()[:5] == ["same", "CERTIFIED", "exact", "3", "identity"] or "silent" in done.stdout
    assert not set(done.stdout) & set("│┃━─┏┓")
    counts, tasks = zip(*(line.split(" ", 1) for line in done.stderr.splitlines()), strict=True)
    assert counts == ("[1/4]", "[2/4]", "[3/4]", "[4/4]")
    assert "holds: controls" in tasks  # whichever worker is done first


def test_a_stream_that_cannot_hold_a_letter_gets_a_question_mark(start, tiny):
    process = start("verify", tiny("raises", first="raise KeyError('\u03b3')"), PYTHONIOENCODING="latin-1")
    out, _ = process.communicate(timeout=HANG)
    assert process.returncode == 1
    assert "KeyError: '?'" in out


def test_list_reads_statements_without_importing_the_claims(cache):
    code = "import sys; from mdpkit.cli import app\ntry: app(['list', '--json'])\nexcept SystemExit as done: assert not done.code\n"
    code += "assert not [name for name in sys.modules if name.startswith('mdpkit.claims.') and not name.split('.')[2].startswith('_')]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    assert [row["id"] for row in rows] == ids()
    assert {row["theme"] for row in rows} == set(themes())
    assert all(row["statement"].endswith(".") and "\n" not in row["statement"] for row in rows)


def test_list_of_a_theme(mdpkit):
    done = mdpkit("list", "--theme", "games")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ids("games")


def test_show_tells_all_that_a_claim_is_made_of(mdpkit):
    done = mdpkit("show", "cloning_error_compounds_quadratically")
    assert done.exit_code == 0
    claim = package.claims.get("cloning_error_compounds_quadratically")
    expected = [claim.statement, "rewards in [0, 1]", "MDP as mdp", f"proofs/{place(claim.id)}.md", "imitation"]
    expected += [control.name for control in claim.controls] + [part.name for part in claim.also]
    for words in expected:
        assert words in done.stdout


def test_claims_are_listed_by_paper_and_by_subject(mdpkit):
    by_paper = [line.split()[0] for line in mdpkit("list", "--paper", "qadri2025").stdout.splitlines()]
    assert by_paper == [name for name in ids() if "qadri2025" in get(name).papers] != []
    both = mdpkit("list", "--tag", "transfer", "--paper", "qadri2025", "--json").stdout
    found = [each["id"] for each in json.loads(both)]
    assert found == [name for name in by_paper if "transfer" in get(name).tags]
    assert "constraint_transfers_iff_tubes_are_nested" in found
    assert mdpkit("list", "--paper", "archibald1995").stdout == ""
    for words, hint in (
        (("--paper", "qadri"), "nearest: qadri2025"),
        (("--tag", "astrology"), "reachability, recoverability"),
    ):
        refused = mdpkit("list", *words)
        assert refused.exit_code == 3
        assert hint in " ".join(refused.stderr.split())


def test_show_names_the_formula_the_papers_and_the_counterparts(mdpkit):
    shown = mdpkit("show", "linear_mdp_keeps_every_q_linear").stdout
    for words in (
        r"formula     Q_t(s, a) = \sum_k",
        "papers      jin2020: Chi Jin, Zhuoran Yang",
        "subjects    linear-mdp",
        "elsewhere   optQ_linear, Lean 4, jin-yidan/verified-rl@27ad2be: weaker (",
    ):
        assert words in shown


def test_show_of_a_file(mdpkit, tiny):
    path = tiny("holds")
    done = mdpkit("show", path)
    assert "A number is at most 3." in done.stdout
    assert path in done.stdout
    assert "no problem from outside" in done.stdout


def test_show_of_a_named_instance(mdpkit):
    done = mdpkit("show", "--instance", "cliff", "--parameter", "H=4", "--parameter", "eps=1/10")
    assert done.exit_code == 0
    expected = [
        "cliff  (imitation)",
        "A cliff, an expert that never falls",
        "Source: adapted from Ross and Bagnell, 2010.",
    ]
    expected += [
        "parameters  H = 4",
        "eps = 1/10",
        "MDP(S=2, A=2, Finite(H=4)",
        "cloning_error_compounds_quadratically",
    ]
    for words in expected:
        assert words in done.stdout
    assert ">>>" not in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lanes", "--parameter", "e=1/2,1/3"], "e = 1/2, 1/3"),
        (["rare_third", "--parameter", "k=none", "--parameter", "data=1/2,1/2,0"], "data = 1/2, 1/2, 0"),
        (["road", "--parameter", "recovers=false"], "recovers = False"),
        (["lqr_cart", "--parameter", "dt=1/10"], "dt = 1/10"),
    ],
)
def test_parameters_are_read_as_they_are_annotated(mdpkit, words, expected):
    done = mdpkit("show", "--instance", *words)
    assert done.exit_code == 0
    assert expected in done.stdout


@pytest.mark.parametrize(
    ("kind", "begins"), [("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG"), ("tex", b"\\documentclass")]
)
def test_a_named_instance_is_drawn(mdpkit, tmp_path, kind, begins):
    done = mdpkit("show", "--instance", "fork", "--draw", tmp_path / f"fork.{kind}")
    assert done.exit_code == 0
    assert f"drawing     {tmp_path / f'fork.{kind}'}" in done.stdout
    assert (tmp_path / f"fork.{kind}").read_bytes().startswith(begins)


def test_an_unknown_instance_lists_the_known_ones_and_one_too_large_says_so(mdpkit):
    listed = mdpkit("show", "--instance", "clif").stderr
    assert "expected one of arms, " in listed
    assert "button, choices, cliff" in listed
    assert "this instance cannot be drawn" in " ".join(
        mdpkit("show", "--instance", "lqr_cart", "--draw", "x.pdf").stderr.split()
    )


def test_new_writes_a_claim_that_survives(mdpkit, tmp_path, results):
    assert mdpkit("new", "return_is_bounded").exit_code == 0
    path = tmp_path / "return_is_bounded.py"
    text = path.read_text()
    assert len(text.splitlines()) <= 60
    done = mdpkit("verify", path, "--json")
    assert done.exit_code == 0
    [claim] = results(done.stdout)["claims"]
    assert (claim["id"], claim["theme"], claim["outcome"], claim["tightest"]) == (
        "return_is_bounded",
        "user",
        "SURVIVED",
        1,
    )
    assert [control["kind"] for control in claim["controls"]] == ["tightens", "drops", "sabotages"]
    refused = mdpkit("new", "return_is_bounded")
    assert refused.exit_code == 3
    assert "not overwritten" in refused.stderr
    assert path.read_text() == text


def test_new_refuses_bad_ids_and_folders(mdpkit, tmp_path):
    for name in ("3_is_odd", "Is_It", "is-it", "lambda", "../is_it", "_is_it", "", ids()[0]):
        assert mdpkit("new", name).exit_code == 3
    assert mdpkit("new", "is_it", "--folder", tmp_path / "missing").exit_code == 3
    for words in (("--theme", "astrology"), ("--theme", "games", "--folder", tmp_path)):
        assert mdpkit("new", "is_it", *words).exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_version_and_help(mdpkit):
    assert mdpkit("--version").stdout == f"mdpkit {package.__version__}\n"
    assert mdpkit("--help").stdout == mdpkit().stdout
    assert mdpkit("verify", "--help").exit_code == 0


def test_help_loads_nothing_heavy():
    heavy = {"numba", "scipy", "hypothesis", "joblib", "cvxpy", "matplotlib", "rich", "flint"}
    code = f"import sys, mdpkit.cli; print(*{heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
