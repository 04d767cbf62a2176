"""Total-reward problems: proper policies, unbounded totals, and the contraction of zero-reward end components.

A policy is proper if with probability 1 it ends in states where it collects no more reward. The optimum is over proper
policies. It is finite unless an end component has a positive gain, since a policy may stay there for as long as it
likes and then leave.
Source: adapted from Bertsekas and Tsitsiklis, 1991; de Alfaro, 1997; Baier, Klein, Leuschner, Parker and Wunderlich,
    2017.
"""

from functools import cached_property

import numpy as np

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.tolerance import UNDERFLOW, UNIT, gamma
from ..exact.certificate import OptimalityCertificate
from ..exact.infinite import INFINITY
from ..model.horizon import Average
from ..model.mdp import MDP
from .bounds import deterministic
from .end_components import end_components
from .multichain_policy_iteration import MultichainPolicyIteration
from .properness import closed_under, free_pairs, paths_towards, stay_for_ever, steps_towards, surely_reach, transitions
from .relative_value_iteration import RelativeValueIteration
from .solution import Solution, Status, judge
from .transient import TransientChain

COARSE = 1e-9
"""Relative width of the gains that decide, on floats, whether the total reward is unbounded."""


class TotalReward:
    """The graph of a total-reward problem.

    Args: problem: a stationary MDP. target: states in which a policy must end; by default anywhere where it collects no
        more reward.

    edges: the possible transitions, `[s*A+a, n]`. goal: `[s]`, where a policy may rest. proper: `[s]`, from where some
    policy is proper. allowed: `[s,a]`, the actions that stay among those states.
    Raises: InvalidModel if one may leave the target, or collect a reward there.
    """

    def __init__(self, problem, target=None):
        self.problem, self.target = problem, target
        self.edges, self.free = transitions(problem), free_pairs(problem)
        if target is None:
            self.goal = stay_for_ever(self.free, self.edges)
        else:
            self.goal = as_states(target, problem.S)
            for s in np.flatnonzero(self.goal):
                if not (closed_under(self.free, self.edges, self.goal)[s] == problem.available[s]).all():
                    raise InvalidModel(
                        f"the target state {s} can be left or pays a reward; expected an absorbing target that pays 0"
                    )
        self.proper = surely_reach(problem.available, self.edges, self.goal)
        self.allowed = closed_under(problem.available, self.edges, self.proper)

    @property
    def improper(self) -> np.ndarray:
        """The states from which no policy is proper."""
        return np.flatnonzero(~self.proper)

    @cached_property
    def endless(self) -> np.ndarray:
        """States of end components whose gain is proved to be positive, so that the total reward is unbounded."""
        available = self.problem.available if self.target is None else self.allowed
        paying = available & np.asarray(self.problem.r > 0, dtype=bool)
        if not paying.any():
            return np.flatnonzero(paying)
        label, inner = end_components(available, self.edges)
        paying &= inner
        members = np.flatnonzero(np.isin(label, np.unique(label[paying.any(axis=1)])))
        if not paying.any():
            return members
        parts = _restrict(self.problem, members, inner)
        return members[np.asarray(_gain(parts).lower > 0, dtype=bool)]

    def shortfall(self) -> str:
        """Sentence that names the states without a finite optimum."""
        if len(self.endless):
            return f"; in {name_states(self.problem, self.endless)} a policy has a positive long-run mean reward"
        if len(self.improper):
            where = name_states(self.problem, self.improper)
            return f"; from {where} no policy is proper: under each, rewards other than 0 may recur infinitely often"
        return ""

    def rest_actions(self) -> np.ndarray:
        """`[s]`: an action that pays 0 and stays in the goal; -1 elsewhere."""
        resting = closed_under(self.free, self.edges, self.goal)
        return np.where(resting.any(axis=1), resting.argmax(axis=1), -1)

    def a_proper_choice(self) -> np.ndarray:
        """`[s]`: rest in the goal, elsewhere a shortest path to it; the first existing action where none is proper."""
        A = self.problem.A
        owner = np.repeat(np.arange(self.problem.S), A)
        pairs = steps_towards(owner, self.edges, self.goal, self.allowed.ravel())
        choice = np.where(pairs >= 0, pairs % A, self.problem.available.argmax(axis=1))
        return np.where(self.goal, self.rest_actions(), choice)

    def has_rest(self, choice) -> tuple[np.ndarray, bool]:
        """The states `[s]` where a deterministic policy rests, and whether it is proper from every proper state."""
        S, A = self.problem.r.shape
        own = np.arange(S) * A + choice
        steps, free = self.edges[own], self.free[np.arange(S), choice] & (self.goal | (self.target is None))
        rest = stay_for_ever(free[:, None], steps)
        reached = rest | (steps_towards(np.arange(S), steps, rest) >= 0)
        inside = self.allowed[np.arange(S), choice] | ~self.proper
        return rest, bool(inside.all() and reached[self.proper].all())

    def refusal(self, method, used=0) -> Solution | None:
        """The Solution where no optimum is finite: UNBOUNDED; None if there is none."""
        if not len(self.endless):
            return None
        policy = deterministic(self.problem, self.a_proper_choice())
        return Solution(self.problem, method, Status.UNBOUNDED, policy, None, used)


class Contraction:
    """A float problem with each zero-reward end component contracted to one node, in which one may stop for 0.

    Args: total: a TotalReward whose problem is of floats.

    Every end component that is left pays a nonzero reward. rows: CSR `[row, node]`, sorted by node; a row without
    entries stops. pay: `[row]`. node: `[s]`, -1 where no policy is proper. pairs: `[row]`, the index s*A+a, -1 to stop.
    """

    def __init__(self, total):
        from scipy.sparse import csr_array

        self.total, problem = total, total.problem
        S, A = problem.r.shape
        self.label, self.inner = end_components(total.free & total.allowed, total.edges)
        count, others = int(self.label.max(initial=-1)) + 1, total.proper & (self.label < 0)
        self.node = np.where(others, count + np.cumsum(others) - 1, self.label)
        self.N = count + int(others.sum())
        law = problem.P if problem.sparse else csr_array(problem.P.reshape(-1, S))
        moves = np.flatnonzero((total.allowed & ~self.inner).ravel())
        stops = np.unique(self.label[(self.label >= 0) & total.goal])
        owner = np.concatenate([self.node[moves // A], stops])
        order = np.argsort(owner, kind="stable")
        self.owner, self.pairs = owner[order], np.concatenate([moves, np.full(len(stops), -1)])[order]
        self.moving = self.pairs >= 0
        self.rows = self._join(law)
        self.pay = np.where(self.moving, problem.r.ravel()[self.pairs], 0.0)
        self.first = np.searchsorted(self.owner, np.arange(self.N))
        self._chain = None
        self.rate = gamma(2 * int(np.diff(law.indptr).max(initial=1)) + 16 + 2 * problem.defect / UNIT)

    def _join(self, law):
        """The rows `pairs` of the law, with nodes in place of states."""
        from scipy.sparse import csr_array

        lengths = np.where(self.moving, np.diff(law.indptr)[self.pairs], 0)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        where = np.repeat(law.indptr[self.pairs] - starts[:-1], lengths) + np.arange(starts[-1])
        rows = csr_array((law.data[where], self.node[law.indices[where]], starts), shape=(len(lengths), self.N))
        if len(self.node) > self.N:
            rows.sum_duplicates()
        return rows

    def values(self, x, shift=0.0) -> np.ndarray:
        """`[row]`: pay + shift + expected x, for a shift or one of each row; the rows that stop are not shifted."""
        return self.pay + np.where(self.moving, shift, 0.0) + self.rows @ x

    def error(self, x) -> np.ndarray:
        """`[row]`: bound on the error of `values(x)`, rounding of the input included."""
        moving = self.rate * (self.rows @ np.abs(x) + np.abs(self.pay)) + UNDERFLOW
        return np.where(self.moving, moving, 0.0)

    def best(self, q) -> np.ndarray:
        return np.maximum.reduceat(q, self.first) if self.N else q

    def pick(self, q) -> np.ndarray:
        """`[node]`: the first of its rows with the largest q."""
        top = np.flatnonzero(q == self.best(q)[self.owner])
        choice = np.zeros(self.N, dtype=np.int64)
        choice[self.owner[top[::-1]]] = top[::-1]
        return choice

    def shortest(self) -> np.ndarray:
        """`[node]`: stop where possible, elsewhere the row of a shortest path."""
        return self.paths()[0]

    def paths(self) -> tuple[np.ndarray, np.ndarray]:
        """`shortest()`, and the lengths of the paths."""
        stops = np.flatnonzero(~self.moving)
        ended = np.zeros(self.N, dtype=bool)
        ended[self.owner[stops]] = True
        choice, length, _ = paths_towards(self.owner, self.rows, ended)
        choice[self.owner[stops]] = stops
        return choice, length

    def is_proper(self, choice) -> bool:
        """Whether the rows `choice[node]` reach a stop from every node."""
        return self.order_if_proper(choice) is not None

    def order_if_proper(self, choice) -> np.ndarray | None:
        """The nodes in the order of their distance to a stop by the rows `choice[node]`; None if one has no path."""
        ended, allowed = ~self.moving[choice], np.zeros(len(self.pairs), dtype=bool)
        allowed[choice] = True
        step, _, order = paths_towards(self.owner, self.rows, ended, allowed)
        return order if (ended | (step >= 0)).all() else None

    def evaluate(self, choice, shift=0.0, guess=None) -> np.ndarray:
        """Total reward of a choice of rows, with a shift added to moves as in `values`; NaN if it is not found.

        Args: guess: `[node]`, values from which iterations start.
        """
        pay = (self.pay + np.where(self.moving, shift, 0.0))[choice]
        if self._chain is None or not np.array_equal(self._chain[0], choice):
            direct = self._chain is not None and self._chain[1].direct
            self._chain = choice.copy(), TransientChain(self.rows[choice], direct)
        return self._chain[1].solve(pay, guess)

    @property
    def is_large(self) -> bool:
        """Whether the choice evaluated last has equations that are solved by iterations alone."""
        return self._chain is not None and self._chain[1].is_large

    @property
    def is_direct(self) -> bool:
        """Whether the choice evaluated last has equations that are factorised."""
        return self._chain is not None and self._chain[1].direct

    def policy(self, choice) -> np.ndarray:
        """`[s]`: the actions of a choice of rows; inside a component, a shortest path to the chosen state."""
        problem, pairs = self.total.problem, self.pairs[choice]
        S, A = problem.r.shape
        action = np.where(self.inner.any(axis=1), self.inner.argmax(axis=1), problem.available.argmax(axis=1))
        leaving = pairs[pairs >= 0]
        chosen = np.zeros(S, dtype=bool)
        chosen[leaving // A] = True
        owner = np.repeat(np.arange(S), A)
        way = steps_towards(owner, self.total.edges, chosen, self.inner.ravel())
        action = np.where(way >= 0, way % A, action)
        action[leaving // A] = leaving % A
        return action

    def is_lower(self, x, choice) -> bool:
        """Whether x is proved to be at most the total reward of the choice, where that is proper."""
        return bool((x <= (self.values(x) - 2 * self.error(x))[choice]).all()) and self.is_proper(choice)

    def is_upper(self, x) -> bool:
        """Whether x is proved to be at least the total reward of every proper policy."""
        return bool((x >= self.best(self.values(x) + 2 * self.error(x))).all())

    def conclude(self, method, low, high, choice, tol, otherwise, used, given, sums=None) -> Solution:
        """The Solution with the proved bounds `low[node]` and `high[node]`.

        Args: sums: both as pairs of arrays whose exact sums they are, rounded outward.
        """
        inside, ends = self.node >= 0, np.full((2, len(self.node)), -np.inf)
        ends[0, inside], ends[1, inside] = low[self.node[inside]], high[self.node[inside]]
        value, policy = Interval(*ends, "float"), deterministic(given, self.policy(choice))
        finite = bool(np.isfinite(low).all() and np.isfinite(high).all())
        status = judge(value, tol, otherwise, np.zeros(1)) if finite else otherwise
        proof = None
        if finite and inside.all() and self.total.target is None:
            exact = [tuple(part[self.node] for part in pair) for pair in sums or ((low,), (high,))]
            proof = OptimalityCertificate(self.total.problem, policy.to_float(), *exact)
        if not inside.all():
            status = Status.INFEASIBLE
        return Solution(given, method, status, policy, value, used, proof)


def in_floats(problem) -> MDP:
    """The problem on floats.

    Raises: InvalidModel if a positive probability or a reward of a rational problem is 0 in float64.
    """
    if not problem.exact:
        return problem
    rounded = problem.to_float()
    for name in ("P", "r"):
        lost = np.asarray(getattr(problem, name) != 0, dtype=bool) & (getattr(rounded, name) == 0)
        if lost.any():
            where = ", ".join(str(i) for i in np.argwhere(lost)[0])
            raise InvalidModel(f"{name}[{where}] is too small for float64; solve with ProperPolicyIteration()")
    return rounded


def as_states(states, S) -> np.ndarray:
    """`[s]` booleans from booleans or from a list of indices.

    Raises: InvalidModel if an index is out of range, or no state is given.
    """
    given = np.asarray(states)
    if given.dtype == bool and given.shape == (S,):
        inside = given.copy()
    elif given.ndim <= 1 and given.size and given.dtype.kind in "iu" and given.min() >= 0 and given.max() < S:
        inside = np.zeros(S, dtype=bool)
        inside[given] = True
    else:
        raise InvalidModel(f"the states are {states!r}; expected indices from 0 to {S - 1}, or {S} booleans")
    if not inside.any():
        raise InvalidModel("the set of states is empty; expected at least one state")
    return inside


def name_states(problem, states, most=5) -> str:
    """The states in words, at most `most` of them.

    >>> name_states(MDP([[[1.0]]], [[0.0]], horizon=Average()), [0])
    'state 0'
    """
    names = problem.state_names or [str(s) for s in range(problem.S)]
    shown = ", ".join(names[s] for s in states[:most]) + (" and others" if len(states) > most else "")
    return f"state{'s' * (len(states) > 1)} {shown}"


def minus_infinity_outside(value, proper) -> Interval:
    """Rational values `[s]`, -infinity in states from which no policy is proper."""
    whole = objects(np.zeros(len(proper), dtype=int))
    whole[proper] = value
    whole[~proper] = -INFINITY
    return Interval(whole)


def _restrict(problem, members, inner) -> MDP:
    """The Average problem on some states, by actions that stay there."""
    A = problem.A
    if problem.sparse:
        P = problem.P[(members[:, None] * A + np.arange(A)).ravel()][:, members]
    else:
        P = problem.P[np.ix_(members, np.arange(A), members)]
    return MDP(P, problem.r[members], horizon=Average(), mask=inner[members])


def _gain(parts) -> Interval:
    if parts.exact:
        return MultichainPolicyIteration().run(parts, 0).gain
    size = float(np.abs(parts.r).max())
    before = RelativeValueIteration(sweeps=3000).run(parts, COARSE * size)
    if before.status is Status.SOLVED:
        return before.gain
    return MultichainPolicyIteration().run(parts, COARSE * size, before).gain
