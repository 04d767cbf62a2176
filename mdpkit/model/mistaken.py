"""Detect arrays in other libraries' layouts; errors give the line that converts them."""

import numpy as np

from ..base.errors import InvalidModel
from .horizon import Finite


def refuse_other_layouts(P, r, horizon):
    """Check P and r for common layout mistakes.

    Raises: InvalidModel if P is a list of sparse matrices or has the axes [a,s,n], or r depends on the next state or
        has the axes [a,s]. Ambiguous shapes, such as S = A, are accepted.
    """
    if isinstance(P, list | tuple) and any(hasattr(each, "tocsr") for each in P):
        raise InvalidModel(
            f"P is a list of {len(P)} sparse matrices; expected one CSR matrix of shape (S*A, S), row s*A+a. From one matrix P[a] of shape "
            "(S, S) an action: scipy.sparse.vstack(P).tocsr()[np.arange(S * A).reshape(A, S).T.ravel()]"
        )
    law, reward = _shape(P), _shape(r)
    if hasattr(P, "tocsr"):
        if (
            len(reward) == 3
            and law == (reward[0] * reward[1], reward[2])
            and reward[0] == reward[2] != reward[1]
            and not _has_time_axis(reward, law, horizon)
        ):
            _next_state(reward, "P.multiply(r.reshape(S * A, S)).sum(axis=1).reshape(S, A)")
        if len(reward) == 2 and reward[0] != reward[1] and law == (reward[0] * reward[1], reward[1]):
            _check_transpose(reward)
        return
    if len(law) >= 3 and reward == law and law[-1] == law[-3] != law[-2] and not _has_time_axis(reward, law, horizon):
        _next_state(reward, "(P * r).sum(axis=-1)")
    if len(law) == 3 and len(reward) == 2 and law != (*reward, reward[0]):
        if law == (*reward[::-1], reward[1]):
            _check_transpose(reward)
        if law == (reward[1], reward[0], reward[0]):
            raise InvalidModel(
                f"P has shape {law}, which beside r of shape {reward} reads P[a,s,n]; expected P[s,a,n], of shape {(*reward, reward[0])}: "
                "P.transpose(1, 0, 2)"
            )


def _shape(array):
    """Shape of an array or of nested lists; () if ragged, which is refused later."""
    try:
        return np.shape(array)
    except ValueError:
        return ()


def _has_time_axis(reward, law, horizon):
    """Whether r can be read as r[t,s,a]."""
    S, A = (law[1], law[0] // law[1]) if len(law) == 2 else law[-3:-1]
    return isinstance(horizon, Finite) and reward == (horizon.H, S, A)


def _next_state(shape, line):
    raise InvalidModel(
        f"r has shape {shape}, one entry for each next state; expected r[s,a] or r[t,s,a], the expected reward "
        f"r[s,a] = sum_n P[s,a,n] r[s,a,n]: r = {line}"
    )


def _check_transpose(shape):
    raise InvalidModel(
        f"r has shape {shape}, which beside P reads r[a,s]; expected r[s,a], of shape {shape[::-1]}: r.T"
    )
