"""Replacing a measure for the length of one check, and proposing instead of deciding."""

import contextvars
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose, proposing
from mdpkit.base.replaceable import replaceable, sabotaged
from mdpkit.measure import value as held_by_import
from mdpkit.model import MDP, Finite, TabularPolicy
from mdpkit.strategies import mdps, policies

MDP_OF_ONE = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Finite(3))
LAZY, BUSY = TabularPolicy(objects([[1, 0]])), TabularPolicy(objects([[0, 1]]))


def one_more(original, *args):
    return original(*args) + 1


def test_a_replacement_reaches_holders_of_the_function_and_names_what_it_reached():
    with sabotaged(measure.value, one_more) as reached:
        assert reached == []
        assert held_by_import(MDP_OF_ONE, BUSY).lower[()] == 4
        assert reached == ["mdpkit.measure.planning.value.value"] == [measure.value.name]
    assert held_by_import(MDP_OF_ONE, BUSY).lower[()] == 3


def test_a_replacement_reaches_nested_calls():
    def only_the_busy(original, problem, policy):
        return original(problem, policy) * 10 if policy == BUSY else original(problem, policy)

    with sabotaged(measure.value, only_the_busy) as reached:
        assert measure.value_gap(MDP_OF_ONE, BUSY, LAZY).lower[()] == 30
        assert len(reached) == 2
    with sabotaged(measure.state_value, one_more) as reached:
        assert measure.value_gap(MDP_OF_ONE, BUSY, LAZY).lower[()] == 3
        assert measure.value(MDP_OF_ONE, LAZY).lower[()] == 1
        assert len(reached) == 3
    with sabotaged(measure.occupancy, lambda original, *args: original(*args) * 2):
        assert measure.cloning_error(MDP_OF_ONE, BUSY, LAZY).lower.tolist() == [2, 2, 2]


def test_the_original_is_handed_over_unsabotaged_with_its_options():
    seen = []

    @replaceable
    def doubled(x, times=2):
        return x * times

    def by(original, *args, **options):
        seen.append((args, options))
        return -original(*args, **options)

    with sabotaged(doubled, by):
        assert doubled(3, times=5) == -15
    assert doubled(3) == 6
    assert seen == [((3,), {"times": 5})]
    assert doubled.__name__ == "doubled"
    assert doubled.name.endswith("doubled")


def test_replacements_nest_and_the_inner_one_wins():
    with sabotaged(measure.value, one_more) as outer:
        with sabotaged(measure.total_variation, lambda original, *args: original(*args) * 0) as other:
            assert measure.value(MDP_OF_ONE, LAZY).lower[()] == 1
            assert measure.total_variation(LAZY, BUSY).lower.tolist() == [0]
        with sabotaged(measure.value, lambda original, *args: original(*args) - 5) as inner:
            assert measure.value(MDP_OF_ONE, LAZY).lower[()] == -5
        assert measure.total_variation(LAZY, BUSY).lower.tolist() == [1]
        assert measure.value(MDP_OF_ONE, LAZY).lower[()] == 1
    assert len(outer) == 2
    assert len(other) == len(inner) == 1
    assert measure.value(MDP_OF_ONE, LAZY).lower[()] == 0


def test_a_measure_that_was_not_called_was_not_reached():
    with sabotaged(measure.occupancy, one_more) as reached:
        measure.value(MDP_OF_ONE, LAZY)
    assert reached == []


def test_a_replacement_ends_with_an_exception():
    def broken(original, *args):
        raise ArithmeticError("on purpose")

    with pytest.raises(ArithmeticError, match="on purpose"), sabotaged(measure.value, broken) as reached:
        measure.value(MDP_OF_ONE, LAZY)
    assert len(reached) == 1
    assert measure.value(MDP_OF_ONE, LAZY).lower[()] == 0


def test_other_threads_and_contexts_do_not_see_a_replacement():
    found = {}

    def look(name):
        found[name] = measure.value(MDP_OF_ONE, LAZY).lower[()], proposing()

    before = contextvars.copy_context()
    with sabotaged(measure.value, one_more):
        thread = threading.Thread(target=look, args=("thread",))
        thread.start()
        thread.join()
        before.run(look, "before")
        contextvars.copy_context().run(look, "copied")
        look("here")
    assert found == {"thread": (0, False), "before": (0, False), "copied": (1, False), "here": (1, False)}


def test_measures_go_by_their_qualified_names():
    measures = [f for name in dir(measure) if callable(f := getattr(measure, name)) and hasattr(f, "name")]
    assert measure.value in measures
    assert measure.regret in measures
    assert [f.name for f in measures] == [f"{f.__module__}.{f.__name__}" for f in measures]


@settings(max_examples=30)
@given(st.data(), st.booleans())
def test_proposals_are_the_middles(data, discounted):
    problem = data.draw(mdps(discounted=discounted))
    policy = data.draw(policies(problem)).to_float()
    problem = problem.to_float()
    for one in (measure.value, measure.state_value, measure.action_value, measure.advantage, measure.occupancy):
        bracket = one(problem, policy)
        assert isinstance(bracket, Interval)
        with propose():
            bare = one(problem, policy)
        assert not isinstance(bare, Interval)
        assert np.shape(bare) == bracket.shape
        np.testing.assert_allclose(bare, bracket.mid, rtol=1e-11, atol=1e-11)
    assert not proposing()


def test_sparse_proposals_are_the_middles(sparse):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        P, table = rng.dirichlet(np.ones(3), (3, 2)), rng.dirichlet(np.ones(2), 3)
        problem = sparse(MDP(P, rng.random((3, 2)), horizon=Finite(4)))
        for one in (measure.value, measure.state_value, measure.action_value, measure.advantage, measure.occupancy):
            middle = one(problem, TabularPolicy(table)).mid
            with propose():
                np.testing.assert_allclose(one(problem, TabularPolicy(table)), middle, rtol=1e-12, atol=1e-12)
