"""In the game of rewards against policies the imitation gap equals the sum of the two players' average regrets.

Statement  For any rewards f_1..f_N and policies pi_1..pi_N, every class F of rewards, and M, which draws one of the
           pi_k per episode,
               max_{f in F} J_f(E) - J_f(M) = (R + sum_k [J_{f_k}(E) - J_{f_k}(pi_k)]) / N,
               R = max_{f in F} sum_k <f - f_k, d^E - d^{pi_k}>.
           Some Markov policy has the occupancy of M. No pi_k need be optimal for f_k: on a tree, gradient steps against
           policy search from the expert's states have a gap of at most 6/N, although each pi_k is suboptimal for f_k by
           at least 1/2.
Assumes    nothing: any finite MDP, finite horizon.
Units      J_f is the undiscounted return under the reward f; R, the reward player's regret, is a sum of N such returns.
Kind       identity; exists (the tree, N = 1..64 in powers of 2)
Source     adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
Proof      proofs/imitation/reduction_to_no_regret_is_an_equality.md
"""

from dataclasses import replace
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import flips
from ...instances.library.imitation.tree import leaf_reward, policy_of_leaf_law, policy_to_leaf, tree_mdp
from ...learn import BoxRewards, ExpertResets, GradientAscent, Mixture, MomentMatching, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Bound, Claim, Control, Equal, Part
from ...verify.faults import delay_by_a_step


def rounds(m):
    """The policies, the expert's occupancy minus each one's `[t,s,a]`, and value gaps under their rounds' rewards."""
    policies = [TabularPolicy(table) for table in m.learners]
    shown = measure.occupancy(m.mdp, m.expert)
    missed = [shown - measure.occupancy(m.mdp, policy) for policy in policies]
    lost = [
        measure.value_gap(replace(m.mdp, r=f), m.expert, policy) for f, policy in zip(m.played, policies, strict=True)
    ]
    return policies, missed, lost


def returns(m, policies):
    """The value gap of the uniform mixture under every reward of the class."""
    tasks, N = [replace(m.mdp, r=f) for f in m.rewards], len(policies)
    return stack(
        [measure.value(task, m.expert) - sum(measure.value(task, each) for each in policies) / N for task in tasks]
    )


def check(m, gaps=returns, since=0):
    policies, missed, lost = rounds(m)
    won = sum((d * f).sum() for d, f in zip(missed[since:], m.played[since:], strict=True))
    most = stack([(sum(missed[since:]) * f).sum() for f in m.rewards]).max()
    return Equal({"gap": (gaps(m, policies).max(), (most - won + sum(lost)) / len(policies))})


def one_table(m, policies):
    """As `returns`, for the average of the tables."""
    one = TabularPolicy(sum(policy.table for policy in policies) / len(policies))
    return stack([measure.value_gap(replace(m.mdp, r=f), m.expert, one) for f in m.rewards])


def averaged_tables(m):
    return check(m, gaps=one_table)


def last_round_alone(m):
    return check(m, since=-1)


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        rewards=Box("K", "H", "S", "A", lower=-1),
        played=Box("N", "H", "S", "A", lower=-1),
        expert=Simplex("H", "S", to="A", within="mask"),
        learners=Simplex("N", "H", "S", to="A", within="mask"),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3), K=(1, 3), N=(1, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.rewards[0], x.rho, horizon=Finite(x.sizes["H"])),
        rewards=lambda x: x.rewards,
        played=lambda x: x.played,
        expert=lambda x: TabularPolicy(x.expert),
        learners=lambda x: x.learners,
    ),
)


# ---- one Markov policy, and a learner's own game
def mix(m):
    """The game, with the Markov policy that plays as the mixture of its policies."""
    return m.replace(mixture=Mixture([TabularPolicy(table) for table in m.learners]).to_tabular(m.mdp))


@cache
def games(rounds=(1, 2, 4, 8, 16, 32)):
    """A run of moment matching on a tree after some of its rounds, with the learner's trace.

    The expert goes to three leaves. Every reward of the class pays 1 at the last leaf, and anything in [-1, 1]
    elsewhere; off the expert's nodes the policies are leftmost and do not reach that leaf.
    """
    A, H = 2, 4
    problem = tree_mdp(A, H)
    expert = policy_of_leaf_law(objects(["1/2", "1/3", *[0] * 9, "1/6", *[0] * 4]), A, H)
    centre = leaf_reward(A**H - 1, A, H)
    rewards, search = BoxRewards(2 * centre - 1, 1 + 0 * centre), ExpertResets(default_policy=policy_to_leaf(0, A, H))
    learner = MomentMatching(rewards, GradientAscent("1/8"), search, rounds=rounds[-1])
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    log = fit(learner, access, rng=np.random.default_rng(0)).trace
    tables = objects(np.stack([policy.table for policy in log["policy"]]))
    played = objects(np.stack(list(log["reward"])))
    whole = Instance(mdp=problem, expert=expert, centre=centre, radius=1 - centre)
    reported = dict(sup_gap=log["sup_gap"], regret=log["reward_regret"])
    return [
        mix(
            whole.replace(
                learners=tables[:N], played=played[:N], N=N, **{name: each[N - 1] for name, each in reported.items()}
            )
        )
        for N in rounds
    ]


def longest():
    return games((64,))


def largest(m, d):
    """The largest inner product of a difference of occupancies with a reward within `radius` of the `centre`."""
    return (d * m.centre).sum() + (abs(d) * m.radius).sum()


def short(m):
    """Suboptimality of each policy `[k]` for the reward of its round; every episode starts at state 0."""
    tasks = [(replace(m.mdp, r=f), TabularPolicy(table)) for f, table in zip(m.played, m.learners, strict=True)]
    return stack([measure.optimal_value(task)[0, 0] - measure.value(task, policy) for task, policy in tasks])


def of_one(m):
    policies, missed, _ = rounds(m)
    visits = measure.occupancy(m.mdp, m.expert) - measure.occupancy(m.mdp, m.mixture)
    gaps = stack([measure.value_gap(replace(m.mdp, r=f), m.expert, m.mixture) for f in m.rewards])
    return Equal({"visits": (visits, sum(missed) / len(policies)), "gaps": (gaps, returns(m, policies))})


def of_a_box(m):
    """The class is all rewards that differ from the `centre` by no more than the `radius`."""
    _, missed, lost = rounds(m)
    gap = largest(m, measure.occupancy(m.mdp, m.expert) - measure.occupancy(m.mdp, m.mixture))
    regret = largest(m, sum(missed)) - sum((d * f).sum() for d, f in zip(missed, m.played, strict=True))
    return Equal(
        {
            "gap": (gap, (regret + sum(lost)) / m.N),
            "reported gap": (m.sup_gap, gap),
            "reported regret": (m.regret, regret),
        }
    )


def imitates(m):
    return Bound(m.sup_gap, rational(6) / m.N)


def far(m):
    return Bound(rational("1/2"), short(m).min())


def numbers(m):
    """Per round: the gap, the regret, the policies' gaps to expert and optimum, and the gap of the averaged tables."""
    lost, best = rounds(m)[-1], short(m)
    gap, regret = (of_a_box(m).pairs[name][1] for name in ("reported gap", "reported regret"))
    tables = measure.occupancy(m.mdp, m.expert) - measure.occupancy(m.mdp, TabularPolicy(sum(m.learners) / m.N))
    return {
        "a round": [each.mid for each in (gap, regret / m.N, sum(lost) / m.N, best.sum() / m.N, largest(m, tables))]
    }


def figure(ax, rows):
    """The terms of the equality against the rounds of one run, and the suboptimality of its policies."""
    at = [row for row in rows if row["part"] == PLAY]
    N, terms = [row["parameters"]["N"] for row in at], np.array([row["data"]["a round"] for row in at]).T
    names = (
        "gap",
        "regret of the rewards",
        "policies against the expert",
        "against the best policy",
        "averaged tables (fails)",
    )
    for values, name, style in zip(terms, names, ("o-C0", "k--", "^-C2", "s:C4", "xC1"), strict=True):
        ax.plot(N, values, style, label=name)
    ax.set(xlabel="rounds $N$", ylabel="units of $J$, a round", xscale="log")
    ax.legend()


PLAY = "moment matching on a tree"
CLAIM = Claim(
    "reduction_to_no_regret_is_an_equality",
    check,
    FAMILY,
    formula=(
        r"\max_{f \in F}\; J_f(E) - J_f(M) = \frac1N \Big( R + \sum_{k=1}^N \big[ J_{f_k}(E) - J_{f_k}(\pi_k) "
        r"\big] \Big), \qquad R = \max_{f \in F} \sum_{k=1}^N \langle f - f_k,\, d^E - d^{\pi_k} \rangle"
    ),
    papers=("ren2024",),
    tags=("inverse-reinforcement-learning", "no-regret"),
    controls=(
        Control("the average of the tables", witness=flips, tightens=averaged_tables, at="gap"),
        Control("regret of the last round alone", witness=lambda: flips(3), tightens=last_round_alone, at="gap"),
        Control("visits counted one step late", witness=flips, sabotages=measure.occupancy, by=delay_by_a_step),
    ),
    also=(
        Part("one Markov policy", lambda: [mix(flips(N)) for N in (1, 2, 3)], of_one),
        Part(PLAY, games, of_a_box, data=numbers, thorough=longest),
        Part("the learner imitates", games, imitates, thorough=longest),
        Part("no policy is near optimal", games, far, thorough=longest),
    ),
    accepts=("mdp", MDP, ("P", "rho")),
    figure=figure,
)
