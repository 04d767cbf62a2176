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
# # Expert data in the inner loop of inverse reinforcement learning
#
# Inverse reinforcement learning solves a reinforcement learning problem per round. Expert data in that problem help
# three times: resets to the expert's states, hybrid batches of expert and learner data (HyPE, HyPER), and pessimism
# off the data. Each section has one instance, one parameter, the bound and a control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit.claims.imitation import advantage_in_the_model_bounds_the_gap as advantage
from mdpkit.claims.imitation import alternating_best_responses_cycle as cycle
from mdpkit.claims.imitation import model_of_expert_data_is_never_corrected as corrected
from mdpkit.claims.imitation import pessimistic_imitation_needs_expert_coverage as pessimistic
from mdpkit.claims.imitation.expert_resets_remove_exploration import guide, play, returns
from mdpkit.claims.imitation.hybrid_data_help_when_rewards_are_sparse import play as imitate
from mdpkit.instances.library.imitation.fitted import mirage
from mdpkit.learn import BestResponse, GradientAscent, OpenLoopSearch
from mdpkit.report import draw_claim

# %% [markdown]
# ## Resets
#
# One leaf of a tree pays, and the expert goes there. The parameter is the horizon. PSDP from the expert's states
# needs $HA$ resets; control: half of a sweep over the leaves from the root, which is what any learner needs for a
# return of 1/2.

# %%
for H in (2, 3, 4):
    swept, reset = play(OpenLoopSearch(2**H // 2 - 1), 2, H), guide(2, H)
    print(f"H = {H}: return {returns(reset).mid.mean()} after {reset.resets} resets", end="; ")
    print(f"{returns(swept).mid.mean()} after {swept.episodes} episodes from the root")

# %%
verdict = mdpkit.verify("expert_resets_remove_exploration", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Planning in a model from the expert's states
#
# The parameter is the error of the model at a fork: `hidden` at the expert's action, `imagined` at the learner's. The
# gap is the expert's advantage in the model plus the errors under *both* occupancies. Control: errors under the
# expert's alone.

# %%
for hidden, imagined in ((0, 1), ("1/2", "1/2"), (1, 0)):
    m = mirage(4, hidden, imagined)
    gap, *_, bound = advantage.check(m).sides
    *_, wrong = advantage.under_the_expert(m).sides
    print(
        f"hidden {hidden}, imagined {imagined}: gap {gap.lower[()]}, bound {bound.lower[()]}, control {wrong.lower[()]}"
    )
    assert gap == bound

# %%
verdict = mdpkit.verify("advantage_in_the_model_bounds_the_gap", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## HyPER: the model is refitted to hybrid data
#
# A road with turn-offs that the expert never takes. The parameter is the share of the expert's data. With hybrid data
# one turn-off is corrected per round, $H(A-1)$ in all; with the expert's data alone none ever is.

# %%
for share in ("1/2", 1):
    m = corrected.road(4, 2, expert_share=share)
    found = ", ".join(str(gap) for gap in corrected.gaps(m).lower)
    worse, bound = corrected.check(m).sides
    print(f"share {share}: gaps {found}; {worse} rounds worse, bound {bound}")

# %%
verdict = mdpkit.verify("model_of_expert_data_is_never_corrected", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## HyPE: one demonstration in each batch
#
# A tree with 64 leaves and rewards of the last step. The parameter is the default value of actions without data.
# Median over seeds of the gap, as a share of the largest: the demonstration replaces exploration if that value is
# 0. With the highest value it does not (control); with the lowest, the online method does not explore, which is a
# bad baseline.

# %%
for unseen in ("zero", "optimistic", "pessimistic"):
    gaps = {
        share: np.median([imitate(share, 4, 3, 20, True, unseen, seed) for seed in range(5)]) for share in ("0", "1/2")
    }
    print(f"{unseen}: online {gaps['0']:.2f}, hybrid {gaps['1/2']:.2f}")

# %%
verdict = mdpkit.verify("hybrid_data_help_when_rewards_are_sparse", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Rewards must have no regret
#
# An expert that pulls every arm alike. The parameter is the number of arms. Projected gradient steps imitate it
# exactly after every $A$ rounds; control: rewards that are best responses to the last policy alone, which cycle for
# ever.

# %%
for A in (3, 4, 6):
    calm, last = (cycle.play(player, A, rounds=(12,))[0].sup_gap for player in (GradientAscent("1/2"), BestResponse()))
    print(f"A = {A}: gap {calm} with gradient steps, {last} with best responses; 2 (1 - 2/A) = {2 * (A - 2)}/{A}")

# %%
verdict = mdpkit.verify("alternating_best_responses_cycle", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Pessimism in place of resets
#
# A model with an error at one action of the expert's. The parameter is the horizon. PessimisticIRL loses twice the
# expert's expected bonus, which is its bound. Control: a model that imagines the reward elsewhere, and greedy
# planning in it.

# %%
for H in (2, 3, 5):
    m, greedy = pessimistic.turn(H), pessimistic.imagine(H, greedy=True)
    gap, *_, bound = pessimistic.check(m).sides
    wrong, *_, its_bound = pessimistic.check(greedy).sides
    print(
        f"H = {H}: gap {gap.lower[()]}, bound {bound.lower[()]}; greedy {wrong.lower[()]}, bound {its_bound.lower[()]}"
    )
    assert gap == bound

# %%
verdict = mdpkit.verify("pessimistic_imitation_needs_expert_coverage", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Offline efficacy
#
# Six solvers, two data sets, 20 seeds: what a solver loses offline, and what it loses inside inverse reinforcement
# learning, have a rank correlation above 1/2. Control: the solvers shuffled.

# %%
verdict = mdpkit.verify("offline_efficacy_predicts_imitation", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
