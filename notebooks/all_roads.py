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
# # All roads lead to likelihood, until a class, a sample or an exploration bonus makes a difference
#
# Fitting a reward to preferences and optimising it (RLHF), and fitting the policy directly (DPO), maximise one
# likelihood. Each section has one instance, one parameter, the bound and a control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import measure
from mdpkit.claims.preference import gap_is_optimism_plus_pair_errors as decomposition
from mdpkit.claims.preference import reward_error_costs_rlhf_less_than_twice_its_size as error
from mdpkit.claims.preference.dpo_over_the_policies_of_a_reward_class_is_rlhf import learn_both
from mdpkit.claims.preference.fitting_a_reward_first_has_the_optima_of_dpo import (
    fit_a_reward_first,
    fit_directly,
    two_responses,
)
from mdpkit.claims.preference.labels_of_a_fitted_reward_add_no_information import (
    both,
    fine_tune,
    information,
    law_of_samples,
)
from mdpkit.claims.preference.optimism_finds_what_passive_exploration_misses import play as explore
from mdpkit.claims.preference.passive_exploration_fails_for_exponentially_long import play as find
from mdpkit.claims.preference.simple_verifiers_open_a_gap_that_grows_with_the_horizon import (
    AUTOMATON,
    SAME,
    TABLE,
    VERIFIER,
    play,
)
from mdpkit.report import draw_claim

# %% [markdown]
# ## One likelihood, one set of optima
#
# Three policies, their own rewards, four comparisons. The parameter is the number of wins of the second response; a
# tie keeps both optima. Control: rewards twice as large, which are in bijection with the policies.

# %%
for wins in ((0, 0), (1, 1), (3, 1), (9, 1)):
    m = two_responses(wins=wins)
    doubled = m.replace(weights=m.weights**2 / m.weights[..., :1] ** 2)
    sets = [[k for k in range(3) if found.lower[k] == 1] for found in map(fit_a_reward_first, (m, doubled))]
    direct = [k for k in range(3) if fit_directly(m).lower[k] == 1]
    print(f"wins {wins}: reward first {sets[0]}, direct {direct}; control: reward first {sets[1]}")
    assert sets[0] == direct

# %%
verdict = mdpkit.verify("fitting_a_reward_first_has_the_optima_of_dpo", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A small class of rewards
#
# RLHF over a class of rewards is DPO over *their* policies. The parameter is the length of the completions. Control:
# DPO in the larger class of an automaton.

# %%
for H in (1, 2, 4):
    same, other = learn_both(H, 1), learn_both(H, 1, "automaton")
    print(f"H = {H}: largest difference {float(same.apart):.1e}; in the automaton's class {float(other.apart):.1e}")

# %%
verdict = mdpkit.verify("dpo_over_the_policies_of_a_reward_class_is_rlhf", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Verifying is easier than generating
#
# The reward is the parity of the bits and their number. The parameter is the length $H$. Controls: an automaton as the
# generator, the policies of the simple rewards, a reward that is drawn for each completion, and a verifier that misses
# the last bit.

# %%
for H in (1, 2, 4, 6):
    loss = {
        learner: np.median([play(learner, H, 200, seed)[1] for seed in range(10)])
        for learner in (VERIFIER, TABLE, AUTOMATON, SAME)
    }
    first, *others = loss.items()
    print(f"H = {H}: {first[0]} {first[1]:.4f};", ", ".join(f"{name} {value:.4f}" for name, value in others))
for words, options in (("drawn reward", dict(simple=False)), ("wrong verifier", dict(right=False))):
    first, table = (
        np.median([play(each, 6, 200, seed, **options)[1] for seed in range(10)]) for each in (VERIFIER, TABLE)
    )
    print(f"{words}: reward first {first:.3f}, table {table:.3f}")

# %%
verdict = mdpkit.verify("simple_verifiers_open_a_gap_that_grows_with_the_horizon", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## On-policy samples of a fitted reward
#
# The parameter is the number of comparisons. The pairs that the fine-tuned policy draws, with labels of the fitted
# reward, add nothing to the comparisons, and lose something without them. Control: labels of the true reward.

# %%
for n in (1, 2, 3):
    m, truth = fine_tune(n), fine_tune(n, by_the_truth=True)
    data, joint, alone = (information(m, law).mid for law in (m.data, both(m), law_of_samples(m)))
    print(f"comparisons {n}: data {data:.4f}, with samples {joint:.4f}, samples alone {alone:.4f}", end="; ")
    print(f"with true labels {information(truth, both(truth)).mid:.4f}")

# %%
verdict = mdpkit.verify("labels_of_a_fitted_reward_add_no_information", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## What a wrong reward costs
#
# The parameter is $L = 2M/\beta$, with $M$ the largest error of the reward; losses are in units of $\beta$. Two responses
# attain the bound. Control: half of $2M$, which is too little for large errors.

# %%
for bits in (1, 4, 16, 64):
    m = error.attaining(2**bits)
    loss, sharp, L = error.gap(m).mid, error.sharp(m).mid, measure.logarithm(m.width).mid
    print(f"L = {L:5.1f}: loss {loss:.4f}, bound {sharp:.4f}, simple {min(L**2 / 8, L):.4f}, control {L / 2:.4f}")

# %%
verdict = mdpkit.verify("reward_error_costs_rlhf_less_than_twice_its_size", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Where to look
#
# The reference gives the good response with probability $e^{-R/(2\beta)} = 2^{-k}$. The parameter is $k$; after
# $e^{R/(2\beta)}/4$ rounds online DPO fails in more than half of the runs, exactly. Control: a bonus.

# %%
for k in (3, 4):
    passive, optimistic = find(k), find(k, optimism="1/4")
    print(f"k = {k}, {passive.rounds} rounds: fails {float(passive.law[0]):.3f}, XPO {float(optimistic.law[0]):.3f}")

# %%
verdict = mdpkit.verify("passive_exploration_fails_for_exponentially_long", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# The gap is the bonus plus errors on the policy's own pairs, for every law of the other response. The parameter is that
# law; control: the bonus with the other sign.

# %%
for law in ((0, "1/3", "2/3"), ("1/2", "1/4", "1/4"), (0, 0, 1)):
    m = decomposition.three(law=law)
    gap, total = decomposition.check(m).pairs["gap"]
    _, wrong = decomposition.bonus_of_the_other_sign(m).pairs["gap"]
    bonus = decomposition.optimism(m, m.law).mid
    print(f"law {law}: gap {gap.mid:.4f} = bonus {bonus:+.4f} {total.mid - bonus:+.4f}; control {wrong.mid:.4f}")
    assert gap == total

# %% [markdown]
# The parameter is the weight of the bonus. If the rare response is good, every bonus finds it; if it is not worth its
# divergence (control), a large bonus keeps returning to it.

# %%
weights = ("0", "1/1000", "1/100", "1/10")
for gain in ("4/5", "1/5"):
    last = np.median(explore("3/50", gain, None, weights, 300, 24)[..., -1], axis=1)
    print(f"reward {gain}:", ", ".join(f"alpha {weight}: {gap:.4f}" for weight, gap in zip(weights, last, strict=True)))

# %%
verdict = mdpkit.verify("optimism_finds_what_passive_exploration_misses", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
