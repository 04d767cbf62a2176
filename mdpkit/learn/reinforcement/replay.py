"""Exact law of Q-learning that replays a demonstration beside its own experience, in small deterministic problems."""

from collections import defaultdict

import numpy as np

from ...base.arrays import objects, rational
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.record import expect_counts
from ...base.types import Number
from ...exact.infinite import INFINITY
from ...exact.linear import solve_linear
from ...measure import optimal_value
from ...model.horizon import Finite
from ...model.mdp import MDP


def expected_episodes(problem: MDP, source: MDP, share: Number, updates: int = 1, initial: Number = 0) -> Interval:
    """Expected number of episodes until every greedy policy of the learner is optimal; infinity if it may never be.

    An episode is played greedily from the start, ties broken uniformly, and stops in a terminal state, in which every
    action stays and pays 0. Then Q(s,a) is set `updates` times to r + max_b Q(s',b), Q being 0 in terminal states, at
    step t of an episode, where t is uniform on 0..H-1: of the demonstration with probability `share`, of the episode
    just played otherwise. A step after the episode's end changes nothing. The states of the chain are the tables Q.

    Args:
        problem: rational, deterministic, with a finite horizon, stationary, one start, in which a state is entered at
            one step only.
        source: the problem in which the demonstration is recorded: an optimal episode, ties to the first action.
        share: probability of the demonstration, in [0, 1].
        updates: replayed transitions per episode.
        initial: first value of every action in states that are not terminal.

    Raises: InvalidModel for another problem or argument.
    Source: adapted from Ball, Smith, Kostrikov and Levine, 2023.

    >>> P, r, rho = objects([[[0, 1]] * 2] * 2), objects([[1, 0], [0, 0]]), objects([1, 0])
    >>> arms = MDP(P, r, rho, horizon=Finite(1))
    >>> expected_episodes(arms, arms, share=1), expected_episodes(arms, arms, share=0)
    (Interval(1, exact), Interval(2, exact))
    """
    for each in (problem, source):
        _expect_deterministic(each)
    expect_counts(updates=updates)
    share = rational(share)
    if not 0 <= share <= 1:
        raise InvalidModel(f"share is {share}; expected a probability")
    shown = list(_Plays(source).best())
    learner = _Plays(problem)
    start = tuple(
        tuple(rational(0) if s in learner.terminal else rational(initial) for _ in range(problem.A))
        for s in range(problem.S)
    )
    number, rows = {start: 0}, []
    waiting = [start]
    for Q in waiting:
        row = {} if learner.optimal(Q) else _law_after(learner, Q, shown, share, updates)
        for Q_next in row:
            if Q_next not in number:
                number[Q_next] = len(number)
                waiting.append(Q_next)
        rows.append({number[Q_next]: chance for Q_next, chance in row.items()})
    return _mean_time(rows)


def _mean_time(rows):
    """Expected time from state 0 to the states with an empty row; infinity if it may never be reached."""
    open_ones = [i for i, row in enumerate(rows) if row]
    if not open_ones:
        return Interval(objects(0))
    ends = {i for i, row in enumerate(rows) if not row}
    reaches = set(ends)
    while True:
        more = {i for i in open_ones if i not in reaches and any(n in reaches for n in rows[i])}
        if not more:
            break
        reaches |= more
    if len(reaches) < len(rows):
        return Interval(objects(INFINITY))
    place = {i: k for k, i in enumerate(open_ones)}
    matrix = objects(np.eye(len(open_ones), dtype=int))
    for i in open_ones:
        for n, chance in rows[i].items():
            if n in place:
                matrix[place[i], place[n]] -= chance
    return Interval(objects(solve_linear(matrix, objects([1] * len(open_ones)))[0]))


def _law_after(learner, Q, shown, share, updates):
    """Law of the table after an episode and its updates."""
    law = defaultdict(lambda: rational(0))
    for episode, chance in learner.plays(Q).items():
        now = {Q: chance}
        for _ in range(updates):
            after = defaultdict(lambda: rational(0))
            for table, mass in now.items():
                for steps, weight in ((shown, share), (episode, 1 - share)):
                    if weight != 0:
                        for t in range(learner.H):
                            changed = learner.update(table, *steps[t]) if t < len(steps) else table
                            after[changed] += mass * weight / learner.H
            now = after
        for table, mass in now.items():
            law[table] += mass
    return law


class _Plays:
    """Greedy episodes of a deterministic problem."""

    def __init__(self, problem):
        self.problem, self.H = problem, problem.horizon.H
        self.next, self.r = problem.P.argmax(axis=2), problem.r
        self.terminal = {
            s for s in range(problem.S) if (self.next[s] == s).all() and all(paid == 0 for paid in self.r[s])
        }
        self.start = int(np.flatnonzero(problem.rho)[0])
        self.most = optimal_value(problem).lower[0, self.start]
        self._expect_one_step_each()

    def _expect_one_step_each(self):
        """A table without a time index is enough, and episodes end in terminal states."""
        level, seen = {self.start} - self.terminal, set()
        for t in range(self.H + 1):
            if level & seen or (t == self.H and level):
                raise InvalidModel(
                    f"state {min(level & seen or level)} is entered at step {t}, and not terminal; expected states that "
                    f"are entered at one step only, and terminal ones at step {self.H}"
                )
            seen |= level
            level = {int(n) for s in level for n in self.next[s]} - self.terminal

    def plays(self, Q):
        """Episodes, as tuples of (state, action, reward, next state), with their probabilities."""
        open_ones, found = {(): rational(1)}, defaultdict(lambda: rational(0))
        for _ in range(self.H):
            longer = defaultdict(lambda: rational(0))
            for steps, chance in open_ones.items():
                s = steps[-1][3] if steps else self.start
                if s in self.terminal:
                    found[steps] += chance
                    continue
                ties = [a for a in range(self.problem.A) if Q[s][a] == max(Q[s])]
                for a in ties:
                    longer[(*steps, (s, a, self.r[s, a], int(self.next[s, a])))] += chance / len(ties)
            open_ones = longer
        for steps, chance in open_ones.items():
            found[steps] += chance
        return found

    def best(self):
        """The optimal episode, ties to the first action."""
        s, V = self.start, optimal_value(self.problem).lower
        for t in range(self.H):
            if s not in self.terminal:
                values = [self.r[s, a] + V[t + 1, self.next[s, a]] for a in range(self.problem.A)]
                a = values.index(max(values))
                yield s, a, self.r[s, a], int(self.next[s, a])
                s = int(self.next[s, a])

    def optimal(self, Q):
        """Whether every greedy episode has the highest return."""
        return all(sum(step[2] for step in steps) == self.most for steps in self.plays(Q))

    def update(self, Q, s, a, paid, following):
        row = (*Q[s][:a], paid + max(Q[following]), *Q[s][a + 1 :])
        return (*Q[:s], row, *Q[s + 1 :])


def _expect_deterministic(problem):
    if not (isinstance(problem.horizon, Finite) and problem.exact and problem.P.ndim == 3 and problem.r.ndim == 2):
        raise InvalidModel(f"{problem!r} is not a stationary rational problem with a finite horizon")
    if any(entry not in (0, 1) for array in (problem.P, problem.rho) for entry in array.ravel()):
        raise InvalidModel(f"{problem!r} is random; expected deterministic transitions and a single start")
