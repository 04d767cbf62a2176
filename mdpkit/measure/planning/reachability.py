"""Reachability: probabilities of reaching a set, and expected total rewards until it is reached."""

import numpy as np

from ...base.arrays import objects
from ...base.errors import InvalidModel, NotSolved
from ...base.interval import Interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...exact.infinite import INFINITY
from ...model.horizon import Total
from ...model.mdp import MDP
from ...solve import IntervalIteration, ProperPolicyIteration, Status
from ...solve.dispatch import FEW_SWEEPS, direct_or_sweeps
from ...solve.properness import may_miss, transitions
from ...solve.total import TotalReward, as_states, name_states

WIDTH = 1e-8
"""Width of the bounds that is asked for, of probabilities and per unit of the largest reward."""


FEW = 100
"""Problems of at most as many states are solved by linear solves; sweeps follow where these do not suffice."""


@replaceable
def reach_probability(problem: MDP, target: np.ndarray | list, best: str = "max") -> Interval:
    """Maximum or minimum probability over policies of ever reaching a set of states, `[s]`.

    Args:
        problem: a stationary MDP, whose rewards and horizon do not matter.
        target: the set, as indices or booleans `[s]`; its states have probability 1.
        best: "max" or "min".

    A total reward of 1 on arrival, over proper policies: exact on rationals, rigorous bounds on floats. Where the
    target can surely be missed the minimum is exactly 0.
    Raises: InvalidModel for a time-varying problem, an empty target or another `best`.
    Source: adapted from de Alfaro, 1997; Haddad and Monmege, 2018.

    >>> from mdpkit.base.arrays import objects
    >>> step = objects([[["1/2", "1/4", "1/4"], [1, 0, 0]], [[0, 1, 0]] * 2, [[0, 0, 1]] * 2])
    >>> walk = MDP(step, objects([[0, 0]] * 3), horizon=Total())
    >>> reach_probability(walk, [1]).lower, reach_probability(walk, [1], "min").lower
    (array([1/2, 1, 0], dtype=object), array([0, 1, 0], dtype=object))
    """
    sign, inside = _side(best), _target(problem, target)
    pay = np.where(inside[:, None], sign, 0) * np.ones((1, problem.A), dtype=int)
    value = _solve(_ending(problem, inside, pay), None, WIDTH) * sign
    if not proposing() and not value.exact:
        value = Interval(np.clip(value.lower, 0, 1), np.clip(value.upper, 0, 1), value.how)
    return value


@replaceable
def expected_total_until(problem: MDP, target: np.ndarray | list, best: str = "min") -> Interval:
    """Least or largest expected total reward until a set of states is reached, `[s]`; 0 in the set.

    Args:
        problem: a stationary MDP, whose horizon does not matter; its rewards are costs, or times if all are 1.
        target: the set, as indices or booleans `[s]`.
        best: "min", over the policies that surely reach the target, infinite where there is none; or "max", infinite
            where some policy misses the target with positive probability, as in PRISM and Storm.

    Exact on rationals, rigorous bounds on floats.
    Raises: InvalidModel for a time-varying problem, an empty target or another `best`; NotSolved if the minimum is
        minus infinity, which needs negative rewards on a cycle, or a value overflows.
    Source: adapted from Bertsekas and Tsitsiklis, 1991; Forejt, Kwiatkowska, Norman and Parker, 2011.

    >>> from mdpkit.base.arrays import objects
    >>> step = objects([[["3/4", "1/4"], [1, 0]], [[0, 1], [0, 1]]])
    >>> wait = MDP(step, objects([[1, 1], [1, 1]]), horizon=Total())
    >>> expected_total_until(wait, [1]).lower, expected_total_until(wait, [1], "max").lower
    (array([4, 0], dtype=object), array([infinity, 0], dtype=object))
    """
    sign, inside = _side(best), _target(problem, target)
    missed = may_miss(problem.available, transitions(problem), inside) if best == "max" else np.zeros_like(inside)
    ended = inside | missed
    pay = np.where(ended[:, None], 0, problem.r * sign)
    size = 1.0 if problem.exact else float(np.abs(problem.r).max())
    value = _solve(_ending(problem, ended, pay), (problem.S,), WIDTH * max(size, 1e-300)) * sign
    return _infinite_at(value, missed) if missed.any() else value


def _side(best):
    if best not in ("max", "min"):
        raise InvalidModel(f"best is {best!r}; expected 'max' or 'min'")
    return 1 if best == "max" else -1


def _target(problem, target):
    if not problem.sparse and problem.P.ndim == 4:
        raise InvalidModel(f"P varies with time (shape {problem.P.shape}); reachability needs it stationary")
    if problem.r.ndim == 3:
        raise InvalidModel(f"r varies with time (shape {problem.r.shape}); reachability needs it stationary")
    return as_states(target, problem.S)


def _ending(problem, ended, pay):
    """The Total problem with a last, absorbing state that follows the `ended` states; the reward there is 0."""
    S, A = problem.S, problem.A
    mask = np.concatenate([problem.available | ended[:, None], np.ones((1, A), dtype=bool)])
    if problem.sparse:
        from scipy.sparse import coo_array

        law = problem.P.tocoo()
        kept, ends = ~ended[law.row // A], np.append(np.flatnonzero(np.repeat(ended, A)), S * A + np.arange(A))
        row, column = np.append(law.row[kept], ends), np.append(law.col[kept], np.full(len(ends), S))
        P = coo_array(
            (np.append(law.data[kept], np.ones(len(ends))), (row, column)), shape=((S + 1) * A, S + 1)
        ).tocsr()
    else:
        P = np.zeros((S + 1, A, S + 1)) if not problem.exact else objects(np.zeros((S + 1, A, S + 1), dtype=int))
        P[:S, :, :S] = problem.P
        P[:S][ended] = 0 * P[:S][ended]
        P[:S, :, S][ended], P[S, :, S] = P[S, :, S] + 1, P[S, :, S] + 1
    r = np.concatenate([pay, np.zeros((1, A), dtype=int)])
    r = objects(r) if problem.exact else r.astype(float)
    return MDP(P, r, horizon=Total(), mask=None if mask.all() else mask)


def _solve(problem, target, tol):
    """Bounds on the optimal total reward of the states but the last one."""
    answer = None
    direct = ProperPolicyIteration(target=target)

    def sweeping(sweeps=10**6):
        return IntervalIteration(sweeps, target)

    for method in (direct, sweeping(FEW_SWEEPS)) if problem.S <= FEW else direct_or_sweeps(problem, direct, sweeping):
        answer = method.run(problem, tol, answer)
        bounded = answer.value is not None and np.isfinite(answer.value.width)
        if answer.status is not Status.CAPPED and (bounded or answer.status is not Status.FLOOR_REACHED):
            break
    if answer.status is Status.UNBOUNDED:
        where = name_states(problem, TotalReward(problem, target).endless)
        raise NotSolved(
            f"the least total is minus infinity: in {where} some policy has a negative long-run mean reward"
        )
    value = answer.require(tol).value if answer.value is None else answer.value
    return value.mid[:-1] if proposing() else value[:-1]


def _infinite_at(value, where):
    if isinstance(value, Interval) and value.exact:
        end = value.lower.copy()
        end[where] = INFINITY
        return Interval(end)
    if not isinstance(value, Interval):
        return np.where(where, np.inf, value)
    return Interval(*(np.where(where, np.inf, end) for end in (value.lower, value.upper)), value.how)
