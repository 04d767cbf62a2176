"""Errors under deviations, against each deviation evaluated by itself; coverage, against the occupancy of each."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure, strategies
from mdpkit.base.arrays import objects, rational
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.model import MDP, Deviation, Finite, JointPolicy, MarkovGame


def deviations(game):
    """Every deterministic swap deviation of every player."""
    H, S = game.horizon.H, game.S
    for i, count in enumerate(game.actions):
        for choice in product(range(count), repeat=H * S * count):
            yield Deviation(i, objects(np.eye(count, dtype=int)[list(choice)]).reshape(H, S, count, count))


def played(game, joint, deviation):
    """The mediator's law after the deviation, joint action by joint action."""
    H, i = game.horizon.H, deviation.player
    told = joint.table if joint.table.ndim == 3 else np.repeat(joint.table[None], H, axis=0)
    after = objects(np.zeros(told.shape, dtype=int))
    plays = list(product(*map(range, game.actions)))
    for j, play in enumerate(plays):
        for b in range(game.actions[i]):
            after[:, :, plays.index((*play[:i], b, *play[i + 1 :]))] += (
                told[:, :, j] * deviation.table[:, :, play[i], b]
            )
    return JointPolicy(after)


@st.composite
def trios(draw):
    sizes = draw(st.sampled_from([((2, 2), (1, 2)), ((2, 2), (1, 2)), ((2,), (1, 2)), ((3, 1), (1, 1))]))
    game = draw(strategies.games(len(sizes[0]), sizes[0], states=sizes[1], horizon=(1, 2)))
    return game, draw(strategies.joint_policies(game)), draw(strategies.joint_policies(game))


@settings(max_examples=15)
@given(trios())
def test_error_and_coverage_are_those_of_the_worst_deviation(trio):
    game, expert, learner = trio
    joint, apart = game.player(0), measure.total_variation(expert, learner).lower
    visits = [measure.occupancy(joint, played(game, learner, each)).lower.sum(axis=2) for each in deviations(game)]
    errors = [(d * apart).sum() for d in visits]
    assert measure.deviation_error(game, expert, learner) == max(errors) / game.horizon.H
    blind = [
        error
        for each, error in zip(deviations(game), errors, strict=True)
        if (each.table == each.table[:, :, :1]).all()
    ]
    obeyed = (measure.occupancy(joint, learner).lower.sum(axis=2) * apart).sum()
    assert measure.deviation_error(game, expert, learner, "coarse") == max(*blind, obeyed) / game.horizon.H
    matter = np.any([d > 0 for d in visits], axis=0) & (apart > 0)
    d = measure.occupancy(joint, expert).lower.sum(axis=2)
    seen = matter & (d > 0)
    assert measure.coverage(game, expert, learner) == (d[seen].min() if seen.any() else 1)
    assert measure.covers(game, expert, learner) == (not (matter & (d == 0)).any())


@settings(max_examples=25)
@given(trios())
def test_floats_enclose_and_proposals_agree(trio):
    exact = trio
    floating = [record.to_float() for record in exact]
    for f in (measure.deviation_error, measure.coverage):
        bracket, known = f(*floating), f(*exact)
        assert bracket.how == "float"
        assert bracket.contains(known)
        assert bracket.width < 1e-11
        with propose():
            assert abs(float(f(*floating)) - known.mid) < 1e-12
    assert measure.covers(*floating) == measure.covers(*exact)


def wandering(seed, actions, H=3, S=5):
    """A deterministic game, and two mediators that recommend one or two joint actions and often agree."""
    rng, J, players = np.random.default_rng(seed), int(np.prod(actions)), len(actions)
    P = objects(np.eye(S, dtype=int)[rng.integers(0, S, (H, S, J))])
    rho, tables = (
        objects(np.eye(S, dtype=int)[0]),
        objects(np.eye(J, dtype=int)[rng.integers(0, J, (2, 2, H, S))]).sum(axis=1) / 2,
    )
    tables[1] = np.where(rng.random((H, S, 1)) < 0.5, tables[0], tables[1])
    game = MarkovGame(P, objects(np.zeros((players, S, J), dtype=int)), rho, horizon=Finite(H), actions=actions)
    return game, *map(JointPolicy, tables)


def led_to(game, joint, player):
    """The states, step by step, to which some deviation of the player may lead."""
    plays = list(product(*map(range, game.actions)))
    found = [set(np.flatnonzero(game.rho != 0))]
    for t in range(game.horizon.H - 1):
        ahead = set()
        for s, j, b in product(found[-1], range(game.J), range(game.actions[player])):
            if joint.table[t, s, j] != 0:
                turned = plays.index((*plays[j][:player], b, *plays[j][player + 1 :]))
                ahead |= set(np.flatnonzero(game.P[t, s, turned] != 0))
        found.append(ahead)
    return np.array([[s in states for s in range(game.S)] for states in found])


@pytest.mark.parametrize("actions", [(2,), (2, 3), (3, 2), (2, 2, 2)])
def test_places_that_matter_by_walking_there(actions):
    answers = set()
    for seed in range(25):
        game, expert, learner = wandering(seed, actions)
        ways = [led_to(game, learner, player) for player in range(len(actions))]
        matter = np.any(ways, axis=0) & (expert.table != learner.table).any(axis=2)
        alone = MDP(game.P, game.r[0], game.rho, horizon=game.horizon)
        d = measure.occupancy(alone, expert).lower.sum(axis=2)
        seen = d[matter & (d > 0)]
        assert measure.coverage(game, expert, learner) == (seen.min() if seen.size else 1)
        assert measure.covers(game, expert, learner) == (not (matter & (d == 0)).any())
        answers.add(measure.covers(game, expert, learner))
    assert answers == {False, True}


def test_an_unseen_place_that_only_a_deviator_reaches():
    """State 1 is reached by a_1 = 1 alone; the mediators differ there."""
    P = objects(np.zeros((2, 4, 2), dtype=int))
    P[0, :2, 0] = P[0, 2:, 1] = P[1, :, 1] = objects(1)[()]
    game = MarkovGame(P, objects(np.zeros((2, 2, 4), dtype=int)), objects([1, 0]), horizon=Finite(3), actions=(2, 2))
    expert, learner = JointPolicy(objects([[1, 0, 0, 0]] * 2)), JointPolicy(objects([[1, 0, 0, 0], [0, 1, 0, 0]]))
    assert not measure.covers(game, expert, learner)
    assert measure.coverage(game, expert, learner) == 1
    assert measure.deviation_error(game, expert, learner) == objects("2/3")[()]
    assert measure.covers(game, learner, learner)


@pytest.mark.parametrize("moving", ["expert", "learner"])
def test_stationary_and_time_varying_mediators_mix(moving):
    game = MarkovGame(
        objects(np.ones((1, 4, 1), dtype=int)),
        objects(np.zeros((2, 1, 4), dtype=int)),
        horizon=Finite(2),
        actions=(2, 2),
    )
    still = {"expert": objects([["1/4"] * 4]), "learner": objects([["1/2", 0, 0, "1/2"]])}
    tables = {**still, moving: np.repeat(still[moving][None], 2, axis=0)}
    expert, learner = (JointPolicy(tables[name]) for name in ("expert", "learner"))
    assert measure.deviation_error(game, expert, learner) == objects("1/2")[()]
    assert measure.coverage(game, expert, learner) == 1


@pytest.mark.parametrize("n", [2, 3])
def test_the_obedient_player_may_meet_all_the_errors(n):
    """State 1 is reached if both play the same of n actions, as both mediators recommend; they differ in state 1 alone.

    A coarse deviator plays as the other one with probability 1/n, and a swap deviator may obey.
    """
    J, same = n * n, np.arange(n) * (n + 1)
    P = np.zeros((3, J, 3), dtype=int)
    P[0, :, 2] = P[1, :, 1] = P[2, :, 2] = 1
    P[0, same] = [0, 1, 0]
    tables = np.zeros((2, 3, J), dtype=int)
    tables[:, 0, same], tables[:, 1:, 0] = 1, n
    tables[1, 1] = np.eye(J, dtype=int)[1] * n
    game = MarkovGame(
        objects(P), objects(np.zeros((2, 3, J), dtype=int)), objects([1, 0, 0]), horizon=Finite(2), actions=(n, n)
    )
    expert, learner = (JointPolicy(objects(table) / n) for table in tables)
    for deviations in ("swap", "trigger", "coarse", "constant", "one-shot"):
        assert measure.deviation_error(game, expert, learner, deviations) == objects("1/2")[()]
    own = measure.cloning_error(game, learner, expert).sum()
    assert own == 1


@pytest.mark.parametrize(
    ("deviations", "chance"),
    [("swap", 1), ("trigger", 1), ("one-shot", 1), ("coarse", "1/2"), ("constant", "1/2"), ("none of them", None)],
)
def test_only_who_observes_the_recommendation_surely_parts_from_the_other_player(deviations, chance):
    """Both mediators recommend the same of two actions to both; they differ in state 1, reached by unequal actions."""
    P = np.zeros((3, 4, 3), dtype=int)
    P[0, [0, 3], 2] = P[0, [1, 2], 1] = P[1, :, 1] = P[2, :, 2] = 1
    tables = np.zeros((2, 3, 4), dtype=int)
    tables[:, 0, [0, 3]], tables[:, 1:, 0] = 1, 2
    tables[1, 1] = [0, 2, 0, 0]
    game = MarkovGame(
        objects(P), objects(np.zeros((2, 3, 4), dtype=int)), objects([1, 0, 0]), horizon=Finite(2), actions=(2, 2)
    )
    expert, learner = (JointPolicy(objects(table) / 2) for table in tables)
    if chance is None:
        with pytest.raises(InvalidModel, match="expected one of"):
            measure.deviation_error(game, expert, learner, deviations)
    else:
        assert measure.deviation_error(game, expert, learner, deviations) * 2 == rational(chance)
