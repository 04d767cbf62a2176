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
# # Imitation by a class that does not contain the expert
#
# A learner that slips where the expert does not must find its way back from states that no demonstration shows. Each
# section has one instance, one parameter, the bound, the control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
from IPython.display import display

import mdpkit
from mdpkit import measure
from mdpkit.claims.imitation.completeness_error_bounds_the_gap import learn as learn_by_guitar
from mdpkit.claims.imitation.completeness_error_bounds_the_gap import mean_error
from mdpkit.claims.imitation.own_states_make_the_ladder_linear import gaps, learn
from mdpkit.claims.imitation.reset_mixtures_beat_both_ends import learn as learn_the_lock
from mdpkit.claims.imitation.reset_mixtures_beat_both_ends import median
from mdpkit.claims.imitation.resets_beyond_the_expert_help import walk
from mdpkit.report import draw_claim

# %% [markdown]
# ## The ladder: whose states to reset to
#
# Every rule of the class slips with probability 1/1000 on top of a cliff with a ladder. The parameter is the share of the
# resets on the expert's states: with all of them there the ladder is never tried, and the loss is quadratic in H.

# %%
for share in (0, "1/2", 1):
    found = [gaps(learn(H, share)).mid[-1] * 1000 for H in (8, 16, 32, 64)]
    print(f"share {share}: gap per slip {', '.join(f'{gap:.0f}' for gap in found)} at H = 8, 16, 32, 64")

# %% [markdown]
# The controls: without a ladder no share helps; if the default climbs, the expert's states are enough, by luck.

# %%
print(f"no ladder, share 1/2: {gaps(learn(32, '1/2', climbs=False)).mid[-1] * 1000:.0f}")
print(f"a benevolent default, share 1: {gaps(learn(32, 1, benevolent=True)).mid[-1] * 1000:.0f}")

# %%
verdict = mdpkit.verify("own_states_make_the_ladder_linear", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The lock: exploration against compounding
#
# Now the digits of a lock must be found before the ladder helps. Without resets to the expert's states they are not; with
# those alone the ladder is not tried. Medians of 20 seeds.

# %%
lock = learn_the_lock()
for share in lock.shares.split():
    limits = median(lock, share)
    print(f"share {share}: median gap between {limits.lower[()]:.2f} and {limits.upper[()]:.2f}")

# %%
verdict = mdpkit.verify("reset_mixtures_beat_both_ends", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The completeness error
#
# What the best action has over the best rule of the class, on average over the resets, bounds the loss per step. It
# grows with the horizon on the cliff and stays bounded on the ladder; both bounds are attained.

# %%
for H in (4, 16, 64):
    both = [learn_by_guitar(H, climbs=climbs) for climbs in (False, True)]
    errors = [mean_error(m).mid * 1000 for m in both]
    lost = [measure.value_gap(m.mdp, m.comparator, m.learner).mid * 1000 / H for m in both]
    words = [
        f"{name} {error:.2f}, {gap:.2f}" for name, error, gap in zip(("cliff", "ladder"), errors, lost, strict=True)
    ]
    print(f"H = {H}: error and gap per step, in slips: {'; '.join(words)}")

# %%
verdict = mdpkit.verify("completeness_error_bounds_the_gap", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The tightrope: resets beyond the expert
#
# Only the expert can walk the tightrope. Data of somebody who takes the bridge, at a cost of c per step, open it for the
# learner; the control is a bridge that is not worth it.

# %%
for c in ("1/10", "1/2", "3/2"):
    earned = {
        share: measure.value(*(getattr(walk(8, share, c), name) for name in ("mdp", "learner"))).mid
        for share in ("1", "1/2")
    }
    print(f"c = {c}: {earned['1']:.1f} with the expert's states alone, {earned['1/2']:.1f} with half on the bridge")

# %%
verdict = mdpkit.verify("resets_beyond_the_expert_help", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Completeness is not realisability
#
# A class that contains the expert loses nothing with resets to the expert's states; a complete class loses nothing with any
# resets that cover it. Each of them loses in the other's place.

# %%
verdict = mdpkit.verify("completeness_is_not_realisability", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
