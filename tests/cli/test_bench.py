"""mdpkit bench: rows, wrong peers, seeds, errors. No time is asserted."""

import json
import subprocess
import tomllib
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mdpkit.base.errors import InvalidModel
from mdpkit.bench import run as runs
from mdpkit.bench.children import TaskFailed, run
from mdpkit.bench.compare import compare, outside
from mdpkit.bench.figures import write_figures
from mdpkit.bench.instances import Instance, dense, garnet, shortest_path
from mdpkit.bench.origin import commit, seeds
from mdpkit.bench.peers import PEERS, Peer
from mdpkit.bench.table import END, HEAD, START, lines, markdown, split, write_into
from mdpkit.bench.tasks import TASKS
from mdpkit.bench.themes import rows_of, themes
from mdpkit.model import MDP, Discounted, Finite
from mdpkit.solve import solve

ROOT = Path(__file__).parents[2]
TINY = Instance(partial(garnet, 6, 2, 2, 0.9))
SMALL = {
    "Discounted": partial(garnet, 12, 2, 3, 0.9),
    "Finite": partial(dense, 12, 2, Finite(4)),
    "Total": partial(shortest_path, 4),
}
BENCH_FILE = """import numpy as np

QUICK = ("b",)


def rows(*names):
    return [{"name": name, "seconds": np.float64(1), "answer": (1, np.ones(2))} for name in names or "abc"]
"""


def fake(name, values):
    """A peer that answers with the right values, changed."""

    def start(model, tol):
        right = solve(MDP(model.P, model.r, horizon=model.horizon)).value.mid
        return lambda: values(right)

    return Peer(name, "numpy", Discounted, start)


RIGHT, SHIFTED = fake("right", lambda v: v), fake("shifted", lambda v: v + np.eye(1, v.size)[0] / 2)
UNDEFINED = fake("undefined", lambda v: v * np.nan)


@pytest.fixture
def row():
    return compare("tiny", TINY, [1, 2], peers=[SHIFTED, RIGHT, UNDEFINED], repeats=2)


def test_a_wrong_peer_is_shown_as_wrong_and_never_as_the_best(row):
    sides = {side["name"]: side["status"] for side in row["sides"]}
    assert sides == {"mdpkit": "right", "shifted": "wrong by 0.5", "right": "right", "undefined": "wrong by inf"}
    assert row["peer"] == "right"
    alone = compare("tiny", TINY, [1], peers=[SHIFTED], repeats=1)
    assert (alone["peer"], alone["ratio"]) == (None, None)
    assert [line[-1] for line in lines({"rows": [alone]})] == [HEAD[-1], "shifted wrong by 0.5"]


def test_a_peer_that_raises_an_error_is_shown_as_failed():
    def leave(v):
        raise SystemExit("no memory")

    row = compare("tiny", TINY, [1, 2], peers=[fake("leaves", leave), RIGHT], repeats=1)
    assert row["peer"] == "right"
    assert lines({"rows": [row]})[1][-1] == "leaves failed: SystemExit: no memory"


def test_a_row_is_well_formed(row):
    ours, best = (next(side for side in row["sides"] if side["name"] == name) for name in ("mdpkit", "right"))
    ratios = [b / a for a, b in zip(ours["seconds"], best["seconds"], strict=True)]
    assert row["spread"] == [min(ratios), max(ratios)]
    assert row["ratio"] == pytest.approx(np.sqrt(np.prod(ratios)))
    assert (row["seeds"], row["repeats"], row["entries"] > 0) == (2, 2, True)
    assert ours["error"] <= TINY.tol
    assert json.loads(json.dumps(row)) == row


def test_an_answer_without_the_bounds_asked_for_is_not_certified():
    row = compare("tiny", Instance(TINY.make, tol=1e-300), [1], peers=[RIGHT], repeats=1)
    assert row["sides"][0]["status"].startswith("not certified: ")
    assert lines({"rows": [row]})[1][4] == "-"


def test_a_side_that_is_slow_is_called_once():
    row = compare("tiny", TINY, [1, 2], peers=[RIGHT], repeats=3, patience=0.0)
    assert [(len(side["seconds"]), side["repeats"]) for side in row["sides"]] == [(2, 1), (1, 1)]


@pytest.mark.xdist_group("quantecon")
@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer.version], ids=lambda peer: peer.name)
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning", "ignore::DeprecationWarning")
def test_the_value_of_an_installed_peer_is_close_on_a_small_model_and_a_call_repeats(peer):
    """But that of mdptoolbox's modified policy iteration, whose stop on the span shifts the value."""
    model = SMALL[peer.horizon.__name__](7)
    call = peer.start(model, 1e-9)
    found, value = [call(), call()], solve(MDP(model.P, model.r, horizon=model.horizon), tol=1e-9).value
    assert (found[0] == found[1]).all()
    error = outside(value if value.ndim == 1 else value[0], found[0])
    assert error > 1e-2 if peer.name == "mdptoolbox MPI" else error < 1e-8


def test_every_peer_is_in_the_extra_or_comes_with_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = {
        words.partition(">=")[0] for words in [*project["optional-dependencies"]["bench"], *project["dependencies"]]
    }
    assert {peer.package for peer in PEERS} <= listed


def test_seeds_derive_from_the_commit(tmp_path):
    assert commit(tmp_path).startswith("version ")
    hashes = []
    for words in ("one", "two"):
        for command in (
            ["init", "-q"],
            ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", words],
        ):
            subprocess.run(["git", *command], cwd=tmp_path, check=True)
        hashes.append(commit(tmp_path))
    assert len({*hashes}) == 2
    assert all(len(each) == 40 for each in hashes)
    assert seeds(hashes[0]) != seeds(hashes[1])
    assert len({*seeds(hashes[0])}) == 3


def test_the_themes_are_the_files_with_rows(tmp_path):
    (tmp_path / "bench_one.py").write_text(BENCH_FILE)
    (tmp_path / "bench_two.py").write_text("def rows():\n    return [{'name': 'a'}]\n")
    (tmp_path / "bench_none.py").write_text("")
    assert themes(tmp_path) == ["one"]
    assert rows_of("one", folder=tmp_path) == [{"name": name, "seconds": 1.0} for name in "abc"]
    assert [row["name"] for row in rows_of("one", quick=True, folder=tmp_path)] == ["b"]
    (tmp_path / "bench_two.py").write_text("\n" + (tmp_path / "bench_two.py").read_text())
    assert rows_of("two", quick=True, folder=tmp_path) == []
    with pytest.raises(InvalidModel, match=r"bench_two.py: the row \{'name': 'a'\} lacks `name` or `seconds`"):
        rows_of("two", folder=tmp_path)
    assert {"games", "imitation", "preference", "safety", "tokens"} <= {*themes()}


def test_a_task_in_a_process_of_its_own_says_why_it_failed():
    with pytest.raises(TaskFailed, match="KeyError: 'no such instance'"):
        run("first_call", instance="no such instance", seed=0)


@pytest.fixture
def at_once(monkeypatch):
    """Tasks run in this process."""
    monkeypatch.setattr(runs, "run", lambda task, /, environment=None, **given: TASKS[task](**given))


TEN = ("--theme", "solvers", "--instance", "ten states", "--peer", "scipy", "--repeats", 1)


def test_the_command_writes_a_table_and_json(mdpkit, at_once, tmp_path):
    (tmp_path / "page.md").write_text(f"before\n{START}\nold\n{END}\nafter\n")
    done = mdpkit("bench", *TEN, "--json", "--into", "page.md")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [row["name"] for row in found["rows"]] == ["ten states"]
    assert found["seeds"] == seeds(found["commit"])
    assert found["rows"][0]["seeds"] == 3
    page = (tmp_path / "page.md").read_text()
    assert page == f"before\n{START}\n{markdown(found)}\n{END}\nafter\n"
    assert "| ten states |" in page
    assert found["machine"]["date"] in page
    shown = mdpkit("bench", *TEN)
    assert shown.stdout.splitlines()[0].split() == " ".join(HEAD).split()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--theme", "solver"], "no theme of the benchmark is called 'solver'; expected one of solvers, "),
        (["--peer", "quantecom"], "no peer is called 'quantecom'; expected one of "),
        (["--instance", "chain"], "no instance is called 'chain'; expected one of ten states; "),
        (["--into", "empty.md"], "empty.md has no lines <!-- mdpkit bench -->"),
    ],
)
def test_why_nothing_is_timed_is_said(words, said, mdpkit, tmp_path):
    (tmp_path / "empty.md").write_text("")
    done = mdpkit("bench", *words)
    assert done.exit_code == 3
    assert said in done.stderr.replace("\n", " ")


def test_a_peer_that_is_not_installed_names_the_extra(mdpkit, monkeypatch):
    monkeypatch.setattr(Peer, "version", None)
    done = mdpkit("bench", "--peer", "stormpy")
    assert done.exit_code == 3
    assert 'stormpy is not installed; pip install "mdpkit[bench]"' in done.stderr


def test_other_themes_than_solvers_need_a_checkout(monkeypatch):
    monkeypatch.setattr(runs, "themes", lambda: [])
    with pytest.raises(InvalidModel, match=r"expected one of solvers; those of .*bench need a checkout"):
        runs.choose_themes(["games"])


def test_the_readme_has_a_place_for_the_table():
    assert all(split(ROOT / "README.md"))


def test_a_file_keeps_what_is_outside_the_markers(tmp_path):
    (tmp_path / "x.md").write_text(f"{END}\n{START}\n")
    with pytest.raises(InvalidModel, match="expected both, in this order"):
        write_into(tmp_path / "x.md", "table")


def test_the_figure_is_drawn_from_its_table(tmp_path):
    sides = [("mdpkit", "1"), ("quantecon MPI", "2")]
    rows = [dict(panel="S", x=x, side=side, y=y) for x in ("10", "100") for side, y in sides]
    table, figure = write_figures(tmp_path / "new", rows)
    assert table.read_text().splitlines()[:2] == ["panel,x,side,y", "S,10,mdpkit,1"]
    assert figure.read_bytes().startswith(b"%PDF")
