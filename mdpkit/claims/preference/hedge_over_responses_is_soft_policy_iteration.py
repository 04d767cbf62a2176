"""Hedge over whole responses is soft policy iteration on tokens; with random replies it is not realisable.

Statement  Let next tokens lead to one state each, let p_0 be the law of responses of a token policy pi_0 > 0, and
           p_(k+1)(y) proportional to p_k(y) e^(eta R_k(y)), with rewards R_k(y) = sum_t r_k(s_t, a_t) of the rounds.
           Let pi_(k+1) be the soft optimum for eta r_k at the reference pi_k, beta = 1. Then p_k is the law of pi_k for
           every k, and pi_k is the soft optimum for eta sum_(j < k) r_j at pi_0. On a tree any rewards of responses are
           of this form: they may be paid with the last token, such as the mean preference over the responses of the
           opponent in self-play. If a user replies at random, Hedge over whole dialogues can change the law of the
           replies.
Assumes    no merged states (only for any rewards of responses); certain replies (last part).
Units      rewards times eta in nats.
Kind       identity
Source     adapted from Swamy, Dann, Kidambi, Wu and Agarwal, 2024; Rafailov, Hejna, Park and Finn, 2024.
Proof      proofs/preference/hedge_over_responses_is_soft_policy_iteration.md
"""

from math import prod

import numpy as np

from ... import measure
from ...base.interval import Interval, stack
from ...base.lifting import enclose
from ...ink.figures import identity
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.preference.tokens import GRAPHS, ROWS, bad_token, graph, heap, mix_with_uniform
from ...model import TabularPolicy, TokenProblem, token_policy
from ...solve import tilted_tokens
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def with_slack(m, table):
    """The table of a computed policy: on floats, every entry of two rounds is off by less than 32 roundings."""
    return enclose(table, 0 if m.problem.exact else 16 * np.finfo(float).eps)


def products(m, array):
    """The product of `array[s,a]` along every response, `[y]`."""
    each = array if isinstance(array, Interval) else enclose(array)
    return stack([prod([each[pair] for pair in path[1:]], start=each[path[0]]) for path in m.problem.responses])


def hedge(m, law, weights):
    """The law after one round: the weights e^(eta R) of the responses multiply it."""
    mass = law * products(m, weights)
    return mass / mass.sum()


def respond(m, policy, weights):
    """The token policy after one round: soft-optimal for the round's rewards, with the policy as its reference."""
    return tilted_tokens(TokenProblem(m.problem.next, policy.table, weights=weights))


def check(m):
    policies = [TabularPolicy(m.problem.reference)]
    laws = [products(m, m.problem.reference)]
    for weights in (m.first, m.second):
        policies.append(respond(m, policies[-1], weights))
        laws.append(hedge(m, laws[-1], weights))
    at_once = measure.soft_policy(TokenProblem(m.problem.next, m.problem.reference, weights=m.first * m.second))
    return Equal(
        {
            **{f"round {k}": (products(m, with_slack(m, policies[k].table)), laws[k]) for k in (1, 2)},
            "first response": (products(m, with_slack(m, policies[2].table))[0], laws[2][0]),
            "at once": (at_once, with_slack(m, policies[2].table)),
        }
    )


def with_the_first_reference(m):
    """The second round with the reference of the first: soft planning that forgets the first round."""
    forgetful = respond(m, TabularPolicy(m.problem.reference), m.second)
    pairs = check(m).pairs
    law = products(m, with_slack(m, forgetful.table))
    return Equal({**pairs, "first response": (law[0], pairs["first response"][1])})


def greedy_by_token(m):
    """Each token reweighted by its own reward alone, without the values of what follows."""
    mass = enclose(m.problem.reference) * enclose(m.first)
    table = mass / mass.sum(axis=-1)[:, None]
    law = stack([prod([table[pair] for pair in path[1:]], start=table[path[0]]) for path in m.problem.responses])
    return Equal({**check(m).pairs, "round 1": (law, check(m).pairs["round 1"][1])})


# ---- replies of a user
def replies(m):
    """The law of each reply after a round of Hedge over dialogues, and the user's own, at the user's states."""
    over = TokenProblem(m.problem.next, m.problem.reference, weights=m.first).problem()
    mass = over.reference[0] * over.weights[0]
    found = token_policy(m.problem, mass / mass.sum()).table
    users = np.where(m.user[:, None], 1, 0)
    return Equal({"replies": (with_slack(m, found * users), enclose(m.problem.reference * users))})


def family(**change):
    return Family(
        blocks=dict(
            reference=ROWS, first=Box("S", "A", lower="1/8", upper=8), second=Box("S", "A", lower="1/8", upper=8)
        ),
        sizes=GRAPHS,
        models=dict(
            problem=lambda x: TokenProblem(graph(x), mix_with_uniform(x.reference), weights=x.first * 0 + 1),
            first=lambda x: x.first,
            second=lambda x: x.second,
        )
        | change,
    )


# ---- controls
def two_rounds():
    """Two tokens, and rewards that change between the rounds."""
    m = bad_token(2, weight=1)
    like = m.problem.like
    return m.replace(first=like([[1, 2], [1, 3], [5, 1]]), second=like([[2, 1], [1, 1], [1, 7]]))


def dialogue():
    """A token, then a random reply that decides the reward."""
    m = two_rounds()
    return m.replace(user=np.array([False, True, True]))


def certain_reply(k):
    """A token, then a reply that is certain, with rewards drawn by the number k."""
    like = bad_token(2).problem.like
    problem = TokenProblem(heap(3, 2), like([["1/3", "2/3"], [1, 0], [0, 1]]), weights=like([[1, 1]] * 3))
    first = like([[1 + k, 2], [1, 3 + k], [5, 1]])
    return bad_token(2).replace(problem=problem, first=first, user=np.array([False, True, True]))


def without_values(soft_policy, problem, reward=None):
    mass = enclose(problem.reference) * enclose(problem.weights)
    return mass / mass.sum(axis=-1)[:, None]


CERTAIN = Assumption(
    "replies are certain",
    lambda m: bool(((m.problem.reference == 0) | (m.problem.reference == 1))[m.user].all()),
)
REPLIES = "replies"
CLAIM = Claim(
    "hedge_over_responses_is_soft_policy_iteration",
    check,
    family(),
    formula=(
        r"p_{k+1}(y) \propto p_k(y)\, e^{\eta R_k(y)} \quad\Longleftrightarrow\quad \pi_{k+1} = \operatorname{argmax}_\pi "
        r"\mathbb{E}_\pi \sum_t \big[ \eta\, r_k - \mathrm{KL}(\pi \,\Vert\, \pi_k) \big]"
    ),
    papers=("swamy2024", "rafailov2024"),
    tags=("preferences", "tokens", "self-play", "no-regret"),
    controls=(
        Control("random replies", witness=dialogue, drops=CERTAIN.name, part=REPLIES),
        Control(
            "every round from the first reference",
            witness=two_rounds,
            tightens=with_the_first_reference,
            at="first response",
        ),
        Control("tokens by their own rewards", witness=two_rounds, tightens=greedy_by_token, at="round 1"),
        Control("soft planning without values", witness=two_rounds, sabotages=measure.soft_policy, by=without_values),
    ),
    also=(Part(REPLIES, lambda: [certain_reply(k) for k in range(4)], replies, assumes=(CERTAIN,)),),
    figure=identity,
)
