"""Blackwell optimal policies, and the discounts from which they are optimal, by polynomials in the discount."""

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_poly

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..exact.linear import matrix
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from .bounds import deterministic

LARGEST = 40
"""Largest number of states: the polynomials have as high a degree, and coefficients of as many denominators."""


def blackwell_optimal(problem: MDP) -> tuple[TabularPolicy, Interval]:
    """A Blackwell optimal policy, and the smallest discount from which on it is optimal in every state.

    Args: problem: a rational stationary MDP of at most 40 states, whose horizon does not matter.

    The value of a policy is N(gamma) / D(gamma) with D = det(I - gamma P) > 0 on [0, 1), so the sign of an advantage is
    that of a polynomial. Policy iteration with the signs just below gamma = 1 finds the policy, as one of larger value
    there is found as long as some advantage is positive; its advantages are then at most 0 just below 1, and it is
    optimal down to the largest root at which one of them changes sign. The factor is exact if it is rational, else
    enclosed. All Blackwell optimal policies have the same value, so the factor is a number of the problem.
    Raises: InvalidModel for a time-varying, float or larger problem.
    Source: adapted from Hordijk, Dekker and Kallenberg, 1985; Grand-Clément and Petrik, 2023.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average
    >>> wait = MDP(objects([[[1, 0], [0, 1]], [[1, 0], [1, 0]]]), objects([[1, 0], [3, 3]]), horizon=Average())
    >>> policy, factor = blackwell_optimal(wait)
    >>> policy.table.argmax(axis=1).tolist(), factor
    ([1, 0], Interval(1/2, exact))
    """
    if problem.r.ndim == 3 or (not problem.sparse and problem.P.ndim == 4):
        raise InvalidModel(f"{problem!r} varies with time; Blackwell optimality needs it stationary")
    if not problem.exact:
        raise InvalidModel(f"the Blackwell factor of {problem!r} jumps with its numbers; take its .to_exact()")
    if problem.S > LARGEST:
        raise InvalidModel(f"{problem!r} has {problem.S} states; Blackwell factors are computed for at most {LARGEST}")
    choice = problem.available.argmax(axis=1)
    while True:
        gains = _advantages(problem, choice)
        better = {s: a for (s, a), gain in gains.items() if _sign_below_one(gain) > 0}
        if not better:
            break
        choice = np.array([better.get(s, choice[s]) for s in range(problem.S)])
    return deterministic(problem, choice), _largest_root(gains.values())


def value_polynomials(P: np.ndarray, r: np.ndarray) -> tuple[list, fmpq_poly]:
    """Numerators `[s]` and the denominator det(I - gamma P) of (I - gamma P)^-1 r, polynomials in gamma.

    Source: the recursion of Faddeev and Le Verrier.
    """
    S = len(r)
    law, adjoint, one = matrix(P), fmpq_mat(S, S, [int(i == j) for i in range(S) for j in range(S)]), None
    one, pay = adjoint, matrix(r[:, None])
    denominator, rows = [fmpq(1)], []
    for k in range(1, S + 1):
        rows.append((adjoint * pay).entries())
        ahead = law * adjoint
        denominator.append(-sum((ahead[i, i] for i in range(S)), start=fmpq(0)) / k)
        adjoint = ahead + one * denominator[-1]
    return [fmpq_poly([row[s] for row in rows]) for s in range(S)], fmpq_poly(denominator)


def _advantages(problem, choice):
    """The advantages of the policy, times det(I - gamma P) > 0, as polynomials, by state and other action."""
    states, gamma = np.arange(problem.S), fmpq_poly([0, 1])
    N, D = value_polynomials(problem.P[states, choice], problem.r[states, choice])
    gains = {}
    for s in states.tolist():
        for a in np.flatnonzero(problem.available[s]).tolist():
            if a != choice[s]:
                ahead = sum((N[n] * problem.P[s, a, n] for n in np.flatnonzero(problem.P[s, a]).tolist()), fmpq_poly())
                gains[s, a] = D * problem.r[s, a] + gamma * ahead - N[s]
    return gains


def _sign_below_one(polynomial):
    """The sign of a polynomial just below 1: the first nonzero derivative there, with the sign of its order."""
    side = 1
    while polynomial.degree() >= 0:
        at_one = polynomial(fmpq(1))
        if at_one != 0:
            return side if at_one > 0 else -side
        polynomial, side = polynomial.derivative(), -side
    return 0


def _largest_root(polynomials) -> Interval:
    """The largest root in (0, 1) at which a polynomial changes sign; 0 if there is none."""
    best = Interval(objects(0))
    for polynomial in polynomials:
        if polynomial.degree() < 1:
            continue
        for factor, times in polynomial.numer().factor()[1]:
            for root in _roots(factor) if times % 2 else []:
                best = max((best, root), key=lambda known: known.mid)
    return best


def _roots(factor):
    """The roots in (0, 1) of an irreducible polynomial with integer coefficients."""
    if factor.degree() == 1:
        root = fmpq(-factor[0], factor[1])
        return [Interval(objects(root))] if 0 < root < 1 else []
    found = []
    for root, _ in factor.complex_roots():
        if root.imag == 0 and 0 < root.real < 1:
            low, high = float(root.real.lower()), float(root.real.upper())
            found.append(Interval(np.nextafter(low, 0), np.nextafter(high, 1), "enclosed"))
    return found
