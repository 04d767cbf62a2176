"""Linear conditional moment restrictions."""

from typing import ClassVar

from ..base.arrays import bare
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, distributions, numbers
from ..base.tolerance import ROW_SUM
from ..base.types import Array, record


@record(eq=False, repr=False)
class MomentProblem(Record):
    """Linear conditional moment restriction: E[psi | z] = b[z] - sum_k A[z,k] h[k] = 0 for every instrument value z.

    Args:
        A: `A[z,k]`; b: `b[z]`; weights: distribution `weights[z]` of the instrument.

    Instrumental variables: A = P(x given z), b = E[Y given z]. Bellman: A = I - gamma P, b = r.

    Raises: InvalidModel for inconsistent shapes, or weights that are not a distribution.

    >>> MomentProblem([[1, 0], [1, 2]], [1, 3], [0.5, 0.5])
    MomentProblem(Z=2, K=2, float)
    """

    laws = ("weights",)
    axes: ClassVar = {"A": "zk", "b": "z", "weights": "z"}

    A: Array
    b: Array
    weights: Array

    def __post_init__(self) -> None:
        if proposing():
            return self._set(**{name: bare(getattr(self, name), float) for name in ("A", "b", "weights")})
        exact = any_exact(self.A, self.b, self.weights)
        A = numbers("A", self.A, exact, "zk")
        b, weights = (numbers(name, getattr(self, name), exact, "z") for name in ("b", "weights"))
        if b.shape != A.shape[:1] or weights.shape != A.shape[:1]:
            raise InvalidModel(
                f"b and weights have shapes {b.shape} and {weights.shape}; expected ({A.shape[0]},) beside A of shape {A.shape}"
            )
        distributions("weights", weights, ROW_SUM)
        self._set(A=A, b=b, weights=weights)

    def sizes(self) -> dict:
        return dict(zip("ZK", self.A.shape, strict=True))

    def __repr__(self):
        return f"MomentProblem(Z={self.A.shape[0]}, K={self.A.shape[1]}, {'rational' if self.exact else 'float'})"
