"""A problem told by functions is the problem written out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from mdpkit import strategies
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.model import MDP, Discounted, Finite

PLACES, MOVES = ["shore", "sea"], ["wait", "swim"]


def step(place, move):
    return {place: 1} if move == "wait" else {"shore": "1/3", "sea": Fraction(2, 3)}


def paid(place, move):
    return -1 if move == "swim" else place == "shore"


def told(transition=step, reward=paid, states=PLACES, actions=MOVES, horizon=None, **more):
    return MDP.from_functions(states, actions, transition, reward, horizon=horizon or Finite(2), **more)


def test_the_record_by_hand():
    names = {"state_names": PLACES, "action_names": MOVES}
    P = objects([[[1, 0], ["1/3", "2/3"]], [[0, 1], ["1/3", "2/3"]]])
    by_hand = MDP(P, objects([[1, -1], [0, -1]]), objects([0, 1]), horizon=Finite(2), **names)
    assert told(start={"sea": 1}) == by_hand
    assert told() == MDP(P, by_hand.r, horizon=Finite(2), **names)
    in_floats = told(lambda s, a: {n: float(Fraction(p)) for n, p in step(s, a).items()}, start={"sea": 1})
    assert in_floats == by_hand.to_float()


@given(strategies.mdps(discounted=True))
def test_a_problem_read_back_through_functions_is_itself(mdp):
    def transition(s, a):
        return {n: mdp.P[s, a, n] for n in range(mdp.S) if mdp.P[s, a, n] != 0}

    start = dict(enumerate(mdp.rho))
    again = MDP.from_functions(range(mdp.S), range(mdp.A), transition, lambda s, a: mdp.r[s, a], horizon=mdp.horizon, start=start)
    for name in ("P", "r", "rho"):
        assert (getattr(again, name) == getattr(mdp, name)).all()
    assert again.exact
    assert again.state_names == tuple(map(str, range(mdp.S)))


def test_actions_of_a_state_mask_the_others():
    mdp = told(actions=lambda place: ["wait"] if place == "shore" else ["swim", "wait"])
    assert mdp.action_names == ("wait", "swim")
    assert mdp.mask.tolist() == [[True, False], [True, True]]
    assert told(actions=lambda place: MOVES).mask is None


def test_a_sparse_law_is_the_dense_one():
    def float_step(place, move):
        return {"shore": 0.25, "sea": 0.75} if move == "swim" else {place: 1}

    dense, thin = told(float_step), told(float_step, sparse=True)
    assert thin.sparse
    assert (thin.P.toarray().reshape(dense.P.shape) == dense.P).all()
    with pytest.raises(InvalidModel, match="P is sparse, so float64"):
        told(sparse=True)


@pytest.mark.parametrize(
    ("horizon", "reward", "exact"),
    [(Discounted("1/2"), 1, True), (Discounted(0.5), 1, False), (Discounted("1/2"), 1.0, False), (Finite(3), np.int64(1), True)],
)
def test_integers_take_the_kind_of_the_rest(horizon, reward, exact):
    assert told(lambda s, a: {s: 1}, lambda s, a: reward, horizon=horizon).exact is exact


def raising(place, move):
    return {"shore": {}}[place][move]


WRONG = {
    "sum": ({"transition": lambda s, a: {"sea": "1/2"}}, "transition('shore', 'wait') sums to 1/2, not 1 (off by 5.0e-01)"),
    "float sum": ({"transition": lambda s, a: {"sea": 0.98}}, "transition('shore', 'wait') sums to 0.98, not 1"),
    "no law": ({"transition": lambda s, a: {}}, "transition('shore', 'wait') sums to 0, not 1"),
    "negative": ({"transition": lambda s, a: {"sea": 2, "shore": -1}}, "transition('shore', 'wait') leads to 'shore' with -1"),
    "unknown state": ({"transition": lambda s, a: {"air": 1}}, "transition('shore', 'wait') leads to 'air', which is none of the 2"),
    "no mapping": ({"transition": lambda s, a: "sea"}, "transition('shore', 'wait') is 'sea'; expected a mapping from states"),
    "NaN": ({"transition": lambda s, a: {"sea": float("nan")}}, "transition('shore', 'wait') to 'sea' is nan; expected a finite number"),
    "reward text": ({"reward": lambda s, a: "much"}, "reward('shore', 'wait') is 'much'; expected an integer, a Fraction"),
    "reward None": ({"reward": lambda s, a: None}, "reward('shore', 'wait') is None; expected an integer, a Fraction"),
    "reward infinite": ({"reward": lambda s, a: float("inf")}, "reward('shore', 'wait') is inf; expected a finite number"),
    "raising": ({"reward": raising}, "reward('shore', 'wait') raised KeyError: 'wait'"),
    "mixed": ({"reward": lambda s, a: 0.5}, "reward('shore', 'wait') gives the float 0.5 and transition('shore', 'swim') the rational 1/3"),
    "mixed start": ({"start": {"sea": 1.0}}, "start gives the float 1.0 and transition('shore', 'swim') the rational 1/3"),
    "start": ({"start": {"sea": "1/2"}}, "start sums to 1/2, not 1"),
    "state twice": ({"states": ["sea", "sea"]}, "states name 'sea' twice"),
    "same text": ({"states": [1, "1"], "transition": lambda s, a: {s: 1}, "reward": lambda s, a: 0}, "state_names has 2 entries, 1 of"),
    "no states": ({"states": []}, "states are none; expected at least one"),
    "no action": ({"actions": lambda place: []}, "actions('shore') are none; expected at least one"),
    "unhashable": ({"states": [["sea"]]}, "states: unhashable type"),
}


@pytest.mark.parametrize(("change", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_by_state_and_action(change, words):
    with pytest.raises(InvalidModel) as refusal:
        told(**change)
    assert words in str(refusal.value)
