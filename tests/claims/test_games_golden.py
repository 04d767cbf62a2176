"""Numbers of the theory of regret in Markov games that predate this code, and the middle link of the master bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure, strategies
from mdpkit.base.arrays import objects, rational
from mdpkit.claims.games.coverage_gated_regret_is_asymptotically_tight import pennies as gated_pennies
from mdpkit.claims.games.regret_gap_constant_two_is_optimal import (
    FAMILY,
    add_observer,
    meeting,
    unpaid_partner,
    without_obedience,
)
from mdpkit.claims.games.zero_sum_equilibria_need_the_constant_two import FAMILY as ZERO_SUM
from mdpkit.claims.games.zero_sum_equilibria_need_the_constant_two import hair, halfway
from mdpkit.instances.library.games import TWO_PLAYERS, bonus_chain, fork, hidden_stakes, matching_pennies, rare_pennies
from mdpkit.model import JointPolicy, MarkovGame
from mdpkit.verify.faults import recoverability_without_deviations


def gap(m):
    return measure.regret_gap(m.game, m.expert, m.learner).lower[()]


def errors(m):
    """H e under deviations, and H e on the expert's own states."""
    deviating = measure.deviation_error(m.game, m.expert, m.learner).lower[()] * m.game.horizon.H
    return deviating, measure.cloning_error(m.game.player(0), m.expert, m.learner).sum().lower[()]


def test_the_counter_example_at_seven_steps():
    m = fork(7)
    followed = [measure.value(m.game, policy).lower[0] for policy in (m.expert, m.learner)]
    best = measure.best_deviation(m.game, m.learner, 0)
    gained = [measure.deviated_value(m.game, policy, best).lower[()] for policy in (m.expert, m.learner)]
    assert (followed, gained) == ([0, 0], [0, 6])


@pytest.mark.parametrize(
    ("b", "expected"), [("1/5", "1/5"), ("1/10", "9/20"), ("1/20", "19/20"), ("1/50", "49/20"), ("1/100", "99/20")]
)
def test_the_fork_at_a_fixed_cloning_error(b, expected):
    """e = 1/200 on the expert's states, H = 10: gaps .2, .45, .95, 2.45, 4.95, and 1 - b per error under deviations."""
    b = rational(b)
    m = fork(10, b, rational("1/20") / (9 * b))
    deviating, seen = errors(m)
    assert seen == rational("1/20")
    assert gap(m) == rational(expected) == (1 - b) * deviating


@pytest.mark.parametrize(("H", "b", "expected"), [(20, "1/4", "19/27"), (200, "1/4", "199/207"), (2, "1/16", "1/33")])
def test_straying_pennies(H, b, expected):
    m = rare_pennies(H, b, strays=True)
    assert gap(m) / (2 * errors(m)[1] / m.b) == rational(expected)


@pytest.mark.parametrize(
    ("H", "b", "expected"), [(2, "1/2", "3/4"), (2, "1/4", "5/8"), (2, "1/16", "17/32"), (7, "1/4", "5/8")]
)
def test_pennies_at_the_rare_place(H, b, expected):
    m = rare_pennies(H, b)
    assert gap(m) / (2 * errors(m)[1] / m.b) == rational(expected)


@pytest.mark.parametrize(("H", "factor"), [(2, "3/2"), (4, "5/2"), (6, "7/2")])
def test_recoverability_recoverability_without_deviations_expert(H, factor):
    m = hidden_stakes(H)
    obeyed = measure.recoverability(m.game.player(0), m.expert).lower[()]
    assert gap(m) / (2 * obeyed * errors(m)[0]) == rational(factor)
    assert gap(m) <= 2 * measure.recoverability(m.game, m.expert).lower[()] * errors(m)[0]


@settings(max_examples=30)
@given(st.data())
def test_at_one_step_u_is_that_recoverability_without_deviations_expert_over_all_players(data):
    game = data.draw(strategies.games(horizon=(1, 1)))
    expert = data.draw(strategies.joint_policies(game))
    assert recoverability_without_deviations(measure.recoverability, game, expert) == measure.recoverability(
        game, expert
    )


def test_u_recoverability_without_deviations_expert_sees_the_second_player():
    """Player 1 is never paid; its own range, 0, would let anything pass as a violation."""
    m = matching_pennies(1)
    game = MarkovGame(m.game.P, m.game.r * objects([0, 1])[:, None, None], horizon=m.game.horizon, actions=(2, 2))
    assert measure.recoverability(game.player(0), m.expert) == 0
    assert recoverability_without_deviations(measure.recoverability, game, m.expert) == 1


@pytest.mark.parametrize("n", [2, 3, 4])
def test_without_obedience_the_coarse_bound_fails_by_half_of_the_number_of_actions(n):
    """The gap is 1, u = 1, and H e is 1 with obedience and 1/n without."""
    m = meeting(n)
    for deviations in ("swap", "coarse"):
        assert measure.regret_gap(m.game, m.expert, m.learner, deviations) == 1
        assert measure.deviation_error(m.game, m.expert, m.learner, deviations) * 2 == 1
    assert measure.recoverability(m.game, m.expert) == 1
    assert without_obedience(None, m.game, m.expert, m.learner, "coarse") * 2 == rational(f"1/{n}")


def test_u_is_exact_at_every_size_that_is_drawn():
    for family in (FAMILY, TWO_PLAYERS):
        largest = {axis: high for axis, (_, high) in family.sizes.items()}
        game = family.build(family.from_bytes(bytes(family.byte_count(largest)), largest)).game
        assert measure.recoverability_is_exact(game)


@pytest.mark.parametrize("v", ["1/2", "1/10", "1/1000"])
def test_a_zero_sum_equilibrium_and_independent_parts(v):
    """The share 1 - v/2, by the bound that looks at deviations."""
    m = hair(3, v)
    assert errors(m)[0] == rational(v) * 3
    assert gap(m) / (2 * measure.recoverability(m.game, m.expert).lower[()] * errors(m)[0]) == 1 - rational(v) / 2


@settings(max_examples=40)
@given(st.data())
def test_drawn_zero_sum_experts_are_equilibria(data):
    sizes = dict(A=data.draw(st.integers(2, 3)), B=data.draw(st.integers(2, 3)))
    raw = data.draw(st.binary(min_size=ZERO_SUM.byte_count(sizes), max_size=ZERO_SUM.byte_count(sizes)))
    m = ZERO_SUM.build(ZERO_SUM.from_bytes(raw, sizes))
    assert (measure.regret(m.game, m.expert) == 0).all_yes()
    assert measure.value(m.game, m.expert)[0] == 0


@pytest.mark.parametrize("H", [2, 5])
def test_a_learner_kept_to_the_expert_at_the_first_step_loses_as_much(H):
    """What the two tell in a place that nobody can have reached changes neither the gap nor the mistakes."""
    for strays in (False, True):
        kept, free = gated_pennies(H, "1/4", strays), rare_pennies(H, "1/4", strays)
        assert (gap(kept), *errors(kept)) == (gap(free), *errors(free))


def test_the_constant_two_by_hand():
    """Matching pennies at H = 1: u = 1, e = 1/2, gap 1; for coarse deviations, gap 1/2.

    A product policy, with odds 1 to 3 for one player and a sure action for the other, has gap 3/4.
    """
    m = matching_pennies(1)
    assert (gap(m), errors(m)[0]) == (1, rational("1/2"))
    assert measure.regret_gap(m.game, m.expert, m.learner, "coarse") == rational("1/2")
    assert (gap(add_observer(m)), errors(add_observer(m))[0]) == (1, rational("1/2"))
    m.learner = JointPolicy(objects([["1/4", 0, "3/4", 0]]))
    assert (gap(m), errors(m)[0]) == (rational("3/4"), rational("1/2"))
    partner = unpaid_partner(3)
    assert measure.regret(partner.game, partner.expert).lower.tolist() == [0, 0]
    assert measure.regret_gap(partner.game, partner.expert, partner.learner, "coarse") == gap(partner) == 3


CHAINS = [(1, 0.098, 0.198, 0.198), (2, 0.195, 0.198, 0.395), (4, 0.384, 0.197, 0.789), (8, 0.750, 0.197, 1.57)]


@pytest.mark.parametrize(("length", "expected", "obeyed_bound", "bound"), CHAINS)
def test_chains_that_pay_who_disobeys(length, expected, obeyed_bound, bound):
    m = bonus_chain(length, 100, "1/1000", "1/100000")
    obeyed, u = measure.recoverability(m.game.player(0), m.expert), measure.recoverability(m.game, m.expert)
    twice = 2 * float(errors(m)[0].p) / float(errors(m)[0].q)
    assert (obeyed.lower[()], u.lower[()]) == (1, length)
    assert measure.regret_gap(m.game, m.expert, m.learner).mid == pytest.approx(expected, abs=1e-3)
    assert (twice, twice * length) == (pytest.approx(obeyed_bound, abs=1e-3), pytest.approx(bound, abs=2e-3))


@pytest.mark.parametrize(("length", "expected"), [(1, 0.994), (2, 1.983), (4, 3.943), (8, 7.794), (16, 15.22)])
def test_chains_that_pay_anybody(length, expected):
    """Tight in u: the gap per mistake under deviations, at H = 200 and a slip of 1/1000.

    To 1 per cent: how often and when the expert itself gets to the chain was not written down with these numbers.
    """
    m = bonus_chain(length, 200, "1/1000", 0)
    r = np.array(m.game.r)
    r[0, 3:] = rational(1)
    paid = MarkovGame(m.game.P, r, m.game.rho, horizon=m.game.horizon, actions=(2, 2)).to_float()
    expert, learner = m.expert.to_float(), m.learner.to_float()
    ratio = measure.regret_gap(paid, expert, learner) / (measure.deviation_error(paid, expert, learner) * 200)
    assert ratio.mid == pytest.approx(expected, rel=1e-2)
    assert ratio < length


# ---- the middle link of the master bound
def deviated(game, joint, deviation):
    """The joint policy after a swap deviation of player 0 or 1 of two."""
    recommended = np.broadcast_to(joint.table, (game.horizon.H, *joint.table.shape[-2:])).reshape(
        game.horizon.H, game.S, *game.actions
    )
    one, two = ("xb,xy->by", "xy,yb->xb")[deviation.player], deviation.table
    after = objects(np.zeros(recommended.shape, dtype=int))
    for t, s in np.ndindex(recommended.shape[:2]):
        pair = (two[t, s], recommended[t, s]) if deviation.player == 0 else (recommended[t, s], two[t, s])
        after[t, s] = pair[0].T @ pair[1] if one.startswith("xb") else pair[0] @ pair[1]
    return JointPolicy(after.reshape(*recommended.shape[:2], -1))


def priced(game, expert, learner, deviation):
    """sum_t E of the range of the deviated expert's action values times TV, over the deviated learner's states."""
    joint = game.player(deviation.player)
    Q = measure.action_value(joint, deviated(game, expert, deviation)).lower
    ranges = Q.max(axis=2) - Q.min(axis=2)
    visits = measure.occupancy(joint, deviated(game, learner, deviation)).lower.sum(axis=2)
    return (visits * ranges * measure.total_variation(expert, learner).lower).sum()


def obedience(deviation):
    table = objects(np.zeros(deviation.table.shape, dtype=int))
    table[..., range(table.shape[-1]), range(table.shape[-1])] = rational(1)
    return type(deviation)(deviation.player, table)


@settings(max_examples=40)
@given(st.data())
def test_the_master_bound_link_by_link(data):
    game = data.draw(strategies.games(2, (2, 2), states=(1, 3), horizon=(1, 3)))
    expert, learner = (data.draw(strategies.joint_policies(game)) for _ in range(2))
    R = measure.regret(game, learner).lower
    best = measure.best_deviation(game, learner, int(np.argmax(R)))
    middle = priced(game, expert, learner, best) + priced(game, expert, learner, obedience(best))
    right = (
        2
        * measure.recoverability(game, expert).lower[()]
        * measure.deviation_error(game, expert, learner).lower[()]
        * game.horizon.H
    )
    assert measure.regret_gap(game, expert, learner).lower[()] <= middle <= right


def test_pennies_make_every_link_an_equality():
    m = matching_pennies(3)
    best = measure.best_deviation(m.game, m.learner, 1)
    assert (
        priced(m.game, m.expert, m.learner, best) + priced(m.game, m.expert, m.learner, obedience(best)) == gap(m) == 3
    )


@pytest.mark.parametrize(("H", "whole"), [(1, True), (2, False)])
def test_deviations_at_a_single_step_are_all_there_are_at_one_step(H, whole):
    m = hair(H, "1/10")
    assert (measure.regret(m.game, m.learner, "one-shot").max() == measure.regret(m.game, m.learner).max()).yes == whole


def test_halfway_to_the_learner_the_mistakes_are_halved_and_the_regret_is_not():
    m = halfway(hair(1, "1/10"))
    assert measure.deviation_error(m.game, m.expert, m.learner) == rational("21/400")
    assert measure.regret(m.game, m.learner).max() == rational("19/100")
    assert measure.regret(m.game, m.expert).max() > 0
