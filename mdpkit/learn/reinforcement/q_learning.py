"""Q-learning over a finite horizon."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...base.errors import InvalidModel
from ...model.access import Access
from ...model.policy import TabularPolicy
from .._tabular import deterministic, exists, number_pattern, sizes, steps


@dataclass(frozen=True)
class QLearning:
    """Tabular Q-learning over a finite horizon, with epsilon-greedy or optimistic exploration.

    After each step, Q_t(s,a) moves by `rate` towards r + max_b Q_{t+1}(s',b). With rate 1 and initial values above
    every return it converges to an optimal policy in a deterministic problem, without exploration.

    Args:
        episodes: number of episodes.
        exploration: probability of a uniformly drawn action; otherwise a greedy one, ties broken at random.
        initial: initial value of every action.
        rate: learning rate, in (0, 1].

    Source: Watkins and Dayan, 1992.
    """

    episodes: int
    exploration: float = 0.1
    initial: float = 0.0
    rate: float = 1.0

    needs = ("episodes", "rewards")

    def __post_init__(self) -> None:
        if isinstance(self.episodes, bool) or not isinstance(self.episodes, int | np.integer) or self.episodes < 1:
            raise InvalidModel(f"episodes is {self.episodes!r}; expected an integer of at least 1")
        if not 0 <= self.exploration <= 1:
            raise InvalidModel(f"exploration is {self.exploration!r}; expected a probability")
        if not 0 < self.rate <= 1:
            raise InvalidModel(f"rate is {self.rate!r}; expected a number in (0, 1]")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The greedy policy `table[t,s,a]`, ties to the first action, and a trace with the return of every episode."""
        setting = access.setting
        (S, A), H, there = sizes(setting), steps(setting), exists(setting)
        if H is None:
            raise InvalidModel(f"QLearning needs a finite horizon; the horizon is {setting.horizon}")
        Q = np.where(there, float(self.initial), -np.inf) + np.zeros((H, S, A))
        returns = []
        for _ in range(self.episodes):
            s, total, over, t = access.reset()[0], 0.0, False, 0
            while not over:
                a = self._action(Q[t, s], rng)
                following, reward, terminated, truncated, _ = access.step(a)
                over = terminated or truncated
                target = float(reward) + (0.0 if over else Q[t + 1, following].max())
                Q[t, s, a] += self.rate * (target - Q[t, s, a])
                s, t, total = following, t + 1, total + float(reward)
            returns.append(total)
        return TabularPolicy(deterministic(Q.argmax(axis=-1), A, number_pattern(setting))), {"return": returns}

    def _action(self, values, rng):
        there = np.flatnonzero(values > -np.inf)
        explores = rng.random() < self.exploration
        return int(rng.choice(there if explores else np.flatnonzero(values == values.max())))
