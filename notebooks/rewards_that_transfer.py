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
# # Rewards that transfer
#
# A recovered reward is used by retraining on it: a policy that is optimal for it, from scratch, perhaps in other dynamics. What
# that policy returns depends on ties, on what the reward was learned against, and on how it was shaped.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import fit, grant, measure, shaped_reward
from mdpkit.claims.imitation.averaged_reward_keeps_the_expert_near_optimal import average, play
from mdpkit.claims.imitation.lookahead_loses_the_error_of_the_potential import check as lookahead
from mdpkit.claims.imitation.lookahead_loses_the_error_of_the_potential import one_eps
from mdpkit.claims.imitation.potentials_transfer_to_other_dynamics import check as transfer
from mdpkit.claims.imitation.potentials_transfer_to_other_dynamics import halve
from mdpkit.instances import named
from mdpkit.learn import EvIL, Evolution, LookaheadGradient, evolve_potential
from mdpkit.report import draw_claim

TIES = "worst", "uniform", "best"

# %% [markdown]
# ## The reward at an equilibrium
#
# When imitation succeeds, a constant reward is as good as any for the discriminator, and every policy is optimal for it. The
# parameter is the horizon of a cliff; ties decide.

# %%
for H in (2, 4, 8):
    cliff = named("cliff", H=H).mdp
    returns = [measure.retrained_return(cliff, cliff.r * 0, ties).lower[()] for ties in TIES]
    print(f"H = {H}: retrained on a constant reward {', '.join(map(str, returns))} (worst, uniform, best ties)")
    assert returns[0] == 0
    assert returns[2] == H

# %%
verdict = mdpkit.verify("equilibrium_reward_carries_no_information", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The average of the rewards
#
# For the average of the rewards played the expert is optimal up to both players' average regrets. So is everything that it
# mixes: with an expert that pulls the better of two arms with probability 2/3, the average can favour the other one.

# %%
for N in (2, 8, 32, 12, 24):
    m = play(N)
    retrained = [measure.retrained_return(m.mdp, average(m), ties).lower[()] for ties in TIES]
    print(f"N = {N}: imitation gap {m.gap}, average reward {average(m)[0, 0].tolist()}, retrained {retrained}")

# %%
verdict = mdpkit.verify("averaged_reward_keeps_the_expert_near_optimal", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A reward learned against all past policies
#
# The early policies keep it informative. EvIL learns an ensemble this way, and then evolves a potential.

# %%
verdict = mdpkit.verify("aggregate_reward_outlives_imitation", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %%
m = named("far_goal", S=4, H=6)
access = grant(m.mdp.to_float(), expert=m.expert.to_float(), demonstrations="exact", episodes="exact")
answer = fit(EvIL(evolution=Evolution(pairs=4, generations=10)), access, rng=np.random.default_rng(0))
rounds = answer.trace["stage"] == "reward"
fitness = answer.trace["fitness"][~rounds]
returned = measure.value(m.mdp.to_float(), answer.policy).mid
print(f"return {returned:.2f} of {measure.value(m.mdp, m.expert).mid:.2f}; area {fitness[0]:.2f} -> {max(fitness):.2f}")
print(answer.used)

# %% [markdown]
# ## Other dynamics
#
# Phi(s') - Phi(s) may be added in every dynamics. Averaged over the source's transitions it misleads in others; the parameter is
# the total variation between the two, and half of the bound is too little.

# %%
for delta in ("1/8", "1/4", "1/2"):
    m = named("lotteries", H=4, delta=delta)
    loss, _, bound = transfer(m).sides
    kept = measure.retrained_return(m.target, shaped_reward(m.target, m.potential), "worst")
    assert loss == bound
    assert kept == measure.retrained_return(m.target, m.target.r, "worst")
    print(f"delta = {delta}: loss {loss.lower[()]}, bound {bound.lower[()]}, half of it {halve(m).sides[-1].lower[()]}")

# %%
verdict = mdpkit.verify("potentials_transfer_to_other_dynamics", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Few steps ahead
#
# With the optimal values as a potential one step of lookahead is enough. With an error of eps every planned step loses up to
# 2 eps; the parameter is the lookahead.

# %%
for k in (1, 2, 4):
    m = named("late_exits", H=8, k=k, eps="1/8")
    loss, _, bound = lookahead(m).sides
    print(f"k = {k}: loss {loss.lower[()]}, bound {bound.lower[()]}, half of it {one_eps(m).sides[-1].lower[()]}")
    assert loss == bound

# %%
verdict = mdpkit.verify("lookahead_loses_the_error_of_the_potential", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Evolved potentials
#
# A potential is evolved for the area under the learning curve of an inner learner that sees one step. On a corridor no potential
# beats a scaled V*; compare always with the best scale.

# %%
problem = named("far_goal").mdp
V = measure.optimal_value(problem).mid
runs = LookaheadGradient(lookahead=1, iterations=6).on(problem)
for scale in (0, 1, 3, 10):
    print(f"{scale} V*: area {runs.fitness(scale * V[None])[0]:.3f}")
found = evolve_potential(runs, Evolution(pairs=6, generations=15, noise=1), rng=np.random.default_rng(0))
print(f"evolved: area {found.fitness:.3f}")

# %%
verdict = mdpkit.verify("scaled_values_match_evolved_potentials_on_sparse_rewards", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## With an entropy bonus
#
# The reward of maximum causal entropy retrains to the expert, in every dynamics, as long as the bonus is kept.

# %%
verdict = mdpkit.verify("soft_reward_retrains_to_the_expert", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
