"""Constrained planning against brute force over occupancies of policies, and the play of the constraint game."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from mdpkit import measure
from mdpkit.base.arrays import exactly, floats, nearest, objects
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
    with pytest.raises(TypeError, match="Discounted or Finite MDP"):
        ConstrainedPlanning(mdp.r[None], limits).run(MDP(mdp.P, mdp.r, horizon=Average()))
    with pytest.raises(InvalidModel, match=r"costs has shape \(3, 2\); expected \(m, 3, 2\)"):
        ConstrainedPlanning(mdp.r, limits).run(mdp)
    with pytest.raises(InvalidModel, match=r"limits has shape \(2,\); expected \(1,\)"):
        ConstrainedPlanning(mdp.r[None], objects([1, 2])).run(mdp)
    with pytest.raises(InvalidModel, match=r"costs\[0, 1, 0\] is nan; expected a finite number"):
        ConstrainedPlanning([[[0, 1], [np.nan, 0], [0, 0]]], [1.0]).run(mdp.to_float())
    with pytest.raises(InvalidModel, match=r"limits are .*; expected finite numbers"):
        ConstrainedPlanning(mdp.to_float().r[None], [np.inf]).run(mdp.to_float())


def drawn(seed):
    """A random rational MDP, Discounted or Finite, masked, some varying in time; costs and limits on a coarse grid."""
    rng = np.random.default_rng(seed)
    S, A, m, H = (int(rng.integers(low, high)) for low, high in ((1, 5), (1, 4), (0, 3), (1, 4)))
    time = (H,) if seed % 4 == 3 else ()
    law, r = objects(rng.integers(0, 4, (*time, S, A, S))), objects(rng.integers(-4, 5, (*time, S, A))) / 4
    law[..., 0] += 1
    mask = rng.random((S, A)) < 0.7
    mask[np.arange(S), rng.integers(0, A, S)] = True
    mdp = MDP(law / law.sum(axis=-1, keepdims=True), r, horizon=Finite(H) if seed % 2 else Discounted("4/5"), mask=mask)
    costs = objects(rng.integers(0, 5, (m, *time, S, A))) / 4
    return mdp, costs, objects(rng.integers(0, 6 * H if seed % 2 else 30, m)) / 6 + objects("1/97")[()]


def by_linprog(mdp, costs, limits):
    """The optimum by a dense linear program of its own: variables d[t,s,a], the discounted one by its Bellman flow."""
    mdp, costs, limits = mdp.to_float(), floats(costs), floats(limits)
    H = mdp.horizon.H if isinstance(mdp.horizon, Finite) else 1
    P, r = (np.broadcast_to(x, (H, *x.shape[-k:])) for x, k in ((mdp.P, 3), (mdp.r, 2)))
    c = np.broadcast_to(costs if costs.ndim == 4 else costs[:, None], (len(costs), H, mdp.S, mdp.A))
    flow = np.zeros((H, mdp.S, H, mdp.S, mdp.A))
    for t in range(H):
        for s in range(mdp.S):
            flow[t, s, t, s] += 1
        if isinstance(mdp.horizon, Discounted):
            flow[0, :, 0] -= mdp.horizon.gamma * np.moveaxis(P[0], 2, 0)
        elif t:
            flow[t, :, t - 1] -= np.moveaxis(P[t - 1], 2, 0)
    ends = np.where(np.broadcast_to(mdp.available, (H, mdp.S, mdp.A)).ravel(), np.inf, 0)
    start = np.concatenate([mdp.rho, np.zeros((H - 1) * mdp.S)])
    n = r.size
    found = linprog(
        -r.ravel(),
        c.reshape(len(c), n) if len(c) else None,
        limits if len(c) else None,
        flow.reshape(-1, n),
        start,
        bounds=np.stack([np.zeros(n), ends], axis=1),
    )
    return -found.fun if found.status == 0 else None


@pytest.mark.parametrize("block", range(10))
def test_floats_are_bounded_where_the_exact_optimum_and_another_program_are(block):
    for seed in range(20 * block, 20 * block + 20):
        mdp, costs, limits = drawn(seed)
        exact = solve(mdp, ConstrainedPlanning(costs, limits), throw=False)
        near = solve(mdp.to_float(), ConstrainedPlanning(floats(costs), floats(limits)), tol=1e-10, throw=False)
        other = by_linprog(mdp, costs, limits)
        assert near.status is exact.status
        if exact.status is Status.INFEASIBLE:
            assert other is None
            for answer in (exact, near):
                y = floats(answer.multipliers)
                assert y.sum() == pytest.approx(1)
                assert (y >= 0).all()
                weighed = (floats(costs) * y.reshape(-1, *[1] * (costs.ndim - 1))).sum(axis=0)
                least = -by_linprog(replace(mdp.to_float(), r=-weighed), costs[:0], limits[:0])
                assert least > y @ floats(limits)
            continue
        assert nearest(exact.value.lower[()]) == pytest.approx(other, abs=1e-7)
        assert near.value.contains(exact.value.lower)
        exact.certificate.verify()
        assert (measure.value(mdp, exact.policy) == exact.value).all_yes()
        for costed, limit in zip(costs, limits, strict=True):
            assert (measure.value(replace(mdp, r=costed), exact.policy) <= limit).all_yes()
            paid = measure.value(replace(mdp.to_float(), r=floats(costed)), near.policy)
            assert paid.lower <= nearest(limit)
        own = measure.value(mdp.to_float(), near.policy)
        assert own.upper >= near.value.lower
        assert own.lower <= near.value.upper
        split = (floats(exact.policy.table) > 0).sum(axis=-1) > 1
        assert split.sum() <= len(limits)


def test_sparse_and_dense_storage_have_the_same_bounds():
    dense = garnet(60, 3, 4, 0.95, rng=np.random.default_rng(1))
    sparse = garnet(60, 3, 4, 0.95, rng=np.random.default_rng(1), sparse=True)
    costs = np.random.default_rng(2).random((2, 60, 3))
    one, two = (solve(each, ConstrainedPlanning(costs, [8.0, 8.5])) for each in (dense, sparse))
    assert not (one.value == two.value).any_no()
    assert one.multipliers == pytest.approx(two.multipliers, abs=1e-6)
    assert (one.multipliers > 0).all()


def test_a_limit_kept_only_with_equality_is_decided_by_rationals_alone():
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Discounted("9/10"))
    costs, limits = objects([[["1/3", "1/3"]]]), objects(["10/3"])
    assert ConstrainedPlanning(costs, limits).run(mdp).value.lower[()] == 10
    answer = solve(mdp.to_float(), ConstrainedPlanning(floats(costs), floats(limits)), throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert answer.value.lower == -np.inf
    assert answer.value.upper == pytest.approx(10)
    assert answer.policy.table[0, 0] == 1


@pytest.mark.parametrize("horizon", [Discounted("9/10"), Finite(5)])
def test_a_limit_of_0_is_kept_by_not_playing_the_cost(horizon):
    """HiGHS removes the visits that such a limit fixes at 0, and reports the price 0, which proves little."""
    law = objects([[[1, 0], ["1/4", "3/4"]], [["1/2", "1/2"], [0, 1]]])
    mdp = MDP(law, objects([["1/8", 0], [0, 1]]), objects([1, 0]), horizon=horizon)
    work = objects([[[0, 1], [0, 1]]])
    exact = solve(mdp, ConstrainedPlanning(work, objects([0]))).value
    answer = solve(mdp.to_float(), ConstrainedPlanning(floats(work), [0.0]))
    assert answer.value.contains(exact)
    assert not answer.policy.table[..., 1].any()


@pytest.mark.parametrize("unit", [2.0**-200, 1.0, 2.0**39])
def test_the_units_of_costs_decide_nothing(unit):
    pays = MDP([[[1.0], [1.0]]], [[0.75, -1.5]], horizon=Finite(3))
    answer = solve(pays, ConstrainedPlanning([[[unit, 0.0]]], [0.0]))
    assert answer.value.contains("-9/2")
    free_beside_dear = [[[unit, 2 * unit]], [[0.0, 0.0]], [[2.0**60, 0.0]]]
    too_little = ConstrainedPlanning(free_beside_dear, [0.0, 0.0, 2.0**62])
    refused = too_little.run(pays)
    assert refused.status is Status.INFEASIBLE
    assert refused.multipliers.tolist() == [1, 0, 0]
    assert f"at least about {3 * unit:.3g}" in too_little.shortfall(pays)


def test_costs_that_are_0_wherever_a_policy_can_go_are_paid_exactly(monkeypatch):
    """State 2 cannot be reached; its cost is in the return of none, whatever rounding adds to its value."""
    law = [[[0.75, 0.25, 0.0]], [[0.0, 1.0, 0.0]], [[0.0, 0.5, 0.5]]]
    costs = [[[0.0], [0.0], [0.3]]]
    for horizon in (Discounted(0.9), Finite(1), Finite(2)):
        mdp = MDP(law, [[-0.25], [1.25], [1.0]], [1.0, 0.0, 0.0], horizon=horizon)
        free = measure.value(mdp, TabularPolicy(np.ones((3, 1)))).mid
        assert solve(mdp, ConstrainedPlanning(costs, [0.0])).value.mid == pytest.approx(free)
    # over one step state 1 is not reached yet, over two it is
    for H, status in ((1, Status.SOLVED), (2, Status.INFEASIBLE)):
        mdp = MDP(law, [[-0.25], [1.25], [1.0]], [1.0, 0.0, 0.0], horizon=Finite(H))
        assert ConstrainedPlanning([[[0.0], [0.5], [0.0]]], [0.0]).run(mdp).status is status
    for program in ("optimise", "violate_least"):
        monkeypatch.setattr(f"mdpkit.solve.constrained_planning.LimitedOccupancies.{program}", lambda *_: None)
    assert solve(mdp, ConstrainedPlanning(costs, [0.0])).value.contains("-1/8")


def test_bounds_are_narrow_at_a_discount_of_nearly_1():
    """States visited about once among 2^30 steps, and flow equations that nearly cancel in their sum."""
    gamma, shape = 1 - 2.0**-30, (3, 3, 2)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        P, r, costs = rng.dirichlet(np.ones(3) / 2, shape[1:]), rng.normal(size=shape[1:]), rng.random((1, 3, 2))
        P = np.where(rng.random((3, 2, 1)) < 0.4, np.eye(3)[:, None], P)
        mdp = MDP(P, r, rng.dirichlet(np.ones(3)), horizon=Discounted(gamma))
        prices = [solve(replace(mdp, r=sign * costs[0]), throw=False).value.mid @ mdp.rho for sign in (-1, 1)]
        limits = np.array([-prices[0] / 3 + prices[1] * 2 / 3])
        answer = solve(mdp, ConstrainedPlanning(costs, limits), throw=False)
        truth = solve(mdp.to_exact(), ConstrainedPlanning(exactly(costs), exactly(limits)))
        assert answer.value.contains(truth.value)
        assert answer.value.width <= 1e-4 / (1 - gamma)


def test_a_discount_near_1_leaves_the_flow_equations_to_the_solver():
    mdp = MDP([[[1.0], [1.0]]], [[1.0, 0.0]], horizon=Discounted(1 - 2.0**-30))
    assert ConstrainedPlanning([[[1.0, 2.0]]], [0.0]).run(mdp).status is Status.INFEASIBLE


def test_an_error_reports_by_how_much_the_limits_are_missed():
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Discounted("9/10"))
    for each in (mdp, mdp.to_float()):
        method = ConstrainedPlanning(each.like([[[1, 2]]]), each.like([4]))
        with pytest.raises(NotSolved, match="every policy exceeds some limit by at least about 6"):
            solve(each, method)


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


def test_without_a_vertex_the_policy_that_ignores_the_limits_is_judged(monkeypatch):
    mdp = garnet(6, 2, 3, 0.9, rng=np.random.default_rng(3))
    costs = np.random.default_rng(4).random((1, 6, 2))
    for program in ("optimise", "violate_least"):
        monkeypatch.setattr(f"mdpkit.solve.constrained_planning.LimitedOccupancies.{program}", lambda *_: None)
    free = (solve(mdp).value * mdp.rho).sum()
    for limit, status in ((100.0, Status.SOLVED), (0.1, Status.FLOOR_REACHED)):
        answer = solve(mdp, ConstrainedPlanning(costs, [limit]), throw=False)
        assert answer.status is status
        assert answer.value.upper >= free.lower
        assert (answer.value.lower > -np.inf) == (status is Status.SOLVED)
