"""A reward class's worst value gap is at most the sum over steps of its largest moments, on expert states or resets.

Statement  For every finite class of rewards f
               max_f |J_f(E) - J_f(L)| <= sum_t max_f |E_{s ~ d_t^E, a ~ E} A_f^L(s, a)|,
           with equality for one reward whose moments, the terms of the sum, have one sign. For some H rewards that
           each pay at one step the right side is H times the left.
           With resets nu_t
               J(E) - J(L) <= sum_t E_{d_t^E} max_a A^L <= C sum_t E_{nu_t} max_a A^L,   C = max d^E/nu,
           attained, for every C, with a share 1/C of the resets on the expert's states and the others on a state
           without reward.
Assumes    the moments of the reward have one sign (equality for one reward); the resets cover the expert's occupancy:
           nu_t > 0 where d_t^E > 0 (resets).
Units      the moments are in units of J, the undiscounted return; divided by H - t, in units of reward per step.
Kind       for all; exists
Source     adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023, and Espinosa-Dice, Choudhury, Sun and Swamy, 2025.
Proof      proofs/imitation/step_moments_bound_the_imitation_gap.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Choice, Simplex
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import cliff, habit
from ...instances.library.imitation.families import REWARD_CLASS, TWO_POLICIES
from ...kernels import finite
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def moments(m, road="expert"):
    """The expert's average advantage over the learner, `[k,t]` for reward k at step t, at the states of the `road`."""
    d = measure.occupancy(m.mdp, getattr(m, road)).sum(axis=-1)[..., None] * m.expert.table
    tasks = [replace(m.mdp, r=reward) for reward in m.rewards]
    return stack([(d * measure.advantage(task, m.learner)).sum(axis=(1, 2)) for task in tasks])


def check(m, road="expert"):
    """The largest gap over the rewards and their negatives, and the sum over steps of the largest moment."""
    gaps = [measure.value_gap(replace(m.mdp, r=reward), m.expert, m.learner) for reward in m.rewards]
    return Bound(abs(stack(gaps)).max(), abs(moments(m, road)).max(axis=0).sum())


def where_the_learner_goes(m):
    return check(m, "learner")


def sum_moments(m):
    """For one reward: the gap and the sum of the absolute moments."""
    return Equal({"gap": check(m).sides})


def shares(m):
    gap, steps = check(m).sides
    return Equal({"moments": (gap * len(m.rewards), steps)})


ONE_REWARD = replace(REWARD_CLASS, sizes={**REWARD_CLASS.sizes, "H": (1, 3), "K": (1, 1)})
ONE_SIGN = Assumption("the moments of the reward have one sign", lambda m: moments(m).min() * moments(m).max() >= 0)


# ---- resets
def by_resets(m):
    best, road = (
        measure.advantage(m.process, m.learner).max(axis=-1),
        measure.occupancy(m.process, m.expert).sum(axis=-1),
    )
    C = (road / np.where(m.resets > 0, m.resets, 1)).max()  # where there are no resets the expert has no visits
    return Bound(measure.value_gap(m.process, m.expert, m.learner), (road * best).sum(), C * (best * m.resets).sum())


def without_coverage(m):
    gap, middle, _ = by_resets(m).sides
    return Bound(gap, middle, (measure.advantage(m.process, m.learner).max(axis=-1) * m.resets).sum())


def attains(m):
    gap, middle, right = by_resets(m).sides
    return Equal({"gap": (gap, right), "on the expert's road": (middle, right)})


def mix_resets(x):
    """The drawn resets, mixed with a share of the expert's occupancy."""
    return finite.occupancy(x.P, x.rho, x.expert, len(x.P)).sum(axis=2) * x.share + x.resets * (1 - x.share)


RESETS = replace(
    TWO_POLICIES,
    blocks={**TWO_POLICIES.blocks, "resets": Simplex("H", to="S"), "share": Choice(of=("1/8", "1/2", 1))},
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3)),
    models=dict(
        process=TWO_POLICIES.models["mdp"],
        expert=TWO_POLICIES.models["expert"],
        learner=TWO_POLICIES.models["learner"],
        resets=mix_resets,
    ),
)


# ---- instances
def with_rewards(make, H, eps, times):
    """With rewards that pay for action 0 at state 0 at some steps: `times[k]` of reward k."""
    action = [[1, 0], [0, 0]]
    paid = [[[[pays * int(t in steps) for pays in row] for row in action] for t in range(H)] for steps in times]
    return make(H, eps).replace(rewards=objects(paid))


def rewards():
    return [with_rewards(habit, H, 1, times) for H in range(1, 7) for times in ([range(H)], [[t] for t in range(H)])]


def overtaken():
    """The habit, slipping at every step: the moments are the rewards of 1, 1 and -1, and the gap is 1."""
    m = with_rewards(habit, 3, 1, [range(2)])
    m.rewards[0, 2, 0, 0] = -rational(1)
    return m


def idle(H, share):
    """Absorbing states 0, where action 0 pays, and 1, without reward; a share of the resets is at 0, the rest at 1."""
    process = MDP(objects([[[1, 0]] * 2, [[0, 1]] * 2]), objects([[1, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H))
    expert, learner = (TabularPolicy(objects([row] * 2)) for row in ([1, 0], [0, 1]))
    return Instance(process=process, expert=expert, learner=learner, resets=objects([[share, 1 - rational(share)]] * H))


def idles():
    return [idle(H, share) for H in (1, 2, 5) for share in ("1/8", "2/3", 1)]


COVERED = Assumption(
    "the resets cover the expert's occupancy", lambda m: measure.occupancy(m.process, m.expert)[m.resets == 0] == 0
)
BY_RESETS, ONE = "with resets", "one reward"
CLAIM = Claim(
    "step_moments_bound_the_imitation_gap",
    check,
    REWARD_CLASS,
    formula=(
        r"\max_f \lvert J_f(E) - J_f(L) \rvert \le \sum_t \max_f \big\lvert \mathbb{E}_{s \sim d_t^E,\, a \sim "
        r"E}\, A_t^{L,f}(s, a) \big\rvert, \qquad J(E) - J(L) \le C \sum_t \mathbb{E}_{s \sim \nu_t} \max_a "
        r"A_t^L(s, a), \quad C = \max_{t,s} \frac{d_t^E(s)}{\nu_t(s)}"
    ),
    papers=("swamy2023", "espinosadice2025"),
    tags=("moments", "resets", "inverse-reinforcement-learning"),
    controls=(
        Control(
            "moments under the learner's occupancy",
            witness=lambda: with_rewards(cliff, 5, "1/2", [range(5)]),
            tightens=where_the_learner_goes,
        ),
        Control(
            "moments off the expert's occupancy",
            witness=lambda: with_rewards(cliff, 5, "1/2", [range(5)]),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
        Control("one reward of both signs", witness=overtaken, drops=ONE_SIGN.name, part=ONE),
        Control("without coverage", witness=lambda: idle(4, "1/8"), tightens=without_coverage, part=BY_RESETS),
        Control("resets that do not cover the expert", witness=lambda: idle(4, 0), drops=COVERED.name, part=BY_RESETS),
    ),
    also=(
        Part(ONE, ONE_REWARD, sum_moments, assumes=(ONE_SIGN,)),
        Part("one reward, and one a step", rewards, shares),
        Part(BY_RESETS, RESETS, by_resets, assumes=(COVERED,)),
        Part("idle resets attain it", idles, attains, assumes=(COVERED,)),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=bound,
    sides=(r"$\max_f |J_f(E) - J_f(L)|$", r"$\sum_t \max_f |E_{d_t^E}\,A_f^L|$"),
)
