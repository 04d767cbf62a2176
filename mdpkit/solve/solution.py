"""Solutions and their statuses."""

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..base.arrays import nearest
from ..base.errors import NotSolved
from ..base.interval import Interval
from ..base.shown import Shown, tabulate
from ..exact.certificate import OptimalityCertificate
from ..exact.equilibrium_certificate import EquilibriumCertificate
from ..exact.gain_certificate import GainCertificate
from ..exact.lp import ProgramCertificate
from ..exact.saddle_certificate import SaddleCertificate
from ..exact.winner_certificate import WinnerCertificate
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from ..model.preference import PreferenceProblem

EXACT_INSTEAD = {
    "ModifiedPolicyIteration": "PolicyIteration",
    "RelativeValueIteration": "MultichainPolicyIteration",
    "IntervalIteration": "ProperPolicyIteration",
}
"""For each method that sweeps on floats, the one that answers a rational problem exactly."""


class Status(Enum):
    """Termination status of a solver, as a sentence."""

    SOLVED = "the bounds meet the requested tolerance"
    CAPPED = "the iteration limit was reached before the bounds met the requested tolerance"
    FLOOR_REACHED = "float64 cannot represent bounds as narrow as requested"
    INFEASIBLE = "there is no feasible solution, or, of moment conditions, no unique one"
    UNBOUNDED = "the objective has no finite optimum"
    NONFINITE = "a value overflowed or was NaN"


@dataclass(frozen=True, eq=False)
class Solution(Shown):
    """Solution of a problem by a method, with rigorous bounds.

    Args:
        problem, method: the problem solved, and the method with its settings.
        status: termination status.
        policy: for a decision process, a policy whose value lies within the bounds; for a safety problem, one that
            avoids failure from every state outside the tube, or for stochastic dynamics, whose avoid probability is
            within the bounds.
        value: bounds on the optimal value: `[s]` for Discounted and Total, `[t,s]` with t = 0..H and row H zero for
            Finite, the scalar optimal gain from the initial distribution for Average; the value of the game for
            moments; the scalar J for preferences; for safety with a law P the maximum avoid probability `[s]`; for a
            MarkovGame a row for each player, `[i,s]` or `[i,t,s]`.
        iterations: improvements, steps or sweeps, as documented by the method.
        certificate: proves the bounds in exact arithmetic by `certificate.verify()`; None if there is none.
        tube: safety: `tube[s]`, True where failure is inevitable, failure included.
        h: moments: bounds on the minimiser `h[k]`.
        gain: Average: bounds on the optimal gain `[s]` of each state; `value` is its mean under the initial
            distribution.
        bias: Average: bounds on the bias `[s]` of the policy: gain + bias = r + P bias for it, and the bias has mean 0
            under the stationary distribution of each of its recurrent classes. None on floats with more than 20,000
            states.
        learned: preferences via a reward model: the problem with the fitted reward.
        multipliers: constrained planning: `multipliers[m]`, the optimal dual price of each limit, in units of reward
            per unit of cost.
        model: robust planning: a worst MDP, in which the policy has the same value. CVaR: the MDP of pairs of a state
            and a sum of rewards, to which the policy belongs.
    """

    problem: Any
    method: Any
    status: Status
    policy: TabularPolicy | None
    value: Interval | None
    iterations: int
    certificate: (
        EquilibriumCertificate
        | GainCertificate
        | OptimalityCertificate
        | ProgramCertificate
        | SaddleCertificate
        | WinnerCertificate
        | None
    ) = None
    _: KW_ONLY
    tube: np.ndarray | None = None
    h: Interval | None = None
    gain: Interval | None = None
    bias: Interval | None = None
    learned: PreferenceProblem | None = None
    multipliers: np.ndarray | None = None
    model: MDP | None = None

    def __repr__(self):
        known = next(found for found in (self.value, self.h, "") if found is not None)
        width = f", width {known.width:.1e} ({known.how})" if isinstance(known, Interval) else ""
        return f"Solution({type(self.method).__name__}, {self.status.name} after {self.iterations}{width})"

    def _tables(self):
        names = getattr(self.problem, "_axis_names", dict)()
        shown = [] if self.policy is None else [tabulate("policy", self.policy.table, self.policy.axes["table"], names)]
        for name, letters in (("value", "its"), ("gain", "s"), ("bias", "s"), ("tube", "s"), ("h", "k")):
            known = getattr(self, name)
            if isinstance(known, Interval):
                shown.append(
                    tabulate(name if known.exact else f"{name}, middle", known.lower, letters, names, known._cell)
                )
            elif known is not None:
                shown.append(tabulate(name, known, letters, names))
        return tuple(shown)

    def unflatten(self) -> np.ndarray:
        """The policy of a MarkovGame over joint actions, `[(t),s,j]`, as `[(t),s,a0,a1,...]`.

        >>> from mdpkit.instances import named
        >>> from mdpkit.solve import CorrelatedEquilibrium, solve
        >>> solve(named("matching_pennies", H=1).game, CorrelatedEquilibrium()).unflatten().shape
        (1, 1, 2, 2)
        """
        return self.problem.unflatten(self.policy)

    def require(self, tol: float) -> Self:
        """Return self if SOLVED, else raise NotSolved with the status message."""
        if self.status is Status.SOLVED:
            return self
        known = self.value if self.value is not None else self.h
        nowhere = self.status in (Status.INFEASIBLE, Status.UNBOUNDED)
        reached = "" if known is None or nowhere else f": their width is {known.width:.1e}, tol is {tol:.1e}"
        advice = _advice(self) if self.status is Status.FLOOR_REACHED else ""
        if nowhere and hasattr(self.method, "shortfall"):
            advice = self.method.shortfall(self.problem)
        raise NotSolved(f"{type(self.method).__name__} on {self.problem!r}: {self.status.value}{reached}{advice}")


if TYPE_CHECKING:

    class Optimum(Solution):
        """A Solution that has a policy and a value, as a type checker sees it."""

        policy: TabularPolicy
        value: Interval

    class Avoidance(Solution):
        """A Solution that has a policy and a tube, as a type checker sees it."""

        policy: TabularPolicy
        tube: np.ndarray

    class Minimiser(Solution):
        """A Solution that has a minimiser and a value, as a type checker sees it."""

        h: Interval
        value: Interval


def _advice(answer) -> str:
    """Advice if float64 does not suffice, with the effect of rounding the discount.

    Moving gamma by d moves the value by d |(I - gamma P)^-1 P V| to first order, at most d max|V| / (1 - gamma); d =
    2^-53 gamma. A method that rational numbers would not help has an `advice(problem)` of its own; None for this one.
    """
    if hasattr(answer.method, "advice") and (own := answer.method.advice(answer.problem)) is not None:
        return own
    horizon, exact = getattr(answer.problem, "horizon", None), answer.problem.exact
    words = ""
    if isinstance(horizon, Discounted) and answer.value is not None and np.isfinite(answer.value.width):
        gamma, most = float(nearest(horizon.gamma)) if exact else horizon.gamma, np.abs(answer.value.mid).max()
        shift = 2.0**-53 * gamma * most / (1 - gamma)
        words = f"; rounding gamma = {gamma:.17g} to float64 alone moves the value by up to about {shift:.1e}"
    if not exact:
        return f"{words}; solve problem.to_exact() for the exact answer"
    by = EXACT_INSTEAD.get(type(answer.method).__name__)
    return words if by is None else f"{words}; solve(problem, {by}()) gives the exact answer, however long it takes"


def judge(value, tol, otherwise, computed) -> Status:
    """SOLVED if the bounds are narrow enough, NONFINITE if a computed number is not finite, else `otherwise`."""
    if not np.isfinite(computed).all():
        return Status.NONFINITE
    return Status.SOLVED if value.width <= tol else otherwise
