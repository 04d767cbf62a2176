"""Rewards, KL-regularised values and implicit-reward errors of a preference problem."""

import numpy as np

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...exact.infinite import INFINITY
from ...model.policy import Policy
from ...model.preference import PreferenceProblem, response_table
from .._known import enclose, law, number
from .._logs import logarithm, relative_entropy
from ..imitation.divergence import kl


@replaceable
def reward(problem: PreferenceProblem) -> Interval:
    """Reward r `[x,y]` of a preference problem; in tilt form beta log weights, exact if the weights are rational.

    Raises: InvalidModel if preferences are given by `win`.
    """
    if problem.reward is not None:
        return enclose(problem.reward)
    if problem.weights is None:
        raise InvalidModel(f"{problem!r} has no reward: its preferences are given by win probabilities")
    r = logarithm(enclose(problem.weights))
    return r * number(problem.beta, r)


@replaceable
def expected_reward(problem: PreferenceProblem, policy: Policy) -> Interval:
    """Expected reward E_x E_pi r, without the KL penalty; a scalar."""
    response_table(problem, policy)
    return (law(problem, "rho") * (law(policy, "table") * reward(problem)).sum(axis=-1)).sum()


@replaceable
def preference_value(problem: PreferenceProblem, policy: Policy) -> Interval:
    """J = E_x [E_pi r - beta KL(pi || reference)], a scalar; -infinity unless pi << reference (absolute continuity)."""
    divergence = divergence_from_reference(problem, policy)
    return expected_reward(problem, policy) - divergence * number(problem.beta, divergence)


@replaceable
def divergence_from_reference(problem: PreferenceProblem, policy: Policy) -> Interval:
    """KL divergence E_x KL(pi || reference) from the reference, in nats, a scalar."""
    response_table(problem, policy)
    return prompt_average(problem, relative_entropy(law(policy, "table"), law(problem, "reference")))


@replaceable
def divergence_from(problem: PreferenceProblem, policy: Policy, other: Policy) -> Interval:
    """KL divergence E_x KL(policy || other) averaged over prompts, in nats, a scalar."""
    for each in (policy, other):
        response_table(problem, each)
    return prompt_average(problem, kl(policy, other))


@replaceable
def pair_error(problem: PreferenceProblem, policy: Policy) -> Interval:
    """E_x E_{y,z ~ data} ((g(y) - g(z)) - (r(y) - r(z)))^2 of the implied reward g = beta log(pi / reference).

    It equals 2 E_x Var_data(g - r), by which it is computed in O(X Y), and is 0 if and only if g and r agree in their
    differences on all pairs in the support of the data. A policy tilted by weights v implies g = beta log v up to a
    constant, so explicit rewards are covered too.

    Infinite if the policy has probability 0 at a response that the data compare with another.

    Raises: InvalidModel if the reference has probability 0 at a response in the support of the data.
    """
    table, shown = response_table(problem, policy), problem.data != 0
    if proposing():
        return _bare_pair_error(problem, table)
    excluded = np.argwhere(shown & (problem.reference == 0))
    if len(excluded):
        x, y = excluded[0]
        raise InvalidModel(
            f"the data contain response {y} to prompt {x}, of probability 0 under the reference, so that no reward is "
            "implied there"
        )
    pi, reference, mu = law(policy, "table"), law(problem, "reference"), law(problem, "data")
    total = []
    for x in range(problem.X):
        y = shown[x].nonzero()[0]
        if (table[x, y] == 0).any() and len(y) > 1:
            total.append(Interval(INFINITY) if problem.exact else Interval(np.inf, np.inf, "float"))
            continue
        excess = _excess(problem, pi[x, y] / reference[x, y], (x, y)) if len(y) > 1 else mu[x, y] * 0
        mean = (mu[x, y] * excess).sum()
        total.append((mu[x, y] * (excess - mean) ** 2).sum() * 2)
    return prompt_average(problem, stack(total))


def _excess(problem, ratio, at):
    """g - r at the entries `at`, given pi / reference there."""
    if problem.weights is not None:
        ratio = ratio / enclose(problem.weights[at])
    excess = logarithm(ratio)
    excess = excess * number(problem.beta, excess)
    return excess if problem.weights is not None else excess - enclose(problem.reward[at])


def _bare_pair_error(problem, table):
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = problem.beta * np.log(table / problem.reference)
        excess = excess - (problem.beta * np.log(problem.weights) if problem.reward is None else problem.reward)
        pairs = problem.data[:, :, None] * problem.data[:, None, :] * (1 - np.eye(problem.Y))
        squares = np.where(pairs > 0, pairs * (excess[:, :, None] - excess[:, None, :]) ** 2, 0.0).sum(axis=(1, 2))
    return prompt_average(problem, np.where(np.isnan(squares), np.inf, squares))


@replaceable
def prompt_average(problem: PreferenceProblem, each: Quantity) -> Interval:
    """Average over prompts of one number per prompt; prompts of probability 0 are ignored even if infinite."""
    if not isinstance(each, Interval):
        return np.where(problem.rho > 0, problem.rho * np.where(problem.rho > 0, each, 0.0), 0.0).sum()
    x = (problem.rho != 0).nonzero()[0]
    each = each[x]
    if not each.exact and np.isposinf(each.lower).any() and (each.lower > -np.inf).all():
        return Interval(np.inf, np.inf, each.how)
    return (law(problem, "rho")[x] * each).sum()
