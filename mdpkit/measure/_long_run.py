"""Markov chain induced by a policy, for the average-reward criterion."""

import numpy as np

from ..base.interval import interval
from ..base.mode import proposing
from ..base.tolerance import gamma
from ..exact.chain import chain, mean
from ..model.policy import tabular
from ._known import enclose, law, step_roundings

SQUARINGS, SETTLED = 20, 1e-12
"""While proposing, the limiting matrix is the 2^20th power of the lazy chain if one more step changes it by no more."""


def long_run(problem, policy):
    """The induced Markov chain on states and the expected one-step reward `[s]`, an Interval in every mode."""
    policy = tabular(problem, policy)
    table = policy.table
    support = chain_matrix(problem, np.asarray(table > 0, dtype=float), problem.P != 0)
    reward = interval((law(policy, "table") * enclose(problem.r)).sum(axis=1))
    return chain(chain_matrix(problem, table, problem.P), support, gamma(step_roundings(problem, policy) + 4)), reward


class ProposedChain:
    """Gain, bias and deviation matrix of a chain in plain floats, for populations of dense chains.

    The lazy chain (I + P) / 2 has the same limiting matrix P*, to which its powers converge. Chains
    that take more than some ten thousand steps to settle are left out: their numbers are NaN.
    """

    def __init__(self, problem, policy):
        policy = tabular(problem, policy)
        self.P = chain_matrix(problem, policy.table, problem.P)
        self.reward = (policy.table * problem.r).sum(axis=1)
        self.identity = np.eye(problem.S)
        self.limit = (self.P + self.identity) / 2
        for _ in range(SQUARINGS):
            self.limit = self.limit @ self.limit
            self.limit = self.limit / self.limit.sum(axis=-1)[:, None]
        moved = abs(self.limit @ self.P - self.limit).max()
        self.limit = np.where(moved <= SETTLED, self.limit, np.nan)

    def gain(self, reward):
        return self.limit @ reward

    def bias(self, reward):
        return np.linalg.solve(self.identity - self.P + self.limit, reward - self.gain(reward))

    def deviation(self):
        return np.linalg.solve(self.identity - self.P + self.limit, self.identity - self.limit)


def answer(found):
    """`found` as a measure returns it: the Interval, or its midpoint while proposing."""
    return found.mid if proposing() else found


def average_gain(problem, policy):
    """J: the expected gain under the initial distribution."""
    states, reward = long_run(problem, policy)
    return answer(mean(interval(law(problem, "rho")), states.gain(reward)))


def stationary_law(problem, policy):
    """Long-run state distribution from the initial distribution, `[s]`."""
    states, _ = long_run(problem, policy)
    return answer(states.stationary(interval(law(problem, "rho"))))


def gain_and_bias(problem, policy):
    """Gain and bias of the policy, `[s]` each."""
    states, reward = long_run(problem, policy)
    return answer(states.gain(reward)), answer(states.bias(reward))


def chain_matrix(problem, table, P):
    """Transition matrix P_pi[s,n] of the policy; dense, or CSR if P is sparse."""
    if not problem.sparse:
        return (table[:, :, None] * P).sum(axis=1)
    import scipy.sparse

    S, A = table.shape
    mix = scipy.sparse.csr_array((table.ravel(), np.arange(S * A), np.arange(0, S * A + 1, A)), shape=(S, S * A))
    return mix @ P
