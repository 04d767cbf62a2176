"""Policies of zero pair error, indistinguishable from the optimum by preference data."""

import numpy as np

from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.types import Numbers
from ..model.policy import TabularPolicy
from ..model.preference import PreferenceProblem
from .tilting import tilt


def in_support(problem) -> np.ndarray:
    """`[x,y]`, True on the data's support."""
    return problem.data != 0


def seen_part(problem) -> np.ndarray:
    """`[x,y]`: the optimal policy conditioned on the data's support S, pi*(y | x, S); 0 elsewhere.

    Raises: InvalidModel if the optimal policy has no mass on S.
    """
    part = tilt(problem).table * in_support(problem)
    total = part.sum(axis=-1)
    if not proposing() and (total == 0).any():
        raise InvalidModel(
            f"the optimal policy gives no response that the data show for prompt {int(np.argmax(total == 0))}"
        )
    return part / total[:, None]


def zero_error_policy(problem: PreferenceProblem, mass: Numbers, rest: np.ndarray | None = None) -> TabularPolicy:
    """A minimiser of the population loss of direct preference optimisation.

    On the data's support S every minimiser over all policies is pi*(. | S) times its mass there, since only ratios are
    compared. The remaining mass on unseen responses is arbitrary.

    Args:
        mass: mass of the unseen responses, a number or `[x]`, at least 0 and below 1.
        rest: `[x,y]`, their conditional distribution; proportional to the reference if omitted. Entries on S are
            ignored.

    Returns: (1 - mass) pi*(. | S) + mass rest, of pair error 0.
    Raises: InvalidModel if mass is given to unseen responses of a prompt that has none.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import PreferenceProblem
    >>> reference, data = objects([["1/4", "1/4", "1/2"]]), objects([["1/2", "1/2", 0]])
    >>> problem = PreferenceProblem(reference, weights=objects([[1, 3, 1]]), data=data)
    >>> zero_error_policy(problem, "1/5").table
    array([[1/5, 3/5, 1/5]], dtype=object)
    """
    rest = (problem.reference if rest is None else rest) * ~in_support(problem)
    total = rest.sum(axis=-1)
    mass = np.broadcast_to(mass if proposing() else problem.like(mass), total.shape)
    if not proposing() and ((total == 0) & (mass != 0)).any():
        raise InvalidModel(
            f"mass[{int(np.argmax((total == 0) & (mass != 0)))}] is not 0; expected unseen responses to carry it"
        )
    rest = rest / np.where(total == 0, 1, total)[:, None]
    return TabularPolicy(seen_part(problem) * (1 - mass)[:, None] + rest * mass[:, None])
