"""Arguments of the wrong type: every measure names the argument, what was given and what is expected."""

from collections.abc import Sequence
from inspect import isfunction
from typing import get_type_hints

import numpy as np
import pytest

from mdpkit import MDP, Discounted, PreferenceProblem, TabularPolicy, measure
from mdpkit.base.errors import InvalidModel, WrongArgument
from mdpkit.base.replaceable import classes_of, replaceable

MODEL, POLICY = MDP([[[1.0], [1.0]]], [[1.0, 0.0]], horizon=Discounted(0.9)), TabularPolicy([[1.0, 0.0]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: measure.value(1, 2),
            r"value: problem is 1 \(int\); expected an MDP or a MarkovGame or a PreferenceProblem",
        ),
        (
            lambda: measure.value(MODEL, POLICY.table),
            r"value: policy is an array of shape \(1, 2\) \(ndarray\); expected a TabularPolicy",
        ),
        (lambda: measure.value_gap(MODEL, POLICY, "x"), r"value_gap: learner is 'x' \(str\); expected a TabularPolicy"),
        (lambda: measure.regret(MODEL, POLICY), r"regret: game is MDP.* \(MDP\); expected a MarkovGame"),
        (lambda: measure.kl([[1, 0]], POLICY), r"kl: p is \[\[1, 0\]\] \(list\); expected a TabularPolicy"),
        (lambda: measure.tube(MODEL), r"tube: problem is MDP.*; expected a SafetyProblem"),
        (
            lambda: measure.divergence_from_reference(MODEL, POLICY),
            r"problem is MDP.*; expected a PreferenceProblem",
        ),
    ],
)
def test_an_argument_of_another_type_is_named_with_what_is_expected(call, words):
    with pytest.raises(WrongArgument, match=words) as refusal:
        call()
    assert isinstance(refusal.value, InvalidModel)
    assert isinstance(refusal.value, TypeError)


def test_an_error_with_arguments_of_the_right_type_is_left_as_it_is():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        measure.value(MODEL)

    @replaceable
    def broken(problem: MDP):
        return problem.no_such_field

    with pytest.raises(AttributeError, match="no_such_field"):
        broken(MODEL)


def test_the_records_that_a_measure_takes_can_be_checked():
    named = [each for each in vars(measure).values() if isfunction(each) and hasattr(each, "name")]
    assert len(named) > 50
    for each in named:
        hints = get_type_hints(each)
        for name in {"problem", "model", "game", "policy", "expert", "learner"} & {*hints}:
            kinds = classes_of(hints[name])
            assert kinds, (each.__name__, name)
            assert not isinstance(None, kinds)


def test_an_argument_that_is_no_record_is_not_blamed():
    @replaceable
    def broken(problem: MDP, order: int, weights: Sequence[int] | None):
        return problem.no_such_field

    with pytest.raises(AttributeError, match="no_such_field"):
        broken(MODEL, np.int64(1), np.ones(2))


def test_problems_and_policies_of_the_right_type_are_measured():
    problem = PreferenceProblem([[0.5, 0.5]], reward=[[1.0, 0.0]])
    assert measure.value(MODEL, POLICY).contains([10])
    assert np.isfinite(measure.value(problem, TabularPolicy([[0.5, 0.5]])).width)
