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
# # Learners: what is granted, what is used, what comes out
#
# `solve` knows a problem. `fit` knows what `grant` grants: a sample of an expert's episodes, episodes of the learner's own, resets,
# answers of the expert, or the law itself; and a meter counts what was used. One problem runs through this notebook: a ledge of H
# steps, where any action but the first falls. At the bottom the last action alone climbs back, and nothing is paid.

# %%
# %matplotlib inline
from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from mdpkit import MDP, Finite, TabularPolicy, deep, fit, grant, learn, measure, objects, report
from mdpkit.base.errors import MissingAccess
from mdpkit.learn import PSDP, BoxRewards, Cloning, DAgger, ExpertResets, GradientAscent, MaxCausalEntropy, MomentMatching


def ledge(H, A=4):
    """The problem, and an expert who falls with probability 1/20 at every step and climbs back at once."""
    P, r, shown = np.zeros((2, A, 2), dtype=int), np.zeros((2, A), dtype=int), objects(np.zeros((2, A), dtype=int))
    P[0, 0, 0] = P[0, 1:, 1] = P[1, :-1, 1] = P[1, -1, 0] = r[0, 0] = 1
    shown[0, :2], shown[1, -1] = objects(["19/20", "1/20"]), 1
    return MDP(objects(P), objects(r), objects([1, 0]), horizon=Finite(H)), TabularPolicy(shown)


problem, expert = ledge(8)
display(problem)

# %% [markdown]
# ## The same four lines
#
# Problem, access, fit, gap. What changes from learner to learner is what it must be granted, not whether it is a table or a network:
# those of `mdpkit.deep`, where its extra is installed, see states as one-hot vectors and are measured exactly too.

# %%
meant, shown = problem.to_float(), expert.to_float()
entries = np.eye(8).reshape(8, 2, 4)  # a feature for each state and action

tables = Cloning(), DAgger(), MomentMatching(rounds=100), MaxCausalEntropy(entries)
networks = (deep.Cloning(), deep.DAgger()) if find_spec("torch") else ()

gaps = {}
for learner in (*tables, *networks):
    access = grant(meant, expert=shown, demonstrations="exact", episodes="exact", queries="exact")
    answer = fit(learner, access, rng=np.random.default_rng(0))
    gaps[learner] = measure.value_gap(meant, shown, answer.policy)
    kind = "network" if learner in networks else "table"
    print(f"{type(learner).__name__:>17}, {kind:7}: gap {gaps[learner].mid:+.6f}, {answer.used}")
assert all(abs(gaps[learner]) <= 0.01 for learner in (*tables[:1], *networks[:1]))

# %% [markdown]
# The law of the demonstrations makes the clone the expert itself, and matching every feature does too; the network that clones is as
# near as its training goes. DAgger is the average of its rounds, the first of which knew nothing; moment matching converges as its
# rounds go by, without one query.
#
# ## Which learner needs what
#
# The table is what the learners declare. One that lacks something does not start, and says what to grant.

# %%
learn.needs()

# %%
try:
    fit(DAgger(), grant(problem, expert=expert, episodes=10, rng=np.random.default_rng(0)), rng=np.random.default_rng(0))
    raise AssertionError("DAgger ran without asking")
except MissingAccess as error:
    print(error)

# %% [markdown]
# What is not granted is not there: an access to demonstrations holds rows of states and actions, and no reward.

# %%
access = grant(problem, expert=expert, demonstrations=3, rng=np.random.default_rng(0))
rows = access.demonstrations()
print(rows, access)
assert rows.reward is None

# %% [markdown]
# ## How much is granted
#
# On the rational problem a sample gives a rational policy, and its gap is exact. The knob is how many episodes are granted: of the
# expert for the clone, of the learner's own for DAgger, which asks at each of their steps. A state that no demonstration shows is
# played uniformly; the expert shows the bottom only as often as it falls.

# %%
AMOUNTS, SEEDS = (2, 4, 8, 16, 32, 64), 20
ways = {
    "Cloning": lambda m, rng: (Cloning(), dict(demonstrations=m)),
    "DAgger, last round": lambda m, rng: (DAgger(iterations=m, episodes=1), dict(episodes=m, queries=m * 8)),
}
gaps = {name: np.zeros((len(AMOUNTS), SEEDS)) for name in ways}
for name, way in ways.items():
    for i, m in enumerate(AMOUNTS):
        for seed in range(SEEDS):
            rng = np.random.default_rng([seed, m])
            learner, amounts = way(m, rng)
            policy = fit(learner, grant(problem, expert=expert, rng=rng, **amounts), rng=rng).policy
            policy = policy.members[-1] if isinstance(policy, learn.Mixture) else policy
            gaps[name][i, seed] = abs(measure.value_gap(problem, expert, policy).mid)

with report.style("icml"):
    figure, ax = plt.subplots(layout="constrained")
    for (name, found), colour, marker in zip(gaps.items(), ("C0", "C2"), "os", strict=True):
        ax.plot(AMOUNTS, np.median(found, axis=1), color=colour, marker=marker, label=name)
        ax.fill_between(AMOUNTS, *np.quantile(found, (0.1, 0.9), axis=1), alpha=0.2, color=colour, linewidth=0)
    ax.set(xscale="log", yscale="log", xlabel="episodes granted", ylabel="gap in return, absolute")
    ax.set_xticks(AMOUNTS, AMOUNTS, minor=False)
    ax.minorticks_off()
    ax.legend()
    display(figure)
    plt.close(figure)
assert all(np.median(found, axis=1)[-1] < np.median(found, axis=1)[0] / 3 for found in gaps.values())

# %% [markdown]
# Medians of 20 seeds, bands from the first to the ninth decile. DAgger pays for a first round that knows nothing; then both are down to
# how well so many episodes tell how often the expert falls. Asking pays where demonstrations do not show how to recover.

# %% [markdown]
# ## Moment matching: an equality, round by round
#
# A discriminator that has regret Reg_f against policies that lose L to the expert on its rewards: the mixture of the first k policies
# has sup_f J(expert, f) - J(mixture, f) = (Reg_f + L) / k. Everything is rational, so the two sides are equal and not near.

# %%
access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
trace = fit(MomentMatching(BoxRewards(), GradientAscent("1/10"), rounds=30), access, rng=np.random.default_rng(0)).trace
lost = np.cumsum(trace["gain"])
for k in (1, 3, 10, 30):
    gap, regret = trace["sup_gap"][k - 1], trace["reward_regret"][k - 1]
    print(f"k = {k:>2}: gap {float(gap):.4f} = ({float(regret):.4f} + {float(lost[k - 1]):.4f}) / {k}")
    assert gap == (regret + lost[k - 1]) / k
assert trace["sup_gap"][-1] < trace["sup_gap"][9] / 2

# %% [markdown]
# ## Resets to the expert's states
#
# A lock of H steps opens to one sequence of A^H. From the start alone one would try them all; from the states of one demonstration
# each step takes A probes, H A in all, and the meter says so.

# %%
H, A = 6, 4
P, r = np.zeros((H + 2, A, H + 2), dtype=int), np.zeros((H + 2, A), dtype=int)
P[:, :, H + 1] = 1
for s in range(H):
    P[s, s % A, H + 1], P[s, s % A, s + 1] = 0, 1
r[H - 1, (H - 1) % A] = 1
lock = MDP(objects(P), objects(r), objects(np.eye(H + 2, dtype=int)[0]), horizon=Finite(H))
opens = TabularPolicy(objects(np.eye(A, dtype=int)[np.arange(H + 2) % A]))

access = grant(lock, expert=opens, demonstrations=1, resets=H * A, rewards=True, rng=np.random.default_rng(0))
answer = fit(PSDP(probes=1), access, rng=np.random.default_rng(0))
print(answer.used, "against", A**H, "sequences")
assert answer.used.resets == H * A
assert measure.value(lock, answer.policy) == 1

# %% [markdown]
# The same resets serve the game: the policy that answers each reward is improved only where the expert is.

# %%
access = grant(lock, expert=opens, demonstrations=1, episodes=20, resets=20 * H * A, rng=np.random.default_rng(0))
learner = MomentMatching(BoxRewards(), GradientAscent(), ExpertResets(probes=1), rounds=20, episodes=1)
answer = fit(learner, access, rng=np.random.default_rng(0))
print(answer.used, "gap", measure.value_gap(lock, opens, answer.policy))
assert measure.value_gap(lock, opens, answer.policy) <= objects("1/4")

# %% [markdown]
# ## Features, and nothing but features
#
# With fewer features than states many policies look like the expert. Of them the one of highest causal entropy is the answer; each
# step of the trace encloses how far its features are off.

# %%
falls = np.zeros((1, 2, 4))
falls[0, 0, 1:] = 1
answer = fit(MaxCausalEntropy(falls), grant(meant, expert=shown, demonstrations="exact", episodes="exact"), rng=np.random.default_rng(0))
print("falls of an episode are off by", answer.trace["feature_gap"][-1])
print("first step, at the top and at the bottom:", answer.policy.table[0].round(3).tolist())
assert answer.trace["feature_gap"][-1] <= 1e-6
assert measure.value_gap(meant, shown, answer.policy) > 0.1
