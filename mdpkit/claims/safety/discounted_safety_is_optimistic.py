"""Discounted safety values can miss states deep in the tube, beyond a depth determined by the discount.

Statement  Let V_g = (1-g) l + g min(l, max_a V_g(successor)), with margin l < 0 exactly on failure. For a state at
           depth d of the tube (failure occurs within d steps whatever the actions), with margins at most L before
           failure and at most -1 on it,
               g^d (1+L) > L  =>  V_g < 0  =>  V_G < 0 for every G >= g  =>  the state is in the tube.
           On a corridor of d states with margin L the first implication is an equivalence: V_g = L - g^d (1+L) at its
           start, so that a fixed g misses every such state with g^d <= L/(1+L).
Assumes    margins are at most -1 on failure.
Units      margins in units of the failure's margin; d counts steps; sets of states.
Kind       for all; identity (enumerated)
Source     adapted from Fisac, Lugovoy, Rubies-Royo, Ghosh and Tomlin, 2019.
Proof      proofs/safety/discounted_safety_is_optimistic.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...instances.blocks import Box, Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import GRAPH, add_doomed_state, graph_problem
from ...instances.library.safety import corridor as doomed_corridor
from ...model import SafetyProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def in_sight(m, nearer):
    """1 where the tube's depth d, less `nearer`, has g^d (1 + L) > L, `[s]`."""
    L = max(m.margin.max(), 0 * m.g)
    seen = np.zeros(m.problem.S, dtype=int)
    for d in range(m.problem.S):
        if m.g ** max(d - nearer, 0) * (1 + L) > L:
            within = measure.tube(m.problem, steps=d)
            seen = np.maximum(seen, getattr(within, "lower", within))
    return seen


def chain(m, nearer):
    """The sets, without failure, which is in each."""
    flags = [measure.flagged(m.problem, m.margin, g) for g in (m.g, m.larger)]
    return Bound(
        *(inside * (1 - m.problem.failure) for inside in (in_sight(m, nearer), *flags, measure.tube(m.problem)))
    )


def check(m):
    return chain(m, 0)


def one_step_deeper(m):
    return chain(m, 1)


def closed_form(m):
    V = measure.discounted_safety(m.problem, m.margin, m.g)
    formula = m.L - m.g**m.d * (1 + m.L)
    flag, inside = measure.flagged(m.problem, m.margin, m.g)[0], measure.tube(m.problem)[0]
    return Equal(
        {"value at the start": (V[0], formula), "flagged": (flag, int(formula < 0)), "in the tube": (inside, 1)}
    )


def whole_tube(m):
    return Equal({**closed_form(m).pairs, "flagged": (measure.flagged(m.problem, m.margin, m.g)[0], 1)})


# ---- instances
FAMILY = Family(
    blocks=dict(
        **GRAPH,
        kept=Box("S"),
        broken=Box("S"),
        g=Choice(of=("3/11", "6/11", "9/11")),
        closer=Choice(of=(0, "1/2", "7/8")),
    ),
    sizes=dict(S=(3, 5), A=(1, 2)),
    models=dict(
        problem=graph_problem,
        margin=lambda x: np.where(x.failure == 1, -1 - x.broken, x.kept),
        g=lambda x: x.g[()],
        larger=lambda x: x.g[()] + (1 - x.g[()]) * x.closer[()],
    ),
    repair=add_doomed_state,
)
DEEP = Assumption("margins are at most -1 on failure", lambda m: (m.margin[m.problem.failure] <= -1).all())


def corridor(d, L=1, g="1/2", least=-1):
    """d states of margin L in a row, then failure; there is one action."""
    L, g = rational(L), rational(g)
    return Instance(
        problem=doomed_corridor(d + 1).problem,
        margin=objects([L] * d + [rational(least)]),
        g=g,
        larger=(1 + g) / 2,
        d=d,
        L=L,
    )


def corridors():
    """Discounts on both sides of the threshold: (k/16)^d against L / (1 + L)."""
    return [corridor(d, L, f"{k}/16") for L in ("3/10", 1, 3) for d in (1, 5, 20) for k in (0, 4, 8, 12, 13, 14, 15)]


# ---- controls
def a_way_out():
    """Action 1 of state 0 stays there, action 0 leads into failure."""
    problem = SafetyProblem(np.array([False, True]), np.array([[1, 0], [1, 1]]))
    return Instance(problem=problem, margin=objects(["1/8", -1]), g=rational("1/2"), larger=rational("3/4"))


def first_action_only(flagged, problem, margin, gamma):
    """Uses the first action in place of the best."""
    return flagged(SafetyProblem(problem.failure, problem.successors[:, :1]), margin, gamma)


def figure(ax, rows):
    """The value at a corridor's start against the discount, for three depths, at L = 1."""
    for d, colour in ((1, "C0"), (5, "C2"), (20, "C4")):
        at = [
            row["parameters"] | {"V": row["pairs"]["value at the start"][0]}
            for row in rows
            if row.get("parameters", {}).get("d") == d
        ]
        points = [(float(Fraction(each["g"])), each["V"]) for each in at if each["L"] == "1"]
        ax.plot(*zip(*points, strict=True), "o", color=colour, label=f"depth {d}")
        g = np.linspace(0, 1)
        ax.plot(g, 1 - 2 * g**d, "k--", label="$1 - 2 g^d$" if d == 1 else None)
    ax.plot(g, 1 - 2 * g**6, color="C1", label="depth 5, one step deeper (fails)")
    ax.axhline(0, color="C3", label="flagged below")
    ax.set(xlabel="discount $g$", ylabel="$V_g$ at the start")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


CLAIM = Claim(
    "discounted_safety_is_optimistic",
    check,
    FAMILY,
    formula=(
        r"g^d (1+L) > L \;\Rightarrow\; V_g(s) < 0 \;\Rightarrow\; V_G(s) < 0 \text{ for } G \ge g \;\Rightarrow\; "
        r"s \in B(F), \qquad V_g(s) = (1-g)\, l(s) + g \min \{ l(s), \max_a V_g(f(s, a)) \}"
    ),
    papers=("fisac2019",),
    tags=("reachability", "discounted"),
    assumes=(DEEP,),
    controls=(
        Control("one step deeper than the threshold", lambda: corridor(3, 1, "3/4"), tightens=one_step_deeper),
        Control("a failure of small margin", lambda: corridor(2, 1, "3/4", least="-1/100"), drops=DEEP.name),
        Control("the first action in place of the best", a_way_out, sabotages=measure.flagged, by=first_action_only),
        Control(
            "the whole tube is flagged",
            lambda: corridor(20, 1, "15/16"),
            tightens=whole_tube,
            at="flagged",
            part="corridors",
        ),
    ),
    also=(Part("corridors", corridors, closed_form, assumes=(DEEP,)),),
    figure=figure,
)
