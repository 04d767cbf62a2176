"""A model fitted to expert data alone is never corrected; refitted to both data it misleads in at most H (A-1) rounds.

Statement  HyPER responds to the rewards f_k by PSDP in a fitted model, from the expert's states. Let B be the number
           of rounds k in which pi_k is worse than the expert for f_k. With hybrid data, whatever the rewards and the
           value given to actions without data,
               B <= #{(t,s,a): d_t^E(s) > 0 = d_t^E(s,a)},
           which is H (A-1) for a deterministic expert in deterministic dynamics with one start state; N times the
           imitation gap after N rounds is at most the reward player's regret plus the range of returns times B. A road with A-1 turn-offs,
           whose unseen actions are given the highest value, attains it: rounds j (A-1) + 1 to (j+1) (A-1) turn off at
           step j, with gap (H-j)/2, and the gap is 0 from round H (A-1) + 1 on. With the expert's data alone the gap
           is H/2, the largest possible, in every round. On a tree the imitation gap after N = 1, 2, 4, .., 32 rounds is
           at most 7/(3N), although every response is at least 3/4 below the optimum.
Assumes    the shares of the expert's and of the learner's data are positive, and data of all rounds are kept;
           population data: each round's exact occupancy.
Units      J is the undiscounted return, for rewards in [0, 1] on the road.
Kind       for all (checked on an enumerated list of drawn processes and experts); exists (the road and the tree)
Source     adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024, and from Vemula, Song, Singh, Bagnell and
           Choudhury, 2023.
Proof      proofs/imitation/model_of_expert_data_is_never_corrected.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import panels
from ...instances.instance import Instance
from ...instances.library.imitation.fitted import turnoffs
from ...instances.library.imitation.tree import leaf_reward, policy_of_leaf_law, policy_to_leaf, tree_mdp
from ...learn import BoxRewards, FiniteRewards, GradientAscent, HyPER, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...solve import solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- runs of the learner
def run(m, rounds, rewards=None, expert_share="1/2", keep="all", unseen="optimistic", **options):
    """HyPER on population data: every round's reward `[t,s,a]` and policy; by default for the process's own reward."""
    rewards = FiniteRewards(m.mdp.r[None]) if rewards is None else rewards
    learner = HyPER(rewards, GradientAscent("1/8"), expert_share, keep, unseen, rounds=rounds, **options)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    log = fit(learner, access, rng=None).trace
    shape = (rounds, m.mdp.horizon.H, m.mdp.S, m.mdp.A)
    played = objects(np.stack([np.broadcast_to(f, shape[1:]) for f in log["reward"]]))
    policies = objects(np.stack([policy.table for policy in log["policy"]]))
    reported = dict(sup_gap=log["sup_gap"][-1], regret=log["reward_regret"][-1])
    return m.replace(played=played, policies=policies, share=rational(expert_share), keep=keep, N=rounds, **reported)


def gaps(m):
    """The value gap of every round's policy under the reward of its round."""
    rounds = zip(m.played, m.policies, strict=True)
    return stack([measure.value_gap(replace(m.mdp, r=f), m.expert, TabularPolicy(table)) for f, table in rounds])


def worse(m):
    return m.mdp.like(sum((gap > 0).all_yes() for gap in gaps(m)))[()]


def count_other_actions(m):
    """The number of actions (t,s,a) that the expert does not play at a state that it visits."""
    visited = np.asarray(measure.occupancy(m.mdp, m.expert).sum(axis=-1).lower > 0)
    return m.mdp.like(int((visited[..., None] & np.asarray(m.expert.table == 0)).sum()))[()]


def check(m):
    return Bound(worse(m), count_other_actions(m))


def one_fewer(m):
    return Bound(worse(m), count_other_actions(m) - 1)


def of_the_game(m):
    """The range of returns is 2H for rewards in [-1, 1]."""
    span = 2 * m.mdp.horizon.H
    return Bound(m.sup_gap * m.N, worse(m) * span + m.regret, count_other_actions(m) * span + m.regret)


# ---- drawn processes
def draw(seed, H=3, S=3, A=2):
    """A drawn process and expert; both are deterministic for an even seed."""
    rng = np.random.default_rng(seed)

    def law(*shape):
        if seed % 2 == 0:
            return objects(np.eye(shape[-1], dtype=int)[rng.integers(0, shape[-1], shape[:-1])])
        weights = objects(rng.integers(0, 3, shape) + np.eye(1, shape[-1], dtype=int)[0])
        return weights / weights.sum(axis=-1, keepdims=True)

    r, start = objects(rng.integers(0, 5, (H, S, A))) / 4, objects(np.eye(1, S, dtype=int)[0])
    return Instance(mdp=MDP(law(H, S, A, S), r, start, horizon=Finite(H)), expert=TabularPolicy(law(H, S, A)))


def draws():
    values = "optimistic", "zero", "pessimistic"
    some = [run(draw(seed), rounds=8, unseen=values[seed // 2 % 3]) for seed in range(12)]
    return [*some, road(2, 2), road(3, 2), road(2, 3)]


def games():
    return [run(draw(seed), 6, BoxRewards(), unseen="optimistic") for seed in range(6)]


# ---- the road
def road(H, A, **options):
    """For two rounds more than there are turn-offs."""
    return run(turnoffs(H, A), rounds=H * (A - 1) + 2, **options)


def roads(**options):
    return [road(H, A, **options) for H, A in ((1, 2), (2, 2), (4, 2), (6, 2), (2, 3), (3, 3), (2, 4))]


def turned_about(H):
    """The road whose expert plays the last action; the data are the learner's, and unseen actions have the value 0."""
    m = turnoffs(H, 2)
    mdp = replace(m.mdp, P=m.mdp.P[:, ::-1], r=m.mdp.r[:, ::-1])
    shown = m.replace(mdp=mdp, expert=TabularPolicy(m.expert.table[:, ::-1]))
    return run(shown, rounds=H + 2, expert_share=0, unseen="zero")


def by_level(m, before=0):
    """A-1 rounds a level, from the first step to the last, after `before` rounds without a loss."""
    H, A = m.mdp.horizon.H, m.mdp.A
    levels = [0] * before + [max(H - k // (A - 1), 0) for k in range(m.N - before)]
    return Equal({"gap": (gaps(m), objects(levels) / 2)})


def after_a_tie(m):
    """In the first round of the learner's data alone every action is unseen, and ties go to the expert's."""
    return by_level(m, before=1)


def for_ever(m):
    return Equal({"gap": (gaps(m), objects([m.mdp.horizon.H] * m.N) / 2)})


def rounds(m):
    return {"gap": [float(each) for each in gaps(m).mid]}


# ---- the tree
def tree_game(N, H=3, A=2):
    """Every reward of the class pays 1 at the last leaf, which no response reaches, and from -1 to 1 elsewhere."""
    expert = policy_of_leaf_law(objects(["1/2", 0, "1/3", 0, 0, "1/6", 0, 0]), A, H)
    centre = leaf_reward(A**H - 1, A, H)
    rewards = BoxRewards(2 * centre - 1, 1 + 0 * centre)
    m = Instance(mdp=tree_mdp(A, H), expert=expert)
    return run(m, N, rewards, unseen="zero", default_policy=policy_to_leaf(0, A, H))


def suboptimality(m):
    """Of each round's policy for its own reward."""
    tasks = [(replace(m.mdp, r=f), TabularPolicy(table)) for f, table in zip(m.played, m.policies, strict=True)]
    return stack([measure.optimal_value(task)[0, 0] - measure.value(task, policy) for task, policy in tasks])


def imitates(m):
    return Bound(m.sup_gap, rational("7/3") / m.N)


def far(m):
    return Bound(rational("3/4"), suboptimality(m).min())


def terms(m):
    lost = gaps(m).sum() / m.N
    return {"terms": [float(each) for each in (m.sup_gap, m.regret / m.N, -lost.mid, suboptimality(m).mid.sum() / m.N)]}


def to_the_best(value_gap, problem, expert, learner):
    """The gap to an optimal policy in place of the expert's."""
    return value_gap(problem, solve(problem).policy, learner)


BOTH = Assumption("the learner's data are used", lambda m: m.share < 1)
SHOWN = Assumption("the expert's data are used", lambda m: m.share > 0)
KEPT = Assumption("data of all rounds are kept", lambda m: m.keep == "all")
HYBRID = (BOTH, SHOWN, KEPT)
ROAD, ALONE, OWN, GAME = "a road attains it", "the expert's data alone", "the learner's data alone", "a game on a tree"
LAST = "the last round's data alone"
PLAYED = 1, 2, 4, 8, 16, 32


def figure(ax, rows):
    """Terms of the imitation gap on the tree against the rounds; the gap of every round on the road, by the data."""
    ax, right = panels(ax, 2)
    at = [row for row in rows if row["part"] == GAME and not row.get("control")]
    N, values = [row["parameters"]["N"] for row in at], np.array([row["data"]["terms"] for row in at]).T
    names = "imitation gap", "regret of the rewards", "gain of the policies over the expert", "against the best policy"
    for each, name, style in zip(values, names, ("o-C0", "k--", "^-C2", "s:C4"), strict=True):
        ax.plot(*zip(*[(n, v) for n, v in zip(N, each, strict=True) if v > 0], strict=True), style, label=name)
    ax.set(xlabel="rounds $N$", ylabel="units of $J$, a round", xscale="log", yscale="log")
    for part, style, name in (
        (ROAD, "o-C0", "hybrid"),
        (OWN, "^:C2", "learner's alone"),
        (ALONE, "x-C1", "expert's alone (fails)"),
    ):
        longest = max(
            (row for row in rows if row["part"] == part and not row.get("control") and row["sizes"]["A"] == 2),
            key=lambda row: row["sizes"]["H"],
        )
        gap = longest["data"]["gap"]
        right.plot(range(1, len(gap) + 1), gap, style, label=name)
    right.set(xlabel="round $k$", ylabel="value gap of $\\pi_k$, $H = 6$")
    for each in (ax, right):
        each.legend(fontsize=6, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)


CLAIM = Claim(
    "model_of_expert_data_is_never_corrected",
    check,
    draws,
    formula=r"\#\{k : J_{f_k}(\pi_k) < J_{f_k}(E)\} \le \#\{(t,s,a) : d_t^E(s) > 0 = d_t^E(s,a)\}",
    papers=("ren2024", "vemula2023"),
    tags=("model-error", "inverse-reinforcement-learning", "hybrid-data"),
    assumes=HYBRID,
    controls=(
        Control(ALONE, lambda: road(3, 2, expert_share=1), drops=BOTH.name),
        Control(OWN, lambda: turned_about(3), drops=SHOWN.name),
        Control(LAST, lambda: road(3, 2, keep="last"), drops=KEPT.name),
        Control("one round fewer", lambda: road(3, 2), tightens=one_fewer),
        Control("gaps to the optimal policy", lambda: tree_game(8), sabotages=measure.value_gap, by=to_the_best),
    ),
    also=(
        Part("rewards of a game", games, of_the_game, assumes=HYBRID),
        Part(ROAD, roads, by_level, assumes=HYBRID, data=rounds),
        Part(ALONE, lambda: roads(expert_share=1), for_ever, data=rounds),
        Part(OWN, lambda: roads(expert_share=0), after_a_tie, data=rounds),
        Part(GAME, lambda: [tree_game(N) for N in PLAYED], imitates, assumes=HYBRID, data=terms),
        Part("far from optimal responses", lambda: [tree_game(PLAYED[-1])], far, assumes=HYBRID),
    ),
    figure=figure,
)
