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
# # Constraints shared by several tasks
#
# Experts of several tasks satisfy one constraint that nobody wrote down. Inverse constraint learning plays a game: a
# constraint player charges a cost, learners maximise their rewards at no more than their experts' cost, and the
# constraint player is paid the learners' minus the experts' cost. Each section has one instance, one parameter, the
# bound and a control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import fit, grant
from mdpkit.claims.safety import needless_cost_of_one_expert_hides_violations_of_another as needless
from mdpkit.claims.safety import sampled_tasks_estimate_the_violation_of_unseen_tasks as sampled
from mdpkit.claims.safety import single_task_explanations_reach_all_unvisited_states as single
from mdpkit.instances import named
from mdpkit.instances.library.safety_shared import tasks_of
from mdpkit.learn import ICL, MTICL, FollowTheLeader
from mdpkit.report import draw_claim
from mdpkit.solve import lexicographic_expert

# %% [markdown]
# ## The game on a slippery grid
#
# Sixteen cells, two pits, a goal for each task; experts visit pits at most 1/5 times in expectation, and are of least
# cost among the best. The parameter is the number of rounds $T$. The violation, summed over tasks, is at most the
# constraint player's regret over $T$. Control: the constraint frozen at 0, whose violation is that of the first round.

# %%
m = named("slip_grid")
tasks = tasks_of(m)
experts = [lexicographic_expert(task, m.cost, "1/5") for task in tasks]
access = grant(
    [task.to_float() for task in tasks], expert=[each.to_float() for each in experts], demonstrations="exact"
)
trace = fit(MTICL(rounds=40, true_cost=m.cost), access, rng=None).trace
for T in (1, 10, 20, 40):
    violation, regret = trace["violation"][T - 1].sum(), trace["regret"][T - 1] / T
    print(f"T = {T}: violation {violation:.3f}, bound {regret:.3f}, control {trace['violation'][0].sum():.3f}")
    assert violation <= regret + 1e-6

# %% [markdown]
# Follow-the-leader has no regret bound, and on this grid none to speak of.

# %%
leader = fit(MTICL(constraint_player=FollowTheLeader(), rounds=40, true_cost=m.cost), access, rng=None).trace
print(f"leader: regret / T {leader['regret'][-1] / 40:.3f}; gradient steps {trace['regret'][-1] / 40:.3f}")

# %%
verdict = mdpkit.verify("errors_of_constrained_learners_add_to_the_regret", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## More tasks, fewer explanations
#
# The parameter is the number of tasks $K$: learned costs after 15 rounds, with the pits outlined. Control: each task
# alone (`ICL`), averaged.

# %%
more = named("slip_grid", goals=[3, 12, 15, 7, 9, 13, 10, 4])
every = [task.to_float() for task in tasks_of(more)]
shown = [lexicographic_expert(task, more.cost, "1/5").to_float() for task in tasks_of(more)]
figure, axes = plt.subplots(1, 4, figsize=(6.75, 1.9))
for ax, (K, learner) in zip(axes, ((1, MTICL), (3, MTICL), (8, MTICL), (8, ICL)), strict=True):
    known = grant(every[:K], expert=shown[:K], demonstrations="exact")
    cost = fit(learner(rounds=15), known, rng=None).trace["constraint"][-1][..., 0]
    cost = cost.reshape(-1, 16).mean(axis=0)
    ax.pcolormesh(cost.reshape(4, 4), vmin=0, vmax=1, cmap="Blues", edgecolors="white")
    ax.plot([1, 3, 3, 1, 1], [1, 1, 2, 2, 1], "k")
    ax.set(xlabel=f"{learner.__name__}, K = {K}", xticks=[], yticks=[], ylim=(4, 0), aspect="equal")

# %% [markdown]
# With experts that never fail, every set between the failures and the states that no expert visits explains them. On a
# star of four arms there are $2^{4-K}$ of these, and the largest leaves the tasks that were not shown a return of 0.
# Control: the failures alone.

# %%
for K in (1, 2, 3, 4):
    star = single.star(K)
    pairs = single.other_tasks(star).pairs
    free = single.find_unvisited_states(star).sum() - star.failure.sum()
    largest, true = ([float(x) for x in pairs[name][0].mid] for name in ("under C_K", "under F"))
    print(f"K = {K}: {2**free} explanations; returns under the largest {largest}, control {true}")

# %%
verdict = mdpkit.verify("single_task_explanations_reach_all_unvisited_states", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Only the sum is controlled
#
# One state, two tasks. The first pays for a risky action that its expert never takes. The second pays nothing, and its
# expert takes the risky action in a share $p$ of the steps: needlessly, but within its limit. The parameter is $p$. The
# first task's violation is at most regret$/T$ + needless cost. Control: regret$/T$ alone.

# %%
for p in (0, "1/2", 1):
    run = needless.hide(p, rounds=64, rates="1/8")
    g = needless.gaps(run)
    first, regret = needless.violations(run, g)[0].mid / 10, needless.average_regret(run, g).mid / 10
    hidden = needless.needless(run)[1].mid / 10
    print(f"p = {p}: violation {first:.3f}, bound {regret + hidden:.3f}, control {regret:.3f}")
    assert first <= regret + hidden

# %%
verdict = mdpkit.verify("needless_cost_of_one_expert_hides_violations_of_another", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Tasks that were not sampled
#
# Violations of $+B$ and $-B$ with equal probability; $K$ tasks are sampled. The parameter is $K$. The probability of a
# deviation of at least $B/2$ is at most $2 e^{-K/8}$. Control: $2 e^{-K/2}$, as if violations ranged over $B$.

# %%
for K in (8, 32, 64):
    tail = float(sampled.tail(sampled.coin(K, K * 3 // 4)))
    print(f"K = {K}: probability {tail:.2e}, bound {2 * np.exp(-K / 8):.2e}, control {2 * np.exp(-K / 2):.2e}")
    assert tail <= 2 * np.exp(-K / 8)

# %%
verdict = mdpkit.verify("sampled_tasks_estimate_the_violation_of_unseen_tasks", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
