"""The span of the optimal bias is at most the diameter times what the gain exceeds the least reward by.

Statement  Let g and h solve the average-reward optimality equation g + h(s) = max_a r(s, a) + E h(n), and let D be the
           diameter: the largest over pairs of states of the least expected time to get from one to the other. Then
               max h - min h <= (g - min r) D <= (max r - min r) D.
           For every D >= 1 both are attained by two states.
Assumes    g does not depend on the state; D is finite, that is, the process is communicating.
Units      rewards per step; D in steps; h in units of reward.
Kind       for all; exists (enumerated)
Source     adapted from Bartlett and Tewari, 2009; Jaksch, Ortner and Auer, 2010.
Proof      proofs/planning/span_is_at_most_the_diameter.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...model import MDP, Average
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def parts(m):
    """The span of h, the diameter, and the least and the largest reward."""
    return m.h.max() - m.h.min(), measure.diameter(m.mdp), m.mdp.r.min(), m.mdp.r.max()


def check(m):
    span, D, least, most = parts(m)
    return Bound(span, D * (m.g - least), D * (most - least))


def without_the_last_step(m):
    span, D, least, _ = parts(m)
    return Bound(span, (D - 1) * (m.g - least))


def solves_the_equation(m):
    ahead = m.mdp.r + m.mdp.P @ m.h
    return (ahead.max(axis=1) == m.g + m.h).all()


def communicates(m):
    """Whether every state can be reached from every other by some actions: exactly then D is finite."""
    S = m.mdp.S
    reached = np.eye(S, dtype=int) + (m.mdp.P > 0).any(axis=1)
    for _ in range(S.bit_length()):  # paths of up to 2, 4, 8, ... steps
        reached = np.minimum(reached @ reached, 1)
    return (reached > 0).all()


def build(x):
    """Rewards that make g and h a solution: what the first action lacks is 0, what the others lack is at least 0."""
    P = fill_support(x.P)
    lack = x.lack * (np.arange(x.lack.shape[1]) > 0).astype(int)
    return MDP(P, x.g[()] + x.h[:, None] - P @ x.h - lack, horizon=Average())


FAMILY = Family(
    blocks=dict(P=Simplex("S", "A", to="S"), h=Box("S", lower=-1), lack=Box("S", "A"), g=Box()),
    sizes=dict(S=(2, 3), A=(1, 2)),
    models=dict(mdp=build, g=lambda x: x.g[()], h=lambda x: x.h),
)


# ---- instances, controls and figure
def crossing(D, gain=1):
    """State 0 pays 0 and leads to state 1 with probability 1/D; state 1 pays `gain` for staying, and 0 for leaving."""
    D = objects(D)[()]
    P = objects([[[1 - 1 / D, 1 / D]] * 2, [[0, 1], [1, 0]]])
    mdp = MDP(P, objects([[0, 0], [1, 0]]), horizon=Average())
    return Instance(mdp=mdp, g=objects(gain)[()], h=objects([-D, 0]), D=D)


def list_crossings():
    return [crossing(D) for D in (1, "3/2", 2, 5, 40, 1000)]


def list_sparse():
    """Random processes of one or two successors: the first action goes round a cycle, on which state 0 may wait."""
    found = []
    for seed in range(24):
        rng, S, A = np.random.default_rng(seed), 2 + seed % 4, 1 + seed % 3
        P = np.eye(S, dtype=int)[rng.integers(S, size=(S, A))]
        stay, on = np.eye(S, dtype=int), np.roll(np.eye(S, dtype=int), 1, axis=1)
        P[:, 0] = on
        P = objects(P)
        P[0, 0] = objects(stay[0] * (seed // 4) + on[0]) / (1 + seed // 4)
        h, lack = objects(rng.integers(-4, 5, S)) / 4, objects(rng.integers(0, 5, (S, A))) / 4
        lack[:, 0] = lack[:, 0] * 0
        g = objects(int(rng.integers(0, 5)))[()] / 4
        found.append(Instance(mdp=MDP(P, g + h[:, None] - P @ h - lack, horizon=Average()), g=g, h=h))
    return found


def attains(m):
    span, near, far = check(m).sides
    return Equal({"gain": (span, near), "range": (span, far)})


def one_step(diameter, problem):
    """The diameter of the graph of possible transitions, which is 1."""
    return diameter(problem) * 0 + 1


def steeper():
    """The bias stretched to twice its span, which no longer solves the equation."""
    m = crossing(5)
    return m.replace(h=m.h * 2)


SOLVED = Assumption("g and h solve the optimality equation", solves_the_equation)
FINITE = Assumption("D is finite, that is, the process is communicating", communicates)
CLAIM = Claim(
    "span_is_at_most_the_diameter",
    check,
    FAMILY,
    formula=r"\max h - \min h \le (g - \min r)\, D \le (\max r - \min r)\, D",
    papers=("bartlett2009", "jaksch2010"),
    tags=("average-reward",),
    assumes=(SOLVED, FINITE),
    controls=(
        Control("one step fewer", witness=lambda: crossing(5), tightens=without_the_last_step),
        Control("steps of the graph", witness=lambda: crossing(5), sabotages=measure.diameter, by=one_step),
        Control("no solution of the equation", witness=steeper, drops=SOLVED.name),
    ),
    also=(
        Part("two states attain it", list_crossings, attains, assumes=(SOLVED, FINITE)),
        Part("processes of few successors", list_sparse, check, assumes=(SOLVED, FINITE)),
    ),
)
