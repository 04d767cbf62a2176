"""FILTER: the steps' games, the reset mixture and one stationary policy, each with both sides of its guarantee."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.instances.library.imitation.ladder import ladder
from mdpkit.learn import FILTER, BoxRewards, FiniteRewards, LinearRewards
from mdpkit.learn.imitation.psdp import probe

EXACT = dict(demonstrations="exact", episodes="exact")


def exact_fit(learner, problem, expert):
    return fit(learner, grant(problem, expert=expert, **EXACT), rng=None)


def under(problem, f):
    return replace(problem, r=f)


def game_values(problem, expert, policy, rewards):
    """eps_t by its definition: the largest value loss at step t, over the listed rewards."""
    d = measure.occupancy(problem, expert).lower
    rule = np.broadcast_to(policy.table, d.shape)
    per_reward = []
    for f in rewards:
        Q = measure.action_value(under(problem, f), policy).lower
        per_reward.append((d * Q).sum(axis=(1, 2)) - (d.sum(axis=-1) * (rule * Q).sum(axis=-1)).sum(axis=-1))
    return np.max(per_reward, axis=0)


def sup_gap(problem, expert, policy, rewards):
    return max(measure.value_gap(under(problem, f), expert, policy).lower[()] for f in rewards)


@pytest.mark.parametrize("seed", range(4))
def test_the_steps_games_have_the_values_reported_and_bound_the_gap(make, seed):
    problem, expert = make.drawn(seed, S=3, A=2)
    rng = np.random.default_rng(seed)
    listed = objects(rng.integers(-3, 4, (3, *problem.r.shape))) / 3
    rules = np.stack([make.drawn(9 * k + seed, S=3, A=2, H=1)[1].table[0] for k in range(3)])
    answer = exact_fit(FILTER(1, order="primal", rewards=FiniteRewards(listed), rules=rules), problem, expert)
    values = answer.trace["game_value"][::-1]
    assert (game_values(problem, expert, answer.policy, listed) == values).all()
    assert sup_gap(problem, expert, answer.policy, listed) <= values.sum()
    assert answer.used == Meter(demonstrations=answer.used.demonstrations, model_calls=1)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_of_the_primal_game_is_no_worse_than_a_grid_of_mixtures(make, seed):
    """The last step by brute force: no mixture of two rules on a grid has a smaller supremum."""
    problem, expert = make.drawn(seed, S=3, A=2, H=1)
    listed = objects(np.random.default_rng(seed).integers(-3, 4, (3, *problem.r.shape))) / 3
    rules = np.stack([make.drawn(50 + k, S=3, A=2, H=1)[1].table[0] for k in range(2)])
    value = exact_fit(FILTER(1, order="primal", rewards=FiniteRewards(listed), rules=rules), problem, expert).trace[
        "game_value"
    ][0]
    grid = [Fraction(k, 20) for k in range(21)]
    mixed = [TabularPolicy(objects(rules[0] * objects(w)[()] + rules[1] * objects(1 - w)[()])) for w in grid]
    assert all(game_values(problem, expert, policy, listed)[0] >= value for policy in mixed)


def test_against_a_box_of_rewards_the_value_is_that_of_its_corners(make):
    problem, expert = make.drawn(1, H=2, S=2, A=2)
    rules = np.stack([make.drawn(3 * k, S=2, A=2, H=1)[1].table[0] for k in range(2)])
    box = BoxRewards(-1, objects("1/2"), support=np.array([[True, True], [True, False]]))
    answer = exact_fit(FILTER(1, order="primal", rewards=box, rules=rules), problem, expert)
    corners = []
    for ends in product(("-1", "1/2"), repeat=6):
        f = objects(np.zeros((2, 2, 2), dtype=int))
        f[:, [0, 0, 1], [0, 1, 0]] = objects(ends).reshape(2, 3)
        corners.append(f)
    assert (game_values(problem, expert, answer.policy, corners) == answer.trace["game_value"][::-1]).all()
    features = objects(np.eye(4, dtype=int).reshape(4, 2, 2))[:3]
    linear = exact_fit(
        FILTER(1, order="primal", rewards=LinearRewards(features, -1, objects("1/2")), rules=rules), problem, expert
    )
    corners = [
        sum(w * f for w, f in zip(objects(ends), features, strict=True)) for ends in product(("-1", "1/2"), repeat=3)
    ]
    corners = [np.broadcast_to(f, problem.r.shape) for f in corners]
    assert (game_values(problem, expert, linear.policy, corners) == linear.trace["game_value"][::-1]).all()


def test_floats_solve_the_same_games(make):
    problem, expert = make.drawn(2, S=3, A=2)
    learner = FILTER(1, order="primal", rules=np.eye(2)[[[0, 0, 1], [1, 1, 0]]])
    exact = exact_fit(replace(learner, rules=learner.rules.astype(int)), problem, expert).trace["game_value"]
    rounded = exact_fit(learner, problem.to_float(), expert.to_float()).trace["game_value"]
    assert np.allclose(exact.astype(float), rounded, atol=1e-7)


def test_the_games_bound_is_attained_on_the_cliff():
    """gap = sum_t eps_t on a cliff without a ladder: a ratio of 1."""
    m = ladder(6, "1/10", climbs=False)
    answer = exact_fit(FILTER(1, order="primal", rewards=FiniteRewards(m.mdp.r[None]), rules=m.rules), m.mdp, m.expert)
    assert sup_gap(m.mdp, m.expert, answer.policy, m.mdp.r[None]) == answer.trace["game_value"].sum() > 0


@pytest.mark.parametrize("H", [4, 8])
def test_own_states_make_the_ladder_linear(H):
    """Closed forms: p_t of the road, and the cliff's sum of 1 - (1 - eps)^k."""
    eps = objects("1/10")[()]
    gaps = {}
    for alpha in (1, Fraction(1, 2)):
        m = ladder(H, "1/10")
        learner = FILTER(alpha, rewards=FiniteRewards(m.mdp.r[None]), rules=m.rules, rounds=2)
        gaps[alpha] = measure.value_gap(m.mdp, m.expert, exact_fit(learner, m.mdp, m.expert).policy).lower[()]
    on_top, linear = objects(1)[()], objects(0)[()]
    for _ in range(H):
        linear += 1 - (1 - eps) * on_top
        on_top = 1 - eps * on_top
    assert gaps[1] == sum(1 - (1 - eps) ** k for k in range(1, H + 1))
    assert gaps[Fraction(1, 2)] == linear


@pytest.mark.parametrize("seed", range(3))
def test_the_stationary_game_is_the_regret_of_its_player(make, seed):
    """N sup_gap <= sum_k <g_k, expert - pi_k>, with equality for the best responses to each round."""
    problem, _ = make.drawn(seed, S=3, A=2)
    _, expert = make.drawn(seed + 10, S=3, A=2, discounted=True)
    answer = exact_fit(FILTER(1, "nrmm", "primal", rounds=6), problem, expert)
    states = measure.occupancy(problem, expert).lower.sum(axis=-1)
    won = []
    for f, policy in zip(answer.trace["reward"], answer.trace["policy"], strict=True):
        Q = measure.action_value(under(problem, f), policy).lower
        g = (states[..., None] * Q).sum(axis=0)
        won.append(((expert.table - np.atleast_3d(policy.table).reshape(-1, 3, 2)[-1]) * g).sum())
    assert sum(won) == sum(answer.trace["gain"])
    assert answer.trace["reward_regret"][-1] <= 0
    assert answer.trace["sup_gap"][-1] <= sum(won) / 6


def test_the_stationary_game_approaches_the_expert():
    m = ladder(4, "1/10")
    gaps = [
        float(exact_fit(FILTER(1, "nrmm", "primal", rounds=N, rate="1/4"), m.mdp, m.expert).trace["sup_gap"][-1])
        for N in (2, 50)
    ]
    assert gaps[1] < gaps[0] / 5


def test_a_budget_of_rollouts_is_what_the_meter_counts():
    m = ladder(4, "1/10")
    access = grant(m.mdp, expert=m.expert, demonstrations=5, episodes=10**4, resets=10**4, rng=np.random.default_rng(0))
    learner = FILTER(rewards=FiniteRewards(m.mdp.r[None]), rules=m.rules, rounds=3, rollouts=20, episodes=6)
    used = fit(learner, access, rng=np.random.default_rng(0)).used
    assert used == Meter(
        demonstrations=20, episodes=4 * 6, resets=3 * 4 * 20, steps=4 * 6 * 4 + 3 * 20 * (1 + 2 + 3 + 4)
    )
    nrmm = FILTER(game="nrmm", rounds=3, rollouts=20, episodes=6)
    assert fit(nrmm, access, rng=np.random.default_rng(0)).used.resets == 3 * 20


def test_drawn_episodes_estimate_the_models_action_values(make):
    problem, expert = make.drawn(5, S=3, A=2)
    access = grant(problem.to_float(), resets=10**5, episodes=1, rng=np.random.default_rng(1))
    states = np.zeros((2, 3))
    states[0, 0], states[1, 2] = 1, 3
    s, a, t, totals = probe(
        access,
        problem.to_float().r,
        expert.to_float(),
        states,
        1,
        np.ones((3, 2), bool),
        4000,
        np.random.default_rng(2),
    )
    Q = measure.action_value(problem, expert).mid.astype(float)
    assert {(int(when), int(state)) for when, state in zip(t, s, strict=True)} == {(1, 0), (2, 2)}
    assert abs((t == 2).mean() - 3 / 4) < 0.05
    for when, state in ((1, 0), (2, 2)):
        for action in (0, 1):
            seen = totals[(t == when) & (s == state) & (a == action)]
            assert abs(seen.mean() - Q[when, state, action]) < 5 * seen.std() / np.sqrt(len(seen)) + 1e-12


def test_bad_input_is_refused(make):
    problem, expert = make.drawn(0)
    for options, words in (
        (dict(alpha=2), "alpha is 2; expected a number in"),
        (dict(game="mm"), "game is 'mm'; expected one of mmdp, nrmm"),
        (dict(order="both"), "order is 'both'"),
        (dict(order="primal"), "alpha is Fraction.*; expected 1"),
        (dict(alpha=1, order="primal", rollouts=3), "expected rollouts=None"),
        (dict(rollouts=0), "rollouts is 0"),
        (dict(game="nrmm", rules=np.ones((1, 3, 2))), "belong to 'mmdp'"),
        (dict(rate=0), "rate is 0"),
        (dict(ties="last"), "ties is 'last'"),
    ):
        with pytest.raises(InvalidModel, match=words):
            FILTER(**options)
    access = grant(problem, expert=expert, **EXACT)
    with pytest.raises(InvalidModel, match=r"rules has shape \(0, 3, 2\)"):
        fit(FILTER(rules=np.zeros((0, 3, 2))), access, rng=None)
    with pytest.raises(InvalidModel, match="rewards is a str; the game of a step is solved for"):
        fit(FILTER(1, order="primal", rewards=Strange()), access, rng=None)
    offline = grant(problem, expert=expert, demonstrations="exact")
    with pytest.raises(MissingAccess, match="FILTER needs episodes and model"):
        fit(FILTER(), offline, rng=None)
    without = grant(problem, expert=expert, demonstrations=3, episodes=50, rng=np.random.default_rng(0))
    with pytest.raises(MissingAccess, match="FILTER needs resets"):
        fit(FILTER(rollouts=3), without, rng=np.random.default_rng(0))
    discounted, stationary = make.drawn(0, discounted=True)
    with pytest.raises(InvalidModel, match="needs a finite horizon"):
        fit(FILTER(1, order="primal"), grant(discounted, expert=stationary, **EXACT), rng=None)
    assert fit(FILTER(game="nrmm", rounds=2), grant(discounted, expert=stationary, **EXACT), rng=None).policy


class Strange:
    """A class without a basis."""

    def like(self, d):
        return "none"


def test_a_reset_distribution_without_mass_is_refused():
    """Demonstrations that end early show no state at the last step."""
    problem = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Finite(2))
    access = grant(problem, resets=10, episodes=1, rng=np.random.default_rng(0))
    with pytest.raises(InvalidModel, match="the reset distribution has no mass at step 1"):
        probe(
            access,
            problem.r,
            TabularPolicy(objects([[1, 0]])),
            objects([[0]]),
            1,
            np.ones((1, 2), bool),
            3,
            np.random.default_rng(0),
        )
    for s, t, a in ((1, 0, 0), (0, 2, 0), (0, 0, 2)):
        with pytest.raises(InvalidModel, match=r"play_from|the policy plays"):
            access.play_from(TabularPolicy(objects([[1, 0]])), [s], [a], [t], rng=np.random.default_rng(0))
