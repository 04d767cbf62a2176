"""Learning curves of several learners: counts, intervals, drawing, bad input."""

import numpy as np
import pytest

from mdpkit import fit, grant, measure
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.instances.library.imitation.ladder import ladder
from mdpkit.instances.library.imitation.road import ditch
from mdpkit.learn import FILTER, Cloning, DAgger, FiniteRewards, compare


@pytest.fixture(scope="module")
def found():
    m = ditch(4)
    learners = {"cloning": Cloning(), "DAgger": [DAgger(n, episodes=2) for n in (1, 2, 4)]}
    return m, compare(m.mdp, learners, dict(expert=m.expert, demonstrations=2, episodes=99, queries=99), seeds=4)


def test_each_run_is_the_fit_with_its_seed(found):
    m, comparison = found
    (run,) = (run for run in comparison.runs if (run.learner, run.point, run.seed) == ("DAgger", 1, 3))
    access = grant(m.mdp, expert=m.expert, demonstrations=2, episodes=99, queries=99, rng=np.random.default_rng([3, 0]))
    answer = fit(DAgger(2, episodes=2), access, rng=np.random.default_rng([3, 1]))
    assert (run.used, run.value) == (answer.used, float(measure.value(m.mdp, answer.policy).mid))


def test_a_curve_has_mean_counts_and_intervals_of_mean_values(found):
    _, comparison = found
    curve = comparison.curve("DAgger", "episodes")
    assert [count for count, _ in curve] == [2, 4, 8]
    last = [run.value for run in comparison.runs if (run.learner, run.point) == ("DAgger", 2)]
    assert curve[-1][1].mid == pytest.approx(np.mean(last))
    assert comparison.expert == 4
    assert len(comparison.curve("cloning")) == 1


def test_it_draws_and_tabulates_itself(found):
    _, comparison = found
    (ax,) = comparison.draw("queries").axes
    assert ax.get_xlabel() == "queries"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["expert", "cloning", "DAgger"]
    assert comparison._repr_html_().count("<tr") == 5
    assert comparison.draw("steps", ax) is ax.figure


def test_grants_may_be_the_points_of_the_curve():
    m = ladder(3, "1/10")
    learner = FILTER(1, rewards=FiniteRewards(m.mdp.r[None]), rules=m.rules, rounds=1)
    grants = [dict(expert=m.expert, demonstrations=n, episodes="exact") for n in (1, 5)]
    curve = compare(m.mdp, {"FILTER": learner}, grants, seeds=(1, 7)).curve("FILTER", "demonstrations")
    assert [count for count, _ in curve] == [3, 15]
    assert all(found.width == 0 for _, found in curve)


def test_bad_input_is_refused(found):
    m, comparison = found
    options = dict(expert=m.expert, demonstrations=2)
    for arguments, words in (
        ((m, {"cloning": Cloning()}, options), "compare takes an MDP"),
        ((m.mdp, {}, options), "learners is empty"),
        ((m.mdp, {"cloning": Cloning()}, options, 1), "expected at least two"),
        ((m.mdp, {"cloning": [Cloning()] * 3}, [options] * 2), "3 settings and there are 2 grants"),
    ):
        with pytest.raises(InvalidModel, match=words):
            compare(*arguments)
    with pytest.raises(MissingAccess, match="DAgger needs episodes and queries"):
        compare(m.mdp, {"DAgger": DAgger()}, options, 2)
    with pytest.raises(InvalidModel, match="no learner is called 'clone'; expected one of cloning, DAgger"):
        comparison.curve("clone")
    with pytest.raises(InvalidModel, match="no meter counts 'time'"):
        comparison.curve("cloning", "time")
