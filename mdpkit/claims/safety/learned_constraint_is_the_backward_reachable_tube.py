"""The largest constraint that safe experts cannot contradict is the tube of the failures, not the failures.

Statement  A constraint C (a set of states) is consistent with F if the same infinite paths avoid both. Among all
           consistent C the tube of F is the largest: their union is the tube, and the tube is one of them. C is
           consistent exactly if both have the same tube.
Assumes    experts avoid failure for ever.
Units      sets of states.
Kind       identity (every C of every graph drawn)
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/learned_constraint_is_the_backward_reachable_tube.md
"""

from itertools import product
from types import SimpleNamespace as Models

import numpy as np

from ... import measure
from ...instances.blocks import Choice
from ...instances.family import Family
from ...model import SafetyProblem
from .._claim import Assumption, Claim, Control, Equal, Part
from ._sets import same, with_a_failure


def safe_steps(failure, m):
    """1 for the actions of paths that avoid `failure` as many steps as experts look ahead, `[s,a]`."""
    tube = measure.tube(SafetyProblem(failure, m.problem.successors), steps=m.steps)
    return (1 - tube)[:, None] * (1 - tube)[m.problem.successors]


def largest_consistent(m):
    """The union of all sets that the same paths avoid as avoid failure, `[s]`."""
    shown, union = safe_steps(m.problem.failure, m), np.zeros(m.problem.S, dtype=int)
    for chosen in product((False, True), repeat=m.problem.S):
        if same(safe_steps(np.array(chosen), m), shown):
            union = np.maximum(union, chosen)
    return union


def facts(m):
    tube, union = measure.tube(m.problem), largest_consistent(m)
    inside = np.asarray(getattr(tube, "lower", tube) == 1, dtype=bool)
    return {
        "largest consistent constraint": (union, tube),
        "states in it": (union.sum(), tube.sum()),
        "the tube is consistent": (safe_steps(inside, m), safe_steps(m.problem.failure, m)),
    }


def check(m):
    return Equal(facts(m))


def failure_itself(m):
    return Equal({**facts(m), "states in it": (largest_consistent(m).sum(), m.problem.failure.astype(int).sum())})


FAMILY = Family(
    blocks=dict(successors=Choice("S", "A", of="S"), failure=Choice("S", of=(0, 0, 0, 1))),
    sizes=dict(S=(2, 4), A=(1, 2)),
    models=dict(problem=lambda x: SafetyProblem(x.failure == 1, x.successors), steps=lambda x: x.sizes["S"]),
    repair=with_a_failure,
)
PATIENT = Assumption("experts avoid failure for ever", lambda m: m.steps >= m.problem.S)  # S safe steps can be prolonged


# ---- controls
def corridor(length=2, steps=None):
    """State 0 may stay or enter a corridor of doomed states that ends in failure, the last state."""
    S = length + 2
    ahead = np.minimum(np.arange(S) + 1, S - 1)
    successors = np.stack([np.where(np.arange(S) == 0, 0, ahead), ahead], axis=1)
    return Models(problem=SafetyProblem(np.arange(S) == S - 1, successors), steps=S if steps is None else steps, length=length)


def failure_as_seen(tube, problem, steps=None):
    """Takes failure for inevitable one step before it comes, and not earlier."""
    return tube(problem, steps=1)


def figure(ax, rows):
    """What is learned at the end of a corridor, against its length."""
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
    assumes=(PATIENT,),
    controls=(
        Control("failure itself is learned", corridor, tightens=failure_itself, at="states in it"),
        Control("experts that look one step ahead", lambda: corridor(steps=1), drops=PATIENT.name),
        Control("one step in place of the tube", corridor, sabotages=measure.tube, by=failure_as_seen),
    ),
    also=(Part("corridors", lambda: [corridor(length) for length in range(7)], check, assumes=(PATIENT,)),),
    figure=figure,
)
