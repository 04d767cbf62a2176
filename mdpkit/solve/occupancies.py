"""Occupancy measures as a polytope, and rigorous bounds on what a policy visits and earns."""

import numpy as np

from ..base.arrays import like, zeros
from ..base.errors import InvalidModel
from ..base.interval import Interval, stack
from ..base.lifting import enclose, law
from ..base.tolerance import UNIT, gamma
from ..exact.linear import solve_linear
from ..model.expectation import expected_next, transition
from ..model.horizon import Finite, discount
from ..model.mdp import MDP, stepwise
from ..model.policy import TabularPolicy
from .dispatch import solve


def visit_shape(problem: MDP) -> tuple[int, ...]:
    """The shape of an occupancy measure: `[t,s,a]` for Finite, else `[s,a]`."""
    return (problem.horizon.H, *problem.r.shape[-2:]) if isinstance(problem.horizon, Finite) else problem.r.shape


def per_visit(name, given, problem: MDP, leading: int = 0) -> np.ndarray:
    """Numbers `[s,a]` or `[t,s,a]` in the problem's kind and over its steps, 0 where an action is missing.

    Args: leading: number of further axes, which come first.
    Raises: InvalidModel if the last axes are not those of an occupancy, or an entry is not finite.
    """
    array, shape = like(given, problem.r), visit_shape(problem)
    still = array.ndim == leading + 2
    if array.ndim < leading + 2 or array.shape[leading:] != (shape[-2:] if still else shape):
        wanted = ", ".join((*"mk"[:leading], *map(str, shape)))
        raise InvalidModel(f"{name} has shape {array.shape}; expected ({wanted})")
    if still:
        array = array[..., None, :, :] if len(shape) == 3 else array
        array = np.broadcast_to(array, (*array.shape[:leading], *shape))
    if not problem.exact and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InvalidModel(f"{name}{list(where)} is {array[where]}; expected a finite number")
    return array if problem.mask is None else np.where(problem.mask, array, zeros((), array))


def flow_equations(problem: MDP):
    """The equations E d = f of occupancy measures d, over existing actions in C order.

    Returns: E, a rational matrix or CSR; f; and the positions of the existing actions in an occupancy's ravel().
    """
    S, A, g = problem.S, problem.A, discount(problem.horizon, problem.r)
    existing, steps = np.flatnonzero(problem.available.ravel()), np.prod(visit_shape(problem)[:-2], dtype=int)
    pairs = (np.arange(steps)[:, None] * S * A + existing).ravel()
    f = np.concatenate([problem.rho, zeros((steps - 1) * S, problem.r)])
    stays = not isinstance(problem.horizon, Finite)
    if problem.exact:
        leaving = np.repeat(np.eye(S, dtype=int), A, axis=0)[existing]
        E = zeros((steps, S, steps, len(existing)), problem.r)
        for t in range(steps):
            E[t, :, t] = leaving.T
            if stays:
                E[t, :, t] -= g * transition(problem)[existing].T
            elif t + 1 < steps:
                E[t + 1, :, t] = -transition(problem, t)[existing].T
        return E.reshape(steps * S, -1), f, pairs
    from scipy.sparse import block_array, csr_array

    leaving = csr_array((np.ones(len(existing)), (existing // A, np.arange(len(existing)))), shape=(S, len(existing)))
    laws = [csr_array(transition(problem, t))[existing].T for t in range(steps)]
    if stays:
        return (leaving - g * laws[0]).tocsr(), f, pairs
    blocks = [[None] * steps for _ in range(steps)]
    for t in range(steps):
        blocks[t][t] = leaving
        if t:
            blocks[t][t - 1] = -laws[t - 1]
    return block_array(blocks).tocsr(), f, pairs


def policy_of_visits(problem: MDP, visits: np.ndarray) -> TabularPolicy:
    """The policy with the occupancy `visits[(t),s,a]`; the first existing action in states that it does not visit."""
    total = visits.sum(axis=-1)
    first = np.arange(problem.A) == problem.available.argmax(axis=1)[:, None]
    table = np.where(
        np.asarray(total == 0)[..., None],
        like(first.astype(int), visits),
        visits / np.where(total == 0, 1, total)[..., None],
    )
    return TabularPolicy(table)


def policy_values(problem: MDP, policy: TabularPolicy, reward) -> Interval:
    """Bounds on the expected (discounted) total of `reward[(t),s,a]` from each state: `[s]`, or `[t,s]` for Finite."""
    pi, reward = law(policy, "table"), enclose(reward)
    if isinstance(problem.horizon, Finite):
        pi, reward, V = stepwise(pi, 2), stepwise(reward, 2), [enclose(zeros(problem.S, problem.r))]
        for t in range(problem.horizon.H - 1, -1, -1):
            Q = reward[t % len(reward)] + expected_next(problem, V[-1], t)
            V.append((pi[t % len(pi)] * Q).sum(axis=1))
        return stack(V[::-1])
    if problem.exact:
        chain = (policy.table[:, :, None] * problem.P).sum(axis=1)
        equations = np.eye(problem.S, dtype=int) - problem.horizon.gamma * chain
        return Interval(solve_linear(equations, (policy.table * reward.lower).sum(axis=1)))
    g, V = _discount(problem), _solve_floats(problem, policy.table, (policy.table * reward.mid).sum(axis=1))
    V = np.where(np.isfinite(V), V, 0.0)  # any V gives bounds, which are infinite if they overflow
    # V = W + V[0]: the rows of P_pi sum to 1, so rounding is relative to W, which is small for a discount near 1
    level = float(V[0]) if np.isfinite(V.max() - V.min()) else 0.0
    W = V - level
    ahead = (pi * (reward + expected_next(problem, Interval(W, W, "float")) * g)).sum(axis=1)
    residual = ahead - W - (1 - g) * level
    # and the error is at most max |residual| / (1 - gamma) in every state
    error = (abs(residual).max() / (1 - g)).upper
    return Interval(W, W, "float") + level + Interval(-error, error, "float")


def start_value(problem: MDP, V: Interval) -> Interval:
    """The mean of state values under the initial distribution."""
    return (law(problem, "rho") * (V[0] if isinstance(problem.horizon, Finite) else V)).sum()


def policy_return(problem: MDP, policy: TabularPolicy, reward) -> Interval:
    """Bounds on the expected (discounted) total of `reward[(t),s,a]` from the initial distribution."""
    return start_value(problem, policy_values(problem, policy, reward))


def best_return(problem: MDP, reward: Interval, tol: float = 0) -> tuple[Interval, TabularPolicy]:
    """Bounds on the highest return of any policy for an enclosed reward, and a policy that is optimal up to rounding.

    The optimal value changes by at most the largest change of the reward, times the total discounted number of steps.
    """
    answer = solve(problem._with_reward(reward.lower if reward.exact else reward.mid), tol=tol, throw=False)
    best = start_value(problem, answer.value)
    if reward.exact:
        return best, answer.policy
    finite = isinstance(problem.horizon, Finite)
    steps = Interval(float(problem.horizon.H), None, "float") if finite else 1 / (1 - _discount(problem))
    slack = (Interval(0.0, reward.width, "float") * steps).upper
    return best + Interval(-slack, slack, "float"), answer.policy


def possible_visits(problem: MDP, policy: TabularPolicy) -> np.ndarray:
    """Whether a policy visits `[s,a]`, `[t,s,a]` for Finite, with positive probability: decided without rounding."""
    played = np.broadcast_to(policy.table != 0, visit_shape(problem))

    def move(states, t):
        actions = states[:, None] & (played[t] if played.ndim == 3 else played)
        return np.asarray(transition(problem, t).T @ actions.ravel().astype(float) > 0)  # sums of numbers >= 0

    states = np.asarray(problem.rho != 0)
    if isinstance(problem.horizon, Finite):
        steps = [states]
        for t in range(problem.horizon.H - 1):
            steps.append(move(steps[-1], t))
        return np.stack(steps)[..., None] & played
    new = states
    while new.any():
        new = move(new, 0) & ~states
        states = states | new
    return states[:, None] & played


def enclose_visits(problem: MDP, policy: TabularPolicy) -> Interval:
    """Bounds on the occupancy measure of a policy, `[s,a]`, or `[t,s,a]` for Finite."""
    pi, rho = law(policy, "table"), law(problem, "rho")
    if isinstance(problem.horizon, Finite):
        pi, state, d = stepwise(pi, 2), rho, []
        for t in range(problem.horizon.H):
            d.append(state[:, None] * pi[t % len(pi)])
            state = _arrive(problem, d[-1], t)
        return stack(d)
    if problem.exact:
        chain = (policy.table[:, :, None] * problem.P).sum(axis=1)
        equations = np.eye(problem.S, dtype=int) - problem.horizon.gamma * chain
        return Interval(solve_linear(equations.T, problem.rho)[:, None] * policy.table)
    g, states = _discount(problem), _solve_floats(problem, policy.table, None)
    residual = rho + _arrive(problem, Interval(states, states, "float")[:, None] * pi, 0) * g - states
    # P_pi is stochastic, so the l1 norm of the error is at most that of the residual divided by 1 - gamma
    error = (abs(residual).sum() / (1 - g)).upper
    near = Interval(np.maximum(np.nextafter(states - error, -np.inf), 0), np.nextafter(states + error, np.inf), "float")
    return near[:, None] * pi


def _discount(problem):
    return enclose(np.asarray(float(problem.horizon.gamma)))


def _arrive(problem, d, t):
    """The law of the next state, `[n]`, if state and action have the law d `[s,a]`, an Interval of numbers >= 0."""
    P = transition(problem, t)
    if d.exact:
        return Interval((d.lower.ravel() @ P).reshape(-1))
    low, high = (P.T @ np.maximum(end.ravel(), 0) for end in (d.lower, d.upper))
    share = 2 * gamma(problem.S * problem.A + 4 + 2 * problem.defect / UNIT)
    tiny = problem.S * problem.A * np.finfo(float).smallest_subnormal
    return Interval(np.maximum(low * (1 - share) - tiny, 0), high * (1 + share) + tiny, "float")


def _solve_floats(problem, table, reward):
    """V = r_pi + g P_pi V for a reward `[s]`; the discounted visits of states if it is None."""
    g, right = problem.horizon.gamma, problem.rho if reward is None else reward
    if problem.sparse:
        from scipy.sparse import csr_array, eye_array
        from scipy.sparse.linalg import spsolve

        first = np.arange(problem.S + 1) * problem.A
        chain = csr_array((table.ravel(), np.arange(table.size), first), shape=(problem.S, table.size)) @ problem.P
        equations = eye_array(problem.S) - g * chain
        return spsolve((equations.T if reward is None else equations).tocsc(), right)
    equations = np.eye(problem.S) - g * np.matmul(table[:, None, :], problem.P)[:, 0]
    return np.linalg.solve(equations.T if reward is None else equations, right)
