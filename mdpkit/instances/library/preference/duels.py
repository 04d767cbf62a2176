"""Preference games: random win probabilities as claims draw them, and cycles."""

from collections.abc import Sequence

import numpy as np

from ....base.arrays import like, objects, rational
from ....base.errors import InvalidModel
from ....model import PreferenceProblem, TabularPolicy
from ...blocks import Box, Simplex
from ...catalogue import Exact, named_instance
from ...instance import Instance

MARGINS = Box("X", "Y", "Y", lower=-1)
"""Margins of which the entries above the diagonal count."""
PROMPTS = Simplex(to="X")
"""The law of the prompt."""


def skew(upper: np.ndarray) -> np.ndarray:
    """The skew-symmetric array with the entries of `upper[...,y,z]` above the diagonal.

    >>> skew(np.array([[7.0, 1.0], [5.0, 3.0]]))
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    above = np.triu(np.ones(upper.shape[-2:], dtype=bool), 1)
    kept = np.where(above, upper, upper * 0)
    return kept - kept.swapaxes(-1, -2)


def duel(margin: np.ndarray, reference=None, data=None, rho=None) -> PreferenceProblem:
    """The problem with margins `margin[x,y,z]` = 2 P(y beats z) - 1; the reference is uniform if left out."""
    X, Y = margin.shape[:2]
    reference = like([[f"1/{Y}"] * Y] * X, margin) if reference is None else reference
    return PreferenceProblem(reference, win=(margin + 1) / 2, data=data, rho=rho)


def margin_of(problem: PreferenceProblem) -> np.ndarray:
    """2 win - 1 of a problem with `win`."""
    return problem.win * 2 - 1


@named_instance
def preference_cycle(
    a: Exact = "3/5", b: Exact = "9/10", c: Exact = "1/5", reference: Sequence[Exact] | None = None
) -> Instance:
    """Three responses: the first beats the second by a, the second the third by b, the third the first by c.

    No reward explains the preferences, and no response is unbeaten. The minimax winner is (b, c, a) / (a + b + c).

    Args:
        a: margin 2 P(y beats z) - 1 of the first response over the second, in (0, 1].
        b: of the second over the third.
        c: of the third over the first.
        reference: law of the responses under the reference; uniform if left out.

    Returns: `problem` and `winner`, the minimax winner.
    Source: adapted from Swamy, Dann, Kidambi, Wu and Agarwal, 2024.

    >>> preference_cycle().winner.table
    array([[9/17, 2/17, 6/17]], dtype=object)
    """
    a, b, c = (rational(margin) for margin in (a, b, c))
    for name, margin in (("a", a), ("b", b), ("c", c)):
        if not 0 < margin <= 1:
            raise InvalidModel(f"{name} is {margin}; expected a margin above 0 and at most 1")
    problem = duel(cycle_margin(objects([a, b, c]))[None], None if reference is None else objects([reference]))
    return Instance(problem=problem, winner=TabularPolicy(objects([[b, c, a]]) / (a + b + c)))


def cycle_margin(margins: np.ndarray) -> np.ndarray:
    """The margins `[y,z]` of a cycle of three responses with `margins` (a, b, c)."""
    a, b, c = margins
    none = a * 0
    return np.stack([np.stack([none, a, -c]), np.stack([-a, none, b]), np.stack([c, -b, none])])


def bradley_terry(weights: np.ndarray) -> np.ndarray:
    """P(y beats z) `[y,z]` = w_y / (w_y + w_z) under weights w = e^r.

    >>> bradley_terry(np.array([1.0, 3.0]))[1, 0]
    np.float64(0.75)
    """
    return weights[:, None] / (weights[:, None] + weights[None, :])


def likelihood_slope(win: np.ndarray, weights: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Derivatives with respect to r = log weights `[y]` of the mean log-likelihood of the Bradley-Terry model.

    Args: win: `[y,z]`. pairs: symmetric weights `[y,z]` of the comparisons.
    """
    return (pairs * (win - bradley_terry(weights))).sum(axis=-1)


@named_instance
def dominated_response(
    v: Exact = "5/4", third: Exact = "1/10", second: Exact = "3/5", first: Exact = "2/5"
) -> Instance:
    """A cycle of three responses, and a fourth that the first dominates; it is compared with the second above all.

    Every response is beaten by another one. The weights (1, 1, 1, v) have the highest Bradley-Terry likelihood under
    `pairs`, in which every pair is compared: the reward model ranks the fourth response first, although the first beats
    it, and beats every other response more often than it does.

    Args:
        v: weight of the fourth response, with v / (1 + v) below `second`.
        third: probability that the fourth beats the third.
        second: probability that the fourth beats the second.
        first: probability that the fourth beats the first.

    Returns: `problem`, `weights` e^r and `pairs`, the symmetric weights of the comparisons.
    Source: none; found by solving the likelihood equations for the weights of the comparisons.

    >>> m = dominated_response()
    >>> likelihood_slope(m.problem.win[0], m.weights, m.pairs)
    array([0, 0, 0, 0], dtype=object)
    """
    v, chances = rational(v), objects([first, second, third])
    win = (cycle_margin(objects(["3/5", "3/5", "3/5"])) + 1) / 2
    win = np.concatenate([np.concatenate([win, (1 - chances)[:, None]], axis=1), [[*chances, rational("1/2")]]])
    excess = chances - v / (1 + v)
    if not excess[1] > 0 or not excess[0] + excess[2] < 0:
        raise InvalidModel(f"v is {v}; expected v / (1 + v) below {second} and above the mean of {first} and {third}")
    compared = objects([1, -(excess[0] + excess[2]) / excess[1], 1])
    # on the cycle every response beats the next one by 3/10 more than its weight explains
    flows = compared * excess / rational("3/10")
    h12 = 1 + sum(abs(flow) for flow in flows)
    h01, h20 = h12 - flows[1], h12 + flows[2]
    zero = rational(0)
    pairs = objects([[zero, h01, h20], [h01, zero, h12], [h20, h12, zero]])
    pairs = np.concatenate([np.concatenate([pairs, compared[:, None]], axis=1), [[*compared, zero]]])
    return Instance(problem=duel(win[None] * 2 - 1), weights=objects([1, 1, 1, v]), pairs=pairs)
