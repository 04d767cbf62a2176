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
# # Self-play on preferences that no reward explains
#
# Preferences may be cyclic: 1 beats 2, 2 beats 3, 3 beats 1. Then a reward model ranks by the data, and no response is
# best, but there is always a *minimax winner*: a policy that no response beats on average. Self-play finds it. Each
# section has one instance, one parameter, the bound and a control, and ends with `mdpkit.verify`.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import PreferenceProblem, TabularPolicy, measure, objects
from mdpkit.claims.preference import condorcet_winner_gives_self_play_a_fast_rate as fast
from mdpkit.claims.preference import self_improvement_optimum_ignores_the_data_law as improvement
from mdpkit.ink.simplex import simplex
from mdpkit.instances import named
from mdpkit.learn import RLHF, SPO, Hedge, fit, grant
from mdpkit.report import draw_claim
from mdpkit.solve import MinimaxWinner

# %% [markdown]
# ## The minimax winner
#
# A cycle with margins $a = 3/5$, $b$, $c = 1/5$; the margin of $y$ over $z$ is $2 P(y \succ z) - 1$. The parameter is
# $b$. The winner is $(b, c, a) / (a + b + c)$, found by an exact linear program with a certificate. Control: each
# response as often as it wins, $(a, b, c)$.

# %%
for b in ("1/10", "1/2", "9/10"):
    m = named("preference_cycle", b=b)
    found = mdpkit.solve(m.problem, MinimaxWinner())
    found.certificate.verify()
    a, b, c = objects(["3/5", b, "1/5"])
    wrong = TabularPolicy(objects([[a, b, c]]) / (a + b + c))
    exploited = (measure.exploitability(m.problem, each).lower[()] for each in (found.policy, wrong))
    print(found.policy.table[0], "exploitability {}; control {}".format(*exploited))
    assert (found.policy.table == m.winner.table).all()

# %%
verdict = mdpkit.verify("minimax_winner_of_a_cycle_is_unique_and_rational", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Self-play
#
# SPO plays a no-regret learner against itself. The parameter is the number of rounds $T$. The average of its policies
# is exactly as exploitable as its average regret, from a uniform start at most $\sqrt{2 \log 3 / T}$. Control: the last
# policy.

# %%
cycle = named("preference_cycle").problem.to_float()
for T in (100, 400, 1600):
    answer = fit(SPO(rounds=T), grant(cycle, preferences="exact"), rng=None)
    last = answer.trace["policy"][-1]
    average, spent = (measure.exploitability(cycle, each).mid for each in (answer.policy, last))
    bound = np.sqrt(2 * np.log(3) / T)
    print(f"T = {T}: average {average:.4f}, bound {bound:.4f}, last {spent:.4f}")
    assert average <= bound

# %% [markdown]
# The policies circle the winner (star) and drift outward; their average approaches it. An optimistic player spirals
# inward instead. Grey lines: equal exploitability.

# %%
M = 2 * cycle.win[0] - 1
figure, axes = plt.subplots(1, 2, figsize=(6.75, 2.8))
for ax, optimistic in zip(axes, (False, True), strict=True):
    trace = fit(
        SPO(rounds=300, player=Hedge("1/4", optimistic=optimistic)), grant(cycle, preferences="exact"), rng=None
    ).trace
    played = np.array([policy.table[0] for policy in trace["policy"]])
    average = np.cumsum(played, axis=0) / np.arange(1, 301)[:, None]
    paths = (played, "-C2", "optimistic" if optimistic else "exponential weights"), (average, "-C0", "average")
    winner = named("preference_cycle").winner.to_float().table[0]
    simplex(ax, paths, lambda p: (p @ M.T).max(axis=-1), {"winner": (winner, "*k")})
    ax.legend(fontsize=6, frameon=False, loc="upper right", bbox_to_anchor=(1.1, 1.02))

# %%
verdict = mdpkit.verify("self_play_is_as_exploitable_as_its_regret", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A response that beats all others
#
# The better one of two responses has reference mass $2^{-k}$. The parameter is $k$. Multiplicative weights lose at most
# $\log(1/p_1) / \log(1 + \eta D) = k$ in total, whatever $T$, and nearly that. Control: $\log 2 / \log 2 = 1$, as if
# the start were uniform.

# %%
for k in (2, 4, 8):
    total, _ = fast.sides(fast.duel_of_two(k))
    print(f"k = {k}: T times exploitability {total.mid:.3f}, bound {k}, control 1")

# %%
verdict = mdpkit.verify("condorcet_winner_gives_self_play_a_fast_rate", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Rewards on a cycle
#
# The parameter is the law of the data. The Bradley-Terry reward of highest likelihood ranks by win rate against that
# law, so that every ranking occurs, and the response ranked first is exploitable. Control: preferences with a reward,
# whose ranking the data do not change.

# %%
explained = PreferenceProblem([[1 / 3] * 3], weights=[[4.0, 2.0, 1.0]])
for data in ((1, 1, 1), (6, 3, 1), (1, 2, 7)):
    law = np.array([data]) / sum(data)
    for name, problem in (
        ("cycle", PreferenceProblem(cycle.reference, win=cycle.win, data=law)),
        ("control", PreferenceProblem(explained.reference, weights=explained.weights, data=law)),
    ):
        scores = fit(RLHF(), grant(problem, preferences="exact"), rng=None).trace["scores"][0][0]
        greedy = TabularPolicy(np.eye(3)[[np.argmax(scores)]])
        order = " > ".join(str(1 + y) for y in np.argsort(-scores))
        print(f"data {data}, {name}: {order}, exploitability {measure.exploitability(problem, greedy).mid:.1f}")

# %%
verdict = mdpkit.verify("bradley_terry_has_no_faithful_reward_on_a_cycle", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## A dominated response
#
# The first response beats every response more often than the fourth does. The pairs are chosen such that the reward
# model still ranks the fourth first. The parameter is $1/\beta$. Control: pairs of independent draws, for which a
# reward model never does this.

# %%
m = named("dominated_response")
print("pairs compared:", m.pairs[3], "weights fitted:", m.weights)
for k in (1, 8, 32):
    tuned = mdpkit.solve(PreferenceProblem(m.problem.reference, weights=(m.weights**k)[None])).policy
    print(f"1/beta = {k}: exploitability {measure.exploitability(m.problem, tuned).mid:.3f} of at most 0.8")
scores = fit(RLHF(), grant(m.problem, preferences="exact"), rng=None).trace["scores"][0][0]
print(
    "independent draws:", scores.round(2), "minimax winner:", mdpkit.solve(m.problem, MinimaxWinner()).policy.table[0]
)
assert scores[0] > scores[3]

# %%
verdict = mdpkit.verify("reward_model_can_prefer_a_dominated_response", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Self-improvement
#
# SRPO trains an improver $s$ and a generator $p$. The parameter is the law of the data: the optimum stays, that of IPO
# moves to another response. Control: repeated revision need not improve.

# %%
for weights in ((6, 1, 1), (1, 6, 1), (1, 1, 6)):
    m = improvement.cycle(weights)
    own, other = (
        np.array([float(x) for x in p]).round(3) for p in (improvement.optimum(m)[1], improvement.identity_optimum(m))
    )
    print(f"data {weights}: self-improvement {own}, IPO {other}")
(m,) = improvement.rare()
print(
    "win rate against the reference:",
    [round(improvement.win_rate(m, improvement.revise(m, n)).mid, 3) for n in (1, 2, 3)],
)

# %%
verdict = mdpkit.verify("self_improvement_optimum_ignores_the_data_law", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
