"""Trajectory data of a decision process: observations, actions, rewards, successors."""

from dataclasses import KW_ONLY, replace
from fractions import Fraction
from typing import Self

import numpy as np

from ..base.arrays import objects, zeros
from ..base.errors import InvalidModel
from ..base.record import Record, any_exact, at, field_array, numbers, shape_words
from ..base.tolerance import ROW_SUM
from ..base.types import Array, FilledArray, OptionalArray, record


@record(eq=False, repr=False)
class Trajectories(Record):
    """Weighted observation-action pairs, of a sample or of a population distribution.

    Args:
        obs: `obs[k]`, integers (states of a finite problem), or vectors `obs[k,d]`.
        action: `action[k]`, integers, or `action[k,d]`.
        t: step `t[k]`. If omitted, rows are in temporal order: steps are counted from 0 in each episode, by `episode`,
            else by `ended`; without these two every row is at step 0.
        weight: `weight[k]` >= 0, expected visits per episode that the row represents; if omitted, 1 / the number of
            rows at t = 0, which is right for whole episodes.
        reward: `reward[k]`. following: `following[k]` or `[k,d]`, the next observation. ended: `ended[k]`, True where
            the episode ends.
        state: `state[k,d]`, the state to which an environment can be reset, if not the observation.
        episode: `episode[k]`, the number of the row's episode.

    Raises: InvalidModel for no rows, columns of different lengths, or entries that are not finite; if t is omitted,
        also for
    an episode that continues after its end, or whose next row differs from `following`.

    >>> Trajectories([0, 1, 0], [1, 0, 1], t=[0, 1, 0])
    Trajectories(3 rows, 2 steps, 2 episodes' weight)
    >>> Trajectories([0, 1, 0], [1, 0, 1], ended=[False, True, True]).t
    array([0, 1, 0])
    """

    obs: Array
    action: Array
    _: KW_ONLY
    t: FilledArray = None
    weight: FilledArray = None
    reward: OptionalArray = None
    following: OptionalArray = None
    ended: OptionalArray = None
    state: OptionalArray = None
    episode: OptionalArray = None

    def __post_init__(self) -> None:
        columns = {
            name: _column(name, getattr(self, name)) for name in ("obs", "action", "reward", "following", "state")
        }
        rows = len(columns["obs"])
        if rows == 0:
            raise InvalidModel("there are no rows: demonstrations hold at least one pair of observation and action")
        for name in ("t", "episode"):
            given = getattr(self, name)
            columns[name] = None if given is None else _integers(name, given)
        columns["ended"] = None if self.ended is None else np.asarray(field_array("ended", self.ended, "k"), dtype=bool)
        _refuse_lengths(columns, rows)
        if self.t is None:
            columns["t"] = _steps(columns)
        columns["weight"] = self._weights(columns["t"])
        _refuse_lengths(columns, rows)
        self._set(**columns)

    def _weights(self, t):
        if self.weight is None:
            starts = int((t == 0).sum())
            if starts == 0:
                raise InvalidModel("no row is at t = 0, so the number of episodes is not known; give `weight`")
            return np.full(len(t), 1 / starts)
        weight = numbers("weight", self.weight, any_exact(self.weight), "k")
        if (weight < 0).any():
            k = int(np.argwhere(weight < 0)[0][0])
            raise InvalidModel(f"weight[{k}] is {weight[k]}; a weight is at least 0")
        return weight

    def __len__(self) -> int:
        return len(self.obs)

    @property
    def exact(self) -> bool:
        """Whether the weights are rationals."""
        return self.weight.dtype == object

    def _map(self, convert, law=None):
        return replace(self, weight=convert(self.weight))

    def to_exact(self) -> Self:
        """The same rows with rational weights: 1 / the number of rows at t = 0 if the floats round it."""
        starts = int((self.t == 0).sum())
        if self.exact or starts == 0 or (self.weight != 1 / starts).any():
            return super().to_exact()
        return replace(self, weight=objects([Fraction(1, starts)] * len(self)))

    def occupancy(self, S: int, A: int, H: int | None = None) -> np.ndarray:
        """Empirical occupancy: total weight `[t,s,a]`, or `[s,a]` over all steps if H is omitted.

        Raises: InvalidModel for a row outside the given sizes.
        """
        self.check(S, A, H)
        index = (self.obs, self.action) if H is None else (self.t, self.obs, self.action)
        if not self.exact:
            places = np.ravel_multi_index(index, (S, A) if H is None else (H, S, A))
            flat = np.bincount(places, self.weight, minlength=S * A * (1 if H is None else H))
            return flat.reshape((S, A) if H is None else (H, S, A))
        d = zeros((S, A) if H is None else (H, S, A), self.weight)
        np.add.at(d, index, self.weight)
        return d

    def check(self, S: int, A: int, H: int | None = None) -> None:
        """Check that all rows fit a problem with the given numbers of states, actions and steps.

        Raises: InvalidModel naming the first row that does not.
        """
        for name, end in (("obs", S), ("action", A), *(() if H is None else (("t", H),))):
            column = getattr(self, name)
            if column.dtype.kind not in "iu" or column.ndim != 1:
                raise InvalidModel(
                    f"{name} holds {column.dtype} of shape {column.shape}; expected integers from 0 to {end - 1}"
                )
            wrong = np.flatnonzero((column < 0) | (column >= end))
            if wrong.size:
                raise InvalidModel(f"{name}[{wrong[0]}] is {column[wrong[0]]}; the problem has 0 to {end - 1}")

    def check_mass(self, H: int | None = None) -> None:
        """Check that the weights are those of episodes, which visit each step once and end as marked, or at step H - 1.

        Args: H: number of steps of the problem; None if infinite.

        Raises: InvalidModel if a step outweighs the episodes, or all rows precede step H - 1 and none ends.
        """
        mass = np.zeros(int(self.t.max()) + 1, dtype=self.weight.dtype)
        np.add.at(mass, self.t, self.weight)
        most = max(mass[0], mass.dtype.type(1) if mass.dtype != object else objects(1)[()])
        heavy = np.flatnonzero(mass > (most if self.exact else most * (1 + ROW_SUM)))
        if heavy.size:
            t = int(heavy[0])
            words = f"expected at most {most}, since an episode visits each step once; give weight, or t counted from 0 in each episode"
            raise InvalidModel(f"the demonstrations weigh {mass[t]} at step {t}; {words}")
        if H is not None and len(mass) < H and (self.ended is None or not self.ended.any()):
            words = "give t, or ended, True where an episode ended early"
            raise InvalidModel(
                f"the demonstrations stop at step {len(mass) - 1} of an episode of {H} steps, 0 to {H - 1}; {words}"
            )

    def __repr__(self):
        first = self.weight[self.t == 0].sum()
        count = (
            f", {int((self.t == 0).sum())} episodes' weight"
            if self.weight.dtype != object
            else f", weight {first} at t=0"
        )
        return f"Trajectories({len(self)} rows, {int(self.t.max()) + 1} steps{count})"


def _refuse_lengths(columns, rows):
    for name, column in columns.items():
        if column is not None and len(column) != rows:
            raise InvalidModel(f"{name} has {len(column)} rows; obs has {rows}")
    following, obs = columns["following"], columns["obs"]
    if following is not None and following.shape != obs.shape:
        raise InvalidModel(f"following has shape {following.shape}; obs has shape {obs.shape}")


def _steps(columns):
    """Step of every row within its episode; without a column `episode`, a new one begins after each end.

    Raises: InvalidModel if rows of one episode are inconsistent.
    """
    obs, following, ended, episode = (columns[name] for name in ("obs", "following", "ended", "episode"))
    rows = len(obs)
    if episode is None and ended is None:
        return np.zeros(rows, dtype=np.int64)
    if episode is None:
        episode = np.cumsum(ended) - ended
    order = np.argsort(episode, kind="stable")
    begins = np.append(True, np.diff(episode[order]) != 0)
    starts = np.flatnonzero(begins)
    t = np.empty(rows, dtype=np.int64)
    t[order] = np.arange(rows) - np.repeat(starts, np.diff(np.append(starts, rows)))
    now, after = order[:-1][~begins[1:]], order[1:][~begins[1:]]
    if ended is not None and ended[now].any():
        k = int(np.flatnonzero(ended[now])[0])
        raise InvalidModel(
            f"ended[{now[k]}] is True, and row {after[k]} goes on with its episode {episode[now[k]]}; expected the last row"
        )
    if following is not None and len(now):
        same = np.isclose(following[now], obs[after]).reshape(len(now), -1).all(axis=1)
        if not same.all():
            k = int(np.flatnonzero(~same)[0])
            words = f"following[{now[k]}] is {following[now[k]]}, and the next row of its episode, {after[k]}, has obs {obs[after[k]]}"
            raise InvalidModel(f"{words}; expected rows in order, or their steps t")
    return t


def _column(name, value):
    if value is None:
        return None
    axes = "k" if name == "reward" else ("k", "kd")
    column = field_array(name, value, axes)
    if column.dtype.kind not in "iuf" or column.ndim not in (1, len(axes)):
        raise InvalidModel(
            f"{name} holds {column.dtype} of shape {column.shape}; expected integers or floats, {shape_words(name, axes)}"
        )
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(column))[0])
        raise InvalidModel(f"{at(name, where)} is {column[where]}; every entry must be finite")
    return column.astype(np.float64 if column.dtype.kind == "f" else np.int64)


def _integers(name, value):
    column = field_array(name, value, "k")
    if column.dtype.kind not in "iu" or column.ndim != 1 or (column < 0).any():
        raise InvalidModel(
            f"{name} holds {column.dtype} of shape {column.shape}; expected integers of at least 0, {name}[k]"
        )
    return column.astype(np.int64)
