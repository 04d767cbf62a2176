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
# # Six claims, looked at one by one
#
# For each claim: build an instance, compute both sides, turn a knob, and break it the way one of its controls does.
# Every number is a rational or an interval around one. At the end of each section `mdpkit.verify` doubts the claim by machine:
# a verdict that `passed` met no instance that contradicts the claim, and saw every control fail.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import measure, objects
from mdpkit.claims.games.value_equivalence_is_not_regret_equivalence import fork
from mdpkit.claims.imitation.cloning_bound_is_attained_at_finite_error import disjoint_slips
from mdpkit.claims.imitation.cloning_error_compounds_quadratically import cliff
from mdpkit.claims.imitation.performance_difference_lemma import slip
from mdpkit.claims.moments.double_sampling_bias_is_next_state_variance import coin, forms
from mdpkit.claims.safety.double_integrator_tube_has_a_closed_form import cart, grid, stop
from mdpkit.report import draw_claim

# %% [markdown]
# ## The performance difference lemma
#
# The expert keeps to a state that pays; the learner slips half of the time into one that does not.

# %%
m = slip(H=3)
gap = measure.value_gap(m.mdp, m.expert, m.learner)
with_expert = (measure.occupancy(m.mdp, m.expert) * measure.advantage(m.mdp, m.learner)).sum()
with_learner = -(measure.occupancy(m.mdp, m.learner) * measure.advantage(m.mdp, m.expert)).sum()
print(gap, with_expert, with_learner)
assert gap == with_expert
assert gap == with_learner

# %% [markdown]
# The knob is the horizon. To break the lemma, take visits and advantages of the same policy: their sum is always 0.

# %%
for H in (1, 2, 4, 8, 16):
    m = slip(H)
    own = (measure.occupancy(m.mdp, m.learner) * measure.advantage(m.mdp, m.learner)).sum()
    print(f"H = {H:2}: gap {measure.value_gap(m.mdp, m.expert, m.learner).mid:.6f}, the same policy twice {own.mid}")
    assert own == 0

# %%
verdict = mdpkit.verify("performance_difference_lemma")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Cloning error compounds quadratically
#
# On the cliff one slip loses every later reward. The smaller the slip, the nearer the gap is to its bound; disjoint slips reach it.

# %%
for H in (2, 5, 10):
    for m in (cliff(H, "1/4"), cliff(H, "1/1000"), disjoint_slips(H)):
        gap, e = measure.value_gap(m.mdp, m.expert, m.learner), measure.cloning_error(m.mdp, m.expert, m.learner)
        bound = e.max() * (H * (H + 1) // 2)
        print(f"H = {H:2}: gap {gap.mid:.5f}, bound {bound.mid:.5f}, ratio {(gap / bound).mid:.5f}")
        assert gap <= bound
    assert gap == bound  # the last one: disjoint slips

# %% [markdown]
# A bound that is linear in the horizon does not hold; nor does the quadratic one, once rewards may be 3.

# %%
m, paid_more = cliff(5, "1/20"), cliff(5, "1/20", reward=3)
e = measure.cloning_error(m.mdp, m.expert, m.learner).max()
assert measure.value_gap(m.mdp, m.expert, m.learner) > e * 5
assert measure.value_gap(paid_more.mdp, paid_more.expert, paid_more.learner) > e * 15

# %%
verdict = mdpkit.verify("cloning_error_compounds_quadratically")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %%
verdict = mdpkit.verify("cloning_bound_is_attained_at_finite_error")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Value equivalence is not regret equivalence
#
# The two mediators differ only where neither ever goes, and a deviator does.

# %%
m = fork(H=6)
assert (measure.occupancy(m.game, m.expert) == measure.occupancy(m.game, m.learner)).all_yes()
print("value gap of each player", measure.value_gap(m.game, m.expert, m.learner))
for deviations in ("swap", "trigger", "coarse", "one-shot", "constant"):
    found = measure.regret_gap(m.game, m.expert, m.learner, deviations)
    print(f"{deviations:>9}: regret gap {found}")
    assert found == 5

# %% [markdown]
# The knob is the probability that the expert sees the other state. As soon as it is positive, imitation can tell the two apart.

# %%
for beta in ("0", "1/100", "1/4"):
    m = fork(6, beta)
    apart = abs(measure.occupancy(m.game, m.expert) - measure.occupancy(m.game, m.learner)).max()
    gap = measure.regret_gap(m.game, m.expert, m.learner)
    print(f"beta = {beta:>5}: occupancies differ by up to {apart.mid:.4f}, regret gap {gap.mid:.4f}")
    assert bool(apart > 0) is (beta != "0")

# %%
verdict = mdpkit.verify("value_equivalence_is_not_regret_equivalence")
assert verdict.outcome is mdpkit.Outcome.CERTIFIED
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The double integrator's tube has a closed form
#
# The solver finds the states from which failure is inevitable on the graph; the formula adds up the braking distance.

# %%
for amax in (1, 2, 3):
    m = cart(amax, vmax=7, xmax=20)
    x, v = grid(m)
    lost = measure.tube(m.problem).lower.astype(bool)
    assert (lost == (x + stop(v, amax) >= 20)).all()
    spared = lost & ~(2 * amax * x + np.maximum(v, 0) ** 2 >= 2 * amax * 20)
    print(f"amax = {amax}: {m.problem.failure.sum()} failure states, {lost.sum()} lost; continuous time would spare {spared.sum()} of them")
    assert spared.any()

# %%
verdict = mdpkit.verify("double_integrator_tube_has_a_closed_form")
assert verdict.outcome is mdpkit.Outcome.CERTIFIED
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The double sampling bias is the variance of the next value
#
# Two states, each of which leads to either by the toss of a coin. The knob is how far apart their values are guessed to be.

# %%
for height in (0, 1, 2, 4):
    m = coin(V=(0, height))
    ((seen, explained),) = forms(m, "s", m.mdp.horizon.gamma**2).pairs.values()
    bias = seen - measure.squared_bellman_error(m.mdp, m.policy, m.V, m.weights)
    print(f"V = (0, {height}): squared difference {seen}, of which variance {bias}")
    assert seen == explained
    assert bool(bias > 0) is (height > 0)

# %% [markdown]
# A reward that the state does not tell adds its own variance. Conditioning on the action as well mends it.

# %%
m = coin(pays=(0, 1))
((seen, explained),) = forms(m, "s", m.mdp.horizon.gamma**2).pairs.values()
assert seen - explained == objects(["1/4"])[0]
((seen, explained),) = forms(m, "sa", m.mdp.horizon.gamma**2).pairs.values()
assert seen == explained

# %%
verdict = mdpkit.verify("double_sampling_bias_is_next_state_variance")
assert verdict.passed
display(verdict, draw_claim(verdict))
