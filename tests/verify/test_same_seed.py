"""The same seed gives the same verdict, in whatever order and by whomever the work is done."""

import itertools
import json
import random
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace as Models

import pytest

from mdpkit import Bound, Claim, Control, objects, verify
from mdpkit.claims import get
from mdpkit.instances import Box, Family
from mdpkit.verify.judge import judge
from mdpkit.verify.profile import Profile, profile_named
from mdpkit.verify.run.work import run, tasks
from mdpkit.verify.tally import Tally, pack, unpack
from mdpkit.verify.verification import assemble

SHORT = Profile("short", chunks=1, draws=40, evaluations=1500, differential=5, demanded=10)
CHUNKED = Profile("chunked", chunks=3, draws=15, evaluations=500, differential=5, demanded=10)
CLONING = get("cloning_error_compounds_quadratically")


def without_seconds(verdict):
    data = verdict.to_data()
    del data["seconds"]
    return json.dumps(data)


def counts(verdict):
    return {row["label"]: (row["count"], row.get("exact")) for row in verdict.rows}


def half(m):
    return Bound(m.x.max() * 2, m.x.sum())


WRONG = Claim(
    "maximum_is_at_most_half_the_sum",
    half,
    Family(dict(x=Box("S")), dict(S=(2, 3)), dict(x=lambda x: x.x)),
    controls=(
        Control(
            "a tenth",
            witness=lambda: Models(x=objects([1, 1])),
            tightens=lambda m: Bound(m.x.max() * 2, m.x.sum() / 10),
        ),
    ),
)


@pytest.mark.parametrize("claim", [CLONING, WRONG], ids=lambda claim: claim.id)
def test_the_same_seed_gives_the_same_verdict_and_another_seed_other_draws(claim):
    verdicts = [verify(claim, SHORT, seed=seed) for seed in (5, 5, 6)]
    texts = [without_seconds(verdict) for verdict in verdicts]
    assert texts[0] == texts[1]
    assert counts(verdicts[0]) == counts(verdicts[1]) != counts(verdicts[2])
    assert verdicts[0].outcome is verdicts[2].outcome
    assert verdicts[0].seconds > 0


def test_draws_do_not_depend_on_the_modules_that_are_loaded(tmp_path):
    """Hypothesis mixes constants of loaded modules into its draws; a verdict may not see them."""
    constants = ", ".join(repr(bytes(range(65, 65 + length))) for length in range(1, 51))
    (tmp_path / "constants_of_mine.py").write_text(
        f"BYTES = ({constants})\nINTEGERS = ({', '.join(map(str, range(100, 200)))})\n"
    )
    (tmp_path / "draw.py").write_text(
        "import sys\n"
        "if len(sys.argv) > 1: import constants_of_mine\n"
        "from mdpkit.claims import get\n"
        "from mdpkit.verify.breadth import breadth\n"
        "claim = get('double_sampling_bias_is_next_state_variance')\n"
        "print(breadth(claim.parts[0], 80, 5, claim.resolution, 0)[0].to_data())\n"
    )
    words = [[sys.executable, "draw.py"], [sys.executable, "draw.py", "with"]]
    alone, beside = (
        subprocess.run(each, cwd=tmp_path, capture_output=True, text=True, check=True).stdout for each in words
    )
    assert alone == beside


# ---- stretches of work, put together
def results_of(claim, profile):
    return {task.key: run(claim, task, profile, 3) for task in tasks(claim, profile)}


def test_chunks_have_draws_of_their_own_and_may_arrive_in_any_order():
    results = results_of(CLONING, CHUNKED)
    drawn = [json.dumps(results[key]["tally"]["rows"]) for key in ("part0-0", "part0-1", "part0-2")]
    assert len(set(drawn)) == 3
    through_json = json.loads(json.dumps(results))
    whole = without_seconds(assemble(CLONING, results, CHUNKED, 3))
    for shuffle in range(3):
        keys = random.Random(shuffle).sample(list(through_json), len(through_json))
        assert without_seconds(assemble(CLONING, {key: through_json[key] for key in keys}, CHUNKED, 3)) == whole


def test_a_stretch_has_its_seed_whatever_is_verified_beside_it():
    alone = replace(CLONING, also=())
    task = tasks(alone, SHORT)[1]
    assert run(alone, task, SHORT, 0)["tally"] == run(CLONING, task, SHORT, 0)["tally"]


def tallies(claim=WRONG, profile=CHUNKED):
    results = results_of(claim, profile)
    return [Tally.from_data(results[task.key]["tally"]) for task in tasks(claim, profile)[1:]]


def test_merging_is_associative_and_the_empty_tally_changes_nothing():
    a, b, c = tallies()
    assert a.merge(b).merge(c).to_data() == a.merge(b.merge(c)).to_data()
    assert a.violation != b.violation
    assert (a.merge(b).violation, b.merge(a).violation) == (a.violation, b.violation)
    assert Tally().merge(a).to_data() == a.merge(Tally()).to_data() == a.to_data()


def test_counts_of_a_merge_do_not_depend_on_the_order():
    """Of equally tight rows and of two violations the earlier stretch's stays; everything else commutes."""
    orders = [Tally() for _ in range(6)]
    for k, order in enumerate(itertools.permutations(tallies())):
        for tally in order:
            orders[k] = orders[k].merge(tally)
    summary = [
        (
            tally.instances,
            tally.degenerate,
            tally.undecided,
            tally.evaluations,
            tally.compared,
            {key: (row["count"], row["ratio"]) for key, row in tally.rows.items()},
        )
        for tally in orders
    ]
    assert all(each == summary[0] for each in summary)
    assert summary[0][0] == sum(row["count"] for row in orders[0].rows.values())


def test_a_tally_is_the_same_after_json():
    for tally in tallies():
        back = Tally.from_data(json.loads(json.dumps(tally.to_data())))
        assert back == tally
        assert back.merge(tally).to_data() == tally.merge(back).to_data()
        assert tally.violation is not None
        x = unpack(back.violation)
        assert pack(x) == tally.violation
        assert judge(WRONG.parts[0], WRONG.instances.build(x), 0).decision.name == "NO"


def test_the_verdict_s_row_counts_add_up_to_its_instances():
    verdict = verify(CLONING, SHORT)
    assert sum(row["count"] for row in verdict.rows) == verdict.instances
    assert {row["part"] for row in verdict.rows} == {part.name for part in CLONING.parts}


def test_budgets_are_counts():
    assert profile_named("full").draws > profile_named("quick").draws
    results = results_of(WRONG, replace(SHORT, evaluations=3000))
    assert results["part0-0"]["tally"]["evaluations"] <= 3000 + SHORT.draws
