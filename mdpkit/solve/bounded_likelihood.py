"""Maximum likelihood scores in [0, limit] for pairwise comparisons: in floats, and with rigorous bounds.

Every pair y, z is compared with weight mass[y] mass[z], and y wins with probability s(scale (h[y] - h[z])), s(t) = 1 /
(1 + e^-t).
The population log-likelihood of scores g is concave, strictly so but for a common constant; along g[y] it grows at
mass[y] times
    F_y(g) = sum_z mass[z] (s(scale (h[y] - h[z])) - s(scale (g[y] - g[z]))),
which falls in g[y] and rises in every other score: on that the bounds rest, see proofs/lemmas/bounded_reward_fit.md.
"""

from dataclasses import dataclass, replace

import numpy as np

STEPS = 300
"""Largest number of Newton steps; the result is only a proposal."""

MARGINS = (2.0**-46, 2.0**-40, 2.0**-32, 2.0**-22)
"""Initial distance of the bounds from the proposal, relative to the range."""


@dataclass(frozen=True, eq=False)
class Comparisons:
    """A comparison problem: true scores, sampling weights, scale, and range of the fitted scores.

    Args: h, mass: `[y]`. scale, limit: numbers above 0. Floats for `propose`, arb balls for `bounds`.
    """

    h: list
    mass: list
    scale: object
    limit: object

    def propose(self) -> np.ndarray:
        """Scores `[y]`, the lowest 0, by Newton's method on those inside the range."""
        start = self.h - np.min(self.h)
        if start.max() <= self.limit:
            return start
        ends = [start.argmin(), start.argmax()]
        g = (np.maximum(start - start.max() + self.limit, 0) + np.minimum(start, self.limit)) / 2
        for _ in range(STEPS):
            push, stiffness = self._slope(g)
            free = ~(((g <= 0) & (push <= 0)) | ((g >= self.limit) & (push >= 0)))
            free[ends] = False
            step = _step(stiffness, push, free)
            # along a line the curvature of s changes by a factor of at most e^reach, so a step this long still climbs
            reach = self.scale * np.ptp(step)
            moved = np.clip(g + step * (np.log1p(reach) / reach if reach > 0 else 1), 0, self.limit)
            if (np.abs(moved - g) <= 2.0**-52 * self.limit).all():
                return moved
            g = moved
        return g

    def _slope(self, g):
        """F and its negative Jacobian, each row divided by its diagonal entry."""
        from scipy.special import expit

        with np.errstate(over="ignore", invalid="ignore"):
            given, now = (self.scale * (score[:, None] - score[None, :]) for score in (self.h, g))
        # differences of s are taken between its small tails
        gap = np.where(now > 0, expit(-now) - expit(-given), expit(given) - expit(now))
        pull = self.scale * self.mass * expit(now) * expit(-now)
        np.fill_diagonal(pull, 0)
        total = pull.sum(axis=1)
        total[total == 0] = 1
        return (self.mass * gap).sum(axis=1) / total, np.eye(len(g)) - pull / total[:, None]

    def bounds(self):
        """Balls (below, above) around the scores, the lowest 0; and where they certainly are 0, or `limit`."""
        lowest, highest = (_extreme(self.h, way) for way in ("min", "max"))
        given = [score - lowest for score in self.h]
        nowhere = [False] * len(given)
        if highest - lowest <= self.limit:
            return given, given, nowhere, nowhere
        if not highest - lowest > self.limit:
            return [a.min(b) for a, b in zip(given, self._floor(), strict=True)], given, nowhere, nowhere
        near = Comparisons(_middles(self.h), _middles(self.mass), float(self.scale.mid()), float(self.limit.mid()))
        g, turned = near.propose(), replace(self, h=[-score for score in self.h])
        below, full = self._lower(near, g)
        above, empty = turned._lower(replace(near, h=-near.h), near.limit - g)
        return below, [self.limit - score for score in above], empty, full

    def _floor(self):
        """A lower bound: the given differences with the highest score at `limit`, clipped at 0."""
        highest = _extreme(self.h, "max")
        return [(score - highest + self.limit).max(0) for score in self.h]

    def _lower(self, near, g):
        """Lower bounds of the scores, and where they certainly are `limit`, if h has a wider range.

        Valid if each is 0, or that of `_floor`, or has a positive gradient.
        Args: near: the same problem in floats. g: approximate scores, `[y]`.
        """
        floor, size = self._floor(), range(len(g))
        top = [all(self.h[y] >= self.h[z] for z in size if z != y) for y in size]
        push, stiffness = near._slope(g)
        for margin in MARGINS:
            free = (g > 0) & ((g < near.limit) | (push <= margin**0.5 * near.limit)) & ~np.array(top)
            lowered = g - margin * near.limit * _step(stiffness, np.ones(len(g)), free)
            tried = [floor[y].max(lowered[y]).min(self.limit) if free[y] or g[y] <= 0 else self.limit for y in size]
            if all(top[y] or lowered[y] <= floor[y] or self._push(tried, y) >= 0 for y in size):
                return tried, [not free[y] and g[y] > 0 for y in size]
        return floor, top

    def _push(self, g, y):
        """F_y, a ball."""
        given, now = ([_logistic(self.scale * (score[y] - other)) for other in score] for score in (self.h, g))
        return sum(mass * (p - q) for mass, p, q in zip(self.mass, given, now, strict=True))


def _step(stiffness, push, free):
    """Newton step of the free scores."""
    step = np.zeros(len(push))
    step[free] = np.linalg.lstsq(stiffness[np.ix_(free, free)], push[free])[0]
    return step


def _logistic(t):
    return 1 / (1 + (-t).exp())


def _middles(balls):
    return np.array([float(ball.mid()) for ball in balls])


def _extreme(balls, way):
    end = balls[0]
    for ball in balls[1:]:
        end = getattr(end, way)(ball)
    return end
