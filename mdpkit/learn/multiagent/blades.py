"""BLADES: imitation of a mediator that is queried along deviations."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import is_exact, zeros
from ...base.record import expect_counts
from ...model.access import Access
from ...model.game import JointPolicy
from .._tabular import number_pattern, sizes, steps, uniform
from ..players.no_regret import Hedge, Player, expect_no_regret
from .arguments import expect_class, expect_function
from .gaps import Report
from .mediators import Mediators
from .rounds import Lesson, find_worst_deviation, game_setting, imitate, known_game, variations


@dataclass(frozen=True, eq=False)
class BLADES:
    """BLADES: no-regret cloning of the expert's answers, queried along the worst deviation of one player.

    In each round the deviation phi that leads the mediator sigma to the largest expected distance from the expert is
    computed by dynamic programming in the known model; where the expert was not yet queried the distance counts as 1,
    so that deviations explore. The expert is queried where they go, until the worst deviation meets no new state.

    Args:
        mediators: a restricted class; all mediators if left out.
        player: Hedge, GradientAscent, FollowTheLeader or MultiplicativeWeights, on the weights of the class.
        rounds: number of rounds at most; a loss of 0 ends them.
        labels: queries at each new state and step, unless queries are exact.
        report: function of a mediator whose results become columns of the trace, such as `measure_gaps(game, expert)`.

    Returned is the round of the smallest own loss, at most the error of the best mediator of the class along the
    deviations, plus the average regret of the player. With exact queries the regret gap is at most 2 u H loss, and
    coverage plays no part (claim `own_losses_bound_the_regret_gap_without_coverage`).
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.
    """

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
        expect_function(report=self.report)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[JointPolicy, dict[str, Any]]:
        """The mediator, and a trace with one row per round.

        Its columns: policy. loss: 1/H sum_t E TV(policy, expert) along the worst deviation, as far as it is labelled.
        deviation: that deviation. queried: number of labelled pairs of step and state so far.
        With a class also weights, class_losses `[k]`: the loss of its members, and subgradient `[k]`, in the weights.
        """
        game, answers = known_game(access), Answers(access, self.labels)

        def query(joint: JointPolicy) -> Lesson:
            while True:
                apart = variations(joint.table, answers.target, answers.known)
                worst = find_worst_deviation(game, np.where(answers.known, apart, apart * 0 + 1), joint)
                if not answers.query(worst.visits):
                    columns = {"deviation": worst.deviation, "queried": int(answers.known.sum())}
                    return Lesson(answers.target, answers.known.copy(), worst.visits, columns)

        return imitate(access, self.mediators, self.player, self.rounds, query, self.report)


class Answers:
    """The expert's answers so far: `target[t,s,j]` where `known[t,s]`, else uniform."""

    def __init__(self, access, labels):
        setting = game_setting(access)
        self.access, self.labels = access, labels
        self.target, self.known = uniform(setting).table.copy(), np.zeros((steps(setting), sizes(setting)[0]), bool)
        self.pattern = number_pattern(setting)

    def query(self, visits) -> bool:
        """Query the expert at the visited pairs that are new; whether there were any."""
        t, s = np.nonzero(np.asarray(visits > 0) & ~self.known)
        if not len(t):
            return False
        self.target[t, s], self.known[t, s] = self._ask(t, s), True
        return True

    def _ask(self, t, s):
        """Laws, or frequencies in `labels` answers."""
        if self.access.exact("queries"):
            return self.access.label_law(s, t)
        counts = zeros((len(t), self.target.shape[-1]), self.pattern)
        answers = self.access.label(np.repeat(s, self.labels), np.repeat(t, self.labels))
        np.add.at(counts, (np.repeat(np.arange(len(t)), self.labels), answers), 1)
        return counts / self.labels if is_exact(counts) else counts / float(self.labels)
