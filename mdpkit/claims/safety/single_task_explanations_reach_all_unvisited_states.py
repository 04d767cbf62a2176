"""Every constraint between the failures and all unvisited states explains safe experts; one task leaves all of them.

Statement  Let E_k be optimal for r_k among the policies that never enter the set F, k = 1..K, and let C_K be the set of
           states that none of them visits. Then for every set C with F <= C <= C_K
               max {J(pi, r_k) : J(pi, 1_C) <= J(E_k, 1_C)} = J(E_k, r_k) for every k:
           the experts respond best to 1_C, against them every cost has payoff 0, and so each C is an equilibrium of the
           constraint game. The largest of them, C_K, forbids all that was not demonstrated. On a star of N arms, the
           C_K of K >= 1 tasks leaves the other N - K tasks a return of 0, where F allows gamma / (1-gamma). Neither a
           set that omits a failure nor one that contains a visited state need explain the experts.
Assumes    no expert enters F; experts are optimal among the policies that visit F no more.
Units      J discounted, not normalised; costs count visits.
Kind       for all (enumerated); exists
Source     adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023.
Proof      proofs/safety/single_task_explanations_reach_all_unvisited_states.md
"""

from dataclasses import replace
from functools import cache, lru_cache
from itertools import combinations

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import panels
from ...instances import garnet
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...solve import lexicographic_expert
from ...solve.constraint_game import respond
from ...verify.claim import Assumption, Claim, Control, Equal, Part


# ---- measures
def find_unvisited_states(m):
    """C_K: 1 for the states that no expert visits, `[s]`."""
    seen = sum(measure.occupancy(m.mdp, TabularPolicy(table)).sum(axis=1) for table in m.experts)
    return 1 - (seen > 0).yes


def returns(m):
    return stack(
        [measure.value(replace(m.mdp, r=r), TabularPolicy(E)) for r, E in zip(m.rewards, m.experts, strict=True)]
    )


@lru_cache(maxsize=512)
def best_table(task, forbidden, limit):
    """The table of a policy of the highest return among those that visit the forbidden states at most `limit` times."""
    cost = np.repeat(np.isin(np.arange(task.S), forbidden).astype(int)[:, None], task.A, axis=1)
    return respond(task, objects(cost), limit).table


def allow_as_experts(m, forbidden):
    """J(E_k, 1_C): the visits of each expert to the forbidden states, `[k]`."""
    visits = [measure.occupancy(m.mdp, TabularPolicy(E)).sum(axis=1) for E in m.experts]
    return [round_to_rational((each * forbidden).sum().lower[()]) for each in visits]


def round_to_rational(x):
    """A rational as it is; a float, whose task is solved on rationals too, to the nearest multiple of 2^-32."""
    return rational(round(x * 2**32)) / 2**32 if isinstance(x, float) else x


def best_returns(m, forbidden, limits):
    """The highest return of each task among the policies that visit the forbidden states within limits, `[k]`."""
    found = []
    for reward, limit in zip(m.rewards, limits, strict=True):
        task = replace(m.mdp, r=reward)
        best = best_table(task.to_exact(), tuple(np.flatnonzero(forbidden)), limit)
        found.append(measure.value(task, TabularPolicy(task.like(best))))
    return stack(found)


def between(lower, upper):
    """All sets between two sets of states, as 0/1 arrays; the smallest first."""
    free = np.flatnonzero(upper > lower)
    for size in range(len(free) + 1):
        for chosen in combinations(free, size):
            yield lower + np.isin(np.arange(len(lower)), chosen)


TOP = "all unvisited states"


def explain(m, C):
    """The highest returns among policies that cost no more than the experts under 1_C, and the experts' returns."""
    return best_returns(m, C, allow_as_experts(m, C)), returns(m)


def facts(m):
    """All sets from F, or what of it no expert visits, to C_K; F itself is left to the assumption of optimality."""
    top = find_unvisited_states(m)
    sets = [C for C in between(m.failure * top, top) if (top != C).any() and (m.failure != C).any()]
    named = {TOP: top, **{f"the states {np.flatnonzero(C).tolist()}": C for C in sets}}
    return {name: explain(m, C) for name, C in named.items()}


def check(m):
    return Equal(facts(m))


def nothing_forbidden(m):
    return Equal({**facts(m), TOP: explain(m, m.failure * 0)})


def a_visited_state_forbidden(m):
    """The unvisited states and one that the expert visits, so that it allows as many visits to the others."""
    forbidden = np.where(np.arange(m.mdp.S) == m.extra, 1, find_unvisited_states(m))
    return Equal({**facts(m), TOP: explain(m, forbidden)})


def other_tasks(m):
    """On a star: returns of all tasks under the constraints of none, F alone, and of the first `shown` tasks, C_K."""
    arms = len(m.tasks)
    everything = m.replace(rewards=m.tasks)
    full = m.mdp.horizon.gamma / (1 - m.mdp.horizon.gamma)
    solved, never = m.mdp.like((np.arange(arms) < m.shown).astype(int)), [0] * arms
    return Equal(
        {
            "under C_K": (best_returns(everything, find_unvisited_states(m), never), solved * full),
            "under F": (best_returns(everything, m.failure, never), solved * 0 + full),
        }
    )


def keep_every_return(m):
    pairs = other_tasks(m).pairs
    return Equal({**pairs, "under C_K": (pairs["under C_K"][0], pairs["under F"][1])})


# ---- assumptions
def safe(m):
    return bool((find_unvisited_states(m) >= m.failure).all())


def optimal(m):
    """Whether no policy with the expert's visits to F at most earns more."""
    best, earned = explain(m, m.failure)
    return bool((best == earned).all_yes())


SAFE = Assumption("no expert enters F", safe)
OPTIMAL = Assumption("experts are optimal among the policies that visit F no more", optimal)


# ---- instances
def star(shown=1, arms=4, gamma="9/10"):
    """A hub, an absorbing arm for each action, and a pit among the failures; task k pays in arm k."""
    S, A = arms + 2, arms + 1
    P = objects(np.zeros((S, A, S), dtype=int))
    P[0, np.arange(A), 1 + np.arange(A)] = objects([1])[0]
    for s in range(1, S):
        P[s, :, s] = objects([1])[0]
    pays = objects(np.repeat((np.arange(S) == 1 + np.arange(arms)[:, None]).astype(int)[..., None], A, axis=-1))
    mdp = MDP(P, pays[0], objects((np.arange(S) == 0).astype(int)), horizon=Discounted(gamma))
    experts = [objects(np.tile((np.arange(A) == k).astype(int), (S, 1))) for k in range(shown)]
    failure = (np.arange(S) == S - 1).astype(int)
    return Instance(mdp=mdp, rewards=pays[:shown], experts=objects(experts), failure=failure, tasks=pays, shown=shown)


def crossing(share=0, failure=1):
    """From the start three actions lead to a pit that pays 2, to ground that pays 1, and to a swamp that pays nothing.

    The expert takes the first one with probability `share`, else the second. The pit is a failure if `failure` is 1.
    """
    share = objects([share])[0]
    P = objects(np.eye(4, dtype=int)[np.array([[1, 2, 3], [1, 1, 1], [2, 2, 2], [3, 3, 3]])])
    reward = objects(np.repeat(np.array([[0], [2], [1], [0]]), 3, axis=1))
    table = np.stack([objects([each] * 4) for each in (share, 1 - share, 0)], axis=1)
    mdp = MDP(P, reward, objects([1, 0, 0, 0]), horizon=Discounted("1/2"))
    failures = np.array([0, failure, 0, 0])
    return Instance(mdp=mdp, rewards=reward[None], experts=table[None], failure=failures, extra=2)


SEEDS = (16, 18, 25)
"""Seeds of random problems on which some policy avoids the last state."""


@cache
def draw(seed, tasks):
    """A random problem on which some policy avoids the last state, and optimal experts among those that do."""
    rng = np.random.default_rng(seed)
    drawn = garnet(5, 3, 2 - seed % 2, "9/10", rng=rng)
    mdp = replace(drawn, rho=objects([1, 0, 0, 0, 0]))
    rewards = objects(rng.integers(0, 4, (tasks, 5, 3)))
    failure = (np.arange(5) == 4).astype(int)
    experts = [lexicographic_expert(replace(mdp, r=reward), failure, 0).table for reward in rewards]
    return Instance(mdp=mdp, rewards=rewards, experts=objects(experts), failure=failure)


def problems():
    return [crossing(), star(), *(draw(seed, 1 + seed % 3) for seed in SEEDS)]


def further_problems():
    return [star(2), star(3), star(4), *(draw(seed, 1 + seed % 3) for seed in (11, 12, 26, 34, 36))]


def stars():
    return [star(K) for K in (1, 2, 3, 4)]


# ---- figure
def numbers(m):
    """How many constraints explain the experts, and the mean return of all tasks under the largest and the true one."""
    pairs = other_tasks(m).pairs
    free = int((find_unvisited_states(m) - m.failure).sum())
    means = {name: float((pairs[name][0].sum() / len(m.tasks)).mid) for name in pairs}
    return {"shown": m.shown, "explanations": 2**free, "largest": means["under C_K"], "true": means["under F"]}


def figure(ax, rows):
    """A star of four arms: constraints that explain the experts, and returns under the largest, against the tasks."""
    left, right = panels(ax, 2)
    data = [row["data"] for row in rows if row["part"] == "star" and not row.get("control")]
    K = [each["shown"] for each in data]
    left.semilogy(K, [each["explanations"] for each in data], "o-C0", base=2, label="between $F$ and $C_K$")
    left.semilogy(K, [1 for _ in K], "x-C1", base=2, label="$F$ alone (fails)")
    left.set(xlabel="tasks $K$", ylabel="constraints that explain", xticks=K)
    right.plot(K, [each["largest"] for each in data], "o-C0", label="under $C_K$")
    right.plot(K, [each["true"] for each in data], "k--", label="under $F$")
    right.set(xlabel="tasks $K$", ylabel="mean return of four tasks", xticks=K, ylim=(0, None))
    for each in (left, right):
        each.legend(fontsize=6)


STAR = "star"
CLAIM = Claim(
    "single_task_explanations_reach_all_unvisited_states",
    check,
    problems,
    formula=(
        r"F \subseteq C \subseteq C_K \ \Rightarrow \ \max \{ J(\pi, r_k) : J(\pi, 1_C) \le J(E_k, 1_C) \} = J(E_k, r_k)"
    ),
    papers=("kim2023",),
    tags=("inverse-constraints", "reachability"),
    assumes=(SAFE, OPTIMAL),
    controls=(
        Control("an expert with a budget of failures", lambda: crossing("1/2"), drops=SAFE.name),
        Control("an expert that is optimal under C_K alone", lambda: crossing(failure=0), drops=OPTIMAL.name),
        Control("nothing forbidden", crossing, tightens=nothing_forbidden, at=TOP),
        Control("a visited state forbidden", crossing, tightens=a_visited_state_forbidden, at=TOP),
        Control("nothing lost by other tasks", star, tightens=keep_every_return, at="under C_K", part=STAR),
    ),
    also=(Part(STAR, stars, other_tasks, assumes=(SAFE, OPTIMAL), data=numbers),),
    thorough=further_problems,
    figure=figure,
)
