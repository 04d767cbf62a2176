"""REBEL with a network: policy optimisation by regressing relative rewards."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch

from ....base.arrays import floats
from ....base.errors import InvalidModel
from ....base.record import expect_counts
from ....base.types import Number
from ....learn.preference._pairs import coefficient, preference_setting, win_margins
from ....learn.preference.reward_models import BradleyTerry, RewardModel
from ....model.access import KINDS, Access
from ...plumbing.descent import Descent
from ...plumbing.repeatable import drawing, generator
from ...plumbing.sequence_policy import ResponseMixture
from ...plumbing.sequences import Sequences
from ._comparing import (
    exact_regression,
    fresh_policy,
    own_responses,
    sampled_regression,
    score_responses,
    train_in_rounds,
)

BASES = "policy", "reference"


@dataclass(frozen=True, eq=False)
class REBEL(Descent):
    """REBEL with a network: each round regresses log-ratio margins on reward differences of pairs of responses.

    Round k minimises E (margin / eta - (r(y) - r(z)))^2 by Adam, with margin the difference of log(pi / pi_k), y drawn
    from pi_k and z from the base distribution. Over all policies the minimiser is pi_k e^(eta r) / Z, a step of mirror
    descent, so that the exact iterate after k rounds is reference e^(k eta r) / Z.

    Args:
        policies: the class of networks, Sequences.
        rounds: number of rounds. eta: step size of the policy.
        base: distribution of the second response: "policy", the round's policy, or "reference".
        pairs: number of sampled pairs a round, prompts from rho; None uses the distribution of the pairs.
        model: a RewardModel fitted to comparisons, whose scores are r; None uses granted rewards.
        self_play: whether r(y) of round k is E_{z ~ pi_k} M(y, z), M(y, z) = 2 P(y beats z) - 1, from comparisons: of
            each response with one drawn from pi_k, or without noise if preferences are granted as "exact".
        steps, batch, rate, device, threads, every, progress: as for deep.DPO, in each round.

    The guarantee concerns the average of the rounds' policies, which is returned as a ResponseMixture.
    Raises: NotSolved naming the step at which training diverges, counted over all rounds.
    Source: Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.
    """

    policies: Sequences = field(default_factory=Sequences)
    rounds: int = 20
    eta: Number = 1
    base: str = "policy"
    pairs: int | None = 256
    model: RewardModel | None = None
    self_play: bool = False
    steps: int = field(default=50, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        expect_counts(rounds=self.rounds, **({} if self.pairs is None else {"pairs": self.pairs}))
        coefficient("eta", self.eta, 1)
        if self.base not in BASES:
            raise InvalidModel(f"base is {self.base!r}; expected one of {', '.join(BASES)}")
        if self.self_play and self.model is not None:
            raise InvalidModel("self_play takes rewards from comparisons with the policy; expected no reward model")

    @property
    def needs(self) -> tuple[str, ...]:
        compares = self.model is not None or self.self_play
        return tuple(kind for kind in KINDS if kind == ("preferences" if compares else "rewards"))

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(model=BradleyTerry())

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[ResponseMixture, dict[str, Any]]:
        """The average policy, and a trace with one row per round.

        Its columns are policy, from which the round's responses were drawn; next, the policy that the round returns;
        loss, the regression's at the end of the round; steps, responses drawn so far; updates, Adam steps so far.
        """
        setting, eta = preference_setting(access), coefficient("eta", self.eta, 1)
        rho = floats(setting.rho)
        rewards = None if self.self_play else score_responses(access, self.model, rng)
        start = fresh_policy(self, setting, generator(0))  # its output is 0, whatever the seed

        def loss_of(policy, before, drawn):
            device, other = policy.rows.device, before if self.base == "policy" else start
            r = win_margins(access, before.table, 1, rng) if rewards is None else rewards
            r = torch.tensor(r, device=device)
            if self.pairs is None:
                return exact_regression(policy, before, other, r, torch.tensor(rho, device=device), eta)
            x, y = own_responses(before, drawing(rho, drawn), self.pairs, drawn)
            z = other.draw(x, drawn)
            return sampled_regression(policy, before, (x, y, z), r[x, y] - r[x, z], eta, self.batch, drawn)

        return train_in_rounds(self, access, rng, loss_of)
