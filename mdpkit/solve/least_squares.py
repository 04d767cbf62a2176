"""Linear fits: LSTD, two-stage least squares, regression."""

from ..base.interval import Interval, Quantity
from ..base.lifting import alike, enclose, law, number, row_error
from ..base.replaceable import replaceable
from ..exact.linear import enclosed_solution, product
from ..model.mdp import MDP
from ..model.moments import MomentProblem
from ..model.policy import Policy


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
