"""Numbers of the offline theme that were derived before the claims were written."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.base.lifting import enclose
from mdpkit.claims.offline import calibrated_values_keep_the_value_of_the_reference as calibrated
from mdpkit.claims.offline import gated_updates_improve_with_high_probability as gated
from mdpkit.claims.offline.pessimism_bound_is_attained import CLAIM, check, covers, greedy, sides
from mdpkit.instances.library.offline import wrong_turn
from mdpkit.model import MDP, TabularPolicy


def test_the_wrong_turn_of_two_steps_is_all_integers():
    """Two states, two actions, integers: gap 2, bound 2."""
    m = wrong_turn(2)
    for array in (m.mdp.P, m.mdp.r, m.model.P, m.model.r, m.bonus):
        assert all(x.q == 1 for x in array.ravel())
    assert [side.lower[()] for side in check(m).sides] == [2, 2, 2]


@pytest.mark.parametrize("H", [3, 4, 9])
def test_a_little_more_fear_makes_the_wrong_turn_strict(H):
    """H / (H + 2 delta (H-1)): the supremum does not hang on a tie."""
    m, more = wrong_turn(H), fmpq(1, 100)
    guess, bonus = np.array(m.model.P), m.bonus.copy()
    guess[0, 0, 0] += objects([-more, more])
    bonus[0, 0, 0] += more * (H - 1)
    m = m.replace(model=MDP(guess, m.model.r, m.model.rho, horizon=m.model.horizon), bonus=bonus)
    Q = measure.pessimistic_action_value(m.model, m.bonus).lower
    assert Q[0, 0, 0] < Q[0, 0, 1]
    assert covers(m).all_yes()
    assert greedy(m).all_yes()
    gap, _, paid = sides(m)
    assert (gap / (paid * 2)).lower[()] == H / (H + 2 * more * (H - 1))


@settings(max_examples=40)
@given(st.data())
def test_draws_are_inside_the_assumptions_and_pessimism_holds_everywhere(data):
    family = CLAIM.instances
    sizes = {axis: data.draw(st.integers(low, high)) for axis, (low, high) in family.sizes.items()}
    raw = data.draw(st.binary(min_size=family.byte_count(sizes), max_size=family.byte_count(sizes)))
    m = family.build(family.from_bytes(raw, sizes))
    lower = measure.pessimistic_value(m.model, m.bonus)
    assert covers(m).all_yes()
    assert greedy(m).all_yes()
    assert (lower <= measure.state_value(m.mdp, m.learner)).all_yes()
    # an independent reading of V-: the learner's own value in the model, bonuses taken off
    doubted = MDP(m.model.P, m.model.r - m.bonus, m.model.rho, horizon=m.model.horizon)
    assert (lower == measure.state_value(doubted, TabularPolicy(m.learner.table))).all_yes()
    V = lower.lower
    for t, s, a in np.ndindex(m.bonus.shape):
        off = m.model.r[t, s, a] - m.mdp.r[t, s, a] + sum((m.model.P[t, s, a] - m.mdp.P[t, s, a]) * V[t + 1])
        assert measure.backup_error(m.mdp, m.model, lower).lower[t, s, a] == abs(off) <= m.bonus[t, s, a]


def test_a_candidate_picked_on_its_own_data_is_accepted_if_the_episode_is_paid():
    """A fair coin and six arms: half of the twelve outcomes are paid, and their arm's mean is 6."""
    m = gated.pick_on_the_same_data()
    assert m.fall[()] == fmpq(1, 2)
    assert m.judged.shape == (1, 12)
    assert not gated.FRESH.holds(m).all()
    assert [int(k) for k in m.judged[0]] == [1, 1, 3, 1, 5, 1, 1, 2, 1, 4, 1, 6]


def test_a_gate_with_a_smaller_b_accepts_more():
    narrow, wide = (gated.seldom(16, **options) for options in (dict(widest=1), {}))
    assert narrow.fall[()] > narrow.d[()] > wide.fall[()]
    assert not gated.WIDE.holds(narrow).all()
    assert gated.WIDE.holds(wide).all()


@pytest.mark.parametrize(("rate", "counts"), [(fmpq(1, 2), (6, 15, 28)), (fmpq(1), (4, 9, 16))])
def test_the_return_stays_at_the_exit_for_about_the_square_of_the_length(rate, counts):
    for L, count in zip((2, 3, 4), counts, strict=True):
        m = calibrated.road(L, rounds=1)
        Q, low = enclose(m.first), 0
        for k in range(2 * count):
            eta = objects(np.zeros((L, L + 1, 2), dtype=int))
            for t in range(L):
                greedy = int(Q.lower[t, t, 1] > Q.lower[t, t, 0])
                action = 1 - greedy if t == k % L else greedy
                eta[t, t, action] = rate
                if action == 1:
                    break
            Q = Q + (calibrated.backup(m, Q) - Q) * eta
            low += int((measure.greedy_return(m.mdp, Q) == m.exit).all_yes())
        assert low == count
