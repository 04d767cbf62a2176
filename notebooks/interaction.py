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
# # The value of interaction in imitation learning
#
# Demonstrations alone, queries to the expert, resets to its states, a known model: a meter counts the use of each, and a
# theorem bounds its benefit. Each section ends with `mdpkit.verify`.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import measure
from mdpkit.claims.imitation.causal_entropy_matches_features import by_trajectories, fit_ring, match
from mdpkit.claims.imitation.cloning_needs_no_interaction_but_pays_quadratically import (
    every_sample,
    mean_gap,
    slip,
    smooth,
)
from mdpkit.claims.imitation.dagger_regret_bounds_the_gap import alone, check
from mdpkit.claims.imitation.expert_resets_remove_exploration import guide, play, returns
from mdpkit.instances.library.imitation.cliff import cliff
from mdpkit.learn import OpenLoopSearch
from mdpkit.report import draw_claim

# %% [markdown]
# ## Demonstrations alone
#
# Every set of n demonstrations of a road in the fog is cloned. The parameter is the horizon: the loss is quadratic in it.

# %%
for H in (1, 2, 4, 6):
    m = every_sample(H, 1, "1/2")
    gap = mean_gap(m)
    print(
        f"H = {H}: gap {gap.lower[()]}, {(gap / (slip(m) * H)).mid:.2f} per slip and step; {m.demonstrations} rows, {m.queries} queries"
    )

# %% [markdown]
# Querying the expert on the learner's own states shows the way out of a ditch.

# %%
for H in (4, 8, 16):
    plays = [smooth(H, asks) for asks in (False, True)]
    cloned, asked = ((measure.value_gap(m.mdp, m.expert, m.learner) / (m.eps * H)).mid for m in plays)
    print(f"H = {H}: gap per slip and step {cloned:.2f} by cloning, {asked:.2f} by DAgger, {plays[1].queries} queries")

# %%
verdict = mdpkit.verify("cloning_needs_no_interaction_but_pays_quadratically", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## DAgger: in-class loss plus regret
#
# The loss is at most the learner's mistakes on its own states times the recoverability of the expert. A fall from a cliff attains it.

# %%
for H in (2, 5, 9):
    gap, _, bound = check(alone(cliff(H, 1))).sides
    print(f"H = {H}: gap {gap.lower[()]}, bound {bound.lower[()]}")
    assert gap == bound

# %%
verdict = mdpkit.verify("dagger_regret_bounds_the_gap", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Rewards against policies
#
# For any rewards and policies the imitation gap is the sum of both players' average regrets. No policy need be a best response.

# %%
verdict = mdpkit.verify("reduction_to_no_regret_is_an_equality", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Resets
#
# One leaf of a tree pays. From the root, finding it with probability 1/2 takes a sweep over half of the leaves; with resets to
# the expert's states, each action is tried once per step.

# %%
for H in (2, 3, 4):
    swept, reset = play(OpenLoopSearch(2**H // 2 - 1), 2, H), guide(2, H)
    print(
        f"H = {H}: {swept.episodes} episodes for {returns(swept).mid.mean()}, {reset.resets} resets for {returns(reset).mid.mean()}"
    )

# %%
verdict = mdpkit.verify("expert_resets_remove_exploration", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Feature matching: causal and trajectory entropy
#
# Maximum causal entropy matches the expert's features. Trajectory entropy treats transition noise as controllable and does not.

# %%
for chance in (0, "1/2", 1):
    m = fit_ring(0, chance)
    off = [
        np.abs(np.subtract(*(side.mid for side in each.pairs["features"]))).max()
        for each in (match(m), by_trajectories(m))
    ]
    print(f"noise {chance}: feature mismatch {off[0]:.0e} (causal), {off[1]:.0e} (trajectories)")

# %%
verdict = mdpkit.verify("causal_entropy_matches_features", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
