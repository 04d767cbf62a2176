"""A policy's value differs between model and MDP by at most the model error under its own occupancy.

Statement  For every policy
               |J(P) - J(P')| <= sum_t E_{d_t}[|r - r'| + osc(V'_{t+1}) TV(P, P')]
                              <= sum_t E_{d_t}[|r - r'| + (H-1-t) TV(P, P')],
           where d_t is the occupancy in the MDP itself, V' the policy's value in the model, and osc = max - min over
           states. An MDP that leaks with probability eps from its only rewarding state, while the model has no leak,
           attains both. Discounted: |J - J'| <= E_d[|r - r'| + gamma osc(V') TV(P, P')], with d the discounted
           occupancy.
Assumes    the MDP (P, r) and the model (P', r') have the same start law and horizon; finite form, second bound: the
           model's rewards lie in [0, 1].
Units      TV in [0, 1]; J is the total return, not normalised.
Kind       for all; exists
Source     adapted from Kearns and Singh, 2002.
Proof      proofs/imitation/simulation_lemma_bounds_model_error.md
"""

import numpy as np

from ... import measure
from ...ink.figures import bound
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.library.imitation.cliff import leak
from ...model import MDP, Discounted, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Formal, Part
from ...verify.faults import exchange_states


def parts(m):
    """The gap, the errors in reward and in transitions at every step, and the oscillation of the model's values."""
    V = measure.state_value(m.model, m.policy)
    gap = abs(measure.value(m.mdp, m.policy) - measure.value(m.model, m.policy))
    errors = measure.reward_error(m.mdp, m.model, m.policy), measure.transition_error(m.mdp, m.model, m.policy)
    return gap, *errors, V.max(axis=-1) - V.min(axis=-1)


def check(m):
    gap, reward, transition, spread = parts(m)
    left = np.arange(m.mdp.horizon.H - 1, -1, -1)
    return Bound(gap, (reward + transition * spread[1:]).sum(), (reward + transition * left).sum())


def half(m):
    gap, reward, transition, spread = parts(m)
    return Bound(gap, (reward + transition * spread[1:] / 2).sum())


def infinite_horizon_bound(m):
    gap, reward, transition, spread = parts(m)
    return Bound(gap, reward + transition * spread * m.mdp.horizon.gamma)


BOTH = dict(policy=lambda x: TabularPolicy(x.policy))
FINITE = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        guess=Simplex("H", "S", "A", to="S"),
        paid=Box("H", "S", "A"),
        policy=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 5), S=(1, 3), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        model=lambda x: MDP(x.guess, x.paid, x.rho, horizon=Finite(x.sizes["H"])),
        **BOTH,
    ),
)
DISCOUNTED = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A"),
        rho=Simplex(to="S"),
        gamma=Choice(of=("1/2", "9/10", "99/100")),
        guess=Simplex("S", "A", to="S"),
        paid=Box("S", "A"),
        policy=Simplex("S", to="A"),
    ),
    sizes=dict(S=(1, 3), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Discounted(x.gamma)),
        model=lambda x: MDP(x.guess, x.paid, x.rho, horizon=Discounted(x.gamma)),
        **BOTH,
    ),
)


# ---- the leak
def leaks():
    return [leak(H, eps) for H in (1, 2, 3, 5, 8) for eps in ("1/100", "1/4", 1)]


def attains(m):
    gap, by_oscillation, by_horizon = check(m).sides
    return Equal({"oscillation": (gap, by_oscillation), "steps left": (gap, by_horizon)})


UNIT = Assumption("the model's rewards lie in [0, 1]", lambda m: (m.model.r >= 0).all() and (m.model.r <= 1).all())
AT = 5, "1/4"


CLAIM = Claim(
    "simulation_lemma_bounds_model_error",
    check,
    FINITE,
    formula=(
        r"\lvert J - J' \rvert \le \sum_t \mathbb{E}_{d_t} \big[ \lvert r - r' \rvert + \mathrm{osc}(V'_{t+1})\, "
        r"\mathrm{TV}(P, P') \big] \le \sum_t \mathbb{E}_{d_t} \big[ \lvert r - r' \rvert + (H-1-t)\, "
        r"\mathrm{TV}(P, P') \big]"
    ),
    papers=("kearns2002",),
    tags=("model-error",),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "simulation_lemma",
            "weaker",
            "discounted, largest errors over all states and a bound on |V|; here errors under the occupancy and the span of V",
        ),
    ),
    assumes=(UNIT,),
    controls=(
        Control("half of the oscillation", witness=lambda: leak(*AT), tightens=half),
        Control("rewards up to 3", witness=lambda: leak(*AT, reward=3), drops=UNIT.name),
        Control(
            "errors off the occupancy",
            witness=lambda: leak(*AT),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
    ),
    also=(
        Part("discounted", DISCOUNTED, infinite_horizon_bound),
        Part("a leaking chain attains it", leaks, attains, assumes=(UNIT,)),
    ),
    figure=bound,
    sides=(r"$|J(P) - J(P')|$", r"$\sum_t E_{d_t}[|r - r'| + (H-1-t)\,TV(P, P')]$"),
)
