"""Instances shared by several claims of this folder."""

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
    """The occupancy with the order of the states reversed; two states are exchanged."""
    return occupancy(problem, policy)[:, ::-1]
