"""Simultaneous play of a one-shot game."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...base.arrays import exactly, floats, is_exact, nearest, zeros
from ...base.errors import ExactnessLost, InvalidModel
from ...base.record import distributions, expect_counts, numbers
from ...base.tolerance import ROW_SUM
from ...base.types import Numbers
from ...kernels import dynamics as kernels
from ...measure.games.parts import parts_of_joint_actions
from ...model.game import JointPolicy, MarkovGame
from ...model.horizon import Finite
from ..learner import Trace
from ..players.no_regret import (
    BestResponse,
    FollowTheLeader,
    GradientAscent,
    Hedge,
    MultiplicativeWeights,
    fraction,
)
from .rules import OptimisticGradient, RegretMatching, SwapRegret

Rule: TypeAlias = (
    FollowTheLeader
    | BestResponse
    | Hedge
    | GradientAscent
    | MultiplicativeWeights
    | OptimisticGradient
    | RegretMatching
    | SwapRegret
)
"""A player of learning dynamics."""

MOST_PLAYERS = 5
"""Largest number of players."""

_CODES = {
    FollowTheLeader: kernels.LEADER,
    BestResponse: kernels.LAST_BEST,
    Hedge: kernels.HEDGE,
    GradientAscent: kernels.GRADIENT,
    OptimisticGradient: kernels.OPTIMISTIC_GRADIENT,
    RegretMatching: kernels.MATCHING,
    SwapRegret: kernels.SWAP,
    MultiplicativeWeights: kernels.WEIGHTS,
}


@dataclass(frozen=True)
class LearningDynamics:
    """Simultaneous play of a one-shot game by players that see the expected payoff of each of their actions.

    Args: rule: one record for all players, or a tuple with one for each: FollowTheLeader() makes fictitious play (with
        more than two players against the history of joint actions); Hedge(rate), Hedge(rate, optimistic=True),
        RegretMatching(), SwapRegret(rate), GradientAscent(rate), OptimisticGradient(rate), MultiplicativeWeights(rate),
        BestResponse().

    The first strategies are uniform unless given. Nothing is sampled. Rational games are played exactly, except with
    exponential weights, whose probabilities are rounded to multiples of 2^-24 on floats.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Finite
    >>> pennies = objects([[[1, -1, -1, 1]], [[-1, 1, 1, -1]]])
    >>> game = MarkovGame(objects([[[1]] * 4]), pennies, horizon=Finite(1), actions=(2, 2))
    >>> LearningDynamics(FollowTheLeader()).play(game, 8, start=[[1, 0], [0, 1]]).average[-1]
    array([[5/8, 3/8],
           [5/8, 3/8]], dtype=object)
    """

    rule: Rule | tuple[Rule, ...]

    def play(
        self,
        game: MarkovGame,
        rounds: int,
        rng: np.random.Generator | None = None,
        *,
        start: Numbers | None = None,
        every: int = 1,
    ) -> "Play":
        """Rounds of play.

        Args: game: a MarkovGame of one state over Finite(1), with 2 to 5 players and no mask. rounds: their number.
            rng: if given, the first strategies are drawn uniformly from the simplices (floats only).
            start: strategies of the first round, one distribution per player, `[i][a]`; uniform if omitted. Later ones
                of fictitious play, best responses, Hedge, RegretMatching and SwapRegret depend on them through the
                gains alone: their weights still begin uniform.
            every: rounds from one record to the next; the last round is always recorded.

        Raises: InvalidModel for another game, rule or start; ExactnessLost for exponential weights or default rates of
            gradients on a rational game.
        """
        expect_counts(rounds=rounds, every=every)
        payoffs = _payoffs(game)
        rules = self.rule if isinstance(self.rule, tuple) else (self.rule,) * game.players
        if len(rules) != game.players:
            raise InvalidModel(f"rule has {len(rules)} entries; the game has {game.players} players")
        codes, rates = zip(*(_rule(rule, payoffs) for rule in rules), strict=True)
        parts = np.array([parts_of_joint_actions(game.actions, i)[0] for i in range(game.players)])
        first = _start(game, start, rng)
        sizes, codes = np.array(game.actions), np.array(codes)
        rates = zeros(len(rates), payoffs) + np.array(rates, dtype=payoffs.dtype)
        found = kernels.play(payoffs, parts, sizes, codes, rates, first, int(rounds), int(every))
        at = np.append(np.arange(every, rounds, every), rounds)
        return Play(game, at, *found)


@dataclass(frozen=True, eq=False)
class Play:
    """Recorded rounds of learning dynamics; n counts records, and quantities are those after round `at[n]`.

    Attributes:
        strategies: last iterates `[n,i,a]`, with zeros beyond a player's actions. average: their time averages.
        external, swap: regrets `[n,i]` of the rounds so far, sums and not averages: largest gains from one fixed
            action, and from a function of the own action. Divided by the number of rounds they are the coarse and swap
            regrets of the average law of joint actions.
        last_gap, average_gap: NashConv `[n]` of the last iterates and of the time averages: the sum over players of the
            gain of a best response.
        joint: average `[j]` of the rounds' laws of joint actions; it is correlated, unlike the product of the averages.
    """

    game: MarkovGame
    at: np.ndarray
    strategies: np.ndarray
    average: np.ndarray
    external: np.ndarray
    swap: np.ndarray
    last_gap: np.ndarray
    average_gap: np.ndarray
    joint: np.ndarray

    def policy(self, kind: str = "joint") -> JointPolicy:
        """A mediator: the average law of joint actions ("joint"), or the product of "average" or "last" strategies."""
        if kind == "joint":
            return JointPolicy(self.joint[None])
        if kind not in ("average", "last"):
            raise InvalidModel(f"kind is {kind!r}; expected joint, average or last")
        strategies = (self.average if kind == "average" else self.strategies)[-1]
        return join(self.game.actions, strategies)

    def exact_strategies(self) -> np.ndarray:
        """The strategies `[n,i,a]` as the rationals that the floats represent, rows divided by their sums.

        Exponential weights are played in multiples of 2^-24, so that their rows sum to 1 as they are.
        """
        found = exactly(self.strategies)
        return found / found.sum(axis=-1, keepdims=True)

    @property
    def trace(self) -> Trace:
        """Columns by round: strategies, their average, regrets and NashConv."""
        return Trace(
            {
                "round": self.at,
                "strategies": self.strategies,
                "average": self.average,
                "external regret": self.external,
                "swap regret": self.swap,
                "NashConv of the last": self.last_gap,
                "NashConv of the average": self.average_gap,
            }
        )

    def __repr__(self) -> str:
        return f"Play({self.at[-1]} rounds, actions={self.game.actions}, {'rational' if self.game.exact else 'float'})"


def join(actions: tuple[int, ...], strategies: Any) -> JointPolicy:
    """The mediator that draws every player's action independently, of a one-state game.

    Args: strategies: one distribution per player, `[i][a]`; entries beyond a player's actions are dropped.

    >>> join((2, 2), [[0.5, 0.5], [1.0, 0.0]]).table
    array([[0.5, 0. , 0.5, 0. ]])
    """
    law = np.asarray(strategies[0])[: actions[0]]
    for count, strategy in zip(actions[1:], strategies[1:], strict=True):
        law = (law[:, None] * np.asarray(strategy)[None, :count]).ravel()
    return JointPolicy(law[None])


def _payoffs(game):
    if not isinstance(game, MarkovGame):
        raise InvalidModel(f"learning dynamics play a MarkovGame; got {game!r}")
    if game.S != 1 or game.horizon != Finite(1) or game.mask is not None:
        raise InvalidModel(f"learning dynamics play games of one state over Finite(1), without a mask; got {game!r}")
    if not 2 <= game.players <= MOST_PLAYERS:
        raise InvalidModel(f"the game has {game.players} players; expected 2 to {MOST_PLAYERS}")
    return np.ascontiguousarray(game.r.reshape(game.players, game.J))


def _rule(rule, payoffs):
    """The kernel's code and rate (0: the default) of a player."""
    if type(rule) not in _CODES:
        raise InvalidModel(f"rule is {rule!r}; expected one of {', '.join(each.__name__ for each in _CODES)}")
    code, rate = _CODES[type(rule)], getattr(rule, "rate", None)
    if is_exact(payoffs) and (code in (kernels.HEDGE, kernels.SWAP) or (code == kernels.GRADIENT and rate is None)):
        raise ExactnessLost(f"{rule!r} has irrational weights or rates; play game.to_float()")
    if isinstance(rule, Hedge) and rule.optimistic:
        code = kernels.OPTIMISTIC_HEDGE
    if rate is None:
        return code, 0
    if code == kernels.WEIGHTS and nearest(fraction(rate)) * floats(payoffs).min() <= -1:
        raise InvalidModel(f"1 + rate * payoff falls to 0 or below at rate {rate}; expected a smaller rate")
    return code, fraction(rate) if is_exact(payoffs) else nearest(fraction(rate))


def _start(game, start, rng):
    most = max(game.actions)
    first = zeros((game.players, most), game.r)
    if start is not None and rng is not None:
        raise InvalidModel("start and rng are both given; expected at most one of them")
    if rng is not None and game.exact:
        raise ExactnessLost("first strategies are drawn as floats; play game.to_float()")
    if start is not None and not hasattr(start, "__len__"):
        raise InvalidModel(f"start is {start!r}; expected one distribution for each player")
    if start is not None and len(start) != game.players:
        raise InvalidModel(f"start has {len(start)} strategies; the game has {game.players} players")
    for i, count in enumerate(game.actions):
        if start is None:
            law = rng.dirichlet(np.ones(count)) if rng is not None else game.like([1] * count) / count
        else:
            law = numbers(f"start[{i}]", start[i], game.exact, "a")
            if len(law) != count:
                raise InvalidModel(f"start[{i}] has {len(law)} entries; player {i} has {count} actions")
            distributions(f"start[{i}]", law, ROW_SUM)
        first[i, :count] = law
    return first
