"""Arms: one state and one step, on which rewards that adversarial imitation leaves behind can be computed by hand."""

from ....base.arrays import objects, rational
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import Exact, named_instance
from ...instance import Instance


@named_instance
def two_arms(p: Exact = "2/3") -> Instance:
    """Two arms that pay 1 and 0, and an expert that pulls the first one with a given probability.

    In the game of rewards against policies a randomised expert is imitated by alternating between the arms. With
    p = 2/3, the average of the rewards played can favour the arm that pays nothing although the imitation gap vanishes.

    Args: p: probability with which the expert pulls the first arm.

    Returns: `mdp`, `expert` and `p`.
    Source: adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024.

    >>> two_arms("3/4").expert.table
    array([[3/4, 1/4]], dtype=object)
    """
    share = rational(p)
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Finite(1))
    return Instance(mdp=mdp, expert=TabularPolicy(objects([[share, 1 - share]])), p=share)
