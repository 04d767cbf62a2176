"""Maximum-entropy policies for linear rewards, and their feature expectations, enclosed by ball arithmetic."""

from ...base.interval import Interval, Quantity
from ...base.replaceable import replaceable
from ...model.mdp import MDP
from ...solve.feature_matching import Soft, answer_softly


@replaceable
def entropy_value(problem: MDP, features: Quantity, theta: Quantity) -> Interval:
    """Maximum of E[reward + causal entropy of the actions] for the reward sum_k theta[k] features[k], in nats.

    Args:
        problem: a dense finite-horizon MDP in which every action is available. Its own reward is not used.
        features: `features[k,s,a]`. theta: `[k]`, numbers or an Interval.
    Returns: an enclosure by ball arithmetic at 192 bits; while proposing, a float.
    Raises: InvalidModel for any other problem.
    Source: Ziebart, Bagnell and Dey, 2010.

    >>> import numpy as np
    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import MDP, Finite
    >>> arms = MDP(objects([[[1], [1]]]), objects([[0, 0]]), horizon=Finite(1))
    >>> round(float(np.exp(entropy_value(arms, objects([[[1, 0]]]), objects([0])).mid)), 12)
    2.0
    """
    return answer_softly(problem, features, theta, Soft.value)


@replaceable
def entropy_slope(problem: MDP, features: Quantity, theta: Quantity) -> Interval:
    """Gradient of `entropy_value` in theta, `[k]`, by automatic differentiation with power series (no closed form)."""
    return answer_softly(problem, features, theta, lambda soft, theta: soft.derivatives(soft.value, theta))


@replaceable
def entropy_features(problem: MDP, features: Quantity, theta: Quantity, kind: str = "causal") -> Interval:
    """Feature expectations of the maximum-entropy policy in the problem, `[k]`.

    Args: kind: "causal", or "trajectory": the policy of the distribution over trajectories with weights
        P(trajectory) e^reward, which treats transition noise as controllable. The rest as for `entropy_value`.
    """
    return answer_softly(problem, features, theta, Soft.collect, kind)
