"""A problem told by functions is the problem written out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from mdpkit import load, save, solve, strategies
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.model import MDP, Discounted, Finite, MarkovGame, SafetyProblem

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
    again = MDP.from_functions(
        range(mdp.S), range(mdp.A), transition, lambda s, a: mdp.r[s, a], horizon=mdp.horizon, start=start
    )
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
    [
        (Discounted("1/2"), 1, True),
        (Discounted(0.5), 1, False),
        (Discounted("1/2"), 1.0, False),
        (Finite(3), np.int64(1), True),
    ],
)
def test_integers_take_the_kind_of_the_rest(horizon, reward, exact):
    assert told(lambda s, a: {s: 1}, lambda s, a: reward, horizon=horizon).exact is exact


def raising(place, move):
    return {"shore": {}}[place][move]


WRONG = {
    "sum": (
        {"transition": lambda s, a: {"sea": "1/2"}},
        "transition('shore', 'wait') sums to 1/2, not 1 (off by 5.0e-01)",
    ),
    "float sum": ({"transition": lambda s, a: {"sea": 0.98}}, "transition('shore', 'wait') sums to 0.98, not 1"),
    "no law": ({"transition": lambda s, a: {}}, "transition('shore', 'wait') sums to 0, not 1"),
    "negative": (
        {"transition": lambda s, a: {"sea": 2, "shore": -1}},
        "transition('shore', 'wait') leads to 'shore' with -1",
    ),
    "unknown state": (
        {"transition": lambda s, a: {"air": 1}},
        "transition('shore', 'wait') leads to 'air', which is none of the 2",
    ),
    "no mapping": (
        {"transition": lambda s, a: "sea"},
        "transition('shore', 'wait') is 'sea'; expected a mapping from states",
    ),
    "NaN": (
        {"transition": lambda s, a: {"sea": float("nan")}},
        "transition('shore', 'wait') to 'sea' is nan; expected a finite number",
    ),
    "reward text": (
        {"reward": lambda s, a: "much"},
        "reward('shore', 'wait') is 'much'; expected an integer, a Fraction",
    ),
    "reward None": ({"reward": lambda s, a: None}, "reward('shore', 'wait') is None; expected an integer, a Fraction"),
    "reward infinite": (
        {"reward": lambda s, a: float("inf")},
        "reward('shore', 'wait') is inf; expected a finite number",
    ),
    "raising": ({"reward": raising}, "reward('shore', 'wait') raised KeyError: 'wait'"),
    "mixed": (
        {"reward": lambda s, a: 0.5},
        "reward('shore', 'wait') gives the float 0.5 and transition('shore', 'swim') the rational 1/3",
    ),
    "mixed start": (
        {"start": {"sea": 1.0}},
        "start gives the float 1.0 and transition('shore', 'swim') the rational 1/3",
    ),
    "start": ({"start": {"sea": "1/2"}}, "start sums to 1/2, not 1"),
    "state twice": ({"states": ["sea", "sea"]}, "states name 'sea' twice"),
    "same text": (
        {"states": [1, "1"], "transition": lambda s, a: {s: 1}, "reward": lambda s, a: 0},
        "state_names has 2 entries, 1 of",
    ),
    "no states": ({"states": []}, "states are none; expected at least one"),
    "no action": ({"actions": lambda place: []}, "actions('shore') are none; expected at least one"),
    "unhashable": ({"states": [["sea"]]}, "unhashable type: 'list'"),
}


@pytest.mark.parametrize(("change", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_by_state_and_action(change, words):
    with pytest.raises(InvalidModel) as refusal:
        told(**change)
    assert words in str(refusal.value)


# ---- games
def walked(place, joint):
    """Two people carry a boat: it moves where both pull alike."""
    return (
        {"sea": 1}
        if joint == ("pull", "pull")
        else {"shore": "1/3", "sea": Fraction(2, 3)}
        if "pull" in joint
        else {place: 1}
    )


def shares(place, joint):
    return [place == "sea", -1 if joint[1] == "pull" else 0]


CREW = [["pull", "rest"], ["rest", "pull", "sing"]]


def game(transition=walked, reward=shares, states=PLACES, actions=CREW, horizon=None, **more):
    return MarkovGame.from_functions(states, actions, transition, reward, horizon=horizon or Finite(2), **more)


def test_a_game_of_functions_is_the_game_by_hand():
    third, stays = ["1/3", "2/3"], {"shore": [1, 0], "sea": [0, 1]}
    P = objects([[third, [0, 1], third, stays[place], third, stays[place]] for place in PLACES])
    r = objects([[[0] * 6, [1] * 6], [[0, -1, 0, 0, -1, 0]] * 2])
    names = {"state_names": PLACES, "action_names": CREW}
    assert game(start={"sea": 1}) == MarkovGame(P, r, objects([0, 1]), horizon=Finite(2), actions=(2, 3), **names)
    in_floats = game(lambda s, j: {n: float(Fraction(p)) for n, p in walked(s, j).items()})
    assert in_floats == game().to_float()


def test_the_names_of_a_game_reach_its_players_processes_and_its_tables():
    one = game().player(0)
    assert one.state_names == ("shore", "sea")
    assert one.action_names[:2] == ("(pull, rest)", "(pull, pull)")
    assert "(rest, sing)" in game()._repr_html_()
    alike = game(lambda s, j: {s: 1}, lambda s, j: [0, 0], actions=[["a", "a, b"], ["b, c", "c"]])
    assert len(set(alike.player(0).action_names)) == 4


def test_a_game_with_names_comes_back_from_a_file(tmp_path):
    for ending in ("json", "npz"):
        save(game(), tmp_path / f"x.{ending}")
        assert load(tmp_path / f"x.{ending}") == game()


@given(strategies.games(players=2, actions=(2, 3), states=(1, 2), horizon=(1, 1)))
def test_a_game_read_back_through_functions_is_itself(found):
    joint = list(np.ndindex(*found.actions))

    def transition(s, j):
        return dict(enumerate(found.P[0, s, joint.index(j)]))

    def reward(s, j):
        return found.r[0, :, s, joint.index(j)]

    start = dict(enumerate(found.rho))
    again = MarkovGame.from_functions(
        range(found.S), map(range, found.actions), transition, reward, horizon=found.horizon, start=start
    )
    assert again.exact
    for name, theirs in (("P", found.P[0]), ("r", found.r[0]), ("rho", found.rho)):
        assert (getattr(again, name) == theirs).all()


WRONG_GAMES = {
    "no law": ({"transition": lambda s, j: {}}, "transition('shore', ('pull', 'rest')) sums to 0, not 1"),
    "one reward": (
        {"reward": lambda s, j: 1},
        "reward('shore', ('pull', 'rest')) is 1; expected 2 numbers, one for each player",
    ),
    "three rewards": (
        {"reward": lambda s, j: [1, 2, 3]},
        "reward('shore', ('pull', 'rest')) is [1, 2, 3]; expected 2 numbers",
    ),
    "reward text": (
        {"reward": lambda s, j: [1, "much"]},
        "reward('shore', ('pull', 'rest'))[1] is 'much'; expected an integer",
    ),
    "mixed": (
        {"reward": lambda s, j: [0.5, 0]},
        "reward('shore', ('pull', 'rest')) gives the float 0.5 and transition(",
    ),
    "no player": ({"actions": []}, "actions name no player"),
    "one list of actions": (
        {"actions": ["pull", "rest"]},
        "actions of player 0 are the text 'pull'; expected a sequence of actions",
    ),
    "actions by state": ({"actions": lambda place: CREW}, "expected one sequence of actions for each player"),
    "no actions": ({"actions": [["pull"], []]}, "actions of player 1 are none; expected at least one"),
    "action twice": ({"actions": [["pull", "pull"], ["rest"]]}, "actions of player 0 name 'pull' twice"),
}


@pytest.mark.parametrize(("change", "words"), WRONG_GAMES.values(), ids=WRONG_GAMES)
def test_what_is_wrong_with_a_game_is_named_by_state_and_joint_action(change, words):
    with pytest.raises(InvalidModel) as refusal:
        game(**change)
    assert words in str(refusal.value)


def test_names_that_are_not_those_of_a_games_actions_are_refused():
    P, r = objects([[[1]] * 2]), objects([[[0, 0]], [[0, 0]]])
    for names, words in (
        (["ab", "c"], "expected 2 sequences of texts, one for each player"),
        ([["a", "b"]], "expected 2 sequences of texts"),
        ([["a", "b"], ["c", "d"]], r"action_names\[1\] has 2 entries, 2 of them different; expected 1 different"),
    ):
        with pytest.raises(InvalidModel, match=words):
            MarkovGame(P, r, horizon=Finite(1), actions=(2, 1), action_names=names)


# ---- safety problems
def slide(place, move):
    return min(place + 1, 3) if move == "ahead" else place


def slope(transition=slide, failure=lambda place: place == 3, states=range(4), actions=("ahead", "stay")):
    return SafetyProblem.from_functions(states, actions, transition, failure)


def test_deterministic_functions_make_a_safety_problem_of_successors():
    names = {"state_names": "0123", "action_names": ["ahead", "stay"]}
    assert slope() == SafetyProblem([False, False, False, True], [[1, 0], [2, 1], [3, 2], [3, 3]], **names)
    assert "ahead" in slope()._repr_html_()


def test_one_law_makes_a_safety_problem_of_laws():
    slippery = slope(lambda place, move: {place: "1/2", 3: "1/2"} if place == 2 else slide(place, move))
    assert slippery.exact
    assert (
        slippery.P[:, 0].tolist() == objects([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, "1/2", "1/2"], [0, 0, 0, 1]]).tolist()
    )
    assert not slope(lambda place, move: {place: 1.0}).exact
    assert solve(slippery).tube.tolist() == [False, False, True, True]


def test_a_safety_problem_with_names_comes_back_from_a_file(tmp_path):
    save(slope(), tmp_path / "x.json")
    assert load(tmp_path / "x.json") == slope()


WRONG_SLOPES = {
    "unknown state": (
        {"transition": lambda s, a: s + 1},
        "transition(3, 'ahead') leads to 4, which is none of the 4 states; expected a state",
    ),
    "no state": (
        {"transition": lambda s, a: [s]},
        "transition(0, 'ahead') leads to [0], which is none of the 4 states",
    ),
    "law": ({"transition": lambda s, a: {s: "1/2"}}, "transition(0, 'ahead') sums to 1/2, not 1"),
    "a list beside laws": (
        {"transition": lambda s, a: {s: 1} if s else [s]},
        "transition(0, 'ahead') is [0]; expected a mapping from states",
    ),
    "failure of 1": ({"failure": lambda s: s}, "failure(0) is 0; expected True or False"),
    "raising": ({"failure": lambda s: {}[s]}, "failure(0) raised KeyError: 0"),
    "actions by state": (
        {"actions": lambda s: ["ahead"]},
        "actions: 'function' object is not iterable; expected a sequence of names",
    ),
    "mixed": (
        {"transition": lambda s, a: {s: "1/2", 3: "1/2"} if s == 0 else {s: 1.0}},
        "gives the float 1.0 and transition(0, 'ahead') the",
    ),
}


@pytest.mark.parametrize(("change", "words"), WRONG_SLOPES.values(), ids=WRONG_SLOPES)
def test_what_is_wrong_with_a_safety_problem_is_named(change, words):
    with pytest.raises(InvalidModel) as refusal:
        slope(**change)
    assert words in str(refusal.value)
