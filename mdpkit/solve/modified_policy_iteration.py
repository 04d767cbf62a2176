"""Modified policy iteration for discounted problems."""

from dataclasses import dataclass

import numpy as np

from ..base.tolerance import UNIT
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ._expects import expects
from .bounds import around, deterministic, judge_shifted, proof, shifts
from .candidates import CROWD, FEW, KEPT, SETTLED, Near
from .downstream import Downstream
from .solution import Solution, Status
from .sweep import sweeps

INNER = 10
"""A changed policy is evaluated until the span of a sweep is this factor below that of its improvement.

It is not evaluated where the improvement alone did as much.
"""

LOOK_AGAIN = 20
"""Largest number of sweeps for a changed policy; an unchanged one is evaluated fully."""

BEFORE_A_LOOK = 500
"""Largest number of sweeps over the candidates."""

PATIENCE, NOISE = 30, 100
"""float64 is exhausted after 30 improvements without a smaller span, all within 100 times the rounding bound."""

EVALUATED = 10
"""Weight of an improvement after a full evaluation of an unchanged policy, whose span is due to rounding alone."""


@dataclass(frozen=True)
class ModifiedPolicyIteration:
    """Greedy improvement, approximate evaluation by sweeps over the policy's rows, span stopping rule.

    Args: sweeps: largest number of sweeps, evaluation sweeps included.

    Discounted problems, dense or sparse (store sparse transition laws as CSR). Once the policy hardly changes, actions
    that provably cannot be optimal near the current values are set aside, and sweeps read the rows of the others. On
    sparse rows whose sweeps converge slowly, policies are evaluated by BiCGStab, preconditioned by a Gauss-Seidel sweep
    over the states in the order of decreasing value, and Gauss-Seidel backups precede each improvement.
    Rational problems are solved in float64; the bounds then hold for the rational problem. `iterations` counts sweeps.
    Source: Puterman and Shin, 1978; the stop on the span with the shift solved for: MacQueen, 1966;
    BiCGStab: van der Vorst, 1992.

    >>> from mdpkit.model import MDP, Discounted
    >>> stay = MDP([[[1.0]]], [[1.0]], horizon=Discounted(0.5))
    >>> ModifiedPolicyIteration().run(stay, tol=1e-9).value.contains([2])
    True
    """

    sweeps: int = 10**6

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, MDP, Discounted)
        meant = problem.to_float() if problem.exact else problem
        step, g = sweeps(meant)(0), meant.horizon.gamma
        used, last, quiet, smallest, confirmed, slow = 0, None, 0, np.inf, False, None
        goal, kept = tol * (1 - g) * (1 - 1e-3), None
        with np.errstate(over="ignore", invalid="ignore"):
            w = step.start()
            span = np.ptp(w)
            while True:
                change, choice = (kept or step).greedy(w)
                used += 1
                low, high = float(change.min()), float(change.max())
                error = step.rounding(w)
                before, span, slack = span, high - low, 2 * error + 2 * UNIT * g / (1 - g) * max(abs(low), abs(high))
                stuck = smallest <= span <= NOISE * slack
                quiet = quiet + (EVALUATED if confirmed else 1) if stuck else 0
                smallest = min(span, smallest)
                enough = max(goal - slack, slack / 8)
                if not span > enough or quiet >= PATIENCE or used >= self.sweeps:
                    break
                fast = span <= before / INNER
                if kept is None and not slow and (step.remembers or _hardly_changes(choice, last)):
                    most = max(CROWD, step.A * FEW if fast else 0) * step.S
                    kept = step.keep(w, change, Near(w, KEPT * span + 4 * error, error, g), int(most))
                rest, floor = self.sweeps - used, max(enough, error) / 8  # below the rounding of w no residual is seen
                last, decided = choice, last
                if slow:
                    w, swept, confirmed = slow.improve(w, change, choice, span, before, floor, NOISE * slack, rest)
                    used += swept
                    continue
                if kept is not None:
                    most, confirmed = min(BEFORE_A_LOOK, rest), True
                    e, swept = kept.correct(w, change, low / 2 + high / 2, floor, most)
                elif fast:
                    e, swept, most = change, 0, 1
                else:
                    confirmed = np.array_equal(choice, decided)
                    stop, most = (floor, rest) if confirmed else (max(span / INNER, floor), LOOK_AGAIN)
                    e, swept = step.correct(choice, step.recentre(change), stop, min(most, rest))
                w, used = step.recentre(w + e), used + swept
                if kept is not None and not kept.near.covers(w, step.rounding(w)):
                    kept = None
                if swept == most == LOOK_AGAIN and step.has_order:
                    slow = Downstream(step)
                    w, swept = slow.start()
                    used += swept
        kept = slow = last = e = change = None  # and so their memory, before the bounds take theirs
        step.forget()
        below, above = shifts(low, high, error, g)
        value = around(w, below, above)
        capped = used >= self.sweeps and span > enough
        policy = deterministic(problem, choice)
        status = judge_shifted(value, tol, Status.CAPPED if capped else Status.FLOOR_REACHED, w, g)
        return Solution(problem, self, status, policy, value, used, proof(problem, policy, value, w, below, above))


def _hardly_changes(choice, last):
    return last is not None and np.count_nonzero(choice != last) <= SETTLED * len(choice)
