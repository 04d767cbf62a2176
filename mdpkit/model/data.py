"""What was seen of a decision process: observations, actions, and what followed."""

from dataclasses import KW_ONLY, dataclass, replace
from fractions import Fraction

import numpy as np

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.record import Record, any_exact, at, numbers, shape_words, taken


@dataclass(frozen=True, eq=False, repr=False)
class Trajectories(Record):
    """Weighted rows of observation and action, of a sample or of a whole population law.

    Args:
        obs: `obs[k]`, integers (states of a finite problem), or `obs[k,d]`.
        action: `action[k]`, integers, or `action[k,d]`.
        t: step `t[k]`; 0 if left out.
        weight: `weight[k]` >= 0, expected visits of an episode that the row stands for; if left out, 1 / the number of rows at t = 0,
            which is right for whole episodes.
        reward: `reward[k]`. following: `following[k]` or `[k,d]`, the next observation. ended: `ended[k]`, True where nothing follows.
        state: `state[k,d]`, what an environment can be reset to, where that is not the observation.
        episode: `episode[k]`, the number of the row's episode.

    Raises: InvalidModel for no rows, columns of different lengths, or entries that are not finite.

    >>> Trajectories([0, 1, 0], [1, 0, 1], t=[0, 1, 0])
    Trajectories(3 rows, 2 steps, 2 episodes' weight)
    """

    obs: np.ndarray
    action: np.ndarray
    _: KW_ONLY
    t: np.ndarray | None = None
    weight: np.ndarray | None = None
    reward: np.ndarray | None = None
    following: np.ndarray | None = None
    ended: np.ndarray | None = None
    state: np.ndarray | None = None
    episode: np.ndarray | None = None

    def __post_init__(self):
        columns = {name: _column(name, getattr(self, name)) for name in ("obs", "action", "reward", "following", "state")}
        rows = len(columns["obs"])
        if rows == 0:
            raise InvalidModel("there are no rows: demonstrations hold at least one pair of observation and action")
        t = _integers("t", np.zeros(rows, dtype=np.int64) if self.t is None else self.t)
        columns.update(t=t, episode=None if self.episode is None else _integers("episode", self.episode))
        columns["ended"] = None if self.ended is None else np.asarray(taken("ended", self.ended, "k"), dtype=bool)
        columns["weight"] = self._weights(t)
        for name, column in columns.items():
            if column is not None and len(column) != rows:
                raise InvalidModel(f"{name} has {len(column)} rows; obs has {rows}")
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

    def __len__(self):
        return len(self.obs)

    @property
    def exact(self) -> bool:
        """Whether the weights are rationals."""
        return self.weight.dtype == object

    def _mapped(self, convert, law=None):
        return replace(self, weight=convert(self.weight))

    def to_exact(self):
        """The same rows with rational weights: 1 / the number of rows at t = 0 where the floats say so, else the floats as they are."""
        starts = int((self.t == 0).sum())
        if self.exact or starts == 0 or (self.weight != 1 / starts).any():
            return super().to_exact()
        return replace(self, weight=objects([Fraction(1, starts)] * len(self)))

    def occupancy(self, S, A, H=None) -> np.ndarray:
        """Total weight of each step, state and action, `[t,s,a]`, or of each state and action over all steps, `[s,a]`, without H.

        Raises: InvalidModel where a row is no state, action or step of such a problem.
        """
        self.check(S, A, H)
        index = (self.obs, self.action) if H is None else (self.t, self.obs, self.action)
        d = np.zeros((S, A) if H is None else (H, S, A), dtype=self.weight.dtype)
        np.add.at(d, index, self.weight)
        return d

    def check(self, S, A, H=None):
        """Refuse rows that belong to no problem with so many states, actions and steps.

        Raises: InvalidModel, naming the first of them.
        """
        for name, end in (("obs", S), ("action", A), *(() if H is None else (("t", H),))):
            column = getattr(self, name)
            if column.dtype.kind not in "iu" or column.ndim != 1:
                raise InvalidModel(f"{name} holds {column.dtype} of shape {column.shape}; expected integers from 0 to {end - 1}")
            wrong = np.flatnonzero((column < 0) | (column >= end))
            if wrong.size:
                raise InvalidModel(f"{name}[{wrong[0]}] is {column[wrong[0]]}; the problem has 0 to {end - 1}")

    def __repr__(self):
        first = self.weight[self.t == 0].sum()
        count = f", {int((self.t == 0).sum())} episodes' weight" if self.weight.dtype != object else f", weight {first} at t=0"
        return f"Trajectories({len(self)} rows, {int(self.t.max()) + 1} steps{count})"


def _column(name, value):
    if value is None:
        return None
    axes = "k" if name == "reward" else ("k", "kd")
    column = taken(name, value, axes)
    if column.dtype.kind not in "iuf" or column.ndim not in (1, len(axes)):
        raise InvalidModel(f"{name} holds {column.dtype} of shape {column.shape}; expected integers or floats, {shape_words(name, axes)}")
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(column))[0])
        raise InvalidModel(f"{at(name, where)} is {column[where]}; every entry must be finite")
    return column.astype(np.float64 if column.dtype.kind == "f" else np.int64)


def _integers(name, value):
    column = taken(name, value, "k")
    if column.dtype.kind not in "iu" or column.ndim != 1 or (column < 0).any():
        raise InvalidModel(f"{name} holds {column.dtype} of shape {column.shape}; expected integers of at least 0, {name}[k]")
    return column.astype(np.int64)
