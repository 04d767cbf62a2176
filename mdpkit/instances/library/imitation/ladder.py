"""Classes that do not contain the expert: what is played at states that the expert never visits decides the loss."""

import numpy as np

from ....base.arrays import objects, rational
from ....base.errors import InvalidModel
from ....model import MDP, Finite, TabularPolicy
from ... import families
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance
from .road import first_action


@named_instance
def ladder(H: int = 3, eps: Exact = "1/10", climbs: bool = True, benevolent: bool = False) -> Instance:
    """A cliff with a ladder, an expert that never falls, and a class of rules that slip with probability eps on top.

    State 0 pays 1 for action 0, which stays; action 1 falls to state 1, from which action 0 climbs back, unpaid. A
    learner that is reset to the expert's states alone never tries the ladder: if ties at unseen states go to the rule
    that stays down, its gap is that of the cliff, order eps H^2. With resets to its own states as well the gap is at
    most 2 eps H.

    Args:
        H: horizon.
        eps: probability of a slip that no rule of the class avoids.
        climbs: whether there is a ladder; without it action 0 stays down as well.
        benevolent: whether the first of the rules, to which ties go, climbs.

    Returns: `mdp`, `expert`, the decision rules `rules[k,s,a]`, one that stays down and one that climbs, and `eps`.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023; Espinosa-Dice, Choudhury, Sun and Swamy, 2025.

    >>> ladder(4).rules[0, 1]
    array([0, 1], dtype=object)
    """
    error = rational(eps)
    rules = objects([[[1 - error, error], down] for down in ([0, 1], [1, 0])])
    return Instance(
        mdp=families.cliff(H, recovers=climbs),
        expert=first_action(2, 2),
        rules=rules[::-1] if benevolent else rules,
        eps=error,
    )


@named_instance
def lock_with_ladder(H: int = 4, eps: Exact = "1/20", sparse: bool = True) -> Instance:
    """A combination lock with a ladder: a learner must find the digits, and climb back after its slips.

    State 0 is good. Its right digit at step t is action t mod 2, which slips with probability eps to state 1; the other
    digit leads to state 2, which is absorbing; action 2, which no rule of the class plays, never slips. From state 1
    action 1 climbs back and the others stay. Without resets the digits are found by chance in order 2^H episodes; with
    resets to the expert's states alone the ladder is never tried.

    Args:
        H: horizon.
        eps: probability of a slip.
        sparse: whether only the right digit of the last step pays, 1; else every right digit pays 1/H.

    Returns: `mdp`, `expert`, `eps`, and the decision rules `rules[k,s,a]` on the first two actions, the first of which
        stays down.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.

    >>> lock_with_ladder(4).mdp
    MDP(S=3, A=3, Finite(H=4), rational, 40 transitions)
    """
    expect_integer("H", H, 1)
    error = rational(eps)
    P, r = np.zeros((H, 3, 3, 3), dtype=object), np.zeros((H, 3, 3), dtype=object)
    for t in range(H):
        right = t % 2
        P[t, 0] = [0, 0, 1]
        P[t, 0, right], P[t, 0, 2] = [1 - error, error, 0], [1, 0, 0]
        P[t, 1], P[t, 2] = [0, 1, 0], [0, 0, 1]
        P[t, 1, 1] = [1, 0, 0]
        r[t, 0, right] = r[t, 0, 2] = rational(int(t == H - 1)) if sparse else rational(1) / H
    rules = [[[1 - good, good, 0], [1 - up, up, 0], [1, 0, 0]] for up in (0, 1) for good in (0, 1)]
    careful = TabularPolicy(objects([[0, 0, 1]] * 3))
    mdp = MDP(objects(P), objects(r), objects([1, 0, 0]), horizon=Finite(H))
    return Instance(mdp=mdp, expert=careful, rules=objects(rules), eps=error)


@named_instance
def tightrope(H: int = 4, c: Exact = "1/10", benevolent: bool = False) -> Instance:
    """A tightrope that only the expert can walk, and a bridge beside it that a learner could walk.

    From state 0 action 0 leads to the rope, state 1, and the others to the bridge, state 2. The rope pays 1 and is left
    alive by action 2 alone, which no rule of the class plays; the bridge pays 1 - c and is left alive by action 1
    alone. All other actions lead to state 3, which is absorbing and pays nothing. The expert earns H - 1. A learner
    that is reset to the expert's states never tries the bridge: if ties go to the rule that falls there, it earns 1.
    With resets to the bridge as well it earns (1 - c)(H - 1).

    Args:
        H: horizon, at least 2.
        c: what the detour costs at each step.
        benevolent: whether the first of the rules, to which ties go, walks the bridge.

    Returns: `mdp`, `expert`, the policy `walker` that takes the bridge, and the decision rules `rules[k,s,a]`.
    Source: adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025.

    >>> tightrope(4).rules.shape
    (4, 4, 3)
    """
    expect_integer("H", H, 2)
    cost = rational(c)
    if cost < 0:
        raise InvalidModel(f"c is {cost}; expected a cost of at least 0")
    to = np.array([[1, 2, 2], [3, 3, 1], [3, 2, 3], [3, 3, 3]])
    paid = objects([0, 1, 1 - cost, 0])
    mdp = MDP(
        objects(np.eye(4, dtype=int)[to]),
        paid[:, None] * objects([1, 1, 1]),
        objects([1, 0, 0, 0]),
        horizon=Finite(H),
    )
    plays = [[start, 0, walks, 0] for walks in (0, 1) for start in (0, 1)]
    rules = objects(np.eye(3, dtype=int)[np.array(plays[2:] + plays[:2] if benevolent else plays)])
    expert, walker = (TabularPolicy(objects(np.eye(3, dtype=int)[each])) for each in ([0, 2, 0, 0], [1, 0, 1, 0]))
    return Instance(mdp=mdp, expert=expert, walker=walker, rules=rules)


@named_instance
def turnoff(H: int = 3, aside: Exact = 0) -> Instance:
    """A road that pays, and a learner that turns aside because it would not know how to be paid there.

    From state 0 action 0 leads to the road, state 1, and action 1 aside, to state 2; both are absorbing, action 0 pays
    1 on the road and `aside` beside it, action 1 pays nothing. The expert takes the road. The learner turns aside and
    would play action 1 on the road: on its own states no action is better, and only resets to the expert's reveal its
    loss.

    Args:
        H: horizon, at least 2.
        aside: reward of action 0 at state 2.

    Returns: `mdp`, `expert` and `learner`.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.

    >>> turnoff(3).learner.table[1]
    array([0, 1], dtype=object)
    """
    expect_integer("H", H, 2)
    P = objects([[[0, 1, 0], [0, 0, 1]], [[0, 1, 0]] * 2, [[0, 0, 1]] * 2])
    mdp = MDP(P, objects([[0, 0], [1, 0], [rational(aside), 0]]), objects([1, 0, 0]), horizon=Finite(H))
    expert, learner = (TabularPolicy(objects(table)) for table in ([[1, 0], [1, 0], [0, 1]], [[0, 1], [0, 1], [1, 0]]))
    return Instance(mdp=mdp, expert=expert, learner=learner)


@named_instance
def common_rule(H: int = 3, other: Exact = 0, bonus: Exact = 2) -> Instance:
    """Two states that a class must treat alike, and an expert that does.

    Both states are absorbing. Action 0 pays 1 at state 0, action 1 pays `bonus` at state 1. The class has two rules,
    action 0 everywhere, which is the expert's, and action 1 everywhere. It contains the expert and is not complete: no
    rule takes the best action at both states. Resets to the expert's states alone lose nothing; with half of them at
    state 1 the gap is H.

    Args:
        H: horizon.
        other: probability that an episode starts at state 1.
        bonus: reward of action 1 at state 1.

    Returns: `mdp`, `expert` and the decision rules `rules[k,s,a]`.
    Source: adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025.

    >>> common_rule(3).rules[1, 0]
    array([0, 1], dtype=object)
    """
    share = rational(other)
    P = objects([[[1, 0]] * 2, [[0, 1]] * 2])
    mdp = MDP(P, objects([[1, 0], [0, rational(bonus)]]), objects([1 - share, share]), horizon=Finite(H))
    rules = objects(np.eye(2, dtype=int)[[[0, 0], [1, 1]]])
    return Instance(mdp=mdp, expert=TabularPolicy(rules[0]), rules=rules)


@named_instance
def button(H: int = 3, eps: Exact = "1/10") -> Instance:
    """A light that pays at every step once it is on, and an expert that presses its button with probability eps.

    At state 0, dark, action 1 switches the light on and is paid, action 0 waits unpaid; state 1, lit, pays 1 for every
    action. The class of all deterministic rules is complete and does not contain the expert. The rule of the class that
    agrees most with the expert never presses and loses J(E), the sum of 1 - (1 - eps)^k over k = 1..H. Policy search
    presses at once and loses nothing.

    Args:
        H: horizon.
        eps: probability, below 1/2, that the expert presses the button at a step.

    Returns: `mdp`, `expert`, the decision rules `rules[k,s,a]` and `eps`.
    Source: adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025.

    >>> button(3).rules.shape
    (4, 2, 2)
    """
    error = rational(eps)
    if not 0 <= 2 * error < 1:
        raise InvalidModel(f"eps is {error}; expected a probability below 1/2")
    P = objects([[[1, 0], [0, 1]], [[0, 1]] * 2])
    mdp = MDP(P, objects([[0, 1], [1, 1]]), objects([1, 0]), horizon=Finite(H))
    rules = objects(np.eye(2, dtype=int)[np.indices((2, 2)).reshape(2, -1).T])
    expert = TabularPolicy(objects([[1 - error, error], [1, 0]]))
    return Instance(mdp=mdp, expert=expert, rules=rules, eps=error)
