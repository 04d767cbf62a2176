"""The largest constraint consistent with safe experts is the backward reachable tube of the failure set, not that set.

Statement  A constraint C (a set of states) is consistent with F if the same infinite paths avoid both. The tube of F is
           the largest consistent constraint: it is consistent, and it is the union of all consistent C. C is consistent
           if and only if C and F have the same tube.
Assumes    experts avoid failure for ever.
Units      sets of states.
Kind       identity (every C of every graph drawn)
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/safety/learned_constraint_is_the_backward_reachable_tube.md
"""

from itertools import product

import numpy as np

from ... import measure
from ...base.interval import stack
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import GRAPH, add_failure, graph_problem, with_failure
from ...model import SafetyProblem
from ...verify.claim import Assumption, Claim, Control, Equal, Part
from ...verify.faults import look_one_step_ahead


def safe_steps(constraint, m):
    """1 for the transitions after which `constraint[...,s]` can be avoided for `m.steps` further steps, `[...,s,a]`."""
    free = ahead = 1 - constraint
    for _ in range(m.steps):
        ahead = free * ahead[..., m.problem.successors].max(axis=-1)
    return ahead[..., None] * ahead[..., m.problem.successors]


def constraints(m):
    """Every set of states, `[c,s]`."""
    sets = np.array(list(product((0, 1), repeat=m.problem.S)))
    return sets + 0 * m.problem.failure  # many problems are scored at once: then the sets are those of each


def consistent(m):
    """1 for the sets that the same paths avoid as failure, `[c]`."""
    shown = safe_steps(m.problem.failure.astype(int), m)
    return (safe_steps(constraints(m), m) == shown).all(axis=(1, 2)).astype(int)


def largest_consistent(m):
    """The union of the consistent sets, `[s]`."""
    return (consistent(m)[:, None] * constraints(m)).max(axis=0)


def facts(m):
    tube, union, shown = measure.tube(m.problem), largest_consistent(m), safe_steps(m.problem.failure.astype(int), m)
    alike = [1 - abs(measure.tube(with_failure(chosen, m.problem)) - tube).max() for chosen in constraints(m)]
    return {
        "largest consistent constraint": (union, tube),
        "states in it": (union.sum(), tube.sum()),
        "the tube is consistent": (safe_steps(tube, m), shown),
        "consistent where the tubes agree": (consistent(m), stack(alike)),
    }


def check(m):
    return Equal(facts(m))


def failure_itself(m):
    return Equal({**facts(m), "states in it": (largest_consistent(m).sum(), m.problem.failure.astype(int).sum())})


FAMILY = Family(
    blocks=GRAPH,
    sizes=dict(S=(2, 4), A=(1, 2)),
    models=dict(problem=graph_problem, steps=lambda x: x.sizes["S"]),
    repair=add_failure,
)
PATIENT = Assumption(
    "experts avoid failure for ever", lambda m: m.steps >= m.problem.S
)  # a path of S safe steps can be continued safely


# ---- controls
def corridor(length=2, steps=None):
    """State 0 may stay or enter a corridor of doomed states that ends in failure, the last state."""
    S = length + 2
    ahead = np.minimum(np.arange(S) + 1, S - 1)
    successors = np.stack([np.where(np.arange(S) == 0, 0, ahead), ahead], axis=1)
    return Instance(
        problem=SafetyProblem(np.arange(S) == S - 1, successors), steps=S if steps is None else steps, length=length
    )


def figure(ax, rows):
    """The size of the learned constraint against the length of a corridor."""
    drawn = [row for row in rows if row["part"] == "corridors"]
    length = [row["parameters"]["length"] for row in drawn]
    ax.plot(length, [row["pairs"]["states in it"][0] for row in drawn], "oC0", label="largest consistent constraint")
    ax.plot(length, [each + 1 for each in length], "k--", label="tube")
    ax.plot(length, [1 for _ in length], "x-C1", label="failure (fails)")
    ax.set(xlabel="length of the corridor", ylabel="states")
    ax.legend()


CLAIM = Claim(
    "learned_constraint_is_the_backward_reachable_tube",
    check,
    FAMILY,
    formula=(
        r"C \text{ is consistent with } F \;\Leftrightarrow\; B(C) = B(F), \qquad B(F) = \bigcup \{ C : C \text{ "
        r"is consistent with } F \}"
    ),
    papers=("qadri2025",),
    tags=("inverse-constraints", "reachability"),
    assumes=(PATIENT,),
    controls=(
        Control("failure itself is learned", corridor, tightens=failure_itself, at="states in it"),
        Control("experts that look one step ahead", lambda: corridor(steps=1), drops=PATIENT.name),
        Control("one step in place of the tube", corridor, sabotages=measure.tube, by=look_one_step_ahead),
    ),
    also=(Part("corridors", lambda: [corridor(length) for length in range(7)], check, assumes=(PATIENT,)),),
    figure=figure,
)
