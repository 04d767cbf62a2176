"""Average reward by end components: optimal gain in each, and optimal movement between them.

Within an end component every state can be reached from every other, so all have the same optimal gain. Every policy
eventually stays in end components. Contracting each to one node, in which one may stop for its gain, leaves a stopping
problem in which every policy stops with probability 1; policy iteration solves it.
"""

from functools import cached_property

import numpy as np

from ..base.tolerance import UNIT, gamma
from ..exact.chain import factorise
from ..model.mdp import row_facts
from .end_components import end_components
from .properness import steps_towards
from .sweep import SparseSweep


class Components:
    """A float Average problem decomposed into end components.

    Args: problem: an MDP of floats, dense or sparse.

    rows: P as CSR `[s*A+a, n]`. step: the sweep over the states `members` that lie in components, by their actions that
    stay there. moves: indices s*A+a of all other available actions.
    """

    def __init__(self, problem):
        from scipy.sparse import csr_array

        self.problem, self.S, self.A = problem, problem.S, problem.A
        self.rows = problem.P if problem.sparse else csr_array(problem.P.reshape(-1, self.S))
        self.label, self.inner = end_components(problem.available, self.rows)
        self.members, self.count = np.flatnonzero(self.label >= 0), int(self.label.max()) + 1
        self.own = self.label[self.members]
        self.longest = int(np.diff(self.rows.indptr).max(initial=1))
        mask = None if self.inner[self.members].all() else self.inner[self.members]
        pairs = (self.members[:, None] * self.A + np.arange(self.A)).ravel()
        stay = self.rows[pairs][:, self.members].tocsr()
        stay.sort_indices()
        facts = row_facts(stay, mask)._replace(longest=self.longest)
        self.step = SparseSweep(stay, np.ascontiguousarray(problem.r[self.members]), 1.0, mask, facts)
        self.moves = np.flatnonzero((problem.available & ~self.inner).ravel())

    def extremes(self, change):
        """Smallest and largest change in each component."""
        low, high = np.full(self.count, np.inf), np.full(self.count, -np.inf)
        np.minimum.at(low, self.own, change)
        np.maximum.at(high, self.own, change)
        return low, high

    @cached_property
    def rate(self):
        """Relative error of a computed expectation over a row, the input's included: see Rounding."""
        return gamma(self.longest + 16 + 2 * self.problem.defect / UNIT)

    @cached_property
    def nodes(self):
        """`[s]`: the component, or a separate node for each other state."""
        others = self.label < 0
        return np.where(others, self.count + np.cumsum(others) - 1, self.label)

    @cached_property
    def between(self):
        """Transition probabilities of the moves between nodes."""
        from scipy.sparse import csr_array

        joined = csr_array(
            (np.ones(self.S), (np.arange(self.S), self.nodes)), shape=(self.S, int(self.nodes.max()) + 1)
        )
        return self.rows[self.moves] @ joined

    def best_total(self, stay, move):
        """Maximum expected total per node, and the row of `moves` that each node plays, -1 where it stops.

        Rewards are `stay[component]` on stopping and `move` per move. NaN where float64 does not suffice.
        """
        starts, N = self.nodes[self.moves // self.A], int(self.nodes.max()) + 1
        first = np.full(N, -1)
        first[starts[::-1]] = np.arange(len(starts))[::-1]
        choice = np.where(np.arange(N) < self.count, -1, first)
        ending, met = np.concatenate([stay, np.full(N - self.count, -np.inf)]), set()
        while True:
            met.add(choice.tobytes())
            x = self._total(choice, ending, move)
            q = move + self.between @ x
            best = np.full(N, -np.inf)
            np.maximum.at(best, starts, q)
            pick = np.full(N, -1)
            top = np.flatnonzero(q == best[starts])
            pick[starts[top][::-1]] = top[::-1]
            pick, best = np.where(ending >= best, -1, pick), np.maximum(best, ending)
            better = best > x + 4 * self.rate * (np.abs(x).max() + move)
            improved = np.where(better, pick, choice)
            if improved.tobytes() in met:  # the same one, or rounding leads round in a circle
                return x, choice
            choice = improved

    def _total(self, choice, ending, move):
        going = np.flatnonzero(choice >= 0)
        x = np.where(choice >= 0, 0.0, ending)
        if len(going):
            law = self.between[choice[going]]
            x[going] = factorise(law[:, going])(move + law @ x)
        return x

    def towards(self, s):
        """`[s]`: inner action on a shortest path to s within its component; -1 elsewhere."""
        owner = np.repeat(np.arange(self.S), self.A)
        pairs = steps_towards(owner, self.rows, np.arange(self.S) == s, self.inner.ravel())
        return np.where(pairs >= 0, pairs % self.A, -1)

    def arrival(self, pairs, final):
        """`[s]`: expected number of steps until a policy that plays `pairs` reaches the `final` states."""
        time, going = np.zeros(self.S), np.flatnonzero(~final)
        if len(going):
            time[going] = factorise(self.rows[pairs[going]][:, going])(np.ones(len(going)))
        return time
