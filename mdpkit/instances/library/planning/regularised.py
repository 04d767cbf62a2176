"""Two branches, of which one looks better than it is: with and without KL regularisation."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Discounted, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance

FORK = np.array([[[0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]]])
"""State 0 leads to one of two absorbing states, where all actions are the same."""


def tilt_reference(reference: np.ndarray, weights: np.ndarray) -> TabularPolicy:
    """The policy reference * weights / Z, `[s,a]`, which is soft optimal for the action values beta log weights."""
    joint = reference * weights
    return TabularPolicy(joint / joint.sum(axis=-1)[..., None])


def fork(reference, weights, believed, gamma, **more) -> Instance:
    """The fork with soft optimal action values log weights, and the policy of those that the learner believes.

    Args: reference, weights, believed: `[s,a]`; weights and beliefs are e^(Q/beta). gamma: the discount.
    """
    reference, weights, believed = map(objects, (reference, weights, believed))
    return Instance(
        mdp=MDP(objects(FORK), weights * 0, objects([1, 0, 0]), horizon=Discounted(gamma)),
        reference=TabularPolicy(reference),
        weights=weights,
        believed=believed,
        learned=tilt_reference(reference, believed),
        **more,
    )


@named_instance
def misjudged_branch(k: int = 4, gamma: Exact = "9/10", lean: Exact = 1) -> Instance:
    """Two branches of equal soft value; the estimated reward is too high on one, and too low on the other.

    The error is (1-gamma) beta log(1 + 1/k) in every state and action. The soft optimal policy takes either branch with
    probability 1/2. The loss of the policy that is soft optimal for the estimate tends to the square of the error
    divided by 2 beta (1-gamma)^2 as k grows.

    Args:
        k: inverse size of the error.
        gamma: the discount.
        lean: odds at which the reference policy prefers the branch that is overestimated, and pays less.

    Returns: `mdp` (whose rewards are not used), `reference`, `weights` and `believed`, which are e^(Q/beta) for the
        soft optimal action values of the reward and of its estimate, the policy `learned`, and `k`.
    Source: adapted from Zhao, Ye, Xiong, Gu and Zhang, 2025.

    >>> misjudged_branch(1).learned.table[0]
    array([1/5, 4/5], dtype=object)
    """
    expect_integer("k", k, 1)
    lean, over = rational(lean), 1 + 1 / rational(k)
    reference = [[1 / (1 + lean), lean / (1 + lean)], ["1/2", "1/2"], ["1/2", "1/2"]]
    weights = objects([[lean, 1], [1, 1], [1, 1]])
    believed = weights * objects([[1 / over, over], [1 / over] * 2, [over] * 2])
    return fork(reference, weights, believed, gamma, k=k)


@named_instance
def tied_branches(epsilon: Exact = "1/8", gamma: Exact = "9/10") -> Instance:
    """One branch pays epsilon a step and the other costs as much; their estimated rewards are 0, and the policy errs.

    Without regularisation the loss is 2 epsilon / (1-gamma), linear in the error.

    Args:
        epsilon: error of the estimated reward in every state and action.
        gamma: the discount.

    Returns: `mdp`, `estimate` (the estimated reward), the policy `learned`, which is optimal for it, and `epsilon`.
    Source: adapted from Zhao, Ye, Xiong, Gu and Zhang, 2025.

    >>> tied_branches().mdp.r[0]
    array([1/8, -1/8], dtype=object)
    """
    epsilon = rational(epsilon)
    r = objects([[1, -1], [1, 1], [-1, -1]]) * epsilon
    mdp = MDP(objects(FORK), r, objects([1, 0, 0]), horizon=Discounted(gamma))
    return Instance(mdp=mdp, estimate=r * 0, learned=TabularPolicy(objects([[0, 1], [1, 0], [1, 0]])), epsilon=epsilon)
