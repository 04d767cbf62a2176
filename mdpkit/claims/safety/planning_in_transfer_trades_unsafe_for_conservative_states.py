"""Planning with a transferred constraint allows no doomed state, and may forbid every safe one for a single error.

Statement  The constraint C = B_f(F) learned under dynamics f is used under g. As a filter it forbids C: it is
           conservative on C - B_g(F), and unsafe on B_g(F) - C. Planning with it forbids P = B_g(C), and
               |C - B_g(F)| <= |P - B_g(F)| <= 1[C - B_g(F) is not empty] |safe states under g|,  P contains B_g(F).
           So planning removes every unsafe state, and may add conservative ones. Both inequalities are attained: the
           second by a gate, where one safe state in C forbids all L + 1 safe states.
           For carts between two walls, with brakes r and l before the right and the left one, on a track that holds
           all braking distances, both errors occur at once where the brakes are exchanged, if the distances differ:
           each wall contributes sum_u |stop_r(u) - stop_l(u)| states to one.
Assumes    both dynamics have the same failures.
Units      numbers of states.
Kind       for all; identity
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/safety/planning_in_transfer_trades_unsafe_for_conservative_states.md
"""

import numpy as np

from ... import measure
from ...base.interval import interval
from ...ink.phase_planes import phase_planes
from ...instances.blocks import Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import corridor, with_failure
from ...instances.library.safety_search import gate, walled_cart
from ...model import SafetyProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def constraints(m):
    """C = B_f(F) and P = B_g(C)."""
    C = measure.tube(m.source)
    return C, measure.tube(with_failure(C, m.target))


def check(m, spared=0):
    C, P = constraints(m)
    filtered, planned = (measure.tube_agreement(m.target, each).excess for each in (C, P))
    safe = 1 - measure.tube(m.target)
    return Bound(filtered, planned, (C * safe).max() * (safe.sum() - spared))


def one_state_is_spared(m):
    return check(m, spared=1)


def no_more_than_the_filter(m):
    filtered, planned, _ = check(m).sides
    return Bound(filtered, planned, filtered)


def allows_no_doomed_state(m):
    planned = measure.tube_agreement(m.target, constraints(m)[1])
    return Equal({"doomed states allowed": (planned.missed, planned.missed * 0)})


def forbids_all(m):
    """On the gate: one state is in excess for the filter, all L + 1 safe states for the planner."""
    C, P = (measure.tube_agreement(m.target, each) for each in constraints(m))
    return Equal({"filter": (C.excess, 1), "planner": (P.excess, m.L + 1), "share": (P.conservative, 1)})


def stop(v, brake):
    """Braking distance at speed v."""
    return sum(range(v, 0, -brake))


def count(m):
    """Conservative and unsafe states of the filter, by braking distances before each wall."""
    found = measure.tube_agreement(m.target, constraints(m)[0])
    more = [
        sum(stop(v, learned) - stop(v, used) for v in range(1, m.vmax + 1))
        for learned, used in zip(m.learned_with, m.used_with, strict=True)
    ]
    return Equal(
        {
            "conservative": (found.excess, sum(max(each, 0) for each in more)),
            "unsafe": (found.missed, sum(max(-each, 0) for each in more)),
        }
    )


def save_the_first_state(x):
    """The last state fails; the first is lost under the source, and may stay under the target."""
    failure = np.concatenate([x.like([0]), x.failure[1:-1], x.like([1])])
    lost = x.some[:1] * 0 + len(failure) - 1
    stays = np.concatenate([x.more[:1, :1] * 0, x.more[:1, 1:]], axis=1)
    some, more = np.concatenate([lost, x.some[1:]]), np.concatenate([stays, x.more[1:]])
    return type(x)(**{**vars(x), "failure": failure, "some": some, "more": more})


FAMILY = Family(
    blocks=dict(some=Choice("S", "A", of="S"), more=Choice("S", "A", of="S"), failure=Choice("S", of=(0, 0, 0, 1))),
    sizes=dict(S=(3, 6), A=(1, 2)),
    models=dict(
        source=lambda x: SafetyProblem(x.failure == 1, x.some),
        target=lambda x: SafetyProblem(x.failure == 1, x.more),
    ),
    repair=save_the_first_state,
)
SAME = Assumption("both dynamics have the same failures", lambda m: (m.source.failure == m.target.failure).all())


# ---- instances and controls
def carts(learned_with, used_with, vmax=5, xmax=20):
    """Carts between two walls; `learned_with` and `used_with` are the brakes before the right and the left one."""
    source, target = (walled_cart(*each, vmax, xmax).problem for each in (learned_with, used_with))
    return Instance(source=source, target=target, learned_with=learned_with, used_with=used_with, vmax=vmax, xmax=xmax)


def another_failure():
    """Every state is absorbing under both dynamics; the learned constraint omits the second failure."""
    stay = np.array([[0], [1], [2]])
    return Instance(
        source=SafetyProblem(np.array([False, False, True]), stay),
        target=SafetyProblem(np.array([False, True, True]), stay),
    )


def same_corridor():
    return Instance(source=corridor(4).problem, target=corridor(4).problem)


def against_failure(tube_agreement, problem, learned, weights=None):
    """Agreement with the failure set in place of its tube, as if every state outside failure were safe."""
    still = SafetyProblem(problem.failure, np.arange(problem.S)[:, None])
    return tube_agreement(still, learned, weights)


EXCHANGED = (2, 1), (1, 2)


def numbers(m):
    """Sets of the carts whose brakes are exchanged, and what experts for 60 goals never visit; counts of all carts."""
    C, P = constraints(m)
    filtered, planned = (measure.tube_agreement(m.target, each) for each in (C, P))
    counts = [int(each.lower[()]) for each in (filtered.excess, filtered.missed, planned.excess, planned.missed)]
    drawn = {"counts": counts, "brakes": [*m.learned_with, *m.used_with]}
    if (m.learned_with, m.used_with) != EXCHANGED:
        return drawn
    rest = m.xmax * (2 * m.vmax + 1) + m.vmax
    goals = np.random.default_rng(0).choice(np.flatnonzero(C.lower == 0), 60, replace=False)
    seen = measure.visited(m.source, rest, goals).max(axis=0)
    sets = {
        "failure": interval(m.target.failure.astype(int)),
        "learned": 1 - seen,
        "source": C,
        "target": measure.tube(m.target),
    }
    return {**drawn, **{name: each.lower.astype(int).tolist() for name, each in sets.items()}}


def figure(ax, rows):
    """Phase plane of the paper, counts of transfer errors, and the gate."""
    phase_planes(ax, rows)


CLAIM = Claim(
    "planning_in_transfer_trades_unsafe_for_conservative_states",
    check,
    FAMILY,
    formula=(
        r"\lvert C \setminus B_g \rvert \le \lvert B_g(C) \setminus B_g \rvert \le \mathbf{1}[C \not\subseteq B_g]\, "
        r"\lvert S \setminus B_g \rvert, \qquad C = B_f(F)"
    ),
    papers=("qadri2025",),
    tags=("inverse-constraints", "reachability", "transfer"),
    assumes=(SAME,),
    controls=(
        Control("no more in excess than for the filter", lambda: gate(3), tightens=no_more_than_the_filter),
        Control("one safe state is spared", lambda: gate(3), tightens=one_state_is_spared),
        Control("an additional failure", another_failure, drops=SAME.name, part="planner"),
        Control(
            "failure in place of its tube",
            same_corridor,
            sabotages=measure.tube_agreement,
            by=against_failure,
        ),
    ),
    also=(
        Part("planner", FAMILY, allows_no_doomed_state, assumes=(SAME,)),
        Part("gates", lambda: [gate(L) for L in range(6)], forbids_all, assumes=(SAME,)),
        Part(
            "walls",
            lambda: [carts(*pair) for pair in (((1, 1), (2, 2)), ((2, 2), (1, 1)), EXCHANGED, ((3, 1), (1, 1)))],
            count,
            assumes=(SAME,),
            data=numbers,
        ),
    ),
    figure=figure,
)
