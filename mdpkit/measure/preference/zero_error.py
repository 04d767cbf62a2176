"""The policy closest to the reference among those that preference data cannot distinguish from the optimum."""

import numpy as np

from ...base.interval import Interval
from ...base.replaceable import replaceable
from ...model.preference import PreferenceProblem
from ...solve.zero_error import in_support, seen_part
from .._known import enclose, law
from .._logs import exponentiate, logarithm, relative_entropy
from .problem import prompt_average


@replaceable
def closest_mass(problem: PreferenceProblem) -> Interval:
    """Probability `[x]` of the seen responses S under the zero-error policy of minimum KL to the reference.

    It is A / (A + e) with e = reference(not S) and A = exp(-sum_S p log(p / reference)), p = pi*(. | S): the preference
    loss with penalty lambda KL(pi || reference) selects this policy as lambda -> 0. On unseen responses it is
    proportional to the reference. Exact if A simplifies to a rational, else enclosed.
    Source: adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
    """
    A, e = _parts(problem)
    return A / (A + e)


@replaceable
def closest_unseen_mass(problem: PreferenceProblem) -> Interval:
    """Unseen responses' probability `[x]` under that policy: 1 - `closest_mass` = e / (A + e), without cancellation."""
    A, e = _parts(problem)
    return e / (A + e)


@replaceable
def closest_divergence(problem: PreferenceProblem) -> Interval:
    """E_x of the minimum KL(pi || reference) over zero-error policies, a scalar: -log(A + e) at each prompt."""
    A, e = _parts(problem)
    return prompt_average(problem, -logarithm(A + e))


def _parts(problem):
    """A and e for each prompt."""
    part = seen_part(problem)
    reference = law(problem, "reference")
    unseen = (reference * (~in_support(problem)).astype(int)).sum(axis=-1)
    return exponentiate(-relative_entropy(_near(problem, part), reference)), unseen


def _near(problem, part):
    """Lift `part` with its own rounding error on floats: a product, two sums and two quotients per entry."""
    return enclose(part, 0 if problem.exact else (problem.Y + 4) * np.finfo(float).eps)
