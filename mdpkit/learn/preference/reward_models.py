"""Reward models: scores of responses that are fitted to comparisons."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number
from ...model.comparisons import Comparisons
from ..players.no_regret import expect_number, fraction
from ._pairs import logistic
from .classes import AllPolicies, PolicyClass

HEADS = "mean", "worst", "variance"
TOLERANCE = 1e-10
"""Largest entry of the gradient of a loss at which it counts as minimised."""


class RewardModel(Protocol):
    """Interface of reward models."""

    def fit(self, data: Comparisons, shape: tuple[int, int], rng: np.random.Generator | None) -> np.ndarray:
        """Scores `[x,y]`."""


@dataclass(frozen=True, eq=False)
class BradleyTerry:
    """The scores of maximum likelihood: P(y beats z) = 1 / (1 + e^(score(z) - score(y))).

    Args:
        rewards: AllPolicies() for any scores, LogLinear(features) for linear ones, FinitePolicies(tables) for the
            scores log(table) of finitely many policies: they must give every compared response positive probability.
        ridge: c in loss + c/2 |parameters|^2; needed where some scores separate the comparisons.
        bound: scores are clipped to the range of width `bound` around each prompt's mid-range; None for no bound.

    Scores of a prompt are identified up to a constant for responses that comparisons connect; the result sums to 0 over
    each connected set if all scores are allowed, and is 0 at responses that were never compared.
    Source: Bradley and Terry, 1952.
    """

    rewards: PolicyClass = field(default_factory=AllPolicies)
    ridge: Number = 0
    bound: Number | None = None

    def __post_init__(self) -> None:
        expect_number("ridge", self.ridge, positive=False)
        if self.bound is not None:
            expect_number("bound", self.bound)

    def divergence_bound(self, beta: Number) -> float:
        """Largest KL divergence of a policy tilted by scores/beta from the reference: min(R/beta, R^2/(8 beta^2)) nats.

        It holds for every data set, since R = `bound` is the largest range of the scores at a prompt.
        Raises: InvalidModel if the scores are not bounded.

        >>> BradleyTerry(bound=1).divergence_bound(beta=2)
        0.03125
        """
        if self.bound is None:
            raise InvalidModel(
                "the scores have no largest range: a bound on the divergence needs BradleyTerry(bound=...)"
            )
        expect_number("beta", beta)
        range_in_nats = float(fraction(self.bound) / fraction(beta))
        return min(range_in_nats, range_in_nats**2 / 8)

    def fit(self, data: Comparisons, shape: tuple[int, int], rng: np.random.Generator | None) -> np.ndarray:
        scores = self.rewards.minimise(
            logistic(data, 1.0), np.ones(shape), ridge=float(fraction(self.ridge)), tol=TOLERANCE
        )
        if self.bound is None:
            return scores
        middle = (scores.max(axis=-1, keepdims=True) + scores.min(axis=-1, keepdims=True)) / 2
        half = float(fraction(self.bound)) / 2
        return np.clip(scores, middle - half, middle + half)


@dataclass(frozen=True, eq=False)
class RewardEnsemble:
    """Several reward models, each fitted to a resampling of the comparisons, with a pessimistic head.

    Args:
        model: the RewardModel. members: their number.
        head: "mean"; "worst", the lowest score of a response; "variance", mean - penalty * variance.
        penalty: weight of the variance.
        rows: number of comparisons of a resampling; by default that of the sample. It has no default for comparisons
            that are weighted by their probabilities, which are no sample of any size.

    The scores of each member are centred per prompt before they are combined, since only differences are identified.
    Source: adapted from Coste, Anwar, Kirk and Krueger, 2024.
    """

    model: RewardModel = field(default_factory=lambda: BradleyTerry(ridge="1/1000"))
    members: int = 5
    head: str = "worst"
    penalty: Number = 1
    rows: int | None = None

    def __post_init__(self) -> None:
        expect_counts(members=self.members, **({} if self.rows is None else {"rows": self.rows}))
        expect_number("penalty", self.penalty, positive=False)
        if self.head not in HEADS:
            raise InvalidModel(f"head is {self.head!r}; expected one of {', '.join(HEADS)}")

    def fit(self, data: Comparisons, shape: tuple[int, int], rng: np.random.Generator | None) -> np.ndarray:
        if rng is None:
            raise InvalidModel(
                "an ensemble resamples the comparisons: give fit(..., rng=numpy.random.default_rng(seed))"
            )
        share, won = floats(data.weight) / floats(data.weight).sum(), floats(data.won)
        if self.rows is None and not (((won == 0) | (won == 1)).all() and (data.weight == data.weight[0]).all()):
            raise InvalidModel(
                "the comparisons are weighted by probabilities and are no sample; an ensemble resamples as many rows as "
                "RewardEnsemble(rows=...) says"
            )
        rows = len(data) if self.rows is None else self.rows
        scores = []
        for _ in range(self.members):
            counts = rng.multinomial(rows, share)
            wins = rng.binomial(counts, won) / np.maximum(counts, 1)
            resampled = Comparisons(data.prompt, data.first, data.second, wins, weight=counts / rows)
            member = self.model.fit(resampled, shape, rng)
            scores.append(member - member.mean(axis=-1, keepdims=True))
        every = np.stack(scores)
        if self.head == "worst":
            return every.min(axis=0)
        mean = every.mean(axis=0)
        return mean if self.head == "mean" else mean - float(fraction(self.penalty)) * every.var(axis=0)
