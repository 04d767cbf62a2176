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
# # Six claims in detail
#
# For each claim: build an instance, compute both sides, vary a parameter, and violate it as one of its controls does.
# Every number is a rational or an interval around one. Each section ends with `mdpkit.verify`: a verdict with `passed` means
# that no instance contradicts the claim and that every control fails.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import measure, objects
from mdpkit.claims.imitation.cloning_bound_is_attained_at_finite_error import disjoint_slips
from mdpkit.claims.imitation.performance_difference_lemma import slip
from mdpkit.claims.moments.double_sampling_bias_is_next_state_variance import coin, forms
from mdpkit.claims.safety.double_integrator_tube_has_a_closed_form import cart, grid, stop
from mdpkit.instances.library.games import fork
from mdpkit.instances.library.imitation.cliff import cliff
from mdpkit.report import draw_claim

# %% [markdown]
# ## The performance difference lemma
#
# The expert stays in a rewarding state; the learner slips with probability 1/2 into one without reward.

# %%
m = slip(H=3)
gap = measure.value_gap(m.mdp, m.expert, m.learner)
with_expert = (measure.occupancy(m.mdp, m.expert) * measure.advantage(m.mdp, m.learner)).sum()
with_learner = -(measure.occupancy(m.mdp, m.learner) * measure.advantage(m.mdp, m.expert)).sum()
print(gap, with_expert, with_learner)
assert gap == with_expert
assert gap == with_learner

# %% [markdown]
# The parameter is the horizon. Occupancy and advantages of the same policy violate the lemma: their sum is always 0.

# %%
for H in (1, 2, 4, 8, 16):
    m = slip(H)
    own = (measure.occupancy(m.mdp, m.learner) * measure.advantage(m.mdp, m.learner)).sum()
    print(f"H = {H:2}: gap {measure.value_gap(m.mdp, m.expert, m.learner).mid:.6f}, the same policy twice {own.mid}")
    assert own == 0

# %%
verdict = mdpkit.verify("performance_difference_lemma", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Cloning error compounds quadratically
#
# On the cliff one slip loses every later reward. As the slip probability vanishes the gap approaches its bound; disjoint slips attain it.

# %%
for H in (2, 5, 10):
    for m in (cliff(H, "1/4"), cliff(H, "1/1000"), disjoint_slips(H)):
        gap, e = measure.value_gap(m.mdp, m.expert, m.learner), measure.cloning_error(m.mdp, m.expert, m.learner)
        bound = e.max() * (H * (H + 1) // 2)
        print(f"H = {H:2}: gap {gap.mid:.5f}, bound {bound.mid:.5f}, ratio {(gap / bound).mid:.5f}")
        assert gap <= bound
    assert gap == bound  # the last one: disjoint slips

# %% [markdown]
# A bound linear in the horizon is false; so is the quadratic one if rewards may be 3.

# %%
m, paid_more = cliff(5, "1/20"), cliff(5, "1/20", reward=3)
e = measure.cloning_error(m.mdp, m.expert, m.learner).max()
assert measure.value_gap(m.mdp, m.expert, m.learner) > e * 5
assert measure.value_gap(paid_more.mdp, paid_more.expert, paid_more.learner) > e * 15

# %%
verdict = mdpkit.verify("cloning_error_compounds_quadratically", "glance")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %%
verdict = mdpkit.verify("cloning_bound_is_attained_at_finite_error", "glance")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Value equivalence is not regret equivalence
#
# The two mediators differ only on states that neither visits but a deviator does.

# %%
m = fork(H=6)
assert (measure.occupancy(m.game, m.expert) == measure.occupancy(m.game, m.learner)).all_yes()
print("value gap of each player", measure.value_gap(m.game, m.expert, m.learner))
for deviations in ("swap", "trigger", "coarse", "one-shot", "constant"):
    found = measure.regret_gap(m.game, m.expert, m.learner, deviations)
    print(f"{deviations:>9}: regret gap {found}")
    assert found == 5

# %% [markdown]
# The parameter is the probability that the expert visits the other state. If it is positive, imitation distinguishes the two.

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
    print(
        f"amax = {amax}: {m.problem.failure.sum()} failure states, {lost.sum()} in the tube; continuous time misses {spared.sum()}"
    )
    assert spared.any()

# %%
verdict = mdpkit.verify("double_integrator_tube_has_a_closed_form", "glance")
assert verdict.outcome is mdpkit.Outcome.CERTIFIED
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The double sampling bias is the variance of the next value
#
# Two states, each of which leads to either with probability 1/2. The parameter is the difference of their estimated values.

# %%
for height in (0, 1, 2, 4):
    m = coin(V=(0, height))
    ((seen, explained),) = forms(m, "s", m.mdp.horizon.gamma**2).pairs.values()
    bias = seen - measure.squared_bellman_error(m.mdp, m.policy, m.V, m.weights)
    print(f"V = (0, {height}): squared difference {seen}, of which variance {bias}")
    assert seen == explained
    assert bool(bias > 0) is (height > 0)

# %% [markdown]
# A reward that is not a function of the state adds its own variance. Conditioning on the action as well restores the identity.

# %%
m = coin(pays=(0, 1))
((seen, explained),) = forms(m, "s", m.mdp.horizon.gamma**2).pairs.values()
assert seen - explained == objects(["1/4"])[0]
((seen, explained),) = forms(m, "sa", m.mdp.horizon.gamma**2).pairs.values()
assert seen == explained

# %%
verdict = mdpkit.verify("double_sampling_bias_is_next_state_variance", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
