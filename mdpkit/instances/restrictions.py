"""Moment restrictions from joint laws, and data drawn from such a law."""

import numpy as np

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..model import MomentProblem


def instrumental(joint: np.ndarray, outcome: np.ndarray, seen: str = "z") -> MomentProblem:
    """Moment restriction E[Y - h(X) | instrument] = 0 for a cause X with finitely many values.

    Args:
        joint: law `joint[z,u,x]` of instrument, confounder and cause.
        outcome: Y as `outcome[u,x]`.
        seen: "z" conditions on the instrument; "x" on the cause itself, whose solution is the regression of Y on X.

    Returns: the MomentProblem in `h[x]`; conditioning values of probability 0 are omitted.
    Raises: InvalidModel for another word.

    >>> instrumental(objects([[["1/2", 0]], [[0, "1/2"]]]), objects([[3, 4]])).b
    array([3, 4], dtype=object)
    """
    if seen not in ("z", "x"):
        raise InvalidModel(f"seen={seen!r}; expected 'z' or 'x'")
    paid = joint * outcome
    if seen == "z":
        mass, A, b = joint.sum(axis=(1, 2)), joint.sum(axis=1), paid.sum(axis=(1, 2))
    else:
        mass = joint.sum(axis=(0, 1))
        A, b = mass[:, None] * np.eye(len(mass), dtype=int), paid.sum(axis=(0, 1))
    there = np.flatnonzero(mass > 0)
    return MomentProblem(A[there] / mass[there, None], b[there] / mass[there], mass[there])


def empirical(law: np.ndarray, n: int, *, rng: np.random.Generator) -> np.ndarray:
    """Empirical frequencies of n independent draws from a distribution of any shape, as rationals.

    >>> empirical(objects([0, 1]), 5, rng=np.random.default_rng(0))
    array([0, 1], dtype=object)
    """
    counts = rng.multinomial(n, np.array([float(p) for p in law.ravel()]) / float(law.sum()))
    return objects(counts).reshape(law.shape) / n
