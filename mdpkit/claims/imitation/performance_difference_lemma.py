"""The value gap between two policies is the advantage of one summed over the occupancy of the other.

Statement  J(E) - J(L) = sum_{t,s,a} d_t^E(s,a) A_t^L(s,a)          (roll in with the expert)
                       = - sum_{t,s,a} d_t^L(s,a) A_t^E(s,a)        (roll in with the learner)
           and the same for a discounted MDP, with d = sum_t gamma^t d_t.
Assumes    nothing: any finite MDP, any two Markov policies (stationary ones in the discounted form).
Units      J is the total return, not normalised; A = Q - V in units of reward.
Kind       identity
Source     adapted from Kakade and Langford, 2002.
Proof      proofs/imitation/performance_difference_lemma.md
"""

from ... import measure
from ...ink.figures import identity
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.library.imitation.cliff import cliff
from ...model import MDP, Discounted, Finite, TabularPolicy
from ...verify.claim import Claim, Control, Equal, Formal, Part
from ...verify.faults import delay_by_a_step


def check(m):
    gap = measure.value_gap(m.mdp, m.expert, m.learner)
    with_expert = (measure.occupancy(m.mdp, m.expert) * measure.advantage(m.mdp, m.learner)).sum()
    with_learner = (measure.occupancy(m.mdp, m.learner) * measure.advantage(m.mdp, m.expert)).sum()
    return Equal({"roll in with the expert": (gap, with_expert), "roll in with the learner": (gap, -with_learner)})


def wrong_visits(m):
    sides = check(m).pairs
    own = (measure.occupancy(m.mdp, m.expert) * measure.advantage(m.mdp, m.expert)).sum()
    return Equal({**sides, "roll in with the learner": (sides["roll in with the learner"][0], -own)})


POLICIES = dict(expert=lambda x: TabularPolicy(x.expert), learner=lambda x: TabularPolicy(x.learner))

FINITE = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A", lower=-1),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to="A", within="mask"),
        learner=Simplex("H", "S", to="A", within="mask"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(1, 3)),
    models=dict(mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])), **POLICIES),
)

DISCOUNTED = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A", lower=-1),
        rho=Simplex(to="S"),
        gamma=Choice(of=(0, "1/2", "9/10", "99/100")),
        expert=Simplex("S", to="A", within="mask"),
        learner=Simplex("S", to="A", within="mask"),
    ),
    sizes=dict(S=(1, 4), A=(1, 3)),
    models=dict(mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Discounted(x.gamma)), **POLICIES),
)


# ---- controls
def slip(H=3):
    """The expert stays at state 0, which pays; the learner slips with probability 1/2 into state 1, which does not."""
    return cliff(H, "1/2")


CLAIM = Claim(
    "performance_difference_lemma",
    check,
    FINITE,
    formula=r"J(E) - J(L) = \sum_{t,s,a} d_t^E(s, a)\, A_t^L(s, a) = - \sum_{t,s,a} d_t^L(s, a)\, A_t^E(s, a)",
    papers=("kakade2002",),
    tags=("occupancy",),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "pdl_occupancy_form",
            "weaker",
            "discounted, from one start state; here the finite horizon as well",
        ),
    ),
    controls=(
        Control(
            "visits and advantages of the same policy",
            witness=slip,
            tightens=wrong_visits,
            at="roll in with the learner",
        ),
        Control("visits counted one step late", witness=slip, sabotages=measure.occupancy, by=delay_by_a_step),
    ),
    also=(Part("discounted", DISCOUNTED, check, accepts=("mdp", MDP, ("P", "r", "rho", "gamma"))),),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=identity,
)
