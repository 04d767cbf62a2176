"""REFUEL with a network: policy optimisation over several turns by regressing relative future rewards."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ....base.arrays import floats
from ....base.errors import InvalidModel
from ....base.record import expect_counts
from ....base.types import Number
from ....learn import Mixture
from ....learn.preference._pairs import coefficient
from ....model.access import Access, Discrete
from ....model.horizon import Finite
from ...plumbing.descent import Descent, Run
from ...plumbing.encoding import encoding
from ...plumbing.nets import mlp
from ...plumbing.policy import Categorical
from ...plumbing.repeatable import device_named, generator, seeds, threads

HISTORIES = "policy", "reference"


@dataclass(frozen=True, eq=False)
class REFUEL(Descent):
    """REFUEL with a network: each round regresses log-ratio margins on differences of the future reward.

    States are histories of a dialogue, actions are responses, and the transitions are the user's. Round k minimises,
    over steps h drawn uniformly, states s drawn as the policy pi_k reaches them, and a, b drawn from pi_k,
    E (margin / eta - (R - R'))^2, with margin the difference of log(pi / pi_k) at a and b, and R, R' the rewards of two
    rollouts of pi_k from s that begin with a and b. The first policy is nearly uniform.

    Args:
        rounds: number of rounds. eta: step size.
        pairs: number of pairs a round, each an episode that reaches s and two resets to it.
        histories: "policy": states are those that pi_k reaches; "reference": those of the first policy.
        width: width of both hidden layers.
        steps, batch, rate, device, threads, every, progress: as for deep.DPO, in each round.

    The guarantee concerns the mixture of the rounds' policies, which is returned. A finite horizon is required.
    Raises: NotSolved naming the step at which training diverges, counted over all rounds.
    Source: Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.
    """

    rounds: int = 20
    eta: Number = 1
    pairs: int = 100
    histories: str = "policy"
    width: int = 64
    steps: int = field(default=50, kw_only=True)

    needs = ("episodes", "resets", "rewards")

    def __post_init__(self) -> None:
        super().__post_init__()
        expect_counts(rounds=self.rounds, pairs=self.pairs, width=self.width)
        coefficient("eta", self.eta, 1)
        if self.histories not in HISTORIES:
            raise InvalidModel(f"histories is {self.histories!r}; expected one of {', '.join(HISTORIES)}")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture, and a trace with one row per round: policy, and loss of the regression at its end."""
        setting = access.setting
        if not isinstance(setting.horizon, Finite):
            raise InvalidModel(f"REFUEL needs a finite horizon; the horizon is {setting.horizon}")
        if not (isinstance(setting.observations, Discrete) and isinstance(setting.actions, Discrete)):
            raise InvalidModel(f"REFUEL resets to states of a finite problem; the setting is {setting}")
        first, of_batches = seeds(rng, 2)
        shown, drawn = encoding(setting, "one-hot"), generator(of_batches)
        net = mlp(shown.size, setting.actions.n, self.width, generator(first), last=0.0)
        policy = Categorical(shown, net, setting.actions, setting.mask).to(device_named(self.device))
        start, rows = deepcopy(policy), []
        with threads(self.threads):
            for k in range(self.rounds):
                before = deepcopy(policy)
                loss = self._loss(access, policy, before, before if self.histories == "policy" else start, rng, drawn)
                run = Run(self, policy, loss).finish(before=k * self.steps)
                rows.append((before, run.trace["loss"][-1]))
                if self.progress:
                    self.progress(k + 1, self.rounds, loss=run.trace["loss"][-1])
        policies = [row[0] for row in rows]
        return Mixture(tuple(policies)), {"policy": policies, "loss": [row[1] for row in rows]}

    def _loss(self, access, policy, before, reached, rng, drawn):
        """The loss of one round: pairs of rollouts from states of episodes."""
        H, k = access.setting.horizon.H, np.arange(self.pairs)
        t = rng.integers(0, H, self.pairs)
        seen = access.play(reached, self.pairs, rng=rng)
        state = np.zeros((self.pairs, H), dtype=np.int64)
        state[seen.episode, seen.t] = seen.obs
        s = state[k, t]
        responses, totals = [], []
        for _ in range(2):
            u = rng.random(self.pairs)
            a = np.array([before.sample(s[i : i + 1], int(t[i]), u[i : i + 1])[0] for i in k])
            played = access.play_from(before, s, a, t, rng=rng)
            responses.append(torch.tensor(a))
            totals.append(np.bincount(played.episode, weights=floats(played.reward), minlength=self.pairs))
        inputs, eta = policy.encoding(s, t), coefficient("eta", self.eta, 1)
        device = next(policy.parameters()).device
        inputs, a, b = inputs.to(device), responses[0].to(device), responses[1].to(device)
        target = torch.tensor(totals[0] - totals[1], device=device)

        def margin(pi, at):
            return (pi.nll(inputs[at], b[at]) - pi.nll(inputs[at], a[at])).double()

        with torch.no_grad():
            old = margin(before, slice(None))

        def loss():
            at = torch.randperm(self.pairs, generator=drawn)[: self.batch].to(device)
            return (((margin(policy, at) - old[at]) / eta - target[at]) ** 2).mean()

        return loss
