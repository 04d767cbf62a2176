"""Planning with a KL penalty to a reference policy."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import floats
from ..base.errors import InvalidModel
from ..base.tolerance import UNIT, gamma
from ..kernels import backward
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise
from ..model.policy import TabularPolicy
from ._expects import expect_temperature, expects
from .backward_induction import recentre
from .bounds import around, down, judge_shifted, shifts, up
from .modified_policy_iteration import PATIENCE
from .solution import Solution, Status, judge
from .sweep import sweeps


@dataclass(frozen=True)
class SoftPlanning:
    """The policy that maximises E sum_t gamma^t (r_t - temperature KL(pi(.|s_t) | reference(.|s_t))).

    Args:
        temperature: above 0, in units of reward per nat.
        reference: a TabularPolicy on the existing actions; uniform over them if omitted.

    With a uniform reference over m actions this is entropy regularisation, up to temperature log m per step. The answer
    V(s) = temperature log sum_a reference e^(Q / temperature) is transcendental, so rational problems
    too get float bounds and a float policy. Finite: backward induction. Discounted: Newton's method, each step a linear
    system.
    The bounds enclose the optimal regularised value; there is no certificate. `iterations` counts steps.
    Source: adapted from Ziebart, 2010; Geist, Scherrer and Pietquin, 2019.

    >>> from mdpkit.model import MDP, Finite
    >>> two = MDP([[[1.0], [1.0]]], [[0.0, 0.0]], horizon=Finite(1))
    >>> SoftPlanning(temperature=1.0).run(two, tol=1e-9).policy.table
    array([[[0.5, 0.5]]])
    """

    temperature: float
    reference: TabularPolicy | None = None

    def __post_init__(self) -> None:
        expect_temperature(self.temperature)

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`. `before` is not used."""
        expects(self, problem, MDP)
        meant = problem.to_float() if problem.exact else problem
        soft = SoftMaximum(float(self.temperature), *self.references(meant))
        with np.errstate(over="ignore", invalid="ignore"):
            return (self._finite if isinstance(problem.horizon, Finite) else self._solve_infinite)(
                problem, meant, soft, tol
            )

    def references(self, problem: MDP) -> tuple[np.ndarray, float]:
        """The reference of every time step, `[t,s,a]` with one entry if stationary, and its relative input error."""
        available = problem.available
        if self.reference is None:
            return (available / available.sum(axis=1, keepdims=True))[None], gamma(2)
        table = floats(self.reference.table)
        H = problem.horizon.H if isinstance(problem.horizon, Finite) else None
        if table.shape[-2:] != available.shape or (table.ndim == 3 and len(table) != H):
            raise InvalidModel(f"the reference has shape {table.shape}; the problem has {problem!r}")
        if ((table > 0) & ~available).any():
            raise InvalidModel("the reference plays an action that is missing")
        return stepwise(table, 2), 2 * self.reference.defect + gamma(2)

    def _finite(self, problem, meant, soft, tol):
        step, H = sweeps(meant), meant.horizon.H
        w, pi = np.zeros((H + 1, meant.S)), np.zeros((H, meant.S, meant.A))
        below, above = np.zeros((H + 1, 1)), np.zeros((H + 1, 1))
        for t in range(H - 1, -1, -1):
            now = step(t)
            v, pi[t], error = soft(t, now.action_values(w[t + 1]))
            w[t], shift, moved = recentre(v)
            error += moved + now.rounding(w[t + 1])
            below[t], above[t] = down(down(below[t + 1] + shift) - error), up(up(above[t + 1] + shift) + error)
        value = around(w, below, above)
        return self._answer(problem, value, judge(value, tol, Status.FLOOR_REACHED, w + (above - below)), pi, H)

    def _solve_infinite(self, problem, meant, soft, tol):
        step = sweeps(meant)(0)

        def advance(w, pi, change):
            return step.recentre(w + step.evaluate(pi, step.recentre(change)))

        w, ends, pi, used = find_narrowest(soft, step, tol, advance, PATIENCE)
        value = around(w, *ends)
        return self._answer(problem, value, judge_shifted(value, tol, Status.FLOOR_REACHED, w, step.g), pi, used)

    def _answer(self, problem, value, status, pi, used):
        policy = TabularPolicy(pi) if np.isfinite(pi).all() else None
        return Solution(problem, self, status, policy, value, used)


def find_narrowest(soft, step, tol, advance, patience):
    """The iterate V with the narrowest bounds on the discounted optimal soft value, from V = 0.

    Args:
        soft: a SoftMaximum. step: a sweep of the process.
        tol: the iteration ends at bounds of width tol / 2.
        advance: `advance(V, pi, change)`, the next iterate; pi and change are the policy and the change of a backup.
        patience: number of iterates without narrower bounds after which the iteration ends.

    Returns: V `[s]`, the ends of the optimal value minus V, the policy of the backup, and the number of backups.
    """
    V, used, best, quiet = np.zeros(step.S), 0, None, 0
    while quiet < patience:
        v, pi, error = soft(0, step.action_values(V))
        change, used = v - V, used + 1
        ends = shifts(float(change.min()), float(change.max()), error + step.rounding(V), step.g)
        width = ends[1] - ends[0]
        if best is None or width < best[0]:
            best, quiet = (width, V, ends, pi), 0
        else:
            quiet += 1
        if not width > tol / 2:
            break
        V = advance(V, pi, change)
    return *best[1:], used


@dataclass(frozen=True)
class SoftMaximum:
    """Soft maximum v = temperature log sum_a reference e^(Q / temperature), its policy, and a bound on v's error.

    The bound counts the rounding of temperature, reference (relative `input_error` an entry), exponential, sum and
    logarithm (4 units each for exp and log); an error of Q is not amplified, since v is 1-Lipschitz in Q.
    """

    temperature: float
    references: np.ndarray
    input_error: float

    def __call__(self, t, Q):
        reference = self.references[t % len(self.references)]
        v, pi = backward.soft_step(Q, reference, self.temperature)
        used = Q[reference > 0]
        spread = used.max() - used.min() - self.temperature * np.log(reference[reference > 0].min())
        return (
            v,
            pi,
            16 * UNIT * (spread + np.abs(v).max()) + self.temperature * (gamma(Q.shape[1] + 16) + self.input_error),
        )
