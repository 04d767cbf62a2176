"""For the average of the rewards played the expert is optimal up to the average regrets, and so is what it mixes.

Statement  Let f_k be the rewards and pi_k the policies of N rounds, fbar the mean of the f_k, and F a class that
           contains the reward 0. Then
               max_pi J_fbar(pi) - J_fbar(E) <= (R_f + R_pi) / N,
               R_f = max_{f in F} sum_k <f - f_k, d^E - d^{pi_k}>,   R_pi = max_pi sum_k J_{f_k}(pi) - J_{f_k}(pi_k),
           and the right side exceeds the left one by exactly max_{f in F} J_f(E) - J_f(mixture of the pi_k). Let w be
           the product of E's probabilities of the actions of a deterministic policy, over the steps and states that it
           reaches: it loses at most 1/w times what E loses under fbar, so that in the limit a fully randomised expert
           leaves fbar no information. On two arms that pay 1 and 0, with an expert that pulls the first with
           probability 2/3, gradient steps against best responses have a gap of 2/(3N) at N = 2, 8, 32, while
           retraining on fbar pulls the second arm, for all ties; at N = 12, 24, 48 the gap is 0, and so is fbar.
Assumes    the class contains the reward 0.
Units      J_f is the undiscounted return under f; regrets are sums of N such returns.
Kind       for all; identity; exists (enumerated)
Source     adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024; Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
Proof      proofs/imitation/averaged_reward_keeps_the_expert_near_optimal.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import bare, objects, rational
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.arms import two_arms
from ...kernels import finite
from ...learn import BoxRewards, GradientAscent, MomentMatching, Planning, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import delay_by_a_step


def average(m):
    return sum(m.played) / len(m.played)


def loss(m, policy):
    """What a policy loses to the best one under the average of the rewards."""
    task = replace(m.mdp, r=average(m))
    return (measure.optimal_value(task)[0] * m.mdp.rho).sum() - measure.value(task, policy)


def regrets(m):
    """R_f, R_pi, and the imitation gap of the mixture times N."""
    policies = [TabularPolicy(table) for table in m.learners]
    shown = measure.occupancy(m.mdp, m.expert)
    missed = [shown - measure.occupancy(m.mdp, policy) for policy in policies]
    gap = stack([(sum(missed) * f).sum() for f in m.rewards]).max()
    won = sum((d * f).sum() for d, f in zip(missed, m.played, strict=True))
    returned = sum(measure.value(replace(m.mdp, r=f), policy) for f, policy in zip(m.played, policies, strict=True))
    best = (measure.optimal_value(m.mdp, sum(m.played))[0] * m.mdp.rho).sum()
    return gap - won, best - returned, gap


def check(m):
    of_rewards, of_policies, _ = regrets(m)
    return Bound(loss(m, m.expert), (of_rewards + of_policies) / len(m.played))


def without_the_policies(m):
    left, right = check(m).sides
    return Bound(left, right - regrets(m)[1] / len(m.played))


def exceeds_by_the_gap(m):
    left, right = check(m).sides
    return Equal({"gap": (right - left, mixture_gap(m))})


def mixture_gap(m):
    """max_f J_f(E) - J_f(mixture), by value functions."""
    policies = [TabularPolicy(table) for table in m.learners]
    gaps = [[measure.value_gap(replace(m.mdp, r=f), m.expert, policy) for policy in policies] for f in m.rewards]
    return stack([sum(each) for each in gaps]).max() / len(policies)


SIZES = dict(H=(1, 3), S=(1, 3), A=(2, 3), K=(1, 2), N=(1, 3))
FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        rewards=Box("K", "H", "S", "A", lower=-1),
        played=Box("N", "H", "S", "A", lower=-1),
        expert=Simplex("H", "S", to="A"),
        learners=Simplex("N", "H", "S", to="A"),
    ),
    sizes=SIZES,
    models=dict(
        mdp=lambda x: MDP(x.P, x.rewards[0], x.rho, horizon=Finite(x.sizes["H"])),
        rewards=lambda x: np.concatenate([x.rewards, x.rewards[:1] * 0]),
        played=lambda x: x.played,
        expert=lambda x: TabularPolicy(x.expert),
        learners=lambda x: x.learners,
    ),
)

# ---- what the expert mixes
MIXED = Family(
    blocks=dict(
        **{name: FAMILY.blocks[name] for name in ("P", "rho", "played", "expert")},
        choice=Choice("H", "S", of="A"),
    ),
    sizes=dict(H=(1, 2), S=(1, 2), A=(2, 3), N=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.played[0], x.rho, horizon=Finite(x.sizes["H"])),
        played=lambda x: x.played,
        expert=lambda x: TabularPolicy(x.expert),
        policy=lambda x: TabularPolicy(x.like((np.arange(x.sizes["A"]) == bare(x.choice)[..., None]).astype(int))),
    ),
)


def probabilities(m):
    """The expert's probability of the policy's action `[t,s]`; 1 where the policy does not go."""
    reached = finite.occupancy(m.mdp.P, m.mdp.rho, m.policy.table, m.mdp.horizon.H).sum(axis=-1) > 0
    return np.where(reached, (m.expert.table * m.policy.table).sum(axis=-1), m.mdp.like(1)[()])


def what_it_mixes(m):
    return Bound(loss(m, m.policy) * probabilities(m).prod(), loss(m, m.expert))


def of_one_state(m):
    """As if the probability were that of the least likely action alone."""
    return Bound(loss(m, m.policy) * probabilities(m).min(), loss(m, m.expert))


# ---- two arms
def play(N):
    """Gradient steps of length 1/2 against best responses, for N rounds on two arms."""
    m = two_arms("2/3")
    learner = MomentMatching(BoxRewards(), GradientAscent("1/2"), Planning(), rounds=N)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    trace = fit(learner, access, rng=None).trace
    tables = np.stack([policy.table for policy in trace["policy"]])
    return m.replace(played=np.stack(list(trace["reward"])), learners=tables, N=N, gap=trace["sup_gap"][-1])


def wrong_arm(m):
    returns = {f"retrained, {ties} ties": (measure.retrained_return(m.mdp, average(m), ties), 0) for ties in TIES}
    return Equal({"gap": (m.gap, rational(2) / (3 * m.N)), **returns})


def nothing(m):
    worst = measure.retrained_return(m.mdp, average(m), "worst")
    return Equal({"gap": (m.gap, 0), "average": (average(m), 0 * average(m)), "retrained, worst ties": (worst, 0)})


def best_ties(m):
    left = nothing(m).pairs
    return Equal({**left, "retrained, worst ties": (measure.retrained_return(m.mdp, average(m), "best"), 0)})


# ---- controls
def one_round(learner, rewards=((0, 0), (1, 0), (-1, 0))):
    """One round on two arms: the reward of the first arm against a learner; the expert pulls the second."""
    mdp = MDP(objects([[[1], [1]]]), objects([[[1, 0]]]), horizon=Finite(1))
    return Instance(
        mdp=mdp,
        expert=TabularPolicy(objects([[[0, 1]]])),
        rewards=objects([[[row]] for row in rewards]),
        played=objects([[[[1, 0]]]]),
        learners=objects([[[learner]]]),
    )


def two_steps():
    """Two steps of the same two arms; the learner is right at the first and the expert at the second."""
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Finite(2))
    return Instance(
        mdp=mdp,
        expert=TabularPolicy(objects([[[0, 1]], [[1, 0]]])),
        rewards=objects([[[[0, 0]], [[0, 0]]]]),
        played=objects([[[[1, 0]], [[1, 0]]]]),
        learners=objects([[[[1, 0]], [[0, 1]]]]),
    )


def two_mistakes():
    """Two steps on which only two mistakes lose the reward, and an expert that flips a coin at each."""
    P = objects([[[[1, 0], [0, 1]], [[1, 0], [0, 1]]]] * 2)
    paid = objects([[[0, 0], [0, 0]], [[1, 1], [1, 0]]])
    coin = objects([[["1/2", "1/2"]] * 2] * 2)
    return Instance(
        mdp=MDP(P, paid, objects([1, 0]), horizon=Finite(2)),
        played=paid[None],
        expert=TabularPolicy(coin),
        policy=TabularPolicy(objects([[[0, 1]] * 2] * 2)),
    )


TIES = "worst", "uniform", "best"
ZERO = Assumption("the class contains the reward 0", lambda m: any((f == 0).all() for f in m.rewards))
CHOSEN = "what the expert mixes"
IDENTITY, ARMS, NONE = "the two differ by the gap", "the wrong arm", "no information"
CLAIM = Claim(
    "averaged_reward_keeps_the_expert_near_optimal",
    check,
    FAMILY,
    formula=(
        r"\max_\pi J_{\bar f}(\pi) - J_{\bar f}(E) \le \frac{R_f + R_\pi}{N}, \qquad \bar f = \frac1N \sum_k f_k, "
        r"\qquad R_\pi = \max_\pi \sum_k J_{f_k}(\pi) - J_{f_k}(\pi_k)"
    ),
    papers=("sapora2024", "ren2024"),
    tags=("inverse-reinforcement-learning", "retraining", "no-regret"),
    assumes=(ZERO,),
    controls=(
        Control("a class without the reward 0", witness=lambda: one_round((1, 0), rewards=((1, 0),)), drops=ZERO.name),
        Control("the regret of the rewards alone", witness=lambda: one_round((0, 1)), tightens=without_the_policies),
        Control(
            "occupancies one step late",
            witness=two_steps,
            sabotages=measure.occupancy,
            by=delay_by_a_step,
            part=IDENTITY,
        ),
        Control("the least likely action alone", witness=two_mistakes, tightens=of_one_state, part=CHOSEN),
        Control(
            "ties for the expert",
            witness=lambda: play(12),
            tightens=best_ties,
            at="retrained, worst ties",
            part=NONE,
        ),
    ),
    also=(
        Part(IDENTITY, FAMILY, exceeds_by_the_gap),
        Part(CHOSEN, MIXED, what_it_mixes),
        Part(ARMS, lambda: [play(N) for N in (2, 8, 32)], wrong_arm),
        Part(NONE, lambda: [play(N) for N in (12, 24, 48)], nothing),
    ),
    figure=bound,
    sides=(r"$\max_\pi J_{\bar f}(\pi) - J_{\bar f}(E)$", r"$(R_f + R_\pi) / N$"),
)
