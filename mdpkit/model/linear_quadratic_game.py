"""Linear-quadratic games over a finite horizon."""

from dataclasses import KW_ONLY
from operator import index
from typing import ClassVar, Self

import numpy as np

from ..base.arrays import bare, objects
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, at, numbers
from ..base.types import Array, FilledArray, Numbers, record
from .horizon import Finite


@record(eq=False, repr=False)
class LinearQuadraticGame(Record):
    """Players i choose the parts of a control u of a linear system, each to minimise a quadratic cost.

    x_{t+1} = A x_t + B u_t for t = 0..H-1; player i pays sum_t (x_t' Q_i x_t + u_t' R_i u_t) + x_H' F_i x_H.

    Args:
        A: dynamics of the state `[m,n]`. B: of the controls `[m,j]`, those of the players one after the other.
        Q: `[i,m,n]`, symmetric. R: `[i,j,k]`, symmetric; player i may pay for the controls of another too.
        final: F, `[i,m,n]`, symmetric; 0 if omitted.
        controls: number of controls of each player. horizon: `Finite(H)`.

    The costs may be indefinite. Independent noise of mean 0 that is added to x changes no equilibrium feedback.
    Raises: InvalidModel for inconsistent shapes, asymmetric costs, or another horizon.
    Source: adapted from Başar and Olsder, 1999.

    >>> LinearQuadraticGame([[1]], [[1, 1]], [[[1]]] * 2, [np.diag([1, 0]), np.diag([0, 1])], controls=(1, 1),
    ...     horizon=Finite(2))
    LinearQuadraticGame(2 players, 1 state, controls=(1, 1), Finite(H=2), float)
    """

    axes: ClassVar = {"A": "mn", "B": "mj", "Q": "imn", "R": "ijk", "final": "imn"}

    A: Array
    B: Array
    Q: Array
    R: Array
    final: FilledArray = None
    _: KW_ONLY
    controls: tuple[int, ...]
    horizon: Finite

    def __post_init__(self) -> None:
        if proposing():
            return
        if not isinstance(self.horizon, Finite):
            raise InvalidModel(f"horizon is {self.horizon!r}; expected Finite(H)")
        try:
            controls = tuple(map(index, self.controls))
        except TypeError as error:
            raise InvalidModel(f"controls is {self.controls!r}; expected one integer a player") from error
        if min(controls, default=0) < 1:
            raise InvalidModel(f"controls is {controls}; expected at least one player, and one control of each")
        exact = any_exact(self.A, self.B, self.Q, self.R, self.final)
        given = {name: numbers(name, getattr(self, name), exact, self.axes[name]) for name in "ABQR"}
        final = given["Q"] * 0 if self.final is None else numbers("final", self.final, exact, self.axes["final"])
        given["final"] = final
        n, m, players = len(given["A"]), sum(controls), len(controls)
        wanted = dict(A=(n, n), B=(n, m), Q=(players, n, n), R=(players, m, m), final=(players, n, n))
        if not n:
            raise InvalidModel(f"A has shape {given['A'].shape}; expected at least one state")
        for name, value in given.items():
            if value.shape != wanted[name]:
                raise InvalidModel(f"{name} has shape {value.shape}; expected {wanted[name]} for controls {controls}")
        for name in ("Q", "R", "final"):
            different = np.asarray(given[name] != given[name].swapaxes(1, 2))
            if different.any():
                i, row, column = (int(k) for k in np.argwhere(different)[0])
                ends = given[name][i, row, column], given[name][i, column, row]
                raise InvalidModel(
                    f"{at(name, (i, row, column))} is {ends[0]} and {at(name, (i, column, row))} is {ends[1]}; "
                    "expected symmetric costs"
                )
        self._set(**given, controls=controls)

    @classmethod
    def zero_sum(
        cls,
        A: Numbers,
        B: Numbers,
        Q: Numbers,
        R: Numbers,
        final: Numbers | None = None,
        *,
        controls: tuple[int, int],
        horizon: Finite,
    ) -> Self:
        """The game in which player 0 minimises a cost and player 1 maximises it.

        Args: A, B: as for the record. Q, final: `[m,n]`. R: `[j,k]`, such as diag(1, -g) for a disturbance priced at g.

        >>> LinearQuadraticGame.zero_sum([[1]], [[1, 1]], [[1]], np.diag([1, -2]), controls=(1, 1), horizon=Finite(1)).Q
        array([[[ 1.]],
        <BLANKLINE>
               [[-1.]]])
        """
        both = (None if cost is None else _oppose(cost) for cost in (Q, R, final))
        return cls(A, B, *both, controls=controls, horizon=horizon)

    @property
    def players(self) -> int:
        return len(self.controls)

    def own(self, player: int) -> np.ndarray:
        """Indices of a player's controls."""
        first = sum(self.controls[:player])
        return np.arange(first, first + self.controls[player])

    def __repr__(self):
        n, kind = len(self.A), "rational" if self.exact else "float"
        return (
            f"LinearQuadraticGame({self.players} player{'s' * (self.players != 1)}, {n} state{'s' * (n > 1)}, "
            f"controls={self.controls}, {self.horizon!r}, {kind})"
        )


def _oppose(cost):
    array = bare(cost)
    array = array if array.dtype.kind in "iuf" else objects(array)
    return np.stack([array, -array])
