"""Pessimistic planning loses at most twice the expected bonus under the comparator's occupancy, and this is attained.

Statement  Let b >= |r' - r + (P' - P) V-_{t+1}|, where V- are the optimal values in the model (P', r') with the bonus b
           subtracted from every reward, and let L be greedy for them. Then for every comparator C, whatever the model
           elsewhere,
               J(C) - J(L) <= J(C) - rho V-_0 <= 2 sum_t E_{d_t^C} b.
           A wrong turn attains it for every H >= 2: the model errs at one action of the first step only. So does, in a
           single state, a model that halves the reward.
Assumes    the bonus covers the model's error; the learner is greedy for the pessimistic values. Ties may be broken in
           any way: here against the learner.
Units      b and J in units of reward; J is the undiscounted return; no range of rewards is assumed.
Kind       for all; exists
Source     adapted from Jin, Yang and Wang, 2021, and Rashidinejad, Zhu, Ma, Jiao and Russell, 2021.
Proof      proofs/offline/pessimism_bound_is_attained.md
"""

import numpy as np

from ... import measure
from ...base.arrays import bare, objects
from ...ink.figures import bound
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.offline import play_actions, wrong_turn
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Formal, Part


def sides(m):
    """The gap, the comparator's value minus the pessimistic value, and the expected bonus E_{d^C}[b]."""
    gap, lower = measure.value_gap(m.mdp, m.rival, m.learner), measure.pessimistic_value(m.model, m.bonus)
    above = measure.value(m.mdp, m.rival) - measure.mean_product(lower[0], 1, m.mdp.rho)
    return gap, above, (measure.occupancy(m.mdp, m.rival) * m.bonus).sum()


def check(m):
    gap, above, paid = sides(m)
    return Bound(gap, above, paid * 2)


def once(m):
    gap, above, paid = sides(m)
    return Bound(gap, above, paid)


def attains(m):
    gap, above, paid = sides(m)
    return Equal({"gap": (gap, paid * 2), "rival above the pessimistic value": (above, paid * 2)})


def raise_bonus(x):
    """The drawn bonus, raised to the model's error and until the learner's drawn action is greedy."""
    b, V = x.bonus.copy(), x.r[0, :, 0] * 0
    for t in range(x.sizes["H"] - 1, -1, -1):
        backup, believed = x.r[t] + x.P[t] @ V, x.believed[t] + x.guess[t] @ V
        b[t] = np.maximum(b[t], abs(believed - backup))
        V = (believed - b[t])[np.arange(len(V)), x.learner[t]]
        b[t] = np.maximum(b[t], believed - V[:, None])
    return b


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        guess=Simplex("H", "S", "A", to="S"),
        believed=Box("H", "S", "A"),
        bonus=Box("H", "S", "A"),
        learner=Choice("H", "S", of="A"),
        rival=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        model=lambda x: MDP(x.guess, x.believed, x.rho, horizon=Finite(x.sizes["H"])),
        bonus=raise_bonus,
        learner=lambda x: TabularPolicy(x.like((np.arange(x.sizes["A"]) == bare(x.learner)[..., None]).astype(int))),
        rival=lambda x: TabularPolicy(x.rival),
    ),
)


# ---- instances that attain the bound
def arms(H, paid, believed, bonus):
    """One state, two arms: the comparator pulls the first, the learner the second."""
    mdp, model = (MDP(objects([[[1], [1]]]), objects([r]), horizon=Finite(H)) for r in (paid, believed))
    return Instance(
        mdp=mdp,
        model=model,
        bonus=objects([[bonus]] * H),
        learner=play_actions([1] * H, 1),
        rival=play_actions([0] * H, 1),
    )


def tight():
    return [wrong_turn(H) for H in range(2, 13)] + [arms(H, [1, 0], ["1/2", 0], ["1/2", 0]) for H in (1, 2, 5)]


# ---- assumptions
def covers(m):
    return measure.backup_error(m.mdp, m.model, measure.pessimistic_value(m.model, m.bonus)) <= m.bonus


def greedy(m):
    Q = measure.pessimistic_action_value(m.model, m.bonus)
    return Q.max(axis=-1) - (Q * m.learner.table).sum(axis=-1) == 0


def off_the_rivals_path(occupancy, problem, policy):
    return occupancy(problem, policy)[..., ::-1]


COVERS = Assumption("the bonus covers the model's error", covers)
GREEDY = Assumption("the learner is greedy for the pessimistic values", greedy)
CLAIM = Claim(
    "pessimism_bound_is_attained",
    check,
    FAMILY,
    formula=(
        r"J(C) - J(L) \le J(C) - \rho V^-_0 \le 2 \sum_t \mathbb{E}_{d_t^C}\, b_t, \qquad b_t \ge \lvert \hat r_t "
        r"- r_t + (\hat P_t - P_t) V^-_{t+1} \rvert"
    ),
    papers=("jin2021", "rashidinejad2021"),
    tags=("pessimism", "model-error"),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "suboptimality_under_pessimism",
            "weaker",
            "an inequality at one state for an assumed bonus; here the values and the comparator's occupancy",
        ),
    ),
    assumes=(COVERS, GREEDY),
    controls=(
        Control("a constant of 1", witness=lambda: wrong_turn(2), tightens=once),
        Control("no bonus", witness=lambda: arms(3, ["1/2", 0], ["1/2", 1], [0, 0]), drops=COVERS.name),
        Control("half of the error", witness=lambda: arms(3, ["1/2", 0], ["1/2", 1], [0, "1/2"]), drops=COVERS.name),
        Control(
            "greedy for the model itself", witness=lambda: arms(3, ["1/2", 0], ["1/2", 1], [0, 1]), drops=GREEDY.name
        ),
        Control(
            "a bonus off the comparator's occupancy",
            witness=lambda: wrong_turn(3),
            sabotages=measure.occupancy,
            by=off_the_rivals_path,
        ),
    ),
    also=(Part("a wrong turn and halved rewards attain it", tight, attains, assumes=(COVERS, GREEDY)),),
    figure=bound,
    sides=(r"$J(C) - J(L)$", r"$2 \sum_t E_{d_t^C}\, b$"),
)
