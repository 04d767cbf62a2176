"""Small decision processes as dictionaries of fractions, and their chains, by the standard library alone.

Nothing here uses mdpkit but what builds the records that a solver is given.
"""

import random
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import numpy as np

from mdpkit import MDP, Finite, TabularPolicy, objects

TINY, HUGE = Fraction(1, 10**15), 10**12
MOST_POLICIES = 32


class Plain(NamedTuple):
    """P[s][a] = {next state: probability}, r[s][a], rho[s]; the keys a of P[s] are the actions of s."""

    P: list
    r: list
    rho: list
    A: int

    @property
    def S(self):
        return len(self.P)

    def plans(self):
        """Every deterministic stationary policy, a tuple of actions."""
        return list(product(*(list(row) for row in self.P)))

    def array(self, numbers=None):
        """Numbers of pairs, `numbers[s][a]`, as `[s,a]`; 0 where the action is missing."""
        numbers = self.r if numbers is None else numbers
        return objects([[str(numbers[s].get(a, 0)) for a in range(self.A)] for s in range(self.S)])

    def problem(self, horizon):
        """The model as a rational MDP."""
        law = [[[str(row.get(a, {}).get(n, 0)) for n in range(self.S)] for a in range(self.A)] for row in self.P]
        mask = np.array([[a in row for a in range(self.A)] for row in self.P])
        rho = objects([str(p) for p in self.rho])
        return MDP(objects(law), self.array(), rho, horizon=horizon, mask=None if mask.all() else mask)

    def policy(self, pi):
        """The policy `pi[s] = {action: probability}` as a TabularPolicy."""
        return TabularPolicy(self.array(pi))


def draw(seed, states=5, actions=3, extreme=True):
    """A model with one of several structures: ties, self-loops, absorbing states, deterministic or sparse laws.

    `extreme` models may have probabilities of 10^-15 or rewards of 10^12 beside ordinary ones.
    """
    rng = random.Random(seed)
    S, A = rng.randint(1, states), rng.randint(1, actions)
    kind = rng.choice(["plain", "ties", "loops", "absorbing", "deterministic", "sparse"])
    size = 1 if kind == "ties" else rng.choice([2, 9])
    P, r, left = [], [], MOST_POLICIES
    for s in range(S):
        some = rng.sample(range(A), rng.randint(1, min(A, max(1, left))))
        left //= len(some)
        rests = kind == "absorbing" and rng.random() < 0.4
        P.append({a: {s: Fraction(1)} if rests else _law(rng, S, s, kind) for a in sorted(some)})
        r.append({a: Fraction(rng.randint(-size, size), rng.choice([1, 1, 2, 7])) for a in P[-1]})
        if rests or (kind == "loops" and rng.random() < 0.3):
            r[-1] = dict.fromkeys(r[-1], Fraction(0))
    if extreme and rng.random() < 0.25:
        r = [{a: x * HUGE if rng.random() < 0.3 else x for a, x in row.items()} for row in r]
    if extreme and rng.random() < 0.25:
        P = [{a: _leak(rng, law, S) if rng.random() < 0.5 else law for a, law in row.items()} for row in P]
    weights = [rng.randint(0, 3) for _ in range(S)]
    weights[rng.randrange(S)] += 1
    return Plain(P, r, [Fraction(w, sum(weights)) for w in weights], A)


def _law(rng, S, s, kind):
    width = 1 if kind == "deterministic" else min(S, 2 if kind == "sparse" else S)
    reached = rng.sample(range(S), rng.randint(1, width))
    if kind == "loops" and s not in reached:
        reached.append(s)
    weights = [rng.randint(1, 4) for _ in reached]
    return {n: Fraction(w, sum(weights)) for n, w in sorted(zip(reached, weights, strict=True))}


def _leak(rng, law, S):
    """The law with a probability of 10^-15 of another state, if that had probability 0."""
    n = rng.randrange(S)
    return law if n in law else {**{m: p * (1 - TINY) for m, p in law.items()}, n: TINY}


def vary(model, seed, H):
    """A list of H models with the same actions: all the same, or each with laws and rewards of its own."""
    rng = random.Random(seed)
    if rng.random() < 0.5:
        return [model] * H
    S, steps = model.S, []
    for _ in range(H):
        P = [{a: _law(rng, S, s, "plain") for a in row} for s, row in enumerate(model.P)]
        steps.append(model._replace(P=P, r=[{a: Fraction(rng.randint(-3, 3), 2) for a in row} for row in P]))
    return steps


def finite_problem(steps):
    """The models of all steps as one MDP, whose law and rewards vary with time unless all are the same."""
    first = steps[0].problem(Finite(len(steps)))
    if all(step is steps[0] for step in steps):
        return first
    each = [step.problem(Finite(1)) for step in steps]
    P, r = (np.stack([getattr(problem, name) for problem in each]) for name in "Pr")
    return MDP(P, r, first.rho, horizon=first.horizon, mask=first.mask)


def randomised(model, seed):
    """A random policy, `pi[s] = {action: probability}`, some of them deterministic in a state."""
    rng, pi = random.Random(seed), []
    for row in model.P:
        weights = {a: rng.randint(0, 3) for a in row}
        weights[rng.choice(list(row))] += 1
        pi.append({a: Fraction(w, sum(weights.values())) for a, w in weights.items()})
    return pi


def chain(model, pi, numbers=None):
    """The transition matrix and the reward of a policy, as lists; a plan is a policy too."""
    pi = [{a: Fraction(1)} if isinstance(a, int) else a for a in pi]
    numbers = model.r if numbers is None else numbers
    law = [
        [sum((q * model.P[s][a].get(n, 0) for a, q in pi[s].items()), Fraction(0)) for n in range(model.S)]
        for s in range(model.S)
    ]
    return law, [sum(q * numbers[s][a] for a, q in pi[s].items()) for s in range(model.S)]


def eliminate(matrix, right):
    """The solution x of matrix x = right, where right is a list of numbers, by Gauss and Jordan; None if singular."""
    rows, n = [[*row, b] for row, b in zip(matrix, right, strict=True)], len(right)
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        scale = rows[k][k]
        rows[k] = [x / scale for x in rows[k]]
        for i in range(n):
            factor = rows[i][k]
            if i != k and factor:
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def total_until(law, right, inside):
    """x[s] = right[s] + sum over the states inside of law[s][n] x[n], for the states inside; 0 elsewhere."""
    k = [s for s in range(len(law)) if inside[s]]
    found = eliminate([[(s == n) - law[s][n] for n in k] for s in k], [right[s] for s in k])
    out = [Fraction(0)] * len(law)
    for s, x in zip(k, found, strict=True):
        out[s] = x
    return out


def reachable(law):
    """reachable(law)[s]: the states that can be reached from s, s included."""
    met = [{s} | {n for n, p in enumerate(row) if p} for s, row in enumerate(law)]
    for _ in law:
        met = [set().union(*(met[n] for n in each)) for each in met]
    return met


def recurrent(law):
    """The recurrent classes, as sorted tuples."""
    met = reachable(law)
    return sorted({tuple(sorted(met[s])) for s in range(len(law)) if all(s in met[n] for n in met[s])})


def limit(law):
    """The matrix of long-run shares of time, P*."""
    S, classes = len(law), recurrent(law)
    out, inside = [[Fraction(0)] * S for _ in law], [True] * S
    for members in classes:
        equations = [[(s == n) - law[s][n] for s in members] for n in members]
        equations[0] = [Fraction(1)] * len(members)
        share = eliminate(equations, [Fraction(1)] + [Fraction(0)] * (len(members) - 1))
        for s in members:
            inside[s] = False
            for n, x in zip(members, share, strict=True):
                out[s][n] = x
    for members in classes:
        hit = total_until(law, [sum(law[s][n] for n in members) for s in range(S)], inside)
        for s in range(S):
            if inside[s]:
                for n in members:
                    out[s][n] = hit[s] * out[members[0]][n]
    return out


def times(matrix, x):
    return [sum(p * y for p, y in zip(row, x, strict=True)) for row in matrix]


def bias(law, pay):
    """Gain g = P* r and bias h, where (I - P + P*) h = r - g."""
    shares = limit(law)
    g = times(shares, pay)
    S = len(law)
    equations = [[(s == n) - law[s][n] + shares[s][n] for n in range(S)] for s in range(S)]
    return g, eliminate(equations, [x - y for x, y in zip(pay, g, strict=True)])


def discounted_values(model, pi, g, numbers=None):
    law, pay = chain(model, pi, numbers)
    return eliminate([[(s == n) - g * p for n, p in enumerate(row)] for s, row in enumerate(law)], pay)


def visits(model, pi, horizon):
    """The occupancy {(t, s, a): visits} of a policy `[s]` and a discount, or of policies `[t,s]` and models `[t]`."""
    if isinstance(horizon, Fraction):
        law, _ = chain(model, pi)
        S = model.S
        d = eliminate([[(s == n) - horizon * law[n][s] for n in range(S)] for s in range(S)], model.rho)
        return {(0, s, a): d[s] * q for s, row in enumerate(pi) for a, q in row.items()}
    d, out = model.rho, {}
    for t, (step, plan) in enumerate(zip(horizon, pi, strict=True)):
        out |= {(t, s, a): d[s] * q for s, row in enumerate(plan) for a, q in row.items()}
        d = times(zip(*chain(step, plan)[0], strict=True), d)
    return out
