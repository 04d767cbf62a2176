"""Robust planning against linear programs, duals, vertices of the sets, enumeration of policies, and closed forms."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog, minimize_scalar

from mdpkit import measure
from mdpkit.base.arrays import floats, nearest, objects, rational
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.model import MDP, Average, Discounted, Finite, TabularPolicy
from mdpkit.solve import IntervalSet, KLBall, L1Ball, RobustPlanning, Status, solve

RADII = ["0", "1/10", "1/2", "1", "2"]


def drawn(seed):
    """A random rational MDP with impossible transitions, Discounted or Finite, some masked or varying in time."""
    rng = np.random.default_rng(seed)
    S, A, H = (int(rng.integers(low, high)) for low, high in ((1, 5), (1, 4), (1, 4)))
    time = (H,) if seed % 4 == 3 else ()
    law = objects(rng.integers(0, 4, (*time, S, A, S)))
    law[..., 0] += law.sum(axis=-1) == 0
    mask = rng.random((S, A)) < 0.7
    mask[np.arange(S), rng.integers(0, A, S)] = True
    horizon = Finite(H) if seed % 2 else Discounted(["0", "4/5", "19/20"][seed % 3])
    r = objects(rng.integers(-4, 5, (*time, S, A))) / 4
    return MDP(law / law.sum(axis=-1, keepdims=True), r, horizon=horizon, mask=mask)


def sets(mdp, seed):
    """An L1 ball, a KL ball and intervals, and the same for the rounded problem."""
    radius, P = RADII[seed % 5], mdp.P
    wide, none = objects(radius), P * 0
    lower, upper = np.maximum(P - wide, none), np.minimum(P + wide / 2, none + 1)
    rounded = [np.minimum(floats(lower), floats(P)), np.maximum(floats(upper), floats(P))]
    return {
        "l1": (L1Ball(radius), L1Ball(radius)),
        "kl": (KLBall(radius), KLBall(radius)),
        "intervals": (IntervalSet(lower, upper), IntervalSet(*rounded)),
    }


def least_mean(kind, P, ball, index, w):
    """min p . w over one set: a linear program in (p, distances), or the dual of a KL ball in one variable."""
    n = len(w)
    if kind == "intervals":
        ends = np.stack([floats(ball.lower)[index], floats(ball.upper)[index]], axis=1)
        return linprog(w, A_eq=np.ones((1, n)), b_eq=[1], bounds=ends).fun
    radius = nearest(objects(ball.radius)[()])
    if kind == "l1":
        far = np.block([[np.eye(n), -np.eye(n)], [-np.eye(n), -np.eye(n)], [np.zeros((1, n)), np.ones((1, n))]])
        whole = np.concatenate([np.ones(n), np.zeros(n)])[None]
        return linprog(np.concatenate([w, np.zeros(n)]), far, np.concatenate([P, -P, [radius]]), whole, [1]).fun
    w, P = w[P > 0], P[P > 0]
    if radius == 0 or np.ptp(w) == 0:
        return P @ w
    above = w - w.min()

    def dual(log_temperature):
        tau = np.exp(log_temperature)
        return tau * (np.log(P @ np.exp(-above / tau)) + radius)

    return w.min() - min(minimize_scalar(dual, bounds=(-12, 12), method="bounded", options=dict(xatol=1e-9)).fun, 0)


@pytest.mark.parametrize("kind", ["l1", "kl", "intervals"])
@pytest.mark.parametrize("block", range(8))
def test_the_value_solves_the_robust_equation_by_other_programs(block, kind):
    for seed in range(12 * block, 12 * block + 12):
        mdp = drawn(seed)
        ball = sets(mdp, seed)[kind][0]
        answer, near = solve(mdp, RobustPlanning(ball)), mdp.to_float()
        V, finite = answer.value.mid, isinstance(mdp.horizon, Finite)
        for t, s in product(range(mdp.horizon.H if finite else 1), range(mdp.S)):
            here, following, g = (V[t, s], V[t + 1], 1) if finite else (V[s], V, near.horizon.gamma)
            best = -np.inf
            for a in np.flatnonzero(mdp.available[s]):
                index = (t, s, a) if mdp.P.ndim == 4 else (s, a)
                least = least_mean(kind, near.P[index], ball, index, following)
                best = max(best, near.r[index] + g * least)
            assert here == pytest.approx(best, abs=2e-6 if kind == "kl" else 1e-9)


@pytest.mark.parametrize("block", range(5))
def test_floats_are_bounded_and_the_worst_model_replays_the_value(block):
    for seed in range(16 * block, 16 * block + 16):
        mdp = drawn(seed)
        for kind, (ball, rounded) in sets(mdp, seed).items():
            exact, near = solve(mdp, RobustPlanning(ball)), solve(mdp.to_float(), RobustPlanning(rounded), tol=1e-9)
            assert near.status is exact.status is Status.SOLVED
            if kind != "kl":
                assert near.value.contains(exact.value.lower)
            for answer in (exact, near):
                model, policy = answer.model, answer.policy
                own, best = measure.state_value(model, policy), solve(model, tol=1e-9).value
                if answer.value.exact:
                    assert (own == answer.value).all_yes()
                    assert (best == answer.value).all_yes()
                else:
                    assert abs(own - answer.value).upper.max() <= 2e-9
                    assert abs(best - answer.value).upper.max() <= 4e-9
                assert lies_within(model, answer.problem, kind, answer.method.ambiguity)


def lies_within(model, problem, kind, ball):
    here = np.broadcast_to(problem.available, model.P.shape[:-1])
    p, P = (floats(np.broadcast_to(x, model.P.shape))[here] for x in (model.P, problem.P))
    if kind == "intervals":
        ends = [floats(np.broadcast_to(end, model.P.shape))[here] for end in (ball.lower, ball.upper)]
        return ((ends[0] <= p + 1e-12) & (p <= ends[1] + 1e-12)).all()
    radius = nearest(objects(ball.radius)[()])
    if kind == "l1":
        return (abs(p - P).sum(axis=-1) <= radius + 1e-12).all()
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.where(p > 0, p * np.log(p / P), 0).sum(axis=-1) <= radius + 1e-12).all()


@pytest.mark.parametrize("seed", range(24))
def test_no_policy_has_a_higher_robust_value_and_the_one_returned_attains_it(seed):
    mdp, rng = drawn(seed), np.random.default_rng(seed)
    for kind, (ball, _) in sets(mdp, seed).items():
        answer = solve(mdp, RobustPlanning(ball), tol=1e-9)
        first = answer.value[0] if isinstance(mdp.horizon, Finite) else answer.value
        best = (mdp.rho * first).sum()
        policy = answer.policy if answer.policy.exact else answer.policy.to_exact()
        own = measure.robust_value(mdp, policy, ball)
        assert (own == best) if kind != "kl" else (abs(own - best).upper <= 2e-9)
        assert not (measure.robust_optimal_value(mdp, ball) == answer.value).any_no()
        steps = (mdp.horizon.H,) if isinstance(mdp.horizon, Finite) else ()
        for _ in range(4):
            table = objects(rng.integers(0, 3, (*steps, mdp.S, mdp.A)))
            table = np.where(mdp.available, table + 1 - (table > 1), 0)
            other = TabularPolicy(table / table.sum(axis=-1, keepdims=True))
            lower, model = measure.robust_value(mdp, other, ball), measure.worst_model(mdp, other, ball)
            assert not (lower <= best).any_no()
            replayed = measure.value(model, other if model.exact else other.to_float())
            assert (lower == replayed) if kind != "kl" else (abs(lower - replayed).upper <= 1e-9)
            assert not (lower <= measure.value(mdp, other)).any_no()


@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_is_the_best_policy_in_the_worst_vertices_of_the_intervals(seed):
    """Two states: every interval of P(0 | s,a) has two vertices; all policies against all choices of vertices."""
    rng = np.random.default_rng(seed)
    first = objects(rng.integers(2, 7, (2, 2))) / 8
    P, wide = np.stack([first, 1 - first], axis=-1), objects(rng.integers(0, 3, (2, 2))) / 8
    mdp = MDP(P, objects(rng.integers(-3, 4, (2, 2))), horizon=Discounted("9/10"))
    answer = solve(mdp, RobustPlanning(IntervalSet(P - wide[..., None], P + wide[..., None])))
    again = solve(mdp, RobustPlanning(L1Ball(wide * 2)))
    assert (answer.value == again.value).all_yes()
    best = None
    for plan in product(range(2), repeat=2):
        table, worst = TabularPolicy(objects(np.eye(2, dtype=int)[list(plan)])), None
        for signs in product((-1, 1), repeat=4):
            moved = first + wide * objects(np.reshape(signs, (2, 2)))
            model = MDP(np.stack([moved, 1 - moved], axis=-1), mdp.r, horizon=mdp.horizon)
            V = measure.state_value(model, table).lower
            worst = V if worst is None else np.minimum(worst, V)
        best = worst if best is None else np.maximum(best, worst)
    assert (answer.value.lower == best).all()


def test_the_ends_of_the_radius_are_the_nominal_and_the_worst_state():
    for seed in range(20):
        mdp = drawn(seed)
        for ball in (L1Ball(0), KLBall(0), IntervalSet(mdp.P, mdp.P)):
            answer = solve(mdp, RobustPlanning(ball))
            assert not (answer.value == solve(mdp).value).any_no()
            assert answer.value.width < 1e-10
        whole = solve(mdp, RobustPlanning(L1Ball(2))).value
        if isinstance(mdp.horizon, Discounted):
            now = np.where(mdp.available, mdp.r, -100).max(axis=1)
            assert (whole == now + mdp.horizon.gamma / (1 - mdp.horizon.gamma) * now.min()).all_yes()


def test_leaving_a_paying_state_has_its_closed_form():
    """Reward 1 in state 0, which stays, and 0 in state 1: V(0) = 1 / (1 - gamma (1 - radius / 2))."""
    mdp = MDP(objects([[[1, 0]], [[0, 1]]]), objects([[1], [0]]), horizon=Discounted("9/10"))
    for m in ("0", "1/7", "1/2", "1"):
        V = solve(mdp, RobustPlanning(L1Ball(2 * rational(m)))).value
        assert (objects([1 / (1 - rational("9/10") * (1 - rational(m))), 0]) == V).all_yes()
    assert solve(mdp, RobustPlanning(KLBall(5))).value.mid == pytest.approx([10, 0])


def test_kl_balls_agree_with_a_conic_solver():
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(0)
    for _ in range(6):
        P, w, radius = rng.dirichlet(np.ones(4)), rng.normal(size=4), rng.uniform(0.01, 1)
        p = cvxpy.Variable(4)
        problem = cvxpy.Problem(cvxpy.Minimize(p @ w), [cvxpy.sum(p) == 1, cvxpy.sum(cvxpy.rel_entr(p, P)) <= radius])
        problem.solve(solver="CLARABEL")
        mdp = MDP(np.tile(P, (4, 1, 1)), w[:, None], horizon=Finite(2))
        value = solve(mdp, RobustPlanning(KLBall(radius))).value
        assert value.lower[0] - w - problem.value == pytest.approx(np.zeros(4), abs=1e-6)
        assert value.width < 1e-12


def test_sparse_laws_are_taken_and_what_does_not_fit_is_refused(make):
    mdp = make.drawn(1).to_float()
    one, two = (solve(each, RobustPlanning(L1Ball(0.3))).value for each in (mdp, make.sparse(mdp)))
    assert not (one == two).any_no()
    with pytest.raises(TypeError, match="RobustPlanning solves a Discounted or Finite MDP"):
        solve(MDP(mdp.P, mdp.r, horizon=Average()), RobustPlanning(L1Ball(0.1)))
    with pytest.raises(InvalidModel, match=r"radius is -0\.5; expected finite numbers of at least 0"):
        solve(mdp, RobustPlanning(L1Ball(-0.5)))
    with pytest.raises(InvalidModel, match=r"radius is nan; expected finite numbers of at least 0"):
        solve(mdp, RobustPlanning(KLBall(np.nan)))
    with pytest.raises(InvalidModel, match=r"radius has shape \(3,\); expected a number or \(3, 3\)"):
        solve(mdp, RobustPlanning(L1Ball([0.1, 0.2, 0.3])))
    with pytest.raises(InvalidModel, match=r"lower\[0, 0, 0\] is .* beside P = .*; expected 0 <= lower <= P <= upper"):
        solve(mdp, RobustPlanning(IntervalSet(mdp.P + 0.1, mdp.P)))
    with pytest.raises(InvalidModel, match=r"upper has shape \(3, 3\); expected \(3, 3, 3\)"):
        solve(mdp, RobustPlanning(IntervalSet(mdp.P, mdp.r)))
    with pytest.raises(NotSolved, match=r"tol is 0\.0e\+00$"):  # no exact method is advertised in a KL ball
        solve(make.drawn(1), RobustPlanning(KLBall("1/10")), tol=0)
    with pytest.raises(TypeError, match=r"the ambiguity is 0\.1; expected an L1Ball, a KLBall or an IntervalSet"):
        solve(mdp, RobustPlanning(0.1))


@pytest.mark.parametrize("defect", [-9e-10, 9e-10])
def test_rows_that_do_not_sum_to_1_mean_the_row_divided_by_its_sum(defect):
    law = np.array([[[0.5, 0.5]], [[0.0, 1.0]]]) * (1 + defect)
    for horizon, values in ((Discounted(0.5), ("2/3", 2)), (Finite(2), ("1/2", 2))):
        mdp = MDP(law, [[0.0], [1.0]], horizon=horizon)
        for kind in (L1Ball(0.0), IntervalSet(law, law), KLBall(0.0)):
            value = solve(mdp, RobustPlanning(kind), tol=1e-6, throw=False).value
            assert (value if isinstance(horizon, Discounted) else value[0]).contains(objects(values))
            assert measure.robust_value(mdp, TabularPolicy([[1.0], [1.0]]), kind).contains((objects(values) / 2).sum())
