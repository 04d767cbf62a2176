"""Linear fits: LSTD, two-stage least squares, regression."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import exactly, like
from ..base.errors import InvalidModel
from ..base.interval import Interval, Quantity
from ..base.lifting import alike, enclose, law, number, row_error
from ..base.replaceable import replaceable
from ..base.types import Numbers
from ..exact.linear import Singular, enclosed_solution, full_rank, product
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ..model.moments import MomentProblem
from ..model.policy import Policy, TabularPolicy, policy_table
from ._expects import expects
from .moment_game import RANKED, shortfall
from .solution import Solution, Status, judge


@replaceable
def lstd(problem: MDP, policy: Policy, features: Quantity, weights: Quantity) -> Interval:
    """Least-squares temporal differences: w[k] with E[features(s) (r + gamma V(s') - V(s))] = 0 for V = features w.

    Args: problem: discounted MDP. features: `features[s,k]`. weights: state distribution, `[s]`.
    Raises: Singular if E[features (features - gamma E features')'] is singular.
    Source: adapted from Bradtke and Barto, 1996.
    """
    features, weights = alike(features, weights)
    pi, gamma = law(policy, "table"), number(problem.horizon.gamma, features)
    chain = (pi[:, :, None] * enclose(problem.P, row_error(problem))).sum(axis=1)
    weighted = (features * weights[:, None]).T
    A = product(weighted, features - product(chain, features) * gamma)
    return enclosed_solution(A, product(weighted, (pi * enclose(problem.r)).sum(axis=1)))


@replaceable
def two_stage_least_squares(problem: MomentProblem, test: Quantity) -> Interval:
    """Two-stage least squares h[k]: regress every column of A on the test functions, then b on the fitted columns.

    Args: problem: a MomentProblem. test: test functions `test[z,m]` of the instrument, m >= k.
    Raises: Singular if a regression has no unique solution.
    Source: adapted from Theil, 1953.
    """
    A, b, weights = alike(problem.A, problem.b, problem.weights)
    (tests,) = alike(test)
    first = (tests * weights[:, None]).T
    fitted = product(tests, enclosed_solution(product(first, tests), product(first, A)))
    second = (fitted * weights[:, None]).T
    return enclosed_solution(product(second, fitted), product(second, b))


@replaceable
def regression(joint: Quantity, outcome: Quantity) -> Interval:
    """Conditional mean E[Y | X = x], `[x]`, under a joint distribution.

    Args: joint: distribution `joint[z,u,x]` in which every x has positive probability. outcome: Y as `outcome[u,x]`.
    """
    joint, outcome = alike(joint, outcome)
    return (joint * outcome).sum(axis=(0, 1)) / joint.sum(axis=(0, 1))


@dataclass(frozen=True, eq=False)
class TwoStageLeastSquares:
    """Two-stage least squares as a method: `h` by `two_stage_least_squares`, `value` the projected error that remains.

    Its answer is that of `MomentGame(test)` and of `AGMM(test)` without penalties, reached by two regressions instead
    of a game.

    Args: test: test functions `test[z,m]` of the instrument, m >= k; all functions of z if omitted.

    INFEASIBLE if the test functions are dependent, or leave h undetermined: an instrument without variation.
    Source: adapted from Theil, 1953.

    >>> from mdpkit.base.arrays import objects
    >>> channel = MomentProblem(objects([["3/4", "1/4"], ["1/4", "3/4"]]), objects([1, 2]), objects(["1/2", "1/2"]))
    >>> TwoStageLeastSquares().run(channel).h.lower
    array([1/2, 5/2], dtype=object)
    """

    test: Numbers | None = None

    def run(self, problem: MomentProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used."""
        expects(self, problem, MomentProblem)
        test = functions_of_the_instrument(problem, self.test)

        def remaining(h):
            psi = enclose(problem.b) - product(enclose(problem.A), h)
            return projected_square(psi, law(problem, "weights"), test)

        return _fit(
            self,
            problem,
            tol,
            lambda: two_stage_least_squares(problem, test),
            remaining,
            lambda: (test[problem.weights > 0], (test * problem.weights[:, None]).T @ problem.A),
        )

    def shortfall(self, problem: MomentProblem) -> str:
        """What the moments lack, for the message of an INFEASIBLE answer."""
        return shortfall(problem, functions_of_the_instrument(problem, self.test))


@dataclass(frozen=True, eq=False)
class LSTD:
    """Least-squares temporal differences as a method: `h` are the coefficients w of V = features w, by `lstd`.

    `value` is the mean squared projected Bellman error that remains: 0, up to rounding.

    Args:
        policy: the policy to evaluate. features: `features[s,k]`.
        weights: distribution of the state `[s]`; uniform if omitted.

    INFEASIBLE if E[features (features - gamma E features')'] is singular, or the features are dependent.
    Source: adapted from Bradtke and Barto, 1996.

    >>> from mdpkit.base.arrays import objects
    >>> wait = MDP(objects([[[1]]]), objects([[3]]), horizon=Discounted("1/2"))
    >>> LSTD(TabularPolicy(objects([[1]])), [[2]]).run(wait).h[0]
    Interval(3, exact)
    """

    policy: TabularPolicy
    features: Numbers
    weights: Numbers | None = None

    def run(self, problem: MDP, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used."""
        restriction = self.restriction(problem)
        features = like(self.features, problem.r)
        weights = restriction.weights

        def remaining(w):
            psi = enclose(restriction.b) - product(enclose(restriction.A), product(enclose(features), w))
            return projected_square(psi, law(restriction, "weights"), features)

        return _fit(
            self,
            problem,
            tol,
            lambda: lstd(problem, self._policy(problem), features, weights),
            remaining,
            lambda: (features[weights > 0], (features * weights[:, None]).T @ restriction.A @ features),
        )

    def restriction(self, problem: MDP) -> MomentProblem:
        """E[r + gamma V(s') - V(s) | s] = 0 in V[s], whose game against these features has the same answer."""
        expects(self, problem, MDP, Discounted)
        pi = policy_table(problem, self._policy(problem))
        chain = (pi[:, :, None] * problem.P).sum(axis=1)
        uniform = problem.like([1] * problem.S) / problem.S
        return MomentProblem(
            problem.like(np.eye(problem.S, dtype=int)) - problem.horizon.gamma * chain,
            (pi * problem.r).sum(axis=1),
            uniform if self.weights is None else like(self.weights, problem.r),
        )

    def shortfall(self, problem: MDP) -> str:
        """What the moments lack, for the message of an INFEASIBLE answer."""
        features = like(self.features, problem.r)
        return shortfall(self.restriction(problem), features, features)

    def _policy(self, problem):
        """The policy in the problem's number kind."""
        same = self.policy.exact == problem.exact
        return self.policy if same else self.policy.to_exact() if problem.exact else self.policy.to_float()


def functions_of_the_instrument(problem: MomentProblem, test: Numbers | None) -> np.ndarray:
    """Test functions in the problem's number kind; indicators of every instrument value of positive weight if None.

    Raises: InvalidModel if they do not have one row for every instrument value.
    """
    if test is None:
        return problem.like(np.eye(len(problem.b), dtype=int)[:, np.flatnonzero(problem.weights > 0)])
    test = like(test, problem.A)
    if test.ndim != 2 or len(test) != len(problem.b):
        raise InvalidModel(f"test has shape {test.shape}; expected ({len(problem.b)}, m), test functions test[z,m]")
    return test


def projected_square(psi: Interval, weights: Interval, test: np.ndarray) -> Interval:
    """E[(projection of psi on the test functions)^2], an Interval."""
    T = enclose(test)
    weighted = (T * weights[:, None]).T
    seen = product(weighted, psi)
    return (seen * enclosed_solution(product(weighted, T), seen)).sum()


def _fit(method, problem, tol, fit, remaining, matrices):
    """Solution for a fit that may be singular; `matrices` are those whose columns must be independent."""
    try:
        h = fit()
        value = remaining(h)
    except Singular:
        return Solution(problem, method, Status.INFEASIBLE, None, None, 0)
    if not np.isfinite(h.width):
        found = matrices()
        small = max(max(each.shape) for each in found) <= RANKED
        if small and not all(full_rank(exactly(each)) for each in found):
            return Solution(problem, method, Status.INFEASIBLE, None, None, 0)
        return Solution(problem, method, Status.FLOOR_REACHED, None, value, 1, h=h)
    return Solution(problem, method, judge(h, tol, Status.FLOOR_REACHED, h.mid), None, value, 1, h=h)
