"""`mdpkit hunt` and `mdpkit constants` at the command line."""

import json
from pathlib import Path

import pytest

from mdpkit.instances import load
from mdpkit.report.result.constants import constants_file, read_constants

COMMITTED = Path(__file__).parents[2] / "figures"
REGRET = "regret_gap_is_bounded_by_recoverability"


def test_a_hunt_writes_its_record_and_the_smallest_witness(mdpkit, tmp_path):
    done = mdpkit(
        "hunt",
        REGRET,
        "--seconds",
        "4",
        "--counted",
        "--grid",
        "H=1:2",
        "--seed",
        "3",
        "--json",
        "--folder",
        str(tmp_path),
    )
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert {"claim", "records", "seed", "versions"} <= set(data)
    assert (data["claim"], data["seed"]) == (REGRET, 3)
    for row, H in zip(data["records"], (1, 2), strict=True):
        assert {"fixed", "sizes", "best", "exact", "verdict", "engine", "seconds"} <= set(row)
        assert (row["fixed"], row["exact"], row["verdict"]) == ({"H": H}, "1", "TIGHT")
    folder = tmp_path / "games"
    assert [name.split(".", 1)[1] for name in sorted(path.name for path in folder.iterdir())] == [
        "hunt.json", "record.json", "witness.json", "witness.matters.json", "witness.pdf", "witness.tex"
    ]  # fmt: skip
    game = load(folder / f"{REGRET}.witness.json").game
    assert (game.S, load(folder / f"{REGRET}.witness.matters.json").r.shape) == (1, game.r.shape)
    assert r"\begin{tikzpicture}" in (folder / f"{REGRET}.witness.tex").read_text()


def test_a_wrong_claim_leaves_with_1_and_its_witness_replays(mdpkit, tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from mdpkit import Bound, Box, Claim, Control, Family\n"
        "from flint import fmpq\n"
        "check = lambda m: Bound(m.x.max() * 8, m.x.max() * 0 + 7)\n"
        "family = Family(dict(x=Box('S')), dict(S=(1, 3)), dict(x=lambda x: x.x))\n"
        "CLAIM = Claim('mine', check, family, controls=(Control('c', lambda: None, tightens=check),))\n"
    )
    done = mdpkit("hunt", str(mine), "--seconds", "1", "--counted", "--folder", str(tmp_path))
    assert done.exit_code == 1
    assert "REFUTED" in done.stdout
    assert "8/7" in done.stdout
    assert load(tmp_path / "mine.witness.json").x.shape == (1,)


WRONG = """
from types import SimpleNamespace as Models
from mdpkit import Bound, Box, Claim, Control, Family, objects
def check(m): return Bound(m.x.sum() * 8, m.x.max() * 0 + {bound})
def tighter(m): return Bound(m.x.sum() * 8, m.x.max() * 0 + 3)
family = Family(dict(x=Box('S')), dict(S=(1, 3)), dict(x=lambda x: x.x))
CLAIM = Claim('mine', check, family, controls=(Control('A bound of 3!', lambda: Models(x=objects([1])), tightens=tighter),))
"""


def test_the_record_and_the_smallest_witness_are_stored_apart_and_their_ratios_printed(mdpkit, tmp_path):
    (tmp_path / "mine.py").write_text(WRONG.format(bound=7))
    done = mdpkit("hunt", str(tmp_path / "mine.py"), "--seconds", "2", "--counted", "--folder", str(tmp_path))
    assert "record, the largest ratio: 24/7, S=3\n" in done.stdout
    assert "witness, the violation of the smallest size: 8/7, S=1\n" in done.stdout
    assert [len(load(tmp_path / f"mine.{kind}.json").x) for kind in ("record", "witness")] == [3, 1]
    (row,) = json.loads((tmp_path / "mine.hunt.json").read_text())["records"]
    assert (row["exact"], row["witness"]["exact"], row["witness"]["sizes"]) == ("24/7", "8/7", {"S": 1})


def test_hunting_a_control_leaves_the_files_of_the_claim_as_they_are(mdpkit, tmp_path):
    (tmp_path / "mine.py").write_text(WRONG.format(bound=24))
    command = ("hunt", str(tmp_path / "mine.py"), "--seconds", "2", "--counted", "--folder", str(tmp_path))
    assert "record and witness are one instance: ratio 1, S=3" in mdpkit(*command).stdout
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert mdpkit(*command, "--control", "A bound of 3!").exit_code == 0
    assert all(path.read_bytes() == content for path, content in before.items())
    found = json.loads((tmp_path / "mine.control.a_bound_of_3.hunt.json").read_text())
    assert (found["control"], found["records"][0]["verdict"]) == ("A bound of 3!", "REFUTED")
    assert len(load(tmp_path / "mine.control.a_bound_of_3.witness.json").x) == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("hunt", "performance_difference_lemma"), "cannot be hunted: its statement is an equality"),
        (("hunt", REGRET, "--grid", "H"), "expected an axis and its values"),
        (("hunt", REGRET, "--grid", "H=a:b"), "expected an axis and its values"),
        (("hunt", REGRET, "--grid", "H=3:1"), "expected an axis and its values"),
        (("hunt", REGRET, "--grid", "H=1/0"), "expected an axis and its values"),
        (("hunt", REGRET, "--grid", "H=1", "--grid", "H=2"), "gives H twice"),
        (("hunt", REGRET, "--grid", "H=0:2"), "H=0 is infeasible"),
        (("hunt", REGRET, "--seconds", "0.1"), "each needs 0.5"),
        (("hunt", REGRET, "--seconds", "nan"), "each needs 0.5"),
        (("hunt", REGRET, "--folder", __file__), "is a file"),
        (("hunt", "no_such_claim"), "no_such_claim"),
        (("constants", "no_such_claim"), "no_such_claim"),
        (("constants", "--missing", "--keep", "kept"), "leave out --missing"),
        (
            ("constants", "performance_difference_lemma"),
            "performance_difference_lemma: no universal inequality to hunt",
        ),
    ],
)
def test_what_cannot_be_hunted_leaves_with_3_and_says_why(mdpkit, args, words):
    done = mdpkit(*args)
    assert done.exit_code == 3
    assert words in " ".join(done.stderr.split())


def test_the_table_of_constants_has_a_line_for_every_statement(mdpkit, tmp_path):
    """Hunts are random and rounding differs between processors: of a few tables, one refutes every wrong statement."""
    budget = ("--seconds", "6", "--wrong-seconds", "3", "--counted", "--workers", "1")
    for seed in range(4):
        done = mdpkit("constants", REGRET, *budget, "--seed", seed, "--folder", str(tmp_path))
        assert done.exit_code == 0
        lines = read_constants(tmp_path, REGRET)
        if all(line["shown"]["verdict"] == "REFUTED" for line in lines if line["control"]):
            break
    assert {line["control"] for line in lines if line["claim"] == REGRET} >= {"", "a constant of 1"}
    shown = lines[0]["shown"]
    assert (shown["fixed"], shown["exact"], shown["verdict"]) == ({"H": 3}, "1", "TIGHT")
    wrong = {line["control"]: line["shown"] for line in lines if line["control"]}
    assert set(wrong) == {"a constant of 1", "errors under the learner's own occupancy", "u without deviations"}
    assert {row["verdict"] for row in wrong.values()} == {"REFUTED"}
    assert wrong["a constant of 1"]["exact"] == "2"
    assert f"| `{REGRET}`, H=3 |" in done.stdout
    assert {path.name for path in tmp_path.rglob("*.*")} == {
        f"{REGRET}.constants.json",
        "constants.md",
        "constants.pdf",
    }


def test_only_what_the_table_lacks_is_hunted_and_the_rest_is_kept_as_it_was(mdpkit, tmp_path):
    stored, other = read_constants(COMMITTED, REGRET), "pessimism_bound_is_attained"
    path, beside = (constants_file(tmp_path, name) for name in (REGRET, other))
    for file in (path, beside):
        file.parent.mkdir()
    beside.write_bytes(constants_file(COMMITTED, other).read_bytes())
    path.write_text(json.dumps({"hunts": [{**stored[0], "part": "gone"}, stored[0], *stored[2:]]}))
    for _ in range(2):  # the second time nothing is lacking
        done = mdpkit(
            "constants",
            REGRET,
            "--missing",
            "--wrong-seconds",
            "1",
            "--counted",
            "--workers",
            "1",
            "--folder",
            tmp_path,
        )
        assert done.exit_code == 0
        lines = read_constants(tmp_path, REGRET)
        assert [(line["part"], line["control"]) for line in lines] == [
            (line["part"], line["control"]) for line in stored
        ]
        assert [*lines[:1], *lines[2:]] == [*stored[:1], *stored[2:]]
        assert lines[1]["shown"]["verdict"] == "REFUTED"
        assert f"`{other}`" in (tmp_path / "constants.md").read_text()
        assert f"`{other}`" not in done.stdout
    assert beside.read_bytes() == constants_file(COMMITTED, other).read_bytes()
