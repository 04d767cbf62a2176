"""N demonstrations err by at most order H sqrt(log |R| / N) on a class R; offline states repair what they lack.

Statement  Let x > 0 be attained by the error sup_{f in R} |mean of J_f over N demonstrations - J_f(E)|. For every x
               x <= H sqrt(2 log(2 |R| / P(error >= x)) / N),
           so that with probability 1 - delta the error is at most H sqrt(2 log(2 |R| / delta) / N). At N = 1000 and
           |R| = 1 the square of some x is at least 9/10 of that of the bound.
           On a road in the fog, with known reward, GUITAR with resets to the states of N demonstrations alone loses
               sum_k (1 - (1-q)^k), k = 1..H,   q = p (1-p)^N + (1-p) p^N,
           on average, since a state that is not demonstrated at a step keeps a default that falls. With half of the
           resets on offline data that show both states at every step it loses nothing, for every sample.
Assumes    rewards in [-1, 1]; the offline data show every state of the road at every step.
Units      rewards in [-1, 1], J_f in [-H, H]; the fog pays 1 per step; J is the undiscounted return.
Kind       exists (enumerated samples)
Source     adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025, and Hoeffding, 1963.
Proof      proofs/imitation/few_demonstrations_err_by_their_root.md
"""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb, factorial, prod

import numpy as np
from flint import arb

from ... import measure
from ...base.arrays import floats, objects, rational
from ...base.interval import Interval, stack
from ...ink.figures import panels
from ...instances.instance import Instance
from ...instances.library.imitation.road import fog
from ...learn import GUITAR, FiniteRewards, fit, grant
from ...model import MDP, Finite, TabularPolicy, Trajectories
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- the moments of N demonstrations
def sample(H, N, p, rewards):
    """An expert that picks lane i with probability p[i], and the share of each lane in every sample of N episodes.

    Args: rewards: the class, `rewards[f][i]` per step in lane i.
    """
    M = len(p)
    every = [each for each in product(range(N + 1), repeat=M - 1) if sum(each) <= N]
    every = [(*each, N - sum(each)) for each in every]
    lanes = np.eye(M + 1, dtype=int)[1:]
    P = np.concatenate([lanes[None], np.repeat(lanes[:, None], M, axis=1)])
    r = objects([[each, *([f] * M for f in each)] for each in rewards])
    table = objects(np.eye(1, M, dtype=int).repeat(M + 1, axis=0))
    table[0] = objects(p)
    mdp = MDP(objects(P), r[0], objects(np.eye(1, M + 1, dtype=int)[0]), horizon=Finite(H))
    shares = objects(np.array(every)) / N
    return Instance(mdp=mdp, expert=TabularPolicy(table), rewards=r, shares=shares, p=" ".join(p), N=N, H=H)


def errors(m):
    """The supremum over the class of the error of the mean return, for every sample."""
    M, found = m.mdp.A, []
    lanes = [TabularPolicy(m.mdp.like(np.eye(M, dtype=int)[[i] * (M + 1)])) for i in range(M)]
    for f in m.rewards:
        task = replace(m.mdp, r=f)
        mean = sum(measure.value(task, lane) * m.shares[:, i] for i, lane in enumerate(lanes))
        found.append(abs(mean - measure.value(task, m.expert)))
    return stack(found).max(axis=0)


def tails(m, error):
    """log P(error >= x) for the x of every sample, enclosed; errors are ordered up to 1e-9 of the horizon."""
    p, counts = [rational(each) for each in m.p.split()], np.rint(floats(m.shares) * m.N).astype(int)
    ways = [factorial(m.N) // prod(factorial(int(k)) for k in each) for each in counts]
    chance = objects(
        [way * prod(q ** int(k) for q, k in zip(p, each, strict=True)) for way, each in zip(ways, counts, strict=True)]
    )
    known = np.round(floats(np.asarray(error.mid if isinstance(error, Interval) else error)) / m.H * 10**9)
    order = np.argsort(-known)
    tail = np.cumsum(chance[order])[np.searchsorted(-known[order], -known, side="right") - 1]
    return stack([log(mass) for mass in tail])


def log(x):
    """The natural logarithm of a rational, enclosed."""
    ball = arb(x).log()
    ends = (np.nextafter(float(ball.lower()), -np.inf), np.nextafter(float(ball.upper()), np.inf))
    return Interval(*ends, "enclosed")


def squares(m, size=None):
    """x^2 and 2 H^2 log(2 |R| / P(error >= x)) / N, for every sample."""
    x = errors(m)
    bound = (log(rational(2 * (size or len(m.rewards)))) - tails(m, x)) * (2 * m.H**2) / m.N
    return x * x, bound


def check(m):
    return Bound(*squares(m))


def one_reward(m):
    """As if the class had a single reward."""
    return Bound(*squares(m, 1))


def of_positive_rewards(m):
    """The bound for rewards in [0, 1]."""
    x, bound = squares(m)
    return Bound(x, bound / 4)


def nearly_attains(m):
    """At the share 7/10 of the first lane."""
    x, bound = squares(m)
    (k,) = np.flatnonzero(np.rint(floats(m.shares[:, 0]) * 10) / 10 == floats(m.shares[:, 0]))[[7]]
    return Bound(bound[k] * 9 / 10, x[k])


COIN, THIRDS = ("1/2", "1/2"), ("1/3", "1/3", "1/3")
ONE, TWO = [[1, -1]], [[1, -1], ["1/2", 1]]
LANES = [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]]


def samples():
    return [
        *(
            sample(H, N, p, R)
            for H, N in ((1, 1), (3, 2), (2, 7), (4, 24))
            for p in (COIN, ("1/5", "4/5"))
            for R in (ONE, TWO)
        ),
        *(sample(2, N, THIRDS, LANES) for N in (1, 2, 5)),
    ]


# ---- what the demonstrations do not show
def in_fog(H, N, p, shows=(0, 1)):
    """GUITAR's policies for every sample of N demonstrations, without and with offline data, and the probabilities."""
    m, q = fog(H, p), rational(p)
    falls = TabularPolicy(objects([[0, 1]] * 3))
    rows = [(t, s) for t in range(H) for s in shows]
    weight = objects([f"1/{len(shows)}"] * len(rows))
    offline = Trajectories([s for _, s in rows], [0] * len(rows), t=[t for t, _ in rows], weight=weight)
    tables, chances = [], []
    for shown in product(range(N + 1), repeat=H):
        obs = [int(episode < shown[t]) for episode in range(N) for t in range(H)]
        data = Trajectories(obs, [0] * (N * H), t=[*range(H)] * N, weight=objects([f"1/{N}"] * (N * H)))
        access = grant(m.mdp, demonstrations=data, episodes="exact")
        for more in (None, offline):
            learner = GUITAR(offline=more, rewards=FiniteRewards(m.mdp.r[None]), rounds=1, default_policy=falls)
            tables.append(fit(learner, access, rng=None).trace["policy"][-1].table)
        chances.append(prod(comb(N, k) * q**k * (1 - q) ** (N - k) for k in shown))
    tables = objects(np.stack(tables)).reshape(len(chances), 2, *m.mdp.r[None].repeat(H, axis=0).shape)
    return m.replace(tables=tables, chances=objects(chances), p=p, N=N, H=H, shows=str(shows))


def losses(m):
    """The mean value gap over the samples, without and with offline data."""
    gaps = [[measure.value_gap(m.mdp, m.expert, TabularPolicy(table)) for table in pair] for pair in m.tables]
    return [(stack([pair[k] for pair in gaps]) * m.chances).sum() for k in (0, 1)]


def unseen(m):
    """q: the probability that a step is in a state that no demonstration shows at that step."""
    p = rational(m.p)
    return p * (1 - p) ** m.N + (1 - p) * p**m.N


def repairs(m):
    alone, helped = losses(m)
    falls = sum(1 - (1 - unseen(m)) ** k for k in range(1, m.H + 1))
    return Equal({"demonstrations alone": (alone, falls), "with offline data": (helped, rational(0))})


def mean_gaps(m):
    return {"gaps": [each.mid for each in losses(m)]}


def mean_error(m):
    """The ends x and the bound of every sample, in units of the horizon."""
    x, bound = squares(m)
    return {"x": list(np.sqrt(x.mid) / m.H), "bound": list(np.sqrt(bound.mid) / m.H)}


# ---- figure
def figure(ax, rows):
    """Attained errors against their bounds, and the loss in the fog against the number of demonstrations."""
    ax, right = panels(ax, 2)
    own = [row for row in rows if row["part"] == "statement" and not row.get("control")]
    points = [point for row in own for point in zip(row["data"]["bound"], row["data"]["x"], strict=True)]
    ax.plot(*zip(*points, strict=True), "oC0", markersize=3, label="every sample")
    ax.plot([0, 2], [0, 2], "k--", label="equal")
    ax.plot(np.sqrt(2 * np.log(2)), Fraction(4, 3), "xC1", label="without $|R|$ (fails)")  # one episode, three lanes
    ax.set(xlabel=r"$\sqrt{2 \log(2|R| / P) / N}$", ylabel="error $x / H$")
    found = [
        row
        for row in rows
        if row["part"] == FOG
        and not row.get("control")
        and (row["parameters"]["H"], row["parameters"]["p"]) == (2, "1/4")
    ]
    N = [row["parameters"]["N"] for row in found]
    for gaps, style, words in zip(
        np.array([row["data"]["gaps"] for row in found]).T,
        ("s-C4", "o-C0"),
        ("demonstrations alone", "with offline data"),
        strict=True,
    ):
        right.plot(N, gaps, style, label=words)
    right.set(xlabel="demonstrations $N$", ylabel="mean value gap, $H = 2$, $p = 1/4$", xticks=N)
    for each in (ax, right):
        each.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=6)


RANGE = Assumption("rewards in [-1, 1]", lambda m: (m.rewards <= 1).all() and (m.rewards >= -1).all())
SHOWN = Assumption("the offline data show every state of the road at every step", lambda m: m.shows == "(0, 1)")
FOG, SINGLE = "offline data repair what was not shown", "a single reward's bound for the class"
CLAIM = Claim(
    "few_demonstrations_err_by_their_root",
    check,
    samples,
    formula=(
        r"x \le H \sqrt{\frac{2}{N} \log \frac{2 \lvert R \rvert}"
        r"{P( \sup_{f \in R} \lvert \hat J_f - J_f(E) \rvert \ge x )}}"
    ),
    papers=("espinosadice2025", "hoeffding1963"),
    tags=("sample-complexity", "inverse-reinforcement-learning", "resets"),
    assumes=(RANGE,),
    controls=(
        Control(SINGLE, witness=lambda: sample(2, 1, THIRDS, LANES), tightens=one_reward),
        Control("the range of positive rewards", witness=lambda: sample(2, 1, COIN, ONE), tightens=of_positive_rewards),
        Control("rewards of 2", witness=lambda: sample(2, 1, COIN, [[2, -2]]), drops=RANGE.name),
        Control("offline data of one state", witness=lambda: in_fog(2, 1, "1/2", (0,)), drops=SHOWN.name, part=FOG),
    ),
    also=(
        Part("the constant is nearly attained", lambda: [sample(1, 1000, COIN, ONE)], nearly_attains),
        Part(
            FOG,
            lambda: [
                in_fog(H, N, p) for H, N in ((1, 1), (2, 1), (2, 2), (2, 3), (2, 5), (3, 1)) for p in ("1/2", "1/4")
            ],
            repairs,
            assumes=(SHOWN,),
            data=mean_gaps,
        ),
    ),
    data=mean_error,
    figure=figure,
)
