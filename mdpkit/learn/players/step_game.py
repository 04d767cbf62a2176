"""The game of one step: a mixture of decision rules against a class of rewards, as a linear program."""

import numpy as np

from ...base.arrays import floats, is_exact, like, zeros
from ...base.errors import InvalidModel, NotSolved
from ...exact.lp import LinearProgram, optimise
from .rewards import BoxRewards, FiniteRewards, LinearRewards


class RewardValues:
    """Action values of a basis of a reward class under the policy of later steps, backed up step by step.

    The basis of a FiniteRewards is its list, of a LinearRewards its features, of a BoxRewards its single entries.

    Args: rewards: the class, in the shape of occupancies. shape: (H, S, A). pattern: an array of the number kind.
    Raises: InvalidModel for another class.
    """

    def __init__(self, rewards, shape, pattern):
        self.finite = isinstance(rewards, FiniteRewards)
        if self.finite:
            basis = rewards.rewards
        elif isinstance(rewards, LinearRewards):
            basis = rewards.features
        elif isinstance(rewards, BoxRewards):
            size = int(np.prod(shape))
            basis = like(np.eye(size, dtype=int).reshape(size, *shape), pattern)
        else:
            raise InvalidModel(
                f"rewards is a {type(rewards).__name__}; the game of a step is solved for FiniteRewards, BoxRewards "
                "and LinearRewards"
            )
        self.basis = np.broadcast_to(basis if basis.ndim == 4 else basis[:, None], (len(basis), *shape))
        self.lower, self.upper = (None, None) if self.finite else (rewards.lower.ravel(), rewards.upper.ravel())
        self.V = zeros((len(basis), shape[1]), pattern)

    def at_step(self, t, P):
        """Q[k,s,a] at step t, for transitions P[s,a,n] (or sparse rows)."""
        S, A = self.basis.shape[2:]
        return self.basis[:, t] + np.stack([(P @ V).reshape(S, A) for V in self.V])

    def follow(self, rule, Q):
        """Continue to the step before, with the decision rule of this step."""
        self.V = (rule * Q).sum(axis=-1)

    def payoff(self, target, values, groups):
        """min over x of sup over the class of the game with moments `target[k] - values[k,j] x[j]`, and a minimiser x.

        Args: groups: `groups[g,j]`, 1 where variable j belongs to the distribution g; each sums to 1.
        Raises: NotSolved if floating-point linear programming fails.
        """
        count = values.shape[1]
        one, none = (lambda *shape: like(np.ones(shape, dtype=int), values)), (lambda *shape: zeros(shape, values))
        if self.finite:  # minimise v >= target - values x, v = v+ - v-
            K = len(target)
            c = np.concatenate([none(count), -one(1), one(1)])
            A = np.concatenate([-values, -one(K, 1), one(K, 1)], axis=1)
            b, constant = -target, none(1)[0]
        else:  # sup over a box = lower y + (upper - lower) max(y, 0), y = target - values x
            live = np.flatnonzero(np.asarray((values != 0).any(axis=1)) | np.asarray(target != 0))
            values, target, lower = values[live], target[live], self.lower[live]
            K, span = len(live), self.upper[live] - lower
            c = np.concatenate([lower @ values, -span])
            A = np.concatenate([-values, -like(np.eye(K, dtype=int), values)], axis=1)
            b, constant = -target, (lower * target).sum()
        E = np.concatenate([groups, none(len(groups), len(c) - count)], axis=1)
        x = _maximise(c, A, b, E, one(len(groups)))
        return constant - (c * x).sum(), x[:count]


def solve_step(values, Q, expert, rules, actions, table):
    """Value of the game of one step in units of Q, and the decision rule `[s,a]` of minimal supremum.

    Args:
        values: RewardValues. Q: `[k,s,a]` of its basis. expert: occupancy `[s,a]` of the expert at the step.
        rules: decision rules `[j,s,a]`, of which mixtures are played, or None for all rules. actions: the mask `[s,a]`.
        table: rule `[s,a]` played at states without mass if all rules are allowed.
    """
    states, target = expert.sum(axis=-1), (Q * expert).sum(axis=(1, 2))
    weighted = states[:, None] * Q
    if rules is not None:
        moments = np.stack([(weighted * rule).sum(axis=(1, 2)) for rule in rules], axis=1)
        value, x = values.payoff(target, moments, like(np.ones((1, len(rules)), dtype=int), Q))
        return value, (x[:, None, None] * rules).sum(axis=0)
    s, a = np.nonzero(actions & np.asarray(states > 0)[:, None])
    reached, row = np.unique(s, return_inverse=True)
    groups = like((np.arange(len(reached))[:, None] == row).astype(int), Q)
    value, x = values.payoff(target, weighted[:, s, a], groups)
    rule = table.copy()
    rule[reached] = zeros(rule[reached].shape, Q)
    rule[s, a] = x
    return value, rule


def _maximise(c, A, b, E, f):
    """A maximiser of c x over x >= 0 with A x <= b, E x = f: exact for rationals, by HiGHS for floats."""
    if is_exact(c):
        return optimise(LinearProgram(c, A, b, E, f)).x
    from scipy.optimize import linprog

    found = linprog(-floats(c), floats(A), floats(b), floats(E), floats(f), method="highs")
    if found.status != 0:
        raise NotSolved(f"the linear program of a step was not solved: {found.message}")
    x, groups = np.maximum(found.x, 0), np.asarray(E)
    for group in groups:  # rounding of the solver: each distribution sums to 1
        x[group > 0] /= x[group > 0].sum()
    return x
