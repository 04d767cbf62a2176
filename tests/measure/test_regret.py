"""Regret against every deterministic member of every class of deviations, one by one."""

from itertools import product
from math import prod

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.measure import (
    best_deviation,
    cloning_error,
    deviated_value,
    occupancy,
    recoverability,
    regret,
    regret_gap,
    value,
)
from mdpkit.model import Deviation, Discounted, Finite, JointPolicy, MarkovGame
from mdpkit.solve import solve
from mdpkit.strategies import games, joint_policies

CLASSES = ("constant", "coarse", "trigger", "swap", "one-shot")


@st.composite
def mediated(draw, **sizes):
    game = draw(games(**sizes))
    return game, draw(joint_policies(game))


SMALL = st.one_of(
    mediated(states=(2, 2), horizon=(2, 2)),
    mediated(states=(1, 2), horizon=(1, 2)),
    mediated(actions=(2, 3), states=(1, 1), horizon=(2, 2)),
    mediated(actions=(3, 2), states=(2, 2), horizon=(1, 1)),
    mediated(players=3, actions=(2, 2, 2), states=(1, 1), horizon=(2, 2)),
    mediated(players=3, actions=(2, 1, 2), states=(2, 2), horizon=(1, 2)),
)


def followed(game, joint, i, rule):
    """J_i, every branch followed, when `rule(t, s, a, left)` is played on being told a; `left` once it was not a."""
    H, S, actions = game.horizon.H, game.S, game.actions
    joint_actions = list(product(*map(range, actions)))
    number = {parts: j for j, parts in enumerate(joint_actions)}

    def still_to_come(t, s, left):
        total = fmpq(0)
        if t == H:
            return total
        for j, parts in enumerate(joint_actions):
            if joint.table[t, s, j] != 0:
                b = rule(t, s, parts[i], left)
                k = number[(*parts[:i], b, *parts[i + 1 :])]
                gained = game.r[t, i, s, k]
                for n in range(S):
                    if game.P[t, s, k, n] != 0:
                        gained += game.P[t, s, k, n] * still_to_come(t + 1, n, left or b != parts[i])
                total += joint.table[t, s, j] * gained
        return total

    return sum(game.rho[s] * still_to_come(0, s, False) for s in range(S))


def members(game, i, deviations):
    """Every deterministic member of a class, as a rule."""
    H, S, B = game.horizon.H, game.S, game.actions[i]
    if deviations == "constant":
        yield from (lambda t, s, a, left, b=b: b for b in range(B))
    if deviations == "coarse":
        for plan in product(range(B), repeat=H * S):
            yield lambda t, s, a, left, plan=plan: plan[t * S + s]
    if deviations == "one-shot":
        for when, plan in product(range(H), product(range(B), repeat=S * B)):
            yield lambda t, s, a, left, when=when, plan=plan: plan[s * B + a] if t == when else a
    if deviations in ("swap", "trigger"):
        for plan in product(range(B), repeat=H * S * B):
            for after in product(range(B), repeat=(H - 1) * S) if deviations == "trigger" else [None]:
                yield (
                    lambda t, s, a, left, plan=plan, after=after: (
                        after[(t - 1) * S + s] if left and after is not None else plan[(t * S + s) * B + a]
                    )
                )


def product_mediator(game, rng):
    """Players who draw independently of each other."""
    table = objects(np.ones((game.horizon.H, game.S, 1), dtype=int))
    for count in game.actions:
        own = objects(rng.integers(0, 4, (game.horizon.H, game.S, count)))
        own[..., 0] += 1
        own = own / own.sum(axis=-1, keepdims=True)
        table = (table[..., :, None] * own[..., None, :]).reshape(game.horizon.H, game.S, -1)
    return JointPolicy(table)


@pytest.mark.parametrize("deviations", CLASSES)
@settings(max_examples=10)
@given(SMALL)
def test_regret_is_the_best_of_all_deterministic_members(deviations, case):
    game, joint = case
    J = value(game, joint).lower
    best = [
        max(followed(game, joint, i, rule) for rule in members(game, i, deviations)) - J[i] for i in range(game.players)
    ]
    assert regret(game, joint, deviations).lower.tolist() == best


@settings(max_examples=6)
@given(mediated(states=(2, 2), horizon=(2, 2)), st.integers(0, 1))
def test_memory_of_the_past_does_not_help(case, i):
    """A modification that recalls its first recommendation gains no more: 2^2 plans for t = 0, 2^8 for t = 1."""
    game, joint = case
    game = MarkovGame(game.P, game.r, objects([1, 0]), horizon=game.horizon, actions=game.actions)
    number = {parts: j for j, parts in enumerate(product(range(2), range(2)))}

    def played(parts, b):
        return number[(*parts[:i], b, *parts[i + 1 :])]

    best = None
    for first in product(range(2), repeat=2):
        for second in product(range(2), repeat=8):
            total = fmpq(0)
            for parts, j in number.items():
                k = played(parts, first[parts[i]])
                total += joint.table[0, 0, j] * game.r[0, i, 0, k]
                for n, (later, l) in product(range(2), number.items()):
                    chance = joint.table[0, 0, j] * game.P[0, 0, k, n] * joint.table[1, n, l]
                    total += chance * game.r[1, i, n, played(later, second[4 * parts[i] + 2 * n + later[i]])]
            best = total if best is None else max(best, total)
    assert regret(game, joint).lower[i] == best - value(game, joint).lower[i]


@given(SMALL)
def test_classes_are_ordered(case):
    constant, coarse, trigger, swap, one_shot = (regret(*case, deviations).lower for deviations in CLASSES)
    assert (constant <= coarse).all()
    assert (coarse <= trigger).all()
    assert (trigger <= swap).all()
    assert (one_shot <= swap).all()
    assert (one_shot >= 0).all()
    assert (trigger >= 0).all()


@pytest.mark.parametrize("deviations", CLASSES)
@given(st.one_of(SMALL, mediated(states=(1, 3), horizon=(1, 4), actions=(2, 3))))
def test_the_best_deviation_attains_the_regret_and_is_in_the_class(deviations, case):
    game, joint = case
    for i in range(game.players):
        best = best_deviation(game, joint, i, deviations)
        assert best.player == i
        assert (
            deviated_value(game, joint, best).lower[()] - value(game, joint).lower[i]
            == regret(game, joint, deviations).lower[i]
        )
        played, told = best.table.argmax(axis=-1), np.arange(game.actions[i])
        assert ((best.table == 0) | (best.table == 1)).all()
        if deviations == "constant":
            assert (played == played[0, 0, 0]).all()
        if deviations == "coarse":
            assert (played == played[..., :1]).all()
        if deviations == "one-shot":
            assert (played != told).any(axis=(1, 2)).sum() <= 1
        assert (best.after is None) == (deviations != "trigger")


@settings(max_examples=15)
@given(
    st.one_of(mediated(states=(2, 2), horizon=(1, 1)), mediated(states=(1, 1), horizon=(2, 2))),
    st.randoms(use_true_random=False),
)
def test_a_randomised_deviation_is_the_mean_of_deterministic_ones(case, random):
    game, joint = case
    H, S, B = game.horizon.H, game.S, 2
    table = objects([random.randint(0, 3) + 1 for _ in range(H * S * B * B)]).reshape(H, S, B, B)
    after = objects([random.randint(0, 3) + 1 for _ in range(H * S * B)]).reshape(H, S, B)
    table, after = (x / x.sum(axis=-1, keepdims=True) for x in (table, after))
    flat, later = table.reshape(-1, B), after[1:].reshape(-1, B)
    mean = mean_after = fmpq(0)
    for plan in product(range(B), repeat=H * S * B):
        weight = prod([row[b] for row, b in zip(flat, plan, strict=True)])
        mean += weight * followed(game, joint, 1, lambda t, s, a, left, plan=plan: plan[(t * S + s) * B + a])
        for then in product(range(B), repeat=(H - 1) * S):

            def rule(t, s, a, left, plan=plan, then=then):
                return then[(t - 1) * S + s] if left else plan[(t * S + s) * B + a]

            both = weight * prod([row[b] for row, b in zip(later, then, strict=True)])
            mean_after += both * followed(game, joint, 1, rule)
    assert deviated_value(game, joint, Deviation(1, table)).lower[()] == mean
    assert deviated_value(game, joint, Deviation(1, table, after=after)).lower[()] == mean_after


@given(SMALL)
def test_obedience_changes_nothing(case):
    game, joint = case
    for i in range(game.players):
        obey = np.broadcast_to(np.eye(game.actions[i], dtype=int), (game.horizon.H, game.S, *(game.actions[i],) * 2))
        elsewhere = np.zeros(obey.shape[:3], dtype=int)
        elsewhere[..., -1] = 1
        for after in (None, objects(elsewhere)):
            assert (
                deviated_value(game, joint, Deviation(i, objects(obey), after=after)).lower[()]
                == value(game, joint).lower[i]
            )


def test_ties_go_to_obedience_and_then_to_the_first_action():
    P, H = objects(np.ones((2, 3, 1), dtype=int))[:1].reshape(1, 3, 1), Finite(2)
    flat = MarkovGame(P, objects([[[0, 0, 0]]]), horizon=H, actions=(3,))
    told = JointPolicy(objects([["1/3", "1/3", "1/3"]]))
    for deviations in ("swap", "trigger", "one-shot"):
        assert best_deviation(flat, told, 0, deviations).table.argmax(axis=-1).tolist() == [[[0, 1, 2]]] * 2
    for deviations in ("coarse", "constant"):
        assert best_deviation(flat, told, 0, deviations).table.argmax(axis=-1).tolist() == [[[0, 0, 0]]] * 2
    better = MarkovGame(P, objects([[[0, 1, 1]]]), horizon=H, actions=(3,))
    for deviations in ("swap", "trigger"):
        assert best_deviation(better, told, 0, deviations).table.argmax(axis=-1).tolist() == [[[1, 1, 2]]] * 2
    assert best_deviation(better, told, 0, "one-shot").table.argmax(axis=-1).tolist() == [[[1, 1, 2]], [[0, 1, 2]]]
    for deviations in ("coarse", "constant"):
        assert best_deviation(better, told, 0, deviations).table.argmax(axis=-1).tolist() == [[[1, 1, 1]]] * 2


def test_rational_values_that_floats_cannot_tell_apart_are_told_apart():
    nearly = "1000000000000000000000000000001/1000000000000000000000000000000"
    game = MarkovGame(objects([[[1], [1]]]), objects([[[1, nearly]]]), horizon=Finite(1), actions=(2,))
    for deviations in CLASSES:
        joint = JointPolicy(objects([[1, 0]]))
        best = best_deviation(game, joint, 0, deviations)
        assert best.table[0, 0, 0].tolist() == [0, 1]
        assert regret(game, joint, deviations).lower[0] == objects("1/1000000000000000000000000000000")[()]


@settings(max_examples=30)
@given(mediated(states=(1, 3), horizon=(1, 4), actions=(2, 3)), st.integers(0, 99))
def test_without_correlation_every_class_that_sees_the_state_is_the_best_response(case, seed):
    game, _ = case
    joint = product_mediator(game, np.random.default_rng(seed))
    swap, coarse, trigger = (regret(game, joint, deviations).lower for deviations in ("swap", "coarse", "trigger"))
    assert (swap == coarse).all()
    assert (swap == trigger).all()
    assert (regret(game, joint, "one-shot").lower <= coarse).all()


@settings(max_examples=30)
@given(mediated(players=1, actions=(3,), states=(1, 3), horizon=(1, 4)))
def test_a_player_alone_regrets_the_distance_to_the_optimal_value(case):
    game, joint = case
    alone = game.player(0)
    best = (alone.rho * solve(alone).value[0].lower).sum()
    for deviations in ("swap", "trigger", "coarse"):
        assert regret(game, joint, deviations).lower.tolist() == [best - value(alone, joint).lower[()]]


@pytest.mark.parametrize("deviations", CLASSES)
@settings(max_examples=30)
@given(st.one_of(SMALL, mediated(states=(1, 3), horizon=(1, 4), actions=(2, 3))))
def test_floats_enclose_the_exact_regret(encloses, deviations, case):
    game, joint = case
    close = game.to_float(), joint.to_float()
    assert encloses(regret(*close, deviations), regret(game, joint, deviations))
    for i in range(game.players):
        best = best_deviation(game, joint, i, deviations)
        assert encloses(deviated_value(*close, best.to_float()), deviated_value(game, joint, best))
        gain = deviated_value(*close, best_deviation(*close, i, deviations)) - value(*close)[i]
        assert abs(gain.mid - regret(*close, deviations)[i].mid) < 1e-12


@settings(max_examples=30)
@given(SMALL, st.integers(0, 9))
def test_regret_gaps_are_differences_of_regrets(encloses, case, seed):
    game, joint = case
    other = product_mediator(game, np.random.default_rng(seed))
    for deviations in ("swap", "coarse"):
        ours, theirs = regret(game, other, deviations).lower, regret(game, joint, deviations).lower
        assert regret_gap(game, joint, other, deviations).lower[()] == max(ours) - max(theirs)
        assert (regret_gap(game, joint, other, deviations, per_player=True).lower == ours - theirs).all()
    close = game.to_float(), joint.to_float(), other.to_float()
    assert encloses(regret_gap(*close), regret_gap(game, joint, other))
    assert (regret_gap(game, joint, other).lower == regret_gap(game, joint, other, "swap").lower).all()
    assert (regret(game, joint).lower == regret(game, joint, "swap").lower).all()


@settings(max_examples=20)
@given(mediated(states=(1, 2), horizon=(2, 3)))
def test_stationary_parts_are_repeated(case):
    game, joint = case
    H = game.horizon.H
    still = MarkovGame(game.P[1], game.r[1], game.rho, horizon=Finite(H), actions=game.actions)
    moving = MarkovGame(
        objects([game.P[1]] * H), objects([game.r[1]] * H), game.rho, horizon=Finite(H), actions=game.actions
    )
    once, repeated = JointPolicy(joint.table[0]), JointPolicy(objects([joint.table[0]] * H))
    for deviations in CLASSES:
        answers = [regret(g, j, deviations).lower.tolist() for g in (still, moving) for j in (once, repeated)]
        assert all(answer == answers[0] for answer in answers)
        best = best_deviation(still, once, 0, deviations)
        assert deviated_value(still, once, best).lower[()] == deviated_value(moving, repeated, best).lower[()]


def one_state(*tables):
    """A game of one state and one step from a payoff table a player."""
    tables = objects(tables)
    shape = tables.shape[1:]
    return MarkovGame(
        objects([[[1]] * int(np.prod(shape))]), tables.reshape(len(tables), 1, -1), horizon=Finite(1), actions=shape
    )


def regrets(game, row):
    return [regret(game, JointPolicy(objects([row])), deviations).lower.tolist() for deviations in CLASSES]


def test_a_coarse_equilibrium_that_is_no_correlated_one():
    """1/2 (0,0) + 1/2 (1,1): nobody gains without looking, player 0 gains 1/2 by answering 1 with 0."""
    game = one_state([[0, 1, 1], [0, 2, -1], [-1, 0, 1]], [[1, -1, 2], [0, 0, -2], [1, 0, 2]])
    half = objects("1/2")[()]
    constant, coarse, trigger, swap, one_shot = regrets(game, [half, 0, 0, 0, half, 0, 0, 0, 0])
    assert max(constant) == max(coarse) == 0
    assert max(trigger) == max(swap) == max(one_shot) == half


def test_matching_pennies():
    """Payoffs +-1: independent fair draws are an equilibrium; equal ones (same marginals) cost the second player 2."""
    game = one_state([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
    assert regrets(game, ["1/4"] * 4) == [[0, 0]] * 5
    constant, coarse, trigger, swap, one_shot = regrets(game, ["1/2", 0, 0, "1/2"])
    assert constant == coarse == [-1, 1]
    assert trigger == swap == one_shot == [0, 2]
    expert, learner = JointPolicy(objects([["1/4"] * 4])), JointPolicy(objects([["1/2", 0, 0, "1/2"]]))
    assert regret_gap(game, expert, learner).lower[()] == 2
    assert cloning_error(game.player(0), expert, learner).lower.tolist() == [objects("1/2")[()]]


def test_the_correlated_equilibrium_of_chicken():
    game = one_state([[6, 2], [7, 0]], [[6, 7], [2, 0]])
    constant, coarse, trigger, swap, one_shot = regrets(game, ["1/3", "1/3", "1/3", 0])
    assert trigger == swap == one_shot == [0, 0]
    assert constant == coarse
    assert max(coarse) < 0


def fork(H, beta, delta):
    """At the start a_1 = 1 leads to state 2, a_1 = 0 leads there with probability beta; state 2 pays player 0 for
    a_2 = 1, which the learner recommends with probability delta and the expert never does.
    """
    P, r = objects(np.zeros((3, 4, 3), dtype=int)), np.zeros((2, 3, 4), dtype=int)
    P[0, :2, 2], P[0, :2, 1] = beta, 1 - beta
    P[0, 2:, 2] = P[1, :, 1] = P[2, :, 2] = fmpq(1)
    r[0, 2] = [0, 1, 0, 1]
    obey = objects([[1, 0, 0, 0]] * 3)
    learner = obey.copy()
    learner[2, :2] = 1 - delta, delta
    game = MarkovGame(P, objects(r), objects([1, 0, 0]), horizon=Finite(H), actions=(2, 2))
    return game, JointPolicy(obey), JointPolicy(learner)


@pytest.mark.parametrize("H", [2, 5, 9])
@pytest.mark.parametrize(("beta", "delta"), [("1/5", 1), ("1/10", "1/7"), ("1/3", "1/2"), ("1/100", "3/4"), (1, "1/2")])
def test_regret_of_cloning_grows_as_one_over_coverage(H, beta, delta):
    beta, delta = objects(beta)[()], objects(delta)[()]
    game, expert, learner = fork(H, beta, delta)
    epsilon = cloning_error(game.player(0), expert, learner).lower.sum() / H
    gap = regret_gap(game, expert, learner).lower[()]
    assert epsilon == (H - 1) * beta * delta / H
    assert gap == (1 - beta) * H * epsilon / beta
    assert not regret(game, expert).lower.any()


@pytest.mark.parametrize("H", [2, 7])
def test_the_same_occupancy_can_differ_in_regret_by_h_minus_1(H):
    game, expert, learner = fork(H, fmpq(0), fmpq(1))
    joint = game.player(0)
    assert (occupancy(joint, expert) == occupancy(joint, learner)).all_yes()
    assert regret_gap(game, expert, learner).lower[()] == H - 1
    assert regret(game, learner, "one-shot").lower.tolist() == [H - 1, 0]
    assert regret(game, learner, "constant").lower.tolist() == [H - 1, 0]


@pytest.mark.parametrize("deviations", CLASSES)
@settings(max_examples=20)
@given(SMALL)
def test_proposals_are_the_middles(deviations, case):
    game, joint = case[0].to_float(), case[1].to_float()
    middle = regret(game, joint, deviations).mid
    best = best_deviation(game, joint, 0, deviations)
    reached = deviated_value(game, joint, best).mid
    with propose():
        bare = regret(game, joint, deviations)
        again = best_deviation(game, joint, 0, deviations)
        number = deviated_value(game, joint, again)
    assert isinstance(bare, np.ndarray)
    np.testing.assert_allclose(bare, middle, rtol=1e-12, atol=1e-12)
    assert number == pytest.approx(reached, abs=1e-12)
    assert (again.table == best.table).all()


@pytest.mark.parametrize("H", [1, 3])
def test_rows_that_sum_to_almost_1_mean_the_rows_divided_by_their_sums(off, H):
    (almost, laws), rng = off, np.random.default_rng(3)
    for _ in range(5):
        P, table, rho, r = laws(rng, 2, 4, 2), laws(rng, 2, 4), laws(rng, 2), objects(rng.integers(1, 9, (2, 2, 4)))
        game, joint = MarkovGame(P, r, rho, horizon=Finite(H), actions=(2, 2)), JointPolicy(table)
        P, table, rho, r = almost(P=P, table=table, rho=rho, r=r)
        near, told = MarkovGame(P, r, rho, horizon=Finite(H), actions=(2, 2)), JointPolicy(table)
        for deviations in CLASSES:
            bracket = regret(near, told, deviations)
            assert bracket.contains(regret(game, joint, deviations))
            assert bracket.width < 1e-5
            best = best_deviation(game, joint, 1, deviations)
            after = {} if best.after is None else {"after": almost(P=best.after)[0]}
            assert deviated_value(near, told, Deviation(1, *almost(table=best.table), **after)).contains(
                deviated_value(game, joint, best)
            )
        assert recoverability(near, told).contains(recoverability(game, joint))


def test_what_is_refused():
    game = one_state([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
    joint = JointPolicy(objects([["1/4"] * 4]))
    with pytest.raises(
        InvalidModel, match="deviations='nash'; expected one of swap, trigger, coarse, one-shot, constant"
    ):
        regret(game, joint, "nash")
    with pytest.raises(InvalidModel, match="the policy has 2 states and 4 actions; the problem has 1 and 4"):
        regret(game, JointPolicy(objects([["1/4"] * 4] * 2)))
    with pytest.raises(InvalidModel, match="policy is float and the problem rational"):
        regret(game, joint.to_float())
    endless = MarkovGame(game.P, game.r, horizon=Discounted("1/2"), actions=(2, 2))
    with pytest.raises(InvalidModel, match="computed over a Finite horizon"):
        regret(endless, joint)
    obey = objects([[[[1, 0], [0, 1]]]])
    for player in (2, 7):
        with pytest.raises(InvalidModel, match=f"player is {player}; the game has players 0 to 1"):
            best_deviation(game, joint, player)
        with pytest.raises(InvalidModel, match=f"player is {player}; the game has players 0 to 1"):
            deviated_value(game, joint, Deviation(player, obey))
    with pytest.raises(InvalidModel, match="player is -1"):
        best_deviation(game, joint, -1)
    for shape in ((2, 1, 2, 2), (1, 2, 2, 2), (1, 1, 3, 3)):
        other = Deviation(0, objects(np.broadcast_to(np.eye(shape[-1], dtype=int), shape)))
        with pytest.raises(
            InvalidModel, match=r"the deviation is for \(.*\) steps, states and actions; the game has \(1, 1, 2\)"
        ):
            deviated_value(game, joint, other)
    with pytest.raises(InvalidModel, match="the deviation is float and the game rational"):
        deviated_value(game, joint, Deviation(0, obey.astype(float)))


@pytest.mark.parametrize(
    ("deviations", "gap", "each"), [("swap", "1/2", ["0", "1/2"]), ("coarse", "1/4", ["-1/4", "1/4"])]
)
def test_a_gap_is_of_one_class_of_deviations_for_both_mediators(deviations, gap, each):
    """Matching pennies; the mediators match with chance 3/4 and 1: player 2 gains 1/2 and 1, blindly 1/4 and 1/2."""
    r = objects([[[1, 0, 0, 1]], [[0, 1, 1, 0]]])
    game = MarkovGame(objects([[[1]] * 4]), r, horizon=Finite(1), actions=(2, 2))
    often, always = (JointPolicy(objects([row])) for row in (["3/8", "1/8", "1/8", "3/8"], ["1/2", 0, 0, "1/2"]))
    assert regret_gap(game, often, always, deviations) == objects(gap)[()]
    assert regret_gap(game, often, always, deviations, per_player=True).lower.tolist() == objects(each).tolist()
