"""Players of learning dynamics that remember more than the sum of their gains."""

from dataclasses import dataclass

from ...base.types import Number
from ..players.no_regret import expect_number


@dataclass(frozen=True)
class RegretMatching:
    """Regret matching+: actions in proportion to their regrets, which are cut off at 0 after every round.

    Regret after T rounds for gains of range c and A actions: at most c sqrt(A T). Uniform while no regret is positive.
    Exact on rationals.
    Source: Tammelin, 2014, after Hart and Mas-Colell, 2000.
    """


@dataclass(frozen=True)
class SwapRegret:
    """Blum and Mansour's reduction from swap regret: one copy of Hedge per action, played at a stationary distribution.

    The copy of action a gains x(a) times the round's gains; the player plays the x with x = x M, M[a] the distribution
    of copy a.

    Args: rate: learning rate of the copies; defaults to sqrt(A log A / k) after k rounds.

    Swap regret after T rounds at a constant rate, for gains of range c: at most A log A / rate + rate T c^2 / 8, plus
    the error of rounding the copies' weights to multiples of 2^-24.
    Source: Blum and Mansour, 2007.
    """

    rate: Number | None = None

    def __post_init__(self) -> None:
        if self.rate is not None:
            expect_number("rate", self.rate)


@dataclass(frozen=True)
class OptimisticGradient:
    """Optimistic projected gradient ascent: each round the last gain is used twice, as news and as a prediction.

    Args: rate: step size. With y the point without the prediction, y <- project(y + rate * gain), then the player plays
        project(y + rate * gain).

    Exact on rationals.
    Source: Popov, 1980; last iterates: Wei, Lee, Zhang and Luo, 2021.
    """

    rate: Number = "1/8"

    def __post_init__(self) -> None:
        expect_number("rate", self.rate)
