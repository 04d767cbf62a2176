"""Conformance suites for policies, learners and methods of `solve`, for use in your own tests.

A suite is a tuple of checks, `POLICY_CHECKS`, `LEARNER_CHECKS` or `SOLVER_CHECKS`. A check is a function of a case, and
raises AssertionError with a message. A case names the object and the problem. The module does not import pytest; in a
pytest file, parametrise over the checks so that each is a test with a name:

```python
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, objects
from mdpkit.learn import Cloning, Mixture
from mdpkit.solve import PolicyIteration
from mdpkit.testing import LEARNER_CHECKS, POLICY_CHECKS, SOLVER_CHECKS, LearnerCase, PolicyCase, SolverCase

P, r = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]]), objects([[1, 0], [0, 0]])
problem, discounted = MDP(P, r, horizon=Finite(3)), MDP(P, r, horizon=Discounted("1/2"))
stay, leave = TabularPolicy(objects([[1, 0], [1, 0]])), TabularPolicy(objects([[0, 1], [1, 0]]))
mine = SolverCase("my method", PolicyIteration(), discounted, lambda problem: objects([2, 0]))


@pytest.mark.parametrize("check", POLICY_CHECKS)
@pytest.mark.parametrize("case", [PolicyCase("half and half", Mixture((stay, leave)), problem)], ids=str)
def test_my_policy(case, check):
    check(case)


@pytest.mark.parametrize("check", LEARNER_CHECKS)
@pytest.mark.parametrize("case", [LearnerCase("my learner", Cloning, problem, expert=stay)], ids=str)
def test_my_learner(case, check):
    check(case)


@pytest.mark.parametrize("check", SOLVER_CHECKS)
@pytest.mark.parametrize("case", [mine], ids=str)
def test_my_method(case, check):
    check(case)
```

Without pytest, `check_policy`, `check_learner` and `check_solver` run all checks of one case:

```pycon
>>> from mdpkit import MDP, Finite, TabularPolicy
>>> coin = MDP([[[1.0], [1.0]]], [[0.0, 1.0]], horizon=Finite(2))
>>> check_policy(PolicyCase("fair", TabularPolicy([[0.5, 0.5]]), coin))

```
"""

from .learners import LEARNER_CHECKS as LEARNER_CHECKS
from .learners import LearnerCase as LearnerCase
from .learners import check_learner as check_learner
from .policies import POLICY_CHECKS as POLICY_CHECKS
from .policies import PolicyCase as PolicyCase
from .policies import check_policy as check_policy
from .solvers import SOLVER_CHECKS as SOLVER_CHECKS
from .solvers import SolverCase as SolverCase
from .solvers import check_solver as check_solver
