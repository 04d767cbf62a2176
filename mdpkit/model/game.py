"""Markov games, mediators' recommendations, and deviations from them."""

from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from numbers import Integral
from operator import index
from typing import ClassVar

import numpy as np

from ..base.arrays import bare
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, defect, distributions, numbers
from ..base.tolerance import ROW_SUM
from .horizon import Finite, Horizon
from .mdp import MDP
from .policy import TabularPolicy


@dataclass(frozen=True, eq=False, repr=False)
class MarkovGame(Record):
    """An n-player Markov game with a common state.

    Args:
        P: `P[s,j,n]` or `P[t,s,j,n]`, joint action j flattened in C order: player 0's action varies slowest.
        r: `r[i,s,j]` or `r[t,i,s,j]`, one reward a player.
        rho: start law `rho[s]`; uniform if left out.
        horizon: `Finite(H)` or `Discounted(gamma)`.
        actions: how many actions each player has.

    A one-player game is an MDP: `game.player(0)`.

    Raises: InvalidModel, as MDP does; also where `actions` does not multiply to the number of joint actions.
    """

    laws = ("P", "rho")
    axes: ClassVar = {"P": "tsjn", "r": "tisj", "rho": "s"}

    P: np.ndarray
    r: np.ndarray
    rho: np.ndarray | None = None
    _: KW_ONLY
    horizon: Horizon
    actions: tuple[int, ...]

    def __post_init__(self):
        try:
            actions = tuple(map(index, self.actions))
        except TypeError as error:
            raise InvalidModel(f"actions={self.actions!r}; expected one integer a player") from error
        if proposing():
            one = MDP(self.P, bare(self.r)[..., 0, :, :], self.rho, horizon=self.horizon)
            return self._set(P=one.P, rho=one.rho, r=bare(self.r, float), actions=actions)
        if hasattr(self.P, "tocsr"):
            raise InvalidModel(
                f"P is a sparse matrix of shape {self.P.shape}; a MarkovGame takes a dense P[s,j,n] or P[t,s,j,n]. From rows s*J+j: "
                "P.toarray().reshape(S, J, S)"
            )
        r = numbers("r", self.r, any_exact(self.P, self.r, self.rho), ("isj", "tisj"))
        if min(actions, default=0) < 1 or int(np.prod(actions)) != r.shape[-1]:
            raise InvalidModel(f"actions={actions} make {int(np.prod(actions))} joint actions; r of shape {r.shape} has {r.shape[-1]}")
        if r.shape[-3] != len(actions):
            raise InvalidModel(f"r has rewards for {r.shape[-3]} players (shape {r.shape}); actions={actions} has {len(actions)}")
        one = MDP(self.P, r[..., 0, :, :], self.rho, horizon=self.horizon)
        self._set(P=one.P, rho=one.rho, r=r, horizon=one.horizon, actions=actions)

    def player(self, i) -> MDP:
        """The decision process of player i's reward when a mediator plays joint actions."""
        return self._processes[i]

    @cached_property
    def _processes(self):
        return tuple(MDP(self.P, bare(self.r[..., i, :, :]), self.rho, horizon=self.horizon) for i in range(self.players))

    @property
    def players(self) -> int:
        return len(self.actions)

    @property
    def S(self) -> int:
        return self.r.shape[-2]

    @property
    def J(self) -> int:
        return self.r.shape[-1]

    def sizes(self) -> dict:
        finite = {"H": self.horizon.H} if isinstance(self.horizon, Finite) else {}
        return {**finite, "I": self.players, "S": self.S, "J": self.J, **dict(zip("ABC", self.actions, strict=False))}

    def __repr__(self):
        kind = "rational" if self.exact else "float"
        return f"MarkovGame(S={self.S}, actions={self.actions}, {self.horizon}, {kind})"


@dataclass(frozen=True, eq=False, repr=False)
class JointPolicy(TabularPolicy):
    """A mediator's recommendation, possibly correlated between players.

    Args: table: `table[s,j]` or `table[t,s,j]` over joint actions.

    >>> JointPolicy([[0.5, 0, 0, 0.5]])
    JointPolicy(S=1, J=4, stationary, float)
    """

    axes: ClassVar = {"table": "tsj"}

    def sizes(self) -> dict:
        return dict(zip("HSJ" if self.table.ndim == 3 else "SJ", self.table.shape, strict=True))


@dataclass(frozen=True, eq=False, repr=False)
class Deviation(Record):
    """A strategy modification of one player: told a, play b.

    Args:
        player: who deviates.
        table: `table[t,s,a,b]`, probability of playing b at step t in state s when told a.
        after: `after[t,s,b]`, the play from the step after the first disobedience on, when nothing is told any more;
            None for a modification that goes on being told.

    Raises: InvalidModel where a row is no distribution or player is negative.
    """

    laws = ("table", "after")
    axes: ClassVar = {"table": "tsab", "after": "tsb"}

    player: int
    table: np.ndarray
    after: np.ndarray | None = None

    def __post_init__(self):
        if isinstance(self.player, bool) or not isinstance(self.player, Integral) or self.player < 0:
            raise InvalidModel(f"player is {self.player!r}; expected an integer, counted from 0")
        exact = any_exact(self.table, self.after)
        table = numbers("table", self.table, exact, "tsab")
        if table.shape[2] != table.shape[3]:
            raise InvalidModel(f"table has shape {table.shape}; expected as many played as recommended actions")
        distributions("table", table, ROW_SUM)
        self._set(player=int(self.player), table=table)
        if self.after is not None:
            after = numbers("after", self.after, exact, "tsb")
            if after.shape != table.shape[:3]:
                raise InvalidModel(f"after has shape {after.shape}; expected {table.shape[:3]} beside table of shape {table.shape}")
            distributions("after", after, ROW_SUM)
            self._set(after=after)

    @cached_property
    def defect(self) -> float:
        """How far a float row sums from 1."""
        return max(defect(self.table), 0.0 if self.after is None else defect(self.after))

    def sizes(self) -> dict:
        return dict(zip(("H", "S", "A"), self.table.shape[:3], strict=True))

    def __repr__(self):
        H, S, A = self.table.shape[:3]
        return f"Deviation(player={self.player}, H={H}, S={S}, A={A}, {'rational' if self.exact else 'float'})"
