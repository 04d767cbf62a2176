"""SMILING: state-only imitation by score matching, without a discriminator."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ...base.arrays import exactly, floats, nearest
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number, Numbers
from ...model.access import KINDS, Access
from .._tabular import sizes, uniform
from ..experience import Experience, expect_share
from ..mixture import Mixture
from ..players.no_regret import GRID, fraction
from ..players.policy_players import ExpertResets, NaturalGradient, PolicyPlayer
from ..rollin import visits
from .denoising import Denoiser, embed, expect_noise, noise_levels

SCORES = ("aggregate", "last", "first")
COSTS = ("last", "mean")


@dataclass(frozen=True, eq=False)
class SMILING:
    """SMILING: match the scores of the expert's and the learner's noised state distributions.

    States are points x_s, noised by s_t ~ N(e^-t x_s, (1 - e^-2t) I). Round k costs a state c_k(s) = integral over t of
    E|g_E(s_t) - target|^2 - E|g_k(s_t) - target|^2, with target = grad log q_t(s_t | s) and the exact scores g_E of
    the expert's and g_k of the learner's state distribution. A policy player responds to the reward -c_k. Only the
    states of demonstrations are used; their actions are ignored.

    Args:
        embedding: points `x[s]` or `x[s,d]`, all different; defaults to the integers 0 to S - 1.
        policy_player: NaturalGradient, Planning or ExpertResets.
        rounds: number of rounds N.
        score: the learner's score is that of all rounds' states ("aggregate", follow the leader), of the last policy's
            ("last"), or stays that of the first, uniform policy's ("first", an ablation).
        costs: the policy player responds to the cost of the last round ("last") or to the mean of all rounds' ("mean").
        noise: increasing times; the integral runs from the first to the last. By default they resolve the embedding.
        limit: whether to use the limit of the cost for noise from time 0: log(d_k(s) / d_E(s)) for every embedding; 0
            where d_k(s) = 0, for want of a finite number, without smoothing.
        smoothing: share of the uniform distribution mixed into d_E and d_k; it keeps costs finite in the limit. Equal
            distributions have cost 0 with any share.
        space_nodes, time_nodes: numbers of quadrature nodes, of the noise in each dimension and between two times.
        episodes: episodes per round that estimate the policy's states; if the model is granted, they are exact instead.

    The returned policy is the Mixture of all rounds' policies; the last one is the last of the trace. In the limit
    sum_s d(s) c(s) is the KL divergence KL(d || d_E) of the state distributions, averaged over steps; the imitation
    gap under a state cost in [0, 1] is at most H (sqrt(2 V D) + D), with V the smaller variance of the cost and
    D <= 32/27 KL. Costs are floats, on rational problems rounded to multiples of 2^-24 in the reward, and natural
    gradient returns rational policies there. Without smoothing, a state without demonstrations is refused in the limit, and
    otherwise costs about half its squared distance to the next demonstrated state times e^-2t / (1 - e^-2t), at the
    first time t.
    Source: adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
    """

    embedding: Numbers | None = None
    policy_player: PolicyPlayer = field(default_factory=NaturalGradient)
    rounds: int = 100
    score: str = "aggregate"
    costs: str = "last"
    noise: Numbers | None = None
    limit: bool = False
    smoothing: Number = 0
    space_nodes: int = 24
    time_nodes: int = 4
    episodes: int = 10

    def __post_init__(self) -> None:
        expect_counts(
            rounds=self.rounds, episodes=self.episodes, space_nodes=self.space_nodes, time_nodes=self.time_nodes
        )
        for name, options in (("score", SCORES), ("costs", COSTS)):
            if getattr(self, name) not in options:
                raise InvalidModel(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(options)}")
        expect_share("smoothing", self.smoothing)
        if self.noise is not None:
            expect_noise(self.noise)

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = {"demonstrations", "episodes", *self.policy_player.needs}
        return tuple(kind for kind in KINDS if kind in kinds)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(policy_player=ExpertResets(rollouts_per_action=1))

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture, and a trace with one row per round k.

        Its columns: policy: pi_k. states: its state distribution d_k `[s]`, averaged over steps. cost: c_k `[s]`.
        divergence: the score divergence of d_k to the expert's, which is sum_s d_k(s) c(s) for the cost c with d_k's
        own score; in the limit, without smoothing, it is KL(d_k || d_E).
        """
        setting = access.setting
        experience = Experience(setting, access.demonstrations())
        matcher = self._matcher(setting, experience.expert)
        policy, total, rows = uniform(setting), 0, []
        for _ in range(self.rounds):
            experience = experience.then(visits(access, policy, self.episodes, rng=rng))
            own, scored = (
                state_law(experience.learner(keep)) for keep in ("last", "all" if self.score == "aggregate" else "last")
            )
            if self.score == "first" and rows:
                scored = rows[0][1]
            cost, precise = matcher.costs(scored, own)
            rows.append((policy, own, cost, floats(own) @ precise))
            total = total + cost
            shown = total / len(rows) if self.costs == "mean" else cost
            policy = self.policy_player.next(access, _reward(shown, setting), policy, experience, rng)
        names = ("policy", "states", "cost", "divergence")
        columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        return Mixture(tuple(columns["policy"])), columns

    def _matcher(self, setting, demonstrated):
        S, share = sizes(setting)[0], nearest(fraction(self.smoothing))
        points = embed(self.embedding, S)
        if self.limit:
            return LogRatio(state_law(demonstrated), share)
        levels = noise_levels(points) if self.noise is None else expect_noise(self.noise)
        return ScoreRatio(state_law(demonstrated), share, Denoiser(points, levels, self.space_nodes, self.time_nodes))


class LogRatio:
    """Costs log(p / q) of the learner's laws p against the expert's law q, both smoothed.

    Raises: InvalidModel if the expert's smoothed law is 0 somewhere.
    """

    def __init__(self, expert, share):
        self.share, self.expert = share, smooth(expert, share)
        unseen = np.flatnonzero(self.expert == 0)
        if unseen.size:
            words = ", ".join(map(str, unseen[:5])) + (", ..." if unseen.size > 5 else "")
            raise InvalidModel(
                f"the limit cost is infinite at states without demonstrations ({words}); give a positive smoothing, or limit=False"
            )

    def costs(self, *laws):
        """The costs `[k,s]`; 0 at states that a law does not visit, which a policy of full support cannot reach."""
        p = np.stack([smooth(law, self.share) for law in laws])
        visited = p > 0
        return np.where(visited, np.log(np.where(visited, p, 1.0) / self.expert), 0.0)


class ScoreRatio:
    """Costs of learner's laws by denoising errors: those of the expert's score minus those of the learner's."""

    def __init__(self, expert, share, denoiser):
        self.share, self.denoiser = share, denoiser
        self.errors = denoiser.errors(smooth(expert, share)[None])

    def costs(self, *laws):
        """The costs `[k,s]`."""
        return self.errors - self.denoiser.errors(np.stack([smooth(law, self.share) for law in laws]))


def state_law(visits) -> np.ndarray:
    """Distribution of states `[s]` of an occupancy `[t,s,a]` or `[s,a]`, averaged over steps."""
    d = visits.sum(axis=-1)
    d = d.sum(axis=0) if d.ndim == 2 else d
    return d / d.sum()


def smooth(law, share) -> np.ndarray:
    """A law as floats, with a share of the uniform distribution."""
    p = floats(law)
    return (1 - share) * p + share / len(p)


def _reward(cost, setting):
    """The reward `[s,a]` of minus a cost of states; on a rational problem in multiples of 1/GRID."""
    reward = np.broadcast_to(-cost[:, None], sizes(setting)).copy()
    return exactly(np.round(reward * GRID)) / GRID if setting.exact else reward
