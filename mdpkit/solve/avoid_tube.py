"""Backward reachable tubes: states from which failure is inevitable."""

from dataclasses import dataclass

import numpy as np

from ..kernels import reach
from ..model.policy import TabularPolicy
from ..model.safety import SafetyProblem
from ._expects import expects
from .solution import Solution, Status


@dataclass(frozen=True)
class AvoidTube:
    """Complement of the viability kernel, by a worklist that visits every edge once.

    For deterministic dynamics. `tube[s]` is True where every action sequence leads to failure; the policy plays,
    outside the tube, the first action that stays outside, and so avoids failure for ever. `iterations` is the number
    of edges.
    Source: adapted from Aubin, Viability Theory, 1991.

    >>> AvoidTube().run(SafetyProblem([True, False, False], [[0, 0], [0, 0], [2, 1]])).tube
    array([ True,  True, False])
    """

    def run(self, problem: SafetyProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer, exact; `tol` and `before` are not used."""
        expects(self, problem, SafetyProblem)
        if problem.successors is None:
            raise TypeError(f"AvoidTube solves a SafetyProblem with successors; got {problem!r}, which has a law P")
        tube = ~viable(problem)
        tube.flags.writeable = False
        policy = TabularPolicy((staying(problem, ~tube)[:, None] == np.arange(problem.A)).astype(float))
        return Solution(problem, self, Status.SOLVED, policy, None, problem.successors.size, tube=tube)


def viable(problem):
    """The viability kernel `[s]`: the largest failure-free set that can be kept with probability 1."""
    first, reached = problem.edges
    return ~reach.attractor(problem.failure, np.zeros(problem.S, dtype=bool), first, reached, problem.A, problem.A)


def hopeful(problem, safe):
    """States with a failure-free path to the `safe` ones, `[s]`; no others for deterministic dynamics."""
    if problem.P is None:
        return safe
    return reach.attractor(safe, problem.failure, *problem.edges, problem.A, 1)


def staying(problem, inside):
    """The first action of each state that surely stays inside; 0 if there is none."""
    first, reached = problem.edges
    return np.logical_and.reduceat(inside[reached], first[:-1]).reshape(problem.S, problem.A).argmax(axis=1)
