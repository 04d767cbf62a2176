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
# # Model error, reward shaping, recoverability
#
# The cost of model error, rewards that preserve the optimal actions, recovery that stops cloning errors from compounding, and
# linear features. Each section takes one instance, varies one parameter and violates the statement.

# %%
# %matplotlib inline
from IPython.display import display

import mdpkit
from mdpkit import measure, objects
from mdpkit.claims.imitation.agreeing_rewards_share_their_moments import apart
from mdpkit.claims.imitation.agreeing_rewards_share_their_moments import sides as agreeing_sides
from mdpkit.claims.imitation.linear_mdp_keeps_every_q_linear import distance, mixture
from mdpkit.claims.imitation.on_policy_value_moments_are_tight import sides as on_policy_sides
from mdpkit.claims.imitation.potential_shaping_preserves_the_optimum import fork
from mdpkit.claims.imitation.recoverable_cliff_is_linear import sides
from mdpkit.claims.imitation.simulation_lemma_bounds_model_error import check, half
from mdpkit.claims.imitation.state_divergence_bounds_the_gap_to_second_order import moments, two
from mdpkit.claims.imitation.step_moments_bound_the_imitation_gap import by_resets, idle
from mdpkit.claims.offline.pessimism_bound_is_attained import sides as pessimism_sides
from mdpkit.claims.planning.natural_gradient_converges_at_rate_one_over_t import check as natural_gradient
from mdpkit.instances.library.imitation.cliff import first_fall, habit, leak
from mdpkit.instances.library.imitation.road import road
from mdpkit.instances.library.offline import wrong_turn
from mdpkit.instances.library.planning.gradient import arms
from mdpkit.report import draw_claim

# %% [markdown]
# ## The simulation lemma
#
# The MDP has a leak that the model lacks. The parameter is the horizon.

# %%
for H in (1, 2, 4, 8, 16):
    gap, by_oscillation, by_horizon = check(leak(H, "1/10")).sides
    print(f"H = {H:2}: value difference {gap.mid:.5f}, bounds {by_oscillation.mid:.5f} and {by_horizon.mid:.5f}")
    assert gap == by_oscillation
    assert gap == by_horizon

# %% [markdown]
# Half of the oscillation is not enough: total variation is already half of the sum of absolute differences.

# %%
gap, halved = half(leak(5, "1/10")).sides
assert gap == halved * 2

# %%
verdict = mdpkit.verify("simulation_lemma_bounds_model_error", "glance")
assert verdict.passed
assert verdict.tightest == 1
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Potential shaping preserves the optimum
#
# One step: staying pays 1/2, leaving pays nothing. The parameter is the potential of the state that leaving leads to.

# %%
for last in ("0", "1/4", "1/2", "1"):
    m = fork(last)
    shaped = mdpkit.shaped_reward(m.mdp, m.potential)
    before, after = measure.optimal_actions(m.mdp), measure.optimal_actions(m.mdp, shaped)
    print(
        f"terminal potential {last:>3}: optimal actions at the start {before[0, 0].lower}, shaped {after[0, 0].lower}"
    )
assert (measure.optimal_actions(m.mdp, mdpkit.shaped_reward(m.mdp, fork().potential)) == before).all_yes()
assert (after == before).any_no()

# %%
verdict = mdpkit.verify("potential_shaping_preserves_the_optimum", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## With recovery in one step cloning loses linearly
#
# If every action recovers in one step, a slip costs two rewards. If only the right one does, and the learner does not take it, the
# loss is quadratic. The parameter is the horizon.

# %%
for H in (8, 32, 128):
    for recovers in (True, False):
        _, gap, e = sides(road(H, "1/1000", recovers))
        ratio = gap / (e.max() * H)
        print(f"H = {H:3}: {'every action' if recovers else 'the right one'} recovers, gap / (eps H) = {ratio.mid:.3f}")
        assert bool(ratio < 2) is recovers

# %%
verdict = mdpkit.verify("recoverable_cliff_is_linear", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## On-policy mistakes cost at most the range of the expert's action values
#
# A habit repeats, and each slip costs one reward; a fall happens once and costs all later rewards. The parameter is the horizon.

# %%
for H in (2, 4, 8):
    for m in (habit(H, "1/10"), first_fall(H, "1/10")):
        gap, u, mistakes = on_policy_sides(m)
        print(f"H = {H}, {m.name:>10}: gap {gap.mid:.4f} = {u.lower[()]} times {mistakes.mid:.4f} mistakes")
        assert gap == u * mistakes
    m = habit(H, "1/10")
    assert on_policy_sides(m)[0] > on_policy_sides(m)[1] * measure.cloning_error(m.mdp, m.expert, m.learner).sum()

# %%
verdict = mdpkit.verify("on_policy_value_moments_are_tight", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Per-step moments and resets
#
# The parameter is the share of the resets on the expert's states: the bound has a factor of 1 over that share.

# %%
for share in ("1/8", "1/2", "1"):
    gap, _, right = by_resets(idle(3, share)).sides
    print(f"a share of {share:>3}: gap {gap.lower[()]}, bound {right.lower[()]}")
    assert gap == right

# %%
verdict = mdpkit.verify("step_moments_bound_the_imitation_gap", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A linear MDP keeps every action value linear
#
# The parameter is the distance of one transition law from the span of the features.

# %%
for off in ("0", "1/100", "1/10", "1/3"):
    m = mixture(objects([off])[0])
    squared = distance(m, measure.action_value(m.mdp, m.policy))
    print(f"one transition perturbed by {off:>5}: squared distance of Q from the features {squared.mid:.6f}")
    assert bool(squared > 0) is (off != "0")

# %%
verdict = mdpkit.verify("linear_mdp_keeps_every_q_linear", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Pessimism loses at most twice its bonus, and this is attained
#
# In the model the good action falls with positive probability. The parameter is the horizon; two actions have equal pessimistic values,
# and the tie is broken for the bad one.

# %%
for H in (2, 3, 6, 12):
    gap, above, paid = pessimism_sides(wrong_turn(H))
    print(f"H = {H:2}: gap {gap.lower[()]}, twice the comparator's expected bonus {(paid * 2).lower[()]}")
    assert gap == above
    assert gap == paid * 2
    assert gap > paid

# %%
verdict = mdpkit.verify("pessimism_bound_is_attained")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Rewards with equal value gaps share their moments
#
# Two rewards value the two steps of a habit at 1 and 1 - x, in opposite orders. The parameter is x.

# %%
for x in ("0", "1/2", "1", "3/2"):
    gap, most, between = agreeing_sides(apart(x))
    print(
        f"x = {x:>3}: gap {gap.lower[()]}, sum of the larger moments {most.lower[()]}, of their differences {between.lower[()]}"
    )
    assert gap == most - between / 2

# %%
verdict = mdpkit.verify("agreeing_rewards_share_their_moments", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Second-order bounds for costs of small variance
#
# The expert is always in one state; the learner is elsewhere with probability p. The gap is of order p, as is the divergence;
# without the variance, the divergence gives only a bound of the order of its square root.

# %%
for p in ("1/2", "1/10", "1/100"):
    g, V, D = moments(two(p, 0))
    print(f"p = {p:>5}: gap {g.mid:.4f}, variance {V.min().mid:.4f}, divergence {D.mid:.4f}")
    assert g**2 <= (V.min() * 2 + g) * D

# %%
verdict = mdpkit.verify("state_divergence_bounds_the_gap_to_second_order", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Natural policy gradient converges at rate 1/T
#
# One of eight arms pays. The parameter is the number of rounds T at a fixed total step size.

# %%
for T in (1, 4, 16, 64):
    gap, sooner, bound = natural_gradient(arms(3, objects("19/20")[()], T)).sides
    print(
        f"T = {T:2}: gap {gap.mid:.4f}, bounds {sooner.mid:.4f} and {bound.mid:.4f}: {gap.mid / bound.mid:.3f} of the last"
    )
    assert gap <= sooner

# %%
verdict = mdpkit.verify("natural_gradient_converges_at_rate_one_over_t")
assert verdict.passed
display(verdict, draw_claim(verdict))
