"""Denoising errors of scores along an Ornstein-Uhlenbeck process, by quadrature, for laws on finitely many points."""

from typing import Any

import numpy as np

from ...base.arrays import floats, objects
from ...base.errors import InvalidModel
from ...base.record import at

RESOLVED = 64.0
"""Signal-to-noise ratio, times the squared distance of the closest states, at which the default noise levels begin."""
FORGOTTEN = 1e-3
"""Signal-to-noise ratio, times the squared diameter of the embedding, at which the default noise levels end."""
REACH = 5.0
"""Standard deviations of the noise that the nodes cover; the rest has probability 6e-7."""
LARGEST = 2**25
"""Largest number of entries of a kernel (256 MiB)."""


def embed(embedding, S) -> np.ndarray:
    """The embedding as points `x[s,d]`; by default the integers 0 to S - 1.

    Raises: InvalidModel for a wrong shape, an entry that is not finite, or two states on one point, which are named.
    """
    x = np.arange(S) if embedding is None else np.asarray(embedding)
    if x.dtype.kind not in "biuf":
        x = objects(x)
    if x.ndim not in (1, 2) or len(x) != S or (x.ndim == 2 and x.shape[1] == 0):
        raise InvalidModel(f"embedding has shape {x.shape}; expected x[s] or x[s,d] for the {S} states")
    points = floats(x)
    if not np.isfinite(points).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(points))[0])
        raise InvalidModel(f"{at('embedding', where)} is {points[where]}; every entry must be finite")
    points = points[:, None] if points.ndim == 1 else points
    groups: dict[Any, list] = {}
    for s, point in enumerate(points.tolist()):
        groups.setdefault(tuple(point), []).append(s)
    merged = [states for states in groups.values() if len(states) > 1]
    if merged:
        words = "; ".join(
            f"states {', '.join(map(str, states))} at {points[states[0]].tolist()}" for states in merged[:3]
        )
        raise InvalidModel(f"the embedding is not injective: {words}; no score distinguishes states on one point")
    return points


def noise_levels(points) -> np.ndarray:
    """Increasing times t at which the process passes from resolving the closest states to forgetting them all."""
    squared = _squared_distances(points)
    apart = squared[squared > 0]
    if not apart.size:
        return np.array([0.1, 1.0])
    low, high = np.log(FORGOTTEN / apart.max()), np.log(RESOLVED / apart.min())
    ratios = np.exp(np.linspace(high, low, 1 + int(np.ceil((high - low) / 2))))
    return np.log1p(1 / ratios) / 2


def expect_noise(noise) -> np.ndarray:
    """The noise levels, checked.

    Raises: InvalidModel unless they are at least two increasing positive times.
    """
    levels = np.asarray(noise)
    levels = floats(levels if levels.dtype.kind in "biuf" else objects(levels))
    if levels.ndim != 1 or len(levels) < 2 or not np.isfinite(levels).all():
        raise InvalidModel(f"noise has shape {levels.shape}; expected at least two finite times, increasing")
    if levels[0] <= 0:
        raise InvalidModel(f"noise[0] is {levels[0]}; expected a positive time, since scores are infinite at time 0")
    k = np.flatnonzero(np.diff(levels) <= 0)
    if k.size:
        raise InvalidModel(
            f"noise[{k[0] + 1}] is {levels[k[0] + 1]} after noise[{k[0]}] = {levels[k[0]]}; expected increasing times"
        )
    return levels


class Denoiser:
    """Denoising errors of the exact score of a law p of states, for s_t given s ~ N(e^-t x_s, (1 - e^-2t) I).

    The score's target at s_t is grad log q_t(s_t | s), and its error at s_t is e^-t / (1 - e^-2t) times
    E[x | s_t] - x_s, with the posterior mean under p. The kernel of the posterior is computed once, for all laws.

    Args:
        points: `x[s,d]`, all different. levels: increasing times; Gauss-Legendre nodes in log t lie between each two.
        space_nodes: nodes of the noise in each dimension, evenly spaced. time_nodes: nodes between two levels.

    Posteriors switch between states within a small part of the noise's range, where evenly spaced nodes (24 of them:
    costs within 2e-3 of the exact ones on four states) are more accurate than as many of Gauss-Hermite's (9e-3).

    Raises: InvalidModel if the kernel is too large.
    """

    def __init__(self, points, levels, space_nodes=24, time_nodes=4) -> None:
        (S, d), T = points.shape, (len(levels) - 1) * time_nodes
        size = T * S * space_nodes**d * S
        if size > LARGEST:
            raise InvalidModel(
                f"the kernel has {T} times x {S} states x {space_nodes**d} noises x {S} states = {size} entries, more than "
                f"{LARGEST}; give fewer space_nodes, time_nodes or noise levels, or an embedding of fewer dimensions"
            )
        self.points = points - points.mean(axis=0)
        times, lengths = _legendre(levels, time_nodes)
        noises, self.chances = _even(space_nodes, d)
        variance = -np.expm1(-2 * times)
        self.rates = (
            lengths * np.exp(-2 * times) / variance**2
        )  # squared scores per squared error of the posterior mean
        self.scales = np.exp(-times) / np.sqrt(variance)
        towards = self.points[None, :] - self.points[:, None]  # x[s'] - x[s]
        along = np.einsum("jd,srd->sjr", noises, towards)
        exponents = np.empty((T, S, len(noises), S))
        squared = _squared_distances(points)[:, None] / 2
        for i, scale in enumerate(self.scales):
            np.subtract(scale * along, scale**2 * squared, out=exponents[i])
        self._far = np.flatnonzero(exponents.min(axis=(0, 2, 3)) < -600)
        self._exponents = exponents[:, self._far].copy()
        self.kernel = np.exp(np.minimum(exponents, 600), out=exponents)

    def errors(self, laws) -> np.ndarray:
        """Expected squared errors of the scores of laws `p[k,s]`, integrated over the time, at every state: `[k,s]`."""
        K, (S, d) = len(laws), self.points.shape
        weights = np.stack([laws, *(laws * x for x in self.points.T)], axis=-1)  # [k,s,1+d]
        sums = self.kernel @ weights.transpose(1, 0, 2).reshape(S, -1)
        sums = sums.reshape(*sums.shape[:-1], K, 1 + d)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums[..., 1:] / sums[..., :1]  # [t,s,j,k,d]
        for k in range(K):
            lost = self._far[laws[k][self._far] == 0]
            if lost.size:
                means[..., k, :][:, lost] = self._far_means(lost, weights[k])
        squared = ((means - self.points[:, None, None]) ** 2).sum(axis=-1)
        return np.einsum("tsjk,j,t->ks", squared, self.chances, self.rates)

    def _far_means(self, lost, weights):
        """Posterior means at states without mass, where the kernel may underflow: its largest term is factored out."""
        kept = np.flatnonzero(weights[:, 0] > 0)
        exponents = self._exponents[:, np.searchsorted(self._far, lost)][..., kept]
        kernel = np.exp(exponents - exponents.max(axis=-1, keepdims=True))
        sums = kernel @ weights[kept]
        return sums[..., 1:] / sums[..., :1]


def _legendre(levels, nodes):
    """Gauss-Legendre nodes and weights in log t between consecutive levels, as times and lengths of time."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    edges = np.log(levels)
    half = np.diff(edges)[:, None] / 2
    times = np.exp((edges[:-1] + edges[1:])[:, None] / 2 + half * x).ravel()
    return times, (half * w).ravel() * times


def _even(nodes, d):
    """Evenly spaced nodes `[j,d]` and weights `[j]` of the standard normal law."""
    z = np.linspace(-REACH, REACH, nodes)
    w = np.exp(-(z**2) / 2)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*[z] * d, indexing="ij")], axis=1)
    shares = np.stack([axis.ravel() for axis in np.meshgrid(*[w / w.sum()] * d, indexing="ij")], axis=1)
    return grid, shares.prod(axis=1)


def _squared_distances(points):
    return ((points[:, None] - points[None, :]) ** 2).sum(axis=-1)
