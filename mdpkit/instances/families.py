"""Named families of problems."""

import numpy as np

from ..base.arrays import objects, rational, zeros
from ..base.errors import InvalidModel
from ..base.types import Number
from ..model import MDP, Discounted, Finite, SafetyProblem


def double_integrator(amax: int, vmax: int, xmax: int) -> SafetyProblem:
    """Double integrator on the integers that must not reach a wall: x' = x + v and v' = v + a, simultaneously.

    Args:
        amax: the action index is a + amax for the accelerations a = -amax..amax.
        vmax: v' is clipped to -vmax..vmax.
        xmax: x' is clipped to -xmax..xmax; failure is x = xmax.

    Returns: a SafetyProblem whose state (x, v) is s = (x + xmax)(2 vmax + 1) + (v + vmax).

    Failure is inevitable exactly where x + stop(v) >= xmax, stop(v) = v + (v - amax) + ... over the positive terms,
    if amax >= 1: maximal braking from the next step on is optimal.

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


def garnet(S: int, A: int, branching: int, gamma: Number, *, rng: np.random.Generator, sparse: bool = False) -> MDP:
    """Random MDP in which every action has few possible successors (Garnet).

    Args:
        S, A: numbers of states and actions.
        branching: number of successors of each state and action, a uniformly drawn set of states.
        gamma: the discount; a float makes the problem float64, a rational ("9/10") makes it rational.
        rng: numpy Generator.
        sparse: P as a CSR matrix, for floats only; no dense law is formed on the way.

    Returns: an MDP whose probabilities are proportional to uniform weights 1..99 and whose rewards are uniform on
    0, 1/100, ..., 1. For the same generator the float problem is the rational one, rounded.

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
    """`count` uniform subsets of `size` numbers below n, one per row, by Floyd's algorithm on all rows at once."""
    chosen = np.empty((count, size), dtype=np.int64)
    for k, last in enumerate(range(n - size, n)):
        drawn = rng.integers(0, last + 1, count)
        taken = (chosen[:, :k] == drawn[:, None]).any(axis=1)
        chosen[:, k] = np.where(taken, last, drawn)
    return chosen


def cliff(H: int, reward: Number = 1, recovers: bool = False) -> MDP:
    """Cliff: state 0 pays while action 0 is played; action 1 leads to state 1, which pays nothing.

    Args:
        H: the horizon.
        reward: reward of action 0 in state 0, a rational.
        recovers: whether action 0 leads from state 1 back to state 0; state 1 is absorbing if not.

    From state 0, a policy that errs with probability eps at each visit loses sum_t (1 - (1 - eps)^t), t = 1..H, if it
    cannot recover.

    Source: adapted from Ross and Bagnell, 2010.

    >>> cliff(5)
    MDP(S=2, A=2, Finite(H=5), rational, 4 transitions)
    """
    P = [[[1, 0], [0, 1]], [[int(recovers), int(not recovers)], [0, 1]]]
    return MDP(objects(P), objects([[reward, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H))


def combination_lock(H: int, digits: int = 10, bait: Number = "1/10") -> MDP:
    """Combination lock: at every step one action stays among the good states, and the reward is paid at the end.

    Args:
        H: the horizon.
        digits: number of actions, at least 2.
        bait: the reward, paid with probability 1/2, of leaving the good states.

    State 0 and 1 are good, 2 is bad and absorbing. The right digit at step t in state s is (3 t + 5 s) mod digits and
    leads to either good state with probability 1/2; every other one leads to the bad state, for the bait. The right
    digit at the last step pays 1. Hence V* = 1 at every time in the good states, and uniformly random play keeps good
    for the whole episode with probability digits^-H.

    Raises: InvalidModel for fewer than two digits.
    Source: adapted from Misra, Henaff, Krishnamurthy and Langford, 2020; Zhou, Sekhari, Song and Sun, 2024.

    >>> combination_lock(4)
    MDP(S=3, A=10, Finite(H=4), rational, 128 transitions)
    """
    if digits < 2:
        raise InvalidModel(f"digits is {digits}; expected at least 2")
    P, r = np.zeros((H, 3, digits, 3), dtype=object), np.zeros((H, 3, digits), dtype=object)
    P[..., 2], r[:, :2] = 1, rational(bait) / 2
    for t in range(H):
        for s in (0, 1):
            right = (3 * t + 5 * s) % digits
            P[t, s, right] = rational("1/2"), rational("1/2"), 0
            r[t, s, right] = int(t == H - 1)
    return MDP(objects(P), objects(r), objects(["1/2", "1/2", 0]), horizon=Finite(H))
