"""The return of a policy, estimated from episodes."""

from fractions import Fraction
from typing import Any

import numpy as np

from ..base.arrays import floats
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.record import expect_counts
from ..measure import sampled_mean
from .granting import grant


def evaluate(
    policy: Any,
    env: Any,
    episodes: int,
    *,
    rng: np.random.Generator,
    discount: float = 1.0,
    confidence: str | float | Fraction = "99/100",
    within: tuple[float, float] | None = None,
) -> Interval:
    """A confidence interval for the expected return of a policy, from independent episodes.

    Args:
        policy: an object with `start(u)` and `sample(obs, t, u)`, such as a fit's policy.
        env: a gymnasium environment, or an MDP, whose return `mdpkit.value` knows without sampling.
        episodes: how many are played from the start law, at least 2; each must end.
        rng: a numpy Generator, which also seeds the environment: the same seed gives the same episodes.
        discount: the reward at step t is multiplied by discount^t. Leave it at 1 for a Discounted MDP, whose
            episodes end at random, so that the mean of their total rewards is the discounted return.
        confidence: probability with which the interval contains the expected return.
        within: known bounds (lower, upper) on the return of every episode. They make the confidence rigorous; without
            them the interval is Student's, which is valid in the limit of many episodes.

    Returns: a "sampled" Interval.
    Raises: InvalidModel for what cannot be played, fewer than 2 episodes, or a return that is not `within` its bounds.

    >>> from mdpkit import MDP, Finite, TabularPolicy, value
    >>> coin = MDP([[[0.5, 0.5]], [[0.5, 0.5]]], [[0.0], [1.0]], horizon=Finite(4))
    >>> policy = TabularPolicy([[1.0], [1.0]])
    >>> found = evaluate(policy, coin, 1000, rng=np.random.default_rng(0), within=(0, 4))
    >>> found.how, found.width < 1, (found <= value(coin, policy).upper + 0.5).all_yes()
    ('sampled', True, True)
    """
    expect_counts(2, episodes=episodes)
    if not 0 <= discount <= 1:
        raise InvalidModel(f"discount is {discount}; expected 0 to 1")
    access = grant(env, episodes=episodes, rng=rng)
    played = access.play(policy, episodes, rng=rng)
    paid = floats(played.reward) * float(discount) ** played.t
    return sampled_mean(np.bincount(played.episode, weights=paid, minlength=episodes), confidence, within)
