"""Two-stage RLHF: fit a reward to comparisons, then maximise it with a KL penalty to the reference."""

from dataclasses import dataclass, replace

import numpy as np

from ..base.arrays import exactly
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.tolerance import UNIT
from ..base.types import Number, Numbers
from ..model.preference import PreferenceProblem
from ._expects import expects
from .reward_fit import fitted_weights
from .solution import Solution, Status, judge
from .tilting import Tilting


@dataclass(frozen=True, eq=False)
class TwoStageRLHF:
    """Fit a bounded reward by population maximum likelihood, then maximise it with a KL penalty to the reference.

    Args:
        width, unseen: the reward class, e^(2R/beta) for |g| <= R, and the likelihood maximiser selected outside the
            data's
            support: see `fitted_weights`. Neither has a default.

    Stage one observes comparisons of pairs of responses drawn from the problem's `data`, in the limit of infinitely
    many.
    Stage two returns reference e^(g/beta) / Z, the maximiser of E_pi g - beta KL(pi || reference). The Solution's
    `learned` is the problem with the fitted reward g, its lowest weight on each prompt 1, and `value` its optimum; the
    policy's value under the true reward is `measure.value(problem, policy)`.

    Exact for rational weights if `fitted_weights` is; else the policy is that of the nearest weights found, and `value`
    contains both its value and the optimum. The divergence of the policy from the reference is at most
    log(width)^2 / 8 and log(width) nats, whatever the data.
    Source: adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.

    >>> from mdpkit.base.arrays import objects
    >>> data = objects([["1/2", "1/2", 0]])
    >>> problem = PreferenceProblem(objects([["1/4", "1/4", "1/2"]]), weights=objects([[1, 3, 9]]), data=data)
    >>> TwoStageRLHF(width=3, unseen=1).run(problem).policy.table
    array([[1/10, 3/10, 3/5]], dtype=object)
    """

    width: Number
    unseen: Numbers

    def run(self, problem: PreferenceProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, PreferenceProblem)
        weights = fitted_weights(problem, self.width, self.unseen)
        bare = proposing()
        settled = (
            weights
            if bare
            else weights.lower
            if weights.exact
            else exactly(weights.mid)
            if problem.exact
            else weights.mid
        )
        learned = PreferenceProblem(
            problem.reference, weights=settled, data=problem.data, rho=problem.rho, beta=problem.beta
        )
        answer = replace(Tilting().run(learned, tol), problem=problem, method=self, learned=learned)
        if bare or weights.exact:
            return answer
        value = answer.value + _slack(weights, problem.beta)
        return replace(answer, value=value, status=judge(value, tol, Status.FLOOR_REACHED, value.mid))


def _slack(weights, beta):
    """Largest change of the optimum, or of a policy's value, within the bounds: beta max log(upper / lower)."""
    from flint import arb

    most = (
        arb(float((weights.upper / weights.lower).max()) * (1 + 4 * UNIT)).log() * arb(beta) * (1 + 4 * UNIT)
    ).upper()
    end = np.nextafter(float(most), np.inf)
    return Interval(-end, end, weights.how)
