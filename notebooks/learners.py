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
# # Learners: access, usage, value gap
#
# `solve` has the full model. `fit` has the access that `grant` gives: a sample of expert episodes, the learner's own episodes, resets,
# queries to the expert, or the exact law; a meter counts their use. This notebook uses one problem: a ledge of H steps, where any
# action but the first falls. At the bottom only the last action climbs back, and there is no reward.

# %%
# %matplotlib inline
from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from mdpkit import MDP, Finite, TabularPolicy, deep, fit, grant, learn, measure, objects, report
from mdpkit.base.errors import MissingAccess
from mdpkit.learn import (
    PSDP,
    BoxRewards,
    Cloning,
    DAgger,
    ExpertResets,
    GradientAscent,
    MaxCausalEntropy,
    MomentMatching,
)


def ledge(H, A=4):
    """The problem, and an expert that falls with probability 1/20 at every step and climbs back at once."""
    P, r, shown = np.zeros((2, A, 2), dtype=int), np.zeros((2, A), dtype=int), objects(np.zeros((2, A), dtype=int))
    P[0, 0, 0] = P[0, 1:, 1] = P[1, :-1, 1] = P[1, -1, 0] = r[0, 0] = 1
    shown[0, :2], shown[1, -1] = objects(["19/20", "1/20"]), 1
    return MDP(objects(P), objects(r), objects([1, 0]), horizon=Finite(H)), TabularPolicy(shown)


problem, expert = ledge(8)
display(problem)

# %% [markdown]
# ## The same four lines
#
# Problem, access, fit, gap. Learners differ in the access that they require; tabular learners and networks are used alike: those of
# `mdpkit.deep`, if its extra is installed, observe states as one-hot vectors and are measured exactly too.

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
# With the exact law of the demonstrations the clone equals the expert, and so does the policy that matches every feature; the cloned
# network is as close as its training allows. DAgger returns the mixture of its rounds, the first of which is uninformed; moment matching
# converges with the number of rounds, without queries.
#
# ## Access required by each learner
#
# The table is generated from the learners' declarations. If access is missing, the error names what to grant.

# %%
learn.needs()

# %%
try:
    fit(
        DAgger(), grant(problem, expert=expert, episodes=10, rng=np.random.default_rng(0)), rng=np.random.default_rng(0)
    )
    raise AssertionError("DAgger ran without asking")
except MissingAccess as error:
    print(error)

# %% [markdown]
# Access contains only what is granted: demonstrations are rows of states and actions, without rewards.

# %%
access = grant(problem, expert=expert, demonstrations=3, rng=np.random.default_rng(0))
rows = access.demonstrations()
print(rows, access)
assert rows.reward is None

# %% [markdown]
# ## Value gap against the number of episodes
#
# On the rational problem a sample gives a rational policy, and its gap is exact. The parameter is the number of episodes: of the
# expert for the clone, of the learner itself for DAgger, which queries the expert at each of their steps. In a state without
# demonstrations the policy is uniform; demonstrations contain the bottom only as often as the expert falls.

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
# Medians of 20 seeds, bands from the first to the ninth decile. DAgger pays for an uninformed first round; afterwards both errors are
# the estimation error of the expert's slip probability. Queries pay where demonstrations do not show how to recover.

# %% [markdown]
# ## Moment matching: an equality in every round
#
# Let the discriminator have regret Reg_f, and let the policies have total gap L to the expert under its rewards. The mixture of the
# first k policies has sup_f J(expert, f) - J(mixture, f) = (Reg_f + L) / k. All numbers are rational, so equality is exact.

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
# A combination lock of H steps opens for one of A^H sequences. Without resets the search is over all of them; with resets to the
# states of one demonstration each step takes A rollouts, H A in total, as the meter shows.

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
answer = fit(PSDP(rollouts_per_action=1), access, rng=np.random.default_rng(0))
print(answer.used, "against", A**H, "sequences")
assert answer.used.resets == H * A
assert measure.value(lock, answer.policy) == 1

# %% [markdown]
# The same resets are used in the game: the response to each reward is improved only on the expert's states.

# %%
access = grant(lock, expert=opens, demonstrations=1, episodes=20, resets=20 * H * A, rng=np.random.default_rng(0))
learner = MomentMatching(BoxRewards(), GradientAscent(), ExpertResets(rollouts_per_action=1), rounds=20, episodes=1)
answer = fit(learner, access, rng=np.random.default_rng(0))
print(answer.used, "gap", measure.value_gap(lock, opens, answer.policy))
assert measure.value_gap(lock, opens, answer.policy) <= objects("1/4")

# %% [markdown]
# ## Feature matching
#
# With fewer features than states many policies match the expert's features. The learner returns the one of maximum causal entropy; each
# step of the trace encloses its feature mismatch.

# %%
falls = np.zeros((1, 2, 4))
falls[0, 0, 1:] = 1
answer = fit(
    MaxCausalEntropy(falls),
    grant(meant, expert=shown, demonstrations="exact", episodes="exact"),
    rng=np.random.default_rng(0),
)
print("mismatch of the expected falls per episode", answer.trace["feature_gap"][-1])
print("first step, at the top and at the bottom:", answer.policy.table[0].round(3).tolist())
assert answer.trace["feature_gap"][-1] <= 1e-6
assert measure.value_gap(meant, shown, answer.policy) > 0.1
