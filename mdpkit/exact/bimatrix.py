"""Nash equilibria of two-player games in rational arithmetic: vertices, supports, complementary pivoting."""

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import lcm
from numbers import Integral

import numpy as np
from flint import fmpq, fmpz

from ..base.arrays import objects, rationals
from ..base.errors import InvalidModel
from .linear import Singular, matrix, solve_linear

LARGEST = 6
"""Largest number of actions of a player for which equilibria are enumerated."""


@dataclass(frozen=True, eq=False)
class MixedPair:
    """A pair of mixed strategies, `row[a]` and `column[b]`, and the payoffs `payoff[i]` of the two players."""

    row: np.ndarray
    column: np.ndarray
    payoff: np.ndarray


def extreme_equilibria(A, B) -> list[MixedPair]:
    """All extreme Nash equilibria: every Nash equilibrium is a convex combination of extreme ones of one component.

    The row player receives A[a,b], the column player B[a,b]. With payoffs made positive, the pairs of vertices x of
    {x >= 0, B'x <= 1} and y of {y >= 0, A y <= 1} at which every action is unused or a best response are the extreme
    equilibria, up to normalisation; degenerate games are no exception. The order is that of the strategies.

    Args: A, B: rationals `[a,b]` with at most `LARGEST` actions a player.
    Raises: InvalidModel for larger games.
    Source: Mangasarian, 1964; adapted from Avis, Rosenberg, Savani and von Stengel, 2010.

    >>> [pair.payoff[0] for pair in extreme_equilibria(objects([[2, 0], [0, 1]]), objects([[1, 0], [0, 2]]))]
    [1, 2/3, 2]
    """
    A, B = _payoffs(A, B)
    _small(A.shape)
    rows, columns = A.shape
    everything = (1 << rows + columns) - 1
    firsts, seconds = _vertices(_positive(B), 0, rows), _vertices(_positive(A).T, rows, 0)
    return [
        _pair(A, B, x, y)
        for x, own in sorted(firsts.items(), key=lambda item: item[0])
        for y, others in sorted(seconds.items(), key=lambda item: item[0])
        if own | others == everything
    ]


def support_equilibria(A, B) -> list[MixedPair]:
    """All Nash equilibria of a nondegenerate game, by pairs of supports of equal size.

    Raises: InvalidModel where a mixed strategy has more best responses than actions in its support, or the equations
        of two supports have more than one solution: the game is then degenerate, and this method may miss equilibria.
    Source: adapted from von Stengel, 2002.

    >>> len(support_equilibria(objects([[2, 0], [0, 1]]), objects([[1, 0], [0, 2]])))
    3
    """
    A, B = _payoffs(A, B)
    _small(A.shape)
    found = []
    for size in range(1, min(A.shape) + 1):
        for I in map(list, combinations(range(A.shape[0]), size)):
            for K in map(list, combinations(range(A.shape[1]), size)):
                x = _indifferent(_positive(B), I, K, "row")
                y = _indifferent(_positive(A).T, K, I, "column")
                if x is not None and y is not None:
                    found.append(_pair(A, B, tuple(x), tuple(y)))
    return found


def lemke_howson(A, B, label=0) -> MixedPair:
    """One Nash equilibrium by complementary pivoting in integers, from the label that is dropped first.

    The leaving variable is chosen by the lexicographic rule, so that the path ends in degenerate games as well.

    Args:
        A, B: rationals `[a,b]`. label: 0 to m-1 for the actions of the row player, m to m+n-1 for those of the other.
    Raises: InvalidModel for an unknown label.
    Source: Lemke and Howson, 1964; integer pivoting and the lexicographic rule adapted from von Stengel, 2002.

    >>> lemke_howson(objects([[1, -1], [-1, 1]]), objects([[-1, 1], [1, -1]])).row
    array([1/2, 1/2], dtype=object)
    """
    A, B = _payoffs(A, B)
    m, n = A.shape
    if isinstance(label, bool) or not isinstance(label, Integral) or not 0 <= label < m + n:
        raise InvalidModel(f"label is {label!r}; a game of {m} x {n} actions has labels 0 to {m + n - 1}")
    # rows B'x + s = 1 with columns (x, s), and A y + r = 1 with columns (r, y): column k carries label k in both
    first, second = _Tableau(_positive(B).T, slack=m), _Tableau(_positive(A), slack=0)
    tableau = first if label < m else second
    entering = label
    while True:
        entering = tableau.pivot(entering)
        if entering == label:
            break
        tableau = second if tableau is first else first
    return _pair(A, B, tuple(first.values(range(m))), tuple(second.values(range(m, m + n))))


class _Tableau:
    """Rows M z + slacks = 1 in integers: every entry is the true one times `scale`."""

    def __init__(self, M, slack):
        rows = len(M)
        common = reduce(lcm, (int(x.q) for x in M.ravel()), 1)
        whole = [[int((x * common).p) for x in row] for row in M]
        identity = [[int(k == row) for k in range(rows)] for row in range(rows)]
        sides = (whole, identity) if slack else (identity, whole)
        self.slacks = list(range(slack, slack + rows))
        self.table = np.array([[*a, *b, 1] for a, b in zip(*sides, strict=True)], dtype=object)
        self.basis, self.scale = list(self.slacks), 1

    def pivot(self, column):
        """Enter a column; returns the label of the variable that leaves."""
        T = self.table
        keys = [T.shape[1] - 1, *self.slacks]
        row = min(
            (k for k in range(len(T)) if T[k, column] > 0),
            key=lambda k: [fmpq(fmpz(T[k, key]), fmpz(T[k, column])) for key in keys],
        )
        pivot = T[row, column]
        for k in range(len(T)):
            if k != row:
                T[k] = (T[k] * pivot - T[row] * T[k, column]) // self.scale
        self.scale = pivot
        left, self.basis[row] = self.basis[row], column
        return left

    def values(self, labels):
        """Values of the variables with these labels, up to a common positive factor."""
        known = {label: fmpq(fmpz(self.table[k, -1])) for k, label in enumerate(self.basis)}
        return [known.get(label, fmpq(0)) for label in labels]


def _payoffs(A, B):
    A, B = rationals(A), rationals(B)
    if A.ndim != 2 or A.shape != B.shape or 0 in A.shape:
        raise InvalidModel(f"the payoffs have shapes {A.shape} and {B.shape}; expected the same [a,b], not empty")
    return A, B


def _positive(payoff):
    """The payoffs plus a constant that makes them positive, which changes no equilibrium."""
    return payoff + (1 - payoff.min())


def _small(shape):
    if max(shape) > LARGEST:
        raise InvalidModel(
            f"the game has {shape[0]} x {shape[1]} actions; equilibria are enumerated up to {LARGEST} x {LARGEST}: "
            "use LemkeHowson() for one equilibrium"
        )


def _vertices(B, own, others):
    """Vertices x of {x >= 0, B'x <= 1} other than 0, with the labels of the constraints that hold with equality."""
    found = {}
    rows, columns = B.shape
    for size in range(1, min(B.shape) + 1):
        for I in combinations(range(rows), size):
            for K in combinations(range(columns), size):
                try:
                    part = matrix(B[np.ix_(I, K)].T).solve(matrix(objects([[1]] * size)))
                except ZeroDivisionError:
                    continue
                values = part.entries()
                if any(value < 0 for value in values):
                    continue
                x = [fmpq(0)] * rows
                for i, value in zip(I, values, strict=True):
                    x[i] = value
                earned = np.array(x, dtype=object) @ B
                if (earned > 1).any():
                    continue
                labels = sum(1 << own + i for i in range(rows) if x[i] == 0)
                found[tuple(x)] = labels | sum(1 << others + k for k in range(columns) if earned[k] == 1)
    return found


def _indifferent(B, I, K, player):
    """The strategy on the support I against which the actions K earn the same, and more than the others; or None."""
    system = B[np.ix_(I, K)].T
    one = objects([1] * len(I))
    try:
        part = solve_linear(system, one)
    except Singular as error:
        wide = np.concatenate([system, one[:, None]], axis=1)
        if matrix(wide).rank() == matrix(system).rank():
            raise _degenerate(player, I, K) from error
        return None
    if (part <= 0).any():
        if (part < 0).any():
            return None
        raise _degenerate(player, I, K)
    x = objects([0] * len(B))
    x[I] = part
    earned = x @ B
    if (np.delete(earned, K) > 1).any():
        return None
    if (np.delete(earned, K) == 1).any():
        raise _degenerate(player, I, K)
    return x


def _degenerate(player, I, K):
    return InvalidModel(
        f"the game is degenerate: against strategies of the {player} player on the actions {list(I)}, more actions than "
        f"{list(K)} or other mixtures are best responses; enumerate by vertices, or use LemkeHowson()"
    )


def _pair(A, B, x, y):
    """The pair of normalised strategies, with its payoffs."""
    row, column = (np.array(z, dtype=object) / sum(z, fmpq(0)) for z in (x, y))
    return MixedPair(row, column, np.array([row @ A @ column, row @ B @ column], dtype=object))
