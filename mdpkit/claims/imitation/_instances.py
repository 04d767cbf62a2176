"""What several claims of this folder build."""

from types import SimpleNamespace as Models

from ...base.arrays import objects, rational
from ...model import MDP, Finite, TabularPolicy


def cliff(H, eps, reward=1):
    """State 0 pays while action 0 is played; action 1 falls to the absorbing state 1, which pays nothing."""
    eps = rational(eps)
    P = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])
    mdp = MDP(P, objects([[reward, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H))
    learner = TabularPolicy(objects([[1 - eps, eps], [1, 0]]))
    return Models(mdp=mdp, eps=eps, expert=TabularPolicy(objects([[1, 0], [1, 0]])), learner=learner)


def states_exchanged(occupancy, problem, policy):
    """The visits of each state credited to another one; of two states, to the other."""
    return occupancy(problem, policy)[:, ::-1]
