"""A cliff or a ladder, and a learner with two habits: how often it slips, and how often it fails to climb back."""

from ....base.arrays import objects, rational
from ....model import TabularPolicy
from ... import families
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance
from .road import first_action


@named_instance
def missteps(H: int = 3, p: Exact = "1/10", q: Exact = 1, ladder: bool = True) -> Instance:
    """A learner that slips with probability p on top, and fails to climb with probability q below.

    State 0 pays 1 for action 0, which stays; action 1 falls to state 1, from which action 0 climbs back, unpaid, if
    there is a ladder. The expert plays action 0. With errors of at most eps per step the learner's largest loss is of
    order eps H in reward moments and eps H^2 in off-policy value moments (q = 1); in on-policy value moments it is of
    order eps H with the ladder and eps H^2 without.

    Args:
        H: horizon.
        p: probability of a slip at state 0.
        q: probability of action 1, which stays down, at state 1.
        ladder: whether action 0 leads from state 1 back to state 0.

    Returns: `mdp`, `expert`, `learner`, `p`, `q` and `ladder`.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021.

    >>> missteps(4, "1/10", "1/2").learner.table[1]
    array([1/2, 1/2], dtype=object)
    """
    expect_integer("H", H, 1)
    slip, down = rational(p), rational(q)
    learner = TabularPolicy(objects([[1 - slip, slip], [1 - down, down]]))
    mdp = families.cliff(H, recovers=ladder)
    return Instance(mdp=mdp, expert=first_action(2, 2), learner=learner, p=slip, q=down, ladder=ladder)
