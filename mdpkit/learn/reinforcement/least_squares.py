"""Least-squares value iteration on episodes of a given policy."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.mode import propose
from ...base.record import expect_counts
from ...base.types import Numbers
from ...model.access import Access
from ...model.policy import Policy, TabularPolicy
from ...solve.value_regression import regress_values
from .._tabular import deterministic, exists, number_pattern, sizes, steps, uniform


@dataclass(frozen=True, eq=False)
class LSVI:
    """Offline least-squares value iteration: plays a fixed policy, then fits linear action values backwards in time.

    Its policy is greedy for Q_t = features . w_t, ties to the first action; w_t fits r + max_a Q_{t+1}, at the next
    state, on the transitions of step t. In a linear MDP the mean of every target is linear in the features, so that
    errors of the fits only add up; elsewhere the fits may amplify them at every step, even if Q* is linear. They vanish
    with the number of episodes and the ridge if Q* is linear and the features span on the transitions of each step.
    There is no exploration bonus.

    Args:
        features: `features[s,a,k]`.
        episodes: number of episodes.
        ridge: penalty ridge |w|^2 of the fits, in units of the mean over episodes; 0 if the features surely span.
        explorer: the policy that is played; uniform over available actions if omitted.
        pooled: whether every step uses the transitions of all steps, for a process that does not vary with time.

    Source: adapted from Jin, Yang, Wang and Jordan, 2020.

    >>> from mdpkit import MDP, Finite
    >>> from mdpkit.learn import fit, grant
    >>> arms = MDP([[[1.0], [1.0]]], [[1.0, 3.0]], horizon=Finite(2))
    >>> learner = LSVI(features=[[[1, 0], [0, 1]]], episodes=20)
    >>> answer = fit(learner, grant(arms, episodes=20, rng=np.random.default_rng(0)), rng=np.random.default_rng(1))
    >>> answer.policy.table.argmax(axis=-1).tolist()
    [[1], [1]]
    """

    features: Numbers
    episodes: int
    ridge: float = 1e-6
    explorer: Policy | None = None
    pooled: bool = False

    needs = ("episodes", "rewards")

    def __post_init__(self) -> None:
        expect_counts(episodes=self.episodes)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The greedy policy `table[t,s,a]`, and a trace with the coefficients `w[t,k]` of every step.

        Raises: InvalidModel for another horizon, or features that do not fit; Singular where they do not span.
        """
        setting = access.setting
        (S, A), H, there = sizes(setting), steps(setting), exists(setting)
        if H is None:
            raise InvalidModel(f"LSVI needs a finite horizon; the horizon is {setting.horizon}")
        features = np.asarray(floats(self.features), dtype=float)
        if features.ndim != 3 or features.shape[:2] != (S, A):
            raise InvalidModel(f"features have shape {features.shape}; expected features[s,a,k], ({S}, {A}, k)")
        seen = access.play(self.explorer or uniform(setting), self.episodes, rng=rng)
        with propose():
            w = regress_values(seen.to_float(), features, H, self.ridge, there, self.pooled)
        Q = np.where(there, np.einsum("sak,tk->tsa", features, w), -np.inf)
        return TabularPolicy(deterministic(Q.argmax(axis=-1), A, number_pattern(setting))), {"w": list(w)}
