"""The gap is at most the advantage left under a mixture of resets, divided by the expert's share of it.

Statement  Let nu_t = alpha d_t^E + (1 - alpha) d_t^G with a share alpha > 0 of the resets on the expert's states, G any
           other policy, and eps_t(alpha) = max_f E_{nu_t} max_a A_f^L the advantage that is left to the rewards f. Then
               max_f J_f(E) - J_f(L) <= eps_0 + sum_{t >= 1} eps_t(alpha) / alpha,
           attained for every alpha and H >= 2 by a learner L = G that no action improves on its own states. The gap is also
           at most max_f [max_pi J_f(pi) - J_f(L)], the error of reinforcement learning from the start: the smaller of
           the two counts, and either may be.
Assumes    the share of the expert's states is positive.
Units      eps_t in units of Q, a sum of H - t rewards; no range of rewards is assumed.
Kind       for all; exists
Source     adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
Proof      proofs/imitation/reset_mixture_bound_is_attained.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.families import REWARD_CLASS
from ...instances.library.imitation.ladder import turnoff
from ...model import MDP, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def gap(m):
    """The largest value gap over the class of rewards."""
    return stack([measure.value_gap(replace(m.mdp, r=f), m.expert, m.learner) for f in m.rewards]).max()


def left_over(m, best=lambda A, m: A.max(axis=-1)):
    """eps_t(alpha) `[t]`: the largest mean advantage of the best action under the resets."""
    d, g = (measure.occupancy(m.mdp, policy).sum(axis=-1) for policy in (m.expert, m.other))
    nu = d * m.alpha + g * (1 - m.alpha)
    A = [measure.advantage(replace(m.mdp, r=f), m.learner) for f in m.rewards]
    return stack([(nu * best(each, m)).sum(axis=-1) for each in A]).max(axis=0)


def check(m, **how):
    eps = left_over(m, **how)
    return Bound(gap(m), (eps.sum() - eps[0]) / m.alpha + eps[0])


def off_the_road(occupancy, problem, policy):
    """The occupancy with the visits of the road, state 1, moved beside it, to state 2."""
    return occupancy(problem, policy)[:, [0, 2, 1]]


def without_division(m):
    return Bound(gap(m), left_over(m).sum())


def of_the_expert(m):
    """With the expert's advantage in place of that of the best action."""
    return check(m, best=lambda A, m: (A * m.expert.table).sum(axis=-1))


FAMILY = Family(
    blocks=REWARD_CLASS.blocks | dict(other=Simplex("H", "S", to="A", within="mask"), alpha=Box(lower="1/8")),
    sizes=REWARD_CLASS.sizes,
    models=REWARD_CLASS.models | dict(other=lambda x: TabularPolicy(x.other), alpha=lambda x: x.alpha[()]),
)


# ---- instances
def on_the_turnoff(H, alpha="1/2", aside=0, **policies):
    """The turnoff; policies may be given by the actions that they play at the three states."""
    m = turnoff(H, aside)
    made = {name: TabularPolicy(objects(np.eye(2, dtype=int)[list(plays)])) for name, plays in policies.items()}
    parts = dict(expert=m.expert, learner=m.learner) | made
    return Instance(mdp=m.mdp, other=parts["learner"], rewards=m.mdp.r[None], alpha=objects(alpha)[()], **parts)


def list_tight():
    return [on_the_turnoff(H, alpha) for H in (2, 3, 6) for alpha in ("1/10", "1/2", 1)]


def attains(m):
    return Equal({"gap": check(m).sides})


def from_the_start(m):
    """max_f [max_pi J_f(pi) - J_f(L)], the error of reinforcement learning from the start."""
    tasks = [replace(m.mdp, r=f) for f in m.rewards]
    best = [measure.optimal_value(task)[0] - measure.state_value(task, m.learner)[0] for task in tasks]
    return stack([(each * m.mdp.rho).sum() for each in best]).max()


def by_reinforcement_learning(m):
    return Bound(gap(m), from_the_start(m))


def either():
    """At H = 4: the expert and the learner turn aside; an expert that turns aside, and a learner on the road."""
    return [
        on_the_turnoff(4, expert=(1, 0, 0), learner=(1, 1, 0)).replace(mixture=0, start=3),
        on_the_turnoff(4, aside="1/2", expert=(1, 0, 0), learner=(0, 0, 1)).replace(mixture="3/2", start=0),
    ]


def of_both(m):
    """The two bounds, against their numbers on this problem."""
    numbers = [m.mdp.like([number])[0] for number in (m.mixture, m.start)]
    return Equal({"mixture": (check(m).sides[1], numbers[0]), "from the start": (from_the_start(m), numbers[1])})


POSITIVE = Assumption("the share of the expert's states is positive", lambda m: m.alpha > 0)
CLAIM = Claim(
    "reset_mixture_bound_is_attained",
    check,
    FAMILY,
    formula=(
        r"\max_f\, J_f(E) - J_f(L) \le \varepsilon_0 + \frac1\alpha \sum_{t \ge 1} \varepsilon_t(\alpha), \qquad "
        r"\varepsilon_t(\alpha) = \max_f\, \mathbb{E}_{\alpha d_t^E + (1-\alpha) d_t^G} \max_a A_f^L(s,a)"
    ),
    papers=("swamy2023",),
    tags=("inverse-reinforcement-learning", "resets"),
    assumes=(POSITIVE,),
    controls=(
        Control("without the division", witness=lambda: on_the_turnoff(3), tightens=without_division),
        Control(
            "the expert's advantage in place of the best",
            witness=lambda: on_the_turnoff(3, aside="1/2"),
            tightens=of_the_expert,
        ),
        Control(
            "resets off the expert's states",
            witness=lambda: on_the_turnoff(3, 1),
            sabotages=measure.occupancy,
            by=off_the_road,
        ),
    ),
    also=(
        Part("the turnoff attains it", list_tight, attains, assumes=(POSITIVE,)),
        Part("the error of reinforcement learning", FAMILY, by_reinforcement_learning),
        Part("either bound may be the smaller one", either, of_both),
    ),
    accepts=("mdp", MDP, ("P", "rho")),
    figure=bound,
    sides=(r"$\max_f\, J_f(E) - J_f(L)$", r"$\varepsilon_0 + \alpha^{-1} \sum_{t \geq 1} \varepsilon_t(\alpha)$"),
)
