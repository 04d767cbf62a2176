"""Markov games, mediators, and strategy modifications."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, replace
from functools import cached_property
from itertools import product
from numbers import Integral
from operator import index
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from ..base.arrays import bare
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, defect, distributions, field_array, numbers, texts
from ..base.tolerance import ROW_SUM
from ..base.types import Array, FilledArray, Number, OptionalArray, OptionalNames, record
from . import _functions
from .horizon import Finite, Horizon
from .mdp import MDP, blank_missing
from .policy import TabularPolicy


@record(eq=False, repr=False)
class MarkovGame(Record):
    """An n-player Markov game with a common state.

    Args:
        P: `P[s,j,n]` or `P[t,s,j,n]`, joint action j flattened in C order (player 0's action varies slowest); or a
            scipy CSR matrix of shape (S*J, S), row s*J+j.
        r: `r[i,s,j]` or `r[t,i,s,j]`, one reward per player.
        rho: initial distribution `rho[s]`; uniform if omitted.
        horizon: `Finite(H)` or `Discounted(gamma)`.
        actions: number of actions of each player.
        mask: `mask[i,s,a]`, True where player i has the action; a up to the largest of `actions`, False beyond the
            player's own. Entries of P and r for joint actions with a missing part are ignored and stored as 0.
        state_names: one text for each state. action_names: for each player one text for each action.

    A one-player game is an MDP: `game.player(0)`.

    Raises: InvalidModel as MDP does, if the product of `actions` is not the number of joint actions, or if a player has
        no action in a state.

    >>> from mdpkit.model import Finite
    >>> chances, paid = [[[1.0]] * 4], [[[6, 2, 7, 0]], [[6, 7, 2, 0]]]
    >>> game = MarkovGame(chances, paid, horizon=Finite(1), actions=(2, 2), mask=[[[True, False]], [[True, True]]])
    >>> game.available
    array([[ True,  True, False, False]])
    """

    laws = ("P", "rho")
    axes: ClassVar = {"P": "tsjn", "r": "tisj", "rho": "s", "mask": "isa"}

    P: Array
    r: Array
    rho: FilledArray = None
    _: KW_ONLY
    horizon: Horizon
    actions: tuple[int, ...]
    mask: OptionalArray = None
    state_names: OptionalNames = None
    action_names: tuple[tuple[str, ...], ...] | None = None

    def __post_init__(self) -> None:
        try:
            actions = tuple(map(index, self.actions))
        except TypeError as error:
            raise InvalidModel(f"actions={self.actions!r}; expected one integer a player") from error
        if proposing():
            one = MDP(self.P, bare(self.r)[..., 0, :, :], self.rho, horizon=self.horizon)
            return self._set(P=one.P, rho=one.rho, r=bare(self.r, float), actions=actions)
        sparse = hasattr(self.P, "tocsr")
        exact = any_exact(None if sparse else self.P, self.r, self.rho)
        if sparse and exact:
            raise InvalidModel("P is sparse, so float64, while r or rho is rational; give a dense rational P or floats")
        r = field_array("r", self.r, ("isj", "tisj"))
        if r.ndim not in (3, 4):
            numbers("r", r, exact, ("isj", "tisj"))
        if min(actions, default=0) < 1 or int(np.prod(actions)) != r.shape[-1]:
            raise InvalidModel(
                f"actions={actions} make {int(np.prod(actions))} joint actions; r of shape {r.shape} has {r.shape[-1]}"
            )
        if r.shape[-3] != len(actions):
            raise InvalidModel(
                f"r has rewards for {r.shape[-3]} players (shape {r.shape}); actions={actions} has {len(actions)}"
            )
        S, J = r.shape[-2:]
        if sparse and self.P.shape != (S * J, S):
            raise InvalidModel(
                f"P has shape {self.P.shape}; expected ({S * J}, {S}), row s*J+j, beside r of shape {r.shape}"
            )
        mask = None if self.mask is None else _mask(self.mask, S, actions)
        present = None if mask is None else _joint_mask(mask, actions)
        r = numbers("r", blank_missing("r", r, present, ("isj", "tisj")), exact, ("isj", "tisj"))
        self._set(
            mask=mask,
            actions=actions,
            state_names=texts("state_names", self.state_names, S),
            action_names=_action_names(self.action_names, actions),
        )
        names = {"state_names": self.state_names, "action_names": self.joint_names}
        one = MDP(self.P, r[..., 0, :, :], self.rho, horizon=self.horizon, mask=present, **names)
        self._set(r=r, horizon=one.horizon)
        for name in ("P", "rho"):  # read-only already
            object.__setattr__(self, name, getattr(one, name))
        self._processes[0] = one

    @classmethod
    def from_functions(
        cls,
        states: Iterable[Any],
        actions: Iterable[Iterable[Any]],
        transition: Callable[[Any, Any], Mapping[Any, Number]],
        reward: Callable[[Any, Any], Sequence[Number]],
        *,
        horizon: Horizon,
        start: Mapping[Any, Number] | None = None,
    ) -> "MarkovGame":
        """A game given by functions of named states and joint actions.

        Args:
            states: the states in order, each a dictionary key; their texts become `state_names`.
            actions: for each player the actions in order; their texts become `action_names`.
            transition: `transition(state, joint)`, a mapping from next states to probabilities; `joint` is the tuple of
                the players' actions.
            reward: `reward(state, joint)`, one number for each player.
            horizon: `Finite(H)` or `Discounted(gamma)`.
            start: a mapping from states to probabilities; uniform if omitted.

        The game is rational if no float appears (integers, Fractions, "p/q"), else float64.

        Raises: InvalidModel naming the state and joint action, the returned value and what was expected.

        >>> from mdpkit.model import Finite, MarkovGame
        >>> def paid(place, joint):
        ...     same = {("hare", "hare"): (1, 1), ("stag", "stag"): (2, 2)}
        ...     return same.get(joint, [action == "hare" for action in joint])
        >>> moves = [["stag", "hare"]] * 2
        >>> MarkovGame.from_functions(["wood"], moves, lambda place, joint: {place: 1}, paid, horizon=Finite(3))
        MarkovGame(S=1, actions=(2, 2), Finite(H=3), rational)
        """
        return _functions.game_from_functions(cls, states, actions, transition, reward, horizon=horizon, start=start)

    def to_exact(self) -> Self:
        """The rational game represented by the floats, as for other records; a sparse law becomes a dense one."""
        return super(MarkovGame, with_dense_law(self)).to_exact()

    def player(self, i: int) -> MDP:
        """The MDP over joint actions with player i's reward."""
        made = self._processes
        i = range(self.players)[i]
        if i not in made and 0 in made:
            made[i] = made[0]._with_reward(self.r[..., i, :, :])
        elif i not in made:
            made[i] = MDP(self.P, bare(self.r[..., i, :, :]), self.rho, horizon=self.horizon)
        return made[i]

    @cached_property
    def _processes(self):
        return {}

    @property
    def sparse(self) -> bool:
        return hasattr(self.P, "tocsr")

    @cached_property
    def available(self) -> np.ndarray:
        """`[s,j]`, True where every player has its part of the joint action."""
        if self.mask is None:
            return np.ones((self.S, self.J), dtype=bool)
        return _joint_mask(self.mask, self.actions)

    def available_to(self, i: int) -> np.ndarray:
        """`[s,a]`, True where player i has the action."""
        return (
            np.ones((self.S, self.actions[i]), dtype=bool) if self.mask is None else self.mask[i, :, : self.actions[i]]
        )

    @cached_property
    def joint_names(self) -> tuple[str, ...] | None:
        """A text for each joint action, such as "(stag, hare)"; None where the actions have no names."""
        if self.action_names is None:
            return None
        names = tuple(f"({', '.join(joint)})" for joint in product(*self.action_names))
        # commas within names can make two joint actions look alike
        return names if len({*names}) == len(names) else tuple(map(repr, product(*self.action_names)))

    def unflatten(self, table: Any = None) -> Any:
        """Joint actions j as one axis per player, `a0, a1, ...`.

        Args: table: an array or Interval `[...,j]`, or a policy with such a table; if omitted, the game's own `P`, `r`.
        Returns: `[...,a0,a1,...]`; for the game a `JointTables` of `P[(t),s,a0,a1,...,n]` and `r[(t),i,s,a0,a1,...]`.
        Raises: InvalidModel if the last axis has not one entry for each joint action.

        >>> from mdpkit.base.arrays import objects
        >>> P, r = objects([[[1]] * 6]), objects([[range(6)], [range(6)]])
        >>> game = MarkovGame(P, r, horizon=Finite(1), actions=(2, 3))
        >>> game.unflatten().r[0, 0]
        array([[0, 1, 2],
               [3, 4, 5]], dtype=object)
        >>> game.unflatten(JointPolicy([[0, 0, 1, 0, 0, 0]])).shape
        (1, 2, 3)
        """
        if table is None:
            n = self.P.shape[-1]
            if hasattr(self.P, "tocsr"):
                raise InvalidModel("P has sparse rows, which have no axes of joint actions; unflatten a dense game")
            return JointTables(self.P.reshape(*self.P.shape[:-2], *self.actions, n), self.unflatten(self.r))
        table = getattr(table, "table", table)
        table = table if hasattr(table, "reshape") else np.asarray(table)
        if table.shape[-1:] != (self.J,):
            raise InvalidModel(f"the table has shape {table.shape}; expected {self.J} joint actions on the last axis")
        return table.reshape(*table.shape[:-1], *self.actions)

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

    def _axis_names(self):
        return {"s": self.state_names, "j": self.joint_names}

    def __repr__(self):
        kind = "rational" if self.exact else "float"
        return f"MarkovGame(S={self.S}, actions={self.actions}, {self.horizon}, {'sparse ' * self.sparse}{kind})"


def with_dense_law(game):
    """The same game with a dense P in place of a sparse one."""
    return replace(game, P=game.P.toarray().reshape(game.S, game.J, game.S)) if game.sparse else game


def aliases(game):
    """Available actions in place of missing ones: for each player `[s,a]`, and for joint actions `[s,j]`.

    A missing action stands for the player's first available one, so that a maximum or minimum over all actions is one
    over the available actions. None where no action is missing.
    """
    if game.mask is None:
        return None
    own = []
    for i, count in enumerate(game.actions):
        there = game.available_to(i)
        own.append(np.where(there, np.arange(count), there.argmax(axis=1)[:, None]))
    parts = np.unravel_index(np.arange(game.J), game.actions)
    return own, np.ravel_multi_index([each[:, part] for each, part in zip(own, parts, strict=True)], game.actions)


def fill_missing_actions(game):
    """The same game without a mask: missing actions repeat those that they stand for, see `aliases`."""
    alias = aliases(game)
    if alias is None:
        return game
    joint = alias[1]
    if game.sparse:
        P = game.P[(joint + game.J * np.arange(game.S)[:, None]).ravel()]
    else:
        P = np.take_along_axis(game.P, joint.reshape((1,) * (game.P.ndim - 3) + (*joint.shape, 1)), axis=-2)
    r = np.take_along_axis(game.r, joint.reshape((1,) * (game.r.ndim - 2) + joint.shape), axis=-1)
    return replace(game, P=P, r=r, mask=None)


def expect_all_actions(what, game):
    """Raise InvalidModel, with `what` as the subject, if an action of a player is missing in a state."""
    if game.mask is not None:
        raise InvalidModel(f"{what} games in which every player has all its actions in every state; got a mask")


def _mask(mask, S, actions):
    mask = field_array("mask", mask, "isa")
    shape = (len(actions), S, max(actions))
    if mask.dtype != bool or mask.shape != shape:
        raise InvalidModel(f"mask has dtype {mask.dtype} and shape {mask.shape}; expected bool of shape {shape}")
    for i, count in enumerate(actions):
        if mask[i, :, count:].any():
            s, a = map(int, np.argwhere(mask[i, :, count:])[0])
            raise InvalidModel(f"mask[{i}, {s}, {a + count}] is True; player {i} has {count} actions")
        if not mask[i].any(axis=1).all():
            s = int(np.flatnonzero(~mask[i].any(axis=1))[0])
            raise InvalidModel(f"player {i} has no action in state {s}: mask[{i}, {s}] is all False")
    full = all(mask[i, :, :count].all() for i, count in enumerate(actions))
    return None if full else mask


def _joint_mask(mask, actions):
    """`[s,j]` from `mask[i,s,a]`."""
    joint = np.ones((mask.shape[1], 1), dtype=bool)
    for i, count in enumerate(actions):
        joint = (joint[:, :, None] & mask[i, :, None, :count]).reshape(len(joint), -1)
    return joint


def _action_names(names, actions):
    if names is None:
        return None
    names = tuple(names)
    if len(names) != len(actions) or any(isinstance(own, str) for own in names):
        raise InvalidModel(
            f"action_names is {names!r}; expected {len(actions)} sequences of texts, one for each player"
        )
    return tuple(
        texts(f"action_names[{i}]", own, count) for i, (own, count) in enumerate(zip(names, actions, strict=True))
    )


class JointTables(NamedTuple):
    """A game's arrays with one axis for each player's actions: `P[(t),s,a0,a1,...,n]`, `r[(t),i,s,a0,a1,...]`."""

    P: np.ndarray
    r: np.ndarray


@record(eq=False, repr=False)
class JointPolicy(TabularPolicy):
    """A mediator: a possibly correlated distribution of joint recommendations.

    Args: table: `table[s,j]` or `table[t,s,j]` over joint actions.

    >>> JointPolicy([[0.5, 0, 0, 0.5]])
    JointPolicy(S=1, J=4, stationary, float)
    """

    axes: ClassVar = {"table": "tsj"}

    def sizes(self) -> dict:
        return dict(zip("HSJ" if self.table.ndim == 3 else "SJ", self.table.shape, strict=True))


@record(eq=False, repr=False)
class Deviation(Record):
    """A strategy modification of one player: recommended a, play b.

    Args:
        player: index of the deviating player.
        table: `table[t,s,a,b]`, probability of playing b at step t in state s when recommended a.
        after: `after[t,s,b]`, policy after the first disobedience, when recommendations are no longer observed; None if
            they still are.

    Raises: InvalidModel if a row is not a distribution or player is negative.
    """

    laws = ("table", "after")
    axes: ClassVar = {"table": "tsab", "after": "tsb"}

    player: int
    table: Array
    after: OptionalArray = None

    def __post_init__(self) -> None:
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
                raise InvalidModel(
                    f"after has shape {after.shape}; expected {table.shape[:3]} beside table of shape {table.shape}"
                )
            distributions("after", after, ROW_SUM)
            self._set(after=after)

    @cached_property
    def defect(self) -> float:
        """Largest deviation of a float row's sum from 1."""
        return max(defect(self.table), 0.0 if self.after is None else defect(self.after))

    def sizes(self) -> dict:
        return dict(zip(("H", "S", "A"), self.table.shape[:3], strict=True))

    def __repr__(self):
        H, S, A = self.table.shape[:3]
        return f"Deviation(player={self.player}, H={H}, S={S}, A={A}, {'rational' if self.exact else 'float'})"
