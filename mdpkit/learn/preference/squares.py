"""Squared losses over all pairs of responses, from first and second moments in place of the pairs themselves."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class PairSquares:
    """E_x E_{y ~ first, z ~ second} ((h[x,y] - h[x,z]) / eta - (target[x,y] - target[x,z]))^2, in O(X Y).

    With g = h / eta - target and c the mean of E_first g and E_second g, a prompt's loss is
    E_first (g - c)^2 + E_second (g - c)^2 + (E_first g - E_second g)^2 / 2; if both laws are p it is 2 Var_p(g).

    Args:
        rho: `rho[x]`, distribution of the prompts, or weights. first, second: `[x,y]`, laws of the two responses.
        target: `target[x,y]`. eta: step size.
    """

    rho: np.ndarray
    first: np.ndarray
    second: np.ndarray
    target: np.ndarray
    eta: float

    @property
    def drawn(self) -> np.ndarray:
        """`[x,y]`, True where a prompt is asked, a law draws the response, and another one is drawn beside it."""
        both = self.first > 0
        if self.second is not self.first:
            both |= self.second > 0
        return both & ((np.count_nonzero(both, axis=-1) > 1) & (self.rho > 0))[:, None]

    def value(self, h: np.ndarray) -> float:
        """The loss; infinite if h is infinite at a response that is drawn."""
        if np.isinf(h.min()) or np.isinf(h.max()):
            drawn = self.drawn
            if np.isinf(h[drawn]).any():
                return np.inf
            h = np.where(drawn, h, 0)
        g = h / self.eta
        g -= self.target
        g, apart = self._centre(g)
        g *= g
        squares = _mean(self.first, g)
        squares += squares if self.second is self.first else _mean(self.second, g)
        return float(self.rho @ (squares + apart**2 / 2))

    def gradient(self, h: np.ndarray) -> np.ndarray:
        """Gradient in h, `[x,y]`."""
        g, apart = self._centre(h / self.eta - self.target)
        pull = self.first * (g + apart[:, None] / 2) + self.second * (g - apart[:, None] / 2)
        return 2 / self.eta * self.rho[:, None] * pull

    def minimise_over_all(self) -> np.ndarray:
        """The minimiser `[x,y]` of smallest norm, of loss 0: eta * target, centred over the responses drawn."""
        drawn = self.drawn
        count = np.maximum(np.count_nonzero(drawn, axis=-1), 1)
        if drawn.all():
            return self.eta * (self.target - self.target.mean(axis=-1, keepdims=True))
        total = np.where(drawn, self.target, 0).sum(axis=-1)
        return self.eta * np.where(drawn, self.target - (total / count)[:, None], 0)

    def minimise_over(self, features: np.ndarray, ridge: float = 0.0) -> np.ndarray:
        """The parameters of smallest norm whose log-ratios features @ theta minimise loss + ridge/2 |theta|^2.

        Args: features: `features[x,y,k]`.
        """
        M, b = self.normal_equations(features)
        return np.linalg.lstsq(M + self.eta**2 * ridge / 2 * np.eye(len(b)), self.eta * b, rcond=1e-12)[0]

    def normal_equations(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """M `[k,l]` = E d d' and b `[k]` = E d (target[x,y] - target[x,z]), d the difference of a pair's features."""
        X, Y, K = features.shape
        both = self.first + self.second
        means = np.einsum("xy,xyk->xk", self.first, features), np.einsum("xy,xyk->xk", self.second, features)
        centred, apart = features - ((means[0] + means[1]) / 2)[:, None], means[0] - means[1]
        target, away = self._centre(self.target.copy())
        weight = self.rho[:, None] * both
        flat = centred.reshape(X * Y, K)
        M = (flat * weight.reshape(-1, 1)).T @ flat + (apart * self.rho[:, None]).T @ apart / 2
        return M, flat.T @ (weight * target).reshape(-1) + apart.T @ (self.rho * away) / 2

    def _centre(self, g):
        """g - c, in place, and E_first g - E_second g."""
        first = _mean(self.first, g)
        second = first if self.second is self.first else _mean(self.second, g)
        g -= ((first + second) / 2)[:, None]
        return g, first - second


def _mean(law, g):
    return np.einsum("xy,xy->x", law, g)
