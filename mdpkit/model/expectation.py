"""Expectations over the next state."""

from ..base.interval import Interval
from ..base.mixing import mix
from ..base.tolerance import UNIT, gamma
from .mdp import at_step


def transition(problem, t=0):
    """Transition matrix at step t, `[s*A+a, n]`, dense or CSR."""
    P = at_step(problem.P, t)
    return P if hasattr(P, "tocsr") else P.reshape(-1, problem.S)


def transition_from(problem, s, t=0):
    """Transition matrix of one state at step t, `[a,n]`, dense."""
    P, A = at_step(problem.P, t), problem.r.shape[-1]
    return P[s * A : (s + 1) * A].toarray() if hasattr(P, "tocsr") else P[s]


def expected_next(problem, V, t=0):
    """E[V(n) | s, a] at step t, `[s,a]`, for `V[n]` an Interval or a plain array."""
    P, shape = transition(problem, t), (problem.S, problem.A)
    if not isinstance(V, Interval):
        return (P @ V).reshape(shape)
    if V.exact:
        return Interval((P @ V.lower).reshape(shape))
    return mix(P, V, gamma(problem.S + 4 + 2 * problem.defect / UNIT)).reshape(shape)
