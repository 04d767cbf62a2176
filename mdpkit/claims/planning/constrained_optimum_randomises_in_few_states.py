"""A constrained MDP has an optimal policy that randomises in at most as many states as limits bind.

Statement  Let d be an extreme point of the polytope of discounted occupancies within m limits, and pi(a|s) = d(s,a) /
           d(s) its policy where d(s) > 0. Then
               sum_{s : d(s) > 0} (|{a : pi(a|s) > 0}| - 1) <= number of limits that bind at d <= m .
           If some policy keeps the limits, an extreme point is optimal among all policies; its return is max_pi
           J(pi, r - y . c) + y . limits for optimal prices y >= 0, and no policy within the limits exceeds that for
           any y >= 0. For every m there are m limits whose only optimal stationary policy randomises in m states.
           Without a limit this is the optimality of deterministic policies.
Assumes    d keeps the limits, and is an extreme point; prices are at least 0.
Units      costs and limits are discounted totals, not normalised.
Kind       for all; identity; exists (enumerated)
Source     adapted from Altman, 1999.
Proof      proofs/planning/constrained_optimum_randomises_in_few_states.md
"""

from dataclasses import replace
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import objects, rational, zeros
from ...base.decision import Decision
from ...base.interval import Interval
from ...exact.linear import full_rank
from ...instances.families import garnet
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...solve import ConstrainedPlanning, solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def cost_of(m, cost):
    return measure.value(replace(m.mdp, r=cost), m.policy)


def binds(m):
    """Which limits hold with equality, as Decisions."""
    return [cost_of(m, cost) == limit for cost, limit in zip(m.costs, m.limits, strict=True)]


def total(decisions, weights):
    """The sum of the weights where the answer is YES; on floats an enclosure of it."""
    least = sum(int(x) for each, x in zip(decisions, weights, strict=True) if each is Decision.YES)
    most = sum(int(x) for each, x in zip(decisions, weights, strict=True) if each is not Decision.NO)
    return least if least == most else Interval(float(least), float(most), "float")


def extra_actions(m):
    """The number of actions of positive probability beyond the first, summed over visited states."""
    visits = measure.occupancy(m.mdp, m.policy).sum(axis=1)
    return total([x > 0 for x in visits], (m.policy.table > 0).sum(axis=1) - 1)


def check(m):
    return Bound(extra_actions(m), total(binds(m), [1] * len(m.limits)), len(m.limits))


def dual_value(m):
    """max_pi J(pi, r - y . c) + y . limits."""
    weights = m.prices.reshape(-1, 1, 1)
    priced = replace(m.mdp, r=m.mdp.r - (weights * m.costs).sum(axis=0))
    return (measure.optimal_value(priced) * m.mdp.rho).sum() + (m.prices * m.limits).sum()


def is_optimal(m):
    """The return of an optimal policy attains the dual value of the optimal prices."""
    return Equal({"return": (measure.value(m.mdp, m.policy), dual_value(m))})


def is_no_better(m):
    """No policy within the limits has a larger return than the dual value of any prices."""
    return Bound(measure.value(m.mdp, m.policy), dual_value(m))


def in_every_state(m):
    return Equal({"randomised states": (extra_actions(m), len(m.limits))})


def keeps_limits(m):
    kept = [cost_of(m, cost) <= limit for cost, limit in zip(m.costs, m.limits, strict=True)]
    return all(bool(each) for each in kept)


def is_extreme(m):
    """Whether the pairs visited have linearly independent flows and costs of binding limits."""
    visits = measure.occupancy(m.mdp, m.policy).lower
    support = np.flatnonzero(visits.ravel() > 0)
    flow = np.repeat(np.eye(m.mdp.S, dtype=int), m.mdp.A, axis=0) - m.mdp.P.reshape(-1, m.mdp.S) * m.mdp.horizon.gamma
    costs = m.costs[[bool(each) for each in binds(m)]].reshape(-1, visits.size)
    return full_rank(np.concatenate([flow.T, costs], axis=0)[:, support])


# ---- instances and controls
def optimum(mdp, costs, limits):
    answer = solve(mdp, ConstrainedPlanning(costs, limits))
    return Instance(mdp=mdp, costs=costs, limits=limits, policy=answer.policy, prices=answer.multipliers)


def coins(m, share="1/3"):
    """m states that stay, each with an action that pays 1 and costs 1 of its own limit, and one that does neither."""
    mdp = MDP(
        objects(np.repeat(np.eye(m, dtype=int)[:, None], 2, axis=1)),
        objects([[0, 1]] * m),
        objects([f"1/{m}"] * m),
        horizon=Discounted("1/2"),
    )
    costs = objects([[[0, int(s == k)] for s in range(m)] for k in range(m)])
    return optimum(mdp, costs, objects([rational(share) * 2 / m] * m))


def share_one_limit(table=((1, 1), (1, 1))):
    """Two coins under one limit on the sum of their costs: only the total matters, and mixing both is not extreme."""
    m = coins(2, "1/2")
    total = m.costs.sum(axis=0)[None]
    return m.replace(
        costs=total,
        limits=objects([1]),
        policy=TabularPolicy(objects(table) / objects(table).sum(axis=1, keepdims=True)),
        prices=objects([1]),
    )


def leave_one_state():
    """No limits; the second state, where the policy randomises, is not reached."""
    mdp = MDP(
        objects([[[1, 0]] * 2, [[0, 1]] * 2]), objects([[0, 1], [0, 0]]), objects([1, 0]), horizon=Discounted("1/2")
    )
    none = objects(np.zeros((0, 2, 2), dtype=int))
    return Instance(
        mdp=mdp,
        costs=none,
        limits=zeros(0, none),
        policy=TabularPolicy(objects([[0, 1], ["1/2", "1/2"]])),
        prices=zeros(0, none),
    )


def pay_to_exceed():
    """One state: action 0 pays 1, action 1 costs 1, the limit is 1, and its price is -1."""
    mdp = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Discounted("1/2"))
    return Instance(
        mdp=mdp,
        costs=objects([[[0, 1]]]),
        limits=objects([1]),
        policy=TabularPolicy(objects([[1, 0]])),
        prices=objects([-1]),
    )


def exceed_always():
    """A coin whose policy always takes the action that pays and costs 1, three times the limit."""
    return coins(1).replace(policy=TabularPolicy(objects([[0, 1]])))


@cache
def list_optima():
    """Random MDPs with up to three limits, at which the uniform policy is, and the coins."""
    found = []
    for seed in range(24):
        rng, limits = np.random.default_rng(seed), seed % 4
        mdp = garnet(2 + seed % 3, 2 + seed % 2, 2, "9/10", rng=rng)
        costs = objects(rng.integers(0, 5, (limits, *mdp.r.shape))) / 4
        even = TabularPolicy(objects(np.ones(mdp.r.shape, dtype=int)) / mdp.A)
        at = [measure.value(replace(mdp, r=cost), even).lower[()] for cost in costs]
        found.append(optimum(mdp, costs, objects(at)))
    return [*found, leave_one_state(), share_one_limit(((0, 1), (1, 0)))]


@cache
def list_prices():
    """The uniform policy, which is at the limits of the random MDPs, at optimal and at other prices."""
    found = []
    for m in list_optima()[:12]:
        even = TabularPolicy(objects(np.ones(m.mdp.r.shape, dtype=int)) / m.mdp.A)
        found += [m.replace(policy=even, prices=prices) for prices in (m.prices, m.prices * 0, m.prices * 2 + 1)]
    return found


def list_coins():
    return [coins(m) for m in (1, 2, 3, 5)]


def one_fewer(m):
    extra, bound, _ = check(m).sides
    return Bound(extra, bound - 1)


def everywhere(occupancy, problem, policy):
    return occupancy(problem, policy) * 0 + 1


def count(m):
    return {"extra": [extra_actions(m), len(m.limits)]}


def figure(ax, rows):
    """Number of randomised actions against the number of limits."""
    found = [(*row["data"]["extra"][::-1], row["part"]) for row in rows if row.get("data") and not row.get("control")]
    drawn = sorted({(k, extra) for k, extra, part in found if part == "statement"})
    reached = [(k, extra) for k, extra, part in found if part == COINS]
    ax.plot([0, 5], [0, 5], "k--", label="bound")
    ax.plot(*zip(*drawn, strict=True), "o", color="0.6", label="optima of random MDPs")
    ax.plot(*zip(*reached, strict=True), "oC0", fillstyle="none", markersize=8, label="a coin for each limit")
    ax.plot([1], [2], "xC1", label="not an extreme point (fails)")
    ax.set(xlabel="limits $m$", ylabel="actions beyond one a state")
    ax.legend(fontsize=6)


COINS, OPTIMAL, DUAL = "a coin for each limit", "optimal", "no policy within the limits is better"
PRICES = Assumption("prices are at least 0", lambda m: (m.prices >= 0).all())
KEPT = Assumption("d keeps the limits", keeps_limits)
EXTREME = Assumption("d is an extreme point", is_extreme)
CLAIM = Claim(
    "constrained_optimum_randomises_in_few_states",
    check,
    list_optima,
    formula=(
        r"\sum_{s : d(s) > 0} \big( \lvert \{a : \pi(a \mid s) > 0\} \rvert - 1 \big) "
        r"\le \# \text{binding limits} \le m"
    ),
    papers=("altman1999",),
    tags=("constrained", "discounted"),
    assumes=(KEPT, EXTREME),
    data=count,
    controls=(
        Control("one state fewer", witness=lambda: coins(2), tightens=one_fewer),
        Control("not an extreme point", witness=share_one_limit, drops=EXTREME.name),
        Control(
            "states that are not visited count", witness=leave_one_state, sabotages=measure.occupancy, by=everywhere
        ),
        Control("an optimum beyond the limits", witness=exceed_always, drops=KEPT.name, part=OPTIMAL),
        Control("a return beyond the limits", witness=exceed_always, drops=KEPT.name, part=DUAL),
        Control("a negative price", witness=pay_to_exceed, drops=PRICES.name, part=DUAL),
    ),
    also=(
        Part(OPTIMAL, list_optima, is_optimal, assumes=(KEPT, PRICES)),
        Part(DUAL, list_prices, is_no_better, assumes=(KEPT, PRICES)),
        Part(COINS, list_coins, in_every_state, assumes=(KEPT, EXTREME), data=count),
    ),
    figure=figure,
)
