"""Grids of runs: made once, resumed, refused when declared differently, and judged by exact values."""

import json
import pickle
import runpy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from mdpkit import deep
from mdpkit.base.errors import InvalidModel
from mdpkit.deep import twins
from mdpkit.deep.experiment import Experiment, Problem, Results, describe
from mdpkit.deep.experts import Feedback

LOCK = Problem(
    twins.combination_lock, {"H": 2, "digits": 2, "discrete": True}, {"episodes": 10, "demonstrations": 1}, draws=5
)
CALLS = []


@dataclass(frozen=True)
class Pressing:
    """Not a learner of anything: presses one digit in the first rounds, then plays the expert's rule."""

    pressed: int
    rounds: int
    stops_at: int | None = None
    needs = ("episodes",)

    def learn(self, access, rng):
        CALLS.append(rng.integers(2**31))
        if len(CALLS) == self.stops_at:
            raise KeyboardInterrupt
        constant = Feedback(lambda obs: np.full(len(obs), self.pressed))
        policies = [constant] * self.rounds + [LOCK.make().expert()]
        access.play(constant, 1, rng=rng)
        return policies[-1], {
            "policy": policies,
            "steps": range(2, 2 * len(policies) + 2, 2),
            "updates": range(len(policies)),
        }


def grid(seeds=2, **learners):
    return Experiment(learners, {"lock": LOCK}, seeds)


@pytest.fixture(autouse=True)
def _no_calls():
    CALLS.clear()


def test_scores_are_exact_values_between_random_actions_and_the_expert(tmp_path):
    found = grid(slow=Pressing(0, 3)).run(tmp_path)
    assert found.column("slow", "J")[-1, 0] == pytest.approx([1, 1], abs=1e-12)
    # press 0: state 0 goes on and pays 1 in state 1, the bait of 1/20 elsewhere; random actions have the same value
    assert found.column("slow", "J")[:3, 0, 0] == pytest.approx([0.2875] * 3, abs=1e-12)
    assert LOCK.references() == pytest.approx((0.2875, 1), abs=1e-12)
    assert found.column("slow", "score")[:, 0, 0] == pytest.approx([0, 0, 0, 1], abs=1e-12)
    assert found.area("slow") == pytest.approx(np.full((1, 2), 1 / 4), abs=1e-12)


def test_an_interrupted_experiment_makes_the_missing_runs_only_and_draws_as_before(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        grid(a=Pressing(0, 1), b=Pressing(0, 1, stops_at=2)).run(tmp_path)
    (done,) = tmp_path.iterdir()
    before = done.stat().st_mtime_ns
    with pytest.raises(InvalidModel, match=r"3 of 4 runs are missing in .*, such as b\.lock\.0\.json"):
        grid(a=Pressing(0, 1), b=Pressing(0, 1)).read(tmp_path)
    drawn = CALLS.copy()
    CALLS.clear()
    grid(a=Pressing(0, 1), b=Pressing(0, 1)).run(tmp_path)
    assert len(CALLS) == 3
    assert done.stat().st_mtime_ns == before
    assert drawn == [CALLS[0]] * 2  # both learners have the generator of the seed
    assert CALLS[1] == CALLS[2] != CALLS[0]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json"] * 4


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            lambda: grid(slow=Pressing(0, 2)),
            r"slow\.lock\.0\.json was declared differently: its learner is .*'rounds': 3",
        ),
        (
            lambda: Experiment({"slow": Pressing(0, 3)}, {"lock": Problem(LOCK.twin, LOCK.options, {"episodes": 10})}),
            "its problem is",
        ),
    ],
)
def test_a_run_that_was_declared_differently_is_refused(tmp_path, other, words):
    grid(1, slow=Pressing(0, 3)).run(tmp_path)
    CALLS.clear()
    with pytest.raises(InvalidModel, match=words):
        other().run(tmp_path)
    assert CALLS == []
    (tmp_path / "slow.lock.0.json").write_text("[]")
    with pytest.raises(InvalidModel, match="is not a run of an experiment"):
        grid(1, slow=Pressing(0, 3)).read(tmp_path)


def test_a_difference_is_shown_if_its_interval_excludes_0_and_there_are_ten_seeds(tmp_path):
    found = grid(10, fast=Pressing(0, 1), quick=Pressing(1, 1), slow=Pressing(0, 3)).run(tmp_path)
    fast, quick, slow = found.summary("fast", resamples=50)
    assert (slow["shown"], quick["shown"]) == (True, False)
    assert slow["difference"] == pytest.approx(1 / 4 - 1 / 2, abs=1e-12)
    assert "shown" not in fast
    assert found._repr_html_().count("shown") == 2
    assert found._repr_html_().count("not shown") == 1
    assert found.draw().axes[0].get_legend().get_title().get_text() == "n = 10 seeds"
    few = grid(9, **found.experiment.learners).read(tmp_path).summary("fast", resamples=50)
    assert [row.get("shown") for row in few] == [None, False, False]


def test_effort_is_equal_if_every_round_ends_at_the_same_steps(tmp_path):
    found = grid(2, a=Pressing(0, 1), b=Pressing(1, 1)).run(tmp_path)
    assert found.equal_effort()
    assert "n = 2 seeds" in found.caption()
    assert "used equal environment steps" in found.caption()
    found.runs["b", "lock", 1]["updates"][0] += 1
    assert not found.equal_effort()
    assert "used different environment steps" in Results(found.experiment, found.runs).caption()


def test_a_network_is_declared_by_all_its_settings():
    declared = describe(deep.FILTER(rounds=3, alpha=deep.Linear(1.0, 0.0, 5), progress=print))
    assert declared["alpha"]["rounds"] == 5
    assert declared["reward_player"]["rate"]["first"] == 8e-3
    assert "progress" not in declared
    assert declared != describe(deep.FILTER(rounds=3))
    assert json.loads(json.dumps(declared)) == declared
    made = grid(3, filter=deep.FILTER(), hype=deep.HyPE())
    assert pickle.loads(pickle.dumps(made)) == made  # as processes of joblib receive it


def test_what_cannot_be_declared_is_refused():
    for act, words in (
        (lambda: grid(slow=deep.HyPE(expert_share=lambda k: 1 / k)), "cannot be written down"),
        (lambda: Experiment({}, {"lock": LOCK}), "learners is empty"),
        (lambda: Experiment({"a b": Pressing(0, 1)}, {"lock": LOCK}), "'a b' cannot name a file"),
        (lambda: grid(0, slow=Pressing(0, 1)), "seeds is 0"),
    ):
        with pytest.raises(InvalidModel, match=words):
            act()


STORED = sorted((Path(__file__).parents[1] / "bench/experiments").glob("*.py"))


@pytest.mark.parametrize("script", STORED, ids=lambda path: path.stem)
def test_the_stored_table_is_that_of_the_stored_runs_as_the_script_declares_them(script):
    stored = json.loads(script.with_suffix(".json").read_text())
    seeds = stored["rows"][0]["n"]
    module = runpy.run_path(str(script))
    found = module["declare"](seeds).read(script.with_suffix(""))
    for entry, again in zip(_leaves(stored), _leaves(module["summary"](found)), strict=True):
        assert entry == (pytest.approx(again) if isinstance(again, float) else again)


def test_runs_on_a_cluster_are_those_of_this_process(tmp_path):
    pytest.importorskip("distributed")
    from tools.dask_cluster import DaskCluster

    here, there = tmp_path / "here", tmp_path / "there"
    experiment = grid(cloning=deep.Cloning(width=4, steps=5))
    experiment.run(here)
    there.mkdir()
    cluster = DaskCluster(there)
    try:
        cluster.worker()
        experiment.run(there / "runs", scheduler=cluster.address)
    finally:
        cluster.close()
    files = sorted(here.iterdir())
    assert [file.name for file in files] == sorted(file.name for file in (there / "runs").iterdir())
    for file in files:
        one, other = (json.loads(each.read_text()) for each in (file, there / "runs" / file.name))
        assert {**one, "cpu_seconds": 0} == {**other, "cpu_seconds": 0}


def _leaves(thing):
    """The entries of nested data, with their keys, in order."""
    if isinstance(thing, dict):
        return [each for key, entry in thing.items() for each in (key, *_leaves(entry))]
    return [each for entry in thing for each in _leaves(entry)] if isinstance(thing, list | tuple) else [thing]
