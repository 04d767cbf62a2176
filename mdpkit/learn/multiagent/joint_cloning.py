"""Joint behavioural cloning."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel, NotSolved
from ...base.types import Number
from ...model.access import Access
from ...model.game import JointPolicy
from ...model.mdp import stepwise
from .._tabular import empirical_occupancy
from ..imitation.cloning import likelihood_loss, occupancy_frequencies
from ..players.no_regret import expect_number, fraction
from .arguments import expect_class, expect_function
from .gaps import Report
from .mediators import Mediators, closest_mixture
from .rounds import game_setting

LOSSES = ("likelihood", "variation")


@dataclass(frozen=True, eq=False)
class JointCloning:
    """Joint behavioural cloning: the demonstrations' frequencies of joint actions, or the best mediator of a class.

    Args:
        mediators: a restricted class; all mediators if left out.
        loss: within a class, "likelihood": the member of highest likelihood; "variation": the mixture closest to the
            frequencies in total variation, averaged over the demonstrated states.
        smoothing: pseudo-count added to every joint action, in units of episodes; without a class only.
        report: function of a mediator whose results become columns of the trace, such as `measure_gaps(game, expert)`.

    Where nothing was demonstrated it recommends all joint actions alike. With coverage b, u H times its error bounds
    the regret gap up to a factor 2/b (claim `cloning_regret_gap_scales_with_coverage`), and the loss does not report b.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.
    """

    mediators: Mediators | None = None
    loss: str = "likelihood"
    smoothing: Number = 0
    report: Report | None = None

    needs: ClassVar = ("demonstrations",)

    def __post_init__(self) -> None:
        expect_class(self.mediators)
        expect_function(report=self.report)
        expect_number("smoothing", self.smoothing, positive=False)
        if self.loss not in LOSSES:
            raise InvalidModel(f"loss is {self.loss!r}; expected one of {', '.join(LOSSES)}")
        if self.mediators is not None and fraction(self.smoothing) != 0:
            raise InvalidModel(f"smoothing is {self.smoothing!r} beside a class of mediators; expected one of them")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[JointPolicy, dict[str, Any]]:
        """The mediator, and a trace of one row.

        Its columns: loss: 1/H sum_t E TV(mediator, frequencies) over demonstrated states, with the frequencies before
        smoothing. likelihood_loss: in nats per episode.
        """
        setting, data = game_setting(access), access.demonstrations()
        d = empirical_occupancy(setting, data)
        frequencies = occupancy_frequencies(d, setting)
        policy = self._choose(setting, d, frequencies, data)
        apart = abs(np.broadcast_to(stepwise(policy.table, 2), d.shape) - frequencies).sum(axis=-1) / 2
        error = (d.sum(axis=-1) * apart).sum() / len(d)
        row = {"policy": policy, "loss": error, "likelihood_loss": likelihood_loss(policy, data)}
        row |= dict({} if self.report is None else self.report(policy))
        return policy, {name: [entry] for name, entry in row.items()}

    def _choose(self, setting, d, frequencies, data):
        if self.mediators is None:
            return JointPolicy(occupancy_frequencies(d, setting, self.smoothing))
        mediators = self.mediators.like(setting)
        if self.loss == "variation":
            parts = np.stack([np.broadcast_to(stepwise(each, 2), d.shape).ravel() for each in mediators.tables])
            weight = np.repeat(d.sum(axis=-1)[..., None], d.shape[-1], axis=-1)
            return mediators.mix(closest_mixture(parts, frequencies.ravel(), weight.ravel()))
        members = [JointPolicy(table) for table in mediators.tables]
        losses = floats(np.array([likelihood_loss(member, data) for member in members]))
        if not np.isfinite(losses).any():
            raise NotSolved("every mediator of the class gives probability 0 to a demonstrated joint action")
        return members[int(np.argmin(losses))]
