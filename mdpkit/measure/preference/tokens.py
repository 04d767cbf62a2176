"""Soft values, implicit rewards and sums along prefixes of token-level preference problems."""

import numpy as np

from ...base.arrays import floats, is_exact, objects
from ...base.enclosure import settle
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.mode import proposing
from ...base.record import at, defect
from ...base.replaceable import replaceable
from ...base.tolerance import UNIT, gamma
from ...exact.logs import log
from ...kernels import tokens
from ...model.policy import Policy
from ...model.preference import PreferenceProblem, response_table
from ...model.tokens import TokenProblem, token_table
from ...solve.dispatch import solve
from .._known import enclose, law, number
from .._logs import exponentiate, logarithm, relative_entropy


@replaceable
def token_reward(problem: TokenProblem) -> Interval:
    """Reward r `[s,a]` of a token problem: beta log weights in tilt form, exact if the weights are rational."""
    if problem.reward is not None:
        return enclose(problem.reward)
    r = logarithm(enclose(problem.weights))
    return r * number(problem.beta, r)


@replaceable
def soft_value(problem: TokenProblem, reward: Quantity | None = None) -> Interval:
    """Soft value V*(s) = beta log sum_a reference e^((r + V*(next)) / beta), `[s]` with an entry 0 for the end.

    It is the largest E sum (r - beta KL) of a continuation from s. Exact if all e^(r/beta) are rational, else enclosed.

    Args: reward: `[s,a]` in place of the problem's.
    """
    if proposing():
        if reward is None and problem.weights is not None:
            return problem.beta * np.log(tokens.partition(problem.next, problem.reference, problem.weights))
        r = problem.reward if reward is None else reward
        return tokens.soft(problem.next, problem.reference, r, problem.beta)[0]
    if reward is not None:
        return _of_reward(problem, reward if isinstance(reward, Interval) else enclose(reward))
    found = solve(problem, throw=False).value
    return stack([*found, found[0] * 0 if found.exact else Interval(0.0, 0.0, found.how)])


def _of_reward(problem, reward):
    if reward.exact:
        w = exponentiate(_over_beta(problem, reward))
        if w.exact:
            return Interval(log(tokens.partition(problem.next, problem.reference, w.lower))) * problem.beta
        reward = reward.enclose()
    reference, beta = floats(problem.reference), float(floats(objects(problem.beta) if problem.exact else problem.beta))
    middle = np.where(problem.available, reward.mid, 0.0)
    V, _, sizes, steps = tokens.soft(problem.next, reference, middle, beta)
    radius = np.where(problem.available, (reward.upper - reward.lower) / 2, 0.0)
    rounded = beta * (gamma(problem.A + 40) + 2 * defect(reference)) * steps + 20 * UNIT * sizes
    error = (tokens.longest(problem.next, radius) + rounded) * (1 + problem.S * UNIT)
    return Interval(np.nextafter(V - error, -np.inf), np.nextafter(V + error, np.inf), reward.how)


def _over_beta(problem, reward):
    return reward / number(problem.beta, reward)


@replaceable
def soft_action_value(problem: TokenProblem, reward: Quantity | None = None) -> Interval:
    """Soft action value Q*(s,a) = r(s,a) + V*(next), `[s,a]`.

    Args: reward: `[s,a]` in place of the problem's.
    """
    r = token_reward(problem) if reward is None else reward
    return r + next_values(problem, soft_value(problem, reward))


@replaceable
def soft_policy(problem: TokenProblem, reward: Quantity | None = None) -> Interval:
    """The optimal policy reference e^((Q* - V*) / beta) `[s,a]` of a reward in place of the problem's."""
    advantage = soft_action_value(problem, reward) - soft_value(problem, reward)[:-1][:, None]
    return law(problem, "reference") * exponentiate(_over_beta(problem, advantage))


@replaceable
def soft_maximum(problem: TokenProblem, Q: Quantity) -> Interval:
    """Soft maximum beta log sum_a reference e^(Q/beta) of action values `[s,a]`; `[s]` with an entry 0 for the end."""
    Q = Q if isinstance(Q, Interval) or proposing() else enclose(Q)
    mass = (law(problem, "reference") * exponentiate(_over_beta(problem, Q))).sum(axis=-1)
    V = logarithm(mass)
    V = V * number(problem.beta, V)
    return stack([*V, V[0] * 0])


@replaceable
def inverse_soft_reward(problem: TokenProblem, Q: Quantity) -> Interval:
    """The reward Q(s,a) - V_Q(next) `[s,a]` whose soft action values are Q, V_Q the soft maximum of Q."""
    Q = Q if isinstance(Q, Interval) or proposing() else enclose(Q)
    return Q - next_values(problem, soft_maximum(problem, Q))


@replaceable
def shaped_token_reward(problem: TokenProblem, potential: Quantity, ends: Quantity | None = None) -> Interval:
    """Shaped reward r(s,a) + potential(next) - potential(s), `[s,a]`.

    Args:
        potential: `[s]`, of the states.
        ends: `[s,a]`, the potential of the end of a response after token a in s; 0 if omitted.

    Raises: InvalidModel if they have other shapes.
    """
    potential, ends = (
        x if x is None or isinstance(x, Interval) or proposing() else enclose(x) for x in (potential, ends)
    )
    for name, x, shape in (("potential", potential, (problem.S,)), ("ends", ends, problem.next.shape)):
        if x is not None and x.shape != shape:
            raise InvalidModel(f"{name} has shape {x.shape}; expected {shape}")
    gained = next_values(problem, stack([*potential, potential[0] * 0]))
    if ends is not None:
        gained = gained + ends * (problem.next == problem.S).astype(int)
    return token_reward(problem) + gained - potential[:, None]


@replaceable
def next_values(problem: TokenProblem, values: Quantity) -> Quantity:
    """Entries of `values[s]`, one more than states, at the state that each token leads to; the last if missing."""
    return values[np.where(problem.available, problem.next, problem.S)]


@replaceable
def implicit_reward(problem: PreferenceProblem | TokenProblem, policy: Policy) -> Interval:
    """Implicit reward beta log(pi / reference) of a policy, `[s,a]` for tokens and `[x,y]` for responses.

    It is -infinity where the policy has probability 0 and the reference does not, and 0 where neither has any.

    Raises: InvalidModel naming an entry where the reference has probability 0 and the policy does not.
    """
    table = (token_table if isinstance(problem, TokenProblem) else response_table)(problem, policy)
    none = problem.reference == 0
    if proposing():
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(none, 0.0, problem.beta * np.log(table / np.where(none, 1.0, problem.reference)))
    outside = np.asarray((table != 0) & none)
    if outside.any():
        where = tuple(int(i) for i in np.argwhere(outside)[0])
        raise InvalidModel(
            f"{at('table', where)} is {table[where]}, where the reference has probability 0: the implicit reward is "
            "infinite"
        )
    one = objects(none.astype(int)) if problem.exact else none.astype(float)
    ratio = (law(policy, "table") + one) / (law(problem, "reference") + one)
    found = logarithm(ratio)
    return found * number(problem.beta, found)


@replaceable
def path_sums(problem: TokenProblem, each: Quantity) -> Interval:
    """Sum of `each[s,a]` over the tokens of the prefix s and its continuation a, `[s,a]`, on a tree.

    Raises: InvalidModel where states merge, since the sum then depends on the way to s.
    """
    problem.expect_tree("a sum along the prefix")
    if not isinstance(each, Interval):
        each = each if proposing() else enclose(each)
    if not isinstance(each, Interval):
        return tokens.path_sums(problem.next, each)
    if each.exact:
        return Interval(tokens.path_sums(problem.next, each.lower))
    middle, radius = each.mid, (each.upper - each.lower) / 2
    most = tokens.path_sums(problem.next, np.abs(middle) + np.abs(radius))
    error = tokens.path_sums(problem.next, np.abs(radius)) + 4 * (problem.S + 2) * UNIT * most
    total = tokens.path_sums(problem.next, middle)
    return Interval(np.nextafter(total - error, -np.inf), np.nextafter(total + error, np.inf), each.how)


@replaceable
def response_sums(problem: TokenProblem, each: Quantity) -> Interval:
    """Sum of `each[s,a]` over the tokens of every response, `[y]` in the order of `problem.responses`."""
    each = each if isinstance(each, Interval) or proposing() else enclose(each)
    return stack([sum((each[s, a] for s, a in path[1:]), each[path[0]]) for path in problem.responses])


@replaceable
def token_visits(problem: TokenProblem, policy: Policy) -> Interval:
    """Probability `[s,a]` that a response passes through s and continues with a; the sum is its mean length."""
    d = tokens.visits(problem.next, token_table(problem, policy))
    if is_exact(d) or proposing():
        return settle(d, lambda: d, 0)
    return settle(d, lambda: d, problem.S * (problem.A + 4 + 2 * policy.defect / UNIT))


@replaceable
def token_divergence(problem: TokenProblem, policy: Policy) -> Interval:
    """KL divergence of the law of responses from the reference's, in nats, by the chain rule; a scalar."""
    table = token_table(problem, policy)
    rows = relative_entropy(law(policy, "table"), law(problem, "reference"))
    visited = token_visits(problem, policy).sum(axis=-1)
    if proposing():
        return np.where(visited > 0, visited * np.where(visited > 0, rows, 0.0), 0.0).sum()
    met = np.flatnonzero(tokens.visits(problem.next, table).sum(axis=-1) != 0)
    return (visited[met] * rows[met]).sum()


@replaceable
def token_value(problem: TokenProblem, policy: Policy) -> Interval:
    """J = E_pi sum over the tokens of a response of [r - beta KL(pi || reference)], a scalar."""
    divergence = token_divergence(problem, policy)
    reward = (token_visits(problem, policy) * token_reward(problem)).sum()
    return reward - divergence * number(problem.beta, divergence)
