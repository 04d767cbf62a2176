"""How much more often a policy does something than the data do: coverage coefficients."""

import math

import numpy as np

from ..base.arrays import exactly, like, objects
from ..base.errors import InvalidModel
from ..base.interval import Interval, interval
from ..base.replaceable import replaceable
from ..exact.infinite import INFINITY
from ..model.game import MarkovGame
from ..model.mdp import MDP
from ..model.policy import Policy
from ..model.preference import PreferenceProblem, response_table
from ._known import known, law
from ._logs import ball
from .occupancy import occupancy

HALVINGS = 50
"""Halvings of the bracket around the largest mass that a ball allows."""


@replaceable
def concentrability(problem: MDP | MarkovGame | PreferenceProblem, policy: Policy, mu=None, kind="sup") -> Interval:
    """C = max d/mu over states and actions ("sup"), or the chi-square divergence sum (d - mu)^2 / mu ("chi2"); a scalar.

    Args:
        problem: an MDP or a MarkovGame, where d is the occupancy; or a PreferenceProblem, where d = pi(y given x), the maximum is over the
            prompts that come, and chi2 is averaged over them.
        mu: array (or Interval) of the shape of d; a PreferenceProblem's `data` if left out.

    Infinite where mu = 0 < d; entries with d = mu = 0 count nowhere. Over a finite horizon chi2 sums the steps.
    Raises: InvalidModel where mu has another shape, is left out where d is an occupancy, or for another kind.

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
    """C_glo = max 1/mu over the prompts that come and all responses: the coefficient of the worst policy of all."""
    mu = law(problem, "data")
    return _most(problem, _ratio(mu * 0 + 1, mu))


@replaceable
def tilt_coverage(problem: PreferenceProblem, width) -> Interval:
    """C of the worst policy reference * w / Z whose weights have max w <= width min w: rewards of range beta log width.

    It is max ref/mu width / (1 + (width - 1) ref), at the reward that is highest at one response and lowest elsewhere.
    Args: width: above or equal 1, e^(range / beta).
    """
    reference, mu = law(problem, "reference"), law(problem, "data")
    width = _like(width, problem.reference)
    top = reference * width / (reference * (width - 1) + 1)
    return _most(problem, _ratio(top, mu))


@replaceable
def ball_coverage(problem: PreferenceProblem, radius) -> Interval:
    """C of the worst policy with E_x KL(pi || reference) <= radius nats, enclosed by halving.

    The whole radius is spent on one prompt and one response, whose mass p is the largest with
    p log(p/q) + (1-p) log((1-p)/(1-q)) <= radius / rho(x), q = reference(y given x). 0 stays 0.
    Args: radius: at least 0, a number or a scalar Interval.
    """
    reference, mu, prompts = law(problem, "reference"), law(problem, "data"), np.flatnonzero(problem.rho != 0)
    if not isinstance(reference, Interval):
        masses = [[_largest_mass(q, radius / problem.rho[x]) for q in reference[x]] for x in prompts]
        return _ratio(np.array(masses), mu[prompts]).max()
    radius, lower, upper = interval(radius), [], []
    for x in prompts:
        room = radius.enclosed() / law(problem, "rho")[x].enclosed()
        for q, share in zip(reference[x], mu[x], strict=True):
            low, high = (q, q) if radius.exact and (radius == 0) else _mass_ends(q, room)
            lower.append(_ratio(low, share).lower[()])
            upper.append(_ratio(high, share).upper[()])
    if not problem.exact:
        return Interval(max(lower), max(upper), "float")
    return Interval(max(lower)) if max(lower) == max(upper) else Interval(max(lower), max(upper), "enclosed")


def _largest_mass(q, room) -> float:
    """The largest p with p log(p/q) + (1-p) log((1-p)/(1-q)) <= room, on bare floats."""
    if q == 0 or -math.log(q) <= room:
        return float(q > 0)
    low, high = float(q), 1.0
    for _ in range(HALVINGS):
        p = (low + high) / 2
        within = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q)) <= room if p < 1 else False
        low, high = (p, high) if within else (low, p)
    return low


def _mass_ends(q, room):
    """Intervals below and above that p, for q and room known; each halving is decided by balls."""
    from flint import ctx

    near = q.enclosed()
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
    """d/mu entry by entry: 0 where both are 0, infinite where only mu is."""
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
    quotient = d.enclosed() / (mu.enclosed() + absent.astype(int))
    beyond = np.where(d.enclosed().upper == 0, 0.0, np.inf)
    return Interval(np.where(absent, beyond, quotient.lower), np.where(absent, beyond, quotient.upper), quotient.how)


def _most(problem, ratio):
    """The largest entry `[x,y]` over the prompts that come."""
    if not isinstance(ratio, Interval):
        return np.where((problem.rho != 0)[:, None], ratio, 0.0).max()
    return ratio[np.flatnonzero(problem.rho != 0)].max()


def _like(mu, pattern):
    """An array handed over beside a law, in its number kind."""
    return mu if isinstance(mu, Interval) else known(like(mu, pattern))
