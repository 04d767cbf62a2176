"""One policy for each of several tasks."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...base.arrays import floats, is_exact
from ...base.errors import InvalidModel
from ...base.types import record
from ...model.policy import TabularPolicy
from ..learner import Policy


@record(eq=False)
class TaskPolicies:
    """A policy for each task; the task is recognised by its reward.

    Args: rewards: the tasks' rewards `r[(t,)s,a]`, one array each. policies: the policy of each task.
    Raises: InvalidModel for different numbers of both, or none.

    >>> stay, go = TabularPolicy([[1.0, 0.0]]), TabularPolicy([[0.0, 1.0]])
    >>> TaskPolicies((np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])), (stay, go))[1] is go
    True
    """

    rewards: tuple[np.ndarray, ...]
    policies: tuple[Policy, ...]

    def __post_init__(self) -> None:
        if len(self.rewards) != len(self.policies) or not self.policies:
            raise InvalidModel(
                f"there are {len(self.rewards)} rewards and {len(self.policies)} policies; expected one each, at least one"
            )

    def __len__(self) -> int:
        return len(self.policies)

    def __getitem__(self, k: int) -> Policy:
        return self.policies[k]

    def to_tabular(self, problem: Any) -> TabularPolicy:
        """The Markov policy of the task with the problem's reward; of a single task whatever the reward.

        Raises: InvalidModel if no task has it, or several have it and different policies.
        """
        return self._of(problem).to_tabular(problem)

    def _of(self, problem):
        if len(self) == 1:
            return self.policies[0]
        found = [k for k, reward in enumerate(self.rewards) if _same(reward, problem.r)]
        if not found:
            raise InvalidModel(f"none of the {len(self)} tasks has the reward of {problem!r}; take one as policies[k]")
        tables = [self.policies[k].to_tabular(problem) for k in found]
        if any(table != tables[0] for table in tables):
            raise InvalidModel(f"tasks {found} have the reward of {problem!r} and different policies; take policies[k]")
        return self.policies[found[0]]

    def start(self, u: float) -> Policy:
        """The Markov policy for one episode of the only task."""
        return self._only().start(u)

    def sample(self, obs: ArrayLike, t: ArrayLike, u: ArrayLike) -> np.ndarray:
        return self._only().sample(obs, t, u)

    def log_prob(self, obs: ArrayLike, t: ArrayLike, action: ArrayLike) -> np.ndarray:
        return self._only().log_prob(obs, t, action)

    def _only(self):
        if len(self) > 1:
            raise InvalidModel(f"these are policies of {len(self)} tasks; take the policy of task k as policies[k]")
        return self.policies[0]

    def __repr__(self):
        return f"TaskPolicies({len(self)} tasks)"


def _same(reward, other):
    """Whether two rewards agree: exactly, if both are rational."""
    if reward.shape != np.shape(other):
        return False
    if is_exact(reward) and is_exact(other):
        return bool((reward == other).all())
    return np.array_equal(floats(reward), floats(np.asarray(other)), equal_nan=True)
