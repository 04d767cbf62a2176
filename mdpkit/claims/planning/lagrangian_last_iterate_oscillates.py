"""Lagrangian play: the average of the iterates nearly solves a constrained MDP that no single iterate need solve.

Statement  Let u(pi) = J(pi, r) and v(pi) = J(pi, c) - limit. From a price y_1 >= 0, round t plays a deterministic
           policy pi_t that maximises u - y_t v, and y_{t+1} = max(0, y_t + step v(pi_t)). For every policy C that keeps
           the limit, such as an optimal one, and every T,
               u(C) - (1/T) sum_t u(pi_t) <= (y_1^2 - y_{T+1}^2) / (2 step T) + (step / 2T) sum_t v(pi_t)^2 ,
               (1/T) sum_t v(pi_t) <= (y_{T+1} - y_1) / (step T) ,
           and both bounds are attained. In one state, let one action pay 1 and cost 1 and the other pay and cost
           nothing, under a limit of l/(1-gamma), 0 < l < 1. Whatever the prices, every iterate exceeds the limit by
           (1-l)/(1-gamma) or earns l/(1-gamma) less than the optimum, and both recur. If step <= 1-gamma, the average
           differs from the limit and from the optimum by (y_{T+1} - y_1) / (step T) each, which is at most
           (|1 - y_1| / step + 1/(1-gamma)) / T in absolute value.
Assumes    C keeps the limit; the policies of the rounds maximise u - y_t v; the step is at most 1 - gamma.
Units      u and v are discounted totals, not normalised; a price is reward per unit of cost.
Kind       for all; exists (enumerated)
Source     adapted from Altman, 1999; Zinkevich, 2003.
Proof      proofs/planning/lagrangian_last_iterate_oscillates.md
"""

from dataclasses import replace
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...base.lifting import enclose
from ...instances.families import garnet
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...solve import ConstrainedPlanning, solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def excess(m, policy):
    """v: by how much the discounted cost exceeds the limit."""
    return measure.value(replace(m.mdp, r=m.cost), policy) - m.limit


def play(m):
    """The losses u(C) - u(pi_t) and the excesses v(pi_t) of the rounds, and the prices y_1, ..., y_{T+1}."""
    best, losses, excesses, prices = measure.value(m.mdp, m.comparator), [], [], [enclose(np.asarray(m.price))]
    for policy in map(TabularPolicy, m.played):
        losses.append(best - measure.value(m.mdp, policy))
        excesses.append(excess(m, policy))
        moved = prices[-1] + excesses[-1] * m.step
        prices.append((moved + abs(moved)) / 2)
    return losses, excesses, prices


def total(numbers):
    return sum(numbers[1:], start=numbers[0])


def squares(excesses):
    return total([v * v for v in excesses])


def check(m):
    losses, excesses, prices = play(m)
    T = len(m.played)
    fallen = (prices[0] ** 2 - prices[-1] ** 2) / (m.step * 2 * T)
    return Bound(total(losses) / T, fallen + squares(excesses) * m.step / (2 * T))


def keeps_the_limit(m):
    _, excesses, prices = play(m)
    return Bound(total(excesses) / len(m.played), (prices[-1] - prices[0]) / (m.step * len(m.played)))


def every_iterate_misses(m):
    """The larger of loss and excess in every round: (1-l) L if the costly action is taken, and l L if not."""
    losses, excesses, _ = play(m)
    missed = stack([(u + v + abs(u - v)) / 2 for u, v in zip(losses, excesses, strict=True)])
    taken, limit = enclose(m.played[:, 0, 1]), enclose(np.asarray(m.limit))
    L = 1 / (1 - enclose(np.asarray(m.mdp.horizon.gamma)))
    return Equal({"the larger of loss and excess": (missed, taken * (L - limit) + (1 - taken) * limit)})


def both_recur(m):
    """In the second half of the rounds the costly action is taken at least once, and so is the other one."""
    late = m.played[len(m.played) // 2 :, 0]
    return Bound(1, enclose(late).sum(axis=0).min())


def average_converges(m):
    losses, excesses, prices = play(m)
    T = len(m.played)
    moved = (prices[-1] - prices[0]) / (m.step * T)
    return Equal({"limit": (total(excesses) / T, moved), "optimum": (-total(losses) / T, moved)})


def average_is_close(m):
    _, excesses, _ = play(m)
    far = abs(1 - enclose(np.asarray(m.price))) / m.step + 1 / (1 - enclose(np.asarray(m.mdp.horizon.gamma)))
    return Bound(abs(total(excesses)) / len(m.played), far / len(m.played))


# ---- instances, controls and figure
def best_responses(mdp, cost, limit, price, step, rounds):
    """The tables `[t,s,a]` of the first maximising actions in every round, in rational arithmetic."""
    played = []
    for _ in range(rounds):
        Q = measure.optimal_action_value(mdp, mdp.r - cost * price).lower
        table = objects((Q.argmax(axis=1)[:, None] == np.arange(mdp.A)).astype(int))
        paid = measure.value(replace(mdp, r=cost), TabularPolicy(table)).lower[()]
        price = max(price + step * (paid - limit), rational(0))
        played.append(table)
    return np.stack(played)


def coin(share="1/2", price=1, step="1/100", rounds=1, comparator=None, played=None):
    """One state: action 1 pays 1 and costs 1. The comparator, by default optimal, takes it with probability `share`."""
    mdp, cost = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Discounted("9/10")), objects([[0, 1]])
    share, price, step = rational(share), rational(price), rational(step)
    taken, limit = share if comparator is None else rational(comparator), share * 10
    return Instance(
        mdp=mdp,
        cost=cost,
        limit=limit,
        comparator=TabularPolicy(objects([[1 - taken, taken]])),
        price=price,
        step=step,
        played=best_responses(mdp, cost, limit, price, step, rounds) if played is None else objects([[played]]),
    )


@cache
def list_coins():
    chosen = (("1/2", 0, "1/20"), ("1/3", "3/2", "1/10"), ("3/4", 1, "1/100"))
    return [coin(*each, rounds=16) for each in chosen]


@cache
def list_games():
    """Random MDPs, limits that the uniform policy attains, an optimal comparator; and the coin at y = 1."""
    games = [coin()]
    for seed in range(6):
        rng = np.random.default_rng(seed)
        mdp = garnet(2 + seed % 2, 2, 2, ("1/2", "9/10")[seed % 2], rng=rng)
        cost = objects(rng.integers(0, 5, mdp.r.shape)) / 4
        even = TabularPolicy(objects(np.ones(mdp.r.shape, dtype=int)) / 2)
        limit = measure.value(replace(mdp, r=cost), even).lower[()]
        best = solve(mdp, ConstrainedPlanning(cost[None], objects([limit]))).policy
        step, price = rational(("1/100", "1/10", "1")[seed % 3]), rational(seed % 4) / 2
        played = best_responses(mdp, cost, limit, price, step, (1, 2, 4)[seed % 3])
        games.append(Instance(mdp=mdp, cost=cost, limit=limit, comparator=best, price=price, step=step, played=played))
    return games


def one_iterate(m):
    """The largest loss of a single iterate in place of the average's."""
    losses, *_ = play(m)
    return Bound(stack(losses).max(), check(m).sides[-1])


def without_the_step(m):
    _, excesses, _ = play(m)
    left, right = check(m).sides
    return Bound(left, right - squares(excesses) * m.step / (2 * len(m.played)))


def half(m):
    left, right = keeps_the_limit(m).sides
    return Bound(left, right / 2)


def respond_best(m):
    _, _, prices = play(m)
    gaps = []
    for policy, price in zip(map(TabularPolicy, m.played), prices, strict=False):
        priced = replace(m.mdp, r=m.mdp.r - m.cost * price.lower[()])
        gaps.append((measure.optimal_value(priced) * m.mdp.rho).sum() - measure.value(priced, policy))
    return stack(gaps).max() <= 0


def trace(m):
    """The excess of every iterate."""
    return {"iterate": [v.mid for v in play(m)[1]]}


def figure(ax, rows):
    """Excess of the iterates and of their average over the limit, from y = 0, l = 1/2, step = 1/20."""
    row = next(row for row in rows if row["part"] == MISSES and not row.get("control"))
    iterate = np.array(row["data"]["iterate"])
    t = np.arange(1, 1 + len(iterate))
    ax.plot(t, iterate, color="C1", linewidth=0.6, label="iterate (fails)")
    ax.plot(t, np.cumsum(iterate) / t, color="C0", label="average of the iterates")
    ax.plot(t, (1 / 0.05 + 10) / t, "k--", label=r"$(|1 - y_1| / \eta + 1/(1-\gamma)) / T$")
    ax.set(xlabel="rounds $T$", ylabel="excess over the limit", ylim=(-6, 12), xlim=(0, len(t)))
    ax.legend(fontsize=6, loc="upper right")


def leap(rounds):
    """A step of twice 1-gamma: from a price of 1 a round without cost lowers it to 0, where it is cut off."""
    return coin("9/10", 1, "1/5", rounds=rounds)


MISSES, AVERAGE, CLOSE = "every iterate misses", "the average", "the average converges"
KEPT = Assumption("C keeps the limit", lambda m: excess(m, m.comparator) <= 0)
SMALL = Assumption("the step is at most 1 - gamma", lambda m: m.step <= 1 - m.mdp.horizon.gamma)
BEST = Assumption("the policies of the rounds maximise u - y_t v", respond_best)
CLAIM = Claim(
    "lagrangian_last_iterate_oscillates",
    check,
    list_games,
    formula=(
        r"u(C) - \frac1T \sum_t u(\pi_t) \le \frac{y_1^2 - y_{T+1}^2}{2 \eta T} + \frac{\eta}{2T} \sum_t v(\pi_t)^2, "
        r"\qquad \frac1T \sum_t v(\pi_t) \le \frac{y_{T+1} - y_1}{\eta T}"
    ),
    papers=("altman1999", "zinkevich2003"),
    tags=("constrained", "discounted", "no-regret"),
    assumes=(KEPT, BEST),
    controls=(
        Control("a single iterate", witness=lambda: coin(rounds=20), tightens=one_iterate),
        Control("without the term of the step", witness=coin, tightens=without_the_step),
        Control("half the rise of the price", witness=lambda: coin(price="1/2"), part="limit", tightens=half),
        Control("a comparator that exceeds the limit", witness=lambda: coin(comparator=1), drops=KEPT.name),
        Control("no best response", witness=lambda: coin(price="1/2", played=[1, 0]), drops=BEST.name),
        Control("a step that cuts the price off", witness=lambda: leap(1), drops=SMALL.name, part=AVERAGE),
        Control("a price cut off again and again", witness=lambda: leap(18), drops=SMALL.name, part=CLOSE),
    ),
    also=(
        Part("limit", list_games, keeps_the_limit),
        Part(MISSES, list_coins, every_iterate_misses, data=trace),
        Part("both sides recur", list_coins, both_recur),
        Part(AVERAGE, list_coins, average_converges, assumes=(BEST, SMALL)),
        Part(CLOSE, list_coins, average_is_close, assumes=(BEST, SMALL)),
    ),
    figure=figure,
)
