"""Linear MDPs."""

from dataclasses import KW_ONLY
from typing import ClassVar

from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, numbers
from ..base.types import Array, FilledArray, record
from .horizon import Horizon, horizon_text
from .mdp import MDP


@record(eq=False, repr=False)
class LinearMDP(Record):
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

    laws = ("rho",)
    axes: ClassVar = {"features": "sak", "mu": "kn", "theta": "k", "rho": "s"}

    features: Array
    mu: Array
    theta: Array
    rho: FilledArray = None
    _: KW_ONLY
    horizon: Horizon

    def __post_init__(self) -> None:
        if proposing():
            return
        exact = any_exact(self.features, self.mu, self.theta, self.rho)
        features, mu, theta = (
            numbers(name, value, exact, axes)
            for name, value, axes in (
                ("features", self.features, "sak"),
                ("mu", self.mu, "kn"),
                ("theta", self.theta, "k"),
            )
        )
        K, S = features.shape[2], features.shape[0]
        if mu.shape != (K, S) or theta.shape != (K,):
            raise InvalidModel(f"mu and theta have shapes {mu.shape} and {theta.shape}; expected ({K}, {S}) and ({K},)")
        self._set(features=features, mu=mu, theta=theta)
        table = self.tabular()
        self._set(rho=table.rho, horizon=table.horizon)

    def tabular(self) -> MDP:
        """The same process as a tabular MDP."""
        return MDP(self.features @ self.mu, self.features @ self.theta, self.rho, horizon=self.horizon)

    def sizes(self) -> dict:
        return dict(zip("SAK", self.features.shape, strict=True))

    def __repr__(self):
        S, A, K = self.features.shape
        return f"LinearMDP(S={S}, A={A}, K={K}, {horizon_text(self.horizon)}, {'rational' if self.exact else 'float'})"
