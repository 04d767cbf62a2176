"""Experts under several dynamics narrow the learned constraint, but not below the tube of switching between them.

Statement  Let B_i be the tube of the failure set F under dynamics f_i, i = 1, ..., m. The largest constraint that is
           consistent with safe experts under all of them, from every state that can be kept safe, is the intersection
           D of the tubes. With B the tube of the dynamics that offer the actions of all f_i in every state,
               |F| <= |B| <= |D| <= min_i |B_i|,
           the agreement of D with F does not decrease with m, and planning with D, switching allowed, forbids D alone.
           The second inequality can be strict: on a bridge of n states that can be crossed only by switching at every
           step, D forbids all n, none of which is in B. For carts with brakes 1, ..., m, D is the tube of the best
           brake, and on a track that holds all braking distances |D - F| is their sum over the speeds.
Assumes    all dynamics have the same failures.
Units      numbers of states.
Kind       for all; identity
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/safety/several_dynamics_narrow_the_learned_constraint.md
"""

import numpy as np

from ... import measure
from ...base.interval import stack
from ...instances import double_integrator
from ...instances.blocks import Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import corridor, with_failure
from ...instances.library.safety_search import bridge
from ...model import SafetyProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import look_one_step_ahead


def narrow(m):
    """D, the intersection of the tubes of all dynamics."""
    return stack([measure.tube(each) for each in (m.first, m.second)]).min(axis=0)


def allow_switching(m):
    """The dynamics with the actions of both in every state."""
    successors = np.concatenate([m.first.successors, m.second.successors], axis=1)
    return SafetyProblem(m.first.failure, successors)


def check(m):
    failure = (1 * m.first.failure).sum()
    least = stack([measure.tube(each).sum() for each in (m.first, m.second)]).min()
    return Bound(failure, measure.tube(allow_switching(m)).sum(), narrow(m).sum(), least)


def tube_of_switching(m):
    failure, switching, narrowed, _ = check(m).sides
    return Bound(failure, narrowed, switching)


def union_in_place_of_intersection(m):
    failure, switching, _, least = check(m).sides
    union = stack([measure.tube(each) for each in (m.first, m.second)]).max(axis=0)
    return Bound(failure, switching, union.sum(), least)


def plan(m):
    """The tube of D under switching, against D."""
    return Equal({"planned constraint": (measure.tube(with_failure(narrow(m), allow_switching(m))), narrow(m))})


def agrees_more(m):
    """Agreement of the constraint with failure, learned under one and under both dynamics."""
    one, both = (
        measure.tube_agreement(m.first, getattr(each, "lower", each)).failure_iou
        for each in (measure.tube(m.first), narrow(m))
    )
    return Bound(one, both)


def crosses(m):
    """On the bridge: states in excess of the tube of switching, and the states of D."""
    D = narrow(m)
    return Equal(
        {
            "in excess": (measure.tube_agreement(allow_switching(m), D).excess, m.n),
            "learned": (D.sum(), m.n + 1),
        }
    )


def brakes(m):
    """|D - F| for carts with brakes 1 to m, against the sum of the best one's braking distances."""
    carts = [double_integrator(brake, m.vmax, 20) for brake in range(1, m.brakes + 1)]
    D = stack([measure.tube(each) for each in carts]).min(axis=0)
    distances = sum(sum(range(v, 0, -m.brakes)) for v in range(1, m.vmax + 1))
    return Equal(
        {
            "doomed states beside failure": (measure.tube_agreement(carts[-1], D).iou, 1),
            "their number": (D.sum() - (1 * carts[0].failure).sum(), distances),
        }
    )


def add_common_failure(x):
    """The draw with the last state as a failure."""
    return type(x)(**{**vars(x), "failure": np.concatenate([x.failure[:-1], x.like([1])])})


FAMILY = Family(
    blocks=dict(some=Choice("S", "A", of="S"), more=Choice("S", "A", of="S"), failure=Choice("S", of=(0, 0, 0, 1))),
    sizes=dict(S=(3, 6), A=(1, 2)),
    models=dict(
        first=lambda x: SafetyProblem(x.failure == 1, x.some),
        second=lambda x: SafetyProblem(x.failure == 1, x.more),
    ),
    repair=add_common_failure,
)
SAME = Assumption("all dynamics have the same failures", lambda m: (m.first.failure == m.second.failure).all())


# ---- instances and controls
def other_failures():
    """Every state is absorbing; each of the two dynamics has a failure of its own."""
    stay = np.array([[0], [1], [2]])
    return Instance(
        first=SafetyProblem(np.array([False, True, False]), stay),
        second=SafetyProblem(np.array([False, False, True]), stay),
    )


def one_of_two_brakes():
    return Instance(first=double_integrator(1, 3, 8), second=double_integrator(2, 3, 8))


def twice_the_corridor():
    return Instance(first=corridor(4).problem, second=corridor(4).problem)


def numbers(m):
    return {"sizes": [int(each.lower[()]) for each in (narrow(m).sum(), measure.tube(allow_switching(m)).sum())]}


def figure(ax, rows):
    """States of the constraint on the bridge, and beside failure for carts with 1 to m brakes."""
    bridges = [row for row in rows if row.get("part") == "bridges"]
    length = [row["parameters"]["n"] for row in bridges]
    ax.plot(length, [row["data"]["sizes"][0] for row in bridges], "oC0", label="learned under both dynamics")
    ax.plot(length, [row["data"]["sizes"][1] for row in bridges], "sC2", label="tube of switching")
    ax.plot(length, [n + 1 for n in length], "k--", label="$n + 1$")
    ax.plot(3, 1, "xC1", zorder=5, label="tube of switching is learned (fails)")
    ax.set(xlabel="length $n$ of the bridge", ylabel="states", ylim=(0, None))
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2, fontsize=6)


CLAIM = Claim(
    "several_dynamics_narrow_the_learned_constraint",
    check,
    FAMILY,
    formula=(
        r"\lvert F \rvert \le \lvert B_{\cup}(F) \rvert \le \lvert \bigcap_i B_i(F) \rvert \le \min_i \lvert B_i(F) "
        r"\rvert"
    ),
    papers=("qadri2025",),
    tags=("inverse-constraints", "reachability", "transfer"),
    assumes=(SAME,),
    controls=(
        Control("the tube of switching is learned", lambda: bridge(3), tightens=tube_of_switching),
        Control("the union of the tubes", one_of_two_brakes, tightens=union_in_place_of_intersection),
        Control("failures of their own", other_failures, drops=SAME.name),
        Control(
            "one step in place of the tube",
            twice_the_corridor,
            sabotages=measure.tube,
            by=look_one_step_ahead,
            part="planned",
        ),
    ),
    also=(
        Part("planned", FAMILY, plan, assumes=(SAME,)),
        Part("agreement", FAMILY, agrees_more, assumes=(SAME,)),
        Part("bridges", lambda: [bridge(n) for n in range(2, 8)], crosses, assumes=(SAME,), data=numbers),
        Part(
            "carts", lambda: [Instance(brakes=k, vmax=5, first=double_integrator(1, 5, 20)) for k in (1, 2, 3)], brakes
        ),
    ),
    figure=figure,
)
