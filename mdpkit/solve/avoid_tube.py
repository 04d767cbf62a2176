"""The states from which failure is inevitable."""

from dataclasses import dataclass

import numpy as np

from ..kernels import reach
from ..model.policy import TabularPolicy
from ..model.safety import SafetyProblem
from ._expects import expects
from .solution import Solution, Status


@dataclass(frozen=True)
class AvoidTube:
    """The complement of the viability kernel, by a worklist that looks at every edge once.

    `tube[s]` is True where every sequence of actions meets a failure; the policy plays, outside the tube, the first
    action that stays outside, and so avoids failure for ever. `iterations` is the number of edges.
    Source: adapted from Aubin, Viability Theory, 1991.

    >>> AvoidTube().run(SafetyProblem([True, False, False], [[0, 0], [0, 0], [2, 1]])).tube
    array([ True,  True, False])
    """

    def run(self, problem, tol=0, before=None) -> Solution:
        """The answer, exact; `tol` and `before` are not used."""
        expects(self, problem, SafetyProblem)
        tube = reach.avoid_tube(problem.failure, problem.successors)
        tube.flags.writeable = False
        safe = np.argmin(tube[problem.successors], axis=1)
        policy = TabularPolicy((safe[:, None] == np.arange(problem.A)).astype(float))
        return Solution(problem, self, Status.SOLVED, policy, None, problem.successors.size, tube=tube)
