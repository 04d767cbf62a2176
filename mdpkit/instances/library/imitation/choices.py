"""A problem in which every distribution over states can be chosen, at a cost of states alone."""

from collections.abc import Sequence

import numpy as np

from ....base.arrays import objects
from ....base.errors import InvalidModel
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


@named_instance
def choices(
    expert: Sequence[Exact] = ("1/2", "3/10", "1/5"), costs: Sequence[Exact] = (0, "1/2", 1), H: int = 5
) -> Instance:
    """A start that is left at once; after it, each action leads to the state of its own from everywhere.

    The expert draws its action from one distribution at every step. A policy that does so too has the state
    distribution (1/H, (H-1)/H times its own), and any distribution is one of these: divergences of states are (H-1)/H
    times those of the distributions, and the gap is H-1 times the difference of mean costs.

    Args:
        expert: probabilities of the actions.
        costs: cost in [0, 1] of being at each action's state; the start costs nothing.
        H: number of steps, the start included.

    Returns: `mdp`, whose reward is minus the cost, `expert`, and the distributions `law[a]` and costs `c[s]`.
    Raises: InvalidModel if costs and probabilities differ in number.
    Source: adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.

    >>> choices(H=3).mdp
    MDP(S=4, A=3, Finite(H=3), rational, 12 transitions)
    """
    expect_integer("H", H, 2)
    law, A = objects(expert), len(expert)
    if len(costs) != A:
        raise InvalidModel(f"there are {len(costs)} costs; expected one for each of the {A} actions")
    P, start = np.zeros((A + 1, A, A + 1), dtype=int), np.zeros(A + 1, dtype=int)
    P[:, np.arange(A), 1 + np.arange(A)] = 1
    start[0] = 1
    c = objects([0, *objects(costs)])
    mdp = MDP(objects(P), np.broadcast_to(-c[:, None], (A + 1, A)), objects(start), horizon=Finite(H))
    return Instance(mdp=mdp, expert=TabularPolicy(np.broadcast_to(law, (A + 1, A))), law=law, c=c)
