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
# # What interaction buys an imitator
#
# Demonstrations alone, questions to the expert, resets to its states, a known model: what each takes is counted by a meter, and
# what it is worth is a theorem. At the end of each section `mdpkit.verify` doubts it by machine.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import measure
from mdpkit.claims.imitation._explorers import Sweep, guided, played
from mdpkit.claims.imitation._features import drawn
from mdpkit.claims.imitation._roads import every_sample, smoothed
from mdpkit.claims.imitation.causal_entropy_matches_features import by_trajectories, matched
from mdpkit.claims.imitation.cloning_needs_no_interaction_but_pays_quadratically import mean_gap, slip
from mdpkit.claims.imitation.dagger_regret_bounds_the_gap import alone, check, cliff
from mdpkit.claims.imitation.expert_resets_remove_exploration import returns
from mdpkit.report import draw_claim

# %% [markdown]
# ## Demonstrations alone
#
# Every set of n demonstrations of a road in the fog is cloned. The knob is the horizon: the loss grows with its square.

# %%
for H in (1, 2, 4, 6):
    m = every_sample(H, 1, "1/2")
    gap = mean_gap(m)
    print(f"H = {H}: gap {gap.lower[()]}, {(gap / (slip(m) * H)).mid:.2f} slips a step; {m.demonstrations} rows, {m.queries} queries")

# %% [markdown]
# Who asks where it goes itself finds the way out of a ditch.

# %%
for H in (4, 8, 16):
    plays = [smoothed(H, asks) for asks in (False, True)]
    cloned, asked = ((measure.value_gap(m.mdp, m.expert, m.learner) / (m.eps * H)).mid for m in plays)
    print(f"H = {H}: {cloned:.2f} slips a step by cloning, {asked:.2f} by asking {plays[1].queries} times")

# %%
verdict = mdpkit.verify("cloning_needs_no_interaction_but_pays_quadratically")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## What a correction is worth
#
# Mistakes where the learner goes, times what a mistake costs the expert. A fall from a cliff attains it.

# %%
for H in (2, 5, 9):
    gap, _, bound = check(alone(cliff(H, 1))).sides
    print(f"H = {H}: gap {gap.lower[()]}, bound {bound.lower[()]}")
    assert gap == bound

# %%
verdict = mdpkit.verify("dagger_regret_bounds_the_gap")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Rewards against policies
#
# Any rewards, any policies: what is lost is what both players regret. No answer need be a best one.

# %%
verdict = mdpkit.verify("reduction_to_no_regret_is_an_equality")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Resets
#
# A leaf of a tree pays. Swept from the root it takes half of the leaves to find it half of the time; from the expert's states,
# each action once a step.

# %%
for H in (2, 3, 4):
    swept, told = played(Sweep(2**H // 2 - 1), 2, H), guided(2, H)
    print(f"H = {H}: {swept.episodes} episodes for {returns(swept).mid.mean()}, {told.resets} resets for {returns(told).mid.mean()}")

# %%
verdict = mdpkit.verify("expert_resets_remove_exploration")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Features matched, and features missed
#
# Maximum causal entropy has the expert's features. Weigh trajectories instead, and chance is taken for choice.

# %%
for chance in (0, "1/2", 1):
    m = drawn(0, chance)
    off = [np.abs(np.subtract(*(side.mid for side in each.pairs["features"]))).max() for each in (matched(m), by_trajectories(m))]
    print(f"chance {chance}: causal entropy misses by {off[0]:.0e}, trajectory entropy by {off[1]:.0e}")

# %%
verdict = mdpkit.verify("causal_entropy_matches_features")
assert verdict.passed
display(verdict, draw_claim(verdict))
