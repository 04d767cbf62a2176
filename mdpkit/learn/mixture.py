"""Mixtures of policies, drawn once per episode."""

from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from ..base.arrays import floats, freeze, is_exact
from ..base.errors import InvalidModel
from ..base.record import any_exact, distributions, numbers
from ..base.tolerance import ROW_SUM
from ..base.types import FilledArray, record
from ..model.horizon import Average, Total
from ..model.policy import TabularPolicy, inverse
from ._finite import visits
from .learner import Policy


@record()
class Mixture:
    """Mixture policy: member k, drawn with probability `weights[k]`, plays a whole episode.

    Its occupancy is the average of the members' occupancies, unlike that of an average of tables or logits.

    Args: members: policies. weights: defaults to uniform.
    Raises: InvalidModel if there are no members, or weights is not a distribution over them.
    """

    members: tuple[Policy, ...]
    weights: FilledArray = None

    def __post_init__(self) -> None:
        members = tuple(self.members)
        if not members:
            raise InvalidModel("members is empty; a mixture has at least one member")
        weights = np.full(len(members), 1 / len(members)) if self.weights is None else self.weights
        weights = numbers("weights", weights, any_exact(weights), "k")
        distributions("weights", weights, ROW_SUM)
        if len(weights) != len(members):
            raise InvalidModel(f"there are {len(weights)} weights; expected one for each of {len(members)} members")
        object.__setattr__(self, "members", members)
        object.__setattr__(self, "weights", freeze(weights))

    def start(self, u: float) -> Policy:
        """The Markov policy selected by a uniform number u for one episode."""
        weights = floats(self.weights)
        k = int(inverse(weights[None], np.array([u]))[0])
        # given k, the rescaled remainder of u is uniform again, and selects within a member that is itself a mixture
        left = (u * weights.sum() - weights[:k].sum()) / weights[k]
        return self.members[k].start(min(max(left, 0.0), np.nextafter(1.0, 0.0)))

    def sample(self, obs: ArrayLike, t: ArrayLike, u: ArrayLike) -> NoReturn:
        raise InvalidModel(
            "a mixture plays one member for a whole episode: call start(u), then sample from what it returns"
        )

    log_prob = law = sample

    def to_tabular(self, problem: Any) -> TabularPolicy:
        """The Markov policy with the mixture's occupancy; at unreachable states, the average of the members' tables.

        Raises: InvalidModel for Average() and Total(), where no one policy need match members of different recurrent
            classes.
        """
        if isinstance(problem.horizon, Average | Total):
            article = "an" if isinstance(problem.horizon, Average) else "a"
            raise InvalidModel(
                f"a mixture draws one member per episode, and the episodes of {article} {problem.horizon} problem do not end"
            )
        tables = [member.to_tabular(problem) for member in self.members]
        exact = problem.exact
        weights = self._rational(problem) if exact else self.weights
        d = sum(weight * visits(problem, table) for weight, table in zip(weights, tables, strict=True))
        mean = sum(
            weight * np.broadcast_to(table.table, d.shape) for weight, table in zip(weights, tables, strict=True)
        )
        total = d.sum(axis=-1, keepdims=True)
        reached = np.asarray(total > 0)
        table = np.where(reached, d / np.where(reached, total, 1), mean)
        return TabularPolicy(table if exact else table / table.sum(axis=-1, keepdims=True))

    def _rational(self, problem):
        if is_exact(self.weights):
            return self.weights
        if (self.weights == self.weights[0]).all():
            return problem.like([f"1/{len(self.members)}"] * len(self.members))
        raise InvalidModel("the mixture's weights are floats and the problem is rational; give weights of rationals")

    def __repr__(self):
        return f"Mixture({len(self.members)} members)"
