"""Dialogues of several turns: states are histories, actions the responses, transitions the user's."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance

ON, OFF = 0, 1
"""States: the dialogue is on track, or off it, from where it does not return."""


def track(H: int, keeps: Exact, last_on: list[Exact], last_off: list[Exact], start: list[Exact]) -> MDP:
    """Response 1 keeps the dialogue on track with a probability; the last turn alone is rewarded."""
    P = objects([[[0, 1], [keeps, 1 - rational(keeps)]], [[0, 1], [0, 1]]])
    r = objects(np.zeros((H, 2, 2), dtype=int))
    r[-1] = objects([last_on, last_off])
    return MDP(P, r, objects(start), horizon=Finite(H))


def constant(H: int, rows: list[list[Exact]]) -> TabularPolicy:
    """The same rows `[s,a]` at every turn."""
    return TabularPolicy(objects([rows] * H))


@named_instance
def rare_turns(H: int = 2, k: int = 4) -> Instance:
    """A dialogue that stays on track by a response of probability 2^-k at every turn, with reward 1 at the end.

    It starts on track but for a probability of 2^-k.
    One round of regression that sees no difference leaves all of it. The error lies at the last turn, on a history that
    the comparator reaches 2^(k (H-1)) times as often as the policy: coverage multiplies over the turns, and the
    regret's first term is attained in the limit.

    Args: H: number of turns. k: exponent of the probability.

    Returns: `mdp`, the policies `start` and `rival`, `steps[round,t,s,a]`, `beta` = 1/eta, and `share`, a lower bound
    on the share of the bound.
    Source: adapted from Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.

    >>> rare_turns(2, 4).start.table[0, 0]
    array([15/16, 1/16], dtype=object)
    """
    expect_integer("H", H, 1)
    expect_integer("k", k, 1)
    rare = rational(1) / 2**k
    mdp = track(H, 1, [0, 1], [0, 0], [1 - rare, rare])
    start, rival = constant(H, [[1 - rare, rare]] * 2), constant(H, [[0, 1]] * 2)
    steps = objects(np.ones((1, H, 2, 2), dtype=int))
    return Instance(mdp=mdp, start=start, rival=rival, steps=steps, beta=rare / (H * k), share=1 - 4 * rare)


@named_instance
def small_turns(H: int = 2, n: int = 8) -> Instance:
    """Separate turns of two responses, a uniform start, and one small step of a nearly exact regression at each.

    The reward of the first response is within 1/(4 n^4) of log(1 + 1/n), the regressed one. The comparator is the next
    policy: half of the gap is the divergence from the start, the other half the price of the step.

    Args: H: number of turns. n: inverse of the step.

    Returns: `mdp`, the policies `start` and `rival`, `steps[round,t,s,a]`, `beta` = 1/eta, and `share`, a lower bound
    on the share of the bound.
    Source: adapted from Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.

    >>> small_turns(1, 4).rival.table[0]
    array([[5/9, 4/9]], dtype=object)
    """
    expect_integer("H", H, 1)
    expect_integer("n", n, 1)
    step = rational(1) / n
    mdp = MDP(objects([[[1], [1]]]), objects([[step - step**2 / 2 + step**3 / 3, 0]]), horizon=Finite(H))
    start, rival = constant(H, [["1/2", "1/2"]]), constant(H, [[(1 + step) / (2 + step), 1 / (2 + step)]])
    steps = objects([[[[1 + step, 1]]] * H])
    return Instance(mdp=mdp, start=start, rival=rival, steps=steps, beta=rational(1), share=1 - 5 * step**2)


@named_instance
def last_turn(H: int = 3, q: Exact = "1/4", user: Exact = "9/10", rest: Exact = "3/10") -> Instance:
    """A user who must be asked the right question at every turn but the last, and who may leave the track even so.

    Off track the best last answer is worth `rest`, on track 1. The reference asks the right question with probability
    q, and both answers are equally likely at the last turn. A policy that is trained at the last turn alone keeps the
    reference's questions, and its loss grows with the number of turns.

    Args:
        H: number of turns.
        q: probability of the right question under the reference.
        user: probability that the user goes along with it.
        rest: value of the best answer off track.

    Returns: `mdp`, the policies `reference`, `last` (the reference, but the best answers at the last turn) and `best`.
    Source: adapted from Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.

    >>> last_turn(3).mdp
    MDP(S=2, A=2, Finite(H=3), rational, 5 transitions)
    """
    expect_integer("H", H, 1)
    q, user, rest = (rational(number) for number in (q, user, rest))
    mdp = track(H, user, [0, 1], [rest, 0], [1, 0])
    asks, answers = [[1 - q, q], [1 - q, q]], [[0, 1], [1, 0]]
    tables = (
        [asks] * (H - 1) + [[["1/2", "1/2"]] * 2],
        [asks] * (H - 1) + [answers],
        [[[0, 1]] * 2] * (H - 1) + [answers],
    )
    reference, last, best = (TabularPolicy(objects(table)) for table in tables)
    return Instance(mdp=mdp, reference=reference, last=last, best=best, q=q, user=user, rest=rest)


@named_instance
def shared_answer(H: int = 3, q: Exact = "1/2", rest: Exact = "2/5") -> Instance:
    """The same user, who always goes along, and one parameter for the last answer, whether on track or off.

    Answer 1 is worth 1 on track and nothing off it, answer 0 `rest` off track and nothing on it. On the reference's
    histories, which are on track with probability m = q^(H-1), the parameter moves by eta (m - rest (1 - m)) a round:
    beyond a number of turns it learns the answer for dialogues off track.

    Args:
        H: number of turns.
        q: probability of the right question under the reference.
        rest: value of answer 0 off track.

    Returns: `mdp` with states 2t (on track) and 2t + 1 (off) at turn t, the policy `reference`, `features[s,a,k]`, one
    for each question and one for the answer, `H`, `q` and `rest`.
    Source: adapted from Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.

    >>> shared_answer(2).features[..., 1].T
    array([[0, 0, 0, 0],
           [0, 0, 1, 1]], dtype=object)
    """
    expect_integer("H", H, 1)
    q, rest, S = rational(q), rational(rest), 2 * H
    P, r, features = (np.zeros(shape, dtype=int) for shape in ((S, 2, S), (H, S, 2), (S, 2, H)))
    asks = objects([["1/2", "1/2"]] * S)
    for t in range(H - 1):
        P[2 * t, 1, 2 * t + 2] = P[2 * t, 0, 2 * t + 3] = features[2 * t, 1, t] = 1
        P[2 * t + 1, :, 2 * t + 3] = 1
        asks[2 * t] = objects([1 - q, q])
    P[S - 2, :, S - 2] = P[S - 1, :, S - 1] = features[S - 2 :, 1, H - 1] = 1
    r = objects(r)
    r[H - 1, S - 2, 1], r[H - 1, S - 1, 0] = rational(1), rest
    mdp = MDP(objects(P), r, objects([1] + [0] * (S - 1)), horizon=Finite(H))
    reference = constant(H, asks)
    return Instance(mdp=mdp, reference=reference, features=objects(features), H=H, q=q, rest=rest)
