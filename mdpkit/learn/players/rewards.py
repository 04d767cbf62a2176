"""Reward classes for the discriminator.

A class is convex and closed, and its rewards are linear in a parameter, the *point*: the weights of a list, the
entries of a reward, or the coefficients of features. `<f, d>` is the sum of f[(t,)s,a] d[(t,)s,a] for a difference d of
two occupancies.
"""

from dataclasses import replace
from typing import Any, Protocol, Self

import numpy as np

from ...base.arrays import like, objects, zeros
from ...base.errors import InvalidModel
from ...base.record import at
from ...base.types import Array, OptionalArray, record
from .simplex import onto_simplex


class Rewards(Protocol):
    """Interface of reward classes. Methods other than `like` and `sup` are called on the result of `like`."""

    def like(self, d: np.ndarray) -> Self:
        """The same class in the shape and number kind of an occupancy `d[(t,)s,a]`."""

    def start(self) -> np.ndarray:
        """The initial point."""

    def reward(self, point: np.ndarray) -> np.ndarray:
        """The reward `f[(t,)s,a]` of a point."""

    def moments(self, difference: np.ndarray) -> np.ndarray:
        """The gradient of <f, difference> in the point."""

    def best(self, moments: np.ndarray) -> np.ndarray:
        """A point that maximises the inner product with `moments`; ties go to the first."""

    def project(self, point: np.ndarray) -> np.ndarray:
        """Euclidean projection onto the class."""

    def sup(self, difference: np.ndarray) -> Any:
        """sup over the class of <f, difference>, attained at `best(moments(difference))`."""


class _Linear:
    """Base of classes whose rewards are linear in their point, which gives the supremum."""

    def sup(self, difference: np.ndarray) -> Any:
        meant = self.like(difference)
        moments = meant.moments(difference)
        return (meant.best(moments) * moments).sum()


@record(eq=False)
class FiniteRewards(_Linear):
    """Convex hull of the rewards `rewards[k,s,a]` or `rewards[k,t,s,a]`; a point holds the weights `[k]`.

    Raises: InvalidModel if there are none, or an entry is not finite.

    >>> FiniteRewards([[[1, 0]], [[0, 1]]]).sup(np.array([[0.25, -0.25]]))
    np.float64(0.25)
    """

    rewards: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "rewards", _convert("rewards", self.rewards))

    def like(self, d: np.ndarray) -> Self:
        return replace(self, rewards=_fitting("rewards", self.rewards, d))

    def start(self) -> np.ndarray:
        count = len(self.rewards)
        return like([1] * count, self.rewards) / count

    def reward(self, point: np.ndarray) -> np.ndarray:
        return _mix(point, self.rewards)

    def moments(self, difference: np.ndarray) -> np.ndarray:
        return _inner(self.rewards, difference)

    def best(self, moments: np.ndarray) -> np.ndarray:
        return like((np.arange(len(moments)) == _first_best(moments)).astype(int), moments)

    def project(self, point: np.ndarray) -> np.ndarray:
        return onto_simplex(point)


@record(eq=False)
class BoxRewards(_Linear):
    """All rewards with lower <= f <= upper at each step, state and action; a point is the reward itself.

    Args:
        lower, upper: numbers, or arrays `[s,a]` or `[t,s,a]`.
        support: boolean `[s,a]` or `[t,s,a]`, False at entries where every reward of the class is 0.

    >>> BoxRewards().sup(np.array([[0.25, -0.25]]))
    np.float64(0.5)
    >>> BoxRewards(support=np.array([[True, False]])).sup(np.array([[0.25, -0.25]]))
    np.float64(0.25)
    """

    lower: Array = -1
    upper: Array = 1
    support: OptionalArray = None

    def like(self, d: np.ndarray) -> Self:
        lower, upper = (_bound(name, getattr(self, name), d, d.shape) for name in ("lower", "upper"))
        if self.support is not None:
            support = np.broadcast_to(_mask(self.support, d), d.shape)
            lower, upper = (np.where(support, end, like(0, d)[()]) for end in (lower, upper))
        _check_order(lower, upper)
        return BoxRewards(lower, upper)

    def start(self) -> np.ndarray:
        return self.project(zeros(self.lower.shape, self.lower))

    def reward(self, point: np.ndarray) -> np.ndarray:
        return point

    def moments(self, difference: np.ndarray) -> np.ndarray:
        return difference

    def best(self, moments: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(moments < 0), self.lower, self.upper)

    def project(self, point: np.ndarray) -> np.ndarray:
        return np.minimum(np.maximum(point, self.lower), self.upper)


@record(eq=False)
class LinearRewards(_Linear):
    """Linear rewards sum_k theta[k] features[k] with lower <= theta[k] <= upper; a point is theta.

    Args:
        features: `features[k,s,a]` or `features[k,t,s,a]`. lower, upper: numbers, or `[k]`.

    Raises: InvalidModel if there are no features, or an entry is not finite.

    >>> LinearRewards([[[1, 3]], [[0, 1]]]).sup(np.array([[0.5, -0.5]]))
    np.float64(1.5)
    """

    features: Array
    lower: Array = -1
    upper: Array = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", _convert("features", self.features))

    def like(self, d: np.ndarray) -> Self:
        lower, upper = (_bound(name, getattr(self, name), d, (len(self.features),)) for name in ("lower", "upper"))
        _check_order(lower, upper)
        return LinearRewards(_fitting("features", self.features, d), lower, upper)

    def start(self) -> np.ndarray:
        return self.project(zeros(self.lower.shape, self.lower))

    def reward(self, point: np.ndarray) -> np.ndarray:
        return _mix(point, self.features)

    def moments(self, difference: np.ndarray) -> np.ndarray:
        return _inner(self.features, difference)

    best, project = BoxRewards.best, BoxRewards.project


def _convert(name, arrays):
    arrays = np.asarray(arrays)
    if arrays.ndim not in (3, 4) or len(arrays) == 0:
        raise InvalidModel(
            f"{name} has shape {arrays.shape}; expected {name}[k,s,a] or {name}[k,t,s,a], with at least one k"
        )
    return _finite(name, arrays)


def _finite(name, array):
    """The array, checked to hold finite numbers or text such as "1/3"."""
    if array.dtype.kind not in "biuf":
        try:
            return objects(array)
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise InvalidModel(f"{name} contains entries that are not numbers: {error}") from error
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InvalidModel(f"{at(name, where)} is {array[where]}; every entry must be finite")
    return array


def _fitting(name, arrays, d):
    """Arrays in the number kind of d, each of the shape of d or of its last two axes."""
    if arrays.shape[1:] not in (d.shape, d.shape[-2:]):
        raise InvalidModel(f"{name} has shape {arrays.shape}; the problem's occupancies have shape {d.shape}")
    return like(arrays, d)


def _bound(name, bound, d, shape):
    bound = like(_finite(name, np.asarray(bound)), d)
    try:
        return np.broadcast_to(bound, shape)
    except ValueError as error:
        raise InvalidModel(f"{name} has shape {bound.shape}; expected a number, or {shape} or its last axes") from error


def _mask(support, d):
    support = np.asarray(support)
    if support.dtype != bool or support.shape not in (d.shape, d.shape[-2:]):
        raise InvalidModel(
            f"support has dtype {support.dtype} and shape {support.shape}; expected bool of shape {d.shape} or "
            f"{d.shape[-2:]}"
        )
    return support


def _check_order(lower, upper):
    if np.asarray(lower > upper).any():
        raise InvalidModel("lower exceeds upper, so the class is empty")


def _mix(point, arrays):
    return sum((share * array for share, array in zip(point[1:], arrays[1:], strict=True)), point[0] * arrays[0])


def _inner(arrays, difference):
    out = np.empty(len(arrays), dtype=difference.dtype)
    out[:] = [(array * difference).sum() for array in arrays]
    return out


def _first_best(numbers):
    return max(range(len(numbers)), key=numbers.__getitem__)
