"""The protocol of reward players in a game against a reinforcement learner."""

from collections.abc import Callable
from typing import Protocol

import torch

from ...base.errors import InvalidModel


class RewardFunction(Protocol):
    """A reward on rows of observation and action: `f(rows[k,i])` returns `[k]`, without gradients."""

    def __call__(self, rows: torch.Tensor) -> torch.Tensor: ...


class RunningReward(RewardFunction, Protocol):
    """The reward of a running game, which is updated once in each round.

    update: changes the reward, from rows of the expert `[k,i]`, of which `draw(count)` samples indices by weight, and
        rows of the learner `[k,i]`, each of the same weight.
    snapshot: the current reward as a function that later updates do not change; one is kept for each round.
    """

    def update(self, expert: torch.Tensor, draw: Callable[[int], torch.Tensor], learner: torch.Tensor) -> None: ...

    def snapshot(self) -> RewardFunction: ...


class RewardPlayer(Protocol):
    """Settings of a reward player, such as a Discriminator.

    start: the reward before the first round, on rows of length `inputs` and a torch device; all that it draws comes
        from the generator `drawn`.
    """

    def start(self, inputs: int, drawn: torch.Generator, device: torch.device) -> RunningReward: ...


def rewards_of(f: RewardFunction, rows: torch.Tensor, round: int) -> torch.Tensor:
    """Rewards f `[k]` of rows, checked.

    Args: round: the round of f, for the error.
    Raises: InvalidModel naming the round if f is not finite or of another shape.
    """
    rewards = f(rows)
    if rewards.shape != rows.shape[:1]:
        raise InvalidModel(
            f"round {round}: the reward player's rewards have shape {tuple(rewards.shape)}; expected ({len(rows)},)"
        )
    if not rewards.isfinite().all():
        k = int((~rewards.isfinite()).nonzero()[0])
        raise InvalidModel(
            f"round {round}: the reward player's reward[{k}] is {float(rewards[k])}; every reward must be finite"
        )
    return rewards
