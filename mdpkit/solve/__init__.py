"""Floor 3: `solve(problem)`, a Solution with bounds; one file for each family of methods."""

import sys
from types import ModuleType

from .avoid_tube import AvoidTube as AvoidTube
from .backward_induction import BackwardInduction as BackwardInduction
from .dispatch import solve as solve
from .modified_policy_iteration import ModifiedPolicyIteration as ModifiedPolicyIteration
from .moment_game import MomentGame as MomentGame
from .policy_iteration import PolicyIteration as PolicyIteration
from .soft_planning import SoftPlanning as SoftPlanning
from .solution import Solution as Solution
from .solution import Status as Status


class _Verb(ModuleType):
    """The room is also the verb: `mdpkit.solve(problem)` works beside `from mdpkit.solve import PolicyIteration`."""

    __call__ = staticmethod(solve)


sys.modules[__name__].__class__ = _Verb
