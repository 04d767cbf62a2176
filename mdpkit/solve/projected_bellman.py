"""Projected Bellman equations of a policy's action values, with their matrices; fitted Q evaluation."""

from dataclasses import dataclass
from functools import cached_property

from ..base.interval import Interval, stack
from ..base.lifting import enclose, law, number
from ..base.record import expect_counts
from ..base.shown import Shown, tabulate
from ..base.types import Numbers
from ..exact.linear import product
from ..exact.spectrum import spectral_radius
from ..model.expectation import expected_next
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ..model.policy import Policy, tabular
from .linear_values import Regression, expect_coefficients, expect_problem, solve_or_refuse


@dataclass(frozen=True, eq=False, repr=False)
class ProjectedBellman(Shown):
    """The projected Bellman equation of a policy, Phi w = Pi (r + gamma P_pi Phi w), and fitted Q evaluation.

    Phi holds the features of the state-action pairs, D their weights, Pi = Phi (Phi' D Phi)^-1 Phi' D the projection.
    A w = b with A = Phi' D (Phi - gamma P_pi Phi) and b = Phi' D r. Fitted Q evaluation repeats w <- M w + u, with
    `iteration` M = (Phi' D Phi)^-1 Phi' D gamma P_pi Phi and u = (Phi' D Phi)^-1 b. It converges from every start if
    and only if the spectral radius of M is below 1; then its limit is the `fixed_point`.

    Args:
        problem: a Discounted MDP. policy: the policy to evaluate, `[s,a]`.
        features: `features[s,a,k]`, linearly independent on the pairs of positive weight.
        weights: `weights[s,a]` of the pairs, none negative; uniform over the available ones if omitted.

    If the weights are the stationary distribution of the pairs under the policy, the radius is at most gamma, and the
    error of the fixed point in the norm of the weights is at most 1 / sqrt(1 - gamma^2) times that of the best linear
    function. For other weights the radius may exceed 1, A may be singular, and there is no such bound: check
    `spectral_radius`. The residual minimiser exists more often, but is biased where transitions are random.
    All numbers are exact on rationals, except a radius that is irrational; else rigorous bounds.

    Raises: InvalidModel for features or weights that do not fit; Singular for dependent features, and by `fixed_point`
        or `residual_minimiser` where there is none, or no unique one.
    Source: adapted from Tsitsiklis and Van Roy, 1997; Baird, 1995.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> ahead = MDP(objects([[[0, 1]], [[0, 1]]]), objects([[0], [0]]), horizon=Discounted("9/10"))
    >>> twice = ProjectedBellman(ahead, TabularPolicy(objects([[1], [1]])), [[[1]], [[2]]])
    >>> twice.A[0, 0], twice.spectral_radius, twice.fixed_point[0]
    (Interval(-1/5, exact), Interval(27/25, exact), Interval(0, exact))
    """

    problem: MDP
    policy: Policy
    features: Numbers
    weights: Numbers | None = None

    def __post_init__(self) -> None:
        expect_problem("ProjectedBellman", self.problem, Discounted)
        # both refuse what does not fit the problem
        self.__dict__["_regression"] = Regression(self.problem, self.features, self.weights)
        self.__dict__["_pi"] = law(tabular(self.problem, self.policy), "table")

    @cached_property
    def _ahead(self):
        """gamma P_pi Phi, `[s*A+a, k]`."""
        Phi = self._regression.features
        mean = (self._pi[:, :, None] * Phi).sum(axis=1)
        columns = [expected_next(self.problem, mean[:, k]).reshape(-1) for k in range(Phi.shape[-1])]
        return stack(columns).T * number(self.problem.horizon.gamma, Phi)

    @cached_property
    def covariance(self) -> Interval:
        """Phi' D Phi, `[k,k]`."""
        return self._regression.covariance

    @cached_property
    def A(self) -> Interval:
        """Phi' D (Phi - gamma P_pi Phi), `[k,k]`."""
        return product(self._regression.weighted, self._regression.rows - self._ahead)

    @cached_property
    def b(self) -> Interval:
        """Phi' D r, `[k]`."""
        return product(self._regression.weighted, enclose(self.problem.r).reshape(-1))

    @cached_property
    def iteration(self) -> Interval:
        """The matrix of fitted Q evaluation, (Phi' D Phi)^-1 Phi' D gamma P_pi Phi, `[k,k]`."""
        return product(self._regression.solution, self._ahead)

    @cached_property
    def spectral_radius(self) -> Interval:
        """The largest absolute value of an eigenvalue of `iteration`."""
        return spectral_radius(self.iteration)

    @cached_property
    def fixed_point(self) -> Interval:
        """The solution w of A w = b, `[k]`; by LSTD.

        Raises: Singular if there is none, or no unique one.
        """
        reason = "the projected Bellman equation has no solution, or no unique one"
        return solve_or_refuse(self.A, self.b, "A = Phi' D (Phi - gamma P_pi Phi)", reason)

    @cached_property
    def residual_minimiser(self) -> Interval:
        """The w that minimises the weighted square of the Bellman residual r + gamma P_pi Phi w - Phi w, `[k]`.

        Raises: Singular if it is not unique.
        """
        moved = self._regression.rows - self._ahead
        weighted = (moved * self._regression.weights[:, None]).T
        reason = "different w have the same Bellman residual"
        right = product(weighted, enclose(self.problem.r).reshape(-1))
        return solve_or_refuse(product(weighted, moved), right, "the covariance of Phi - gamma P_pi Phi", reason)

    def values(self, w: Numbers) -> Interval:
        """The action values Phi w, `[s,a]`, for coefficients `w[k]`.

        Raises: InvalidModel if w has another shape.
        """
        return self._regression.predict(self._coefficients(w))

    def iterate(self, rounds: int, start: Numbers | None = None) -> Interval:
        """Coefficients of fitted Q evaluation, `[i,k]` for i = 0..rounds.

        Args: rounds: number of rounds. start: the first coefficients `[k]`; 0 if omitted.

        The bounds on floats grow with the rounds.
        Raises: InvalidModel for a negative number of rounds, or a start of another shape.
        """
        expect_counts(0, rounds=rounds)
        found, u = [self._coefficients(start)], self._regression.fit(enclose(self.problem.r))
        for _ in range(rounds):
            found.append(product(self.iteration, found[-1]) + u)
        return stack(found)

    def _coefficients(self, w):
        return expect_coefficients(self.problem, w, self._regression.rows.shape[1])

    def __repr__(self):
        return f"ProjectedBellman({self.problem!r}, {self._regression.rows.shape[1]} features)"

    def _tables(self):
        shown = (("A", self.A), ("b", self.b), ("iteration", self.iteration))
        return tuple(tabulate(name, known.lower, entry=known._cell) for name, known in shown)
