"""Constraints learned from several tasks: the access, the classes of costs, the game, and bad input."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mdpkit import Discounted, Finite, fit, grant, measure, objects, rational
from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel, MissingAccess, NotSolved
from mdpkit.instances import named
from mdpkit.instances.library.safety_shared import tasks_of
from mdpkit.learn import (
    ICL,
    MTICL,
    BoxRewards,
    Cloning,
    FiniteRewards,
    FollowTheLeader,
    GradientAscent,
    Hedge,
    LinearRewards,
    MonotoneCosts,
    StateCosts,
    TaskPolicies,
    compare,
)
from mdpkit.solve import ConstrainedPlanning, Status, constraint_game, lexicographic_expert
from mdpkit.solve.constraint_game import respond

m = named("slip_grid", side=2, goals=[1, 3], pits=[1])
tasks = tasks_of(m)
experts = [lexicographic_expert(task, m.cost, "3/10") for task in tasks]
COST = np.repeat(m.cost[:, None], 4, axis=1)


def learn(learner, **options):
    return fit(learner, grant(tasks, expert=experts, demonstrations="exact", **options), rng=None)


# ---- access
def test_an_access_to_several_tasks_holds_one_for_each():
    access = grant(tasks, expert=experts, demonstrations="exact")
    assert access.granted == ("demonstrations", "episodes", "rewards", "model")
    assert len(access.tasks) == 2
    assert [(task.reward() == each.r).all() for task, each in zip(access.tasks, tasks, strict=True)] == [True, True]
    answer = fit(MTICL(rounds=2), access, rng=None)
    assert answer.used == access.used == access.tasks[0].used + access.tasks[1].used
    alone = grant(tasks[0], expert=experts[0], demonstrations="exact", episodes="exact", rewards=True)
    assert alone.tasks == (alone,)
    assert (alone.reward() == tasks[0].r).all()


def test_a_learner_of_one_task_is_sent_to_a_single_task():
    with pytest.raises(InvalidModel, match=r"holds 2 tasks; use access.tasks\[k\]"):
        learn(Cloning())
    with pytest.raises(MissingAccess, match="MTICL needs rewards and model"):
        fit(MTICL(), grant(tasks[0], expert=experts[0], demonstrations="exact"), rng=None)


def shown():
    return grant(tasks, expert=experts, demonstrations="exact").tasks[0].demonstrations()


def test_what_is_granted_for_some_tasks_alone_is_not_granted():
    for given in (["exact", 0], [0, "exact"]):
        access = grant(tasks, expert=experts, demonstrations=given)
        assert access.granted == ("episodes", "rewards", "model")
        assert not access.exact("demonstrations")
        with pytest.raises(MissingAccess, match="MTICL needs demonstrations"):
            fit(MTICL(rounds=1), access, rng=None)
    assert repr(access).count("Access(") == 3  # the tasks differ, so that each is shown
    mixed = grant(tasks, expert=experts, demonstrations=["exact", shown()])
    assert "demonstrations" in mixed.granted
    assert not mixed.exact("demonstrations")


def slower():
    return replace(tasks[1], horizon=Discounted("1/2"))


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ([], {}, "list of tasks is empty"),
        ([tasks[0], 3], {}, "task 1 is int"),
        ([tasks[0], slower()], {}, "task 1 differs from task 0 in horizon"),
        ([tasks[0], replace(tasks[1], P=tasks[1].P[:, ::-1])], {}, "task 1 differs from task 0 in P"),
        ([tasks[0], replace(tasks[1], rho=objects([0, 1, 0, 0]))], {}, "task 1 differs from task 0 in rho"),
        ([tasks[0], tasks[1].to_float()], {}, "task 1 is of floats and task 0 rational"),
        ([tasks[0], named("slip_grid").mdp], {}, "expected the same states and actions"),
        (tasks, dict(expert=experts[:1]), "expert has 1 entries; expected one for each of 2 tasks"),
        (tasks, dict(expert=experts[0]), "expected a list with a policy for each of 2 tasks"),
        (tasks, dict(demonstrations=["exact"]), "demonstrations has 1 entries"),
        (tasks, dict(demonstrations=shown()), "expected a list of them for 2 tasks"),
        (tasks, dict(expert=[experts[0], None]), "task 1: demonstrations and queries require an expert"),
        (tasks, dict(demonstrations=5), "task 0: the access requires sampling"),
    ],
)
def test_tasks_that_differ_in_more_than_their_rewards_are_refused_by_name(given, options, words):
    with pytest.raises(InvalidModel, match=words):
        grant(given, **{"expert": experts, "demonstrations": "exact", **options})


# ---- classes of costs
def test_projection_onto_monotone_costs_is_the_nearest_of_a_fine_grid():
    shape = np.zeros((4, 1))
    costs = MonotoneCosts([2, 0, 1, 1]).like(shape)
    grid = [np.array([c, a, b, b]) for a, b, c in product(np.linspace(0, 1, 11), repeat=3) if a <= b <= c]
    rng = np.random.default_rng(0)
    for point in rng.integers(-5, 16, (40, 4)) / 10:
        fitted = costs.project(point)
        assert fitted[1] <= fitted[2] == fitted[3] <= fitted[0]
        assert ((fitted - point) ** 2).sum() <= min(((each - point) ** 2).sum() for each in grid) + 1e-12
        assert (costs.best(point) * point).sum() == pytest.approx(max((each * point).sum() for each in grid))


def test_a_rank_of_other_states_is_refused():
    with pytest.raises(InvalidModel, match="expected a finite number for each of 4 states"):
        MonotoneCosts([0, 1]).like(np.zeros((4, 1)))


def test_costs_of_states_are_a_box_and_hold_at_every_step():
    d = objects([[[1, 2], [3, 4]], [[-9, 0], [0, 1]]])
    costs = StateCosts().like(d)
    assert costs.moments(d).tolist() == [-6, 8]
    assert costs.reward(costs.best(costs.moments(d))).tolist() == [[[0, 0], [1, 1]]] * 2


# ---- the game
PLAYERS = {
    "gradient ascent": MTICL(rounds=6),
    "leader": MTICL(constraint_player=FollowTheLeader(), rounds=6),
    "hedge": MTICL(FiniteRewards(np.stack([COST, 1 - COST, COST * 0])), Hedge(), 6),
    "linear": MTICL(LinearRewards(np.stack([COST, 1 - COST]), 0, 1), rounds=6),
    "monotone": MTICL(MonotoneCosts([0, 2, 1, 1]), rounds=6),
    "box": MTICL(BoxRewards(0, 1), rounds=6),
}


@pytest.mark.parametrize("name", PLAYERS)
def test_mixtures_earn_the_experts_returns_and_cost_no_more_than_the_regret(name):
    learner = replace(PLAYERS[name], true_cost=m.cost)
    answer = learn(learner)
    log, T = answer.trace, learner.rounds
    assert (log["shortfall"][-1] <= 0).all()
    assert log["violation"][-1].sum() <= log["worst_violation"][-1] <= log["regret"][-1] / T
    for k, (task, expert) in enumerate(zip(tasks, experts, strict=True)):
        mixture = answer.policy.to_tabular(task)
        assert measure.value_gap(task, expert, mixture) == log["shortfall"][-1][k]
        apart = measure.value_gap(replace(task, r=COST), mixture, expert)
        assert apart == log["violation"][-1][k] >= 0


def test_it_is_the_constraint_game_with_gradient_ascent_at_a_constant_rate():
    rewards = objects([task.r for task in tasks])
    play = constraint_game(tasks[0], rewards, objects([each.table for each in experts]), 5, "1/5")
    log = learn(MTICL(constraint_player=GradientAscent("1/5"), rounds=5)).trace
    for t in range(5):
        assert (log["constraint"][t][:, 0] == play.constraints[t]).all()
        assert all((log["policies"][t][k].table == play.learners[t, k]).all() for k in range(2))


def test_the_ablation_plays_every_task_alone():
    together, alone = (
        learn(ICL(rounds=4)),
        [
            fit(MTICL(rounds=4), grant([task], expert=[expert], demonstrations="exact"), rng=None)
            for task, expert in zip(tasks, experts, strict=True)
        ],
    )
    for k, each in enumerate(alone):
        assert (together.trace["constraint"][-1][k] == each.trace["constraint"][-1]).all()
        assert together.policy[k].to_tabular(tasks[k]) == each.policy.to_tabular(tasks[k])
    assert together.trace["regret"][-1] == sum(each.trace["regret"][-1] for each in alone)


def test_floats_play_nearly_the_same_game():
    quick = fit(
        MTICL(rounds=5, true_cost=m.cost),
        grant([t.to_float() for t in tasks], expert=[e.to_float() for e in experts], demonstrations="exact"),
        rng=None,
    )
    exact = learn(MTICL(rounds=5, true_cost=m.cost))
    np.testing.assert_allclose(quick.trace["regret"], [float(x) for x in exact.trace["regret"]], atol=1e-4)
    assert quick.trace["multipliers"][-1][0] == pytest.approx(float(exact.trace["multipliers"][-1][0]), abs=1e-4)


def test_the_multiplier_is_the_price_of_the_limit():
    at, step = rational("3/10"), rational("1/1000")
    one, more = (ConstrainedPlanning(COST[None], objects([limit])).run(tasks[0]) for limit in (at, at + step))
    assert one.multipliers[0] * step == more.value.lower[()] - one.value.lower[()] > 0
    one.certificate.verify()


def test_demonstrations_may_be_samples_if_the_slack_covers_their_error():
    rng = np.random.default_rng(3)
    access = grant(tasks, expert=experts, demonstrations=20, rng=rng)
    log = fit(MTICL(rounds=3, slack="1/2", true_cost=m.cost), access, rng=None).trace
    assert log["violation"][-1].sum() <= log["worst_violation"][-1] <= log["regret"][-1] / 3 + 2 * rational("1/2")
    assert (log["multipliers"][-1] >= 0).all()


def test_learners_are_compared_on_several_tasks():
    found = compare(
        tasks,
        {"MTICL": [MTICL(rounds=n) for n in (1, 4)], "ICL": ICL(rounds=4)},
        dict(expert=experts, demonstrations="exact"),
        seeds=2,
    )
    worth = np.mean([float(measure.value(task, expert).mid) for task, expert in zip(tasks, experts, strict=True)])
    assert found.expert == pytest.approx(worth)
    assert found.quantity == "mean value of the tasks"
    assert min(run.value for run in found.runs) >= worth - 1e-12


# ---- bad input
def test_a_limit_that_no_policy_keeps_names_the_task_and_the_least_cost():
    with pytest.raises(NotSolved, match=r"round 0, task 1: the limit is -1 and every policy costs at least 0"):
        learn(MTICL(rounds=2, limits=[1, -1]))
    refused = ConstrainedPlanning(COST[None], objects([-1])).run(tasks[0])
    assert refused.status is Status.INFEASIBLE
    refused.certificate.verify()
    assert refused.certificate.answer.y[0] > 0
    with pytest.raises(NotSolved, match=r"the limit is -1\.0 and every policy costs at least"):
        respond(tasks[0].to_float(), COST, -1.0)


def test_experts_that_violate_a_constraint_are_named():
    greedy = [lexicographic_expert(tasks[0], m.cost), experts[1]]
    access = grant(tasks, expert=greedy, demonstrations="exact")
    with pytest.raises(InvalidModel, match=r"the expert of task 0 has true cost .*, and its limit is 3/10"):
        fit(MTICL(limits="3/10", true_cost=m.cost), access, rng=None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(rounds=0), "rounds"),
        (dict(slack=-1), "slack is -1"),
        (dict(limits=[1, 2, 3]), r"limits has shape \(3,\)"),
        (dict(true_cost=[1, 2]), r"true_cost has shape \(2,\)"),
        (dict(constraint_player=Hedge(), rounds=2), "Hedge weighs the members"),
        (dict(slack=0.125), 'slack is 0.125; expected rational numbers, such as "1/8"'),
        (dict(limits=[float("nan"), 1]), "limits contains nan; expected rational"),
        (dict(limits=["x", 1]), "limits contains 'x'"),
        (dict(true_cost=[0.5] * 4), "true_cost contains 0.5"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options, words):
    with pytest.raises(InvalidModel, match=words):
        learn(MTICL(**options))


@pytest.mark.parametrize("options", [dict(limits=[1, np.nan]), dict(limits=np.inf), dict(true_cost=[np.nan] * 4)])
def test_numbers_that_are_not_finite_are_refused_on_floats_too(options):
    access = grant([t.to_float() for t in tasks], expert=[e.to_float() for e in experts], demonstrations="exact")
    with pytest.raises(InvalidModel, match=r"contains (nan|inf); expected finite|is inf; expected finite"):
        fit(MTICL(rounds=1, **options), access, rng=None)


def test_tasks_of_the_same_reward_and_different_policies_are_not_confused():
    twice = [tasks[0], replace(tasks[0], state_names=("a", "b", "c", "d"))]
    both = TaskPolicies(tuple(task.r for task in twice), tuple(experts))
    with pytest.raises(InvalidModel, match=r"tasks \[0, 1\] have the reward of .* and different policies"):
        both.to_tabular(tasks[0])
    assert TaskPolicies(both.rewards, (experts[0],) * 2).to_tabular(tasks[0]) == experts[0]


def test_rewards_that_agree_as_floats_differ_as_rationals_are_kept_apart():
    paid = tasks[0].r + 1
    close = paid + rational("1/10") ** 30
    both = TaskPolicies((close, paid), tuple(experts))
    assert both.to_tabular(replace(tasks[0], r=paid)) == experts[1]
    assert both.to_tabular(replace(tasks[0], r=close)) == experts[0]


# ---- over a finite horizon
SHORT = [replace(task, horizon=Finite(4)) for task in tasks]
SHORT_EXPERTS = [lexicographic_expert(task, m.cost, "1/10") for task in SHORT]


@pytest.mark.parametrize("name", ["gradient ascent", "leader", "hedge", "linear", "monotone", "box"])
def test_over_a_finite_horizon_mixtures_earn_the_experts_returns_and_cost_no_more_than_the_regret(name):
    learner = replace(PLAYERS[name], true_cost=m.cost, rounds=3)
    answer = fit(learner, grant(SHORT, expert=SHORT_EXPERTS, demonstrations="exact"), rng=None)
    log = answer.trace
    assert log["constraint"][-1].shape == (4, 4, 4)
    assert (log["shortfall"][-1] <= 0).all()
    assert log["violation"][-1].sum() <= log["worst_violation"][-1] <= log["regret"][-1] / 3
    for k, (task, expert) in enumerate(zip(SHORT, SHORT_EXPERTS, strict=True)):
        mixture = answer.policy.to_tabular(task)
        assert measure.value_gap(task, expert, mixture) == log["shortfall"][-1][k]
        assert measure.value_gap(replace(task, r=COST), mixture, expert) == log["violation"][-1][k]


def test_over_a_finite_horizon_floats_play_nearly_the_same_game_with_costs_of_each_step():
    late = np.stack([COST * (t > 1) for t in range(4)])
    access = grant([t.to_float() for t in SHORT], expert=[e.to_float() for e in SHORT_EXPERTS], demonstrations="exact")
    quick = fit(MTICL(rounds=4, true_cost=late), access, rng=None).trace
    exact = fit(
        MTICL(rounds=4, true_cost=late), grant(SHORT, expert=SHORT_EXPERTS, demonstrations="exact"), rng=None
    ).trace
    for name in ("payoff", "worst_violation", "regret"):
        np.testing.assert_allclose(quick[name], [float(x) for x in exact[name]], atol=1e-4)
    np.testing.assert_allclose(np.stack(quick["shortfall"]), floats(np.stack(exact["shortfall"])), atol=1e-4)
    # in the third round task 0 has two plans of one return and one cost, of which one pays .023 more of the late cost
    for trace, problems in ((quick, [t.to_float() for t in SHORT]), (exact, SHORT)):
        for k, (task, expert) in enumerate(zip(problems, SHORT_EXPERTS, strict=True)):
            played = [measure.occupancy(task, each[k]).mid for each in trace["policies"]]
            over = sum(played) / len(played) - measure.occupancy(task.to_exact(), expert).mid
            assert float(trace["violation"][-1][k]) == pytest.approx((floats(late) * over).sum(), abs=1e-9)
