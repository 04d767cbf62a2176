"""For two rewards with equal value gaps, half of their per-step moment difference can be subtracted from the bound.

Statement  Let a_t, b_t be the moments E_{s ~ d_t^E, a ~ E} A_f^L(s, a) of two rewards f, and let J_f(E) - J_f(L) = g
           for both. Then
               |g| <= sum_t max(|a_t|, |b_t|) - 1/2 sum_t |a_t - b_t|,
           so that with sum_t |a_t - b_t| = x sum_t max(|a_t|, |b_t|) the gap is at most 1 - x/2 times the sum of
           maxima. This is attained for every x = 1 - y in [0, 2] by a learner that slips at both of two steps, which
           one reward values at 1 and y and the other at y and 1; for equal rewards (x = 0) the gap is the whole sum.
           Rewards with different gaps can attain the whole sum for every x, since one of them may have the larger
           moment at every step.
Assumes    both rewards have the same value gap.
Units      the moments are in units of J, the undiscounted return; x is dimensionless.
Kind       for all; exists (enumerated)
Source     adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
Proof      proofs/imitation/agreeing_rewards_share_their_moments.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Box
from ...instances.library.imitation.cliff import habit
from ...instances.library.imitation.families import REWARD_CLASS
from ...kernels import finite
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def sides(m):
    """The larger of the two value gaps, the sum of the larger moments, and the total difference of the moments."""
    tasks = [replace(m.mdp, r=reward) for reward in m.rewards]
    d = measure.occupancy(m.mdp, m.expert).sum(axis=-1)[..., None] * m.expert.table
    a, b = ((d * measure.advantage(task, m.learner)).sum(axis=(1, 2)) for task in tasks)
    return abs(stack(gaps(m))).max(), stack([abs(a), abs(b)]).max(axis=0).sum(), abs(a - b).sum()


def check(m, part=2):
    gap, most, apart = sides(m)
    return Bound(gap, most - apart / part)


def attains(m):
    gap, most, apart = sides(m)
    return Equal({"gap": (gap, most * (1 - m.x / 2)), "apart": (apart, most * m.x)})


def dominates(m):
    gap, most, apart = sides(m)
    return Equal({"gap": (gap, most), "apart": (apart, most * m.x)})


def agreeing(x):
    """The two drawn rewards, scaled so that their value gaps agree."""
    H, road = len(x.P), (x.expert, x.learner)
    seen = [
        [(x.rho * finite.policy_value(x.P, r, policy, H)[0]).sum() for policy in road]
        for r in (x.rewards[0], x.rewards[1])
    ]
    first, second = (expert - learner for expert, learner in seen)
    most = np.maximum(abs(first), abs(second))
    most = np.where(most == 0, 1, most)
    return type(x)(**{**vars(x), "rewards": np.stack([x.rewards[0] * (second / most), x.rewards[1] * (first / most)])})


FAMILY = replace(
    REWARD_CLASS,
    blocks={**REWARD_CLASS.blocks, "rewards": Box(2, "H", "S", "A", lower=-1)},
    sizes={axis: ends for axis, ends in {**REWARD_CLASS.sizes, "H": (1, 3)}.items() if axis != "K"},
    repair=agreeing,
)


# ---- a learner that slips at every step: the reward of action 0 at state 0 is the moment of that step
def with_rewards(first, second, x):
    rewards = [[[[rational(paid), 0], [0, 0]] for paid in steps] for steps in (first, second)]
    return habit(2, 1).replace(rewards=objects(rewards), x=rational(x))


def apart(x):
    """Rewards of 1 and 1 - x, in either order."""
    y = 1 - rational(x)
    return with_rewards([1, y], [y, 1], x)


def tight():
    return [apart(x) for x in (0, "1/3", "1/2", 1, "3/2")]


def gaps(m):
    return [measure.value_gap(replace(m.mdp, r=reward), m.expert, m.learner) for reward in m.rewards]


SAME = Assumption("both rewards have the same value gap", lambda m: gaps(m)[0] == gaps(m)[1])
CLAIM = Claim(
    "agreeing_rewards_share_their_moments",
    check,
    FAMILY,
    formula=(
        r"\lvert g \rvert \le \sum_t \max(\lvert a_t \rvert, \lvert b_t \rvert) - \tfrac12 \sum_t \lvert a_t - b_t "
        r"\rvert, \qquad a_t = \mathbb{E}_{s \sim d_t^E,\, a \sim E}\, A_t^{L,f}(s, a), \qquad b_t = \mathbb{E}_{s "
        r"\sim d_t^E,\, a \sim E}\, A_t^{L,f'}(s, a), \qquad g = J_f(E) - J_f(L) = J_{f'}(E) - J_{f'}(L)"
    ),
    papers=("swamy2023",),
    tags=("moments", "inverse-reinforcement-learning"),
    assumes=(SAME,),
    controls=(
        Control("the whole moment difference", witness=lambda: apart("1/2"), tightens=lambda m: check(m, part=1)),
        Control(
            "one reward doubles the value gap",
            witness=lambda: with_rewards([1, 1], [1, 0], "1/2"),
            drops=SAME.name,
        ),
        Control(
            "moments off the expert's occupancy",
            witness=lambda: apart(0),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
    ),
    also=(
        Part("arbitrarily different rewards", tight, attains, assumes=(SAME,)),
        Part(
            "rewards with different value gaps",
            lambda: [with_rewards([1, 1], [1 - rational(x) * 2, 1], x) for x in (0, "1/2", "3/4", 1)],
            dominates,
        ),
    ),
    figure=bound,
    sides=(r"$|g|$", r"$\sum_t \max(|a_t|,|b_t|) - \frac{1}{2}\sum_t |a_t - b_t|$"),
)
