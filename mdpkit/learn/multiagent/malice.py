"""MALICE: imitation of a mediator by importance weights."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.record import expect_counts
from ...model.access import Access
from ...model.game import JointPolicy
from .._tabular import empirical_occupancy
from ..imitation.cloning import occupancy_frequencies
from ..players.no_regret import Hedge, Player, expect_no_regret
from .arguments import expect_class, expect_function
from .gaps import Report
from .mediators import Mediators
from .rounds import Lesson, find_worst_deviation, game_setting, imitate, known_game, variations


@dataclass(frozen=True, eq=False)
class MALICE:
    """MALICE: no-regret cloning of the demonstrations, re-weighted to the states of the worst deviation.

    In each round the deviation phi of one player that leads the mediator sigma to the largest expected distance from
    the demonstrations is computed by dynamic programming in the known model. The demonstrated states are weighted by
    d^{sigma o phi} / d^E, and a no-regret player takes a step on the weighted error.

    Args:
        mediators: a restricted class; all mediators if left out, where it agrees with joint cloning.
        player: Hedge, GradientAscent, FollowTheLeader or MultiplicativeWeights, on the weights of the class.
        rounds: number of rounds at most; a loss of 0 ends them.
        report: function of a mediator whose results become columns of the trace, such as `measure_gaps(game, expert)`.

    Returned is the round of the smallest own loss, at most the average. If the demonstrations cover every state that
    deviations reach and hold the expert's law there, the regret gap is at most 2 u H loss, whatever the coverage; else
    at most 2 u H (loss + uncovered). Without coverage the loss may be 0 at a regret gap of H - 1.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024; weights after Spencer, Choudhury, Venkatraman, Ziebart and
    Bagnell, 2021.
    """

    mediators: Mediators | None = None
    player: Player = field(default_factory=Hedge)
    rounds: int = 100
    report: Report | None = None

    needs: ClassVar = ("demonstrations", "model")

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds)
        expect_class(self.mediators)
        expect_no_regret("player", self.player)
        expect_function(report=self.report)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[JointPolicy, dict[str, Any]]:
        """The mediator, and a trace with one row per round.

        Its columns: policy. loss: 1/H sum_t E_{d^E} [w TV(policy, demonstrations)] with the weights w of the worst
        deviation. largest_weight: the largest w. uncovered: the largest share of steps that a deviation can spend at
        states without demonstrations.
        With a class also weights, class_losses `[k]`: the loss of its members, and subgradient `[k]`, in the weights.
        """
        setting, game = game_setting(access), known_game(access)
        shown = empirical_occupancy(setting, access.demonstrations())
        target, seen = occupancy_frequencies(shown, setting), shown.sum(axis=-1)
        known = np.asarray(seen > 0)

        def reweight(joint: JointPolicy) -> Lesson:
            worst = find_worst_deviation(game, variations(joint.table, target, known), joint)
            elsewhere = find_worst_deviation(game, np.where(known, seen * 0, seen * 0 + 1), joint)
            weights = np.where(known, worst.visits, seen * 0) / np.where(known, seen, 1)
            columns = {
                "deviation": worst.deviation,
                "largest_weight": weights.max(),
                "uncovered": elsewhere.earned,
            }
            return Lesson(target, known, weights * seen, columns)

        return imitate(access, self.mediators, self.player, self.rounds, reweight, self.report, target)
