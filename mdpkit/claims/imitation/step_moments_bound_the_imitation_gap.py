"""The worst value gap over a reward class is at most the sum over steps of its largest moments, on expert states or resets.

Statement  For every finite class of rewards f
               max_f |J_f(E) - J_f(L)| <= sum_t max_f |E_{s ~ d_t^E, a ~ E} A_f^L(s, a)|,
           with equality for one reward; for H rewards that each pay at one step the right side is H times the left.
           With resets nu_t
               J(E) - J(L) <= sum_t E_{d_t^E} max_a A^L <= C sum_t E_{nu_t} max_a A^L,   C = max d^E/nu,
           attained, for every C, with a share 1/C of the resets on the expert's states and the others on a state
           without reward.
Assumes    the resets lead wherever the expert goes: nu_t > 0 where d_t^E > 0.
Units      the moments are in units of J, the undiscounted return; divided by H - t, in units of reward per step.
Kind       for all; exists
Source     adapted from Swamy, Wu, Choudhury and Bagnell, 2023, and Espinosa-Dice, Choudhury, Sun and Swamy, 2025.
Proof      proofs/imitation/step_moments_bound_the_imitation_gap.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stacked
from ...ink.figures import bound
from ...instances.blocks import Choice, Simplex
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import cliff, habit
from ...instances.library.imitation.families import REWARD_CLASS, TWO_POLICIES
from ...kernels import finite
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def check(m, road="expert"):
    """The largest gap over the rewards and their negatives, and the sum over steps of the largest moment."""
    tasks = [replace(m.mdp, r=reward) for reward in m.rewards]
    d = measure.occupancy(m.mdp, getattr(m, road)).sum(axis=-1)[..., None] * m.expert.table
    steps = stacked([(d * measure.advantage(task, m.learner)).sum(axis=(1, 2)) for task in tasks])
    gaps = stacked([measure.value_gap(task, m.expert, m.learner) for task in tasks])
    return Bound(abs(gaps).max(), abs(steps).max(axis=0).sum())


def where_the_learner_goes(m):
    return check(m, "learner")


def shared(m):
    gap, steps = check(m).sides
    return Equal({"moments": (gap * len(m.rewards), steps)})


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


def attained(m):
    gap, middle, right = by_resets(m).sides
    return Equal({"gap": (gap, right), "on the expert's road": (middle, right)})


def mixed(x):
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
        resets=mixed,
    ),
)


# ---- instances
def rewarded(make, H, eps, times):
    """With rewards that pay for action 0 at state 0 at some steps: `times[k]` of reward k."""
    action = [[1, 0], [0, 0]]
    paid = [[[[pays * int(t in steps) for pays in row] for row in action] for t in range(H)] for steps in times]
    return make(H, eps).replace(rewards=objects(paid))


def rewards():
    return [rewarded(habit, H, 1, times) for H in range(1, 7) for times in ([range(H)], [[t] for t in range(H)])]


def idle(H, share):
    """Both states are absorbing. At state 0 action 0 pays; a share of the resets is there, the rest at state 1, which pays nothing."""
    process = MDP(objects([[[1, 0]] * 2, [[0, 1]] * 2]), objects([[1, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H))
    expert, learner = (TabularPolicy(objects([row] * 2)) for row in ([1, 0], [0, 1]))
    return Instance(process=process, expert=expert, learner=learner, resets=objects([[share, 1 - rational(share)]] * H))


def idles():
    return [idle(H, share) for H in (1, 2, 5) for share in ("1/8", "2/3", 1)]


COVERED = Assumption(
    "the resets lead wherever the expert goes", lambda m: measure.occupancy(m.process, m.expert)[m.resets == 0] == 0
)
BY_RESETS = "with resets"
CLAIM = Claim(
    "step_moments_bound_the_imitation_gap",
    check,
    REWARD_CLASS,
    controls=(
        Control(
            "moments where the learner goes",
            witness=lambda: rewarded(cliff, 5, "1/2", [range(5)]),
            tightens=where_the_learner_goes,
        ),
        Control(
            "moments where the expert never is",
            witness=lambda: rewarded(cliff, 5, "1/2", [range(5)]),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
        Control("without coverage", witness=lambda: idle(4, "1/8"), tightens=without_coverage, part=BY_RESETS),
        Control("resets that miss the expert", witness=lambda: idle(4, 0), drops=COVERED.name, part=BY_RESETS),
    ),
    also=(
        Part("one reward, and one a step", rewards, shared),
        Part(BY_RESETS, RESETS, by_resets, assumes=(COVERED,)),
        Part("idle resets attain it", idles, attained, assumes=(COVERED,)),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=bound,
)
