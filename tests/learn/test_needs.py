"""The table of needs is what the learners declare, row by row."""

import inspect

import numpy as np

from mdpkit import learn
from mdpkit.learn.needs import COLUMNS
from mdpkit.model.access import KINDS


def test_every_learner_has_a_row_for_each_answer_of_its_needs():
    rows = learn.needs().rows
    learners = {
        name for name, thing in vars(learn).items() if inspect.isclass(thing) and {"learn", "needs"} <= set(dir(thing))
    } - {"Learner"}
    assert {row.learner.partition("(")[0] for row in rows} == learners
    assert {"Cloning", "DAgger", "MomentMatching", "MaxCausalEntropy", "PSDP"} <= learners
    assert (
        len({(row.learner.partition("(")[0], row.needs) for row in rows})
        == len(rows)
        == len({row.learner for row in rows})
    )
    assert all(row.needs and set(row.needs) <= set(KINDS) for row in rows)


def test_a_row_says_the_options_and_the_needs_that_go_with_them():
    rows = {row.learner: row.needs for row in learn.needs().rows}
    assert rows["MomentMatching(policy_player=ExpertResets(rollouts_per_action=1))"] == (
        "demonstrations",
        "episodes",
        "resets",
    )
    assert rows["DAgger"] == learn.DAgger().needs
    assert rows["DAgger(demonstrated=True)"] == learn.DAgger(demonstrated=True).needs
    assert rows["PSDP(reward=..., rollouts_per_action=None)"] == learn.PSDP(np.zeros((1, 1)), None).needs


def test_it_shows_itself_as_a_table():
    page = learn.needs()._repr_html_()
    assert page.count("<tr>") == len(learn.needs().rows) + 1
    assert all(f"<th>{kind}</th>" in page for kind in COLUMNS)
    assert page.count(">needed<") == sum(len(row.needs) for row in learn.needs().rows)
