"""Every criterion on random small models, against an answer that shares no code with the solver.

The other answers are sums of fractions over all deterministic policies, or certificates of optimality that are checked
by enumeration or by linear programs: `tools.plain`. Models have ties, self-loops, absorbing states, probabilities of
10^-15 and rewards of 10^12. A few are drawn in every run, and 10,000 for each criterion by
`pytest tests/solve/test_every_criterion.py --hypothesis-profile=nightly`.
"""

import math
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tools.agreement import compare, encloses, largest, least, number, on_floats, played, same
from tools.plain import (
    bias,
    chain,
    discounted_values,
    draw,
    eliminate,
    finite_problem,
    limit,
    randomised,
    reachable,
    recurrent,
    times,
    total_until,
    vary,
    visits,
)

from mdpkit import Average, Discounted, Total, measure
from mdpkit.base.errors import InvalidModel
from mdpkit.solve import (
    Status,
    blackwell_optimal,
    solve,
)

DISCOUNTS = ["0", "1/2", "9/10", "99/100", "999999/1000000"]


# ---- discounted, finite, average and total reward


def discounted(seed):
    model, gamma = draw(seed), random.Random(seed).choice(DISCOUNTS)
    problem, g = model.problem(Discounted(gamma)), Fraction(gamma)
    best = largest(discounted_values(model, plan, g) for plan in model.plans())
    answer, near = solve(problem), solve(on_floats(problem, seed), throw=False)
    assert same(answer.value, best)
    assert discounted_values(model, played(answer.policy), g) == best
    assert encloses(near.value, best)
    own = discounted_values(model, near.policy.table.argmax(axis=1).tolist(), g)
    assert all(float(low) <= x for low, x in zip(near.value.lower, own, strict=True))
    Q = [
        [r + g * sum(p * best[n] for n, p in model.P[s][a].items()) for a, r in row.items()]
        for s, row in enumerate(model.r)
    ]
    if problem.mask is None:
        assert same(measure.optimal_action_value(problem), Q)
        assert encloses(measure.optimal_action_value(near.problem), Q)


def finite(seed):
    model, H = draw(seed), 1 + seed % 4
    steps = vary(model, seed, H)
    problem, V = finite_problem(steps), [[Fraction(0)] * model.S]
    for step in reversed(steps):
        Q = [
            [r + sum(p * V[0][n] for n, p in step.P[s][a].items()) for a, r in row.items()]
            for s, row in enumerate(step.r)
        ]
        V.insert(0, [max(row) for row in Q])
    assert same(solve(problem).value, V)
    assert encloses(solve(on_floats(problem, seed), throw=False).value, V)


def average(seed):
    model = draw(seed)
    problem = model.problem(Average())
    best = largest(bias(*chain(model, plan))[0] for plan in model.plans())
    answer, near = solve(problem), solve(on_floats(problem, seed), throw=False)
    assert same(answer.gain, best)
    assert same(answer.value, sum(p * g for p, g in zip(model.rho, best, strict=True)))
    gain, h = bias(*chain(model, played(answer.policy)))
    assert gain == best
    assert same(answer.bias, h)
    assert encloses(near.gain, best)


def totals(model, plan):
    """Total reward `[s]` of a plan, -infinity where it is improper; and the states of classes of positive gain."""
    law, pay = chain(model, plan)
    met, classes = reachable(law), recurrent(law)
    bad = {s for members in classes if any(pay[s] for s in members) for s in members}
    rest = {s for members in classes for s in members} - bad
    gain = bias(law, pay)[0] if bad else []
    V = total_until(law, pay, [not met[s] & bad and s not in rest for s in range(model.S)])
    return [-math.inf if met[s] & bad else V[s] for s in range(model.S)], {s for s in bad if gain[s] > 0}


def total(seed):
    model = draw(seed)
    problem = model.problem(Total())
    found = [totals(model, plan) for plan in model.plans()]
    endless, best = set().union(*(bad for _, bad in found)), largest(V for V, _ in found)
    answer, near = (solve(each, throw=False) for each in (problem, on_floats(problem, seed)))
    if endless:
        assert answer.status is Status.UNBOUNDED
        assert (
            near.status is Status.UNBOUNDED
            or encloses(near.value, [math.inf] * model.S)
            or near.status is not Status.SOLVED
        )
        return
    assert answer.status is (Status.INFEASIBLE if -math.inf in best else Status.SOLVED)
    assert same(answer.value, best)
    assert near.status is not Status.UNBOUNDED
    assert encloses(near.value, best)
    if answer.status is Status.SOLVED:
        assert totals(model, answer.policy.table.argmax(axis=1).tolist())[0] == best
    if problem.mask is None:
        Q = [
            [r + sum(p * best[n] for n, p in model.P[s][a].items()) for a, r in row.items()]
            for s, row in enumerate(model.r)
        ]
        assert same(measure.optimal_action_value(problem), Q)
        assert encloses(measure.optimal_action_value(near.problem), Q)


# ---- reachability


def until(model, plan, target):
    """Probability of reaching the target, and total reward until then, infinite where it may be missed."""
    law, pay = chain(model, plan)
    law = [[Fraction(0)] * model.S if target[s] else row for s, row in enumerate(law)]
    hopes = [any(target[n] for n in met) for met in reachable(law)]
    misses = [not all(hopes[n] for n in met) for met in reachable(law)]
    into, _ = chain(model, plan)
    right = [sum(p for n, p in enumerate(row) if target[n]) for row in into]
    reached = total_until(law, right, [hope and not t for hope, t in zip(hopes, target, strict=True)])
    paid = total_until(law, pay, [not miss and not t for miss, t in zip(misses, target, strict=True)])
    p = [Fraction(1) if t else x for t, x in zip(target, reached, strict=True)]
    return p, [math.inf if miss else x for miss, x in zip(misses, paid, strict=True)]


def reachability(seed):
    model, rng = draw(seed), random.Random(seed)
    model = model._replace(r=[{a: abs(x) for a, x in row.items()} for row in model.r])
    target = [rng.random() < 0.3 for _ in range(model.S)]
    target[rng.randrange(model.S)] = True
    problem = model.problem(Total())
    near, inside = on_floats(problem, seed), np.array(target)
    found = [until(model, plan, target) for plan in model.plans()]
    for k, measured in enumerate((measure.reach_probability, measure.expected_total_until)):
        for best, choose in (("max", largest), ("min", least)):
            truth = choose(each[k] for each in found)
            assert same(measured(problem, inside, best), truth)
            assert encloses(measured(near, inside, best), truth)


# ---- evaluation


def evaluation(seed):
    """Values, occupancies and variances of a random policy, by elimination."""
    model = draw(seed)
    pi, gamma = randomised(model, seed), random.Random(seed).choice(DISCOUNTS)
    law, pay = chain(model, pi)
    policy, g = model.policy(pi), Fraction(gamma)
    V = discounted_values(model, pi, g)
    d = visits(model, pi, g)
    flat = [d.get((0, s, a), Fraction(0)) for s in range(model.S) for a in range(model.A)]
    J = sum(p * v for p, v in zip(model.rho, V, strict=True))
    squares = [
        {a: x * x + 2 * g * x * sum(p * V[n] for n, p in model.P[s][a].items()) for a, x in row.items()}
        for s, row in enumerate(model.r)
    ]
    second = discounted_values(model, pi, g * g, squares)
    spread = sum(p * x for p, x in zip(model.rho, second, strict=True)) - J * J
    gain, h = bias(law, pay)
    problem = model.problem(Discounted(gamma))
    endless = replace(problem, horizon=Average())
    for exact, given, own in ((True, problem, policy), (False, on_floats(problem, seed), policy.to_float())):
        agree = same if exact else encloses
        assert agree(measure.state_value(given, own), V)
        assert agree(measure.value(given, own), [J])
        assert agree(measure.occupancy(given, own), flat)
        assert agree(measure.return_variance(given, own), [spread])
        given = replace(given, horizon=Average())
        assert agree(measure.value(given, own), [sum(p * x for p, x in zip(model.rho, gain, strict=True))])
        assert agree(measure.state_value(given, own), h)
    share = times(zip(*limit(law), strict=True), model.rho)
    flat = [share[s] * pi[s].get(a, 0) for s in range(model.S) for a in range(model.A)]
    assert same(measure.occupancy(endless, policy), flat)


def chains(seed):
    """Successor matrix, hitting times, stationary law, Kemeny's constant, mixing time, Laurent series, total reward."""
    model = draw(seed)
    pi = randomised(model, seed)
    law, pay = chain(model, pi)
    S, classes, met = model.S, recurrent(law), reachable(law)
    problem, policy = model.problem(Average()), model.policy(pi)
    near, rounded = on_floats(problem, seed), policy.to_float()
    unit = [[Fraction(s == n) for n in range(S)] for s in range(S)]

    def discounted_row(n):
        return eliminate(
            [[(s == k) - Fraction(9, 10) * law[s][k] for k in range(S)] for s in range(S)], [u[n] for u in unit]
        )

    def hitting(n):
        sure = [
            all(n in met[k] for k in reachable([[Fraction(0)] * S if i == n else row for i, row in enumerate(law)])[s])
            for s in range(S)
        ]
        times_ = total_until(law, [Fraction(1)] * S, [sure[s] and s != n for s in range(S)])
        return [0 if s == n else x if sure[s] else math.inf for s, x in enumerate(times_)]

    successor = list(zip(*(discounted_row(n) for n in range(S)), strict=True))
    T = list(zip(*(hitting(n) for n in range(S)), strict=True))
    y0, y1 = bias(law, pay)
    y2 = [-x for x in bias(law, y1)[1]]
    for given, own, agree in ((problem, policy, same), (near, rounded, encloses)):
        assert agree(
            measure.successor_matrix(replace(given, horizon=Discounted("9/10")), own),
            np.array(successor, dtype=object).ravel(),
        )
        assert agree(measure.hitting_times(given, own), np.array(T, dtype=object).ravel())
        assert agree(measure.laurent_coefficients(given, own), [*y0, *y1, *y2])
        if len(classes) == 1:
            mu = limit(law)[0]
            assert agree(measure.stationary_distribution(given, own), mu)
            if len(classes[0]) == S:
                kemeny = sum(m * t for m, t in zip(mu, T[0], strict=True))
                assert agree(measure.kemeny_constant(given, own), [kemeny])
        else:
            with pytest.raises(InvalidModel):
                measure.stationary_distribution(given, own)


def blackwell(seed):
    """Every deterministic policy at discounts above the factor and just below it."""
    model = draw(seed, states=4, extreme=False)
    policy, factor = blackwell_optimal(model.problem(Average()))
    own, plans = policy.table.argmax(axis=1).tolist(), model.plans()
    exact, low, high = factor.exact, number(factor.lower[()]), number(factor.upper[()])
    for g in (high, (high + 3) / 4, 1 - Fraction(1, 10**6), 1 - Fraction(1, 10**12)):
        if g >= high:
            best = largest(discounted_values(model, plan, g) for plan in plans)
            assert discounted_values(model, own, g) == best or (g == high and not exact)
    if low > 0:
        g = low - Fraction(1, 10**9)
        assert any(
            discounted_values(model, own, g)[s] < x
            for s, x in enumerate(largest(discounted_values(model, plan, g) for plan in plans))
        )


CRITERIA = {
    discounted: 20,
    finite: 20,
    average: 10,
    total: 10,
    reachability: 6,
    evaluation: 10,
    chains: 10,
    blackwell: 10,
}
"""How many models are drawn in every run."""


@pytest.mark.parametrize("check", CRITERIA, ids=lambda check: check.__name__)
def test_the_criterion_agrees_with_an_independent_answer(check):
    compare(check, CRITERIA[check])
