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
# # Multi-agent imitation: value is easy, regret is hard
#
# An expert mediator recommends joint actions to the players of a Markov game. A learner that imitates it may match every
# value and still be one that a player gains by disobeying. This notebook has one game, a fork, and one parameter: the
# probability $b$ with which the expert visits the rare branch. Player 1 can enter that branch for certain, by disobeying
# at the start; there player 1 is paid whenever player 2 plays $a_2 = 1$, which the expert never recommends.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

import mdpkit
from mdpkit import draw, fit, grant, measure
from mdpkit.instances import named
from mdpkit.learn import (
    BLADES,
    MAILBRO,
    MALICE,
    FollowTheLeader,
    Hedge,
    JointCloning,
    JointIRL,
    Mediators,
    best_response_oracle,
    measure_gaps,
)
from mdpkit.report import draw_claim

fork = named("fork", H=10, b="1/10", slip="1/5")
draw(fork.game)

# %% [markdown]
# ## Access
#
# `grant` fixes what a learner may use: demonstrations of joint play, episodes, resets, and queries of the expert at states
# of the learner's choice, such as those that a deviation of one player reaches. Rewards are not among them. Every use is
# counted.

# %%
access = grant(fork.game, expert=fork.expert, demonstrations=50, episodes=20, queries=200, rng=np.random.default_rng(0))
deviation = measure.best_deviation(fork.game, fork.learner, player=0)
seen = access.play(fork.learner, 5, rng=np.random.default_rng(1), deviation=deviation)
answers = access.label(seen.obs, seen.t)
print("states of the deviation:", sorted(set(seen.obs.tolist())), "answers:", sorted(set(answers.tolist())))
print(access)

# %% [markdown]
# ## Without coverage, values agree and regrets do not
#
# At $b = 0$ the demonstrations never show the rare branch. Joint cloning, joint IRL (occupancy matching) and MALICE have
# nothing to go by there, and recommend all joint actions alike: their losses and value gaps are 0, and the regret gap
# grows with $H$. BLADES queries the expert along deviations. The column `uncovered` of MALICE warns: it is the share of
# steps that a deviation can spend where nothing was demonstrated.

# %%
for H in (2, 5, 10):
    m = named("fork", H=H, b=0)
    gaps = measure_gaps(m.game, m.expert)
    everything = grant(m.game, expert=m.expert, demonstrations="exact", episodes="exact", queries="exact")
    for learner in (JointCloning(report=gaps), JointIRL(report=gaps), MALICE(report=gaps), BLADES(report=gaps)):
        trace = fit(learner, everything, rng=None).trace
        shown = ", ".join(f"{name} {trace[name][-1]}" for name in ("loss", "value_gap", "regret_gap"))
        print(f"H = {H}, {type(learner).__name__:12} {shown}", *trace.get("uncovered", []))

# %%
verdict = mdpkit.verify("malice_is_blind_without_coverage", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## The bounds
#
# With $u$ the recoverability, the regret gap is at most $2uH$ times the own loss of MALICE (if the expert covers what
# deviations reach) or BLADES, whatever $b$. For joint cloning the bound has a factor $1/b$, and needs it. All methods are
# asked about the same learner, which slips with probability $1/5$ in the rare branch.

# %%
for b in ("1/2", "1/10", "1/50"):
    m = named("fork", H=10, b=b, slip="1/5")
    one = Mediators(m.learner.table[None])
    everything = grant(m.game, expert=m.expert, demonstrations="exact", episodes="exact", queries="exact")
    lost, price = measure.regret_gap(m.game, m.expert, m.learner), measure.recoverability(m.game, m.expert) * 10
    print(f"b = {b}: regret gap {lost.mid:.3f}")
    oracle = best_response_oracle(m.game)
    methods = MALICE(one, rounds=1), BLADES(one, rounds=1), MAILBRO(oracle, one, rounds=1)
    for learner in (JointCloning(one), JointIRL(one), *methods):
        loss = fit(learner, everything, rng=None).trace["loss"][0]
        holds = "holds" if (lost <= price * loss * 2).all_yes() else "fails"
        print(
            f"   {type(learner).__name__:12} own loss {float(loss):.4f}; 2 u H loss {float((price * loss * 2).mid):.3f} {holds}"
        )

# %%
verdict = mdpkit.verify("own_losses_bound_the_regret_gap_without_coverage", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))

# %% [markdown]
# ## Which mediator is selected
#
# The learners differ only if they cannot copy the expert. The class holds a mediator that errs everywhere with
# probability $2b$, and one that always errs, but in the rare branch alone; the learner may mix them. Joint cloning
# prefers the second one, MALICE and BLADES the first. Control: by likelihood, joint cloning excludes the second one, to
# which a demonstrated action is impossible.

# %%
for b in ("1/10", "3/100", "1/100"):
    m = named("two_mediators", b=b, everywhere=mdpkit.rational(b) * 2)
    members = Mediators(m.members)
    everything = grant(m.game, expert=m.expert, demonstrations="exact", episodes="exact", queries="exact")
    found = []
    for learner in (
        JointCloning(members, loss="variation"),
        MALICE(members, FollowTheLeader(), 3),
        BLADES(members, FollowTheLeader(), 3),
        JointCloning(members),
    ):
        policy = fit(learner, everything, rng=None).policy
        found.append(f"{float(measure.regret_gap(m.game, m.expert, policy).mid):.3f}")
    print(f"b = {b}: regret gaps: cloning {found[0]}, MALICE {found[1]}, BLADES {found[2]}; control {found[3]}")

# %% [markdown]
# Hedge in place of the leader moves its weights gradually. The trace has one row per round; `measure_gaps` adds the gaps,
# which only somebody who knows the rewards can report.

# %%
m = named("two_mediators", b="1/50", everywhere="1/25")
game, expert = m.game.to_float(), m.expert.to_float()
everything = grant(game, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
learner = BLADES(Mediators(m.members), Hedge(), 200, report=measure_gaps(game, expert))
trace = fit(learner, everything, rng=None).trace
figure, (left, right) = plt.subplots(1, 2, figsize=(6.75, 2.4), layout="constrained")
left.plot(trace["loss"], "C0", label="own loss")
left.plot([losses[0] for losses in trace["class_losses"]], "k--", label="loss of the first mediator")
left.set(xlabel="round", ylabel="loss", yscale="log")
right.plot(trace["regret_gap"], "C0", label="regret gap")
right.plot(trace["value_gap"], "C2", label="value gap")
right.set(xlabel="round", ylabel="gap")
left.legend(fontsize=6)
right.legend(fontsize=6)

# %%
verdict = mdpkit.verify("cloning_and_malice_select_different_mediators", "glance")
assert verdict.passed
display(verdict, draw_claim(verdict))
