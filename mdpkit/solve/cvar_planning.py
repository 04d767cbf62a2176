"""Conditional value at risk of the return over finite horizons."""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from flint import fmpq

from ..base.arrays import exactly, nearest, objects, zeros
from ..base.errors import ExactnessLost, InvalidModel
from ..base.interval import Interval
from ..base.tolerance import UNIT
from ..base.types import Number
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise
from ..model.policy import TabularPolicy
from ._expects import expects
from .solution import Solution, Status, judge


@dataclass(frozen=True)
class CVaRPlanning:
    """Maximise the conditional value at risk of the return G at a level: the mean of its worst `level` share.

    Args:
        level: in (0, 1]; 1 is the mean, and 0 would be the least return.
        grid: rewards are rounded down to multiples of this, so that few different sums occur; by default they are not.
        pairs: largest number of pairs of a state and a sum of rewards.

    For Finite problems. CVaR_level(G) = max_b b - E (b - G)^+ / level, where b may be restricted to possible returns;
    for every b a dynamic program over (step, state, sum of the rewards so far) minimises E (b - G)^+. The optimum is
    over all history-dependent policies, as judged at the first step (the criterion is not time-consistent); a Markov
    policy may do worse. It is attained by a deterministic policy of step, state and sum: `model` is the MDP whose
    states are those pairs, `policy` a Markov policy in it, and `measure.cvar(answer.model, answer.policy, level)` gives
    the value again. `value` is a scalar, from the initial distribution. Rational problems are solved exactly; with a
    grid the bounds are H grid apart, and floats are solved as the rationals they are, with bounds for their rounding.
    `iterations` is the number of returns b tried.
    Source: adapted from Bäuerle and Ott, 2011; Rockafellar and Uryasev, 2000.

    >>> coin = objects([[[0, "1/2", "1/2"], [0, 1, 0]], [[0, 1, 0]] * 2, [[0, 0, 1]] * 2])
    >>> play = MDP(coin, objects([[0, "1/4"], [0, 0], [1, 1]]), objects([1, 0, 0]), horizon=Finite(2))
    >>> [CVaRPlanning(level).run(play).value for level in ("1/2", 1)]
    [Interval(1/4, exact), Interval(1/2, exact)]
    """

    level: Number
    grid: Number | None = None
    pairs: int = 1000

    def __post_init__(self) -> None:
        expect_level(self.level)
        if self.grid is not None and not exact_number("grid", self.grid) > 0:
            raise InvalidModel(f"grid is {self.grid!r}; expected a number above 0")

    def advice(self, problem: MDP) -> str | None:
        """What a grid costs; None without one."""
        H = problem.horizon.H
        return None if self.grid is None else f"; a grid of {self.grid} leaves them {H} * {self.grid} apart"

    def run(self, problem: MDP, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used.

        Raises: InvalidModel if there are more pairs of a state and a sum than `pairs`.
        """
        expects(self, problem, MDP, Finite)
        level, H = expect_level(self.level), problem.horizon.H
        grid = None if self.grid is None else exact_number("grid", self.grid)
        walk = _Sums(problem, grid)
        reached = walk.reach()
        found = sorted({pair for step in reached for pair in step})
        if len(found) > self.pairs:
            raise InvalidModel(
                f"{len(found)} pairs of a state and a sum of rewards are reached; expected at most {self.pairs}: set "
                "`grid` to round the rewards, or raise `pairs`"
            )
        tries = sorted({total for _, total in reached[-1]})
        shortfall = _Shortfall(walk)
        gains = [b - sum(p * shortfall(0, s, b) for s, p in walk.start) / level for b in tries]
        best = max(range(len(tries)), key=lambda i: gains[i])
        model, policy = walk.expand(
            problem, found, reached, lambda t, s, total: shortfall.best[t, s, tries[best] - total]
        )
        lower = gains[best] * walk.unit
        upper = lower if grid is None else lower + H * grid
        value = enclose_return(problem, lower, upper, level)
        return Solution(
            problem, self, judge(value, tol, Status.FLOOR_REACHED, value.mid), policy, value, len(tries), model=model
        )


def expect_level(level):
    """The level as an exact number. Raises: InvalidModel unless it is in (0, 1]."""
    number = exact_number("level", level)
    if not 0 < number <= 1:
        raise InvalidModel(f"level is {level!r}; expected a number in (0, 1]")
    return number


def exact_number(name, given) -> fmpq:
    """A number as the rational it is. Raises: InvalidModel naming it if it is not a finite number."""
    try:
        return exactly(np.asarray(given, dtype=None if isinstance(given, float) else object))[()]
    except (TypeError, ValueError, OverflowError, ExactnessLost) as error:
        raise InvalidModel(f"{name} is {given!r}; expected a finite number") from error


def enclose_return(problem, lower, upper, level, policy=None) -> Interval:
    """Bounds on a CVaR that lies in [lower, upper] for the rationals that the problem's numbers are.

    Of a float problem whose numbers are meant up to rounding, the return changes by 2^-53 of each reward, and the law
    of the trajectory, in total variation, by 2^-52 for each draw of a state or action.
    """
    if problem.exact:
        return Interval(lower) if lower == upper else Interval(objects(lower), objects(upper), "enclosed")
    most, H = float(np.abs(problem.r).max()), problem.horizon.H
    slack = 2 * UNIT * H * most * (1 + 2 * (2 * H + 1) * H / nearest(level)) * (1 + 8 * UNIT)
    low, high = np.nextafter(nearest(lower), -np.inf) - slack, np.nextafter(nearest(upper), np.inf) + slack
    return Interval(np.nextafter(low, -np.inf), np.nextafter(high, np.inf), "float")


class _Sums:
    """Rewards as integers in units of `unit`, laws as lists of (next state, probability)."""

    def __init__(self, problem, grid=None):
        meant = problem if problem.exact else problem.to_exact()
        r = stepwise(meant.r, 2)
        if grid is not None:
            self.unit, self.r = grid, [[[int((x / grid).floor()) for x in row] for row in step] for step in r]
        else:
            below = lcm(*(int(x.q) for x in r.ravel()))
            self.unit, self.r = fmpq(1, below), [[[int(x * below) for x in row] for row in step] for step in r]
        self.H, self.actions = meant.horizon.H, [np.flatnonzero(row).tolist() for row in meant.available]
        self.laws = [
            [[[(n, p) for n, p in enumerate(law) if p != 0] for law in state] for state in step]
            for step in stepwise(meant.P, 3)
        ]
        self.start = [(s, p) for s, p in enumerate(meant.rho) if p != 0]
        self.states = range(meant.S)

    def step(self, t, s, a):
        """The reward, in units, and the law of the next state."""
        return self.r[t % len(self.r)][s][a], self.laws[t % len(self.laws)][s][a]

    def reach(self):
        """For t = 0..H the set of pairs (s, sum of rewards before t) that some policy reaches."""
        reached = [{(s, 0) for s, _ in self.start}]
        for t in range(self.H):
            following = set()
            for s, total in reached[-1]:
                for a in self.actions[s]:
                    reward, law = self.step(t, s, a)
                    following |= {(n, total + reward) for n, _ in law}
            reached.append(following)
        return reached

    def law_of_return(self, table):
        """{return in units: probability} under a policy `[s,a]` or `[t,s,a]` of rationals."""
        law, tables = {(s, 0): p for s, p in self.start}, stepwise(table, 2)
        for t in range(self.H):
            following = defaultdict(fmpq)
            for (s, total), mass in law.items():
                for a, share in enumerate(tables[t % len(tables), s]):
                    if share != 0:
                        reward, after = self.step(t, s, a)
                        for n, p in after:
                            following[n, total + reward] += mass * share * p
            law = following
        returns = defaultdict(fmpq)
        for (_, total), mass in law.items():
            returns[total] += mass
        return dict(sorted(returns.items()))

    def expand(self, problem, pairs, reached, choose):
        """The MDP of pairs (state, sum), and the policy of the choices at (t, s, sum); the first action elsewhere."""
        place = {pair: k for k, pair in enumerate(pairs)}
        varies = max(len(self.laws), len(self.r)) > 1
        N, A, steps = len(pairs), problem.A, self.H if varies else 1
        P, r = zeros((steps, N, A, N), objects(0)), zeros((steps, N, A), objects(0))
        mask, table = np.zeros((N, A), dtype=bool), np.zeros((self.H, N, A), dtype=int)
        rewards = stepwise(exactly(problem.r), 2)
        for k, (s, total) in enumerate(pairs):
            mask[k, self.actions[s]] = True
            for t in range(steps):
                for a in self.actions[s]:
                    reward, law = self.step(t, s, a)
                    targets = [place.get((n, total + reward)) for n, _ in law]
                    for n, (_, p) in zip(targets, law, strict=True):
                        P[t, k, a, k if None in targets else n] += p  # pairs that are only reached at the end
                    r[t, k, a] = rewards[t % len(rewards), s, a]
            for t in range(self.H):
                table[t, k, choose(t, s, total) if (s, total) in reached[t] else self.actions[s][0]] = 1
        rho = zeros(N, objects(0))
        for s, p in self.start:
            rho[place[s, 0]] = p
        names = problem.state_names or [str(s) for s in self.states]
        model = MDP(
            P if varies else P[0],
            r if varies else r[0],
            rho,
            horizon=Finite(self.H),
            mask=mask,
            state_names=[f"{names[s]}, sum {Fraction(total) * _fraction(self.unit)}" for s, total in pairs],
            action_names=problem.action_names,
        )
        policy = TabularPolicy(objects(table))
        return (model, policy) if problem.exact else (model.to_float(), policy.to_float())


class _Shortfall:
    """The least E (b - G)^+ from (t, s) on, where y = b - sum so far, in units; `best` holds the first best action."""

    def __init__(self, walk):
        self.walk, self.known, self.best = walk, {}, {}

    def __call__(self, t: int, s: int, y: int) -> Any:
        if t == self.walk.H:
            return max(y, 0)
        key = (t, s, y)
        if key not in self.known:
            for a in self.walk.actions[s]:
                reward, law = self.walk.step(t, s, a)
                mean = sum((p * self(t + 1, n, y - reward) for n, p in law), fmpq(0))
                if key not in self.known or mean < self.known[key]:
                    self.known[key], self.best[key] = mean, a
        return self.known[key]


def return_law(problem: MDP, table) -> tuple[np.ndarray, np.ndarray]:
    """The possible returns of a policy's table, ascending, and their probabilities, as rationals."""
    walk = _Sums(problem)
    law = walk.law_of_return(exactly(table) / exactly(table).sum(axis=-1)[..., None])
    return objects([total * walk.unit for total in law]), objects(list(law.values()))


def lower_tail_mean(returns, probabilities, level):
    """The mean of the worst `level` share of a law with ascending returns."""
    left, total = level, fmpq(0)
    for g, p in zip(returns, probabilities, strict=True):
        taken = min(p, left)
        total += g * taken
        left -= taken
    return total / level


def _fraction(x):
    return Fraction(int(x.p), int(x.q))
