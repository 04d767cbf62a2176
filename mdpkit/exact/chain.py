"""Gains, biases and stationary distributions of finite Markov chains, via one home state per recurrent class.

From every state some home state is reached with probability 1, so with Q the transition matrix restricted to the other
states, I - Q is invertible, and entry (s, n) of its inverse is the expected number of visits to n before a home state.
Gains, biases, stationary distributions and absorption probabilities all solve equations with this one matrix, including
for transient states and periodic classes.
Source: adapted from Kemeny and Snell, Finite Markov Chains, 1960;
    Puterman, 1994, Appendix A.
"""

from functools import cached_property

import numpy as np

from ..base.arrays import is_exact
from ..base.interval import Interval
from ..base.mixing import mix
from ..base.tolerance import UNDERFLOW, UNIT
from .linear import solve_linear


def recurrent_classes(support) -> np.ndarray:
    """Index of every state's recurrent class, `[s]`; -1 for transient states.

    Args: support: `[s,n]`, dense or CSR, nonzero where the transition from s to n is possible.

    >>> recurrent_classes(np.array([[1, 1, 0], [0, 0, 1], [0, 1, 0]])).tolist()
    [-1, 0, 0]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    edges = csr_array(support, dtype=float).tocoo()
    count, component = connected_components(edges, directed=True, connection="strong")
    leaves = component[edges.row] != component[edges.col]
    closed = np.ones(count, dtype=bool)
    closed[component[edges.row[leaves]]] = False
    number = np.where(closed, np.cumsum(closed) - 1, -1)
    return number[component]


def mean(weights, values):
    """Mean of an Interval `values[s]` under the distribution `weights[s]`, an Interval whose true entries sum to 1."""
    if not np.isfinite(values.width):
        return (weights * values).sum()
    centre = values.lower[0] if values.exact else values.mid.min() / 2 + values.mid.max() / 2
    return (weights * (values - centre)).sum() + centre


def chain(P, support, rate=0.0):
    """The Markov chain with transition matrix P[s,n]: rational, or float64 (dense or CSR) with error bounds.

    Args: support: possible transitions, which a float P may have lost by underflow. rate: relative error bound of
        computed sums of entries of P times nonnegative numbers, including the rounding of P.
    """
    return RationalChain(P, support) if is_exact(P) else FloatChain(P, support, rate)


class Chain:
    """Base of rational and float chains; results are Intervals, of zero width for rationals."""

    def __init__(self, P, support):
        self.P, self.S, self.label = P, P.shape[0], recurrent_classes(support)
        self.classes = int(self.label.max()) + 1
        self._settle([int(np.argmax(self.label == c)) for c in range(self.classes)])

    def _settle(self, homes):
        self.home = np.asarray(homes)
        self.off = np.setdiff1d(np.arange(self.S), self.home)

    def spread(self, values):
        """Expectation of `values`, one per recurrent class, at the class in which the chain is absorbed, `[s]`."""
        if self.classes == 1 or (self.label >= 0).all():
            return values[np.maximum(self.label, 0)]
        centre = values.lower[0] if np.isfinite(values.width) else 0
        beyond = self._join(values - centre, self.expected_reward(self._entry_values(values - centre))) + centre
        return self._where(self.label >= 0, values[np.maximum(self.label, 0)], beyond)

    def gain(self, reward):
        """Gain (long-run mean reward) for an Interval `reward[s]`, `[s]`."""
        return self.spread(self.class_gains(reward))

    def bias(self, reward):
        """Bias `[s]`: the solution h of gain + h = reward + P h with stationary mean 0 in every class.

        It is the limit (Cesaro limit, if periodic) of the expected total reward in excess of the gain.
        """
        relative = self.relative(reward, self.gain(reward))
        return relative - self.gain(relative)

    def relative(self, reward, gain):
        """The solution h of gain + h = reward + P h that is 0 at every home state, `[s]`."""
        return self._join(Interval([0] * self.classes), self.expected_reward((reward - gain)[self.off]))

    def stationary(self, start):
        """Long-run fraction of time in each state from the initial distribution `start`, an Interval, `[s]`."""
        visits = self._join(Interval([1] * self.classes), self.expected_visits(self._returning()))
        total = visits * 0
        for c, one in enumerate(np.eye(self.classes, dtype=int)):
            members = self.label == c
            share = mean(start, self.spread(Interval(one)))
            total = total + visits * members.astype(int) * (share / visits[members].sum())
        return total


class RationalChain(Chain):
    """Chain with rational transition probabilities, solved exactly."""

    def class_gains(self, reward):
        """The gain of each recurrent class, in the order of their indices."""
        paid, time = self.expected_reward(reward[self.off]), self.expected_reward(Interval([1] * len(self.off)))
        rows = self.P[np.ix_(self.home, self.off)]
        return (reward[self.home] + Interval(rows @ paid.lower)) / (Interval(rows @ time.lower) + 1)

    def expected_reward(self, reward):
        """Expected total reward before a home state is reached, `[off]`."""
        return Interval(solve_linear(self._matrix, reward.lower)) if len(self.off) else reward

    def expected_visits(self, start):
        """Expected visits before a home state is reached, from the initial weights `start`, `[off]`."""
        return Interval(solve_linear(self._matrix.T, start.lower)) if len(self.off) else start

    @cached_property
    def _matrix(self):
        return np.eye(len(self.off), dtype=int) - self.P[np.ix_(self.off, self.off)]

    def _entry_values(self, values):
        return Interval(self.P[np.ix_(self.off, self.home)] @ values.lower)

    def _returning(self):
        return Interval(self.P[np.ix_(self.home, self.off)].sum(axis=0))

    def _join(self, at_home, elsewhere):
        whole = np.empty(self.S, dtype=object)
        whole[self.home], whole[self.off] = at_home.lower, elsewhere.lower
        return Interval(whole)

    def _where(self, condition, a, b):
        return Interval(np.where(condition, a.lower, b.lower))


class FloatChain(Chain):
    """Chain with float64 transition probabilities and rigorous error bounds.

    If t >= 0 and t >= 1 + Q t entrywise, then |x - w| <= t max |residual| for the solution of x = c + Q x and any w; in
    the transposed system every entry is in error by at most the sum of t |residual|. A gain lies between the extremes
    of r + P h - h for any h.

    If no such t is found in float64, the ends are infinite. The home states are the most visited ones.
    """

    def __init__(self, P, support, rate):
        self.rate = rate
        super().__init__(P, support)
        self._settle([int(np.argmax(np.where(self.label == c, self._visits, -1))) for c in range(self.classes)])

    def _settle(self, homes):
        super()._settle(homes)
        self.Q, self.entering = self.P[self.off][:, self.off], self.P[self.off][:, self.home]
        self.solved = factorise(self.Q)
        returning = np.asarray(self.P[self.home][:, self.off].sum(axis=0)).ravel()
        self._visits = np.ones(self.S)
        self._visits[self.off] = np.maximum(np.nan_to_num(self.solved(returning, True)), 0)
        time = self.solved(np.ones(len(self.off)))
        ahead = self.Q @ time
        with np.errstate(invalid="ignore", over="ignore"):
            least = (time - ahead - self.rate * (2 * ahead + time) - UNDERFLOW).min(initial=1)
            # in floats the spectral radius of Q may exceed 1: the solution then has negative entries and gives no bound
            bounds = least > 0 and np.isfinite(time).all() and (time >= 0).all()
            self.time = np.nextafter(time / least, np.inf) if bounds else np.full(len(time), np.inf)
        self.returning = returning

    @np.errstate(over="ignore", invalid="ignore")
    def class_gains(self, reward):
        """The gain of each recurrent class, in the order of their indices."""
        middle, rows = reward.mid, [np.flatnonzero(self.label == c) for c in range(self.classes)]
        means = [self._visits[row] @ middle[row] / self._visits[row].sum() for row in rows]
        h = np.zeros(self.S)
        h[self.off] = np.nan_to_num(
            self.solved((middle - np.where(self.label < 0, 0, np.array(means)[self.label]))[self.off])
        )
        step = reward + (self._times(self.P, Interval(h, h, "float")) - h)
        return Interval([step.lower[row].min() for row in rows], [step.upper[row].max() for row in rows], "float")

    def expected_reward(self, reward):
        """Expected total reward before a home state is reached, `[off]`."""
        return self._around(reward, self.solved(reward.mid), self.Q, lambda off: off.max(initial=0) * self.time)

    def expected_visits(self, start):
        """Expected visits before a home state is reached, from the initial weights `start`, `[off]`."""
        found = self._around(
            start, self.solved(start.mid, True), self.Q.T, lambda off: np.full(len(off), off @ self.time)
        )
        return Interval(np.maximum(found.lower, 0), found.upper, "float")

    def _around(self, right, w, matrix, error):
        """Enclosure around w of the solution of x = right + matrix x; `error` maps |residual| to a bound on |x - w|."""
        if not (np.isfinite(w).all() and np.isfinite(self.time).all()):
            return Interval(np.full(len(w), -np.inf), np.full(len(w), np.inf), "float")
        w = Interval(w, w, "float")
        with np.errstate(over="ignore"):
            hidden = error(abs(right + self._times(matrix, w) - w).upper) * (1 + (len(self.off) + 8) * 2 * UNIT)
        return w + Interval(-hidden, hidden, "float")

    def _times(self, matrix, x):
        """matrix @ x with its rounding error, for nonnegative matrices."""
        return mix(matrix, x, self.rate)

    def _entry_values(self, values):
        return self._times(self.entering, values.enclose())

    def _returning(self):
        size = 2 * self.rate * self.returning + UNDERFLOW
        return Interval(self.returning, None, "float") + Interval(-size, size, "float")

    def _join(self, at_home, elsewhere):
        ends = np.empty((2, self.S))
        for part, known in ((self.home, at_home.enclose()), (self.off, elsewhere.enclose())):
            ends[0, part], ends[1, part] = known.lower, known.upper
        return Interval(*ends, "float")

    def _where(self, condition, a, b):
        a, b = a.enclose(), b.enclose()
        return Interval(np.where(condition, a.lower, b.lower), np.where(condition, a.upper, b.upper), "float")


def factorise(Q):
    """Solver solved(c, transpose=False) of x = c + Q x or its transpose, up to rounding; NaN if singular in float64."""
    if Q.shape[0] == 0:
        return lambda c, transpose=False: c
    if not hasattr(Q, "tocsr"):
        from scipy.linalg.lapack import dgetrf, dgetrs

        factors, pivots, singular = dgetrf(np.eye(len(Q)) - Q)
        return lambda c, transpose=False: (
            dgetrs(factors, pivots, c, trans=int(transpose))[0] if not singular else np.full(len(c), np.nan)
        )
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    try:
        sparse = splu((eye_array(Q.shape[0]) - Q).tocsc())
    except RuntimeError:  # exactly singular
        return lambda c, transpose=False: np.full(len(c), np.nan)
    return lambda c, transpose=False: sparse.solve(c, "T" if transpose else "N")
