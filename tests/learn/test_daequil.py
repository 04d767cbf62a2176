"""DAeQuIL: the losses of its rounds bound what its mixture pays, and labels on its own states teach recovery."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.library.imitation.cliff import habit
from mdpkit.instances.library.imitation.road import ditch
from mdpkit.learn import BoxRewards, DAeQuIL, FiniteRewards, FollowTheLeader


def exact_access(problem, expert):
    return grant(problem, expert=expert, episodes="exact", queries="exact")


@pytest.mark.parametrize("seed", range(4))
def test_losses_and_regret_by_their_definition(make, seed):
    problem, expert = make.drawn(seed, masked=seed == 3)
    answer = fit(DAeQuIL(iterations=4, rate="1/2"), exact_access(problem, expert), rng=None)
    members, fs = answer.policy.members, answer.trace["reward"]
    states = [measure.occupancy(problem, policy).lower.sum(axis=-1) for policy in members]

    def loss(k, table):
        return (states[k][..., None] * (expert.table - table) * fs[k]).sum()

    own = [loss(k, members[k].table) for k in range(4)]
    assert own == list(answer.trace["loss"])
    leaned = sum(d[..., None] * f for d, f in zip(states, fs, strict=True))
    leader = np.where(problem.available, leaned, -1).argmax(axis=-1)
    best = sum(loss(k, objects(np.eye(problem.A, dtype=int))[leader]) for k in range(4))
    assert answer.trace["regret"][-1] == sum(own) - best
    assert best <= 0
    gap = measure.value_gap(problem, expert, answer.policy)
    assert (gap <= measure.recoverability(problem, expert) * objects(sum(own)) / 4).all_yes()


@pytest.mark.parametrize("seed", range(3))
def test_the_regret_stays_below_the_leaders_bound(make, seed):
    """At a constant rate: at most D/(2 rate) + rate/2 sum of |d_k f_k|^2, D a vertex's distance from uniform."""
    problem, expert = (each.to_float() for each in make.drawn(seed, S=4, A=3))
    H, S, A, N, rate = problem.horizon.H, problem.S, problem.A, 50, 0.25
    answer = fit(DAeQuIL(iterations=N, rate=rate), exact_access(problem, expert), rng=None)
    states = [measure.occupancy(problem, policy).mid.sum(axis=-1) for policy in answer.policy.members]
    squares = sum(((d[..., None] * f) ** 2).sum() for d, f in zip(states, answer.trace["reward"], strict=True))
    assert answer.trace["regret"][-1] <= H * S * (1 - 1 / A) / (2 * rate) + rate / 2 * squares + 1e-9


def test_the_value_gap_attains_the_mean_loss_where_a_mistake_costs_one_reward():
    m = habit(5)
    answer = fit(DAeQuIL(iterations=5, rate="1/4"), exact_access(m.mdp, m.expert), rng=None)
    gap = measure.value_gap(m.mdp, m.expert, answer.policy).lower[()]
    u = measure.recoverability(m.mdp, m.expert).upper[()]
    assert gap == u * sum(answer.trace["loss"]) / 5 > 0


def test_it_learns_to_leave_the_ditch_that_the_expert_never_shows():
    m = ditch(8, 3)
    last = fit(DAeQuIL(iterations=40, rate=2), exact_access(m.mdp, m.expert), rng=None).policy.members[-1]
    assert (last.table[:, 0, 0] == 1).all()
    assert (last.table[1:6, 1, 0] == 1).all()


def test_a_reward_player_without_response_to_the_round_is_an_option(make):
    problem, expert = make.drawn(1)
    one, other = (
        fit(DAeQuIL(reward_player=player, iterations=3, rate=1), exact_access(problem, expert), rng=None)
        for player in (FollowTheLeader(), DAeQuIL().reward_player)
    )
    assert one.trace["loss"].tolist() != other.trace["loss"].tolist()


def test_a_sample_costs_a_query_for_every_step(make):
    problem, expert = make.drawn(2, H=4)
    access = grant(problem, expert=expert, episodes=15, queries=60, rng=np.random.default_rng(0))
    answer = fit(DAeQuIL(iterations=5, episodes=3, rate=1), access, rng=np.random.default_rng(1))
    assert answer.used == Meter(episodes=15, steps=60, queries=60)
    assert len(answer.policy.members) == len(answer.trace["loss"]) == 5


@pytest.mark.parametrize("options", [dict(iterations=0), dict(episodes=True), dict(rate=-1)])
def test_settings_that_are_none_are_refused(options):
    with pytest.raises(InvalidModel, match="expected"):
        DAeQuIL(**options)


def test_moments_of_another_problem_are_refused():
    stay = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Finite(2))
    expert = TabularPolicy(objects([[1, 0]]))
    for rewards in (FiniteRewards(np.zeros((1, 2, 2), dtype=int)), BoxRewards(lower=np.zeros((3, 3), dtype=int))):
        with pytest.raises(InvalidModel, match="has shape"):
            fit(DAeQuIL(rewards), exact_access(stay, expert), rng=None)
