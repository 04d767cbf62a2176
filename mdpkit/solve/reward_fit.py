"""Maximum likelihood rewards from comparisons, within a class of bounded rewards."""

import numpy as np

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.interval import Interval, stack
from ..base.mode import proposing
from ..base.tolerance import UNIT
from ..base.types import Number, Numbers
from ..model.preference import PreferenceProblem
from .bounded_likelihood import Comparisons

BITS = 256


def fitted_weights(problem: PreferenceProblem, width: Number, unseen: Numbers) -> Interval:
    """Weights e^(g/beta) `[x,y]` of the bounded reward g that maximises the population likelihood of comparisons.

    The data are pairs of responses drawn from data(.|x), of which y beats z with probability 1 / (1 + e^(r(z) - r(y))).
    The class holds the rewards with |g| <= R, e^(2R/beta) = width. Only differences are identified, so g is defined up
    to a constant
    per prompt: the class is max g - min g <= beta log width, and the lowest weight of a prompt is returned as 1.

    On the data's support, g is r if the class contains it there, else the unique likelihood maximiser, whose range is
    the largest in the class. Responses outside the support are not identified: their weight may lie anywhere from the
    highest observed weight / width to the lowest observed weight * width, and `unseen` selects it.

    Args:
        width: e^(2R/beta), at least 1.
        unseen: in [0, 1], a number or `[x]`: 0 gives all unseen responses the lowest admissible weight, 1 the highest;
            the interpolation is linear in the weight, not in the reward.

    Returns: an Interval, exact if a rational problem evidently has rational maximisers: if the class contains r, or
        every observed response is at an end of its range. Else rigorous bounds.
    Raises: InvalidModel for a width below 1, `unseen` outside [0, 1], preferences given by `win`, or rational rewards,
        whose weights are irrational.
    Source: adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.

    >>> from mdpkit.model import PreferenceProblem
    >>> shown = objects([["1/2", "1/2", 0]])
    >>> problem = PreferenceProblem(objects([["1/3", "1/3", "1/3"]]), weights=objects([[2, 6, 1]]), data=shown)
    >>> fitted_weights(problem, width=6, unseen=0).lower, fitted_weights(problem, width=6, unseen=1).lower
    (array([[2, 6, 1]], dtype=object), array([[1, 3, 6]], dtype=object))
    >>> fitted_weights(problem, width=2, unseen=1).lower
    array([[1, 2, 2]], dtype=object)
    """
    if not proposing():
        width, unseen = _check(problem, width, unseen)
    unseen = np.broadcast_to(unseen, problem.X)
    return stack([_row(problem, x, width, unseen[x]) for x in range(problem.X)])


def _check(problem, width, unseen):
    if problem.win is not None:
        raise InvalidModel(f"{problem!r} has no reward to be fitted: its preferences are given by `win`")
    if problem.exact and problem.weights is None:
        raise InvalidModel(
            f"{problem!r} has rational rewards, so irrational weights; give weights e^(r/beta), or take its .to_float()"
        )
    width, unseen = problem.like(width), problem.like(unseen)
    if width.shape or not width[()] >= 1 or (not problem.exact and np.isinf(width)):
        raise InvalidModel(f"width is {width}; expected a finite number of at least 1")
    if unseen.shape not in ((), (problem.X,)) or not np.asarray((unseen >= 0) & (unseen <= 1)).all():
        raise InvalidModel(f"unseen is {unseen}; expected a number in [0, 1], or one for each of {problem.X} prompts")
    return width[()], unseen


def _row(problem, x, width, share):
    """Weights of one prompt, the lowest 1."""
    shown = np.flatnonzero(problem.data[x])
    fitted, width, share = _weights(problem, x, shown, width), _about(width), _about(share)
    least = fitted.max() / width
    row = [least + (width - least) * share] * problem.Y
    for k, y in enumerate(shown):
        row[y] = fitted[k]
    row = stack(row)
    return row / row.min()


def _weights(problem, x, shown, width):
    """Weights of the observed responses, the lowest 1."""
    if proposing():
        h = problem.reward[x, shown] / problem.beta if problem.weights is None else np.log(problem.weights[x, shown])
        return np.exp(Comparisons(h, problem.data[x, shown], problem.beta, np.log(width)).propose())
    if problem.exact:
        ratios = problem.weights[x, shown] / problem.weights[x, shown].min()
        if ratios.max() <= width or width == 1:
            return Interval(ratios if width > 1 else ratios * 0 + 1)
    from flint import arb, ctx

    with ctx.workprec(BITS):
        unit = arb(0) if problem.exact else arb(0, 2 * UNIT)
        scale, limit = arb(problem.beta) * (1 + unit), (arb(width) * (1 + unit)).log()
        if problem.weights is None:
            h = [arb(problem.reward[x, y]) * (1 + unit) / scale for y in shown]
        else:
            h = [(arb(problem.weights[x, y]) * (1 + unit)).log() for y in shown]
        below, above, empty, full = Comparisons(
            h, [arb(problem.data[x, y]) * (1 + unit) for y in shown], scale, limit
        ).bounds()
        if problem.exact and all(map(max, empty, full)):
            return Interval(objects([width if at_limit else 1 for at_limit in full]))
        ends = [
            (_end(low.exp().lower(), -np.inf), _end(high.exp().upper(), np.inf))
            for low, high in zip(below, above, strict=True)
        ]
    lower, upper = np.array(ends).T
    return Interval(np.maximum(lower, 1), np.maximum(upper, 1), "enclosed" if problem.exact else "float")


def _end(ball, way):
    return np.nextafter(float(ball), way)


def _about(number):
    """Enclosure of a number that accompanies a problem."""
    if proposing():
        return number
    if not isinstance(number, float):
        return Interval(objects(number))
    return Interval(number * (1 - 2 * UNIT), number * (1 + 2 * UNIT), "float")
