"""Constrained planning against brute force over occupancies of policies, and the play of the constraint game."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.instances.families import garnet
from mdpkit.model import MDP, Average, Discounted, Finite, TabularPolicy
from mdpkit.solve import ConstrainedPlanning, Status, constraint_game, solve
from mdpkit.solve.constraint_game import GRID, gradient_step, respond, state_visits


def problem(seed, S=3):
    return garnet(S, 2, 2, "9/10", rng=np.random.default_rng(seed))


def corners(mdp, cost):
    """(reward, cost) of every deterministic policy."""
    tables = [objects(np.eye(2, dtype=int)[list(choice)]) for choice in product(range(2), repeat=mdp.S)]
    return [
        tuple(measure.value(replace(mdp, r=r), TabularPolicy(table)).lower[()] for r in (mdp.r, cost))
        for table in tables
    ]


def best_mixture(points, limit):
    """The most reward of a mixture of two points within the limit: one limit needs no more than two corners."""
    best = [r for r, c in points if c <= limit]
    for (r, c), (s, d) in product(points, repeat=2):
        if c < limit < d:
            share = (limit - c) / (d - c)
            best.append((1 - share) * r + share * s)
    return max(best)


@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_is_the_best_mixture_of_deterministic_policies(seed):
    mdp = problem(seed)
    cost = objects(np.random.default_rng(seed + 99).integers(0, 5, (3, 2))) / 4
    points = corners(mdp, cost)
    least, most = min(c for _, c in points), max(c for _, c in points)
    for share in range(4):
        limit = least + (most - least) * share / 3
        answer = ConstrainedPlanning(cost[None], objects([limit])).run(mdp)
        assert answer.value.lower[()] == best_mixture(points, limit)
        assert (measure.value(mdp, answer.policy) == answer.value).all_yes()
        assert (measure.value(replace(mdp, r=cost), answer.policy) <= limit).all_yes()
    too_little = ConstrainedPlanning(cost[None], objects([least - 1])).run(mdp)
    assert too_little.status is Status.INFEASIBLE
    assert too_little.policy is None


def test_without_limits_it_is_the_optimum_and_masks_are_kept():
    mdp = problem(0, S=4)
    mask = np.array([[True, False], [True, True], [False, True], [True, True]])
    held = MDP(mdp.P, mdp.r, mdp.rho, horizon=mdp.horizon, mask=mask)
    for each in (mdp, held):
        answer = ConstrainedPlanning(objects(np.zeros((0, 4, 2), dtype=int)), objects(np.zeros(0, dtype=int))).run(each)
        assert (answer.value == (solve(each).value * each.rho).sum()).all_yes()
        assert (measure.value(each, answer.policy) == answer.value).all_yes()


def test_what_it_does_not_solve_is_refused():
    mdp = problem(0)
    limits = objects([1])
    with pytest.raises(TypeError, match="rational MDP"):
        ConstrainedPlanning(mdp.r[None], limits).run(mdp.to_float())
    with pytest.raises(TypeError, match="a Discounted or a Finite MDP"):
        ConstrainedPlanning(mdp.r[None], limits).run(MDP(mdp.P, mdp.r, horizon=Average()))
    with pytest.raises(InvalidModel, match=r"expected \(m, 3, 2\) and \(m,\)"):
        ConstrainedPlanning(mdp.r, limits).run(mdp)
    with pytest.raises(InvalidModel, match=r"expected \(m, 3, 2\) or \(m, 4, 3, 2\) and \(m,\)"):
        ConstrainedPlanning(mdp.r[None, None], limits).run(replace(mdp, horizon=Finite(4)))


# ---- over a finite horizon
H = 3


def vary(seed):
    """Two states, and laws, rewards and costs of each of three steps."""
    rng = np.random.default_rng(seed)
    shares = objects(rng.integers(0, 5, (H, 2, 2))) / 4
    P = np.stack([shares, 1 - shares], axis=-1)
    r, cost = (objects(rng.integers(0, 5, (H, 2, 2))) / 4 for _ in range(2))
    return MDP(P, r, objects(["1/3", "2/3"]), horizon=Finite(H)), cost


def time_dependent_corners(mdp, cost):
    """(reward, cost) of every deterministic policy that may depend on the step."""
    choices = product(range(2), repeat=H * 2)
    tables = [objects(np.eye(2, dtype=int)[np.reshape(choice, (H, 2))]) for choice in choices]
    return [
        tuple(measure.value(replace(mdp, r=r), TabularPolicy(table)).lower[()] for r in (mdp.r, cost))
        for table in tables
    ]


@pytest.mark.parametrize("seed", range(4))
def test_over_a_finite_horizon_it_is_the_best_mixture_of_policies_that_depend_on_the_step(seed):
    mdp, cost = vary(seed)
    points = time_dependent_corners(mdp, cost)
    least, most = min(c for _, c in points), max(c for _, c in points)
    for share in range(4):
        limit = least + (most - least) * share / 3
        answer = ConstrainedPlanning(cost[None], objects([limit])).run(mdp)
        answer.certificate.verify()
        assert answer.value.lower[()] == best_mixture(points, limit)
        assert (measure.value(mdp, answer.policy) == answer.value).all_yes()
        assert (measure.value(replace(mdp, r=cost), answer.policy) <= limit).all_yes()
        quick = respond(mdp.to_float(), cost, float(limit) + 1e-9)
        assert (quick.visits * mdp.to_float().r).sum() == pytest.approx(float(answer.value.mid), abs=1e-6)
    refused = ConstrainedPlanning(cost[None], objects([least - 1])).run(mdp)
    assert refused.status is Status.INFEASIBLE
    refused.certificate.verify()
    with pytest.raises(NotSolved, match=r"the limit is .* and every policy costs at least"):
        respond(mdp.to_float(), cost, float(least) - 1)


def test_a_cost_of_states_and_actions_holds_at_every_step_and_masks_are_kept():
    mdp, _ = vary(9)
    cost = mdp.r[0]
    held = replace(mdp, mask=np.array([[False, True], [True, True]]))
    for each, limit in ((mdp, 1), (held, 3)):
        answers = [
            ConstrainedPlanning(costs[None], objects([limit])).run(each)
            for costs in (cost, np.broadcast_to(cost, (H, 2, 2)))
        ]
        assert answers[0].value == answers[1].value
        assert answers[0].policy == answers[1].policy
        free = ConstrainedPlanning(cost[None][:0], objects([])).run(each)
        assert (free.value == (solve(each).value[0] * each.rho).sum()).all_yes()
    assert (answers[0].policy.table[:, 0, 0] == 0).all()


def test_state_visits_over_a_finite_horizon_are_the_occupancy():
    mdp, _ = vary(2)
    table = objects([[["1/4", "3/4"], ["1/2", "1/2"]]] * H)
    for problem, each in ((mdp, table), (mdp.to_float(), table.astype(float))):
        visits = measure.occupancy(problem, TabularPolicy(each)).sum(axis=-1)
        np.testing.assert_allclose(state_visits(problem, each).astype(float), visits.mid, atol=1e-15)
    sparse = garnet(30, 2, 3, 0.9, rng=np.random.default_rng(0), sparse=True)
    for horizon, limit in ((Finite(4), 1.8), (Discounted(0.9), 4.2)):
        thin = replace(sparse, horizon=horizon)
        thick = replace(thin, P=np.asarray(thin.P.todense()).reshape(30, 2, 30))
        cost = np.arange(60.0).reshape(30, 2) / 60
        found = [respond(each, cost, limit) for each in (thin, thick)]
        np.testing.assert_allclose(found[0].visits, found[1].visits, atol=1e-12)


def test_the_constraint_game_is_discounted():
    mdp, cost = vary(0)
    with pytest.raises(InvalidModel, match="takes a Discounted MDP"):
        constraint_game(mdp, cost[None], cost[None], 2, "1/5")


def test_state_visits_are_the_occupancy():
    mdp = problem(3)
    table = objects([["1/3", "2/3"], [1, 0], ["1/2", "1/2"]])
    assert (measure.occupancy(mdp, TabularPolicy(table)).sum(axis=1) == state_visits(mdp, table)).all_yes()
    assert state_visits(mdp, table).sum() == 10


def test_a_step_is_clipped_and_lands_on_the_grid_nearest_to_it():
    c = gradient_step(objects([0, 1, "1/3", "1/3"]), objects([-1, 5, "1/7", "-1/7"]), objects("1/10")[()])
    assert c[:2].tolist() == [0, 1]
    assert all((x * GRID).q == 1 for x in c)
    assert (abs(c[2:] - objects(["73/210", "67/210"])) <= objects(f"1/{2 * GRID}")[()]).all()


def test_learners_obey_the_constraint_played_and_earn_what_can_be_earned():
    mdp = MDP(
        objects([[[1, 0], [0, 1]], [[1, 0], [0, 1]]]),
        objects([[0, 0], [0, 0]]),
        objects([1, 0]),
        horizon=Discounted("1/2"),
    )
    rewards, experts = objects([[[0, 1], [0, 1]]]), objects([[[1, 0], [1, 0]]])
    play = constraint_game(mdp, rewards, experts, rounds=3, step="1/2")
    assert (play.constraints == objects([[0, 0], [0, "1/2"], [0, "1/2"]])).all()
    assert (play.learners[0, 0] == objects([[0, 1], [0, 1]])).all()
    assert (play.learners[1, 0][0] == objects([1, 0])).all()
    with pytest.raises(InvalidModel, match="rewards and experts have shapes"):
        constraint_game(mdp, rewards[0], experts, rounds=1, step=1)


def test_every_learner_has_the_limit_of_its_own_expert():
    """Both tasks pay for action 1, which leads to state 1. The first expert never goes there, the second always does.

    Round 0 charges nothing. In round 1 state 1 costs 1/2: the first learner stays away, the second follows its expert.
    """
    P = objects([[[1, 0], [0, 1]], [[1, 0], [0, 1]]])
    mdp = MDP(P, objects([[0, 0], [0, 0]]), objects([1, 0]), horizon=Discounted("1/2"))
    rewards, stays, goes = objects([[[0, 1], [0, 1]]] * 2), [[1, 0], [1, 0]], [[0, 1], [0, 1]]
    for order in ([stays, goes], [goes, stays]):
        experts = objects(order)
        play = constraint_game(mdp, rewards, experts, rounds=3, step="1/2")
        assert (play.constraints == objects([[0, 0], [0, "1/2"], [0, "1/2"]])).all()
        for c, learners in zip(play.constraints, play.learners, strict=True):
            for k, (learner, expert) in enumerate(zip(learners, experts, strict=True)):
                paid, allowed = (c @ state_visits(mdp, table) for table in (learner, expert))
                assert paid <= allowed
                earned = measure.value(MDP(P, rewards[k], mdp.rho, horizon=mdp.horizon), TabularPolicy(learner))
                assert earned == (0 if not allowed and c.any() else 2)
