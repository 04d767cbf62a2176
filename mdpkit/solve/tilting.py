"""Optimal policies of KL-regularised preference problems."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.tolerance import UNIT
from ..base.types import Numbers
from ..exact.logs import log
from ..model.policy import TabularPolicy
from ..model.preference import PreferenceProblem
from ._expects import expects
from .solution import Solution, Status, judge


def tilt(problem: PreferenceProblem, weights: Numbers | None = None) -> TabularPolicy:
    """The tilt reference * weights / Z, which maximises E_pi beta log weights - beta KL(pi || reference).

    Args: weights: `[x,y]`, above 0; by default the problem's, whose optimal policy this then is.
    Raises: InvalidModel if the problem is not in tilt form and no weights are given, or a row has no mass.

    >>> tilt(PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))).table
    array([[1/4, 3/4]], dtype=object)
    """
    weights = problem.weights if weights is None else weights
    if weights is None:
        raise InvalidModel(
            f"{problem!r} has no weights e^(r/beta); its optimal policy is solve(problem).policy, up to rounding"
        )
    joint = problem.reference * (weights if proposing() else problem.like(weights))
    return TabularPolicy(joint / joint.sum(axis=-1)[:, None])


@dataclass(frozen=True)
class Tilting:
    """The optimal policy reference * e^(r/beta) / Z and its value beta E_x log Z(x).

    A rational problem in tilt form is solved exactly: the policy is rational, the value a sum of logarithms. Otherwise
    the exponentials are enclosed by balls; the policy is the nearest one found, and the bounds contain its value.
    Source: adapted from Korbak, Elsahar, Kruszewski and Dymetman, 2022.

    >>> Tilting().run(PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))).value
    Interval(log(2), exact)
    """

    def run(self, problem: PreferenceProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, PreferenceProblem)
        if problem.win is not None:
            raise TypeError(
                "Tilting maximises a reward; the preferences of this problem are given by `win`: expected a method such as "
                "MinimaxWinner()"
            )
        if problem.exact and problem.weights is not None:
            Z = (problem.reference * problem.weights).sum(axis=-1)
            value = sum(log(Z[x]) * problem.rho[x] for x in np.flatnonzero(problem.rho != 0)) * problem.beta
            return Solution(problem, self, Status.SOLVED, tilt(problem), Interval(objects(value)), 1)
        policy, value = _bracket(problem)
        return Solution(problem, self, judge(value, tol, Status.FLOOR_REACHED, value.mid), policy, value, 1)


def _bracket(problem):
    """A policy within rounding of the optimal one, and bounds on the values of both.

    If every entry of the policy, before its row is normalised, is within a factor e^m of its ball, the policy
    is within e^(2m) of the optimal one, and loses beta KL(pi || pi*) <= 2 beta m.
    """
    from flint import arb, ctx

    with ctx.workprec(256):
        unit = arb(0) if problem.exact else arb(0, 2.0**-52)
        beta = arb(problem.beta) * (1 + unit)
        total, spread, table = arb(0), arb(0), np.zeros((problem.X, problem.Y))
        for x in range(problem.X):
            powers = [_weight(problem, x, y, beta, unit) for y in range(problem.Y)]
            joint = [arb(problem.reference[x, y]) * (1 + unit) * power for y, power in enumerate(powers)]
            Z = sum(joint, arb(0))
            total += arb(problem.rho[x]) * (1 + unit) * Z.log()
            for y, ball in enumerate(joint):
                table[x, y] = float((ball / Z).mid())
                if ball.upper() > 0:
                    spread = spread.max((ball.upper() / ball.lower()).log())
        lower, upper = (total * beta).lower(), (total * beta).upper()
        lower -= 2 * beta.upper() * (spread.upper() + 8 * UNIT)
        ends = float(np.nextafter(float(lower), -np.inf)), float(np.nextafter(float(upper), np.inf))
    policy = TabularPolicy(table / table.sum(axis=1)[:, None])
    return policy.to_exact() if problem.exact else policy, Interval(*ends, "enclosed" if problem.exact else "float")


def _weight(problem, x, y, beta, unit):
    from flint import arb

    if problem.weights is not None:
        return arb(problem.weights[x, y]) * (1 + unit)
    return (arb(problem.reward[x, y]) * (1 + unit) / beta).exp()
