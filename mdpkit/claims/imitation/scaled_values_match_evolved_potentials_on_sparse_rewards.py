"""On a sparse corridor no potential retrains faster than a scaled V*; on dense random MDPs evolved ones do on average.

Statement  Let area(Phi) be the mean return, over its updates from the uniform policy, of an inner learner that sees k
           steps of the reward shaped by Phi. Then area(Phi) <= max J, and on a corridor with a goal at its end, with
           k = 1, area(c V*) tends to max J as c grows. Sampled: evolution strategies, whose fitness is the area under
           the unshaped reward, satisfy there
               area(0) < area(V*) < E area(evolved) < max_c area(c V*) <= max J.
           On random MDPs whose rewards depend on the action they exceed area(c V*) for the best of 43 scales c, by a
           positive mean difference. With the area under the shaped reward as fitness they fall below area(V*).
Assumes    the fitness is the return under the unshaped reward; rewards are sparse (a corridor).
Units      area in units of return; natural policy gradient steps of size 1, returns exact up to rounding.
Kind       rate (enumerated, sampled with 20 seeds at confidence 99/100); exists
Source     adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024.
Proof      proofs/imitation/scaled_values_match_evolved_potentials_on_sparse_rewards.md
"""

from dataclasses import replace
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import exactly, floats, objects, rational
from ...ink.figures import heat_map, panels
from ...instances.instance import Instance
from ...instances.library.imitation.far_goal import far_goal
from ...learn import (
    BestResponse,
    EvIL,
    Evolution,
    LookaheadGradient,
    NaturalGradient,
    evolve_potential,
    fit,
    grant,
)
from ...model import MDP, Finite, TabularPolicy, shaped_reward
from ...solve import SoftPlanning, solve
from ...verify.claim import Assumption, Bound, Claim, Control, Part

SEEDS = range(20)
SCALES = np.append(np.arange(41) / 4, (20, 40))
"""Scales c of V*, from 0 to 40."""
CONFIDENCE = "99/100"


def curves(problem, potentials, updates):
    """Returns `[b,i]` of a learner that sees one step, after each of its updates."""
    return LookaheadGradient(lookahead=1, iterations=updates).on(problem).curves(potentials)[:, 1:]


def values(problem):
    """V* as floats `[t,s]`, without the last row."""
    return floats(measure.optimal_value(problem).lower)[:-1]


@cache
def evolve(seed, problem, updates, fitness):
    """An evolved potential `[s]`."""
    runs = LookaheadGradient(lookahead=1, iterations=updates).on(problem)
    settings = Evolution(pairs=6, generations=15, noise=1, fitness=fitness)
    return evolve_potential(runs, settings, rng=np.random.default_rng(seed)).potential


def mean(numbers):
    return measure.sampled_mean(numbers, CONFIDENCE)


# ---- sparse rewards
UPDATES = 6


def areas(m):
    """The areas of 0, V* and the best-scaled V*, each once per seed, and those of the evolved potentials."""
    scaled, evolved = (returns.mean(axis=-1) for returns in learning_curves(m))
    known = [np.full(len(SEEDS), area) for area in (scaled[0], scaled[SCALES == 1][0], scaled.max())]
    return *known, evolved


def learning_curves(m):
    """Returns after each update `[b,i]`, of the potentials c V* and of the evolved ones."""
    problem = far_goal(m.S, m.H).mdp
    found = np.stack([evolve(seed, problem, UPDATES, m.fitness) for seed in SEEDS])
    return [curves(problem, each, UPDATES) for each in (SCALES[:, None, None] * values(problem), found)]


def check(m):
    nothing, once, best, evolved = areas(m)
    return Bound(mean(nothing), mean(once), mean(evolved), mean(best), rational(m.H - m.S + 1))


def ahead_of_the_best(m):
    """As if evolution beat the best scale."""
    nothing, once, best, evolved = areas(m)
    return Bound(mean(nothing), mean(once), mean(best), mean(evolved))


def learning(m):
    """Returns after each update: without a potential, with V*, with the best scale, and evolved (mean)."""
    scaled, evolved = learning_curves(m)
    chosen = scaled[0], scaled[SCALES == 1][0], scaled[scaled.mean(axis=1).argmax()], evolved.mean(axis=0)
    return {"curves": [list(map(float, each)) for each in chosen]}


def sparse(fitness="area"):
    return Instance(S=6, H=8, fitness=fitness)


# ---- dense rewards
def random_task(seed):
    """Four states and steps, three actions, and rewards that depend on the action."""
    rng = np.random.default_rng(seed)
    P, r = objects(rng.integers(1, 13, (4, 3, 4)) ** 3), objects(rng.integers(0, 25, (4, 3))) / 24
    return MDP(P / P.sum(axis=-1, keepdims=True), r, horizon=Finite(4))


def differences(m):
    """The area of an evolved potential minus that of the best-scaled V*, per random MDP."""
    found = []
    for seed in SEEDS:
        problem = random_task(seed) if m.dense else far_goal(6, 8).mdp
        potential = evolve(seed, problem, 5, "area")
        best = curves(problem, SCALES[:, None, None] * values(problem), 5).mean(axis=1).max()
        found.append(curves(problem, potential[None], 5).mean() - best)
    return np.array(found)


def wins(m):
    return Bound(rational(0), mean(differences(m)))


def dense(yes=True):
    return Instance(dense=yes)


# ---- the whole method on a corridor: a recovered reward, retrained in the source and in other dynamics
NOISE, GRID = rational("3/10"), 10


def recover(m, **kept):
    """The last reward, and the mean of the rewards, of a run in floats."""
    rounds = 12
    learner = EvIL(policy_player=NaturalGradient("1/2"), rounds=rounds, restart=0, evolution=None, **kept)
    access = grant(m.mdp.to_float(), expert=m.expert.to_float(), demonstrations="exact", episodes="exact")
    trace = fit(learner, access, rng=np.random.default_rng(0)).trace
    return exactly(trace["reward"][-1]), exactly(sum(trace["reward"][:rounds]) / rounds)


def noisy(m):
    """A corridor, and an expert disturbed by noise."""
    found = far_goal(m.S, m.H)
    return found.replace(expert=TabularPolicy(found.expert.table * (1 - NOISE) + NOISE / 2))


def soften(m):
    """The policy that entropy-regularised planning returns for log E, the reward of maximum causal entropy."""
    problem, log_expert = m.mdp.to_float(), np.log(floats(m.expert.table))
    # SoftPlanning measures entropy relative to the uniform distribution, of entropy log A
    return solve(replace(problem, r=log_expert + np.log(problem.A)), SoftPlanning(temperature=1)).policy


def retrains(m):
    m = noisy(m)
    aggregate = recover(m, members=3)[0]
    return Bound(measure.value(m.mdp, m.expert), measure.retrained_return(m.mdp, aggregate, "worst"))


def system(m):
    """Returns of retraining by the rule for ties, per unit of the expert's, and losses of the averaged potential."""
    m = noisy(m)
    last, aggregate = recover(m, members=1, buffer="last", reward_player=BestResponse()), recover(m, members=3)
    kinds, J = (last[0], last[1], aggregate[0]), measure.value(m.mdp, m.expert)
    bars = [[(measure.retrained_return(m.mdp, f, ties) / J).mid for ties in TIES] for f in kinds]
    bars.append([measure.value(m.mdp.to_float(), soften(m)).mid / J.mid] * len(TIES))
    return {
        "bars": bars,
        "map": [[lose_elsewhere(m, share, scale) for share in range(GRID + 1)] for scale in range(GRID + 1)],
    }


def lose_elsewhere(m, share, scale):
    """Loss per unit of max J in the target, where the other action is executed with probability share/GRID."""
    P, Phi = m.mdp.P, measure.optimal_value(m.mdp).lower * scale / GRID
    target = MDP((P * (GRID - share) + P[:, ::-1] * share) / GRID, m.mdp.r, m.mdp.rho, horizon=m.mdp.horizon)
    best = measure.retrained_return(target, target.r, "worst")
    return ((best - measure.retrained_return(target, shaped_reward(m.mdp, Phi), "worst")) / best).mid


def figure(ax, rows):
    """Retraining on recovered rewards by the rule for ties; learning curves; loss of the averaged potential."""
    bars, lines, heat = panels(ax, 3)
    whole = next(row for row in rows if row["part"] == WHOLE and "data" in row)["data"]
    names = ("last policy (fails)", "C1"), ("average", "C4"), ("all policies", "C0"), ("entropy", "C2")
    for k, ((name, color), heights) in enumerate(zip(names, whole["bars"], strict=True)):
        bars.bar(np.arange(3) + (2 * k - 3) / 10, heights, 1 / 6, color=color, label=name)
    bars.axhline(1, color="k", linestyle="--", label="expert")
    bars.set(xticks=range(3), xticklabels=TIES, xlabel="ties", ylabel="return / expert's")
    row = next(row for row in rows if row["part"] == "statement" and "data" in row)
    kinds = ("$\\Phi = 0$", "x-C1"), ("$V^*$", "s-C4"), ("best $c\\,V^*$", "k--"), ("evolved", "o-C0")
    for (name, style), line in zip(kinds, row["data"]["curves"], strict=True):
        lines.plot(np.arange(1, UPDATES + 1), line, style, label=name)
    lines.set(xlabel="updates", ylabel="return", xticks=np.arange(1, UPDATES + 1))
    edges = [end / (2 * GRID) for end in (-1, 2 * GRID + 1)] * 2
    heat_map(heat, whole["map"], edges, "loss / max $J'$")
    heat.set(xlabel="share of exchanged actions", ylabel="scale of averaged $V^*$")
    for each in (bars, lines):
        each.legend(ncols=2, fontsize=6, loc="lower center", bbox_to_anchor=(0.45, 1))


TIES = "worst", "uniform", "best"
DENSE, WHOLE = "dense rewards", "the recovered reward of a corridor"
UNSHAPED = Assumption("the fitness is the return under the unshaped reward", lambda m: m.fitness == "area")
ACTIONS = Assumption("rewards depend on the action", lambda m: m.dense)
CLAIM = Claim(
    "scaled_values_match_evolved_potentials_on_sparse_rewards",
    check,
    lambda: [sparse()],
    formula=(
        r"\mathrm{area}(0) < \mathrm{area}(V^*) < \mathbb{E}\,\mathrm{area}(\Phi_{\text{evolved}}) < \max_c "
        r"\mathrm{area}(c\,V^*) \le \max_\pi J(\pi)"
    ),
    papers=("sapora2024",),
    tags=("reward-shaping", "evolution-strategies", "retraining"),
    assumes=(UNSHAPED,),
    controls=(
        Control("the shaped return as fitness", witness=lambda: sparse("shaped area"), drops=UNSHAPED.name),
        Control("evolution ahead of the best scale", witness=sparse, tightens=ahead_of_the_best),
        Control("sparse rewards", witness=lambda: dense(False), drops=ACTIONS.name, part=DENSE),
    ),
    also=(
        Part(DENSE, lambda: [dense()], wins, assumes=(ACTIONS,)),
        Part(WHOLE, lambda: [Instance(S=3, H=5)], retrains, data=system),
    ),
    data=learning,
    figure=figure,
)
