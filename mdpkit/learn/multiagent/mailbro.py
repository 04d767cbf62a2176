"""Imitation of a mediator with a best-response oracle, after MAIL-BRO."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...measure import best_deviation
from ...model.access import Access
from ...model.game import Deviation, JointPolicy, MarkovGame
from .._game import deviate
from ..players.no_regret import Hedge, Player, expect_no_regret
from .arguments import expect_class, expect_function
from .blades import Answers
from .gaps import Report
from .mediators import Mediators
from .rounds import Lesson, imitate, known_game, variations, visits_of

Oracle = Callable[[JointPolicy], Sequence[Deviation]]


def best_response_oracle(game: MarkovGame, deviations: str = "swap") -> Oracle:
    """The oracle that knows the rewards of a game: a mediator's best deviation for each player.

    >>> from mdpkit.instances import named
    >>> m = named("fork", H=3)
    >>> best_response_oracle(m.game)(m.learner)
    [Deviation(player=0, H=3, S=3, A=2, rational), Deviation(player=1, H=3, S=3, A=2, rational)]
    """
    return lambda joint: [best_deviation(game, joint, i, deviations) for i in range(game.players)]


@dataclass(frozen=True, eq=False)
class MAILBRO:
    """MAIL-BRO: no-regret cloning of the expert's answers, queried along best responses to the learner.

    Where BLADES computes the deviation of the largest distance from the expert, an oracle returns the best deviation of
    each player for the true rewards, which remain unknown to the learner. The expert is queried along these deviations
    and along obedience.

    Args:
        oracle: function of a mediator that returns one deviation a player, such as `best_response_oracle(game)`.
        mediators: a restricted class; all mediators if left out.
        player: Hedge, GradientAscent, FollowTheLeader or MultiplicativeWeights, on the weights of the class.
        rounds: number of rounds at most; a loss of 0 ends them.
        labels: queries at each new state and step, unless queries are exact.
        report: function of a mediator whose results become columns of the trace, such as `measure_gaps(game, expert)`.

    Returned is the round of the smallest own loss, the mean of the errors along a player's deviation and along
    obedience: with exact queries the regret gap is at most 2 u H loss. Only states that best responses visit count, so
    that the loss is never above that of BLADES for the same mediator.
    This is a form for mediators and swap deviations, written from the abstract of the paper, whose algorithm learns a
    Nash equilibrium in product policies.
    Source: adapted from Freihaut, Viano, Cevher, Geist and Ramponi, 2025.
    """

    oracle: Oracle
    mediators: Mediators | None = None
    player: Player = field(default_factory=Hedge)
    rounds: int = 100
    labels: int = 1
    report: Report | None = None

    needs: ClassVar = ("queries", "model")

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, labels=self.labels)
        expect_class(self.mediators)
        expect_no_regret("player", self.player)
        expect_function(oracle=self.oracle, report=self.report)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[JointPolicy, dict[str, Any]]:
        """The mediator, and a trace with one row per round.

        Its columns: policy. loss: 1/(2H) sum_t E TV(policy, expert) along the worst deviation of the oracle, plus the
        same along obedience. deviation: that deviation. queried: number of labelled pairs of step and state so far.
        With a class also weights, class_losses `[k]`: the loss of its members, and subgradient `[k]`, in the weights.
        """
        game, answers = known_game(access), Answers(access, self.labels)

        def respond(joint: JointPolicy) -> Lesson:
            obeyed, found = visits_of(game, joint), []
            for deviation in self._deviations(joint, game):
                seen = (visits_of(game, deviate(game, joint, deviation)) + obeyed) / 2
                answers.query(seen)
                found.append((deviation, seen))
            apart = variations(joint.table, answers.target, answers.known)
            deviation, seen = max(found, key=lambda each: (each[1] * apart).sum())
            columns = {"deviation": deviation, "queried": int(answers.known.sum())}
            return Lesson(answers.target, answers.known.copy(), seen, columns)

        return imitate(access, self.mediators, self.player, self.rounds, respond, self.report)

    def _deviations(self, joint, game):
        found = list(self.oracle(joint))
        deviators = [each.player for each in found if isinstance(each, Deviation)]
        if len(deviators) < len(found) or sorted(deviators) != list(range(game.players)):
            raise InvalidModel(
                f"the oracle returned {found!r}; expected one Deviation for each of the players 0 to {game.players - 1}"
            )
        return found
