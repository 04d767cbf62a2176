"""Preference problems of experiments: responses of several tokens, whose optimum is known by enumeration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..learn import grant
from ..measure import exploitability, value
from ..model.access import Access
from ..model.policy import TabularPolicy
from ..model.preference import PreferenceProblem
from ..solve import solve


@dataclass(frozen=True)
class PreferenceTask:
    """A preference problem of an Experiment, in the place of a deep.experiment.Problem.

    Args:
        problem: a function that creates the PreferenceProblem. options: its arguments.
        granted: arguments of `grant` beside `rng`.

    A policy's J, with its KL penalty, is computed by enumeration. Scores are 0 for the reference, 1 for the optimum.
    """

    problem: Callable[..., PreferenceProblem]
    options: Mapping[str, Any]
    granted: Mapping[str, Any]

    def make(self) -> PreferenceProblem:
        """The problem."""
        return self.problem(**self.options)

    def access(self, problem: PreferenceProblem, rng: np.random.Generator) -> Access:
        """A learner's access to the problem."""
        return grant(problem, rng=rng, **self.granted)

    def judge(self, problem: PreferenceProblem, policy: Any) -> float:
        """J of a policy."""
        return float(value(problem, policy).mid)

    def references(self) -> tuple[float, float]:
        """J of the reference policy, and of the optimum."""
        problem = self.make()
        return self.judge(problem, TabularPolicy(problem.reference)), self.judge(problem, solve(problem).policy)


def unseen_token(
    K: int = 4,
    H: int = 4,
    *,
    covered: bool = True,
    rare: float = 0.05,
    cost: float = 4.0,
    beta: float = 1.0,
    seed: int = 0,
) -> PreferenceProblem:
    """Sequences of H tokens out of K, of which the last token is rare and spoils the response.

    The reference draws tokens independently, the last one with probability `rare`, the others equally. Responses
    without it are worth sums over neighbouring tokens, scaled to [0, 4]; all others are worth -cost.

    Args:
        K, H: numbers of tokens.
        covered: whether the comparisons' responses are drawn from the reference; otherwise from its law given that the
            last token does not occur.
        rare: probability of the last token. cost: what it costs. beta: KL coefficient. seed: of the weights.

    >>> unseen_token(3, 2, covered=False).data.round(2)
    array([[0.25, 0.25, 0.  , 0.25, 0.25, 0.  , 0.  , 0.  , 0.  ]])
    """
    tokens = np.stack(np.unravel_index(np.arange(K**H), (K,) * H), axis=-1)
    good = (tokens < K - 1).all(axis=1)
    weights = np.random.default_rng(seed).normal(size=(H, K, K))
    r = sum(weights[h][tokens[:, h - 1], tokens[:, h]] for h in range(1, H))
    r = 4 * (r - r[good].min()) / (r[good].max() - r[good].min())
    law = np.array([(1 - rare) / (K - 1)] * (K - 1) + [rare])
    reference = law[tokens].prod(axis=1)
    data = reference if covered else reference * good
    reward = np.where(good, r, -cost)
    return PreferenceProblem(reference[None], reward=reward[None], data=data[None] / data.sum(), beta=beta)


@dataclass(frozen=True)
class GeneralPreferenceTask(PreferenceTask):
    """The same for a problem whose preferences no reward explains: J is minus the exploitability.

    It is 0 for a minimax winner, which is the optimum. Scores are 0 for the reference, 1 for a minimax winner.
    """

    def judge(self, problem: PreferenceProblem, policy: Any) -> float:
        """Minus the exploitability of a policy."""
        return -float(exploitability(problem, policy).mid)

    def references(self) -> tuple[float, float]:
        """Minus the exploitability of the reference, and 0."""
        problem = self.make()
        return self.judge(problem, TabularPolicy(problem.reference)), 0.0


def cyclic_raters(H: int = 3, *, strength: float = 3.0, beta: float = 0.1) -> PreferenceProblem:
    """Sequences of H tokens out of three, whose first tokens beat each other in a cycle.

    P(y beats z) = 1 / (1 + e^-(strength * c(y, z) + q(y) - q(z))), c = 1 if the first token of y follows that of z
    mod 3, -1 in the reverse case, else 0, and q the number of later tokens that follow the one before. The reference
    draws its first token with probabilities 6/10, 3/10, 1/10, the others uniformly.

    Args: H: number of tokens. strength: of the cycle. beta: KL coefficient of methods with a penalty.

    >>> win = cyclic_raters(1).win[0]
    >>> bool(min(win[1, 0], win[2, 1], win[0, 2]) > 0.95)
    True
    """
    tokens = np.stack(np.unravel_index(np.arange(3**H), (3,) * H), axis=-1)
    apart = (tokens[:, None, 0] - tokens[None, :, 0]) % 3
    cycle = np.where(apart == 1, 1.0, np.where(apart == 2, -1.0, 0.0))
    q = (tokens[:, 1:] == (tokens[:, :-1] + 1) % 3).sum(axis=1)
    win = 1 / (1 + np.exp(-(strength * cycle + q[:, None] - q[None, :])))
    reference = np.array([0.6, 0.3, 0.1])[tokens[:, 0]] / 3 ** (H - 1)
    return PreferenceProblem(reference[None], win=win[None], beta=beta)
