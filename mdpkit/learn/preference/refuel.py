"""REFUEL: policy optimisation over several turns by regressing relative future rewards."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number, Numbers
from ...measure import action_value
from ...model.access import KINDS, Access
from ...model.mdp import stepwise
from ...model.policy import TabularPolicy
from .._finite import visits
from .._tabular import exists, sizes, steps, uniform
from ..mixture import Mixture
from ._pairs import coefficient, policy_of, regression
from .classes import AllPolicies, LogLinear
from .reward_models import TOLERANCE
from .squares import PairSquares

HISTORIES = "policy", "reference"


@dataclass(frozen=True, eq=False)
class REFUEL:
    """REFUEL: each round regresses log-ratio margins on differences of the future reward of two responses to a history.

    States are histories of a dialogue, actions are responses, and the transitions are the user's. Round k minimises,
    over steps h drawn uniformly, states s drawn as the policy pi_k reaches them, and a, b drawn from pi_k,
    E (margin / eta - (R - R'))^2, with margin the difference of log(pi / pi_k) at a and b, and R, R' the rewards of two
    rollouts of pi_k from s that begin with a and b. Over all policies the minimiser is pi_k e^(eta Q_k) / Z at every
    state reached: no critic is fitted.

    Args:
        policies: AllPolicies(), or LogLinear(features) with `features[s,a,k]`, parameters shared by states and steps.
        rounds: number of rounds. eta: step size.
        pairs: number of pairs a round, each an episode that reaches s and two resets to it; None regresses on the
            action values of the model, for a given reward.
        histories: "policy": states are those that pi_k reaches; "reference": those of the initial policy, as for
            methods that train on collected histories.
        reward: `reward[s,a]` or `reward[t,s,a]`; defaults to the environment's rewards, which need `pairs`.
        reference: TabularPolicy of the first round; defaults to uniform.

    The guarantee concerns the mixture of the rounds' policies, which is returned, and needs each pi_k to cover the
    comparator's states. A finite horizon is required. The result is float64.
    Source: Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.
    """

    policies: AllPolicies | LogLinear = field(default_factory=AllPolicies)
    rounds: int = 20
    eta: Number = 1
    pairs: int | None = 100
    histories: str = "policy"
    reward: Numbers | None = None
    reference: TabularPolicy | None = None

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, **({} if self.pairs is None else {"pairs": self.pairs}))
        coefficient("eta", self.eta, 1)
        if self.histories not in HISTORIES:
            raise InvalidModel(f"histories is {self.histories!r}; expected one of {', '.join(HISTORIES)}")
        if self.pairs is None and self.reward is None:
            raise InvalidModel("the model does not contain the rewards: give reward=, or pairs=")

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = {"model"} if self.pairs is None else {"episodes", "resets"}
        return tuple(kind for kind in KINDS if kind in kinds | ({"rewards"} if self.reward is None else set()))

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        given = np.zeros((1, 1))
        return cls(), cls(reward=given), cls(pairs=None, reward=given)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture, and a trace with one row per round: policy, and error: the mean squared regression error."""
        setting, eta = access.setting, coefficient("eta", self.eta, 1)
        H, (S, A) = steps(setting), sizes(setting)
        if H is None:
            raise InvalidModel(f"REFUEL needs a finite horizon; the horizon is {setting.horizon}")
        reward = None if self.reward is None else _reward(self.reward, H, S, A)
        policies = self._by_step(H, S, A)
        start = uniform(setting) if self.reference is None else self.reference
        table = np.broadcast_to(floats(start.table), (H, S, A)).copy()
        there, rows, first = np.tile(exists(setting), (H, 1)), [], TabularPolicy(table)
        problem = access.model(reward).to_float() if self.pairs is None else None
        for _ in range(self.rounds):
            policy = TabularPolicy(table)
            reached = policy if self.histories == "policy" else first
            if self.pairs is None:
                loss = self._exact_loss(problem, policy, reached, eta)
            else:
                loss = regression(*self._sample_pairs(access, policy, reached, reward, rng), eta)
            base = table.reshape(H * S, A)
            h = policies.minimise(loss, np.where(there, base, 0), ridge=0.0, tol=TOLERANCE)
            rows.append((policy, loss.value(h)))
            table = policy_of(base, h).table.reshape(H, S, A)
        return Mixture(tuple(row[0] for row in rows)), {"policy": [r[0] for r in rows], "error": [r[1] for r in rows]}

    def _by_step(self, H, S, A):
        """The class over pairs of a step and a state, counted as t * S + s."""
        if isinstance(self.policies, AllPolicies):
            return self.policies
        if self.policies.features.shape[:2] != (S, A):
            raise InvalidModel(f"features has shape {self.policies.features.shape}; expected ({S}, {A}, 'k')")
        return LogLinear(np.tile(self.policies.features, (H, 1, 1)))

    def _exact_loss(self, problem, policy, reached, eta):
        """The loss over all pairs, whose targets are the model's action values."""
        Q = action_value(problem, policy).mid
        d = floats(visits(problem, reached)).sum(axis=-1)
        H, _, A = policy.table.shape
        laws = policy.table.reshape(-1, A)
        return PairSquares((d / H).reshape(-1), laws, laws, Q.reshape(-1, A), eta)

    def _sample_pairs(self, access, policy, reached, reward, rng):
        """Pairs of rollouts from states of episodes, with the differences of their rewards."""
        H, S, _ = policy.table.shape
        t = rng.integers(0, H, self.pairs)
        seen = access.play(reached, self.pairs, rng=rng)
        state = np.zeros((self.pairs, H), dtype=np.int64)
        state[seen.episode, seen.t] = seen.obs
        s = state[np.arange(self.pairs), t]
        responses, totals = [], []
        for _ in range(2):
            responses.append(np.array([policy.sample(s[k : k + 1], t[k], rng.random(1))[0] for k in range(self.pairs)]))
            played = access.play_from(policy, s, responses[-1], t, rng=rng)
            paid = floats(played.reward) if reward is None else floats(reward)[played.t, played.obs, played.action]
            totals.append(np.bincount(played.episode, weights=paid, minlength=self.pairs))
        apart = responses[0] != responses[1]
        x, weight = t * S + s, np.full(self.pairs, 1 / self.pairs)
        columns = x, *responses, weight, totals[0] - totals[1]
        return tuple(column[apart] for column in columns) if apart.any() else tuple(column[:0] for column in columns)


def _reward(reward, H, S, A):
    reward = stepwise(np.asarray(reward), 2)
    if reward.shape[1:] != (S, A) or len(reward) not in (1, H):
        raise InvalidModel(f"reward has shape {reward.shape}; expected ({S}, {A}) or ({H}, {S}, {A})")
    return np.broadcast_to(reward, (H, S, A))
