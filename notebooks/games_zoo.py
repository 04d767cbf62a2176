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
# # One game under every concept
#
# A symmetric game of two players and three actions whose Nash, correlated and coarse correlated equilibria all differ,
# solved exactly, each with a certificate. Each section has one instance, one parameter, the bound and a control.

# %%
# %matplotlib inline
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import Finite, JointPolicy, MarkovGame, measure, objects
from mdpkit.claims.games import stage_welfare_is_not_markov_welfare as stages
from mdpkit.claims.games import trigger_regret_bounds_swap_regret as trigger
from mdpkit.report import draw_claim
from mdpkit.solve import (
    CoarseCorrelatedEquilibrium,
    CorrelatedEquilibrium,
    LemkeHowson,
    NashEquilibria,
    TriggerEquilibrium,
    nash_equilibria,
    payoff_polygon,
)


def once(first, second):
    """A game of one state that is played once, from two payoff tables."""
    first, second = objects(first), objects(second)
    P = objects(np.ones((1, first.size, 1), dtype=int))
    both = np.stack([first.reshape(1, -1), second.reshape(1, -1)])
    return MarkovGame(P, both, horizon=Finite(1), actions=first.shape)


PAID = np.array([[4, 1, 6], [5, 0, 5], [4, 3, 0]])
game = once(PAID, PAID.T)

# %% [markdown]
# ## Nash equilibria
#
# Every extreme Nash equilibrium, by enumeration of vertices in rationals; Lemke-Howson finds one, depending on the
# label that it drops. NashConv is the sum over players of the gain from a best response, and 0 exactly at Nash
# equilibria. The parameter is the label. Control: both play action 0.

# %%
for pair in nash_equilibria(game):
    print("Nash:", pair.row, pair.column, "payoffs", pair.payoff)
for label in range(6):
    print(f"Lemke-Howson from label {label}:", mdpkit.solve(game, LemkeHowson(label)).value[:, 0, 0].lower)
first = JointPolicy(objects([[1, *[0] * 8]]))
best = mdpkit.solve(game, NashEquilibria()).policy
print("NashConv", measure.nash_conv(game, best).lower, "; both play 0:", measure.nash_conv(game, first).lower)
print("gain by player if both play 0:", measure.exploitability(game, first).lower)
assert (measure.nash_conv(game, best) == 0).all_yes()

# %% [markdown]
# ## Correlated equilibria, and which one
#
# A mediator recommends an action to each player. The parameter is the selection: highest total payoff, highest least
# payoff, or highest entropy; `solve` checks that no recommendation is worth disobeying.

# %%
for method in (CorrelatedEquilibrium, CoarseCorrelatedEquilibrium, TriggerEquilibrium):
    for select in ("welfare", "egalitarian", "entropy"):
        answer = mdpkit.solve(game, method(select))
        answer.certificate.verify()
        law = np.round(answer.policy.to_float().table[0, 0], 3)
        print(f"{method.__name__:28}{select:12} payoffs {answer.value[:, 0, 0].mid.round(3)}, law", *law)

# %% [markdown]
# The payoffs of all correlated equilibria form a polygon, which contains those of the Nash equilibria (dots); that of
# the coarse ones contains it. Control: the best coarse equilibrium, which is outside the polygon of correlated ones and
# has swap regret.

# %%
fair = mdpkit.solve(game).policy
coarse = mdpkit.solve(game, CoarseCorrelatedEquilibrium()).policy
print("swap regret of the best coarse equilibrium:", measure.regret(game, coarse).lower)
display(mdpkit.draw(game, {"best correlated": fair, "best coarse": coarse}, kind="payoffs"))

# %% [markdown]
# ## What correlation adds
#
# *Chicken*: both players yield (4 each), one dares (`dare` for it, 1 for the other), or both dare (0). With two actions
# the best correlated equilibrium earns at most $4/3$ of the best Nash equilibrium. The parameter is the payoff of
# daring alone. Control: the game of three actions above, where it earns more.

# %%
for dare in ("9/2", 5, 6, 8):
    one = once([[4, 1], [dare, 0]], [[4, dare], [1, 0]])
    nash = max(pair.payoff.sum() for pair in nash_equilibria(one))
    correlated = payoff_polygon(one).sum(axis=1).max()
    print(f"dare = {dare}: best Nash {nash}, best correlated {correlated}, ratio {correlated / nash}")
    assert correlated * 3 <= nash * 4
nash, correlated = nash_equilibria(game)[0].payoff.sum(), payoff_polygon(game).sum(axis=1).max()
print(f"three actions: best Nash {nash}, best correlated {correlated}, ratio {correlated / nash}")
assert correlated * 3 > nash * 4

# %%
verdict = mdpkit.verify("correlation_adds_at_most_a_third_to_welfare", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Several steps: after a disobedience
#
# In a trigger equilibrium a player that disobeys receives no more recommendations. The parameter is the horizon $H$ of
# a guessing game: the mediator leaves no trigger regret, and a swap regret that grows with $H$.

# %%
for H in (1, 2, 3, 4):
    m = trigger.guesses(H, A=3)
    R = {name: str(measure.regret(m.game, m.mediator, name)[0].lower) for name in ("coarse", "trigger", "swap")}
    print(f"H = {H}:", R)
m = trigger.guesses(3, A=3)
deviation = measure.best_deviation(m.game, m.mediator, 0, "swap")
replayed = measure.deviated_value(m.game, m.mediator, deviation) - measure.value(m.game, m.mediator)[0]
assert (replayed == measure.regret(m.game, m.mediator, "swap")[0]).all_yes()

# %%
verdict = mdpkit.verify("trigger_regret_bounds_swap_regret", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Several steps: welfare by stages
#
# Backward induction with the best equilibrium of every stage is an equilibrium, and not the best one: a bad equilibrium
# at the end can sustain cooperation before it. The parameter is $H$; the loss is $2 (H-1) (1-2d)$. Control: transitions
# that do not depend on the actions, where nothing is lost.

# %%
for H in (2, 3, 5):
    m = stages.trust(H, "1/10")
    by_stages = mdpkit.solve(m.game).policy
    loss = measure.value(m.game, m.loyal).sum() - measure.value(m.game, by_stages).sum()
    print(f"H = {H}: by stages {measure.value(m.game, by_stages).sum().lower}, loss {loss.lower}")
free = stages.trust(3, "1/10", threat=False)
print("without the threat, regret of the loyal policy:", measure.regret(free.game, free.loyal).max().lower)

# %%
verdict = mdpkit.verify("stage_welfare_is_not_markov_welfare", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Checks on the path
#
# A mediator may leave no one-shot gain at any state on the path of obedience and a regret of $H - 1$: a deviator must
# deviate again where obedience never goes. The bound sums the one-shot gains over the states that a player's own
# deviations reach.

# %%
verdict = mdpkit.verify("one_shot_checks_must_cover_deviators_states", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
