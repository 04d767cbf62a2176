"""Simulator of a finite MDP."""

from dataclasses import replace

import numpy as np

from ..base.arrays import floats, is_exact
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..measure import occupancy
from ..model.access import Discrete, GameSetting, Setting
from ..model.data import Trajectories
from ..model.horizon import Finite
from ..model.mdp import stepwise
from ..model.policy import inverse
from ..solve.occupancies import possible_visits
from ._labels import drawing, expect_player


def finite_setting(problem, players=None) -> Setting:
    """The Setting of an MDP, which is that of joint actions if numbers of actions of `players` are given."""
    known = Discrete(problem.S), Discrete(problem.A), problem.horizon, problem.mask, problem.exact
    return Setting(*known) if players is None else GameSetting(*known, players)


def demonstrate(problem, expert, demonstrations, rng):
    """Granted demonstrations: checked Trajectories, sampled ones, or the expert's exact occupancy; None for none."""
    H = problem.horizon.H if isinstance(problem.horizon, Finite) else None
    if isinstance(demonstrations, Trajectories):
        demonstrations.check(problem.S, problem.A, H)
        missing = np.flatnonzero(~problem.available[demonstrations.obs, demonstrations.action])
        if missing.size:
            k = missing[0]
            raise InvalidModel(
                f"row {k} of the demonstrations plays action {demonstrations.action[k]} in state {demonstrations.obs[k]}, "
                "where that action is missing"
            )
        demonstrations.check_mass(H)
        return demonstrations.to_exact() if problem.exact else demonstrations.to_float()
    if isinstance(demonstrations, str):
        if demonstrations != "exact":
            raise InvalidModel(f'demonstrations is {demonstrations!r}; expected a count, Trajectories or "exact"')
        return law(problem, expert)
    if isinstance(demonstrations, bool) or not isinstance(demonstrations, int | np.integer) or demonstrations < 0:
        raise InvalidModel(f'demonstrations is {demonstrations!r}; expected a count, Trajectories or "exact"')
    return FiniteSimulator(problem, rng).play(expert, demonstrations, rng, rewards=False) if demonstrations else None


def law(problem, policy) -> Trajectories:
    """Exact occupancy as weighted rows: (t, s, a) with its probability, or (0, s, a) with its discounted occupancy."""
    d = visits(problem, policy)
    *t, s, a = np.nonzero(np.asarray(d > 0))
    return Trajectories(s, a, t=t[0] if t else np.zeros(len(s), dtype=int), weight=d[(*t, s, a)])


def visits(problem, policy) -> np.ndarray:
    """The occupancy `[(t,)s,a]` as plain numbers, 0 at unreachable states."""
    known = occupancy(problem, policy)
    if not isinstance(known, Interval):
        return known
    if problem.exact:
        return known.lower
    if isinstance(problem.horizon, Finite):
        return known.mid
    return np.where(possible_visits(problem, policy), known.mid, 0)  # float bounds cannot prove an occupancy to be 0


class FiniteSimulator:
    """Simulator that inverts the cumulative sums of P; it keeps track of time, so a reset may start at any step."""

    def __init__(self, problem, rng):
        self.problem, self.rng = problem, rng
        self.H = problem.horizon.H if isinstance(problem.horizon, Finite) else None
        self.goes_on = 1.0 if self.H else float(floats(np.asarray(problem.horizon.gamma)))
        self.r, self.rho = stepwise(floats(problem.r), 2), floats(problem.rho)
        self.sums, self.starts, self.targets = _rows(problem)
        self.s = self.t = None

    # ---- one episode, step by step
    def reset(self, to, at):
        last = (self.H or 1) - 1
        if to is not None and not (isinstance(to, int | np.integer) and 0 <= to < self.problem.S):
            raise InvalidModel(f"reset(to={to!r}): expected a state from 0 to {self.problem.S - 1}")
        if not (isinstance(at, int | np.integer) and at >= 0 and (at <= last or self.H is None)):
            raise InvalidModel(f"reset(at={at!r}): expected a step from 0 to {last}")
        self.s = int(inverse(self.rho[None], drawing(self.rng).random(1))[0]) if to is None else int(to)
        self.t = int(at)
        return self.s

    def step(self, action):
        if not (
            isinstance(action, int | np.integer)
            and 0 <= action < self.problem.A
            and self.problem.available[self.s, action]
        ):
            allowed = np.flatnonzero(self.problem.available[self.s]).tolist()
            raise InvalidModel(f"step({action!r}) in state {self.s}: expected one of the actions {allowed}")
        following, reward, ended = self._advance(
            np.array([self.s]), np.array([action]), np.array([self.t]), drawing(self.rng)
        )
        self.s, self.t = int(following[0]), self.t + 1
        return self.s, float(reward[0]), bool(ended[0]), False

    def _advance(self, s, a, t, rng):
        row = ((t % self.P_steps) * self.problem.S + s) * self.problem.A + a
        low, high = self.starts[row], self.starts[row + 1]
        before = np.where(low > 0, self.sums[low - 1], 0.0)
        k = np.searchsorted(self.sums, before + rng.random(len(s)) * (self.sums[high - 1] - before), side="right")
        ended = rng.random(len(s)) >= self.goes_on
        if self.H:
            ended |= t == self.H - 1
        return self.targets[np.clip(k, low, high - 1)], self.r[t % len(self.r), s, a], ended

    @property
    def P_steps(self):
        return 1 if self.problem.sparse or self.problem.P.ndim == 3 else len(self.problem.P)

    # ---- many episodes at once
    def play(self, policy, episodes, rng, rewards):
        """Trajectories of `episodes` episodes from the initial distribution, ordered by step."""
        expect_player(policy)
        crew = _assign(policy, rng.random(episodes))
        s = inverse(np.broadcast_to(self.rho, (episodes, len(self.rho))), rng.random(episodes))
        return self._play(crew, s, np.zeros(episodes, dtype=np.int64), None, rng, rewards)

    def play_from(self, policy, s, a, t, rng, rewards):
        """Trajectories of one episode from each state `s[k]` at step `t[k]`, which begins with action `a[k]`."""
        expect_player(policy)
        last = (self.H or 1) - 1
        for name, numbers, end in (("state", s, self.problem.S - 1), ("step", t, np.inf if self.H is None else last)):
            if numbers.dtype.kind not in "iu" or (numbers < 0).any() or (numbers > end).any():
                raise InvalidModel(f"play_from: {name}s are {np.array2string(numbers, threshold=6)}; the last is {end}")
        return self._play(_assign(policy, rng.random(len(s))), s, t, self._check_actions(s, a), rng, rewards)

    def _play(self, crew, s, t, first, rng, rewards):
        """Episodes from states s at steps t, by the members and seats of `crew`, with the actions `first` if given."""
        (members, seat), episode, rows = crew, np.arange(len(s)), []
        while len(s):
            if first is None:
                now = int(t[0]) if (t == t[0]).all() else t
                a = self._check_actions(s, _actions(members, seat[episode], s, now, rng.random(len(s))))
            else:
                a, first = first, None
            following, reward, ended = self._advance(s, a, t, rng)
            rows.append((s, a, t, reward, following, ended, episode))
            s, episode, t = following[~ended], episode[~ended], t[~ended] + 1
        names = ("obs", "action", "t", "reward", "following", "ended", "episode")
        columns = {name: np.concatenate(parts) for name, parts in zip(names, zip(*rows, strict=True), strict=True)}
        starts = np.full(len(columns["obs"]), 1 / len(seat))
        seen = Trajectories(**{**columns, "reward": columns["reward"] if rewards else None}, weight=starts)
        return seen.to_exact() if self.problem.exact else seen

    def _check_actions(self, s, a):
        """The actions, checked.

        Raises: InvalidModel if the policy plays an invalid or masked action.
        """
        if a.shape != s.shape or not Discrete(self.problem.A).holds(a):
            raise InvalidModel(
                f"the policy plays {np.array2string(a, threshold=6)}; expected integers from 0 to {self.problem.A - 1}"
            )
        if self.problem.mask is None:
            return a
        missing = np.flatnonzero(~self.problem.available[s, a])
        if missing.size:
            raise InvalidModel(
                f"the policy plays action {a[missing[0]]} in state {s[missing[0]]}, where that action is missing"
            )
        return a

    # ---- the model
    def model(self, reward):
        problem = self.problem.to_float() if self.problem.exact and not is_exact(reward) else self.problem
        return replace(problem, r=reward)

    def law(self, policy):
        return law(self.problem, policy)


def _assign(policy, numbers):
    """The distinct policies chosen by the uniform numbers, and the index of the one that plays each episode."""
    members, seat, known = [], np.empty(len(numbers), dtype=np.int64), {}
    for episode, u in enumerate(numbers):
        member = policy.start(u)
        if id(member) not in known:
            known[id(member)] = len(members)
            members.append(member)
        seat[episode] = known[id(member)]
    return members, seat


def _actions(members, seat, s, t, u):
    """Actions of the member assigned to each row."""
    if len(members) == 1:
        return np.asarray(members[0].sample(s, t, u))
    actions = np.empty(len(s), dtype=np.int64)
    for k in np.unique(seat):
        here = seat == k
        actions[here] = members[k].sample(s[here], t if np.ndim(t) == 0 else t[here], u[here])
    return actions


def _rows(problem):
    """Cumulative sums of P's positive entries in row order, start of each row (t,s,a), and next state of each entry."""
    if problem.sparse:
        P = problem.P
        return np.cumsum(P.data), P.indptr.astype(np.int64), P.indices.astype(np.int64)
    rows = floats(problem.P).reshape(-1, problem.S)
    row, target = np.nonzero(rows)
    starts = np.searchsorted(row, np.arange(len(rows) + 1))
    return np.cumsum(rows[row, target]), starts, target
