"""Fitted Q iteration, and least-squares value iteration over a finite horizon, with bounds after the fact."""

from dataclasses import dataclass

import numpy as np

from ..base.interval import Interval, Quantity, stack
from ..base.lifting import enclose, number
from ..base.record import expect_counts
from ..base.replaceable import replaceable
from ..base.shown import Shown, tabulate
from ..base.types import Number, Numbers
from ..model.horizon import Discounted, Finite
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from .bounds import deterministic
from .linear_values import Regression, backup, expect_coefficients, expect_problem, greedy_actions, greedy_values


@dataclass(frozen=True, eq=False, repr=False)
class FittedQ(Shown):
    """Linear action values found by least squares, with what is proved of them.

    Args:
        problem: the MDP.
        w: coefficients of the action values: `[i,k]` for iterates i = 0.. (Discounted), `[t,k]` for steps (Finite).
        Q: the action values of the last iterate `[s,a]`, or of all steps `[t,s,a]`.
        policy: the greedy policy of Q, ties to the first action.
        residual: Bellman residuals TQ - Q, in the shape of Q.
        value: bounds on the optimal value, `[s]`, or `[t,s]` with t = 0..H: V* is at most max_a Q plus the largest
            residuals, the policy's value at least max_a Q plus the smallest, summed over the steps that remain
            (discounted: divided by 1 - gamma). The policy's own value lies within them too.
        loss: bound on the loss V* - V of the policy in any state, at the first step: the width of those bounds.
        modulus: Discounted: gamma times the norm of the projection in the maximum. The greedy projected operator is
            Lipschitz with this constant; it need not be a contraction, and its iterates may diverge or cycle.
        fixed_point: bounds on the action values of its unique fixed point, `[s,a]`, to which the iterates converge;
            None unless `modulus` is below 1.
    """

    problem: MDP
    w: np.ndarray
    Q: Interval
    policy: TabularPolicy
    residual: Interval
    value: Interval
    loss: Interval
    modulus: Interval | None = None
    fixed_point: Interval | None = None

    def __repr__(self):
        return f"FittedQ({self.problem!r}, {self.w.shape[-1]} features, loss at most {self.loss.mid:.3g})"

    def _tables(self):
        return (tabulate("Q", self.Q.lower, "tsa", self.problem._axis_names(), self.Q._cell),)


@replaceable
def fitted_q_coefficients(
    problem: MDP, features: Quantity, weights: Quantity | None = None, rounds: int = 1, start: Quantity | None = None
) -> Interval:
    """Coefficients of fitted Q iteration, `[i,k]` for i = 0..rounds: each fits r + gamma P max_a Phi w of the last.

    Args: problem, features, weights, rounds, start: as for `fitted_q_iteration`.

    The bounds on floats grow with the rounds; those of `fitted_q_iteration` do not.
    """
    regression, found = _begin(problem, features, weights, rounds, start)
    gamma = number(problem.horizon.gamma, found[0])
    for _ in range(rounds):
        V = greedy_values(regression.predict(found[-1]), problem.mask)
        found.append(regression.fit(backup(problem, V, gamma)))
    return stack(found)


def fitted_q_iteration(
    problem: MDP,
    features: Numbers,
    weights: Numbers | None = None,
    rounds: int = 100,
    start: Numbers | None = None,
) -> FittedQ:
    """Fitted Q iteration for control: w <- the weighted least-squares fit of r + gamma P max_a Phi w, with exact P.

    Args:
        problem: a Discounted MDP. features: `features[s,a,k]`, independent on the pairs of positive weight.
        weights: `weights[s,a]`, none negative; uniform over the available pairs if omitted.
        rounds: number of rounds. start: the first coefficients `[k]`; 0 if omitted.

    Convergence is not promised: the projection may expand the maximum norm by more than gamma shrinks it, even where
    every policy's values are linear (the answer's `modulus` decides a sufficient condition; it is gamma for state
    aggregation). What is proved holds for the last iterate as it stands, whatever the others did: bounds on V*, and on
    the loss of its greedy policy, by its Bellman residual. In a linear MDP every round is exact value iteration.
    On rationals the numbers grow with the rounds; on floats a round starts at the float64 numbers of the last.

    Raises: InvalidModel for features, weights or a start that do not fit; Singular for dependent features.
    Source: adapted from Gordon, 1995; Munos, 2007; the bounds from Williams and Baird, 1993.

    >>> from mdpkit.base.arrays import objects
    >>> stay = MDP(objects([[[1]]]), objects([[1]]), horizon=Discounted("1/2"))
    >>> answer = fitted_q_iteration(stay, [[[1]]], rounds=3)
    >>> answer.w[:, 0], answer.modulus, answer.value[0]
    (array([0, 1, 3/2, 7/4], dtype=object), Interval(1/2, exact), Interval(2, exact))
    """
    regression, (w,) = _begin(problem, features, weights, rounds, start)
    gamma = number(problem.horizon.gamma, w)
    found = [_numbers(w)]
    for _ in range(rounds):
        V = greedy_values(regression.predict(_lift(found[-1])), problem.mask)
        found.append(_numbers(regression.fit(backup(problem, V, gamma))))
    Q = regression.predict(_lift(found[-1]))
    V, choice = greedy_values(Q, problem.mask), greedy_actions(problem, Q)
    ahead = backup(problem, V, gamma)
    chosen = _take(Q, choice)
    low, high = _extremes(problem, Q, backup(problem, chosen, gamma), ahead)
    low, high = chosen + low / (1 - gamma), V + high / (1 - gamma)
    modulus = regression.norm(problem) * gamma
    fixed = None
    if (modulus < 1).all_yes():
        moved = abs(regression.predict(regression.fit(ahead)) - Q).reshape(-1)[np.flatnonzero(problem.available)].max()
        fixed = around(Q, moved / (1 - modulus))
    policy, loss = deterministic(problem, choice), (high - low).max()
    return FittedQ(problem, np.stack(found), Q, policy, ahead - Q, between(low, high), loss, modulus, fixed)


def _begin(problem, features, weights, rounds, start):
    expect_problem("fitted_q_iteration", problem, Discounted)
    expect_counts(0, rounds=rounds)
    regression = Regression(problem, features, weights)
    return regression, [expect_coefficients(problem, start, regression.rows.shape[1])]


@replaceable
def least_squares_coefficients(
    problem: MDP, features: Quantity, weights: Quantity | None = None, ridge: Number = 0
) -> Interval:
    """Coefficients of least-squares value iteration, `[t,k]` for t = 0..H-1.

    Args: problem, features, weights, ridge: as for `least_squares_value_iteration`.

    The bounds on floats grow with the horizon; those of `least_squares_value_iteration` do not.
    """
    expect_problem("least_squares_value_iteration", problem, Finite)
    regression, found, V = Regression(problem, features, weights, ridge), [], _nothing(problem)
    for t in reversed(range(problem.horizon.H)):
        found.append(regression.fit(backup(problem, V, t=t)))
        V = greedy_values(regression.predict(found[-1]), problem.mask)
    return stack(found[::-1])


def least_squares_value_iteration(
    problem: MDP, features: Numbers, weights: Numbers | None = None, ridge: Number = 0
) -> FittedQ:
    """Least-squares value iteration (LSVI): backwards in time, w_t is the fit of r + P max_a Phi w_{t+1}, with exact P.

    Args:
        problem: a Finite MDP, such as the `.tabular()` of a LinearMDP.
        features: `features[s,a,k]`, independent on the pairs of positive weight unless there is a ridge.
        weights: `weights[s,a]`, none negative; uniform over the available pairs if omitted.
        ridge: penalty ridge |w|^2 of the fits.

    Exact if Q* is linear at every step and there is no ridge, so in every linear MDP: `loss` is then 0. Otherwise
    the policy loses at most the sum over steps of the ranges of its Bellman residuals, at most twice the sum of their
    sizes. Without a ridge each size is at most the norm of I - Pi in the maximum times the distance of
    r + P max_a Phi w_{t+1} from the features' span. `solve.regress_values` is the same from data.

    Raises: InvalidModel for features, weights or a ridge that do not fit; Singular for dependent features.
    Source: adapted from Bradtke and Barto, 1996; Jin, Yang, Wang and Jordan, 2020.

    >>> from mdpkit.base.arrays import objects
    >>> arms = MDP(objects([[[1], [1]]]), objects([[1, 3]]), horizon=Finite(2))
    >>> least_squares_value_iteration(arms, [[[1, 0], [0, 1]]]).value[0]
    Interval(shape=(1,), exact, width=0.0e+00, mid=
    [6.])
    >>> least_squares_value_iteration(arms, [[[1], [1]]]).loss
    Interval(4, exact)
    """
    expect_problem("least_squares_value_iteration", problem, Finite)
    regression = Regression(problem, features, weights, ridge)
    V = chosen = _nothing(problem)
    below, above = V[0], V[0]
    w, Q, choices, residuals, lows, highs = [], [], [], [], [V], [V]
    for t in reversed(range(problem.horizon.H)):
        ahead, own = backup(problem, V, t=t), backup(problem, chosen, t=t)
        w.append(_numbers(regression.fit(ahead)))
        Q.append(regression.predict(_lift(w[-1])))
        choices.append(greedy_actions(problem, Q[-1]))
        residuals.append(ahead - Q[-1])
        V, chosen = greedy_values(Q[-1], problem.mask), _take(Q[-1], choices[-1])
        low, high = _extremes(problem, Q[-1], own, ahead)
        below, above = below + low, above + high
        lows.append(chosen + below)
        highs.append(V + above)
    loss = (highs[-1] - lows[-1]).max()
    w, Q, choice, residual, low, high = (each[::-1] for each in (w, Q, choices, residuals, lows, highs))
    policy, value = deterministic(problem, np.stack(choice)), between(stack(low), stack(high))
    return FittedQ(problem, np.stack(w), stack(Q), policy, stack(residual), value, loss)


def _extremes(problem, Q, own, ahead):
    """The least T_pi Q - Q and the largest TQ - Q of available pairs, for T_pi Q `own[s,a]` and TQ `ahead[s,a]`."""
    here = np.flatnonzero(problem.available)
    return (own - Q).reshape(-1)[here].min(), (ahead - Q).reshape(-1)[here].max()


def _nothing(problem):
    """The values after the last step, 0."""
    return enclose(problem.like([0] * problem.S))


def _take(Q, choice):
    return Q[np.arange(len(choice)), choice]


def between(low, high):
    """The Interval from the lower end of one Interval to the upper end of another."""
    if low.exact and high.exact and (low.lower == high.lower).all():
        return low
    how = "enclosed" if low.exact and high.exact else "float"
    return Interval(low.lower, high.upper, how)


def around(centre, radius):
    """The numbers within a distance of those of an Interval."""
    return between(centre - radius, centre + radius)


def _numbers(w):
    """Rationals as they are, midpoints of floats."""
    return w.lower if w.exact else w.mid


def _lift(w):
    """Numbers as they stand, without a rounding error."""
    return Interval(w) if w.dtype == object else Interval(w, None, "float")
