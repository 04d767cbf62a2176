"""A concave function maximised over the polytope of occupancy measures by a primal-dual interior-point method."""

import numpy as np

from .occupancies import enclose_visits, flow_equations, possible_visits, visit_shape

STEPS, CENTRED, INSIDE = 100, 0.1, 0.99
"""Largest number of Newton steps; the share of the complementarity that each aims at; the share of the way to the
boundary that it may go."""

RELATIVE, SMALLEST = 1e-5, 1e-10
"""Steps of second differences, relative to the entry and at least relative to the largest entry."""


def climb_inside(problem, even, slope, tol) -> np.ndarray:
    """An occupancy near a maximiser, in floats.

    Args: even: a policy that plays all existing actions. slope: a function of occupancies, the gradient in their shape.
        tol: how small the products of occupancies and their multipliers are to be, summed.

    Newton's method on the conditions f'(d) - E'y + s = 0, E d = f, d s = mu with decreasing mu, over the pairs of state
    and action that some policy visits, from a d > 0. Second derivatives are differences of slopes.
    Source: adapted from Nocedal and Wright, Numerical Optimization, 2006, chapter 19.
    """
    E, f, pairs = flow_equations(problem)
    shape = visit_shape(problem)
    visited = possible_visits(problem, even).ravel()
    E, pairs = E[:, np.flatnonzero(visited[pairs])], pairs[visited[pairs]]
    met = np.flatnonzero(np.diff(E.tocsr().indptr))
    E, f = E[met].toarray(), f[met]

    def gradient(d):
        whole = np.zeros(len(visited))
        whole[pairs] = d
        return slope(whole.reshape(shape)).ravel()[pairs]

    d = np.maximum(enclose_visits(problem, even).mid.ravel()[pairs], 1e-300)
    g, n, m = gradient(d), len(d), len(f)
    mu = float(np.abs(g * d).max()) or 1.0
    s, y, best, smallest = mu / d, np.zeros(m), d, np.inf
    system, right = np.zeros((n + m, n + m)), np.zeros(n + m)
    for _ in range(STEPS):
        mu = CENTRED * float(s @ d) / n
        # scaled by d: the equations stay well conditioned where d is small
        system[:n, :n] = -_hessian(gradient, d, g) * d[:, None] * d + np.diag(s * d)
        system[:n, n:] = (E * d).T
        system[n:, :n] = E * d
        right[:n], right[n:] = (g - E.T @ y) * d + mu, f - E @ d
        try:
            found = np.linalg.solve(system, right)
        except np.linalg.LinAlgError:
            break
        step = found[:n] * d
        rise = mu / d - s - s * found[:n]
        if not (np.isfinite(found).all() and np.isfinite(rise).all()):
            break
        fastest = max(float((-step / d).max()), float((-rise / s).max()))
        length = min(1.0, INSIDE / fastest) if fastest > 0 else 1.0
        d, s, y = d + length * step, s + length * rise, y + length * found[n:]
        g = gradient(d)
        off = float(s @ d) + float(np.abs((g - E.T @ y + s) * d).sum())
        if off < smallest:
            best, smallest = d, off
        if off <= tol:
            break
    whole = np.zeros(len(visited))
    whole[pairs] = best
    return whole.reshape(shape)


def _hessian(gradient, d, g):
    """Second derivatives at d, where the gradient is g."""
    sizes = np.maximum(RELATIVE * d, SMALLEST * d.max())
    columns = []
    for j, size in enumerate(sizes):
        moved = d.copy()
        moved[j] += size
        columns.append((gradient(moved) - g) / size)
    rough = np.array(columns)
    return (rough + rough.T) / 2
