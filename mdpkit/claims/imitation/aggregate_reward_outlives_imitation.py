"""A reward learned against all past policies keeps its information when imitation succeeds, and can be retrained on.

Statement  Let f be a best response, over rewards in [-1, 1], to the mean occupancy u of the first K policies, and let L
           later policies have the expert's occupancy d^E. Then f is a best response to the mean d of all N = K + L:
               N <f, d^E - d> = N max_{|g| <= 1} <g, d^E - d> = K sum |d^E - u|,
           while every reward is a best response to the last policy. Retraining on f returns J(E) for all ties if start,
           transitions and the expert are deterministic and u covers every reachable pair; and J(S) if E plays the
           deterministic S disturbed by uniform noise, u is that of the uniform policy, and actions do not affect
           transitions. Sampled: over random MDPs an ensemble that takes gradient steps against all past policies
           retrains in the mean to at least 98/100 of the expert's return (0 for the worst policy), for a deterministic
           and for a disturbed expert. Best responses to the last policy do not, for the disturbed expert.
Assumes    start, transitions and the expert are deterministic, and u covers every pair; actions do not affect
           transitions; the rewards take gradient steps against all past policies (in the parts that name it).
Units      J is the undiscounted return; occupancies of a step sum to 1.
Kind       identity; rate (sampled, confidence 99/100)
Source     adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024.
Proof      proofs/imitation/aggregate_reward_outlives_imitation.md
"""

from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import bare, exactly, objects, rational
from ...base.interval import Interval
from ...base.mode import propose
from ...ink.figures import panels
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...learn import BestResponse, EvIL, GradientAscent, NaturalGradient, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def best_response(d):
    """The signs of a difference of occupancies: the best reward in [-1, 1], with ties at 1."""
    known = (d.lower if d.exact else d.mid) if isinstance(d, Interval) else d
    return np.where(np.asarray(known < 0), -1, 1)


def mean_occupancy(m):
    return sum(measure.occupancy(m.mdp, TabularPolicy(table)) for table in m.first) / len(m.first)


def check(m, last=False):
    K, N = len(m.first), len(m.first) + m.later
    shown, u = measure.occupancy(m.mdp, m.expert), mean_occupancy(m)
    d = shown if last else (u * K + shown * m.later) / N
    f = best_response(shown - u)
    most = abs(shown - u).sum() * K
    return Equal(
        {
            "payoff": (((shown - d) * f).sum() * N, most),
            "maximum": (abs(shown - (u * K + shown * m.later) / N).sum() * N, most),
        }
    )


def against_the_last(m):
    return check(m, last=True)


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to="A"),
        first=Simplex("K", "H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3), K=(1, 2), L=(1, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.expert),
        first=lambda x: x.first,
        later=lambda x: x.sizes["L"],
    ),
)


# ---- retraining, exactly
def pure(x, choice, size):
    """Rows that are certain of `choice`."""
    return x.like((np.arange(size) == bare(choice)[..., None]).astype(int))


def retrain_exactly(m):
    f = m.mdp.like(best_response(measure.occupancy(m.mdp, m.expert) - mean_occupancy(m)))
    wanted = measure.value(m.mdp, m.target)
    return Equal({f"{ties} ties": (measure.retrained_return(m.mdp, f, ties), wanted) for ties in TIES})


def with_full_support(x):
    """The drawn policies, half replaced by the uniform one."""
    return (x.first * x.sizes["A"] + 1) / (2 * x.sizes["A"])


CERTAIN = Family(
    blocks=dict(
        next=Choice("H", "S", "A", of="S"),
        r=Box("H", "S", "A"),
        action=Choice("H", "S", of="A"),
        first=Simplex("K", "H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3), K=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(pure(x, x.next, x.sizes["S"]), x.r, pure(x, 0, x.sizes["S"]), horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(pure(x, x.action, x.sizes["A"])),
        target=lambda x: TabularPolicy(pure(x, x.action, x.sizes["A"])),
        first=with_full_support,
    ),
)


def disturb(x):
    """The deterministic policy, disturbed by uniform noise of weight up to 9/10 at every step and state."""
    share = x.noise[..., None]
    return TabularPolicy(pure(x, x.action, x.sizes["A"]) * (1 - share) + share / x.sizes["A"])


def moves(x):
    """A process whose transitions do not depend on the action."""
    H, S, A = (x.sizes[axis] for axis in "HSA")
    return MDP(np.broadcast_to(x.P[:, :, None], (H, S, A, S)), x.r, x.rho, horizon=Finite(H))


AUTONOMOUS = Family(
    blocks=dict(
        P=Simplex("H", "S", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        action=Choice("H", "S", of="A"),
        noise=Box("H", "S", upper="9/10"),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3)),
    models=dict(
        mdp=moves,
        expert=disturb,
        target=lambda x: TabularPolicy(pure(x, x.action, x.sizes["A"])),
        first=lambda x: (x.r * 0 + x.like(1)[()])[None] / x.sizes["A"],
    ),
)

# ---- random MDPs
SEEDS, ROUNDS, SIZE = range(20), 12, 3


def random_task(seed, noise):
    """A random MDP, and its optimal policy disturbed by uniform noise."""
    rng = np.random.default_rng(seed)
    P, r = objects(rng.integers(1, 13, (SIZE, SIZE, SIZE))), objects(rng.integers(0, 25, (SIZE, SIZE))) / 24
    problem = MDP(P / P.sum(axis=-1, keepdims=True), r, horizon=Finite(SIZE))
    best = measure.optimal_actions(problem).lower
    return problem, TabularPolicy(best / best.sum(axis=-1, keepdims=True) * (1 - noise) + noise / SIZE)


@cache
def returns(noise, steps):
    """Normalised returns `[seed, reward, ties]` of retraining on the last and the average reward of a run in floats."""
    found = []
    for seed in SEEDS:
        problem, expert = random_task(seed, rational(noise))
        low, high = measure.retrained_return(problem, -problem.r, "worst"), measure.value(problem, expert)
        player = GradientAscent() if steps else BestResponse()
        learner = EvIL(
            reward_player=player,
            policy_player=NaturalGradient("1/2"),
            rounds=ROUNDS,
            restart=0,
            members=3,
            evolution=None,
        )
        access = grant(problem.to_float(), expert=expert.to_float(), demonstrations="exact", episodes="exact")
        with propose():  # floats without bounds: what is judged is retraining on the rewards found, exactly
            trace = fit(learner, access, rng=np.random.default_rng(seed)).trace
        rewards = exactly(trace["reward"][-1]), exactly(sum(trace["reward"][:ROUNDS]) / ROUNDS)
        each = [[measure.retrained_return(problem, f, ties) for ties in TIES] for f in rewards]
        found.append([[((J - low) / (high - low)).mid for J in row] for row in each])
    return np.array(found)


def runs():
    return [Instance(noise=noise, steps=True) for noise in (rational(0), rational("3/10"))]


def recovers(m):
    worst = returns(str(m.noise), m.steps)[:, 0, 0]
    return Bound(rational("98/100"), measure.sampled_mean(worst, "99/100"))


def bars(m):
    """Means and half widths of intervals, by the rule for ties, of the last and average reward of either player."""
    steps = returns(str(m.noise), True)
    shown = {"steps": steps[:, 0], "average": steps[:, 1]}
    if m.noise != 0:
        shown["responses"] = returns(str(m.noise), False)[:, 0]
    intervals = {name: [measure.sampled_mean(each, "99/100") for each in values.T] for name, values in shown.items()}
    return {name: [[each.mid, (each.upper - each.lower)[()] / 2] for each in row] for name, row in intervals.items()}


# ---- controls
def fork():
    """One state, three arms, of which the first policy pulls two; the expert's pays 1, the one never pulled 0."""
    mdp = MDP(objects([[[1], [1], [1]]]), objects([[[1, 0, 0]]]), horizon=Finite(1))
    expert = TabularPolicy(objects([[[1, 0, 0]]]))
    return Instance(mdp=mdp, expert=expert, target=expert, first=objects([[[["1/2", "1/2", 0]]]]), later=1)


def shortcut(expert=((1, 0), (1, 0)), first=("1/10", "9/10")):
    """Action 0 leads to state 1 with probability 1/4, else to state 2; action 1 leads to state 1, whose action 0 pays.

    The first policies see state 1 more often than the expert does.
    """
    P = objects([[[0, "1/4", "3/4"], [0, 1, 0]], *[[[0, 1, 0]] * 2] * 2])
    paid = objects([[[0, 0]] * 3, [[0, 0], [1, 0], [0, 0]]])
    at_start, later = expert
    return Instance(
        mdp=MDP(objects([P, P]), paid, objects([1, 0, 0]), horizon=Finite(2)),
        expert=TabularPolicy(objects([[at_start] * 3, [later] * 3])),
        target=TabularPolicy(objects([[[1, 0]] * 3] * 2)),
        first=objects([[[first] * 3, [["9/10", "1/10"]] * 3]]),
        later=1,
    )


def shortcut_by_choice():
    """The shortcut, an expert disturbed by noise of weight 1/5, and a uniform first policy."""
    noisy = ("9/10", "1/10")
    m = shortcut((noisy, noisy), ("1/2", "1/2"))
    return m.replace(first=m.first * 0 + rational("1/2"))


def figure(ax, rows):
    """Normalised returns of retraining by the rule for ties, with intervals."""
    left, right = panels(ax, 2)
    at = [row for row in rows if row["part"] == RANDOM and "data" in row]
    kinds = (
        ("steps", "C0", "gradient steps"),
        ("average", "C4", "their average"),
        ("responses", "C1", "best responses (fails)"),
    )
    for panel, row, words in zip((left, right), at, ("deterministic expert", "disturbed expert"), strict=True):
        for k, (name, color, label) in enumerate(kinds):
            if name in row["data"]:
                middle, half = np.array(row["data"][name]).T
                at_ties = np.arange(3) + 0.27 * (k - 1)
                panel.bar(at_ties, middle, 0.25, yerr=half, color=color, label=label, error_kw={"lw": 0.8})
        panel.axhline(1, color="k", linestyle="--", label="expert")
        panel.set(xticks=range(3), xticklabels=["worst", "uniform", "best"], xlabel=f"ties, {words}", ylim=(0, 1.3))
    left.set(ylabel="return after retraining")
    right.legend(ncols=4, loc="lower right", bbox_to_anchor=(1, 1))


TIES = "worst", "uniform", "best"
DETERMINISTIC, NOISY, RANDOM = "deterministic transitions", "a disturbed expert", "random MDPs"
COVERS = Assumption("the first policies play every action", lambda m: (m.first > 0).all())
SURE = Assumption(
    "start, transitions and the expert are deterministic",
    lambda m: all(((law == 0) | (law == 1)).all() for law in (m.mdp.rho, m.mdp.P, m.expert.table)),
)
FREE = Assumption("actions do not affect transitions", lambda m: (m.mdp.P[..., :1, :] == m.mdp.P).all())
STEPS = Assumption("the rewards take gradient steps", lambda m: m.steps)
CLAIM = Claim(
    "aggregate_reward_outlives_imitation",
    check,
    FAMILY,
    formula=(
        r"N \max_{\lvert g \rvert \le 1} \langle g,\, d^E - \bar d_N \rangle = N \langle f,\, d^E - \bar d_N \rangle "
        r"= K \lVert d^E - \bar d_K \rVert_1, \qquad d_k = d^E \text{ for } k > K"
    ),
    papers=("sapora2024",),
    tags=("inverse-reinforcement-learning", "retraining"),
    controls=(
        Control("the occupancy of the last policy", witness=fork, tightens=against_the_last, at="payoff"),
        Control("an action that no policy played", witness=fork, drops=COVERS.name, part=DETERMINISTIC),
        Control("uncertain transitions", witness=shortcut, drops=SURE.name, part=DETERMINISTIC),
        Control("actions that matter later", witness=shortcut_by_choice, drops=FREE.name, part=NOISY),
        Control(
            "best responses",
            witness=lambda: Instance(noise=rational("3/10"), steps=False),
            drops=STEPS.name,
            part=RANDOM,
        ),
    ),
    also=(
        Part(DETERMINISTIC, CERTAIN, retrain_exactly, assumes=(SURE, COVERS)),
        Part(NOISY, AUTONOMOUS, retrain_exactly, assumes=(FREE,)),
        Part(RANDOM, runs, recovers, assumes=(STEPS,), data=bars),
    ),
    figure=figure,
)
