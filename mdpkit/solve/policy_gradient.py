"""Values along softmax policy gradient ascent."""

from functools import partial

import numpy as np

from ..base.balls import balls, ends
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.lifting import convert, enclose, law, number, row_error
from ..base.mode import proposing
from ..base.replaceable import replaceable
from ..base.types import Number
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ..model.policy import Policy, policy_table

BITS = 256


@replaceable
def policy_gradient_values(problem: MDP, start: Policy, step: Number, rounds: int, kind: str = "natural") -> Interval:
    """Values V[k,s] of the iterates k = 0..rounds of softmax policy gradient ascent with exact gradients.

    Args:
        problem: a dense Discounted MDP in which every action is available.
        start: initial policy, `[s,a]`, all entries positive.
        step: step size eta.
        rounds: number of steps.
        kind: "natural", pi'(a|s) ~ pi(a|s) e^(eta A(s,a) / (1 - gamma)), or "vanilla", the gradient of
            J, pi'(a|s) ~ pi(a|s) e^(eta d(s) pi(a|s) A(s,a)), d the discounted state occupancy of mass 1/(1 - gamma).
    Returns: an enclosure by ball arithmetic at 256 bits, since iterates after the first are irrational.
    Raises: InvalidModel for any other problem, start or kind.
    Source: adapted from Kakade, 2001, and Agarwal, Kakade, Lee and Mahajan, 2021.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import MDP, TabularPolicy
    >>> arms = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Discounted("1/2"))
    >>> policy_gradient_values(arms, TabularPolicy(objects([["1/2", "1/2"]])), 1, 1).mid.round(6)
    array([[1.      ],
           [1.761594]])
    """
    table = policy_table(problem, start)
    if kind not in DIRECTIONS:
        raise InvalidModel(f"the kind is {kind!r}; expected {' or '.join(map(repr, DIRECTIONS))}")
    if not isinstance(problem.horizon, Discounted) or problem.sparse or problem.mask is not None:
        raise InvalidModel(
            f"policy gradient ascent is computed for a dense Discounted MDP without masked actions; got {problem!r}"
        )
    P, r, rho, pi = enclose(problem.P, row_error(problem)), enclose(problem.r), law(problem, "rho"), law(start, "table")
    gamma, step = number(problem.horizon.gamma, P), convert(step, problem)
    if proposing():
        return np.stack(list(_ascend(P, r, rho, gamma, pi, step, rounds, DIRECTIONS[kind], _softmax, np.linalg.solve)))
    if table.ndim != 2 or not (table > 0).all():
        raise InvalidModel(f"the first policy is {start!r}; expected a stationary one that plays every action")
    from flint import ctx

    with ctx.workprec(BITS):
        P, r, rho, gamma, pi, step = (balls(x) for x in (P, r, rho, gamma, pi, step))
        solve = partial(_solve, most=1 / (1 - gamma))
        found = list(_ascend(P, r, rho, gamma, pi, step, rounds, DIRECTIONS[kind], _softmax_of_balls, solve))
        lower, upper = np.array([[ends(x) for x in row] for row in found]).transpose(2, 0, 1)
    return Interval(lower, upper, "enclosed" if problem.exact else "float")


def _ascend(P, r, rho, gamma, start, step, rounds, direction, softmax, solve):
    """Values of the successive iterates, in the arithmetic of `softmax` and `solve`.

    Rewards and transitions are taken relative to action 0, so that rounding in the row sums of a policy has no effect.
    """
    gains, moves, first = r - r[:, :1], gamma * (P - P[:, :1]), np.eye(len(rho), dtype=int) - gamma * P[:, 0]
    logits, pi = 0 * r, start
    for k in range(rounds + 1):
        stay = first - (pi[:, :, None] * moves).sum(axis=1)
        V = solve(stay, r[:, 0] + (pi * gains).sum(axis=1))
        yield V
        if k < rounds:
            ahead = gains + (moves * V).sum(axis=-1)
            logits = logits + step * direction(ahead, pi, lambda stay=stay: solve(stay.T, rho), gamma)
            pi = softmax(start, logits)


DIRECTIONS = {
    "natural": lambda ahead, pi, visits, gamma: ahead / (1 - gamma),
    "vanilla": lambda ahead, pi, visits, gamma: visits()[:, None] * pi * (ahead - (pi * ahead).sum(axis=-1)[:, None]),
}


def _softmax(start, logits, exp=np.exp):
    weights = start * exp(logits - logits.max(axis=-1)[:, None])  # softmax is invariant to shifts of a row
    return weights / weights.sum(axis=-1)[:, None]


# ---- numpy arrays of balls
def _softmax_of_balls(start, logits):
    return _PROBABILITY(_softmax(start, logits, _EXP))


def _probability(x):
    """The ball, replaced by [0, 1] if its radius is at least 1."""
    from flint import arb

    return x if x.rad() < 1 else arb(0).union(arb(1))


_EXP, _PROBABILITY = (np.vectorize(f, otypes=[object]) for f in (lambda x: x.exp(), _probability))


def _solve(A, b, most):
    """Solution of A x = b with A or A' equal to I - gamma P, so |x|_max <= |b|_1 * `most`, `most` = 1/(1 - gamma)."""
    from flint import arb_mat

    try:
        return np.array(arb_mat(*A.shape, list(A.ravel())).solve(arb_mat(len(b), 1, list(b))).entries(), dtype=object)
    except ZeroDivisionError:  # the balls are too wide to prove A invertible
        size = sum(abs(b)) * most
        return np.array([(-size).union(size)] * len(b), dtype=object)
