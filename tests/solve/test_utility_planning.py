"""Concave utilities of occupancies against a conic solver, closed forms, and linear and matching special cases."""

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.errors import InvalidModel
from mdpkit.base.interval import Interval
from mdpkit.base.lifting import enclose
from mdpkit.instances.families import garnet
from mdpkit.model import MDP, Average, Discounted, Finite, TabularPolicy
from mdpkit.solve import SquaredDistance, Status, UtilityPlanning, VisitEntropy, solve, utility_planning


def drawn(seed):
    """A random float MDP, Discounted or Finite with H = 3, some with missing actions, and an arbitrary target."""
    rng = np.random.default_rng(seed)
    S, A = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    mdp = garnet(S, A, min(2, S), 0.9, rng=rng)
    mask = rng.random((S, A)) < 0.8
    mask[np.arange(S), rng.integers(0, A, S)] = True
    horizon = Finite(3) if seed % 2 else mdp.horizon
    mdp = MDP(mdp.P, mdp.r, rng.dirichlet(np.ones(S)), horizon=horizon, mask=mask)
    target = rng.random((3, S, A) if seed % 2 else (S, A)) * mask
    return mdp, target * (3 if seed % 2 else 10) / target.sum()


def by_cvxpy(mdp, utility):
    """The optimum over the polytope of occupancies, written per step with its own flow constraints."""
    cvxpy = pytest.importorskip("cvxpy")
    finite = isinstance(mdp.horizon, Finite)
    H = mdp.horizon.H if finite else 1
    d = [cvxpy.Variable((mdp.S, mdp.A), nonneg=True) for _ in range(H)]
    flow = [d[t][~mdp.available] == 0 for t in range(H) if (~mdp.available).any()]
    for t in range(H):
        before = d[t - 1] if finite else d[0]
        arriving = sum(mdp.P[s].T @ before[s] for s in range(mdp.S))
        arriving = arriving * mdp.horizon.gamma if not finite else arriving * float(t > 0)
        flow.append(cvxpy.sum(d[t], axis=1) == arriving + mdp.rho * float(t == 0 or not finite))
    if isinstance(utility, SquaredDistance):
        target = np.reshape(utility.target, (H, mdp.S, mdp.A))
        objective = -sum(cvxpy.sum_squares(d[t] - target[t]) for t in range(H))
    else:
        q = sum(d) / H if finite else d[0] * (1 - mdp.horizon.gamma)
        objective = cvxpy.sum(cvxpy.entr(q if utility.actions else cvxpy.sum(q, axis=1)))
    problem = cvxpy.Problem(cvxpy.Maximize(objective), flow)
    problem.solve(solver="CLARABEL")
    return problem.value


@pytest.mark.parametrize("block", range(4))
def test_the_bounds_hold_a_conic_solver_s_optimum_and_the_policy_attains_it(block):
    for seed in range(10 * block, 10 * block + 10):
        mdp, target = drawn(seed)
        for utility in (VisitEntropy(), VisitEntropy(actions=True), SquaredDistance(target)):
            answer = solve(mdp, UtilityPlanning(utility))
            assert answer.status is Status.SOLVED
            assert answer.value.mid == pytest.approx(by_cvxpy(mdp, utility), abs=2e-6)
            d = measure.occupancy(mdp, answer.policy)
            own = utility.value(mdp, d)
            assert own.upper >= answer.value.lower
            assert own.lower <= answer.value.upper


def test_no_random_policy_has_a_larger_utility():
    for seed in range(8):
        mdp, target = drawn(seed)
        rng = np.random.default_rng(seed)
        for utility in (VisitEntropy(), VisitEntropy(actions=True), SquaredDistance(target)):
            best = solve(mdp, UtilityPlanning(utility)).value.upper
            for _ in range(10):
                table = rng.dirichlet(np.ones(mdp.A) / 2, mdp.S) * mdp.available + 1e-9 * mdp.available
                other = TabularPolicy(table / table.sum(axis=1, keepdims=True))
                assert utility.value(mdp, measure.occupancy(mdp, other)).lower <= best


def test_occupancies_of_policies_are_matched():
    """The target is the occupancy of a random policy: the distance is 0, and the policies agree where they go."""
    for seed in range(12):
        mdp, _ = drawn(seed)
        rng = np.random.default_rng(seed)
        table = rng.dirichlet(np.ones(mdp.A), mdp.S) * mdp.available + 1e-3 * mdp.available
        shown = TabularPolicy(table / table.sum(axis=1, keepdims=True))
        d = measure.occupancy(mdp, shown).mid
        answer = solve(mdp, UtilityPlanning(SquaredDistance(d)), tol=1e-10)
        assert answer.value.contains(0)
        np.testing.assert_allclose(measure.occupancy(mdp, answer.policy).mid, d, atol=2e-5)


def test_states_that_all_can_be_entered_are_visited_evenly():
    """Every action leads to its own state; the start is even: the entropy of the state is log S, at any discount."""
    for S in (1, 2, 4):
        P = np.broadcast_to(np.eye(S), (S, S, S))
        for horizon in (Discounted(0.7), Finite(3)):
            answer = solve(MDP(P, np.zeros((S, S)), horizon=horizon), UtilityPlanning(VisitEntropy()))
            assert abs(answer.value.mid - np.log(S)) < 1e-8
            both = solve(MDP(P, np.zeros((S, S)), horizon=horizon), UtilityPlanning(VisitEntropy(actions=True)))
            assert abs(both.value.mid - 2 * np.log(S)) < 1e-8


def test_where_nearly_every_action_is_randomised_few_steps_suffice(monkeypatch):
    """Frank-Wolfe steps alone, one policy each, take more than twice as many, to the same optimum."""
    rng = np.random.default_rng(0)
    mdp = garnet(8, 3, 3, 0.9, rng=rng)
    mask = np.arange(24).reshape(8, 3) != 5
    mdp = MDP(mdp.P, mdp.r, rng.dirichlet(np.ones(8)), horizon=Finite(6), mask=mask)
    target = rng.random((6, 8, 3)) * mask
    method = UtilityPlanning(SquaredDistance(target * 6 / target.sum()))
    answer = solve(mdp, method)
    monkeypatch.setattr(utility_planning, "LARGEST", 0)
    slow = solve(mdp, method)
    assert 2 * answer.iterations < slow.iterations
    assert not (answer.value == slow.value).any_no()


def test_any_object_with_value_and_slope_is_a_utility():
    """A linear utility is the reward itself: the optimum of the MDP."""

    class Reward:
        def value(self, problem, d):
            return (enclose(problem.r) * d).sum()

        def slope(self, problem, d):
            return enclose(problem.r) if isinstance(d, Interval) else problem.r

    for seed in range(0, 12, 2):
        mdp, _ = drawn(seed)
        best = (solve(mdp).value * enclose(mdp.rho)).sum()
        assert not (solve(mdp, UtilityPlanning(Reward())).value == best).any_no()


def test_rational_problems_and_errors():
    mdp = garnet(3, 2, 2, "9/10", rng=np.random.default_rng(0))
    answer, near = (solve(each, UtilityPlanning(VisitEntropy())) for each in (mdp, mdp.to_float()))
    assert answer.policy.exact
    assert not (answer.value == near.value).any_no()
    with pytest.raises(InvalidModel, match=r"target has shape \(2,\); expected \(3, 2\)"):
        solve(mdp, UtilityPlanning(SquaredDistance([1, 2])))
    with pytest.raises(InvalidModel, match=r"target\[0, 1\] is nan; expected a finite number"):
        solve(mdp.to_float(), UtilityPlanning(SquaredDistance([[1, np.nan]] * 3)))
    with pytest.raises(TypeError, match="the utility is 3; expected a VisitEntropy or a SquaredDistance"):
        solve(mdp, UtilityPlanning(3))
    with pytest.raises(TypeError, match="UtilityPlanning solves a Discounted or Finite MDP"):
        solve(MDP(mdp.P, mdp.r, horizon=Average()), UtilityPlanning(VisitEntropy()))
