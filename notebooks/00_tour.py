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
# # A tour: model, solve, measure, verify, draw
#
# A frozen lake of sixteen cells; on ice a step goes in the intended direction with probability 1/3. Every number below is rational or has
# bounds.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import MDP, Discounted, TabularPolicy, draw, measure, objects, solve
from mdpkit.instances import bundled
from mdpkit.report import draw_claim

lake = bundled("frozen_lake_4x4")
display(lake)

# %% [markdown]
# **Solve.** The problem is rational, so the solution is exact, and its certificate is checked in rational arithmetic.

# %%
solution = solve(lake)
solution.certificate.verify()
display(solution)

# %% [markdown]
# **Draw.** The optimal policy never risks a hole, even where it then moves away from the goal: at (2, 2) it plays left, and slips
# left, up or down, never right into the hole.

# %%
draw(lake, solution.policy, solution.value)

# %% [markdown]
# **Measure.** The value of the uniform policy. Comparing intervals gives decisions; an undecided comparison is not `True`.

# %%
walk = TabularPolicy(lake.like([["1/4"] * 4] * 16))
gap = measure.value_gap(lake, solution.policy, walk)
assert gap > 0
assert gap == (measure.occupancy(lake, walk) * -measure.advantage(lake, solution.policy)).sum()
display(gap)

# %% [markdown]
# Occupancy of the optimal policy; hatched cells are absorbing.

# %%
assert measure.occupancy(lake, solution.policy).sum() == 100
draw(lake, solution.policy, kind="occupancy")

# %% [markdown]
# **Model.** A problem is given by arrays of transitions `P[s,a,n]` and rewards `r[s,a]`.

# %%
P = objects([[[1, 0], ["1/4", "3/4"]], [["1/10", "9/10"], [0, 1]]])
r = objects([["1/2", 0], [1, 0]])
names = dict(state_names=("well", "ill"), action_names=("rest", "work"))
mine = MDP(P, r, objects([1, 0]), horizon=Discounted("9/10"), **names)
answer = solve(mine)
draw(mine, answer.policy, answer.value)

# %% [markdown]
# On floats the solution has bounds, which contain the exact value.

# %%
bounds = solve(mine.to_float()).value
assert bounds.contains(answer.value)
display(bounds[0])

# %% [markdown]
# Laws on three outcomes are points of a simplex. Multiplicative weights on rock, paper, scissors cycle outwards: the KL
# divergence of the uniform law from the iterates increases.

# %%
payoff = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
row, column = [np.array([0.5, 0.25, 0.25])], [np.array([0.25, 0.5, 0.25])]
for _ in range(240):
    x, y = row[-1] * np.exp(0.1 * payoff @ column[-1]), column[-1] * np.exp(-0.1 * payoff.T @ row[-1])
    row.append(x / x.sum())
    column.append(y / y.sum())
rewards = [[payoff.ravel()], [-payoff.ravel()]]
game = mdpkit.MarkovGame(np.ones((1, 9, 1)), rewards, horizon=mdpkit.Finite(1), actions=(3, 3))
assert np.log([row[-1], column[-1]]).sum() < np.log([row[0], column[0]]).sum()
draw(game, trajectories={"row": row, "column": column})

# %% [markdown]
# **Verify.** A claim is a theorem that is tested by machine: instances are decided exactly, and controls, which must fail, do fail.

# %%
verdict = mdpkit.verify("performance_difference_lemma")
assert verdict.passed
display(verdict)

# %% [markdown]
# The result, as a paper figure.

# %%
with mdpkit.style("neurips"):
    figure = draw_claim(verdict)
display(figure)
