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
# # Regression of relative rewards is policy gradient
#
# REBEL replaces the policy gradient by a regression: the differences of log-ratios of two responses are fitted to the
# differences of their rewards. REFUEL does the same over the turns of a dialogue. Each section has one instance, one
# parameter, the bound and a control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import TabularPolicy, measure
from mdpkit.claims.preference import rebel_is_natural_policy_gradient as gradient
from mdpkit.claims.preference import rebel_on_preferences_nears_a_minimax_winner as winner
from mdpkit.claims.preference import rebel_regret_needs_one_coverage_factor as regret
from mdpkit.claims.preference import refuel_regret_needs_covered_histories as histories
from mdpkit.instances import named
from mdpkit.learn import REBEL, REFUEL, LogLinear, fit, grant
from mdpkit.report import draw_claim

# %% [markdown]
# ## One round is one step of natural policy gradient
#
# Two prompts, three responses, two features. The parameter is the law of the second response. If it is the policy,
# the matrix of the regression is twice the Fisher matrix, exactly; control: a uniform second response.

# %%
for base in ("policy", "uniform"):
    m = named("two_features", base=base)
    (M, b), (F, slope) = gradient.normal_equations(m), gradient.natural_gradient(m)
    print(f"base {base}: M - 2F = {(M - 2 * F).mid.tolist()}, b - 2 grad J = {(b - 2 * slope).mid.tolist()}")

# %%
verdict = mdpkit.verify("rebel_is_natural_policy_gradient", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The regret needs one factor of coverage
#
# A response of reward $R$ that the base gives $2^{-k}$ and the start $4^{-k}$, and a regression that does not notice
# it. The parameter is $k$: the bound $\sqrt{Ce} + \mathrm{KL}/(\eta T) + \eta B^2/8$ is attained in the limit.
# Control: the coverage of the first policy in place of the comparator's.

# %%
for k in (2, 4, 6, 8):
    m = named("unnoticed_response", k=k)
    gap, bound = (side.mid for side in regret.check(m).sides)
    wrong = measure.concentrability(m.problem, TabularPolicy(m.problem.reference)).mid
    print(f"k = {k}: share {gap / bound:.4f}, C = {regret.coverage_factor(m).mid}, of the first policy {wrong:.3f}")

# %%
verdict = mdpkit.verify("rebel_regret_needs_one_coverage_factor", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The base sample decides what is learned
#
# Two common responses mislead about a third, which pays most. The parameter is its probability $2^{-k}$ at the start.
# With its own responses as base REBEL abandons it if $k \geq 6$ and does not return; with offline data that show it,
# it never does. The regret bound holds in either case: with its own base the policy loses its coverage of the best
# response.

# %%
for k in (2, 4, 6, 8, 16):
    m = named("misleading_pair", k=k)
    access, features = grant(m.problem, rewards=True), LogLinear(m.features)
    gaps = {}
    for name, base in (("policy", "policy"), ("reference", "reference"), ("offline", TabularPolicy(m.problem.data))):
        last = fit(REBEL(features, 31, base=base), access, rng=None).trace["policy"][-1]
        gaps[name] = 3 - last.table[0] @ [0, -1, 3]
    print(f"k = {k}: gap", ", ".join(f"{gap:.3f} ({name})" for name, gap in gaps.items()))

# %%
verdict = mdpkit.verify("base_sample_decides_what_rebel_learns", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Preferences without a reward
#
# Three responses that beat each other in a cycle, and the chance to win against the policy itself as reward. The
# parameter is the number of rounds. The average policy nears the minimax winner; control: the last policy does not.

# %%
for T in (12, 24, 48):
    m = named("turning_cycle", T=T)
    average, bound = (side.mid for side in winner.check(m).sides)
    last = winner.of_the_last(m).sides[0].mid
    print(f"T = {T}: exploitability {average:.3f} of the average, {last:.3f} of the last policy, bound {bound:.3f}")

# %%
verdict = mdpkit.verify("rebel_on_preferences_nears_a_minimax_winner", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Several turns: coverage multiplies
#
# A dialogue stays on track by a response of probability $2^{-k}$ at every turn. The parameter is the number of turns:
# the comparator gives the last right response $2^{kH}$ times as often, and the bound is nearly attained at each $H$.

# %%
for H in (1, 2, 3):
    m = named("rare_turns", H=H, k=6).replace(own=True)
    gap, bound = (side.mid for side in histories.check(m).sides)
    print(f"H = {H}: gap {gap:.3f}, bound {bound:.3f}, C = {histories.coverage(m)[0][-1].mid}")

# %%
verdict = mdpkit.verify("refuel_regret_needs_covered_histories", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Histories of the reference
#
# A user who must be asked the right question at all turns but the last, and one parameter for the last answer, on
# track and off it. The parameter is the probability $q$ of the right question under the reference. REFUEL, on its own
# histories, reaches 1 where the reference's histories lead to $2/5$; control: for small $q$ it fails as well.

# %%
for H, q in ((2, "1/2"), (2, "1/4"), (2, "1/10"), (3, "1/2"), (3, "1/4")):
    m = named("shared_answer", H=H, q=q)
    J = {}
    for states in ("policy", "reference"):
        options = dict(pairs=None, histories=states, reward=m.mdp.r, reference=m.reference)
        learner = REFUEL(LogLinear(m.features), 120, **options)
        last = fit(learner, grant(m.mdp, episodes="exact"), rng=None).trace["policy"][-1]
        J[states] = measure.value(m.mdp.to_float(), last).mid
    print(f"H = {H}, q = {q}: {J['policy']:.3f} on the policy's histories, {J['reference']:.3f} on the reference's")

# %%
for H in np.arange(1, 9):
    m = named("last_turn", H=int(H), q="1/2", user=1)
    print(f"H = {H}: the last turn alone loses {measure.value_gap(m.mdp, m.best, m.last).mid:.3f} of 7/10")

# %%
verdict = mdpkit.verify("last_turn_training_loses_with_the_turns", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Two rollouts, no critic
#
# The difference of two rollouts' rewards has the difference of action values as its mean; its noise adds a constant
# to the loss.

# %%
verdict = mdpkit.verify("two_rollouts_give_an_unbiased_target", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
