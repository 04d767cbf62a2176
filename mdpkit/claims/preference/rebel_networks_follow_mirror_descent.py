"""Networks trained by REBEL follow the iterates of mirror descent; networks trained by clipped ratios do not.

Statement  Responses are three tokens out of three, worth the number of times that a token is followed by its successor
           mod 3. From the uniform policy, mirror descent with step size eta has the iterates pi*_k ~ e^(k eta r). Let
           D_k(L) = KL(pi*_k || pi_k) for the policy pi_k of a two-layer network over tokens after round k of L. Over
           the seeds, after rounds k = 1, 2, 3, 4,
               median D_k(REBEL) <= 1/64 < 1/32 <= median D_k(PPO),
           both trained on 512 responses of their own and 30 steps of Adam a round.
Assumes    every regression was fitted: its mean squared error is at most 1/10 at the end of each round.
Units      rewards in units of one follower; eta = log 3, so that all iterates are rational; D in nats; each median with
           confidence 99/100, from 8 seeds of any law.
Kind       rate (enumerated rounds, sampled seeds)
Source     adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024; Schulman,
           Wolski, Dhariwal, Radford and Klimov, 2017.
Proof      proofs/preference/rebel_networks_follow_mirror_descent.md
"""

from fractions import Fraction
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import Interval
from ...deep.learners.preference.ppo import PPO
from ...deep.learners.preference.rebel import REBEL
from ...deep.plumbing.sequences import Sequences
from ...instances.instance import Instance
from ...learn import fit, grant
from ...model import PreferenceProblem, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control

SEEDS, ROUNDS, TOKENS, LENGTH = 8, 4, 3, 3
NETWORK = Sequences((TOKENS, LENGTH), width=16)
SETTINGS = {"policies": NETWORK, "rounds": ROUNDS, "pairs": 256, "rate": 1 / 50}


def follow_up():
    """The problem, whose weights e^(eta r) are powers of 3."""
    tokens = NETWORK.tokens_of(TOKENS**LENGTH)
    followers = (tokens[:, 1:] == (tokens[:, :-1] + 1) % TOKENS).sum(axis=1)
    even = objects([[f"1/{len(tokens)}"] * len(tokens)])
    return PreferenceProblem(even, weights=objects([[3 ** int(r) for r in followers]]))


def iterate(problem, k):
    """pi*_k ~ e^(k eta r)."""
    tilted = problem.reference * problem.weights**k
    return TabularPolicy(tilted / tilted.sum(axis=-1)[:, None])


@cache
def train(steps=30, seeds=SEEDS):
    """For each round k the tables `[seed,x,y]` of both learners after it, and the largest loss of a regression."""
    problem, losses = follow_up(), []
    after = {"rebel": [], "ppo": []}
    learners = {"rebel": REBEL(steps=steps, **SETTINGS), "ppo": PPO(steps=steps, **SETTINGS)}
    for seed in range(seeds):
        for name, learner in learners.items():
            answer = fit(learner, grant(problem, rewards=True), rng=np.random.default_rng(seed))
            after[name].append([policy.to_tabular(problem).table for policy in answer.trace["next"]])
            if name == "rebel":
                losses.append(answer.trace["loss"].max())
    error = objects([Fraction(float(max(losses)))])
    tables = {name: objects(np.stack([np.stack(each) for each in found])) for name, found in after.items()}
    return [
        Instance(
            problem=problem, target=iterate(problem, k), error=error, k=k, **{n: t[:, k - 1] for n, t in tables.items()}
        )
        for k in range(1, ROUNDS + 1)
    ]


def distance(m, tables):
    """Median of D_k over seeds, rounded outwards to 1/64 to cover rounding errors of other machines."""
    found = [measure.divergence_from(m.problem, m.target, TabularPolicy(table)) for table in tables]
    low, high = (measure.sampled_median([getattr(each, end)[()] for each in found]) for end in ("lower", "upper"))
    return Interval(np.floor(low.lower * 64) / 64, np.ceil(high.upper * 64) / 64, "sampled")


def check(m, far="1/32"):
    return Bound(distance(m, m.rebel), rational("1/64"), rational(far), distance(m, m.ppo))


def half_a_nat(m):
    return check(m, "1/2")


def ends(m):
    """The round, and confidence limits of each median."""
    medians = {"REBEL": distance(m, m.rebel), "PPO": distance(m, m.ppo)}
    return {"k": m.k} | {name: [float(each.lower), float(each.upper)] for name, each in medians.items()}


def figure(ax, rows):
    """Divergence from the exact iterate against the round: bars from the lower to the upper limits of the medians."""
    at = [row for row in rows if not row.get("control")]
    k = [row["data"]["k"] for row in at]
    for name, style in (("REBEL", "oC0"), ("PPO", "^C2")):
        low, high = np.array([row["data"][name] for row in at]).T
        ax.errorbar(k, (low + high) / 2, (high - low) / 2, fmt=style, capsize=2, label=name)
    ax.plot(k, np.full(len(k), 1 / 64), "k--", label="bound $1/64$")
    few = next(row["sides"] for row in rows if row.get("control") and row["label"] == FEW)
    ax.plot(AT, few[0], "xC1", label="three steps (fails)")
    ax.set(xlabel="round $k$", ylabel=r"$\mathrm{KL}(\pi^*_k \,\|\, \pi_k)$, median", xticks=k)
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


FITTED = Assumption("every regression was fitted", lambda m: m.error[0] * 10 <= 1)
FEW, AT = "three steps of Adam a round", 2
CLAIM = Claim(
    "rebel_networks_follow_mirror_descent",
    check,
    lambda: train(),
    formula=(
        r"\mathrm{median}\; \mathrm{KL}(\pi^*_k \,\|\, \pi_k^{\text{REBEL}}) \le \tfrac1{64} < \tfrac1{32} \le "
        r"\mathrm{median}\; \mathrm{KL}(\pi^*_k \,\|\, \pi_k^{\text{PPO}}), \qquad \pi^*_k \propto e^{k \eta r}"
    ),
    papers=("gao2024", "schulman2017"),
    tags=("preferences", "policy-gradient", "networks"),
    assumes=(FITTED,),
    controls=(
        Control(FEW, witness=lambda: train(steps=3)[AT - 1], drops=FITTED.name),
        Control("clipping is half a nat away", witness=lambda: train()[AT - 1], tightens=half_a_nat),
    ),
    figure=figure,
    data=ends,
    resolution=Fraction(1, 64),
)
