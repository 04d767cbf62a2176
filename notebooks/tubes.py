# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Learned constraints and backward reachable tubes
#
# A state is doomed if failure is inevitable from it; the doomed states are the *tube* of the failure set. Each section treats one
# claim: one instance, one parameter, a control that violates the statement, and `mdpkit.verify`.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import measure, objects
from mdpkit.base.replaceable import sabotaged
from mdpkit.claims.safety.constraint_transfers_iff_tubes_are_nested import carts, tubes
from mdpkit.claims.safety.discounted_safety_is_optimistic import corridor
from mdpkit.claims.safety.inverse_constraint_game_violation_vanishes import check, plays
from mdpkit.claims.safety.learned_constraint_is_the_backward_reachable_tube import corridor as doomed_corridor
from mdpkit.claims.safety.learned_constraint_is_the_backward_reachable_tube import largest_consistent
from mdpkit.claims.safety.multi_task_demonstrations_shrink_the_constraint import (
    EVERYWHERE,
    grid,
    outside_demonstrations,
    reckless,
)
from mdpkit.claims.safety.planning_in_transfer_trades_unsafe_for_conservative_states import carts as walled_carts
from mdpkit.claims.safety.planning_in_transfer_trades_unsafe_for_conservative_states import constraints
from mdpkit.claims.safety.tube_needs_no_lookahead import cart, let_pass
from mdpkit.claims.safety.tube_shield_is_the_least_restrictive_safe_filter import along_its_own_path, by_a_quiet_road
from mdpkit.instances import double_integrator, named
from mdpkit.instances.library.safety import race
from mdpkit.instances.vehicles import braking_cart
from mdpkit.learn import Shield
from mdpkit.report import draw_claim


def size(inside):
    """How many states are in a set given by 0 and 1."""
    return int(inside.sum().lower)


# %% [markdown]
# ## Look-ahead
#
# A cart must stop before a wall. A shield on the wall alone, with k steps of look-ahead, admits doomed states. The parameter is k.

# %%
wall = double_integrator(amax=1, vmax=7, xmax=20)
passed = [int(let_pass(wall, k).lower) for k in range(8)]
print(
    f"{wall.failure.sum()} failure states, {size(measure.tube(wall))} in the tube; admitted with 0, 1, ... steps: {passed}"
)
assert passed == [84, 56, 35, 20, 10, 4, 1, 0]

# %% [markdown]
# The same shield on the tube needs no look-ahead. One on failure needs as many steps as the top speed; one step less fails.

# %%
walled = mdpkit.SafetyProblem(measure.tube(wall).lower == 1, wall.successors)
assert int(let_pass(walled, 0).lower) == 0
for vmax in (2, 4, 6):
    m = cart(vmax)
    assert (int(let_pass(m.problem, vmax - 1).lower), int(let_pass(m.problem, vmax).lower)) == (1, 0)
verdict = mdpkit.verify("tube_needs_no_lookahead", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The learned constraint is the tube
#
# Experts that never fail follow infinite paths that avoid failure. Every set of states avoided by the same paths is consistent with
# them. All such sets for a corridor: state 0 may stay, 1 and 2 are doomed, 3 is failure. The parameter is the length of the corridor.

# %%
m = doomed_corridor(length=2)
for number in range(16):
    guess = np.array([bool(number >> s & 1) for s in range(4)])
    if (measure.tube(mdpkit.SafetyProblem(guess, m.problem.successors)) == measure.tube(m.problem)).all_yes():
        print("consistent:", np.flatnonzero(guess))
for length in range(6):
    assert largest_consistent(doomed_corridor(length)).sum() == length + 1

# %% [markdown]
# The control: experts with one step of look-ahead enter the corridor, and the learned constraint is smaller than the tube.

# %%
assert largest_consistent(doomed_corridor(length=2, steps=1)).sum() < 3
verdict = mdpkit.verify("learned_constraint_is_the_backward_reachable_tube")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Transfer
#
# The constraint is learned under one brake and used under another. The parameter is the second brake.

# %%
for learned_with, used_with in ((1, 1), (1, 2), (1, 3), (2, 1), (3, 1)):
    learned, needed, forbidden = tubes(carts(learned_with, used_with))
    excess, missed = size(forbidden - needed), size(needed * (1 - learned))
    print(
        f"brakes {learned_with} -> {used_with}: learned {size(learned)}, needed {size(needed)}, in excess {excess}, admitted {missed}"
    )
    assert (excess == 0) is (learned_with >= used_with)
    assert (missed == 0) is (learned_with <= used_with)
verdict = mdpkit.verify("constraint_transfers_iff_tubes_are_nested", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# Between two walls a filter can be wrong in both ways at once: exchange the brakes before the walls. Planning removes the unsafe states.

# %%
for pair in (((1, 1), (2, 2)), ((2, 2), (1, 1)), ((2, 1), (1, 2))):
    m = walled_carts(*pair)
    filtered, planned = (measure.tube_agreement(m.target, each) for each in constraints(m))
    print(
        f"brakes {pair[0]} -> {pair[1]}: filter in excess {int(filtered.excess.lower[()])}, unsafe {int(filtered.missed.lower[()])}; "
        f"planner in excess {int(planned.excess.lower[()])}, unsafe {int(planned.missed.lower[()])}"
    )
    assert (planned.missed == 0).yes

# %% [markdown]
# The price can be any: one state in excess may forbid all. The parameter is the length L of the walk before a gate.

# %%
for L in (1, 3, 5):
    m = named("gate", L=L)
    filtered, planned = (measure.tube_agreement(m.target, each) for each in constraints(m))
    print(
        f"L = {L}: share of safe states forbidden by the filter {filtered.conservative:.2f}, by the planner {planned.conservative:.2f}"
    )
    assert (planned.excess == L + 1).yes
verdict = mdpkit.verify("planning_in_transfer_trades_unsafe_for_conservative_states", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Shields
#
# A shield replaces the actions that enter a set. On the tube it never fails; on the failure set it acts too late. The instance is a tree
# of doomed states beside a safe one, the parameter its depth N. The policy enters the tree with probability 1/2.

# %%
for N in (1, 2, 3):
    tree = named("doomed_tree", N=N).problem
    P, start = objects(np.eye(tree.S, dtype=int)[tree.successors]), objects(np.eye(tree.S, dtype=int)[0])
    falls = objects(np.repeat(tree.failure[:, None], 2, axis=1).astype(int))
    mdp = mdpkit.MDP(P, falls, start, horizon=mdpkit.Finite(N + 2))
    policy = mdpkit.TabularPolicy(objects([["1/2", "1/2"]] * tree.S))
    steps = [measure.value(mdp, each) for each in (policy, Shield(policy, tree, tree.failure), Shield(policy, tree))]
    print(
        f"depth {N}: steps in failure without a shield {steps[0]:.2f}, with one on failure {steps[1]:.2f}, on the tube {steps[2]:.2f}"
    )
    assert steps[2] == 0
    assert steps[1] == steps[0]

# %% [markdown]
# It is least restrictive in each state. The control: along its own path another filter may replace fewer actions, by an early change.

# %%
shielded, other = along_its_own_path(by_a_quiet_road()).sides
print(f"replaced by the shield {shielded:.0f}, by a filter that turns away early {other:.0f}")
assert shielded > other
verdict = mdpkit.verify("tube_shield_is_the_least_restrictive_safe_filter", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The cost of a search
#
# Dynamics are unknown; an episode stops where the search enters a constraint. With the tube it fails once on the tree, with what k
# steps of look-ahead show, A^(N - k) times. The parameter is k.

# %%
tree = named("doomed_tree", A=3, N=4).problem
for k in range(5):
    seen = measure.tube(tree, steps=k)
    failing, late = measure.failing_episodes(tree, 0, seen), measure.doomed_visits(tree, 0, seen)
    print(f"look-ahead {k}: {failing:.0f} failing episodes, {late:.0f} steps from doomed states")
    assert failing == 3 ** (4 - k)
assert measure.failing_episodes(tree, 0, measure.tube(tree)) == 1

# %% [markdown]
# The control: where no state outside failure is doomed, the tube is the failure set, and there is no difference.

# %%
flat = mdpkit.SafetyProblem([False, False, True], [[0, 1], [1, 2], [2, 2]])
assert measure.failing_episodes(flat, 0, flat.failure) == measure.failing_episodes(flat, 0, measure.tube(flat))
verdict = mdpkit.verify("tube_signal_needs_the_fewest_failing_episodes", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A grid
#
# The tube of a cart that must stop before a wall has a closed form. The parameter is the number of points; a step of full braking is
# one grid speed. Cells whose margin is 0 up to rounding are undecided: shares are intervals. The control is the failure set.

# %%
for n in (21, 51, 101):
    vehicle = braking_cart(dt=3 / (n - 1))
    cells = mdpkit.grid(vehicle.problem, n, 3)
    found = measure.tube_agreement(cells, vehicle.doomed(cells.points))
    alone = measure.tube_agreement(cells, cells.finite.failure)
    print(f"{n} x {n}: closed form {found.iou:.4f}, failure set {alone.iou:.4f}")
    assert found.iou.upper == 1
    assert alone.iou.upper < 0.85

# %% [markdown]
# ## Discounting
#
# A doomed state at depth d with margin 1 is flagged by the discounted safety value if and only if 2 g^d > 1. The parameter is g.

# %%
for d in (1, 5, 20):
    for g in ("1/2", "9/10", "97/100"):
        m = corridor(d, 1, g)
        V = measure.discounted_safety(m.problem, m.margin, m.g)[0]
        print(f"depth {d:2}, discount {g}: V = {V.mid:+.3f}")
        assert bool(V < 0) is bool(2 * m.g**d > 1)
        assert measure.tube(m.problem)[0] == 1
verdict = mdpkit.verify("discounted_safety_is_optimistic", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Stochastic dynamics
#
# Under stochastic dynamics the quantity is the maximal probability of avoiding failure. Value iteration from 1 decreases to it; from 0 it
# stays at 0, which solves the same equation.

# %%
problem = race().problem
for n in (0, 1, 2, 4, 8):
    print(n, measure.avoid_probability(problem, steps=n)[0])
nothing = measure.avoid_probability(problem, steps=0) * 0
assert (measure.avoid_probability(problem, steps=8, after=nothing) == 0).all_yes()
assert measure.avoid_probability(problem)[0] == objects("1/2")[()]
bounds = mdpkit.solve(problem.to_float()).value
print("on floats:", bounds[0])
assert bounds.contains(measure.avoid_probability(problem))
verdict = mdpkit.verify("avoid_probability_is_the_greatest_fixed_point", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Demonstrations of several tasks
#
# A grid with two pits, two cells of ice above them, and an unreachable cell. The parameter is the number of tasks.

# %%
for tasks in (1, 2, 4, 8, 16):
    m = grid(EVERYWHERE[:tasks])
    print(f"{tasks} tasks: {size(outside_demonstrations(m, m.goals))} cells visited by no expert")
m = grid(EVERYWHERE)
print(np.where(m.problem.failure, "F", np.where(outside_demonstrations(m, m.goals).lower == 1, "x", ".")).reshape(4, 4))
assert (outside_demonstrations(m, m.goals) == 1 - measure.safely_reachable(m.problem, 0)).all_yes()

# %% [markdown]
# The control: experts that cross the pits make the pits appear safe.

# %%
with sabotaged(measure.visited, reckless):
    assert not (measure.tube(m.problem) <= outside_demonstrations(m, m.goals)).all_yes()
verdict = mdpkit.verify("multi_task_demonstrations_shrink_the_constraint", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The inverse constraint game
#
# A constraint player plays a constraint, the learners maximise their rewards under it, and the constraint increases on states that they
# visit more than the experts. The parameter is the number of rounds T.

# %%
for m in plays()[:5]:
    worst, total, best, missed = check(m).sides
    print(
        f"T = {m.T:2}: violation {total.mid:.4f}, of which at most {worst.mid:.4f} in one task; regret / T = {missed.mid:.4f}"
    )
    assert total <= best
    assert best <= missed
verdict = mdpkit.verify("inverse_constraint_game_violation_vanishes", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
