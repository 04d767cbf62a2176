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
# # A cliff with a ladder: what matching moments costs
#
# One instance: state 0 pays 1, a slip falls to state 1, and a ladder leads back. One knob: the probability q that the learner
# does not climb. Three games match moments of reward, of the learner's values and of the expert's values; each bounds the loss,
# with its own exponent of the horizon. Without the ladder, the control, one of them fails.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import fit, grant, measure
from mdpkit.claims.imitation.three_moments_scale_differently_with_the_horizon import gap_and_payoffs, worst
from mdpkit.instances import named
from mdpkit.learn import AdRIL, AdVIL, Cloning, DAeQuIL, DAgger, IQLearn
from mdpkit.report import draw_claim

# %% [markdown]
# ## The knob
#
# The learner slips with probability 1/100. Demonstrations show no fall, so that the off-policy payoff does not depend on q, while
# the gap does. The payoffs of reward moments and of on-policy value moments change with it.

# %%
H = 16
for q in (0, "1/4", "1/2", 1):
    gap, reward, off_policy, on_policy = (float(x.mid) for x in gap_and_payoffs(named("missteps", H=H, p="1/100", q=q)))
    print(
        f"q = {q}: gap {gap:.3f}, payoffs {reward:.3f} (reward), {off_policy:.3f} (off-policy), {on_policy:.3f} (on-policy)"
    )

# %% [markdown]
# ## The bounds
#
# The gap is at most the payoff of reward moments, H times that of off-policy moments, and u times that of on-policy moments, where
# u is the widest range over actions of the expert's action values: 2 with the ladder, H without.

# %%
for ladder in (True, False):
    m = named("missteps", H=H, p="1/100", q=0, ladder=ladder)
    gap, reward, off_policy, on_policy = gap_and_payoffs(m)
    u = measure.recoverability(m.mdp, m.expert)
    assert all((gap <= bound).all_yes() for bound in (reward, off_policy * H, on_policy * u))
    print(
        f"{'ladder' if ladder else 'cliff'}: u = {u.lower[()]}, gap / (2 on-policy payoff) = {(gap / (on_policy * 2)).mid:.2f}"
    )

# %% [markdown]
# ## The exponents
#
# The largest gap over p and q, if the payoff per step is at most 1/1000, for twice the horizon: the exponent is log2 of the ratio.

# %%
for ladder in (False, True):
    slopes = []
    for moment in ("reward", "off-Q", "on-Q"):
        gaps = [float(gap_and_payoffs(worst(H, ladder, moment))[0].mid) for H in (32, 64)]
        slopes.append(np.log2(gaps[1] / gaps[0]))
    print(f"{'ladder' if ladder else 'cliff'}: " + ", ".join(f"{slope:.2f}" for slope in slopes))

# %%
verdict = mdpkit.verify("three_moments_scale_differently_with_the_horizon", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## One learner for each game
#
# On the ladder, whose expert never falls: AdVIL plays the off-policy game on demonstrations, AdRIL the reward game with a model,
# DAeQuIL the on-policy game with queries. Only those that visit the foot of the ladder or know the model climb.

# %%
m = named("ladder", H=8)
access = {"demonstrations": "exact", "episodes": "exact", "queries": "exact"}
for learner in (Cloning(), AdVIL(), AdRIL(), DAgger(30), DAeQuIL(iterations=30, rate=2), IQLearn(modelled=True)):
    granted = grant(m.mdp.to_float(), expert=m.expert.to_float(), **access)
    answer = fit(learner, granted, rng=np.random.default_rng(0))
    last = getattr(answer.policy, "members", [answer.policy])[-1].to_tabular(m.mdp.to_float()).table
    climbs = last[1, 1, 0] if last.ndim == 3 else last[1, 0]
    gap = measure.value_gap(m.mdp.to_float(), m.expert.to_float(), answer.policy).mid
    print(
        f"{type(learner).__name__:8s} gap {gap:.3f}; its last policy climbs with probability {climbs:.2f}; {answer.used}"
    )

# %% [markdown]
# ## What each game guarantees
#
# AdRIL's reward is the gradient of a squared distance; DAeQuIL's regret bounds the gap; IQ-Learn maximises a penalised likelihood.

# %%
verdict = mdpkit.verify("adril_descends_the_moment_distance", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %%
verdict = mdpkit.verify("on_policy_moment_regret_bounds_the_gap", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %%
verdict = mdpkit.verify("iq_learning_is_penalised_likelihood", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
