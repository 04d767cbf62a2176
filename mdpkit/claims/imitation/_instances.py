"""What several claims of this folder build."""

from ...base.arrays import objects, rational
from ...instances import families
from ...instances.instance import Instance
from ...model import TabularPolicy


def cliff(H, eps, reward=1):
    """The cliff, an expert that never falls, and a learner that falls with probability eps."""
    eps, mdp = rational(eps), families.cliff(H, reward)
    learner = TabularPolicy(objects([[1 - eps, eps], [1, 0]]))
    return Instance(mdp=mdp, eps=eps, expert=TabularPolicy(objects([[1, 0], [1, 0]])), learner=learner)


def states_exchanged(occupancy, problem, policy):
    """The visits of each state credited to another one; of two states, to the other."""
    return occupancy(problem, policy)[:, ::-1]
