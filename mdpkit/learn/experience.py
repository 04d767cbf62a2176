"""What a learner has observed: the demonstrations, and the visits of the policies that it played."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
from flint import fmpq

from ..base.arrays import is_exact, nearest
from ..base.errors import InvalidModel
from ..base.types import Number, Numbers
from ..model.access import Setting
from ..model.data import Trajectories
from ._tabular import empirical_occupancy
from .players.no_regret import fraction

KEPT = ("last", "all")


@dataclass(frozen=True, eq=False)
class Experience:
    """Demonstrations and the visits of each round's policy, as rows and as occupancies.

    Args:
        setting: the Setting. demonstrations: the expert's Trajectories. rounds: Trajectories of each round so far.
        total: sum of the rounds' occupancies; computed by `then`.
    """

    setting: Setting
    demonstrations: Trajectories
    rounds: tuple[Trajectories, ...] = ()
    total: np.ndarray | None = None

    def then(self, seen: Trajectories) -> Self:
        """The experience after one more round."""
        visits = empirical_occupancy(self.setting, seen)
        return replace(self, rounds=(*self.rounds, seen), total=visits if self.total is None else self.total + visits)

    @cached_property
    def expert(self) -> np.ndarray:
        """Occupancy of the demonstrations, `[t,s,a]` over a finite horizon, else `[s,a]`."""
        return empirical_occupancy(self.setting, self.demonstrations)

    def learner(self, keep: str = "last") -> np.ndarray | None:
        """Occupancy of the last round ("last"), or the mean of all rounds' ("all"); None before the first."""
        expect_keep(keep)
        if self.total is None:
            return None
        return self.total / len(self.rounds) if keep == "all" else empirical_occupancy(self.setting, self.rounds[-1])

    def mixture(self, expert_share: Number, keep: str = "last", other: np.ndarray | None = None) -> np.ndarray:
        """expert_share * the expert's occupancy + (1 - expert_share) * `other`, by default the learner's.

        Before the first round without `other`: the expert's occupancy.
        """
        other = self.learner(keep) if other is None else other
        if other is None:
            return self.expert
        share = fraction(expert_share) if is_exact(self.expert) else nearest(fraction(expert_share))
        return share * self.expert + (1 - share) * other


def expect_keep(keep: str) -> None:
    """Check which rounds are kept.

    Raises: InvalidModel if it is unknown.
    """
    if keep not in KEPT:
        raise InvalidModel(f"keep is {keep!r}; expected one of {', '.join(KEPT)}")


def expect_share(name: str, share: Number) -> None:
    """Check that a share is a number in [0, 1].

    Raises: InvalidModel if it is not.
    """
    try:
        fits = 0 <= fraction(share) <= 1
    except (TypeError, ValueError, ArithmeticError):
        fits = False
    if not fits:
        raise InvalidModel(f"{name} is {share!r}; expected a number in [0, 1]")


def share_of_round(share: Numbers, k: int) -> fmpq:
    """The share in round k: a number, or linear pieces through (round, share), constant outside of them.

    >>> [share_of_round(((0, "1/2"), (4, 0)), k) for k in (0, 1, 4, 9)]
    [1/2, 3/8, 0, 0]
    """
    if not isinstance(share, Sequence) or isinstance(share, str):
        return fraction(share)
    knots = [(at, fraction(value)) for at, value in share]
    before, after = [knot for knot in knots if knot[0] <= k], [knot for knot in knots if knot[0] > k]
    if not before or not after:
        return (before or after[:1])[-1][1]
    (start, first), (end, last) = before[-1], after[0]
    return first + (last - first) * (k - start) / (end - start)


def expect_shares(name: str, share: Numbers) -> None:
    """Check that a share is a number in [0, 1], or pairs (round, share) in increasing order of rounds.

    Raises: InvalidModel if it is not.
    """
    if not isinstance(share, Sequence) or isinstance(share, str):
        expect_share(name, share)
        return
    pairs = [tuple(pair) if isinstance(pair, Sequence) else () for pair in share]
    rounds = [pair[0] for pair in pairs if len(pair) == 2 and isinstance(pair[0], int) and pair[0] >= 0]
    if not pairs or len(rounds) != len(pairs) or any(a >= b for a, b in pairwise(rounds)):
        raise InvalidModel(
            f"{name} is {share!r}; expected a number in [0, 1], or pairs (round, share), rounds increasing"
        )
    for _, value in pairs:
        expect_share(name, value)
