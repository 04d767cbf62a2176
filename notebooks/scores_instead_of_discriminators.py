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
# # Scores instead of discriminators
#
# SMILING imitates states without a classifier: it noises the states of expert and learner, and regresses on the noise. On a
# finite problem the score of a noised state law has a closed form, and the theorem can be seen in numbers.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import measure, objects
from mdpkit.claims.imitation.score_matching_bounds_the_gap_linearly import moments, stray
from mdpkit.instances.library.imitation.choices import choices
from mdpkit.learn import SMILING, fit, grant
from mdpkit.report import draw_claim

# %% [markdown]
# ## One instance
#
# After a start, each action leads to the state of its own. The expert draws its action from one law; it must be imitated from its
# states alone. The cost of a state is what the expert's score loses on it beyond the learner's own score.

# %%
m = choices(["1/2", "3/10", "1/5"], [0, "1/2", 1], H=5)
access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
answer = fit(SMILING(score="last", rounds=6), access, rng=np.random.default_rng(0))
for k, (cost, divergence) in enumerate(zip(answer.trace["cost"], answer.trace["divergence"], strict=True)):
    print(f"round {k}: costs {np.round(cost, 3)}, score divergence {divergence:.6f}")
print("last policy:", np.round(answer.trace["policy"][-1].to_float().table[0, 0], 4), "expert:", m.law)

# %% [markdown]
# ## The parameter: the first noise level
#
# The score divergence from a first noise level on approaches the KL divergence of the state laws as the noise vanishes: by the
# time that the signal-to-noise ratio resolves the two closest states. What is left out has an explicit bound.

# %%
x, P, Q = objects([0, 1]), objects(["1/2", "1/2"]), objects(["1/4", "3/4"])
kl = (P * (measure.logarithm(P) - measure.logarithm(Q))).sum()
for u in (1, 4, 16, 36):
    divergence = measure.score_divergence(x, P, Q, objects(u))
    left_out = (measure.confusion(x, Q, objects(u)) * P).sum()
    print(f"signal to noise {u}: divergence {divergence:.5f}, KL {kl:.5f}, left out at most {left_out.mid:.5f}")

# %%
verdict = mdpkit.verify("score_divergence_is_the_kl_divergence", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The cost is a log density ratio

# %%
verdict = mdpkit.verify("smiling_cost_is_the_log_density_ratio", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The bound: linear in the horizon
#
# A learner that strays from a free state with probability p at every step attains it up to the factor 1 - p/2.

# %%
for H in (2, 8, 32):
    m = stray(H, "1/100")
    g, V, D = moments(m)
    print(f"H = {H}: gap {(g * H).mid:.4f}, bound {(D * H).mid:.4f}, variance of the expert's cost {V.mid}")

# %%
verdict = mdpkit.verify("score_matching_bounds_the_gap_linearly", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The control: a learner score that is never trained
#
# With the score of the first policy for ever, the cost is a fixed reward. The policy passes by the expert and goes to its likeliest
# state.

# %%
m = choices(["9/20", "1/4", "3/10"], [0, "1/2", 1], H=5)
access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
for score in ("last", "first"):
    trace = fit(SMILING(score=score, limit=True, rounds=12), access, rng=np.random.default_rng(0)).trace
    print(score, [f"{each:.4f}" for each in trace["divergence"][[0, 1, 2, 4, 11]]])

# %%
verdict = mdpkit.verify("frozen_learner_scores_collapse_to_a_mode", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
