"""SMILING with a trained learner score reaches the expert's state law; with a frozen one, its likeliest state.

Statement  Where every law of states can be chosen, natural gradient of rate 1 on SMILING's cost in the limit gives
           pi_{k+1} proportional to pi_k e^(-c_k). With the score of pi_k, c_k = log pi_k / q, and pi_1 = q is the
           expert's law. With the score of the uniform pi_0 in every round, pi_k is proportional to q^k, and for k >= 1
               KL(pi_k || q) <= KL(pi_{k+1} || q) <= log 1 / max q,
           to which it tends if one state is likeliest. The last policies of SMILING's runs have these laws up to
           rounding. Over twenty drawn problems the median KL divergence of the last policy's states is at most 1/1000
           with a trained score, and at least 1/200 with a frozen one. Linear rewards theta x_s, for an expert with the
           mean of uniform states, have a sup gap of at most 1/10^6 in every round, and leave a KL divergence of at
           least 1/5.
Assumes    k is at least 1, and q positive at every state.
Units      KL in nats.
Kind       for all; exists (runs, enumerated); exists (drawn problems, sampled, 99 % confidence)
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
Proof      proofs/imitation/frozen_learner_scores_collapse_to_a_mode.md
"""

from fractions import Fraction
from functools import lru_cache
from math import comb

import numpy as np

from ... import measure
from ...base.arrays import exactly, floats, objects, rational
from ...base.lifting import alike
from ...ink.figures import panels
from ...instances.blocks import Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.choices import choices
from ...learn import SMILING, LinearRewards, MomentMatching, NaturalGradient, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def power(q, k):
    """The law proportional to q^k."""
    weights = q**k if k else q / q
    return weights / weights.sum()


def divergence(p, q):
    """KL(p || q) of two positive laws `[s]`."""
    return (p * (measure.logarithm(p) - measure.logarithm(q))).sum()


def check(m, first=None):
    """`first`: the power whose divergence is claimed to be the smaller one."""
    q = alike(m.q)[0]
    now, later = (divergence(power(q, k), q) for k in (m.k if first is None else first, m.k + 1))
    return Bound(now, later, -measure.logarithm(q.max()))


def from_below(m):
    """As if two rounds later the divergence were the smaller one."""
    return check(m, first=m.k + 2)


FAMILY = Family(
    blocks=dict(q=Simplex(to="S")),
    sizes=dict(S=(2, 4), K=(1, 4)),
    models=dict(q=lambda x: (x.q * 99 + 1) / (99 + x.sizes["S"]), k=lambda x: x.sizes["K"]),
)


# ---- runs where every law of states can be chosen
LAWS = ["1/2", "1/2"], ["1/2", "3/10", "1/5"], ["9/20", "1/10", "9/20"]


def play(law, score, rounds=5, rate=1):
    """A run of SMILING, and the laws of its policies' choices `[k,a]`."""
    m = choices(law, [0] * len(law), 2)
    learner = SMILING(policy_player=NaturalGradient(rate), limit=True, score=score, rounds=rounds)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    trace = fit(learner, access, rng=np.random.default_rng(0)).trace
    return m.replace(chosen=np.stack([policy.table[0, 0] for policy in trace["policy"]]), score=score)


def runs():
    return [play(law, score) for law in LAWS for score in ("last", "first")]


def laws_of_runs(m):
    """The largest difference between the choices of a round and the law that is claimed for it."""
    q, chosen = alike(m.law, m.chosen)
    last = len(m.chosen) - 1
    claimed = q if m.score == "last" else power(q, last)
    return Bound(abs(chosen[last] - claimed).max(), rational("1/100000"))


# ---- drawn problems
@lru_cache(maxsize=1)
def divergences(count=20, H=2, S=3, A=3):
    """KL divergences of the last policies' state laws on drawn problems, with trained and with frozen scores."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        mdp = MDP(rng.dirichlet(np.ones(S) / 5, (S, A)), np.zeros((S, A)), rng.dirichlet(np.ones(S)), horizon=Finite(H))
        access = grant(
            mdp, expert=TabularPolicy(rng.dirichlet(np.ones(A), S)), demonstrations="exact", episodes="exact"
        )
        learners = [SMILING(limit=True, score=score, rounds=25) for score in ("last", "first")]
        found.append([fit(each, access, rng=rng).trace["divergence"][-1] for each in learners])
    return np.array(found)


def draw_problems():
    return [Instance(found=objects(exactly(divergences())))]


def medians(m, frozen=Fraction(1, 200)):
    """Confidence intervals for both medians, and what separates them."""
    trained, untrained = (measure.sampled_median(floats(m.found[:, k])) for k in (0, 1))
    return Bound(trained, Fraction(1, 1000), frozen, untrained)


def frozen_scores_match(m):
    trained, untrained = (measure.sampled_median(floats(m.found[:, k])) for k in (0, 1))
    return Bound(trained, untrained, Fraction(1, 1000))


# ---- other discriminators
def linear(m):
    """The sup gap of linear rewards in every round, and the KL divergence of the last policy's choices."""
    q, chosen = alike(m.law, m.chosen)
    gap = abs(measure.mean_product(m.x, 1, m.chosen) - measure.mean_product(m.x, 1, m.law)).max()
    return Bound(gap, Fraction(1, 10**6), Fraction(1, 5), divergence(chosen[-1], q))


def match_means(law, rounds=5):
    """Moment matching by natural gradient, with linear rewards of the point of each state."""
    m = choices(law, [0] * len(law), 2)
    x = np.broadcast_to(np.array([0, *range(-1, len(law) - 1)])[:, None], (m.mdp.S, m.mdp.A))
    learner = MomentMatching(
        LinearRewards(objects(x[None])), policy_player=NaturalGradient(), rounds=rounds, order="primal"
    )
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    trace = fit(learner, access, rng=np.random.default_rng(0)).trace
    chosen = np.stack([policy.table[0, 0] for policy in trace["policy"]])
    return m.replace(chosen=chosen, x=objects(range(len(law))))


def gail(law, rounds, rate):
    """Choices of natural gradient against the optimal classifier D = p / (p + q) of states: the reward is -log D."""
    m = choices(law, [0] * len(law), 2)
    problem, q = m.mdp.to_float(), floats(m.law)
    access = grant(problem, expert=m.expert.to_float(), demonstrations="exact", episodes="exact")
    policy, found = TabularPolicy(np.full((2, *problem.r.shape), 1 / problem.A)), []
    for _ in range(rounds):
        p = policy.table[0, 0]
        found.append(p)
        reward = np.zeros_like(problem.r)
        reward[1:] = -np.log(p / (p + q))[:, None]
        policy = NaturalGradient(rate).next(access, reward, policy, None, None)
    return found


# ---- figure
BIMODAL = ["9/20", "1/10", "9/20"]
SHOWN = 16
RATIOS = 1, 4, 16, 64, 256, 1024, 4096
SAMPLES = 2, 4, 8, 16, 32, 64, 128, 256


def curves(m):
    """KL divergence to the expert by round of four methods; divergences by noise level; mean gaps by sample size."""
    q = floats(objects(BIMODAL))
    by_method = {
        "SMILING": play(BIMODAL, "last", SHOWN, "1/4").chosen,
        "frozen": play(BIMODAL, "first", SHOWN, "1/4").chosen,
        "linear": match_means(BIMODAL, SHOWN).chosen,
        "GAIL": gail(BIMODAL, SHOWN, "1/4"),
    }
    table = {name: [float(p @ np.log(p / q)) for p in map(floats, chosen)] for name, chosen in by_method.items()}
    uniform, law = objects(["1/3"] * 3), objects(BIMODAL)
    for name, points in (("spaced 1", [0, 1, 2]), ("spaced 1/10", [0, "1/10", "1/5"])):
        each = [measure.noised_log_ratio(objects(points), uniform, law, objects(u)) for u in RATIOS]
        table[name] = [float((costs * uniform).sum().mid) for costs in each]
    # mean gaps of smoothed counts of N states, as in deterministic_experts_are_matched_at_a_fast_rate
    table["certain"] = [1 / (N + 2) for N in SAMPLES]
    table["coin"] = [N / (N + 2) * comb(N, N // 2) / 2 ** (N + 1) for N in SAMPLES]
    return table


def figure(ax, rows):
    """Score divergence by noise level; mean gap by demonstrations; KL divergence by round of four methods."""
    table = next(row["data"] for row in rows if row["part"] == LINEAR and "data" in row)
    left, middle, right = panels(ax, 3)
    for name, style in (("spaced 1", "o-C0"), ("spaced 1/10", "s-C2")):
        left.plot(RATIOS, table[name], style, label=f"points {name}")
    left.axhline(table["linear"][-1], color="k", linestyle="--", label="KL")
    left.set(xlabel="signal to noise $u$ at the first time", ylabel="score divergence", xscale="log", ylim=(0, None))
    N = np.array(SAMPLES)
    middle.plot(N, table["certain"], "oC0", label="expert at one state")
    middle.plot(N, table["coin"], "sC2", label="fair coin")
    middle.plot(N, 1 / N, "k--", label="slopes $-1$ and $-1/2$")
    middle.plot(N, 1 / np.sqrt(8 * N), "k--")
    middle.set(xlabel="states $N$ of the expert", ylabel="mean gap per step", xscale="log", yscale="log")
    styles = (
        ("SMILING", "o-C0", ""),
        ("GAIL", "s-C2", ""),
        ("linear", "x:C1", " rewards (fail)"),
        ("frozen", "+-C1", " score (fails)"),
    )
    for name, style, words in styles:
        right.plot(np.arange(SHOWN), np.maximum(table[name], 1e-9), style, label=name + words)
    right.set(xlabel="round", ylabel="KL to the expert's states", yscale="log", ylim=(1e-6, 1), xticks=[0, 5, 10, 15])
    for each in (left, middle, right):
        each.legend(fontsize=5, loc="lower center", bbox_to_anchor=(0.5, 1))


def example(k=1):
    return Instance(q=objects(LAWS[1]), k=k)


LATER = Assumption("k is at least 1", lambda m: m.k >= 1)
RUNS, DRAWN, LINEAR = "runs of SMILING", "drawn problems", "linear rewards"
CLAIM = Claim(
    "frozen_learner_scores_collapse_to_a_mode",
    check,
    FAMILY,
    formula=(
        r"\pi_k \propto q^k: \qquad \mathrm{KL}(\pi_k \Vert q) \le \mathrm{KL}(\pi_{k+1} \Vert q) \le \log \frac{1}{\max_s "
        r"q(s)} \quad (k \ge 1), \qquad \text{while } \pi_1 = q \text{ with a trained score}"
    ),
    papers=("wu2025",),
    tags=("scores", "state-only", "inverse-reinforcement-learning"),
    assumes=(LATER,),
    controls=(
        Control("a divergence that falls again", witness=example, tightens=from_below),
        Control("the uniform law", witness=lambda: example(k=0), drops=LATER.name),
        Control(
            "frozen scores that match", witness=lambda: draw_problems()[0], tightens=frozen_scores_match, part=DRAWN
        ),
        Control(
            "a trained score where it is frozen",
            witness=lambda: play(LAWS[1], "first"),
            tightens=lambda m: laws_of_runs(m.replace(score="last")),
            part=RUNS,
        ),
    ),
    also=(
        Part(RUNS, runs, laws_of_runs),
        Part(DRAWN, draw_problems, medians),
        Part(LINEAR, lambda: [match_means(BIMODAL)], linear, data=curves),
    ),
    figure=figure,
)
