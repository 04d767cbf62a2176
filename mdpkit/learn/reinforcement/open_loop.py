"""Search over sequences of actions, which are played whatever the states are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np

from ...base.errors import InvalidModel
from ...model.access import Access
from ...model.policy import TabularPolicy
from .._tabular import deterministic, exists, number_pattern, sizes, steps


@dataclass(frozen=True)
class OpenLoopSearch:
    """Exhaustive search over action sequences, one episode each in lexicographic order, until a return is positive.

    Its policy plays that sequence, or else the next one, untried; the first one if there is none left. Where one of the
    A^H sequences pays, drawn uniformly, m < A^H episodes find it with probability (m + 1) / A^H; no learner exceeds it.

    Args: episodes: the largest number of episodes.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    episodes: int

    needs = ("episodes", "rewards")

    def __post_init__(self) -> None:
        if isinstance(self.episodes, bool) or not isinstance(self.episodes, int | np.integer) or self.episodes < 0:
            raise InvalidModel(f"episodes is {self.episodes!r}; expected an integer of at least 0")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy `table[t,s,a]`, the same in every state, and a trace with the return of every episode."""
        H, A = _finite(access.setting)
        sequences = product(range(A), repeat=H)
        returns: list[float] = []
        for actions in islice(sequences, self.episodes):
            returns.append(_return(access, actions))
            if returns[-1] > 0:
                return _policy(access.setting, actions), {"return": returns}
        return _policy(access.setting, next(sequences, (0,) * H)), {"return": returns}


@dataclass(frozen=True)
class ForwardSearch:
    """Greedy search over action sequences from the first step on: one episode per action, with later steps at action 0.

    At each step the action of the largest return is kept; ties go to the first. It takes H A episodes and is optimal
    where every step of an optimal sequence pays; a reward at the last step alone it finds by luck.

    Source: the converse of PSDP; adapted from Bagnell, Kakade, Ng and Schneider, 2003.
    """

    needs = ("episodes", "rewards")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy `table[t,s,a]`, the same in every state, and a trace with the largest return of every step."""
        H, A = _finite(access.setting)
        kept: list[int] = []
        largest: list[float] = []
        for t in range(H):
            returns = [_return(access, [*kept, a, *[0] * (H - 1 - t)]) for a in range(A)]
            kept.append(int(np.argmax(returns)))
            largest.append(max(returns))
        return _policy(access.setting, kept), {"return": largest}


def _finite(setting) -> tuple[int, int]:
    """Horizon and number of actions.

    Raises: InvalidModel for an infinite horizon, or where an action does not exist in every state.
    """
    H = steps(setting)
    if H is None:
        raise InvalidModel(f"a search over action sequences needs a finite horizon; the horizon is {setting.horizon}")
    if not exists(setting).all():
        raise InvalidModel("a search over action sequences needs every action in every state; some are missing")
    return H, sizes(setting)[1]


def _return(access, actions: Sequence[int]) -> float:
    """Return of an episode that plays a sequence of actions."""
    access.reset()
    return float(sum(access.step(int(action))[1] for action in actions))


def _policy(setting, actions: Sequence[int]) -> TabularPolicy:
    S, A = sizes(setting)
    return TabularPolicy(deterministic(np.repeat(np.array(actions)[:, None], S, axis=1), A, number_pattern(setting)))
