"""Moment games by no-regret play of both players."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import floats, is_exact, like
from ..base.errors import InvalidModel
from ..base.record import expect_counts
from ..base.types import Number, Numbers
from ..model.moments import MomentProblem


@dataclass(frozen=True, eq=False)
class MomentRounds:
    """The play: `h[t,k]` and test functions `f[t,z]` of every round, and the problem and settings they belong to.

    `average_h` and `average_f` are the means of the rounds so far, `[t,k]` and `[t,z]`.
    """

    problem: MomentProblem
    h: np.ndarray
    f: np.ndarray

    @property
    def average_h(self) -> np.ndarray:
        return _running_mean(self.h)

    @property
    def average_f(self) -> np.ndarray:
        return _running_mean(self.f)

    def errors(self, average: bool = False) -> np.ndarray:
        """PRMSE^2 of every round's h `[t]`, or of the averages so far."""
        psi = self.problem.b - (self.average_h if average else self.h) @ self.problem.A.T
        return (psi * psi) @ self.problem.weights

    def __repr__(self) -> str:
        return f"MomentRounds({len(self.h)} rounds, {self.problem!r})"


def moment_play(
    problem: MomentProblem,
    rounds: int,
    *,
    step: Number,
    box: tuple[Number, Number],
    curvature: Number = 1,
    optimistic: bool = False,
    start: tuple[Numbers, Numbers] | None = None,
) -> MomentRounds:
    """Simultaneous projected gradient steps of h and of the adversary's test function f.

    f maximises and h minimises L(h, f) = 2 E[f psi] - curvature E f^2, psi = b - A h, for |h| and |f| entrywise at most
    box[0] and box[1]. Each round both move by `step` times their gradient and are projected.

    Args:
        rounds: their number. step: step size of both players. box: bounds on the entries of h and of f.
        curvature: 1 for the game whose value is the projected error; 0 for the bare Lagrangian of the moments, on which
            plain steps circle.
        optimistic: use the last gradient twice, as news and as a prediction (Popov's rule, as `OptimisticGradient`).
        start: first h `[k]` and f `[z]`; zeros if omitted.

    The averages of h and f are within (sum of both regrets) / rounds of a saddle point, see `measure.saddle_gap` and
    `measure.moment_regrets`. Exact on rationals, whose digits grow with every round.
    Raises: InvalidModel for a step or box that is not positive, a negative curvature, or a start outside the box.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2022; Zinkevich, 2003; Popov, 1980.

    >>> from mdpkit.base.arrays import objects
    >>> one = MomentProblem(objects([[1]]), objects([0]), objects([1]))
    >>> moment_play(one, 3, step="1/2", box=(9, 9), curvature=0, start=([1], [0])).h[:, 0]
    array([1, 1, 0], dtype=object)
    """
    expect_counts(rounds=rounds)
    step, curvature, *box = (like([x], problem.A)[0] for x in (step, curvature, *box))
    for name, number in (("step", step), ("box[0]", box[0]), ("box[1]", box[1])):
        if not number > 0:
            raise InvalidModel(f"{name} is {number}; expected a number above 0")
    if not curvature >= 0:
        raise InvalidModel(f"curvature is {curvature}; expected a number of at least 0")
    Z, K = problem.A.shape
    first = (np.zeros(K, dtype=int), np.zeros(Z, dtype=int)) if start is None else start
    h, f = (like(point, problem.A) for point in first)
    for name, point, size, radius in (("h", h, K, box[0]), ("f", f, Z, box[1])):
        if point.shape != (size,) or (abs(point) > radius).any():
            raise InvalidModel(f"start of {name} is {point}; expected {size} entries of size at most {radius}")
    A, b, weights = problem.A, problem.b, problem.weights
    base_h, base_f, hs, fs = h, f, [], []
    for _ in range(rounds):
        hs.append(h)
        fs.append(f)
        down, up = A.T @ (weights * f) * (2 * step), (b - A @ h - curvature * f) * weights * (2 * step)
        if optimistic:
            base_h, base_f = np.clip(base_h + down, -box[0], box[0]), np.clip(base_f + up, -box[1], box[1])
        else:
            base_h, base_f = h, f
        h, f = np.clip(base_h + down, -box[0], box[0]), np.clip(base_f + up, -box[1], box[1])
    return MomentRounds(problem, np.array(hs), np.array(fs))


def _running_mean(points):
    counts = np.arange(1, len(points) + 1)
    sums = np.add.accumulate(points)
    return sums / (counts[:, None] if is_exact(points) else floats(counts)[:, None])
