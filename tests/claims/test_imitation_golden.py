"""Numbers of the imitation theme that were derived or measured before the claims were written."""

from fractions import Fraction

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.claims.imitation.cloning_bound_is_attained_at_finite_error import disjoint_slips
from mdpkit.claims.imitation.dagger_regret_bounds_the_gap import falling, terms
from mdpkit.claims.imitation.expert_resets_remove_exploration import FAMILY as SEARCHES
from mdpkit.claims.imitation.expert_resets_remove_exploration import success
from mdpkit.claims.imitation.linear_mdp_keeps_every_q_linear import SIGNED, distance, mixture
from mdpkit.claims.imitation.potential_shaping_preserves_the_optimum import fork
from mdpkit.claims.imitation.recoverable_cliff_is_linear import sides
from mdpkit.claims.imitation.replayed_demonstrations_open_a_combination_lock import end_in_the_dead_end
from mdpkit.claims.imitation.simulation_lemma_bounds_model_error import check
from mdpkit.claims.imitation.state_divergence_bounds_the_gap_to_second_order import moments, two
from mdpkit.claims.imitation.step_moments_bound_the_imitation_gap import ONE_REWARD, overtaken, sum_moments
from mdpkit.claims.imitation.step_moments_bound_the_imitation_gap import moments as step_moments
from mdpkit.instances.library.imitation.cliff import habit, leak
from mdpkit.instances.library.imitation.road import road
from mdpkit.model import TabularPolicy, shaped_reward


@pytest.mark.parametrize(("H", "noted"), [(8, 4.5), (32, 16), (128, 62)])
def test_recovery_that_needs_the_right_action_is_quadratic_again(H, noted):
    _, gap, e = sides(road(H, "1/1000", recovers=False))
    ratio = (gap / (e.max() * H)).mid
    assert ratio == pytest.approx(noted, rel=0.03)
    eps = Fraction(1, 1000)
    assert gap == sum(1 - (1 - eps) ** k for k in range(1, H + 1))


@pytest.mark.parametrize(("H", "factor"), [(2, "3/2"), (3, "2"), (5, "3")])
def test_the_linear_constant_fails_by_half_of_one_more_than_the_horizon(H, factor):
    m = disjoint_slips(H)
    gap, e = measure.value_gap(m.mdp, m.expert, m.learner), measure.cloning_error(m.mdp, m.expert, m.learner)
    assert gap == e.max() * H * Fraction(factor)


@pytest.mark.parametrize("H", [1, 4, 9])
def test_a_habit_costs_a_reward_a_step_and_is_seldom_seen_from_the_experts_road(H):
    eps = Fraction(1, 100)
    m = habit(H, eps)
    gap, off = measure.value_gap(m.mdp, m.expert, m.learner), measure.cloning_error(m.mdp, m.expert, m.learner).sum()
    assert gap == sum(1 - (1 - eps) ** k for k in range(1, H + 1))
    assert off == eps * H
    assert (gap / off).mid == pytest.approx((H + 1) / 2, rel=0.05)
    assert measure.recoverability(m.mdp, m.expert) == 1


@pytest.mark.parametrize("H", [1, 8, 128])
def test_the_forgiving_road_loses_two_rewards_a_slip(H):
    _, gap, e = sides(road(H, "1/100000"))
    assert (gap / (e.max() * H)).mid == pytest.approx(2 - 1 / H, abs=1e-4)
    assert (gap <= e.max() * (2 * H - 1)).all_yes()


@pytest.mark.parametrize("H", [1, 2, 5, 13])
def test_a_leak_costs_what_the_model_does_not_see(H):
    eps = Fraction(1, 7)
    gap, by_oscillation, by_horizon = check(leak(H, eps)).sides
    assert gap == sum(1 - (1 - eps) ** t for t in range(H))
    assert gap == by_oscillation
    assert gap == by_horizon


def test_the_two_state_flip():
    """A terminal potential of 1 makes leaving worth 1, more than the 1/2 for staying."""
    for last, best in ((0, [1, 0]), ("1/2", [1, 1]), (1, [0, 1])):
        m = fork(last)
        shaped = measure.optimal_action_value(m.mdp, shaped_reward(m.mdp, m.potential))
        assert list(measure.best_actions(shaped)[0, 0].lower) == best
    assert list((shaped[0, 0] + m.potential[0, 0]).mid) == [0.5, 1]


def test_one_transition_off_breaks_linearity_for_some_policies():
    for off in ("1/100", "1/3"):
        m = mixture(objects([off])[0])
        assert (distance(m, measure.action_value(m.mdp, m.policy)) > 0).all_yes()
    # a policy under which both successors are worth the same hides the transition
    for table in np.eye(2, dtype=int)[[[0, 0], [0, 1], [1, 0], [1, 1]]]:
        good = mixture()
        assert distance(good, measure.action_value(good.mdp, TabularPolicy(objects(table)))) == 0


@pytest.mark.parametrize("p", ["1/2", "1/10", "1/1000"])
def test_a_rare_state_is_its_own_divergence(p):
    """Q is certain of a state: no variance, and the published bound's share is 1 - p/2."""
    g, V, D = moments(two(p, 0))
    assert (g / D, V.min()) == (1 - Fraction(p) / 2, 0)


def test_the_second_order_bound_on_random_laws():
    """(1) and its root form on 2 10^5 draws in floats; a factor of 1.2 for the root's sqrt 2 fails."""
    rng, most = np.random.default_rng(0), 0
    for spread in (0.05, 0.2, 1):
        P, other, f = rng.dirichlet([spread] * 3, 70000), rng.dirichlet([spread] * 3, 70000), rng.random((70000, 3))
        Q = P + (other - P) * 10 ** (-3 * rng.random(70000))[:, None]
        g, D = abs(((P - Q) * f).sum(axis=1)), ((P - Q) ** 2 / np.maximum(P + Q, 1e-300)).sum(axis=1)
        V = np.minimum(*((law * f**2).sum(axis=1) - (law * f).sum(axis=1) ** 2 for law in (P, Q))).clip(0)
        kept = g > 1e-4
        g, V, D = g[kept], V[kept], D[kept]
        assert (g**2 <= (2 * V + g) * D * (1 + 1e-9)).all()
        assert (g <= (D / 2 + np.sqrt(2 * V * D + D**2 / 4)) * (1 + 1e-9)).all()
        most = max(most, (g / (1.2 * np.sqrt(V * D) + D)).max())
    assert most > 1.1


def test_the_step_moments_of_one_reward_sum_to_the_gap_exactly_if_they_have_one_sign():
    """Equality fails for one reward whose moments differ in sign: those of the habit are 1, 1 and -1, its gap is 1."""
    m = overtaken()
    assert list(step_moments(m).lower[0]) == [1, 1, -1]
    assert [side.lower[()] for side in sum_moments(m).pairs["gap"]] == [1, 3]
    seen, rng = {True: 0, False: 0}, np.random.default_rng(0)
    for _ in range(64):
        sizes = dict(H=3, S=2, A=2, K=1)
        m = ONE_REWARD.build(ONE_REWARD.from_bytes(rng.bytes(ONE_REWARD.byte_count(sizes)), sizes))
        found, (gap, total) = step_moments(m).lower, sum_moments(m).pairs["gap"]
        one_sign = bool((found >= 0).all() or (found <= 0).all())
        assert (gap == total).all_yes() == one_sign
        seen[one_sign] += 1
    assert min(seen.values()) > 8


@pytest.mark.parametrize("H", [1, 4])
def test_the_class_error_and_the_regret_of_falls_are_known_one_by_one(H):
    """Falls with probability 1/2 and 1/4 in a class of 1/3 and 1/5: c = 1/5 and R/N = 3/8 - 1/5."""
    gap, costs, best, regret = terms(falling(H, ["1/2", "1/4"], ["1/3", "1/5"]))
    assert best == Fraction(1, 5)
    assert regret == Fraction(3, 8) - Fraction(1, 5)
    assert gap == Fraction(3, 8) * H
    assert costs == gap


def test_signed_features_are_drawn_that_no_laws_replace():
    """Both the features and mu take negative values, and the product is a law all the same."""
    sizes, rng, seen = dict(H=2, S=3, A=2, K=3), np.random.default_rng(0), 0
    for _ in range(20):
        m = SIGNED.build(SIGNED.from_bytes(rng.bytes(SIGNED.byte_count(sizes)), sizes))
        seen += bool((m.linear.features < 0).any() and (m.linear.mu < 0).any())
        assert (m.mdp.P >= 0).all()
    assert seen > 5


@pytest.mark.parametrize("H", [1, 2, 4])
def test_searches_of_every_horizon_are_drawn(H):
    """The chance of the last of the drawn policies alone sums to 1 over the leaves of H steps."""
    sizes = dict(H=H, M=1, A=3)
    m = SEARCHES.build(SEARCHES.from_bytes(np.random.default_rng(H).bytes(SEARCHES.byte_count(sizes)), sizes))
    assert m.tree.horizon.H == H
    assert len(success(m)) == 3**H
    assert success(m).sum() == 1


def test_a_demonstration_that_ends_in_the_dead_end_is_as_good_as_no_update():
    """Two steps, two actions: 2 / (1/4) + 2 / (1/8) episodes, as half of the updates change nothing."""
    m = end_in_the_dead_end()
    assert (m.source.P == m.mdp.P).all()
    assert m.episodes == 24
