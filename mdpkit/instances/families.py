"""Named families of problems."""

import numpy as np

from ..base.arrays import objects, zeros
from ..base.errors import InvalidModel
from ..model import MDP, Discounted, SafetyProblem


def double_integrator(amax, vmax, xmax) -> SafetyProblem:
    """A cart on the integers that must not reach the wall: x' = x + v and v' = v + a, both at once.

    Args:
        amax: the action index is a + amax for the accelerations a = -amax..amax.
        vmax: v' is clipped to -vmax..vmax.
        xmax: x' is clipped to -xmax..xmax; failure is x = xmax.

    Returns: a SafetyProblem whose state (x, v) is s = (x + xmax)(2 vmax + 1) + (v + vmax).

    Failure is inevitable exactly where x + stop(v) >= xmax, stop(v) = v + (v - amax) + ... over the positive terms,
    if amax >= 1: braking as hard as possible from the next step on is the best there is.

    Raises: InvalidModel where a size is no integer of at least 0.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    >>> double_integrator(1, 7, 20)
    SafetyProblem(S=615, A=3, 15 failure states)
    """
    for name, size in (("amax", amax), ("vmax", vmax), ("xmax", xmax)):
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 0:
            raise InvalidModel(f"{name} is {size!r}; expected an integer of at least 0")
    x, v, a = np.meshgrid(*(np.arange(-bound, bound + 1) for bound in (xmax, vmax, amax)), indexing="ij")
    moved, faster = np.clip(x + v, -xmax, xmax), np.clip(v + a, -vmax, vmax)
    successors = (moved + xmax) * (2 * vmax + 1) + faster + vmax
    return SafetyProblem(failure=x[..., 0].ravel() >= xmax, successors=successors.reshape(-1, 2 * amax + 1))


def garnet(S, A, branching, gamma, *, rng, sparse=False) -> MDP:
    """A random problem in which every action has few possible successors.

    Args:
        S, A: how many states and actions.
        branching: how many successors each state and action have, a uniform set of states.
        gamma: the discount; a float makes the problem float64, a rational ("9/10") makes it rational.
        rng: numpy Generator.
        sparse: P as a CSR matrix, for floats only; no dense law is formed on the way.

    Returns: an MDP whose probabilities are proportional to uniform weights 1..99 and whose rewards are uniform on
    0, 1/100, ..., 1. The same draws make the float and the rational problem: one is the other rounded.

    Raises: InvalidModel where there are fewer states than successors, or a rational problem is to be sparse.
    Source: adapted from Archibald, McKinnon and Thomas, 1995.

    >>> garnet(5, 2, 3, "9/10", rng=np.random.default_rng(0))
    MDP(S=5, A=2, Discounted(9/10), rational, 30 transitions)
    """
    if not 1 <= branching <= S:
        raise InvalidModel(f"branching is {branching}; expected 1 to S = {S} successors")
    horizon = Discounted(gamma)
    exact = not isinstance(horizon.gamma, float)
    if exact and sparse:
        raise InvalidModel("a sparse P is float64; expected a float gamma, or sparse=False")
    successors = _subsets(S, branching, S * A, rng)
    weights = rng.integers(1, 100, successors.shape)
    percent = rng.integers(0, 101, (S, A))
    if exact:
        weights, percent = objects(weights), objects(percent)
    laws, r = weights / weights.sum(axis=1, keepdims=True), percent / 100
    if sparse:
        from scipy.sparse import csr_array

        rows = np.repeat(np.arange(S * A), branching)
        P = csr_array((laws.ravel(), (rows, successors.ravel())), shape=(S * A, S))
    else:
        P = zeros((S * A, S), laws)
        P[np.arange(S * A)[:, None], successors] = laws
        P = P.reshape(S, A, S)
    return MDP(P, r, horizon=horizon)


def _subsets(n, size, count, rng):
    """`count` uniform sets of `size` numbers below n, one a row, by Floyd's algorithm run on all rows at once."""
    chosen = np.empty((count, size), dtype=np.int64)
    for k, last in enumerate(range(n - size, n)):
        drawn = rng.integers(0, last + 1, count)
        taken = (chosen[:, :k] == drawn[:, None]).any(axis=1)
        chosen[:, k] = np.where(taken, last, drawn)
    return chosen
