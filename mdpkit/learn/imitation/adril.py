"""Adversarial reward-moment imitation learning (AdRIL)."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ...base.arrays import floats, like, zeros
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Numbers
from ...model.access import KINDS, Access
from .._tabular import exists, uniform
from ..experience import KEPT, Experience
from ..mixture import Mixture
from ..players.policy_players import ExpertResets, Planning, PolicyPlayer
from ..rollin import visits


@dataclass(frozen=True, eq=False)
class AdRIL:
    """Adversarial reward-moment imitation (AdRIL): rewards 1/N_E on expert samples, -1/N_L on past learner samples.

    The reward of round k is f_k = K (d_E - mean of d_1..d_{k-1}), K the kernel: samples of the current policy have
    reward 0, and the first reward is K d_E. It is the gradient step of the reward player in the kernel's function
    space, and the direction in which the squared moment distance |d_E - mean|^2 = <d_E - mean, K (d_E - mean)>
    decreases fastest.

    Args:
        kernel: positive semidefinite `kernel[s,a,n,b]` between (s,a) and (n,b), applied at each step; defaults to the
            indicator of the same state and action.
        policy_player: Planning, a best response; SoftBestResponse, soft planning; or another policy player.
        rounds: number of rounds N.
        episodes: episodes per round that estimate the policy's occupancy; if the model is granted, it is exact instead.
        keep: "all": past samples of all rounds; "last": of the last round alone, without guarantee.

    The returned policy is the Mixture of all rounds' policies. With e_k = d_E - d_k and keep="all", the squared
    distance of the mixture is (sum_k |e_k|^2 + 2 sum_k (k-1) [J(expert, f_k) - J(pi_k, f_k)]) / N^2, an identity. Hence
    the value gap is at most max_k |e_k| / sqrt(N) for every reward of norm at most 1 in the kernel's space, if each
    pi_k is at least as good as the expert for f_k. Rational problems stay rational.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021.
    """

    kernel: Numbers | None = None
    policy_player: PolicyPlayer = field(default_factory=Planning)
    rounds: int = 100
    episodes: int = 10
    keep: str = "all"

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, episodes=self.episodes)
        if self.keep not in KEPT:
            raise InvalidModel(f"keep is {self.keep!r}; expected one of {', '.join(KEPT)}")

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

        Its columns: reward, policy: f_k and pi_k. gain: J(expert, f_k) - J(pi_k, f_k). spread: |d_E - d_k|^2.
        distance: |d_E - mean of d_1..d_k|^2, the square of the largest gap over rewards of norm at most 1.
        """
        setting = access.setting
        experience = Experience(setting, access.demonstrations())
        expert = experience.expert
        smooth = _Kernel(self.kernel, exists(setting).shape, expert)
        policy, rows = uniform(setting), []
        for _ in range(self.rounds):
            past = experience.learner(self.keep)
            reward = smooth(expert if past is None else expert - past)
            policy = self.policy_player.next(access, reward, policy, experience, rng)
            experience = experience.then(visits(access, policy, self.episodes, rng=rng))
            e, mean = expert - experience.learner(), expert - experience.learner("all")
            rows.append((reward, policy, (reward * e).sum(), (e * smooth(e)).sum(), (mean * smooth(mean)).sum()))
        names = ("reward", "policy", "gain", "spread", "distance")
        trace = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        return Mixture(tuple(trace["policy"])), trace


class _Kernel:
    """The map of an occupancy difference `d[(t,)s,a]` to K d, in its number kind."""

    def __init__(self, kernel, sizes, pattern):
        self.matrix = None if kernel is None else _matrix(kernel, sizes, pattern)

    def __call__(self, d):
        if self.matrix is None:
            return d
        flat = d.reshape(-1, self.matrix.shape[0])
        out = zeros(flat.shape, d)
        for t, row in enumerate(flat):
            out[t] = self.matrix @ row
        return out.reshape(d.shape)


def _matrix(kernel, sizes, pattern):
    """The kernel as a matrix over pairs of state and action, checked.

    Raises: InvalidModel for a wrong shape, an entry that is not finite, a kernel that is not symmetric, or one with an
        eigenvalue below 0 by more than rounding.
    """
    given = np.asarray(kernel)
    if given.shape != (*sizes, *sizes):
        raise InvalidModel(f"kernel has shape {given.shape}; expected kernel[s,a,n,b] of shape {(*sizes, *sizes)}")
    matrix = like(given, pattern).reshape(sizes[0] * sizes[1], -1)
    near = floats(matrix)
    if not np.isfinite(near).all():
        raise InvalidModel("kernel holds entries that are not finite; expected a positive semidefinite kernel")
    if np.asarray(matrix != matrix.T).any():
        raise InvalidModel("kernel is not symmetric; expected kernel[s,a,n,b] = kernel[n,b,s,a]")
    least = float(np.linalg.eigvalsh(near)[0])
    if least < -1e-9 * max(1.0, float(np.abs(near).max())):
        raise InvalidModel(f"kernel has the eigenvalue {least:.3g}; expected a positive semidefinite kernel")
    return matrix
