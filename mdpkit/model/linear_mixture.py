"""Linear mixture models."""

from dataclasses import KW_ONLY
from typing import ClassVar

import numpy as np

from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, numbers
from ..base.types import Array, FilledArray, record
from .horizon import Horizon, horizon_text
from .mdp import MDP


@record(eq=False, repr=False)
class LinearMixture(Record):
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

    laws = ("rho",)
    axes: ClassVar = {"kernels": "ksan", "theta": "k", "r": "sa", "rho": "s"}

    kernels: Array
    theta: Array
    r: Array
    rho: FilledArray = None
    _: KW_ONLY
    horizon: Horizon

    def __post_init__(self) -> None:
        if proposing():
            return
        exact = any_exact(self.kernels, self.theta, self.r, self.rho)
        given = {name: numbers(name, getattr(self, name), exact, self.axes[name]) for name in ("kernels", "theta", "r")}
        K, S, A, N = given["kernels"].shape
        if N != S or given["theta"].shape != (K,) or given["r"].shape != (S, A):
            shapes = f"{given['theta'].shape} and {given['r'].shape} beside kernels of shape {(K, S, A, N)}"
            raise InvalidModel(f"theta and r have shapes {shapes}; expected theta[k], r[s,a] and kernels[k,s,a,n]")
        self._set(**given)
        table = self.tabular()
        self._set(rho=table.rho, horizon=table.horizon)

    def tabular(self) -> MDP:
        """The same process as a tabular MDP: planning in it is planning in the mixture."""
        return MDP(np.tensordot(self.theta, self.kernels, 1), self.r, self.rho, horizon=self.horizon)

    def sizes(self) -> dict:
        return dict(zip("KSA", self.kernels.shape, strict=False))

    def __repr__(self):
        K, S, A, _ = self.kernels.shape
        kind = "rational" if self.exact else "float"
        return f"LinearMixture(S={S}, A={A}, K={K}, {horizon_text(self.horizon)}, {kind})"
