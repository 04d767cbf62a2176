"""With probability 1 - d the mean violations of K sampled tasks err by at most B sqrt(2 log(2 |C| / d) / K).

Statement  K tasks are drawn independently, and policies L of all tasks are fixed before. Let costs lie in
           [0, 1] per step, B = 1/(1-gamma), U(c) = J(L, c) - J(E, c) for the drawn task, and C be a finite set of
           costs. For every q > 0
               P(max_{c in C} |mean_K U(c) - E U(c)| >= q B) <= 2 |C| e^{-K q^2 / 2},
           that is, K q^2 / 2 <= log(2 |C| / P), and for every c
               E (mean_K U(c) - E U(c))^2 = Var U(c) / K <= B^2 / K.
           The second bound is attained for every K. The ratio of the first, (K q^2 / 2) / log(2 |C| / P), tends to 1
           for one cost and fair coins U = B or -B, as q -> 0 and K q^2 -> infinity, so that the factor 2 before the
           logarithm in B sqrt(2 log(2 |C| / d) / K) cannot be lowered: U(c) ranges over an interval of length 2 B, not
           B, for which it would be 1/2.
Assumes    policies are fixed before the tasks are drawn.
Units      J discounted, not normalised; q is a share of the largest cost B.
Kind       for all (enumerated)
Source     adapted from Hoeffding, 1963, and Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023.
Proof      proofs/safety/sampled_tasks_estimate_the_violation_of_unseen_tasks.md
"""

from collections.abc import Iterator
from functools import cache
from itertools import product
from math import comb

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances import garnet
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- measures
def violations(m, learners):
    """U[k][i]: the cost i of the learner of task k minus its expert's."""
    apart = [visits(m, L) - visits(m, E) for L, E in zip(learners, m.experts, strict=True)]
    return [[(d * c).sum() for c in m.costs] for d in apart]


def visits(m, table):
    return measure.occupancy(m.mdp, TabularPolicy(table))


def draw_counts(K, weights) -> Iterator[tuple[tuple[int, ...], int]]:
    """How often each task is drawn, and the weight of these counts; weights sum to (sum of weights)^K."""
    if len(weights) == 2:
        ways = weights[1] ** K
        for k in range(K + 1):
            yield (k, K - k), ways
            ways = ways * (K - k) * weights[0] // ((k + 1) * weights[1])
    elif len(weights) == 1:
        yield (K,), weights[0] ** K
    else:
        for k in range(K + 1):
            for rest, ways in draw_counts(K - k, weights[1:]):
                yield (k, *rest), comb(K, k) * weights[0] ** k * ways


def deviations(m):
    """The deviation of each cost, for all counts, with their weights.

    Thresholds lie between the deviations that occur, so that middles of enclosures decide what exact numbers do.
    """
    seen, unseen = (middles(violations(m, L)) for L in (m.learners, m.learners_unseen))
    law = m.mdp.like(m.weights) / sum(m.weights)
    same = (seen == unseen).all()
    mean = law @ seen
    for counts, ways in draw_counts(m.K, m.weights):
        if not same:
            mean = law @ np.where((np.array(counts) > 0)[:, None], seen, unseen)
        apart = abs(m.mdp.like(list(counts)) @ seen / m.K - mean)
        yield apart, ways


def middles(known):
    """The exact numbers, or the middles of their enclosures, `[k,i]`."""
    if known[0][0].exact:
        return objects([[each.lower[()] for each in row] for row in known])
    return np.array([[each.mid for each in row] for row in known])


def tail(m):
    """P(max_c |mean_K U(c) - E U(c)| >= q B)"""
    least, far = m.q / (1 - m.mdp.horizon.gamma), 0
    for apart, ways in deviations(m):
        if max(apart) >= least:
            far += ways
    return rational(far) / rational(sum(m.weights)) ** m.K


def check(m):
    return Bound(m.q**2 * m.K / 2, measure.logarithm(2 * len(m.costs) / tail(m)))


def range_of_one_cost(m):
    """As if U(c) ranged over an interval of length B."""
    return Bound(m.q**2 * m.K * 2, measure.logarithm(2 * len(m.costs) / tail(m)))


def one_cost(m):
    return Bound(m.q**2 * m.K / 2, measure.logarithm(2 / tail(m)))


def mean_square_of_samples(m):
    """E (mean_K U(c) - E U(c))^2 of the first cost, by all samples."""
    U, total = stack([row[0] for row in violations(m, m.learners)]), sum(m.weights)
    mean = (U * np.array(m.weights)).sum() / total
    found = [((U * np.array(n)).sum() / m.K - mean) ** 2 * ways for n, ways in draw_counts(m.K, m.weights)]
    return sum(found) / total**m.K


def mean_square(m):
    return Bound(mean_square_of_samples(m), 1 / (1 - m.mdp.horizon.gamma) ** 2 / m.K)


def a_square_of_the_sample(m):
    left, right = mean_square(m).sides
    return Bound(left, right / m.K)


def variance_of_the_mean(m):
    """The mean square by all samples, and Var U(c) / K."""
    U, law = stack([row[0] for row in violations(m, m.learners)]), m.mdp.like(m.weights) / sum(m.weights)
    return Equal({"mean square": (mean_square_of_samples(m), (((U - (U * law).sum()) ** 2) * law).sum() / m.K)})


FIXED = Assumption(
    "policies are fixed before the tasks are drawn", lambda m: bool((m.learners == m.learners_unseen).all())
)


# ---- one state: the learner and the expert of task k each have an action of their own
def lottery(signs, K, q, weights=None, late=False):
    """Tasks whose violation of cost i is `signs[k][i]` B: the learner's action costs 1, or the expert's, or neither.

    Args: weights: integers in proportion to the law of tasks. late: learners copy the experts of drawn tasks.
    """
    signs = np.array(signs)
    N, A = len(signs), 2 * len(signs)
    mdp = MDP(objects([[[1]] * A]), objects([[0] * A]), horizon=Discounted("9/10"))
    costs = np.zeros((signs.shape[1], 1, A), dtype=int)
    costs[:, 0, ::2], costs[:, 0, 1::2] = (signs == 1).T, (signs == -1).T
    table = np.eye(A, dtype=int)
    learners, experts = objects(table[::2, None]), objects(table[1::2, None])
    return Instance(
        mdp=mdp,
        experts=experts,
        learners=experts if late else learners,
        learners_unseen=learners,
        costs=objects(costs),
        weights=[1] * N if weights is None else list(weights),
        K=K,
        q=rational(q) * 999 / 1000,
    )


def coin(K, heads):
    """One cost, violations of +B and -B with equal probability; q is just below what these heads deviate by."""
    return lottery([[1], [-1]], K, rational(2 * heads - K) / K).replace(
        q=rational(2000 * heads - 1000 * K - 1) / (1000 * K)
    )


def all_signs(N, K, q):
    """A cost for every assignment of signs to N tasks."""
    return lottery(list(zip(*product((1, -1), repeat=N), strict=True)), K, q)


@cache
def draw(seed, K=4):
    """Three tasks with random policies on a random problem, two costs; q is the deviation of one sample."""
    rng = np.random.default_rng(seed)
    mdp = garnet(3, 2, 2, "9/10", rng=rng)
    tables = objects(rng.integers(0, 5, (2, 3, 3))) / 4
    tables = np.stack([tables, 1 - tables], axis=-1)
    m = Instance(
        mdp=mdp,
        experts=tables[0],
        learners=tables[1],
        learners_unseen=tables[1],
        costs=objects(rng.integers(0, 5, (2, 3, 2))) / 4,
        weights=[int(w) for w in rng.integers(1, 5, 3)],
        K=K,
    )
    largest = sorted(max(apart) for apart, _ in deviations(m))
    return m.replace(q=largest[-3] * (1 - mdp.horizon.gamma) * 999 / 1000)


def samples():
    coins = [coin(K, heads) for K, heads in ((1, 1), (2, 2), (8, 7), (100, 65), (1000, 600), (8000, 4600))]
    return [*coins, all_signs(3, 2, 1), *(draw(seed) for seed in (0, 1, 2))]


def further_samples():
    return [coin(40_000, 22_000), *(draw(seed, K) for seed in range(3, 9) for K in (1, 3, 8))]


def mean_squares():
    return [*(coin(K, K) for K in (1, 2, 16)), lottery([[1], [0], [-1]], 5, 1), *(draw(seed) for seed in (0, 1))]


# ---- figure
def numbers(m):
    return {"K": m.K, "costs": len(m.costs), "tail": float(tail(m)), "q": float(m.q)}


def figure(ax, rows):
    """Probability of a deviation of q B of fair coins against the bound, with half the range, and late policies."""
    data = sorted((row["data"] for row in rows if row["part"] == "coins"), key=lambda each: each["K"])
    K = np.array([each["K"] for each in data])
    q = data[0]["q"]
    ax.semilogy(K, [each["tail"] for each in data], "o-C0", label="policies fixed before")
    ax.semilogy(K, np.minimum(1, 2 * np.exp(-K * q**2 / 2)), "k--", label="bound")
    ax.semilogy(K, np.minimum(1, 2 * np.exp(-2 * K * q**2)), "x-C1", label="range $B$ in place of $2B$ (fails)")
    ax.axhline(1, color="C2", label="policies chosen after")
    ax.set(xlabel="tasks $K$", ylabel="$P$(deviation at least $B/2$)")
    ax.legend(fontsize=6)


CLAIM = Claim(
    "sampled_tasks_estimate_the_violation_of_unseen_tasks",
    check,
    samples,
    formula=(
        r"P\left( \max_{c \in C} \left| \frac1K \sum_{k=1}^K U_k(c) - E\, U(c) \right| \ge q B \right) \le 2 |C| "
        r"e^{-K q^2 / 2}"
    ),
    papers=("hoeffding1963", "kim2023"),
    tags=("inverse-constraints", "sampling"),
    assumes=(FIXED,),
    controls=(
        Control("a range of B in place of 2 B", lambda: coin(8, 8), tightens=range_of_one_cost),
        Control("one cost in place of all", lambda: all_signs(4, 2, 1), tightens=one_cost),
        Control(
            "policies chosen after the tasks",
            lambda: lottery([[1]] * 12, 5, "7/12", late=True),
            drops=FIXED.name,
        ),
        Control("B^2 / K^2", lambda: coin(2, 2), tightens=a_square_of_the_sample, part="mean square"),
    ),
    also=(
        Part("mean square", mean_squares, mean_square, assumes=(FIXED,)),
        Part("variance", mean_squares, variance_of_the_mean, assumes=(FIXED,)),
        Part("coins", lambda: [coin(K, K * 3 // 4) for K in (4, 8, 16, 32, 64)], check, assumes=(FIXED,), data=numbers),
    ),
    thorough=further_samples,
    figure=figure,
)
