"""With probability 1-d no update hurts that is accepted only if a lower confidence bound exceeds the current value.

Statement  n episodes of a behaviour policy mu are weighted by W = prod pi/mu. With returns G >= 0 and b = max W G, the
           mean X of W G over the episodes has expectation J(pi), or less if pi plays what mu does not. For every x > 0
               P(X - J(pi) >= x) <= exp(-2 n x^2 / b^2),
           that is, 2 n x^2 / b^2 <= log(1/P). So let candidates pi_1, .., pi_K be accepted in turn if
               X_k - b_k sqrt(log(K/d) / (2n)) > J(current),
           each on episodes of its own. Then
               P(some accepted candidate is worse than its predecessor) <= d.
           For a fair coin, n = 1000 and x = 1/4 the exponent is within 8 per cent of log(1/P); the second bound is
           attained up to a factor of 4/5 by a single update.
Assumes    weights are those of the policy that collected the data; each level is at most d/K; b_k is the largest W G of
           the candidate, or more; a candidate does not depend on the data that judge it; J(current) is known.
Units      J is the undiscounted return; W G has the unit of returns.
Kind       exists (enumerated data sets); for all by proof
Source     adapted from Thomas, Theocharous and Ghavamzadeh, 2015, and Hoeffding, 1963.
Proof      proofs/offline/gated_updates_improve_with_high_probability.md
"""

from collections import defaultdict
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects, rational
from ...base.lifting import enclose
from ...exact.logs import log
from ...instances.instance import Instance
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Part


# ---- the law of the estimate
def weighted_returns(mdp, policy, behaviour, assumed=None):
    """W G of an episode of the behaviour policy, value -> probability; weights divide by the `assumed` one."""
    assumed = behaviour if assumed is None else assumed
    law = {(s, rational(1), rational(0)): mdp.rho[s] for s in range(mdp.S) if mdp.rho[s] > 0}
    for _ in range(mdp.horizon.H):
        after = defaultdict(lambda: rational(0))
        for (s, weight, total), chance in law.items():
            for a, n in product(range(mdp.A), range(mdp.S)):
                moved = chance * behaviour.table[s, a] * mdp.P[s, a, n]
                if moved > 0:
                    after[n, weight * policy.table[s, a] / assumed.table[s, a], total + mdp.r[s, a]] += moved
        law = after
    found = defaultdict(lambda: rational(0))
    for (_, weight, total), chance in law.items():
        found[weight * total] += chance
    return found


def mean_law(law, n):
    """Law of the mean over n episodes."""
    if len(law) == 2:
        (x, p), (y, q) = law.items()
        return {(x * k + y * (n - k)) / n: comb(n, k) * p**k * q ** (n - k) for k in range(n + 1)}
    sums = {rational(0): rational(1)}
    for _ in range(n):
        after = defaultdict(lambda: rational(0))
        for (done, p), (x, q) in product(sums.items(), law.items()):
            after[done + x] += p * q
        sums = after
    return {total / n: chance for total, chance in sums.items()}


def accepts(mean, current, widest, n, level):
    """Whether mean - b sqrt(log(1/level) / (2n)) > current."""
    above = mean - current
    return above > 0 and bool(log(1 / level) * widest**2 < 2 * n * above**2)


def return_of(mdp, table):
    return measure.value(mdp, TabularPolicy(table)).lower[()]


# ---- both sides
def check(m, constant=2):
    x = enclose(m.means) - measure.value(m.mdp, m.policy)
    return Bound(x * x * m.n * constant / enclose(m.widest) ** 2, measure.logarithm(1 / enclose(m.tails)))


def ten_per_cent_more(m):
    return check(m, Fraction(11, 5))


def range_of_the_returns(m):
    """As if the weighted returns were in the range of the returns."""
    left, right = check(m).sides
    return Bound(left * enclose(m.widest) ** 2 / enclose(m.most) ** 2, right)


def nearly_attains(m):
    left, right = check(m).sides
    return Bound(right[-1] * 23 / 25, left[-1])


def falls(m):
    return Bound(enclose(m.fall), enclose(m.d))


def two_thirds(m):
    return Bound(enclose(m.fall), enclose(m.d) * 2 / 3)


def four_fifths(m):
    return Bound(enclose(m.d) * 4 / 5, enclose(m.fall))


# ---- instances: the estimate of one candidate
def estimate(mdp, policy, behaviour, n, assumed=None, least=None):
    """Every mean above J(policy), or the lowest one from `least` on, with the probability of a mean as high."""
    policy, behaviour = TabularPolicy(objects(policy)), TabularPolicy(objects(behaviour))
    assumed = behaviour if assumed is None else TabularPolicy(objects(assumed))
    law = weighted_returns(mdp, policy, behaviour, assumed)
    J, means = return_of(mdp, policy.table), mean_law(law, n)
    high = sorted(x for x in means if x > J)
    high = high if least is None else [x for x in high if x >= rational(least)][:1]
    return Instance(
        mdp=mdp,
        policy=policy,
        behaviour=behaviour,
        assumed=assumed,
        n=n,
        means=objects(high),
        tails=objects([sum(p for y, p in means.items() if y >= x) for x in high]),
        widest=objects(max(law)),
        most=objects(max(weighted_returns(mdp, policy, policy))),
    )


def coins(*paid):
    """One step; a fair coin shows one of two states, and action a pays in state `paid[a]`."""
    r = [[int(s == side) for side in paid] for s in range(2)]
    half = objects(["1/2", "1/2"])
    return MDP(objects([[["1/2", "1/2"]] * len(paid)] * 2), objects(r), half, horizon=Finite(1))


def two_steps():
    """State 1 pays more and is left by the first action."""
    P = objects([[["3/4", "1/4"], ["1/4", "3/4"]], [["1/2", "1/2"], [0, 1]]])
    return MDP(P, objects([[0, "1/4"], [1, "1/2"]]), objects(["1/2", "1/2"]), horizon=Finite(2))


FAIR, SELDOM = [["1/2", "1/2"]] * 2, [["9/10", "1/10"]] * 2
FIRST, SECOND = [[1, 0]] * 2, [[0, 1]] * 2
SIZES = (4, 8, 16, 32, 48)


def coin_of_1000():
    """A fair coin that pays in 750 or more of 1000 episodes."""
    return estimate(coins(0, 1), FIRST, FIRST, 1000, least="3/4")


def estimates():
    return [
        *(estimate(coins(0, 1), FIRST, FIRST, n) for n in (1, 4, 16)),
        *(estimate(coins(0, 1), SECOND, behaviour, n) for behaviour in (FAIR, SELDOM) for n in (1, 3)),
        estimate(coins(0, 1), SELDOM, FIRST, 3),
        coin_of_1000(),
        estimate(two_steps(), SECOND, FAIR, 2),
        estimate(two_steps(), [["1/4", "3/4"]] * 2, FAIR, 1),
    ]


# ---- instances: K updates
def update(mdp, tables, behaviour, n, d, level=None, assumed=None, widest=None):
    """P(some accepted candidate is worse than its predecessor), and P(the last return exceeds the first).

    tables: the first policy and the candidates. level: the level of each update, d/K if left out. widest: b of every
    candidate, its largest W G if left out. `judged[k,i]` is the candidate of update k if the data have outcome i.
    """
    tables, d = objects(tables), rational(d)
    level = d / (len(tables) - 1) if level is None else rational(level)
    policies = [TabularPolicy(table) for table in tables]
    behaviour = TabularPolicy(objects(behaviour))
    assumed = behaviour if assumed is None else TabularPolicy(objects(assumed))
    J = [return_of(mdp, table) for table in tables]
    at, fall, used = {0: rational(1)}, rational(0), []
    for k in range(1, len(J)):
        law = weighted_returns(mdp, policies[k], behaviour, assumed)
        means, after = mean_law(law, n), defaultdict(lambda: rational(0))
        used.append(max(law) if widest is None else rational(widest))
        for i, chance in at.items():
            taken = sum((p for x, p in means.items() if accepts(x, J[i], used[-1], n, level)), rational(0)) * chance
            fall += taken if J[k] < J[i] else 0
            after[k] += taken if J[k] >= J[i] else 0
            after[i] += chance - taken
        at = after
    better = sum((chance for i, chance in at.items() if J[i] > J[0]), rational(0))
    return Instance(
        mdp=mdp,
        tables=tables,
        behaviour=behaviour,
        assumed=assumed,
        n=n,
        updates=len(J) - 1,
        d=objects(d),
        level=objects(level),
        fall=objects(fall),
        better=objects(better),
        widest=objects(used),
        judged=objects([[k] for k in range(1, len(J))]),
    )


def slightly_better(actions, gain="1/500"):
    """First action, but in state 1 the second one with a small probability, which pays there."""
    gain = rational(gain)
    return [[1] + [0] * (actions - 1), [1 - gain, gain] + [0] * (actions - 2)]


def worse(n, d, updates=1, behaviour=FIRST, **options):
    """Candidates that pay 1/2, where the first policy earns slightly more."""
    return update(coins(0, 1), [slightly_better(2), *[FIRST] * updates], behaviour, n, d, **options)


def seldom(n, **options):
    """Candidates that the data seldom show."""
    tables = [[["1/500", "499/500"], [0, 1]], FIRST]
    return update(coins(0, 1), tables, [["1/10", "9/10"]] * 2, n, "1/10", **options)


def pick_on_the_same_data(arms=6):
    """One episode; of policies that pull a single arm, each worth 1/2, the one with the highest W G is judged by it."""
    mdp, d = coins(*[k % 2 for k in range(arms)]), rational("1/5")
    pulls = np.eye(arms, dtype=int)
    m = update(mdp, [slightly_better(arms), *([list(pull)] * 2 for pull in pulls)], [[f"1/{arms}"] * arms] * 2, 1, d)
    J = [return_of(mdp, table) for table in m.tables]
    fall, judged = rational(0), []
    for state, pulled in product(range(2), range(arms)):
        seen = [mdp.r[state, pulled] * arms * int(pulled == arm) for arm in range(arms)]
        k = 1 + seen.index(max(seen))
        if accepts(max(seen), J[0], m.widest[k - 1], 1, d) and J[k] < J[0]:
            fall += mdp.rho[state] / arms
        judged.append(k)
    return m.replace(fall=objects(fall), judged=objects([judged]), level=objects(d), updates=1)


def improve(n):
    """A candidate worth 1 for a policy worth 1/2, both shown as often."""
    return update(coins(0, 1), [FIRST, [[1, 0], [0, 1]]], FAIR, n, "1/10")


def campaigns():
    better = [[["1/4", "3/4"]] * 2, [[0, 1], ["1/2", "1/2"]], [[0, 1], [1, 0]]]
    return [
        *(worse(n, d, updates) for n, d, updates in ((1, "61/100", 1), (2, "3/4", 2), (8, "1/4", 1), (6, "9/10", 3))),
        update(two_steps(), [FAIR, *better], FAIR, 2, "1/2"),
        update(two_steps(), [better[2], FAIR, FIRST], FAIR, 2, "9/10"),
    ]


def chances(m):
    return {"n": [m.n], "fall": [nearest(m.fall[()])], "better": [nearest(m.better[()])]}


def figure(ax, rows):
    """Probability of a worse policy on scarce data, with and without the gate, and of a better one on ample data."""
    for part, name, style, words in (
        (SCARCE, "fall", "o-C0", "worse accepted, scarce data"),
        (AMPLE, "better", "^-C2", "better accepted, ample data"),
    ):
        found = [row["data"] for row in rows if row["part"] == part and not row.get("control")]
        ax.plot([each["n"][0] for each in found], [each[name][0] for each in found], style, label=words)
    failing = {row["label"]: row["sides"] for row in rows if row.get("control")}
    ax.plot(16, failing[UNGATED][0], "xC1", label="no margin, scarce data (fails)")
    ax.axhline(1 / 10, color="k", linestyle="--", label="$d$")
    ax.set(xlabel="episodes $n$", ylabel="probability", ylim=(-0.05, 1.05))
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


# ---- assumptions and the claim
def is_wide(m):
    """Whether b is at least the largest W G, for every candidate."""
    laws = [weighted_returns(m.mdp, TabularPolicy(table), m.behaviour, m.assumed) for table in m.tables[1:]]
    return m.widest >= objects([max(law) for law in laws])


OWN = Assumption(
    "weights are those of the policy that collected the data", lambda m: m.assumed.table == m.behaviour.table
)
LEVELS = Assumption("each level is at most d/K", lambda m: enclose(m.level) * m.updates <= enclose(m.d))
WIDE = Assumption("b is at least the largest W G", is_wide)
FRESH = Assumption("a candidate does not depend on the data that judge it", lambda m: m.judged == m.judged[:, :1])
GATE = OWN, LEVELS, WIDE, FRESH
GATED, SCARCE, AMPLE, UNGATED = "gated updates", "scarce data", "ample data", "no margin under poor coverage"
NEARLY, SINGLE = "nearly attained by coins", "a single update"
CLAIM = Claim(
    "gated_updates_improve_with_high_probability",
    check,
    estimates,
    formula=r"P\big( \bar X - J(\pi) \ge x \big) \le e^{-2 n x^2 / b^2}, \qquad b = \max W G",
    papers=("thomas2015", "hoeffding1963"),
    tags=("off-policy-evaluation", "policy-improvement", "importance-sampling"),
    assumes=(OWN,),
    controls=(
        Control("ten per cent more in the exponent", coin_of_1000, tightens=ten_per_cent_more),
        Control(
            "the range of the returns for that of the weighted ones",
            lambda: estimate(coins(0, 1), SECOND, SELDOM, 3),
            tightens=range_of_the_returns,
        ),
        Control(
            "weights of another policy",
            lambda: estimate(coins(0, 1), FIRST, SELDOM, 16, assumed=FAIR),
            drops=OWN.name,
        ),
        Control(UNGATED, lambda: seldom(16, level=1), drops=LEVELS.name, part=GATED),
        Control(
            "level d in each of two updates",
            lambda: worse(1, "61/100", 2, level="61/100"),
            drops=LEVELS.name,
            part=GATED,
        ),
        Control("b of the returns", lambda: seldom(16, widest=1), drops=WIDE.name, part=GATED),
        Control("a candidate picked on the data that judge it", pick_on_the_same_data, drops=FRESH.name, part=GATED),
        Control(
            "a biased estimate",
            lambda: worse(16, "1/10", behaviour=SELDOM, assumed=FAIR),
            drops=OWN.name,
            part=GATED,
        ),
        Control("two thirds of d", lambda: worse(1, "61/100"), tightens=two_thirds, part=GATED),
    ),
    also=(
        Part(GATED, campaigns, falls, assumes=GATE),
        Part(NEARLY, lambda: [coin_of_1000()], nearly_attains, assumes=(OWN,)),
        Part(SINGLE, lambda: [worse(1, "61/100")], four_fifths, assumes=GATE),
        Part(SCARCE, lambda: [seldom(n) for n in SIZES], falls, assumes=GATE, data=chances),
        Part(AMPLE, lambda: [improve(n) for n in SIZES], falls, assumes=GATE, data=chances),
    ),
    thorough=lambda: [estimate(two_steps(), SECOND, FAIR, n) for n in (3, 4)],
    figure=figure,
)
