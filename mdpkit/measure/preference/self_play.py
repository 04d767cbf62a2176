"""Margins of preferences, and how far a policy is from a minimax winner."""

from ...base.interval import Interval
from ...base.replaceable import replaceable
from ...model.game import MarkovGame
from ...model.policy import Policy
from ...model.preference import PreferenceProblem, response_table
from .._known import enclose, law
from .._logs import exponentiate
from ..games.best_response import response_gains
from .problem import prompt_average, reward


@replaceable
def preference_margin(problem: PreferenceProblem) -> Interval:
    """M `[x,y,z]` = 2 P(y beats z) - 1, in [-1, 1] and skew-symmetric in the two responses.

    Exact if preferences are given by rational `win`, or by rational `weights` and an integer beta; else an enclosure.

    >>> from mdpkit.base.arrays import objects
    >>> preference_margin(PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]])))[0, 1, 0]
    Interval(1/2, exact)
    """
    if problem.win is not None:
        return enclose(problem.win) * 2 - 1
    if problem.weights is not None and problem.beta == 1:
        w = enclose(problem.weights)
        first, second = w[:, :, None], w[:, None, :]
        return (first - second) / (first + second)
    r = reward(problem)
    return 1 - 2 / (exponentiate(r[:, :, None] - r[:, None, :]) + 1)


@replaceable
def margin_against(problem: PreferenceProblem, policy: Policy) -> Interval:
    """M `[x,y]` of every response y against a response drawn from the policy: 2 P(y beats policy) - 1."""
    response_table(problem, policy)
    return (preference_margin(problem) * law(policy, "table")[:, None, :]).sum(axis=-1)


@replaceable
def margin_between(problem: PreferenceProblem, policy: Policy, other: Policy) -> Interval:
    """E_x [2 P(policy beats other) - 1], a scalar; the win rate of the policy is (1 + this) / 2."""
    response_table(problem, policy)
    return prompt_average(problem, (law(policy, "table") * margin_against(problem, other)).sum(axis=-1))


@replaceable
def exploitability(problem: PreferenceProblem | MarkovGame, policy: Policy) -> Interval:
    """E_x max_y M(y, policy), a scalar: the margin at which the best responses beat the policy.

    It is at least 0, and 0 if and only if the policy is a minimax winner at every prompt of positive probability.
    For a MarkovGame and a joint policy, what each player gains by its best response, `[i]`; the sum is `nash_conv`, and
    half of that the exploitability of a two-player zero-sum game.
    Source: adapted from Swamy, Dann, Kidambi, Wu and Agarwal, 2024; for games from Lanctot et al., 2017.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> win = objects([[["1/2", 1, 0], [0, "1/2", 1], [1, 0, "1/2"]]])
    >>> cycle, first = PreferenceProblem(objects([["1/3"] * 3]), win=win), TabularPolicy(objects([[1, 0, 0]]))
    >>> exploitability(cycle, TabularPolicy(cycle.reference)), exploitability(cycle, first)
    (Interval(0, exact), Interval(1, exact))
    """
    if isinstance(problem, MarkovGame):
        return response_gains(problem, policy)
    return prompt_average(problem, margin_against(problem, policy).max(axis=-1))


@replaceable
def duality_gap(problem: PreferenceProblem, policy: Policy, other: Policy) -> Interval:
    """E_x [max_y M(y, other) - min_z M(policy, z)], a scalar; for a policy against itself twice its exploitability."""
    response_table(problem, policy)
    against = (preference_margin(problem) * law(policy, "table")[:, :, None]).sum(axis=1)
    return exploitability(problem, other) - prompt_average(problem, against.min(axis=-1))
