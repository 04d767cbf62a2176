"""Inner learners: they train a policy from scratch on a reward shaped by a potential, as a recovered reward is used."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from ...base.arrays import floats, nearest
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number, Numbers
from ...model.access import Access
from ...model.horizon import Discounted, Finite
from ...model.mdp import MDP, stepwise
from ...model.policy import TabularPolicy
from .._tabular import deterministic, exists, number_pattern, sizes, steps
from ..players.no_regret import expect_number, fraction, tilt

FITNESSES = "area", "last", "shaped area"


class Retraining(Protocol):
    """Interface of inner learners: they train a policy from scratch on a shaped reward.

    Attributes: needs: the kinds of access that they use.
    """

    needs: tuple[str, ...]

    def prepare(self, access: Access, reward: np.ndarray) -> Any:
        """Training runs on a reward, with the methods of `Runs`."""


@dataclass(frozen=True)
class LookaheadGradient:
    """Natural policy gradient from the uniform policy, on returns over the next `lookahead` steps of the shaped reward.

    With the exact advantage a potential changes nothing: it drops out. With k steps, the value of state s after k
    steps is replaced by the potential's, and every update multiplies the policy by e^(rate * Q), where
    Q_t(s,a) = E[r_t + ... + r_{t+k-1} + Phi_{t+k}] - Phi_t(s), and Phi is 0 at the end of a finite horizon.

    Args:
        lookahead: number of steps k.
        iterations: number of updates.
        rate: step size.
    Source: adapted from Kakade, 2001; retraining on a shaped reward from Sapora, Swamy, Lu, Teh and Foerster, 2024.
    """

    lookahead: int = 2
    iterations: int = 15
    rate: Number = 1

    needs: ClassVar = ("model",)

    def __post_init__(self) -> None:
        expect_counts(lookahead=self.lookahead, iterations=self.iterations)
        expect_number("rate", self.rate)

    def prepare(self, access: Access, reward: np.ndarray) -> "Runs":
        """Training runs on a reward; one model call."""
        return self.on(access.model(reward))

    def on(self, problem: MDP) -> "Runs":
        """Training runs on a problem's own reward.

        Raises: InvalidModel if the horizon is neither Finite nor Discounted.

        >>> from mdpkit.instances import named
        >>> runs = LookaheadGradient(1, 3).on(named("cliff").mdp)
        >>> runs.curves(np.array([[0.0, 0.0], [9.0, 0.0]])).round(2)
        array([[0.88, 1.66, 2.34, 2.72],
               [0.88, 2.73, 2.88, 2.95]])
        """
        return Runs(problem, self)


class Runs:
    """Training runs of an inner learner on one problem, for many potentials at once. Computed in float64."""

    def __init__(self, problem, inner):
        if not isinstance(problem.horizon, Finite | Discounted):
            raise InvalidModel(f"retraining needs a Finite or Discounted horizon; the horizon is {problem.horizon}")
        self.problem, self.inner, self.pattern, self.S = problem, inner, problem.r, problem.S
        self.H = problem.horizon.H if isinstance(problem.horizon, Finite) else None
        self.gamma = 1.0 if self.H else float(floats(np.asarray(problem.horizon.gamma)))
        dense = problem.P.toarray().reshape(problem.S, problem.A, -1) if problem.sparse else problem.P
        T = self.H or 1
        self.P = stepwise(floats(dense), 3).reshape(-1, problem.S * problem.A, problem.S)
        self.PT = np.ascontiguousarray(self.P.transpose(0, 2, 1))
        self.rho, self.there = floats(problem.rho), problem.available
        paid = np.where(self.there, floats(problem.r), 0.0)
        self.r = np.broadcast_to(stepwise(paid, 2), (T, problem.S, problem.A))

    # ---- potentials
    def potentials(self, potentials: Numbers) -> np.ndarray:
        """Potentials `[b,s]` or `[b,t,s]` as `[t,b,s]`, t = 0..H with row H zero; discounted: one row."""
        return expand(potentials, self.problem.S, self.H)

    # ---- training
    def train(self, potentials: Numbers) -> tuple[np.ndarray, np.ndarray]:
        """Train a policy from scratch for each potential.

        Returns: exponents `[t,b,s,a]` of the last policies, and the returns `[b,i]` under the problem's reward after
            i updates.
        """
        Phi = self.potentials(potentials)
        shape = (len(self.r), Phi.shape[1], self.problem.S, self.problem.A)
        logits = np.where(self.there, np.zeros(shape), -np.inf)
        returns = [self._return(softmax(logits))]
        for _ in range(self.inner.iterations):
            pi = softmax(logits)
            ahead = Phi
            for _ in range(self.inner.lookahead - 1):
                ahead = self._after((pi * self._backup(ahead)).sum(axis=-1))
            logits = logits + nearest(fraction(self.inner.rate)) * self._backup(ahead)
            returns.append(self._return(softmax(logits)))
        return logits, np.stack(returns, axis=1)

    def curves(self, potentials: Numbers) -> np.ndarray:
        """Returns `[b,i]` under the problem's reward after i = 0..iterations updates."""
        return self.train(potentials)[1]

    def fitness(self, potentials: Numbers, kind: str = "area", seeds: Any = None) -> np.ndarray:
        """Fitness `[b]` of potentials: the mean return over all updates ("area"), or that of the last policy ("last").

        "shaped area", a control, is the area under the shaped return, which a low potential at the start raises.
        """
        curves = self.curves(potentials)
        if kind == "last":
            return curves[:, -1]
        area = curves[:, 1:].mean(axis=1)
        return area - self.potentials(potentials)[0] @ self.rho if kind == "shaped area" else area

    def policy(self, potential: Numbers) -> TabularPolicy:
        """The policy that is trained with one potential, its probabilities rounded to multiples of 2^-24."""
        logits = self.train(np.asarray(potential)[None])[0][:, 0]
        table = tilt(self.there, logits, self.pattern)
        return TabularPolicy(table if self.H else table[0])

    def _after(self, values):
        """Values at steps 0..H: those at 0..H-1 followed by 0; discounted: as they are."""
        return values if self.H is None else np.concatenate([values, np.zeros((1, *values.shape[1:]))])

    def _backup(self, V):
        """r + gamma E V(s') for `V[t,b,s]`, as `[t,b,s,a]`."""
        following = V if self.H is None else V[1:]
        expected = np.matmul(following, self.PT) * self.gamma
        return self.r[:, None] + expected.reshape(*following.shape, self.problem.A)

    def _return(self, pi):
        """Returns `[b]` of the policies `pi[t,b,s,a]`."""
        if self.H is None:
            return self._discounted_return(pi[0])
        V = np.zeros(pi.shape[1:3])
        for t in range(self.H - 1, -1, -1):
            ahead = V @ self.PT[t % len(self.PT)]
            V = (pi[t] * (self.r[t] + ahead.reshape(pi.shape[1:]))).sum(axis=-1)
        return V @ self.rho

    def _discounted_return(self, pi):
        S = self.problem.S
        chain = (pi[..., None] * self.P[0].reshape(S, -1, S)).sum(axis=2)
        paid = (pi * self.r[0]).sum(axis=-1)
        return np.linalg.solve(np.eye(S) - self.gamma * chain, paid[..., None])[..., 0] @ self.rho


def softmax(logits) -> np.ndarray:
    """e^logits divided by its sum over the last axis."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def expand(potentials, S, H) -> np.ndarray:
    """Potentials `[b,s]`, or over a finite horizon H `[b,t,s]`, as `[t,b,s]`, t = 0..H with row H zero.

    Raises: InvalidModel if the shape is another, an entry is not finite, or one of row H is not 0.
    """
    given = floats(np.asarray(potentials))
    shapes = [(S,)] if H is None else [(S,), (H, S), (H + 1, S)]
    if given.shape[1:] not in shapes:
        expected = " or ".join(map(str, shapes))
        raise InvalidModel(f"the potential has shape {given.shape[1:]}; expected {expected}")
    if not np.isfinite(given).all():
        raise InvalidModel("the potential has an entry that is not finite")
    if H is None:
        return given[None]
    if given.shape[1:] == (H + 1, S):
        if given[:, -1].any():
            raise InvalidModel(f"the potential at the end, row {H}, is not 0; another one changes the optimum")
        return given.transpose(1, 0, 2)
    over_time = np.broadcast_to(given if given.ndim == 3 else given[:, None], (len(given), H, S))
    return np.concatenate([over_time, np.zeros((len(given), 1, S))], axis=1).transpose(1, 0, 2)


@dataclass(frozen=True)
class EpisodicQLearning:
    """Q-learning from scratch on sampled episodes, whose steps are paid the shaped reward; no model is used.

    Args:
        episodes: number of episodes of one training run.
        exploration: probability of a uniformly drawn action.
        rate: learning rate, in (0, 1].

    The search for a potential spends (2 pairs + 1) (generations + 1) runs. Runs of an antithetic pair share their
    exploration; the environment's own randomness cannot be shared.
    Source: Watkins and Dayan, 1992.
    """

    episodes: int = 20
    exploration: float = 0.1
    rate: float = 0.5

    needs: ClassVar = ("episodes",)

    def __post_init__(self) -> None:
        expect_counts(episodes=self.episodes)
        if not 0 <= self.exploration <= 1 or not 0 < self.rate <= 1:
            raise InvalidModel(
                f"exploration={self.exploration}, rate={self.rate}; expected a probability, and a number in (0, 1]"
            )

    def prepare(self, access: Access, reward: np.ndarray) -> "Episodes":
        """Training runs on a reward.

        Raises: InvalidModel if the horizon is not finite.
        """
        return Episodes(access, reward, self)


class Episodes:
    """Training runs of Q-learning in the environment, one potential after the other."""

    def __init__(self, access, reward, inner):
        self.access, self.inner, setting = access, inner, access.setting
        self.S, self.A = sizes(setting)
        self.H, self.there, self.pattern = steps(setting), exists(setting), number_pattern(setting)
        if self.H is None:
            raise InvalidModel(f"EpisodicQLearning needs a finite horizon; the horizon is {setting.horizon}")
        self.reward = np.broadcast_to(stepwise(floats(reward), 2), (self.H, self.S, self.A))

    def train(self, potential, rng):
        """Action values `[t,s,a]`, and the returns of the episodes `[i]` under the reward and under the shaped one."""
        Phi = expand(np.asarray(potential)[None], self.S, self.H)[:, 0]
        Q = np.where(self.there, np.zeros((self.H, self.S, self.A)), -np.inf)
        returns = np.zeros((self.inner.episodes, 2))
        for episode in range(self.inner.episodes):
            s = self.access.reset()[0]
            for t in range(self.H):
                a = self._action(Q[t, s], rng)
                n = self.access.step(a)[0]
                paid = self.reward[t, s, a]
                shaped = paid + Phi[t + 1, n] - Phi[t, s]
                ahead = Q[t + 1, n].max() if t + 1 < self.H else 0
                Q[t, s, a] += self.inner.rate * (shaped + ahead - Q[t, s, a])
                returns[episode] += paid, shaped
                s = n
        return Q, returns

    def fitness(self, potentials: Numbers, kind: str = "area", seeds: Any = None) -> np.ndarray:
        """Fitness `[b]` of potentials, each estimated from one training run: as for `Runs.fitness`."""
        seeds = np.zeros(len(potentials), dtype=int) if seeds is None else seeds
        runs = [
            self.train(each, np.random.default_rng(int(seed)))[1] for each, seed in zip(potentials, seeds, strict=True)
        ]
        curves = np.stack(runs)[..., int(kind == "shaped area")]
        return curves[:, -1] if kind == "last" else curves.mean(axis=1)

    def policy(self, potential: Numbers) -> TabularPolicy:
        """The greedy policy of one training run, ties to the first action."""
        Q = self.train(potential, np.random.default_rng(0))[0]
        return TabularPolicy(deterministic(Q.argmax(axis=-1), self.A, self.pattern))

    def _action(self, values, rng):
        there = np.flatnonzero(values > -np.inf)
        explores = rng.random() < self.inner.exploration
        return int(rng.choice(there if explores else np.flatnonzero(values == values.max())))
