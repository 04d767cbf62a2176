"""Concentrability (coverage) coefficients of a policy with respect to a data distribution."""

import numpy as np

from ...base.arrays import exactly, like, objects
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, interval
from ...base.replaceable import replaceable
from ...exact.infinite import INFINITY
from ...model.game import MarkovGame
from ...model.mdp import MDP
from ...model.policy import Policy
from ...model.preference import PreferenceProblem, response_table
from .._known import enclose, law
from .._logs import ball
from ..planning.occupancy import occupancy

HALVINGS = 50
"""Bisection steps for the largest probability of a response within a KL ball."""


@replaceable
def concentrability(
    problem: MDP | MarkovGame | PreferenceProblem, policy: Policy, mu: Quantity | None = None, kind: str = "sup"
) -> Interval:
    """Concentrability C = max d/mu over (s, a) ("sup"), or sum (d - mu)^2 / mu ("chi2").

    Args:
        problem: an MDP or a MarkovGame, in which d is the occupancy; or a PreferenceProblem, in which d = pi(y | x),
            the maximum is over prompts of positive probability, and chi2 is averaged over prompts.
        mu: array (or Interval) of the shape of d; defaults to the `data` of a PreferenceProblem.

    Infinite if mu = 0 < d somewhere; entries with d = mu = 0 are ignored. Over a finite horizon, chi2 sums over steps.
    Raises: InvalidModel if mu has a different shape, is missing where d is an occupancy, or kind is unknown.

    >>> from mdpkit.model import TabularPolicy
    >>> problem = PreferenceProblem(objects([["1/4", "3/4"]]), weights=objects([[1, 1]]))
    >>> concentrability(problem, TabularPolicy(objects([[1, 0]])))
    Interval(4, exact)
    """
    preferences = isinstance(problem, PreferenceProblem)
    if preferences:
        response_table(problem, policy)
        d, mu = law(policy, "table"), law(problem, "data") if mu is None else _like(mu, policy.table)
    elif mu is None:
        raise InvalidModel("mu is missing; expected an array of the shape of the occupancy")
    else:
        d = occupancy(problem, policy)
        mu = _like(mu, d.lower if isinstance(d, Interval) else d)
    if mu.shape != d.shape:
        raise InvalidModel(f"mu has shape {mu.shape}; expected {d.shape}")
    if kind not in ("sup", "chi2"):
        raise InvalidModel(f"kind={kind!r}; expected 'sup' or 'chi2'")
    ratio = _ratio(d, mu)
    most = _most(problem, ratio) if preferences else ratio.max()
    if kind == "sup" or np.isposinf(most.mid if isinstance(most, Interval) else most):
        return most
    if not preferences:
        return ((ratio - 1) ** 2 * mu).sum()
    prompts = np.flatnonzero(problem.rho != 0)
    return (law(problem, "rho")[prompts] * ((ratio[prompts] - 1) ** 2 * mu[prompts]).sum(axis=-1)).sum()


@replaceable
def full_coverage(problem: PreferenceProblem) -> Interval:
    """Global coverage C_glo = max 1/mu over prompts of positive probability and all responses.

    It is the maximum of C over all policies.
    """
    mu = law(problem, "data")
    return _most(problem, _ratio(mu * 0 + 1, mu))


@replaceable
def tilt_coverage(problem: PreferenceProblem, width: Quantity) -> Interval:
    """Maximum of C over policies reference * w / Z with max w <= width * min w.

    Equivalently, over rewards of range at most beta log width. It equals max (ref/mu) width / (1 + (width - 1) ref),
    attained by a reward that is maximal at one response and minimal at all others.
    Args: width: e^(range / beta), at least 1.
    """
    reference, mu = law(problem, "reference"), law(problem, "data")
    width = _like(width, problem.reference)
    top = reference * width / (reference * (width - 1) + 1)
    return _most(problem, _ratio(top, mu))


@replaceable
def ball_coverage(problem: PreferenceProblem, radius: Quantity) -> Interval:
    """Maximum of C over policies with E_x KL(pi || reference) <= radius nats, enclosed by bisection.

    The maximiser spends the whole radius on one prompt and one response, whose probability p is the largest with
    p log(p/q) + (1-p) log((1-p)/(1-q)) <= radius / rho(x), q = reference(y | x); if q = 0 then p = 0.
    Args: radius: a nonnegative number or scalar Interval.
    """
    reference, mu = law(problem, "reference"), law(problem, "data")
    if not isinstance(reference, Interval):
        with np.errstate(divide="ignore", invalid="ignore"):
            return _most(problem, _ratio(_largest_masses(reference, (radius / problem.rho)[:, None]), mu))
    radius, lower, upper, prompts = interval(radius), [], [], np.flatnonzero(problem.rho != 0)
    for x in prompts:
        room = radius.enclose() / law(problem, "rho")[x].enclose()
        for q, share in zip(reference[x], mu[x], strict=True):
            low, high = (q, q) if radius.exact and (radius == 0) else _mass_ends(q, room)
            lower.append(_ratio(low, share).lower[()])
            upper.append(_ratio(high, share).upper[()])
    if not problem.exact:
        return Interval(max(lower), max(upper), "float")
    return Interval(max(lower)) if max(lower) == max(upper) else Interval(max(lower), max(upper), "enclosed")


def _largest_masses(q, room):
    """Entrywise the largest p with p log(p/q) + (1-p) log((1-p)/(1-q)) <= room, in plain float64."""
    low, high = q, q * 0 + 1
    for _ in range(HALVINGS):
        p = (low + high) / 2
        within = (p < 1) & (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)) <= room)
        low, high = np.where(within, p, low), np.where(within, high, p)
    return np.where((q == 0) | (-np.log(q) <= room), q > 0, low)


def _mass_ends(q, room):
    """Intervals that bound this p from below and above, for Intervals q and room, by bisection in ball arithmetic."""
    from flint import ctx

    near = q.enclose()
    if near.upper == 0:
        return q, q
    kind = (lambda p: Interval(exactly(p))) if q.exact else (lambda p: Interval(p, p, "float"))
    with ctx.workprec(128):
        q_ball, room_ball = ball(near.lower, near.upper), ball(room.lower, room.upper)
        if -q_ball.log() <= room_ball:
            return kind(1.0), kind(1.0)
        below, low, high = q, float(near.upper), 1.0
        for _ in range(HALVINGS):
            p = (low + high) / 2
            divergence = p * (p / q_ball).log() + (1 - p) * ((1 - p) / (1 - q_ball)).log()
            if low < p < high and divergence <= room_ball:
                below, low = kind(p), p
            elif low < p < high and divergence > room_ball:
                high = p
            else:
                break
    return below, kind(high)


def _ratio(d, mu):
    """Entrywise d/mu: 0 where d = mu = 0, infinite where mu = 0 < d."""
    if not isinstance(d, Interval):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(d == 0, 0.0, d / mu)
    absent = np.asarray(mu.upper == 0)
    if not absent.any():
        return d / mu
    if d.exact and mu.exact:
        entries = zip(d.lower.flat, mu.lower.flat, strict=True)
        ratios = [x / y if y != 0 else x * 0 if x == 0 else INFINITY for x, y in entries]
        return Interval(objects(ratios).reshape(d.shape))
    quotient = d.enclose() / (mu.enclose() + absent.astype(int))
    beyond = np.where(d.enclose().upper == 0, 0.0, np.inf)
    return Interval(np.where(absent, beyond, quotient.lower), np.where(absent, beyond, quotient.upper), quotient.how)


def _most(problem, ratio):
    """Maximum of `ratio[x,y]` over prompts x of positive probability."""
    if not isinstance(ratio, Interval):
        return np.where((problem.rho != 0)[:, None], ratio, 0.0).max()
    return ratio[np.flatnonzero(problem.rho != 0)].max()


def _like(mu, pattern):
    """An array argument converted to the number kind of the distribution that it accompanies."""
    return mu if isinstance(mu, Interval) else enclose(like(mu, pattern))
