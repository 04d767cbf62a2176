"""A constraint transfers to other dynamics without loss if and only if its tube is contained in the tube there.

Statement  Let B_f(F) be the set of states from which failure F is inevitable under dynamics f. The constraint learned
           under f is B_f(F); planning with it under g forbids B_g(B_f(F)).
               B_g(B_f(F)) = B_g(F)  iff  B_f(F) is a subset of B_g(F).
           If g offers every transition of f, B_g(F) is a subset of B_f(F) = B_g(B_f(F)): safe, but conservative by
           B_f(F) - B_g(F).
           If f offers every transition of g, nothing is lost, but B_f(F) used as a state filter, without planning,
           admits B_g(F) - B_f(F).
Assumes    both dynamics have the same failures.
Units      sets of states; numbers of states.
Kind       for all (iff)
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/safety/constraint_transfers_iff_tubes_are_nested.md
"""

import numpy as np

from ... import measure
from ...instances import double_integrator
from ...instances.blocks import Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import add_failure, corridor, with_failure
from ...model import SafetyProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import look_one_step_ahead


def tubes(m):
    """The learned constraint, the target's tube, and the set that planning with the learned constraint forbids."""
    learned, needed = measure.tube(m.source), measure.tube(m.target)
    return learned, needed, measure.tube(with_failure(learned, m.target))


def contains(inner, outer):
    """1 if every state of the one set is in the other."""
    return 1 - (inner * (1 - outer)).max()


def check(m):
    learned, needed, forbidden = tubes(m)
    return Equal({"lossless iff nested": (1 - abs(forbidden - needed).max(), contains(learned, needed))})


def nested_the_other_way(m):
    learned, needed, forbidden = tubes(m)
    return Equal({"lossless iff nested": (1 - abs(forbidden - needed).max(), contains(needed, learned))})


def stronger(m):
    learned, needed, forbidden = tubes(m)
    return Bound(needed, learned, forbidden, learned)


def not_in_excess(m):
    learned, needed, forbidden = tubes(m)
    return Bound(forbidden, learned, needed)


def loses_nothing(m):
    _, needed, forbidden = tubes(m)
    return Equal({"planned constraint": (forbidden, needed)})


def count(m):
    """Excess of the planned constraint, and doomed states that the state filter admits, by braking distances."""
    learned, needed, forbidden = tubes(m)
    lost = sum(sum(range(v, 0, -m.learned_with)) - sum(range(v, 0, -m.used_with)) for v in range(1, m.vmax + 1))
    passed = (needed * (1 - learned)).sum()
    return Equal(
        {"in excess": ((forbidden - needed).sum(), max(lost, 0)), "let pass by the filter": (passed, max(-lost, 0))}
    )


def family(source, target):
    """Two dynamics with the same failures, one of them the last state, made from the actions `some` and `more`."""
    return Family(
        blocks=dict(some=Choice("S", "A", of="S"), more=Choice("S", "A", of="S"), failure=Choice("S", of=(0, 0, 0, 1))),
        sizes=dict(S=(3, 6), A=(1, 2)),
        models=dict(
            source=lambda x: SafetyProblem(x.failure == 1, source(x)),
            target=lambda x: SafetyProblem(x.failure == 1, target(x)),
        ),
        repair=add_failure,
    )


def both(x):
    return np.concatenate([x.some, x.more], axis=1)


SAME = Assumption("both dynamics have the same failures", lambda m: (m.source.failure == m.target.failure).all())


# ---- named instances and controls
def carts(learned_with, used_with, vmax=7):
    source, target = double_integrator(learned_with, vmax, 20), double_integrator(used_with, vmax, 20)
    return Instance(source=source, target=target, learned_with=learned_with, used_with=used_with, vmax=vmax)


def another_failure():
    """Every state is absorbing under both dynamics; the learned constraint omits the second failure."""
    stay = np.array([[0], [1], [2]])
    return Instance(
        source=SafetyProblem(np.array([False, False, True]), stay),
        target=SafetyProblem(np.array([False, True, True]), stay),
    )


def same_corridor():
    return Instance(source=corridor(4).problem, target=corridor(4).problem)


def numbers(m):
    drawn = tubes(m) if (m.learned_with, m.used_with, m.vmax) == (1, 2, 7) else ()
    return {
        name: inside.lower.astype(int).tolist()
        for name, inside in zip(("learned", "needed", "forbidden"), drawn, strict=False)
    }


def figure(ax, rows):
    """Phase plane: failure, the tubes of a weak and a strong brake, and what is forbidden in excess after transfer."""
    data, x, v = next(row["data"] for row in rows if row.get("data")), np.arange(-20, 21), np.arange(-7, 8)
    learned, needed, forbidden = (np.array(data[name]).reshape(41, 15).T for name in ("learned", "needed", "forbidden"))
    ax.contourf(x, v, learned, levels=[0.5, 1.5], colors=["C0"], alpha=0.3)
    ax.contourf(x, v, needed, levels=[0.5, 1.5], colors=["C2"], alpha=0.5)
    ax.plot(
        *((points := np.argwhere(forbidden > needed))[:, 1] - 20, points[:, 0] - 7),
        "xC1",
        label="in excess; reverse nesting (fails)",
    )
    for colour, alpha, label in (
        ("C0", 0.3, "learned: tube, $a_{max} = 1$"),
        ("C2", 0.6, "needed: tube, $a_{max} = 2$"),
    ):
        ax.plot([], [], "s", color=colour, alpha=alpha, label=label)
    ax.axvline(20, color="C3", linewidth=3, label="failure")
    ax.set(xlabel="position $x$", ylabel="velocity $v$", xlim=(-12, 21), ylim=(-2, 7))
    ax.legend(loc="lower left")


CLAIM = Claim(
    "constraint_transfers_iff_tubes_are_nested",
    check,
    family(lambda x: x.some, lambda x: x.more),
    formula=r"B_g(B_f(F)) = B_g(F) \;\Leftrightarrow\; B_f(F) \subseteq B_g(F)",
    papers=("qadri2025",),
    tags=("inverse-constraints", "reachability", "transfer"),
    assumes=(SAME,),
    controls=(
        Control("nested the other way", lambda: carts(1, 2), tightens=nested_the_other_way, at="lossless iff nested"),
        Control("an additional failure", another_failure, drops=SAME.name),
        Control("one step in place of the tube", same_corridor, sabotages=measure.tube, by=look_one_step_ahead),
        Control(
            "no excess for a stronger brake",
            lambda: carts(1, 2),
            tightens=not_in_excess,
            part="stronger",
        ),
    ),
    also=(
        Part("stronger", family(lambda x: x.some, both), stronger, assumes=(SAME,)),
        Part("weaker", family(both, lambda x: x.some), loses_nothing, assumes=(SAME,)),
        Part(
            "carts",
            lambda: [carts(f, g, v) for f, g in ((1, 2), (2, 1), (1, 3), (3, 2)) for v in (3, 5, 7)],
            count,
            data=numbers,
        ),
    ),
    figure=figure,
)
