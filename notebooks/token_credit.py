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
# # Credit for tokens
#
# Preferences compare whole responses, and a language model writes tokens. Direct preference optimisation assigns every
# token the implicit reward $\beta \log(\pi/\mathrm{ref})$. On a tree of prefixes this is exact credit assignment. Each
# section has one instance, one parameter, the identity and a control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
from IPython.display import display

import mdpkit
from mdpkit import draw, measure, solve
from mdpkit.claims.preference import implicit_rewards_decline_on_reference_data as decline
from mdpkit.claims.preference import likelihood_ratios_rank_prefixes_by_soft_value as ranking
from mdpkit.claims.preference import merged_states_cannot_carry_every_reward as merged
from mdpkit.claims.preference import token_level_dpo_is_bradley_terry_on_returns as telescoping
from mdpkit.claims.preference import token_shaping_preserves_preferences as shaping
from mdpkit.instances import named
from mdpkit.report import draw_claim

# %% [markdown]
# ## One bad token
#
# Three tokens, each bad with probability $p$; one bad token costs $\log 9$ at the end. Boxes show soft values, arrows the
# probability under reference and optimum, and the implicit reward. The penalty is paid at the first bad token, and no
# token after it has any credit.

# %%
problem = named("bad_token", H=3, p="1/4").problem
best = solve(problem)
draw(problem, best.policy, best.value)

# %% [markdown]
# The parameter is $p$. The rarer bad tokens are, the more the first one costs. A good token is worth little if it was
# expected, and little if a later one will be bad anyway.

# %%
for p in ("3/4", "1/2", "1/4", "1/8"):
    each = named("bad_token", H=3, p=p).problem
    credit = measure.implicit_reward(each, solve(each).policy)
    print(f"p = {p}: first token good {credit[0, 0].mid:+.3f}, bad {credit[0, 1].mid:+.3f}, after it {credit[2].lower}")

# %%
verdict = mdpkit.verify("canonical_token_reward_is_the_soft_advantage")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The implicit rewards sum to the return
#
# Up to the value of the prompt, which comparisons do not see. Control: plain log-likelihoods do not.

# %%
for p in ("1/2", "1/4"):
    m = named("bad_token", H=3, p=p)
    sums, returns = telescoping.check(m).pairs["responses"]
    plain, _ = telescoping.plain_likelihood(m).pairs["responses"]
    assert (sums == returns).all_yes()
    print(f"p = {p}: largest difference of the plain sums {abs(plain - returns).max().mid:.3f}")

# %% [markdown]
# Control: a user who replies at random after the first token. The parameter is the weight of the good reply, which comes
# with probability 1/2. DPO averages the preferences, the optimum averages the rewards.

# %%
for weight in (1, 4, 36, 400):
    dpo, optimal = (
        x.mid
        for x in telescoping.odds(telescoping.reply([["1/2", "1/2"], [1, 0]], [[weight, 1], [1, 1]])).pairs["log odds"]
    )
    print(f"weight {weight}: log odds of the first token {dpo:.3f} by DPO, {optimal:.3f} at the optimum")

# %%
verdict = mdpkit.verify("token_level_dpo_is_bradley_terry_on_returns", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Rewards with the same preferences
#
# Token rewards that differ by a potential share policy and preferences. The parameter is the potential of one end, which
# has to be 0; the control is any other value.

# %%
for weight in (1, 2, 8):
    found, expected = shaping.check(shaping.two_tokens(weight)).pairs["policy"]
    print(f"potential log {weight} at one end: largest change of the policy {abs(found - expected).max().mid:.3f}")

# %%
verdict = mdpkit.verify("token_shaping_preserves_preferences", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Search by likelihood ratios
#
# The parameter is the number of prefixes that a search keeps. Ratios rank prefixes by reward to date plus soft value;
# control: likelihoods, under a reference that prefers some tokens.

# %%
m = ranking.four_tokens()
for width in (1, 2, 4, 16):
    ratio, likelihood = (ranking.search_return(m, by, width).mid for by in ("ratio", "likelihood"))
    print(f"width {width}: return {ratio:.3f} by ratios, {likelihood:.3f} by likelihoods")

# %%
verdict = mdpkit.verify("likelihood_ratios_rank_prefixes_by_soft_value", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Merged prefixes
#
# If the second token is chosen without sight of the first, rewards of pairs are not sums of token rewards. The parameter
# is the fourth root of the weight of the pair; no policy has a smaller pair error than the bound, and one attains it.
# Control: the tree, where the error is 0.

# %%
for root in (1, "3/2", 2, 3):
    least, error = merged.check(merged.best_fit(root)).sides
    assert least == error
    print(f"weight ({root})^4: least pair error {error.mid:.3f} with merged prefixes")
print(f"on the tree {merged.check(merged.on_the_tree()).sides[1].mid}")

# %%
verdict = mdpkit.verify("merged_states_cannot_carry_every_reward", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Rewards of the chosen decline
#
# Responses of the reference have a mean implicit reward of $-\beta\, \mathrm{KL}(\mathrm{ref} \,\|\, \pi)$. The parameter is
# $k$: the better response has probability $1/k$ and weight $k^2$, and even the winners' mean declines. Control: responses
# drawn from the policy, whose mean is positive.

# %%
for k in (4, 16, 64):
    won, lost = decline.of_winners(decline.rare_gain(k))
    print(f"k = {k}: mean implicit reward of winners {won.mid:.3f}, of losers {lost.mid:.3f}")
for source in ("reference", "policy"):
    m = decline.two_laws(source)
    print(f"drawn from the {source}: {decline.mean_reward(m, m.data).mid:+.3f}")

# %%
verdict = mdpkit.verify("implicit_rewards_decline_on_reference_data", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
