"""Retraining on a recovered reward: the return of its optimal policies, with the rule for ties as an argument."""

import numpy as np

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.replaceable import replaceable
from ...model.horizon import Finite
from ...model.mdp import MDP, stepwise
from .._known import convert, enclose, expected_next, law
from ..planning.optimal import best_actions, optimal_action_value

TIES = "worst", "uniform", "best"


@replaceable
def retrained_return(problem: MDP, reward: Quantity, ties: str = "worst") -> Interval:
    """Return J of an optimal policy for another reward in the problem's dynamics: one retrained on it from scratch.

    All optimal policies have the same return under `reward`, but not under the problem's own, so that ties matter: a
    constant reward makes every policy optimal.

    Args:
        problem: a finite-horizon MDP: the dynamics in which the policy is retrained, and the reward that judges it.
        reward: `[s,a]` or `[t,s,a]`, such as a recovered reward, or `shaped_reward` of it in these dynamics.
        ties: "worst" or "best": the lowest or highest return of any optimal policy; "uniform": of the policy that
            plays the optimal actions with equal probabilities.
    Returns: a scalar; on floats an enclosure for every decision about ties that rounding leaves open.
    Raises: InvalidModel for another horizon or masked actions, or an unknown rule for ties.
    Source: adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024.

    >>> from mdpkit.instances import named
    >>> cliff = named("cliff", H=2).mdp
    >>> [retrained_return(cliff, cliff.r * 0, ties) for ties in TIES]
    [Interval(0, exact), Interval(3/4, exact), Interval(2, exact)]
    """
    return greedy_return(problem, optimal_action_value(problem, reward), ties)


@replaceable
def greedy_return(problem: MDP, Q: Quantity, ties: str = "worst") -> Interval:
    """Return J of a policy that plays, at every step and state, an action of highest `Q[t,s,a]`.

    Args: problem, ties: as for `retrained_return`.
    """
    if not isinstance(problem.horizon, Finite) or problem.mask is not None:
        raise InvalidModel(f"{problem!r}: retraining is measured over a finite horizon, where every action exists")
    if ties not in TIES:
        raise InvalidModel(f"ties is {ties!r}; expected one of {', '.join(TIES)}")
    H, r = problem.horizon.H, stepwise(problem.r, 2)
    Q = convert(Q, problem)
    if Q.shape != (H, problem.S, problem.A):
        raise InvalidModel(f"Q has shape {Q.shape}; expected {(H, problem.S, problem.A)}")
    greedy = best_actions(Q)
    V = None
    for t in range(H - 1, -1, -1):
        here = enclose(r[t % len(r)])
        V = _select(here if V is None else here + expected_next(problem, V, t), greedy[t], ties)
    return (law(problem, "rho") * V).sum()


def _select(values, greedy, ties):
    """The value `[s]` of the rule for ties, of `values[s,a]` at the actions that are `greedy[s,a]`, an indicator."""
    if not isinstance(values, Interval):
        if ties == "uniform":
            return (values * greedy).sum(axis=-1) / greedy.sum(axis=-1)
        if ties == "worst":
            return np.where(greedy > 0, values, np.inf).min(axis=-1)
        return np.where(greedy > 0, values, -np.inf).max(axis=-1)
    surely, perhaps = np.asarray(greedy.lower > 0), np.asarray(greedy.upper > 0)
    return stack([_row(values[s], surely[s], perhaps[s], ties) for s in range(len(surely))])


def _row(values, surely, perhaps, ties):
    """The value of the rule for a set of actions that contains all of `surely[a]` and is contained in `perhaps[a]`."""
    among = values[np.flatnonzero(perhaps)]
    if (surely == perhaps).all():
        if ties == "uniform":
            return among.sum(axis=-1) / among.shape[-1]
        return among.min(axis=-1) if ties == "worst" else among.max(axis=-1)
    low, high = among.min(axis=-1).lower, among.max(axis=-1).upper
    if surely.any() and ties == "worst":
        high = values[np.flatnonzero(surely)].min(axis=-1).upper
    if surely.any() and ties == "best":
        low = values[np.flatnonzero(surely)].max(axis=-1).lower
    return Interval(low, high, "float")
