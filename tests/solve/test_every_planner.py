"""Constrained, concave, robust and risk-averse planning on random small models, against answers that share no code.

As `test_every_criterion`: a few models in every run, 10,000 for each criterion by
`pytest tests/solve/test_every_planner.py --hypothesis-profile=nightly`.
"""

import math
import random
from dataclasses import replace
from decimal import MAX_EMAX, MIN_EMIN, Decimal, localcontext
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import linprog
from tools.agreement import compare, encloses, played, same
from tools.plain import (
    draw,
    eliminate,
    finite_problem,
    times,
    vary,
    visits,
)

from mdpkit import Average, Discounted, TabularPolicy, Total, measure, objects
from mdpkit.solve import (
    ConstrainedPlanning,
    CVaRPlanning,
    EntropicPlanning,
    IntervalSet,
    KLBall,
    L1Ball,
    RobustPlanning,
    SquaredDistance,
    Status,
    UtilityPlanning,
    VisitEntropy,
    solve,
)

DISCOUNTS = ["0", "1/2", "9/10", "99/100", "999999/1000000"]


# ---- constrained and concave planning over occupancies


def mixed(plan):
    return [{a: Fraction(1)} for a in plan]


def planning_problem(seed, extreme):
    """A discounted or finite problem, the reward of every visit, and the occupancies of all deterministic policies."""
    if seed % 2:
        model, g = draw(seed, extreme=extreme), Fraction(random.Random(seed).choice(DISCOUNTS[1:4]))
        corners = [visits(model, mixed(plan), g) for plan in model.plans()]
        reward = {(0, s, a): x for s, row in enumerate(model.r) for a, x in row.items()}
        return model, g, model.problem(Discounted(g)), reward, corners
    model = draw(seed, states=2, actions=2, extreme=extreme)
    steps = vary(model, seed, 1 + seed // 2 % 2)
    plans = product(model.plans(), repeat=len(steps))
    corners = [visits(model, [mixed(plan) for plan in each], steps) for each in plans]
    reward = {(t, s, a): x for t, step in enumerate(steps) for s, row in enumerate(step.r) for a, x in row.items()}
    return model, steps, finite_problem(steps), reward, corners


def inner(d, numbers):
    return sum((x * numbers[key] for key, x in d.items()), Fraction(0))


def of_policy(policy, model, horizon):
    """The occupancy of a rational policy."""
    if isinstance(horizon, Fraction):
        return visits(model, played(policy), horizon)
    tables = policy.table if policy.table.ndim == 3 else [policy.table] * len(horizon)
    return visits(model, [played(table) for table in tables], horizon)


def constrained(seed):
    """The best mixture of deterministic policies, for one limit or two."""
    model, horizon, problem, reward, corners = planning_problem(seed, extreme=True)
    rng = random.Random(seed)
    m = rng.choice([1, 1, 2])
    prices = [{key: Fraction(rng.randint(0, 4), 4) for key in reward} for _ in range(m)]
    paid = [[inner(d, c) for d in corners] for c in prices]
    limits = [min(row) + (max(row) - min(row) + Fraction(1, 97)) * Fraction(rng.randint(-1, 4), 4) for row in paid]
    earned = [inner(d, reward) for d in corners]
    shape = problem.r.shape if isinstance(horizon, Fraction) else (len(horizon), *problem.r.shape[-2:])
    costs = np.zeros((m, *shape), dtype=object)
    for k, c in enumerate(prices):
        for (t, s, a), x in c.items():
            costs[(k, s, a) if len(shape) == 2 else (k, t, s, a)] = str(x)
    method = ConstrainedPlanning(objects(costs.astype(str)), objects([str(x) for x in limits]))
    answer, near = (
        solve(problem, method, throw=False),
        solve(
            problem.to_float(),
            ConstrainedPlanning(objects(costs.astype(str)).astype(float), [float(x) for x in limits]),
            throw=False,
        ),
    )
    best = best_mixture(earned, paid, limits)
    if best is None:
        assert answer.status is Status.INFEASIBLE
        assert near.status in (Status.INFEASIBLE, Status.FLOOR_REACHED)
        return
    assert answer.status is Status.SOLVED
    assert same(answer.value, [best])
    d = of_policy(answer.policy, model, horizon)
    assert inner(d, reward) == best
    assert all(inner(d, c) <= limit for c, limit in zip(prices, limits, strict=True))
    assert near.status is not Status.INFEASIBLE
    assert encloses(near.value, [best])


def best_mixture(earned, paid, limits):
    """The most reward of a mixture of points within the limits; None if there is none.

    A basic optimum mixes at most one point more than there are limits, and each one more makes a limit tight. A point
    that earns no more than another and costs no less is not needed.
    """
    points = {(x, *c) for x, *c in zip(earned, *paid, strict=True)}
    points = [
        p
        for p in points
        if not any(q != p and q[0] >= p[0] and all(a <= b for a, b in zip(q[1:], p[1:], strict=True)) for q in points)
    ]
    found = []
    for k in range(1 + len(limits)):
        for some, tight in product(combinations(points, k + 1), combinations(range(len(limits)), k)):
            equations = [[Fraction(1)] * (k + 1)] + [[p[1 + m] for p in some] for m in tight]
            share = eliminate(equations, [Fraction(1)] + [limits[m] for m in tight])
            if share is None or min(share) < 0:
                continue
            mean = times(zip(*some, strict=True), share)
            if all(c <= limit for c, limit in zip(mean[1:], limits, strict=True)):
                found.append(mean[0])
    return max(found, default=None)


def utility(seed):
    """f(d) <= f* <= f(x) + max over deterministic policies of <f'(x), d' - x>, for d and x near the answer."""
    model, horizon, problem, reward, corners = planning_problem(seed, extreme=False)
    rng, keys = random.Random(seed), sorted(reward)
    even = {key: sum(d.get(key, 0) for d in corners) / len(corners) for key in keys}
    steps = 1 if isinstance(horizon, Fraction) else len(horizon)
    weight = 1 - horizon if isinstance(horizon, Fraction) else Fraction(1, steps)
    shape = problem.r.shape if isinstance(horizon, Fraction) else (steps, *problem.r.shape[-2:])
    target = np.zeros(shape)
    for key in keys:
        target[key[-len(shape) :]] = float(rng.random() / weight if rng.random() < 0.5 else even[key])
    for method in (VisitEntropy(), VisitEntropy(actions=True), SquaredDistance(target)):
        answer = solve(problem.to_float(), UtilityPlanning(method), throw=False)
        own = of_policy(answer.policy.to_exact(), model, horizon)
        # the gap at the answer is large where a state is visited with probability 1e-10: the slope is a logarithm
        points = [{key: float((1 - x) * own.get(key, Fraction(0)) + x * even[key]) for key in keys} for x in SHARES]
        found = [value_and_gap(method, target, float(weight), d, corners) for d in points]
        (value, _, size), bound = found[0], min(value + gap for value, gap, _ in found)
        assert bound - value <= 1e-6 * (1 + abs(value))
        assert answer.status is Status.SOLVED or answer.value.width <= 1e-11 * (1 + abs(value) + size)
        assert answer.value.lower <= bound + 1e-9
        assert answer.value.upper >= value - 1e-9 - 1e-12 * abs(value)


SHARES = [Fraction(1, 10**k) for k in (10, 9, 8, 7)]
"""Shares of the mean over all deterministic policies, which visits all that can be visited."""


def value_and_gap(method, target, weight, d, corners):
    """The utility of d, its Frank-Wolfe gap over deterministic policies, and the size of <f'(d), d>."""
    if isinstance(method, SquaredDistance):
        off = {key: x - target[key[-target.ndim :]] for key, x in d.items()}
        value, slope = -sum(x**2 for x in off.values()), {key: -2 * x for key, x in off.items()}
    else:
        q, places = {}, {key: key[1:] if method.actions else key[1] for key in d}
        for key, x in d.items():
            q[places[key]] = q.get(places[key], 0) + x * weight
        value = -sum(x * math.log(x) for x in q.values() if x)
        slope = {key: -(math.log(q[place] or 1) + 1) * weight for key, place in places.items()}
    gap = max(sum(slope[key] * (float(each.get(key, 0)) - x) for key, x in d.items()) for each in corners)
    return value, gap, sum(abs(slope[key] * x) for key, x in d.items())


# ---- robust planning


def robust(seed):
    """V = max_a r + gamma min_p p . V has one solution: the minima by linear programs, and tilted laws for KL balls."""
    model, rng = draw(seed, extreme=False), random.Random(seed)
    radius = Fraction(rng.choice(["0", "1/10", "1/2", "1", "2"]))
    if seed % 2:
        steps, gamma = [model], Fraction(rng.choice(DISCOUNTS[:3]))
        problem = model.problem(Discounted(gamma))
    else:
        steps, gamma = vary(model, seed, 1 + seed // 2 % 3), 1
        problem = finite_problem(steps)
    wide = objects(str(radius))[()]
    low, high = np.maximum(problem.P - wide, 0 * problem.P), np.minimum(problem.P + wide / 2, 0 * problem.P + 1)
    for ball in (L1Ball(str(radius)), IntervalSet(low, high), KLBall(str(radius))):
        V = solve(problem, RobustPlanning(ball)).value.mid
        size = 1 + np.abs(V).max()
        for t, step in enumerate(steps):
            here, following = (V, V) if seed % 2 else (V[t], V[t + 1])
            for s in range(model.S):
                Q = [
                    float(step.r[s][a]) + float(gamma) * worst(ball, law, float(radius), following)
                    for a, law in step.P[s].items()
                ]
                assert abs(here[s] - max(Q)) <= 1e-8 * size


def worst(ball, law, radius, w):
    """min p . w over one set."""
    S = len(w)
    P = np.array([float(law.get(n, 0)) for n in range(S)])
    if isinstance(ball, KLBall):
        return worst_tilted(P[P > 0], radius, w[P > 0])
    if isinstance(ball, IntervalSet):
        ends = [(max(p - radius, 0), min(p + radius / 2, 1)) for p in P]
        return linprog(w, A_eq=np.ones((1, S)), b_eq=[1], bounds=ends).fun
    far = np.block([[np.eye(S), -np.eye(S)], [-np.eye(S), -np.eye(S)], [np.zeros((1, S)), np.ones((1, S))]])
    whole = np.append(np.ones(S), np.zeros(S))[None]
    return linprog(np.append(w, np.zeros(S)), far, [*P, *-P, radius], whole, [1]).fun


def worst_tilted(P, radius, w):
    """The mean of w under P e^(-w x), where its divergence from P is the radius; or under P, on the least w alone."""
    above, mass = w - w.min(), P[w == w.min()].sum()
    if radius == 0 or np.ptp(w) == 0:
        return P @ w
    if -math.log(mass) <= radius:
        return w.min()

    def tilted(x):
        p = P * np.exp(-above * x)
        p = p / p.sum()
        return p, float(np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / P), 0).sum())

    low, high = 0.0, 1.0
    while tilted(high)[1] < radius and high < 1e300:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if tilted(middle)[1] < radius else (low, middle)
    return w.min() + tilted(low)[0] @ above


# ---- risk


def law_of_return(steps, plans, s):
    """{return: probability} from the state s under plans `[t,s]`."""
    law = {(s, Fraction(0)): Fraction(1)}
    for step, plan in zip(steps, plans, strict=True):
        following = {}
        for (k, paid), mass in law.items():
            for n, p in step.P[k][plan[k]].items():
                key = n, paid + step.r[k][plan[k]]
                following[key] = following.get(key, 0) + mass * p
        law = following
    out = {}
    for (_, paid), mass in law.items():
        out[paid] = out.get(paid, 0) + mass
    return out


def entropic(seed):
    """The certainty equivalents of the laws of the return of all Markov plans, in decimals of 80 digits."""
    model, rng = draw(seed, states=2, actions=2), random.Random(seed)
    steps, aversion = vary(model, seed, 1 + seed % 2), Fraction(rng.choice(["1/3", "2", "-1", "-7/2", "1/1000"]))
    problem = finite_problem(steps)
    answer = solve(problem, EntropicPlanning(str(aversion)), tol=1e-6, throw=False)
    near = solve(problem.to_float(), EntropicPlanning(str(aversion)), tol=1e-6, throw=False)
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 80, MAX_EMAX, MIN_EMIN

        def decimal(x):
            return Decimal(x.numerator) / Decimal(x.denominator)

        def certain(law):
            return -sum(decimal(p) * (-decimal(aversion * g)).exp() for g, p in law.items()).ln() / decimal(aversion)

        for s in range(model.S):
            best = max(certain(law_of_return(steps, plans, s)) for plans in product(model.plans(), repeat=len(steps)))
            for each in (answer, near):
                assert Decimal(float(each.value.lower[0, s])) <= best + abs(best) * Decimal(10) ** -60
                assert Decimal(float(each.value.upper[0, s])) >= best - abs(best) * Decimal(10) ** -60
                assert each.value.width <= 1e-9 + 1e-14 * float(np.abs(each.problem.r).max())


def cvar(seed):
    """max_b b - E (b - G)^+ / level, where the expectation is least over plans that see the whole history."""
    model, rng = draw(seed, states=3, actions=2), random.Random(seed)
    steps, level = vary(model, seed, 1 + seed % 3), Fraction(rng.choice(["1/10", "1/3", "1/2", "1"]))

    def returns(t, s):
        if t == len(steps):
            return {Fraction(0)}
        step = steps[t]
        return {step.r[s][a] + g for a, law in step.P[s].items() for n in law for g in returns(t + 1, n)}

    def shortfall(t, s, y):
        if t == len(steps):
            return max(y, Fraction(0))
        step = steps[t]
        return min(
            sum(p * shortfall(t + 1, n, y - step.r[s][a]) for n, p in law.items()) for a, law in step.P[s].items()
        )

    start = [(s, p) for s, p in enumerate(model.rho) if p]
    tries = set().union(*(returns(0, s) for s, _ in start))
    best = max(b - sum(p * shortfall(0, s, b) for s, p in start) / level for b in tries)
    problem = finite_problem(steps)
    assert same(solve(problem, CVaRPlanning(str(level))).value, [best])
    assert encloses(solve(problem.to_float(), CVaRPlanning(str(level)), throw=False).value, [best])


CRITERIA = {constrained: 10, utility: 4, robust: 6, entropic: 10, cvar: 10}
"""How many models are drawn in every run."""


@pytest.mark.parametrize("check", CRITERIA, ids=lambda check: check.__name__)
def test_the_criterion_agrees_with_an_independent_answer(check):
    compare(check, CRITERIA[check])


@pytest.mark.parametrize("largest_reward", [1e307, 1.7e308])
def test_rewards_that_overflow_have_bounds_and_no_warning(largest_reward):
    """Warnings are errors here; the bounds are infinite or contain the exact answer."""
    for seed in range(3):
        model = draw(seed, states=3, actions=2, extreme=False)
        size = max(abs(x) for row in model.r for x in row.values()) or 1
        steps = [model._replace(r=[{a: x / size for a, x in row.items()} for row in model.r])] * 3
        for horizon in (Discounted("9/10"), Average(), Total(), None):
            unit = finite_problem(steps) if horizon is None else steps[0].problem(horizon)
            near = replace(unit.to_float(), r=unit.to_float().r * largest_reward)
            exact, costs = near.to_exact(), np.ones((1, *near.r.shape)) * largest_reward
            methods = [None]
            if not isinstance(horizon, Average | Total):
                methods += [RobustPlanning(L1Ball(0.25)), RobustPlanning(KLBall(0.25))]
                methods += [ConstrainedPlanning(costs, [largest_reward]), UtilityPlanning(SquaredDistance(costs[0]))]
            if horizon is None:
                methods += [EntropicPlanning(1.0), EntropicPlanning(-1.0), CVaRPlanning(0.5)]
            for method in methods:
                answer = solve(near, method, throw=False)
                assert answer.value is None or not np.isnan(answer.value.lower).any()
                truth = solve(exact, throw=False).value if method is None else None
                if truth is not None:
                    assert answer.value is None or answer.value.contains(truth)
            own = near.available / near.available.sum(axis=1, keepdims=True)
            if not isinstance(horizon, Total):
                assert measure.value(near, TabularPolicy(own)).contains(
                    measure.value(exact, TabularPolicy(own).to_exact())
                )
