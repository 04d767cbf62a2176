"""Linear mixture models."""

from dataclasses import KW_ONLY
from typing import ClassVar

import numpy as np

from ..base.errors import InvalidModel
from ..base.types import Array, FilledArray, record
from .horizon import Horizon, horizon_text
from .mdp import MDP
from .tabulated import Tabulated


@record(eq=False, repr=False)
class LinearMixture(Tabulated):
    """MDP whose transition law is a combination of known kernels, with coefficients that a learner does not know.

    P(n | s, a) = sum_k theta[k] kernels[k,s,a,n].

    Args: kernels: `[k,s,a,n]`, transition laws or, as differences of laws, signed. theta: `[k]`. r: `[s,a]`, known.
        rho: `[s]`, uniform if omitted. horizon: `Finite(H)`, `Discounted(gamma)`, `Average()` or `Total()`.
    Raises: InvalidModel for inconsistent shapes, or if the combination is not a transition law (naming the row and by
        how much).
    Source: adapted from Ayoub, Jia, Szepesvári, Wang and Yang, 2020.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Finite
    >>> stay, leave = [[[1, 0]], [[0, 1]]], [[[0, 1]], [[0, 1]]]
    >>> model = LinearMixture(objects([stay, leave]), objects(["1/3", "2/3"]), [[1], [0]], horizon=Finite(2))
    >>> model.tabular().P[0, 0]
    array([1/3, 2/3], dtype=object)
    """

    axes: ClassVar = {"kernels": "ksan", "theta": "k", "r": "sa", "rho": "s"}

    kernels: Array
    theta: Array
    r: Array
    rho: FilledArray = None
    _: KW_ONLY
    horizon: Horizon

    def _check_shapes(self) -> None:
        K, S, A, N = self.kernels.shape
        if N != S or self.theta.shape != (K,) or self.r.shape != (S, A):
            shapes = f"{self.theta.shape} and {self.r.shape} beside kernels of shape {(K, S, A, N)}"
            raise InvalidModel(f"theta and r have shapes {shapes}; expected theta[k], r[s,a] and kernels[k,s,a,n]")

    def tabular(self) -> MDP:
        """The same process as a tabular MDP: planning in it is planning in the mixture."""
        return MDP(np.tensordot(self.theta, self.kernels, 1), self.r, self.rho, horizon=self.horizon)

    def sizes(self) -> dict:
        return dict(zip("KSA", self.kernels.shape, strict=False))

    def __repr__(self):
        K, S, A, _ = self.kernels.shape
        kind = "rational" if self.exact else "float"
        return f"LinearMixture(S={S}, A={A}, K={K}, {horizon_text(self.horizon)}, {kind})"
