"""Bradley-Terry reward models that are networks over whole responses."""

from dataclasses import dataclass, field

import numpy as np
import torch

from ....base.record import expect_counts
from ....base.types import Number
from ....learn.players.no_regret import expect_number, fraction
from ....learn.preference._pairs import logistic
from ....model.comparisons import Comparisons
from ...plumbing.descent import Descent, Run
from ...plumbing.nets import mlp
from ...plumbing.repeatable import device_named, generator, seeds, threads
from ...plumbing.sequences import Sequences
from ._comparing import PairLoss, logistic_terms


@dataclass(frozen=True, eq=False)
class BradleyTerry(Descent):
    """A RewardModel: a network that scores prompt and response, fitted to comparisons by maximum likelihood.

    Args:
        rewards: Sequences, how responses are written; width None for any scores, one parameter for each response.
        bound: scores are clipped to the range of width `bound` around each prompt's mid-range; None for no bound.
        steps, batch, rate, device, threads, every, progress: as for deep.DPO; rows are compared pairs.

    It fits the tabular RLHF, REBEL and BestOfN as well as the networks'. Scores of a prompt are centred.
    Source: Bradley and Terry, 1952.
    """

    rewards: Sequences = field(default_factory=Sequences)
    bound: Number | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rewards.width is not None:
            expect_counts(width=self.rewards.width)
        if self.bound is not None:
            expect_number("bound", self.bound)

    def fit(self, data: Comparisons, shape: tuple[int, int], rng: np.random.Generator | None) -> np.ndarray:
        """Scores `[x,y]`.

        Raises: NotSolved naming the step at which training diverges.
        """
        first, of_pairs = seeds(rng, 2)
        rows = torch.tensor(_inputs(self.rewards, *shape))
        if self.rewards.width is None:
            net = torch.nn.Linear(rows.shape[1], 1, bias=False)
            torch.nn.init.zeros_(net.weight)
        else:
            net = mlp(rows.shape[1], 1, self.rewards.width, generator(first), last=0.0)
        device, Y = device_named(self.device), shape[1]
        net, rows = net.to(device), rows.to(device)
        pairs = logistic(data, 1.0)

        def score(x, y):
            return net(rows[x * Y + y])[:, 0]

        loss = PairLoss(score, pairs, logistic_terms(1.0), self.batch, generator(of_pairs), device)
        with threads(self.threads):
            Run(self, net, loss).finish(self.progress)
            with torch.no_grad():
                scores = net(rows)[:, 0].double().cpu().numpy().reshape(shape)
        if self.bound is not None:
            middle = (scores.max(axis=-1, keepdims=True) + scores.min(axis=-1, keepdims=True)) / 2
            half = float(fraction(self.bound)) / 2
            scores = np.clip(scores, middle - half, middle + half)
        return scores - scores.mean(axis=-1, keepdims=True)


def _inputs(rewards, X, Y):
    """`[x * Y + y, d]`: prompt, if there are several, and all tokens, one-hot."""
    if rewards.width is None:
        return np.eye(X * Y, dtype=np.float32)
    tokens = rewards.prefixes(X, Y).tokens
    K = tokens.max() + 1
    own = (tokens[:, :, None] == np.arange(K)).reshape(Y, -1).astype(np.float32)
    if X == 1:
        return own
    return np.concatenate([np.repeat(np.eye(X, dtype=np.float32), Y, axis=0), np.tile(own, (X, 1))], axis=1)
