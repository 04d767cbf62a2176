"""Outside the tube its shield is the least restrictive safe filter: no policy that never fails from there changes less.

Statement  Let the dynamics be deterministic. The shield on the tube B replaces the actions of a policy pi that lead
           into B, and no others, by one that does not. From outside B the shielded policy pi' never fails, and every
           policy sigma that never fails from outside B changes pi at least as much in each of these states: along the
           path of sigma,
               E_sigma sum_t TV(pi, pi')(s_t) <= E_sigma sum_t TV(pi, sigma)(s_t).
           In a state outside B an action is admitted if and only if some policy that never fails from outside B takes
           it. The failure set in place of B gives a shield that can fail, and a larger set one that may change more.
           The expected number of changes along its own path need not be the least: an early one may avoid many later.
Assumes    the start is not doomed.
Units      TV in [0, 1], summed over H steps.
Kind       for all; identity
Source     adapted from Alshiekh, Bloem, Ehlers, Könighofer, Niekum and Topcu, 2018.
Proof      proofs/safety/tube_shield_is_the_least_restrictive_safe_filter.md
"""

from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import bare, objects
from ...base.interval import interval
from ...ink.figures import bound
from ...instances.blocks import Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import GRAPH, graph_problem
from ...instances.library.safety_search import doomed_tree
from ...learn.safety.shield import replace_entering
from ...model import MDP, Finite, SafetyProblem, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

START = 0


def shield(m, policy, forbidden):
    """The policy whose actions that enter the forbidden set are replaced."""
    return TabularPolicy(replace_entering(policy.table, members(forbidden)[m.problem.successors]))


def members(states):
    """A set of states as booleans `[s]`."""
    return bare(getattr(states, "lower", states) == 1, bool)


def mdp(m):
    """The graph as an MDP over H steps from the start."""
    zero, states = m.policy.table[0, 0] * 0, np.arange(m.problem.S)
    P = zero + 1 * (m.problem.successors[..., None] == states)
    return MDP(P, P[..., 0] * 0, zero + 1 * (states == START), horizon=Finite(m.H))


def changes(m, along, other):
    """E sum_t TV(pi, other)(s_t) along the path of a policy."""
    visits = measure.occupancy(mdp(m), along).sum(axis=-1)
    return (visits * measure.total_variation(m.policy, other)).sum()


def check(m):
    tube = measure.tube(m.problem)
    along = shield(m, m.other, tube)  # all policies that never fail from outside the tube are of this kind
    return Bound(changes(m, along, shield(m, m.policy, tube)), changes(m, along, along))


def changes_in_each_state(m):
    """TV(pi, pi') and TV(pi, sigma) in each state outside the tube, whatever the start."""
    tube = measure.tube(m.problem)
    outside = 1 * ~members(tube)
    shielded, sigma = shield(m, m.policy, tube), shield(m, m.other, tube)
    return Bound(*(measure.total_variation(m.policy, each) * outside for each in (shielded, sigma)))


def shield_on_a_larger_set(m):
    """The left end with a shield that forbids, beside the tube, the last state outside it."""
    right = check(m).sides[1]
    tube = measure.tube(m.problem)
    safe = 1 - bare(getattr(tube, "lower", tube))
    last = safe * (np.cumsum(safe[..., ::-1], axis=-1)[..., ::-1] == 1)
    along, larger = shield(m, m.other, tube), shield(m, m.policy, 1 - (safe - last))
    return Bound(changes(m, along, larger), right)


def along_its_own_path(m):
    tube = measure.tube(m.problem)
    along, shielded = shield(m, m.other, tube), shield(m, m.policy, tube)
    return Bound(changes(m, shielded, shielded), changes(m, along, along))


def never_fails(m):
    """Visits to failure of the shielded policy, and what it changes outside the tube."""
    inside = members(measure.tube(m.problem))
    shielded = shield(m, m.policy, inside)
    failing = measure.occupancy(mdp(m), shielded).sum(axis=-1) * (1 * m.problem.failure)
    entering = np.where(inside[m.problem.successors], m.policy.table, m.policy.table * 0).sum(axis=1)
    changed = measure.total_variation(m.policy, shielded) * (1 * ~inside)
    return Equal({"visits to failure": (failing, failing * 0), "changes": (changed, entering * (1 * ~inside))})


def admits(m):
    """The admitted actions outside the tube, against those of all policies that never fail from outside it."""
    successors, A = m.problem.successors, m.problem.A
    outside = 1 * ~members(measure.tube(m.problem))
    taken = successors * 0
    for plays in product(range(A), repeat=m.problem.S):
        after = successors[np.arange(m.problem.S), list(plays)][:, None]
        fails = 1 * members(measure.tube(SafetyProblem(m.problem.failure, after)))
        never = 1 - (outside * fails).max(axis=-1)
        taken = np.maximum(taken, never * outside[:, None] * np.eye(A, dtype=int)[list(plays)])
    return Equal({"admitted actions": (outside[:, None] * outside[successors], taken)})


# ---- instances
def stay_possible(x):
    """The draw whose first state may stay or enter the last one, which is a failure."""
    failure = np.concatenate([x.like([0]), x.failure[1:-1], x.like([1])])
    into = x.successors[:1, :1] * 0 + len(failure) - 1
    first = np.concatenate([x.successors[:1, :1] * 0, x.successors[:1, 1:-1], into], axis=1)
    return type(x)(**{**vars(x), "failure": failure, "successors": np.concatenate([first, x.successors[1:]])})


FAMILY = Family(
    blocks=dict(**GRAPH, pi=Simplex("S", to="A"), sigma=Simplex("S", to="A")),
    sizes=dict(S=(2, 4), A=(2, 3), H=(1, 3)),
    models=dict(
        problem=graph_problem,
        policy=lambda x: TabularPolicy(x.pi),
        other=lambda x: TabularPolicy(x.sigma),
        H=lambda x: x.sizes["H"],
    ),
    repair=stay_possible,
)
SMALL = Family(
    blocks=GRAPH,
    sizes=dict(S=(2, 4), A=(2, 2)),
    models=dict(problem=graph_problem),
    repair=stay_possible,
)
OUTSIDE = Assumption("the start is not doomed", lambda m: (measure.tube(m.problem)[START] == 0).yes)


def follow(problem, plays, other, H):
    """Deterministic policies given by their actions."""
    tables = (TabularPolicy(objects(np.eye(problem.A, dtype=int)[list(each)])) for each in (plays, other))
    policy, sigma = tables
    return Instance(problem=problem, policy=policy, other=sigma, H=H)


def at_the_tree(N=2):
    """The tree of doomed states beside a safe state: the policy enters it, the other one stays."""
    problem = doomed_tree(2, N).problem
    return follow(problem, [1] * problem.S, [0] * problem.S, 4)


def from_inside():
    """The start is doomed: all that a shield can do is nothing."""
    problem = SafetyProblem([False, True], [[1, 1], [1, 1]])
    return follow(problem, [0, 0], [0, 0], 2)


def by_a_quiet_road():
    """The policy moves from state 0 to state 1, where it tries to fail at every step; at state 2 it stays by itself.

    A policy that turns to state 2 at once changes a single step.
    """
    problem = SafetyProblem([False, False, False, True], [[1, 2], [3, 1], [2, 2], [3, 3]])
    return follow(problem, [0, 0, 0, 0], [1, 1, 0, 0], 4)


def with_a_safe_neighbour():
    """A larger set forbids state 1, which is safe, and where both policies move and stay."""
    problem = SafetyProblem([False, False, True], [[0, 1], [1, 2], [2, 2]])
    return follow(problem, [1, 0, 0], [1, 0, 0], 3)


def failure_only(tube, problem, steps=None):
    """Failure in place of its tube."""
    return interval(problem.failure.astype(int))


CLAIM = Claim(
    "tube_shield_is_the_least_restrictive_safe_filter",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}_\sigma \sum_t \mathrm{TV}(\pi, \pi')(s_t) \le \mathbb{E}_\sigma \sum_t \mathrm{TV}(\pi, "
        r"\sigma)(s_t) \quad \text{for every } \sigma \text{ that never fails from outside } B"
    ),
    papers=("alshiekh2018",),
    tags=("shielding", "reachability"),
    assumes=(OUTSIDE,),
    controls=(
        Control("a shield on a larger set", with_a_safe_neighbour, tightens=shield_on_a_larger_set),
        Control("the fewest changes along its own path", by_a_quiet_road, tightens=along_its_own_path),
        Control("a doomed start", from_inside, drops=OUTSIDE.name, part="never fails"),
        Control(
            "a shield on the failure set",
            at_the_tree,
            sabotages=measure.tube,
            by=failure_only,
            part="never fails",
        ),
    ),
    also=(
        Part("in each state", FAMILY, changes_in_each_state),
        Part("never fails", FAMILY, never_fails, assumes=(OUTSIDE,)),
        Part("admits", SMALL, admits),
    ),
    figure=bound,
    sides=(
        r"$\mathbb{E}_\sigma \sum_t \mathrm{TV}(\pi, \pi')$",
        r"$\mathbb{E}_\sigma \sum_t \mathrm{TV}(\pi, \sigma)$",
    ),
)
