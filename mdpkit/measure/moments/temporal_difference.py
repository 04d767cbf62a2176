"""Moments of the temporal difference r + gamma V(s') - V(s) of a candidate value function V."""

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...model.horizon import Discounted
from ...model.mdp import MDP
from ...model.policy import Policy, policy_table
from .._known import convert, enclose, expected_next, law, number, row_error
from .._logs import logarithm


@replaceable
def bellman_residual(problem: MDP, policy: Policy, V: Quantity) -> Interval:
    """Bellman residual E[r + gamma V(s') - V(s) | s], `[s]`, with expectation over the action and the next state.

    Args: problem: discounted MDP. V: candidate value function, Interval or numbers `[s]`.
    """
    pi, gamma, V, _ = _convert(problem, policy, V, problem.rho)
    return (pi * (enclose(problem.r) + expected_next(problem, V) * gamma)).sum(axis=1) - V


@replaceable
def squared_temporal_difference(problem: MDP, policy: Policy, V: Quantity, weights: Quantity) -> Interval:
    """E[(r + gamma V(s') - V(s))^2] for s ~ weights, a ~ policy, s' ~ P: what single sampled transitions estimate.

    Args: problem: discounted MDP. V: candidate value function `[s]`. weights: state distribution, `[s]`.
    """
    pi, gamma, V, weights = _convert(problem, policy, V, weights)
    reward, P = enclose(problem.r), enclose(problem.P, row_error(problem))
    difference = reward[:, :, None] + V[None, None, :] * gamma - V[:, None, None]
    return (weights * (pi * (P * difference**2).sum(axis=2)).sum(axis=1)).sum()


@replaceable
def squared_bellman_error(problem: MDP, policy: Policy, V: Quantity, weights: Quantity, given: str = "s") -> Interval:
    """Expected square of the temporal difference's conditional mean given s ("s") or given (s, a) ("sa")."""
    pi, gamma, V, weights = _convert(problem, policy, V, weights)
    mean = enclose(problem.r) + expected_next(problem, V) * gamma - V[:, None]
    if given == "sa":
        return (weights * (pi * mean**2).sum(axis=1)).sum()
    _check(given)
    return (weights * (pi * mean).sum(axis=1) ** 2).sum()


@replaceable
def next_state_variance(problem: MDP, policy: Policy, V: Quantity, weights: Quantity, given: str = "s") -> Interval:
    """E[Var(V(s') | s)] over the action and the next state ("s"), or E[Var(V(s') | s, a)] ("sa")."""
    pi, _, V, weights = _convert(problem, policy, V, weights)
    mean, square = expected_next(problem, V), expected_next(problem, V**2)
    if given == "sa":
        return (weights * (pi * (square - mean**2)).sum(axis=1)).sum()
    _check(given)
    return (weights * ((pi * square).sum(axis=1) - (pi * mean).sum(axis=1) ** 2)).sum()


@replaceable
def soft_bellman_residual(
    problem: MDP, policy: Policy, V: Quantity, temperature: Quantity, reference: Policy
) -> Interval:
    """Soft Bellman residual r + gamma E V(s') - V(s) - temperature log(policy / reference), `[s,a]`.

    It vanishes for every s and a exactly at the soft optimal V and policy. Exact on rationals, in logarithms.

    Args: problem: discounted MDP. policy, reference: policies that give every action positive probability.
        V: candidate value function `[s]`.
    Raises: InvalidModel if a probability is 0.
    """
    pi, gamma, V, _ = _convert(problem, policy, V, problem.rho)
    other = law(reference, "table")
    for name, table in (("policy", policy.table), ("reference", reference.table)):
        if not proposing() and (table <= 0).any():
            raise InvalidModel(f"{name} has an action of probability 0; expected positive probabilities everywhere")
    temperature = number(temperature, V) if isinstance(temperature, float) else temperature
    price = (logarithm(pi) - logarithm(other)) * temperature
    return enclose(problem.r) + expected_next(problem, V) * gamma - V[:, None] - price


def _convert(problem, policy, V, weights):
    if not isinstance(problem.horizon, Discounted) or problem.sparse:
        raise InvalidModel(f"{problem!r}; temporal differences are computed for a dense discounted MDP")
    policy_table(problem, policy)
    V, weights = (convert(array, problem) for array in (V, weights))
    for name, array in (("V", V), ("weights", weights)):
        if array.shape != (problem.S,):
            raise InvalidModel(f"{name} has shape {array.shape}; expected ({problem.S},)")
    return law(policy, "table"), number(problem.horizon.gamma, V), V, weights


def _check(given):
    if given != "s":
        raise InvalidModel(f"given={given!r}; expected 's' or 'sa'")
