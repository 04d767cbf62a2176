"""Linear MDPs."""

from dataclasses import KW_ONLY
from typing import ClassVar

from ..base.errors import InvalidModel
from ..base.types import Array, FilledArray, record
from .horizon import Horizon, horizon_text
from .mdp import MDP
from .tabulated import Tabulated


@record(eq=False, repr=False)
class LinearMDP(Tabulated):
    """MDP whose transition law and reward are linear in known features.

    P(n | s, a) = sum_k features[s,a,k] mu[k,n] and r(s, a) = sum_k features[s,a,k] theta[k].

    Args: features: `[s,a,k]`. mu: `[k,n]`. theta: `[k]`. rho: `[s]`, uniform if omitted. horizon: `Finite(H)`,
        `Discounted(gamma)`, `Average()` or `Total()`.
    Raises: InvalidModel for inconsistent shapes, or if features @ mu is not a transition law (naming the row and by how
        much).
    Source: adapted from Jin, Yang, Wang and Jordan, 2020.

    >>> from mdpkit.model import Discounted
    >>> LinearMDP([[[1, 0]], [[0, 1]]], [[0, 1], [1, 0]], [1, 0], horizon=Discounted(0.9)).tabular()
    MDP(S=2, A=1, Discounted(0.9), float, 2 transitions)
    """

    axes: ClassVar = {"features": "sak", "mu": "kn", "theta": "k", "rho": "s"}

    features: Array
    mu: Array
    theta: Array
    rho: FilledArray = None
    _: KW_ONLY
    horizon: Horizon

    def _check_shapes(self) -> None:
        S, _, K = self.features.shape
        if self.mu.shape != (K, S) or self.theta.shape != (K,):
            shapes = f"{self.mu.shape} and {self.theta.shape}"
            raise InvalidModel(f"mu and theta have shapes {shapes}; expected ({K}, {S}) and ({K},)")

    def tabular(self) -> MDP:
        """The same process as a tabular MDP."""
        return MDP(self.features @ self.mu, self.features @ self.theta, self.rho, horizon=self.horizon)

    def sizes(self) -> dict:
        return dict(zip("SAK", self.features.shape, strict=True))

    def __repr__(self):
        S, A, K = self.features.shape
        return f"LinearMDP(S={S}, A={A}, K={K}, {horizon_text(self.horizon)}, {'rational' if self.exact else 'float'})"
