"""The soft Bellman equation as a moment game."""

from dataclasses import dataclass

import numpy as np

from ..model.horizon import Discounted
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from ._expects import expect_temperature, expects
from .bounds import around
from .soft_planning import SoftMaximum, SoftPlanning, find_narrowest
from .solution import Solution, Status, judge
from .sweep import sweeps

PATIENCE = 4
"""Number of steps without narrower bounds after which floats are at their floor."""


@dataclass(frozen=True)
class SBEED:
    """Smoothed Bellman error embedding: the saddle point of min over (V, pi) of max over nu of 2 E[nu psi] - E nu^2.

    The moments are psi(s,a) = r(s,a) + gamma E V(s') - V(s) - temperature log pi(a|s)/reference(a|s), for every state
    and action of the reference, and the value of the game is 0. They vanish together only at the soft optimal V and its
    policy: what `SoftPlanning` finds by backups. The best nu is psi itself; (V, logits of pi) then move by Gauss-Newton
    steps on E psi^2, each a linear least-squares problem of S + S A unknowns, under the uniform law of (s, a).

    Args:
        temperature: above 0, in units of reward per nat.
        reference: a TabularPolicy on the existing actions; uniform over them if omitted.

    Rational problems too get float bounds; those on `value[s]` come from one certified soft backup. `iterations` counts
    Gauss-Newton steps.
    Source: adapted from Dai, Shaw, Li, Xiao, He, Liu, Chen and Song, 2018.

    >>> two = MDP([[[1.0], [1.0]]], [[0.0, 0.0]], horizon=Discounted(0.5))
    >>> SBEED(temperature=1.0).run(two, tol=1e-9).value.mid.round(3)
    array([0.])
    """

    temperature: float
    reference: TabularPolicy | None = None

    def __post_init__(self) -> None:
        expect_temperature(self.temperature)

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`. `before` is not used."""
        expects(self, problem, MDP, Discounted)
        meant = problem.to_float() if problem.exact else problem
        references = SoftPlanning(self.temperature, self.reference).references(meant)
        soft, step, reference = SoftMaximum(float(self.temperature), *references), sweeps(meant)(0), references[0][0]
        logits, used = np.zeros(reference.shape), 0

        def advance(V, pi, change):
            nonlocal logits, used
            V, logits = self._improve(step, reference, V, logits)
            used += 1
            return V

        with np.errstate(over="ignore", invalid="ignore"):
            V, ends, pi, _ = find_narrowest(soft, step, tol, advance, PATIENCE)
        value = around(V, *ends)
        policy = TabularPolicy(pi) if np.isfinite(pi).all() else None
        return Solution(problem, self, judge(value, tol, Status.FLOOR_REACHED, V), policy, value, used)

    def _improve(self, step, reference, V, logits):
        """One Gauss-Newton step on the sum of psi^2 over the actions of the reference."""
        there = reference > 0
        S, A = reference.shape
        weights = reference * np.exp(logits - logits.max(axis=1, keepdims=True))
        pi = weights / weights.sum(axis=1, keepdims=True)
        ratio = logits - logits.max(axis=1, keepdims=True) - np.log(weights.sum(axis=1, keepdims=True))
        psi = (step.action_values(V) - V[:, None] - self.temperature * ratio)[there]
        rows = step.rows.toarray() if hasattr(step.rows, "toarray") else step.rows
        by_V = (step.g * rows.reshape(S, A, S) - np.eye(S)[:, None, :])[there]
        by_logits = np.zeros((S, A, S, A))
        for s in range(S):
            by_logits[s, :, s, :] = self.temperature * (pi[s] - np.eye(A))
        slopes = np.hstack([by_V, by_logits[there].reshape(len(psi), S * A)])
        move = np.linalg.lstsq(slopes, -psi)[0] if np.isfinite(slopes).all() and np.isfinite(psi).all() else np.nan
        move = np.broadcast_to(move, S + S * A)
        return V + move[:S], np.where(there, logits + move[S:].reshape(S, A), 0)
