"""Certificates of the values of zero-sum Markov games, checked in exact arithmetic."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import exactly, nearest
from ..base.errors import CertificateRejected
from ..model.game import MarkovGame, fill_missing_actions
from ..model.horizon import Finite
from ..model.mdp import stepwise
from ..model.policy import TabularPolicy


@dataclass(frozen=True, eq=False)
class SaddleCertificate:
    """Certificate of bounds L <= V* <= U on the value of a zero-sum Markov game to player 0.

    Args:
        problem: a MarkovGame of two players with opposed rewards; floats represent their exact values, with each row of
            P divided by its sum.
        row, column: policies of player 0, who guarantees L, and of player 1, who concedes at most U.
        below, above: tuples of arrays, float64 or rational, whose exact sums are L and U: `[s]` for Discounted,
            `[t,s]` with t = 0..H for Finite.

    With Q_L = r + gamma P L the conditions are L <= sum_a row[a] Q_L[a,b] for every b, U >= sum_b Q_U[a,b] column[b]
    for every a, and L <= 0 <= U at the end of a finite horizon. One step against a fixed policy is monotone and a
    contraction, so that L is at most, and U at least, the value of best responses. Missing actions are neither played
    by the policies nor counted among a and b.
    Source: adapted from Shapley, 1953.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Discounted
    >>> pay = objects([[1, 0, 0, 1]])
    >>> pennies = MarkovGame(objects([[[1]] * 4]), [pay, -pay], horizon=Discounted("1/2"), actions=(2, 2))
    >>> even = TabularPolicy(objects([["1/2", "1/2"]]))
    >>> SaddleCertificate(pennies, even, even, (objects([1]),), (objects([1]),)).verify()
    >>> SaddleCertificate(pennies, even, even, (objects([2]),), (objects([2]),)).verify()
    Traceback (most recent call last):
    mdpkit.base.errors.CertificateRejected: state 0: the lower bound 2 is above what player 0 guarantees, by 5.0e-01
    """

    problem: MarkovGame
    row: TabularPolicy
    column: TabularPolicy
    below: tuple
    above: tuple

    def verify(self) -> None:
        """Check the conditions in rational arithmetic. Raises: CertificateRejected naming the first one that fails."""
        game, horizon = fill_missing_actions(self.problem), self.problem.horizon
        finite = isinstance(horizon, Finite)
        r, expect = exactly(stepwise(game.r, 3)), _expectation(game)
        if game.players != 2 or (r[:, 0] + r[:, 1] != 0).any():
            raise CertificateRejected("the rewards are not opposed rewards of two players")
        L, U = _total(self.below), _total(self.above)
        x, y = (_laws(policy) for policy in (self.row, self.column))
        for i, law in enumerate((x, y)):
            if (law[:, ~self.problem.available_to(i)] != 0).any():
                raise CertificateRejected(f"the policy of player {i} plays a missing action")
        shape = (horizon.H + 1, game.S) if finite else (game.S,)
        if L.shape != shape or U.shape != shape:
            raise CertificateRejected(f"the bounds have shapes {L.shape} and {U.shape}; expected {shape}")
        if finite and ((L[-1] > 0).any() or (U[-1] < 0).any()):
            raise CertificateRejected("the bounds do not enclose 0, the value of the end")
        g = 1 if finite else exactly(horizon.gamma)[()]
        for t in range(horizon.H) if finite else [None]:
            now, then, k = (t, t + 1, t) if finite else (..., ..., 0)
            paid, tables = r[k % len(r), 0], (game.S, *game.actions)
            low, high = ((paid + expect(end[then], k) * g).reshape(tables) for end in (L, U))
            kept = (x[k % len(x)][:, :, None] * low).sum(axis=1).min(axis=1)
            conceded = (high * y[k % len(y)][:, None, :]).sum(axis=2).max(axis=1)
            _demand(L[now], kept, "lower", "above", "player 0 guarantees", t)
            _demand(-U[now], -conceded, "upper", "below", "player 1 concedes", t)


def _expectation(game):
    """The function that takes rationals V[n] and a step to E[V(n) | s, j], `[s,j]`, rows divided by their sums."""
    if game.sparse:
        entries, states, first = exactly(game.P.data), game.P.indices, game.P.indptr[:-1]
        sums = np.add.reduceat(entries, first)
        return lambda V, k: (np.add.reduceat(entries * V[states], first) / sums).reshape(game.S, game.J)
    P = exactly(stepwise(game.P, 3))
    P = P / P.sum(axis=-1)[..., None]
    return lambda V, k: P[k % len(P)] @ V


def _demand(bound, step, name, side, what, t):
    for s, (one, other) in enumerate(zip(bound, step, strict=True)):
        if one > other:
            where = f"state {s}" if t is None else f"step {t}, state {s}"
            shown = one if name == "lower" else -one
            raise CertificateRejected(
                f"{where}: the {name} bound {shown} is {side} what {what}, by {nearest(one - other):.1e}"
            )


def _total(parts):
    for part in parts:
        if part.dtype != object and not np.isfinite(part).all():
            raise CertificateRejected("a bound is not finite")
    return sum((exactly(part) for part in parts[1:]), start=exactly(parts[0]))


def _laws(policy):
    table = exactly(stepwise(policy.table, 2))
    if (table < 0).any():
        raise CertificateRejected("a policy has a negative probability")
    return table / table.sum(axis=-1)[..., None]
